/* err.h - what is wrong with a file or a machine, told in sentences, all of it at once.
 *
 * Set-up code never prints: it adds complaints to a report and goes on as far as it makes sense, so
 * that one run of `millrace check` shows every mistake.  Each complaint says where (file, line,
 * column, JSON path) and what was wanted.  Warnings are kept apart: they do not fail a check.
 *
 *     millrace.json:12:18: transports.udp.mtu: 70 is below 576
 */
#ifndef MR_CORE_ERR_H
#define MR_CORE_ERR_H

#include <stdbool.h>
#include <stdio.h>

/* Where a complaint points.  Any part may be missing (NULL or 0). */
struct mr_where {
	const char *file;
	unsigned    line;   /* from 1; 0 unknown */
	unsigned    column; /* from 1; 0 unknown */
	const char *path;   /* JSON path such as "stages.rx.batch" or "edges[3].full" */
};

struct mr_complaint {
	char *text; /* owned; "file:line:column: path: sentence"; parts that are unknown left out;
	             * UTF-8 without control characters */
	bool  warning;
};

struct mr_report {
	struct mr_complaint *list; /* owned */
	unsigned n;
	unsigned errors; /* complaints that are not warnings */
};

/* Add a complaint, unless the same text is in the report already.  Setup and cli only; copies
 * everything. */
void mr_complain(struct mr_report *r, struct mr_where where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void mr_warn(struct mr_report *r, struct mr_where where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What is complained of from now on is counted and not kept:
 * where it stands need not be looked for. */
bool mr_report_full(const struct mr_report *r);

/* One complaint a line, warnings prefixed "warning: ". */
void mr_report_print(const struct mr_report *r, FILE *out);
void mr_report_free(struct mr_report *r);

/* What is to be done when a socket could not be bound for this errno: the end of a sentence, such
 * as "; another program has it: ss -lnptu names it, or choose another port", or "". */
const char *mr_bind_cure(int err);

/* The word of `words` (n of them) nearest to `word`, or NULL when none is near: for
 * "did you mean …" in complaints. */
const char *mr_nearest(const char *word, const char *const *words, unsigned n);

/* The end of a sentence about an unknown word: "; did you mean \"rx\"?", or when none is near and
 * there are few "; there are rx, tx", else "".  Written to buf and returned. */
#define MR_HINT 256
const char *mr_hint(char buf[MR_HINT], const char *word, const char *const *words, unsigned n);

#endif
