/* Headers written by hand: what they say, other names in them, and checksums that stay right. */
#include "t/lib/ipv4.h"

#include <arpa/inet.h>

#include <check.h>

#include "core/wire.h"

/* 10.77.0.1:2121 to 10.77.0.2:2122, four bytes. */
static const uint8_t sample[] = {
	0x45, 0, 0, 32, 0x12, 0x34, 0x40, 0, 64, 17, 0x13, 0xfd, 10, 77, 0, 1, 10, 77, 0, 2,
	0x08, 0x49, 0x08, 0x4a, 0, 12, 0xbe, 0xef, 't', 'e', 'x', 't',
};

static uint16_t sum(const uint8_t *packet)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < IPV4_HEAD; i += 2)
		all += mr_be16(packet + i);
	all = (all & 0xffff) + (all >> 16);
	return (uint16_t)(all + (all >> 16));
}

/* One byte is different. */
static const struct {
	unsigned at;
	uint8_t  byte;
	bool     good, udp;
} bent[] = {
	{ 0, 0x45, true, true },    { 0, 0x46, false, false },  { 0, 0x65, false, false },
	{ 3, 31, false, false },    { 3, 33, false, false },    { 6, 0x00, true, true },
	{ 6, 0x20, true, false },   { 7, 1, true, false },      { 9, 6, true, false },
	{ 9, 1, true, false },      { 25, 11, true, false },    { 25, 13, true, false },
};

START_TEST(what_it_says)
{
	uint8_t packet[sizeof sample];
	struct ipv4 ip;

	memcpy(packet, sample, sizeof sample);
	ck_assert_uint_eq(sum(packet), 0xffff);
	packet[bent[_i].at] = bent[_i].byte;
	ck_assert_int_eq(ipv4_parse(packet, sizeof packet, &ip), bent[_i].good);
	if (!bent[_i].good)
		return;
	ck_assert_uint_eq(ntohl(ip.from), 0x0a4d0001);
	ck_assert_uint_eq(ntohl(ip.to), 0x0a4d0002);
	ck_assert_int_eq(ip.udp, bent[_i].udp);
	if (!ip.udp)
		return;
	ck_assert_uint_eq(ntohs(ip.from_port), 2121);
	ck_assert_uint_eq(ntohs(ip.to_port), 2122);
	ck_assert_uint_eq(ip.n, 4);
	ck_assert_mem_eq(ip.payload, "text", 4);
}
END_TEST

START_TEST(no_length_but_its_own)
{
	uint8_t packet[sizeof sample];
	struct ipv4 ip;

	memcpy(packet, sample, sizeof sample);
	for (size_t n = 0; n < sizeof sample; n++)
		ck_assert(!ipv4_parse(packet, n, &ip));
	mr_to_be16(packet + 2, 20);
	ck_assert(ipv4_parse(packet, 20, &ip));
	ck_assert(!ip.udp);
}
END_TEST

START_TEST(other_names)
{
	uint8_t packet[sizeof sample];
	struct ipv4 ip;

	memcpy(packet, sample, sizeof sample);
	ipv4_set_from(packet, htonl(0xc0a80105), htons(99));
	ck_assert_uint_eq(sum(packet), 0xffff);
	ipv4_set_to(packet, htonl(0xffffffff), htons(65535));
	ck_assert_uint_eq(sum(packet), 0xffff);
	ck_assert(ipv4_parse(packet, sizeof packet, &ip) && ip.udp);
	ck_assert_uint_eq(ntohl(ip.from), 0xc0a80105);
	ck_assert_uint_eq(ntohs(ip.from_port), 99);
	ck_assert_uint_eq(ntohl(ip.to), 0xffffffff);
	ck_assert_uint_eq(ntohs(ip.to_port), 65535);
	ck_assert_uint_eq(mr_be16(packet + 26), 0); /* no UDP checksum rather than a wrong one */
	ck_assert_mem_eq(ip.payload, "text", 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ipv4");
	TCase *t = tcase_create("ipv4");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, what_it_says, 0, (int)(sizeof bent / sizeof *bent));
	tcase_add_test(t, no_length_but_its_own);
	tcase_add_test(t, other_names);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
