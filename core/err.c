/* err.c - complaints gathered, and the nearest word to a misspelt one. */
#include "core/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log_text.h"

#define KEPT_MAX 500 /* complaints kept; what comes after is counted only */
#define WORD_MAX 64  /* longer words have no neighbours */

/* "file:line:column: path: " of what is known. */
static char *prefix_of(struct mr_where w)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	if (w.file)
		fprintf(out, "%s", w.file);
	if (w.file && w.line)
		fprintf(out, ":%u", w.line);
	if (w.file && w.line && w.column)
		fprintf(out, ":%u", w.column);
	if (w.file)
		fprintf(out, ": ");
	if (w.path && *w.path)
		fprintf(out, "%s: ", w.path);
	fclose(out);
	return text;
}

/* The same for a terminal: keys and values stand in it as the files have them. */
static char *harmless(char *text)
{
	size_t n = text ? strlen(text) : 0;
	struct mr_line line = { .text = text ? malloc(n + 1) : NULL, .room = n };

	if (line.text) {
		mr_line_plain(&line, text, n);
		line.text[line.n] = '\0';
	}
	free(text);
	return line.text;
}

static char *text_of(struct mr_where w, const char *fmt, va_list args)
{
	char *prefix = prefix_of(w), *sentence = NULL, *text = NULL;

	if (vasprintf(&sentence, fmt, args) < 0)
		sentence = NULL;
	if (prefix && sentence && asprintf(&text, "%s%s", prefix, sentence) < 0)
		text = NULL;
	free(prefix);
	free(sentence);
	return harmless(text);
}

bool mr_report_full(const struct mr_report *r)
{
	return r->n >= KEPT_MAX;
}

static bool is_there(const struct mr_report *r, const char *text)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!strcmp(r->list[i].text, text))
			return true;
	return false;
}

/* Takes over `text`.  An error always counts, even when there is no room to keep it. */
static void add(struct mr_report *r, char *text, bool warning)
{
	struct mr_complaint *list;

	if (text && is_there(r, text)) {
		free(text);
		return;
	}
	if (!warning)
		r->errors++;
	list = text && !mr_report_full(r) ? realloc(r->list, (r->n + 1) * sizeof *list) : NULL;
	if (!list) {
		free(text);
		return;
	}
	r->list = list;
	r->list[r->n++] = (struct mr_complaint){ .text = text, .warning = warning };
}

void mr_complain(struct mr_report *r, struct mr_where where, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(r, text_of(where, fmt, args), false);
	va_end(args);
}

void mr_warn(struct mr_report *r, struct mr_where where, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(r, text_of(where, fmt, args), true);
	va_end(args);
}

void mr_report_print(const struct mr_report *r, FILE *out)
{
	unsigned errors = 0;

	for (unsigned i = 0; i < r->n; i++) {
		errors += !r->list[i].warning;
		fprintf(out, "%s%s\n", r->list[i].warning ? "warning: " : "", r->list[i].text);
	}
	if (errors < r->errors)
		fprintf(out, "and %u more\n", r->errors - errors);
}

void mr_report_free(struct mr_report *r)
{
	for (unsigned i = 0; i < r->n; i++)
		free(r->list[i].text);
	free(r->list);
	*r = (struct mr_report){ 0 };
}

const char *mr_bind_cure(int err)
{
	switch (err) {
	case EADDRINUSE:
		return "; another program has it: ss -lnptu names it, or choose another port";
	case EADDRNOTAVAIL:
		return "; no device of this machine has that address: ip addr shows those there are";
	case EACCES:
		return "; a port below 1024 takes CAP_NET_BIND_SERVICE";
	default:
		return "";
	}
}

static int folded(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; letter case and
 * the choice between '-' and '_' cost nothing. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = folded(a[i - 1]) == folded(b[j - 1]);

			now[j] = least(least(up[j], now[j - 1]) + 1, up[j - 1] + !same);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
			    folded(a[i - 2]) == folded(b[j - 1]))
				now[j] = least(now[j], up2[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

const char *mr_nearest(const char *word, const char *const *words, unsigned n)
{
	size_t len = strlen(word);
	unsigned limit = (unsigned)(len + 2) / 3, best = UINT32_MAX;
	const char *found = NULL;

	for (unsigned i = 0; i < n; i++) {
		unsigned d = distance(word, words[i]);

		if (len >= 3 && !strncmp(word, words[i], len))
			d = least(d, 1);
		if (d < best && d <= limit && d < len) {
			best = d;
			found = words[i];
		}
	}
	return found;
}

const char *mr_hint(char buf[MR_HINT], const char *word, const char *const *words, unsigned n)
{
	const char *near = mr_nearest(word, words, n);
	size_t at = 0;

	buf[0] = '\0';
	if (near) {
		snprintf(buf, MR_HINT, "; did you mean \"%s\"?", near);
	} else if (n > 0 && n <= 12) {
		at = (size_t)snprintf(buf, MR_HINT, "; there %s ", n == 1 ? "is" : "are");
		for (unsigned i = 0; i < n && at < MR_HINT; i++)
			at += (size_t)snprintf(buf + at, MR_HINT - at, "%s%s", i ? ", " : "",
			                       words[i]);
	}
	return buf;
}
