/* kind_settings.c - are a descriptor's tables of settings what they must be?
 *
 * Decoding, the schema and the pages go by them without looking again: a setting lies inside of
 * what it is decoded into, its default is in its range and its range in its type, and its name is
 * one that a path and a page can hold.
 */
#include "core/kind_parts.h"

#include <jansson.h>
#include <string.h>

#include "core/schema.h"

#define DEPTH_MAX 8  /* of settings within settings */
#define KEY_MAX   63 /* bytes of a key              */

static size_t size_of(enum mr_type type)
{
	static const size_t size[] = {
		[MR_BOOL] = sizeof(bool), [MR_U32] = sizeof(uint32_t), [MR_U64] = sizeof(uint64_t),
		[MR_POW2] = sizeof(uint32_t), [MR_REAL] = sizeof(double),
		[MR_WORD] = sizeof(unsigned), [MR_TEXT] = sizeof(char *),
		[MR_LIST] = sizeof(struct mr_list), [MR_NUMBERS] = sizeof(struct mr_list),
	};

	return (size_t)type < sizeof size / sizeof *size ? size[type] : 0;
}

/* Bytes of the key that `text` begins with; 0: it begins with none. */
static size_t key_of(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n <= KEY_MAX ? n : 0;
}

/* ---- ranges and defaults ---- */

static void check_words(struct mr_flaw *f, const struct mr_field *field)
{
	uint64_t words = 0;

	while (field->words && field->words[words])
		words++;
	if (!words)
		mr_flaw_say(f, "has a setting %s without its words", field->name);
	else if (field->def >= words)
		mr_flaw_say(f, "has a setting %s whose default is none of its words", field->name);
}

static void check_real(struct mr_flaw *f, const struct mr_field *field)
{
	double min = field->real_min, max = field->real_max, def = field->real_def;
	bool bounded = min < 0 || min > 0 || max < 0 || max > 0;

	if (bounded && !(min <= max))
		mr_flaw_say(f, "has a setting %s whose range is none", field->name);
	else if (bounded && !field->required && !(def >= min && def <= max))
		mr_flaw_say(f, "has a setting %s whose default is out of its range", field->name);
}

/* JSON has no whole numbers beyond those of 64 bits with a sign. */
static void check_whole(struct mr_flaw *f, const struct mr_field *field)
{
	uint64_t most = field->type == MR_U64 ? INT64_MAX : UINT32_MAX, def = field->def;
	uint64_t max = field->max ? field->max : most;

	if (max > most || field->min > max)
		mr_flaw_say(f, "has a setting %s whose range is none, or more than it can hold",
		            field->name);
	else if (field->required || field->type == MR_NUMBERS)
		return;
	else if (def < field->min || def > max)
		mr_flaw_say(f, "has a setting %s whose default is out of its range", field->name);
	else if (field->type == MR_POW2 && (!def || (def & (def - 1))))
		mr_flaw_say(f, "has a setting %s whose default is no power of two", field->name);
}

static void check_range(struct mr_flaw *f, const struct mr_field *field)
{
	switch (field->type) {
	case MR_WORD: check_words(f, field); break;
	case MR_REAL: check_real(f, field); break;
	case MR_U32:
	case MR_U64:
	case MR_POW2:
	case MR_NUMBERS: check_whole(f, field); break;
	default: break;
	}
}

/* Pages and editors are told of the rule by its schema, tests by what it refuses. */
static void check_rule(struct mr_flaw *f, const struct mr_field *field)
{
	const struct mr_field_rule *rule = field->rule;
	json_t *schema;

	if (!rule)
		return;
	if (!(rule->bad && *rule->bad) && !(rule->unseen && *rule->unseen))
		mr_flaw_say(f, "has a setting %s with a rule and no example of what that refuses",
		            field->name);
	if (!rule->schema)
		return;
	schema = json_loads(rule->schema, 0, NULL);
	if (!json_is_object(schema))
		mr_flaw_say(f, "has a setting %s whose rule has a schema that is no JSON object",
		            field->name);
	json_decref(schema);
}

/* ---- a table ---- */

static void check_fields(struct mr_flaw *f, const struct mr_field *fields, size_t room,
                         unsigned depth);

/* What is below it.  Who reads a value by hand has room for it of his own. */
static void check_below(struct mr_flaw *f, const struct mr_field *field, size_t room,
                        unsigned depth)
{
	bool decoded = field->type == MR_GROUP || field->type == MR_LIST;

	if (depth == DEPTH_MAX || (decoded && !field->of))
		mr_flaw_say(f, "has a setting %s without a table of its own", field->name);
	else if (field->type == MR_GROUP)
		check_fields(f, field->of, room - field->at, depth + 1);
	else
		check_fields(f, field->of, decoded ? field->item : SIZE_MAX, depth + 1);
}

static void check_field(struct mr_flaw *f, const struct mr_field *field, size_t room,
                        unsigned depth)
{
	size_t size = size_of(field->type), key = key_of(field->name);
	bool silent = field->type == MR_LATER || field->type == MR_GROUP;

	if (!key || field->name[key])
		mr_flaw_say(f, "calls a setting \"%.40s\": a name is up to %d letters, digits, '_' and '-'",
		            field->name, KEY_MAX);
	else if (field->type < MR_BOOL || field->type > MR_LATER)
		mr_flaw_say(f, "has a setting %s of a type that is none", field->name);
	else if (field->at > room || size > room - field->at)
		mr_flaw_say(f, "has a setting %s that lies outside of its state", field->name);
	if (field->help || !silent)
		mr_flaw_told(f, "setting", field->name, field->help);
	if (f->found)
		return;
	if (field->of || field->type == MR_GROUP || field->type == MR_LIST)
		check_below(f, field, room, depth);
	check_range(f, field);
	check_rule(f, field);
}

static void check_fields(struct mr_flaw *f, const struct mr_field *fields, size_t room,
                         unsigned depth)
{
	unsigned n = 0;

	for (; fields && fields[n].name && n < MR_NAMED_MAX && !f->found; n++) {
		check_field(f, &fields[n], room, depth);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(fields[i].name, fields[n].name))
				mr_flaw_say(f, "has two settings named %s", fields[n].name);
	}
	if (n == MR_NAMED_MAX)
		mr_flaw_say(f, "has %d settings or more, or a table without an end", MR_NAMED_MAX);
}

/* They stand in one object with those that every stage has. */
void mr_flaw_settings(struct mr_flaw *f, const struct mr_field *fields, size_t size)
{
	struct mr_setting *graph;

	check_fields(f, fields, size, 0);
	if (f->found || !fields)
		return;
	graph = mr_graph_settings();
	for (; fields->name; fields++)
		if (mr_settings_find(mr_settings_find(graph, "stages"), fields->name))
			mr_flaw_say(f, "has a setting %s, which every stage has", fields->name);
	mr_settings_free(graph);
}

/* ---- parts of the node file ---- */

/* Keys with dots between them; "" is the file itself. */
static bool is_path(const char *path)
{
	for (size_t n = 0; *path; path += n + (path[n] == '.')) {
		n = key_of(path);
		if (!n || (path[n] && path[n] != '.') || (path[n] == '.' && !path[n + 1]))
			return false;
	}
	return true;
}

/* The name of an instance comes before its settings. */
static void check_instances(struct mr_flaw *f, const struct mr_section *s)
{
	if (!s->instances || f->found)
		return;
	if (!*s->path || s->size < sizeof(char *))
		mr_flaw_say(f, "has a part of the node file with instances that have no place");
	for (const struct mr_field *field = s->fields; field->name && !f->found; field++)
		if (size_of(field->type) && field->at < sizeof(char *))
			mr_flaw_say(f, "has a setting %s where the name of an instance stands",
			            field->name);
}

void mr_flaw_sections(struct mr_flaw *f, const struct mr_section *sections)
{
	for (unsigned n = 0; sections && sections[n].path && !f->found; n++) {
		const struct mr_section *s = &sections[n];

		if (n == MR_NAMED_MAX || !s->fields) {
			mr_flaw_say(f, "has a part of the node file without settings, or a table "
			               "without an end");
		} else if (!is_path(s->path)) {
			mr_flaw_say(f, "has a part of the node file at \"%.40s\", which is no path",
			            s->path);
		} else if (s->size) {
			check_fields(f, s->fields, s->size, 0);
			check_instances(f, s);
		}
	}
}
