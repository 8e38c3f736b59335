/* lookout.h - what nobody would tell: a device that was taken away, a capture that is not whole any
 * more.
 *
 * Data stages count and never log, and an operator who looks at the log alone would not hear of
 * these.  Each is said once, by whoever runs the program's ticks (alive.c).  Main only.
 */
#ifndef MILLRACE_CLI_LOOKOUT_H
#define MILLRACE_CLI_LOOKOUT_H

struct run;

/* Look, from time to time. */
void cli_lookout(struct run *r);

/* The graph is another one: its captures begin anew. */
void cli_lookout_again(struct run *r);

#endif
