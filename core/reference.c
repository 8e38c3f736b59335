/* reference.c - settings as text, pages and manual pages; see reference.h. */
#include "core/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

/* ---- words ---- */

enum { SENTENCE = 96 };

static bool is_value(const struct mr_setting *s)
{
	return s->shape == MR_VALUE || s->shape == MR_MAYBE_OBJECT;
}

static bool has_object(const struct mr_setting *s)
{
	return s->known && s->shape != MR_VALUE;
}

/* What stands here in place of one object. */
static const char *shape_sentence(const struct mr_setting *s, char buf[SENTENCE])
{
	switch (s->shape) {
	case MR_OBJECTS: return "An array of objects with these keys.";
	case MR_NAMED: return "An object: any name to an object with these keys.";
	case MR_MAYBE_NAMED:
		snprintf(buf, SENTENCE, "An object with these keys; or %s%.0u of them, each under a name "
		         "of its own.",
		         mr_setting_most(s) ? "up to " : "several", mr_setting_most(s));
		return buf;
	case MR_MAYBE_OBJECT: return "As an object it has these keys.";
	default: return NULL;
	}
}

/* Text in memory, closed and to be freed. */
struct memory {
	FILE  *out;
	char  *text;
	size_t n;
};

static void memory_open(struct memory *m)
{
	m->out = open_memstream(&m->text, &m->n);
	if (!m->out)
		abort();
}

static char *memory_close(struct memory *m)
{
	fclose(m->out);
	return m->text;
}

/* "whole number from 1 to 9, in s"; "an object". */
static char *type_of(const struct mr_setting *s)
{
	struct memory m;

	memory_open(&m);
	if (is_value(s))
		mr_field_print_type(s->field, m.out);
	else if (s->shape == MR_OBJECTS)
		fputs("array of objects", m.out);
	else
		fputs("object", m.out);
	return memory_close(&m);
}

/* "required", "default 5", or nothing. */
static char *default_of(const struct mr_setting *s)
{
	struct memory m;

	memory_open(&m);
	if (s->required)
		fputs("required", m.out);
	else if (is_value(s) && !s->no_usual)
		mr_field_print_default(s->field, m.out);
	return memory_close(&m);
}

/* ---- text that must not be taken for markup ---- */

void mr_put_markdown(const char *text, FILE *out)
{
	for (; text && *text; text++) {
		if (strchr("|<*_[", *text))
			putc('\\', out);
		putc(*text, out);
	}
}

/* A sentence begins with a capital, unless its first word is something to be written as it is: has
 * one of these within. */
static int first_letter(const char *text)
{
	size_t word = strcspn(text, " ;,");

	return strcspn(text, "./:_") + 1 < word ? *text : toupper((unsigned char)*text);
}

static void put_roff(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			putc(*text, out);
	}
}

void mr_put_mdoc(const char *text, FILE *out)
{
	size_t n = text ? strlen(text) : 0;

	if (!n)
		return;
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	putc(first_letter(text), out);
	put_roff(text + 1, out);
	fputs(strchr(".:", text[n - 1]) ? "\n" : ".\n", out);
}

/* ---- an object's own keys ---- */

static void row_plain(const struct mr_setting *s, const char *type, const char *usual, FILE *out)
{
	fprintf(out, "  %s: %s%s%s%s%s\n", s->key, type, *usual ? "; " : "", usual,
	        s->help ? ". " : "", s->help ? s->help : "");
}

static void row_markdown(const struct mr_setting *s, const char *type, const char *usual, FILE *out)
{
	fprintf(out, "| `%s` | ", s->key);
	mr_put_markdown(type, out);
	fputs(" | ", out);
	mr_put_markdown(strncmp(usual, "default ", 8) ? usual : usual + 8, out);
	fputs(" | ", out);
	mr_put_markdown(s->help, out);
	fputs(" |\n", out);
}

static void row_mdoc(const struct mr_setting *s, const char *type, const char *usual, FILE *out)
{
	fprintf(out, ".It Cm %s Pq ", s->key);
	put_roff(type, out);
	fputs(*usual ? "; " : "", out);
	put_roff(usual, out);
	putc('\n', out);
	mr_put_mdoc(s->help, out);
}

static void put_row(const struct mr_setting *s, enum mr_form form, FILE *out)
{
	char *type = type_of(s), *usual = default_of(s);

	if (form == MR_MARKDOWN)
		row_markdown(s, type, usual, out);
	else if (form == MR_MDOC)
		row_mdoc(s, type, usual, out);
	else
		row_plain(s, type, usual, out);
	free(type);
	free(usual);
}

/* False: it has none of its own. */
static bool put_rows(const struct mr_setting *s, enum mr_form form, FILE *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->below[i]->known && is_value(s->below[i]) && s->below[i]->field;
	if (!n)
		return false;
	if (form == MR_MARKDOWN)
		fputs("\n| Key | Value | Default | |\n| --- | --- | --- | --- |\n", out);
	else if (form == MR_MDOC)
		fputs(".Bl -tag -width 4n\n", out);
	for (unsigned i = 0; i < s->n; i++)
		if (s->below[i]->known && is_value(s->below[i]) && s->below[i]->field)
			put_row(s->below[i], form, out);
	if (form == MR_MDOC)
		fputs(".El\n", out);
	return true;
}

/* Keys in a row, and where they are told of. */
static void put_keys(const struct mr_setting *s, bool (*wanted)(const struct mr_setting *s),
                     const char *path, const char *before, enum mr_form form, bool pages, FILE *out)
{
	static const char *const opening[] = { [MR_PLAIN] = "  ", [MR_MARKDOWN] = "\n",
		                               [MR_MDOC] = "" };
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const char *key = s->below[i]->key;

		if (!wanted(s->below[i]))
			continue;
		if (!n++)
			fprintf(out, "%s%s ", opening[form], before);
		else
			fputs(", ", out);
		if (form == MR_MARKDOWN && pages)
			fprintf(out, "[`%s`](%s.md)", key, key);
		else
			fprintf(out, form == MR_MARKDOWN ? "`%s%s%s`" : "%s%s%s", path,
			        *path ? "." : "", key);
	}
	if (n)
		fputs(".\n", out);
}

static bool is_later(const struct mr_setting *s)
{
	return !s->known;
}

static bool has_later(const struct mr_setting *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (is_later(s->below[i]))
			return true;
	return false;
}

/* ---- objects, one below the other ---- */

static void put_heading(const struct mr_setting *s, const char *path, enum mr_form form, FILE *out)
{
	char buf[SENTENCE];
	const char *shape = shape_sentence(s, buf);
	bool told = s->help && *s->help;

	if (form == MR_MDOC) {
		fprintf(out, ".Ss %s\n", path);
		mr_put_mdoc(s->help, out);
		mr_put_mdoc(shape, out);
		fputs(s->required ? "Required.\n" : "", out);
		return;
	}
	if (form == MR_PLAIN) {
		fprintf(out, "%s%s:\n", path, s->required ? " (required)" : "");
		return;
	}
	fprintf(out, "\n## `%s`\n", path);
	if (told || shape || s->required)
		putc('\n', out);
	if (told) {
		putc(first_letter(s->help), out);
		mr_put_markdown(s->help + 1, out);
		fputs(".\n", out);
	}
	if (shape)
		fprintf(out, "%s\n", shape);
	fputs(s->required ? "Required.\n" : "", out);
}

void mr_reference_object(const struct mr_setting *s, const char *path, enum mr_form form,
                         bool pages, FILE *out)
{
	char at[MR_PATH];

	if (*path)
		put_heading(s, path, form, out);
	if (put_rows(s, form, out) && has_later(s) && form == MR_MDOC)
		fputs(".Pp\n", out);
	if (pages)
		put_keys(s, has_object, path, "With keys below, each on a page of its own:", form,
		         true, out);
	put_keys(s, is_later, path, "Known, and without effect in this version:", form, false, out);
	for (unsigned i = 0; !pages && i < s->n; i++)
		if (has_object(s->below[i]))
			mr_reference_object(s->below[i], mr_path_key(at, path, s->below[i]->key),
			                    form, false, out);
}
