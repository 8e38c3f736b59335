/* lookup_bench.h - the module of lookups alone, with filters that say what a test has them say. */
#ifndef T_FIPS_LOOKUP_BENCH_H
#define T_FIPS_LOOKUP_BENCH_H

#include <check.h>

#include "core/clock.h"
#include "fips/node/lookup.h"
#include "t/lib/vectors.h"

#define PEERS  32
#define RECENT 4096
#define S      MR_NS_PER_S
#define MS     MR_NS_PER_MS

extern struct mr_rand rnd;
extern struct fips_lookups l;
extern const struct fips_addr me;

/* What filters say in a test: bit i for slot i. */
extern uint32_t tree_peers, have_it;
extern const struct fips_lookup_filters filters;
void open_with(const struct fips_lookup_config *config);
void set_up(void);
void tear_down(void);
struct fips_addr node(unsigned i);

enum fips_lookup_verdict ask(unsigned from, uint64_t id, struct fips_addr target, uint64_t now,
			     struct fips_lookup_ways *ways);

enum fips_lookup_verdict answer(unsigned from, uint64_t id, struct fips_addr target,
				struct fips_addr first, uint64_t now, unsigned *peer);

unsigned bits(uint32_t v);
uint32_t set_of(const struct fips_lookup_ways *ways);

/* The test's part about lookups of our own. */
void lookup_own(Suite *s);

#endif
