/* fips/path/csum.h against a sum taken byte by byte. */
#include <check.h>

#include "fips/path/csum.h"
#include "t/lib/ip6.h"

#define MOST 2100

static uint16_t in_memory(uint16_t sum)
{
	return fips_csum_be(sum);
}

/* Each length at each place in two vectors. */
START_TEST(every_length_and_alignment)
{
	static uint8_t bytes[MOST + 64];
	unsigned at = (unsigned)_i;

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 167 + i / 5);
	for (size_t n = 0; n <= MOST; n++)
		ck_assert_msg(fips_csum(bytes + at, n, 0) == in_memory(ip6_sum(bytes + at, n, 0)),
		              "%zu bytes at %u", n, at);
}
END_TEST

/* Carries everywhere, and nowhere. */
START_TEST(extremes)
{
	static uint8_t bytes[UINT16_MAX];

	for (size_t n = 0; n < sizeof bytes; n += 1 + n / 9)
		ck_assert_uint_eq(fips_csum(bytes, n, 0), 0);
	memset(bytes, 0xff, sizeof bytes);
	for (size_t n = 1; n < sizeof bytes; n += 1 + n / 9)
		ck_assert_uint_eq(fips_csum(bytes, n, 0), in_memory(ip6_sum(bytes, n, 0)));
}
END_TEST

/* What is summed before goes on; a sum that is stored complemented makes the whole come out
 * right. */
START_TEST(sums_are_added)
{
	uint8_t bytes[200];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 31);
	for (size_t cut = 0; cut <= sizeof bytes; cut += 2)
		ck_assert_uint_eq(
			fips_csum(bytes + cut, sizeof bytes - cut, fips_csum(bytes, cut, 0)),
			fips_csum(bytes, sizeof bytes, 0));
	fips_csum_store(bytes + 40, 0);
	fips_csum_store(bytes + 40, (uint16_t)~fips_csum(bytes, sizeof bytes, 0));
	ck_assert_uint_eq(ip6_sum(bytes, sizeof bytes, 0), 0xffff);
	ck_assert_uint_eq(fips_csum(bytes, 0, UINT64_C(0xffffffffffff)), 0xffff);
}
END_TEST

START_TEST(pseudo_headers)
{
	const struct ip6 tcp = { .from = 3, .to = 9, .payload = 77 };
	uint8_t ip[200];
	size_t n = ip6_make(ip, &tcp);

	ck_assert_uint_eq(fips_csum_pseudo(ip, (uint16_t)(n - 40), 6),
	                  in_memory(ip6_pseudo(ip, (uint32_t)n - 40)));
	ck_assert_uint_eq(fips_csum(ip + 40, n - 40, fips_csum_pseudo(ip, (uint16_t)(n - 40), 6)),
	                  0xffff);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("csum");
	TCase *tc = tcase_create("csum");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, every_length_and_alignment, 0, 64);
	tcase_add_test(tc, extremes);
	tcase_add_test(tc, sums_are_added);
	tcase_add_test(tc, pseudo_headers);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
