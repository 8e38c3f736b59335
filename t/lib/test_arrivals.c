/* What came, against a list written by hand and a model that keeps everything. */
#include "t/lib/arrivals.h"

#include <check.h>

#include "core/rand.h"

static const struct {
	const char *came; /* a digit a number            */
	uint64_t    sent, different, duplicated, reordered, displaced;
	const char *gaps; /* first and last of each      */
} row[] = {
	{ "",           0,  0, 0, 0, 0, "" },
	{ "",           3,  0, 0, 0, 0, "02" },
	{ "0123456789", 10, 10, 0, 0, 0, "" },
	{ "123",        5,  3, 0, 0, 0, "0044" },
	{ "012456",     7,  6, 0, 0, 0, "33" },
	{ "0011223",    4,  4, 3, 0, 0, "" },
	{ "1032",       4,  4, 0, 2, 1, "" },
	{ "9876543210", 10, 10, 0, 9, 9, "" },
	{ "0591",       10, 4, 0, 1, 8, "2468" },
	{ "50500",      6,  2, 3, 1, 5, "14" },
	{ "0345",       4,  2, 0, 0, 0, "12" }, /* 4 and 5 were never sent */
};

START_TEST(by_hand)
{
	struct arrivals a = { 0 };
	struct arrivals_gap gap[4];
	char gaps[16] = "";
	unsigned n;

	for (const char *c = row[_i].came; *c; c++)
		ck_assert_int_eq(arrivals_note(&a, (uint64_t)(*c - '0'), row[_i].sent),
		                 (uint64_t)(*c - '0') < row[_i].sent);
	ck_assert_uint_eq(a.different, row[_i].different);
	ck_assert_uint_eq(a.duplicated, row[_i].duplicated);
	ck_assert_uint_eq(a.reordered, row[_i].reordered);
	ck_assert_uint_eq(a.displaced, row[_i].displaced);
	n = arrivals_gaps(&a, row[_i].sent, gap, 4);
	for (unsigned i = 0; i < n; i++) {
		gaps[2 * i] = (char)('0' + gap[i].first);
		gaps[2 * i + 1] = (char)('0' + gap[i].last);
	}
	ck_assert_str_eq(gaps, row[_i].gaps);
	ck_assert_uint_eq(arrivals_gaps(&a, row[_i].sent, gap, 1), n ? 1 : 0);
	arrivals_free(&a);
}
END_TEST

/* A hundred thousand numbers, a quarter never sent on, some twice, none far from its place. */
START_TEST(by_model)
{
	enum { SENT = 100000 };
	struct mr_rand_state seed = { .seed = 7 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	static unsigned times[SENT];
	struct arrivals a = { 0 };
	uint64_t different = 0, all = 0, missing = 0;
	struct arrivals_gap gap[SENT / 2];
	unsigned gaps;

	for (unsigned i = 0; i < SENT; i++) {
		unsigned number = i / 100 * 100 + mr_rand_below(&rand, 100);

		ck_assert(arrivals_note(&a, number, SENT));
		different += !times[number]++;
		all++;
	}
	ck_assert_uint_eq(a.different, different);
	ck_assert_uint_eq(a.duplicated, all - different);
	ck_assert_uint_lt(a.displaced, 100);
	gaps = arrivals_gaps(&a, SENT, gap, SENT / 2);
	for (unsigned i = 0; i < gaps; i++) {
		for (uint64_t number = gap[i].first; number <= gap[i].last; number++)
			ck_assert_uint_eq(times[number], 0);
		missing += gap[i].last - gap[i].first + 1;
	}
	ck_assert_uint_eq(missing, SENT - different);
	arrivals_free(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arrivals");
	TCase *hand = tcase_create("hand"), *model = tcase_create("model");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(hand, by_hand, 0, (int)(sizeof row / sizeof *row));
	tcase_add_test(model, by_model);
	suite_add_tcase(s, hand);
	suite_add_tcase(s, model);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
