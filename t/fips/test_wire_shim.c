/* test_wire_shim.c - the IPv6 header taken off and put back in one buffer, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/shim.h"

enum { HEAD = 96, ROOM = 4096 };

static const struct fips_addr src = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xee } };
static const struct fips_addr dest = { { 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a,
		                         0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0xdd } };

/* An IPv6 packet between the two with this much payload. */
static void packet(uint8_t *ip, size_t payload)
{
	for (size_t i = 0; i < FIPS_IPV6_HEAD + payload; i++)
		ip[i] = (uint8_t)(i * 7 + 1);
	ip[0] = 0x6a;
	mr_to_be16(ip + 4, (uint16_t)payload);
	ip[6] = 17;
	ip[7] = 63;
	fips_addr_to_ipv6(&src, ip + 8);
	fips_addr_to_ipv6(&dest, ip + 24);
}

START_TEST(there_and_back_in_one_buffer)
{
	static uint8_t room[ROOM], was[ROOM];

	for (size_t payload = 0; payload < 1500; payload++) {
		size_t n = FIPS_IPV6_HEAD + payload;
		uint8_t *ip = room + HEAD;

		memset(room, 0xa5, sizeof room);
		packet(ip, payload);
		memcpy(was, room, sizeof room);
		ck_assert(fips_shim_compress(ip, n));
		ck_assert_mem_eq(ip + FIPS_IPV6_HEAD, was + HEAD + FIPS_IPV6_HEAD, payload);
		memset(ip, 0x77, FIPS_SHIM_SAVED); /* headers of the layers below */
		ck_assert(fips_shim_decompress(ip + FIPS_SHIM_SAVED, n - FIPS_SHIM_SAVED, &src,
					       &dest));
		ck_assert_mem_eq(room, was, sizeof room);
	}
}
END_TEST

START_TEST(layout)
{
	const uint8_t want[FIPS_SHIM_HEAD] = { 0, 0x6a, 8, 15, 22, 17, 63 };
	uint8_t ip[FIPS_IPV6_HEAD], shim[FIPS_SHIM_HEAD];

	packet(ip, 0);
	fips_shim_head(ip, shim);
	ck_assert_mem_eq(shim, want, sizeof want);
	ck_assert(fips_shim_compress(ip, sizeof ip));
	ck_assert_mem_eq(ip + FIPS_SHIM_SAVED, want, sizeof want);
}
END_TEST

START_TEST(what_does_not_fit)
{
	uint8_t ip[FIPS_IPV6_HEAD + 8], was[sizeof ip];

	packet(ip, 8);
	memcpy(was, ip, sizeof ip);
	for (size_t n = 0; n < FIPS_IPV6_HEAD; n++)
		ck_assert(!fips_shim_compress(ip, n));
	for (unsigned version = 0; version < 16; version++) {
		ip[0] = was[0] = (uint8_t)(version << 4 | 0x0a);
		ck_assert_int_eq(fips_shim_fits(ip, sizeof ip), version == 6);
		if (version != 6)
			ck_assert(!fips_shim_compress(ip, sizeof ip));
		ck_assert_mem_eq(ip, was, sizeof ip);
	}
}
END_TEST

START_TEST(what_is_no_shim)
{
	static uint8_t room[HEAD + 70000], was[HEAD + 70000];

	memset(room, 0x5a, sizeof room);
	room[HEAD] = 0;
	memcpy(was, room, sizeof room);
	for (size_t n = 0; n < FIPS_SHIM_HEAD; n++)
		ck_assert(!fips_shim_decompress(room + HEAD, n, &src, &dest));
	ck_assert(!fips_shim_decompress(room + HEAD, FIPS_SHIM_HEAD + 65536, &src, &dest));
	for (unsigned format = 1; format < 256; format++) {
		room[HEAD] = was[HEAD] = (uint8_t)format;
		ck_assert(!fips_shim_decompress(room + HEAD, 60, &src, &dest));
	}
	ck_assert_mem_eq(room, was, sizeof room);
	room[HEAD] = 0;
	ck_assert(fips_shim_decompress(room + HEAD, FIPS_SHIM_HEAD, &src, &dest));
	ck_assert_uint_eq(room[HEAD - FIPS_SHIM_SAVED] >> 4, 6);
	ck_assert_uint_eq(mr_be16(room + HEAD - FIPS_SHIM_SAVED + 4), 0);
	room[HEAD] = 0;
	ck_assert(fips_shim_decompress(room + HEAD, FIPS_SHIM_HEAD + 65535, &src, &dest));
}
END_TEST

/* The inner source cannot be forged: it is made from the session's address. */
START_TEST(addresses_come_from_the_session)
{
	uint8_t room[HEAD + 64], ip[16];

	memset(room, 0, sizeof room);
	ck_assert(fips_shim_decompress(room + HEAD, 40, &src, &dest));
	fips_addr_to_ipv6(&src, ip);
	ck_assert_mem_eq(room + HEAD - FIPS_SHIM_SAVED + 8, ip, 16);
	fips_addr_to_ipv6(&dest, ip);
	ck_assert_mem_eq(room + HEAD - FIPS_SHIM_SAVED + 24, ip, 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire shim");
	TCase *t = tcase_create("shim");
	SRunner *r = srunner_create(s);

	tcase_add_test(t, there_and_back_in_one_buffer);
	tcase_add_test(t, layout);
	tcase_add_test(t, what_does_not_fit);
	tcase_add_test(t, what_is_no_shim);
	tcase_add_test(t, addresses_come_from_the_session);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
