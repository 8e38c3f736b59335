/* field_known.c - which keys of a document does nobody know?
 *
 * The walk goes through the document and the tree of settings side by side, so its depth is that of
 * the tables.
 */
#include "core/settings.h"

#include "core/json.h"

#define NAMES_MAX 256

struct walk {
	const struct mr_json *doc;
	struct mr_report     *report;
	mr_minor             *minor;  /* NULL: no key that is unknown is */
};

static void walk_value(const struct walk *w, const struct mr_setting *s, json_t *value,
                       const char *path, bool quiet);

/* Complain of an unknown key. */
static void tell_unknown(const struct walk *w, const struct mr_setting *s, const char *key,
                         const char *path)
{
	const char *names[NAMES_MAX];
	struct mr_where where;
	char hint[MR_HINT];
	unsigned n = 0;

	if (mr_report_full(w->report)) { /* a file of nothing else may have very many */
		mr_complain(w->report, (struct mr_where){ .path = path }, "there is no such key");
		return;
	}
	for (; n < s->n && n < NAMES_MAX; n++)
		names[n] = s->below[n]->key;
	where = mr_json_where(w->doc, path);
	mr_hint(hint, key, names, n);
	if (w->minor && w->minor(&where))
		mr_warn(w->report, where, "there is no such key%s%s", hint,
		        *hint ? " It has no effect" : "; it has no effect");
	else
		mr_complain(w->report, where, "there is no such key%s", hint);
}

static void warn_later(const struct walk *w, const struct mr_setting *s, const char *path)
{
	mr_warn(w->report, mr_json_place(w->doc, path, w->report),
	        "%s not part of this version yet; the key has no effect",
	        s->part ? s->part : "what it sets is");
}

/* Quiet: below what there was a warning of.  What may be an object or a value is looked into by
 * whoever reads it. */
static void walk_object(const struct walk *w, const struct mr_setting *s, json_t *object,
                        const char *path, bool quiet)
{
	char at[MR_PATH];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		const struct mr_setting *below = mr_settings_find(s, key);

		mr_path_key(at, path, key);
		if (!below)
			tell_unknown(w, s, key, at);
		else if (!below->known && !quiet)
			warn_later(w, below, at);
		if (below && mr_setting_has_keys(below) && below->shape != MR_MAYBE_OBJECT)
			walk_value(w, below, value, at, quiet || !below->known);
	}
}

/* A section's path leads through something that holds no keys. */
static void no_object(const struct walk *w, const struct mr_setting *s, json_t *value,
                      const char *path)
{
	char buf[MR_SHOWN];

	if (s->leads && !json_is_null(value))
		mr_complain(w->report, mr_json_place(w->doc, path, w->report), "%s is not an object",
		            mr_json_shown(buf, value));
}

static void walk_value(const struct walk *w, const struct mr_setting *s, json_t *value,
                       const char *path, bool quiet)
{
	char at[MR_PATH];
	const char *key;
	json_t *item;
	size_t i;

	if (s->shape == MR_OBJECTS) {
		json_array_foreach(value, i, item)
			walk_object(w, s, item, mr_path_item(at, path, i), quiet);
	} else if (!json_is_object(value)) {
		no_object(w, s, value, path);
	} else if (mr_setting_is_map(s, value)) {
		json_object_foreach(value, key, item)
			walk_object(w, s, item, mr_path_key(at, path, key), quiet);
	} else {
		walk_object(w, s, value, path, quiet);
	}
}

void mr_sections_known(const struct mr_section *const *sections, unsigned n,
                       const struct mr_json *doc, const char *path, mr_minor *minor,
                       struct mr_report *report)
{
	const struct walk w = { .doc = doc, .report = report, .minor = minor };
	json_t *value = mr_json_at(doc, path);
	struct mr_setting *root;

	if (!value)
		return;
	root = mr_settings_of(sections, n);
	walk_value(&w, root, value, path, false);
	mr_settings_free(root);
}

bool mr_sections_have(const struct mr_section *const *sections, unsigned n, const char *key)
{
	struct mr_setting *root = mr_settings_of(sections, n);
	bool have = mr_settings_find(root, key) != NULL;

	mr_settings_free(root);
	return have;
}
