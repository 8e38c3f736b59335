/* fuzz_set.c - each line is a --set for a small node file and a small graph: it is complained of, or
 * the value stands where the key says, in one of the two. */
#include "cli/nodefile.h"
#include "stages/kinds.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char node_text[] =
	"{\"tun\": {\"mtu\": 1280}, \"transports\": {\"udp\": {}}, \"peers\": [{\"npub\": \"x\"}, {}],"
	" \"log\": null}";
static const char graph_text[] =
	"{\"stages\": {\"rx\": {\"batch\": 8}, \"tx-gso\": {}, \"a.b\": {}, \"tun\": {}},"
	" \"edges\": [{\"from\": \"rx.frames\"}], \"workers\": {}}";

struct bench {
	struct mr_json     *node, *graph;
	struct cli_sections sections;
};

/* What the text behind the '=' means: JSON, else a bare word. */
static json_t *meant(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	return value ? value : json_string(text);
}

static bool stands(const struct mr_json *doc, const char *below, const char *key,
                   const json_t *value)
{
	char path[2 * MR_PATH];

	snprintf(path, sizeof path, "%s%s%s", below, *below && *key != '[' ? "." : "", key);
	return json_equal(mr_json_at(doc, path), value);
}

static void check(const struct bench *b, const char *set)
{
	const char *equals = strchr(set, '=');
	char *key = strndup(set, (size_t)(equals - set));
	json_t *value = meant(equals + 1);

	assert(key && value);
	assert(stands(b->node, "", key, value) || stands(b->graph, "", key, value) ||
	       stands(b->graph, "stages", key, value));
	json_decref(value);
	free(key);
}

static void one(const struct bench *b, const char *set)
{
	const char *const sets[] = { set };
	const struct cli_node_options options = { .sets = sets, .nsets = 1, .kinds = mr_kinds };
	struct mr_report report = { 0 };

	cli_set_node(b->node, &b->sections, &options, &report);
	cli_set_graph(b->graph, &b->sections, &options, &report);
	assert(report.n <= 1);
	if (report.n == 0)
		check(b, set);
	mr_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mr_report report = { 0 };
	struct bench b = {
		.node = mr_json_parse("node.json", node_text, sizeof node_text - 1, &report),
		.graph = mr_json_parse("graph.json", graph_text, sizeof graph_text - 1, &report),
	};
	char *text = n ? strndup((const char *)data, n) : strdup(""), *rest = text, *set;

	assert(text && b.node && b.graph);
	cli_sections_of(&b.sections, mr_kinds);
	while ((set = strsep(&rest, "\n")))
		one(&b, set);
	free(text);
	mr_json_free(b.node);
	mr_json_free(b.graph);
	mr_report_free(&report);
	return 0;
}
