/* nexthop.h - which neighbour a datagram leaves by (mesh.md 5.3).
 *
 *     a neighbour itself                             it
 *     no coordinates of it are known                 nobody: look it up
 *     neighbours whose filter has it and that are    the cheapest link, then the nearest, then the
 *     nearer to it than we                           smallest address
 *     in its tree, a neighbour nearer than we        the nearest, then the smallest address
 *
 * Distance decreases with every hop, so as long as all nodes see one tree nothing goes in circles.
 *
 * A decision stays right until something it was made from changes: the paths, the filters, who can
 * send, what links cost.  Each such change moves the generation on, and a decision is kept in the
 * cache entry of its destination with its generation.  A cost that moved by up to a fifth is no
 * change (5.3, ours).
 *
 * Neighbours are slots.  All memory is taken at open; one owner, one thread.
 */
#ifndef FIPS_NODE_NEXTHOP_H
#define FIPS_NODE_NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/node/cache.h"
#include "fips/node/filters.h"
#include "fips/node/tree.h"

/* How the next hop lies in the tree; by the names of show_routing, each behind "route_"
 * (operations.md 4.3). */
enum fips_route {
	FIPS_ROUTE_DIRECT_PEER,       /* it is the destination                             */
	FIPS_ROUTE_TREE_UP,           /* our ancestor                                      */
	FIPS_ROUTE_TREE_DOWN,         /* our descendant, the destination below it          */
	FIPS_ROUTE_TREE_DOWN_CROSS,   /* our descendant, the destination not below it      */
	FIPS_ROUTE_CROSSLINK_DESCEND, /* neither; the destination below it                 */
	FIPS_ROUTE_CROSSLINK_ASCEND,  /* neither                                           */
	FIPS_ROUTES,
};

const char *fips_route_name(enum fips_route route);

/* Why there is no hop.  The signal to send follows from it (5.5). */
enum fips_nexthop_result {
	FIPS_NEXTHOP_FOUND,
	FIPS_NEXTHOP_SELF,      /* it is us                                                */
	FIPS_NEXTHOP_NO_COORDS, /* nothing is known of it: CoordsRequired, a lookup        */
	FIPS_NEXTHOP_NO_ROUTE,  /* coordinates are, and nobody is nearer: PathBroken       */
};

struct fips_nexthop {
	enum fips_nexthop_result result;
	unsigned                 peer;  /* FOUND: slot; else FIPS_NO_PEER                  */
	enum fips_route          route; /* valid when FOUND                                */
};

/* What a datagram meets on the way to a neighbour; the rest is in the tree. */
struct fips_nexthop_link {
	struct fips_addr addr;
	bool             sends;  /* its link is up; only then the rest is valid  */
	double           cost;   /* 1 while unmeasured (mesh.md 0)               */
	double           judged; /* as last told apart from what was decided with */
};

struct fips_nexthops {
	/* const after open, but for reserve; all borrowed but links */
	const struct fips_tree    *tree;
	const struct fips_filters *filters;
	struct fips_cache         *cache;
	struct fips_nexthop_link  *links;   /* owned, n_peers slots             */
	unsigned                   n_peers;

	uint64_t changes;                   /* of links: who sends, what it costs */
};

/* False: no memory; *h is then closed.  What is borrowed outlives it, and has that many slots. */
bool fips_nexthop_open(struct fips_nexthops *h, const struct fips_tree *tree,
                       const struct fips_filters *filters, struct fips_cache *cache,
                       unsigned peers);
void fips_nexthop_close(struct fips_nexthops *h); /* one that was never opened, zeroed, too */

/* Set-up: room for so many peers, if that is more.  False: no memory, nothing changed. */
bool fips_nexthop_reserve(struct fips_nexthops *h, unsigned peers);

/* The link to a peer is up, at a cost of 1, or down: nothing can be sent.  What it costs from now
 * on. */
void fips_nexthop_up(struct fips_nexthops *h, unsigned peer, const struct fips_addr *addr);
void fips_nexthop_down(struct fips_nexthops *h, unsigned peer);
void fips_nexthop_cost(struct fips_nexthops *h, unsigned peer, double cost);

/* Of all that a decision is made from but coordinates: never 0, never the same again after a
 * change. */
static inline uint64_t fips_nexthop_generation(const struct fips_nexthops *h)
{
	return 1 + h->changes + h->tree->generation + h->filters->generation;
}

/* NEXTHOP(dest).  Coordinates that were used live on. */
struct fips_nexthop fips_nexthop_to(struct fips_nexthops *h, const struct fips_addr *dest,
                                    uint64_t now);

#endif
