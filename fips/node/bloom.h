/* bloom.h - sets of node addresses in 8192 bits, which may say yes too often and never no (mesh.md
 * 3.2, 3.7).
 *
 * An address has five bits, from SHA-256 over its 16 bytes: h1 + i * h2 mod 8192, i in [0, 5),
 * where h1 and h2 are the first two little-endian words of the digest.  Bit i is byte i / 8, value
 * 1 << i % 8, as it is sent. Sets are united by or and nothing is ever taken out; who needs less
 * builds a new one.
 *
 * Whoever asks many filters about one address hashes it once, into a probe.
 */
#ifndef FIPS_NODE_BLOOM_H
#define FIPS_NODE_BLOOM_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/wire/filter.h"

#define FIPS_BLOOM_BITS (8 * FIPS_FILTER_BYTES)

struct fips_bloom {
	alignas(64) uint8_t b[FIPS_FILTER_BYTES];
};

struct fips_probe {
	uint16_t bit[FIPS_FILTER_HASHES]; /* [0, FIPS_BLOOM_BITS) */
};

/* The bits of an address: one SHA-256. */
struct fips_probe fips_probe_of(const struct fips_addr *addr);

void fips_bloom_insert(struct fips_bloom *to, const struct fips_probe *probe);
void fips_bloom_merge(struct fips_bloom *to, const struct fips_bloom *from);

/* May the address be in it?  False: it is not. */
static inline bool fips_bloom_has(const struct fips_bloom *f, const struct fips_probe *probe)
{
	for (unsigned i = 0; i < FIPS_FILTER_HASHES; i++)
		if (!(f->b[probe->bit[i] / 8] >> probe->bit[i] % 8 & 1))
			return false;
	return true;
}

static inline bool fips_bloom_eq(const struct fips_bloom *a, const struct fips_bloom *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Bits set, [0, FIPS_BLOOM_BITS]. */
unsigned fips_bloom_ones(const struct fips_bloom *f);

/* How many bits may be set so that (ones / 8192)^5 is at most fpr, as the reference computes it
 * (3.3): 5937 for 0.20.  fpr in [0, 1].  Set-up. */
unsigned fips_bloom_cap(double fpr);

/* How many addresses a filter with so many bits set holds, about.  False: all are set, or more than
 * cap. */
bool fips_bloom_estimate(unsigned ones, unsigned cap, double *count);

#endif
