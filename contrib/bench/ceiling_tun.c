/* ceiling_tun.c - the model tunnel's device: TCP super-packets, cut when read and joined when
 * written.
 *
 * A super-packet is read by a guess of its layout, that of the one before: the header to the first
 * slot, and each segment's bytes to where that segment is sealed.  A wrong guess costs a copy.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "contrib/bench/ceiling.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/wire.h"

int ceiling_tun_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	ceiling_must(fd, "/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	ceiling_must(ioctl(fd, TUNSETIFF, &ifr), "TUNSETIFF");
	ceiling_must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), "TUNSETOFFLOAD");
	return fd;
}

/* A super-packet whose header stands in slot `at` and whose payload of `len` bytes is in its place
 * in n slots: the header goes in front of each piece. */
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

unsigned ceiling_tun_read(struct ceiling *c, unsigned at)
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
		fprintf(stderr, "ceiling: %u segments of %u bytes are beyond this model\n", n,
		        size);
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

/* May p, whose TCP header is at `tcp`, go behind `last`, both with headers of `head` bytes? */
static bool joins(const uint8_t *last, unsigned last_len, const uint8_t *p, unsigned head,
                  unsigned tcp)
{
	return !memcmp(last, p, 4) && !memcmp(last + 6, p + 6, tcp - 6) &&
	       !memcmp(last + tcp, p + tcp, 4) &&
	       mr_be32(last + tcp + 4) + last_len - head == mr_be32(p + tcp + 4) &&
	       !memcmp(last + tcp + 8, p + tcp + 8, 5) && last[tcp + 13] == 0x10 &&
	       (p[tcp + 13] & ~0x08) == 0x10 && last[tcp + 14] == p[tcp + 14] &&
	       last[tcp + 15] == p[tcp + 15] &&
	       !memcmp(last + tcp + 20, p + tcp + 20, head - tcp - 20);
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

unsigned ceiling_tun_write(struct ceiling *c, struct op *op, unsigned n)
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
			iov[joined + 1] =
				(struct iovec){ op[joined].text + head, op[joined].len - head };
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
