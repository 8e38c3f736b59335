/* log.c - lines for the operator: put together, made harmless, written; see log.h. */
#include "core/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/log_keeper.h"
#include "core/log_text.h"

const char *const mr_log_levels[] = { "error", "warn", "info", "debug", "trace", NULL };
const char *const mr_log_formats[] = { "auto", "text", "journal", "json", NULL };

/* One thing to be said. */
struct saying {
	enum mr_level level;
	const char   *place, *peer; /* or NULL                        */
	char          text[MR_LOG_LINE];
	uint64_t      held;         /* lines like it that were left out */
};

struct mr_log mr_log_stderr(enum mr_level level)
{
	return (struct mr_log){ .level = level, .format = MR_LOG_TEXT, .fd = STDERR_FILENO,
		                .wall = mr_clock_wall };
}

struct mr_log mr_log_of(const struct mr_log *log, const char *place)
{
	struct mr_log other = *log;

	other.place = place;
	return other;
}

enum mr_log_format mr_log_format_for(enum mr_log_format wanted, int fd)
{
	const char *journal = getenv("JOURNAL_STREAM");
	uint64_t device, inode;
	struct stat st;

	if (wanted != MR_LOG_AUTO)
		return wanted;
	if (journal && sscanf(journal, "%" SCNu64 ":%" SCNu64, &device, &inode) == 2 &&
	    fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode)
		return MR_LOG_JOURNAL;
	return MR_LOG_TEXT;
}

/* ---- the three forms ---- */

__attribute__((format(printf, 2, 3))) static void add(struct mr_line *l, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof text)
		mr_line_raw(l, text, (size_t)n);
}

static void add_time(struct mr_line *l, const struct mr_log *log)
{
	uint64_t wall = log->wall();
	time_t seconds = (time_t)(wall / MR_NS_PER_S);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	add(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(wall % MR_NS_PER_S / MR_NS_PER_MS));
}

static void add_plain(struct mr_line *l, const struct saying *s)
{
	mr_line_plain(l, s->text, strlen(s->text));
	if (s->held)
		add(l, " (%" PRIu64 " lines like this left out)", s->held);
}

static void add_member(struct mr_line *l, const char *name, const char *text)
{
	if (!text)
		return;
	add(l, ",\"%s\":\"", name);
	mr_line_json(l, text, strlen(text));
	mr_line_raw(l, "\"", 1);
}

/* What it ends with has room set aside, so that a text that is cut is still an object. */
static void add_json(struct mr_line *l, const struct mr_log *log, const struct saying *s)
{
	static const size_t end = sizeof "\",\"held\":18446744073709551615}";

	l->room -= end;
	add(l, "{\"time\":\"");
	add_time(l, log);
	add(l, "\",\"level\":\"%s\"", mr_log_levels[s->level]);
	add_member(l, "place", s->place);
	add_member(l, "peer", s->peer);
	add(l, ",\"message\":\"");
	mr_line_json(l, s->text, strlen(s->text));
	l->room += end;
	mr_line_raw(l, "\"", 1);
	if (s->held)
		add(l, ",\"held\":%" PRIu64, s->held);
	mr_line_raw(l, "}", 1);
}

static void add_form(struct mr_line *l, const struct mr_log *log, const struct saying *s)
{
	static const int priority[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_DEBUG };

	if (log->format == MR_LOG_JSON) {
		add_json(l, log, s);
		return;
	}
	if (log->format == MR_LOG_JOURNAL) {
		add(l, "<%d>", priority[s->level]);
	} else {
		add_time(l, log);
		add(l, " %-5s ", mr_log_levels[s->level]);
	}
	add_plain(l, s);
}

/* ---- writing ---- */

static bool put(const struct mr_log *log, const struct saying *s)
{
	char text[MR_LOG_JSON_LINE];
	struct mr_line l = { .text = text,
		             .room = (log->format == MR_LOG_JSON ? MR_LOG_JSON_LINE :
		                                                   MR_LOG_LINE) - 1 };

	add_form(&l, log, s);
	l.text[l.n++] = '\n';
	if (log->keeper)
		return mr_log_keeper_write(log->keeper, l.text, l.n);
	return write(log->fd, l.text, l.n) >= 0; /* else there is nowhere left to tell it */
}

/* Lines that were lost are told of before the next one. */
static void tell_lost(const struct mr_log *log)
{
	const char *why = "";
	uint64_t lost = log->keeper ? mr_log_keeper_lost(log->keeper, &why) : 0;
	struct saying s = { .level = MR_LOG_WARN, .place = "log" };

	if (!lost)
		return;
	snprintf(s.text, sizeof s.text, "%" PRIu64 " lines lost: %s", lost, why);
	if (put(log, &s))
		mr_log_keeper_told(log->keeper, lost);
}

static void say(const struct mr_log *log, struct saying *s)
{
	s->place = log->place;
	tell_lost(log);
	if (!put(log, s) && log->keeper)
		mr_log_keeper_lose(log->keeper);
}

void mr_log(const struct mr_log *log, enum mr_level level, const char *fmt, ...)
{
	struct saying s = { .level = level };
	va_list ap;

	if (level > log->level)
		return;
	va_start(ap, fmt);
	vsnprintf(s.text, sizeof s.text, fmt, ap);
	va_end(ap);
	say(log, &s);
}

void mr_log_limited(const struct mr_log *log, enum mr_level level, const char *source,
                    const char *peer, const char *fmt, ...)
{
	struct saying s = { .level = level, .peer = peer };
	va_list ap;

	if (level > log->level)
		return;
	if (log->keeper && !mr_log_keeper_may(log->keeper, source, peer, &s.held))
		return;
	va_start(ap, fmt);
	vsnprintf(s.text, sizeof s.text, fmt, ap);
	va_end(ap);
	say(log, &s);
}

void mr_log_report(const struct mr_log *log, const char *before, const struct mr_report *report)
{
	unsigned errors = 0;

	for (unsigned i = 0; i < report->n; i++) {
		const struct mr_complaint *c = &report->list[i];

		errors += !c->warning;
		mr_log(log, c->warning ? MR_LOG_WARN : MR_LOG_ERROR, "%s%s", before, c->text);
	}
	if (errors < report->errors)
		mr_log(log, MR_LOG_ERROR, "%sand %u more", before, report->errors - errors);
}

void mr_log_catch_up(const struct mr_log *log)
{
	struct mr_log all = { 0 };
	const char *source;
	uint64_t held;

	if (!log->keeper)
		return;
	tell_lost(log);
	all = mr_log_of(log, "log");
	all.level = MR_LOG_TRACE; /* lines like it are written */
	while ((held = mr_log_keeper_overdue(log->keeper, &source)))
		mr_log(&all, MR_LOG_INFO, "%" PRIu64 " lines left out like \"%s\"", held, source);
}
