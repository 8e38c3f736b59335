/* Every AEAD provider against the golden vectors, against the others, and against the contract of
 * core/aead.h: all shapes of an operation, refused packets left as they were, wrong key then right
 * key, 64-bit counters, whole vectors, two threads.
 *
 * Packets lie in an arena filled with one byte; after each call everything around the result must
 * still be that byte, as the libraries' assembler is invisible to the sanitizers.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead.h"
#include "core/rand.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL  0xa5
#define GUARD 80 /* bytes of arena before and after a result */
#define LONG  135000

static unsigned providers(void)
{
	unsigned n = 0;

	while (provider_all()[n])
		n++;
	return n;
}

/* The i-th provider, or NULL (said aloud) where the processor cannot run it. */
static const struct mr_aead *provider(int i)
{
	const struct mr_aead *p = provider_all()[i];

	if (!p->usable || p->usable())
		return p;
	printf("aead: %s skipped: not usable on this processor\n", p->name);
	return NULL;
}

static void seeded(void *out, size_t n, uint64_t seed)
{
	struct mr_rand_state state = { .seed = seed };
	struct mr_rand r = mr_rand_seeded(&state);

	mr_rand_bytes(&r, out, n);
}

static struct mr_aead_ctx *context(const struct mr_aead *p, uint64_t seed)
{
	uint8_t key[MR_AEAD_KEY];
	struct mr_aead_ctx *ctx;

	seeded(key, sizeof key, seed);
	ctx = p->prepare(key);
	ck_assert_ptr_nonnull(ctx);
	return ctx;
}

static bool all_of(const uint8_t *at, size_t n, uint8_t value)
{
	return n == 0 || (at[0] == value && memcmp(at, at + 1, n - 1) == 0);
}

/* --- known answers ------------------------------------------------------------------------- */

START_TEST(names)
{
	ck_assert_str_eq(provider_all()[0]->name, "mbedtls");
	ck_assert_uint_le(providers(), MR_AEAD_MAX);
	for (unsigned i = 0; i < providers(); i++) {
		ck_assert_ptr_eq(mr_aead_find(provider_all(), provider_all()[i]->name), provider_all()[i]);
		ck_assert_uint_gt(strlen(provider_all()[i]->summary), 0);
		provider_all()[i]->release(NULL);
	}
	ck_assert_ptr_null(mr_aead_find(provider_all(), "no such provider"));
	ck_assert_ptr_null(mr_aead_find(provider_all(), ""));
}
END_TEST

static void golden_one(const struct mr_aead *p, const json_t *v)
{
	struct bytes aad = vectors_bytes(v, "aad_hex"), text = vectors_bytes(v, "plaintext_hex");
	struct bytes sealed = vectors_bytes(v, "ciphertext_hex");
	uint8_t key[MR_AEAD_KEY], out[256];
	struct mr_aead_op op = { .counter = vectors_u64(v, "nonce"), .aad = aad.n ? aad.at : NULL,
		                 .aad_len = (uint32_t)aad.n, .dst = out };

	vectors_exact(v, "key_hex", key, sizeof key);
	op.ctx = p->prepare(key);
	op.src[0] = (struct mr_aead_piece){ text.at, (uint32_t)text.n };
	p->seal(&op, 1);
	ck_assert(op.ok);
	vectors_same(vectors_name(v), out, text.n + MR_AEAD_TAG, sealed.at, sealed.n);
	op.src[0] = (struct mr_aead_piece){ sealed.at, (uint32_t)sealed.n };
	ck_assert_uint_eq(p->open(&op, 1), 1);
	ck_assert(op.ok);
	vectors_same(vectors_name(v), out, text.n, text.at, text.n);
	p->release(op.ctx);
	mr_aead_seal_one(key, op.counter, op.aad, aad.n, text.at, text.n, out);
	vectors_same("seal_one", out, sealed.n, sealed.at, sealed.n);
	ck_assert(mr_aead_open_one(key, op.counter, op.aad, aad.n, out, sealed.n, out));
	vectors_same("open_one", out, text.n, text.at, text.n);
}

START_TEST(golden)
{
	const struct mr_aead *p = provider(_i);
	json_t *root = vectors_load("golden_vectors");
	const json_t *list = vectors_get(root, "vectors");
	unsigned run = 0;

	for (size_t i = 0; p && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (strcmp(vectors_text(v, "type"), "aead") != 0)
			continue;
		golden_one(p, v);
		run++;
	}
	ck_assert_uint_eq(run, p ? 4 : 0);
	json_decref(root);
}
END_TEST

/* "millrace" under the key 0, 3, 6, ... without associated data, computed with another program:
 * all 64 bits of the counter reach the nonce. */
static const struct {
	uint64_t counter;
	const char *sealed;
} counters[] = {
	{ UINT64_C(0x0), "714e8a0d8a9f433cd3e5dd7dafbae0f87cffeaa649053c3a" },
	{ UINT64_C(0x1), "5dc7cbd30df3f1939ac5c8864e2fe7ca578123266b0b23e5" },
	{ UINT64_C(0xffffffff), "2c882f73a6e4553a8393cfd3ef0894ae9853375715471260" },
	{ UINT64_C(0x100000000), "5b71b4361d20cb8d75a4e06b693f60ee30a806df33ddf588" },
	{ UINT64_C(0x100000001), "5d57c6aaab14316d8e34116bd9691ac476ff1515f5173e05" },
	{ UINT64_C(0x10000000007), "d4e9bd0be7e3c4d756fa1cf37a4b58918754f3775e03aca6" },
	{ UINT64_C(0x4000000000000000), "09b550c8b9b7e4359a4ec4c7eef2b5644d4e87ea19ae1677" },
	{ UINT64_C(0xffffffffffffffff), "207c3ca2adc3b081529bf949cd2dd5609eb50f78145a60b9" },
};

START_TEST(all_counters)
{
	const struct mr_aead *p = provider(_i);
	struct mr_aead_op ops[COUNT(counters)];
	uint8_t key[MR_AEAD_KEY], out[COUNT(counters)][24];
	struct mr_aead_ctx *ctx;

	if (!p)
		return;
	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(3 * i);
	ctx = p->prepare(key);
	for (size_t i = 0; i < COUNT(counters); i++)
		ops[i] = (struct mr_aead_op){ .ctx = ctx, .counter = counters[i].counter,
			                      .src = { { (const uint8_t *)"millrace", 8 } },
			                      .dst = out[i] };
	p->seal(ops, COUNT(counters));
	for (size_t i = 0; i < COUNT(counters); i++) {
		struct bytes want = vectors_hex(counters[i].sealed);

		vectors_same(p->name, out[i], sizeof out[i], want.at, want.n);
		ops[i].src[0] = (struct mr_aead_piece){ out[i], 24 };
		ops[i].counter ^= UINT64_C(1) << 32;
	}
	ck_assert_uint_eq(p->open(ops, COUNT(counters)), 0);
	for (size_t i = 0; i < COUNT(counters); i++)
		ops[i].counter ^= UINT64_C(1) << 32;
	ck_assert_uint_eq(p->open(ops, COUNT(counters)), COUNT(counters));
	p->release(ctx);
}
END_TEST

/* --- all shapes of an operation ------------------------------------------------------------- */

/* Where the source's pieces lie. */
enum place {
	IN_PLACE,     /* both where their results go                */
	FIRST_AWAY,   /* second one in its place                    */
	SECOND_AWAY,  /* first one in its place                     */
	BOTH_AWAY,
	PLACES
};

struct shape {
	uint32_t src_len; /* both pieces                             */
	uint32_t dst_len; /* bytes the provider writes               */
	uint32_t cut;     /* bytes in the first piece, [0, src_len]  */
	uint32_t align;   /* of dst, bytes past a 64-byte border     */
	enum place place;
};

struct arena {
	uint8_t dst[GUARD + 64 + LONG + GUARD] __attribute__((aligned(64)));
	uint8_t away[2][64 + LONG] __attribute__((aligned(64)));
};

static uint8_t *dst_of(struct arena *a, const struct shape *s)
{
	return a->dst + 128 + s->align;
}

/* Lay src into the arena as the shape says and point op at it. */
static void lay(struct arena *a, const struct shape *s, const uint8_t *src, struct mr_aead_op *op)
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

/* Nothing changed around the result.  In-place sources longer than it (a tag) are part of it. */
static bool guards_hold(const struct arena *a, const struct shape *s)
{
	uint32_t used = s->dst_len;

	if (s->place != BOTH_AWAY && s->src_len > used)
		used = s->src_len;
	return all_of(a->dst + 48, 80 + s->align, FILL) &&
	       all_of(a->dst + 128 + s->align + used, GUARD, FILL);
}

/* The source pieces hold what was laid; in-place ones only count when `all`. */
static bool source_holds(const struct shape *s, const struct mr_aead_op *op, const uint8_t *src,
                         bool all)
{
	bool away[2] = { s->place == BOTH_AWAY || s->place == FIRST_AWAY,
		         s->place == BOTH_AWAY || s->place == SECOND_AWAY };

	return (!(all || away[0]) || op->src[0].len == 0 ||
	        memcmp(op->src[0].at, src, s->cut) == 0) &&
	       (!(all || away[1]) || op->src[1].len == 0 ||
	        memcmp(op->src[1].at, src + s->cut, s->src_len - s->cut) == 0);
}

/* A text, its sealed form by the built-in provider, and contexts of all providers. */
struct pair {
	uint8_t text[LONG], sealed[LONG + MR_AEAD_TAG], aad[48];
	uint32_t len;
	struct mr_aead_op op; /* counter, aad, aad_len                   */
};

static void make_pair(struct pair *pair, struct mr_aead_ctx *builtin, uint32_t len)
{
	struct mr_aead_op op;

	seeded(pair->text, len, len);
	seeded(pair->aad, sizeof pair->aad, ~(uint64_t)len);
	pair->len = len;
	pair->op = (struct mr_aead_op){ .counter = (UINT64_C(0x1234567) << 32) + len,
		                        .aad = len % 48 ? pair->aad : NULL, .aad_len = len % 48 };
	op = pair->op;
	op.ctx = builtin;
	op.src[0] = (struct mr_aead_piece){ pair->text, len };
	op.dst = pair->sealed;
	provider_all()[0]->seal(&op, 1);
}

/* Bytes of dst whose source lies elsewhere still hold the arena's byte. */
static bool away_untouched(const struct shape *s, const struct mr_aead_op *op)
{
	uint32_t cut = s->cut < s->dst_len ? s->cut : s->dst_len;
	bool first = s->place == BOTH_AWAY || s->place == FIRST_AWAY;
	bool second = s->place == BOTH_AWAY || s->place == SECOND_AWAY;

	return (!first || all_of(op->dst, cut, FILL)) &&
	       (!second || all_of(op->dst + cut, s->dst_len - cut, FILL));
}

static void shape_seals(const struct mr_aead *p, struct mr_aead_ctx *ctx, struct arena *a,
                        const struct pair *pair, struct shape s)
{
	struct mr_aead_op op = pair->op;

	s.src_len = pair->len;
	s.dst_len = pair->len + MR_AEAD_TAG;
	lay(a, &s, pair->text, &op);
	op.ctx = ctx;
	p->seal(&op, 1);
	ck_assert_msg(op.ok && guards_hold(a, &s) && source_holds(&s, &op, pair->text, false) &&
	                      memcmp(op.dst, pair->sealed, s.dst_len) == 0,
	              "%s seals %u bytes cut at %u, place %d, align %u wrongly", p->name, pair->len,
	              s.cut, s.place, s.align);
}

/* Opens what the built-in provider sealed; with another key first, which must change nothing. */
static void shape_opens(const struct mr_aead *p, struct mr_aead_ctx *ctx,
                        struct mr_aead_ctx *wrong, struct arena *a, const struct pair *pair,
                        struct shape s)
{
	struct mr_aead_op op = pair->op;
	bool failed;

	s.src_len = pair->len + MR_AEAD_TAG;
	s.dst_len = pair->len;
	lay(a, &s, pair->sealed, &op);
	op.ctx = wrong;
	op.ok = true;
	failed = p->open(&op, 1) == 0 && !op.ok;
	ck_assert_msg(failed && guards_hold(a, &s) && source_holds(&s, &op, pair->sealed, true),
	              "%s, wrong key: %u bytes cut at %u, place %d, align %u changed or taken",
	              p->name, pair->len, s.cut, s.place, s.align);
	ck_assert_msg(away_untouched(&s, &op), "%s, wrong key: writes elsewhere", p->name);
	op.ctx = ctx;
	ck_assert_msg(p->open(&op, 1) == 1 && op.ok && guards_hold(a, &s) &&
	                      source_holds(&s, &op, pair->sealed, false) &&
	                      memcmp(op.dst, pair->text, pair->len) == 0,
	              "%s opens %u bytes cut at %u, place %d, align %u wrongly", p->name, pair->len,
	              s.cut, s.place, s.align);
}

/* Cuts worth trying for n bytes: the ends, block and tag borders, the middle. */
static unsigned cuts_of(uint32_t n, uint32_t cuts[12])
{
	const uint32_t wanted[] = { n, 0, 1, 15, 16, 17, 64, n / 2, n - 1, n - 15, n - 16, n - 17 };
	unsigned count = 0;

	for (unsigned i = 0; i < COUNT(wanted); i++)
		if (wanted[i] <= n)
			cuts[count++] = wanted[i];
	return count;
}

static uint32_t next_len(uint32_t len)
{
	if (len < 130)
		return len + 1;
	if (len < 1600)
		return len + 1 < 1530 || len > 1540 ? len + 23 : len + 1;
	return len * 3;
}

START_TEST(all_shapes)
{
	static const uint32_t aligns[] = { 0, 1, 8, 13 };
	static struct arena arena;
	static struct pair pair;
	const struct mr_aead *p = provider(_i);
	struct mr_aead_ctx *builtin = context(provider_all()[0], 1), *ctx, *wrong;

	if (!p)
		return;
	ctx = context(p, 1);
	wrong = context(p, 2);
	for (uint32_t len = 0; len + MR_AEAD_TAG <= LONG; len = next_len(len)) {
		make_pair(&pair, builtin, len);
		for (unsigned k = 0; k < PLACES; k++) { /* alignments take turns */
			struct shape s = { .align = aligns[(len + k) % COUNT(aligns)], .place = k };
			uint32_t cuts[12];
			unsigned n = cuts_of(len, cuts);

			while (n-- > 0) {
				s.cut = cuts[n];
				shape_seals(p, ctx, &arena, &pair, s);
			}
			n = cuts_of(len + MR_AEAD_TAG, cuts);
			while (n-- > 0) {
				s.cut = cuts[n];
				shape_opens(p, ctx, wrong, &arena, &pair, s);
			}
		}
	}
	p->release(ctx);
	p->release(wrong);
	provider_all()[0]->release(builtin);
}
END_TEST

/* Each provider opens what each other sealed, handed over as a vector of 64. */
START_TEST(cross_opened)
{
	static uint8_t buf[64][1600 + MR_AEAD_TAG], want[1600];
	const struct mr_aead *p = provider(_i);
	struct mr_aead_op ops[64];

	for (int other = 0; p && provider_all()[other]; other++) {
		const struct mr_aead *q = provider(other);
		struct mr_aead_ctx *to, *from;

		if (!q)
			continue;
		from = context(p, 5);
		to = context(q, 5);
		for (unsigned i = 0; i < 64; i++) {
			uint32_t len = i * 25 + i % 3;

			seeded(buf[i], len, i);
			ops[i] = (struct mr_aead_op){ .ctx = from, .counter = UINT64_MAX - i,
				                      .src = { { buf[i], len } }, .dst = buf[i] };
		}
		p->seal(ops, 64);
		for (unsigned i = 0; i < 64; i++) {
			ops[i].ctx = to;
			ops[i].src[0].len += MR_AEAD_TAG;
		}
		ck_assert_uint_eq(q->open(ops, 64), 64);
		for (unsigned i = 0; i < 64; i++) {
			uint32_t len = i * 25 + i % 3;

			seeded(want, len, i);
			ck_assert_msg(memcmp(buf[i], want, len) == 0, "%s to %s, %u bytes",
			              p->name, q->name, len);
		}
		p->release(from);
		q->release(to);
	}
}
END_TEST

/* --- packets that must be refused ------------------------------------------------------------ */

/* A vector in which every third packet is damaged and keys alternate: the others open, the count
 * is right, the damaged are as they were. */
START_TEST(mixed_vector)
{
	static uint8_t buf[64][512], before[64][512];
	const struct mr_aead *p = provider(_i);
	struct mr_aead_ctx *ctx[3];
	struct mr_aead_op ops[64];

	if (!p)
		return;
	for (unsigned k = 0; k < 3; k++)
		ctx[k] = context(p, k);
	for (unsigned i = 0; i < 64; i++) {
		seeded(buf[i], 7 * i, i);
		ops[i] = (struct mr_aead_op){ .ctx = ctx[i % 3], .counter = i / 2,
			                      .src = { { buf[i], 7 * i } }, .dst = buf[i] };
	}
	p->seal(ops, 64);
	for (unsigned i = 0; i < 64; i++) {
		ck_assert(ops[i].ok);
		ops[i].src[0].len += MR_AEAD_TAG;
		if (i % 3 == 1)
			buf[i][i % ops[i].src[0].len] ^= 0x10;
	}
	memcpy(before, buf, sizeof buf);
	ck_assert_uint_eq(p->open(ops, 64), 43);
	for (unsigned i = 0; i < 64; i++) {
		ck_assert(ops[i].ok == (i % 3 != 1));
		if (ops[i].ok)
			seeded(before[i], 7 * i, i);
		ck_assert_mem_eq(buf[i], before[i], sizeof buf[i]);
	}
	ck_assert_uint_eq(p->open(ops, 0), 0);
	for (unsigned k = 0; k < 3; k++)
		p->release(ctx[k]);
}
END_TEST

/* A small packet with 12 bytes of associated data, one bit of something wrong. */
static void refused(const struct mr_aead *p, struct mr_aead_op op, const uint8_t *sealed,
                    uint32_t n, const char *what, unsigned bit)
{
	static const uint32_t cuts[] = { 36, 0, 5, 20, 25, 35 };
	static struct arena a;

	for (unsigned k = 0; k < COUNT(cuts) * PLACES; k++) {
		struct shape s = { .src_len = n, .dst_len = n - MR_AEAD_TAG, .place = k % PLACES,
			           .cut = cuts[k / PLACES] };

		lay(&a, &s, sealed, &op);
		op.ok = true;
		ck_assert_msg(p->open(&op, 1) == 0 && !op.ok, "%s takes a flipped bit: %s %u",
		              p->name, what, bit);
		ck_assert_msg(guards_hold(&a, &s) && source_holds(&s, &op, sealed, true) &&
		                      away_untouched(&s, &op),
		              "%s: a refused packet changed: %s %u", p->name, what, bit);
	}
}

START_TEST(all_bit_flips)
{
	const struct mr_aead *p = provider(_i);
	uint8_t key[MR_AEAD_KEY], aad[12], text[20], sealed[36];
	struct mr_aead_op op = { .counter = UINT64_C(0x0102030405060708), .aad = aad,
		                 .aad_len = sizeof aad, .src = { { text, sizeof text } },
		                 .dst = sealed };

	if (!p)
		return;
	seeded(key, sizeof key, 1);
	seeded(aad, sizeof aad, 2);
	seeded(text, sizeof text, 3);
	op.ctx = p->prepare(key);
	p->seal(&op, 1);
	for (unsigned bit = 0; bit < 8 * sizeof sealed; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(p, op, sealed, sizeof sealed, "text or tag", bit);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 8 * sizeof aad; bit++) {
		aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(p, op, sealed, sizeof sealed, "associated data", bit);
		aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		op.counter ^= UINT64_C(1) << bit;
		refused(p, op, sealed, sizeof sealed, "counter", bit);
		op.counter ^= UINT64_C(1) << bit;
	}
	op.aad_len--;
	refused(p, op, sealed, sizeof sealed, "associated data cut", 0);
	op.aad_len++;
	op.src[0] = (struct mr_aead_piece){ sealed, sizeof sealed };
	op.dst = text;
	ck_assert_uint_eq(p->open(&op, 1), 1);
	p->release(op.ctx);
}
END_TEST

START_TEST(all_key_flips)
{
	const struct mr_aead *p = provider(_i);
	uint8_t key[MR_AEAD_KEY], sealed[36] = { 0 };
	struct mr_aead_op op = { .src = { { sealed, 20 } }, .dst = sealed };

	if (!p)
		return;
	seeded(key, sizeof key, 1);
	op.ctx = p->prepare(key);
	p->seal(&op, 1);
	p->release(op.ctx);
	for (unsigned bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		op.ctx = p->prepare(key);
		refused(p, op, sealed, sizeof sealed, "key", bit);
		p->release(op.ctx);
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

/* Sources cut short: down to nothing, in one piece and in two. */
START_TEST(truncated)
{
	const struct mr_aead *p = provider(_i);
	uint8_t sealed[48] = { 0 }, before[48], out[48];
	struct mr_aead_op op = { .src = { { sealed, 32 } }, .dst = sealed };

	if (!p)
		return;
	op.ctx = context(p, 1);
	p->seal(&op, 1);
	memcpy(before, sealed, sizeof sealed);
	for (uint32_t n = 0; n < sizeof sealed; n++)
		for (uint32_t cut = 0; cut <= n; cut++) {
			op.src[0] = (struct mr_aead_piece){ sealed, cut };
			op.src[1] = (struct mr_aead_piece){ sealed + cut, n - cut };
			op.dst = n % 2 ? sealed : out;
			op.ok = true;
			ck_assert_uint_eq(p->open(&op, 1), 0);
			ck_assert(!op.ok);
			ck_assert_mem_eq(sealed, before, sizeof sealed);
		}
	p->release(op.ctx);
}
END_TEST

START_TEST(open_one_refuses)
{
	uint8_t key[MR_AEAD_KEY] = { 9 }, sealed[24], out[24], untouched[24];

	mr_aead_seal_one(key, 1, NULL, 0, "millrace", 8, sealed);
	memset(out, FILL, sizeof out);
	memset(untouched, FILL, sizeof untouched);
	ck_assert(!mr_aead_open_one(key, 2, NULL, 0, sealed, 24, out));
	ck_assert(!mr_aead_open_one(key, 1, "x", 1, sealed, 24, out));
	ck_assert(!mr_aead_open_one(key, 1, NULL, 0, sealed, 23, out));
	ck_assert(!mr_aead_open_one(key, 1, NULL, 0, sealed, 15, out));
	ck_assert(!mr_aead_open_one(key, 1, NULL, 0, NULL, 0, out));
	ck_assert_mem_eq(out, untouched, sizeof out);
	ck_assert(mr_aead_open_one(key, 1, NULL, 0, sealed, 24, out));
	ck_assert_mem_eq(out, "millrace", 8);
	ck_assert(all_of(out + 8, 16, FILL));
	mr_aead_seal_one(key, 1, NULL, 0, NULL, 0, out);
	ck_assert(mr_aead_open_one(key, 1, NULL, 0, out, MR_AEAD_TAG, out));
}
END_TEST

/* --- threads -------------------------------------------------------------------------------- */

struct lane {
	const struct mr_aead *p;
	struct mr_aead_ctx *ctx; /* of the same key in both lanes, prepared by the test */
	unsigned bad;
};

static void *seal_and_open(void *arg)
{
	struct lane *lane = arg;
	uint8_t text[300], buf[316];

	seeded(text, sizeof text, 8);
	for (unsigned i = 0; i < 3000; i++) {
		struct mr_aead_op op = { .ctx = lane->ctx, .counter = i, .dst = buf,
			                 .src = { { text, i % 300 } } };

		lane->p->seal(&op, 1);
		op.src[0] = (struct mr_aead_piece){ buf, i % 300 + MR_AEAD_TAG };
		op.counter ^= i % 7 == 0;
		lane->bad += lane->p->open(&op, 1) != (i % 7 != 0);
		lane->bad += i % 7 && memcmp(buf, text, i % 300) != 0;
	}
	return NULL;
}

START_TEST(contexts_are_independent)
{
	const struct mr_aead *p = provider(_i);
	struct lane lanes[2];
	pthread_t threads[2];

	for (unsigned i = 0; p && i < 2; i++) {
		lanes[i] = (struct lane){ .p = p, .ctx = context(p, 1) };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, seal_and_open, &lanes[i]), 0);
	}
	for (unsigned i = 0; p && i < 2; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(lanes[i].bad, 0);
		p->release(lanes[i].ctx);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aead");
	TCase *tc = tcase_create("aead");
	SRunner *runner = srunner_create(suite);
	int all = (int)providers(), failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, names);
	tcase_add_loop_test(tc, golden, 0, all);
	tcase_add_loop_test(tc, all_counters, 0, all);
	tcase_add_loop_test(tc, all_shapes, 0, all);
	tcase_add_loop_test(tc, cross_opened, 0, all);
	tcase_add_loop_test(tc, mixed_vector, 0, all);
	tcase_add_loop_test(tc, all_bit_flips, 0, all);
	tcase_add_loop_test(tc, all_key_flips, 0, all);
	tcase_add_loop_test(tc, truncated, 0, all);
	tcase_add_test(tc, open_one_refuses);
	tcase_add_loop_test(tc, contexts_are_independent, 0, all);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
