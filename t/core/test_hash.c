/* SHA-256, HMAC and HKDF against FIPS 180-4, RFC 4231, RFC 5869 and the golden vectors. */
#include "core/hash.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	const char *digest;
} shas[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
};

static void same_hex(const char *what, const void *got, size_t n, const char *hex)
{
	struct bytes want = vectors_hex(hex);

	vectors_same(what, got, n, want.at, want.n);
}

START_TEST(sha256_known)
{
	const char *text = shas[_i].text;
	uint8_t out[MR_SHA256_LEN];
	size_t n = strlen(text);

	mr_sha256(n ? text : NULL, n, out);
	same_hex(text, out, sizeof out, shas[_i].digest);
	for (size_t cut = 0; cut <= n; cut++) {
		mr_sha256_pair(text, cut, text + cut, n - cut, out);
		same_hex(text, out, sizeof out, shas[_i].digest);
	}
}
END_TEST

START_TEST(sha256_million)
{
	uint8_t *a = malloc(1000000);
	uint8_t out[MR_SHA256_LEN];

	ck_assert_ptr_nonnull(a);
	memset(a, 'a', 1000000);
	mr_sha256(a, 1000000, out);
	free(a);
	same_hex("a million a", out, sizeof out,
	         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(sha256_in_place)
{
	uint8_t at[MR_SHA256_LEN] = "abc";

	mr_sha256(at, 3, at);
	same_hex("abc in place", at, sizeof at, shas[1].digest);
}
END_TEST

/* RFC 4231; the key and text are one byte repeated where `times` is not 0. */
static const struct {
	const char *key, *text;
	size_t key_times, text_times;
	const char *mac;
} hmacs[] = {
	{ "0b", "4869205468657265", 20, 1,
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 1, 1,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "aa", "dd", 20, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "0102030405060708090a0b0c0d0e0f10111213141516171819", "cd", 1, 50,
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ "aa",
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368"
	  "204b6579204669727374",
	  131, 1, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ "aa",
	  "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a"
	  "65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865"
	  "206b6579206e6565647320746f20626520686173686564206265666f7265206265696e672075736564206279"
	  "2074686520484d414320616c676f726974686d2e",
	  131, 1, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static struct bytes repeated(const char *hex, size_t times)
{
	struct bytes one = vectors_hex(hex), all = { .n = one.n * times };

	for (size_t i = 0; i < times; i++)
		memcpy(all.at + i * one.n, one.at, one.n);
	return all;
}

START_TEST(hmac_known)
{
	struct bytes key = repeated(hmacs[_i].key, hmacs[_i].key_times);
	struct bytes text = repeated(hmacs[_i].text, hmacs[_i].text_times);
	uint8_t out[MR_SHA256_LEN];

	mr_hmac_sha256(key.at, key.n, text.at, text.n, out);
	same_hex("RFC 4231", out, sizeof out, hmacs[_i].mac);
}
END_TEST

/* A key of exactly one block is used as it is, one byte more is hashed first. */
START_TEST(hmac_block_border)
{
	uint8_t key[65], hashed[MR_SHA256_LEN], a[MR_SHA256_LEN], b[MR_SHA256_LEN];

	memset(key, 0x5a, sizeof key);
	mr_sha256(key, 65, hashed);
	mr_hmac_sha256(key, 65, "x", 1, a);
	mr_hmac_sha256(hashed, sizeof hashed, "x", 1, b);
	ck_assert_mem_eq(a, b, sizeof a);
	mr_sha256(key, 64, hashed);
	mr_hmac_sha256(key, 64, "x", 1, a);
	mr_hmac_sha256(hashed, sizeof hashed, "x", 1, b);
	ck_assert_mem_ne(a, b, sizeof a);
	mr_hmac_sha256(NULL, 0, NULL, 0, a);
	same_hex("empty key and text", a, sizeof a,
	         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

/* RFC 5869 test case 3: no salt (as good as 32 zero bytes), no info; its first 42 bytes. */
START_TEST(hkdf_rfc)
{
	struct bytes ikm = repeated("0b", 22);
	uint8_t salt[MR_SHA256_LEN] = { 0 }, out[2 * MR_SHA256_LEN];

	mr_hkdf2(salt, ikm.at, ikm.n, out, out + MR_SHA256_LEN);
	same_hex("RFC 5869 A.3", out, 42,
	         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	         "9d201395faa4b61a96c8");
}
END_TEST

START_TEST(hkdf_golden)
{
	json_t *root = vectors_load("golden_vectors");
	const json_t *list = vectors_get(root, "vectors");
	unsigned run = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct bytes ikm;
		uint8_t salt[MR_SHA256_LEN], want[2 * MR_SHA256_LEN], out[2 * MR_SHA256_LEN];

		if (strcmp(vectors_text(v, "type"), "hkdf") != 0)
			continue;
		ikm = vectors_bytes(v, "ikm_hex");
		vectors_exact(v, "salt_hex", salt, sizeof salt);
		vectors_exact(v, "output_hex", want, sizeof want);
		mr_hkdf2(salt, ikm.at, ikm.n, out, out + MR_SHA256_LEN);
		vectors_same(vectors_name(v), out, sizeof out, want, sizeof want);
		mr_hkdf2(salt, ikm.at, ikm.n, salt, out + MR_SHA256_LEN);
		vectors_same("first in place of salt", salt, sizeof salt, want, sizeof salt);
		run++;
	}
	ck_assert_uint_eq(run, 4);
	json_decref(root);
}
END_TEST

START_TEST(equal_secret)
{
	uint8_t a[41], b[41];

	for (size_t i = 0; i < sizeof a; i++)
		a[i] = b[i] = (uint8_t)(i * 37);
	for (size_t n = 0; n <= sizeof a; n++) {
		ck_assert(mr_equal_secret(a, b, n));
		for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
			b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert(mr_equal_secret(a, b, n) == (bit / 8 >= n));
			b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}
END_TEST

START_TEST(wipe)
{
	uint8_t a[34];

	memset(a, 0xff, sizeof a);
	mr_wipe(a + 1, 32);
	mr_wipe(NULL, 0);
	ck_assert_uint_eq(a[0], 0xff);
	ck_assert_uint_eq(a[33], 0xff);
	for (size_t i = 1; i < 33; i++)
		ck_assert_uint_eq(a[i], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, sha256_known, 0, COUNT(shas));
	tcase_add_test(tc, sha256_million);
	tcase_add_test(tc, sha256_in_place);
	tcase_add_loop_test(tc, hmac_known, 0, COUNT(hmacs));
	tcase_add_test(tc, hmac_block_border);
	tcase_add_test(tc, hkdf_rfc);
	tcase_add_test(tc, hkdf_golden);
	tcase_add_test(tc, equal_secret);
	tcase_add_test(tc, wipe);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
