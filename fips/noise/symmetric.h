/* symmetric.h - the symmetric state both handshakes share (link.md 2.1 and 2.2, session.md 2.2).
 *
 * It is that of the Noise framework with two departures: the AEAD takes empty associated data
 * instead of h, and an empty prologue is not hashed.  h therefore decides no byte that is sent
 * and no key; it is kept because the test vectors check it.
 */
#ifndef FIPS_NOISE_SYMMETRIC_H
#define FIPS_NOISE_SYMMETRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/curve.h"

struct fips_symmetric {
	uint8_t  ck[32]; /* chaining key                                  */
	uint8_t  h[32];  /* hash of the transcript; nothing depends on it */
	uint8_t  k[32];  /* cipher key; valid after the first mix_key     */
	uint64_t n;      /* nonce counter under k, 0 after every mix_key  */
};

/* ck = h = SHA-256(name), name longer than 32 bytes; then MixHash(02 || x of responder). */
void fips_symmetric_init(struct fips_symmetric *s, const char *name,
                         const uint8_t responder_pub[33]);

/* h = SHA-256(h || data). */
void fips_symmetric_mix_hash(struct fips_symmetric *s, const uint8_t *data, size_t n);

/* ck, k = HKDF2(ck, dh); n = 0. */
void fips_symmetric_mix_key(struct fips_symmetric *s, const uint8_t dh[32]);

/* MixKey of DH(secret, pub).  False, state unchanged: one of the keys is none. */
bool fips_symmetric_mix_dh(struct fips_symmetric *s, const struct fips_curve *curve,
                           const uint8_t secret[FIPS_SECRET_LEN], const uint8_t pub[FIPS_PUB_LEN]);

/* Write the public key of our ephemeral secret and hash it.  False, state unchanged: the secret
 * is out of range. */
bool fips_symmetric_put_ephemeral(struct fips_symmetric *s, const struct fips_curve *curve,
                                  const uint8_t secret[FIPS_SECRET_LEN],
                                  uint8_t out[FIPS_PUB_LEN]);

/* Take the other side's ephemeral key and hash it.  Whether it is a point, the DH that follows
 * finds out. */
void fips_symmetric_get_ephemeral(struct fips_symmetric *s, const uint8_t in[FIPS_PUB_LEN],
                                  uint8_t pub[FIPS_PUB_LEN]);

/* Seal n bytes of text into n + 16 at out and hash them. */
void fips_symmetric_seal(struct fips_symmetric *s, const uint8_t *text, size_t n, uint8_t *out);

/* Open n sealed bytes (16 of them the tag) into n - 16 at out and hash the sealed ones.  False
 * when the tag does not hold: the state is then as it was. */
bool fips_symmetric_open(struct fips_symmetric *s, const uint8_t *sealed, size_t n, uint8_t *out);

/* k1, k2 = HKDF2(ck, nothing): initiator to responder, responder to initiator. */
void fips_symmetric_split(const struct fips_symmetric *s, uint8_t k1[32], uint8_t k2[32]);

#endif
