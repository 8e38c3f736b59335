/* fuzz_json_path.c - the first line as a JSON path, the rest as a name to put behind it.  Its steps
 * spelt anew are the same steps, lead to the same value, and are where --set says it was. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char document[] =
	"{\"a\": {\"b\": [1, {\"c d\": null, \"\": 2}, []], \"\\\"\\\\\": {}}, \"list\": [[7], \"x\"]}";

/* Bytes a step takes when it is spelt, at most. */
static size_t room_of(const struct mr_step *step)
{
	return step->item ? sizeof "[4194304]" : 2 * strlen(step->name) + sizeof "[\"\"]";
}

/* Spell the steps anew; false: there may be no room for all of it, or it is no path. */
static bool spell(const char *path, char spelt[MR_PATH])
{
	char next[MR_PATH];
	struct mr_step step;
	size_t room = 1;

	spelt[0] = '\0';
	for (const char *at = path; mr_path_step(&path, &step); at = path) {
		assert(path > at && strlen(step.name) < MR_PATH);
		assert(!step.item || (!*step.name && step.index <= MR_JSON_MAX));
		room += room_of(&step);
		step.item ? mr_path_item(next, spelt, step.index) :
		            mr_path_key(next, spelt, step.name);
		assert(strlen(next) < MR_PATH);
		memcpy(spelt, next, sizeof next);
	}
	return !*path && room < MR_PATH;
}

static void same_steps(const char *a, const char *b)
{
	struct mr_step x, y;

	while (mr_path_step(&a, &x)) {
		assert(mr_path_step(&b, &y));
		assert(x.item == y.item && !strcmp(x.name, y.name) &&
		       (!x.item || x.index == y.index));
	}
	assert(!*a && !*b);
}

/* The member `name` of what stands at `path` is one step further. */
static void one_further(const char *path, const char *name)
{
	char longer[MR_PATH];
	struct mr_step step = { .item = true };

	mr_path_key(longer, path, name);
	assert(strlen(longer) < MR_PATH);
	if (strlen(path) + 2 * strlen(name) + sizeof ".[\"\"]" >= MR_PATH)
		return;
	for (const char *at = longer; *at;)
		assert(mr_path_step(&at, &step));
	assert(!step.item && !strcmp(step.name, name));
}

/* Values at a path, before and after one is set there. */
static void look(const char *path, const char *spelt, bool fits)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("fuzz.json", document, sizeof document - 1, &report);
	struct mr_where where;
	json_t *at;

	assert(doc);
	at = mr_json_at(doc, path);
	where = mr_json_where(doc, path);
	assert(where.line == 1 && where.column >= 1 && where.column < sizeof document);
	assert(!fits || at == mr_json_at(doc, spelt));
	mr_json_set(doc, path, "2121", &report);
	assert(!at || !*path || !report.n);
	if (!report.n) {
		assert(json_integer_value(mr_json_at(doc, path)) == 2121);
		assert(!fits || !strcmp(mr_json_where(doc, spelt).file, "--set"));
	}
	mr_json_free(doc);
	mr_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *line = n ? memchr(data, '\n', n) : NULL;
	size_t first = line ? (size_t)(line - data) : n, skip = line ? first + 1 : n;
	char *path = n ? strndup((const char *)data, first) : strdup("");
	char *name = skip < n ? strndup((const char *)data + skip, n - skip) : strdup("");
	char spelt[MR_PATH];
	bool fits;

	assert(path && name);
	fits = spell(path, spelt);
	if (fits) {
		same_steps(path, spelt);
		one_further(spelt, name);
	}
	look(path, spelt, fits);
	free(path);
	free(name);
	return 0;
}
