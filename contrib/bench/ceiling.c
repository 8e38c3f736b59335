/* ceiling - a model tunnel: all that two AEAD layers over UDP must do, and nothing else.
 *
 *   ceiling a|b TUN OWN-IPv4 OTHER-IPv4          run by contrib/bench/bench tunnel
 *
 * What a protocol does is missing: handshakes, tables, replay windows, reports, statistics, fairness.
 * Keys are written below, counters are the nonces, there is one peer, and one thread does everything:
 *
 *     TUN  --read a TCP super-packet, cut--> two seals a packet --> one UDP_SEGMENT send
 *     TUN <--write a TCP super-packet, joined-- two opens a packet <-- one UDP_GRO receive
 *
 * A super-packet is read with each segment's bytes where that segment is sealed, by a guess of the
 * layout (that of the one before); a wrong guess costs a copy.  Sealing, sending, opening and joining
 * copy nothing.  A packet is sealed in place twice, with as many bytes around it as millrace puts there:
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

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/wire.h"

#ifdef CEILING_IPSEC_MB
#include <intel-ipsec-mb.h>
#define AEAD "jobs of libipsec-mb"
#else
#include <openssl/evp.h>
#define AEAD "libcrypto, libipsec-mb is not there"
#endif

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define OUTER    16                  /* header of the outer layer, its AAD                  */
#define INNER    (OUTER + 17)        /* header of the inner layer, 12 bytes, its AAD        */
#define IP       (INNER + 12)        /* the packet                                          */
#define TAG      16
#define AROUND   (IP + 2 * TAG)
#define SLOT     2048                /* a packet's buffer                                   */
#define SLOTS    128
#define BATCH    64                  /* packets that are enough for one round               */
#define SEGMENTS 64                  /* of one send                                         */
#define SENDABLE 65507               /* bytes of one send                                   */
#define PORT     7700

enum { FLAGS = OUTER, SUM_AT = OUTER + 1, SUM_IN = OUTER + 3 }; /* in the envelope */

/* One AEAD operation, in place; the tag stands behind the text. */
struct op {
	const uint8_t *key;
	const uint8_t *aad;
	unsigned       aad_len;
	uint64_t       counter;
	uint8_t       *text;
	unsigned       len;
	bool           ok;
};

struct ceiling {
	int            tun, udp;
	const uint8_t *seal[2], *open[2];   /* keys: outer, inner */
	uint64_t       counter;
	uint8_t        slot[SLOTS][SLOT];   /* packets on the way out                */
	unsigned       len[SLOTS];          /* of the IPv6 packet in it              */
	unsigned       head, size;          /* the guess: header and segment of TCP  */
	uint8_t        spill[65536];        /* what a super-packet has beyond it     */
	uint8_t        in[65536 + 64];      /* datagrams, as the kernel joined them  */
	struct op      op[BATCH * 2];
	uint64_t       packets_out, packets_in, reads, wrong, sends, receives, writes, forged;
};

static volatile sig_atomic_t stop;

/* ---- the two layers ---- */

#ifdef CEILING_IPSEC_MB
static IMB_MGR *jobs;

static void aead_open(void)
{
	jobs = alloc_mb_mgr(0);
	if (!jobs)
		abort();
	init_mb_mgr_auto(jobs, NULL);
}

static void run(struct op *op, unsigned n, bool sealing)
{
	uint8_t nonce[BATCH * 2][16], tag[BATCH * 2][TAG];

	for (unsigned i = 0; i < n; i++) {
		IMB_JOB *j = IMB_GET_NEXT_JOB(jobs);

		memset(nonce[i], 0, 4);
		mr_to_le64(nonce[i] + 4, op[i].counter);
		j->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
		j->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
		j->cipher_direction = sealing ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
		j->chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
		j->enc_keys = j->dec_keys = op[i].key;
		j->key_len_in_bytes = 32;
		j->u.CHACHA20_POLY1305.aad = op[i].aad;
		j->u.CHACHA20_POLY1305.aad_len_in_bytes = op[i].aad_len;
		j->src = j->dst = op[i].text;
		j->msg_len_to_cipher_in_bytes = j->msg_len_to_hash_in_bytes = op[i].len;
		j->cipher_start_src_offset_in_bytes = j->hash_start_src_offset_in_bytes = 0;
		j->iv = nonce[i];
		j->iv_len_in_bytes = 12;
		j->auth_tag_output = sealing ? op[i].text + op[i].len : tag[i];
		j->auth_tag_output_len_in_bytes = TAG;
		IMB_SUBMIT_JOB_NOCHECK(jobs);
	}
	while (IMB_FLUSH_JOB(jobs))
		;
	for (unsigned i = 0; i < n; i++)
		op[i].ok = sealing || !memcmp(tag[i], op[i].text + op[i].len, TAG);
}
#else
static EVP_CIPHER_CTX *evp;

static void aead_open(void)
{
	evp = EVP_CIPHER_CTX_new();
	if (!evp || !EVP_CipherInit_ex(evp, EVP_chacha20_poly1305(), NULL, NULL, NULL, 1))
		abort();
}

static void run(struct op *op, unsigned n, bool sealing)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t nonce[12] = { 0 }, *tag = op[i].text + op[i].len;
		int len;

		mr_to_le64(nonce + 4, op[i].counter);
		EVP_CipherInit_ex(evp, NULL, NULL, op[i].key, nonce, sealing);
		if (!sealing)
			EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, TAG, tag);
		EVP_CipherUpdate(evp, NULL, &len, op[i].aad, (int)op[i].aad_len);
		EVP_CipherUpdate(evp, op[i].text, &len, op[i].text, (int)op[i].len);
		op[i].ok = EVP_CipherFinal_ex(evp, tag, &len) > 0;
		if (sealing)
			EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TAG, tag);
	}
}
#endif

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

/* ---- out: read, cut, seal, send ---- */

/* A super-packet whose header stands in slot `at` and whose payload of `len` bytes is in its place in
 * n slots: the header goes in front of each piece. */
static void cut(struct ceiling *c, unsigned at, unsigned n, unsigned head, unsigned size,
                unsigned len, unsigned tcp)
{
	const uint8_t *first = c->slot[at] + IP;
	uint32_t seq = mr_be32(first + tcp + 4);
	uint8_t flags = first[tcp + 13];

	for (unsigned i = n; i-- > 0;) {
		uint8_t *p = c->slot[at + i] + IP;
		unsigned here = i + 1 < n ? size : len - (n - 1) * size;

		if (i)
			memcpy(c->slot[at + i] + OUTER, c->slot[at] + OUTER, IP - OUTER + head);
		mr_to_be16(p + 4, (uint16_t)(head - 40 + here));
		mr_to_be32(p + tcp + 4, seq + i * size);
		p[tcp + 13] = (uint8_t)(flags & ~((i + 1 < n ? 0x09 : 0) | (i ? 0x80 : 0)));
		c->len[at + i] = head + here;
	}
}

/* The guess was wrong: bring `got` bytes together in the spill, then lay them out as they are. */
static void lay_out(struct ceiling *c, unsigned at, unsigned got, unsigned head, unsigned size)
{
	static uint8_t whole[65536 + SLOT];
	unsigned n = c->head + c->size, to = n < got ? n : got, left;

	memcpy(whole, c->slot[at] + IP, to);
	for (unsigned i = at + 1; to < got && i < at + BATCH; i++, to += n) {
		n = got - to < c->size ? got - to : c->size;
		memcpy(whole + to, c->slot[i] + IP + c->head, n);
	}
	memcpy(whole + to, c->spill, got - to);
	memcpy(c->slot[at] + IP, whole, head);
	for (unsigned from = head; from < got; from += left) {
		left = got - from < size ? got - from : size;
		memcpy(c->slot[at++] + IP + head, whole + from, left);
	}
	c->wrong++;
}

/* One read to slots from `at` on; how many packets that is, 0: there is nothing to read. */
static unsigned read_tun(struct ceiling *c, unsigned at)
{
	struct virtio_net_hdr vnet;
	struct iovec iov[BATCH + 2];
	unsigned got, head, size, tcp, n = 1;
	ssize_t r;

	iov[0] = (struct iovec){ &vnet, sizeof vnet };
	iov[1] = (struct iovec){ c->slot[at] + IP, c->head + c->size };
	for (; n < BATCH; n++)
		iov[n + 1] = (struct iovec){ c->slot[at + n] + IP + c->head, c->size };
	iov[n + 1] = (struct iovec){ c->spill, sizeof c->spill };
	r = readv(c->tun, iov, BATCH + 2);
	if (r < (ssize_t)sizeof vnet + 40)
		return 0;
	got = (unsigned)r - (unsigned)sizeof vnet;
	c->reads++;
	c->slot[at][FLAGS] = vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	memcpy(c->slot[at] + SUM_AT, &vnet.csum_start, 4);
	if (vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (got > c->head + c->size)
			lay_out(c, at, got, 40, SLOT - AROUND - 40);
		c->len[at] = got;
		return 1;
	}
	tcp = vnet.csum_start;
	head = tcp + (c->slot[at][IP + tcp + 12] >> 4) * 4u;
	size = vnet.gso_size;
	n = (got - head + size - 1) / size;
	if (n > BATCH || head + size + AROUND > SLOT) {
		fprintf(stderr, "ceiling: %u segments of %u bytes are beyond this model\n", n, size);
		exit(1);
	}
	if (head != c->head || size != c->size) {
		lay_out(c, at, got, head, size);
		c->head = head;
		c->size = size;
	}
	cut(c, at, n, head, size, got - head, tcp);
	return n;
}

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

		if (i > from && (iov[i - 1].iov_len != iov[from].iov_len || len > iov[from].iov_len ||
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

	while (n < BATCH && (more = read_tun(c, n)))
		n += more;
	if (n == 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		mr_to_le64(c->slot[i] + 8, c->counter);
		mr_to_le64(c->slot[i] + INNER + 4, c->counter++);
		c->op[i] = inner(c->seal[1], c->slot[i], c->len[i] + AROUND);
	}
	run(c->op, n, true);
	for (unsigned i = 0; i < n; i++)
		c->op[i] = outer(c->seal[0], c->slot[i], c->len[i] + AROUND);
	run(c->op, n, true);
	send_all(c, n);
	c->packets_out += n;
	return true;
}

/* ---- in: receive, open, join, write ---- */

/* May p, whose TCP header is at `tcp`, go behind `last`, both with headers of `head` bytes? */
static bool joins(const uint8_t *last, unsigned last_len, const uint8_t *p, unsigned head,
                  unsigned tcp)
{
	return !memcmp(last, p, 4) && !memcmp(last + 6, p + 6, tcp - 6) &&
	       !memcmp(last + tcp, p + tcp, 4) &&
	       mr_be32(last + tcp + 4) + last_len - head == mr_be32(p + tcp + 4) &&
	       !memcmp(last + tcp + 8, p + tcp + 8, 5) && last[tcp + 13] == 0x10 &&
	       (p[tcp + 13] & ~0x08) == 0x10 && last[tcp + 14] == p[tcp + 14] &&
	       last[tcp + 15] == p[tcp + 15] && !memcmp(last + tcp + 20, p + tcp + 20, head - tcp - 20);
}

/* The sum over the pseudo-header that a kernel expects where a checksum is left open. */
static uint16_t pseudo_sum(const uint8_t *ip, unsigned len)
{
	uint32_t sum = len + ip[6];

	for (unsigned i = 8; i < 40; i += 2)
		sum += mr_be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Packets [0, n) of the operations from op on, all that may be joined with the first; how many. */
static unsigned write_tun(struct ceiling *c, struct op *op, unsigned n)
{
	uint8_t *first = op[0].text;
	struct virtio_net_hdr vnet = { .flags = first[FLAGS - IP] };
	unsigned len = op[0].len, tcp, head = 0, joined = 1;
	struct iovec iov[BATCH + 1];

	memcpy(&vnet.csum_start, first + SUM_AT - IP, 4);
	tcp = vnet.csum_start;
	iov[0] = (struct iovec){ &vnet, sizeof vnet };
	iov[1] = (struct iovec){ first, len };
	if (vnet.flags && first[6] == IPPROTO_TCP && len >= tcp + 20) {
		head = tcp + (first[tcp + 12] >> 4) * 4u;
		for (; joined < n && joined < BATCH && op[joined].ok && len > head &&
		       op[joined].len > head && op[joined - 1].len == op[0].len &&
		       op[joined].len <= op[0].len && len + op[joined].len - head < 65536 &&
		       joins(op[joined - 1].text, op[joined - 1].len, op[joined].text, head, tcp);
		     joined++) {
			iov[joined + 1] = (struct iovec){ op[joined].text + head, op[joined].len - head };
			len += op[joined].len - head;
		}
	}
	if (joined > 1) {
		first[tcp + 13] |= op[joined - 1].text[tcp + 13] & 0x08;
		vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		vnet.gso_size = (uint16_t)(op[0].len - head);
		vnet.hdr_len = (uint16_t)head;
		mr_to_be16(first + 4, (uint16_t)(len - 40));
	}
	if (vnet.flags)
		mr_to_be16(first + tcp + vnet.csum_offset, pseudo_sum(first, len - tcp));
	if (writev(c->tun, iov, (int)joined + 1) < 0 && errno != EIO) /* EIO: it is not up yet */
		perror("ceiling: write to the TUN device");
	c->writes++;
	return joined;
}

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
	run(c->op, n, false);
	for (unsigned i = 0; i < n; i++) {
		c->forged += !c->op[i].ok;
		c->op[i] = inner(c->open[1], c->op[i].text - OUTER, c->op[i].len + OUTER + TAG);
	}
	run(c->op, n, false);
	for (unsigned i = 0; i < n;) {
		if (c->op[i].ok) {
			i += write_tun(c, c->op + i, n - i);
		} else {
			c->forged++;
			i++;
		}
	}
	c->packets_in += n;
	return true;
}

/* ---- setting up ---- */

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tun_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	must(fd, "/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	must(ioctl(fd, TUNSETIFF, &ifr), "TUNSETIFF");
	must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), "TUNSETOFFLOAD");
	return fd;
}

static int udp_open(const char *own, const char *other)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, bytes = 8 << 20;

	must(fd, "socket");
	must(inet_pton(AF_INET, own, &at.sin_addr) - 1, own);
	must(bind(fd, (struct sockaddr *)&at, sizeof at), "bind");
	must(inet_pton(AF_INET, other, &at.sin_addr) - 1, other);
	must(connect(fd, (struct sockaddr *)&at, sizeof at), "connect");
	must(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on), "UDP_GRO");
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
		puts("two layers by " AEAD);
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
	aead_open();
	c.tun = tun_open(argv[2]);
	c.udp = udp_open(argv[3], argv[4]);
	wait[0] = (struct pollfd){ c.tun, POLLIN, 0 };
	wait[1] = (struct pollfd){ c.udp, POLLIN, 0 };
	fprintf(stderr, "ceiling: %s; TUN TSO, UDP_SEGMENT and UDP_GRO\n", AEAD);
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
