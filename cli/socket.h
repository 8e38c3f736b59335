/* socket.h - the control socket of a node that runs (stages/control/query/query.h). */
#ifndef MILLRACE_CLI_SOCKET_H
#define MILLRACE_CLI_SOCKET_H

#include "cli/run.h"

/* Open it as the node file says.  One whose path the file gives must open: false after complaining;
 * one at the default path that does not is warned of, and the node does without. */
bool cli_socket_open(struct run *r, struct mr_report *report);

/* The node file in force is another one: open it, close it, or move it.
 * What fails is in the log. */
void cli_socket_again(struct run *r);

#endif
