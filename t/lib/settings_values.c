/* settings_values.c - bad values by type and by rule; see settings_cases.h. */
#include "t/lib/settings_walk.h"

#include <stdlib.h>
#include <string.h>

/* ---- one case ---- */

/* `at` is `path`, or an item of what stands there.  Takes the value over. */
void settings_emit_at(struct settings_walk *w, const char *path, const char *at, json_t *value,
		      const char *says, bool unseen)
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

void settings_emit(struct settings_walk *w, const char *path, json_t *value, const char *says)
{
	settings_emit_at(w, path, path, value, says, false);
}

json_t *settings_json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!value) {
		fprintf(stderr, "an example is no JSON: %s\n", text);
		abort();
	}
	return value;
}

/* Values of the wrong type: `types` has a letter for each that is right. */
void settings_wrong_types(struct settings_walk *w, const char *path, const char *types,
			  const char *says)
{
	static const char *const values[] = { ['n'] = "5",    ['r'] = "1.5", ['s'] = "\"text\"",
					      ['b'] = "true", ['a'] = "[]",  ['o'] = "{}" };

	for (const char *t = "nrsbao"; *t; t++)
		if (!strchr(types, *t))
			settings_emit(w, path, settings_json(values[(unsigned char)*t]), says);
}

/* ---- by type ---- */

static void whole_numbers(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	uint64_t max = f->max ? f->max : f->type == MR_U64 ? INT64_MAX : UINT32_MAX;
	uint64_t fine = f->def > f->min ? f->def : f->min;
	char says[96];

	snprintf(says, sizeof says, "is not a whole number");
	if (f->max)
		snprintf(says, sizeof says, "is not a whole number from %llu to %llu",
			 (unsigned long long)f->min, (unsigned long long)f->max);
	settings_wrong_types(w, path, "n", says);
	settings_emit_at(w, path, path, json_real((double)fine), says, true);
	snprintf(says, sizeof says, "is below %llu", (unsigned long long)f->min);
	settings_emit(w, path, json_integer((json_int_t)f->min - 1), says);
	snprintf(says, sizeof says, "is above %llu", (unsigned long long)max);
	if (max < INT64_MAX)
		settings_emit(w, path, json_integer((json_int_t)max + 1), says);
}

static void real_numbers(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	char says[96];

	snprintf(says, sizeof says, "is not a number from %.15g to %.15g", f->real_min,
		 f->real_max);
	settings_wrong_types(w, path, "nr", f->real_min < f->real_max ? says : "is not a number");
	if (!(f->real_min < f->real_max))
		return;
	snprintf(says, sizeof says, "is below %.15g", f->real_min);
	settings_emit(w, path, json_real(f->real_min - 0.001), says);
	snprintf(says, sizeof says, "is above %.15g", f->real_max);
	settings_emit(w, path, json_real(f->real_max + 0.001), says);
}

static void words(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	char list[256] = "is not one of ", near[64], says[128];
	size_t n = strlen(list);

	for (unsigned i = 0; f->words[i]; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "",
				      f->words[i]);
	settings_wrong_types(w, path, "s", list);
	settings_emit(w, path, json_string(""), list);
	settings_emit(w, path, json_string("no-such-word"), list);
	snprintf(near, sizeof near, "%sx", f->words[0]);
	snprintf(says, sizeof says, "; did you mean \"%s\"?", f->words[0]);
	settings_emit(w, path, json_string(near), says);
}

static void item(struct settings_walk *w, const char *path, const char *value, const char *says)
{
	char text[64], at[MR_PATH];

	snprintf(text, sizeof text, "[%s]", value);
	settings_emit_at(w, path, mr_path_item(at, path, 0), settings_json(text), says, false);
}

static void numbers(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	unsigned long long max = f->max ? f->max : UINT32_MAX;
	char says[64], value[32];

	settings_wrong_types(w, path, "a", "is not an array");
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

json_t *settings_example(const struct mr_field *f, const char *text)
{
	return f->type == MR_TEXT ? json_string(text) : settings_json(text);
}

/* What the rule says of an example, where that is a text; who reads it by hand may say anything. */
static const char *said_of(const struct mr_field *f, const char *text)
{
	const char *said;

	if (f->type != MR_TEXT || !f->rule->wrong)
		return "";
	said = f->rule->wrong(&text);
	if (!said) {
		fprintf(stderr, "%s: the rule accepts its example of a bad value, %s\n", f->name,
			text);
		abort();
	}
	return said;
}

/* Where an example is complained of that is read by hand: at its first item, if it has any. */
static const char *place_of(const struct mr_field *f, const char *text, const char *path,
			    char buf[MR_PATH])
{
	return f->type == MR_RAW && *text == '[' && text[1] != ']' ? mr_path_item(buf, path, 0)
								   : path;
}

void settings_rule(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	char at[MR_PATH];
	unsigned n = 0;

	for (unsigned seen = 0; seen < 2; seen++) {
		const char *const *list = seen ? f->rule->bad : f->rule->unseen;

		for (; list && *list; list++, n++)
			settings_emit_at(w, path, place_of(f, *list, path, at),
					 settings_example(f, *list), said_of(f, *list), !seen);
	}
	if (!n) {
		fprintf(stderr, "%s: the rule has no example of a bad value\n", path);
		abort();
	}
}

void settings_value(struct settings_walk *w, const struct mr_field *f, const char *path)
{
	switch (f->type) {
	case MR_BOOL: settings_wrong_types(w, path, "b", "is not true or false"); break;
	case MR_U32:
	case MR_U64:
	case MR_POW2: whole_numbers(w, f, path); break;
	case MR_REAL: real_numbers(w, f, path); break;
	case MR_WORD: words(w, f, path); break;
	case MR_TEXT: settings_wrong_types(w, path, "s", "is not a string"); break;
	case MR_NUMBERS: numbers(w, f, path); break;
	default: break;
	}
	if (f->type == MR_POW2)
		settings_emit(w, path, json_integer((json_int_t)f->min + 1),
			      "is not a power of two");
	if (f->rule)
		settings_rule(w, f, path);
}
