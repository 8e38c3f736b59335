/* node_transit.h - others' datagrams in a simulated node: next hops that the brain gave, and what
 * waits for one.
 *
 * A neighbour's datagrams go to it.  For any other destination the brain is asked once; what came
 * meanwhile, a little of it, leaves with the answer.  Every coordinate list that passes by is
 * told to the brain.
 */
#ifndef T_LIB_NODE_TRANSIT_H
#define T_LIB_NODE_TRANSIT_H

#include "t/lib/node_plane.h"

#define TRANSIT_DESTS  32
#define TRANSIT_PARKED 4
#define TRANSIT_BYTES  1500

struct transit_dest {
	bool             used, given; /* given: has a hop                         */
	struct fips_addr dest, hop;
	unsigned         parked;
	size_t           len[TRANSIT_PARKED];
	uint8_t          bytes[TRANSIT_PARKED][TRANSIT_BYTES];
};

struct transit {
	struct sim_node    *node;
	struct transit_dest dest[TRANSIT_DESTS];
};

/* A datagram of others, from its type byte, that came by a link. */
void transit_datagram(struct transit *t, const uint8_t *bytes, size_t n);

/* FORWARD, UNFORWARD, NO_FORWARD. */
void transit_act(struct transit *t, const struct fips_action *act);

#endif
