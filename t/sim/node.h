/* node.h - one simulated process: it starts, is killed, is frozen; and control's habits in it.
 *
 * Inputs reach the brain a little late and in order, and an install is acknowledged a little later
 * still; data passes meanwhile, as it does by other threads.
 */
#ifndef T_SIM_NODE_H
#define T_SIM_NODE_H

#include "t/sim/sim.h"

/* Who it is, for good.  Set-up only. */
void sim_node_make(struct sim *s, unsigned id);

/* ... when all are made. */
void sim_nodes_sort(struct sim *s);

/* A new process, by a configuration that names its neighbours where they are now; the process ends
 * without a word.  Both fine when it is so already. */
void sim_node_start(struct sim_node *node);
void sim_node_kill(struct sim_node *node);

/* Suspend it: what arrives meanwhile is lost, and all its timers are late.  0: it goes on now. */
void sim_node_freeze(struct sim_node *node, uint64_t ns);

/* Hand the brain an input, as a data thread does. */
void sim_node_input(struct sim_node *node, const struct fips_input *in);

/* The brain wants to know where a neighbour is now. */
void sim_node_resolve(struct sim_node *node, const struct fips_addr *peer);

/* A WAKE event has come. */
void sim_node_wake(struct sim_node *node, const struct sim_event *e);

/* By its address; NULL: there is none. */
struct sim_node *sim_node_of(struct sim *s, const struct fips_addr *addr);

#endif
