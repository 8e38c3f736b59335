/* settings_cases.c - bad values by type; see settings_cases.h. */
#include "t/lib/settings_cases.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "core/schema.h"

struct walk {
	settings_case_fn      *fn;
	void                  *arg;
	struct settings_count *count;
	struct settings_case   c; /* base, group and root; the rest by case */
};

/* ---- one case ---- */

/* `at` is `path`, or an item of what stands there.  Takes the value over. */
static void emit_at(struct walk *w, const char *path, const char *at, json_t *value, const char *says,
                    bool unseen)
{
	struct settings_case c = w->c;

	snprintf(c.path, sizeof c.path, "%s", path);
	snprintf(c.at, sizeof c.at, "%s", at);
	snprintf(c.says, sizeof c.says, "%s", says);
	c.value = value;
	c.unseen = unseen;
	w->count->cases++;
	w->fn(&c, w->arg);
	json_decref(value);
}

static void emit(struct walk *w, const char *path, json_t *value, const char *says)
{
	emit_at(w, path, path, value, says, false);
}

static json_t *from_text(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!value) {
		fprintf(stderr, "an example is no JSON: %s\n", text);
		abort();
	}
	return value;
}

/* Values of the wrong type: `types` has a letter for each that is right. */
static void wrong_types(struct walk *w, const char *path, const char *types, const char *says)
{
	static const char *const values[] = { ['n'] = "5",  ['r'] = "1.5", ['s'] = "\"text\"",
		                              ['b'] = "true", ['a'] = "[]",  ['o'] = "{}" };

	for (const char *t = "nrsbao"; *t; t++)
		if (!strchr(types, *t))
			emit(w, path, from_text(values[(unsigned char)*t]), says);
}

/* ---- by type ---- */

static void whole_numbers(struct walk *w, const struct mr_field *f, const char *path)
{
	uint64_t max = f->max ? f->max : f->type == MR_U64 ? INT64_MAX : UINT32_MAX;
	uint64_t fine = f->def > f->min ? f->def : f->min;
	char says[64];

	wrong_types(w, path, "n", "is not a whole number");
	emit_at(w, path, path, json_real((double)fine), "is not a whole number", true);
	snprintf(says, sizeof says, "is below %llu", (unsigned long long)f->min);
	emit(w, path, json_integer((json_int_t)f->min - 1), says);
	snprintf(says, sizeof says, "is above %llu", (unsigned long long)max);
	if (max < INT64_MAX)
		emit(w, path, json_integer((json_int_t)max + 1), says);
}

static void real_numbers(struct walk *w, const struct mr_field *f, const char *path)
{
	char says[64];

	wrong_types(w, path, "nr", "is not a number");
	if (!(f->real_min < f->real_max))
		return;
	snprintf(says, sizeof says, "is below %g", f->real_min);
	emit(w, path, json_real(f->real_min - 0.001), says);
	snprintf(says, sizeof says, "is above %g", f->real_max);
	emit(w, path, json_real(f->real_max + 0.001), says);
}

static void words(struct walk *w, const struct mr_field *f, const char *path)
{
	char list[256] = "is not one of ", near[64], says[128];
	size_t n = strlen(list);

	for (unsigned i = 0; f->words[i]; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", f->words[i]);
	wrong_types(w, path, "s", list);
	emit(w, path, json_string(""), list);
	emit(w, path, json_string("no-such-word"), list);
	snprintf(near, sizeof near, "%sx", f->words[0]);
	snprintf(says, sizeof says, "; did you mean \"%s\"?", f->words[0]);
	emit(w, path, json_string(near), says);
}

static void item(struct walk *w, const char *path, const char *value, const char *says)
{
	char text[64], at[MR_PATH];

	snprintf(text, sizeof text, "[%s]", value);
	emit_at(w, path, mr_path_item(at, path, 0), from_text(text), says, false);
}

static void numbers(struct walk *w, const struct mr_field *f, const char *path)
{
	unsigned long long max = f->max ? f->max : UINT32_MAX;
	char says[64], value[32];

	wrong_types(w, path, "a", "is not an array");
	item(w, path, "\"1\"", "is not a whole number");
	item(w, path, "1.5", "is not a whole number");
	item(w, path, "null", "is not a whole number");
	snprintf(says, sizeof says, "is below %llu", (unsigned long long)f->min);
	snprintf(value, sizeof value, "%lld", (long long)f->min - 1);
	item(w, path, value, says);
	snprintf(says, sizeof says, "is above %llu", max);
	snprintf(value, sizeof value, "%llu", max + 1);
	item(w, path, value, says);
}

/* ---- rules ---- */

static json_t *example(const struct mr_field *f, const char *text)
{
	return f->type == MR_TEXT ? json_string(text) : from_text(text);
}

/* What the rule says of an example, where that is a text; who reads it by hand may say anything. */
static const char *said_of(const struct mr_field *f, const char *text)
{
	const char *said;

	if (f->type != MR_TEXT || !f->rule->wrong)
		return "";
	said = f->rule->wrong(&text);
	if (!said) {
		fprintf(stderr, "%s: the rule accepts its example of a bad value, %s\n", f->name, text);
		abort();
	}
	return said;
}

/* Where an example is complained of that is read by hand: at its first item, if it has any. */
static const char *place_of(const struct mr_field *f, const char *text, const char *path,
                            char buf[MR_PATH])
{
	return f->type == MR_RAW && *text == '[' && text[1] != ']' ? mr_path_item(buf, path, 0) : path;
}

static void rule(struct walk *w, const struct mr_field *f, const char *path)
{
	char at[MR_PATH];
	unsigned n = 0;

	for (unsigned seen = 0; seen < 2; seen++) {
		const char *const *list = seen ? f->rule->bad : f->rule->unseen;

		for (; list && *list; list++, n++)
			emit_at(w, path, place_of(f, *list, path, at), example(f, *list),
			        said_of(f, *list), !seen);
	}
	if (!n) {
		fprintf(stderr, "%s: the rule has no example of a bad value\n", path);
		abort();
	}
}

static void value(struct walk *w, const struct mr_field *f, const char *path)
{
	switch (f->type) {
	case MR_BOOL: wrong_types(w, path, "b", "is not true or false"); break;
	case MR_U32:
	case MR_U64:
	case MR_POW2: whole_numbers(w, f, path); break;
	case MR_REAL: real_numbers(w, f, path); break;
	case MR_WORD: words(w, f, path); break;
	case MR_TEXT: wrong_types(w, path, "s", "is not a string"); break;
	case MR_NUMBERS: numbers(w, f, path); break;
	default: break;
	}
	if (f->type == MR_POW2)
		emit(w, path, json_integer((json_int_t)f->min + 1), "is not a power of two");
	if (f->rule)
		rule(w, f, path);
}

/* ---- keys ---- */

/* A key with a letter too many. */
static void neighbour(struct walk *w, const struct mr_setting *s, const struct mr_setting *of,
                      const char *path)
{
	char key[128], at[MR_PATH], says[160];

	snprintf(key, sizeof key, "%sx", of->key);
	if (mr_settings_find(s, key))
		return;
	snprintf(says, sizeof says, "there is no such key; did you mean \"%s", of->key);
	says[strlen(says) - 1] = '\0'; /* another may be as near: but for its end it is the same */
	emit(w, mr_path_key(at, path, key), json_integer(1), says);
}

static void object(struct walk *w, const struct mr_setting *s, const char *path);

static void checked_object(struct walk *w, const struct mr_setting *s, const char *path,
                           const char *types)
{
	bool array = s->shape == MR_OBJECTS;

	if (mr_setting_is_checked(s))
		wrong_types(w, path, types, array ? "is not an array" : "is not an object");
}

static void objects(struct walk *w, const struct mr_setting *s, const char *path)
{
	char at[MR_PATH];

	checked_object(w, s, path, "a");
	mr_path_item(at, path, 0);
	if (mr_setting_is_checked(s))
		for (unsigned i = 0; i < 2; i++)
			emit_at(w, path, at, from_text(i ? "[null]" : "[5]"), "is not an object",
			        false);
	object(w, s, at);
}

/* The same again under a name; that makes another setting of none. */
static void maybe_named(struct walk *w, const struct mr_setting *s, const char *path)
{
	struct settings_count count = *w->count;
	char at[MR_PATH];

	checked_object(w, s, path, "o");
	object(w, s, path);
	count.settings = w->count->settings;
	count.later = w->count->later;
	w->c.group = 1;
	object(w, s, mr_path_key(at, path, "lan"));
	w->c.group = 0;
	w->count->settings = count.settings;
	w->count->later = count.later;
}

static void setting(struct walk *w, const struct mr_setting *s, const char *path)
{
	w->count->later += !s->known;
	w->count->settings += s->known && s->field &&
	                      (s->shape == MR_VALUE || s->shape == MR_MAYBE_OBJECT);
	switch (s->shape) {
	case MR_VALUE:
		if (s->field)
			value(w, s->field, path);
		break;
	case MR_OBJECT:
		checked_object(w, s, path, "o");
		object(w, s, path);
		break;
	case MR_OBJECTS: objects(w, s, path); break;
	case MR_NAMED: checked_object(w, s, path, "o"); break;
	case MR_MAYBE_NAMED: maybe_named(w, s, path); break;
	case MR_MAYBE_OBJECT:
		rule(w, s->field, path);
		object(w, s, path);
		break;
	}
}

static void object(struct walk *w, const struct mr_setting *s, const char *path)
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
			w->c.group += 2;
			emit(w, at, NULL, "");
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
	struct walk w = { .fn = fn, .arg = arg, .count = count, .c = { .root = root } };

	object(&w, root, "");
}

void settings_cases_graph(settings_case_fn *fn, void *arg, struct settings_count *count)
{
	struct walk w = { .fn = fn, .arg = arg, .count = count, .c = { .base = "fused" } };
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
	struct walk w = { .fn = fn, .arg = arg, .count = count, .c = { .base = base_of(kind) } };
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
			emit(&w, at, json_string(mr_affinity_words[i]), "is not for");
	if (kind->single || kind->host)
		emit(&w, mr_path_key(at, path, "threads"), json_integer(2), "2 are too many");
	mr_settings_free(s);
}

/* ---- documents ---- */

static void add_edge(json_t *edges, const char *from, const char *to)
{
	json_array_append_new(edges, json_pack("{ss ss ss}", "from", from, "to", to, "full", "wait"));
}

/* What no shipped graph has: a bad path before the socket. */
static void add_impair(json_t *doc)
{
	json_t *edges = json_object_get(doc, "edges"), *edge;
	size_t i;

	json_object_set_new(json_object_get(doc, "stages"), "impair", json_object());
	json_array_foreach(edges, i, edge)
		if (!strcmp(json_string_value(json_object_get(edge, "to")), "tx-gso.frames"))
			json_object_set_new(edge, "to", json_string("impair.in"));
	add_edge(edges, "impair.out", "tx-gso.frames");
	json_array_append_new(json_object_get(json_object_get(json_object_get(doc, "workers"), "data"),
	                                      "stages"), json_string("impair"));
}

json_t *settings_base(const char *base)
{
	const char *top = getenv("srcdir"), *name;
	char path[512];
	json_t *doc, *stage;

	if (!base)
		return json_object();
	snprintf(path, sizeof path, "%s/graphs/%s.json", top ? top : ".", base);
	doc = json_load_file(path, 0, NULL);
	if (!doc)
		abort();
	json_object_foreach(json_object_get(doc, "stages"), name, stage)
		json_object_del(stage, "when");
	if (!strcmp(base, "fused"))
		add_impair(doc);
	return doc;
}

/* What must be there besides. */
static void fill_required(json_t *o, const struct mr_setting *s)
{
	for (unsigned i = 0; s && i < s->n; i++) {
		const struct mr_field *f = s->below[i]->field;

		if (!s->below[i]->required || !f || json_object_get(o, s->below[i]->key))
			continue;
		if (f->rule && f->rule->good)
			json_object_set_new(o, s->below[i]->key, example(f, f->rule->good));
		else if (f->type == MR_U32)
			json_object_set_new(o, s->below[i]->key, json_integer((json_int_t)f->min));
	}
}

/* The member or item of that step, an object or array when it is missing. */
static json_t *enter(json_t *at, const struct mr_step *step, bool array)
{
	json_t *below = step->item ? json_array_get(at, step->index) : json_object_get(at, step->name);

	if (below && (array ? json_is_array(below) : json_is_object(below)))
		return below;
	below = array ? json_array() : json_object();
	if (!step->item)
		json_object_set_new(at, step->name, below);
	else if (json_array_size(at) > step->index)
		json_array_set_new(at, step->index, below);
	else
		json_array_append_new(at, below);
	return below;
}

/* A name of an instance, not of a setting? */
static bool is_name(const struct mr_setting *s, const char *key)
{
	return s && s->shape == MR_MAYBE_NAMED && !mr_settings_find(s, key);
}

void settings_apply(json_t *doc, const struct settings_case *c)
{
	const struct mr_setting *s = c->root, *below;
	const char *rest = c->path;
	struct mr_step step, next;
	json_t *at = doc;

	mr_path_step(&rest, &step);
	while (*rest) {
		mr_path_step(&rest, &next);
		at = enter(at, &step, next.item);
		below = s && !step.item ? mr_settings_find(s, step.name) : NULL;
		s = below ? below : s;
		if (!next.item && !(*rest && is_name(s, next.name)))
			fill_required(at, *rest ? s : c->object);
		step = next;
	}
	if (c->value)
		json_object_set(at, step.name, c->value);
	else
		json_object_del(at, step.name);
}
