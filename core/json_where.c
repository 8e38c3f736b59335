/* json_where.c - where in its text a value of a document stands.
 *
 * jansson has checked the text before anything here walks it, so the walk trusts brackets and
 * quotes; it still stops at the end of the text.  Positions are offsets; doc->n means the end.
 */
#include "core/json_parts.h"

#include <stdlib.h>
#include <string.h>

static size_t skip_space(const struct mr_json *doc, size_t at)
{
	while (at < doc->n && strchr(" \t\r\n", doc->text[at]))
		at++;
	return at;
}

/* From an opening quote to behind the closing one. */
static size_t skip_string(const struct mr_json *doc, size_t at)
{
	for (at++; at < doc->n && doc->text[at] != '"'; at++)
		if (doc->text[at] == '\\')
			at++;
	return at < doc->n ? at + 1 : doc->n;
}

/* From the first byte of a value to behind its last. */
static size_t skip_value(const struct mr_json *doc, size_t at)
{
	unsigned depth = 0;

	while (at < doc->n) {
		char c = doc->text[at];

		if (c == '"') {
			at = skip_string(doc, at);
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
		} else if (c == '}' || c == ']') {
			depth--;
			at++;
		} else if (depth == 0) {
			at += strcspn(doc->text + at, ",]} \t\r\n");
		} else {
			at++;
			continue;
		}
		if (depth == 0)
			break;
	}
	return at < doc->n ? at : doc->n;
}

/* Does the quoted string at `at` read as `name`? */
static bool reads_as(const struct mr_json *doc, size_t at, const char *name)
{
	size_t end = skip_string(doc, at);
	json_t *key;
	bool same;

	if (!memchr(doc->text + at, '\\', end - at))
		return end - at == strlen(name) + 2 &&
		       !memcmp(doc->text + at + 1, name, end - at - 2);
	key = json_loadb(doc->text + at, end - at, JSON_DECODE_ANY, NULL);
	same = key && !strcmp(json_string_value(key), name);
	json_decref(key);
	return same;
}

/* In the object at `at`, the member of that name: the key's position and the value's. */
static bool find_member(const struct mr_json *doc, size_t at, const char *name, size_t *key_at,
			size_t *value_at)
{
	if (at >= doc->n || doc->text[at] != '{')
		return false;
	for (at = skip_space(doc, at + 1); at < doc->n && doc->text[at] == '"';) {
		size_t colon = skip_space(doc, skip_string(doc, at));
		size_t value = skip_space(doc, colon + 1);

		if (reads_as(doc, at, name)) {
			*key_at = at;
			*value_at = value;
			return true;
		}
		at = skip_space(doc, skip_value(doc, value));
		if (at < doc->n && doc->text[at] == ',')
			at = skip_space(doc, at + 1);
	}
	return false;
}

static bool find_item(const struct mr_json *doc, size_t at, unsigned index, size_t *value_at)
{
	if (at >= doc->n || doc->text[at] != '[')
		return false;
	for (at = skip_space(doc, at + 1); at < doc->n && doc->text[at] != ']'; index--) {
		if (index == 0) {
			*value_at = at;
			return true;
		}
		at = skip_space(doc, skip_value(doc, at));
		if (at < doc->n && doc->text[at] == ',')
			at = skip_space(doc, at + 1);
	}
	return false;
}

/* Line and column, in characters, both from 1. */
static void count_to(const struct mr_json *doc, size_t at, struct mr_where *where)
{
	where->line = where->column = 1;
	for (size_t i = 0; i < at; i++) {
		if (doc->text[i] == '\n') {
			where->line++;
			where->column = 1;
		} else if (((unsigned char)doc->text[i] & 0xc0) != 0x80) {
			where->column++;
		}
	}
}

/* Is `path` the path `above`, or below it? */
static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return !strncmp(path, above, n) && (!path[n] || path[n] == '.' || path[n] == '[');
}

/* That of the longest path that is `path` or above it. */
static void find_mark(const struct mr_json *doc, const char *path, struct mr_where *where)
{
	size_t longest = 0;

	for (size_t i = 0; i < doc->marks.n; i++) {
		const struct mr_json_mark *mark = &doc->marks.list[i];
		size_t n = strlen(mark->path);

		if (where->line && (n < longest || (n > 0 && !is_below(path, mark->path))))
			continue;
		where->line = mark->line;
		where->column = mark->column;
		longest = n;
	}
}

struct mr_where mr_json_where(const struct mr_json *doc, const char *path)
{
	struct mr_where where = { .file = doc->name, .path = path };
	size_t value_at = 0, mark;
	struct mr_step step;

	for (size_t i = 0; i < doc->sets; i++)
		if (is_below(path, doc->set[i]))
			return (struct mr_where){ .file = "--set", .path = path };
	if (!doc->text) {
		find_mark(doc, path, &where);
		return where;
	}
	mark = value_at = skip_space(doc, 0);
	while (mr_path_step(&path, &step)) {
		size_t from = value_at;

		if (step.item && find_item(doc, from, step.index, &value_at))
			mark = value_at;
		else if (step.item || !find_member(doc, from, step.name, &mark, &value_at))
			break;
	}
	count_to(doc, mark, &where);
	return where;
}

struct mr_where mr_json_place(const struct mr_json *doc, const char *path,
                              const struct mr_report *report)
{
	struct mr_where nowhere = { .path = path };

	return mr_report_full(report) ? nowhere : mr_json_where(doc, path);
}
