/* section_diff.c - does a part of the node file say the same in two documents?
 *
 * Compared is what is decoded, so that a default written out changes nothing.  Secrets are not
 * turned back into JSON, and what is read by hand is not decoded:
 * they are compared as they stand. */
#include "core/field.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

/* ---- what was decoded, as JSON ---- */

static json_t *instances_json(const struct mr_section *s, const struct mr_list *list)
{
	json_t *all = json_object();

	for (unsigned i = 0; all && i < list->n; i++) {
		const char *item = (const char *)list->items + i * s->size;
		const char *name = *(char *const *)(const void *)item;
		json_t *one = mr_fields_json(s->fields, item);

		if (!name) { /* the object itself, and the only one */
			json_decref(all);
			return one;
		}
		json_object_set_new(all, name, one);
	}
	return all;
}

json_t *mr_section_json(const struct mr_section *s, const struct mr_json *doc)
{
	void *out = calloc(1, mr_section_size(s));
	json_t *json;

	if (!out)
		abort();
	mr_section_decode(s, out, doc);
	json = s->instances ? instances_json(s, out) : mr_fields_json(s->fields, out);
	mr_section_free(s, out);
	free(out);
	if (!json)
		abort();
	return json;
}

/* ---- the first difference ---- */

static bool same(const json_t *a, const json_t *b, const char *path, char at[MR_PATH]);

/* Members of a that b lacks or has otherwise. */
static bool members_same(const json_t *a, const json_t *b, const char *path, char at[MR_PATH])
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a, key, value) {
		char below[MR_PATH];

		mr_path_key(below, path, key);
		if (!same(value, json_object_get(b, key), below, at))
			return false;
	}
	return true;
}

static bool items_same(const json_t *a, const json_t *b, const char *path, char at[MR_PATH])
{
	for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++) {
		char below[MR_PATH];

		mr_path_item(below, path, i);
		if (!same(json_array_get(a, i), json_array_get(b, i), below, at))
			return false;
	}
	return true;
}

static bool same(const json_t *a, const json_t *b, const char *path, char at[MR_PATH])
{
	if (json_is_object(a) && json_is_object(b))
		return members_same(a, b, path, at) && members_same(b, a, path, at);
	if (json_is_array(a) && json_is_array(b))
		return items_same(a, b, path, at);
	if (a && b && json_equal(a, b))
		return true;
	snprintf(at, MR_PATH, "%s", path);
	return false;
}

static const json_t *raw(const struct mr_json *doc, const char *path)
{
	const json_t *value = doc ? mr_json_at(doc, path) : NULL;

	return json_is_null(value) ? NULL : value;
}

static bool raw_same(const struct mr_json *a, const struct mr_json *b, const char *path,
                     char at[MR_PATH])
{
	const json_t *in_a = raw(a, path), *in_b = raw(b, path);

	if (in_a == in_b || (in_a && in_b && json_equal(in_a, in_b)))
		return true;
	snprintf(at, MR_PATH, "%s", path);
	return false;
}

/* Of two that say the same where they are decoded, and show what is:
 * the rest of the object at `path`. */
static bool rest_same(const struct mr_field *fields, const struct mr_json *a,
                      const struct mr_json *b, const char *path, char at[MR_PATH])
{
	for (const struct mr_field *f = fields; f->name; f++) {
		char below[MR_PATH], item[MR_PATH];
		size_t n;

		mr_path_key(below, path, f->name);
		n = f->type == MR_LIST && a ? json_array_size(mr_json_at(a, below)) : 0;
		for (size_t i = 0; i < n; i++)
			if (!rest_same(f->of, a, b, mr_path_item(item, below, i), at))
				return false;
		if (f->type == MR_GROUP && f->of && !rest_same(f->of, a, b, below, at))
			return false;
		if ((f->secret || f->type == MR_RAW) && !raw_same(a, b, below, at))
			return false;
	}
	return true;
}

static bool instances_rest_same(const struct mr_section *s, const struct mr_json *a,
                                const struct mr_json *b, char at[MR_PATH])
{
	json_t *object = a ? mr_json_at(a, s->path) : NULL, *value;
	char path[MR_PATH];
	const char *name;

	if (!mr_section_is_map(s, object))
		return rest_same(s->fields, a, b, s->path, at);
	json_object_foreach(object, name, value)
		if (!rest_same(s->fields, a, b, mr_path_key(path, s->path, name), at))
			return false;
	return true;
}

bool mr_section_same(const struct mr_section *s, const struct mr_json *a, const struct mr_json *b,
                     char *at)
{
	json_t *in_a, *in_b;
	bool equal;

	if (a == b || !s->size)
		return true;
	in_a = mr_section_json(s, a);
	in_b = mr_section_json(s, b);
	equal = same(in_a, in_b, s->path, at) && instances_rest_same(s, a, b, at);
	json_decref(in_a);
	json_decref(in_b);
	return equal;
}
