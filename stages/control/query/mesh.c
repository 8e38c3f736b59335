/* mesh - where nodes stand in the tree (operations.md 4.3). */
#include "stages/control/query/parts.h"

void query_put_root(const struct query *q, json_t *o)
{
	const struct fips_treepath *path = fips_node_path(q->control->node);

	put_addr(o, "root", fips_treepath_root(path));
	put_bool(o, "is_root", path->n == 1);
	put_null(o, "estimated_mesh_size");
}

void query_put_position(struct query *q, json_t *o, const struct fips_peer_info *p)
{
	const struct fips_treepath *path = fips_node_path(q->control->node);

	put_bool(o, "has_tree_position", false);
	put_bool(o, "has_bloom_filter", false);
	put_int(o, "filter_sequence", 0);
	put_bool(o, "is_parent", path->n > 1 && fips_addr_eq(&path->a[1], &p->addr));
	put_bool(o, "is_child", false);
	put_null(o, "effective_depth");
}
