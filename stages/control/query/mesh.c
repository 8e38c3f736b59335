/* mesh - the tree, filters and coordinates (operations.md 4.3). */
#include <math.h>

#include "stages/control/query/parts.h"

static const struct fips_mesh *mesh_of(const struct query *q)
{
	return fips_node_mesh(q->control->node);
}

static void put_path(json_t *o, const char *key, const struct fips_treepath *path)
{
	json_t *list = put_list(o, key);

	for (unsigned i = 0; i < path->n; i++)
		add_addr(list, &path->a[i]);
}

static void put_estimate(json_t *o, const char *key, bool known, double v)
{
	put_real(o, key, known ? v : NAN);
}

static json_t *counts(const uint64_t *count, unsigned n, const char *(*name)(unsigned))
{
	json_t *o = json_object();

	for (unsigned i = 0; i < n; i++)
		put_int(o, name(i), count[i]);
	return o;
}

static const char *tree_count(unsigned i)
{
	return fips_tree_count_name((enum fips_tree_count)i);
}

json_t *query_tree_stats(struct query *q)
{
	return counts(mesh_of(q)->tree.counts, FIPS_TREE_COUNTS, tree_count);
}

static const char *bloom_count(unsigned i)
{
	return fips_filters_count_name((enum fips_filters_count)i);
}

json_t *query_bloom_stats(struct query *q)
{
	return counts(mesh_of(q)->filters.counts, FIPS_FILTERS_COUNTS, bloom_count);
}

/* ---- for other commands ---- */

void query_put_root(const struct query *q, json_t *o)
{
	const struct fips_mesh *mesh = mesh_of(q);
	double size = 0;
	bool known = fips_filters_mesh_size(&mesh->filters, &size);

	put_addr(o, "root", fips_treepath_root(fips_tree_path(&mesh->tree)));
	put_bool(o, "is_root", fips_tree_is_root(&mesh->tree));
	if (known)
		put_int(o, "estimated_mesh_size", (uint64_t)(size + 0.5));
	else
		put_null(o, "estimated_mesh_size");
}

void query_put_position(struct query *q, json_t *o, const struct fips_peer_info *p)
{
	const struct fips_mesh *mesh = mesh_of(q);
	const struct fips_treepath *path = fips_tree_peer_path(&mesh->tree, p->slot);
	struct fips_filters_info filter;
	bool has = fips_filters_info(&mesh->filters, p->slot, &filter);

	put_bool(o, "has_tree_position", path != NULL);
	put_bool(o, "has_bloom_filter", has);
	put_int(o, "filter_sequence", has ? filter.seq : 0);
	put_bool(o, "is_parent", mesh->tree.parent == p->slot);
	put_bool(o, "is_child", fips_tree_is_child(&mesh->tree, p->slot));
	if (path)
		put_int(o, "tree_depth", path->n - 1);
	if (path && p->cost_known)
		put_real(o, "effective_depth", path->n - 1 + p->cost);
	else
		put_null(o, "effective_depth");
}

/* ---- show_tree ---- */

static void put_tree_peer(struct query *q, json_t *o, unsigned slot)
{
	const struct fips_tree *tree = &mesh_of(q)->tree;
	const struct fips_treepath *path = fips_tree_peer_path(tree, slot);
	unsigned distance;

	put_addr(o, "node_addr", &tree->peers[slot].addr);
	put_name(q, o, "display_name", &tree->peers[slot].addr);
	put_int(o, "depth", path->n - 1);
	put_addr(o, "root", fips_treepath_root(path));
	put_path(o, "coords", path);
	distance = fips_treepath_distance(fips_tree_path(tree), path);
	if (distance != FIPS_FAR)
		put_int(o, "distance_to_us", distance);
}

static void put_parent(struct query *q, json_t *o)
{
	const struct fips_treepath *path = fips_tree_path(&mesh_of(q)->tree);
	const struct fips_addr *parent = &path->a[path->n > 1];
	const uint8_t *key = query_key(q, fips_treepath_root(path));

	put_addr(o, "parent", parent);
	put_name(q, o, "parent_display_name", parent);
	if (key)
		put_npub(o, "root_npub", key);
	else
		put_null(o, "root_npub");
}

json_t *show_tree(struct query *q)
{
	const struct fips_tree *tree = &mesh_of(q)->tree;
	json_t *o = json_object(), *list;

	put_addr(o, "my_node_addr", &tree->me);
	put_addr(o, "root", fips_treepath_root(fips_tree_path(tree)));
	put_bool(o, "is_root", fips_tree_is_root(tree));
	put_int(o, "depth", fips_tree_path(tree)->n - 1);
	put_path(o, "my_coords", fips_tree_path(tree));
	put_parent(q, o);
	put_int(o, "declaration_sequence", tree->says.sequence);
	put_bool(o, "declaration_signed", tree->is_signed);
	list = put_list(o, "peers");
	for (unsigned i = 0; i < tree->n_peers; i++) {
		if (fips_tree_peer_path(tree, i))
			put_tree_peer(q, add_object(list), i);
	}
	put_int(o, "peer_tree_count", json_array_size(list));
	json_object_set_new(o, "stats", query_tree_stats(q));
	return o;
}

/* ---- show_bloom ---- */

static void put_filter(struct query *q, json_t *o, const struct fips_peer_info *p)
{
	struct fips_filters_info filter;
	bool has = fips_filters_info(&mesh_of(q)->filters, p->slot, &filter);

	put_addr(o, "peer", &p->addr);
	put_name(q, o, "display_name", &p->addr);
	put_bool(o, "has_filter", has);
	put_int(o, "filter_sequence", has ? filter.seq : 0);
	if (!has)
		return;
	put_estimate(o, "estimated_count", filter.estimated, filter.count);
	put_int(o, "set_bits", filter.ones);
	put_real(o, "fill_ratio", (double)filter.ones / FIPS_BLOOM_BITS);
}

/* What our parent was told last is our subtree. */
static void put_uptree(const struct query *q, json_t *o)
{
	const struct fips_mesh *mesh = mesh_of(q);
	struct fips_filters_info told = { 0 };
	bool known = !fips_tree_is_root(&mesh->tree) &&
	             fips_filters_told(&mesh->filters, mesh->tree.parent, &told);

	put_estimate(o, "uptree_fill_ratio", known, (double)told.ones / FIPS_BLOOM_BITS);
	put_estimate(o, "uptree_estimated_count", known && told.estimated, told.count);
}

json_t *show_bloom(struct query *q)
{
	json_t *o = json_object(), *list;
	struct fips_peer_info p;

	put_addr(o, "own_node_addr", &q->control->mesh->me.addr);
	put_bool(o, "is_leaf_only", false);
	put_int(o, "sequence", mesh_of(q)->filters.seq);
	put_int(o, "leaf_dependent_count", 0);
	put_list(o, "leaf_dependents");
	list = put_list(o, "peer_filters");
	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (p.state == FIPS_PEER_UP)
			put_filter(q, add_object(list), &p);
	}
	put_uptree(q, o);
	json_object_set_new(o, "stats", query_bloom_stats(q));
	return o;
}

/* ---- show_cache ---- */

struct ages {
	unsigned count, expired;
	double   sum; /* ms */
};

static uint64_t age(const struct query *q, uint64_t then)
{
	return q->now > then ? (q->now - then) / MR_NS_PER_MS : 0;
}

static struct ages ages_of(const struct query *q)
{
	const struct fips_cache *c = &mesh_of(q)->cache;
	struct ages ages = { 0 };

	for (unsigned i = 0; i < c->max; i++) {
		const struct fips_cache_entry *e = fips_cache_at(c, i);

		if (!e)
			continue;
		ages.count++;
		ages.expired += fips_cache_expired(c, e, q->now);
		ages.sum += (double)age(q, e->written);
	}
	return ages;
}

unsigned query_coordinates(const struct query *q)
{
	return ages_of(q).count;
}

static void put_entry(struct query *q, json_t *o, const struct fips_cache_entry *e)
{
	struct fips_treepath path;

	fips_cache_path(&mesh_of(q)->cache, e, &path);
	put_addr(o, "node_addr", &e->addr);
	put_name(q, o, "display_name", &e->addr);
	put_ipv6(o, "ipv6_addr", &e->addr);
	put_int(o, "depth", path.n - 1);
	put_path(o, "coords", &path);
	put_int(o, "age_ms", age(q, e->written));
	put_int(o, "last_used_ms", query_ms(q, e->used));
	if (e->mtu)
		put_int(o, "path_mtu", e->mtu);
}

/* Entries by use, the newest first, as many as are shown. */
static void put_entries(struct query *q, json_t *list)
{
	const struct fips_cache *c = &mesh_of(q)->cache;

	for (uint32_t i = c->newest; i != FIPS_CACHE_NONE; i = c->entries[i].older) {
		const struct fips_cache_entry *e = fips_cache_at(c, i);

		if (e)
			put_entry(q, add_object(list), e);
		if (json_array_size(list) == QUERY_LIST)
			break;
	}
}

json_t *show_cache(struct query *q)
{
	const struct fips_cache *c = &mesh_of(q)->cache;
	struct ages ages = ages_of(q);
	json_t *o = json_object();

	put_int(o, "count", ages.count);
	put_int(o, "max_entries", c->max);
	put_real(o, "fill_ratio", (double)ages.count / c->max);
	put_int(o, "default_ttl_ms", c->ttl / MR_NS_PER_MS);
	put_int(o, "expired", ages.expired);
	put_int(o, "avg_age_ms", ages.count ? (uint64_t)(ages.sum / ages.count) : 0);
	put_entries(q, put_list(o, "entries"));
	return o;
}
