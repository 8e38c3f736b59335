/* targets.h - who the packets of a vector are for, each named once.
 *
 * A vector holds packets of mixed targets in arrival order.  What is done for a target (look it up,
 * take its counters, count what left) is done once a vector, however its packets lie among those of
 * others, and the packets stay in their order:
 *
 *     packets    A  B  A  A  C  B         of[]      0  1  0  0  2  1
 *     targets    A  B  C                  handle[]  A  B  C
 *
 * The look-up is an open hash over bits of the handle, with at least half its places free.
 */
#ifndef MR_STAGES_TARGETS_H
#define MR_STAGES_TARGETS_H

#include <assert.h>
#include <string.h>

#include "core/pkt.h"

#define MR_TARGET_PLACES (2 * MR_VECTOR) /* a power of two */

struct mr_targets {
	unsigned n;                       /* targets, [0, MR_VECTOR]                  */
	uint64_t handle[MR_VECTOR];       /* [n]                                      */
	uint8_t  of[MR_VECTOR];           /* by packet: index of its target; caller's */
	uint8_t  place[MR_TARGET_PLACES]; /* index + 1, or 0                          */
};

static inline void mr_targets_begin(struct mr_targets *ts)
{
	ts->n = 0;
	memset(ts->place, 0, sizeof ts->place);
}

/* Index of the target with this handle; a new one is ts->n - 1 after the call.  At most MR_VECTOR
 * different handles. */
static inline unsigned mr_target(struct mr_targets *ts, uint64_t handle)
{
	unsigned at = (unsigned)(handle * 0x9e3779b97f4a7c15u >> 57);

	while (ts->place[at] && ts->handle[ts->place[at] - 1] != handle)
		at = (at + 1) % MR_TARGET_PLACES;
	if (!ts->place[at]) {
		assert(ts->n < MR_VECTOR);
		ts->handle[ts->n++] = handle;
		ts->place[at] = (uint8_t)ts->n;
	}
	return ts->place[at] - 1u;
}

#endif
