/* queue.h - what is still to happen in a simulated mesh, the soonest first.
 *
 * A binary heap.  Events of one moment come out in the order in which they went in, so that a seed
 * decides everything.
 */
#ifndef T_SIM_QUEUE_H
#define T_SIM_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "fips/path/via.h"

#define SIM_HOPS 64 /* nodes that a datagram may visit: its first ttl (session.md 1.2) */

enum sim_event_kind {
	SIM_FRAME, /* a datagram of the network arrives at `to`  */
	SIM_WAKE,  /* node `who` has something to do             */
	SIM_PING,  /* flow `who` sends its next packet           */
	SIM_STEP,  /* the storm goes on                          */
	SIM_UNDO,  /* ... and something of it ends               */
	SIM_LOOK,  /* the checks look at the whole mesh          */
};

/* The way of a SessionDatagram so far.  It travels beside the bytes and nodes do not see it. */
struct sim_trail {
	unsigned hops;           /* links it was put on, [0, SIM_HOPS]; 0: no SessionDatagram */
	uint16_t seen[SIM_HOPS]; /* the nodes that put it there                           */
};

struct sim_event {
	uint64_t            at;    /* ns                                            */
	uint64_t            order; /* the queue's                                   */
	enum sim_event_kind kind;
	unsigned            who;
	unsigned            what;  /* UNDO: enum sim_blow; FRAME: the edge it takes */
	struct fips_via     from, to;
	struct sim_trail    trail;
	size_t              n;
	uint8_t             bytes[];
};

struct sim_queue {
	struct sim_event **heap; /* owned, n of room; so are the events            */
	size_t             n, room, most;
	uint64_t           order;
};

/* An event of n bytes, all zero.  Aborts when memory is gone. */
struct sim_event *sim_event_new(enum sim_event_kind kind, uint64_t at, unsigned who, size_t n);

/* Takes the event. */
void sim_queue_push(struct sim_queue *q, struct sim_event *e);

/* The soonest, or NULL.  The caller frees it. */
struct sim_event *sim_queue_pop(struct sim_queue *q);

void sim_queue_close(struct sim_queue *q);

#endif
