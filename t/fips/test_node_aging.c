/* test_node_aging.c - the table that forgets in the order it learned, against a plain list. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/node/aging.h"

#define CAP 64

static struct mr_rand_state seed = { .seed = 7 };
static struct mr_rand rnd;
static struct fips_aging t;

static void set_up(void)
{
	rnd = mr_rand_seeded(&seed);
	ck_assert(fips_aging_open(&t, CAP, &rnd));
}

static void tear_down(void)
{
	fips_aging_close(&t);
}

static struct fips_addr key(uint32_t i)
{
	struct fips_addr k = { { 0 } };

	mr_to_le32(k.b + 4 * (size_t)(i % 4), i + 1); /* one word each */
	return k;
}

START_TEST(it_fills_and_forgets)
{
	struct fips_addr k;

	for (uint32_t i = 0; i < CAP; i++) {
		k = key(i);
		ck_assert_uint_eq(fips_aging_find(&t, &k), FIPS_AGING_NONE);
		ck_assert_uint_ne(fips_aging_add(&t, &k, i), FIPS_AGING_NONE);
		ck_assert_uint_ne(fips_aging_find(&t, &k), FIPS_AGING_NONE);
	}
	k = key(CAP);
	ck_assert_uint_eq(fips_aging_add(&t, &k, CAP), FIPS_AGING_NONE);
	fips_aging_forget(&t);
	k = key(0);
	ck_assert_uint_eq(fips_aging_find(&t, &k), FIPS_AGING_NONE);
	ck_assert_uint_ne(fips_aging_add(&t, &k, CAP), FIPS_AGING_NONE);
}
END_TEST

/* Older than, not as old as. */
START_TEST(the_edge_of_an_age)
{
	struct fips_addr a = key(1), b = key(2);

	fips_aging_add(&t, &a, 100);
	fips_aging_add(&t, &b, 101);
	fips_aging_purge(&t, 110, 10);
	ck_assert_uint_ne(fips_aging_find(&t, &a), FIPS_AGING_NONE);
	fips_aging_purge(&t, 111, 10);
	ck_assert_uint_eq(fips_aging_find(&t, &a), FIPS_AGING_NONE);
	ck_assert_uint_ne(fips_aging_find(&t, &b), FIPS_AGING_NONE);
	fips_aging_purge(&t, 1000, 10);
	ck_assert_uint_eq(t.n, 0);
}
END_TEST

/* 100,000 steps of adding, finding and forgetting. */
START_TEST(as_a_list_would)
{
	uint32_t from = 0, to = 0; /* keys [from, to) are in it */

	for (unsigned step = 0; step < 100000; step++) {
		uint32_t probe = mr_rand_below(&rnd, 2 * CAP) + (from > CAP ? from - CAP : 0);
		struct fips_addr k = key(to);
		uint32_t slot;

		if (mr_rand_below(&rnd, 100) < 52) {
			slot = fips_aging_add(&t, &k, step);
			ck_assert((slot != FIPS_AGING_NONE) == (to - from < CAP));
			to += slot != FIPS_AGING_NONE;
		} else if (from < to) {
			fips_aging_forget(&t);
			from++;
		}
		k = key(probe);
		slot = fips_aging_find(&t, &k);
		ck_assert((slot != FIPS_AGING_NONE) == (probe >= from && probe < to));
		ck_assert(slot == FIPS_AGING_NONE || fips_addr_eq(&t.ring[slot].key, &k));
		ck_assert_uint_eq(t.n, to - from);
	}
	ck_assert_uint_gt(from, 10000);
}
END_TEST

/* Keys that differ in one word alone are spread all the same. */
START_TEST(chains_are_short)
{
	struct fips_aging big;

	ck_assert(fips_aging_open(&big, 4096, &rnd));
	for (unsigned word = 0; word < 4; word++) {
		unsigned longest = 0;

		for (uint32_t i = 0; i < 4096; i++) {
			struct fips_addr k = { { 0 } };

			mr_to_le32(k.b + 4 * (size_t)word, i << 12);
			fips_aging_add(&big, &k, 0);
		}
		for (uint32_t i = 0; i < 4096; i++) {
			unsigned len = 0;

			for (uint32_t s = big.chains[i]; s != FIPS_AGING_NONE; s = big.ring[s].next)
				len++;
			longest = len > longest ? len : longest;
		}
		ck_assert_uint_lt(longest, 64);
		while (big.n)
			fips_aging_forget(&big);
	}
	fips_aging_close(&big);
}
END_TEST

START_TEST(ids_are_keys)
{
	struct fips_addr a = fips_aging_id(1), b = fips_aging_id(UINT64_C(1) << 32);

	ck_assert(!fips_addr_eq(&a, &b));
	ck_assert_uint_eq(mr_le64(a.b), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("aging");
	TCase *c = tcase_create("table");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, it_fills_and_forgets);
	tcase_add_test(c, the_edge_of_an_age);
	tcase_add_test(c, as_a_list_would);
	tcase_add_test(c, chains_are_short);
	tcase_add_test(c, ids_are_keys);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
