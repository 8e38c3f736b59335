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

/* Ask, and print the data of the answer as JSON.  params may be NULL; it is used up.  An exit code, after
 * complaining. */
int cli_control_ask(const struct cli_args *args, const char *command, json_t *params);

#endif
