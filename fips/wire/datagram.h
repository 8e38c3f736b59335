/* datagram.h - SessionDatagram, the envelope of everything that goes end to end (session.md 1).
 *
 *     type 00 (1) | ttl (1) | path_mtu (2, LE) | src (16) | dest (16) | payload to the end
 *
 * It is a link message: offsets count from its type byte.  A transit node changes ttl and
 * path_mtu, in place, and nothing else.  src is a plain field: only the last hop is authentic.
 */
#ifndef FIPS_WIRE_DATAGRAM_H
#define FIPS_WIRE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"

#define FIPS_DATAGRAM_HEAD 36 /* type byte included                          */
#define FIPS_DATAGRAM_TTL  64 /* hop limit of an originator                  */

/* Where the fields of the envelope lie, for rewriting in place. */
enum {
	FIPS_DATAGRAM_AT_TTL      = 1,
	FIPS_DATAGRAM_AT_PATH_MTU = 2,
	FIPS_DATAGRAM_AT_SRC      = 4,
	FIPS_DATAGRAM_AT_DEST     = 20,
};

struct fips_datagram {
	uint8_t          ttl;
	uint16_t         path_mtu; /* smallest link MTU met so far            */
	struct fips_addr src;
	struct fips_addr dest;
	const uint8_t   *payload;  /* one FSP message, borrowed               */
	size_t           payload_len;
};

/* Take a link message apart.  False when it is below 36 bytes or of another type: drop.  An empty
 * payload is fine here. */
bool fips_datagram_parse(const uint8_t *message, size_t n, struct fips_datagram *out);

/* Write the 36 bytes of the envelope; payload is not looked at. */
void fips_datagram_build(uint8_t out[FIPS_DATAGRAM_HEAD], const struct fips_datagram *d);

#endif
