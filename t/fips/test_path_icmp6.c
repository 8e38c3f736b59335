/* ICMPv6 answers: the stored ones byte for byte, who gets none, how often. */
#include "fips/path/icmp6.h"

#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/vectors.h"

#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

static const uint8_t own[FIPS_IPV6_LEN] = { 0xfd, 1 };

START_TEST(stored_answers)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "icmpv6"), index, v) {
		struct bytes packet = vectors_bytes(v, "original"), want = vectors_bytes(v, "out");
		uint8_t out[FIPS_ICMP6_MAX], from[FIPS_IPV6_LEN];
		size_t n;

		if (json_object_get(v, "mtu")) {
			n = fips_icmp6_too_big(out, packet.at, packet.n,
			                       (uint32_t)vectors_u64(v, "mtu"));
		} else {
			vectors_exact(v, "our_ipv6", from, sizeof from);
			n = fips_icmp6_unreachable(out, packet.at, packet.n, from);
		}
		vectors_same(vectors_name(v), out, n, want.at, want.n);
	}
	ck_assert_uint_eq(index, 2);
	json_decref(root);
}
END_TEST

/* A packet by its first bytes of header, source, destination and payload. */
static const struct {
	const char *why;
	size_t      n;
	uint8_t     version, next, src, dst, type;
	bool        too_big, unreachable;
} packets[] = {
	{ "ordinary", 60, 0x60, 17, 0xfd, 0xfd, 0, true, true },
	{ "header only", 40, 0x60, 59, 0xfd, 0xfd, 0, true, true },
	{ "39 bytes", 39, 0x60, 17, 0xfd, 0xfd, 0, false, false },
	{ "nothing", 0, 0x60, 17, 0xfd, 0xfd, 0, false, false },
	{ "IPv4", 60, 0x45, 17, 0xfd, 0xfd, 0, false, false },
	{ "from nowhere", 60, 0x60, 17, 0x00, 0xfd, 0, false, false },
	{ "from a group", 60, 0x60, 17, 0xff, 0xfd, 0, false, false },
	{ "to a group", 60, 0x60, 17, 0xfd, 0xff, 0, true, false },
	{ "unreachable", 60, 0x60, 58, 0xfd, 0xfd, 1, false, false },
	{ "too big", 60, 0x60, 58, 0xfd, 0xfd, 2, false, false },
	{ "last error", 60, 0x60, 58, 0xfd, 0xfd, 127, false, false },
	{ "echo", 60, 0x60, 58, 0xfd, 0xfd, 128, true, true },
	{ "ICMPv6 without a type", 40, 0x60, 58, 0xfd, 0xfd, 0, false, false },
};

START_TEST(who_gets_none)
{
	for (size_t i = 0; i < COUNT(packets); i++) {
		uint8_t packet[60] = { packets[i].version }, out[FIPS_ICMP6_MAX];
		size_t want = 48 + packets[i].n;

		packet[6] = packets[i].next;
		packet[8] = packets[i].src;
		packet[24] = packets[i].dst;
		packet[40] = packets[i].type;
		ck_assert_msg(fips_icmp6_too_big(out, packet, packets[i].n, 1203) ==
		                      (packets[i].too_big ? want : 0),
		              "%s", packets[i].why);
		ck_assert_msg(fips_icmp6_unreachable(out, packet, packets[i].n, own) ==
		                      (packets[i].unreachable ? want : 0),
		              "%s", packets[i].why);
	}
}
END_TEST

/* Every length is quoted as far as it fits, with a checksum that sums to zero. */
START_TEST(quotes_and_checksums)
{
	static uint8_t packet[1500], out[FIPS_ICMP6_MAX];

	for (size_t i = 0; i < sizeof packet; i++)
		packet[i] = (uint8_t)(i * 251);
	packet[0] = 0x60;
	packet[6] = 17;
	packet[8] = packet[24] = 0xfd;
	for (size_t n = 40; n <= sizeof packet; n++) {
		size_t quote = n < 1232 ? n : 1232;
		size_t len = fips_icmp6_too_big(out, packet, n, 1203);
		uint32_t sum = (uint32_t)(len - 40) + 58;

		ck_assert_uint_eq(len, 48 + quote);
		ck_assert_mem_eq(out + 48, packet, quote);
		ck_assert_uint_eq(mr_be16(out + 4), len - 40);
		for (size_t i = 8; i < len; i++)
			sum += i % 2 ? out[i] : (uint32_t)out[i] << 8;
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		ck_assert_uint_eq(sum, 0xffff);
	}
}
END_TEST

/* Source (last byte), time in ms, allowed? */
static const struct {
	uint8_t  source;
	uint64_t ms;
	bool     allowed;
} asked[] = {
	{ 1, 1000, true },  { 1, 1000, false }, { 1, 1099, false }, { 2, 1099, true },
	{ 1, 1100, true },  { 1, 1101, false }, { 2, 1150, false }, { 2, 1199, true },
};

START_TEST(one_a_source_and_gap)
{
	struct fips_icmp6_limiter limiter = { 0 };
	uint8_t packet[40] = { 0x60 };

	for (size_t i = 0; i < COUNT(asked); i++) {
		packet[23] = asked[i].source;
		ck_assert_msg(fips_icmp6_allow(&limiter, packet, MS(asked[i].ms)) ==
		                      asked[i].allowed,
		              "question %zu", i);
	}
}
END_TEST

/* More sources than are remembered: the one told longest ago is forgotten. */
START_TEST(full_limiter)
{
	struct fips_icmp6_limiter limiter = { 0 };
	uint8_t packet[40] = { 0x60 };

	for (uint8_t i = 0; i <= FIPS_ICMP6_SOURCES; i++) {
		packet[23] = i;
		ck_assert(fips_icmp6_allow(&limiter, packet, MS(1000) + i));
	}
	for (uint8_t i = FIPS_ICMP6_SOURCES; i > 0; i--) {
		packet[23] = i;
		ck_assert(!fips_icmp6_allow(&limiter, packet, MS(1001)));
	}
	packet[23] = 0;
	ck_assert(fips_icmp6_allow(&limiter, packet, MS(1001)));
	packet[23] = 1;
	ck_assert(fips_icmp6_allow(&limiter, packet, MS(1001)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/icmp6");
	TCase *t = tcase_create("icmp6");
	SRunner *sr;
	int failed;

	tcase_add_test(t, stored_answers);
	tcase_add_test(t, who_gets_none);
	tcase_add_test(t, quotes_and_checksums);
	tcase_add_test(t, one_a_source_and_gap);
	tcase_add_test(t, full_limiter);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
