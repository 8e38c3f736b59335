/* set.c - `--set KEY=VALUE`: which file a key belongs to, and changing it there.
 *
 * The first word of the key decides: a top-level key of the node file goes to the node file,
 * "stages", "edges" and "workers" to the graph as they stand, and a stage's name to that stage.
 */
#include "cli/nodefile.h"

#include <string.h>

#define WORDS_MAX (MR_STAGES_MAX + 32)

static const char *const graph_keys[] = { "stages", "edges", "workers", NULL };

/* A set, taken apart. */
struct change {
	char        key[MR_PATH];
	char        first[MR_PATH];
	const char *value; /* borrowed */
};

static bool take_apart(struct change *c, const char *set, struct mr_report *report)
{
	const char *equals = strchr(set, '='), *at = c->key;
	struct mr_step step;

	if (!equals || equals == set || (size_t)(equals - set) >= sizeof c->key) {
		mr_complain(report, (struct mr_where){ .file = "--set" },
			    "\"%s\" is not of the form key=value, such as tun.mtu=1400", set);
		return false;
	}
	memcpy(c->key, set, (size_t)(equals - set));
	c->key[equals - set] = '\0';
	c->value = equals + 1;
	if (!mr_path_step(&at, &step) || step.item) {
		mr_complain(report, (struct mr_where){ .file = "--set", .path = c->key },
			    "is not a key such as tun.mtu or rx.batch");
		return false;
	}
	memcpy(c->first, step.name, sizeof c->first);
	return true;
}

static bool is_node(const struct cli_sections *sections, const char *first)
{
	return mr_sections_have(sections->list, sections->n, first);
}

void cli_set_node(struct mr_json *doc, const struct cli_sections *sections,
                  const struct cli_node_options *options, struct mr_report *report)
{
	struct change c;

	for (unsigned i = 0; i < options->nsets; i++)
		if (take_apart(&c, options->sets[i], report) && is_node(sections, c.first))
			mr_json_set(doc, c.key, c.value, report);
}

static bool is_graph_key(const char *first)
{
	for (const char *const *k = graph_keys; *k; k++)
		if (!strcmp(*k, first))
			return true;
	return false;
}

static void unknown(const json_t *stages, const struct change *c, struct mr_report *report)
{
	const char *names[WORDS_MAX], *key;
	char hint[MR_HINT];
	unsigned n = 0;
	json_t *value;

	for (const char *const *k = cli_top_keys; *k && n < WORDS_MAX; k++)
		names[n++] = *k;
	for (const char *const *k = graph_keys; *k && n < WORDS_MAX; k++)
		names[n++] = *k;
	json_object_foreach((json_t *)(uintptr_t)stages, key, value)
		if (n < WORDS_MAX)
			names[n++] = key;
	mr_complain(report, (struct mr_where){ .file = "--set", .path = c->key },
		    "\"%s\" is neither a key of the node file nor a stage of the graph%s", c->first,
		    mr_hint(hint, c->first, names, n));
}

static void set_stage(struct mr_json *graph, const struct change *c, struct mr_report *report)
{
	char path[MR_PATH + sizeof "stages."];

	snprintf(path, sizeof path, "stages%s%s", *c->key == '[' ? "" : ".", c->key);
	mr_json_set(graph, path, c->value, report);
}

void cli_set_graph(struct mr_json *graph, const struct cli_sections *sections,
                   const struct cli_node_options *options, struct mr_report *report)
{
	const json_t *stages = json_object_get(mr_json_root(graph), "stages");
	struct mr_report said = { 0 }; /* by cli_set_node */
	struct change c;

	for (unsigned i = 0; i < options->nsets; i++) {
		if (!take_apart(&c, options->sets[i], &said) || is_node(sections, c.first))
			continue;
		if (is_graph_key(c.first))
			mr_json_set(graph, c.key, c.value, report);
		else if (json_object_get(stages, c.first))
			set_stage(graph, &c, report);
		else
			unknown(stages, &c, report);
	}
	mr_report_free(&said);
}
