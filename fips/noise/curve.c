/* curve.c - the curve operations over libsecp256k1, which stays inside this file. */
#include "fips/noise/curve.h"

#include <string.h>

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "core/hash.h"

static bool public_key(void *self, const uint8_t secret[FIPS_SECRET_LEN], uint8_t pub[FIPS_PUB_LEN])
{
	secp256k1_pubkey point;
	size_t len = FIPS_PUB_LEN;

	if (!secp256k1_ec_pubkey_create(self, &point, secret))
		return false;
	return secp256k1_ec_pubkey_serialize(self, pub, &len, &point, SECP256K1_EC_COMPRESSED);
}

static bool check_point(void *self, const uint8_t pub[FIPS_PUB_LEN])
{
	secp256k1_pubkey point;

	return secp256k1_ec_pubkey_parse(self, &point, pub, FIPS_PUB_LEN);
}

/* The library's own hash covers a parity byte; FIPS wants x alone. */
static int hash_of_x(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data)
{
	(void)y;
	(void)data;
	mr_sha256(x, 32, out);
	return 1;
}

static bool ecdh(void *self, const uint8_t secret[FIPS_SECRET_LEN], const uint8_t pub[FIPS_PUB_LEN],
                 uint8_t out[FIPS_DH_LEN])
{
	secp256k1_pubkey point;
	uint8_t shared[FIPS_DH_LEN];
	bool ok;

	if (!secp256k1_ec_pubkey_parse(self, &point, pub, FIPS_PUB_LEN))
		return false;
	ok = secp256k1_ecdh(self, shared, &point, secret, hash_of_x, NULL);
	if (ok)
		memcpy(out, shared, sizeof shared);
	mr_wipe(shared, sizeof shared);
	return ok;
}

static bool sign(void *self, const uint8_t secret[FIPS_SECRET_LEN], const uint8_t digest[32],
                 const uint8_t aux[32], uint8_t sig[FIPS_SIG_LEN])
{
	secp256k1_keypair pair;
	uint8_t made[FIPS_SIG_LEN];
	bool ok;

	ok = secp256k1_keypair_create(self, &pair, secret) &&
	     secp256k1_schnorrsig_sign32(self, made, digest, &pair, aux);
	if (ok)
		memcpy(sig, made, sizeof made);
	mr_wipe(&pair, sizeof pair);
	return ok;
}

static bool verify(void *self, const uint8_t xonly[FIPS_XONLY_LEN], const uint8_t digest[32],
                   const uint8_t sig[FIPS_SIG_LEN])
{
	secp256k1_xonly_pubkey key;

	return secp256k1_xonly_pubkey_parse(self, &key, xonly) &&
	       secp256k1_schnorrsig_verify(self, sig, digest, 32, &key);
}

static void close_context(void *self)
{
	secp256k1_context_destroy(self);
}

struct fips_curve fips_curve_secp256k1(void)
{
	return (struct fips_curve){
		.self = secp256k1_context_create(SECP256K1_CONTEXT_NONE),
		.public_key = public_key,
		.check_point = check_point,
		.ecdh = ecdh,
		.sign = sign,
		.verify = verify,
		.close = close_context,
	};
}

void fips_curve_close(struct fips_curve *curve)
{
	if (curve->close)
		curve->close(curve->self);
	memset(curve, 0, sizeof *curve);
}
