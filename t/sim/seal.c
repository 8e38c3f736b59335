#include "t/sim/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "t/lib/stand_in_tag.h"

struct mr_aead_ctx {
	uint64_t key[4];
};

static void make_tag(const struct mr_aead_op *op, const uint8_t *sealed, size_t n,
                     uint8_t out[MR_AEAD_TAG])
{
	const uint64_t *key = op->ctx->key;
	struct stand_in_tag t = stand_in_begin(key, op->counter);

	stand_in_bytes(&t, op->aad, op->aad_len);
	stand_in_bytes(&t, sealed, n);
	stand_in_end(&t, key, out);
}

/* There and back alike.  out may be in. */
static void cover(const struct mr_aead_op *op, const uint8_t *in, size_t n, uint8_t *out)
{
	const uint64_t *key = op->ctx->key;
	uint64_t base = stand_in_mix(key[0] + stand_in_mix(op->counter ^ key[1]));
	uint8_t word[8];

	for (size_t at = 0; at < n; at += 8) {
		size_t part = n - at < 8 ? n - at : 8;

		mr_to_le64(word, stand_in_mix(base + at));
		for (size_t i = 0; i < part; i++)
			out[at + i] = in[at + i] ^ word[i];
	}
}

static struct mr_aead_ctx *stand_in_prepare(const uint8_t key[MR_AEAD_KEY])
{
	struct mr_aead_ctx *ctx = malloc(sizeof *ctx);

	for (unsigned i = 0; ctx && i < 4; i++)
		ctx->key[i] = mr_le64(key + 8 * i);
	return ctx;
}

static void stand_in_release(struct mr_aead_ctx *ctx)
{
	free(ctx);
}

static void stand_in_seal(struct mr_aead_op *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct mr_aead_op *op = &ops[i];

		assert(op->src[1].len == 0);
		cover(op, op->src[0].at, op->src[0].len, op->dst);
		make_tag(op, op->dst, op->src[0].len, op->dst + op->src[0].len);
		op->ok = true;
	}
}

static unsigned stand_in_open(struct mr_aead_op *ops, unsigned n)
{
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		struct mr_aead_op *op = &ops[i];
		size_t len = op->src[0].len - MR_AEAD_TAG;
		uint8_t want[MR_AEAD_TAG];

		assert(op->src[1].len == 0 && op->src[0].len >= MR_AEAD_TAG);
		make_tag(op, op->src[0].at, len, want);
		op->ok = memcmp(want, op->src[0].at + len, MR_AEAD_TAG) == 0;
		if (op->ok)
			cover(op, op->src[0].at, len, op->dst);
		good += op->ok;
	}
	return good;
}

const struct mr_aead sim_aead = {
	.name = "stand-in", .summary = "cheap, for simulations; protects nothing",
	.prepare = stand_in_prepare, .release = stand_in_release,
	.seal = stand_in_seal, .open = stand_in_open,
};
