/* log.h - lines for the operator on standard error, in one of three forms.
 *
 *     text     2026-03-01T12:00:00.123Z info  link with npub1... is up
 *     journal  <6>link with npub1... is up
 *     json     {"time":"2026-03-01T12:00:00.123Z","level":"info","place":"node","peer":"0123...",
 *               "message":"link with npub1... is up"}
 *
 * The journal keeps the time itself and takes the level from the number in front (sd-daemon(3)).
 *
 * For control and the program only; data stages count and never log.  A log is a small value of its
 * user's, who may give it a place of its own; all logs of a program share a keeper, which writes
 * without ever waiting and holds back what is said too often.  Without a keeper a line is written
 * at once and may wait: for tests, and until there is one.
 *
 * Text from files and from the network is made harmless: what is no UTF-8, and bytes that could
 * move a terminal's cursor or end a line, become '?' or, in JSON, an escape.
 */
#ifndef MR_CORE_LOG_H
#define MR_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/err.h"

enum mr_level { MR_LOG_ERROR, MR_LOG_WARN, MR_LOG_INFO, MR_LOG_DEBUG, MR_LOG_TRACE };
enum mr_log_format { MR_LOG_AUTO, MR_LOG_TEXT, MR_LOG_JOURNAL, MR_LOG_JSON };

/* "error" ... "trace", NULL, and "auto" ... "json", NULL: the words of a settings table, in the
 * order of the enums. */
extern const char *const mr_log_levels[];
extern const char *const mr_log_formats[];

#define MR_LOG_LINE 1024 /* bytes of a line of text with its newline; longer ones are cut    */
#define MR_LOG_JSON_LINE 4096 /* ... of a JSON line, which escapes make longer: PIPE_BUF      */

struct mr_log_keeper; /* log_keeper.h */

struct mr_log {
	enum mr_level         level;  /* lines above it are left out                     */
	enum mr_log_format    format; /* AUTO: text                                      */
	int                   fd;     /* borrowed: 2, or a test's; unused with a keeper  */
	uint64_t            (*wall)(void); /* ns since 1970: mr_clock_wall, or a test's  */
	const char           *place;  /* borrowed, of the program's own: who speaks; or NULL */
	struct mr_log_keeper *keeper; /* borrowed; or NULL                               */
};

/* A log to standard error, without a keeper, as text. */
struct mr_log mr_log_stderr(enum mr_level level);

/* The form that is wanted, `auto` decided: journal if the descriptor is the one systemd has given
 * us for it, JOURNAL_STREAM says which, else text. */
enum mr_log_format mr_log_format_for(enum mr_log_format wanted, int fd);

/* The same log for another place. */
struct mr_log mr_log_of(const struct mr_log *log, const char *place);

/* Write a line.  Control and cli only; what cannot be written is counted by the keeper. */
void mr_log(const struct mr_log *log, enum mr_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same where others can make us talk: held back, and counted, when this place in the source
 * says too much, about one peer or at all (log_keeper.h).  source tells places apart: a literal,
 * say the format; peer is whom it concerns, as text, or NULL. */
void mr_log_limited(const struct mr_log *log, enum mr_level level, const char *source,
                    const char *peer, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* All complaints of a report, a line each, with `before` in front. */
void mr_log_report(const struct mr_log *log, const char *before, const struct mr_report *report);

/* From time to time, so that nobody waits for the next line to hear what was held back or lost. */
void mr_log_catch_up(const struct mr_log *log);

#endif
