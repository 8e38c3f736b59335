/* args.h - a command's options: read from argv, and described for --help, by its table. */
#ifndef MILLRACE_CLI_ARGS_H
#define MILLRACE_CLI_ARGS_H

#include "cli/cli.h"
#include "core/err.h"

/* Read the options and run the command, or print its help.  argv[0] is the command's name.
 * Returns the exit code. */
int cli_run_command(const struct cli_command *command, int argc, char **argv);

/* What may stand in place of the last of the n words behind `millrace`, on stdout (complete.c).
 * commands ends with NULL; n may be 0.  An exit code. */
int cli_complete(const struct cli_command *const *commands, int n, char **words);

#endif
