/* tree_bench.h - one tree whose peers say what a test has them say.
 *
 * Addresses are numbers; a path is written from its node to its root: "5 3 1". */
#ifndef T_FIPS_TREE_BENCH_H
#define T_FIPS_TREE_BENCH_H

#include <check.h>

#include "core/clock.h"
#include "fips/node/tree.h"
#include "t/lib/vectors.h"

#define PEERS 8
#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

/* Bits of an outcome. */
#define ANNOUNCE 1
#define DECLARED 2
#define PATH     4
#define THROUGH  8
#define FOREIGN  16
#define MARK     32
#define CHECK    64

extern struct fips_tree t;
extern struct fips_tree_clocks at;
extern double cost[PEERS]; /* 0: unmeasured */
extern uint64_t sequence[PEERS];
extern struct fips_tree_outcome out; /* of the last thing that happened */
bool cost_of(void *self, unsigned peer, double *c);
struct fips_addr addr(unsigned number);

/* We are number 6. */
void open_tree(void);
void close_tree(void);

/* Other settings than the defaults. */
struct fips_tree_settings *settings(void);
void up(unsigned peer, unsigned number);
void down(unsigned peer);

/* An announcement with the peer's next sequence, into entries. */
struct fips_tree_announce announce(unsigned peer, const char *path, uint8_t *entries);
enum fips_tree_count check(unsigned peer, const char *path);

/* The peer's announcement is taken; the decision by name. */
const char *says(unsigned peer, const char *path);
void path_is(const char *path);

/* "0 2": the peers to whom something is due now.  They are told. */
const char *told(void);
void later(uint64_t ms);

/* Everybody has heard everything, four times more. */
void settle(void);

/* What became of it: these bits. */
void follows(unsigned want);

/* The test's part about announcing. */
TCase *tree_announcing(void);

#endif
