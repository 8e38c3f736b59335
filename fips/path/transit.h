/* transit.h - what a node on the way does to a SessionDatagram (session.md 1.3).
 *
 * Two fields of the envelope change, in place: ttl goes down by one and path_mtu is lowered to the
 * outgoing link's.  No other byte of the datagram does.  CE lives in the link frame that carries
 * it: it is set on the way out when it was set on the way in or the link out is congested.
 */
#ifndef FIPS_PATH_TRANSIT_H
#define FIPS_PATH_TRANSIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/wire/datagram.h"

enum fips_transit {
	FIPS_TRANSIT_FORWARD,
	FIPS_TRANSIT_EXPIRED, /* would leave with ttl 0: drop in silence              */
	FIPS_TRANSIT_TOO_BIG, /* larger than the link out: drop, MtuExceeded          */
};

/* Step 4, before the next hop is known: ttl down by one, and never above what originators use
 * (mesh.md 11).  datagram is FIPS_DATAGRAM_HEAD bytes or more, parsed before. */
enum fips_transit fips_transit_ttl(uint8_t *datagram);

/* Would it leave with ttl 0? */
static inline bool fips_transit_last(const uint8_t *datagram)
{
	return datagram[FIPS_DATAGRAM_AT_TTL] <= 1;
}

/* Steps 6 and 8, for a datagram of n bytes and a link out with this MTU (largest whole frame). */
enum fips_transit fips_transit_mtu(uint8_t *datagram, size_t n, uint16_t link_mtu);

/* Step 7. */
static inline bool fips_transit_ce(bool ce_in, bool congested)
{
	return ce_in || congested;
}

/* May an error signal answer this datagram?  Never one that carries a signal itself. */
bool fips_transit_answerable(const uint8_t *datagram, size_t n);

#endif
