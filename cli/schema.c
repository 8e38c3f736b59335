/* schema.c - millrace schema: what may stand in a file, for editors, pages and people. */
#include "core/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nodefile.h"
#include "core/plugins.h"
#include "core/reference.h"

enum { MARKDOWN, MDOC, TEXT };

static const struct cli_option options[] = {
	{ 'm', "markdown", NULL, "a page with the tables of settings in place of the JSON Schema" },
	{ 'M', "mdoc", NULL, "the same as a part of a manual page" },
	{ 't', "text", NULL, "the same as text" },
	{ 0 }
};

enum file { NODE, GRAPH };

static const char *const files[] = { [NODE] = "node", [GRAPH] = "graph", NULL };

static struct mr_setting *settings_of(enum file file, const struct mr_kind *const *kinds)
{
	struct cli_sections sections;

	if (file == GRAPH)
		return mr_graph_settings();
	cli_sections_of(&sections, kinds);
	return mr_settings_of(sections.list, sections.n);
}

/* ---- a part of it ---- */

/* The setting at a path below root; NULL after saying what there is. */
static const struct mr_setting *at_path(const struct cli_args *args, const struct mr_setting *root,
                                        const char *path)
{
	const struct mr_setting *s = root, *below;
	struct mr_step step;
	const char *rest = path;

	while (*rest && mr_path_step(&rest, &step)) {
		const char *names[64];
		char hint[MR_HINT];
		unsigned n = 0;

		below = mr_settings_find(s, step.name);
		if (!below) {
			for (; n < s->n && n < sizeof names / sizeof names[0]; n++)
				names[n] = s->below[n]->key;
			cli_usage_error(args, "there is no setting \"%s\" in %s%s", step.name,
			                s == root ? "that file" : s->key,
			                mr_hint(hint, step.name, names, n));
			return NULL;
		}
		s = below;
	}
	if (*rest)
		cli_usage_error(args, "\"%s\" is not a path such as transports.udp", path);
	return *rest ? NULL : s;
}

/* ---- what is printed ---- */

static int print_json(json_t *o)
{
	int failed = json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	putchar('\n');
	json_decref(o);
	return failed ? CLI_FAILED : CLI_OK;
}

/* A key of a graph file: what stages may hold goes by their kinds. */
static json_t *graph_part(const char *key, const struct mr_kind *const *kinds)
{
	json_t *whole = mr_graph_schema(kinds);
	json_t *part = json_object_get(json_object_get(whole, "properties"), key);

	json_incref(part);
	if (!strcmp(key, "stages"))
		json_object_set(part, "$defs", json_object_get(whole, "$defs"));
	json_decref(whole);
	return part;
}

static int print_schema(enum file file, const struct mr_setting *root, const struct mr_setting *s,
                        const struct mr_kind *const *kinds)
{
	json_t *defs, *o;

	if (s == root && file == GRAPH)
		return print_json(mr_graph_schema(kinds));
	if (file == GRAPH && mr_settings_find(root, s->key) == s)
		return print_json(graph_part(s->key, kinds));
	defs = json_object();
	if (s == root)
		return print_json(mr_schema_root(root, defs, "node", "millrace: a node file"));
	o = mr_schema_value(s, defs);
	if (json_object_size(defs))
		json_object_set(o, "$defs", defs);
	json_decref(defs);
	return print_json(o);
}

static int print(const struct cli_args *args, enum file file, const struct mr_kind *const *kinds)
{
	enum mr_form form = cli_has(args, MARKDOWN) ? MR_MARKDOWN :
	                    cli_has(args, MDOC)     ? MR_MDOC :
	                                              MR_PLAIN;
	struct mr_setting *root = settings_of(file, kinds);
	const char *path = args->n_words > 1 ? args->words[1] : "";
	const struct mr_setting *s = at_path(args, root, path);
	int code = CLI_OK;

	if (!s)
		code = CLI_USAGE;
	else if (!cli_has(args, MARKDOWN) && !cli_has(args, MDOC) && !cli_has(args, TEXT))
		code = print_schema(file, root, s, kinds);
	else
		mr_reference_object(s, path, form, file == NODE && s == root && form == MR_MARKDOWN,
		                    stdout);
	mr_settings_free(root);
	return code;
}

static int run(const struct cli_args *args)
{
	const char *word = args->n_words ? args->words[0] : NULL;
	struct mr_report report = { 0 };
	struct mr_plugins *plugins;
	char hint[MR_HINT];
	int code;

	if (!word || args->n_words > 2)
		return cli_usage_error(args, "the schema of what? node or graph, and perhaps a key");
	if (strcmp(word, files[NODE]) != 0 && strcmp(word, files[GRAPH]) != 0)
		return cli_usage_error(args, "there is no file \"%s\"%s", word,
		                       mr_hint(hint, word, files, 2));
	plugins = cli_plugins_open(&report);
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	if (!plugins)
		return CLI_FAILED;
	code = print(args, strcmp(word, files[NODE]) ? GRAPH : NODE, plugins->kinds);
	mr_plugins_close(plugins);
	return code;
}

const struct cli_command cli_schema = {
	.name = "schema",
	.summary = "print the JSON Schema of node files or graph files",
	.details = "WHAT is node or graph; with a KEY such as transports.udp only that part.  Settings of\n"
	           "plugins are among them.  The schema (2020-12) is made from the tables by which files\n"
	           "are read, and is for JSON; a node file in YAML has the same keys.  An editor finds it\n"
	           "by a key \"$schema\" in the file, or by a setting of its own.",
	.options = options,
	.words = "WHAT [KEY]",
	.choices = files,
	.run = run,
};
