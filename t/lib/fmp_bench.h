/* fmp_bench.h - fmp-open on a rig: node B, which has a link with A. */
#ifndef T_LIB_FMP_BENCH_H
#define T_LIB_FMP_BENCH_H

#include "fips/path/link_recv.h"
#include "t/lib/craft.h"
#include "t/lib/keys.h"
#include "t/lib/rig.h"

#define FMP_BENCH_INDEX 0xa1b2c3d4u
#define FMP_BENCH_LINK  77

extern const uint8_t fmp_bench_secret[MR_AEAD_KEY];
extern const struct fips_via fmp_bench_home; /* where A is       */
extern const struct fips_via fmp_bench_away; /* and somebody else */

struct fmp_bench {
	struct rig           *rig;
	struct keys          *keys;
	struct fips_link_recv recv;
};

/* With the i-th AEAD provider; false where this machine cannot run it.  One index is live, under
 * this key. */
bool fmp_bench_open(struct fmp_bench *b, int provider, const uint8_t key[MR_AEAD_KEY],
		    uint32_t index);
void fmp_bench_close(struct fmp_bench *b);

/* A frame as if it had come from `via`. */
void fmp_bench_feed(struct fmp_bench *b, const void *frame, size_t n, const struct fips_via *via);

/* A text of n bytes: timestamp 1000, then this type and filler. */
void fmp_bench_text(uint8_t *text, size_t n, uint8_t type);

/* A frame with such a text of 40 bytes; returns its length. */
size_t fmp_bench_frame(uint8_t *out, uint64_t counter, uint8_t flags, uint8_t type);

#endif
