/* field.c - decoding: a JSON object into a struct, by its table.
 *
 * Every value is checked on its own and every mistake reported; a wrong value leaves the default in
 * its place, so that decoding goes on.
 */
#include "core/field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/secret.h"

/* What stays the same all the way down one decoding. */
struct decoding {
	const struct mr_json *doc; /* NULL: defaults only, and no complaints */
	struct mr_report     *report;
};

static void fill(const struct mr_field *fields, char *out, json_t *object, const char *path,
		 const struct decoding *d);

static uint64_t largest(const struct mr_field *f)
{
	if (f->max)
		return f->max;
	return f->type == MR_U64 ? UINT64_MAX : UINT32_MAX;
}

/* ---- complaints: "<value> <what is wrong>" ---- */

static const char *shown(char buf[MR_SHOWN], const struct mr_field *f, json_t *value)
{
	return f->secret ? strcpy(buf, "the value") : mr_json_shown(buf, value);
}

static void wrong(const struct decoding *d, const struct mr_field *f, json_t *value,
		  const char *path, const char *what)
{
	char buf[MR_SHOWN];

	mr_complain(d->report, mr_json_place(d->doc, path, d->report), "%s %s",
		    shown(buf, f, value), what);
}

static void wrong_word(const struct decoding *d, const struct mr_field *f, json_t *value,
		       const char *path)
{
	char buf[MR_SHOWN], list[256];
	const char *word = json_string_value(value), *near = NULL;
	unsigned n = 0;
	size_t at = 0;

	list[0] = '\0';
	for (; f->words[n] && at < sizeof list; n++)
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", n ? ", " : "",
				       f->words[n]);
	if (word)
		near = mr_nearest(word, f->words, n);
	mr_complain(d->report, mr_json_place(d->doc, path, d->report), "%s is not one of %s%s%s%s",
		    shown(buf, f, value), list, near ? "; did you mean \"" : "", near ? near : "",
		    near ? "\"?" : "");
}

/* ---- one value ---- */

enum { RANGE = 96 }; /* bytes of words about one */

/* "is not a whole number", and between what. */
static void say_range(char what[RANGE], const struct mr_field *f)
{
	int n = snprintf(what, RANGE, "is not a whole number");

	if (f->max)
		snprintf(what + n, RANGE - (size_t)n, " from %" PRIu64 " to %" PRIu64, f->min,
		         f->max);
	else if (f->min)
		snprintf(what + n, RANGE - (size_t)n, " from %" PRIu64, f->min);
}

/* A whole number in the field's range, or false after complaining. */
static bool whole(const struct decoding *d, const struct mr_field *f, json_t *value,
		  const char *path, uint64_t *out)
{
	json_int_t number = json_integer_value(value);
	char what[RANGE];

	if (!json_is_integer(value)) {
		say_range(what, f);
		wrong(d, f, value, path, what);
		return false;
	}
	if (number < 0 || (uint64_t)number < f->min)
		snprintf(what, sizeof what, "is below %" PRIu64, f->min);
	else if ((uint64_t)number > largest(f))
		snprintf(what, sizeof what, "is above %" PRIu64, largest(f));
	else if (f->type == MR_POW2 && (!number || (number & (number - 1))))
		snprintf(what, sizeof what, "is not a power of two");
	else
		what[0] = '\0';
	if (*what)
		wrong(d, f, value, path, what);
	else
		*out = (uint64_t)number;
	return !*what;
}

static bool real(const struct decoding *d, const struct mr_field *f, json_t *value,
		 const char *path, double *out)
{
	double number = json_number_value(value);
	bool bounded = f->real_min < 0 || f->real_min > 0 || f->real_max < 0 || f->real_max > 0;
	char what[RANGE];

	if (!json_is_number(value)) {
		snprintf(what, sizeof what, "is not a number");
		if (bounded)
			snprintf(what, sizeof what, "is not a number from %.15g to %.15g",
			         f->real_min, f->real_max);
		wrong(d, f, value, path, what);
		return false;
	}
	if (bounded && (number < f->real_min || number > f->real_max)) {
		snprintf(what, sizeof what, "is %s %.15g", number < f->real_min ? "below" : "above",
			 number < f->real_min ? f->real_min : f->real_max);
		wrong(d, f, value, path, what);
		return false;
	}
	*out = number;
	return true;
}

static bool word(const struct decoding *d, const struct mr_field *f, json_t *value,
		 const char *path, unsigned *out)
{
	const char *text = json_string_value(value);

	for (unsigned i = 0; text && f->words[i]; i++) {
		if (!strcmp(text, f->words[i])) {
			*out = i;
			return true;
		}
	}
	wrong_word(d, f, value, path);
	return false;
}

/* A secret's text lies in memory for secrets. */
static char *copy_text(const struct mr_field *f, const char *text)
{
	return f->secret ? mr_secret_text(text) : strdup(text);
}

static void free_text(const struct mr_field *f, char *held)
{
	f->secret ? mr_secret_free(held) : free(held);
}

static bool text(const struct decoding *d, const struct mr_field *f, json_t *value,
		 const char *path, char **out)
{
	char *copy;

	if (!json_is_string(value)) {
		wrong(d, f, value, path, "is not a string");
		return false;
	}
	copy = copy_text(f, json_string_value(value));
	if (copy) {
		free_text(f, *out);
		*out = copy;
	}
	return copy != NULL;
}

/* ---- many values ---- */

static bool group(const struct decoding *d, const struct mr_field *f, json_t *value,
		  const char *path, char *out)
{
	bool fits = !value || json_is_object(value);

	if (!fits)
		wrong(d, f, value, path, "is not an object");
	if (f->of)
		fill(f->of, out, fits ? value : NULL, path, d);
	return value && fits;
}

/* Room for the items of an array; false when it is none. */
static bool open_list(const struct decoding *d, const struct mr_field *f, json_t *value,
		      const char *path, struct mr_list *list, size_t item)
{
	size_t n = json_array_size(value);

	if (!json_is_array(value)) {
		wrong(d, f, value, path, "is not an array");
		return false;
	}
	list->items = n ? calloc(n, item) : NULL;
	list->n = list->items ? (unsigned)n : 0;
	return true;
}

static bool list(const struct decoding *d, const struct mr_field *f, json_t *value,
		 const char *path, struct mr_list *out)
{
	char at[MR_PATH];

	if (!f->of || !open_list(d, f, value, path, out, f->item))
		return false;
	for (unsigned i = 0; i < out->n; i++) {
		json_t *item = json_array_get(value, i);
		char *to = (char *)out->items + i * f->item;

		mr_path_item(at, path, i);
		if (!json_is_object(item))
			wrong(d, f, item, at, "is not an object");
		fill(f->of, to, json_is_object(item) ? item : NULL, at, d);
	}
	return true;
}

static bool numbers(const struct decoding *d, const struct mr_field *f, json_t *value,
		    const char *path, struct mr_list *out)
{
	char at[MR_PATH];

	if (!open_list(d, f, value, path, out, sizeof(uint32_t)))
		return false;
	for (unsigned i = 0; i < out->n; i++) {
		uint64_t number = 0;

		whole(d, f, json_array_get(value, i), mr_path_item(at, path, i), &number);
		((uint32_t *)out->items)[i] = (uint32_t)number;
	}
	return true;
}

/* ---- a field, a table ---- */

static void set_default(const struct mr_field *f, char *to)
{
	switch (f->type) {
	case MR_BOOL: *(bool *)to = f->def; break;
	case MR_U32:
	case MR_POW2: *(uint32_t *)(void *)to = (uint32_t)f->def; break;
	case MR_U64: *(uint64_t *)(void *)to = f->def; break;
	case MR_REAL: *(double *)(void *)to = f->real_def; break;
	case MR_WORD: *(unsigned *)(void *)to = (unsigned)f->def; break;
	case MR_TEXT: *(char **)(void *)to = f->text ? copy_text(f, f->text) : NULL; break;
	case MR_GROUP: /* filled from its table */
	case MR_LIST:
	case MR_NUMBERS: /* none: zeroed */
	case MR_RAW:
	case MR_LATER: break;
	}
}

/* Decode a value that is there; true when it stands in the struct now. */
static bool decode(const struct mr_field *f, char *to, json_t *value, const char *path,
		   const struct decoding *d)
{
	uint64_t number = 0;
	bool ok = false;

	switch (f->type) {
	case MR_BOOL:
		ok = json_is_boolean(value);
		if (ok)
			*(bool *)to = json_is_true(value);
		else
			wrong(d, f, value, path, "is not true or false");
		break;
	case MR_U32:
	case MR_POW2:
		ok = whole(d, f, value, path, &number);
		if (ok)
			*(uint32_t *)(void *)to = (uint32_t)number;
		break;
	case MR_U64: ok = whole(d, f, value, path, (uint64_t *)(void *)to); break;
	case MR_REAL: ok = real(d, f, value, path, (double *)(void *)to); break;
	case MR_WORD: ok = word(d, f, value, path, (unsigned *)(void *)to); break;
	case MR_TEXT: ok = text(d, f, value, path, (char **)(void *)to); break;
	case MR_LIST: ok = list(d, f, value, path, (struct mr_list *)(void *)to); break;
	case MR_NUMBERS: ok = numbers(d, f, value, path, (struct mr_list *)(void *)to); break;
	case MR_GROUP: ok = group(d, f, value, path, to); break;
	case MR_RAW:
	case MR_LATER: break;
	}
	return ok;
}

/* Every field of the table, from `object` or, when that is NULL, with defaults. */
static void fill(const struct mr_field *fields, char *out, json_t *object, const char *path,
		 const struct decoding *d)
{
	char at[MR_PATH];

	for (const struct mr_field *f = fields; f->name; f++) {
		json_t *value = json_object_get(object, f->name);
		const char *what;

		mr_path_key(at, path, f->name);
		set_default(f, out + f->at);
		if (!value || json_is_null(value)) {
			if (f->type == MR_GROUP)
				group(d, f, NULL, at, out + f->at);
			if (f->required && object)
				mr_complain(d->report, mr_json_place(d->doc, at, d->report), "is missing");
			continue;
		}
		if (!decode(f, out + f->at, value, at, d) || !f->rule || !f->rule->wrong)
			continue;
		what = f->rule->wrong(out + f->at);
		if (what)
			wrong(d, f, value, at, what);
	}
}

void mr_fields_fill(const struct mr_field *fields, void *out, size_t size,
		    const struct mr_json *doc, const char *path, struct mr_report *report)
{
	struct decoding d = { .doc = doc, .report = report };
	json_t *value = doc ? mr_json_at(doc, path) : NULL;
	char buf[MR_SHOWN];

	memset(out, 0, size);
	if (value && !json_is_null(value) && !json_is_object(value))
		mr_complain(report, mr_json_where(doc, path), "%s is not an object",
			    mr_json_shown(buf, value));
	fill(fields, out, json_is_object(value) ? value : NULL, path, &d);
}

void mr_fields_decode(const struct mr_field *fields, void *out, size_t size,
		      const struct mr_json *doc, const char *path, struct mr_report *report)
{
	const struct mr_section section = { .path = "", .fields = fields };
	const struct mr_section *const all[] = { &section };

	mr_fields_fill(fields, out, size, doc, path, report);
	if (doc)
		mr_sections_known(all, 1, doc, path, NULL, report);
}

/* ---- freeing ---- */

static void free_list(const struct mr_field *f, struct mr_list *l)
{
	if (f->type == MR_LIST)
		for (unsigned i = 0; i < l->n; i++)
			mr_fields_free(f->of, (char *)l->items + i * f->item);
	free(l->items);
	*l = (struct mr_list){ 0 };
}

void mr_fields_free(const struct mr_field *fields, void *out)
{
	for (const struct mr_field *f = fields; f->name; f++) {
		void *at = (char *)out + f->at;

		if (f->type == MR_TEXT) {
			char **held = at;

			free_text(f, *held);
			*held = NULL;
		} else if (f->type == MR_LIST || f->type == MR_NUMBERS) {
			free_list(f, at);
		} else if (f->type == MR_GROUP && f->of) {
			mr_fields_free(f->of, at);
		}
	}
}
