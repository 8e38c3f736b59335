/* graph_edges.c - reading "edges": from which output to which input, how deep, what when full. */
#include "core/graph_parse.h"

#include <stdlib.h>
#include <string.h>

struct edge {
	char    *from, *to; /* owned */
	uint32_t depth;
	uint32_t sojourn, interval;
	unsigned full;
};

static const char *const full_words[] = { [MR_WAIT] = "wait", [MR_DROP] = "drop", NULL };

/* Stages and ports are looked up in the graph. */
static const struct mr_field_rule end_rule = {
	.type = "stage or stage.port",
	.schema = "{ \"pattern\": \"^" MR_GRAPH_NAME "(\\\\.[a-z0-9-]{1,31})?$\" }",
	.bad = (const char *const[]){ "", "rx.", ".frames", "rx frames", "rx.frames.0", NULL },
	.unseen = (const char *const[]){ "nobody", "nobody.frames", NULL },
};

const struct mr_field mr_graph_edge_fields[] = {
	{ .name = "from", .type = MR_TEXT, MR_AT(struct edge, from), .required = true,
	  .rule = &end_rule,
	  .help = "stage.output; the stage alone when it has one output" },
	{ .name = "to", .type = MR_TEXT, MR_AT(struct edge, to), .required = true,
	  .rule = &end_rule,
	  .help = "stage.input; the stage alone when it has one input" },
	{ .name = "depth", .type = MR_U32, MR_AT(struct edge, depth), .min = 64, .max = 65536,
	  .def = MR_DEPTH, .unit = "packets", .help = "room when the ends are on two workers" },
	{ .name = "sojourn", .type = MR_U32, MR_AT(struct edge, sojourn), .max = 10000000,
	  .def = MR_SOJOURN, .unit = "us",
	  .help = "wait in the ring that bulk packets may have for long; 0: any" },
	{ .name = "interval", .type = MR_U32, MR_AT(struct edge, interval), .min = 1000,
	  .max = 10000000, .def = MR_INTERVAL, .unit = "us",
	  .help = "how long they may have it before some are dropped" },
	{ .name = "full", .type = MR_WORD, MR_AT(struct edge, full), .words = full_words,
	  .help = "what happens without room: wait holds the producer, drop drops and counts; "
		  "required, except on the host's edges, which always drop" },
	{ 0 }
};

/* The port of a stage that stands alone in an edge. */
static int only_port(const struct mr_graph_parse *p, const struct mr_port *ports,
		     const char *stage, const char *what, const char *path)
{
	char hint[MR_HINT];
	unsigned n = mr_ports_count(ports);

	if (n == 1)
		return 0;
	if (n == 0)
		mr_complain(p->report, mr_json_where(p->doc, path), "%s has no %s", stage, what);
	else
		mr_complain(p->report, mr_json_where(p->doc, path),
			    "%s has %u %ss: say which, as in \"%s.%s\"%s", stage, n, what, stage,
			    ports[0].name, mr_ports_hint(hint, ports, ""));
	return -1;
}

/* That of a stage of this kind (NULL: unknown) which the text names; its index or -1. */
static int parse_port(const struct mr_graph_parse *p, const struct mr_kind *kind, const char *text,
		      bool output, const char *path)
{
	const char *what = output ? "output" : "input";
	size_t len = strcspn(text, ".");
	const struct mr_port *ports;
	char hint[MR_HINT];
	int port;

	if (!kind)
		return -1;
	ports = output ? kind->outputs : kind->inputs;
	if (!text[len])
		return only_port(p, ports, text, what, path);
	port = mr_ports_find(ports, text + len + 1);
	if (port < 0)
		mr_complain(p->report, mr_json_where(p->doc, path), "%.*s has no %s \"%.64s\"%s",
			    (int)len, text, what, text + len + 1,
			    mr_ports_hint(hint, ports, text + len + 1));
	return port;
}

/* One end, "stage.port" or "stage": writes the stage as soon as that is known, returns the port's
 * index or -1. */
static int parse_end(struct mr_graph_parse *p, const char *text, bool output, const char *path,
		     unsigned *stage)
{
	size_t len = strcspn(text, ".");
	char word[MR_PATH], hint[MR_HINT];

	*stage = mr_graph_stage_named(p->g, text, len);
	if (*stage == MR_NO_STAGE) {
		snprintf(word, sizeof word, "%.*s", (int)(len < 64 ? len : 64), text);
		mr_complain(p->report, mr_json_where(p->doc, path), "there is no stage \"%s\"%s",
			    word, mr_graph_stage_hint(hint, p->g, word));
		return -1;
	}
	return parse_port(p, p->g->stage[*stage].kind, text, output, path);
}

static bool is_given(const struct mr_graph_parse *p, const char *path, const char *key)
{
	char at[MR_PATH];
	json_t *value = mr_json_at(p->doc, mr_path_key(at, path, key));

	return value && !json_is_null(value);
}

/* `full` must be there, unless the host sends: then it must not. */
static void parse_full(const struct mr_graph_parse *p, struct mr_edge *e, unsigned given,
		       const char *path)
{
	char at[MR_PATH];
	bool there = is_given(p, path, "full");

	mr_path_key(at, path, "full");
	e->full = (enum mr_full)given;
	if (mr_stage_is_host(&p->g->stage[e->from])) {
		e->full = MR_DROP;
		if (there)
			mr_complain(p->report, mr_json_where(p->doc, at),
				    "edges out of %s always drop what does not fit; leave full out",
				    p->g->stage[e->from].name);
	} else if (!there) {
		mr_complain(p->report, mr_json_where(p->doc, at),
			    "is missing: say \"wait\" (hold the producer until there is room) or "
			    "\"drop\" (drop and count)");
	}
}

/* An output feeds one edge only. */
static bool is_free(const struct mr_graph_parse *p, const struct mr_edge *e, const char *path)
{
	int taken = mr_graph_edge_at(p->g, e->from, e->output);
	const struct mr_stage *s = &p->g->stage[e->from];
	char at[MR_PATH];

	if (taken < 0)
		return true;
	mr_complain(p->report, mr_json_where(p->doc, mr_path_key(at, path, "from")),
		    "output %s of %s feeds edges[%u] already", s->kind->outputs[e->output].name,
		    s->name, p->edge_at[taken]);
	return false;
}

/* An end of an edge that could not be read: it may have meant this stage, the one of the nearest
 * name, or any. */
static void blur(struct mr_graph_parse *p, const char *text, unsigned stage)
{
	const char *names[MR_STAGES_MAX], *near = NULL;
	char word[64];

	for (unsigned i = 0; i < p->g->stages; i++)
		names[i] = p->g->stage[i].name;
	if (text && stage == MR_NO_STAGE) {
		snprintf(word, sizeof word, "%.*s", (int)(strcspn(text, ".") % sizeof word), text);
		near = mr_nearest(word, names, p->g->stages);
	}
	if (near)
		stage = mr_graph_stage_named(p->g, near, strlen(near));
	if (stage != MR_NO_STAGE)
		p->murky[stage] = true;
	else
		memset(p->murky, true, sizeof p->murky);
}

/* An edge of a stage that is not there is not there. */
static bool leads_nowhere(const struct mr_graph_parse *p, json_t *edge)
{
	static const char *const ends[] = { "from", "to" };
	bool absent = false;

	for (unsigned i = 0; i < 2; i++) {
		const char *end = json_string_value(json_object_get(edge, ends[i]));

		absent |= end && mr_graph_absent(p, end, strcspn(end, "."));
	}
	return absent;
}

/* One end of an edge that is not there for now. */
static void check_end(struct mr_graph_parse *p, const char *text, bool output, const char *path)
{
	size_t len = strcspn(text, ".");
	unsigned stage;

	if (mr_graph_absent(p, text, len))
		parse_port(p, mr_graph_kind_of(p, text, len), text, output, path);
	else
		parse_end(p, text, output, path, &stage);
}

static void check_edge(struct mr_graph_parse *p, unsigned index)
{
	char path[MR_PATH], at[MR_PATH];
	struct edge read;

	mr_path_item(path, "edges", index);
	mr_fields_decode(mr_graph_edge_fields, &read, sizeof read, p->doc, path, p->report);
	if (read.from)
		check_end(p, read.from, true, mr_path_key(at, path, "from"));
	if (read.to)
		check_end(p, read.to, false, mr_path_key(at, path, "to"));
	mr_fields_free(mr_graph_edge_fields, &read);
}

static void parse_edge(struct mr_graph_parse *p, unsigned index, const json_t *value)
{
	struct mr_edge e = { .from = MR_NO_STAGE, .to = MR_NO_STAGE };
	char path[MR_PATH], at[MR_PATH];
	int output = -1, input = -1;
	struct edge read;

	mr_path_item(path, "edges", index);
	if (json_is_null(value))
		mr_complain(p->report, mr_json_where(p->doc, path), "null is not an object");
	mr_fields_decode(mr_graph_edge_fields, &read, sizeof read, p->doc, path, p->report);
	if (read.from)
		output = parse_end(p, read.from, true, mr_path_key(at, path, "from"), &e.from);
	if (read.to)
		input = parse_end(p, read.to, false, mr_path_key(at, path, "to"), &e.to);
	if (output >= 0 && input >= 0) {
		e.output = (unsigned)output;
		e.input = (unsigned)input;
		e.depth = read.depth;
		e.sojourn_us = read.sojourn;
		e.interval_us = read.interval;
		parse_full(p, &e, read.full, path);
		if (is_free(p, &e, path)) {
			p->edge_at[p->g->edges] = index;
			p->timed[p->g->edges] = is_given(p, path, "sojourn");
			p->g->edge[p->g->edges++] = e;
		}
	} else {
		blur(p, read.from, e.from);
		blur(p, read.to, e.to);
	}
	mr_fields_free(mr_graph_edge_fields, &read);
}

void mr_graph_edges(struct mr_graph_parse *p)
{
	json_t *edges = mr_graph_part(p, "edges", true, false), *value;
	size_t i;

	if (json_array_size(edges) > MR_EDGES_MAX) {
		mr_complain(p->report, mr_json_where(p->doc, "edges"),
			    "%zu edges are more than the %d that a graph may have",
			    json_array_size(edges), MR_EDGES_MAX);
		memset(p->murky, true, sizeof p->murky);
		return;
	}
	json_array_foreach(edges, i, value)
		if (leads_nowhere(p, value))
			check_edge(p, (unsigned)i);
		else
			parse_edge(p, (unsigned)i, value);
}
