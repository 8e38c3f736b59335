/* tree_choose.c - EVALUATE.
 *
 *   1. the smallest root anybody shows a way to, and not through us; ours if we are smaller
 *   2. of the neighbours that lead there, the one with the least depth and cost
 *   3. is it needed, or markedly better, or not worth the trouble
 *
 * As soon as one link is measured, those that are not cost more than any: a link of unknown cost is
 * no reason to leave a known one.  But where none that is measured leads to the root, the others
 * are taken at the cost of an unmeasured mesh (ours: the reference keeps the worse root).  A parent
 * that has gone over to a worse root is left at once for one who leads to the better (ours: the
 * reference goes with it, and looks again after a minute).
 *
 * A way through us shows no root (ours: in mesh.md 1.6 it does).  A path is as its sender writes
 * it: one neighbour that puts us and a very small address behind itself would have us want a root
 * that nobody leads to, and so keep us from every other parent for as long as it likes. */

#include "fips/node/tree_choose.h"

#include <math.h>

#define UNMEASURED_COST 1.0

const struct fips_addr *fips_tree_smallest_root(const struct fips_tree *t)
{
	const struct fips_addr *best = NULL;

	for (unsigned i = 0; i < t->n_peers; i++) {
		const struct fips_treepath *path = fips_tree_peer_path(t, i);

		if (path && (!best || fips_addr_cmp(fips_treepath_root(path), best) < 0))
			best = fips_treepath_root(path);
	}
	return best;
}

bool fips_tree_leads_on(const struct fips_tree *t, const struct fips_treepath *path)
{
	unsigned longest = t->settings.strict_costs ? FIPS_PATH_MAX : t->longest;

	return path->n < longest && !fips_treepath_has(path, &t->me);
}

static bool any_measured(const struct fips_tree *t)
{
	double cost;

	for (unsigned i = 0; i < t->n_peers; i++)
		if (t->peers[i].up && t->costs.of(t->costs.self, i, &cost))
			return true;
	return false;
}

/* Depth and cost of the way by this neighbour;
 * infinity when it is unmeasured and all_alike is false. */
static double effective(const struct fips_tree *t, unsigned peer, bool all_alike)
{
	double cost;

	if (!t->costs.of(t->costs.self, peer, &cost))
		cost = all_alike ? UNMEASURED_COST : INFINITY;
	return t->peers[peer].way.path.n - 1 + cost;
}

/* The best that leads to root, and its depth and cost.  FIPS_NO_PEER: there is none. */
static unsigned best_to(const struct fips_tree *t, const struct fips_addr *root, bool all_alike,
                        double *least)
{
	unsigned best = FIPS_NO_PEER;

	for (unsigned i = 0; i < t->n_peers; i++) {
		const struct fips_treepath *path = fips_tree_peer_path(t, i);
		double e;

		if (!path || !fips_addr_eq(fips_treepath_root(path), root) ||
		    !fips_tree_leads_on(t, path))
			continue;
		e = effective(t, i, all_alike);
		if (isinf(e))
			continue;
		if (best == FIPS_NO_PEER || e < *least ||
		    (e == *least && fips_addr_cmp(&t->peers[i].addr, &t->peers[best].addr) < 0)) {
			best = i;
			*least = e;
		}
	}
	return best;
}

static struct fips_tree_choice choice(enum fips_tree_need need, unsigned peer)
{
	return (struct fips_tree_choice){ need, peer };
}

/* The parent has no way to that root, or not any more:
 * our own path may still be what it said before. */
static bool leads_elsewhere(const struct fips_tree *t, const struct fips_addr *root)
{
	const struct fips_treepath *path = fips_tree_peer_path(t, t->parent);

	return !path ||
	       (!t->settings.strict_costs && !fips_addr_eq(fips_treepath_root(path), root));
}

static const struct fips_addr *reachable_root(const struct fips_tree *t)
{
	const struct fips_addr *best = NULL;

	for (unsigned i = 0; i < t->n_peers; i++) {
		const struct fips_treepath *path = fips_tree_peer_path(t, i);

		if (path && (t->settings.strict_costs || fips_tree_leads_on(t, path)) &&
		    (!best || fips_addr_cmp(fips_treepath_root(path), best) < 0))
			best = fips_treepath_root(path);
	}
	return best;
}

struct fips_tree_choice fips_tree_choose(const struct fips_tree *t)
{
	const struct fips_addr *root = reachable_root(t);
	bool all_alike = !any_measured(t);
	double least = 0;
	unsigned best;

	if (!root || fips_addr_cmp(&t->me, root) <= 0)
		return choice(FIPS_TREE_STAY, FIPS_NO_PEER);
	best = best_to(t, root, all_alike, &least);
	if (best == FIPS_NO_PEER && !all_alike && !t->settings.strict_costs) {
		all_alike = true;
		best = best_to(t, root, all_alike, &least);
	}
	if (best == FIPS_NO_PEER || best == t->parent)
		return choice(FIPS_TREE_STAY, FIPS_NO_PEER);
	if (fips_tree_is_root(t) || leads_elsewhere(t, root) ||
	    fips_addr_cmp(root, fips_treepath_root(&t->way.path)) < 0)
		return choice(FIPS_TREE_MANDATORY, best);
	if (least < effective(t, t->parent, all_alike) * (1 - t->settings.hysteresis))
		return choice(FIPS_TREE_BETTER, best);
	return choice(FIPS_TREE_STAY, FIPS_NO_PEER);
}
