/* forwards.h - the destinations of others whose next hop has been given to the data plane (mesh.md
 * 5.3).
 *
 *     first datagram to D -> FORWARD(D)  -> decided: D leaves by the link to P  -> installed
 *     what D's hop was chosen by changes -> decided again: another hop, or none -> replaced, or
 *                                                                                  taken back
 *     nobody sends to D for a while      ----------------------------------------> taken back
 *
 * Neighbours are not in it: the data plane knows them as such.  What has no next hop is not in it
 * either.
 *
 * Anybody may send to any address, so the table is bounded and the hash is keyed.  Who is one too
 * many takes the place of a stranger before that of a node we know, and among these of the one sent
 * to longest ago.  When that was, the data plane knows; it is asked once a second.
 *
 * Decisions have the generation of what they were made from (nexthop.h).  When it moves on, all are
 * walked again, as many a call as the caller likes; those made meanwhile are not walked again.
 *
 * All memory is taken at open; one owner, one thread.
 */
#ifndef FIPS_NODE_FORWARDS_H
#define FIPS_NODE_FORWARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rand.h"
#include "fips/noise/address.h"

#define FIPS_FORWARDS_MAX 4096 /* destinations at a time, unless told otherwise */

struct fips_forward {
	struct fips_addr dest;
	struct fips_addr hop;   /* the neighbour                                      */
	uint64_t         used;  /* ns: made, or last sent to as far as is known       */
	uint8_t          route; /* enum fips_route                                    */
	bool             known; /* no stranger                                        */
	uint32_t         chain; /* next of its bucket: index + 1; 0: none             */
};

struct fips_forwards {
	/* const after open */
	unsigned max;
	uint64_t secret[2];      /* of the hash                                       */
	uint32_t mask;           /* buckets - 1                                       */

	unsigned             n;  /* [0, max]                                          */
	struct fips_forward *at; /* owned, max; those in use are the first n          */
	uint32_t            *buckets; /* owned, mask + 1: index + 1; 0: empty         */
	uint64_t decided;        /* generation that all are of, those below `left` left out */
	unsigned left;           /* [0, n]: so many are still to be walked            */
};

/* At most max destinations, 1 and more.  False: no memory; *f is then closed. */
bool fips_forwards_open(struct fips_forwards *f, unsigned max, const struct mr_rand *rand);
void fips_forwards_close(struct fips_forwards *f);

/* NULL: not there.  Valid until the next drop. */
struct fips_forward *fips_forwards_find(const struct fips_forwards *f,
                                        const struct fips_addr *dest);

/* A destination that is not there yet, used at `now`; there must be room (n < max). */
struct fips_forward *fips_forwards_add(struct fips_forwards *f, const struct fips_addr *dest,
                                       uint64_t now);

/* Who makes room for another; NULL: nobody is there. */
struct fips_forward *fips_forwards_victim(const struct fips_forwards *f);

/* The last one takes its place in the array: who walks that goes from its end to its beginning. */
void fips_forwards_drop(struct fips_forwards *f, struct fips_forward *e);

/* Is any of them decided by an older generation than this? */
bool fips_forwards_behind(const struct fips_forwards *f, uint64_t generation);

/* The next one that is, to be decided now or dropped; NULL: none is left. */
struct fips_forward *fips_forwards_next(struct fips_forwards *f, uint64_t generation);

#endif
