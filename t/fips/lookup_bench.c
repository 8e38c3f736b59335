/* lookup_bench.c - see lookup_bench.h. */
#include "t/fips/lookup_bench.h"

static struct mr_rand_state seed = { .seed = 3 };
struct mr_rand rnd;
struct fips_lookups l;
const struct fips_addr me = { { 0xee } };

uint32_t tree_peers, have_it;

static bool contains(const void *self, unsigned peer, const struct fips_addr *target)
{
	(void)self;
	(void)target;
	return have_it >> peer & 1;
}

static bool tree(const void *self, unsigned peer)
{
	(void)self;
	return tree_peers >> peer & 1;
}

const struct fips_lookup_filters filters = { .n_peers = PEERS, .contains = contains, .tree = tree };

void open_with(const struct fips_lookup_config *config)
{
	rnd = mr_rand_seeded(&seed);
	ck_assert(fips_lookups_open(&l, config, PEERS, &rnd));
	for (unsigned i = 0; i < PEERS; i++)
		fips_lookups_peer_up(&l, i, 0);
	tree_peers = have_it = 1u << 31;
}

void set_up(void)
{
	struct fips_lookup_config config = fips_lookup_config_default();

	open_with(&config);
}

void tear_down(void)
{
	uint32_t held = 0, known = 0;

	for (unsigned i = 0; i < PEERS; i++)
		held += l.peers[i].held;
	for (uint32_t i = 0; i < l.recent.n; i++)
		known += l.came[(l.recent.oldest + i) % RECENT].from != FIPS_NO_PEER;
	ck_assert_uint_eq(held, known);
	fips_lookups_close(&l);
}

struct fips_addr node(unsigned i)
{
	struct fips_addr a = { { 1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	return a;
}

enum fips_lookup_verdict ask(unsigned from, uint64_t id, struct fips_addr target, uint64_t now,
			     struct fips_lookup_ways *ways)
{
	struct fips_lookup_request r = {
		.id = id, .target = target, .origin = node(999), .ttl = 9,
		.coords = fips_coords_of(&r.origin, 1),
	};

	return fips_lookups_request(&l, from, &r, &me, &filters, now, ways);
}

enum fips_lookup_verdict answer(unsigned from, uint64_t id, struct fips_addr target,
				struct fips_addr first, uint64_t now, unsigned *peer)
{
	struct fips_lookup_response r = { .id = id, .target = target,
	                                  .coords = fips_coords_of(&first, 1) };

	return fips_lookups_response(&l, from, &r, now, peer);
}

unsigned bits(uint32_t v)
{
	unsigned n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

uint32_t set_of(const struct fips_lookup_ways *ways)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < ways->n; i++)
		set |= 1u << ways->peer[i];
	ck_assert_uint_eq(bits(set), ways->n);
	return set;
}
