/* counter.c - blocks of counters, published whole under a sequence word. */

#include "core/counter.h"

#include <stdlib.h>
#include <string.h>

static void *zeroed_lines(size_t bytes)
{
	size_t whole = (bytes + 63) / 64 * 64;
	void *p = aligned_alloc(64, whole);

	if (p)
		memset(p, 0, whole);
	return p;
}

struct mr_block *mr_block_open(unsigned n)
{
	struct mr_block *b = zeroed_lines(sizeof *b);

	if (!b)
		return NULL;
	b->n = n;
	b->live = zeroed_lines(n * sizeof *b->live);
	b->seen = zeroed_lines(n * sizeof *b->seen);
	if (!b->live || !b->seen) {
		mr_block_close(b);
		return NULL;
	}
	return b;
}

void mr_block_close(struct mr_block *b)
{
	if (!b)
		return;
	free(b->live);
	free(b->seen);
	free(b);
}

void mr_block_publish(struct mr_block *b)
{
	uint32_t seq = atomic_load_explicit(&b->seq, memory_order_relaxed);

	atomic_store_explicit(&b->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (unsigned i = 0; i < b->n; i++)
		atomic_store_explicit(&b->seen[i], b->live[i], memory_order_relaxed);
	atomic_store_explicit(&b->seq, seq + 2, memory_order_release);
}

/* The owner publishes at most once a millisecond, so a second try nearly always does. */
void mr_block_read(const struct mr_block *b, uint64_t *out)
{
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&b->seq, memory_order_acquire);
		for (unsigned i = 0; i < b->n; i++)
			out[i] = atomic_load_explicit(&b->seen[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&b->seq, memory_order_relaxed);
	} while (before != after || (before & 1));
}
