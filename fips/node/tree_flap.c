/* tree_flap.c - hold-down and flap dampening. */
#include "fips/node/tree_flap.h"

bool fips_tree_flap_dampened(const struct fips_tree_flap *f, uint64_t now)
{
	return f->armed && now < f->until;
}

/* RECORD_SWITCH of mesh.md 1.8.  The change that fills the window is itself still made. */
static bool changed_again(struct fips_tree_flap *f, uint64_t now)
{
	if (f->armed && now >= f->until) {
		f->armed = false;
		f->count = 0;
	}
	if (f->count && now - f->start < f->window) {
		f->count++;
	} else {
		f->start = now;
		f->count = 1;
	}
	if (f->count < f->threshold || f->armed)
		return false;
	f->armed = true;
	f->until = now + f->dampening;
	return true;
}

bool fips_tree_flap_chose(struct fips_tree_flap *f, bool changed, uint64_t now)
{
	f->chosen = true;
	f->last = now;
	return changed && changed_again(f, now);
}

bool fips_tree_flap_vetoes(const struct fips_tree_flap *f, uint64_t now)
{
	return (f->chosen && now - f->last < f->hold_down) || fips_tree_flap_dampened(f, now);
}
