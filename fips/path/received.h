/* received.h - what the receiver of one key's frames learns from them (link.md 8.5, session.md 4).
 *
 * Counters, loss bursts, interarrival jitter (RFC 3550) and a delay trend, per receive key: a new
 * key starts with everything cleared, as its counters and its sender's clock do.  Links and
 * sessions keep the same figures; only the totals that outlive a key are elsewhere (link_recv.h,
 * session_recv.h).
 *
 * Each frame's cost is a handful of additions; what needs a division is computed for a report.
 */
#ifndef FIPS_PATH_RECEIVED_H
#define FIPS_PATH_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "fips/wire/report.h"

#define FIPS_TREND         32
#define FIPS_JITTER_GRACE (15 * MR_NS_PER_S) /* after a cut-over, jitter waits */

/* All zero is the start.  One owner: the replica that owns the key. */
struct fips_received {
	uint64_t highest;   /* largest counter seen                                */
	uint64_t expected;  /* next counter if nothing is lost; valid after frame 1 */
	uint64_t last_at;   /* ns, arrival of the last frame                       */
	uint64_t quiet;     /* ns, no jitter before this; 0: none                  */
	uint64_t jitter16;  /* us, 16 times the estimate                           */
	uint32_t last_stamp; /* ms, timestamp of the last frame                    */
	uint32_t seen;      /* frames under this key, saturating; 0: none          */
	uint32_t reordered;
	uint32_t ce;        /* frames with CE                                      */

	/* since the last report */
	uint32_t interval_frames;
	uint32_t interval_bytes; /* saturating                                     */
	uint32_t bursts;
	uint32_t burst_open; /* length of the burst that has not ended; 0: none    */
	uint32_t burst_max;
	uint64_t burst_total;

	/* delay trend: the last FIPS_TREND frames in arrival order */
	int64_t  delay[FIPS_TREND]; /* us; frame i of this key at i % FIPS_TREND   */
	uint32_t delays;    /* frames pushed                                       */
};

/* One authenticated frame: its counter, its timestamp, its size as the layer counts it, whether it
 * carried CE, when it arrived. */
void fips_received_frame(struct fips_received *r, uint64_t counter, uint32_t timestamp,
                         uint32_t bytes, bool ce, uint64_t now);

/* Fill everything of a report but the lifetime totals (frames, bytes) and begin a new interval.
 * False, and nothing changed, when no frame came since the last report. */
bool fips_received_report(struct fips_received *r, uint64_t now, struct fips_receiver_report *out);

#endif
