/* plan.h - from a checked graph to what has to be built: workers, replicas, rings, room rules,
 * pools.
 *
 * Plain data again: no threads, nothing opened.  `millrace check` prints it, the engine builds it.
 * Made and freed by main; in between it never changes.
 *
 * A place of the graph with N threads is N workers; each runs a replica of every stage placed
 * there.  An edge leads from each replica of its producer to each replica of its consumer that may
 * get a packet: with affinity `any` the one of the producer's own number, else all.  Between two
 * replicas on one worker it is inline, else a ring.
 *
 * An edge whose packets may be in both lanes has two rings there, one a lane.
 *
 * Room rule.  Before an input is served, every ring that the call can fill must have room for the
 * whole vectors that may reach it: the plan lists, for each source of calls (an input fed by a
 * ring, or a stage's pull), each `wait` ring with the number of vectors, summed over all inline
 * ways.  A call fills rings of its own lane only, and of those that have none.
 */
#ifndef MR_CORE_PLAN_H
#define MR_CORE_PLAN_H

#include "core/graph.h"

#define MR_WORKER_NAME 40 /* bytes of "name.15" */
#define MR_NO_RING     UINT32_MAX
#define MR_LANE_DEPTH  256 /* packets, lane control of an edge with two, at most unless one call
                            * needs more */

struct mr_need {
	unsigned ring;    /* index in rings                                    */
	unsigned vectors; /* whole vectors one call may put into it, at most   */
};

/* An input that a call may reach by inline `wait` ways and that may hold. */
struct mr_gate {
	unsigned replica, input;
};

struct mr_needs {
	struct mr_need *need; /* [n], owned     */
	unsigned        n;
	struct mr_gate *gate; /* [gates], owned */
	unsigned        gates;
};

struct mr_plan_worker {
	unsigned place;  /* index in graph->place     */
	unsigned nth;    /* [0, threads of its place) */
	char     name[MR_WORKER_NAME]; /* the place's; with the number where it has several */
};

struct mr_plan_replica {
	unsigned stage;  /* index in graph->stage     */
	unsigned index;  /* [0, replicas of the stage) */
	unsigned worker;
};

struct mr_plan_ring {
	unsigned edge;      /* index in graph->edge                       */
	unsigned producer;  /* replica                                    */
	unsigned consumer;  /* replica                                    */
	enum mr_lane lane;  /* of its packets; bulk where there are none  */
	uint32_t depth;     /* packets                                    */
};

struct mr_plan_pool {
	uint32_t packets; /* 0: this worker makes none */
	uint32_t size;    /* bytes a buffer            */
	uint32_t slabs;
};

struct mr_plan {
	const struct mr_graph  *graph; /* borrowed */
	struct mr_plan_worker   worker[MR_WORKERS_MAX];
	unsigned                workers;
	struct mr_plan_replica *replica;              /* owned; by stage, then by number   */
	unsigned                replicas;
	unsigned                first[MR_STAGES_MAX]; /* replica 0 of a stage               */
	struct mr_plan_ring    *ring;                 /* owned; by edge, producer, consumer, lane */
	unsigned                rings;
	struct mr_plan_pool     pool[MR_WORKERS_MAX];
	/* [replica][input][lane], and [replica][MR_PORTS_MAX][MR_LANE_BULK] for pull */
	struct mr_needs       (*needs)[MR_PORTS_MAX + 1][MR_LANES]; /* owned, one row a replica */
};

/* view_max: largest view a packet may have (IP packet or frame), in bytes.  Complains and returns
 * NULL when an edge is too shallow for what may reach it, a cycle of `wait` edges exists, or pools
 * would take more than half of the machine's memory. */
struct mr_plan *mr_plan_make(const struct mr_graph *g, uint32_t view_max, struct mr_report *report);
void mr_plan_free(struct mr_plan *p);
void mr_plan_print(const struct mr_plan *p, FILE *out);

/* Bytes of all pools, return rings included. */
uint64_t mr_plan_bytes(const struct mr_plan *p);

/* Complain, with the edge that is to blame, if that is more than half of `memory` bytes.  Making a
 * plan asks it of the machine's. */
void     mr_plan_fits(const struct mr_plan *p, uint64_t memory, struct mr_report *report);
uint64_t mr_plan_memory(void); /* this machine's, bytes */

/* Who may get packets from a replica over this edge, which begins at its stage: `n` replicas from
 * `first` on, the first of them for hash 0. */
struct mr_targets {
	unsigned first, n;
};
struct mr_targets mr_plan_targets(const struct mr_plan *p, unsigned producer, unsigned edge);

/* The ring between two such for packets of this lane, or MR_NO_RING: they share a worker. */
unsigned mr_plan_ring_of(const struct mr_plan *p, unsigned edge, unsigned producer,
                         unsigned consumer, enum mr_lane lane);

#endif
