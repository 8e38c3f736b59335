/* ask - ask a DNS server for the IPv6 address of a name.
 *
 *   contrib/bench/ask ADDRESS PORT NAME
 *
 * Prints the address and exits with 0; prints the server's code and exits with 1; exits with 2 when
 * nothing comes within a second.  So that scripts need no resolver of their own: it knows no more
 * of DNS than that.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AAAA 28

/* A question with one name; its length, 0 when it is none. */
static size_t question(uint8_t out[512], const char *name)
{
	static const uint8_t head[12] = { 'm', 'r', 1, 0, 0, 1 };
	size_t n = sizeof head;

	memcpy(out, head, sizeof head);
	while (*name && n < 400) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > 63)
			return 0;
		out[n++] = (uint8_t)label;
		memcpy(out + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	memcpy(out + n, (uint8_t[]){ 0, 0, AAAA, 0, 1 }, 5);
	return *name ? 0 : n + 5;
}

static int reach(const char *address, const char *port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	to.sin6_port = htons((uint16_t)atoi(port));
	if (fd < 0 || inet_pton(AF_INET6, address, &to.sin6_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to))
		exit(2);
	return fd;
}

int main(int argc, char **argv)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[512];
	struct pollfd p;
	ssize_t n;

	if (argc != 4) {
		fprintf(stderr, "usage: ask ADDRESS PORT NAME\n");
		return 2;
	}
	p = (struct pollfd){ .fd = reach(argv[1], argv[2]), .events = POLLIN };
	n = (ssize_t)question(bytes, argv[3]);
	if (n == 0 || send(p.fd, bytes, (size_t)n, 0) != n || poll(&p, 1, 1000) != 1)
		return 2;
	n = recv(p.fd, bytes, sizeof bytes, 0);
	close(p.fd);
	if (n < 12)
		return 2;
	if (bytes[7] != 1 || n < 28) {
		printf("%u\n", bytes[3] & 15u);
		return 1;
	}
	/* The one record is the last. */
	puts(inet_ntop(AF_INET6, bytes + n - 16, text, sizeof text));
	return 0;
}
