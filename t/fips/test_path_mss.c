/* The MSS clamp: the stored packets, options in every place and shape, checksums before and after,
 * all truncations. */
#include "fips/path/mss.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/rand.h"
#include "core/wire.h"
#include "t/lib/vectors.h"

START_TEST(stored_packets)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "tcp_mss"), index, v) {
		struct bytes packet = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");
		bool changed = fips_mss_clamp(packet.at, packet.n,
		                              (uint16_t)vectors_u64(v, "max_mss"));

		ck_assert_int_eq(changed, json_is_true(vectors_get(v, "changed")));
		vectors_same(vectors_name(v), packet.at, packet.n, want.at, want.n);
	}
	ck_assert_uint_eq(index, 6);
	json_decref(root);
}
END_TEST

/* Sum over pseudo header and segment; 0xffff when the checksum is right. */
static uint16_t sum(const uint8_t *ip, size_t n)
{
	uint32_t s = (uint32_t)(n - 40) + 6;

	for (size_t i = 8; i < n; i++)
		s += i % 2 ? ip[i] : (uint32_t)ip[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* A SYN with these options (hex, padded to words with zeros). */
static size_t syn(uint8_t *ip, const char *options)
{
	struct bytes o = vectors_hex(options);
	size_t n = 60 + (o.n + 3) / 4 * 4;

	memset(ip, 0, n);
	for (size_t i = 8; i < 60; i++)
		ip[i] = (uint8_t)(i * 37);
	ip[0] = 0x60;
	ip[6] = 6;
	mr_to_be16(ip + 4, (uint16_t)(n - 40));
	ip[52] = (uint8_t)((n - 40) / 4 << 4);
	ip[53] = 0x02;
	memcpy(ip + 60, o.at, o.n);
	mr_to_be16(ip + 56, 0);
	mr_to_be16(ip + 56, (uint16_t)~sum(ip, n));
	return n;
}

/* Options of a SYN, and after a clamp to 1143 (NULL: unchanged). */
static const struct {
	const char *why, *in, *out;
} options[] = {
	{ "alone", "020405a0", "02040477" },
	{ "odd offset", "01020405a0", "0102040477" },
	{ "even offset", "0101020405a0", "010102040477" },
	{ "after SACK permitted", "0402020405a0", "040202040477" },
	{ "after a timestamp", "080a0000000100000000020405a0", "080a000000010000000002040477" },
	{ "only the first", "020405a0020405a0", "02040477020405a0" },
	{ "at the limit", "02040477", NULL },
	{ "below it", "02040001", NULL },
	{ "above by one", "02040478", "02040477" },
	{ "largest", "0204ffff", "02040477" },
	{ "none", "01010402", NULL },
	{ "behind the end", "00020405a0", NULL },
	{ "of length 3", "020305a0", NULL },
	{ "of length 5", "020505a000", NULL },
	{ "length 0", "0400020405a0", NULL },
	{ "length 1", "0401020405a0", NULL },
	{ "overruns", "04ff020405a0", NULL },
	{ "no room for a length", "01010108", NULL },
	{ "cut in the value", "0101010204", NULL },
	{ "no options", "", NULL },
};

START_TEST(options_in_all_shapes)
{
	for (size_t i = 0; i < COUNT(options); i++) {
		uint8_t packet[128], want[128];
		size_t n = syn(packet, options[i].in);

		ck_assert_uint_eq(syn(want, options[i].out ? options[i].out : options[i].in), n);
		ck_assert_uint_eq(sum(packet, n), 0xffff);
		ck_assert_msg(fips_mss_clamp(packet, n, 1143) == (options[i].out != NULL), "%s",
		              options[i].why);
		vectors_same(options[i].why, packet, n, want, n);
	}
}
END_TEST

/* Any checksum, right or wrong, stays as right or wrong as it was. */
START_TEST(checksum_differences)
{
	struct mr_rand_state state = { .seed = 5 };
	struct mr_rand r = mr_rand_seeded(&state);

	for (unsigned i = 0; i < 200000; i++) {
		uint16_t from = (uint16_t)(2 + mr_rand_below(&r, 65534));
		uint16_t limit = (uint16_t)(1 + mr_rand_below(&r, (uint32_t)from - 1));
		uint8_t packet[128];
		size_t n = syn(packet, i % 2 ? "01020405a0" : "020405a0");
		uint16_t before;

		mr_to_be16(packet + 62 + i % 2, from);
		mr_to_be16(packet + 56, (uint16_t)mr_rand_u32(&r));
		before = sum(packet, n);
		ck_assert(fips_mss_clamp(packet, n, limit));
		ck_assert_uint_eq(mr_be16(packet + 62 + i % 2), limit);
		/* 0 and ffff are the same number here. */
		ck_assert_uint_eq(sum(packet, n) % 0xffff, before % 0xffff);
	}
}
END_TEST

/* What is no SYN of TCP over IPv6, byte by byte. */
static const struct {
	const char *why;
	size_t      at;
	uint8_t     value;
} others[] = {
	{ "IPv4", 0, 0x40 },        { "UDP", 6, 17 },           { "hop-by-hop", 6, 0 },
	{ "no SYN", 53, 0x10 },     { "data offset 0", 52, 0 }, { "data offset 4", 52, 0x40 },
	{ "beyond the end", 52, 0xf0 },
};

START_TEST(left_alone)
{
	uint8_t packet[128], before[128];

	for (size_t i = 0; i < COUNT(others); i++) {
		size_t n = syn(packet, "020405a0");

		packet[others[i].at] = others[i].value;
		memcpy(before, packet, n);
		ck_assert_msg(!fips_mss_clamp(packet, n, 500), "%s", others[i].why);
		ck_assert_mem_eq(packet, before, n);
	}
	for (size_t n = syn(packet, "020405a0"); n-- > 0;) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, packet, n);
		ck_assert(!fips_mss_clamp(exact, n, 500));
		free(exact);
	}
}
END_TEST

/* An option that reaches beyond the header ends the walk: what lies there is payload. */
START_TEST(payload_is_no_option)
{
	uint8_t packet[128], before[128];
	size_t n = syn(packet, "0408000000000000020405a0");

	packet[52] = 6 << 4;
	memcpy(before, packet, n);
	ck_assert(!fips_mss_clamp(packet, n, 500));
	ck_assert_mem_eq(packet, before, n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/mss");
	TCase *t = tcase_create("mss");
	SRunner *sr;
	int failed;

	tcase_add_test(t, stored_packets);
	tcase_add_test(t, options_in_all_shapes);
	tcase_add_test(t, checksum_differences);
	tcase_add_test(t, left_alone);
	tcase_add_test(t, payload_is_no_option);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
