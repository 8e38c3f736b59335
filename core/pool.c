/* pool.c - a worker's packets and their way home; see pool.h. */

#include "core/pool.h"

#include <assert.h>
#include <ck_ring.h>
#include <stdlib.h>
#include <string.h>

#include "core/tsan.h"

/* Packets returned by one other worker.  It holds the whole pool, so it is never full. */
struct mr_home {
	struct ck_ring         ring;
	struct ck_ring_buffer *buffer; /* NULL at the owner's own index */
};

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 2;

	while (n < at_least)
		n *= 2;
	return n;
}

uint64_t mr_pool_bytes(uint32_t n, uint32_t size, uint32_t nslab, uint32_t nslice, unsigned workers)
{
	uint64_t all = (uint64_t)n + nslice,
		 each = sizeof(struct mr_pkt_slot) + sizeof(struct mr_pkt *);
	uint64_t home = (uint64_t)power_of_two(n + nslice + 1) * sizeof(struct ck_ring_buffer);

	return all * each + (uint64_t)n * size + (uint64_t)nslab * MR_SLAB_BYTES +
	       (workers - 1) * home;
}

static bool open_homes(struct mr_pool *pool, uint16_t workers)
{
	uint32_t slots = power_of_two(pool->n + pool->nslice + 1);

	pool->home = calloc(workers, sizeof *pool->home);
	if (!pool->home)
		return false;
	pool->homes = workers;
	for (uint16_t i = 0; i < workers; i++) {
		ck_ring_init(&pool->home[i].ring, slots);
		if (i == pool->index)
			continue;
		pool->home[i].buffer = calloc(slots, sizeof(struct ck_ring_buffer));
		if (!pool->home[i].buffer)
			return false;
	}
	return true;
}

static bool open_slabs(struct mr_pool *pool)
{
	if (pool->nslab == 0)
		return true;
	pool->slab = calloc(pool->nslab, sizeof *pool->slab);
	pool->slab_stack = calloc(pool->nslab, sizeof *pool->slab_stack);
	pool->slices = calloc(pool->nslice, sizeof(struct mr_pkt *));
	if (!pool->slab || !pool->slab_stack || !pool->slices)
		return false;
	for (uint32_t i = 0; i < pool->nslab; i++) {
		pool->slab[i].base = aligned_alloc(64, MR_SLAB_BYTES);
		if (!pool->slab[i].base)
			return false;
		pool->slab_stack[pool->slab_top++] = pool->nslab - 1 - i;
	}
	for (uint32_t i = 0; i < pool->nslice; i++) {
		struct mr_pkt *p = &pool->pkt[pool->n + i].pkt;

		p->pool = pool->index;
		pool->slices[pool->slices_top++] = p;
	}
	return true;
}

struct mr_pool *mr_pool_open(uint16_t index, uint32_t n, uint32_t size, uint32_t nslab,
                             uint32_t nslice, uint16_t workers)
{
	struct mr_pool *pool = aligned_alloc(64, (sizeof *pool + 63) / 64 * 64);

	if (!pool)
		return NULL;
	memset(pool, 0, sizeof *pool);
	pool->index = index;
	pool->n = n;
	pool->size = (size + 63) / 64 * 64;
	pool->nslab = nslab;
	pool->nslice = nslice;
	pool->pkt = aligned_alloc(64, (size_t)(n + nslice) * sizeof *pool->pkt);
	pool->mem = aligned_alloc(64, (size_t)n * pool->size);
	pool->stack = calloc(n, sizeof(struct mr_pkt *));
	if (!pool->pkt || !pool->mem || !pool->stack || !open_homes(pool, workers))
		goto fail;
	memset(pool->pkt, 0, (size_t)(n + nslice) * sizeof *pool->pkt);
	for (uint32_t i = 0; i < n; i++) {
		struct mr_pkt *p = &pool->pkt[i].pkt;

		p->base = pool->mem + (size_t)i * pool->size;
		p->room = pool->size;
		p->pool = index;
		p->slab = MR_NO_SLAB;
		pool->stack[n - 1 - i] = p;
	}
	pool->top = n;
	if (!open_slabs(pool))
		goto fail;
	return pool;
fail:
	mr_pool_close(pool);
	return NULL;
}

void mr_pool_close(struct mr_pool *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; pool->slab && i < pool->nslab; i++)
		free(pool->slab[i].base);
	for (uint16_t i = 0; i < pool->homes; i++)
		free(pool->home[i].buffer);
	free(pool->home);
	free(pool->slices);
	free(pool->slab_stack);
	free(pool->slab);
	free(pool->stack);
	free(pool->mem);
	free(pool->pkt);
	free(pool);
}

struct mr_pkt *mr_pool_get(struct mr_pool *pool)
{
	struct mr_pkt *p;

	if (pool->top == 0 && mr_pool_collect(pool) == 0)
		return NULL;
	if (pool->top == 0)
		return NULL;
	p = pool->stack[--pool->top];
	mr_pkt_reset(p, MR_HEADROOM);
	return p;
}

uint16_t mr_slab_get(struct mr_pool *pool)
{
	uint32_t i;

	if (pool->slab_top == 0)
		return MR_NO_SLAB;
	i = pool->slab_stack[--pool->slab_top];
	assert(!pool->slab[i].open && pool->slab[i].out == 0);
	pool->slab[i].open = true;
	return (uint16_t)i;
}

struct mr_pkt *mr_slab_slice(struct mr_pool *pool, uint16_t slab, uint32_t at, uint32_t len)
{
	struct mr_pkt *p;

	assert(slab < pool->nslab && pool->slab[slab].open && at + len <= MR_SLAB_BYTES);
	if (pool->slices_top == 0)
		return NULL;
	p = pool->slices[--pool->slices_top];
	p->base = pool->slab[slab].base + at;
	p->room = len;
	p->slab = slab;
	mr_pkt_reset(p, 0);
	pool->slab[slab].out++;
	return p;
}

static void slab_free_if_idle(struct mr_pool *pool, uint16_t slab)
{
	if (!pool->slab[slab].open && pool->slab[slab].out == 0)
		pool->slab_stack[pool->slab_top++] = slab;
}

void mr_slab_done(struct mr_pool *pool, uint16_t slab)
{
	assert(slab < pool->nslab && pool->slab[slab].open);
	pool->slab[slab].open = false;
	slab_free_if_idle(pool, slab);
}

void mr_pool_put(struct mr_pool *pool, struct mr_pkt *p)
{
	assert(p->pool == pool->index);
	if (p->slab == MR_NO_SLAB) {
		assert(pool->top < pool->n);
		pool->stack[pool->top++] = p;
		return;
	}
	assert(pool->slab[p->slab].out > 0);
	pool->slices[pool->slices_top++] = p;
	pool->slab[p->slab].out--;
	slab_free_if_idle(pool, p->slab);
}

MR_UNSEEN static bool home_push(struct mr_home *home, struct mr_pkt *p)
{
	mr_hand_over(&home->ring);
	return ck_ring_enqueue_spsc(&home->ring, home->buffer, p);
}

MR_UNSEEN static struct mr_pkt *home_pop(struct mr_home *home)
{
	void *p = NULL;

	if (!ck_ring_dequeue_spsc(&home->ring, home->buffer, (void *)&p))
		return NULL;
	mr_take_over(&home->ring);
	return p;
}

void mr_pool_return(struct mr_pool *pool, uint16_t from, struct mr_pkt *p)
{
	assert(from != pool->index && from < pool->homes);
	if (!home_push(&pool->home[from], p))
		assert(false && "a return ring holds the whole pool");
}

uint32_t mr_pool_collect(struct mr_pool *pool)
{
	struct mr_pkt *p;
	uint32_t n = 0;

	for (uint16_t i = 0; i < pool->homes; i++) {
		if (!pool->home[i].buffer)
			continue;
		while ((p = home_pop(&pool->home[i]))) {
			mr_pool_put(pool, p);
			n++;
		}
	}
	return n;
}

uint32_t mr_pool_home(struct mr_pool *pool)
{
	mr_pool_collect(pool);
	return pool->top + pool->slices_top;
}

uint32_t mr_pool_missing(struct mr_pool *pool)
{
	return pool->n + pool->nslice - mr_pool_home(pool) + pool->nslab - pool->slab_top;
}
