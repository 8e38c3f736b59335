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

#define MR_NUDGE_GAP   (100 * MR_NS_PER_MS)
#define MR_NUDGE_NODES 64 /* told apart; an address is a hash, so any byte of it will do */

/* All zero: nothing has been told.  One owner. */
struct mr_nudges {
	uint64_t at[MR_NUDGE_NODES]; /* ns, the last event; 0: none */
};

/* May an event about this node be told at `now`?  If so, it counts as told. */
static inline bool mr_nudge(struct mr_nudges *n, const struct fips_addr *node, uint64_t now)
{
	uint64_t *at = &n->at[node->b[1] % MR_NUDGE_NODES];

	if (*at && now - *at < MR_NUDGE_GAP)
		return false;
	*at = now;
	return true;
}

#endif
