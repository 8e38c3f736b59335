/* key.c - making key objects, and counting what left under one. */
#include "fips/path/key.h"

#include <assert.h>
#include <string.h>

void fips_send_key_init(struct fips_send_key *key, uint64_t id, uint32_t peer_index,
                        struct mr_aead_ctx *const *ctx, unsigned nctx)
{
	assert((uintptr_t)key % FIPS_LINE == 0);
	memset(key, 0, sizeof *key);
	key->id = id;
	key->handle = FIPS_NO_KEY;
	key->peer_index = peer_index;
	key->ctx = ctx;
	key->nctx = nctx;
}

void fips_recv_key_init(struct fips_recv_key *key, uint64_t id, struct mr_aead_ctx *const *ctx,
                        unsigned nctx)
{
	assert((uintptr_t)key % FIPS_LINE == 0);
	memset(key, 0, sizeof *key);
	key->id = id;
	key->ctx = ctx;
	key->nctx = nctx;
}

/* Add to a word that has one writer, or several.  Whoever reads the sum has all that was written
 * before. */
static void add(fips_word *w, uint64_t n, bool shared)
{
	if (shared)
		atomic_fetch_add_explicit(w, n, memory_order_release);
	else
		fips_word_add(w, n);
}

/* Runs are counted in whatever order their replicas come to it. */
static void raise_to(fips_word *w, uint64_t v, bool shared)
{
	uint64_t seen = fips_word_get(w);

	if (!shared) {
		fips_word_set(w, v);
		return;
	}
	while (seen < v && !atomic_compare_exchange_weak_explicit(w, &seen, v, memory_order_relaxed,
	                                                          memory_order_relaxed))
		;
}

void fips_sent_run(struct fips_send_key *key, uint64_t first, unsigned n, uint64_t bytes,
                   uint32_t stamp, bool data, bool shared, uint64_t now)
{
	struct fips_sent *s = &key->sent;

	if (fips_word_get(&s->interval_packets) == 0) {
		if (!shared) /* else it stands there since the last report */
			fips_word_set(&s->first, first);
		atomic_store_explicit(&s->first_stamp, stamp, memory_order_relaxed);
	}
	raise_to(&s->last, first + n - 1, shared);
	atomic_store_explicit(&s->last_stamp, stamp, memory_order_relaxed);
	add(&s->packets, n, shared);
	add(&s->bytes, bytes, shared);
	add(&s->interval_bytes, bytes, shared);
	add(&s->interval_packets, n, shared); /* last: now there is something to report */
	if (data)
		fips_word_set(&s->data_at, now);
}
