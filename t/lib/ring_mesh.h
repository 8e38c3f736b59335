/* ring_mesh.h - six nodes in a ring, each of which dials the next;
 * any may be cut off, and halves parted. */
#ifndef T_LIB_RING_MESH_H
#define T_LIB_RING_MESH_H

#include "t/lib/two_nodes.h"

#define RING_NODES 6

struct ring_mesh {
	struct world    *w;
	struct sim_node *node[RING_NODES];
	bool             cut[RING_NODES]; /* from all others       */
	bool             split;           /* 0 to 2 from 3 to 5    */
};

/* loss: percent of the datagrams. */
struct ring_mesh *ring_mesh_open(uint64_t seed, unsigned loss);
void              ring_mesh_close(struct ring_mesh *m);

#endif
