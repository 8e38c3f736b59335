/* mesh_filters.c - filters, coordinates and next hops in the node.
 *
 *   1. a FilterAnnounce comes: its sender's bucket, then what mesh.md 3.3 asks
 *   2. what the tree decided makes others tree peers, and coordinates void
 *   3. the tick computes what neighbours are to be told, and looks at what links cost
 *   4. those who are to be told are served one at a time by the timers, behind the TreeAnnounces */

#include "fips/node/parts.h"

/* FilterAnnounces of one neighbour: more than come from one that keeps to 500 ms between them. */
#define ANNOUNCES     16
#define ANNOUNCE_RATE 4000 /* thousandths a second */

#define FULL_EVERY 60000 /* ms between warnings that a filter of ours is too full */

/* --- set-up and links ------------------------------------------------------------------------- */

/* The settings are those that fips_node_take left. */
bool fips_mesh_filters_open(struct fips_node *n)
{
	const struct fips_filters_settings filters = n->mesh.filters.settings;
	const struct fips_cache_settings cache = n->mesh.cache.settings;
	struct fips_mesh *m = &n->mesh;

	return fips_filters_open(&m->filters, &n->me.addr, n->n_peers, &filters,
	                         n->env.unix_ms(n->env.self)) &&
	       fips_cache_open(&m->cache, &n->me.addr, &cache, &n->env.rand) &&
	       fips_nexthop_open(&m->hops, &m->tree, &m->filters, &m->cache, n->n_peers);
}

bool fips_mesh_filters_grow(struct fips_node *n, unsigned slots)
{
	return fips_filters_reserve(&n->mesh.filters, slots) &&
	       fips_nexthop_reserve(&n->mesh.hops, slots);
}

void fips_mesh_filters_close(struct fips_node *n)
{
	fips_nexthop_close(&n->mesh.hops);
	fips_cache_close(&n->mesh.cache);
	fips_filters_close(&n->mesh.filters);
}

void fips_mesh_filters_up(struct fips_node *n, struct fips_peer *p)
{
	unsigned slot = fips_peer_slot(n, p);

	fips_bucket_init(&p->filters, ANNOUNCES, ANNOUNCE_RATE, n->now);
	p->overfull = false;
	fips_filters_peer_up(&n->mesh.filters, slot);
	fips_nexthop_up(&n->mesh.hops, slot, &p->addr);
}

void fips_mesh_filters_down(struct fips_node *n, struct fips_peer *p)
{
	unsigned slot = fips_peer_slot(n, p);

	fips_filters_peer_down(&n->mesh.filters, slot);
	fips_nexthop_down(&n->mesh.hops, slot);
}

/* --- what neighbours announce ----------------------------------------------------------------- */

/* Once for a link: its filter is the union of many, and stays full. */
static void complain(struct fips_node *n, struct fips_peer *p)
{
	char text[FIPS_ADDR_TEXT];

	if (p->overfull)
		return;
	p->overfull = true;
	fips_log_of(n, FIPS_LOG_WARN, &p->addr,
		    "the filter of %s is too full to be of use: what it had before stays",
		    fips_peer_name(p, text));
}

void fips_mesh_filters_message(struct fips_node *n, struct fips_peer *p,
                               const struct fips_input *in)
{
	struct fips_filters *f = &n->mesh.filters;
	uint64_t generation = f->generation;
	enum fips_filters_count verdict;

	if (!fips_bucket_take(&p->filters, n->now)) {
		f->counts[FIPS_FILTERS_RECEIVED]++;
		f->counts[FIPS_FILTERS_FLOODED]++;
		return;
	}
	verdict = fips_filters_received(f, fips_peer_slot(n, p), in->bytes, in->len);
	if (verdict == FIPS_FILTERS_FILL_EXCEEDED)
		complain(n, p);
	if (f->generation != generation)
		fips_mesh_changed(n);
}

/* --- what the tree decided -------------------------------------------------------------------- */

void fips_mesh_filters_follow(struct fips_node *n, const struct fips_tree_outcome *out)
{
	struct fips_mesh *m = &n->mesh;

	if (out->drop_through)
		fips_cache_drop_through(&m->cache);
	if (out->drop_foreign)
		fips_cache_drop_roots(&m->cache, fips_treepath_root(fips_tree_path(&m->tree)));
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].meshed)
			fips_filters_tree_peer(&m->filters, i, fips_tree_is_tree_peer(&m->tree, i));
	if (out->mark_filters)
		fips_filters_parent_changed(&m->filters, m->tree.parent);
}

/* --- the tick --------------------------------------------------------------------------------- */

void fips_mesh_filters_tick(struct fips_node *n)
{
	struct fips_mesh *m = &n->mesh;
	uint64_t changes = m->hops.changes;

	for (unsigned i = 0; i < n->n_peers; i++) {
		double cost;

		if (n->peers[i].meshed && fips_link_cost(&n->peers[i], &cost))
			fips_nexthop_cost(&m->hops, i, cost);
	}
	if (m->hops.changes != changes)
		fips_mesh_changed(n);
	fips_filters_tick(&m->filters, n->now);
	fips_cache_sweep(&m->cache, n->now);
}

/* --- what neighbours are told ----------------------------------------------------------------- */

/* A neighbour that has not heard of our parent yet makes nothing of our filter (mesh.md 3.6). */
uint64_t fips_mesh_filters_due(const struct fips_node *n, unsigned slot)
{
	return n->mesh.tree.peers[slot].pending ? MR_NEVER :
	                                          fips_filters_due(&n->mesh.filters, slot);
}

/* Those who are told that much refuse it; it is sent all the same (mesh.md 3.7). */
static void look(struct fips_node *n, unsigned slot)
{
	struct fips_filters_info told;

	if (n->now < n->mesh.full_at || !fips_filters_told(&n->mesh.filters, slot, &told) ||
	    told.ones <= n->mesh.filters.cap)
		return;
	n->mesh.full_at = n->now + fips_ms(FULL_EVERY);
	fips_log(n, FIPS_LOG_WARN, "more nodes are reached through us than a filter holds: "
	         "%u bits of %u are set, and neighbours will refuse it",
	         told.ones, FIPS_BLOOM_BITS);
}

void fips_mesh_filters_timer(struct fips_node *n, struct fips_peer *p)
{
	struct fips_filters *f = &n->mesh.filters;
	unsigned slot = fips_peer_slot(n, p);
	uint8_t bytes[FIPS_FILTER_LEN];

	if (fips_mesh_filters_due(n, slot) > n->now || !fips_filters_take(f, slot, n->now, bytes))
		return;
	look(n, slot);
	if (FIPS_FILTER_LEN + FIPS_LINK_OVERHEAD <= n->link_mtu)
		fips_act_link(n, &p->addr, bytes, sizeof bytes);
	else
		f->counts[FIPS_FILTERS_SEND_FAILED]++;
}

/* --- what the rest of the node asks ----------------------------------------------------------- */

bool fips_mesh_coords(struct fips_node *n, const struct fips_addr *of, struct fips_treepath *out)
{
	const struct fips_cache_entry *e = fips_cache_find(&n->mesh.cache, of, n->now);
	const struct fips_peer *p = fips_peer_up(n, of);
	const struct fips_treepath *path = NULL;

	if (p && p->meshed)
		path = fips_tree_peer_path(&n->mesh.tree, fips_peer_slot(n, p));
	if (path)
		*out = *path;
	else if (e)
		fips_cache_path(&n->mesh.cache, e, out);
	return path || e;
}

/* Whom we have a session with may be elsewhere now:
 * it hears of it that we know, and so do those on the way. */
void fips_mesh_learn(struct fips_node *n, const struct fips_addr *who,
                     const struct fips_coords *list)
{
	struct fips_session *s = fips_session_find(n, who);
	struct fips_treepath before, after;

	before.n = 0;
	if (s)
		fips_mesh_coords(n, who, &before);
	fips_cache_put(&n->mesh.cache, who, list, FIPS_CACHE_PASSING, 0, n->now);
	if (!s || !fips_mesh_coords(n, who, &after) || fips_treepath_eq(&before, &after))
		return;
	fips_session_place(n, s);
	s->reroute_at = n->now;
}

struct fips_peer *fips_mesh_hop(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_nexthop hop = fips_nexthop_to(&n->mesh.hops, dest, n->now);

	return hop.result == FIPS_NEXTHOP_FOUND ? fips_peer_at(n, hop.peer) : NULL;
}

uint16_t fips_mesh_path_mtu(struct fips_node *n, const struct fips_addr *dest)
{
	const struct fips_cache_entry *e = fips_cache_find(&n->mesh.cache, dest, n->now);

	return e ? e->mtu : 0;
}
