/* hist.h - log-linear histograms: at most 6.25 % relative error from 1 ns to over 10 s.
 *
 * Values below 16 have a bucket each; above, each power of two is cut into 16 equal buckets, so a
 * bucket is at most 1/16 of its lower bound wide.  One writer; readers may look at any time and
 * see each bucket whole (relaxed 64-bit words).
 */
#ifndef MR_CORE_HIST_H
#define MR_CORE_HIST_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/counter.h"

#define MR_HIST_SUB     16 /* buckets per power of two                                     */
#define MR_HIST_BUCKETS ((36 - 3) * MR_HIST_SUB) /* 16 of one unit, then powers up to 2^36 */

struct mr_hist {
	_Atomic uint64_t bucket[MR_HIST_BUCKETS];
	_Atomic uint64_t sum; /* of all values, in their unit; wraps in 584 years of ns */
	_Atomic uint64_t max;
};

/* Index of the bucket that holds v; values beyond the last bound land in the last bucket. */
static inline unsigned mr_hist_index(uint64_t v)
{
	unsigned top, index;

	if (v < MR_HIST_SUB)
		return (unsigned)v;
	top = 63u - (unsigned)__builtin_clzll(v);
	index = (top - 3) * MR_HIST_SUB + (unsigned)((v >> (top - 4)) - MR_HIST_SUB);
	return index < MR_HIST_BUCKETS ? index : MR_HIST_BUCKETS - 1;
}

/* Smallest value of a bucket. */
static inline uint64_t mr_hist_floor(unsigned index)
{
	unsigned power = index / MR_HIST_SUB;

	if (power == 0)
		return index;
	return (uint64_t)(MR_HIST_SUB + index % MR_HIST_SUB) << (power - 1);
}

static inline void mr_hist_bump(_Atomic uint64_t *word, uint64_t n)
{
	atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

/* Record n times the value v.  The one writer only. */
static inline void mr_hist_add(struct mr_hist *h, uint64_t v, uint64_t n)
{
	if (!MR_MEASURE)
		return;
	mr_hist_bump(&h->bucket[mr_hist_index(v)], n);
	mr_hist_bump(&h->sum, v * n);
	if (v > atomic_load_explicit(&h->max, memory_order_relaxed))
		atomic_store_explicit(&h->max, v, memory_order_relaxed);
}

/* A reader's plain copy, and sums of copies. */
struct mr_hist_view {
	uint64_t bucket[MR_HIST_BUCKETS];
	uint64_t count, sum, max;
};

/* Add what h holds to the view (start from a zeroed one).  Any thread. */
void mr_hist_merge(struct mr_hist_view *view, const struct mr_hist *h);

/* What came between two views of the same histogram (before: NULL for none).  Its largest value is
 * known as well as its bucket: max is the upper bound of the highest that grew,
 * never above now's. */
void mr_hist_since(struct mr_hist_view *out, const struct mr_hist_view *now,
                   const struct mr_hist_view *before);

/* Largest value of a bucket; the last one has none. */
static inline uint64_t mr_hist_ceil(unsigned index)
{
	return index + 1 < MR_HIST_BUCKETS ? mr_hist_floor(index + 1) - 1 : UINT64_MAX;
}

/* The value below which the share p in [0, 1] of all values lies: the upper bound of the bucket
 * that holds it, never above max; 0 when empty. */
uint64_t mr_hist_quantile(const struct mr_hist_view *view, double p);

#endif
