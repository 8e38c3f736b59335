/* plan.c - what a checked graph needs: workers, replicas, rings, room rules, pools.
 *
 *   1. a worker for every thread of a place, a replica on it for every stage placed there
 *   2. a ring for every edge between two replicas on different workers, two where it has two lanes
 *   3. room rules, and depths against them     plan_rules.c
 *   4. numbered packets on the way             plan_window.c
 *   5. pools                                   plan_pools.c
 */

#include "core/plan_parts.h"

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

/* The lane whose ring takes packets of `lane`: an edge that expects one lane has one ring. */
static enum mr_lane ring_lane(const struct mr_edge *e, enum mr_lane lane)
{
	if (mr_lanes_both(e))
		return lane;
	return e->lanes & MR_OUT(MR_LANE_CONTROL) ? MR_LANE_CONTROL : MR_LANE_BULK;
}

unsigned mr_plan_ring_of(const struct mr_plan *p, unsigned edge, unsigned producer,
                         unsigned consumer, enum mr_lane lane)
{
	unsigned low = 0, high = p->rings;

	lane = ring_lane(&p->graph->edge[edge], lane);
	if (is_inline(p, edge, producer, consumer))
		return MR_NO_RING;
	while (low < high) {
		unsigned at = (low + high) / 2;
		const struct mr_plan_ring *r = &p->ring[at];
		int64_t d = r->edge != edge         ? (int64_t)r->edge - edge :
		            r->producer != producer ? (int64_t)r->producer - producer :
		            r->consumer != consumer ? (int64_t)r->consumer - consumer :
		                                      (int64_t)r->lane - lane;

		if (d == 0)
			return at;
		if (d < 0)
			low = at + 1;
		else
			high = at;
	}
	return MR_NO_RING;
}

/* One lane of an edge with two: control's packets are few. */
static uint32_t depth_of(const struct mr_edge *e, enum mr_lane lane)
{
	if (mr_lanes_both(e) && lane == MR_LANE_CONTROL && e->depth > MR_LANE_DEPTH)
		return MR_LANE_DEPTH;
	return e->depth;
}

/* The rings of an edge between two replicas, a lane each; returns how many. */
static unsigned lay_lanes(const struct mr_plan *p, struct mr_plan_ring *ring, unsigned edge,
                          unsigned producer, unsigned consumer)
{
	const struct mr_edge *e = &p->graph->edge[edge];
	unsigned n = 0;

	for (enum mr_lane lane = 0; lane < MR_LANES; lane++) {
		if (ring_lane(e, lane) != lane)
			continue;
		if (ring)
			ring[n] = (struct mr_plan_ring){ edge, producer, consumer, lane,
			                                 depth_of(e, lane) };
		n++;
	}
	return n;
}

/* Every way a packet may take: called with a ring's ends, inline ones left out.
 * Returns how many. */
static unsigned lay_rings(const struct mr_plan *p, struct mr_plan_ring *ring)
{
	const struct mr_graph *g = p->graph;
	unsigned n = 0;

	for (unsigned i = 0; i < g->edges; i++) {
		unsigned from = p->first[g->edge[i].from];

		for (unsigned a = from; a < from + mr_graph_replicas(g, g->edge[i].from); a++) {
			struct mr_targets t = mr_plan_targets(p, a, i);

			for (unsigned b = t.first; b < t.first + t.n; b++) {
				if (!is_inline(p, i, a, b))
					n += lay_lanes(p, ring ? ring + n : NULL, i, a, b);
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

static bool fill(struct mr_plan *p, uint32_t view_max, struct mr_report *report)
{
	if (!place_replicas(p) || !place_rings(p) || !mr_plan_rules(p, report))
		return false;
	mr_plan_window(p, report);
	if (!mr_plan_pools(p, view_max))
		return false;
	mr_plan_fits(p, mr_plan_memory(), report);
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
		for (unsigned i = 0; i < (MR_PORTS_MAX + 1) * MR_LANES; i++) {
			free(p->needs[r][i / MR_LANES][i % MR_LANES].need);
			free(p->needs[r][i / MR_LANES][i % MR_LANES].gate);
		}
	}
	free(p->needs);
	free(p->ring);
	free(p->replica);
	free(p);
}

static void print_lane(const struct mr_plan *p, unsigned edge, enum mr_lane lane, FILE *out)
{
	const struct mr_graph *g = p->graph;
	const struct mr_edge *e = &g->edge[edge];
	unsigned n = 0;
	uint32_t depth = 0;

	for (unsigned r = 0; r < p->rings; r++) {
		if (p->ring[r].edge != edge || p->ring[r].lane != lane)
			continue;
		depth = p->ring[r].depth;
		n++;
	}
	if (n == 0)
		return;
	if (n > 1)
		fprintf(out, "%u rings ", n);
	else
		fputs("ring ", out);
	fprintf(out, "%s.%s -> %s.%s: %u packets%s, full: %s", g->stage[e->from].name,
	        g->stage[e->from].kind->outputs[e->output].name, g->stage[e->to].name,
	        g->stage[e->to].kind->inputs[e->input].name, depth, n > 1 ? " each" : "",
	        e->full == MR_WAIT ? "wait" : "drop");
	if (e->lanes & MR_OUT(MR_LANE_CONTROL))
		fprintf(out, ", lane %s", mr_lane_words[lane]);
	if (g->stage[e->to].affinity == MR_DEAL && n > 1)
		fputs(", dealt out", out);
	if (e->restores)
		fputs(", order restored", out);
	if (e->sojourn_us && lane == MR_LANE_BULK)
		fprintf(out, ", sojourn: %g ms over %g ms", e->sojourn_us / 1000.0,
		        e->interval_us / 1000.0);
	fputc('\n', out);
}

/* Where it runs and how it idles, when the graph says so. */
static void print_place(const struct mr_place *place, FILE *out)
{
	if (place->cpu == MR_CPU_AUTO)
		fputs("; on core auto", out);
	for (unsigned i = 0; place->cpu == MR_CPU_LIST && i < place->ncpu; i++)
		fprintf(out, "%s%u", i == 0 ? "; on core " : i + 1 < place->ncpu ? ", " : " or ",
		        place->cpus[i]);
	if (place->spin_us)
		fprintf(out, "; spins %u us", place->spin_us);
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
		print_place(&g->place[p->worker[w].place], out);
		if (p->pool[w].packets)
			fprintf(out, "; pool of %u packets, %u bytes each", p->pool[w].packets,
			        p->pool[w].size);
		if (p->pool[w].slabs)
			fprintf(out, ", %u slabs", p->pool[w].slabs);
		fputc('\n', out);
	}
	if (mr_plan_bytes(p))
		fprintf(out, "pools of %.1f MiB in all\n", (double)mr_plan_bytes(p) / (1 << 20));
	for (unsigned i = 0; i < g->edges; i++) {
		print_lane(p, i, MR_LANE_CONTROL, out);
		print_lane(p, i, MR_LANE_BULK, out);
	}
}
