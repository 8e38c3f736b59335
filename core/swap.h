/* swap.h - what one graph leaves to the next; private to swap.c and swap_kept.c.
 *
 * No packet outlives its pool, and no pool its worker: what stages keep is copied into packets of
 * the new graph (gather), counters and histograms go on (carry), and when the new graph is in force
 * the copies arrive as if from an edge (arrive).  Main only, while every thread has ended or waits
 * at its gate.
 */
#ifndef MR_CORE_SWAP_H
#define MR_CORE_SWAP_H

#include "core/engine.h"
#include "core/worker.h"

/* Kept packets of the old graph as packets of the new one, in the order they were kept. */
struct mr_moved {
	unsigned         replica, input; /* of the new graph: where they arrive */
	struct mr_vector v;
};

struct mr_moves {
	struct mr_moved *list; /* [n], owned */
	unsigned         n, room;
	unsigned         packets, lost;
};

/* Have every replica of `from` give what it keeps, copied into packets of `to`. */
void mr_moves_gather(struct mr_moves *m, struct mr_engine *from, struct mr_engine *to);

/* Counters and histograms of `from` go on in the stages of `to` with their name and kind. */
void mr_counters_carry(const struct mr_engine *from, struct mr_engine *to);

/* `to` is in force, its threads are behind their gates: let them arrive, and free the list. */
void mr_moves_arrive(struct mr_moves *m, struct mr_engine *to);

#endif
