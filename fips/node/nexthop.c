/* nexthop.c - the choice of a next hop. */
#include "fips/node/nexthop.h"

#include <assert.h>
#include <stdlib.h>

static const char *const names[FIPS_ROUTES] = {
	[FIPS_ROUTE_DIRECT_PEER] = "direct_peer",
	[FIPS_ROUTE_TREE_UP] = "tree_up",
	[FIPS_ROUTE_TREE_DOWN] = "tree_down",
	[FIPS_ROUTE_TREE_DOWN_CROSS] = "tree_down_cross",
	[FIPS_ROUTE_CROSSLINK_DESCEND] = "crosslink_descend",
	[FIPS_ROUTE_CROSSLINK_ASCEND] = "crosslink_ascend",
};

const char *fips_route_name(enum fips_route route)
{
	return names[route];
}

bool fips_nexthop_open(struct fips_nexthops *h, const struct fips_tree *tree,
                       const struct fips_filters *filters, struct fips_cache *cache,
                       unsigned peers)
{
	*h = (struct fips_nexthops){ .tree = tree, .filters = filters, .cache = cache };
	return fips_nexthop_reserve(h, peers);
}

bool fips_nexthop_reserve(struct fips_nexthops *h, unsigned peers)
{
	struct fips_nexthop_link *grown;

	if (peers <= h->n_peers)
		return true;
	grown = realloc(h->links, peers * sizeof *grown);
	if (!grown)
		return false;
	memset(grown + h->n_peers, 0, (peers - h->n_peers) * sizeof *grown);
	h->links = grown;
	h->n_peers = peers;
	return true;
}

void fips_nexthop_close(struct fips_nexthops *h)
{
	free(h->links);
	*h = (struct fips_nexthops){ 0 };
}

void fips_nexthop_up(struct fips_nexthops *h, unsigned peer, const struct fips_addr *addr)
{
	assert(peer < h->n_peers);
	h->links[peer] = (struct fips_nexthop_link){
		.addr = *addr, .sends = true, .cost = 1, .judged = 1,
	};
	h->changes++;
}

void fips_nexthop_down(struct fips_nexthops *h, unsigned peer)
{
	assert(peer < h->n_peers);
	h->links[peer].sends = false;
	h->changes++;
}

void fips_nexthop_cost(struct fips_nexthops *h, unsigned peer, double cost)
{
	struct fips_nexthop_link *l = &h->links[peer];
	double moved = cost > l->judged ? cost - l->judged : l->judged - cost;

	assert(peer < h->n_peers);
	l->cost = cost;
	if (moved <= l->judged / 5)
		return;
	l->judged = cost;
	h->changes++;
}

/* ---- the choice ---- */

/* One decision being made. */
struct choice {
	const struct fips_nexthops *h;
	struct fips_treepath        to; /* the destination's path          */
	unsigned                    mine; /* our own distance, or FIPS_FAR */
};

static unsigned distance(const struct choice *c, unsigned peer)
{
	const struct fips_treepath *path = fips_tree_peer_path(c->h->tree, peer);

	return path ? fips_treepath_distance(path, &c->to) : FIPS_FAR;
}

static bool smaller(const struct fips_nexthops *h, unsigned a, unsigned b)
{
	return fips_addr_cmp(&h->links[a].addr, &h->links[b].addr) < 0;
}

/* The cheapest of those whose filter has the destination and that are nearer to it than we. */
static unsigned by_filter(const struct choice *c)
{
	const struct fips_nexthops *h = c->h;
	struct fips_probe probe = fips_probe_of(&c->to.a[0]);
	unsigned best = FIPS_NO_PEER, nearest = FIPS_FAR;

	for (unsigned i = 0; i < h->n_peers; i++) {
		double cost = h->links[i].cost;
		unsigned d;

		if (!h->links[i].sends || !fips_filters_has(h->filters, i, &probe))
			continue;
		d = distance(c, i);
		if (d >= c->mine)
			continue;
		if (best == FIPS_NO_PEER || cost < h->links[best].cost ||
		    (cost <= h->links[best].cost &&
		     (d < nearest || (d == nearest && smaller(h, i, best))))) {
			best = i;
			nearest = d;
		}
	}
	return best;
}

/* The nearest of all in its tree.  If nothing can be sent to that one there is no second choice. */
static unsigned by_greed(const struct choice *c)
{
	const struct fips_nexthops *h = c->h;
	unsigned best = FIPS_NO_PEER, nearest = FIPS_FAR;

	if (c->mine == FIPS_FAR)
		return FIPS_NO_PEER;
	for (unsigned i = 0; i < h->n_peers; i++) {
		unsigned d = distance(c, i);

		if (d < nearest || (d == nearest && d != FIPS_FAR && smaller(h, i, best))) {
			best = i;
			nearest = d;
		}
	}
	return nearest < c->mine && h->links[best].sends ? best : FIPS_NO_PEER;
}

static enum fips_route route_of(const struct choice *c, unsigned peer)
{
	const struct fips_tree *tree = c->h->tree;
	const struct fips_addr *addr = &c->h->links[peer].addr;
	const struct fips_treepath *path = fips_tree_peer_path(tree, peer);
	bool below = fips_treepath_has(&c->to, addr);

	if (fips_treepath_has(fips_tree_path(tree), addr))
		return FIPS_ROUTE_TREE_UP;
	if (path && fips_treepath_has(path, &tree->me))
		return below ? FIPS_ROUTE_TREE_DOWN : FIPS_ROUTE_TREE_DOWN_CROSS;
	return below ? FIPS_ROUTE_CROSSLINK_DESCEND : FIPS_ROUTE_CROSSLINK_ASCEND;
}

static void decide(const struct fips_nexthops *h, struct fips_cache_entry *e)
{
	struct choice c = { .h = h };

	fips_cache_path(h->cache, e, &c.to);
	c.mine = fips_treepath_distance(fips_tree_path(h->tree), &c.to);
	e->hop = by_filter(&c);
	if (e->hop == FIPS_NO_PEER)
		e->hop = by_greed(&c);
	if (e->hop != FIPS_NO_PEER)
		e->route = (uint8_t)route_of(&c, e->hop);
	e->decided = fips_nexthop_generation(h);
}

static unsigned neighbour(const struct fips_nexthops *h, const struct fips_addr *dest)
{
	for (unsigned i = 0; i < h->n_peers; i++)
		if (h->links[i].sends && fips_addr_eq(&h->links[i].addr, dest))
			return i;
	return FIPS_NO_PEER;
}

struct fips_nexthop fips_nexthop_to(struct fips_nexthops *h, const struct fips_addr *dest,
                                    uint64_t now)
{
	struct fips_nexthop to = { .result = FIPS_NEXTHOP_SELF, .peer = FIPS_NO_PEER };
	struct fips_cache_entry *e;

	if (fips_addr_eq(dest, &h->tree->me))
		return to;
	to.peer = neighbour(h, dest);
	if (to.peer != FIPS_NO_PEER) {
		to.result = FIPS_NEXTHOP_FOUND;
		to.route = FIPS_ROUTE_DIRECT_PEER;
		return to;
	}
	to.result = FIPS_NEXTHOP_NO_COORDS;
	e = fips_cache_use(h->cache, dest, now);
	if (!e)
		return to;
	if (e->decided != fips_nexthop_generation(h))
		decide(h, e);
	to.result = e->hop == FIPS_NO_PEER ? FIPS_NEXTHOP_NO_ROUTE : FIPS_NEXTHOP_FOUND;
	to.peer = e->hop;
	to.route = (enum fips_route)e->route;
	return to;
}
