/* hist - the reader's side of histograms: copies, sums and quantiles. */
#include "core/hist.h"

static uint64_t word(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

/* The count is that of the buckets read, not a word of its own, so that a quantile always finds its
 * bucket however the writer races on. */
void mr_hist_merge(struct mr_hist_view *view, const struct mr_hist *h)
{
	uint64_t max = word(&h->max);

	for (unsigned i = 0; i < MR_HIST_BUCKETS; i++) {
		uint64_t n = word(&h->bucket[i]);

		view->bucket[i] += n;
		view->count += n;
	}
	view->sum += word(&h->sum);
	if (max > view->max)
		view->max = max;
}

void mr_hist_since(struct mr_hist_view *out, const struct mr_hist_view *now,
                   const struct mr_hist_view *before)
{
	*out = (struct mr_hist_view){ .sum = now->sum };
	if (before)
		out->sum -= before->sum < now->sum ? before->sum : now->sum;
	for (unsigned i = 0; i < MR_HIST_BUCKETS; i++) {
		uint64_t was = before ? before->bucket[i] : 0;

		out->bucket[i] = now->bucket[i] > was ? now->bucket[i] - was : 0;
		out->count += out->bucket[i];
		if (out->bucket[i])
			out->max = mr_hist_ceil(i);
	}
	if (out->max > now->max)
		out->max = now->max;
}

/* The rank of the value asked for, from 1: the smallest that leaves the share p at or below it. */
static uint64_t rank_of(uint64_t count, double p)
{
	double exact = p * (double)count;
	uint64_t rank;

	if (!(exact > 1))
		return 1;
	if (exact >= (double)count)
		return count;
	rank = (uint64_t)exact;
	return (double)rank < exact ? rank + 1 : rank;
}

uint64_t mr_hist_quantile(const struct mr_hist_view *view, double p)
{
	uint64_t rank, below = 0;
	unsigned i = 0;

	if (view->count == 0)
		return 0;
	rank = rank_of(view->count, p);
	for (; i < MR_HIST_BUCKETS - 1; i++) {
		below += view->bucket[i];
		if (below >= rank)
			break;
	}
	return mr_hist_ceil(i) < view->max ? mr_hist_ceil(i) : view->max;
}
