/* metrics.h - what the other side's ReceiverReports say about our traffic (link.md 8.6).
 *
 * Round trip, delivery in both directions, expected transmissions, goodput, and from the round
 * trip how often reports are sent.  Links and sessions keep the same figures; only the limits of
 * the report intervals differ (link.md 8.4, session.md 4.6).
 *
 * Counters in a report are cumulative under one key.  A report in which one of them went back, or
 * in which nothing moved, is stale and ignored.  After FIPS_METRICS_STALE of them in a row the
 * next is taken as the new start, since some nodes mix the figures of two keys after a rekey.
 */
#ifndef FIPS_NODE_METRICS_H
#define FIPS_NODE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/wire/report.h"

#define FIPS_METRICS_STALE 5

/* Both averages start at the first value. */
struct fips_average {
	double quick; /* += (x - quick) / 4  */
	double slow;  /* += (x - slow) / 32  */
	bool   set;
};

/* Bounds of the report intervals, ms. */
struct fips_intervals {
	uint32_t cold;    /* before any round trip is known               */
	uint32_t early;   /* floor for the first `early_n` updates        */
	uint32_t early_n;
	uint32_t floor;
	uint32_t ceiling;
};

extern const struct fips_intervals fips_link_intervals;
extern const struct fips_intervals fips_session_intervals;

struct fips_metrics {
	const struct fips_intervals *intervals; /* const after init               */
	uint32_t srtt;     /* us; valid if rtt_known                              */
	uint32_t rttvar;   /* us                                                  */
	bool     rtt_known;
	uint32_t updates;  /* of the intervals, saturating                        */
	uint32_t sender_interval;   /* ms                                         */
	uint32_t receiver_interval; /* ms                                         */

	struct fips_receiver_report last; /* accepted under this key; valid if has_last */
	bool     has_last;
	uint64_t last_at;  /* ns                                                  */
	unsigned stale;    /* in a row                                            */
	uint64_t reports;  /* that came, stale ones included                      */
	uint64_t samples;  /* of the round trip                                   */
	uint64_t zeros;    /* round trips of less than a ms, which are no samples */
	uint32_t rtt_last; /* us, the last sample; valid if rtt_known             */

	uint64_t own_frames, own_highest; /* of our receiver; valid if has_own    */
	bool     has_own;

	double   forward, reverse; /* delivery ratios, [0, 1]                     */
	double   etx;              /* [1, 100]                                    */
	double   goodput;          /* bytes a second; valid if goodput_known      */
	bool     goodput_known;
	struct fips_average rtt, loss, jitter, rate, tries; /* us, ratio, us, B/s, ETX */
};

void fips_metrics_init(struct fips_metrics *m, const struct fips_intervals *intervals);

/* A report about frames we sent under the current key, read at clock ms of that key's timestamp
 * clock and at now (ns).  False: stale, ignored. */
bool fips_metrics_report(struct fips_metrics *m, const struct fips_receiver_report *report,
                         uint32_t clock, uint64_t now);

/* A report whose counters are of another key: the round trip is all it says. */
void fips_metrics_echo(struct fips_metrics *m, const struct fips_receiver_report *report,
                       uint32_t clock);

/* Our own receiver's totals: frames since the beginning, highest counter under the current key. */
void fips_metrics_reverse(struct fips_metrics *m, uint64_t frames, uint64_t highest);

/* A cut-over: counters begin again, averages and round trip stay. */
void fips_metrics_rekey(struct fips_metrics *m);

#endif
