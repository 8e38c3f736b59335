/* rig_state.h - what the files of the rig share (rig.h). */
#ifndef T_LIB_RIG_STATE_H
#define T_LIB_RIG_STATE_H

#include "core/build.h"
#include "core/json.h"
#include "t/lib/rig.h"

#define QUEUE 1024

struct queue {
	unsigned       head, n;
	struct mr_pkt *pkt[QUEUE];
};

struct feed {
	struct queue input[MR_PORTS_MAX];
};

struct catch {
	struct queue output[MR_PORTS_MAX];
};

struct ears {
	unsigned        head, n;
	struct mr_event heard[QUEUE];
};

enum { UNDER, FEED, CATCH, EARS }; /* the graph's stages in this order */

struct rig {
	const struct mr_kind *kind;
	const struct mr_kind *kinds[5];
	struct mr_kind        feed, catch;     /* with ports of the sorts the kind joins */
	struct mr_port        in[MR_PORTS_MAX + 1], out[MR_PORTS_MAX + 1];
	struct mr_json       *graph_doc, *node_doc;
	struct mr_graph      *graph;
	struct mr_engine     *engine;
	struct mr_report      report;
	uint64_t              before[64]; /* drop and taken words before the last run */
	struct mr_pkt       **away; /* [aways], taken by rig_dry */
	unsigned              aways;
	bool                  fed, stopped;
	uint16_t              slab;       /* where the next slice goes, or MR_NO_SLAB  */
	uint32_t              slab_at;
	unsigned              guards;
	const uint8_t        *guard[QUEUE * 4]; /* GUARD bytes each */
};

/* ---- rig.c ---- */

/* What engines ask for the time, ns; a test runs in one thread of its own process. */
extern uint64_t rig_time;

void rig_put(struct queue *q, struct mr_pkt *p);
struct mr_pkt *rig_get(struct queue *q);

/* ---- rig_run.c ---- */

struct mr_worker *rig_worker(struct rig *rig);

/* Nobody has written between the slices that are out.
 * At the end the last slab is done with, too. */
void rig_guards(struct rig *rig);
void rig_slabs_done(struct rig *rig);

#endif
