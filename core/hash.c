/* hash - SHA-256, HMAC and HKDF over mbedTLS; the one file where hashing meets its versions.
 *
 * mbedTLS 2.28 calls the functions that report errors mbedtls_sha256_*_ret, mbedTLS 3 calls them
 * mbedtls_sha256_*.  Hash contexts live on the stack and are wiped by their free function; an error
 * from the library (an accelerator that fails) leaves nothing sensible to do but stop.
 */
#include "core/hash.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64 /* bytes in a SHA-256 block (FIPS 180-4) */

static void must(int err)
{
	if (err != 0)
		abort();
}

static void begin(mbedtls_sha256_context *sha)
{
	mbedtls_sha256_init(sha);
#if MBEDTLS_VERSION_MAJOR >= 3
	must(mbedtls_sha256_starts(sha, 0));
#else
	must(mbedtls_sha256_starts_ret(sha, 0));
#endif
}

static void take(mbedtls_sha256_context *sha, const void *in, size_t n)
{
	if (n == 0)
		return;
#if MBEDTLS_VERSION_MAJOR >= 3
	must(mbedtls_sha256_update(sha, in, n));
#else
	must(mbedtls_sha256_update_ret(sha, in, n));
#endif
}

static void finish(mbedtls_sha256_context *sha, uint8_t out[MR_SHA256_LEN])
{
#if MBEDTLS_VERSION_MAJOR >= 3
	must(mbedtls_sha256_finish(sha, out));
#else
	must(mbedtls_sha256_finish_ret(sha, out));
#endif
	mbedtls_sha256_free(sha);
}

void mr_sha256(const void *in, size_t n, uint8_t out[MR_SHA256_LEN])
{
	mr_sha256_pair(in, n, NULL, 0, out);
}

void mr_sha256_pair(const void *a, size_t na, const void *b, size_t nb, uint8_t out[MR_SHA256_LEN])
{
	mbedtls_sha256_context sha;

	begin(&sha);
	take(&sha, a, na);
	take(&sha, b, nb);
	finish(&sha, out);
}

/* One of HMAC's two passes: H((key ^ pad) || a || b).  key is already one block long. */
static void hmac_pass(const uint8_t key[BLOCK], uint8_t pad, const void *a, size_t na,
                      const void *b, size_t nb, uint8_t out[MR_SHA256_LEN])
{
	mbedtls_sha256_context sha;
	uint8_t masked[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		masked[i] = key[i] ^ pad;
	begin(&sha);
	take(&sha, masked, BLOCK);
	take(&sha, a, na);
	take(&sha, b, nb);
	finish(&sha, out);
	mr_wipe(masked, sizeof masked);
}

/* RFC 2104 over a || b. */
static void hmac_pair(const void *key, size_t nkey, const void *a, size_t na, const void *b,
                      size_t nb, uint8_t out[MR_SHA256_LEN])
{
	uint8_t block[BLOCK] = { 0 };
	uint8_t inner[MR_SHA256_LEN];

	if (nkey > BLOCK)
		mr_sha256(key, nkey, block);
	else if (nkey > 0)
		memcpy(block, key, nkey);
	hmac_pass(block, 0x36, a, na, b, nb, inner);
	hmac_pass(block, 0x5c, inner, sizeof inner, NULL, 0, out);
	mr_wipe(block, sizeof block);
	mr_wipe(inner, sizeof inner);
}

void mr_hmac_sha256(const void *key, size_t nkey, const void *in, size_t n,
                    uint8_t out[MR_SHA256_LEN])
{
	hmac_pair(key, nkey, in, n, NULL, 0, out);
}

/* Extract, then two blocks of expand: T1 = HMAC(prk, 1), T2 = HMAC(prk, T1 || 2). */
void mr_hkdf2(const uint8_t salt[MR_SHA256_LEN], const void *ikm, size_t n,
              uint8_t first[MR_SHA256_LEN], uint8_t second[MR_SHA256_LEN])
{
	uint8_t prk[MR_SHA256_LEN];

	mr_hmac_sha256(salt, MR_SHA256_LEN, ikm, n, prk);
	mr_hmac_sha256(prk, sizeof prk, &(uint8_t){ 1 }, 1, first);
	hmac_pair(prk, sizeof prk, first, MR_SHA256_LEN, &(uint8_t){ 2 }, 1, second);
	mr_wipe(prk, sizeof prk);
}

void mr_wipe(void *p, size_t n)
{
	if (n > 0)
		mbedtls_platform_zeroize(p, n);
}

bool mr_equal_secret(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;
	uint64_t differs = 0;

	for (; n >= 8; n -= 8, x += 8, y += 8) {
		uint64_t wx, wy;

		memcpy(&wx, x, 8);
		memcpy(&wy, y, 8);
		differs |= wx ^ wy;
		/* Without this the compiler may leave the loop at the first difference. */
		__asm__ volatile("" : "+r"(differs));
	}
	for (; n > 0; n--) {
		differs |= (uint64_t)(*x++ ^ *y++);
		__asm__ volatile("" : "+r"(differs));
	}
	return differs == 0;
}
