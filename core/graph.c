/* graph.c - reading a graph file: its parts in order, and its stages with their settings.
 *
 * 1. the file's own keys      graph, summary
 * 2. stages                   kind, threads, affinity, settings of the kind
 * 3. edges                    graph_edges.c
 * 4. workers                  graph_place.c
 * 5. replicas                 graph_replicas.c
 * 6. what spans the file      graph_check.c
 * 7. lanes                    graph_lanes.c
 * 8. what is dealt out        graph_deal.c
 */
#include "core/graph_parse.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 31
#define WORDS_MAX    128

/* ---- names ---- */

unsigned mr_graph_stage_named(const struct mr_graph *g, const char *name, size_t len)
{
	for (unsigned i = 0; i < g->stages; i++)
		if (strlen(g->stage[i].name) == len && !memcmp(g->stage[i].name, name, len))
			return i;
	return MR_NO_STAGE;
}

bool mr_graph_absent(const struct mr_graph_parse *p, const char *name, size_t len)
{
	char stage[NAME_MAX_LEN + 1], path[MR_PATH], at[MR_PATH];
	const char *when;
	json_t *there;

	if (len > NAME_MAX_LEN)
		return false;
	memcpy(stage, name, len);
	stage[len] = '\0';
	mr_path_key(path, "stages", stage);
	when = json_string_value(mr_json_at(p->doc, mr_path_key(at, path, "when")));
	there = when && p->node ? mr_json_at(p->node, when) : NULL;
	return when && (!there || json_is_null(there));
}

unsigned mr_ports_count(const struct mr_port *ports)
{
	unsigned n = 0;

	while (ports && ports[n].name)
		n++;
	return n;
}

unsigned mr_named_count(const struct mr_named *named)
{
	unsigned n = 0;

	while (named && named[n].name)
		n++;
	return n;
}

int mr_ports_find(const struct mr_port *ports, const char *name)
{
	for (unsigned i = 0; i < mr_ports_count(ports); i++)
		if (!strcmp(ports[i].name, name))
			return (int)i;
	return -1;
}

const char *mr_graph_stage_hint(char buf[MR_HINT], const struct mr_graph *g, const char *word)
{
	const char *names[MR_STAGES_MAX];

	for (unsigned i = 0; i < g->stages; i++)
		names[i] = g->stage[i].name;
	return mr_hint(buf, word, names, g->stages);
}

const char *mr_ports_hint(char buf[MR_HINT], const struct mr_port *ports, const char *word)
{
	const char *names[MR_PORTS_MAX];
	unsigned n = 0;

	for (; n < mr_ports_count(ports) && n < MR_PORTS_MAX; n++)
		names[n] = ports[n].name;
	return mr_hint(buf, word, names, n);
}

bool mr_graph_name_ok(const struct mr_graph_parse *p, const char *what, const char *name,
		      const char *path)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	if (n > 0 && n <= NAME_MAX_LEN && !name[n])
		return true;
	mr_complain(p->report, mr_json_place(p->doc, path, p->report),
		    "the name of a %s is up to %d letters, digits, '-' and '_'", what,
		    NAME_MAX_LEN);
	return false;
}

json_t *mr_graph_part(const struct mr_graph_parse *p, const char *key, bool array, bool required)
{
	json_t *value = mr_json_at(p->doc, key);
	char buf[MR_SHOWN];

	if (!value || json_is_null(value)) {
		if (required)
			mr_complain(p->report, mr_json_where(p->doc, key), "is missing");
		return NULL;
	}
	if (array ? json_is_array(value) : json_is_object(value))
		return value;
	mr_complain(p->report, mr_json_where(p->doc, key), "%s is not an %s",
		    mr_json_shown(buf, value), array ? "array" : "object");
	return NULL;
}

/* ---- 1. the file's own keys ---- */

struct head {
	char *graph, *summary; /* owned */
	char *schema;          /* owned, of no effect */
};

const struct mr_field mr_graph_head_fields[] = {
	{ .name = "graph", .type = MR_TEXT, MR_AT(struct head, graph),
	  .help = "name of the graph; the file's when left out" },
	{ .name = "summary", .type = MR_TEXT, MR_AT(struct head, summary),
	  .help = "one line on what the graph is for" },
	{ .name = "stages", .type = MR_RAW, .help = "name of a stage to its settings" },
	{ .name = "edges", .type = MR_RAW, .help = "from an output to an input" },
	{ .name = "workers", .type = MR_RAW, .help = "threads and the stages on them" },
	{ .name = "$schema", .type = MR_TEXT, MR_AT(struct head, schema),
	  .help = "where the JSON Schema of this file lies, for editors; not looked at" },
	{ 0 }
};

/* "graphs/two-core.json" is called two-core. */
static char *name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');

	return dot && dot > base ? strndup(base, (size_t)(dot - base)) : strdup(base);
}

static void parse_head(struct mr_graph_parse *p)
{
	const char *file = mr_json_where(p->doc, "").file;
	struct head head;

	mr_fields_decode(mr_graph_head_fields, &head, sizeof head, p->doc, "", p->report);
	p->g->file = strdup(file);
	p->g->name = head.graph ? head.graph : name_of_file(file);
	p->g->summary = head.summary ? head.summary : strdup("");
	free(head.schema);
}

/* ---- 2. stages ---- */

struct common {
	char    *kind; /* owned; NULL: the stage's name */
	char    *when; /* owned; NULL: always           */
	uint32_t threads;
	unsigned affinity;
};

const char *const mr_affinity_words[] = { [MR_ANY] = "any",
					  [MR_DESTINATION] = "destination",
					  [MR_SOURCE] = "source",
					  [MR_PEER] = "peer",
					  [MR_FLOW] = "flow",
					  [MR_DEAL] = "deal",
					  NULL };

/* Which kinds there are is looked up where the graph is read. */
static const struct mr_field_rule kind_rule = {
	.bad = (const char *const[]){ "", "no-such-kind", NULL },
};

const struct mr_field mr_graph_stage_fields[] = {
	{ .name = "kind", .type = MR_TEXT, MR_AT(struct common, kind), .rule = &kind_rule,
	  .help = "what the stage runs; the kind of its own name when left out" },
	{ .name = "when", .type = MR_TEXT, MR_AT(struct common, when),
	  .help = "path in the node file: the stage is there only if something is there" },
	{ .name = "threads", .type = MR_U32, MR_AT(struct common, threads), .min = 1,
	  .max = MR_THREADS_MAX, .def = 1,
	  .help = "replicas of the stage, each on a worker of its own" },
	{ .name = "affinity", .type = MR_WORD, MR_AT(struct common, affinity),
	  .words = mr_affinity_words, .help = "the key that picks the replica for a packet" },
	{ 0 }
};

static const struct mr_field no_fields[] = { { 0 } };

static const struct mr_kind *kind_named(const struct mr_graph_parse *p, const char *name)
{
	for (const struct mr_kind *const *k = p->kinds; *k; k++)
		if (!strcmp((*k)->name, name))
			return *k;
	return NULL;
}

const struct mr_kind *mr_graph_kind_of(const struct mr_graph_parse *p, const char *name, size_t len)
{
	char stage[NAME_MAX_LEN + 1], path[MR_PATH], at[MR_PATH];
	const char *kind;

	if (len > NAME_MAX_LEN)
		return NULL;
	memcpy(stage, name, len);
	stage[len] = '\0';
	mr_path_key(path, "stages", stage);
	kind = json_string_value(mr_json_at(p->doc, mr_path_key(at, path, "kind")));
	return kind_named(p, kind ? kind : stage);
}

static void unknown_kind(const struct mr_graph_parse *p, const char *name, const char *path)
{
	const char *names[WORDS_MAX];
	char hint[MR_HINT];
	unsigned n = 0;

	for (; n < WORDS_MAX && p->kinds[n]; n++)
		names[n] = p->kinds[n]->name;
	mr_hint(hint, name, names, n);
	mr_complain(p->report, mr_json_where(p->doc, path), "there is no kind \"%s\"%s", name,
		    *hint ? hint : "; plugins bring more, and are loaded at the start alone");
}

/* The affinity given, or the first that the kind works with. */
static void parse_affinity(struct mr_graph_parse *p, struct mr_stage *s, unsigned given,
			   const char *path)
{
	uint32_t works = s->kind->affinities ? s->kind->affinities : MR_OUT(MR_ANY);
	char at[MR_PATH], list[128] = "";
	json_t *value = mr_json_at(p->doc, mr_path_key(at, path, "affinity"));

	for (s->affinity = MR_ANY; !(works & MR_OUT(s->affinity)); s->affinity++)
		;
	if (!value || json_is_null(value))
		return;
	if (works & MR_OUT(given)) {
		s->affinity = (enum mr_affinity)given;
		p->aligned[s - p->g->stage] = true;
		return;
	}
	for (unsigned i = 0, n = 0; mr_affinity_words[i]; i++)
		if (works & MR_OUT(i))
			n += (unsigned)snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "",
						mr_affinity_words[i]);
	mr_complain(p->report, mr_json_where(p->doc, at), "\"%s\" is not for %s, which takes %s",
		    mr_affinity_words[given], s->kind->name, list);
}

static void parse_settings(const struct mr_graph_parse *p, struct mr_stage *s, const char *path)
{
	const struct mr_field *fields = s->kind->fields ? s->kind->fields : no_fields;
	const struct mr_section common = { .path = "", .fields = mr_graph_stage_fields };
	const struct mr_section own = { .path = "", .fields = fields };
	const struct mr_section *const both[] = { &common, &own };

	s->conf = calloc(1, s->kind->size ? s->kind->size : 1);
	if (s->conf)
		mr_fields_fill(fields, s->conf, s->kind->size, p->doc, path, p->report);
	mr_sections_known(both, 2, p->doc, path, NULL, p->report);
}

static void free_stage(struct mr_stage *s)
{
	if (s->kind && s->kind->fields && s->conf)
		mr_fields_free(s->kind->fields, s->conf);
	free(s->conf);
	free(s->name);
	*s = (struct mr_stage){ 0 };
}

/* One that is absent is read for its mistakes: it may be there tomorrow. */
static void parse_stage(struct mr_graph_parse *p, const char *name, bool absent)
{
	struct mr_stage *s = &p->g->stage[p->g->stages];
	char path[MR_PATH], at[MR_PATH];
	struct mr_where where;
	struct common common;

	mr_path_key(path, "stages", name);
	if (!mr_graph_name_ok(p, "stage", name, path))
		return;
	p->g->stages++;
	s->name = strdup(name);
	mr_fields_fill(mr_graph_stage_fields, &common, sizeof common, p->doc, path, p->report);
	s->threads = common.threads ? common.threads : 1;
	s->kind = kind_named(p, common.kind ? common.kind : name);
	if (s->kind) {
		parse_affinity(p, s, common.affinity, path);
		parse_settings(p, s, path);
	} else if (common.kind) {
		unknown_kind(p, common.kind, mr_path_key(at, path, "kind"));
	} else {
		unknown_kind(p, name, path);
	}
	mr_fields_free(mr_graph_stage_fields, &common);
	if (absent) {
		free_stage(s);
		p->aligned[--p->g->stages] = false;
		return;
	}
	where = mr_json_where(p->doc, path);
	s->line = where.line;
	s->column = where.column;
}

static void parse_stages(struct mr_graph_parse *p)
{
	json_t *stages = mr_graph_part(p, "stages", false, true), *value;
	const char *name;

	if (stages && !json_object_size(stages))
		mr_complain(p->report, mr_json_where(p->doc, "stages"), "a graph needs a stage");
	json_object_foreach(stages, name, value)
	{
		bool absent = mr_graph_absent(p, name, strlen(name));

		if (p->g->stages < MR_STAGES_MAX) {
			parse_stage(p, name, absent);
		} else if (!absent) {
			mr_complain(p->report, mr_json_where(p->doc, "stages"),
				    "%zu stages are more than the %d that a graph may have",
				    json_object_size(stages), MR_STAGES_MAX);
			return;
		}
	}
}

/* ---- the whole ---- */

struct mr_graph *mr_graph_parse_for(const struct mr_json *doc, const struct mr_json *node,
                                    const struct mr_kind *const *kinds, struct mr_report *report)
{
	struct mr_graph_parse p = { .doc = doc, .node = node, .kinds = kinds, .report = report };
	unsigned errors = report->errors;

	p.g = calloc(1, sizeof *p.g);
	if (!p.g) {
		mr_complain(report, mr_json_where(doc, ""), "no memory for the graph");
		return NULL;
	}
	parse_head(&p);
	parse_stages(&p);
	mr_graph_edges(&p);
	mr_graph_place(&p);
	mr_graph_replicate(&p);
	mr_graph_check(&p);
	if (report->errors == errors) {
		mr_graph_lanes(p.g);
		mr_graph_deal(&p);
	}
	if (report->errors == errors)
		return p.g;
	mr_graph_free(p.g);
	return NULL;
}

struct mr_graph *mr_graph_parse(const struct mr_json *doc, const struct mr_kind *const *kinds,
				struct mr_report *report)
{
	return mr_graph_parse_for(doc, NULL, kinds, report);
}

void mr_graph_free(struct mr_graph *g)
{
	if (!g)
		return;
	for (unsigned i = 0; i < g->stages; i++)
		free_stage(&g->stage[i]);
	for (unsigned i = 0; i < g->places; i++) {
		free(g->place[i].name);
		free(g->place[i].cpus);
	}
	free(g->name);
	free(g->summary);
	free(g->file);
	free(g);
}

int mr_graph_edge_at(const struct mr_graph *g, unsigned stage, unsigned output)
{
	for (unsigned i = 0; i < g->edges; i++)
		if (g->edge[i].from == stage && g->edge[i].output == output)
			return (int)i;
	return -1;
}

bool mr_graph_inline(const struct mr_graph *g, const struct mr_edge *e)
{
	const struct mr_stage *from = &g->stage[e->from], *to = &g->stage[e->to];

	return from->worker == to->worker && !from->kind->host && !to->kind->host;
}
