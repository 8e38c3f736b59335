/* merge.h - packets of one vector put together again: what a sender cut, written as one.
 *
 * The kernel takes up to 64 KiB of one TCP stream, or datagrams of one UDP program, as one packet
 * with one header, and does its own work once for all of them.  A run is what may become one:
 *
 *     same      addresses, ports, traffic class, flow label, hop limit; TCP: acknowledgement,
 *               window, options, and no flags but ACK; PSH ends a run, and the whole has it
 *     in line   TCP: each begins where the one before ended
 *     in size   all payloads are as long as the first, but for a last one that is shorter; 65535
 *               bytes of packet at most
 *     sound     its checksum holds.  One that does not stays as it is, by itself: the kernel is
 *               told to believe only what was proved here
 *
 * What cuts a run cannot be told from what a sender sent: cutting it again (split.h) gives the same
 * packets.  All else is a run by itself.  A packet that does not continue the run of its flow ends
 * it, and what has no ports to see ends all between its two addresses: each flow keeps its order.
 * Nothing waits for another vector.
 *
 * Bytes only: the packets are the caller's, and their headers are written to when a run is
 * finished.
 */
#ifndef MR_STAGES_TUN_WRITE_MERGE_H
#define MR_STAGES_TUN_WRITE_MERGE_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/pkt.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* kernels before 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

struct mr_merge_pkt {
	uint8_t *ip;      /* borrowed                                                  */
	uint32_t len;
	uint32_t head;    /* bytes of header; 0: ports are not to be seen              */
	uint32_t tag;     /* of its flow: others may have it too                       */
	bool     tcp;     /* else UDP; where head is not 0                             */
	bool     sound;   /* data with a checksum that holds: may be in a run          */
	uint8_t  next;    /* the one behind it in its run, [0, n)                      */
};

struct mr_merge_run {
	uint8_t  first, last; /* numbers of packets, [0, n)                            */
	uint8_t  n;       /* packets, >= 1                                             */
	bool     open;    /* may get more                                              */
	uint32_t len;     /* bytes of the one packet they make                         */
	uint32_t size;    /* bytes of the first one's payload                          */
	uint8_t  was[8];  /* of the first header, while it is that of all              */
};

struct mr_merge {
	bool                udp;  /* UDP has runs too                                  */
	unsigned            n, runs; /* [0, MR_VECTOR]                                 */
	struct mr_merge_pkt pkt[MR_VECTOR];
	struct mr_merge_run run[MR_VECTOR]; /* in the order to be written              */
};

static inline void mr_merge_begin(struct mr_merge *m, bool udp)
{
	m->udp = udp;
	m->n = m->runs = 0;
}

/* The next packet, any bytes, at most MR_VECTOR of them in all. */
void mr_merge_add(struct mr_merge *m, uint8_t *ip, uint32_t len);

/* Bytes that a packet in a run adds to it; they lie behind its header. */
static inline uint32_t mr_merge_payload(const struct mr_merge_pkt *p)
{
	return p->len - p->head;
}

/* Make the first packet's header that of the whole run, and say what the device is to be told. */
void mr_merge_finish(struct mr_merge *m, struct mr_merge_run *run, struct virtio_net_hdr *device);

/* Make all packets of a finished run what they were. */
void mr_merge_undo(struct mr_merge *m, const struct mr_merge_run *run);

#endif
