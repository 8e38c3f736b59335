/* tun-read.h - the tun-read stage's private state; see tun-read.c, layout.c for the pictures. */
#ifndef MR_STAGES_TUN_READ_H
#define MR_STAGES_TUN_READ_H

#include <sys/uio.h>

#include "core/stage.h"
#include "stages/lib/mesh.h"
#include "stages/lib/tun.h"
#include "stages/tun-read/split.h"

#define MR_SUPER_MAX (UINT16_MAX + 40) /* bytes of the longest IPv6 packet */

/* One queue of the device, and what a read from it is laid out for: a super-packet like the last
 * one, or `size` 0. */
struct tun_queue {
	uint32_t head, size;         /* bytes of header, and of a segment's payload     */
	uint32_t segments;           /* that it had                                     */
	unsigned alone;              /* reads of another sort since then                */
	int32_t  credit;             /* bytes it may give before the others' turn       */
};

struct tun_read {
	uint32_t              batch; /* reads of a pull, at most; const after open      */
	struct mr_tun        *tun;   /* borrowed */
	const struct mr_mesh *mesh;  /* borrowed */
	int                   watch; /* of the device; -1 without one                   */
	uint64_t              rest;  /* ns, when to look at the device again without being told;
	                              * or MR_NEVER                                     */

	/* the device's queues; the stage starts with one to read, as if it had credit */
	struct tun_queue queue[MR_TUN_QUEUES];
	unsigned         from;       /* the one that is read now, [0, tun->queues)      */
	uint32_t         full;       /* bit i: queue i may have packets                 */

	/* the read */
	unsigned       used, spares; /* spares [used, spares) are here, for packets to come */
	struct mr_pkt *spare[MR_VECTOR];
	unsigned       slots;        /* spares that the read was laid out over          */
	unsigned       pieces;
	struct iovec   piece[MR_VECTOR + 2];
	struct virtio_net_hdr device; /* what the device says of the packet             */

	/* a super-packet on its way out: its segments from `at` on are left */
	struct mr_split split;
	uint32_t        at;          /* [0, split.n]; split.n: there is none            */
	uint32_t        placed;      /* payloads that lie in the next spares; those of the others
	                              * in `whole`                                      */
	uint8_t         whole[MR_SUPER_MAX]; /* the packet, less what lies in spares    */
};

/* ---- queues.c ---- */

/* Find the queue to be read next.  False: none has packets. */
bool mr_tun_read_choose(struct tun_read *tr);

/* That queue has given n bytes; or nothing: true, there may be others. */
void mr_tun_read_gave(struct tun_read *tr, size_t n);
bool mr_tun_read_empty(struct tun_read *tr);

/* ---- layout.c ---- */

/* Describe the pieces of the next read.  False: there is no packet to read into. */
bool mr_tun_read_prepare(struct tun_read *tr, struct mr_turn *t);

/* Of `total` bytes of packet, how many lie in the first spare? */
size_t mr_tun_read_first(const struct tun_read *tr, size_t total);

/* Bring all of them together there; the packet's buffer has room for them. */
void mr_tun_read_join(struct tun_read *tr, size_t total);

/* tr->split has begun.  True: its payloads lie where they stay; else they have moved to `whole`. */
bool mr_tun_read_place(struct tun_read *tr, size_t total);

/* The next spare, which has left. */
static inline struct mr_pkt *mr_tun_read_take(struct tun_read *tr)
{
	return tr->spare[tr->used++];
}

/* A packet with the payload of segment `at` where it belongs, its view empty; NULL: none left. */
struct mr_pkt *mr_tun_read_next(struct tun_read *tr, struct mr_turn *t);

/* Spares go home.  What they hold of a super-packet moves to `whole`. */
void mr_tun_read_release(struct tun_read *tr, struct mr_turn *t);

#endif
