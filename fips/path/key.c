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

static uint32_t saturating(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

void fips_sent_run(struct fips_send_key *key, uint64_t first, unsigned n, uint64_t bytes,
                   uint32_t stamp, bool data, uint64_t now)
{
	struct fips_sent *s = &key->sent;

	if (s->interval_packets == 0) {
		s->first = first;
		s->first_stamp = stamp;
	}
	s->last = first + n - 1;
	s->last_stamp = stamp;
	s->interval_packets = saturating((uint64_t)s->interval_packets + n);
	s->interval_bytes = saturating(s->interval_bytes + bytes);
	fips_word_add(&s->packets, n);
	fips_word_add(&s->bytes, bytes);
	if (data)
		fips_word_set(&s->data_at, now);
}
