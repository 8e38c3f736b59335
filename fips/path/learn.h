/* learn.h - what a datagram that passes by tells about where its two ends are (mesh.md 6.2).
 *
 * SessionSetup and SessionAck carry the coordinates of source and destination; so do sealed
 * messages that have CP set, in clear between header and ciphertext.  Every node on the way reads
 * them, so that it can send on what comes later without them.  Nobody vouches for any of it.
 *
 * Lists are borrowed views of the payload; nothing is copied or allocated.  What says nothing, or
 * is malformed, is sent on all the same.
 */
#ifndef FIPS_PATH_LEARN_H
#define FIPS_PATH_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/wire/coords.h"

enum fips_learn {
	FIPS_LEARN_NOTHING,   /* no lists, or empty ones                             */
	FIPS_LEARN_LISTS,     /* one at least                                        */
	FIPS_LEARN_MALFORMED, /* CP is set, and the lists do not parse: to be counted */
};

struct fips_learned {
	struct fips_coords src, dest; /* empty: nothing learnt of that end           */
};

/* Read the payload of a datagram: n bytes of one FSP message.
 * *out is empty unless it has lists. */
enum fips_learn fips_learn(const uint8_t *payload, size_t n, struct fips_learned *out);

/* The same for a whole datagram that parsed (FIPS_DATAGRAM_HEAD bytes or more), keeping only a list
 * that begins with the address it is to be stored for. */
enum fips_learn fips_learn_datagram(const uint8_t *datagram, size_t n, struct fips_learned *out);

#endif
