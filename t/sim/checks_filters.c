/* checks_filters.c - does every node know who is reached by which neighbour (mesh.md 3.5)?
 *
 * By a child its subtree, by the parent all the rest, by any other neighbour everybody: no fewer,
 * and beyond what a filter of that fill takes for members by chance no more.
 * It looks into the nodes. */
#include <stdio.h>
#include <stdlib.h>

#include "fips/node/parts.h"
#include "t/sim/air.h"
#include "t/sim/checks.h"

#define BY_CHANCE 50 /* of 1000: wrong answers of a filter, and a little more */

/* The slot a node has its neighbour in. */
static unsigned slot_of(const struct fips_node *n, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].used && fips_addr_eq(&n->peers[i].addr, addr))
			return i;
	return FIPS_NO_PEER;
}

static bool is_parent(const struct sim_node *parent, const struct sim_node *child)
{
	const struct fips_treepath *path = fips_mesh_path(child->brain);

	return path->n > 1 && fips_addr_eq(&path->a[1], &parent->me.addr);
}

static bool is_below(const struct sim_node *node, const struct sim_node *top)
{
	return fips_treepath_has(fips_mesh_path(node->brain), &top->me.addr);
}

/* Is `who` among those that `by` tells `node` of? */
static bool belongs(const struct sim_node *who, const struct sim_node *by,
                    const struct sim_node *node)
{
	if (is_parent(by, node))
		return !is_below(who, node);
	if (is_parent(node, by))
		return is_below(who, by);
	return true;
}

/* NULL, or what is wrong with the filter that `by` gave `node`. */
static const char *check_filter(struct sim *s, const struct fips_probe *probes,
                                const struct sim_node *by, const struct sim_node *node)
{
	const struct fips_node *n = node->brain;
	unsigned slot = slot_of(n, &by->me.addr), wrong = 0;

	if (slot == FIPS_NO_PEER)
		return "has no such neighbour";
	for (unsigned i = 0; i < s->n_nodes; i++) {
		bool has = fips_filters_has(&n->mesh.filters, slot, &probes[i]);
		bool should = belongs(&s->nodes[i], by, node);

		if (should && !has)
			return "is not told of all nodes";
		wrong += has && !should;
	}
	return 1000 * wrong <= BY_CHANCE * s->n_nodes ? NULL : "is told of nodes that are elsewhere";
}

const char *sim_check_filters(struct sim *s)
{
	struct fips_probe *probes = sim_alloc(s->n_nodes, sizeof *probes);
	const char *what = NULL;

	for (unsigned i = 0; i < s->n_nodes; i++)
		probes[i] = fips_probe_of(&s->nodes[i].me.addr);
	for (unsigned i = 0; i < 2 * s->n_edges && !what; i++) {
		const struct sim_edge *e = &s->edges[i / 2];
		unsigned by = i % 2 ? e->a : e->b, node = i % 2 ? e->b : e->a;

		what = check_filter(s, probes, &s->nodes[by], &s->nodes[node]);
		if (what)
			snprintf(s->why, sizeof s->why, "node %u %s by node %u", node, what, by);
	}
	free(probes);
	return what ? s->why : NULL;
}
