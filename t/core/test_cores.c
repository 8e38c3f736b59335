/* Cores by mask and quota: what `auto` and spinning go by. */

#include <check.h>
#include <sched.h>
#include <stdlib.h>

#include "core/cores.h"

static const struct {
	unsigned    cores;
	const char *quota;
	unsigned    worth;
} quotas[] = {
	{ 8, NULL, 8 },
	{ 8, "max 100000", 8 },
	{ 8, "100000 100000", 1 },
	{ 8, "150000 100000", 2 }, /* part of a core keeps a thread busy too */
	{ 8, "800000 100000", 8 },
	{ 8, "900000 100000", 8 },
	{ 8, "1000 100000", 1 },
	{ 8, "0 100000", 1 },
	{ 8, "100000 0", 8 },
	{ 8, "100000", 8 },
	{ 8, "", 8 },
	{ 8, "much", 8 },
	{ 1, "200000 100000", 1 },
};

START_TEST(under_a_quota)
{
	ck_assert_uint_eq(mr_cores_under(quotas[_i].cores, quotas[_i].quota), quotas[_i].worth);
}
END_TEST

/* One core of the mask, the last: it alone is ours, by its number, and more are not granted. */
START_TEST(in_the_mask)
{
	unsigned core[MR_CORES_MAX], n = mr_cores_ours(core, MR_CORES_MAX), last = core[n - 1], one;
	cpu_set_t set;

	ck_assert_uint_ge(n, 1);
	for (unsigned i = 1; i < n; i++)
		ck_assert_uint_lt(core[i - 1], core[i]);
	ck_assert_uint_eq(mr_cores_ours(&one, 1), 1);
	ck_assert_uint_eq(one, core[0]);
	CPU_ZERO(&set);
	CPU_SET(last, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
	ck_assert_uint_eq(mr_cores_ours(core, MR_CORES_MAX), 1);
	ck_assert_uint_eq(core[0], last);
	ck_assert_uint_eq(mr_cores_granted(), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cores");
	TCase *t = tcase_create("cores");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, under_a_quota, 0, (int)(sizeof quotas / sizeof *quotas));
	tcase_add_test(t, in_the_mask);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
