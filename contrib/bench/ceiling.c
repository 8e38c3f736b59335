/* ceiling - a model tunnel: all that two AEAD layers over UDP must do, and nothing else.
 *
 *   ceiling a|b TUN OWN-IPv4 OTHER-IPv4          run by contrib/bench/bench tunnel
 *
 * What a protocol does is missing: handshakes, tables, replay windows, reports, statistics,
 * fairness.  Keys are written below, counters are the nonces, there is one peer, and one thread
 * does everything:
 *
 *     TUN  --read a TCP super-packet, cut--> two seals a packet --> one UDP_SEGMENT send
 *     TUN <--write a TCP super-packet, joined-- two opens a packet <-- one UDP_GRO receive
 *
 * A super-packet is read with each segment's bytes where that segment is sealed, by a guess of the
 * layout (that of the one before); a wrong guess costs a copy.  Sealing, sending, opening and
 * joining copy nothing.  A packet is sealed in place twice, with as many bytes around it as
 * millrace puts there:
 *
 *     0         16          33          45                       -32    -16
 *     | counter | envelope  | counter   | IPv6 packet ...         | tag | tag |
 *     ' - - - - sealed by the outer layer, from 16 on - - - - - - - - - - - - '
 *                                       ' - - - sealed by the inner - - '
 *
 * TCP checksums are neither made nor verified: the envelope says that the sender's kernel left one
 * open, and the receiver's kernel takes the AEAD's word for it.  IPv6 only.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "contrib/bench/ceiling.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/wire.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define SEGMENTS 64                  /* of one send                                         */
#define SENDABLE 65507               /* bytes of one send                                   */
#define PORT     7700

static volatile sig_atomic_t stop;

static struct op inner(const uint8_t *key, uint8_t *frame, unsigned len)
{
	return (struct op){ .key = key, .aad = frame + INNER, .aad_len = 12, .text = frame + IP,
		            .counter = mr_le64(frame + INNER + 4), .len = len - AROUND };
}

static struct op outer(const uint8_t *key, uint8_t *frame, unsigned len)
{
	return (struct op){ .key = key, .aad = frame, .aad_len = OUTER, .text = frame + OUTER,
		            .counter = mr_le64(frame + 8), .len = len - OUTER - TAG };
}

/* ---- out: read, seal, send ---- */

static void send_run(struct ceiling *c, struct iovec *iov, unsigned n)
{
	union {
		char           room[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr cmsg;
	} control = { .cmsg = { CMSG_LEN(sizeof(uint16_t)), SOL_UDP, UDP_SEGMENT } };
	uint16_t size = (uint16_t)iov[0].iov_len;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

	memcpy(CMSG_DATA(&control.cmsg), &size, sizeof size);
	if (n > 1) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof control;
	}
	if (sendmsg(c->udp, &msg, 0) < 0 && errno != ECONNREFUSED)
		perror("ceiling: sendmsg");
	c->sends++;
}

/* Frames of one size, the last may be shorter, in one send. */
static void send_all(struct ceiling *c, unsigned n)
{
	struct iovec iov[BATCH * 2];
	unsigned from = 0;
	size_t bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = c->len[i] + AROUND;

		if (i > from &&
		    (iov[i - 1].iov_len != iov[from].iov_len || len > iov[from].iov_len ||
		     i - from == SEGMENTS || bytes + len > SENDABLE)) {
			send_run(c, iov + from, i - from);
			from = i;
			bytes = 0;
		}
		iov[i] = (struct iovec){ c->slot[i], len };
		bytes += len;
	}
	send_run(c, iov + from, n - from);
}

static bool go_out(struct ceiling *c)
{
	unsigned n = 0, more;

	while (n < BATCH && (more = ceiling_tun_read(c, n)))
		n += more;
	if (n == 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		mr_to_le64(c->slot[i] + 8, c->counter);
		mr_to_le64(c->slot[i] + INNER + 4, c->counter++);
		c->op[i] = inner(c->seal[1], c->slot[i], c->len[i] + AROUND);
	}
	ceiling_aead_run(c->op, n, true);
	for (unsigned i = 0; i < n; i++)
		c->op[i] = outer(c->seal[0], c->slot[i], c->len[i] + AROUND);
	ceiling_aead_run(c->op, n, true);
	send_all(c, n);
	c->packets_out += n;
	return true;
}

/* ---- in: receive, open, write ---- */

/* What the kernel joined: *size bytes each, the last may be shorter. */
static unsigned receive(struct ceiling *c, unsigned *size)
{
	union {
		char           room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr cmsg;
	} control;
	struct iovec iov = { c->in, sizeof c->in };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		              .msg_controllen = sizeof control };
	ssize_t n = recvmsg(c->udp, &msg, MSG_DONTWAIT);
	struct cmsghdr *cmsg;
	int gro;

	if (n <= 0)
		return 0;
	c->receives++;
	*size = (unsigned)n;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_UDP && cmsg->cmsg_type == UDP_GRO) {
		memcpy(&gro, CMSG_DATA(cmsg), sizeof gro);
		*size = (unsigned)gro;
	}
	return (unsigned)n;
}

static bool come_in(struct ceiling *c)
{
	unsigned size, len = receive(c, &size), n = 0;

	if (len == 0)
		return false;
	for (unsigned at = 0; at < len && n < BATCH * 2; at += size) {
		unsigned here = len - at < size ? len - at : size;

		if (here >= AROUND + 40)
			c->op[n++] = outer(c->open[0], c->in + at, here);
	}
	ceiling_aead_run(c->op, n, false);
	for (unsigned i = 0; i < n; i++) {
		c->forged += !c->op[i].ok;
		c->op[i] = inner(c->open[1], c->op[i].text - OUTER, c->op[i].len + OUTER + TAG);
	}
	ceiling_aead_run(c->op, n, false);
	for (unsigned i = 0; i < n;) {
		if (c->op[i].ok) {
			i += ceiling_tun_write(c, c->op + i, n - i);
		} else {
			c->forged++;
			i++;
		}
	}
	c->packets_in += n;
	return true;
}

/* ---- setting up ---- */

void ceiling_must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int udp_open(const char *own, const char *other)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, bytes = 8 << 20;

	ceiling_must(fd, "socket");
	ceiling_must(inet_pton(AF_INET, own, &at.sin_addr) - 1, own);
	ceiling_must(bind(fd, (struct sockaddr *)&at, sizeof at), "bind");
	ceiling_must(inet_pton(AF_INET, other, &at.sin_addr) - 1, other);
	ceiling_must(connect(fd, (struct sockaddr *)&at, sizeof at), "connect");
	ceiling_must(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on), "UDP_GRO");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	return fd;
}

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

int main(int argc, char **argv)
{
	static const uint8_t key[2][2][32] = { { { 1 }, { 2 } }, { { 3 }, { 4 } } };
	static struct ceiling c = { .head = 72, .size = 1208 };
	struct pollfd wait[2];
	int b = argc > 1 && !strcmp(argv[1], "b");

	if (argc == 2 && !strcmp(argv[1], "version")) {
		printf("two layers by %s\n", ceiling_aead);
		return 0;
	}
	if (argc != 5) {
		fprintf(stderr, "usage: ceiling a|b TUN OWN-IPv4 OTHER-IPv4\n");
		return 2;
	}
	for (int layer = 0; layer < 2; layer++) {
		c.seal[layer] = key[b][layer];
		c.open[layer] = key[!b][layer];
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	ceiling_aead_open();
	c.tun = ceiling_tun_open(argv[2]);
	c.udp = udp_open(argv[3], argv[4]);
	wait[0] = (struct pollfd){ c.tun, POLLIN, 0 };
	wait[1] = (struct pollfd){ c.udp, POLLIN, 0 };
	fprintf(stderr, "ceiling: %s; TUN TSO, UDP_SEGMENT and UDP_GRO\n", ceiling_aead);
	while (!stop) {
		bool out = go_out(&c), in = come_in(&c);

		if (!out && !in)
			poll(wait, 2, -1);
	}
	fprintf(stderr, "ceiling: out %llu packets in %llu reads (%llu wrong guesses), %llu sends; in %llu "
	        "packets in %llu receives, %llu writes; forged %llu\n",
	        (unsigned long long)c.packets_out, (unsigned long long)c.reads,
	        (unsigned long long)c.wrong, (unsigned long long)c.sends,
	        (unsigned long long)c.packets_in, (unsigned long long)c.receives,
	        (unsigned long long)c.writes, (unsigned long long)c.forged);
	return 0;
}
