/* json.c - a document and its text: loading, looking up and overlaying. */
#include "core/json_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/secret.h"

/* ---- memory ---- */

static void wipe_and_free(void *p)
{
	if (p)
		mr_wipe(p, malloc_usable_size(p));
	free(p);
}

void mr_json_wipe_values(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

/* ---- loading ---- */

struct mr_json *mr_json_parse(const char *name, const char *text, size_t n,
                              struct mr_report *report)
{
	struct mr_json *doc = calloc(1, sizeof *doc);
	json_error_t error = { 0 };

	if (!doc || !(doc->name = strdup(name)) || !(doc->text = mr_secret_alloc(n + 1))) {
		mr_complain(report, (struct mr_where){ .file = name }, "no memory to read it");
		mr_json_free(doc);
		return NULL;
	}
	memcpy(doc->text, text, n);
	doc->text[n] = '\0';
	doc->n = n;
	doc->root = json_loadb(doc->text, n, JSON_REJECT_DUPLICATES, &error);
	if (!doc->root) {
		struct mr_where where = { .file = name };

		if (error.line > 0) {
			where.line = (unsigned)error.line;
			where.column = error.column > 0 ? (unsigned)error.column : 1;
		}
		mr_complain(report, where, "%s", error.text);
		mr_json_free(doc);
		return NULL;
	}
	return doc;
}

/* Up to MR_JSON_MAX + 1 bytes to *text, memory for secrets.  False and errno; *text is the caller's
 * either way. */
static bool read_all(int fd, char **text, size_t *n)
{
	size_t room = 0;

	for (;;) {
		ssize_t got;

		if (*n == room) {
			char *larger = mr_secret_realloc(*text, room = room ? 2 * room : 8192);

			if (!larger)
				return false;
			*text = larger;
		}
		got = read(fd, *text + *n, room - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		*n += (size_t)got;
		if (got == 0 || *n > MR_JSON_MAX)
			return true;
	}
}

/* The whole of a file, or NULL and errno. */
static char *slurp(const char *file, size_t *n)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), saved;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (!read_all(fd, &text, n)) {
		saved = errno;
		mr_secret_free(text);
		text = NULL;
		errno = saved;
	}
	close(fd);
	return text;
}

char *mr_json_read(const char *file, size_t *n, struct mr_report *report)
{
	char *text;

	*n = 0;
	text = slurp(file, n);
	if (text && *n <= MR_JSON_MAX)
		return text;
	if (!text)
		mr_complain(report, (struct mr_where){ .file = file }, "cannot read it: %s",
			    strerror(errno));
	else
		mr_complain(report, (struct mr_where){ .file = file },
			    "is larger than %d MiB, which is more than any configuration needs",
			    MR_JSON_MAX >> 20);
	mr_secret_free(text);
	return NULL;
}

struct mr_json *mr_json_load(const char *file, struct mr_report *report)
{
	size_t n;
	char *text = mr_json_read(file, &n, report);
	struct mr_json *doc = text ? mr_json_parse(file, text, n, report) : NULL;

	mr_secret_free(text);
	return doc;
}

/* ---- made of something else ---- */

bool mr_json_mark(struct mr_json_marks *marks, const char *path, unsigned line, unsigned column)
{
	if (marks->n == marks->room) {
		size_t room = marks->room ? 2 * marks->room : 64;
		struct mr_json_mark *list = realloc(marks->list, room * sizeof *list);

		if (!list)
			return false;
		marks->list = list;
		marks->room = room;
	}
	marks->list[marks->n] = (struct mr_json_mark){ strdup(path), line, column };
	return marks->list[marks->n++].path != NULL;
}

void mr_json_marks_free(struct mr_json_marks *marks)
{
	for (size_t i = 0; i < marks->n; i++)
		free(marks->list[i].path);
	free(marks->list);
	*marks = (struct mr_json_marks){ 0 };
}

struct mr_json *mr_json_adopt(const char *name, json_t *root, struct mr_json_marks *marks,
                              struct mr_report *report)
{
	struct mr_json *doc = calloc(1, sizeof *doc);

	if (!doc || !(doc->name = strdup(name))) {
		mr_complain(report, (struct mr_where){ .file = name }, "no memory to read it");
		json_decref(root);
		free(doc);
		return NULL;
	}
	doc->root = root;
	doc->marks = *marks;
	*marks = (struct mr_json_marks){ 0 };
	return doc;
}

void mr_json_free(struct mr_json *doc)
{
	if (!doc)
		return;
	for (size_t i = 0; i < doc->sets; i++)
		free(doc->set[i]);
	free(doc->set);
	mr_secret_free(doc->text);
	mr_json_marks_free(&doc->marks);
	free(doc->name);
	json_decref(doc->root);
	free(doc);
}

json_t *mr_json_root(const struct mr_json *doc)
{
	return doc->root;
}

/* ---- looking up ---- */

static json_t *child_of(json_t *value, const struct mr_step *step)
{
	return step->item ? json_array_get(value, step->index) :
			    json_object_get(value, step->name);
}

json_t *mr_json_at(const struct mr_json *doc, const char *path)
{
	json_t *value = doc->root;
	struct mr_step step;

	while (value && mr_path_step(&path, &step))
		value = child_of(value, &step);
	return *path ? NULL : value;
}

const char *mr_json_shown(char buf[MR_SHOWN], const json_t *value)
{
	char *text;

	if (json_is_object(value))
		return strcpy(buf, "an object");
	if (json_is_array(value))
		return strcpy(buf, "an array");
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	if (!text)
		return strcpy(buf, "the value");
	if (strlen(text) < MR_SHOWN)
		strcpy(buf, text);
	else
		snprintf(buf, MR_SHOWN, "%.*s...%s", MR_SHOWN - 8, text, *text == '"' ? "\"" : "");
	free(text);
	return buf;
}

/* ---- overlays ---- */

/* The value a command line means by `text`: JSON, else a string.  NULL when it is neither. */
static json_t *value_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	if (!value && *text != '{' && *text != '[' && *text != '"')
		value = json_string(text);
	return value;
}

/* Put `value` (taken over) at the step below `at`; NULL or what is wrong. */
static const char *put(json_t *at, const struct mr_step *step, json_t *value)
{
	if (step->item) {
		if (json_array_set_new(at, step->index, value))
			return "there is no such item to change";
	} else if (json_object_set_new(at, step->name, value)) {
		return json_is_object(at) ? "the key is not UTF-8" :
		                            "what holds it is not an object";
	}
	return NULL;
}

/* Walk to the path's last step, making objects, and put the value there. */
static const char *overlay(struct mr_json *doc, const char *path, json_t *value)
{
	json_t *at = doc->root;
	struct mr_step step;

	while (mr_path_step(&path, &step)) {
		json_t *below = child_of(at, &step);
		const char *wrong = NULL;

		if (!*path)
			return put(at, &step, json_incref(value));
		if (!below || json_is_null(below))
			wrong = put(at, &step, json_object());
		if (wrong)
			return wrong;
		at = child_of(at, &step);
	}
	return "is not a path such as tun.mtu or peers[0].alias";
}

/* Keep the path, spelt as mr_path_key spells it. */
static bool remember(struct mr_json *doc, const char *path)
{
	char **set = realloc(doc->set, (doc->sets + 1) * sizeof *set);
	char spelt[MR_PATH] = "";
	struct mr_step step;

	if (!set)
		return false;
	doc->set = set;
	while (mr_path_step(&path, &step))
		step.item ? mr_path_item(spelt, spelt, step.index) :
			    mr_path_key(spelt, spelt, step.name);
	set[doc->sets] = strdup(spelt);
	if (!set[doc->sets])
		return false;
	doc->sets++;
	return true;
}

void mr_json_set(struct mr_json *doc, const char *path, const char *text, struct mr_report *report)
{
	struct mr_where where = { .file = "--set", .path = path };
	json_t *value = value_of(text);
	const char *wrong;

	if (!value) {
		mr_complain(report, where, "%s is not JSON", text);
		return;
	}
	wrong = overlay(doc, path, value);
	if (!wrong && !remember(doc, path))
		wrong = "no memory";
	if (wrong)
		mr_complain(report, where, "%s", wrong);
	json_decref(value);
}
