/* mesh.c - where the node calls its mesh layer, and the layer its parts,
 * in the order of a link's life. */

#include "fips/node/mesh.h"

#include <assert.h>

#include "fips/node/parts.h"

#define TICK MR_NS_PER_S

bool fips_mesh_open(struct fips_node *n)
{
	n->mesh.tick_at = MR_NEVER;
	n->mesh.generation = 1;
	return fips_mesh_tree_open(n) && fips_mesh_filters_open(n) && fips_mesh_lookup_open(n) &&
	       fips_forwards_open(&n->mesh.forwards, FIPS_FORWARDS_MAX, &n->env.rand);
}

bool fips_mesh_grow(struct fips_node *n, unsigned slots)
{
	return fips_tree_reserve(&n->mesh.tree, slots) && fips_mesh_filters_grow(n, slots) &&
	       fips_lookups_reserve(&n->mesh.lookups, slots);
}

void fips_mesh_close(struct fips_node *n)
{
	fips_mesh_filters_close(n);
	fips_tree_close(&n->mesh.tree);
	fips_forwards_close(&n->mesh.forwards);
	fips_mesh_lookup_close(n);
}

void fips_mesh_changed(struct fips_node *n)
{
	n->mesh.generation++;
	fips_mark_meshed(n);
}

/* ---- links ---- */

void fips_mesh_link_up(struct fips_node *n, struct fips_peer *p)
{
	if (p->meshed)
		return;
	p->meshed = true;
	fips_act_peer(n, FIPS_ACT_LINK_PROVEN, &p->addr);
	if (n->mesh.links++ == 0)
		n->mesh.tick_at = n->now + TICK;
	fips_mesh_tree_up(n, p);
	fips_mesh_filters_up(n, p);
	fips_mesh_lookup_up(n, p);
	fips_mesh_changed(n);
}

void fips_mesh_link_down(struct fips_node *n, struct fips_peer *p)
{
	if (!p->meshed)
		return;
	p->meshed = false;
	if (--n->mesh.links == 0)
		n->mesh.tick_at = MR_NEVER;
	fips_mesh_filters_down(n, p);
	fips_mesh_tree_down(n, p);
	fips_mesh_lookup_down(n, p);
	fips_mesh_changed(n);
}

void fips_mesh_measured(struct fips_node *n, struct fips_peer *p)
{
	(void)p;
	fips_mesh_tree_measured(n);
	fips_lookups_hope(&n->mesh.lookups);
	fips_mesh_changed(n);
}

bool fips_link_cost(const struct fips_peer *p, double *cost)
{
	const struct fips_metrics *m = &p->metrics;

	if (!m->rtt_known)
		return false;
	*cost = m->etx * (1 + (double)m->srtt / 1000 / 100);
	return true;
}

unsigned fips_peer_slot(const struct fips_node *n, const struct fips_peer *p)
{
	return (unsigned)(p - n->peers);
}

struct fips_peer *fips_peer_at(struct fips_node *n, unsigned slot)
{
	assert(slot < n->n_peers && n->peers[slot].used);
	return &n->peers[slot];
}

/* ---- messages and time ---- */

void fips_mesh_message(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	if (!p->meshed) {
		fips_count(n, FIPS_NODE_LINK_MESSAGE);
		return;
	}
	switch (in->bytes[0]) {
	case FIPS_LINK_TREE_ANNOUNCE: fips_mesh_tree_message(n, p, in); break;
	case FIPS_LINK_FILTER_ANNOUNCE: fips_mesh_filters_message(n, p, in); break;
	case FIPS_LINK_LOOKUP_REQUEST:
	case FIPS_LINK_LOOKUP_RESPONSE: fips_mesh_lookup_message(n, p, in); break;
	default: fips_count(n, FIPS_NODE_LINK_MESSAGE); break;
	}
}

uint64_t fips_mesh_generation(const struct fips_node *n)
{
	return n->mesh.generation + fips_nexthop_generation(&n->mesh.hops);
}

/* Sessions follow what they were routed by once a second; those whose link goes do at once. */
static void look_again(struct fips_node *n)
{
	uint64_t now = fips_mesh_generation(n);

	if (n->mesh.looked == now)
		return;
	n->mesh.looked = now;
	fips_sessions_relook(n);
	fips_wanted_look(n);
}

void fips_mesh_tick(struct fips_node *n)
{
	fips_mesh_lookup_timer(n);
	if (n->now < n->mesh.tick_at)
		return;
	n->mesh.tick_at = n->now + TICK;
	fips_mesh_tree_tick(n);
	fips_mesh_filters_tick(n);
	fips_forwards_tick(n);
	fips_mark_meshed(n);
	look_again(n);
}

uint64_t fips_mesh_due(const struct fips_node *n)
{
	return fips_sooner(n->mesh.tick_at, n->mesh.lookups.due);
}

void fips_mesh_peer_timer(struct fips_node *n, struct fips_peer *p)
{
	fips_mesh_tree_timer(n, p);
	fips_mesh_filters_timer(n, p);
	fips_congestion_timer(n, p);
}

uint64_t fips_mesh_peer_due(const struct fips_node *n, const struct fips_peer *p)
{
	unsigned slot = fips_peer_slot(n, p);
	uint64_t due =
		fips_sooner(fips_tree_due(&n->mesh.tree, slot), fips_mesh_filters_due(n, slot));

	return fips_sooner(due, fips_congestion_due(p));
}

void fips_mesh_path_changed(struct fips_node *n)
{
	fips_mesh_changed(n);
	fips_sessions_place(n);
}

/* ---- what sessions ask of it ---- */

const struct fips_treepath *fips_mesh_path(const struct fips_node *n)
{
	return fips_tree_path(&n->mesh.tree);
}
