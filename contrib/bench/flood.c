/* flood - UDP packets of one size at a fixed rate, for contrib/bench/bench tunnel.
 *
 *   flood to ADDRESS BYTES RATE MS  sends RATE packets a second of BYTES bytes of payload for MS ms
 *   flood at ADDRESS                receives until 300 ms have passed without a packet
 *
 * Both print JSON: the sender how many it sent and in which time, the receiver how many came, and
 * how many of them after a later one.  The sender looks at the clock every 100 us and sends what is
 * due then, 64 packets a call; the receiver's buffer holds what comes while it waits for a core.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"

#define PORT   7800
#define BURST  64
#define LARGEST 1400
#define QUIET_MS 300
#define FIRST_MS 10000 /* the first packet may take that long */

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A socket, and the address in the text: IPv6 or IPv4. */
static int open_socket(const char *text, struct sockaddr_storage *at, socklen_t *len)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)at;
	struct sockaddr_in *four = (struct sockaddr_in *)at;
	int fd, bytes = 16 << 20;

	memset(at, 0, sizeof *at);
	if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(PORT);
		*len = sizeof *six;
	} else if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(PORT);
		*len = sizeof *four;
	} else {
		fprintf(stderr, "flood: %s is no address\n", text);
		exit(2);
	}
	fd = socket(at->ss_family, SOCK_DGRAM, 0);
	must(fd, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	return fd;
}

/* Full buffers below are no error: what is not sent now is due later. */
static uint64_t send_burst(int fd, uint64_t seq, uint64_t n, size_t bytes)
{
	static uint8_t data[BURST][LARGEST];
	struct iovec iov[BURST];
	struct mmsghdr msg[BURST] = { 0 };
	int sent;

	if (n > BURST)
		n = BURST;
	for (uint64_t i = 0; i < n; i++, seq++) {
		memcpy(data[i], &seq, sizeof seq);
		iov[i] = (struct iovec){ data[i], bytes };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, msg, (unsigned)n, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		must(sent, "sendmmsg");
	return sent < 0 ? 0 : (uint64_t)sent;
}

static void send_at_rate(int fd, size_t bytes, uint64_t rate, uint64_t ms)
{
	const struct timespec tick = { .tv_nsec = 100000 };
	uint64_t start = mr_clock_now(), end = start + ms * MR_NS_PER_MS, now, sent = 0;

	while ((now = mr_clock_now()) < end) {
		uint64_t due = (now - start) * rate / MR_NS_PER_S;

		if (sent < due)
			sent += send_burst(fd, sent, due - sent, bytes);
		else
			nanosleep(&tick, NULL);
	}
	printf("{\"sent\":%llu,\"ns\":%llu}\n", (unsigned long long)sent,
	       (unsigned long long)(now - start));
}

static void receive(int fd)
{
	static uint8_t data[BURST][LARGEST];
	struct pollfd wait = { fd, POLLIN, 0 };
	struct iovec iov[BURST];
	struct mmsghdr msg[BURST] = { 0 };
	uint64_t received = 0, late = 0, newest = 0, seq;

	for (int i = 0; i < BURST; i++) {
		iov[i] = (struct iovec){ data[i], LARGEST };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	while (poll(&wait, 1, received ? QUIET_MS : FIRST_MS) > 0) {
		int n = recvmmsg(fd, msg, BURST, MSG_DONTWAIT, NULL);

		for (int i = 0; i < n; i++, received++) {
			memcpy(&seq, data[i], sizeof seq);
			late += seq < newest;
			newest = seq > newest ? seq : newest;
		}
	}
	printf("{\"received\":%llu,\"late\":%llu}\n", (unsigned long long)received,
	       (unsigned long long)late);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage at;
	socklen_t len;
	int fd;

	if (argc == 3 && !strcmp(argv[1], "at")) {
		fd = open_socket(argv[2], &at, &len);
		must(bind(fd, (struct sockaddr *)&at, len), "bind");
		receive(fd);
		return 0;
	}
	if (argc == 6 && !strcmp(argv[1], "to")) {
		unsigned long bytes = strtoul(argv[3], NULL, 10), rate = strtoul(argv[4], NULL, 10);

		if (bytes < sizeof(uint64_t) || bytes > LARGEST || rate == 0) {
			fprintf(stderr, "flood: bytes from 8 to %d, and a rate\n", LARGEST);
			return 2;
		}
		fd = open_socket(argv[2], &at, &len);
		must(connect(fd, (struct sockaddr *)&at, len), "connect");
		send_at_rate(fd, bytes, rate, strtoul(argv[5], NULL, 10));
		return 0;
	}
	fprintf(stderr, "usage: flood to ADDRESS BYTES RATE MS\n       flood at ADDRESS\n");
	return 2;
}
