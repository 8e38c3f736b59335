/* plan.c - what a checked graph needs: workers, replicas, rings, room rules, pools.
 *
 *   1. a worker for every thread of a place, a replica on it for every stage placed there
 *   2. a ring for every edge between two replicas on different workers
 *   3. for every place where a worker may start a call: which `wait` rings it can fill, how often
 *   4. depths against 3, cycles of inline edges
 *   5. a pool for every worker whose stages make packets, as large as all it may have out
 */

#include "core/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"

/* ---- workers and replicas ---- */

static void name_worker(const struct mr_graph *g, struct mr_plan_worker *w)
{
	const struct mr_place *place = &g->place[w->place];

	if (place->threads > 1)
		snprintf(w->name, sizeof w->name, "%s.%u", place->name, w->nth);
	else
		snprintf(w->name, sizeof w->name, "%s", place->name);
}

/* A place's workers follow one another, and so do a stage's replicas. */
static bool place_replicas(struct mr_plan *p)
{
	const struct mr_graph *g = p->graph;
	unsigned first[MR_WORKERS_MAX], n = 0;

	for (unsigned i = 0; i < g->places; i++) {
		first[i] = p->workers;
		for (unsigned nth = 0; nth < g->place[i].threads; nth++) {
			assert(p->workers < MR_WORKERS_MAX);
			p->worker[p->workers] = (struct mr_plan_worker){ .place = i, .nth = nth };
			name_worker(g, &p->worker[p->workers++]);
		}
	}
	for (unsigned s = 0; s < g->stages; s++)
		n += mr_graph_replicas(g, s);
	p->replica = calloc(n, sizeof *p->replica);
	p->needs = calloc(n, sizeof *p->needs);
	if (!p->replica || !p->needs)
		return false;
	for (unsigned s = 0; s < g->stages; s++) {
		p->first[s] = p->replicas;
		for (unsigned i = 0; i < mr_graph_replicas(g, s); i++)
			p->replica[p->replicas++] = (struct mr_plan_replica){
				.stage = s, .index = i, .worker = first[g->stage[s].worker] + i };
	}
	return true;
}

/* ---- rings ---- */

struct mr_targets mr_plan_targets(const struct mr_plan *p, unsigned producer, unsigned edge)
{
	unsigned to = p->graph->edge[edge].to, n = mr_graph_replicas(p->graph, to);

	if (p->graph->stage[to].affinity == MR_ANY)
		return (struct mr_targets){ p->first[to] + p->replica[producer].index % n, 1 };
	return (struct mr_targets){ p->first[to], n };
}

static bool is_inline(const struct mr_plan *p, unsigned edge, unsigned producer, unsigned consumer)
{
	return mr_graph_inline(p->graph, &p->graph->edge[edge]) &&
	       p->replica[producer].worker == p->replica[consumer].worker;
}

unsigned mr_plan_ring_of(const struct mr_plan *p, unsigned edge, unsigned producer,
                         unsigned consumer)
{
	unsigned low = 0, high = p->rings;

	if (is_inline(p, edge, producer, consumer))
		return MR_NO_RING;
	while (low < high) {
		unsigned at = (low + high) / 2;
		const struct mr_plan_ring *r = &p->ring[at];
		int64_t d = r->edge != edge         ? (int64_t)r->edge - edge :
		            r->producer != producer ? (int64_t)r->producer - producer :
		                                      (int64_t)r->consumer - consumer;

		if (d == 0)
			return at;
		if (d < 0)
			low = at + 1;
		else
			high = at;
	}
	return MR_NO_RING;
}

/* Every way a packet may take: called with a ring's ends, inline ones left out.  Returns how many. */
static unsigned lay_rings(const struct mr_plan *p, struct mr_plan_ring *ring)
{
	const struct mr_graph *g = p->graph;
	unsigned n = 0;

	for (unsigned i = 0; i < g->edges; i++) {
		unsigned from = p->first[g->edge[i].from];

		for (unsigned a = from; a < from + mr_graph_replicas(g, g->edge[i].from); a++) {
			struct mr_targets t = mr_plan_targets(p, a, i);

			for (unsigned b = t.first; b < t.first + t.n; b++) {
				if (is_inline(p, i, a, b))
					continue;
				if (ring)
					ring[n] = (struct mr_plan_ring){ i, a, b, g->edge[i].depth };
				n++;
			}
		}
	}
	return n;
}

static bool place_rings(struct mr_plan *p)
{
	unsigned n = lay_rings(p, NULL);

	p->ring = calloc(n + 1, sizeof *p->ring);
	if (!p->ring)
		return false;
	p->rings = lay_rings(p, p->ring);
	return true;
}

/* ---- calls: what one call may bring about ---- */

#define MANY 100000u /* more calls than any ring has room for: nobody counts further */

/* How often each input is called, and each ring filled, at most, in the course of one call. */
struct calls {
	unsigned (*input)[MR_PORTS_MAX]; /* [replicas] */
	unsigned  *ring;                 /* [rings]    */
	unsigned  *most;                 /* [rings], of all calls */
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
static void hand_on(const struct mr_plan *p, unsigned replica, uint32_t reach, unsigned n, bool drops,
                    struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];
		struct mr_targets t;

		if (e->from != p->replica[replica].stage || !(reach & MR_OUT(e->output)))
			continue;
		if (e->full == MR_DROP && !drops)
			continue;
		t = mr_plan_targets(p, replica, i);
		for (unsigned to = t.first; to < t.first + t.n; to++) {
			unsigned ring = mr_plan_ring_of(p, i, replica, to);

			if (ring == MR_NO_RING)
				add_calls(&calls->input[to][e->input], n);
			else
				add_calls(&calls->ring[ring], n);
		}
	}
}

/* Follow what a call may emit; over edges that drop only with `drops`.  `order` has every stage
 * behind those that call it. */
static void count_calls(const struct mr_plan *p, const unsigned *order, unsigned replica,
                        uint32_t reach, bool drops, struct calls *calls)
{
	const struct mr_graph *g = p->graph;

	memset(calls->input, 0, p->replicas * sizeof *calls->input);
	memset(calls->ring, 0, p->rings * sizeof *calls->ring);
	hand_on(p, replica, reach, 1, drops, calls);
	for (unsigned i = 0; i < g->stages; i++) {
		unsigned s = order[i];

		for (unsigned r = p->first[s]; r < p->first[s] + mr_graph_replicas(g, s); r++) {
			for (unsigned in = 0; in < MR_PORTS_MAX; in++) {
				if (calls->input[r][in])
					hand_on(p, r, g->stage[s].kind->inputs[in].reaches,
					        calls->input[r][in], drops, calls);
			}
		}
	}
}

static bool keep_needs(const struct mr_plan *p, const struct calls *calls, struct mr_needs *needs)
{
	unsigned n = 0, gates = 0;

	for (unsigned r = 0; r < p->rings; r++)
		n += calls->ring[r] > 0;
	for (unsigned r = 0; r < p->replicas; r++) {
		for (unsigned in = 0; in < MR_PORTS_MAX; in++)
			gates += calls->input[r][in] > 0;
	}
	needs->need = calloc(n + 1, sizeof *needs->need);
	needs->gate = calloc(gates + 1, sizeof *needs->gate);
	if (!needs->need || !needs->gate)
		return false;
	for (unsigned r = 0; r < p->rings; r++) {
		if (calls->ring[r])
			needs->need[needs->n++] =
				(struct mr_need){ .ring = r, .vectors = calls->ring[r] };
	}
	for (unsigned r = 0; r < p->replicas; r++) {
		for (unsigned in = 0; in < MR_PORTS_MAX; in++) {
			if (calls->input[r][in])
				needs->gate[needs->gates++] = (struct mr_gate){ r, in };
		}
	}
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

/* A call must find room in an empty ring for all it may put there, by whichever edges. */
static void check_depth(const struct mr_plan *p, unsigned edge, const unsigned *most,
                        struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	const struct mr_edge *e = &g->edge[edge];
	unsigned vectors = 0;
	char path[48];

	for (unsigned r = 0; r < p->rings; r++) {
		if (p->ring[r].edge == edge && most[r] > vectors)
			vectors = most[r];
	}
	if (e->full == MR_DROP || e->depth / MR_VECTOR >= vectors)
		return;
	snprintf(path, sizeof path, "edges[%u].depth", edge);
	mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
	            "%u packets from %s to %s is below the %u that one call may put there",
	            e->depth, g->stage[e->from].name, g->stage[e->to].name, vectors * MR_VECTOR);
}

static bool plan_call(struct mr_plan *p, const unsigned *order, unsigned replica, unsigned input,
                      uint32_t reach, struct calls *calls)
{
	count_calls(p, order, replica, reach, false, calls);
	if (!keep_needs(p, calls, &p->needs[replica][input]))
		return false;
	count_calls(p, order, replica, reach, true, calls);
	for (unsigned r = 0; r < p->rings; r++)
		calls->most[r] = calls->ring[r] > calls->most[r] ? calls->ring[r] : calls->most[r];
	return true;
}

static bool plan_replica(struct mr_plan *p, const unsigned *order, unsigned replica,
                         struct calls *calls)
{
	const struct mr_port *inputs = p->graph->stage[p->replica[replica].stage].kind->inputs;

	for (unsigned i = 0; i < MR_PORTS_MAX && inputs[i].name; i++) {
		if (!plan_call(p, order, replica, i, inputs[i].reaches, calls))
			return false;
	}
	return plan_call(p, order, replica, MR_PORTS_MAX, MR_ALL_OUTPUTS, calls);
}

/* False: no memory. */
static bool fill_needs(struct mr_plan *p, struct mr_report *report)
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
 * replicas there may keep, and one turn's vectors in hand. */
static void size_pools(struct mr_plan *p, uint32_t view_max)
{
	const struct mr_graph *g = p->graph;

	for (unsigned w = 0; w < p->workers; w++) {
		bool seen[MR_STAGES_MAX] = { false };
		uint32_t n = 0;

		for (unsigned s = 0; s < g->stages; s++) {
			if (g->stage[s].worker == p->worker[w].place && g->stage[s].kind->makes) {
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
				n += (g->stage[s].kind->keeps + 2 * MR_VECTOR) *
				     mr_graph_replicas(g, s);
		}
		p->pool[w].packets = n;
		p->pool[w].size = (MR_HEADROOM + view_max + MR_TAILROOM + 63) / 64 * 64;
	}
}

static bool fill(struct mr_plan *p, uint32_t view_max, struct mr_report *report)
{
	if (!place_replicas(p) || !place_rings(p) || !fill_needs(p, report))
		return false;
	size_pools(p, view_max);
	return true;
}

struct mr_plan *mr_plan_make(const struct mr_graph *g, uint32_t view_max, struct mr_report *report)
{
	struct mr_plan *p = calloc(1, sizeof *p);
	unsigned errors = report->errors;

	if (p)
		p->graph = g;
	if (!p || !fill(p, view_max, report))
		mr_complain(report, (struct mr_where){ .file = g->file }, "no memory for a plan");
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
	for (unsigned r = 0; p->needs && r < p->replicas; r++) {
		for (unsigned i = 0; i <= MR_PORTS_MAX; i++) {
			free(p->needs[r][i].need);
			free(p->needs[r][i].gate);
		}
	}
	free(p->needs);
	free(p->ring);
	free(p->replica);
	free(p);
}

static void print_edge(const struct mr_plan *p, unsigned edge, FILE *out)
{
	const struct mr_graph *g = p->graph;
	const struct mr_edge *e = &g->edge[edge];
	unsigned n = 0;

	for (unsigned r = 0; r < p->rings; r++)
		n += p->ring[r].edge == edge;
	if (n == 0)
		return;
	if (n > 1)
		fprintf(out, "%u rings ", n);
	else
		fputs("ring ", out);
	fprintf(out, "%s.%s -> %s.%s: %u packets%s, full: %s\n", g->stage[e->from].name,
	        g->stage[e->from].kind->outputs[e->output].name, g->stage[e->to].name,
	        g->stage[e->to].kind->inputs[e->input].name, e->depth, n > 1 ? " each" : "",
	        e->full == MR_WAIT ? "wait" : "drop");
}

void mr_plan_print(const struct mr_plan *p, FILE *out)
{
	const struct mr_graph *g = p->graph;

	for (unsigned w = 0; w < p->workers; w++) {
		fprintf(out, "worker %s:", p->worker[w].name);
		for (unsigned i = 0; i < g->stages; i++) {
			unsigned s = g->order[i];

			if (g->stage[s].worker == p->worker[w].place)
				fprintf(out, " %s", g->stage[s].name);
		}
		if (p->pool[w].packets)
			fprintf(out, "; pool of %u packets, %u bytes each", p->pool[w].packets,
			        p->pool[w].size);
		fputc('\n', out);
	}
	for (unsigned i = 0; i < g->edges; i++)
		print_edge(p, i, out);
}
