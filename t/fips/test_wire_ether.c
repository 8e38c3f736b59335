/* What an Ethernet frame of ours holds: data with their length, beacons, and what is neither
 * (operations.md 2.3). */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/ether.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char     *what;
	uint8_t         bytes[4];
	size_t          n;
	uint16_t        mtu;
	enum fips_ether kind;
	uint16_t        len;
} frames[] = {
	{ "nothing", { 0 }, 0, 1497, FIPS_ETHER_SHORT, 0 },
	{ "a kind alone", { 0 }, 1, 1497, FIPS_ETHER_SHORT, 0 },
	{ "half a length", { 0, 1 }, 2, 1497, FIPS_ETHER_SHORT, 0 },
	{ "no packet", { 0, 0, 0 }, 3, 1497, FIPS_ETHER_DATA, 0 },
	{ "no packet, padded", { 0, 0, 0 }, 46, 1497, FIPS_ETHER_DATA, 0 },
	{ "one byte", { 0, 1, 0 }, 4, 1497, FIPS_ETHER_DATA, 1 },
	{ "one byte, padded", { 0, 1, 0 }, 46, 1497, FIPS_ETHER_DATA, 1 },
	{ "one byte too few", { 0, 2, 0 }, 4, 1497, FIPS_ETHER_SHORT, 0 },
	{ "as much as fits into the padding", { 0, 43, 0 }, 46, 1497, FIPS_ETHER_DATA, 43 },
	{ "one more", { 0, 44, 0 }, 46, 1497, FIPS_ETHER_SHORT, 0 },
	{ "of the MTU", { 0, 0xd9, 0x05 }, 1500, 1497, FIPS_ETHER_DATA, 1497 },
	{ "one byte over the MTU", { 0, 0xda, 0x05 }, 1501, 1497, FIPS_ETHER_LONG, 0 },
	{ "over a small MTU", { 0, 101, 0 }, 200, 100, FIPS_ETHER_LONG, 0 },
	{ "as long as can be said", { 0, 0xff, 0xff }, 1500, 1497, FIPS_ETHER_SHORT, 0 },
	{ "a beacon", { 1, 1 }, 34, 1497, FIPS_ETHER_BEACON, 0 },
	{ "a beacon, padded", { 1, 1 }, 46, 1497, FIPS_ETHER_BEACON, 0 },
	{ "a beacon, cut", { 1, 1 }, 33, 1497, FIPS_ETHER_SHORT, 0 },
	{ "a beacon's kind alone", { 1 }, 1, 1497, FIPS_ETHER_SHORT, 0 },
	{ "a beacon of version 0", { 1, 0 }, 34, 1497, FIPS_ETHER_VERSION, 0 },
	{ "a beacon of version 2", { 1, 2 }, 34, 1497, FIPS_ETHER_VERSION, 0 },
	{ "kind 2", { 2, 1, 0 }, 34, 1497, FIPS_ETHER_KIND, 0 },
	{ "kind 255", { 255 }, 1, 1497, FIPS_ETHER_KIND, 0 },
};

/* In memory that ends with the frame. */
START_TEST(each_frame)
{
	uint8_t *bytes = calloc(1, frames[_i].n + !frames[_i].n);
	uint16_t len = 9;

	memcpy(bytes, frames[_i].bytes, frames[_i].n < 4 ? frames[_i].n : 4);
	ck_assert_msg(fips_ether_check(bytes, frames[_i].n, frames[_i].mtu, &len) ==
	                      frames[_i].kind,
	              "%s", frames[_i].what);
	ck_assert_uint_eq(len, frames[_i].len);
	free(bytes);
}
END_TEST

START_TEST(what_is_built_is_read)
{
	uint8_t bytes[FIPS_ETHER_HEAD + 1000] = { 0 }, beacon[FIPS_BEACON_LEN],
					key[FIPS_BEACON_KEY];
	uint16_t len;

	fips_ether_head_build(bytes, 1000);
	ck_assert_int_eq(fips_ether_check(bytes, sizeof bytes, 1497, &len), FIPS_ETHER_DATA);
	ck_assert_uint_eq(len, 1000);
	memset(key, 0x77, sizeof key);
	fips_beacon_build(beacon, key);
	ck_assert_int_eq(fips_ether_check(beacon, sizeof beacon, 1497, &len), FIPS_ETHER_BEACON);
	ck_assert_mem_eq(beacon, "\1\1", 2);
	ck_assert_mem_eq(beacon + FIPS_BEACON_AT_KEY, key, sizeof key);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ether");
	TCase *tc = tcase_create("ether");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each_frame, 0, (int)COUNT(frames));
	tcase_add_test(tc, what_is_built_is_read);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
