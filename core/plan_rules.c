/* plan_rules.c - room rules: which `wait` rings a call can fill, how often, and who may hold it.
 *
 *   1. stages in the order in which inline edges call them
 *   2. for every place where a worker may start a call, in either lane: count what it may hand on,
 *      by every inline way
 *   3. depths against the counts
 */
#include "core/plan_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- calls: what one call may bring about ---- */

#define MANY 100000u /* more calls than any ring has room for: nobody counts further */

/* How often each input is called, and each ring filled, at most, in the course of one call. */
struct calls {
	unsigned (*input)[MR_PORTS_MAX][MR_LANES]; /* [replicas] */
	unsigned  *ring;                           /* [rings]    */
	unsigned  *most;                           /* [rings], of all calls */
};

static bool calls_open(struct calls *c, const struct mr_plan *p)
{
	c->input = calloc(p->replicas, sizeof *c->input);
	c->ring = calloc(p->rings + 1, sizeof *c->ring);
	c->most = calloc(p->rings + 1, sizeof *c->most);
	return c->input && c->ring && c->most;
}

static void calls_close(struct calls *c)
{
	free(c->input);
	free(c->ring);
	free(c->most);
}

static void add_calls(unsigned *calls, unsigned n)
{
	*calls = *calls + n < MANY ? *calls + n : MANY;
}

/* A call that happens n times hands on at most n vectors to each replica it reaches. */
static void hand_on(const struct mr_plan *p, unsigned replica, uint32_t reach, enum mr_lane from,
                    unsigned n, bool drops, struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];
		struct mr_targets t;
		enum mr_lane lane;

		if (e->from != p->replica[replica].stage || !(reach & MR_OUT(e->output)))
			continue;
		if (e->full == MR_DROP && !drops)
			continue;
		t = mr_plan_targets(p, replica, i);
		lane = mr_lane_behind(&g->stage[e->from].kind->outputs[e->output], from);
		for (unsigned to = t.first; to < t.first + t.n; to++) {
			unsigned ring = mr_plan_ring_of(p, i, replica, to, lane);

			if (ring == MR_NO_RING)
				add_calls(&calls->input[to][e->input][lane], n);
			else
				add_calls(&calls->ring[ring], n);
		}
	}
}

/* What an input's calls hand on, in either lane. */
static void hand_on_input(const struct mr_plan *p, unsigned replica, unsigned input, bool drops,
                          struct calls *calls)
{
	const struct mr_kind *kind = p->graph->stage[p->replica[replica].stage].kind;

	for (enum mr_lane lane = 0; lane < MR_LANES; lane++) {
		unsigned n = calls->input[replica][input][lane];

		if (n)
			hand_on(p, replica, kind->inputs[input].reaches, lane, n, drops, calls);
	}
}

/* Follow what a call in `lane` may emit; over edges that drop only with `drops`.  `order` has every
 * stage behind those that call it. */
static void count_calls(const struct mr_plan *p, const unsigned *order, unsigned replica,
                        uint32_t reach, enum mr_lane lane, bool drops, struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	memset(calls->input, 0, p->replicas * sizeof *calls->input);
	memset(calls->ring, 0, p->rings * sizeof *calls->ring);
	hand_on(p, replica, reach, lane, 1, drops, calls);
	for (unsigned i = 0; i < g->stages; i++) {
		unsigned s = order[i];

		for (unsigned r = p->first[s]; r < p->first[s] + mr_graph_replicas(g, s); r++) {
			for (unsigned in = 0; in < MR_PORTS_MAX; in++)
				hand_on_input(p, r, in, drops, calls);
		}
	}
}

/* Inputs that may hold the call; returns how many. */
static unsigned list_gates(const struct mr_plan *p, const struct calls *calls, struct mr_gate *gate)
{
	unsigned n = 0;

	for (unsigned r = 0; r < p->replicas; r++) {
		for (unsigned in = 0; in < MR_PORTS_MAX; in++) {
			const unsigned *lane = calls->input[r][in];

			if (!lane[MR_LANE_BULK] && !lane[MR_LANE_CONTROL])
				continue;
			if (gate)
				gate[n] = (struct mr_gate){ r, in };
			n++;
		}
	}
	return n;
}

static bool keep_needs(const struct mr_plan *p, const struct calls *calls, struct mr_needs *needs)
{
	unsigned n = 0;

	for (unsigned r = 0; r < p->rings; r++)
		n += calls->ring[r] > 0;
	needs->gates = list_gates(p, calls, NULL);
	needs->need = calloc(n + 1, sizeof *needs->need);
	needs->gate = calloc(needs->gates + 1, sizeof *needs->gate);
	if (!needs->need || !needs->gate)
		return false;
	for (unsigned r = 0; r < p->rings; r++) {
		if (calls->ring[r])
			needs->need[needs->n++] =
				(struct mr_need){ .ring = r, .vectors = calls->ring[r] };
	}
	list_gates(p, calls, needs->gate);
	return true;
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

/* A call must find room in an empty ring for all it may put there, by whichever edges.  Lane
 * control grows as far as the edge's depth allows. */
static void check_depth(struct mr_plan *p, unsigned edge, const unsigned *most,
                        struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	const struct mr_edge *e = &g->edge[edge];
	unsigned vectors = 0;
	char path[48];

	for (unsigned r = 0; r < p->rings; r++) {
		if (p->ring[r].edge != edge)
			continue;
		if (most[r] > vectors)
			vectors = most[r];
		if (p->ring[r].depth / MR_VECTOR < most[r])
			p->ring[r].depth = e->depth;
	}
	if (e->full == MR_DROP || e->depth / MR_VECTOR >= vectors)
		return;
	snprintf(path, sizeof path, "edges[%u].depth", edge);
	mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
	            "%u packets from %s to %s is below the %u that one call may put there",
	            e->depth, g->stage[e->from].name, g->stage[e->to].name, vectors * MR_VECTOR);
}

static bool plan_call(struct mr_plan *p, const unsigned *order, unsigned replica, unsigned input,
                      uint32_t reach, enum mr_lane lane, struct calls *calls)
{
	count_calls(p, order, replica, reach, lane, false, calls);
	if (!keep_needs(p, calls, &p->needs[replica][input][lane]))
		return false;
	count_calls(p, order, replica, reach, lane, true, calls);
	for (unsigned r = 0; r < p->rings; r++)
		calls->most[r] = calls->ring[r] > calls->most[r] ? calls->ring[r] : calls->most[r];
	return true;
}

static bool plan_replica(struct mr_plan *p, const unsigned *order, unsigned replica,
                         struct calls *calls)
{
	const struct mr_port *inputs = p->graph->stage[p->replica[replica].stage].kind->inputs;

	for (unsigned i = 0; i < MR_PORTS_MAX && inputs[i].name; i++) {
		for (enum mr_lane lane = 0; lane < MR_LANES; lane++) {
			if (!plan_call(p, order, replica, i, inputs[i].reaches, lane, calls))
				return false;
		}
	}
	return plan_call(p, order, replica, MR_PORTS_MAX, MR_ALL_OUTPUTS, MR_LANE_BULK, calls);
}

bool mr_plan_rules(struct mr_plan *p, struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	unsigned order[MR_STAGES_MAX], stuck = 0;
	struct calls calls;
	bool ok;

	if (!order_calls(g, order, &stuck)) {
		mr_complain(report, (struct mr_where){ .file = g->file },
		            "stage %s is on a cycle of edges inside one worker, or behind one",
		            g->stage[stuck].name);
		return true;
	}
	ok = calls_open(&calls, p);
	for (unsigned r = 0; ok && r < p->replicas; r++)
		ok = plan_replica(p, order, r, &calls);
	for (unsigned i = 0; ok && i < g->edges; i++)
		check_depth(p, i, calls.most, report);
	calls_close(&calls);
	return ok;
}
