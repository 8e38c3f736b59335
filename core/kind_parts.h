/* kind_parts.h - what judging a descriptor's ports and callbacks and judging its settings share.
 * For kind*.c only.
 *
 * A flaw is the end of a sentence that begins with the kind's name.  The first that is found stays,
 * and ends the search in the table it is in: what stands behind it may be no descriptor at all.
 */
#ifndef MR_CORE_KIND_PARTS_H
#define MR_CORE_KIND_PARTS_H

#include <stdbool.h>

#include "core/stage.h"

#define MR_NAMED_MAX 256 /* drops, counters or settings in one table, at most */

struct mr_flaw {
	char *text; /* MR_FLAW bytes */
	bool  found;
};

void mr_flaw_say(struct mr_flaw *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Must be a line of text; must say something of the thing of that name.  Text is UTF-8: pages and
 * JSON are made of it. */
void mr_flaw_line(struct mr_flaw *f, const char *what, const char *line);
void mr_flaw_told(struct mr_flaw *f, const char *what, const char *name, const char *text);

/* kind_settings.c: the settings of a stage, `size` bytes of state; the parts of the node file. */
void mr_flaw_settings(struct mr_flaw *f, const struct mr_field *fields, size_t size);
void mr_flaw_sections(struct mr_flaw *f, const struct mr_section *sections);

#endif
