/* hash.h - SHA-256, HMAC and HKDF, and the hygiene that belongs to secrets.
 *
 * mbedTLS (2.28 and 3.x) stays inside hash.c.  Allocation failure inside the library is a broken
 * invariant here (the contexts are on the stack), so nothing returns an error.  Any thread.
 */
#ifndef MR_CORE_HASH_H
#define MR_CORE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MR_SHA256_LEN 32

/* FIPS 180-4.  out may be the same memory as in. */
void mr_sha256(const void *in, size_t n, uint8_t out[MR_SHA256_LEN]);

/* SHA-256 of a || b. */
void mr_sha256_pair(const void *a, size_t na, const void *b, size_t nb, uint8_t out[MR_SHA256_LEN]);

/* RFC 2104 with SHA-256. */
void mr_hmac_sha256(const void *key, size_t nkey, const void *in, size_t n,
                    uint8_t out[MR_SHA256_LEN]);

/* RFC 5869 with SHA-256, 32-byte salt, empty info, 64 bytes of output in two halves.
 * first may be the same memory as salt. */
void mr_hkdf2(const uint8_t salt[MR_SHA256_LEN], const void *ikm, size_t n,
              uint8_t first[MR_SHA256_LEN], uint8_t second[MR_SHA256_LEN]);

/* Overwrite memory in a way the compiler keeps. */
void mr_wipe(void *p, size_t n);

/* Compare in constant time. */
bool mr_equal_secret(const void *a, const void *b, size_t n);

#endif
