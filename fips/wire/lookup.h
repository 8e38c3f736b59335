/* lookup.h - asking where a node is, and its answer (mesh.md 4.1, 4.2).
 *
 *   request  30 | id (8) | target (16) | origin (16) | ttl (1) | min_mtu (2) | origin's coordinates
 *   response 31 | id (8) | target (16) | path_mtu (2) | target's coordinates | proof (64)
 *                '------ signed -----'               '------ signed ------'
 *
 * Both are link messages: offsets count from the type byte, integers are little-endian.  A request
 * is written anew at each hop, with a ttl one lower; of a response a hop changes path_mtu alone, in
 * place.  What stands behind the last field is ignored and goes no further.  Lists have one entry
 * at least (coords.h).
 *
 * The proof is the target's signature over id, target, and the list with its count.  It says that
 * the target was there when asked and which place in the tree it claimed; path_mtu is anybody's
 * word.
 */
#ifndef FIPS_WIRE_LOOKUP_H
#define FIPS_WIRE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/noise/curve.h"
#include "fips/wire/coords.h"

#define FIPS_LOOKUP_TTL      64    /* of a request, at its origin                    */
#define FIPS_LOOKUP_MTU_NONE 65535 /* path_mtu before any link has lowered it        */

/* Whole messages with n coordinates, type byte included. */
#define FIPS_LOOKUP_REQUEST_LEN(n)  (44 + FIPS_COORDS_LEN(n))
#define FIPS_LOOKUP_RESPONSE_LEN(n) (27 + FIPS_COORDS_LEN(n) + FIPS_SIG_LEN)

/* Where path_mtu of a response lies. */
enum { FIPS_LOOKUP_AT_PATH_MTU = 25 };

struct fips_lookup_request {
	uint64_t           id;      /* drawn for each attempt                         */
	struct fips_addr   target;  /* who is looked for                              */
	struct fips_addr   origin;  /* who asks; nobody vouches for it                */
	uint8_t            ttl;
	uint16_t           min_mtu; /* sent 0, ignored                                */
	struct fips_coords coords;  /* origin's, borrowed; ignored                    */
};

struct fips_lookup_response {
	uint64_t           id;
	struct fips_addr   target;
	uint16_t           path_mtu; /* smallest link MTU on the way back             */
	struct fips_coords coords;   /* target's, borrowed                            */
	const uint8_t     *proof;    /* FIPS_SIG_LEN bytes, borrowed                  */
};

/* Take a message apart.  False when it is of another type, short, or has no coordinates: drop. */
bool fips_lookup_request_parse(const uint8_t *message, size_t n, struct fips_lookup_request *out);
bool fips_lookup_response_parse(const uint8_t *message, size_t n, struct fips_lookup_response *out);

/* Build into room bytes.  Returns the length, or 0 when it does not fit or a list is empty or too
 * long.  A response without proof leaves room for it, zeroed: it is the last FIPS_SIG_LEN bytes. */
size_t fips_lookup_request_build(uint8_t *out, size_t room,
                                 const struct fips_lookup_request *request);
size_t fips_lookup_response_build(uint8_t *out, size_t room,
                                  const struct fips_lookup_response *response);

/* What the proof of this response signs: SHA-256 of the signed bytes.
 * Does not look at the proof. */
void fips_lookup_digest(const struct fips_lookup_response *response, uint8_t digest[32]);

/* path_mtu of a response that parses, lowered in place to that of the link it leaves by. */
void fips_lookup_fold(uint8_t *response, uint16_t link_mtu);

#endif
