/* control.h - asking a running node by its control socket, for `millrace show` and its like. */
#ifndef MILLRACE_CLI_CONTROL_H
#define MILLRACE_CLI_CONTROL_H

#include <jansson.h>

#include "cli/cli.h"

/* The first options of every command that asks. */
enum { CLI_SOCKET, CLI_SOCKET_CONFIG, CLI_SOCKET_OPTIONS };

/* clang-format off */
#define CLI_SOCKET_OPTION_ROWS                                                                  \
	{ 's', "socket", "PATH", "the node's control socket" },                                \
	{ 'c', "config", "FILE", "look up node.control.socket_path in a node file "            \
	                         "(default: millrace.json)" }
/* clang-format on */

/* Ask; the data of the answer, owned.  params may be NULL; it is used up.  NULL after complaining,
 * with an exit code. */
json_t *cli_control_data(const struct cli_args *args, const char *command, json_t *params,
                         int *code);

/* The same printed as JSON; an exit code. */
int cli_control_ask(const struct cli_args *args, const char *command, json_t *params);
int cli_control_print(json_t *data);

#endif
