/* settings_all.h - the settings of everything this build has: node file, graph file, every stage
 * kind, those of the plugins tap and impair among them; and the parser for all of them. */
#ifndef T_LIB_SETTINGS_ALL_H
#define T_LIB_SETTINGS_ALL_H

#include "core/err.h"
#include "t/lib/settings_cases.h"

/* All kinds, NULL-terminated. */
const struct mr_kind *const *settings_kinds(void);

/* All cases. */
struct settings_count settings_all(settings_case_fn *fn, void *arg);

/* Read a file as `millrace check` does: a graph, or with base NULL a node file. */
void settings_parse(const char *base, const char *text, struct mr_report *r);

#endif
