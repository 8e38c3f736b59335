#include "t/lib/small_curve.h"

#include <string.h>

#include "core/hash.h"

#define MODULUS ((UINT64_C(1) << 61) - 1)

static uint64_t times(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;
	uint64_t sum = (uint64_t)(product & MODULUS) + (uint64_t)(product >> 61);

	return sum >= MODULUS ? sum - MODULUS : sum;
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t result = 1;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = times(result, base);
		base = times(base, base);
	}
	return result;
}

static uint64_t number(const uint8_t at[8])
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | at[i];
	return v;
}

static uint64_t exponent(const uint8_t secret[FIPS_SECRET_LEN])
{
	return number(secret + 24) % (MODULUS - 2) + 1;
}

static void bytes(uint64_t v, uint8_t x[FIPS_XONLY_LEN])
{
	memset(x, 0, 24);
	for (unsigned i = 0; i < 8; i++)
		x[24 + i] = (uint8_t)(v >> (56 - 8 * i));
}

static bool public_key(void *self, const uint8_t secret[FIPS_SECRET_LEN], uint8_t pub[FIPS_PUB_LEN])
{
	(void)self;
	pub[0] = 2;
	bytes(power(37, exponent(secret)), pub + 1);
	return true;
}

static bool check_point(void *self, const uint8_t pub[FIPS_PUB_LEN])
{
	static const uint8_t zero[24];
	uint64_t x = number(pub + 25);

	(void)self;
	return (pub[0] == 2 || pub[0] == 3) && memcmp(pub + 1, zero, 24) == 0 && x > 0 &&
	       x < MODULUS;
}

static bool ecdh(void *self, const uint8_t secret[FIPS_SECRET_LEN],
                 const uint8_t pub[FIPS_PUB_LEN], uint8_t out[FIPS_DH_LEN])
{
	uint8_t x[FIPS_XONLY_LEN];

	if (!check_point(self, pub))
		return false;
	bytes(power(number(pub + 25), exponent(secret)), x);
	mr_sha256(x, sizeof x, out);
	return true;
}

/* Whoever knows the public key can make it. */
static void stamp(const uint8_t xonly[FIPS_XONLY_LEN], const uint8_t digest[32],
                  uint8_t sig[FIPS_SIG_LEN])
{
	mr_sha256_pair(xonly, FIPS_XONLY_LEN, digest, 32, sig);
	memset(sig + 32, 0x51, 32);
}

static bool sign(void *self, const uint8_t secret[FIPS_SECRET_LEN], const uint8_t digest[32],
                 const uint8_t aux[32], uint8_t sig[FIPS_SIG_LEN])
{
	uint8_t pub[FIPS_PUB_LEN];

	(void)aux;
	public_key(self, secret, pub);
	stamp(pub + 1, digest, sig);
	return true;
}

static bool verify(void *self, const uint8_t xonly[FIPS_XONLY_LEN], const uint8_t digest[32],
                   const uint8_t sig[FIPS_SIG_LEN])
{
	uint8_t want[FIPS_SIG_LEN];

	(void)self;
	stamp(xonly, digest, want);
	return memcmp(want, sig, sizeof want) == 0;
}

struct fips_curve small_curve(void)
{
	return (struct fips_curve){
		.public_key = public_key, .check_point = check_point, .ecdh = ecdh, .sign = sign,
		.verify = verify
	};
}
