/* checks.h - what must hold.
 *
 * Always: no send key is installed twice and no counter of one used twice; a datagram is put on no
 * more links than its ttl allows (plane_out.c); a packet arrives at its node, whole and once
 * (flows.c); an action names what is there (plane_acts.c); queues and tables stay within their
 * bounds; whoever asks is told something in the end.
 *
 * Once the storm is over, within a bound: every edge has its link, every node its place in one tree
 * under the smallest address, every pair that asks is answered.  From then on nothing is lost, but
 * while the tree turns: a node that finds another parent loses the coordinates that pass through
 * it, and those of others are stale.
 */
#ifndef T_SIM_CHECKS_H
#define T_SIM_CHECKS_H

#include "t/sim/sim.h"

/* A send key's bytes, which must never have been seen before: its place in the books. */
uint32_t sim_keys_new(struct sim *s, const struct sim_node *node, const uint8_t key[32]);

/* Something is sealed under it.  Whoever counts up uses no counter twice. */
void sim_keys_seal(struct sim *s, const struct sim_node *node, uint32_t key, uint64_t counter);

void sim_keys_close(struct sim *s);

/* A LOOK event has come: what must hold always. */
void sim_check_always(struct sim *s);

/* Have nodes found other places in the tree since the last look? */
bool sim_check_turned(struct sim *s);

/* Is all well?  NULL, or what is not.  Each of these looks at one thing,
 * and asks that those before it hold. */
const char *sim_check_well(struct sim *s);
const char *sim_check_links(struct sim *s);   /* every node runs, every edge has its link         */
const char *sim_check_tree(struct sim *s);    /* every node has its place in it: checks_tree.c */
const char *sim_check_filters(struct sim *s); /* ... and knows who is reached by which neighbour  */
const char *sim_check_answers(struct sim *s); /* all who ask are answered                         */

/* ... and has it been since: was nothing lost, is nobody stuck? */
void sim_check_end(struct sim *s);

#endif
