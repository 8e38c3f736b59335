/* ring.h - a bounded queue of vectors between two workers.
 *
 * One producer, one consumer, on a Concurrency Kit SPSC ring (ck_ring).  An element is a vector:
 * its packet pointers lie together in an arena of the ring's own, and the ck_ring slot points at a
 * small record {time, count, place}.  Depth is counted in packets; the ck_ring has at least as many
 * slots, since a vector may hold one packet.  An empty vector, which says that it is the next one's
 * turn (graph_deal.c), takes the room of one packet.
 *
 *   producer                                      consumer
 *   mr_ring_room() >= n ?  mr_ring_push(v)  --->  mr_ring_pop(v)
 *   `sent` packets (its own)                      `done` packets (read by the producer)
 *
 * Order is kept, nothing is lost: push has no failure path, since the producer asks for room first.
 * Waking is the worker's affair (worker.h); the ring only carries the two words it needs, `starved`
 * (the producer waits for room) and the consumer's own sleep flag.
 */
#ifndef MR_CORE_RING_H
#define MR_CORE_RING_H

#include <ck_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/pkt.h"

struct mr_ring_slot {
	uint64_t stamp; /* ns when it was pushed                  */
	uint32_t at;    /* first pointer's place in the arena     */
	uint32_t n : 8; /* packets, [0, MR_VECTOR]                */
	uint32_t bytes : 24; /* of the vector, < 64 * 2^16        */
};

struct mr_ring {
	uint32_t              depth; /* packets; const after open        */
	uint32_t              mask;  /* slots - 1; const after open      */
	uint32_t              arena; /* pointers in the arena; const     */
	struct ck_ring_buffer *buffer;
	struct mr_ring_slot  *slot;
	struct mr_pkt       **ptr;

	struct {
		_Alignas(64) uint64_t sent;   /* packets pushed                     */
		uint64_t          done;       /* last seen value of cons.done       */
		uint32_t          aside;      /* room the worker has set aside for calls under way,
					       * packets; not the ring's business   */
		uint32_t          at;         /* next free place in the arena       */
		uint32_t          slot;       /* next free slot                     */
		_Atomic uint64_t  high_water; /* packets, most ever queued          */
		_Atomic uint64_t  seen;       /* == sent, for readers               */
	} prod;
	struct {
		_Alignas(64) _Atomic uint64_t done; /* packets popped               */
	} cons;
	_Alignas(64) _Atomic bool starved; /* set by the producer, cleared by the consumer */
	struct ck_ring ring;
};

/* NULL: no memory.  depth >= MR_VECTOR.  Setup only; close returns nothing to pools. */
struct mr_ring *mr_ring_open(uint32_t depth);
void mr_ring_close(struct mr_ring *r);

/* Packets that fit now.  Producer only; wait-free. */
uint32_t mr_ring_room(struct mr_ring *r);

/* Append v (up to 64 packets, room asked for before).  Producer only; wait-free. */
void mr_ring_push(struct mr_ring *r, const struct mr_vector *v, uint64_t now);

/* Take the oldest vector and the time it was pushed; false when empty.  Consumer only. */
bool mr_ring_pop(struct mr_ring *r, struct mr_vector *v, uint64_t *stamp);

/* Anything there?  Consumer only. */
bool mr_ring_ready(const struct mr_ring *r);

/* Packets inside, [0, depth], a moment's view; 0: there was a moment without any.  Any thread. */
uint32_t mr_ring_depth(const struct mr_ring *r);

#endif
