/* report.h - metric reports of links and sessions (link.md 8.2, 8.3; session.md 4.3, 4.4).
 *
 * Both layers send the same two reports.  They differ in what stands in front and in the units:
 *
 *     link      type (1), 0 (3) | fields     counts frames; bytes are whole FMP packets
 *     session   0 (2) | fields               counts messages; the type is in the inner header
 *
 * Surplus bytes behind the last field are ignored.  All integers are little-endian.
 */
#ifndef FIPS_WIRE_REPORT_H
#define FIPS_WIRE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIPS_LINK_SENDER_LEN      48 /* whole message, type byte included */
#define FIPS_LINK_RECEIVER_LEN    68
#define FIPS_SESSION_SENDER_LEN   46 /* body                              */
#define FIPS_SESSION_RECEIVER_LEN 66

struct fips_sender_report {
	uint64_t first;           /* counter of the first frame of the interval   */
	uint64_t last;            /* counter of the last one                      */
	uint32_t first_timestamp; /* inner timestamps of the two, ms              */
	uint32_t last_timestamp;
	uint32_t interval_bytes;  /* saturating                                   */
	uint64_t frames;          /* sent since the beginning; never reset        */
	uint64_t bytes;
};

struct fips_receiver_report {
	uint64_t highest;         /* counter, under the current keys              */
	uint64_t frames;          /* received since the beginning; kept by rekeys */
	uint64_t bytes;
	uint32_t echo;            /* inner timestamp of the last frame; 0: none   */
	uint16_t dwell;           /* ms between that frame and this report        */
	uint16_t burst_max;       /* longest loss burst of the interval, frames   */
	uint16_t burst_mean;      /* 8.8 fixed point                              */
	uint32_t jitter;          /* us                                           */
	uint32_t ce;              /* frames with CE; reset by rekeys              */
	int32_t  trend;           /* of the one-way delay                         */
	uint32_t bursts;          /* loss bursts in the interval                  */
	uint32_t reordered;       /* reset by rekeys                              */
	uint32_t interval_frames;
	uint32_t interval_bytes;
};

/* Link messages, from their type byte.  Parse is false when the type is another or bytes are
 * missing: ignore. */
bool fips_link_sender_parse(const uint8_t *message, size_t n, struct fips_sender_report *out);
bool fips_link_receiver_parse(const uint8_t *message, size_t n, struct fips_receiver_report *out);
void fips_link_sender_build(uint8_t out[FIPS_LINK_SENDER_LEN],
                            const struct fips_sender_report *report);
void fips_link_receiver_build(uint8_t out[FIPS_LINK_RECEIVER_LEN],
                              const struct fips_receiver_report *report);

/* Bodies of session messages.  Parse is false when bytes are missing: drop. */
bool fips_session_sender_parse(const uint8_t *body, size_t n, struct fips_sender_report *out);
bool fips_session_receiver_parse(const uint8_t *body, size_t n, struct fips_receiver_report *out);
void fips_session_sender_build(uint8_t out[FIPS_SESSION_SENDER_LEN],
                               const struct fips_sender_report *report);
void fips_session_receiver_build(uint8_t out[FIPS_SESSION_RECEIVER_LEN],
                                 const struct fips_receiver_report *report);

#endif
