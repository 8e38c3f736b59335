/* Graph files: whatever the bytes, parsing ends, and what it accepts prints and parses again. */
#include "core/graph.h"
#include "core/json.h"
#include "stages/kinds.h"

#include <stdlib.h>
#include <string.h>

static struct mr_graph *parse(const char *text, size_t n)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("fuzz.json", text, n, &report);
	struct mr_graph *g = doc ? mr_graph_parse(doc, mr_kinds, &report) : NULL;

	if (!g == !report.errors)
		abort();
	mr_json_free(doc);
	mr_report_free(&report);
	return g;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mr_graph *g = parse((const char *)data, n);
	char *text = g ? mr_graph_json(g) : NULL;

	mr_graph_free(g);
	g = text ? parse(text, strlen(text)) : NULL;
	if (!g != !text)
		abort();
	mr_graph_free(g);
	free(text);
	return 0;
}
