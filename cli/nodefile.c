/* nodefile.c - from the command line to a checked node file and graph.
 *
 * 1. read the node file, apply the --set that are for it, check it against every section
 * 2. pick the graph: --graph, else the file's `graph`, `auto` by the number of cores
 * 3. read the graph file, apply the other --set, check it
 */
#include "cli/nodefile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/aead.h"
#include "core/cores.h"
#include "core/engine.h"
#include "core/http_listen.h"
#include "core/plugins.h"
#include "core/yaml.h"

#define DEFAULT_FILE "millrace.json"

struct cli_node_options cli_node_options_of(const struct cli_args *args, const char **sets)
{
	struct cli_node_options o = { .file = cli_value(args, CLI_CONFIG),
				      .graph = cli_value(args, CLI_GRAPH), .sets = sets };

	for (unsigned i = 0; i < args->n; i++)
		if (args->given[i].option == CLI_SET)
			sets[o.nsets++] = args->given[i].value;
	return o;
}

/* ---- 1. the node file ---- */

static bool ends_in(const char *file, const char *end)
{
	size_t n = strlen(file), m = strlen(end);

	return n > m && !strcmp(file + n - m, end);
}

static bool is_yaml(const char *file)
{
	return ends_in(file, ".yaml") || ends_in(file, ".yml");
}

/* The reference's own file may be of a later version than we know: it leaves out what it does not
 * know itself, but in transports and peers (operations.md 3.1). */
static bool is_minor(const struct mr_where *where)
{
	static const char *const strict[] = { "transports", "peers[" };

	if (!where->file || !is_yaml(where->file))
		return false;
	for (unsigned i = 0; i < sizeof strict / sizeof strict[0]; i++)
		if (!strncmp(where->path, strict[i], strlen(strict[i])))
			return false;
	return true;
}

struct mr_json *cli_node_read(const char *file, struct mr_report *report)
{
	if (is_yaml(file))
		return mr_yaml_load(file, report);
	return mr_json_load(file, report);
}

/* Decode a section for its complaints alone. */
static void try_section(const struct mr_section *s, const struct mr_json *doc,
                        struct mr_report *report)
{
	void *out = calloc(1, mr_section_size(s));

	if (!out)
		return;
	mr_section_fill(s, out, doc, report);
	if (s->check)
		s->check(out, doc, report);
	mr_section_free(s, out);
	free(out);
}

void cli_listen_told(const struct mr_report *said, const struct mr_json *doc,
                     struct mr_report *report)
{
	static const char path[] = "http.listen: ";

	for (unsigned i = 0; i < said->n; i++) {
		const char *text = said->list[i].text;
		size_t skip = strncmp(text, path, sizeof path - 1) ? 0 : sizeof path - 1;

		mr_complain(report, mr_json_where(doc, "http.listen"), "%s", text + skip);
	}
}

/* What HTTP says of an address that is well formed. */
static void try_listen(const struct cli_settings *settings, const struct mr_json *doc,
                       struct mr_report *report)
{
	struct mr_report said = { 0 };

	if (!settings->http.listen || !mr_http_listen_valid(settings->http.listen, true, &said)) {
		mr_report_free(&said); /* the setting's rule has told */
		return;
	}
	mr_http_listen_valid(settings->http.listen, settings->http.insecure_bind, &said);
	cli_listen_told(&said, doc, report);
	mr_report_free(&said);
}

/* The reference's key for it, unless ours is there.  A wrong word was complained of. */
static void take_level(struct cli_settings *settings, const struct mr_json *doc)
{
	struct cli_level reference = { 0 };

	if (!mr_json_at(doc, "node.log_level") || mr_json_at(doc, "log.level"))
		return;
	mr_section_decode(&cli_level_section, &reference, doc);
	settings->log.level = reference.level;
}

void cli_node_check(const struct mr_json *doc, const struct mr_kind *const *kinds,
                    struct cli_settings *settings, struct mr_report *report)
{
	struct cli_sections sections;

	cli_sections_of(&sections, kinds);
	for (unsigned i = 0; i < sections.n; i++)
		if (sections.list[i]->size && sections.list[i] != &cli_root_section)
			try_section(sections.list[i], doc, report);
	mr_section_fill(&cli_root_section, settings, doc, report);
	take_level(settings, doc);
	try_listen(settings, doc, report);
	mr_sections_known(sections.list, sections.n, doc, "", is_minor, report);
}

void cli_settings_free(struct cli_settings *settings)
{
	mr_section_free(&cli_root_section, settings);
}

static struct mr_json *read_or_default(struct cli_node *node, const struct cli_node_options *o,
                                       struct mr_report *report)
{
	const char *file = o->file ? o->file : DEFAULT_FILE;
	bool there = access(file, F_OK) == 0;

	if (!there && !o->file && o->bare)
		return mr_json_parse("(no node file)", "{}", 2, report);
	if (!there && !o->file) {
		mr_complain(report, (struct mr_where){ 0 },
			    "there is no " DEFAULT_FILE " here; name the node file with -c FILE");
		return NULL;
	}
	node->file = strdup(file);
	return cli_node_read(file, report);
}

static void load_doc(struct cli_node *node, const struct cli_node_options *o,
                     const struct cli_sections *sections, struct mr_report *report)
{
	node->doc = read_or_default(node, o, report);
	if (!node->doc)
		return;
	cli_set_node(node->doc, sections, o, report);
	cli_node_check(node->doc, o->kinds, &node->settings, report);
}

/* ---- 2. which graph ---- */

/* Path of the graph file, malloc'd, or NULL. */
static char *pick_graph(struct cli_node *node, const struct cli_node_options *o,
                        struct mr_report *report)
{
	struct mr_where where = { .file = "--graph" };
	const char *graph = o->graph, *beside = NULL, *why;

	if (!graph) {
		graph = node->settings.graph;
		where = mr_json_where(node->doc, "graph");
		beside = node->file;
	}
	if (graph && !strcmp(graph, "auto")) {
		unsigned cores = o->cores ? o->cores : mr_cores_granted();

		graph = cli_graph_auto(cores, &why);
		if (asprintf(&node->why, "graph %s, picked for %u core%s: %s", graph, cores,
			     cores == 1 ? "" : "s", why) < 0)
			node->why = NULL;
	}
	return graph ? cli_graph_path(graph, beside, where, report) : NULL;
}

/* ---- 3. the graph ---- */

static void load_graph(struct cli_node *node, const struct cli_node_options *o,
                       const struct cli_sections *sections, struct mr_report *report)
{
	char *path = pick_graph(node, o, report);

	node->graph_doc = path ? mr_json_load(path, report) : NULL;
	free(path);
	if (!node->graph_doc)
		return;
	cli_set_graph(node->graph_doc, sections, o, report);
	cli_fit_whens(node->graph_doc, sections, report);
	node->graph = mr_graph_parse_for(node->graph_doc, node->doc, o->kinds, report);
	if (!node->graph && o->plugins)
		cli_fit_explain(node, o, report);
	if (node->graph)
		cli_fit_check(node, o->kinds, report);
}

/* A node file that cannot be read still leaves a graph to check, when --graph names it. */
bool cli_node_load(struct cli_node *node, const struct cli_node_options *options,
                   struct mr_report *report)
{
	struct cli_sections sections;
	unsigned errors = report->errors;

	*node = (struct cli_node){ 0 };
	cli_sections_of(&sections, options->kinds);
	load_doc(node, options, &sections, report);
	if (options->plugins && node->doc)
		cli_aead_warn_unknown(options->plugins->aeads, node->settings.aead.refuse,
		                      mr_json_where(node->doc, "aead.refuse"), report);
	if (node->doc || options->graph)
		load_graph(node, options, &sections, report);
	return report->errors == errors;
}

void cli_node_free(struct cli_node *node)
{
	mr_graph_free(node->graph);
	mr_json_free(node->graph_doc);
	mr_json_free(node->doc);
	cli_settings_free(&node->settings);
	free(node->file);
	free(node->why);
	*node = (struct cli_node){ 0 };
}

/* ---- what buffers must hold ---- */

static uint32_t resource_view(const struct mr_resource *r, const struct mr_json *doc)
{
	void *conf[CLI_SECTIONS_MAX] = { NULL };
	const struct mr_section *s = r->sections;
	unsigned n = 0;
	uint32_t view;

	if (!r->view_max)
		return 0;
	for (; s && s[n].path && n < CLI_SECTIONS_MAX; n++) {
		conf[n] = calloc(1, mr_section_size(&s[n]));
		if (!conf[n])
			abort();
		mr_section_decode(&s[n], conf[n], doc);
	}
	view = r->view_max(conf);
	while (n-- > 0) {
		mr_section_free(&s[n], conf[n]);
		free(conf[n]);
	}
	return view;
}

uint32_t cli_node_view_max(const struct cli_node *node)
{
	uint32_t most = MR_VIEW_MIN;

	for (unsigned i = 0; i < node->graph->stages; i++) {
		const struct mr_resource *const *r = node->graph->stage[i].kind->uses;

		for (; r && *r; r++) {
			uint32_t view = resource_view(*r, node->doc);

			most = view > most ? view : most;
		}
	}
	return most;
}
