/* log.h - lines for the operator on standard error: time, level, text.
 *
 *     2026-03-01T12:00:00.123Z info  link with npub1... is up
 *
 * For control and the program only; data stages count and never log.  A log is a small value of its
 * user's, not a thing of the process: each line is written whole by one call, so several logs may
 * share a descriptor.  Text from the network is made harmless: control bytes become '?'.
 *
 * A place that a stranger can reach is limited: its user keeps a struct mr_log_limit beside it, and
 * of more than MR_LOG_BURST lines in MR_LOG_SPAN the rest are counted and told with the next line
 * that is let through.
 */
#ifndef MR_CORE_LOG_H
#define MR_CORE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

enum mr_level { MR_LOG_ERROR, MR_LOG_WARN, MR_LOG_INFO, MR_LOG_DEBUG, MR_LOG_TRACE };

/* "error" ... "trace", NULL: the words of a settings table, in the order of enum mr_level. */
extern const char *const mr_log_levels[];

#define MR_LOG_LINE  1024              /* bytes of a line with its newline; longer ones are cut */
#define MR_LOG_BURST 5                 /* lines of one place let through                        */
#define MR_LOG_SPAN  (10 * MR_NS_PER_S) /* in this time                                          */

struct mr_log {
	enum mr_level level; /* lines above it are left out                          */
	int           fd;    /* borrowed: 2, or a test's                             */
	uint64_t    (*wall)(void); /* ns since 1970: mr_clock_wall, or a test's      */
};

/* One per place, zeroed at first. */
struct mr_log_limit {
	uint64_t since; /* ns, when the current span began */
	unsigned lines; /* let through in it               */
	uint64_t held;  /* left out since the last line    */
};

/* A log to standard error. */
struct mr_log mr_log_stderr(enum mr_level level);

/* Write a line.  Control and cli only; a write that fails is nobody's to tell. */
void mr_log(const struct mr_log *log, enum mr_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, limited; now is ns of mr_clock_now. */
void mr_log_limited(const struct mr_log *log, struct mr_log_limit *limit, uint64_t now,
                    enum mr_level level, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif
