#include "fips/node/metrics.h"

#include "core/clock.h"

const struct fips_intervals fips_link_intervals = {
	.cold = 200, .early = 200, .early_n = 5, .floor = 1000, .ceiling = 5000
};
const struct fips_intervals fips_session_intervals = {
	.cold = 1000, .early = 500, .early_n = 0, .floor = 500, .ceiling = 10000
};

void fips_metrics_init(struct fips_metrics *m, const struct fips_intervals *intervals)
{
	*m = (struct fips_metrics){
		.intervals = intervals,
		.sender_interval = intervals->cold,
		.receiver_interval = intervals->cold,
		.forward = 1,
		.reverse = 1,
		.etx = 1,
	};
}

void fips_metrics_rekey(struct fips_metrics *m)
{
	m->has_last = false;
	m->has_own = false;
	m->stale = 0;
	m->forward = 1;
}

static void average(struct fips_average *a, double x)
{
	if (!a->set) {
		a->quick = a->slow = x;
		a->set = true;
		return;
	}
	a->quick += (x - a->quick) / 4;
	a->slow += (x - a->slow) / 32;
}

static uint32_t clamp(uint64_t x, uint32_t low, uint32_t high)
{
	return x < low ? low : x > high ? high : (uint32_t)x;
}

static void update_intervals(struct fips_metrics *m)
{
	const struct fips_intervals *in = m->intervals;
	uint32_t floor;

	if (!m->rtt_known)
		return;
	if (m->updates < UINT32_MAX)
		m->updates++;
	floor = m->updates <= in->early_n ? in->early : in->floor;
	m->sender_interval = clamp(UINT64_C(2) * m->srtt / 1000, floor, in->ceiling);
	m->receiver_interval = clamp(m->srtt / 1000, floor, in->ceiling);
}

/* RFC 6298 in microseconds, with the shifts of link.md 8.6. */
static void sample_rtt(struct fips_metrics *m, uint32_t rtt)
{
	uint32_t err;

	if (!m->rtt_known) {
		m->srtt = rtt;
		m->rttvar = rtt / 2;
		m->rtt_known = true;
	} else {
		err = m->srtt > rtt ? m->srtt - rtt : rtt - m->srtt;
		m->rttvar = m->rttvar - (m->rttvar >> 2) + (err >> 2);
		m->srtt = m->srtt - (m->srtt >> 3) + (rtt >> 3);
	}
	average(&m->rtt, rtt);
	m->samples++;
	m->rtt_last = rtt;
}

static void update_rtt(struct fips_metrics *m, const struct fips_receiver_report *r, uint32_t clock)
{
	uint64_t spent = (uint64_t)r->echo + r->dwell;

	m->zeros += r->echo && spent == clock;
	/* Above an hour it is no round trip, and would not fit. */
	if (r->echo == 0 || spent >= clock || clock - spent > UINT32_C(3600000))
		return;
	sample_rtt(m, (uint32_t)(clock - spent) * 1000);
}

static double ratio(uint64_t part, uint64_t whole)
{
	return part < whole ? (double)part / (double)whole : 1;
}

static void update_etx(struct fips_metrics *m)
{
	double product = m->forward * m->reverse;

	m->etx = product > 0.01 ? 1 / product : 100;
	average(&m->tries, m->etx);
}

static void update_forward(struct fips_metrics *m, const struct fips_receiver_report *r)
{
	uint64_t sent = r->highest - m->last.highest;

	if (sent == 0)
		return;
	m->forward = ratio(r->frames - m->last.frames, sent);
	average(&m->loss, 1 - m->forward);
	update_etx(m);
}

static void update_goodput(struct fips_metrics *m, const struct fips_receiver_report *r,
                           uint64_t now)
{
	double rate;

	if (now <= m->last_at)
		return;
	rate = (double)(r->bytes - m->last.bytes) * (double)MR_NS_PER_S /
	       (double)(now - m->last_at);
	m->goodput = m->goodput_known ? m->goodput + (rate - m->goodput) / 4 : rate;
	m->goodput_known = true;
	average(&m->rate, rate);
}

static bool is_stale(const struct fips_receiver_report *q, const struct fips_receiver_report *r)
{
	if (r->highest < q->highest || r->frames < q->frames || r->bytes < q->bytes ||
	    r->ce < q->ce || r->reordered < q->reordered)
		return true;
	return r->highest == q->highest && r->frames == q->frames && r->bytes == q->bytes &&
	       r->ce == q->ce && r->reordered == q->reordered;
}

/* Is this report to be left out?  Notes how many were, in a row. */
static bool leave_out(struct fips_metrics *m, const struct fips_receiver_report *r)
{
	if (!m->has_last || !is_stale(&m->last, r)) {
		m->stale = 0;
		return false;
	}
	if (m->stale < FIPS_METRICS_STALE) {
		m->stale++;
		return true;
	}
	m->stale = 0;
	m->has_last = false;
	return false;
}

bool fips_metrics_report(struct fips_metrics *m, const struct fips_receiver_report *report,
                         uint32_t clock, uint64_t now)
{
	bool stale = leave_out(m, report);

	m->reports++;
	if (!stale) {
		update_rtt(m, report, clock);
		if (m->has_last) {
			update_forward(m, report);
			update_goodput(m, report, now);
		}
		average(&m->jitter, report->jitter);
		m->last = *report;
		m->last_at = now;
		m->has_last = true;
	}
	update_intervals(m);
	return !stale;
}

void fips_metrics_echo(struct fips_metrics *m, const struct fips_receiver_report *report,
                       uint32_t clock)
{
	m->reports++;
	update_rtt(m, report, clock);
	update_intervals(m);
}

void fips_metrics_reverse(struct fips_metrics *m, uint64_t frames, uint64_t highest)
{
	if (m->has_own && highest > m->own_highest && frames >= m->own_frames) {
		m->reverse = ratio(frames - m->own_frames, highest - m->own_highest);
		update_etx(m);
	}
	m->own_frames = frames;
	m->own_highest = highest;
	m->has_own = true;
}
