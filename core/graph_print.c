/* graph_print.c - a checked graph for graphviz,
 * and as a graph file with all defaults written out. */
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

static const char *output_name(const struct mr_graph *g, const struct mr_edge *e)
{
	return g->stage[e->from].kind->outputs[e->output].name;
}

static const char *input_name(const struct mr_graph *g, const struct mr_edge *e)
{
	return g->stage[e->to].kind->inputs[e->input].name;
}

/* ---- dot ---- */

/* In quotes, for dot: only the file's own texts can hold a quote. */
static void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
	fputc('"', out);
}

static void print_dot_place(const struct mr_graph *g, unsigned place, FILE *out)
{
	fprintf(out, "\tsubgraph cluster_%u {\n\t\tlabel=\"%s", place, g->place[place].name);
	if (g->place[place].threads > 1)
		fprintf(out, " x %u", g->place[place].threads);
	fprintf(out, "\"; style=rounded;\n");
	for (unsigned i = 0; i < g->stages; i++)
		if (g->stage[i].worker == place)
			fprintf(out, "\t\t\"%s\";\n", g->stage[i].name);
	fprintf(out, "\t}\n");
}

/* Bold: a ring.  Dashed: drops when full. */
static void print_dot_edge(const struct mr_graph *g, const struct mr_edge *e, FILE *out)
{
	bool ring = !mr_graph_inline(g, e);

	fprintf(out, "\t\"%s\" -> \"%s\" [label=\"%s", g->stage[e->from].name,
		g->stage[e->to].name, output_name(g, e));
	if (strcmp(output_name(g, e), input_name(g, e)) != 0)
		fprintf(out, " > %s", input_name(g, e));
	if (ring)
		fprintf(out, "\\n%u", e->depth);
	fprintf(out, "\", style=\"%s%s\"];\n", e->full == MR_WAIT ? "solid" : "dashed",
		ring ? ",bold" : "");
}

void mr_graph_print_dot(const struct mr_graph *g, FILE *out)
{
	fprintf(out, "digraph ");
	print_quoted(g->name, out);
	fprintf(out, " {\n\trankdir=LR; node [shape=box]; label=");
	print_quoted(g->summary, out);
	fprintf(out, ";\n");
	for (unsigned i = 0; i < g->places; i++)
		print_dot_place(g, i, out);
	for (unsigned i = 0; i < g->edges; i++)
		print_dot_edge(g, &g->edge[i], out);
	fprintf(out, "}\n");
}

/* ---- JSON ---- */

static json_t *stage_json(const struct mr_stage *s)
{
	json_t *stage = json_pack("{s:s, s:i, s:s}", "kind", s->kind->name, "threads",
				  (int)s->threads, "affinity", mr_affinity_words[s->affinity]);
	json_t *settings = s->kind->fields ? mr_fields_json(s->kind->fields, s->conf) : NULL;

	json_object_update(stage, settings);
	json_decref(settings);
	return stage;
}

static json_t *edge_json(const struct mr_graph *g, const struct mr_edge *e)
{
	json_t *edge = json_object();

	json_object_set_new(edge, "from",
			    json_sprintf("%s.%s", g->stage[e->from].name, output_name(g, e)));
	json_object_set_new(edge, "to",
			    json_sprintf("%s.%s", g->stage[e->to].name, input_name(g, e)));
	json_object_set_new(edge, "depth", json_integer(e->depth));
	if (e->sojourn_us) {
		json_object_set_new(edge, "sojourn", json_integer(e->sojourn_us));
		json_object_set_new(edge, "interval", json_integer(e->interval_us));
	}
	if (!g->stage[e->from].kind->host)
		json_object_set_new(edge, "full",
				    json_string(e->full == MR_WAIT ? "wait" : "drop"));
	return edge;
}

static json_t *cpu_json(const struct mr_place *w)
{
	json_t *list;

	if (w->cpu != MR_CPU_LIST)
		return json_string(w->cpu == MR_CPU_AUTO ? "auto" : "any");
	list = json_array();
	for (unsigned i = 0; i < w->ncpu; i++)
		json_array_append_new(list, json_integer(w->cpus[i]));
	return list;
}

static json_t *place_json(const struct mr_graph *g, unsigned place)
{
	const struct mr_place *w = &g->place[place];
	json_t *worker = json_object(), *stages = json_array();

	for (unsigned i = 0; i < g->stages; i++)
		if (g->stage[i].worker == place)
			json_array_append_new(stages, json_string(g->stage[i].name));
	json_object_set_new(worker, "stages", stages);
	json_object_set_new(worker, "threads", json_integer(w->threads));
	json_object_set_new(worker, "cpu", cpu_json(w));
	json_object_set_new(worker, "idle",
			    w->spin_us ? json_pack("{s:i}", "spin", (int)w->spin_us) :
					 json_string("park"));
	return worker;
}

char *mr_graph_json(const struct mr_graph *g)
{
	json_t *root = json_object(), *stages = json_object(), *edges = json_array();
	json_t *workers = json_object();
	char *text;

	for (unsigned i = 0; i < g->stages; i++)
		json_object_set_new(stages, g->stage[i].name, stage_json(&g->stage[i]));
	for (unsigned i = 0; i < g->edges; i++)
		json_array_append_new(edges, edge_json(g, &g->edge[i]));
	for (unsigned i = 0; i < g->places; i++)
		json_object_set_new(workers, g->place[i].name, place_json(g, i));
	json_object_set_new(root, "graph", json_string(g->name));
	json_object_set_new(root, "summary", json_string(g->summary));
	json_object_set_new(root, "stages", stages);
	json_object_set_new(root, "edges", edges);
	json_object_set_new(root, "workers", workers);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return text;
}
