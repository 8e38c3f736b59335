/* Who the packets of a vector are for: each target once, in the order of its first packet, whatever
 * the handles look like. */

#include <check.h>
#include <stdlib.h>

#include "stages/lib/targets.h"

static struct mr_targets ts;

/* Name n handles one after the other, as a stage does with its packets, against a plain search. */
static void same_as_by_hand(const uint64_t *handle, unsigned n)
{
	uint64_t known[MR_VECTOR];
	unsigned targets = 0;

	mr_targets_begin(&ts);
	for (unsigned i = 0; i < n; i++) {
		unsigned want = 0;

		while (want < targets && known[want] != handle[i])
			want++;
		if (want == targets)
			known[targets++] = handle[i];
		ck_assert_uint_eq(mr_target(&ts, handle[i]), want);
		ck_assert_uint_eq(ts.n, targets);
	}
	for (unsigned i = 0; i < targets; i++)
		ck_assert(ts.handle[i] == known[i]);
}

/* A vector of one target, of several mixed, of as many as packets, with handles that differ in one
 * bit, in nothing but high bits, and with the one that is none. */
START_TEST(each_is_named_once)
{
	uint64_t handle[MR_VECTOR];

	for (unsigned shift = 0; shift < 64; shift++) {
		for (unsigned kinds = 1; kinds <= MR_VECTOR; kinds++) {
			for (unsigned i = 0; i < MR_VECTOR; i++)
				handle[i] = (uint64_t)(i * 7 % kinds) << shift;
			same_as_by_hand(handle, MR_VECTOR);
		}
	}
	for (unsigned i = 0; i < MR_VECTOR; i++)
		handle[i] = i % 3 ? MR_NO_HANDLE : MR_NO_HANDLE - i;
	same_as_by_hand(handle, MR_VECTOR);
}
END_TEST

/* 64 handles that all begin their search at one place: they go round the end of the table. */
START_TEST(all_in_one_place)
{
	uint64_t handle[MR_VECTOR];
	unsigned n = 0;

	for (uint64_t h = 1; n < MR_VECTOR; h++) {
		mr_targets_begin(&ts);
		mr_target(&ts, h);
		if (ts.place[MR_TARGET_PLACES - 1])
			handle[n++] = h;
	}
	same_as_by_hand(handle, MR_VECTOR);
	for (unsigned i = 0; i < MR_VECTOR; i++)
		ck_assert_uint_eq(mr_target(&ts, handle[i]), i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("targets");
	TCase *tc = tcase_create("targets");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, each_is_named_once);
	tcase_add_test(tc, all_in_one_place);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
