/* nudge.h - events that packets bring about, and no more of them than control can use.
 *
 * Packets come by the million; events go to one thread by a small ring, where others wait to be
 * told too.  What is told about one node is told again after MR_NUDGE_GAP at the earliest.  Only
 * for what the next packet tells as well, or the tick finds. */
#ifndef MR_STAGES_NUDGE_H
#define MR_STAGES_NUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "fips/noise/address.h"

#define MR_NUDGE_GAP    (100 * MR_NS_PER_MS)
#define MR_NUDGE_NODES  64 /* remembered; an address is a hash, so any byte of it will do */
#define MR_NUDGE_PUSHES 32 /* in a gap, of nodes that another's place is taken for        */

struct mr_nudged {
	struct fips_addr node;
	uint64_t         at;   /* ns, the last event; 0: none */
};

/* All zero: nothing has been told.  One owner. */
struct mr_nudges {
	struct mr_nudged last[MR_NUDGE_NODES];
	uint64_t         since;  /* ns, the first of the pushes that are counted */
	unsigned         pushes; /* since then, [0, MR_NUDGE_PUSHES]             */
};

/* One node is as good as another, but two that take turns are not told of without end. */
static inline bool mr_nudge_push(struct mr_nudges *n, uint64_t now)
{
	if (now - n->since >= MR_NUDGE_GAP) {
		n->since = now;
		n->pushes = 0;
	}
	if (n->pushes == MR_NUDGE_PUSHES)
		return false;
	n->pushes++;
	return true;
}

/* May an event about this node be told at `now`?  If so, it counts as told. */
static inline bool mr_nudge(struct mr_nudges *n, const struct fips_addr *node, uint64_t now)
{
	struct mr_nudged *last = &n->last[node->b[1] % MR_NUDGE_NODES];

	if (last->at && now - last->at < MR_NUDGE_GAP &&
	    (fips_addr_eq(&last->node, node) || !mr_nudge_push(n, now)))
		return false;
	*last = (struct mr_nudged){ *node, now };
	return true;
}

#endif
