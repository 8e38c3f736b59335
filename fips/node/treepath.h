/* treepath.h - the way from a node up to the root of the tree (mesh.md 2).
 *
 *     a[0] the node itself,  a[1] its parent,  ...  a[n - 1] the root
 *
 * A node's path is its place in the tree, its coordinates.  Two paths with one root tell how far
 * apart two nodes are along the tree: both climb to the nearest node they share.  Which node that
 * is, is found by position from the root; an address at another depth is no match.
 *
 *     root - c - a - us          us, a, c, root
 *            '--- b - they       they, b, c, root       2 shared; 4 + 4 - 2 * 2 = 4 links
 *
 * Paths that neighbours announce, that lookups bring and that transit packets carry all look like
 * this; who trusts which is written where they are kept.  Nothing here allocates; any thread.
 */
#ifndef FIPS_NODE_TREEPATH_H
#define FIPS_NODE_TREEPATH_H

#include <limits.h>
#include <stdbool.h>

#include "fips/noise/address.h"
#include "fips/wire/coords.h"

#define FIPS_PATH_MAX 64       /* addresses; longer paths are refused (mesh.md 1.3, ours)       */
#define FIPS_FAR      UINT_MAX /* no distance: different trees, or one of them has no path      */
#define FIPS_NO_PEER  UINT_MAX /* in place of a neighbour's slot                                */

struct fips_treepath {
	unsigned         n; /* [0, FIPS_PATH_MAX]; 0: no path is known              */
	struct fips_addr a[FIPS_PATH_MAX]; /* those from n on mean nothing             */
};

/* Its last address; n > 0. */
static inline const struct fips_addr *fips_treepath_root(const struct fips_treepath *p)
{
	return &p->a[p->n - 1];
}

/* Links between the two nodes along the tree; FIPS_FAR when the roots differ or a path is empty. */
unsigned fips_treepath_distance(const struct fips_treepath *a, const struct fips_treepath *b);

/* Is addr anywhere in the path? */
bool fips_treepath_has(const struct fips_treepath *p, const struct fips_addr *addr);

/* The same addresses in the same order? */
bool fips_treepath_eq(const struct fips_treepath *a, const struct fips_treepath *b);

/* Does an address occur twice?  No correct node's path has that. */
bool fips_treepath_repeats(const struct fips_treepath *p);

/* The path of a single address: that of a root. */
void fips_treepath_single(struct fips_treepath *p, const struct fips_addr *addr);

/* Copy a list that came in a message.  False, and *p empty, when it has more than FIPS_PATH_MAX
 * entries or none. */
bool fips_treepath_from(struct fips_treepath *p, const struct fips_coords *list);

/* A view of the path, to be written to a message; lives as long as *p is unchanged. */
static inline struct fips_coords fips_treepath_coords(const struct fips_treepath *p)
{
	return fips_coords_of(p->a, p->n);
}

#endif
