/* Node files, and --set on top: the first line of the input is a key=value, the rest the file. */
#include "cli/nodefile.h"
#include "stages/kinds.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *line = n ? memchr(data, '\n', n) : NULL;
	char *set = strndup((const char *)data, line ? (size_t)(line - data) : 0);
	const char *const sets[] = { set };
	const struct cli_node_options options = { .sets = sets,
	                                          .nsets = set && *set,
	                                          .kinds = mr_kinds };
	struct cli_settings settings = { 0 };
	struct cli_sections sections;
	struct mr_report report = { 0 };
	size_t skip = line ? (size_t)(line + 1 - data) : 0;
	struct mr_json *doc =
		mr_json_parse("fuzz.json", (const char *)data + skip, n - skip, &report);

	if (doc) {
		cli_sections_of(&sections, mr_kinds);
		cli_set_node(doc, &sections, &options, &report);
		cli_set_graph(doc, &sections, &options, &report);
		cli_node_check(doc, mr_kinds, &settings, &report);
		cli_settings_free(&settings);
	}
	mr_json_free(doc);
	mr_report_free(&report);
	free(set);
	return 0;
}
