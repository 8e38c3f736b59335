/* kind_json.c - a kind as data; see reference.h. */
#include "core/reference.h"

#include "core/graph.h"
#include "core/schema.h"

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *ports_json(const struct mr_port *p)
{
	json_t *list = json_array();

	for (; p && p->name; p++)
		json_array_append_new(list, json_pack("{ss ss sb sb sb so}", "name", p->name, "packet",
		                                      p->view, "optional", p->optional, "numbered",
		                                      p->numbered, "plaintext", p->plaintext, "sort",
		                                      text(p->sort)));
	return list;
}

static json_t *named_json(const struct mr_named *n)
{
	json_t *list = json_array();

	for (; n && n->name; n++)
		json_array_append_new(list, json_pack("{ss ss so}", "name", n->name, "help",
		                                      n->help, "unit", text(n->unit)));
	return list;
}

static json_t *affinities_json(uint32_t works)
{
	json_t *list = json_array();

	for (unsigned i = 0; mr_affinity_words[i]; i++)
		if (works & MR_OUT(i))
			json_array_append_new(list, json_string(mr_affinity_words[i]));
	return list;
}

/* As JSON Schema has them, by name. */
static json_t *settings_json(const struct mr_field *fields)
{
	struct mr_setting *s = mr_settings_new();
	json_t *defs = json_object(), *o;

	if (fields)
		mr_settings_add_fields(s, fields);
	o = json_object();
	for (unsigned i = 0; i < s->n; i++)
		json_object_set_new(o, s->below[i]->key, mr_schema_value(s->below[i], defs));
	json_decref(defs);
	mr_settings_free(s);
	return o;
}

static void add_paths(json_t *list, const struct mr_section *s)
{
	for (; s && s->path; s++)
		for (const struct mr_field *f = s->fields; f && f->name;
		     f = *s->path ? NULL : f + 1)
			json_array_append_new(list, json_string(*s->path ? s->path : f->name));
}

static json_t *uses_json(const struct mr_kind *k)
{
	json_t *list = json_array();

	for (const struct mr_resource *const *r = k->uses; r && *r; r++)
		json_array_append_new(list, json_pack("{ss ss}", "name", (*r)->name, "summary",
		                                      (*r)->summary));
	return list;
}

static json_t *paths_json(const struct mr_kind *k)
{
	json_t *list = json_array();

	add_paths(list, k->sections);
	for (const struct mr_resource *const *r = k->uses; r && *r; r++)
		add_paths(list, (*r)->sections);
	return list;
}

json_t *mr_kind_json(const struct mr_kind *k, const char *from)
{
	uint32_t works = k->affinities ? k->affinities : MR_OUT(MR_ANY);

	return json_pack("{ss ss so so so so so so so so sb sb so so so}", "name", k->name, "summary",
	                 k->summary, "plugin", text(from), "settings", settings_json(k->fields),
	                 "inputs", ports_json(k->inputs), "outputs", ports_json(k->outputs), "drops",
	                 named_json(k->drops), "counters", named_json(k->counters), "affinities",
	                 affinities_json(works), "shards", affinities_json(k->shards), "single",
	                 k->single || k->host, "once", k->once, "when", text(k->serves), "uses",
	                 uses_json(k), "reads", paths_json(k));
}
