/* graph_flow.c - what flows over an edge, seen through stages that pass packets on as they are.
 *
 * A port says what it is by itself: numbered, plaintext.  A port that `passes` says nothing: what
 * leaves there came in unchanged, so upstream it is what feeds its stage, and downstream what its
 * stage feeds.  At the end: stages that show others what they are given, and whether they may.
 */
#include "core/graph_parse.h"

/* Is any packet that leaves by this output numbered, or plaintext? */
struct trace {
	const struct mr_graph *g;
	bool (*is)(const struct mr_port *port);
	unsigned depth; /* drop edges may lead in circles */
};

static bool is_numbered(const struct mr_port *port)
{
	return port->numbered;
}

static bool is_plaintext(const struct mr_port *port)
{
	return port->plaintext;
}

static bool leaves(struct trace *t, unsigned stage, unsigned output)
{
	const struct mr_kind *kind = t->g->stage[stage].kind;
	bool found = kind && t->is(&kind->outputs[output]);

	if (found || !kind || !kind->outputs[output].passes || t->depth == MR_STAGES_MAX)
		return found;
	t->depth++;
	for (unsigned i = 0; i < t->g->edges && !found; i++) {
		const struct mr_edge *e = &t->g->edge[i];

		found = e->to == stage && kind->inputs[e->input].passes &&
		        leaves(t, e->from, e->output);
	}
	t->depth--;
	return found;
}

/* Is it numbered ones that this input wants? */
static bool enters(struct trace *t, unsigned stage, unsigned input)
{
	const struct mr_kind *kind = t->g->stage[stage].kind;
	bool found = kind && t->is(&kind->inputs[input]);

	if (found || !kind || !kind->inputs[input].passes || t->depth == MR_STAGES_MAX)
		return found;
	t->depth++;
	for (unsigned i = 0; i < t->g->edges && !found; i++) {
		const struct mr_edge *e = &t->g->edge[i];
		const struct mr_port *out = &kind->outputs[e->output];

		if (e->from == stage)
			found = out->passes && !out->aside && enters(t, e->to, e->input);
	}
	t->depth--;
	return found;
}

bool mr_graph_numbered(const struct mr_graph *g, unsigned edge)
{
	const struct mr_edge *e = &g->edge[edge];
	struct trace t = { .g = g, .is = is_numbered };

	return leaves(&t, e->from, e->output) && enters(&t, e->to, e->input);
}

bool mr_graph_has_numbers(const struct mr_graph *g, unsigned edge)
{
	const struct mr_edge *e = &g->edge[edge];
	struct trace t = { .g = g, .is = is_numbered };

	return leaves(&t, e->from, e->output);
}

bool mr_graph_plaintext(const struct mr_graph *g, unsigned edge)
{
	const struct mr_edge *e = &g->edge[edge];
	struct trace t = { .g = g, .is = is_plaintext };

	return leaves(&t, e->from, e->output);
}

/* ---- may they? ---- */

static bool is_permitted(const struct mr_kind *kind, const struct mr_json *node)
{
	return !kind->shows || (node && json_is_true(mr_json_at(node, kind->shows)));
}

bool mr_graph_permitted(const struct mr_graph *g, const struct mr_json *doc,
                        const struct mr_json *node, struct mr_report *report)
{
	unsigned errors = report->errors;

	for (unsigned i = 0; i < g->edges; i++) {
		const struct mr_stage *from = &g->stage[g->edge[i].from],
				      *to = &g->stage[g->edge[i].to];
		const struct mr_port *out = &from->kind->outputs[g->edge[i].output];
		char path[MR_PATH];

		if (is_permitted(to->kind, node) || !mr_graph_plaintext(g, i))
			continue;
		mr_path_key(path, "stages", to->name);
		mr_complain(report, mr_json_where(doc, path),
		            "%s.%s carries what people wrote, unsealed, and %s shows it to others: that "
		            "needs %s to be true in the node file", from->name, out->name,
		            to->kind->name, to->kind->shows);
	}
	return report->errors == errors;
}
