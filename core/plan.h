/* plan.h - from a checked graph to what has to be built: replicas, rings, room rules, pools.
 *
 * Plain data again: no threads, nothing opened.  `millrace check` prints it, the engine builds it.
 *
 * Room rule.  Before an input is served, every ring that the call can fill must have room for the
 * whole vectors that may reach it: the plan lists, for each source of calls (an input fed by a ring,
 * or a stage's pull), each `wait` ring with the number of vectors, summed over all inline ways.
 */
#ifndef MR_CORE_PLAN_H
#define MR_CORE_PLAN_H

#include "core/graph.h"

struct mr_need {
	unsigned ring;    /* index in rings                                    */
	unsigned vectors; /* whole vectors one call may put into it, at most   */
};

struct mr_needs {
	struct mr_need need[MR_EDGES_MAX];
	unsigned       n;
	/* Inputs that a call may reach by inline `wait` ways and that may hold (stage, input). */
	struct { unsigned stage, input; } gate[MR_EDGES_MAX];
	unsigned       gates;
};

struct mr_plan_ring {
	unsigned edge;      /* index in graph->edge                       */
	unsigned producer;  /* worker                                     */
	unsigned consumer;  /* worker                                     */
	uint32_t depth;     /* packets                                    */
};

struct mr_plan_pool {
	uint32_t packets; /* 0: this worker makes none */
	uint32_t size;    /* bytes a buffer            */
};

struct mr_plan {
	const struct mr_graph *graph; /* borrowed */
	unsigned               workers;
	struct mr_plan_ring    ring[MR_EDGES_MAX];
	unsigned               rings;
	struct mr_plan_pool    pool[MR_WORKERS_MAX];
	/* [stage][input], and [stage][MR_PORTS_MAX] for pull */
	struct mr_needs      (*needs)[MR_PORTS_MAX + 1]; /* owned, one row a stage */
};

/* view_max: largest view a packet may have (IP packet or frame), in bytes.  Complains and returns
 * NULL when an edge is too shallow for what may reach it, or a cycle of `wait` edges exists. */
struct mr_plan *mr_plan_make(const struct mr_graph *g, uint32_t view_max, struct mr_report *report);
void mr_plan_free(struct mr_plan *p);
void mr_plan_print(const struct mr_plan *p, FILE *out);

#endif
