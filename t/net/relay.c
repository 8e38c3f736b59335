/* relay - a wire between two nodes that looks at everything that passes.
 *
 *     node a  <->  10.x:port  relay  10.y:port  <->  node b
 *
 * Forwards every datagram and checks that it is a frame of link.md, and that no (receiver_idx, counter)
 * passes twice with different bytes, which would be one AEAD nonce used for two texts.  On SIGTERM it
 * prints one line of counts and exits with 0 when it saw nothing wrong.
 *
 *     relay [-k FILE] OWN-A PEER-A OWN-B PEER-B      each host:port, IPv4
 *
 * With -k it keeps datagrams in FILE (t/lib/kept.h; the first node is A): all handshake packets, of
 * the frames those with a low counter and every eighth after. */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/wire.h"
#include "fips/wire/link.h"
#include "t/lib/kept.h"

#define ALL_BELOW 32 /* frames with a counter below this are all kept */

#define SLOTS (1u << 22) /* frames remembered; more is a failure of the test, not of a node */

struct seen {
	uint64_t counter;
	uint64_t digest; /* of the whole frame; 0: empty slot */
	uint32_t index;
	uint32_t side;
};

struct counts {
	unsigned long frames, handshakes, foreign, repeats, clashes, unsent;
};

static volatile sig_atomic_t stop;

static void on_term(int signo)
{
	(void)signo;
	stop = 1;
}

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	char host[32];
	unsigned port;

	if (sscanf(text, "%31[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &in.sin_addr) != 1) {
		fprintf(stderr, "relay: %s is no address:port\n", text);
		exit(2);
	}
	in.sin_port = htons((uint16_t)port);
	return in;
}

static int socket_at(const char *text)
{
	struct sockaddr_in in = address_of(text);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in)) {
		fprintf(stderr, "relay: %s: %s\n", text, strerror(errno));
		exit(2);
	}
	return fd;
}

static void remember(struct seen *table, const uint8_t *bytes, size_t n, uint32_t side,
                     struct counts *c)
{
	struct fips_link_head head;
	uint8_t hash[MR_SHA256_LEN];
	uint64_t digest;
	uint32_t at;

	fips_link_head_parse(bytes, &head);
	mr_sha256(bytes, n, hash);
	digest = mr_le64(hash) | 1;
	at = (uint32_t)((head.counter * 0x9e3779b97f4a7c15u ^ head.receiver_idx ^ side) % SLOTS);
	for (uint32_t tries = 0; tries < SLOTS; tries++, at = (at + 1) % SLOTS) {
		struct seen *s = &table[at];

		if (!s->digest) {
			*s = (struct seen){ head.counter, digest, head.receiver_idx, side };
			return;
		}
		if (s->counter != head.counter || s->index != head.receiver_idx || s->side != side)
			continue;
		if (s->digest == digest)
			c->repeats++;
		else
			c->clashes++;
		return;
	}
	fprintf(stderr, "relay: more frames than it can remember\n");
	exit(2);
}

static void look(struct seen *table, const uint8_t *bytes, size_t n, uint32_t side, struct counts *c)
{
	switch (fips_frame_check(bytes, n)) {
	case FIPS_FRAME_ESTABLISHED:
		c->frames++;
		remember(table, bytes, n, side, c);
		break;
	case FIPS_FRAME_MSG1:
	case FIPS_FRAME_MSG2: c->handshakes++; break;
	default:              c->foreign++; break;
	}
}

/* After it was forwarded, so that whoever reads the file comes later than the datagram. */
static void keep(FILE *f, const uint8_t *bytes, size_t n, bool to_a)
{
	enum fips_frame frame = fips_frame_check(bytes, n);
	struct fips_link_head head;

	if (!f || frame > FIPS_FRAME_MSG2)
		return;
	if (frame == FIPS_FRAME_ESTABLISHED) {
		fips_link_head_parse(bytes, &head);
		if (head.counter >= ALL_BELOW && head.counter % 8)
			return;
	}
	if (!kept_write(f, to_a, bytes, n)) {
		fprintf(stderr, "relay: keeping: %s\n", strerror(errno));
		exit(2);
	}
}

static void pass(int from, int to, const struct sockaddr_in *peer, struct seen *table, uint32_t side,
                 FILE *kept, struct counts *c)
{
	uint8_t bytes[65536];
	ssize_t n;

	for (unsigned i = 0; i < 64; i++) {
		n = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0)
			return;
		look(table, bytes, (size_t)n, side, c);
		if (sendto(to, bytes, (size_t)n, 0, (const struct sockaddr *)peer, sizeof *peer) != n)
			c->unsent++;
		keep(kept, bytes, (size_t)n, side == 1);
	}
}

int main(int argc, char **argv)
{
	struct counts c = { 0 };
	struct seen *table = calloc(SLOTS, sizeof *table);
	struct sockaddr_in peer_a, peer_b;
	struct pollfd set[2];
	FILE *kept = NULL;

	if (argc == 7 && strcmp(argv[1], "-k") == 0 && (kept = fopen(argv[2], "wb"))) {
		argc -= 2;
		argv += 2;
	}
	if (argc != 5 || !table) {
		fprintf(stderr, "usage: relay [-k FILE] OWN-A PEER-A OWN-B PEER-B\n");
		return 2;
	}
	set[0] = (struct pollfd){ .fd = socket_at(argv[1]), .events = POLLIN };
	set[1] = (struct pollfd){ .fd = socket_at(argv[3]), .events = POLLIN };
	peer_a = address_of(argv[2]);
	peer_b = address_of(argv[4]);
	signal(SIGTERM, on_term);
	while (!stop) {
		if (poll(set, 2, 200) <= 0)
			continue;
		pass(set[0].fd, set[1].fd, &peer_b, table, 0, kept, &c);
		pass(set[1].fd, set[0].fd, &peer_a, table, 1, kept, &c);
	}
	printf("frames %lu, handshakes %lu, foreign %lu, repeats %lu, clashes %lu, unsent %lu\n",
	       c.frames, c.handshakes, c.foreign, c.repeats, c.clashes, c.unsent);
	free(table);
	if (kept)
		fclose(kept);
	return c.foreign || c.clashes || !c.frames || !c.handshakes;
}
