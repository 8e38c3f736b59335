/* aead_refused.c - packets that must be refused, and are left as they were. */
#include <string.h>

#include "t/core/aead_bench.h"

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

void aead_refused(TCase *tc)
{
	int all = (int)providers();

	tcase_add_loop_test(tc, mixed_vector, 0, all);
	tcase_add_loop_test(tc, all_bit_flips, 0, all);
	tcase_add_loop_test(tc, all_key_flips, 0, all);
	tcase_add_loop_test(tc, truncated, 0, all);
	tcase_add_test(tc, open_one_refuses);
}
