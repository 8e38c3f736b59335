/* args.h - a command's options: read from argv, and described for --help, by its table. */
#ifndef MILLRACE_CLI_ARGS_H
#define MILLRACE_CLI_ARGS_H

#include "cli/cli.h"
#include "core/err.h"

/* Read the options and run the command, or print its help.  argv[0] is the command's name.
 * Returns the exit code. */
int cli_run_command(const struct cli_command *command, int argc, char **argv);

#endif
