/* field_print.c - tables told to people, and structs turned back into JSON. */
#include "core/field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

/* ---- the reference ---- */

void mr_field_print_type(const struct mr_field *f, FILE *out)
{
	static const char *const type[] = {
		[MR_BOOL] = "true or false",
		[MR_U32] = "whole number",
		[MR_U64] = "whole number",
		[MR_POW2] = "power of two",
		[MR_REAL] = "number",
		[MR_WORD] = "one of",
		[MR_TEXT] = "string",
		[MR_GROUP] = "object",
		[MR_LIST] = "array of objects",
		[MR_NUMBERS] = "array of whole numbers",
		[MR_RAW] = "value",
		[MR_LATER] = "not built yet",
	};

	fputs(f->rule && f->rule->type ? f->rule->type : type[f->type], out);
	if (f->type == MR_WORD)
		for (unsigned i = 0; f->words[i]; i++)
			fprintf(out, "%s %s", i ? "," : "", f->words[i]);
	if (f->type == MR_REAL && (f->real_min < f->real_max))
		fprintf(out, " from %.15g to %.15g", f->real_min, f->real_max);
	if (f->type == MR_U32 || f->type == MR_U64 || f->type == MR_POW2 || f->type == MR_NUMBERS) {
		if (f->max)
			fprintf(out, " from %" PRIu64 " to %" PRIu64, f->min, f->max);
		else if (f->min)
			fprintf(out, " from %" PRIu64, f->min);
	}
	if (f->unit)
		fprintf(out, ", in %s", f->unit);
}

void mr_field_print_default(const struct mr_field *f, FILE *out)
{
	if (f->required)
		fprintf(out, "required");
	else if (f->type == MR_BOOL)
		fprintf(out, "default %s", f->def ? "true" : "false");
	else if (f->type == MR_U32 || f->type == MR_U64 || f->type == MR_POW2)
		fprintf(out, "default %" PRIu64, f->def);
	else if (f->type == MR_REAL)
		fprintf(out, "default %.15g", f->real_def);
	else if (f->type == MR_WORD)
		fprintf(out, "default %s", f->words[f->def]);
	else if (f->type == MR_TEXT && f->text)
		fprintf(out, "default \"%s\"", f->text);
}

static bool has_default(const struct mr_field *f)
{
	bool none = f->type == MR_TEXT ? !f->text : f->type >= MR_GROUP;

	return f->required || !none;
}

void mr_fields_print(const struct mr_field *fields, FILE *out, unsigned indent)
{
	for (const struct mr_field *f = fields; f->name; f++) {
		fprintf(out, "%*s%s: ", (int)indent, "", f->name);
		mr_field_print_type(f, out);
		fputs(has_default(f) ? "; " : "", out);
		mr_field_print_default(f, out);
		fprintf(out, "%s%s\n", f->help ? ". " : "", f->help ? f->help : "");
		if (f->of)
			mr_fields_print(f->of, out, indent + 2);
	}
}

/* ---- back to JSON ---- */

static json_t *list_json(const struct mr_field *f, const struct mr_list *list)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < list->n; i++) {
		if (f->type == MR_NUMBERS)
			json_array_append_new(array,
					      json_integer(((const uint32_t *)list->items)[i]));
		else
			json_array_append_new(
				array,
				mr_fields_json(f->of, (const char *)list->items + i * f->item));
	}
	return array;
}

/* NULL when the field has nothing to show. */
static json_t *value_json(const struct mr_field *f, const char *at)
{
	const void *p = at;

	switch (f->type) {
	case MR_BOOL: return json_boolean(*(const bool *)p);
	case MR_U32:
	case MR_POW2: return json_integer(*(const uint32_t *)p);
	case MR_U64: return json_integer((json_int_t) * (const uint64_t *)p);
	case MR_REAL: return json_real(*(const double *)p);
	case MR_WORD: return json_string(f->words[*(const unsigned *)p]);
	case MR_TEXT: return *(char *const *)p ? json_string(*(char *const *)p) : NULL;
	case MR_GROUP: return f->of ? mr_fields_json(f->of, at) : NULL;
	case MR_LIST: return list_json(f, p);
	case MR_NUMBERS: return ((const struct mr_list *)p)->n ? list_json(f, p) : NULL;
	case MR_RAW:
	case MR_LATER: break;
	}
	return NULL;
}

json_t *mr_fields_json(const struct mr_field *fields, const void *in)
{
	json_t *object = json_object();

	for (const struct mr_field *f = fields; object && f->name; f++) {
		json_t *value = f->secret ? NULL : value_json(f, (const char *)in + f->at);

		if (value)
			json_object_set_new(object, f->name, value);
	}
	return object;
}
