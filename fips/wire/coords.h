/* coords.h - coordinate lists: the way from a node up to the root of the tree (session.md 0).
 *
 *     count (2, LE) | count node addresses of 16 bytes: the node itself first, the root last
 *
 * Lists are read as borrowed views and written from addresses.  The wire knows no maximum; 255
 * entries are accepted here.  Whether a list may be empty depends on the message it is in: in
 * SessionSetup and SessionAck it may not, elsewhere it may.
 */
#ifndef FIPS_WIRE_COORDS_H
#define FIPS_WIRE_COORDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire.h"
#include "fips/noise/address.h"

#define FIPS_COORDS_MAX 255

/* Bytes of a list with n entries. */
#define FIPS_COORDS_LEN(n) (2 + (size_t)FIPS_ADDR_LEN * (n))

struct fips_coords {
	const uint8_t *at; /* count addresses, 16 bytes each, borrowed; NULL when none */
	unsigned       count; /* [0, FIPS_COORDS_MAX]                                  */
};

/* Entry i, i < count. */
static inline struct fips_addr fips_coords_entry(const struct fips_coords *c, unsigned i)
{
	return fips_addr_at(c->at + (size_t)FIPS_ADDR_LEN * i);
}

/* Read a list with at least min entries (0 or 1).  One that is truncated, too short or too long
 * makes the cursor bad; *c is then empty. */
void fips_coords_get(struct mr_wire *in, unsigned min, struct fips_coords *c);

/* Write a list.  More than FIPS_COORDS_MAX entries make the cursor bad. */
void fips_coords_put(struct mr_wire *out, const struct fips_coords *c);

/* A view of addresses kept in memory, ready to be written. */
static inline struct fips_coords fips_coords_of(const struct fips_addr *list, unsigned count)
{
	return (struct fips_coords){ .at = count ? list->b : NULL, .count = count };
}

#endif
