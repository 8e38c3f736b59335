/* config_page.h - the configuration that is in force, as a node file. */
#ifndef MILLRACE_CLI_CONFIG_PAGE_H
#define MILLRACE_CLI_CONFIG_PAGE_H

#include "cli/nodefile.h"

/* Everything a node file can say, as this one (checked, overlays applied) with its `settings` and
 * all defaults says it; secrets are left out.  It is a node file that means the same, but for
 * those.  malloc'd text; NULL: no memory.  Main only. */
char *cli_config_json(const struct mr_json *doc, const struct cli_settings *settings,
                      const struct mr_kind *const *kinds);

#endif
