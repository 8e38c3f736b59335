/* settings_docs.c - documents that are fine, and a change to one; see settings_cases.h. */
#include "t/lib/settings_walk.h"

#include <stdlib.h>
#include <string.h>

static void add_edge(json_t *edges, const char *from, const char *to)
{
	json_array_append_new(edges,
			      json_pack("{ss ss ss}", "from", from, "to", to, "full", "wait"));
}

/* What no shipped graph has: a bad path before the socket. */
static void add_impair(json_t *doc)
{
	json_t *edges = json_object_get(doc, "edges"), *edge;
	size_t i;

	json_object_set_new(json_object_get(doc, "stages"), "impair", json_object());
	json_array_foreach(
		edges, i,
		edge) if (!strcmp(json_string_value(json_object_get(edge, "to")), "tx-gso.frames"))
		json_object_set_new(edge, "to", json_string("impair.in"));
	add_edge(edges, "impair.out", "tx-gso.frames");
	json_array_append_new(
		json_object_get(json_object_get(json_object_get(doc, "workers"), "data"), "stages"),
		json_string("impair"));
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
void settings_fill_required(json_t *o, const struct mr_setting *s)
{
	for (unsigned i = 0; s && i < s->n; i++) {
		const struct mr_field *f = s->below[i]->field;

		if (!s->below[i]->required || !f || json_object_get(o, s->below[i]->key))
			continue;
		if (f->rule && f->rule->good)
			json_object_set_new(o, s->below[i]->key,
					    settings_example(f, f->rule->good));
		else if (f->type == MR_U32)
			json_object_set_new(o, s->below[i]->key, json_integer((json_int_t)f->min));
	}
}

/* The member or item of that step, an object or array when it is missing. */
static json_t *enter(json_t *at, const struct mr_step *step, bool array)
{
	json_t *below =
		step->item ? json_array_get(at, step->index) : json_object_get(at, step->name);

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
			settings_fill_required(at, *rest ? s : c->object);
		step = next;
	}
	if (c->value)
		json_object_set(at, step.name, c->value);
	else
		json_object_del(at, step.name);
}
