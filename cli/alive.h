/* alive.h - whoever started the node hears that it lives, while every worker turns.
 *
 *     tick    every worker has answered the last question?  WATCHDOG=1 (core/notify.h)
 *             a new question to all (core/engine.h)
 *     tick    ...
 *
 * This runs on the program's loop, so the loop and with it control are alive too.  A worker that
 * owes two answers is named in the log and in the status; without a watchdog as well.  Main only.
 */
#ifndef MILLRACE_CLI_ALIVE_H
#define MILLRACE_CLI_ALIVE_H

#include <stdbool.h>

struct run;

/* The environment is looked at; nothing is sent yet.  False: no memory. */
bool cli_alive_open(struct run *r);

/* The workers run: READY=1, and ticks from here on. */
void cli_alive_start(struct run *r);

/* Around a reload. */
void cli_alive_reloading(struct run *r);
void cli_alive_reloaded(struct run *r);

/* STOPPING=1; ticks go on while neighbours are told. */
void cli_alive_stopping(struct run *r, const char *why);
void cli_alive_close(struct run *r);

#endif
