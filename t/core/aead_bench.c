/* aead_bench.c - see aead_bench.h. */
#include "t/core/aead_bench.h"

#include <stdio.h>
#include <string.h>

#include "core/rand.h"

unsigned providers(void)
{
	unsigned n = 0;

	while (provider_all()[n])
		n++;
	return n;
}

const struct mr_aead *provider(int i)
{
	const struct mr_aead *p = provider_all()[i];

	if (!p->usable || p->usable())
		return p;
	printf("aead: %s skipped: not usable on this processor\n", p->name);
	return NULL;
}

void seeded(void *out, size_t n, uint64_t seed)
{
	struct mr_rand_state state = { .seed = seed };
	struct mr_rand r = mr_rand_seeded(&state);

	mr_rand_bytes(&r, out, n);
}

struct mr_aead_ctx *context(const struct mr_aead *p, uint64_t seed)
{
	uint8_t key[MR_AEAD_KEY];
	struct mr_aead_ctx *ctx;

	seeded(key, sizeof key, seed);
	ctx = p->prepare(key);
	ck_assert_ptr_nonnull(ctx);
	return ctx;
}

bool all_of(const uint8_t *at, size_t n, uint8_t value)
{
	return n == 0 || (at[0] == value && memcmp(at, at + 1, n - 1) == 0);
}

static uint8_t *dst_of(struct arena *a, const struct shape *s)
{
	return a->dst + 128 + s->align;
}

void lay(struct arena *a, const struct shape *s, const uint8_t *src, struct mr_aead_op *op)
{
	uint32_t room = s->src_len > s->dst_len ? s->src_len : s->dst_len;
	uint32_t off[2] = { 0, s->cut }, len[2] = { s->cut, s->src_len - s->cut };

	op->dst = dst_of(a, s);
	memset(a->dst, FILL, 128 + s->align + room + GUARD);
	for (int i = 0; i < 2; i++) {
		bool away = s->place == BOTH_AWAY ||
		            s->place == (i == 0 ? FIRST_AWAY : SECOND_AWAY);
		uint8_t *at = away ? a->away[i] + (s->align * 7 + 5) % 64 : op->dst + off[i];

		if (len[i] > 0)
			memcpy(at, src + off[i], len[i]);
		op->src[i] = (struct mr_aead_piece){ len[i] ? at : NULL, len[i] };
	}
}

bool guards_hold(const struct arena *a, const struct shape *s)
{
	uint32_t used = s->dst_len;

	if (s->place != BOTH_AWAY && s->src_len > used)
		used = s->src_len;
	return all_of(a->dst + 48, 80 + s->align, FILL) &&
	       all_of(a->dst + 128 + s->align + used, GUARD, FILL);
}

bool source_holds(const struct shape *s, const struct mr_aead_op *op, const uint8_t *src,
                  bool all)
{
	bool away[2] = { s->place == BOTH_AWAY || s->place == FIRST_AWAY,
		         s->place == BOTH_AWAY || s->place == SECOND_AWAY };

	return (!(all || away[0]) || op->src[0].len == 0 ||
	        memcmp(op->src[0].at, src, s->cut) == 0) &&
	       (!(all || away[1]) || op->src[1].len == 0 ||
	        memcmp(op->src[1].at, src + s->cut, s->src_len - s->cut) == 0);
}

bool away_untouched(const struct shape *s, const struct mr_aead_op *op)
{
	uint32_t cut = s->cut < s->dst_len ? s->cut : s->dst_len;
	bool first = s->place == BOTH_AWAY || s->place == FIRST_AWAY;
	bool second = s->place == BOTH_AWAY || s->place == SECOND_AWAY;

	return (!first || all_of(op->dst, cut, FILL)) &&
	       (!second || all_of(op->dst + cut, s->dst_len - cut, FILL));
}
