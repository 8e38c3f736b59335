/* fuzz_yaml.c - any bytes as a YAML document.  What is read has every value where the document
 * says, and is read the same again when it is written as JSON, which is YAML too. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same_again(const struct mr_json *doc)
{
	char *text =
		json_dumps(mr_json_root(doc), JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	struct mr_report report = { 0 };
	struct mr_json *again;

	assert(text);
	again = mr_yaml_parse("again", text, strlen(text), &report);
	/* a key may be too long for a simple one in flow notation */
	if (again)
		assert(json_equal(mr_json_root(doc), mr_json_root(again)));
	mr_json_free(again);
	mr_report_free(&report);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_yaml_parse("fuzz", (const char *)data, n, &report);
	struct mr_where where;

	assert((doc == NULL) == (report.errors > 0));
	if (doc) {
		where = mr_json_where(doc, "node.identity");
		assert(json_object_size(mr_json_root(doc)) == 0 || where.line > 0);
		same_again(doc);
	}
	mr_json_free(doc);
	mr_report_free(&report);
	return 0;
}
