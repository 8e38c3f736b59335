/* privileges.h - what the process may do, and who may look into it.
 *
 *   1 closed  before a key is read: no core dump, and no process of the same user may look into
 *             this one's memory; as much memory may be locked as the machine allows
 *   2 open    devices, sockets, buffers and key files are opened with the rights the program was
 *             started with
 *   3 shed    before any thread runs: the user becomes the one asked for, every capability is given
 *             up, and no program started from here can get one back
 *
 * Rights belong to a thread, so 3 comes while main is the only one.  What is opened keeps working:
 * closing the TUN device, which removes it, needs no right.
 */
#ifndef MILLRACE_CLI_PRIVILEGES_H
#define MILLRACE_CLI_PRIVILEGES_H

#include <stdbool.h>

#include "core/err.h"

/* Step 1.  With allow_core core dumps, debuggers and tracers work as they always do. */
void cli_privileges_close(bool allow_core);

/* The user as a setting gives it: "name", "name:group" or numbers in their place.  NULL when it is
 * well-formed, else a sentence; whether there is such a user, shedding finds out. */
const char *cli_user_wrong(const char *user);

/* Step 3.  user NULL: the one who started it.  False after complaining at `where`. */
bool cli_privileges_shed(const char *user, struct mr_where where, struct mr_report *report);

/* When no key is left: a leak checker may look again. */
void cli_privileges_reopen(void);

#endif
