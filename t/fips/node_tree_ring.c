/* node_tree_ring.c - the trees of nodes in a ring: they agree on a root, lose it, part and heal. */
#include "t/fips/node_tree_ring.h"

#include <string.h>

#include "t/lib/ring_mesh.h"

/* Do the nodes [first, end) agree on their smallest as root, and is every path true? */
static bool agree(const struct ring_mesh *m, unsigned first, unsigned end)
{
	const struct fips_addr *smallest = &m->node[first]->me.addr;

	for (unsigned i = first; i < end; i++)
		if (!m->cut[i] &&
		    (m->cut[first] || fips_addr_cmp(&m->node[i]->me.addr, smallest) < 0))
			smallest = &m->node[i]->me.addr;
	for (unsigned i = first; i < end; i++) {
		const struct fips_tree *t = fips_node_tree(m->node[i]->brain), *above;

		if (m->cut[i])
			continue;
		if (!fips_addr_eq(fips_treepath_root(fips_tree_path(t)), smallest))
			return false;
		if (fips_tree_is_root(t))
			continue;
		for (unsigned j = 0; j < RING_NODES; j++) {
			above = fips_node_tree(m->node[j]->brain);
			if (fips_addr_eq(&above->me, &t->says.parent) &&
			    (above->way.path.n + 1 != t->way.path.n ||
			     memcmp(above->way.path.a, t->way.path.a + 1,
			            above->way.path.n * sizeof *above->way.path.a) != 0))
				return false;
		}
	}
	return true;
}

static bool all_agree(void *self)
{
	const struct ring_mesh *m = self;

	return agree(m, 0, RING_NODES);
}

static bool halves_agree(void *self)
{
	const struct ring_mesh *m = self;

	return agree(m, 0, 3) && agree(m, 3, 6);
}

static unsigned root_of(const struct ring_mesh *m)
{
	for (unsigned i = 0; i < RING_NODES; i++)
		if (!m->cut[i] && fips_tree_is_root(fips_node_tree(m->node[i]->brain)))
			return i;
	return RING_NODES;
}

/* A ring finds its root, loses it, splits and heals; with every tenth datagram lost too. */
START_TEST(nodes_settle)
{
	struct ring_mesh *m = ring_mesh_open((uint64_t)_i, _i % 2 ? 10 : 0);
	unsigned root;

	ck_assert(world_until(m->w, SECONDS(60), all_agree, m));
	world_run(m->w, SECONDS(120));
	ck_assert(all_agree(m));

	root = root_of(m);
	m->cut[root] = true;
	ck_assert_msg(world_until(m->w, SECONDS(120), all_agree, m), "the root is gone");
	m->cut[root] = false;
	ck_assert_msg(world_until(m->w, SECONDS(600), all_agree, m), "the root is back");
	ck_assert_uint_eq(root_of(m), root);

	m->split = true;
	ck_assert_msg(world_until(m->w, SECONDS(120), halves_agree, m), "split");
	m->split = false;
	ck_assert_msg(world_until(m->w, SECONDS(600), all_agree, m), "healed");
	world_run(m->w, SECONDS(300));
	ck_assert(all_agree(m));
	ring_mesh_close(m);
}
END_TEST

TCase *node_tree_ring(void)
{
	TCase *tc = tcase_create("ring");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nodes_settle, 0, 8);
	return tc;
}
