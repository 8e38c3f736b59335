/* log - one line, one write. */
#include "core/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

const char *const mr_log_levels[] = { "error", "warn", "info", "debug", "trace", NULL };

/* Text being put together; the last byte stays free for the newline. */
struct line {
	char     text[MR_LOG_LINE];
	unsigned n;
};

static void vadd(struct line *l, const char *fmt, va_list ap)
{
	unsigned room = MR_LOG_LINE - 1 - l->n;
	int n = vsnprintf(l->text + l->n, room, fmt, ap);

	if (n > 0)
		l->n += (unsigned)n < room ? (unsigned)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vadd(l, fmt, ap);
	va_end(ap);
}

static void begin(struct line *l, const struct mr_log *log, enum mr_level level)
{
	uint64_t wall = log->wall();
	time_t seconds = (time_t)(wall / MR_NS_PER_S);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	l->n = 0;
	add(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ %-5s ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (unsigned)(wall % MR_NS_PER_S / MR_NS_PER_MS), mr_log_levels[level]);
}

static void finish(struct line *l, const struct mr_log *log)
{
	for (unsigned i = 0; i < l->n; i++)
		if ((unsigned char)l->text[i] < ' ' || l->text[i] == 0x7f)
			l->text[i] = '?';
	l->text[l->n++] = '\n';
	if (write(log->fd, l->text, l->n) < 0)
		return; /* nowhere left to tell it */
}

struct mr_log mr_log_stderr(enum mr_level level)
{
	return (struct mr_log){ .level = level, .fd = STDERR_FILENO, .wall = mr_clock_wall };
}

void mr_log(const struct mr_log *log, enum mr_level level, const char *fmt, ...)
{
	struct line l;
	va_list ap;

	if (level > log->level)
		return;
	begin(&l, log, level);
	va_start(ap, fmt);
	vadd(&l, fmt, ap);
	va_end(ap);
	finish(&l, log);
}

/* May this line pass?  Counts it either way. */
static bool admit(struct mr_log_limit *limit, uint64_t now)
{
	if (limit->lines == 0 || now - limit->since >= MR_LOG_SPAN) {
		limit->since = now;
		limit->lines = 0;
	}
	if (limit->lines < MR_LOG_BURST) {
		limit->lines++;
		return true;
	}
	limit->held++;
	return false;
}

void mr_log_limited(const struct mr_log *log, struct mr_log_limit *limit, uint64_t now,
                    enum mr_level level, const char *fmt, ...)
{
	struct line l;
	va_list ap;

	if (level > log->level || !admit(limit, now))
		return;
	begin(&l, log, level);
	va_start(ap, fmt);
	vadd(&l, fmt, ap);
	va_end(ap);
	if (limit->held > 0)
		add(&l, " (%" PRIu64 " lines like this left out)", limit->held);
	limit->held = 0;
	finish(&l, log);
}
