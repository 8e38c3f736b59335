/* tree_flap.h - how often a node may change its mind about its parent (mesh.md 1.8).
 *
 * Two brakes, both of them on changes that are wanted but not needed.  Hold-down: none within 30 s
 * of the last choice, or of the last news from the parent that was taken over.  Flap dampening: the
 * fourth change within a minute of the first begins an episode of 120 s without any.
 *
 *     changes   |1  2   3     4|......... 120 s .........|
 *               '-- a window --'  an episode: vetoed      a window begins anew with the next change
 *
 * A window stands where its first change put it; it does not slide.  Times are ns and never run
 * backwards.
 */
#ifndef FIPS_NODE_TREE_FLAP_H
#define FIPS_NODE_TREE_FLAP_H

#include <stdbool.h>
#include <stdint.h>

struct fips_tree_flap {
	/* const after init */
	uint64_t hold_down; /* 0: none                                           */
	uint64_t window, dampening;
	unsigned threshold; /* changes in a window that begin an episode         */

	bool     chosen;    /* last is valid                                     */
	uint64_t last;      /* a parent was chosen, or confirmed by its news     */
	unsigned count;     /* changes in the window; 0: there is no window      */
	uint64_t start;     /* of the window; valid if count                     */
	bool     armed;     /* there was or is an episode: until is valid        */
	uint64_t until;     /* its end                                           */
};

/* A parent was declared at now; changed: not the one before.  Whether that began an episode. */
bool fips_tree_flap_chose(struct fips_tree_flap *f, bool changed, uint64_t now);

/* Is an episode on? */
bool fips_tree_flap_dampened(const struct fips_tree_flap *f, uint64_t now);

/* Is a change that is not needed to be left out, for either reason? */
bool fips_tree_flap_vetoes(const struct fips_tree_flap *f, uint64_t now);

#endif
