/* ecn.h - congestion met on the mesh, told to the inner packet (session.md 5.7, RFC 6040).
 *
 * A sender that announced ECN finds CE in the traffic class; for one that did not nothing changes.
 * No checksum covers these bits.
 */
#ifndef FIPS_PATH_ECN_H
#define FIPS_PATH_ECN_H

#include <stdint.h>

#define FIPS_ECN_BITS 0x30 /* of byte 1 of an IPv6 header: the two low bits of the class */

/* The link frame that delivered this IPv6 packet (40 bytes or more) carried CE. */
static inline void fips_ecn_mark(uint8_t *ip)
{
	if (ip[1] & FIPS_ECN_BITS)
		ip[1] |= FIPS_ECN_BITS;
}

#endif
