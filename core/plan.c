/* plan.c - what a checked graph needs: rings, room rules, pools.
 *
 *   1. a ring for every edge whose ends live on different workers
 *   2. for every place where a worker may start a call: which `wait` rings it can fill, how often
 *   3. depths against 2, cycles of inline edges
 *   4. a pool for every worker whose stages make packets, as large as all it may have out
 */

#include "core/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"

static int ring_of_edge(const struct mr_plan *p, unsigned edge)
{
	for (unsigned i = 0; i < p->rings; i++) {
		if (p->ring[i].edge == edge)
			return (int)i;
	}
	return -1;
}

static void place_rings(struct mr_plan *p)
{
	const struct mr_graph *g = p->graph;

	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];

		if (mr_graph_inline(g, e))
			continue;
		p->ring[p->rings++] = (struct mr_plan_ring){
			.edge = i,
			.producer = g->stage[e->from].worker,
			.consumer = g->stage[e->to].worker,
			.depth = e->depth,
		};
	}
}

static void add_need(struct mr_needs *needs, unsigned ring)
{
	for (unsigned i = 0; i < needs->n; i++) {
		if (needs->need[i].ring == ring) {
			needs->need[i].vectors++;
			return;
		}
	}
	needs->need[needs->n++] = (struct mr_need){ .ring = ring, .vectors = 1 };
}

/* Follow the outputs in `reach`; false on a cycle of inline edges. */
static bool walk(const struct mr_plan *p, unsigned stage, uint32_t reach, struct mr_needs *needs,
                 unsigned depth)
{
	const struct mr_graph *g = p->graph;

	if (depth > MR_STAGES_MAX)
		return false;
	for (unsigned o = 0; o < MR_PORTS_MAX && g->stage[stage].kind->outputs[o].name; o++) {
		int i = reach & MR_OUT(o) ? mr_graph_edge_at(g, stage, o) : -1;
		const struct mr_edge *e;

		if (i < 0)
			continue;
		e = &g->edge[i];
		if (e->full == MR_DROP)
			continue;
		if (!mr_graph_inline(g, e)) {
			add_need(needs, (unsigned)ring_of_edge(p, (unsigned)i));
			continue;
		}
		assert(needs->gates < MR_EDGES_MAX);
		needs->gate[needs->gates].stage = e->to;
		needs->gate[needs->gates++].input = e->input;
		if (!walk(p, e->to, g->stage[e->to].kind->inputs[e->input].reaches, needs, depth + 1))
			return false;
	}
	return true;
}

static bool inline_cycle(const struct mr_graph *g, unsigned stage, unsigned depth)
{
	if (depth > MR_STAGES_MAX)
		return true;
	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];

		if (e->from == stage && mr_graph_inline(g, e) && inline_cycle(g, e->to, depth + 1))
			return true;
	}
	return false;
}

static bool fill_needs(struct mr_plan *p, struct mr_report *report)
{
	const struct mr_graph *g = p->graph;

	for (unsigned s = 0; s < g->stages; s++) {
		const struct mr_kind *kind = g->stage[s].kind;

		if (inline_cycle(g, s, 0)) {
			mr_complain(report, (struct mr_where){ .file = g->file },
			            "stage %s is on a cycle of edges inside one worker", g->stage[s].name);
			return false;
		}
		for (unsigned i = 0; i < MR_PORTS_MAX && kind->inputs[i].name; i++) {
			if (!walk(p, s, kind->inputs[i].reaches, &p->needs[s][i], 0))
				return false;
		}
		if (!walk(p, s, MR_ALL_OUTPUTS, &p->needs[s][MR_PORTS_MAX], 0))
			return false;
	}
	return true;
}

/* A call must find room in an empty ring for all it may put there. */
static void check_depths(const struct mr_plan *p, struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	unsigned most[MR_EDGES_MAX] = { 0 };

	for (unsigned s = 0; s < g->stages; s++) {
		for (unsigned i = 0; i <= MR_PORTS_MAX; i++) {
			const struct mr_needs *needs = &p->needs[s][i];

			for (unsigned n = 0; n < needs->n; n++) {
				if (needs->need[n].vectors > most[needs->need[n].ring])
					most[needs->need[n].ring] = needs->need[n].vectors;
			}
		}
	}
	for (unsigned r = 0; r < p->rings; r++) {
		const struct mr_edge *e = &g->edge[p->ring[r].edge];
		char path[48];

		snprintf(path, sizeof path, "edges[%u].depth", p->ring[r].edge);
		if (p->ring[r].depth < most[r] * MR_VECTOR)
			mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
			            "%u packets from %s to %s is below the %u that one call may put there",
			            p->ring[r].depth, g->stage[e->from].name, g->stage[e->to].name,
			            most[r] * MR_VECTOR);
	}
}

static void reach_from(const struct mr_graph *g, unsigned stage, bool *seen)
{
	if (seen[stage])
		return;
	seen[stage] = true;
	for (unsigned i = 0; i < g->edges; i++) {
		if (g->edge[i].from == stage)
			reach_from(g, g->edge[i].to, seen);
	}
}

/* All a worker's packets may be in: every ring downstream of the stages that make them, what the
 * stages there may keep, and one turn's vectors in hand. */
static void size_pools(struct mr_plan *p, uint32_t view_max)
{
	const struct mr_graph *g = p->graph;

	for (unsigned w = 0; w < p->workers; w++) {
		bool seen[MR_STAGES_MAX] = { false };
		uint32_t n = 0;

		for (unsigned s = 0; s < g->stages; s++) {
			if (g->stage[s].worker == w && g->stage[s].kind->makes) {
				reach_from(g, s, seen);
				n += 4 * MR_VECTOR;
			}
		}
		if (n == 0)
			continue;
		for (unsigned r = 0; r < p->rings; r++) {
			if (seen[g->edge[p->ring[r].edge].from])
				n += p->ring[r].depth;
		}
		for (unsigned s = 0; s < g->stages; s++) {
			if (seen[s])
				n += g->stage[s].kind->keeps + 2 * MR_VECTOR;
		}
		p->pool[w].packets = n;
		p->pool[w].size = (MR_HEADROOM + view_max + MR_TAILROOM + 63) / 64 * 64;
	}
}

struct mr_plan *mr_plan_make(const struct mr_graph *g, uint32_t view_max, struct mr_report *report)
{
	struct mr_plan *p = calloc(1, sizeof *p);
	unsigned errors = report->errors;

	if (p)
		p->needs = calloc(g->stages, sizeof *p->needs);
	if (!p || !p->needs) {
		mr_complain(report, (struct mr_where){ .file = g->file }, "no memory for a plan");
		mr_plan_free(p);
		return NULL;
	}
	p->graph = g;
	p->workers = g->places;
	place_rings(p);
	if (fill_needs(p, report))
		check_depths(p, report);
	size_pools(p, view_max);
	if (report->errors > errors) {
		mr_plan_free(p);
		return NULL;
	}
	return p;
}

void mr_plan_free(struct mr_plan *p)
{
	if (!p)
		return;
	free(p->needs);
	free(p);
}

void mr_plan_print(const struct mr_plan *p, FILE *out)
{
	const struct mr_graph *g = p->graph;

	for (unsigned w = 0; w < p->workers; w++) {
		fprintf(out, "worker %s:", g->place[w].name);
		for (unsigned i = 0; i < g->stages; i++) {
			unsigned s = g->order[i];

			if (g->stage[s].worker == w)
				fprintf(out, " %s", g->stage[s].name);
		}
		if (p->pool[w].packets)
			fprintf(out, "; pool of %u packets, %u bytes each", p->pool[w].packets,
			        p->pool[w].size);
		fputc('\n', out);
	}
	for (unsigned r = 0; r < p->rings; r++) {
		const struct mr_edge *e = &g->edge[p->ring[r].edge];

		fprintf(out, "ring %s.%s -> %s.%s: %u packets, full: %s\n", g->stage[e->from].name,
		        g->stage[e->from].kind->outputs[e->output].name, g->stage[e->to].name,
		        g->stage[e->to].kind->inputs[e->input].name, p->ring[r].depth,
		        e->full == MR_WAIT ? "wait" : "drop");
	}
}
