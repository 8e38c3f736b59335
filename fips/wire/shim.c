/* shim.c - the IPv6 header taken off and put back. */
#include "fips/wire/shim.h"

#include <string.h>

#include "core/wire.h"

enum {
	FORMAT      = 0x00,
	/* in the IPv6 header */
	AT_LENGTH   = 4,
	AT_NEXT     = 6,
	AT_HOPS     = 7,
	AT_SRC      = 8,
	AT_DEST     = 24,
	/* in the shim */
	SHIM_FIRST4 = 1,
	SHIM_NEXT   = 5,
	SHIM_HOPS   = 6,
};

bool fips_shim_fits(const uint8_t *ip, size_t n)
{
	return n >= FIPS_IPV6_HEAD && ip[0] >> 4 == 6;
}

void fips_shim_head(const uint8_t ip[FIPS_IPV6_HEAD], uint8_t out[FIPS_SHIM_HEAD])
{
	uint8_t shim[FIPS_SHIM_HEAD];

	shim[0] = FORMAT;
	memcpy(shim + SHIM_FIRST4, ip, 4);
	shim[SHIM_NEXT] = ip[AT_NEXT];
	shim[SHIM_HOPS] = ip[AT_HOPS];
	memcpy(out, shim, sizeof shim);
}

bool fips_shim_compress(uint8_t *ip, size_t n)
{
	if (!fips_shim_fits(ip, n))
		return false;
	fips_shim_head(ip, ip + FIPS_SHIM_SAVED);
	return true;
}

bool fips_shim_decompress(uint8_t *shim, size_t n, const struct fips_addr *src,
                          const struct fips_addr *dest)
{
	uint8_t was[FIPS_SHIM_HEAD];
	uint8_t *ip;

	if (n < FIPS_SHIM_HEAD || shim[0] != FORMAT || n - FIPS_SHIM_HEAD > UINT16_MAX)
		return false;
	ip = shim - FIPS_SHIM_SAVED;
	memcpy(was, shim, sizeof was);
	memcpy(ip, was + SHIM_FIRST4, 4);
	ip[0] = (uint8_t)((ip[0] & 0x0f) | 0x60);
	mr_to_be16(ip + AT_LENGTH, (uint16_t)(n - FIPS_SHIM_HEAD));
	ip[AT_NEXT] = was[SHIM_NEXT];
	ip[AT_HOPS] = was[SHIM_HOPS];
	fips_addr_to_ipv6(src, ip + AT_SRC);
	fips_addr_to_ipv6(dest, ip + AT_DEST);
	return true;
}
