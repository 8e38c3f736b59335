/* ether.c - data and beacons in Ethernet frames; see ether.h. */

#include "fips/wire/ether.h"

#include <string.h>

#include "core/wire.h"

enum { DATA, BEACON }; /* first bytes */

#define BEACON_VERSION 1

static enum fips_ether check_beacon(const uint8_t *bytes, size_t n)
{
	if (n >= 2 && bytes[1] != BEACON_VERSION)
		return FIPS_ETHER_VERSION;
	return n < FIPS_BEACON_LEN ? FIPS_ETHER_SHORT : FIPS_ETHER_BEACON;
}

enum fips_ether fips_ether_check(const uint8_t *bytes, size_t n, uint16_t mtu, uint16_t *len)
{
	*len = 0;
	if (n && bytes[0] == BEACON)
		return check_beacon(bytes, n);
	if (n && bytes[0] != DATA)
		return FIPS_ETHER_KIND;
	if (n < FIPS_ETHER_HEAD || mr_le16(bytes + 1) > n - FIPS_ETHER_HEAD)
		return FIPS_ETHER_SHORT;
	if (mr_le16(bytes + 1) > mtu)
		return FIPS_ETHER_LONG;
	*len = mr_le16(bytes + 1);
	return FIPS_ETHER_DATA;
}

void fips_ether_head_build(uint8_t out[FIPS_ETHER_HEAD], uint16_t len)
{
	out[0] = DATA;
	mr_to_le16(out + 1, len);
}

void fips_beacon_build(uint8_t out[FIPS_BEACON_LEN], const uint8_t xonly[FIPS_BEACON_KEY])
{
	out[0] = BEACON;
	out[1] = BEACON_VERSION;
	memcpy(out + FIPS_BEACON_AT_KEY, xonly, FIPS_BEACON_KEY);
}
