/* test_wire_filter.c - FilterAnnounce: layout, and everything that is none. */
#include <string.h>

#include <check.h>

#include "fips/wire/filter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t bits[FIPS_FILTER_BYTES];
static uint8_t message[FIPS_FILTER_LEN + 1];

static void a_message(void)
{
	for (size_t i = 0; i < sizeof bits; i++)
		bits[i] = (uint8_t)(i * 7);
	message[FIPS_FILTER_LEN] = 0;
	fips_filter_build(message, &(struct fips_filter){ UINT64_C(0x0102030405060708), bits });
}

START_TEST(layout)
{
	struct fips_filter got;

	a_message();
	ck_assert_mem_eq(message, ((uint8_t[]){ 0x20, 8, 7, 6, 5, 4, 3, 2, 1, 5, 1 }), 11);
	ck_assert_mem_eq(message + 11, bits, sizeof bits);
	ck_assert_int_eq(fips_filter_parse(message, FIPS_FILTER_LEN, &got), FIPS_FILTER_PARSED);
	ck_assert_uint_eq(got.seq, UINT64_C(0x0102030405060708));
	ck_assert_ptr_eq(got.bits, message + 11);
}
END_TEST

START_TEST(bits_may_lie_where_they_belong)
{
	uint8_t again[FIPS_FILTER_LEN];

	a_message();
	memcpy(again, message, sizeof again);
	fips_filter_build(again, &(struct fips_filter){ UINT64_C(0x0102030405060708), again + 11 });
	ck_assert_mem_eq(again, message, sizeof again);
}
END_TEST

/* One byte of a good message changed, or its length: mesh.md 3.3, 1 to 4. */
static const struct {
	const char *what;
	size_t n;
	size_t at;
	uint8_t byte;
	enum fips_filter_parsed want;
} bad[] = {
	{ "nothing at all", 0, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "a type and nothing more", 1, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "no size class", 10, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "no bits", 11, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "a byte short", FIPS_FILTER_LEN - 1, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "a byte long", FIPS_FILTER_LEN + 1, 0, 0x20, FIPS_FILTER_MALFORMED },
	{ "another type", FIPS_FILTER_LEN, 0, 0x21, FIPS_FILTER_MALFORMED },
	{ "size class 0", FIPS_FILTER_LEN, 10, 0, FIPS_FILTER_MALFORMED },
	{ "size class 2", FIPS_FILTER_LEN, 10, 2, FIPS_FILTER_MALFORMED },
	{ "size class 3", FIPS_FILTER_LEN, 10, 3, FIPS_FILTER_MALFORMED },
	{ "size class 255", FIPS_FILTER_LEN, 10, 255, FIPS_FILTER_MALFORMED },
	{ "no hashes", FIPS_FILTER_LEN, 9, 0, FIPS_FILTER_MALFORMED },
	{ "one hash", FIPS_FILTER_LEN, 9, 1, FIPS_FILTER_FOREIGN },
	{ "seven hashes", FIPS_FILTER_LEN, 9, 7, FIPS_FILTER_FOREIGN },
	{ "seven hashes, a byte short", FIPS_FILTER_LEN - 1, 9, 7, FIPS_FILTER_MALFORMED },
};

START_TEST(what_is_none)
{
	struct fips_filter untouched = { 77, NULL };

	a_message();
	message[bad[_i].at] = bad[_i].byte;
	ck_assert_msg(fips_filter_parse(message, bad[_i].n, &untouched) == bad[_i].want, "%s",
	              bad[_i].what);
	ck_assert_uint_eq(untouched.seq, 77);
}
END_TEST

/* The sequence is not looked at here: 0 is for whoever compares it. */
START_TEST(any_sequence)
{
	struct fips_filter got;

	a_message();
	memset(message + 1, _i ? 0xff : 0, 8);
	ck_assert_int_eq(fips_filter_parse(message, FIPS_FILTER_LEN, &got), FIPS_FILTER_PARSED);
	ck_assert_uint_eq(got.seq, _i ? UINT64_MAX : 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire_filter");
	TCase *tc = tcase_create("filter");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, layout);
	tcase_add_test(tc, bits_may_lie_where_they_belong);
	tcase_add_loop_test(tc, what_is_none, 0, COUNT(bad));
	tcase_add_loop_test(tc, any_sequence, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
