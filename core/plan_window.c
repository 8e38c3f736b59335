/* plan_window.c - may several replicas number packets under one key?
 *
 * Whatever the graph, no number is given out twice.  But replicas that number side by side hand on
 * side by side: what one of them has numbered early may leave late.  A receiver looks back a number
 * of packets and refuses what is older (kind->window).  So such a graph is refused when more than
 * half of that could be on the way between numbering and the end at once:
 *
 *   each replica that may hold packets of the key     a vector in hand, and what it may keep
 *   each ring between two such                        its depth
 *
 * An affinity by hash brings a key's packets together in one replica, `any` leaves them where they
 * are.  A thread that is not run for long still makes packets late that it has in hand: the rule
 * bounds what waits, not time.
 */
#include "core/plan_parts.h"

#include <stdlib.h>

/* Which replicas of each stage may hold packets of the key: bits by number.  Threads of a stage are
 * at most MR_THREADS_MAX. */
typedef uint32_t holders[MR_STAGES_MAX];

struct on_the_way {
	uint32_t fixed; /* packets in hand and kept          */
	uint32_t rings; /* that may hold packets of the key  */
	uint32_t queued; /* packets in them, when full       */
};

/* Numbered packets go on by it. */
static bool goes_on(const struct mr_graph *g, const struct mr_edge *e, const holders held)
{
	const struct mr_port *output = &g->stage[e->from].kind->outputs[e->output];

	return held[e->from] && (output->numbered || (output->passes && !output->aside));
}

/* One of the consumer's replicas gets the key's packets, or those of the producers' numbers do. */
static uint32_t takers(const struct mr_plan *p, const struct mr_edge *e, uint32_t from)
{
	uint32_t to = 0;

	if (p->graph->stage[e->to].affinity != MR_ANY)
		return 1;
	for (unsigned i = 0; i < mr_graph_replicas(p->graph, e->from); i++)
		if (from & MR_OUT(i))
			to |= MR_OUT(i % mr_graph_replicas(p->graph, e->to));
	return to;
}

/* Follow the packets of one key from the replicas that number it. */
static void follow(const struct mr_plan *p, unsigned stage, holders held)
{
	const struct mr_graph *g = p->graph;
	bool more = true;

	held[stage] = MR_OUT(mr_graph_replicas(g, stage)) - 1;
	while (more) {
		more = false;
		for (unsigned i = 0; i < g->edges; i++) {
			const struct mr_edge *e = &g->edge[i];
			uint32_t to = goes_on(g, e, held) ? takers(p, e, held[e->from]) : 0;

			more |= (to & ~held[e->to]) != 0;
			held[e->to] |= to;
		}
	}
}

static bool holds(const struct mr_plan *p, const holders held, unsigned replica)
{
	const struct mr_plan_replica *r = &p->replica[replica];

	return held[r->stage] & MR_OUT(r->index);
}

static void add_up(const struct mr_plan *p, const holders held, struct on_the_way *n)
{
	const struct mr_graph *g = p->graph;

	for (unsigned r = 0; r < p->replicas; r++)
		if (holds(p, held, r))
			n->fixed += MR_VECTOR + g->stage[p->replica[r].stage].kind->keeps;
	for (unsigned i = 0; i < p->rings; i++) {
		const struct mr_plan_ring *ring = &p->ring[i];

		if (!goes_on(g, &g->edge[ring->edge], held) || !holds(p, held, ring->producer) ||
		    !holds(p, held, ring->consumer))
			continue;
		n->queued += ring->depth;
		n->rings++;
	}
}

static void refuse(const struct mr_plan *p, unsigned stage, const struct on_the_way *n,
                   struct mr_report *report)
{
	const struct mr_graph *g = p->graph;
	const struct mr_stage *s = &g->stage[stage];
	uint32_t most = s->kind->window / 2, depth = 0;
	char path[64], remedy[96] = "fewer threads";

	if (n->rings && most > n->fixed)
		depth = (most - n->fixed) / n->rings;
	if (depth >= MR_VECTOR)
		snprintf(remedy, sizeof remedy, "a depth of at most %u on the edges behind %s",
		         depth, s->name);
	snprintf(path, sizeof path, "stages.%s.affinity", s->name);
	mr_complain(report, (struct mr_where){ .file = g->file, .path = path },
	            "\"%s\" lets %u replicas number what has one key, and up to %u packets of it could "
	            "be on the way behind them; a receiver looks back %u, so no more than %u may be: "
	            "it takes %s, or an affinity that keeps a key with one replica",
	            mr_affinity_words[s->affinity], mr_graph_replicas(g, stage),
	            n->fixed + n->queued, s->kind->window, most, remedy);
}

void mr_plan_window(const struct mr_plan *p, struct mr_report *report)
{
	for (unsigned s = 0; s < p->graph->stages; s++) {
		struct on_the_way n = { 0 };
		holders held = { 0 };

		if (!p->graph->stage[s].kind->window || !mr_graph_spread(p->graph, s))
			continue;
		follow(p, s, held);
		add_up(p, held, &n);
		if (n.fixed + n.queued > p->graph->stage[s].kind->window / 2)
			refuse(p, s, &n, report);
	}
}
