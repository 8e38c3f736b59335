/* storm.h - what befalls a mesh, and when.
 *
 * A storm is bad weather on all edges and blows that fall on nodes and edges at random, each with a
 * mean pause for the whole mesh and a longest length.  When it is over everything that it took away
 * is given back: edges carry, processes run.  Addresses, epochs and clocks stay what it made of
 * them.
 */
#ifndef T_SIM_STORM_H
#define T_SIM_STORM_H

#include "t/sim/sim.h"

enum sim_blow {
	SIM_CUT,    /* an edge carries nothing                                     */
	SIM_SPLIT,  /* nor do all that lead out of a part of the mesh              */
	SIM_KILL,   /* a process ends without a word; later a new one begins       */
	SIM_FREEZE, /* a process stands still                                      */
	SIM_MOVE,   /* a mobile node has another address                           */
	SIM_JUMP,   /* a node's wall clock jumps                                   */
	SIM_BLOWS,
};

struct sim_blowing {
	uint32_t pause; /* s, mean, of one node's share; 0: never                 */
	uint32_t most;  /* s, of what is taken away                               */
};

struct sim_storm {
	const char        *name;
	const char        *summary;
	struct sim_weather weather; /* on top of the fair one: worst of it        */
	struct sim_blowing blow[SIM_BLOWS];
	bool               halves; /* in the middle of its time the mesh is cut in two,
	                            * until it is over                            */
};

/* NULL-terminated by name. */
extern const struct sim_storm sim_storms[];

/* NULL: there is no such. */
const struct sim_storm *sim_storm_find(const char *name);

void sim_storm_begin(struct sim *s);

/* STEP and UNDO events have come. */
void sim_storm_step(struct sim *s);
void sim_storm_undo(struct sim *s, const struct sim_event *e);

#endif
