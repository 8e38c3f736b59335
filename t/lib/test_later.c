/* Packets that wait leave when they are due, in the order they came, or when they were passed. */
#include "t/lib/later.h"

#include <stdlib.h>

#include <check.h>

#include "core/rand.h"

static bool put(struct later *l, uint64_t due, unsigned way, unsigned behind, char name)
{
	struct later_packet p = { .due = due, .way = way, .behind = behind, .n = 1,
		                  .bytes = (uint8_t *)&name };

	return later_put(l, &p);
}

/* The names of all that may leave. */
static const char *leave(struct later *l, uint64_t now)
{
	static char names[64];
	struct later_packet p;
	unsigned n = 0;

	while (later_take(l, now, &p)) {
		names[n++] = (char)p.bytes[0];
		free(p.bytes);
	}
	names[n] = '\0';
	return names;
}

START_TEST(by_time)
{
	struct later l = { 0 };

	ck_assert_uint_eq(later_next(&l), UINT64_MAX);
	put(&l, 30, 0, 0, 'c');
	put(&l, 10, 0, 0, 'a');
	put(&l, 20, 1, 0, 'B');
	put(&l, 20, 0, 0, 'b'); /* as early as B, and came later */
	ck_assert_uint_eq(later_next(&l), 10);
	ck_assert_str_eq(leave(&l, 9), "");
	ck_assert_str_eq(leave(&l, 20), "aBb");
	ck_assert_uint_eq(later_next(&l), 30);
	ck_assert_str_eq(leave(&l, 1000), "c");
	later_free(&l);
}
END_TEST

START_TEST(by_those_that_pass)
{
	struct later l = { 0 };

	put(&l, 100, 0, 2, 'a');
	put(&l, 100, 0, 1, 'b');
	put(&l, 100, 1, 1, 'o');
	later_passed(&l, 0);
	ck_assert_str_eq(leave(&l, 1), "b");
	later_passed(&l, 0);
	ck_assert_str_eq(leave(&l, 2), "a");
	ck_assert_uint_eq(later_next(&l), 100);
	ck_assert_str_eq(leave(&l, 100), "o"); /* nothing of its way came, its time did */
	later_passed(&l, 1);
	ck_assert_str_eq(leave(&l, 200), "");
	later_free(&l);
}
END_TEST

/* Thousands at random times, some taken in between: each leaves once, none early, in order. */
START_TEST(many)
{
	struct mr_rand_state seed = { .seed = 3 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct later l = { 0 };
	struct later_packet p;
	unsigned left = 0;

	for (uint64_t now = 0; now < 6000; now++) {
		uint64_t last = 0, order = 0;

		if (now < 5000)
			ck_assert(put(&l, now + mr_rand_below(&rand, 500), 0, 0, 'x'));
		while (now % 7 == 0 && later_take(&l, now, &p)) {
			ck_assert_uint_le(p.due, now);
			ck_assert(p.due > last || (p.due == last && p.order >= order));
			last = p.due;
			order = p.order;
			left++;
			free(p.bytes);
		}
	}
	ck_assert_uint_eq(left, 5000);
	later_free(&l);
}
END_TEST

START_TEST(it_stops_at_its_bounds)
{
	struct later l = { 0 };

	for (unsigned i = 0; i < LATER_HELD; i++)
		ck_assert(put(&l, 1, 0, 1, 'h'));
	ck_assert(!put(&l, 1, 0, 1, 'h'));
	for (unsigned i = LATER_HELD; i < LATER_MOST; i++)
		ck_assert(put(&l, 1, 0, 0, 'w'));
	ck_assert(!put(&l, 1, 0, 0, 'w'));
	later_free(&l); /* of all of it, as a leak checker knows */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("later");
	TCase *t = tcase_create("later");
	SRunner *sr;
	int failed;

	tcase_add_test(t, by_time);
	tcase_add_test(t, by_those_that_pass);
	tcase_add_test(t, many);
	tcase_add_test(t, it_stops_at_its_bounds);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
