/* graph_check.c - does the graph as a whole make sense?
 *
 * Ports that must be connected are; kinds that exist once do; the host is alone on its worker;
 * numbered packets only cross `wait` edges; ports made for one thing are joined with their like;
 * nothing waits for itself.  At the end the stages are
 * put in the order packets flow.
 */
#include "core/graph_parse.h"

#include <stdlib.h>
#include <string.h>

static const char *path_of(char path[MR_PATH], const struct mr_graph *g, unsigned stage)
{
	return mr_path_key(path, "stages", g->stage[stage].name);
}

static struct mr_where edge_where(const struct mr_graph_parse *p, unsigned edge, const char *key,
				  char path[MR_PATH])
{
	mr_path_item(path, "edges", p->edge_at[edge]);
	return mr_json_where(p->doc, mr_path_key(path, path, key));
}

/* ---- ports ---- */

static bool is_fed(const struct mr_graph *g, unsigned stage, unsigned input)
{
	for (unsigned i = 0; i < g->edges; i++)
		if (g->edge[i].to == stage && g->edge[i].input == input)
			return true;
	return false;
}

static void check_ports(const struct mr_graph_parse *p, unsigned stage)
{
	const struct mr_kind *kind = p->g->stage[stage].kind;
	char path[MR_PATH];

	if (!kind || p->murky[stage])
		return;
	path_of(path, p->g, stage);
	for (unsigned i = 0; i < mr_ports_count(kind->inputs); i++)
		if (!kind->inputs[i].optional && !is_fed(p->g, stage, i))
			mr_complain(p->report, mr_json_where(p->doc, path),
				    "no edge leads to its input %s", kind->inputs[i].name);
	for (unsigned i = 0; i < mr_ports_count(kind->outputs); i++)
		if (!kind->outputs[i].optional && mr_graph_edge_at(p->g, stage, i) < 0)
			mr_complain(p->report, mr_json_where(p->doc, path),
				    "no edge leads away from its output %s", kind->outputs[i].name);
}

/* ---- kinds ---- */

/* Once, the only one with its part, and at most one host. */
static void check_kind(const struct mr_graph_parse *p, unsigned stage)
{
	const struct mr_stage *s = &p->g->stage[stage];
	char path[MR_PATH];

	if (!s->kind)
		return;
	for (unsigned i = 0; i < stage; i++) {
		const struct mr_stage *other = &p->g->stage[i];

		if (s->kind->once && other->kind == s->kind)
			mr_complain(p->report, mr_json_where(p->doc, path_of(path, p->g, stage)),
				    "%s is of kind %s already, of which a graph has one stage",
				    other->name, s->kind->name);
		else if (s->kind->part && other->kind && other->kind->part &&
			 !strcmp(s->kind->part, other->kind->part))
			mr_complain(p->report, mr_json_where(p->doc, path_of(path, p->g, stage)),
				    "%s %s already, and a graph has one stage for that",
				    other->name, s->kind->part);
		else if (s->kind->host && mr_stage_is_host(other))
			mr_complain(p->report, mr_json_where(p->doc, path_of(path, p->g, stage)),
				    "%s is the host of this graph already", other->name);
	}
}

/* ---- the host's worker ---- */

static void check_host_place(const struct mr_graph_parse *p, unsigned worker)
{
	const struct mr_graph *g = p->g;
	const struct mr_place *w = &g->place[worker];
	char path[MR_PATH], at[MR_PATH];

	mr_path_key(path, "workers", w->name);
	for (unsigned i = 0; i < g->stages; i++)
		if (g->stage[i].worker == worker && g->stage[i].kind && !g->stage[i].kind->host)
			mr_complain(p->report,
				    mr_json_where(p->doc, mr_path_key(at, path, "stages")),
				    "%s cannot share a worker with the host, which runs on the "
				    "program's event loop",
				    g->stage[i].name);
	if (w->spin_us)
		mr_complain(p->report, mr_json_where(p->doc, mr_path_key(at, path, "idle")),
			    "the host's worker cannot spin: it waits in the program's event loop");
}

/* ---- numbered packets ---- */

static void check_numbered(const struct mr_graph_parse *p, unsigned edge)
{
	const struct mr_edge *e = &p->g->edge[edge];
	const struct mr_stage *from = &p->g->stage[e->from];
	char path[MR_PATH];

	if (e->full == MR_WAIT || from->kind->host || !mr_graph_numbered(p->g, edge))
		return;
	mr_complain(p->report, edge_where(p, edge, "full", path),
		    "packets from %s.%s have their numbers already and cannot be dropped on "
		    "purpose: this edge must \"wait\"",
		    from->name, from->kind->outputs[e->output].name);
}

/* Nor for their wait; and the host's packets are few. */
static void check_sojourn(const struct mr_graph_parse *p, unsigned edge)
{
	const struct mr_edge *e = &p->g->edge[edge];
	const struct mr_stage *from = &p->g->stage[e->from];
	bool host = from->kind->host || p->g->stage[e->to].kind->host;
	char path[MR_PATH];

	if (!p->timed[edge] || e->sojourn_us == 0 || (!host && !mr_graph_has_numbers(p->g, edge)))
		return;
	mr_complain(p->report, edge_where(p, edge, "sojourn", path),
	            "%s: nothing is dropped here for its wait; leave sojourn out",
	            host ? "the host's packets are not bulk" :
	                   "packets here have their numbers already");
}

/* ---- ports made for one thing ---- */

static void check_join(const struct mr_graph_parse *p, unsigned edge)
{
	const struct mr_edge *e = &p->g->edge[edge];
	const struct mr_stage *from = &p->g->stage[e->from], *to = &p->g->stage[e->to];
	const struct mr_port *out = &from->kind->outputs[e->output];
	const struct mr_port *in = &to->kind->inputs[e->input];
	char path[MR_PATH];

	if (!out->sort != !in->sort || (out->sort && strcmp(out->sort, in->sort)))
		mr_complain(p->report, edge_where(p, edge, "to", path),
			    "%s.%s gives %s, and %s.%s takes %s", from->name, out->name,
			    out->sort ? out->sort : "packets", to->name, in->name,
			    in->sort ? in->sort : "packets");
	if (out->aside && e->full != MR_DROP)
		mr_complain(p->report, edge_where(p, edge, "full", path),
			    "what %s.%s gives is beside the packets' way and must not hold them up: "
			    "this edge must \"drop\"", from->name, out->name);
}

/* ---- cycles ----
 *
 * Two searches over the same edges.  Waiting: from an input over the outputs a call can reach,
 * along `wait` edges; a cycle would wait for itself.  Inline: from stage to stage along edges
 * within one worker; a cycle would never end its turn. */

#define NODES (MR_STAGES_MAX * MR_PORTS_MAX)

struct search {
	const struct mr_graph_parse *p;
	bool                         waits;          /* else inline */
	enum { WHITE, GREY, BLACK }  colour[NODES];  /* unseen, on the trail, done */
	unsigned                     node[NODES + 1]; /* the trail: nodes, and the edges taken */
	unsigned                     edge[NODES + 1];
	unsigned                     n;
};

/* Does the edge lead away from this node?  Then *next is where. */
static bool follows(const struct search *s, unsigned node, const struct mr_edge *e, unsigned *next)
{
	const struct mr_graph *g = s->p->g;
	const struct mr_kind *kind = g->stage[e->from].kind;
	unsigned input = node % MR_PORTS_MAX;

	if (e->from != node / MR_PORTS_MAX)
		return false;
	*next = e->to * MR_PORTS_MAX + (s->waits ? e->input : 0);
	if (!s->waits)
		return mr_graph_inline(g, e);
	return e->full == MR_WAIT && (kind->inputs[input].reaches & MR_OUT(e->output));
}

static void report_cycle(const struct search *s, unsigned back_to)
{
	const struct mr_graph *g = s->p->g;
	char path[MR_PATH], text[1024] = "";
	unsigned first = s->n - 1;
	size_t at = 0;

	while (s->node[first] != back_to)
		first--;
	for (unsigned i = first; i < s->n && at < sizeof text; i++) {
		const struct mr_edge *e = &g->edge[s->edge[i]];
		const struct mr_stage *from = &g->stage[e->from], *to = &g->stage[e->to];

		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s.%s -> %s.%s",
				       i > first ? ", " : "", from->name,
				       from->kind->outputs[e->output].name, to->name,
				       to->kind->inputs[e->input].name);
	}
	mr_complain(s->p->report,
	            edge_where(s->p, s->edge[s->n - 1], s->waits ? "full" : "to", path),
	            s->waits ? "a cycle of edges that wait for one another: %s; one of them has to be "
	                       "\"drop\"" :
	                       "a cycle of edges within one worker, whose turn would never end: %s; "
	                       "move a stage to another worker or leave out an edge",
		    text);
}

static void search_from(struct search *s, unsigned node)
{
	const struct mr_graph *g = s->p->g;
	unsigned next;

	s->colour[node] = GREY;
	for (unsigned i = 0; i < g->edges; i++) {
		if (!follows(s, node, &g->edge[i], &next))
			continue;
		s->node[s->n] = node;
		s->edge[s->n++] = i;
		if (s->colour[next] == GREY)
			report_cycle(s, next);
		else if (s->colour[next] == WHITE)
			search_from(s, next);
		s->n--;
	}
	s->colour[node] = BLACK;
}

static void check_cycles(const struct mr_graph_parse *p, bool waits)
{
	struct search *s = calloc(1, sizeof *s);

	if (!s) {
		mr_complain(p->report, mr_json_where(p->doc, "edges"), "no memory to check them");
		return;
	}
	s->p = p;
	s->waits = waits;
	for (unsigned i = 0; i < p->g->stages; i++) {
		const struct mr_kind *kind = p->g->stage[i].kind;
		unsigned inputs = waits && kind ? mr_ports_count(kind->inputs) : 1;

		for (unsigned j = 0; kind && j < inputs; j++)
			if (s->colour[i * MR_PORTS_MAX + j] == WHITE)
				search_from(s, i * MR_PORTS_MAX + j);
	}
	free(s);
}

/* ---- order ---- */

/* Has the stage an unfinished stage before it?  With `hard`, only edges that wait or are inline
 * count: those of a ring that drops may run against the order. */
static bool is_blocked(const struct mr_graph *g, unsigned stage, const bool *done, bool hard)
{
	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_edge *e = &g->edge[i];

		if (e->to != stage || e->from == stage || done[e->from] ||
		    g->stage[e->from].kind->host)
			continue;
		if (!hard || e->full == MR_WAIT || mr_graph_inline(g, e))
			return true;
	}
	return false;
}

/* The next stage: the first with everything before it done, else the best there is. */
static unsigned next_in_order(const struct mr_graph *g, const bool *done)
{
	unsigned first = MR_NO_STAGE, soft = MR_NO_STAGE;

	for (unsigned i = 0; i < g->stages; i++) {
		if (done[i])
			continue;
		if (!is_blocked(g, i, done, false))
			return i;
		if (soft == MR_NO_STAGE && !is_blocked(g, i, done, true))
			soft = i;
		if (first == MR_NO_STAGE)
			first = i;
	}
	return soft != MR_NO_STAGE ? soft : first;
}

static void put_in_order(struct mr_graph *g)
{
	bool done[MR_STAGES_MAX] = { false };

	for (unsigned i = 0; i < g->stages; i++) {
		g->order[i] = next_in_order(g, done);
		done[g->order[i]] = true;
	}
}

void mr_graph_check(struct mr_graph_parse *p)
{
	for (unsigned i = 0; i < p->g->stages; i++) {
		check_ports(p, i);
		check_kind(p, i);
	}
	for (unsigned i = 0; i < p->g->places; i++)
		if (p->g->place[i].host)
			check_host_place(p, i);
	for (unsigned i = 0; i < p->g->edges; i++) {
		check_numbered(p, i);
		check_sojourn(p, i);
		check_join(p, i);
	}
	check_cycles(p, true);
	check_cycles(p, false);
	put_in_order(p->g);
}
