/* reference.h - settings and kinds told to people: on a terminal, as pages, as parts of manual
 * pages.
 *
 * All of it comes from the tables that the parser goes by, so the pages in doc/reference/ and man/
 * are made by the program (doc/reference.sh), and a test finds those that are out of date.
 */
#ifndef MR_CORE_REFERENCE_H
#define MR_CORE_REFERENCE_H

#include <jansson.h>
#include <stdio.h>

#include "core/settings.h"
#include "core/stage.h"

enum mr_form { MR_PLAIN, MR_MARKDOWN, MR_MDOC };

/* The object at s, which stands at `path` ("" for a whole file): a heading, what may stand in it,
 * and below that the same of each object in it.  With `pages`, of a whole file in MR_MARKDOWN:
 * these have pages of their own, and are only named. */
void mr_reference_object(const struct mr_setting *s, const char *path, enum mr_form form,
                         bool pages, FILE *out);

/* A kind: settings, ports, drops, counters, and what it needs; MR_MDOC has its settings and ports.
 * `from` is the module it came with, or NULL. */
void mr_reference_kind(const struct mr_kind *kind, const char *from, enum mr_form form, FILE *out);

/* The same as data. */
json_t *mr_kind_json(const struct mr_kind *kind, const char *from);

/* Text (NULL: none) that is not taken for markup;
 * for mdoc a line of its own, with a stop at its end. */
void mr_put_markdown(const char *text, FILE *out);
void mr_put_mdoc(const char *text, FILE *out);

#endif
