/* plan.c - what a checked graph needs: rings, room rules, pools.
 *
 *   1. a ring for every edge whose ends live on different workers
 *   2. for every place where a worker may start a call: which `wait` rings it can fill, how often
 *   3. depths against 2, cycles of inline edges
 *   4. a pool for every worker whose stages make packets, as large as all it may have out
 */

#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/ring.h"

static unsigned ring_of_edge(const struct mr_plan *p, unsigned edge)
{
	unsigned i = 0;

	while (p->ring[i].edge != edge)
		i++;
	return i;
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

/* ---- calls: what one call may bring about ---- */

#define MANY 100000u /* more calls than any ring has room for: nobody counts further */

/* How often each input is called, and each ring filled, at most, in the course of one call. */
struct calls {
	unsigned input[MR_STAGES_MAX][MR_PORTS_MAX];
	unsigned ring[MR_EDGES_MAX];
};

static void add_calls(unsigned *calls, unsigned n)
{
	*calls = *calls + n < MANY ? *calls + n : MANY;
}

/* A call that happens n times hands on at most n vectors at each output it reaches. */
static void hand_on(const struct mr_plan *p, unsigned stage, uint32_t reach, unsigned n, bool drops,
                    struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];

		if (e->from != stage || !(reach & MR_OUT(e->output)))
			continue;
		if (e->full == MR_DROP && !drops)
			continue;
		if (mr_graph_inline(g, e))
			add_calls(&calls->input[e->to][e->input], n);
		else
			add_calls(&calls->ring[ring_of_edge(p, i)], n);
	}
}

/* Follow what a call may emit; over edges that drop only with `drops`.  `order` has every stage
 * behind those that call it. */
static void count_calls(const struct mr_plan *p, const unsigned *order, unsigned stage,
                        uint32_t reach, bool drops, struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	memset(calls, 0, sizeof *calls);
	hand_on(p, stage, reach, 1, drops, calls);
	for (unsigned i = 0; i < g->stages; i++) {
		unsigned s = order[i];

		for (unsigned in = 0; in < MR_PORTS_MAX; in++) {
			if (calls->input[s][in])
				hand_on(p, s, g->stage[s].kind->inputs[in].reaches,
				        calls->input[s][in], drops, calls);
		}
	}
}

static void keep_needs(const struct mr_plan *p, const struct calls *calls, struct mr_needs *needs)
{
	for (unsigned r = 0; r < p->rings; r++) {
		if (calls->ring[r])
			needs->need[needs->n++] =
				(struct mr_need){ .ring = r, .vectors = calls->ring[r] };
	}
	for (unsigned s = 0; s < p->graph->stages; s++) {
		for (unsigned in = 0; in < MR_PORTS_MAX && needs->gates < MR_EDGES_MAX; in++) {
			if (!calls->input[s][in])
				continue;
			needs->gate[needs->gates].stage = s;
			needs->gate[needs->gates++].input = in;
		}
	}
}

/* Stages behind those that call them; false when they call one another in a circle. */
static bool order_calls(const struct mr_graph *g, unsigned *order, unsigned *stuck)
{
	bool done[MR_STAGES_MAX] = { false };

	for (unsigned n = 0; n < g->stages; n++) {
		unsigned s;

		for (s = 0; s < g->stages; s++) {
			bool ready = !done[s];

			for (unsigned i = 0; ready && i < g->edges; i++)
				ready = g->edge[i].to != s || done[g->edge[i].from] ||
				        !mr_graph_inline(g, &g->edge[i]);
			if (ready)
				break;
			if (!done[s])
				*stuck = s;
		}
		if (s == g->stages)
			return false;
		done[s] = true;
		order[n] = s;
	}
	return true;
}

/* ---- room rules, and depths that allow them ---- */

/* A call must find room in an empty ring for all it may put there, by whichever edges. */
static void check_depth(const struct mr_plan *p, unsigned ring, unsigned most,
                        struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	const struct mr_edge *e = &g->edge[p->ring[ring].edge];
	char path[48];

	if (e->full == MR_DROP || p->ring[ring].depth / MR_VECTOR >= most)
		return;
	snprintf(path, sizeof path, "edges[%u].depth", p->ring[ring].edge);
	mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
	            "%u packets from %s to %s is below the %u that one call may put there",
	            p->ring[ring].depth, g->stage[e->from].name, g->stage[e->to].name,
	            most * MR_VECTOR);
}

static void plan_call(struct mr_plan *p, const unsigned *order, unsigned stage, unsigned input,
                      uint32_t reach, unsigned *most)
{
	struct calls calls;

	count_calls(p, order, stage, reach, false, &calls);
	keep_needs(p, &calls, &p->needs[stage][input]);
	count_calls(p, order, stage, reach, true, &calls);
	for (unsigned r = 0; r < p->rings; r++)
		most[r] = calls.ring[r] > most[r] ? calls.ring[r] : most[r];
}

static void fill_needs(struct mr_plan *p, struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	unsigned order[MR_STAGES_MAX], most[MR_EDGES_MAX] = { 0 }, stuck = 0;

	if (!order_calls(g, order, &stuck)) {
		mr_complain(report, (struct mr_where){ .file = g->file },
		            "stage %s is on a cycle of edges inside one worker, or behind one",
		            g->stage[stuck].name);
		return;
	}
	for (unsigned s = 0; s < g->stages; s++) {
		const struct mr_port *inputs = g->stage[s].kind->inputs;

		for (unsigned i = 0; i < MR_PORTS_MAX && inputs[i].name; i++)
			plan_call(p, order, s, i, inputs[i].reaches, most);
		plan_call(p, order, s, MR_PORTS_MAX, MR_ALL_OUTPUTS, most);
	}
	for (unsigned r = 0; r < p->rings; r++)
		check_depth(p, r, most[r], report);
}

/* ---- pools ---- */

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
	fill_needs(p, report);
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
