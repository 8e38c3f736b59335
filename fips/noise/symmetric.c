/* symmetric.c - chaining key, transcript hash and handshake AEAD. */
#include "fips/noise/symmetric.h"

#include <string.h>

#include "core/aead.h"
#include "core/hash.h"

void fips_symmetric_init(struct fips_symmetric *s, const char *name,
                         const uint8_t responder_pub[33])
{
	uint8_t even[33];

	memset(s, 0, sizeof *s);
	mr_sha256(name, strlen(name), s->ck);
	memcpy(s->h, s->ck, sizeof s->h);
	even[0] = 0x02;
	memcpy(even + 1, responder_pub + 1, 32);
	fips_symmetric_mix_hash(s, even, sizeof even);
}

void fips_symmetric_mix_hash(struct fips_symmetric *s, const uint8_t *data, size_t n)
{
	mr_sha256_pair(s->h, sizeof s->h, data, n, s->h);
}

void fips_symmetric_mix_key(struct fips_symmetric *s, const uint8_t dh[32])
{
	mr_hkdf2(s->ck, dh, 32, s->ck, s->k);
	s->n = 0;
}

bool fips_symmetric_mix_dh(struct fips_symmetric *s, const struct fips_curve *curve,
                           const uint8_t secret[FIPS_SECRET_LEN], const uint8_t pub[FIPS_PUB_LEN])
{
	uint8_t dh[FIPS_DH_LEN];

	if (!curve->ecdh(curve->self, secret, pub, dh))
		return false;
	fips_symmetric_mix_key(s, dh);
	mr_wipe(dh, sizeof dh);
	return true;
}

bool fips_symmetric_put_ephemeral(struct fips_symmetric *s, const struct fips_curve *curve,
                                  const uint8_t secret[FIPS_SECRET_LEN],
                                  uint8_t out[FIPS_PUB_LEN])
{
	if (!curve->public_key(curve->self, secret, out))
		return false;
	fips_symmetric_mix_hash(s, out, FIPS_PUB_LEN);
	return true;
}

void fips_symmetric_get_ephemeral(struct fips_symmetric *s, const uint8_t in[FIPS_PUB_LEN],
                                  uint8_t pub[FIPS_PUB_LEN])
{
	memcpy(pub, in, FIPS_PUB_LEN);
	fips_symmetric_mix_hash(s, in, FIPS_PUB_LEN);
}

void fips_symmetric_seal(struct fips_symmetric *s, const uint8_t *text, size_t n, uint8_t *out)
{
	mr_aead_seal_one(s->k, s->n++, NULL, 0, text, n, out);
	fips_symmetric_mix_hash(s, out, n + MR_AEAD_TAG);
}

bool fips_symmetric_open(struct fips_symmetric *s, const uint8_t *sealed, size_t n, uint8_t *out)
{
	if (!mr_aead_open_one(s->k, s->n, NULL, 0, sealed, n, out))
		return false;
	s->n++;
	fips_symmetric_mix_hash(s, sealed, n);
	return true;
}

void fips_symmetric_split(const struct fips_symmetric *s, uint8_t k1[32], uint8_t k2[32])
{
	mr_hkdf2(s->ck, NULL, 0, k1, k2);
}
