/* section.c - the parts of the node file that kinds and resources call their own. */
#include "core/field.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

size_t mr_section_size(const struct mr_section *s)
{
	return s->instances ? sizeof(struct mr_list) : s->size;
}

static bool has_key(const struct mr_field *fields, const char *key)
{
	for (const struct mr_field *f = fields; f->name; f++)
		if (!strcmp(f->name, key))
			return true;
	return false;
}

bool mr_section_is_map(const struct mr_section *s, const json_t *object)
{
	const char *key;
	json_t *value;

	if (!s->instances || !json_object_size(object))
		return false;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		if (!json_is_object(value) || has_key(s->fields, key))
			return false;
	return true;
}

/* One item: its name at the start, then its settings. */
static void fill_item(const struct mr_section *s, void *item, const char *name,
                      const struct mr_json *doc, const char *path, struct mr_report *report)
{
	mr_fields_fill(s->fields, item, s->size, doc, path, report);
	if (name) {
		*(char **)item = strdup(name);
		if (!*(char **)item)
			abort();
	}
}

static void check_name(const char *name, const struct mr_json *doc, const char *path,
                       struct mr_report *report)
{
	if (strlen(name) > MR_INSTANCE_NAME)
		mr_complain(report, mr_json_place(doc, path, report),
		            "the name of an instance is up to %d bytes", MR_INSTANCE_NAME);
}

static void fill_instances(const struct mr_section *s, struct mr_list *list,
                           const struct mr_json *doc, struct mr_report *report)
{
	json_t *object = doc ? mr_json_at(doc, s->path) : NULL, *value;
	bool map = mr_section_is_map(s, object);
	char path[MR_PATH];
	const char *key;

	*list = (struct mr_list){ 0 };
	if (!object || json_is_null(object))
		return; /* an absent part has no instances */
	list->items = calloc(map ? json_object_size(object) : 1, s->size);
	if (!list->items)
		abort();
	if (!map) {
		list->n = 1;
		fill_item(s, list->items, NULL, doc, s->path, report);
		return;
	}
	if (s->most && json_object_size(object) > s->most)
		mr_complain(report, mr_json_where(doc, s->path), "%zu instances, and %u are the most",
		            json_object_size(object), s->most);
	json_object_foreach(object, key, value) {
		check_name(key, doc, mr_path_key(path, s->path, key), report);
		fill_item(s, (char *)list->items + list->n++ * s->size, key, doc, path, report);
	}
}

void mr_section_fill(const struct mr_section *s, void *out, const struct mr_json *doc,
                     struct mr_report *report)
{
	if (s->instances)
		fill_instances(s, out, doc, report);
	else
		mr_fields_fill(s->fields, out, s->size, doc, s->path, report);
}

/* The file has been checked before, and complaints were made there. */
void mr_section_decode(const struct mr_section *s, void *out, const struct mr_json *doc)
{
	struct mr_report unheard = { 0 };

	mr_section_fill(s, out, doc, &unheard);
	mr_report_free(&unheard);
}

void mr_section_free(const struct mr_section *s, void *out)
{
	struct mr_list *list = out;

	if (!s->instances) {
		mr_fields_free(s->fields, out);
		return;
	}
	for (unsigned i = 0; i < list->n; i++) {
		char *item = (char *)list->items + i * s->size;

		free(*(char **)(void *)item);
		mr_fields_free(s->fields, item);
	}
	free(list->items);
	*list = (struct mr_list){ 0 };
}
