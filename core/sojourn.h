/* sojourn.h - how long packets may wait in a queue: CoDel (RFC 8289) over vectors.
 *
 * A queue is there for bursts: it fills and empties.  One that packets go through slowly for a
 * whole `interval` without ever getting below `target` stands, and does nothing but delay.  Then
 * packets are dropped, one first, the next ones after ever shorter times, until the wait is below
 * target:
 *
 *     drop 1          2                3            4         5   ...   n + 1 after n:
 *     |---------------|----------------|------------|---------|         interval / sqrt(n)
 *     interval        interval         / sqrt 2     / sqrt 3
 *
 * which is what makes senders that listen to losses slow down, and the slower the more there are.
 * Soon after dropping has ended it resumes where it was.  Senders that do not listen are cut: where
 * the law has been at work for two intervals and the wait is twice the target still, what has
 * waited longer than target is dropped whole; and again whenever it comes to that for an eighth of
 * an interval, which a thread that was away for a moment makes up for sooner.
 *
 * The packets of a vector entered the queue together, so there is one wait for them.  Of those that
 * are to go, whoever has most in the vector pays, so that the flood of one target does not cost
 * another its packets.
 *
 * Only what has no number yet is ever dropped here.  Time is handed in, in ns.
 */
#ifndef MR_CORE_SOJOURN_H
#define MR_CORE_SOJOURN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pkt.h"

#define MR_SOJOURN_MEMORY 16 /* intervals in which a queue that stood is not forgotten  */
#define MR_SOJOURN_DEAF   2  /* intervals that senders have to take notice              */
#define MR_SOJOURN_AGAIN  8  /* so many times sooner, those who took none last time     */

/* One owner: whoever takes packets out of the queue.  All zero: it never drops. */
struct mr_sojourn {
	uint64_t target, interval; /* ns; const after init; target 0: off                       */
	uint64_t stands;   /* when it will have stood for an interval; 0: the wait is below
	                    * target                                                            */
	uint64_t began;    /* start of dropping; valid while dropping                           */
	uint64_t next;     /* the next drop while dropping, else the one that would have been   */
	uint64_t cut;      /* nobody listens: until then what stands is cut at once; or 0       */
	uint32_t count;    /* drops since dropping began, those it resumed from included        */
	uint32_t resumed;  /* count when it began                                               */
	bool     dropping;
};

void mr_sojourn_init(struct mr_sojourn *s, uint64_t target, uint64_t interval);

/* A vector of n packets leaves the queue after `waited`; `last`: nothing is behind it.  Returns how
 * many of its packets are to be dropped, [0, n]; n itself says that it is cut. */
unsigned mr_sojourn_due(struct mr_sojourn *s, uint64_t waited, bool last, unsigned n, uint64_t now);

/* Move `due` packets of v to gone (due < v->n), or with due == v->n all of those that have more
 * than half of an even share of v; both stay in order.  `near`: pkt->near tells targets apart, else
 * far.  gone is filled from its beginning. */
void mr_sojourn_take(struct mr_vector *v, unsigned due, bool near, struct mr_vector *gone);

#endif
