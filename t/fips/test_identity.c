/* test_identity.c - keys, their texts, node addresses and IPv6 text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/noise/identity.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The pair of NIP-19's example. */
#define NSEC "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
#define HEX  "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa"
#define NPUB "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"

static struct fips_curve curve;

static void open_curve(void)
{
	curve = fips_curve_secp256k1();
}

static void close_curve(void)
{
	fips_curve_close(&curve);
}

START_TEST(one_pair_in_all_forms)
{
	struct fips_identity a, b, zero = { 0 };
	char nsec[FIPS_KEY_TEXT];

	ck_assert_ptr_null(fips_identity_parse(&a, &curve, NSEC));
	ck_assert_ptr_null(fips_identity_parse(&b, &curve, HEX));
	ck_assert_mem_eq(&a, &b, sizeof a);
	fips_nsec_format(a.secret, nsec);
	ck_assert_str_eq(nsec, NSEC);
	ck_assert_str_eq(a.npub, NPUB);
	fips_identity_wipe(&a);
	ck_assert_mem_eq(&a, &zero, sizeof a);
}
END_TEST

/* What is refused as a secret, and a word of the sentence that says so. */
static const struct { const char *text, *says; } bad_secrets[] = {
	{ "", "64 hexadecimal" },
	{ "67dea2ed", "64 hexadecimal" },
	{ HEX "00", "64 hexadecimal" },
	{ HEX " ", "64 hexadecimal" },
	{ HEX "\n", "64 hexadecimal" },
	{ " 7dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa", "64 hexadecimal" },
	{ "g7dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa", "64 hexadecimal" },
	{ "0x67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92f", "64 hexadecimal" },
	{ "nsec", "64 hexadecimal" },
	{ "nsec1", "63 characters" },
	{ NSEC "q", "63 characters" },
	{ NPUB, "64 hexadecimal" },
	{ "NSEC1VL029MGPSPEDVA04G90VLTKH6FVH240ZQTV9K0T9AF8935KE9LAQSNLFE5", "64 hexadecimal" },
	{ "nsec1VL029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "upper and lower" },
	{ "nsec1bl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "does not use" },
	{ "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe4", "checksum" },
	{ "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9lapd9tuyx", "padding" },
	{ "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9lagw8m98f", "padding" },
	{ "0000000000000000000000000000000000000000000000000000000000000000", "zero" },
	{ "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", "order" },
	{ "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142", "order" },
	{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "order" },
};

START_TEST(bad_secret)
{
	struct fips_identity id, before;
	const char *wrong;

	memset(&id, 0x5a, sizeof id);
	before = id;
	wrong = fips_identity_parse(&id, &curve, bad_secrets[_i].text);
	ck_assert_msg(wrong, "accepted: %s", bad_secrets[_i].text);
	ck_assert_msg(strstr(wrong, bad_secrets[_i].says), "%s: %s", bad_secrets[_i].text, wrong);
	ck_assert_mem_eq(&id, &before, sizeof id);
}
END_TEST

static const struct { const char *text, *says; } bad_npubs[] = {
	{ "", "63 characters" },
	{ HEX, "63 characters" },
	{ NSEC, "prefix" },
	{ "npub20elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg", "prefix" },
	{ "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpt", "63 characters" },
	{ NPUB " ", "63 characters" },
	{ "Npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg", "upper and lower" },
	{ "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpti", "does not use" },
	{ "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpt\xc3", "does not use" },
	{ "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8pl6x5k6", "padding" },
	{ "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8guckd44", "padding" },
};

START_TEST(bad_npub)
{
	uint8_t pub[FIPS_PUB_LEN], before[FIPS_PUB_LEN];
	const char *wrong;

	memset(pub, 0x5a, sizeof pub);
	memcpy(before, pub, sizeof pub);
	wrong = fips_npub_parse(bad_npubs[_i].text, &curve, pub);
	ck_assert_msg(wrong, "accepted: %s", bad_npubs[_i].text);
	ck_assert_msg(strstr(wrong, bad_npubs[_i].says), "%s: %s", bad_npubs[_i].text, wrong);
	ck_assert_mem_eq(pub, before, sizeof pub);
}
END_TEST

/* BIP-173 detects every error in up to four characters; all single ones are tried. */
START_TEST(one_wrong_character_is_noticed)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint8_t pub[FIPS_PUB_LEN];
	char text[] = NPUB;

	for (size_t at = 5; at < sizeof NPUB - 1; at++)
		for (size_t c = 0; c < sizeof alphabet - 1; c++) {
			const char *wrong;

			text[at] = alphabet[c];
			wrong = fips_npub_parse(text, &curve, pub);
			if (alphabet[c] == NPUB[at])
				ck_assert_ptr_null(wrong);
			else
				ck_assert_msg(wrong && strstr(wrong, "checksum"), "%s", text);
			text[at] = NPUB[at];
		}
}
END_TEST

START_TEST(upper_case_npub_is_read)
{
	uint8_t lower[FIPS_PUB_LEN], upper[FIPS_PUB_LEN];
	char text[] = NPUB;

	for (char *c = text; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	ck_assert_ptr_null(fips_npub_parse(NPUB, &curve, lower));
	ck_assert_ptr_null(fips_npub_parse(text, &curve, upper));
	ck_assert_mem_eq(lower, upper, sizeof lower);
}
END_TEST

START_TEST(text_of_any_bytes_comes_back)
{
	uint8_t in[32], out[32];
	char text[FIPS_KEY_TEXT];

	for (unsigned n = 0; n < 512; n++) {
		for (unsigned i = 0; i < 32; i++)
			in[i] = (uint8_t)((n + 1) * (i + 7) * 2654435761u >> 13);
		fips_nsec_format(in, text);
		ck_assert_uint_eq(strlen(text), 63);
		ck_assert_ptr_null(fips_secret_parse(text, out));
		ck_assert_mem_eq(in, out, 32);
	}
}
END_TEST

START_TEST(node_address_drops_its_last_byte)
{
	struct fips_addr a = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } }, b = a;
	const uint8_t want[16] = { 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t ip[16], other[16];
	char text[FIPS_ADDR_TEXT];

	b.b[15] ^= 0xff;
	fips_addr_to_ipv6(&a, ip);
	fips_addr_to_ipv6(&b, other);
	ck_assert_mem_eq(ip, want, 16);
	ck_assert_mem_eq(ip, other, 16);
	ck_assert(!fips_addr_eq(&a, &b));
	fips_addr_text(&a, text);
	ck_assert_str_eq(text, "0102030405060708090a0b0c0d0e0f10");
}
END_TEST

START_TEST(order_is_unsigned_and_first_byte_first)
{
	struct fips_addr a = { { 0x7f, 0xff } }, b = { { 0x80, 0x00 } }, c = { { 0x80, 0x01 } };

	ck_assert_int_lt(fips_addr_cmp(&a, &b), 0);
	ck_assert_int_lt(fips_addr_cmp(&b, &c), 0);
	ck_assert_int_gt(fips_addr_cmp(&c, &a), 0);
	ck_assert_int_eq(fips_addr_cmp(&b, &b), 0);
}
END_TEST

static const struct { uint16_t group[8]; const char *text; } ipv6_texts[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0 }, "::" },
	{ { 0, 0, 0, 0, 0, 0, 0, 1 }, "::1" },
	{ { 1, 0, 0, 0, 0, 0, 0, 0 }, "1::" },
	{ { 0xfd00, 0, 0, 0, 0, 0, 0, 1 }, "fd00::1" },
	{ { 0xfd00, 0, 1, 0, 0, 2, 0, 0 }, "fd00:0:1::2:0:0" }, /* first of two equal runs */
	{ { 0xfd00, 0, 0, 1, 0, 0, 0, 2 }, "fd00:0:0:1::2" },   /* the longer run          */
	{ { 0xfd00, 0, 1, 2, 3, 4, 5, 6 }, "fd00:0:1:2:3:4:5:6" }, /* one group is no run  */
	{ { 0, 0, 1, 2, 3, 4, 5, 6 }, "::1:2:3:4:5:6" },
	{ { 1, 2, 3, 4, 5, 6, 0, 0 }, "1:2:3:4:5:6::" },
	{ { 0xfdab, 0xc, 0x10, 0x100, 0xfff, 0x1000, 0xa0b, 0x0f },
	  "fdab:c:10:100:fff:1000:a0b:f" },
	{ { 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff },
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

START_TEST(ipv6_text)
{
	uint8_t ip[16];
	char text[FIPS_IPV6_TEXT];

	for (unsigned i = 0; i < 8; i++) {
		ip[2 * i] = (uint8_t)(ipv6_texts[_i].group[i] >> 8);
		ip[2 * i + 1] = (uint8_t)ipv6_texts[_i].group[i];
	}
	fips_ipv6_text(ip, text);
	ck_assert_str_eq(text, ipv6_texts[_i].text);
}
END_TEST

START_TEST(curve_refuses_what_is_no_key)
{
	uint8_t zero[32] = { 0 }, order[32], pub[33], out[64], before[64], digest[32] = { 1 };
	struct fips_identity id;

	memset(before, 0x5a, sizeof before);
	memcpy(out, before, sizeof out);
	ck_assert_ptr_null(fips_identity_parse(&id, &curve, HEX));
	ck_assert_ptr_null(fips_secret_parse(
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", order));
	ck_assert(!curve.public_key(curve.self, zero, pub));
	ck_assert(!curve.public_key(curve.self, order, pub));
	ck_assert(!curve.ecdh(curve.self, zero, id.pub, out));
	ck_assert(!curve.ecdh(curve.self, order, id.pub, out));
	ck_assert(!curve.sign(curve.self, zero, digest, digest, out));
	ck_assert(!curve.sign(curve.self, order, digest, digest, out));

	memcpy(pub, id.pub, sizeof pub);
	for (unsigned prefix = 0; prefix < 256; prefix++) {
		bool good = prefix == 2 || prefix == 3;

		pub[0] = (uint8_t)prefix;
		ck_assert_int_eq(curve.check_point(curve.self, pub), good);
		if (!good)
			ck_assert(!curve.ecdh(curve.self, id.secret, pub, out));
	}
	memset(pub + 1, 0, 32);
	pub[0] = 2;
	pub[32] = 5; /* no point of the curve has x = 5 */
	ck_assert(!curve.check_point(curve.self, pub));
	ck_assert(!curve.ecdh(curve.self, id.secret, pub, out));
	ck_assert_mem_eq(out, before, sizeof out);
	ck_assert(!curve.verify(curve.self, pub + 1, digest, out));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("identity");
	TCase *t = tcase_create("texts");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_curve, close_curve);
	tcase_add_test(t, one_pair_in_all_forms);
	tcase_add_loop_test(t, bad_secret, 0, (int)COUNT(bad_secrets));
	tcase_add_loop_test(t, bad_npub, 0, (int)COUNT(bad_npubs));
	tcase_add_test(t, one_wrong_character_is_noticed);
	tcase_add_test(t, upper_case_npub_is_read);
	tcase_add_test(t, text_of_any_bytes_comes_back);
	tcase_add_test(t, node_address_drops_its_last_byte);
	tcase_add_test(t, order_is_unsigned_and_first_byte_first);
	tcase_add_loop_test(t, ipv6_text, 0, (int)COUNT(ipv6_texts));
	tcase_add_test(t, curve_refuses_what_is_no_key);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
