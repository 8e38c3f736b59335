/* graph_deal.c - one flow on several threads: dealt out by vectors, and put in order again.
 *
 *                          +-> first.0 -> last.0 -+
 *     dealer (one replica) |                      | gatherer (one replica)
 *                          +-> first.1 -> last.1 -+
 *        affinity "deal", threads: 2             `restores`
 *
 * A stage with affinity `deal`, and those behind it on its worker, are a section: a line, since
 * each hands on by one edge.  The dealer gives vectors to its replicas in turn; each comes out of
 * its replica as one vector, with fewer packets or none; the gatherer takes them in the same turn.
 * So order needs no numbers on packets, as long as nothing enters a section but by the dealing
 * edge, nothing is kept in it, and all its edges wait.  What goes aside has no order to keep.
 */
#include "core/graph_parse.h"

struct section {
	const struct mr_graph_parse *p;
	unsigned                     first;              /* the stage with `deal`           */
	bool                         has[MR_STAGES_MAX]; /* the stages of the section       */
	unsigned                     line[MR_STAGES_MAX]; /* [n]: the edge that each hands on by */
	unsigned                     n;
	unsigned                     in, out;            /* edges; MR_EDGES_MAX: none       */
};

static struct mr_where at_edge(const struct mr_graph_parse *p, unsigned edge, const char *key,
			       char path[MR_PATH])
{
	mr_path_item(path, "edges", p->edge_at[edge]);
	return mr_json_where(p->doc, mr_path_key(path, path, key));
}

static const char *name_of(const struct section *s, unsigned stage)
{
	return s->p->g->stage[stage].name;
}

static bool is_aside(const struct mr_graph *g, const struct mr_edge *e)
{
	return g->stage[e->from].kind->outputs[e->output].aside;
}

/* ---- the section ---- */

/* The edge by which a stage hands on, or MR_EDGES_MAX. */
static unsigned way_on(const struct section *s, unsigned stage)
{
	const struct mr_graph *g = s->p->g;
	unsigned found = MR_EDGES_MAX;
	char path[MR_PATH];

	for (unsigned i = 0; i < g->edges; i++) {
		if (g->edge[i].from != stage || is_aside(g, &g->edge[i]))
			continue;
		if (found == MR_EDGES_MAX)
			found = i;
		else
			mr_complain(s->p->report, at_edge(s->p, i, "from", path),
				    "a second edge leads away from what %s is dealt, and only one "
				    "can have the order restored",
				    name_of(s, s->first));
	}
	return found;
}

/* What is behind it on the same worker goes on with the same vectors.  A line that comes back to
 * itself is refused where calls are put in order (plan_rules.c). */
static void walk(struct section *s)
{
	const struct mr_graph *g = s->p->g;
	unsigned stage = s->first;

	while (!s->has[stage]) {
		unsigned edge = way_on(s, stage);

		s->has[stage] = true;
		if (edge == MR_EDGES_MAX)
			return;
		s->line[s->n++] = edge;
		if (!mr_graph_inline(g, &g->edge[edge])) {
			s->out = edge;
			return;
		}
		stage = g->edge[edge].to;
	}
}

static void check_stage(const struct section *s, unsigned stage)
{
	const struct mr_stage *st = &s->p->g->stage[stage];
	char path[MR_PATH], at[MR_PATH];

	mr_path_key(path, "stages", st->name);
	if (st->kind->pull || st->kind->timeout)
		mr_complain(s->p->report, mr_json_where(s->p->doc, path),
			    "may keep what %s is dealt and hand it on out of turn: it belongs on "
			    "another worker",
			    name_of(s, s->first));
	if (stage == s->first || st->affinity == MR_ANY)
		return;
	mr_complain(s->p->report, mr_json_where(s->p->doc, mr_path_key(at, path, "affinity")),
		    "\"%s\" would take vectors apart that %s is dealt: a stage behind it on the "
		    "same worker takes \"any\", or belongs on another worker",
		    mr_affinity_words[st->affinity], name_of(s, s->first));
}

/* A vector that came by `by` leaves by `edge`, if any of it leaves at all. */
static void check_way(const struct section *s, unsigned by, unsigned edge)
{
	const struct mr_graph *g = s->p->g;
	const struct mr_edge *e = &g->edge[edge];
	const struct mr_kind *kind = g->stage[e->from].kind;
	char path[MR_PATH];

	if (e->full != MR_WAIT)
		mr_complain(s->p->report, at_edge(s->p, edge, "full", path),
			    "order is restored behind this edge, so it must \"wait\"");
	if (by != MR_EDGES_MAX && !(kind->inputs[g->edge[by].input].reaches & MR_OUT(e->output)))
		mr_complain(s->p->report, at_edge(s->p, edge, "from", path),
			    "nothing that %s is dealt by %s leaves by %s", name_of(s, e->from),
			    kind->inputs[g->edge[by].input].name, kind->outputs[e->output].name);
}

/* ---- what enters ---- */

static void check_entry(struct section *s, unsigned edge)
{
	const struct mr_graph *g = s->p->g;
	const struct mr_edge *e = &g->edge[edge];
	char path[MR_PATH];

	if (s->has[e->from])
		return;
	if (e->to != s->first || s->in != MR_EDGES_MAX) {
		mr_complain(s->p->report, at_edge(s->p, edge, "to", path),
			    "%s is dealt vectors that are put in order again behind it, so no "
			    "other edge may lead to %s",
			    name_of(s, s->first), name_of(s, e->to));
		return;
	}
	s->in = edge;
	if (mr_graph_inline(g, e))
		mr_complain(s->p->report, at_edge(s->p, edge, "to", path),
			    "%s is dealt vectors that come from its own worker: it needs one of its own",
			    name_of(s, e->to));
	if (mr_graph_replicas(g, e->from) > 1)
		mr_complain(s->p->report, at_edge(s->p, edge, "from", path),
			    "%s has %u replicas, and only one can deal vectors out to %s",
			    name_of(s, e->from), mr_graph_replicas(g, e->from), name_of(s, e->to));
	if (g->stage[e->from].kind->host)
		mr_complain(s->p->report, at_edge(s->p, edge, "from", path),
			    "%s is the host, which deals nothing out", name_of(s, e->from));
	if (mr_lanes_both(e))
		mr_complain(s->p->report, at_edge(s->p, edge, "from", path),
			    "packets come here in both lanes, which have no order between them to "
			    "restore behind %s",
			    name_of(s, e->to));
}

/* ---- what leaves ---- */

static void check_exit(const struct section *s)
{
	const struct mr_graph *g = s->p->g;
	const struct mr_edge *e = &g->edge[s->out];
	char path[MR_PATH];

	if (mr_graph_replicas(g, e->to) > 1)
		mr_complain(s->p->report, at_edge(s->p, s->out, "to", path),
			    "%s has %u replicas, and only one can put in order again what %s was "
			    "dealt",
			    name_of(s, e->to), mr_graph_replicas(g, e->to), name_of(s, s->first));
}

static void check_section(struct mr_graph_parse *p, unsigned first)
{
	struct section s = { .p = p, .first = first, .in = MR_EDGES_MAX, .out = MR_EDGES_MAX };
	unsigned errors = p->report->errors;
	char path[MR_PATH];

	walk(&s);
	for (unsigned i = 0; i < p->g->stages; i++)
		if (s.has[i])
			check_stage(&s, i);
	for (unsigned i = 0; i < p->g->edges; i++)
		if (s.has[p->g->edge[i].to])
			check_entry(&s, i);
	for (unsigned i = 0; i < s.n; i++)
		check_way(&s, i ? s.line[i - 1] : s.in, s.line[i]);
	if (s.out != MR_EDGES_MAX)
		check_exit(&s);
	if (p->report->errors > errors)
		return;
	mr_path_key(path, "stages", name_of(&s, first));
	if (s.in == MR_EDGES_MAX || s.out == MR_EDGES_MAX)
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "is dealt vectors, but no edge leads %s",
			    s.in == MR_EDGES_MAX ? "to it" : "away, to a worker that takes them in order");
	else if (mr_graph_replicas(p->g, first) > 1)
		p->g->edge[s.out].restores = first + 1;
}

void mr_graph_deal(struct mr_graph_parse *p)
{
	for (unsigned i = 0; i < p->g->stages; i++)
		if (p->g->stage[i].affinity == MR_DEAL)
			check_section(p, i);
}
