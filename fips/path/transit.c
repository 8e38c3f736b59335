/* transit.c - ttl and path MTU of a datagram that goes on, in place. */
#include "fips/path/transit.h"

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"

enum fips_transit fips_transit_ttl(uint8_t *datagram)
{
	uint8_t *ttl = datagram + FIPS_DATAGRAM_AT_TTL;

	if (*ttl > 0)
		*ttl = (uint8_t)(*ttl - 1);
	if (*ttl > FIPS_DATAGRAM_TTL)
		*ttl = FIPS_DATAGRAM_TTL;
	return *ttl > 0 ? FIPS_TRANSIT_FORWARD : FIPS_TRANSIT_EXPIRED;
}

enum fips_transit fips_transit_mtu(uint8_t *datagram, size_t n, uint16_t link_mtu)
{
	uint8_t *path_mtu = datagram + FIPS_DATAGRAM_AT_PATH_MTU;

	if (n + FIPS_LINK_OVERHEAD > link_mtu)
		return FIPS_TRANSIT_TOO_BIG;
	if (mr_le16(path_mtu) > link_mtu)
		mr_to_le16(path_mtu, link_mtu);
	return FIPS_TRANSIT_FORWARD;
}

bool fips_transit_answerable(const uint8_t *datagram, size_t n)
{
	if (n < FIPS_DATAGRAM_HEAD)
		return false;
	return fips_fsp_check(datagram + FIPS_DATAGRAM_HEAD, n - FIPS_DATAGRAM_HEAD) !=
	       FIPS_FSP_SIGNAL;
}
