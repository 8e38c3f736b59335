/* fuzz_tree.c - bytes as a TreeAnnounce; what is read is written back, and is looked at and taken
 * over by a tree as if its signature held. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/node/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool cost(void *self, unsigned peer, double *out)
{
	(void)self;
	*out = peer;
	return peer == 1;
}

/* Neighbour 0 says it, 1 is a root; then 1 goes. */
static void hear(const struct fips_tree_announce *a)
{
	static const struct fips_addr me = { { 0x80 } }, other = { { 0x70 } };
	struct fips_tree_settings settings = fips_tree_settings_default();
	struct fips_tree_clocks at = { .now = 1 };
	struct fips_tree_costs costs = { cost, NULL };
	struct fips_tree t;

	if (!fips_tree_open(&t, &me, 2, &settings, &costs, 1, 0))
		return;
	fips_tree_peer_up(&t, 0, &a->says.node);
	fips_tree_peer_up(&t, 1, &other);
	if (fips_tree_check(&t, 0, a) == FIPS_TREE_ACCEPTED && fips_tree_credible(a)) {
		fips_tree_accept(&t, 0, a, &at);
		assert(fips_tree_check(&t, 0, a) == FIPS_TREE_STALE);
		assert(!fips_treepath_repeats(fips_tree_path(&t)));
		fips_tree_peer_down(&t, 0, &at);
		assert(fips_tree_is_root(&t) && fips_tree_path(&t)->n == 1);
	}
	fips_tree_close(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fips_tree_announce a;
	uint8_t *out;

	if (!fips_tree_announce_parse(data, n, &a))
		return 0;
	out = malloc(n);
	if (!out)
		return 0;
	assert(fips_tree_announce_build(out, n, &a) == FIPS_TREE_LEN(a.n));
	assert(memcmp(out, data, FIPS_TREE_LEN(a.n)) == 0);
	fips_tree_announce_sound(&a);
	hear(&a);
	free(out);
	return 0;
}
