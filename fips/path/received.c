/* received.c - per frame: order, loss bursts, jitter, delay; per report: means and a slope. */
#include "fips/path/received.h"

#include <stdlib.h>

/* Sums of i and i * i over the n frames of the trend, i from 0. */
static int64_t sum_of(int64_t n)
{
	return n * (n - 1) / 2;
}

static int64_t sum_of_squares(int64_t n)
{
	return (n - 1) * n * (2 * n - 1) / 6;
}

static void saturating_add(uint32_t *to, uint32_t n)
{
	*to = n > UINT32_MAX - *to ? UINT32_MAX : *to + n;
}

static void burst_end(struct fips_received *r)
{
	if (r->burst_open > r->burst_max)
		r->burst_max = r->burst_open;
	r->burst_total += r->burst_open;
	r->burst_open = 0;
}

/* A gap opens a burst of loss or makes the open one longer; any other frame ends it. */
static void burst_frame(struct fips_received *r, uint64_t counter)
{
	if (counter > r->expected) {
		uint64_t gap = counter - r->expected;

		if (r->burst_open == 0)
			r->bursts++;
		saturating_add(&r->burst_open, gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap);
	} else if (r->burst_open > 0) {
		burst_end(r);
	}
	if (counter >= r->expected)
		r->expected = counter + 1;
}

/* RFC 3550 6.4.1, with times in us.  Timestamps may wrap. */
static void jitter_frame(struct fips_received *r, uint32_t timestamp, uint64_t now)
{
	int64_t arrived = (int64_t)(now - r->last_at) / (int64_t)MR_NS_PER_US;
	int64_t sent = (int64_t)(int32_t)(timestamp - r->last_stamp) * 1000;

	if (now >= r->quiet)
		r->jitter16 += (uint64_t)llabs(arrived - sent) - (r->jitter16 >> 4);
}

void fips_received_frame(struct fips_received *r, uint64_t counter, uint32_t timestamp,
                         uint32_t bytes, bool ce, uint64_t now)
{
	uint64_t before = r->seen ? r->last_at : now;

	if (counter < r->highest)
		r->reordered++;
	else
		r->highest = counter;
	if (r->seen) {
		burst_frame(r, counter);
		jitter_frame(r, timestamp, now);
	} else {
		r->expected = counter + 1;
	}
	r->delay[r->delays++ % FIPS_TREND] =
		(int64_t)(now - before) / (int64_t)MR_NS_PER_US - (int64_t)timestamp * 1000;

	r->ce += ce;
	r->last_at = now;
	r->last_stamp = timestamp;
	saturating_add(&r->seen, 1);
	saturating_add(&r->interval_frames, 1);
	saturating_add(&r->interval_bytes, bytes);
}

/* Least-squares slope of the delays over their order of arrival, a thousandth of a us a frame,
 * truncated and saturating. */
static int32_t trend(const struct fips_received *r)
{
	int64_t n = r->delays < FIPS_TREND ? r->delays : FIPS_TREND;
	int64_t sum = 0, product = 0, over, under;

	if (n < 2)
		return 0;
	for (int64_t i = 0; i < n; i++) {
		int64_t y = r->delay[(r->delays - (uint32_t)(n - i)) % FIPS_TREND];

		sum += y;
		product += i * y;
	}
	over = n * product - sum_of(n) * sum;
	under = n * sum_of_squares(n) - sum_of(n) * sum_of(n);
	if (over / under > INT32_MAX / 1000)
		return INT32_MAX;
	if (over / under < INT32_MIN / 1000)
		return INT32_MIN;
	over = over * 1000 / under;
	return over > INT32_MAX ? INT32_MAX : over < INT32_MIN ? INT32_MIN : (int32_t)over;
}

static uint16_t to_u16(uint64_t v)
{
	return v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
}

bool fips_received_report(struct fips_received *r, uint64_t now, struct fips_receiver_report *out)
{
	uint64_t dwell = now > r->last_at ? (now - r->last_at) / MR_NS_PER_MS : 0;

	if (r->interval_frames == 0)
		return false;
	if (r->burst_open > 0)
		burst_end(r);
	*out = (struct fips_receiver_report){
		.highest = r->highest,
		.echo = dwell > UINT16_MAX ? 0 : r->last_stamp,
		.dwell = to_u16(dwell),
		.burst_max = to_u16(r->burst_max),
		.burst_mean = to_u16(r->bursts ? 256 * r->burst_total / r->bursts : 0),
		.jitter = (uint32_t)(r->jitter16 >> 4),
		.ce = r->ce,
		.trend = trend(r),
		.bursts = r->bursts,
		.reordered = r->reordered,
		.interval_frames = r->interval_frames,
		.interval_bytes = r->interval_bytes,
	};
	r->interval_frames = r->interval_bytes = 0;
	r->bursts = r->burst_max = 0;
	r->burst_total = 0;
	return true;
}
