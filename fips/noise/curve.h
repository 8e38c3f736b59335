/* curve.h - the public-key operations FIPS is built on, as a thing that is handed in.
 *
 * The curve is secp256k1.  Handshakes and signatures reach it through this table, so that a
 * simulation of a thousand nodes can hand in a cheap stand-in.  All calls are pure: they may be
 * made by any thread, and two calls with the same inputs give the same outputs.
 *
 * Parity: a public key is 33 bytes, 02 or 03 and the x coordinate.  The identity of a node is x
 * alone, and ecdh uses nothing but the x coordinate of the product, so either prefix gives the
 * same secret (link.md 1.2).
 */
#ifndef FIPS_NOISE_CURVE_H
#define FIPS_NOISE_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#define FIPS_SECRET_LEN 32
#define FIPS_PUB_LEN    33
#define FIPS_XONLY_LEN  32
#define FIPS_DH_LEN     32
#define FIPS_SIG_LEN    64

struct fips_curve {
	void *self; /* first argument of every call; owned, see fips_curve_close */

	/* pub = secret * G, compressed.  False for a secret of 0 or not below the group order. */
	bool (*public_key)(void *self, const uint8_t secret[FIPS_SECRET_LEN],
	                   uint8_t pub[FIPS_PUB_LEN]);

	/* 02 or 03 in front and x the abscissa of a curve point. */
	bool (*check_point)(void *self, const uint8_t pub[FIPS_PUB_LEN]);

	/* out = SHA-256 of the 32-byte big-endian x coordinate of secret * pub (link.md 2.1).
	 * False, out untouched, for a bad secret or a bad point. */
	bool (*ecdh)(void *self, const uint8_t secret[FIPS_SECRET_LEN],
	             const uint8_t pub[FIPS_PUB_LEN], uint8_t out[FIPS_DH_LEN]);

	/* BIP-340 over a 32-byte digest with 32 auxiliary random bytes (link.md 1.6).  False,
	 * sig untouched, for a bad secret. */
	bool (*sign)(void *self, const uint8_t secret[FIPS_SECRET_LEN], const uint8_t digest[32],
	             const uint8_t aux[32], uint8_t sig[FIPS_SIG_LEN]);

	/* Does the BIP-340 signature hold for this x-only key and digest? */
	bool (*verify)(void *self, const uint8_t xonly[FIPS_XONLY_LEN], const uint8_t digest[32],
	               const uint8_t sig[FIPS_SIG_LEN]);

	/* Release self.  NULL when there is nothing to release. */
	void (*close)(void *self);
};

/* libsecp256k1.  Allocates its context (set-up only, aborts when memory is gone); everything
 * after that is free of allocation.  Close it with fips_curve_close. */
struct fips_curve fips_curve_secp256k1(void);

/* Release what the curve holds.  Nobody may use it, or a copy of it, afterwards. */
void fips_curve_close(struct fips_curve *curve);

#endif
