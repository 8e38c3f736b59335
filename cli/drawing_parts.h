/* drawing_parts.h - what the files of the drawing share: a graph with a place for everything.
 *
 * drawing_plan.c reads it and gives rows to stages and outputs, columns to the stages that edges
 * lead to; drawing.c draws it.
 */
#ifndef MILLRACE_CLI_DRAWING_PARTS_H
#define MILLRACE_CLI_DRAWING_PARTS_H

#include "cli/drawing.h"

enum { DRAWN_STAGES = 64, DRAWN_EDGES = 256, DRAWN_WORKERS = 64 };

struct drawn_edge {
	const char *output, *input;
	unsigned    from, to;       /* stages */
	unsigned    row;
	uint64_t    depth;
	bool        wait, ring;
	const struct cli_edge *now; /* or NULL */
};

struct drawn_stage {
	const char *name, *kind;
	unsigned    worker, row;
	unsigned    top, end;       /* rows of the column that leads here, both included */
	unsigned    column;
	bool        reached;
	const struct cli_stage *now; /* the first replica, or NULL */
};

struct drawn_worker {
	const char *name;
	uint64_t    threads;
	unsigned    row;  /* of its upper border */
	bool        used; /* it has stages       */
};

struct drawn {
	struct drawn_stage stage[DRAWN_STAGES]; /* worker by worker */
	struct drawn_edge  edge[DRAWN_EDGES];
	struct drawn_worker worker[DRAWN_WORKERS];
	unsigned           stages, edges, workers, columns, box, rows;
	const struct cli_sample *sample; /* or NULL */
};

/* Stages, edges and workers of a graph's JSON; what they do now from d->sample (or NULL). */
void cli_drawing_read(struct drawn *d, const json_t *graph);

/* Rows from this one on, and columns. */
void cli_drawing_place(struct drawn *d, unsigned row);

/* What the replicas of a stage have done in the sample's time, together. */
struct drawn_sums {
	uint64_t packets, bytes, dropped, busy_ns;
};
struct drawn_sums cli_drawing_sums(const struct drawn *d, const struct drawn_stage *s);

/* Packets dropped by the n-th name of the stage's kind; 0 for an edge: that has its own row. */
uint64_t cli_drawing_dropped(const struct drawn *d, const struct drawn_stage *s, unsigned n);

#endif
