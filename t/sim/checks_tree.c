/* checks_tree.c - does every node know its place?  One root in each part of the mesh, the smallest
 * address there, and each node's path is its parent's with itself in front. */
#include <stdio.h>
#include <stdlib.h>

#include "core/wire.h"
#include "fips/node/mesh.h"
#include "t/sim/air.h"
#include "t/sim/checks.h"
#include "t/sim/node.h"

static unsigned top_of(unsigned *up, unsigned i)
{
	while (up[i] != i)
		i = up[i] = up[up[i]];
	return i;
}

/* Of each node the one with the smallest address in its part.  The caller frees it. */
static unsigned *roots(struct sim *s)
{
	unsigned *up = sim_alloc(s->n_nodes, sizeof *up);

	for (unsigned i = 0; i < s->n_nodes; i++)
		up[i] = i;
	for (unsigned i = 0; i < s->n_edges; i++) {
		const struct sim_edge *e = &s->edges[i];
		unsigned a = top_of(up, e->a), b = top_of(up, e->b);

		if (e->away || !s->nodes[e->a].brain || !s->nodes[e->b].brain)
			continue;
		if (fips_addr_cmp(&s->nodes[a].me.addr, &s->nodes[b].me.addr) < 0)
			up[b] = a;
		else
			up[a] = b;
	}
	for (unsigned i = 0; i < s->n_nodes; i++)
		up[i] = top_of(up, i);
	return up;
}

static bool follows(const struct fips_treepath *path, const struct fips_treepath *parent)
{
	if (path->n != parent->n + 1)
		return false;
	for (unsigned i = 0; i < parent->n; i++)
		if (!fips_addr_eq(&path->a[i + 1], &parent->a[i]))
			return false;
	return true;
}

/* NULL, or what is wrong with the place of one node. */
static const char *misplaced(struct sim *s, const struct sim_node *node,
                             const struct fips_addr *root)
{
	const struct fips_treepath *path = fips_mesh_path(node->brain);
	const struct sim_node *parent;

	if (!fips_addr_eq(&path->a[0], &node->me.addr))
		return "has a path that begins elsewhere";
	if (!fips_addr_eq(fips_treepath_root(path), root))
		return "has another root than the smallest address";
	if (path->n == 1)
		return NULL;
	parent = sim_node_of(s, &path->a[1]);
	if (!parent || !parent->brain || !sim_air_edge(s, node->id, parent->id))
		return "has a parent that is no neighbour";
	return follows(path, fips_mesh_path(parent->brain)) ? NULL : "has a path that is not its parent's";
}

const char *sim_check_tree(struct sim *s)
{
	unsigned *root = roots(s);
	const char *what = NULL;

	for (unsigned i = 0; i < s->n_nodes && !what; i++) {
		if (!s->nodes[i].brain)
			continue;
		what = misplaced(s, &s->nodes[i], &s->nodes[root[i]].me.addr);
		if (what)
			snprintf(s->why, sizeof s->why, "node %u %s", i, what);
	}
	free(root);
	return what ? s->why : NULL;
}

bool sim_check_turned(struct sim *s)
{
	uint64_t places = 0, before = s->places;

	for (unsigned i = 0; i < s->n_nodes; i++) {
		const struct fips_treepath *path =
			s->nodes[i].brain ? fips_mesh_path(s->nodes[i].brain) : NULL;

		for (unsigned k = 0; path && k < path->n; k++)
			places = (places ^ mr_le64(path->a[k].b)) * UINT64_C(0x100000001b3);
	}
	s->places = places;
	return places != before;
}
