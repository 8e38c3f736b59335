/* Log lines: their three forms, levels, harmless text, cutting, who says too much, readers that do
 * not read. */
#include "core/log.h"
#include "core/log_keeper.h"
#include "core/log_text.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t wall(void)
{
	return UINT64_C(1772366400) * MR_NS_PER_S + 7 * MR_NS_PER_MS; /* 2026-03-01 12:00:00.007 */
}

static uint64_t time_now; /* ns, of keepers */

static uint64_t now(void)
{
	return time_now;
}

struct pipe_log {
	struct mr_log log;
	int           out, in;
};

static struct pipe_log open_log(enum mr_level level)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	return (struct pipe_log){ .log = { .level = level, .fd = fd[1], .wall = wall },
		                  .out = fd[0], .in = fd[1] };
}

static struct pipe_log open_kept(enum mr_level level)
{
	struct pipe_log p = open_log(level);

	time_now = 1000 * MR_NS_PER_S;
	p.log.keeper = mr_log_keeper_open(p.in, now);
	ck_assert_ptr_nonnull(p.log.keeper);
	return p;
}

/* All that was written; the log is closed. */
static void read_log(struct pipe_log *p, char *text, size_t room)
{
	size_t n = 0;
	ssize_t got;

	mr_log_keeper_close(p->log.keeper);
	close(p->in);
	while ((got = read(p->out, text + n, room - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(p->out);
}

/* ---- forms ---- */

#define TIME "2026-03-01T12:00:00.007Z"

static const struct {
	enum mr_log_format format;
	enum mr_level      level;
	const char        *place, *peer, *text, *line;
} forms[] = {
	{ MR_LOG_AUTO, MR_LOG_INFO, NULL, NULL, "mtu is 1280", TIME " info  mtu is 1280\n" },
	{ MR_LOG_TEXT, MR_LOG_ERROR, "run", "p", "a\nb\x1b[1m", TIME " error a?b?[1m\n" },
	{ MR_LOG_TEXT, MR_LOG_DEBUG, "run", NULL, "not this", "" },
	{ MR_LOG_JOURNAL, MR_LOG_ERROR, NULL, NULL, "e", "<3>e\n" },
	{ MR_LOG_JOURNAL, MR_LOG_WARN, NULL, NULL, "<0>w", "<4><0>w\n" },
	{ MR_LOG_JOURNAL, MR_LOG_INFO, "run", "p", "a\n<0>b", "<6>a?<0>b\n" },
	{ MR_LOG_JSON, MR_LOG_INFO, NULL, NULL, "", "{\"time\":\"" TIME "\",\"level\":\"info\","
	  "\"message\":\"\"}\n" },
	{ MR_LOG_JSON, MR_LOG_WARN, "node", "0a1b", "say \"hi\"\\\n\t\x7f", "{\"time\":\"" TIME "\","
	  "\"level\":\"warn\",\"place\":\"node\",\"peer\":\"0a1b\","
	  "\"message\":\"say \\\"hi\\\"\\\\\\n\\u0009\\u007f\"}\n" },
};

START_TEST(three_forms)
{
	struct pipe_log p = open_log(MR_LOG_INFO);
	char text[4096];

	p.log.format = forms[_i].format;
	p.log.place = forms[_i].place;
	mr_log_limited(&p.log, forms[_i].level, "x", forms[_i].peer, "%s", forms[_i].text);
	read_log(&p, text, sizeof text);
	ck_assert_str_eq(text, forms[_i].line);
}
END_TEST

/* What a file or a peer may say: as a terminal is shown it, and as JSON. */
static const struct { const char *said, *plain, *json; } texts[] = {
	{ "plain", "plain", "plain" },
	{ "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\x9f", "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\x9f",
	  "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\x9f" },
	{ "\x80", "?", "\\ufffd" },                           /* no beginning     */
	{ "\xc3", "?", "\\ufffd" },                           /* cut off          */
	{ "\xc3x", "?x", "\\ufffdx" },
	{ "\xc0\xaf", "??", "\\ufffd\\ufffd" },               /* overlong         */
	{ "\xe0\x80\xaf", "???", "\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "???", "\\ufffd\\ufffd\\ufffd" },   /* a surrogate      */
	{ "\xf4\x90\x80\x80", "????", "\\ufffd\\ufffd\\ufffd\\ufffd" }, /* too high */
	{ "\xff\xfe", "??", "\\ufffd\\ufffd" },
	{ "\xc2\x9b" "31m", "?31m", "\\u009b31m" },           /* C1: CSI          */
	{ "a\xe2\x80\xa8" "b", "a?b", "a\\u2028b" },          /* line separator   */
	{ "\xe2\x80\xae" "cod", "?cod", "\\u202ecod" },       /* right to left    */
	{ "\xd8\x9c" "cod", "?cod", "\\u061ccod" },           /* and its mark     */
	{ "\xef\xbf\xbd", "\xef\xbf\xbd", "\xef\xbf\xbd" },   /* U+FFFD itself    */
	{ "\r\b", "??", "\\u000d\\u0008" },
};

START_TEST(texts_are_harmless)
{
	char plain[64] = "", json[64] = "";
	struct mr_line p = { .text = plain, .room = sizeof plain - 1 };
	struct mr_line j = { .text = json, .room = sizeof json - 1 };

	mr_line_plain(&p, texts[_i].said, strlen(texts[_i].said));
	mr_line_json(&j, texts[_i].said, strlen(texts[_i].said));
	ck_assert_str_eq(plain, texts[_i].plain);
	ck_assert_str_eq(json, texts[_i].json);
}
END_TEST

/* Whatever bytes come, a JSON line is one object on one line. */
START_TEST(any_bytes_are_json)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct pipe_log p = open_log(MR_LOG_INFO);
		char said[1500], line[MR_LOG_JSON_LINE + 1];
		unsigned rand = seed * 2654435761u;
		json_t *doc;

		for (size_t i = 0; i < sizeof said - 1; i++) {
			rand = rand * 1103515245u + 12345;
			said[i] = "\x01\"\\\xc3\xe2\xf0"[rand % 6];
			if (seed % 3)
				said[i] = (char)(rand >> 24 ? rand >> 24 : 'x');
		}
		said[sizeof said - 1] = '\0';
		p.log.format = MR_LOG_JSON;
		mr_log(&p.log, MR_LOG_INFO, "%s", said);
		read_log(&p, line, sizeof line);
		ck_assert_uint_eq(strcspn(line, "\n"), strlen(line) - 1);
		doc = json_loads(line, 0, NULL);
		ck_assert_ptr_nonnull(doc);
		ck_assert_str_eq(json_string_value(json_object_get(doc, "level")), "info");
		ck_assert_uint_gt(strlen(json_string_value(json_object_get(doc, "message"))), 100);
		json_decref(doc);
	}
}
END_TEST

START_TEST(long_lines_are_cut)
{
	static const enum mr_log_format all[] = { MR_LOG_TEXT, MR_LOG_JOURNAL, MR_LOG_JSON };
	struct pipe_log p = open_log(MR_LOG_INFO);
	char text[8192];

	p.log.format = all[_i];
	mr_log(&p.log, MR_LOG_INFO, "%2000s", "x");
	mr_log(&p.log, MR_LOG_INFO, "next");
	read_log(&p, text, sizeof text);
	ck_assert_uint_le(strcspn(text, "\n"),
	                  all[_i] == MR_LOG_JSON ? MR_LOG_JSON_LINE - 1 : MR_LOG_LINE - 1);
	ck_assert_ptr_nonnull(strstr(strchr(text, '\n'), "next"));
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(reports)
{
	static const struct { enum mr_log_format format; const char *before, *lines; } as[] = {
		{ MR_LOG_TEXT, "", TIME " error a.json: is wrong\n" TIME " warn  b.json: is odd\n" },
		{ MR_LOG_TEXT, "reload: ", TIME " error reload: a.json: is wrong\n"
		                           TIME " warn  reload: b.json: is odd\n" },
		{ MR_LOG_JOURNAL, "", "<3>a.json: is wrong\n<4>b.json: is odd\n" },
	};
	struct pipe_log p = open_log(MR_LOG_INFO);
	struct mr_report report = { 0 };
	char text[4096];

	mr_complain(&report, (struct mr_where){ .file = "a.json" }, "is wrong");
	mr_warn(&report, (struct mr_where){ .file = "b.json" }, "is odd");
	p.log.format = as[_i].format;
	mr_log_report(&p.log, as[_i].before, &report);
	read_log(&p, text, sizeof text);
	ck_assert_str_eq(text, as[_i].lines);
	mr_report_free(&report);
}
END_TEST

START_TEST(the_journal_is_known)
{
	struct pipe_log p = open_log(MR_LOG_INFO);
	char text[64];
	struct stat st;

	ck_assert_int_eq(fstat(p.in, &st), 0);
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(mr_log_format_for(MR_LOG_AUTO, p.in), MR_LOG_TEXT);
	setenv("JOURNAL_STREAM", text, 1);
	ck_assert_int_eq(mr_log_format_for(MR_LOG_AUTO, p.in), MR_LOG_JOURNAL);
	ck_assert_int_eq(mr_log_format_for(MR_LOG_JSON, p.in), MR_LOG_JSON);
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", text, 1); /* standard error was redirected since */
	ck_assert_int_eq(mr_log_format_for(MR_LOG_AUTO, p.in), MR_LOG_TEXT);
	setenv("JOURNAL_STREAM", "junk", 1);
	ck_assert_int_eq(mr_log_format_for(MR_LOG_AUTO, p.in), MR_LOG_TEXT);
	unsetenv("JOURNAL_STREAM");
	read_log(&p, text, sizeof text);
}
END_TEST

/* ---- who says too much ---- */

/* R7: what is said when (ms), how often, of whom, how many of these lines are written, and what the
 * last one tells. */
static const struct {
	unsigned    ms, times;
	const char *source, *peer;
	unsigned    written;
	const char *last;
} walk[] = {
	{     0,   7, "up", "a",    5, "line\n" },
	{     0,   5, "up", "b",    5, "line\n" },      /* a's silence is not b's       */
	{     0,   2, "down", "a",  2, "line\n" },      /* nor another place's          */
	{  1999,   1, "up", "a",    0, NULL },
	{  2000,   2, "up", "a",    1, "line (1 lines like this left out)\n" },
	{  2000,   1, "up", "b",    1, "line (1 lines like this left out)\n" },
	{ 12000,   6, "up", "a",    5, "line\n" },      /* full again, not fuller       */
	{ 40000, 150, "many", NULL, 100, "line\n" },    /* without a peer               */
	{ 40199,   1, "many", NULL, 0, NULL },
	{ 40200,   1, "many", NULL, 1, "line (51 lines like this left out)\n" },
};

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

START_TEST(places_and_peers)
{
	struct pipe_log p = open_kept(MR_LOG_WARN);
	uint64_t start = time_now;
	char *text = malloc(1 << 16), *line;
	unsigned said = 0, written = 0;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < COUNT(walk); i++) {
		ssize_t got;

		time_now = start + walk[i].ms * MR_NS_PER_MS;
		for (unsigned n = 0; n < walk[i].times; n++, said++)
			mr_log_limited(&p.log, MR_LOG_WARN, walk[i].source, walk[i].peer, "line");
		fcntl(p.out, F_SETFL, O_NONBLOCK);
		got = read(p.out, text, (1 << 16) - 1);
		text[got > 0 ? got : 0] = '\0';
		for (line = text, got = 0; (line = strchr(line, '\n')); line++)
			got++;
		ck_assert_msg(got == (ssize_t)walk[i].written, "row %zu: %zd lines", i, got);
		written += (unsigned)got;
		if (walk[i].last)
			ck_assert_msg(ends_in(text, walk[i].last), "row %zu: ... %s", i, text);
	}
	ck_assert_uint_eq(mr_log_keeper_counts(p.log.keeper).held, said - written);
	mr_log_limited(&p.log, MR_LOG_INFO, "up", "a", "below the level"); /* costs nothing */
	ck_assert_uint_eq(mr_log_keeper_counts(p.log.keeper).held, said - written);
	read_log(&p, text, 1 << 16);
	free(text);
}
END_TEST

/* Peers without end, whose keys cost nothing:
 * no more lines than the place may say, no more memory. */
START_TEST(a_flood_of_strangers)
{
	struct pipe_log p = open_kept(MR_LOG_INFO);
	char *text = malloc(1 << 20);
	unsigned lines = 0;

	fcntl(p.in, F_SETPIPE_SZ, 1 << 20);
	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < 20000; i++) {
		char peer[16];

		snprintf(peer, sizeof peer, "%x", i);
		mr_log_limited(&p.log, MR_LOG_INFO, "link to %s is up", peer, "link to %s is up",
		               peer);
		time_now += MR_NS_PER_MS;
	}
	mr_log_limited(&p.log, MR_LOG_INFO, "another", "0", "another place is heard");
	ck_assert_uint_eq(mr_log_keeper_counts(p.log.keeper).held, 20000 - 100 - 100 + 1);
	read_log(&p, text, 1 << 20);
	for (const char *line = text; (line = strchr(line, '\n')); line++)
		lines++;
	ck_assert_uint_eq(lines, 100 + 100 - 1 + 1);
	ck_assert_ptr_nonnull(strstr(text, "another place is heard\n"));
	free(text);
}
END_TEST

/* A place that falls silent: what it could not say is told all the same. */
START_TEST(what_is_held_is_told_later)
{
	struct pipe_log p = open_kept(MR_LOG_INFO);
	char text[4096];

	for (unsigned i = 0; i < 9; i++)
		mr_log_limited(&p.log, MR_LOG_INFO, "from %s", "a", "from %s", "a");
	time_now += MR_LOG_TELL - 1;
	mr_log_catch_up(&p.log);
	ck_assert_int_eq((int)read(p.out, text, sizeof text), 5 * (int)strlen(TIME " info  from a\n"));
	time_now += 1;
	mr_log_catch_up(&p.log);
	mr_log_catch_up(&p.log);
	read_log(&p, text, sizeof text);
	ck_assert_str_eq(text, TIME " info  4 lines left out like \"from %s\"\n");
}
END_TEST

/* ---- readers that do not read ---- */

enum reader { PIPE, SOCKET, READERS };

static struct pipe_log open_reader(enum reader kind)
{
	struct pipe_log p = { .log = { .level = MR_LOG_INFO, .wall = wall } };
	int fd[2];

	if (kind == PIPE)
		return open_kept(MR_LOG_INFO);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	p.out = fd[0];
	p.in = fd[1];
	p.log.keeper = mr_log_keeper_open(p.in, now);
	return p;
}

/* R17: nobody reads: nothing waits, each line is there once, whole, or counted and told of. */
START_TEST(a_reader_that_stands_still)
{
	struct pipe_log p = open_reader((enum reader)_i);
	char *text = malloc(1 << 22), *line;
	struct mr_log_counts counts;
	unsigned long lines = 0, told = 0, n;
	size_t got;

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < 20000; i++)
		mr_log(&p.log, MR_LOG_INFO, "line %u of many, which fill whatever there is", i);
	counts = mr_log_keeper_counts(p.log.keeper);
	ck_assert_uint_gt(counts.lost, 10000);
	ck_assert_int_eq(fcntl(p.in, F_GETFL) & O_NONBLOCK, 0); /* others write there too */
	got = (size_t)read(p.out, text, 1 << 20);
	mr_log(&p.log, MR_LOG_INFO, "at last");
	ck_assert_uint_eq(mr_log_keeper_counts(p.log.keeper).lost, counts.lost);
	read_log(&p, text + got, (1 << 22) - got);
	ck_assert_str_eq(text + strlen(text) - 8, "at last\n");
	for (char *rest = text; (line = strsep(&rest, "\n"));) {
		lines += strstr(line, " info  line ") && strstr(line, "whatever there is");
		if (sscanf(line, "%*s warn %lu lines lost", &n) == 1)
			told += n;
	}
	ck_assert_uint_eq(told, counts.lost);
	ck_assert_uint_eq(lines + told, 20000);
	free(text);
}
END_TEST

/* The reader has gone: lines are lost, and nothing else happens. */
START_TEST(a_reader_that_has_gone)
{
	struct pipe_log p = open_reader((enum reader)_i);

	signal(SIGPIPE, SIG_IGN);
	close(p.out);
	mr_log(&p.log, MR_LOG_INFO, "to nobody");
	mr_log_catch_up(&p.log);
	ck_assert_uint_eq(mr_log_keeper_counts(p.log.keeper).lost, 1);
	mr_log_keeper_close(p.log.keeper);
	close(p.in);
}
END_TEST

/* R17: a file that can grow no more costs lines; how many and why is said when it can. */
START_TEST(a_disk_that_is_full)
{
	struct mr_log log = { .level = MR_LOG_INFO, .wall = wall };
	char name[] = "/tmp/millrace-log-XXXXXX", text[4096] = "";
	struct rlimit before, small;
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	signal(SIGXFSZ, SIG_IGN);
	log.keeper = mr_log_keeper_open(fd, now);
	ck_assert_ptr_nonnull(log.keeper);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 64, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 5; i++)
		mr_log(&log, MR_LOG_INFO, "line %u of five", i);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_uint_eq(mr_log_keeper_counts(log.keeper).lost, 3); /* one is there in part */
	mr_log(&log, MR_LOG_INFO, "at last");
	ck_assert_int_gt(pread(fd, text, sizeof text - 1, 0), 0);
	ck_assert_str_eq(text, TIME " info  line 0 of five\n" TIME " info  line 1 of five\n"
	                       TIME " warn  3 lines lost: File too large\n" TIME " info  at last\n");
	mr_log_keeper_close(log.keeper);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, three_forms, 0, COUNT(forms));
	tcase_add_loop_test(t, texts_are_harmless, 0, COUNT(texts));
	tcase_add_test(t, any_bytes_are_json);
	tcase_add_loop_test(t, long_lines_are_cut, 0, 3);
	tcase_add_loop_test(t, reports, 0, 3);
	tcase_add_test(t, the_journal_is_known);
	tcase_add_test(t, places_and_peers);
	tcase_add_test(t, a_flood_of_strangers);
	tcase_add_test(t, what_is_held_is_told_later);
	tcase_add_loop_test(t, a_reader_that_stands_still, 0, READERS);
	tcase_add_loop_test(t, a_reader_that_has_gone, 0, READERS);
	tcase_add_test(t, a_disk_that_is_full);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
