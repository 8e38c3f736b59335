/* plan_parts.h - the parts of making a plan, in the order mr_plan_make calls them; for plan*.c
 * only.
 *
 *     plan.c          workers, replicas and rings, from places and edges
 *     plan_rules.c    room rules: the rings that a call may fill, and with how much
 *     plan_window.c   numbers on the way, where several replicas number under one key
 *     plan_pools.c    packets of each worker: what rings, kept packets and a turn may hold at once
 *
 * Main only.
 */
#ifndef MR_CORE_PLAN_PARTS_H
#define MR_CORE_PLAN_PARTS_H

#include "core/plan.h"

/* Fill in needs, and check depths against them.  False: no memory; complains of the rest. */
bool mr_plan_rules(struct mr_plan *p, struct mr_report *report);

/* Where several replicas number under one key:
 * may more be on the way than a receiver looks back? */
void mr_plan_window(const struct mr_plan *p, struct mr_report *report);

/* Fill in pools.  False: no memory. */
bool mr_plan_pools(struct mr_plan *p, uint32_t view_max);

#endif
