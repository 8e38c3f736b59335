/* ring_mesh.c - see ring_mesh.h. */
#include "t/lib/ring_mesh.h"

#include <stdlib.h>

static unsigned place(const struct ring_mesh *m, const struct sim_node *s)
{
	for (unsigned i = 0; i < RING_NODES; i++)
		if (m->node[i] == s)
			return i;
	ck_abort_msg("nobody");
	return 0;
}

static bool passes(void *self, const struct sim_node *from, const struct sim_node *to,
                   const uint8_t *bytes, size_t n)
{
	const struct ring_mesh *m = self;
	unsigned a = place(m, from), b = place(m, to);

	(void)bytes, (void)n;
	return !m->cut[a] && !m->cut[b] && !(m->split && (a < 3) != (b < 3));
}

struct ring_mesh *ring_mesh_open(uint64_t seed, unsigned loss)
{
	struct ring_mesh *m = calloc(1, sizeof *m);

	ck_assert_ptr_nonnull(m);
	m->w = world_open(seed);
	m->w->loss = loss;
	for (unsigned i = 0; i < RING_NODES; i++) {
		struct world_peer peers[2] = {
			{ .secret = 1 + (i + 1) % RING_NODES, .vias = 1 },
			{ .secret = 1 + (i + RING_NODES - 1) % RING_NODES, .vias = 1 },
		};

		m->node[i] = world_node(m->w, 1 + i, peers, 2, NULL);
	}
	m->w->filter = passes;
	m->w->filter_self = m;
	return m;
}

void ring_mesh_close(struct ring_mesh *m)
{
	world_close(m->w);
	free(m);
}
