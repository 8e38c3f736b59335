/* where.h - how a command is told which running node to ask over HTTP: --url, --unix, or the
 * http.listen of a node file (--config, or the millrace.json that is here). */
#ifndef MILLRACE_CLI_WHERE_H
#define MILLRACE_CLI_WHERE_H

#include <stdbool.h>

#include "cli/cli.h"
#include "fips/noise/identity.h"

#define CLI_WHERE_MAX 512

/* The first options of such a command. */
enum { CLI_WHERE_URL, CLI_WHERE_UNIX, CLI_WHERE_CONFIG, CLI_WHERE_OPTIONS };

/* clang-format off */
#define CLI_WHERE_OPTION_ROWS                                                                    \
	{ 'u', "url", "URL", "where the node listens (default: http://127.0.0.1:9180)" },       \
	{ 0, "unix", "PATH", "the node's socket in the file system" },                           \
	{ 'c', "config", "FILE", "look up http.listen in a node file (default: millrace.json)" }
/* clang-format on */

/* To `out`, of CLI_WHERE_MAX bytes, as cli_fetch wants it.  CLI_OK, or an exit code after
 * complaining.  A place that comes from a file is asked whose it is, with a warning where that is
 * another node's. */
int cli_where(const struct cli_args *args, char *out);

/* Is what answers at `where` the node of this file?  False: another one, with both names, fit to be
 * printed.  Who does not say is taken for the right one: what is asked next tells. */
bool cli_where_is_of(const char *file, const char *where, char npub[FIPS_KEY_TEXT],
                     char other[FIPS_KEY_TEXT]);

/* --interval's value (NULL: not given, `def` holds) in milliseconds, [100, 86400000]; 0 after
 * complaining. */
unsigned cli_interval(const struct cli_args *args, const char *value, unsigned def_ms);

#endif
