/* Packets in a stream of bytes: how long each is, and what is none (operations.md 2.2). */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/stream.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WRONG    FIPS_STREAM_WRONG
#define MORE     FIPS_STREAM_MORE

static const struct {
	uint8_t  bytes[4];
	uint16_t mtu;
	size_t   by[5]; /* what 0 to 4 of the bytes say */
} prefix[] = {
	{ { 0, 0, 0, 0 }, 1400, { MORE, MORE, MORE, MORE, 32 } },
	{ { 0, 0xff, 1, 0 }, 1400, { MORE, MORE, MORE, MORE, 33 } },
	{ { 0, 0, 0x58, 0x05 }, 1400, { MORE, MORE, MORE, MORE, 1400 } },
	{ { 0, 0, 0x59, 0x05 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 0, 0, 0, 0 }, 31, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 0, 0, 0xff, 0xff }, 65535, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 0, 0, 0xdf, 0xff }, 65535, { MORE, MORE, MORE, MORE, 65535 } },
	{ { 1, 0, 110, 0 }, 1400, { MORE, MORE, MORE, MORE, 114 } },
	{ { 1, 0xff, 110, 0 }, 60, { MORE, MORE, MORE, MORE, 114 } }, /* the MTU is for frames */
	{ { 1, 0, 109, 0 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 1, 0, 110, 1 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 1, 0, 65, 0 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 2, 0, 65, 0 }, 1400, { MORE, MORE, MORE, MORE, 69 } },
	{ { 2, 0, 110, 0 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 2, 0, 0, 0 }, 1400, { MORE, MORE, MORE, MORE, WRONG } },
	{ { 3, 0, 0, 0 }, 1400, { MORE, WRONG, WRONG, WRONG, WRONG } },
	{ { 0x0f, 0, 0, 0 }, 1400, { MORE, WRONG, WRONG, WRONG, WRONG } },
	{ { 0x10, 0, 0, 0 }, 1400, { MORE, WRONG, WRONG, WRONG, WRONG } },
	{ { 0xf1, 0, 110, 0 }, 1400, { MORE, WRONG, WRONG, WRONG, WRONG } },
};

/* Each prefix byte by byte, in memory that ends behind what has come. */
START_TEST(prefixes)
{
	for (size_t n = 0; n <= 4; n++) {
		uint8_t *bytes = malloc(n + !n);

		memcpy(bytes, prefix[_i].bytes, n);
		ck_assert_msg(fips_stream_packet(bytes, n, prefix[_i].mtu) == prefix[_i].by[n],
		              "%zu bytes", n);
		free(bytes);
	}
}
END_TEST

/* What comes behind says nothing about it. */
START_TEST(only_the_prefix_counts)
{
	uint8_t bytes[200];

	memset(bytes, 0xff, sizeof bytes);
	memcpy(bytes, prefix[1].bytes, 4);
	for (size_t n = 4; n <= sizeof bytes; n++)
		ck_assert_uint_eq(fips_stream_packet(bytes, n, 1400), 33);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("stream");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, prefixes, 0, (int)COUNT(prefix));
	tcase_add_test(tc, only_the_prefix_counts);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
