/* schema.c - from settings to JSON Schema; see schema.h. */
#include "core/schema.h"

#include <stdlib.h>
#include <string.h>

/* A null stands for an absent value, unless the key is required. */
static void set_type(json_t *o, const char *type, bool required)
{
	json_object_set_new(o, "type", required ? json_string(type) : json_pack("[ss]", type, "null"));
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

static void describe(json_t *o, const struct mr_setting *s)
{
	const char *unit = s->field ? s->field->unit : NULL;
	char *text;

	if (!s->known) {
		if (asprintf(&text, "%s not part of this version yet; the key has no effect",
		             s->part ? s->part : "What it sets is") < 0)
			abort();
		set_text(o, "description", text);
		json_object_set_new(o, "deprecated", json_true());
		free(text);
	} else if (s->help && unit) {
		if (asprintf(&text, "%s (%s)", s->help, unit) < 0)
			abort();
		set_text(o, "description", text);
		free(text);
	} else {
		set_text(o, "description", s->help);
	}
}

/* ---- one value ---- */

static json_int_t in_json(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (json_int_t)number;
}

static json_int_t largest(const struct mr_field *f)
{
	if (f->max)
		return in_json(f->max);
	return f->type == MR_U64 ? INT64_MAX : UINT32_MAX;
}

static void set_range(json_t *o, const struct mr_field *f)
{
	json_object_set_new(o, "minimum", json_integer(in_json(f->min)));
	json_object_set_new(o, "maximum", json_integer(largest(f)));
}

static void set_words(json_t *o, const struct mr_field *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; f->words[i]; i++)
		json_array_append_new(list, json_string(f->words[i]));
	if (!f->required)
		json_array_append_new(list, json_null());
	json_object_set_new(o, "enum", list);
}

static void set_powers(json_t *o, const struct mr_field *f)
{
	json_t *list = json_array();

	for (uint64_t power = 1; power <= (uint64_t)largest(f); power *= 2)
		if (power >= f->min)
			json_array_append_new(list, json_integer((json_int_t)power));
	if (!f->required)
		json_array_append_new(list, json_null());
	json_object_set_new(o, "enum", list);
}

static void set_real(json_t *o, const struct mr_field *f)
{
	bool bounded = f->real_min < 0 || f->real_min > 0 || f->real_max < 0 || f->real_max > 0;

	set_type(o, "number", f->required);
	if (!bounded)
		return;
	json_object_set_new(o, "minimum", json_real(f->real_min));
	json_object_set_new(o, "maximum", json_real(f->real_max));
}

static void set_numbers(json_t *o, const struct mr_field *f)
{
	json_t *item = json_pack("{ss}", "type", "integer");

	set_type(o, "array", f->required);
	set_range(item, f);
	json_object_set_new(o, "items", item);
}

static void set_default(json_t *o, const struct mr_field *f)
{
	json_t *value = NULL;

	switch (f->type) {
	case MR_BOOL: value = json_boolean(f->def); break;
	case MR_U32:
	case MR_POW2:
	case MR_U64: value = json_integer(in_json(f->def)); break;
	case MR_REAL: value = json_real(f->real_def); break;
	case MR_WORD: value = json_string(f->words[f->def]); break;
	case MR_TEXT: value = f->text ? json_string(f->text) : NULL; break;
	default: break;
	}
	if (value)
		json_object_set_new(o, "default", value);
}

/* What the rule says, in its own keywords. */
static void add_rule(json_t *o, const struct mr_field *f)
{
	json_t *more = f->rule && f->rule->schema ? json_loads(f->rule->schema, 0, NULL) : NULL;

	if (f->rule && f->rule->schema && !more)
		abort(); /* kind.c has looked, or a test */
	json_object_update(o, more);
	json_decref(more);
}

/* What is said of a field by itself. */
static void set_field(json_t *o, const struct mr_setting *s)
{
	const struct mr_field *f = s->field;

	switch (f->type) {
	case MR_BOOL: set_type(o, "boolean", f->required); break;
	case MR_U32:
	case MR_U64:
		set_type(o, "integer", f->required);
		set_range(o, f);
		break;
	case MR_POW2: set_powers(o, f); break;
	case MR_REAL: set_real(o, f); break;
	case MR_WORD: set_words(o, f); break;
	case MR_TEXT: set_type(o, "string", f->required); break;
	case MR_NUMBERS: set_numbers(o, f); break;
	default: break;
	}
	if (f->secret)
		json_object_set_new(o, "writeOnly", json_true());
	if (!f->required && !s->no_usual)
		set_default(o, f);
	add_rule(o, f);
}

/* ---- objects ---- */

json_t *mr_schema_object(const struct mr_setting *s, json_t *defs)
{
	json_t *o = json_object(), *properties = json_object(), *required = json_array();

	if (mr_setting_is_checked(s))
		json_object_set_new(o, "type", json_string("object"));
	for (unsigned i = 0; i < s->n; i++) {
		json_object_set_new(properties, s->below[i]->key,
		                    mr_schema_value(s->below[i], defs));
		if (s->below[i]->required)
			json_array_append_new(required, json_string(s->below[i]->key));
	}
	json_object_set_new(o, "properties", properties);
	if (json_array_size(required))
		json_object_set(o, "required", required);
	json_decref(required);
	json_object_set_new(o, "additionalProperties", json_false());
	return o;
}

/* The object, with a null in its place. */
static void set_object(json_t *o, const struct mr_setting *s, json_t *defs)
{
	json_t *object = mr_schema_object(s, defs);

	json_object_update(o, object);
	json_decref(object);
	if (mr_setting_is_checked(s))
		set_type(o, "object", s->required);
}

static void set_objects(json_t *o, const struct mr_setting *s, json_t *defs)
{
	if (mr_setting_is_checked(s))
		set_type(o, "array", s->required);
	json_object_set_new(o, "items", mr_schema_object(s, defs));
}

/* Any name to an object. */
static void set_named(json_t *o, const struct mr_setting *s, json_t *defs)
{
	set_type(o, "object", s->required);
	json_object_set_new(o, "additionalProperties", mr_schema_object(s, defs));
}

/* Keys of the table by which names are told from settings (mr_section_is_map):
 * that of whoever decodes. */
static json_t *own_keys(const struct mr_setting *s)
{
	const struct mr_section *section = s->section[0];
	json_t *keys = json_array();

	for (unsigned i = s->sections; i-- > 0;)
		if (s->section[i]->size)
			section = s->section[i];
	for (const struct mr_field *f = section->fields; f->name; f++)
		json_array_append_new(keys, json_string(f->name));
	return keys;
}

/* Takes the schema over; what refers to it.  Two objects may have the same key at different
 * paths. */
static json_t *define(json_t *defs, const char *key, json_t *schema)
{
	json_t *name = json_string(key), *ref;

	for (unsigned n = 2; json_object_get(defs, json_string_value(name)); n++) {
		json_decref(name);
		name = json_sprintf("%s-%u", key, n);
	}
	json_object_set_new(defs, json_string_value(name), schema);
	ref = json_pack("{s s+}", "$ref", "#/$defs/", json_string_value(name));
	json_decref(name);
	return ref;
}

/* Names, where all members are objects and none is called like a setting. */
static void set_maybe_named(json_t *o, const struct mr_setting *s, json_t *defs)
{
	json_t *ref = define(defs, s->key, mr_schema_object(s, defs)), *then;

	if (mr_setting_is_checked(s))
		set_type(o, "object", s->required);
	json_object_set_new(o, "if", json_pack("{si s{s{so}} s{ss}}", "minProperties", 1,
	                                       "propertyNames", "not", "enum", own_keys(s),
	                                       "additionalProperties", "type", "object"));
	json_object_set_new(o, "then", then = json_pack("{sO}", "additionalProperties", ref));
	if (mr_setting_is_checked(s))
		json_object_set_new(then, "propertyNames",
		                    json_pack("{si}", "maxLength", MR_INSTANCE_NAME));
	if (mr_setting_most(s))
		json_object_set_new(then, "maxProperties", json_integer(mr_setting_most(s)));
	json_object_set_new(o, "else", ref);
}

/* An object with keys, or what its field says. */
static void set_maybe_object(json_t *o, const struct mr_setting *s, json_t *defs)
{
	json_t *value = json_object();

	set_field(value, s);
	json_object_set_new(o, "anyOf", json_pack("[oo]", value, mr_schema_object(s, defs)));
}

json_t *mr_schema_value(const struct mr_setting *s, json_t *defs)
{
	json_t *o = json_object();

	describe(o, s);
	switch (s->shape) {
	case MR_VALUE:
		if (s->field)
			set_field(o, s);
		break;
	case MR_OBJECT: set_object(o, s, defs); break;
	case MR_OBJECTS: set_objects(o, s, defs); break;
	case MR_NAMED: set_named(o, s, defs); break;
	case MR_MAYBE_NAMED: set_maybe_named(o, s, defs); break;
	case MR_MAYBE_OBJECT: set_maybe_object(o, s, defs); break;
	}
	return o;
}

json_t *mr_schema_root(const struct mr_setting *root, json_t *defs, const char *name,
                       const char *title)
{
	json_t *o = json_object(), *body = mr_schema_object(root, defs);
	char id[64];

	snprintf(id, sizeof id, "urn:millrace:schema:%s", name);
	set_text(o, "$schema", MR_SCHEMA_DIALECT);
	set_text(o, "$id", id);
	set_text(o, "title", title);
	set_text(o, "type", "object");
	json_object_update(o, body);
	json_decref(body);
	if (json_object_size(defs))
		json_object_set(o, "$defs", defs);
	json_decref(defs);
	return o;
}
