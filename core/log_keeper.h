/* log_keeper.h - what all logs of a program share: how a line is written without waiting, and who
 * has said too much.
 *
 *     mr_log -------------------------------> write ---> descriptor
 *     mr_log_limited --> may it be said? -->     \
 *                             \ no                \ the reader does not keep up
 *                              held, counted       lost, counted
 *
 * A line that cannot be written at once is lost; how many were is said by the line before the next
 * one that can be.  A socket (systemd's) is asked not to wait.  A pipe or a terminal is opened
 * anew, so that not to wait is our own affair and not that of whoever else writes there.
 *
 * A place in the source may say 100 lines and then 5 a second, 5 and then one in 2 s about each
 * peer.  A line held back is counted with its place and told with the next one of that place, or by
 * mr_log_catch_up.  Both tables are bounded; a peer that is forgotten begins anew, below its
 * place's limit.
 *
 * Main only.
 */
#ifndef MR_CORE_LOG_KEEPER_H
#define MR_CORE_LOG_KEEPER_H

#include "core/log.h"

#define MR_LOG_PLACE_BURST 100 /* lines of a place                       */
#define MR_LOG_PLACE_NS    (200 * MR_NS_PER_MS) /* ... and one more each */
#define MR_LOG_PEER_BURST  5   /* lines of a place about one peer        */
#define MR_LOG_PEER_NS     (2 * MR_NS_PER_S)
#define MR_LOG_TELL        (10 * MR_NS_PER_S) /* held back for so long: told of */

struct mr_log_counts {
	uint64_t held; /* lines held back                         */
	uint64_t lost; /* lines that the reader did not keep up with */
};

/* For lines to fd, which is borrowed.  now: mr_clock_now, or a test's.  NULL: no memory. */
struct mr_log_keeper *mr_log_keeper_open(int fd, uint64_t (*now)(void));
void mr_log_keeper_close(struct mr_log_keeper *k);

/* All since it was opened. */
struct mr_log_counts mr_log_keeper_counts(const struct mr_log_keeper *k);

/* ---- for log.c ---- */

/* Write a line with its newline, n <= MR_LOG_JSON_LINE.  False: not now. */
bool mr_log_keeper_write(struct mr_log_keeper *k, const char *line, size_t n);

/* A line was lost; how many were that nobody was told of, and what came in the way of the last; so
 * many have been told of. */
void mr_log_keeper_lose(struct mr_log_keeper *k);
uint64_t mr_log_keeper_lost(const struct mr_log_keeper *k, const char **why);
void mr_log_keeper_told(struct mr_log_keeper *k, uint64_t lost);

/* May this place speak, of this peer (or NULL)?  If not it is counted; if so *held is how many
 * lines of it were held back since the last. */
bool mr_log_keeper_may(struct mr_log_keeper *k, const char *source, const char *peer,
                       uint64_t *held);

/* A place that held lines back MR_LOG_TELL ago and has not spoken since: how many, and what it says
 * in *source.  0: there is none (more). */
uint64_t mr_log_keeper_overdue(struct mr_log_keeper *k, const char **source);

#endif
