/* split.h - a super-packet cut into the packets it stands for.
 *
 * Where the device has offloads, one read may bring a TCP stream's or a UDP program's next 64 KiB
 * as one packet with one header, and the size of a segment's payload in the device header.  What
 * goes on into the node is what a network card would have sent: every segment has the header, with
 * its own
 *
 *     length      IPv6 payload length; UDP length
 *     sequence    TCP: grows by the payload before it
 *     flags       TCP: CWR on the first alone, PSH and FIN on the last alone
 *     checksum    summed here; what the kernel left is the pseudo header's sum
 *
 * The header is kept once (begin); each payload waits where a header fits in front of it.
 */
#ifndef MR_STAGES_TUN_READ_SPLIT_H
#define MR_STAGES_TUN_READ_SPLIT_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* kernels before 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define MR_SPLIT_HEAD 256 /* bytes of IPv6 header, extensions and TCP or UDP header, at most */

struct mr_split {
	uint8_t  head[MR_SPLIT_HEAD]; /* as it was read                                    */
	uint32_t len;                 /* bytes of it                                       */
	uint32_t l4;                  /* where in it TCP or UDP begins                     */
	bool     tcp;
	uint32_t size;                /* bytes of a segment's payload but for the last; >= 1 */
	uint32_t payload;             /* of all; >= 1                                      */
	uint32_t n;                   /* segments; >= 1                                    */
};

/* Look at a super-packet of `total` bytes, of which the first `have` lie at ip.  False: it is none
 * that makes sense, and *s says nothing. */
bool mr_split_begin(struct mr_split *s, const struct virtio_net_hdr *device, const uint8_t *ip,
                    size_t have, size_t total);

/* Bytes of segment i's payload; i < s->n. */
static inline uint32_t mr_split_payload(const struct mr_split *s, uint32_t i)
{
	return i + 1 < s->n ? s->size : s->payload - i * s->size;
}

/* Write the header of segment i at ip; its payload lies behind, at ip + s->len.  Returns the length
 * of the packet. */
uint32_t mr_split_segment(const struct mr_split *s, uint32_t i, uint8_t *ip);

/* A packet that is one, n bytes, whose checksum was left to us: sum it.  False: the place lies
 * outside the packet, which is as it was. */
bool mr_split_sum(const struct virtio_net_hdr *device, uint8_t *ip, size_t n);

#endif
