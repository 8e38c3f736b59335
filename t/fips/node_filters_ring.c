/* node_filters_ring.c - the filters of nodes in a ring: nodes find each other by them. */
#include "t/fips/node_filters_ring.h"

#include <string.h>

#include "fips/node/parts.h"
#include "t/lib/ring_mesh.h"

/* Does some neighbour of every node claim to reach each of the others that is there, and none one
 * that is not?  By tree peers alone: the tree leads everywhere. */
static bool all_reach_all(void *self)
{
	const struct ring_mesh *m = self;

	for (unsigned i = 0; i < RING_NODES; i++)
		for (unsigned k = 0; k < RING_NODES; k++) {
			struct fips_probe p = fips_probe_of(&m->node[k]->me.addr);

			if (i != k && !m->cut[i] &&
			    fips_filters_any(fips_node_filters(m->node[i]->brain), &p, true) ==
			            m->cut[k])
				return false;
		}
	return true;
}

/* Each node learns where all others are, and a datagram from any to any would arrive. */
static void all_lead_to_all(const struct ring_mesh *m)
{
	for (unsigned i = 0; i < RING_NODES; i++)
		for (unsigned k = 0; k < RING_NODES; k++) {
			struct fips_coords list =
				fips_treepath_coords(fips_mesh_path(m->node[k]->brain));

			if (!m->cut[i] && !m->cut[k])
				fips_cache_put(&m->node[i]->brain->mesh.cache, &m->node[k]->me.addr,
				               &list, FIPS_CACHE_ANSWER, 0, m->w->now);
		}
	for (unsigned i = 0; i < RING_NODES; i++)
		for (unsigned k = 0; k < RING_NODES; k++) {
			unsigned at = i, hops = 0;

			for (; at != k && !m->cut[i] && !m->cut[k]; hops++) {
				struct fips_node *n = m->node[at]->brain;
				struct fips_nexthop hop = fips_nexthop_to(
					&n->mesh.hops, &m->node[k]->me.addr, m->w->now);

				ck_assert_int_eq(hop.result, FIPS_NEXTHOP_FOUND);
				ck_assert_uint_lt(hops, RING_NODES);
				for (at = 0; !fips_addr_eq(&m->node[at]->me.addr,
				                           &n->peers[hop.peer].addr);)
					at++;
			}
		}
}

/* A ring's nodes find each other, one goes, and comes back; every tenth datagram may be lost. */
START_TEST(nodes_find_each_other)
{
	struct ring_mesh *m = ring_mesh_open((uint64_t)_i, _i % 2 ? 10 : 0);
	unsigned gone = (unsigned)_i % RING_NODES;

	ck_assert_msg(world_until(m->w, SECONDS(90), all_reach_all, m), "never");
	world_run(m->w, SECONDS(120));
	ck_assert(all_reach_all(m));
	all_lead_to_all(m);
	m->cut[gone] = true;
	ck_assert_msg(world_until(m->w, SECONDS(240), all_reach_all, m), "one is gone");
	world_run(m->w, SECONDS(60));
	all_lead_to_all(m);
	m->cut[gone] = false;
	ck_assert_msg(world_until(m->w, SECONDS(600), all_reach_all, m), "it is back");
	ring_mesh_close(m);
}
END_TEST

TCase *node_filters_ring(void)
{
	TCase *tc = tcase_create("ring");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nodes_find_each_other, 0, 8);
	return tc;
}
