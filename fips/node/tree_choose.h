/* tree_choose.h - which neighbour ought to be the parent (mesh.md 1.6).
 *
 * A function of what the neighbours announced, what their links cost and whom we have declared; it
 * changes nothing.  Whether a choice that is not needed is acted on is tree.c's affair.
 */
#ifndef FIPS_NODE_TREE_CHOOSE_H
#define FIPS_NODE_TREE_CHOOSE_H

#include "fips/node/tree.h"

enum fips_tree_need {
	FIPS_TREE_STAY,      /* as it is, or be root: nobody is better                */
	FIPS_TREE_MANDATORY, /* there is no way around it                             */
	FIPS_TREE_BETTER,    /* the same root, markedly nearer; may be left for later */
};

struct fips_tree_choice {
	enum fips_tree_need need;
	unsigned            peer; /* FIPS_NO_PEER if need is STAY */
};

struct fips_tree_choice fips_tree_choose(const struct fips_tree *t);

/* The smallest root that any neighbour shows a way to; NULL when none has announced anything. */
const struct fips_addr *fips_tree_smallest_root(const struct fips_tree *t);

/* Can this neighbour's path be part of ours?
 * Not when we are in it, or it is as long as a path may be, or as one may be that we can tell
 * others of (ours: the reference takes it and falls silent). */
bool fips_tree_leads_on(const struct fips_tree *t, const struct fips_treepath *path);

#endif
