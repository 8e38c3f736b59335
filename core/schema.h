/* schema.h - settings as JSON Schema (2020-12), for editors and for whoever checks files elsewhere.
 *
 * Made from the tree of settings (settings.h), so it says what the parser does: the same keys,
 * types, ranges and words, and no others.  It accepts what the parser accepts.  What only the
 * parser can see is what spans several keys or files (does a stage of that name exist, is one timer
 * longer than another), text that takes more than a pattern to judge (checksums, numbers in
 * addresses, bytes in place of characters), numbers such as 1.0, which JSON Schema counts among the
 * whole ones, and what is no value for us at all: a key that stands twice, a NUL in a text, a whole
 * number of more than 64 bits.
 */
#ifndef MR_CORE_SCHEMA_H
#define MR_CORE_SCHEMA_H

#include <jansson.h>

#include "core/settings.h"
#include "core/stage.h"

#define MR_SCHEMA_DIALECT "https://json-schema.org/draft/2020-12/schema"

/* Of an object with the settings below s.  Schemas that are used more than once go to `defs`. */
json_t *mr_schema_object(const struct mr_setting *s, json_t *defs);

/* Of what may stand at s. */
json_t *mr_schema_value(const struct mr_setting *s, json_t *defs);

/* A whole schema: that of the root's object, and where it comes from.  `defs` is taken over. */
json_t *mr_schema_root(const struct mr_setting *root, json_t *defs, const char *name,
                       const char *title);

/* ---- graph files (graph_schema.c) ---- */

/* The settings of a graph file, whatever its stages' kinds; and those of a stage of one kind. */
struct mr_setting *mr_graph_settings(void);
struct mr_setting *mr_graph_stage_settings(const struct mr_kind *kind);

/* The schema of graph files with these kinds (NULL-terminated). */
json_t *mr_graph_schema(const struct mr_kind *const *kinds);

#endif
