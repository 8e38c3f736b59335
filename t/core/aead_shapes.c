/* aead_shapes.c - operations of all shapes: lengths, cuts, places and alignments;
 * each provider against the others. */
#include <string.h>

#include "t/core/aead_bench.h"

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

void aead_shapes(TCase *tc)
{
	int all = (int)providers();

	tcase_add_loop_test(tc, all_shapes, 0, all);
	tcase_add_loop_test(tc, cross_opened, 0, all);
}
