/* Histograms: every bucket's bounds, quantiles by table and against exact ones, merging. */
#include "core/hist.h"
#include "core/rand.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Buckets follow one another without gap or overlap, none wider than 1/16 of its lower bound. */
START_TEST(bounds)
{
	for (unsigned i = 0; i < MR_HIST_BUCKETS; i++) {
		uint64_t low = mr_hist_floor(i), high = mr_hist_floor(i + 1) - 1;

		ck_assert_uint_ge(high, low);
		ck_assert_uint_eq(mr_hist_index(low), i);
		ck_assert_uint_eq(mr_hist_index(high), i);
		ck_assert_uint_le((high - low) * 16, low);
	}
	ck_assert_uint_eq(mr_hist_floor(MR_HIST_BUCKETS), UINT64_C(1) << 36);
	ck_assert_uint_eq(mr_hist_index(UINT64_C(1) << 36), MR_HIST_BUCKETS - 1);
	ck_assert_uint_eq(mr_hist_index(UINT64_MAX), MR_HIST_BUCKETS - 1);
}
END_TEST

/* Up to three values with how often each, and what a quantile of them is. */
static const struct {
	struct { uint64_t v, n; } add[3];
	double   p;
	uint64_t want;
} quantiles[] = {
	{ { { 0, 0 } }, 0.5, 0 },                        /* nothing                           */
	{ { { 0, 1 } }, 0.5, 0 },
	{ { { 7, 1 } }, 0.0, 7 },                        /* small values are exact            */
	{ { { 7, 1 } }, 1.0, 7 },
	{ { { 1, 50 }, { 2, 50 } }, 0.5, 1 },            /* the half at or below              */
	{ { { 1, 50 }, { 2, 50 } }, 0.51, 2 },
	{ { { 1, 98 }, { 5, 1 }, { 9, 1 } }, 0.98, 1 },
	{ { { 1, 98 }, { 5, 1 }, { 9, 1 } }, 0.99, 5 },
	{ { { 1, 98 }, { 5, 1 }, { 9, 1 } }, 0.999, 9 },
	{ { { 1, 98 }, { 5, 1 }, { 9, 1 } }, 1.0, 9 },
	{ { { 100, 1 }, { 200, 1 } }, 0.5, 103 },        /* [100, 104): its upper bound       */
	{ { { 100, 1 } }, 0.5, 100 },                    /* never above the largest           */
	{ { { 100, 1 }, { 101, 9 } }, 0.1, 101 },
	{ { { UINT64_C(1) << 40, 1 } }, 0.5, UINT64_C(1) << 40 }, /* beyond the last bound     */
	{ { { 1, 1 }, { UINT64_C(1) << 40, 1 } }, 0.5, 1 },
	{ { { 3, 1 } }, -1.0, 3 },                       /* shares outside [0, 1] are clipped */
	{ { { 3, 1 }, { 4, 1 } }, 2.0, 4 },
	{ { { 3, 1 }, { 4, 1 } }, NAN, 3 },
};

START_TEST(by_table)
{
	struct mr_hist *h = calloc(1, sizeof *h);
	struct mr_hist_view view = { 0 };

	for (unsigned i = 0; i < 3; i++)
		if (quantiles[_i].add[i].n)
			mr_hist_add(h, quantiles[_i].add[i].v, quantiles[_i].add[i].n);
	mr_hist_merge(&view, h);
	ck_assert_uint_eq(mr_hist_quantile(&view, quantiles[_i].p), quantiles[_i].want);
	free(h);
}
END_TEST

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Values of all sizes from 1 ns to over 10 s, each seed another set; the quantile found is never
 * below the exact one and at most 6.25 % above it. */
START_TEST(against_exact)
{
	static const double shares[] = { 0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0 };
	enum { N = 5000 };
	struct mr_rand_state state = { .seed = (uint64_t)_i };
	struct mr_rand r = mr_rand_seeded(&state);
	struct mr_hist *h = calloc(1, sizeof *h);
	struct mr_hist_view view = { 0 };
	static uint64_t v[N];
	uint64_t sum = 0;

	for (unsigned i = 0; i < N; i++) {
		uint64_t top = UINT64_C(1) << mr_rand_below(&r, 34);

		v[i] = top + ((uint64_t)mr_rand_u32(&r) * top >> 32);
		sum += v[i];
		mr_hist_add(h, v[i], 1);
	}
	qsort(v, N, sizeof *v, ascending);
	mr_hist_merge(&view, h);
	ck_assert_uint_eq(view.count, N);
	ck_assert_uint_eq(view.sum, sum);
	ck_assert_uint_eq(view.max, v[N - 1]);
	for (size_t i = 0; i < COUNT(shares); i++) {
		uint64_t exact = v[(unsigned)ceil(shares[i] * N) - 1];
		uint64_t got = mr_hist_quantile(&view, shares[i]);

		ck_assert_uint_ge(got, exact);
		ck_assert_uint_le((got - exact) * 16, exact);
	}
	free(h);
}
END_TEST

START_TEST(merging)
{
	struct mr_hist *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
	struct mr_hist_view view = { 0 };

	mr_hist_add(a, 5, 2);
	mr_hist_add(b, 5, 1);
	mr_hist_add(b, 900, 3);
	mr_hist_merge(&view, a);
	mr_hist_merge(&view, b);
	ck_assert_uint_eq(view.count, 6);
	ck_assert_uint_eq(view.sum, 5 * 3 + 900 * 3);
	ck_assert_uint_eq(view.max, 900);
	ck_assert_uint_eq(view.bucket[5], 3);
	ck_assert_uint_eq(view.bucket[mr_hist_index(900)], 3);
	free(a);
	free(b);
}
END_TEST

/* Values before and after; what came between has those after, by the bounds of their buckets. */
START_TEST(since)
{
	static const struct { uint64_t before[3], after[3], p50, max; } table[] = {
		{ { 1000, 2000, 3000 }, { 5, 6, 7 }, 6, 7 },     /* the largest came before */
		{ { 1 }, { 1000, 1000, 1000 }, 1000, 1000 },     /* the largest came since  */
		{ { 70000 }, { 1000, 1000, 1000 }, 1023, 1023 }, /* known by its bucket     */
		{ { 1 }, { 1, 1, UINT64_C(1) << 40 }, 1,
		  UINT64_C(1) << 40 },                           /* the last has no end     */
		{ { 9 }, { 0 }, 0, 0 },
	};
	struct mr_hist *h = calloc(1, sizeof *h);
	struct mr_hist_view before = { 0 }, now = { 0 }, got;
	unsigned n = 0;

	for (unsigned i = 0; i < 3 && table[_i].before[i]; i++)
		mr_hist_add(h, table[_i].before[i], 1);
	mr_hist_merge(&before, h);
	for (; n < 3 && table[_i].after[n]; n++)
		mr_hist_add(h, table[_i].after[n], 1);
	mr_hist_merge(&now, h);
	mr_hist_since(&got, &now, &before);
	ck_assert_uint_eq(got.count, n);
	ck_assert_uint_eq(got.sum, now.sum - before.sum);
	ck_assert_uint_eq(got.max, table[_i].max);
	ck_assert_uint_eq(mr_hist_quantile(&got, 0.5), table[_i].p50);
	mr_hist_since(&got, &before, &now); /* it began anew */
	ck_assert_uint_eq(got.count, 0);
	ck_assert_uint_eq(got.sum, 0);
	ck_assert_uint_eq(mr_hist_quantile(&got, 0.99), 0);
	mr_hist_since(&got, &now, NULL);
	ck_assert_uint_eq(got.count, now.count);
	ck_assert_uint_eq(got.max, now.max);
	free(h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hist");
	TCase *t = tcase_create("hist");
	SRunner *r;
	int failed;

	tcase_add_test(t, bounds);
	tcase_add_loop_test(t, by_table, 0, (int)COUNT(quantiles));
	tcase_add_loop_test(t, against_exact, 0, 20);
	tcase_add_test(t, merging);
	tcase_add_loop_test(t, since, 0, 5);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
