/* shim.h - IPv6 without what the session knows already (session.md 2.8 and 6.1).
 *
 * Both addresses of a mesh packet follow from the session and the payload length from the frame,
 * so 7 bytes travel for the 40 of the header:
 *
 *     format 00 (1) | bytes 0-3 of the IPv6 header (4) | next header (1) | hop limit (1) | payload
 *
 * The payload never moves.  Where an IPv6 packet begins at ip, its shim begins at ip + 33: the
 * header is overwritten from behind, and the 33 bytes in front become room for the headers of the
 * layers below.  The way back writes the 40 header bytes in front of the payload, over headers
 * that are used up.
 *
 *     ip            ip + 33   ip + 40
 *     | IPv6 header     | shim | payload ...
 */
#ifndef FIPS_WIRE_SHIM_H
#define FIPS_WIRE_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"

#define FIPS_IPV6_HEAD  40
#define FIPS_SHIM_HEAD  7
#define FIPS_SHIM_SAVED (FIPS_IPV6_HEAD - FIPS_SHIM_HEAD) /* 33 */

/* What both layers put around an IPv6 packet without coordinates (session.md 5.4, 6.1). */
#define FIPS_IPV6_HEADROOM                                                                   \
	(FIPS_LINK_HEAD + FIPS_LINK_STAMP + FIPS_DATAGRAM_HEAD + FIPS_FSP_HEAD +             \
	 FIPS_FSP_INNER + FIPS_FSP_PORTS - FIPS_SHIM_SAVED)                     /* 45 */
#define FIPS_IPV6_TAILROOM (2 * FIPS_TAG)                                       /* 32 */
#define FIPS_IPV6_OVERHEAD (FIPS_IPV6_HEADROOM + FIPS_IPV6_TAILROOM)            /* 77 */
/* The same around the service payload of any other port. */
#define FIPS_DATA_OVERHEAD                                                                   \
	(FIPS_LINK_OVERHEAD + FIPS_DATAGRAM_HEAD + FIPS_FSP_OVERHEAD + FIPS_FSP_PORTS) /* 110 */

/* Can these n bytes be compressed: 40 bytes or more, version nibble 6? */
bool fips_shim_fits(const uint8_t *ip, size_t n);

/* The 7 bytes for a packet that fits.  out may lie inside the header, as at ip + 33. */
void fips_shim_head(const uint8_t ip[FIPS_IPV6_HEAD], uint8_t out[FIPS_SHIM_HEAD]);

/* In place: false when it does not fit, else the shim and payload are the n - 33 bytes from
 * ip + 33 on.  The IPv6 length field is not looked at: all n bytes count. */
bool fips_shim_compress(uint8_t *ip, size_t n);

/* In place: shim is the n bytes behind the ports, src and dest the session's node addresses.
 * Writes the 40 bytes from shim - 33 on, which the caller must own, and nothing else; the packet
 * is the n + 33 bytes from there.  False below 7 bytes, for a format other than 00, or a payload
 * above 65535 bytes: drop, nothing written. */
bool fips_shim_decompress(uint8_t *shim, size_t n, const struct fips_addr *src,
                          const struct fips_addr *dest);

#endif
