/* via.h - where a neighbour is reached: a transport address that nothing in fips/ looks into.
 *
 * The stages make it from the source of a datagram (a sockaddr image) and give it back as the
 * destination of others.  Here it is carried, compared and replaced.  Unused bytes are zero, so
 * that two addresses are the same when all 32 bytes are.
 */
#ifndef FIPS_PATH_VIA_H
#define FIPS_PATH_VIA_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct fips_via {
	uint16_t instance; /* which configured transport                          */
	uint16_t len;      /* bytes of sock in use; 0: no address                 */
	uint8_t  sock[28]; /* sockaddr_in or sockaddr_in6 image, zeros behind len */
} __attribute__((aligned(4)));

_Static_assert(sizeof(struct fips_via) == 32, "a via fits an event's bytes");

static inline bool fips_via_eq(const struct fips_via *a, const struct fips_via *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

#endif
