/* Log lines: what a line looks like, levels, harmless text, cutting, the limit of a place. */
#include "core/log.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t wall(void)
{
	return UINT64_C(1772366400) * MR_NS_PER_S + 7 * MR_NS_PER_MS; /* 2026-03-01 12:00:00.007 */
}

struct pipe_log {
	struct mr_log log;
	int           out;
};

static struct pipe_log open_log(enum mr_level level)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	return (struct pipe_log){ .log = { .level = level, .fd = fd[1], .wall = wall }, .out = fd[0] };
}

/* All that was written; the log is closed. */
static void read_log(struct pipe_log *p, char *text, size_t room)
{
	size_t n = 0;
	ssize_t got;

	close(p->log.fd);
	while ((got = read(p->out, text + n, room - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(p->out);
}

START_TEST(lines)
{
	struct pipe_log p = open_log(MR_LOG_INFO);
	char text[4096];

	mr_log(&p.log, MR_LOG_INFO, "%s is %d", "mtu", 1280);
	mr_log(&p.log, MR_LOG_DEBUG, "not this");
	mr_log(&p.log, MR_LOG_ERROR, "a\nb\x1b[1m");
	read_log(&p, text, sizeof text);
	ck_assert_str_eq(text, "2026-03-01T12:00:00.007Z info  mtu is 1280\n"
	                       "2026-03-01T12:00:00.007Z error a?b?[1m\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	struct pipe_log p = open_log(MR_LOG_INFO);
	char text[4096];

	mr_log(&p.log, MR_LOG_INFO, "%2000s", "x");
	mr_log(&p.log, MR_LOG_INFO, "next");
	read_log(&p, text, sizeof text);
	ck_assert_uint_le(strcspn(text, "\n"), MR_LOG_LINE - 1);
	ck_assert_ptr_nonnull(strstr(text, "\n2026-03-01T12:00:00.007Z info  next\n"));
}
END_TEST

/* R7: when each line of one place comes (ms), whether it is written, and what it tells of others. */
static const struct { unsigned ms, times; const char *last; } walk[] = {
	{     0, 5, "line\n" },
	{   100, 3, NULL },
	{  9999, 1, NULL },
	{ 10000, 1, "line (4 lines like this left out)\n" },
	{ 10001, 1, "line\n" },
	{ 30000, 5, "line\n" },
	{ 30000, 1, NULL },
};

START_TEST(places)
{
	struct mr_log_limit limit = { 0 };

	for (size_t i = 0; i < COUNT(walk); i++) {
		struct pipe_log p = open_log(MR_LOG_WARN);
		char text[4096];

		for (unsigned n = 0; n < walk[i].times; n++)
			mr_log_limited(&p.log, &limit, walk[i].ms * MR_NS_PER_MS, MR_LOG_WARN, "line");
		read_log(&p, text, sizeof text);
		if (walk[i].last)
			ck_assert_ptr_nonnull(strstr(text, walk[i].last));
		else
			ck_assert_str_eq(text, "");
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");
	SRunner *r;
	int failed;

	tcase_add_test(t, lines);
	tcase_add_test(t, long_lines_are_cut);
	tcase_add_test(t, places);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
