/* fuzz_set.c - each line is a --set for a small node file and a small graph: it is complained of,
 * or the value stands where the key says, in one of the two.  What was there from the start is
 * changed without a complaint. */
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

/* What the text behind the '=' means: JSON, else a bare word, which begins like no JSON.  NULL when
 * it is neither. */
static json_t *meant(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	if (value || (*text && strchr("{[\"", *text)))
		return value;
	return json_string(text);
}

/* What is at a key below a path of the document, or NULL. */
static json_t *found(const struct mr_json *doc, const char *below, const char *key)
{
	char path[2 * MR_PATH];

	snprintf(path, sizeof path, "%s%s%s", below, *below && *key != '[' ? "." : "", key);
	return mr_json_at(doc, path);
}

/* A key short enough for everybody that names something in one of the documents. */
static bool is_there(const struct bench *b, const char *key)
{
	return *key && strlen(key) < MR_PATH / 2 &&
	       (found(b->node, "", key) || found(b->graph, "", key) ||
	        found(b->graph, "stages", key));
}

static void stands(const struct bench *b, const char *key, const json_t *value)
{
	assert(json_equal(found(b->node, "", key), value) ||
	       json_equal(found(b->graph, "", key), value) ||
	       json_equal(found(b->graph, "stages", key), value));
}

/* `fresh`: the documents are as they were in the beginning. */
static void one(const struct bench *b, const char *set, bool fresh)
{
	const char *const sets[] = { set };
	const struct cli_node_options options = { .sets = sets, .nsets = 1, .kinds = mr_kinds };
	const char *equals = strchr(set, '=');
	char *key = strndup(set, equals ? (size_t)(equals - set) : 0);
	json_t *value = equals ? meant(equals + 1) : NULL;
	struct mr_report report = { 0 };
	bool there;

	assert(key);
	there = fresh && value && is_there(b, key);
	cli_set_node(b->node, &b->sections, &options, &report);
	cli_set_graph(b->graph, &b->sections, &options, &report);
	assert(report.n <= !there);
	if (report.n == 0)
		stands(b, key, value);
	json_decref(value);
	free(key);
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
		one(&b, set, set == text);
	free(text);
	mr_json_free(b.node);
	mr_json_free(b.graph);
	mr_report_free(&report);
	return 0;
}
