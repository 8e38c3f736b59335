/* ring.c - vectors through a Concurrency Kit SPSC ring; see ring.h for the picture. */

#include "core/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/tsan.h"

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 2;

	while (n < at_least)
		n *= 2;
	return n;
}

struct mr_ring *mr_ring_open(uint32_t depth)
{
	struct mr_ring *r = aligned_alloc(64, (sizeof *r + 63) / 64 * 64);
	uint32_t slots = power_of_two(depth + 1);

	assert(depth >= MR_VECTOR);
	if (!r)
		return NULL;
	memset(r, 0, sizeof *r);
	r->depth = depth;
	r->mask = slots - 1;
	r->arena = depth + 2 * MR_VECTOR;
	r->buffer = calloc(slots, sizeof *r->buffer);
	r->slot = calloc(slots, sizeof *r->slot);
	r->ptr = calloc(r->arena, sizeof(struct mr_pkt *));
	if (!r->buffer || !r->slot || !r->ptr) {
		mr_ring_close(r);
		return NULL;
	}
	ck_ring_init(&r->ring, slots);
	return r;
}

void mr_ring_close(struct mr_ring *r)
{
	if (!r)
		return;
	free(r->ptr);
	free(r->slot);
	free(r->buffer);
	free(r);
}

uint32_t mr_ring_room(struct mr_ring *r)
{
	r->prod.done = atomic_load_explicit(&r->cons.done, memory_order_acquire);
	return r->depth - (uint32_t)(r->prod.sent - r->prod.done);
}

MR_UNSEEN static bool enqueue(struct mr_ring *r, struct mr_ring_slot *slot)
{
	mr_hand_over(&r->ring);
	return ck_ring_enqueue_spsc(&r->ring, r->buffer, slot);
}

MR_UNSEEN static struct mr_ring_slot *dequeue(struct mr_ring *r)
{
	void *slot = NULL;

	if (!ck_ring_dequeue_spsc(&r->ring, r->buffer, (void *)&slot))
		return NULL;
	mr_take_over(&r->ring);
	return slot;
}

static uint32_t room_of(uint32_t n)
{
	return n ? n : 1;
}

/* The pointers of one vector lie side by side: where they would run over the end of the arena, the
 * rest of it is left out.  At most depth pointers are alive and at most one such gap of under
 * MR_VECTOR, so depth + 2 * MR_VECTOR places never meet themselves. */
void mr_ring_push(struct mr_ring *r, const struct mr_vector *v, uint64_t now)
{
	struct mr_ring_slot *slot = &r->slot[r->prod.slot];
	uint64_t queued;

	assert(v->n <= MR_VECTOR);
	assert(r->prod.sent - r->prod.done + room_of(v->n) <= r->depth);
	if (r->prod.at + v->n > r->arena)
		r->prod.at = 0;
	memcpy(&r->ptr[r->prod.at], v->pkt, v->n * sizeof v->pkt[0]);
	*slot = (struct mr_ring_slot){ .stamp = now, .at = r->prod.at,
	                                 .n = v->n & 0xff, .bytes = v->bytes & 0xffffff };
	r->prod.at += v->n;
	r->prod.slot = (r->prod.slot + 1) & r->mask;
	r->prod.sent += room_of(v->n);
	queued = r->prod.sent - r->prod.done;
	if (queued > atomic_load_explicit(&r->prod.high_water, memory_order_relaxed))
		atomic_store_explicit(&r->prod.high_water, queued, memory_order_relaxed);
	atomic_store_explicit(&r->prod.seen, r->prod.sent, memory_order_relaxed);
	if (!enqueue(r, slot))
		assert(false && "a ring with room refused a vector");
}

bool mr_ring_pop(struct mr_ring *r, struct mr_vector *v, uint64_t *stamp)
{
	const struct mr_ring_slot *slot = dequeue(r);

	if (!slot)
		return false;
	v->n = slot->n;
	v->bytes = slot->bytes;
	*stamp = slot->stamp;
	memcpy(v->pkt, &r->ptr[slot->at], v->n * sizeof v->pkt[0]);
	atomic_store_explicit(&r->cons.done,
	                      atomic_load_explicit(&r->cons.done, memory_order_relaxed) +
	                              room_of(v->n),
	                      memory_order_release);
	return true;
}

MR_UNSEEN bool mr_ring_ready(const struct mr_ring *r)
{
	return ck_ring_size(&r->ring) != 0;
}

/* `done` first: what is found empty was so then.  In between much may have come and gone. */
uint32_t mr_ring_depth(const struct mr_ring *r)
{
	uint64_t done = atomic_load_explicit(&r->cons.done, memory_order_acquire);
	uint64_t sent = atomic_load_explicit(&r->prod.seen, memory_order_relaxed);
	uint64_t inside = sent > done ? sent - done : 0;

	return inside < r->depth ? (uint32_t)inside : r->depth;
}
