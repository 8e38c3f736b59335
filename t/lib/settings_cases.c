/* settings_cases.c - the walk through the settings of a file; see settings_cases.h. */
#include "t/lib/settings_walk.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/schema.h"

/* ---- keys ---- */

/* A key with a letter too many. */
static void neighbour(struct settings_walk *w, const struct mr_setting *s,
		      const struct mr_setting *of, const char *path)
{
	char key[128], at[MR_PATH], says[160];

	snprintf(key, sizeof key, "%sx", of->key);
	if (mr_settings_find(s, key))
		return;
	snprintf(says, sizeof says, "there is no such key; did you mean \"%s", of->key);
	says[strlen(says) - 1] = '\0'; /* another may be as near: but for its end it is the same */
	settings_emit(w, mr_path_key(at, path, key), json_integer(1), says);
}

static void object(struct settings_walk *w, const struct mr_setting *s, const char *path);

static void checked_object(struct settings_walk *w, const struct mr_setting *s, const char *path,
			   const char *types)
{
	bool array = s->shape == MR_OBJECTS;

	if (mr_setting_is_checked(s))
		settings_wrong_types(w, path, types,
				     array ? "is not an array" : "is not an object");
}

static void objects(struct settings_walk *w, const struct mr_setting *s, const char *path)
{
	char at[MR_PATH];

	checked_object(w, s, path, "a");
	mr_path_item(at, path, 0);
	if (mr_setting_is_checked(s))
		for (unsigned i = 0; i < 2; i++)
			settings_emit_at(w, path, at, settings_json(i ? "[null]" : "[5]"),
					 "is not an object", false);
	object(w, s, at);
}

static void too_many(struct settings_walk *w, const struct mr_setting *s, const char *path)
{
	unsigned most = mr_setting_most(s);
	json_t *names = json_object();
	char name[16], says[64];

	for (unsigned i = 0; most && i <= most; i++) {
		json_t *instance = json_object();

		snprintf(name, sizeof name, "i%u", i);
		settings_fill_required(instance, s);
		json_object_set_new(names, name, instance);
	}
	snprintf(says, sizeof says, "%u instances, and %u are the most", most + 1, most);
	if (most)
		settings_emit(w, path, json_incref(names), says);
	json_decref(names);
}

/* The same again under a name; that makes another setting of none. */
static void maybe_named(struct settings_walk *w, const struct mr_setting *s, const char *path)
{
	struct settings_count count = *w->count;
	char at[MR_PATH];

	checked_object(w, s, path, "o");
	object(w, s, path);
	count.settings = w->count->settings;
	count.later = w->count->later;
	too_many(w, s, path);
	w->c.group = 1;
	object(w, s, mr_path_key(at, path, "lan"));
	w->c.group = 0;
	w->count->settings = count.settings;
	w->count->later = count.later;
}

static void setting(struct settings_walk *w, const struct mr_setting *s, const char *path)
{
	w->count->later += !s->known;
	w->count->settings +=
		s->known && s->field && (s->shape == MR_VALUE || s->shape == MR_MAYBE_OBJECT);
	switch (s->shape) {
	case MR_VALUE:
		if (s->field)
			settings_value(w, s->field, path);
		break;
	case MR_OBJECT:
		checked_object(w, s, path, "o");
		object(w, s, path);
		break;
	case MR_OBJECTS: objects(w, s, path); break;
	case MR_NAMED: checked_object(w, s, path, "o"); break;
	case MR_MAYBE_NAMED: maybe_named(w, s, path); break;
	case MR_MAYBE_OBJECT:
		settings_rule(w, s->field, path);
		object(w, s, path);
		break;
	}
}

static void object(struct settings_walk *w, const struct mr_setting *s, const char *path)
{
	const struct mr_setting *outer = w->c.object;
	unsigned group = w->c.group;
	char at[MR_PATH];

	for (unsigned i = 0; i < s->n; i++) {
		const struct mr_setting *below = s->below[i];

		w->c.object = s;
		neighbour(w, s, below, path);
		mr_path_key(at, path, below->key);
		if (below->required) {
			w->count->missing++;
			w->c.group += 2;
			settings_emit(w, at, NULL, "");
			w->c.group = group;
		}
		if (w->c.base && !strcmp(below->key, "kind"))
			w->c.group++; /* whose settings the others are goes by it */
		setting(w, below, at);
		w->c.group = group;
	}
	w->c.object = outer;
}

/* ---- whole files ---- */

void settings_cases_node(const struct mr_setting *root, settings_case_fn *fn, void *arg,
			 struct settings_count *count)
{
	struct settings_walk w = { .fn = fn, .arg = arg, .count = count, .c = { .root = root } };

	object(&w, root, "");
}

void settings_cases_graph(settings_case_fn *fn, void *arg, struct settings_count *count)
{
	struct settings_walk w = { .fn = fn, .arg = arg, .count = count, .c = { .base = "fused" } };
	struct mr_setting *root = mr_graph_settings(), *workers = mr_settings_find(root, "workers");

	object(&w, root, "");
	object(&w, workers, "workers.data");
	count->settings += mr_settings_find(root, "stages")->n; /* tried with each kind */
	mr_settings_free(root);
}

/* A shipped graph that has such a stage. */
static const char *base_of(const struct mr_kind *kind)
{
	static const char *const bases[] = { "tap", "dealt", "fused" };
	char path[MR_PATH];

	for (unsigned i = 0; i < sizeof bases / sizeof bases[0]; i++) {
		json_t *doc = settings_base(bases[i]);
		bool has = json_object_get(json_object_get(doc, "stages"), kind->name) != NULL;

		json_decref(doc);
		if (has)
			return bases[i];
	}
	fprintf(stderr, "%s: no graph has such a stage\n", mr_path_key(path, "stages", kind->name));
	abort();
}

/* Settings that not every stage has. */
static unsigned own_of(const struct mr_kind *kind)
{
	unsigned n = 0;

	while (kind->fields && kind->fields[n].name)
		n++;
	return n;
}

void settings_cases_kind(const struct mr_kind *kind, settings_case_fn *fn, void *arg,
			 struct settings_count *count)
{
	struct settings_walk w = {
		.fn = fn, .arg = arg, .count = count, .c = { .base = base_of(kind) }
	};
	uint32_t works = kind->affinities ? kind->affinities : MR_OUT(MR_ANY);
	struct mr_setting *s = mr_graph_stage_settings(kind);
	unsigned settings = count->settings;
	char path[MR_PATH], at[MR_PATH];

	mr_path_key(path, "stages", kind->name);
	object(&w, s, path);
	count->settings = settings + own_of(kind);
	w.c.object = s;
	mr_path_key(at, path, "affinity");
	for (unsigned i = 0; mr_affinity_words[i]; i++)
		if (!(works & MR_OUT(i)))
			settings_emit(&w, at, json_string(mr_affinity_words[i]), "is not for");
	if (kind->single || kind->host)
		settings_emit(&w, mr_path_key(at, path, "threads"), json_integer(2),
			      "2 are too many");
	mr_settings_free(s);
}
