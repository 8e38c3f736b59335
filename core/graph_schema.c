/* graph_schema.c - what may stand in a graph file, and its JSON Schema. */
#include "core/graph_parse.h"
#include "core/schema.h"

#include <stdlib.h>
#include <string.h>

static struct mr_setting *part(struct mr_setting *root, const char *key, enum mr_shape shape,
                               const struct mr_field *fields)
{
	struct mr_setting *s = mr_settings_find(root, key);

	s->shape = shape;
	mr_settings_add_fields(s, fields);
	return s;
}

struct mr_setting *mr_graph_settings(void)
{
	struct mr_setting *root = mr_settings_new(), *stages, *edges, *workers;

	mr_settings_add_fields(root, mr_graph_head_fields);
	stages = part(root, "stages", MR_NAMED, mr_graph_stage_fields);
	stages->required = true;
	mr_settings_find(stages, "affinity")->no_usual = true; /* the kind's first */
	edges = part(root, "edges", MR_OBJECTS, mr_graph_edge_fields);
	mr_settings_find(edges, "full")->no_usual = true; /* neither: it must be said */
	workers = part(root, "workers", MR_NAMED, mr_graph_worker_fields);
	mr_settings_find(workers, "stages")->required = true;
	return root;
}

struct mr_setting *mr_graph_stage_settings(const struct mr_kind *kind)
{
	struct mr_setting *s = mr_settings_new();

	mr_settings_add_fields(s, mr_graph_stage_fields);
	if (kind->fields)
		mr_settings_add_fields(s, kind->fields);
	return s;
}

/* ---- a stage ---- */

/* The affinities the kind works with, the first of which it has unless told otherwise. */
static void narrow_affinity(json_t *affinity, const struct mr_kind *kind)
{
	uint32_t works = kind->affinities ? kind->affinities : MR_OUT(MR_ANY);
	json_t *list = json_array();

	for (unsigned i = 0; mr_affinity_words[i]; i++)
		if (works & MR_OUT(i))
			json_array_append_new(list, json_string(mr_affinity_words[i]));
	json_object_set(affinity, "default", json_array_get(list, 0));
	json_array_append_new(list, json_null());
	json_object_set_new(affinity, "enum", list);
}

static json_t *stage_of(const struct mr_kind *kind, json_t *defs)
{
	struct mr_setting *s = mr_graph_stage_settings(kind);
	json_t *o = mr_schema_object(s, defs), *properties = json_object_get(o, "properties");

	json_object_set_new(o, "type", json_pack("[ss]", "object", "null"));
	json_object_set_new(o, "description", json_string(kind->summary));
	json_object_set_new(json_object_get(properties, "kind"), "enum",
	                    json_pack("[sn]", kind->name));
	narrow_affinity(json_object_get(properties, "affinity"), kind);
	if (kind->single || kind->host)
		json_object_set_new(json_object_get(properties, "threads"), "maximum",
		                    json_integer(1));
	mr_settings_free(s);
	return o;
}

static json_t *by_kind(void)
{
	return json_pack("{ss}", "$ref", "#/$defs/stage");
}

static json_t *of_kind(const struct mr_kind *kind)
{
	char path[64];

	snprintf(path, sizeof path, "#/$defs/kind-%s", kind->name);
	return json_pack("{ss}", "$ref", path);
}

static void define_kind(json_t *defs, const struct mr_kind *kind)
{
	char name[64];

	snprintf(name, sizeof name, "kind-%s", kind->name);
	json_object_set_new(defs, name, stage_of(kind, defs));
}

/* A stage that says its kind: whose settings they are goes by that. */
static json_t *stage_by_kind(const struct mr_kind *const *kinds)
{
	json_t *all = json_array(), *names = json_array();

	for (; *kinds; kinds++) {
		json_array_append_new(names, json_string((*kinds)->name));
		json_array_append_new(all, json_pack("{s{s{s{ss}}s[s]}so}", "if", "properties",
		                                     "kind", "const", (*kinds)->name, "required",
		                                     "kind", "then", of_kind(*kinds)));
	}
	return json_pack("{ss s{s{so}} s[s] so}", "type", "object", "properties", "kind", "enum",
	                 names, "required", "kind", "allOf", all);
}

/* A stage that is called like a kind may leave the kind out; any other must say it. */
static void set_stages(json_t *stages, const struct mr_kind *const *kinds)
{
	json_t *named = json_object();

	for (; *kinds; kinds++)
		json_object_set_new(named, (*kinds)->name,
		                    json_pack("{s{sss{s{ss}}s[s]}soso}", "if", "type", "object",
		                              "properties", "kind", "type", "string",
		                              "required", "kind", "then",
		                              by_kind(), "else", of_kind(*kinds)));
	json_object_set_new(stages, "properties", named);
	json_object_set_new(stages, "additionalProperties", by_kind());
	json_object_set_new(stages, "minProperties", json_integer(1));
}

static void set_names(json_t *o)
{
	json_object_set_new(o, "propertyNames",
	                    json_pack("{ss}", "pattern", "^" MR_GRAPH_NAME "$"));
}

json_t *mr_graph_schema(const struct mr_kind *const *kinds)
{
	struct mr_setting *root = mr_graph_settings();
	json_t *defs = json_object(), *o, *properties;

	json_object_set_new(defs, "stage", stage_by_kind(kinds));
	for (const struct mr_kind *const *k = kinds; *k; k++)
		define_kind(defs, *k);
	o = mr_schema_root(root, defs, "graph", "millrace: a stage graph");
	properties = json_object_get(o, "properties");
	set_stages(json_object_get(properties, "stages"), kinds);
	set_names(json_object_get(properties, "stages"));
	set_names(json_object_get(properties, "workers"));
	json_object_set_new(json_object_get(properties, "edges"), "maxItems",
	                    json_integer(MR_EDGES_MAX));
	mr_settings_free(root);
	return o;
}
