/* threads.h - the threads of an engine's workers; private to engine.c and swap.c.  Main only. */
#ifndef MR_CORE_THREADS_H
#define MR_CORE_THREADS_H

#include "core/worker.h"

/* A thread for every worker but the host's, each behind its gate.  -1 after complaining: some may
 * be there, end them. */
int mr_threads_make(struct mr_engine *e, struct mr_report *report);

/* Open every gate; sources are pulled. */
void mr_threads_go(struct mr_engine *e);

/* Back behind the gates; returns when every thread is there.  Main may then speak for their
 * workers, until it lets them go or ends them. */
void mr_threads_hold(struct mr_engine *e);

/* Sources rest, or no more. */
void mr_threads_drain(struct mr_engine *e, bool drain);

/* Let sources rest, give the host its turns, and wait until every worker is idle and no ring holds
 * anything.  False: that did not come about in half a second; sources rest all the same. */
bool mr_threads_rest(struct mr_engine *e);

/* With no thread running but behind its gate: turns for every worker until nothing moves, nothing
 * lies between two stages and every order is acknowledged.  False: it does not end. */
bool mr_threads_settle(struct mr_engine *e);

/* Stop and join every thread that was made. */
void mr_threads_end(struct mr_engine *e);

#endif
