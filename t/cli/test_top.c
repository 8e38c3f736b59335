/* What `millrace top` draws, from two answers of a node: a frame to the byte, then what other
 * answers and other looks change in it. */
#include "cli/top.h"
#include "core/json.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

#define HIST(count, p50, p99, max, buckets)                                 \
	"{\"count\":" count ",\"p50\":" p50 ",\"p99\":" p99 ",\"max\":" max \
	",\"buckets\":[" buckets "]}"
#define NONE HIST("0", "0", "0", "0", "")

static const char first[] =
	"{\"version\":\"0.1.0\",\"pid\":7,\"graph\":{\"name\":\"tiny\"},\"aead\":\"lanes\","
	"\"uptime_s\":100.000,\"conservation\":true,"
	"\"workers\":["
	"{\"name\":\"in\",\"busy_ns\":1000000000,\"held_ns\":0,\"idle_ns\":9000000000,"
	"\"events_lost\":0,\"pool\":{\"packets\":128,\"free\":100}},"
	"{\"name\":\"main\",\"busy_ns\":0,\"held_ns\":0,\"idle_ns\":5000000000,\"events_lost\":2,"
	"\"pool\":{\"packets\":0,\"free\":0}}],"
	"\"stages\":["
	"{\"name\":\"rx\",\"kind\":\"rx\",\"worker\":\"in\",\"replica\":0,"
	"\"packets\":{\"in\":0,\"made\":1000,\"out\":1000,\"dropped\":0},"
	"\"bytes\":{\"in\":0,\"out\":100000},\"busy_ns\":500000000,"
	"\"drops\":{\"short\":0},\"edges\":{\"frames\":{\"dropped\":0}},"
	"\"wait_ns\":" NONE ",\"service_ns\":"
	HIST("10", "767", "99999", "99999", "767,9,102399,1") "},"
	"{\"name\":\"open\",\"kind\":\"open\",\"worker\":\"main\",\"replica\":0,"
	"\"packets\":{\"in\":1000,\"made\":0,\"out\":990,\"dropped\":10},"
	"\"bytes\":{\"in\":100000,\"out\":90000},\"busy_ns\":0,"
	"\"drops\":{\"forged\":10,\"stale\":0},\"edges\":{\"ip\":{\"dropped\":0}},"
	"\"wait_ns\":" HIST("10", "767", "99999", "99999", "767,9,102399,1")
	",\"service_ns\":" HIST("10", "767", "767", "700", "767,10")
	",\"transit_ns\":" HIST("9", "1023", "1023", "1000", "1023,9") "}],"
	"\"edges\":["
	"{\"from\":\"rx.frames\",\"to\":\"open.frames\",\"inline\":false,\"depth\":1024,\"queued\":3,"
	"\"high_water\":64,\"packets\":1000,\"bytes\":100000,\"dropped\":0},"
	"{\"from\":\"open.ip\",\"to\":\"rx.ip\",\"inline\":true,\"depth\":0,\"queued\":0,"
	"\"high_water\":0,\"packets\":990,\"bytes\":90000,\"dropped\":0}]}";

/* Two seconds later: path and value of all that is another. */
static const char *const later[][2] = {
	{ "uptime_s", "102.0" },
	{ "workers[0].busy_ns", "2500000000" },
	{ "workers[0].held_ns", "300000000" },
	{ "workers[0].idle_ns", "9200000000" },
	{ "workers[1].idle_ns", "7000000000" },
	{ "stages[0].packets.made", "2001000" },
	{ "stages[0].packets.out", "2000990" },
	{ "stages[0].packets.dropped", "10" },
	{ "stages[0].bytes.out", "200100000" },
	{ "stages[0].busy_ns", "1900000000" },
	{ "stages[0].edges.frames.dropped", "10" },
	{ "stages[0].service_ns.count", "30" },
	{ "stages[0].service_ns.buckets", "[767,9,1279,20,102399,1]" },
	{ "stages[1].packets.in", "2000990" },
	{ "stages[1].packets.dropped", "1010" },
	{ "stages[1].bytes.in", "200099000" },
	{ "stages[1].drops.forged", "1009" },
	{ "stages[1].drops.stale", "1" },
	{ "stages[1].wait_ns.count", "20" },
	{ "stages[1].wait_ns.max", "1500000" },
	{ "stages[1].wait_ns.buckets", "[767,9,102399,10,1507327,1]" },
	{ "stages[1].transit_ns.count", "11" },
	{ "stages[1].transit_ns.max", "3000000" },
	{ "stages[1].transit_ns.buckets", "[1023,10,3014655,1]" },
	{ "edges[0].queued", "1000" },
	{ "edges[0].high_water", "1024" },
	{ "edges[0].packets", "2000990" },
	{ "edges[0].bytes", "200100000" },
	{ "edges[0].dropped", "10" },
	{ NULL, NULL },
};

static const char peers[] =
	"{\"peers\":["
	"{\"npub\":\"npub1a\",\"name\":\"alpha\",\"alias\":\"alpha\",\"configured\":true,\"state\":\"up\","
	"\"via\":\"udp 10.0.0.2:2121\",\"up_s\":7384.5,\"metrics\":{\"srtt_us\":1234,\"loss\":0.0}},"
	"{\"npub\":\"npub1b\",\"name\":\"beta\",\"alias\":null,\"configured\":true,\"state\":\"dialling\","
	"\"retries\":4,\"retry_in_s\":12.7},"
	"{\"npub\":\"npub1c\",\"name\":\"gamma\",\"alias\":null,\"configured\":false,\"state\":\"up\","
	"\"via\":\"tcp 10.0.0.3:8443\",\"up_s\":5,\"metrics\":{\"srtt_us\":0,\"loss\":0.125}}],"
	"\"sessions\":[{\"state\":\"established\"},{\"state\":\"initiating\"}]}";

typedef const char *const change[2];

/* A document with changes, as text; freed by the caller. */
static char *with(const char *doc, change *changes, change *more)
{
	struct mr_report report = { 0 };
	struct mr_json *json = mr_json_parse("doc", doc, strlen(doc), &report);
	char *text;

	ck_assert_ptr_nonnull(json);
	for (; changes && (*changes)[0]; changes++)
		mr_json_set(json, (*changes)[0], (*changes)[1], &report);
	for (; more && (*more)[0]; more++)
		mr_json_set(json, (*more)[0], (*more)[1], &report);
	ck_assert_uint_eq(report.errors, 0);
	text = json_dumps(mr_json_root(json), JSON_COMPACT);
	mr_json_free(json);
	mr_report_free(&report);
	return text;
}

static void take(struct cli_news *news, char *stats)
{
	ck_assert(cli_news_take(news, stats, strlen(stats), peers, strlen(peers)));
	free(stats);
}

/* The frame as text; freed by the caller. */
static char *frame(const struct cli_news *news, const struct cli_look *look)
{
	struct cli_sheet sheet;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cli_sheet_open(&sheet, look->width);
	cli_top_draw(&sheet, news, look);
	ck_assert(!sheet.failed);
	cli_sheet_print(&sheet, false, f);
	fclose(f);
	cli_sheet_close(&sheet);
	return text;
}

static void same_text(const char *got, const char *want)
{
	ck_assert_msg(strcmp(got, want) == 0, "got:\n%s\nwant:\n%s", got, want);
}

/* ---- frames ---- */

static const char whole[] =
	"millrace 0.1.0  graph tiny  aead lanes  pid 7  up 1m42s                  in 2.0s\n"
	"2 peers up, 1 down, 1 session  dropped 505/s  every packet accounted for\n"
	"worker                      busy  held  idle    buffers free  events lost\n"
	"in                           75%   15%   10%         100/128            0\n"
	"main                          0%    0%  100%                            2\n"
	"stage        worker  pkt/s bit/s drop/s busy  wait   p99   max  call   p99   max\n"
	"rx           in      1.00M  800M      5  70%     -     -     - 1.28u 1.28u 1.28u\n"
	"    dropped: frames (edge full) 5/s\n"
	"open         main    1.00M  800M    500   0%  102u 1.50m 1.50m     -     -     -\n"
	"    dropped: forged 500/s, stale 0.5/s\n"
	"through the node, to open                    1.02u 3.00m 3.00m\n"
	"ring                                    queued  depth   high  pkt/s bit/s drop/s\n"
	"rx.frames > open                          1000   1024   1024  1.00M  800M      5\n"
	"peer                      state            up   rtt   loss  by way of\n"
	"alpha                     up            2h03m 1.23m   0.0%  udp 10.0.0.2:2121\n"
	"beta                      dialling     tried 4 times, again in 12s\n"
	"gamma                     up               5s     -  12.5%  tcp 10.0.0.3:8443\n";

START_TEST(a_frame)
{
	struct cli_news news = { 0 };
	const struct cli_look look = { .width = 80, .height = 24, .interval_ms = 2000 };
	char *got;

	take(&news, with(first, NULL, NULL));
	take(&news, with(first, later, NULL));
	got = frame(&news, &look);
	same_text(got, whole);
	free(got);
	cli_news_close(&news);
}
END_TEST

/* What is in the frame, and what is not, after changes to the first answer and to the second. */
static const struct {
	const char *title;
	change     *before, *after;
	bool        drops;
	unsigned    sort;
	const char *has[5], *lacks[3];
} frames[] = {
	{ .title = "nothing new",
	  .after = (change[]){ { "uptime_s", "100.0" }, { NULL, NULL } },
	  .has = { " in 0.0s" }, .lacks = { "nan", "inf" } },
	{ .title = "restarted: another process",
	  .after = (change[]){ { "pid", "8" }, { "uptime_s", "3.0" }, { NULL, NULL } },
	  .has = { "restarted 3s ago", " since the start" } },
	{ .title = "restarted: another process, which runs longer",
	  .after = (change[]){ { "pid", "8" }, { "uptime_s", "300.0" }, { NULL, NULL } },
	  .has = { "restarted 5m00s ago", " since the start" } },
	{ .title = "restarted: counts and time went back",
	  .before = (change[]){ { "uptime_s", "5000.0" }, { "stages[0].packets.made", "99999999" },
	                        { NULL, NULL } },
	  .has = { "restarted 1m42s ago", " since the start" }, .lacks = { "nan", "-1" } },
	{ .title = "a count began anew in the same run",
	  .before = (change[]){ { "stages[0].packets.made", "99999999" }, { NULL, NULL } },
	  .has = { "rx           in      1.00M" } },
	{ .title = "packets are kept",
	  .after = (change[]){ { "stages[1].packets.held", "500" },
	                       { "stages[1].packets.out", "1000990" }, { NULL, NULL } },
	  .has = { "\n    keeps 500 packets, about 1.00m each\n" } },
	{ .title = "packets are kept for good",
	  .after = (change[]){ { "stages[0].packets.held", "1" }, { "stages[0].packets.out", "1000" },
	                       { NULL, NULL } },
	  .has = { "\n    keeps 1 packet and lets none go\n" } },
	{ .title = "packets missing",
	  .after = (change[]){ { "conservation", "false" }, { NULL, NULL } },
	  .has = { "PACKETS MISSING" }, .lacks = { "accounted for" } },
	{ .title = "no buckets: times since the start",
	  .after = (change[]){ { "stages[1].wait_ns.buckets", "null" },
	                       { "stages[1].wait_ns.p50", "4711" }, { NULL, NULL } },
	  .has = { " 4.71u " } },
	{ .title = "by drops", .sort = CLI_TOP_DROPS,
	  .has = { "stage by drop/s", "open         main" } },
	{ .title = "drops alone", .drops = true,
	  .has = { "   500   1.01k  open                 forged\n",
	           "     5      10  rx                   frames (edge full or nowhere)\n",
	           "   0.5       1  open                 stale\n" },
	  .lacks = { "worker", "short" } },
	{ .title = "nothing dropped", .drops = true,
	  .after = (change[]){ { "stages", "[]" }, { NULL, NULL } },
	  .has = { "Nothing was dropped since the start." } },
	{ .title = "several replicas",
	  .before = (change[]){ { "stages[1].name", "rx" }, { "stages[1].kind", "rx" },
	                        { "stages[1].replica", "1" }, { NULL, NULL } },
	  .after = (change[]){ { "stages[1].name", "rx" }, { "stages[1].kind", "rx" },
	                       { "stages[1].replica", "1" }, { NULL, NULL } },
	  .has = { "rx/0 ", "rx/1 " } },
	{ .title = "text that a terminal would obey",
	  .after = (change[]){ { "graph.name", "\"a\\u001b[2Jb\\u009b1mc\\nd\\u202ee\\u00e9\"" },
	                       { "workers[0].name", "\"\\u0007\\u007f\"" },
	                       { NULL, NULL } },
	  .has = { "graph a?[2Jb?1mc?d?e? ", "\n?? " }, .lacks = { "\033", "\302", "\007" } },
	{ .title = "nothing of the right type",
	  .after = (change[]){ { "workers", "[5,null,{}]" }, { "edges", "{\"a\":1}" },
	                       { "stages", "[{},7,{\"drops\":[],\"edges\":5,\"wait_ns\":\"x\"}]" },
	                       { "version", "5" }, { "uptime_s", "-3" }, { "graph", "[]" },
	                       { NULL, NULL } },
	  .has = { "millrace ?  graph ?" }, .lacks = { "nan", "inf" } },
	{ .title = "negative and huge numbers",
	  .after = (change[]){ { "stages[0].packets.made", "-5" },
	                       { "stages[1].packets.in", "9223372036854775807" },
	                       { "stages[1].wait_ns.buckets", "[-1,5,7,-3,9223372036854775807,1,4]" },
	                       { "uptime_s", "1e300" }, { NULL, NULL } },
	  .has = { "stage" }, .lacks = { "nan", "inf" } },
};

START_TEST(other_frames)
{
	const struct cli_look look = { .width = 80, .height = 24, .sort = frames[_i].sort,
		                       .drops = frames[_i].drops };
	struct cli_news news = { 0 };
	char *got;

	take(&news, with(first, frames[_i].before, NULL));
	take(&news, with(first, later, frames[_i].after));
	got = frame(&news, &look);
	for (unsigned i = 0; i < 5 && frames[_i].has[i]; i++)
		ck_assert_msg(strstr(got, frames[_i].has[i]) != NULL, "%s: no \"%s\" in:\n%s",
		              frames[_i].title, frames[_i].has[i], got);
	for (unsigned i = 0; i < 3 && frames[_i].lacks[i]; i++)
		ck_assert_msg(strstr(got, frames[_i].lacks[i]) == NULL, "%s: \"%s\" in:\n%s",
		              frames[_i].title, frames[_i].lacks[i], got);
	free(got);
	cli_news_close(&news);
}
END_TEST

/* By whatever it is sorted, the largest is first. */
START_TEST(sorted)
{
	static const char *const stage[] = { "rx ", "rx ", "open ", "rx ", "open ", "rx " };
	const struct cli_look look = { .width = 120, .sort = (unsigned)_i };
	struct cli_news news = { 0 };
	const char *title, *row;
	char *got;

	take(&news, with(first, NULL, NULL));
	take(&news, with(first, later, NULL));
	got = frame(&news, &look);
	title = strstr(got, "\nstage");
	ck_assert_ptr_nonnull(title);
	row = strchr(title + 1, '\n') + 1;
	ck_assert_msg(strncmp(row, stage[_i], strlen(stage[_i])) == 0, "%s:\n%s",
	              cli_top_sorts[_i], got);
	free(got);
	cli_news_close(&news);
}
END_TEST

/* What came over an edge since the answer before; of one that there was not before, all of it. */
START_TEST(edges_since)
{
	static const char *const other[][2] = { { "edges[1].to", "\"rx.other\"" }, { NULL, NULL } };
	struct cli_news news = { 0 };
	const struct cli_edge *e;

	take(&news, with(first, NULL, NULL));
	take(&news, with(first, later, other));
	ck_assert_uint_eq(news.sample.edges, 2);
	e = &news.sample.edge[0];
	ck_assert_uint_eq(e->packets.since, 2000990 - 1000);
	ck_assert_uint_eq(e->packets.all, 2000990);
	ck_assert_uint_eq(e->bytes.since, 200100000 - 100000);
	ck_assert_uint_eq(e->dropped.since, 10);
	e = &news.sample.edge[1];
	ck_assert_uint_eq(e->packets.since, 990);
	ck_assert_uint_eq(e->bytes.since, 90000);
	cli_news_close(&news);
}
END_TEST

/* The first answer alone is since the start; what is no answer changes nothing; absence is told. */
START_TEST(first_and_last)
{
	const struct cli_look look = { .width = 100 };
	struct cli_news news = { 0 };
	char *got;

	ck_assert(!cli_news_take(&news, "[]", 2, NULL, 0));
	ck_assert(!cli_news_take(&news, "{\"stages\":", 10, NULL, 0));
	ck_assert(!cli_news_take(&news, NULL, 0, NULL, 0));
	take(&news, with(first, NULL, NULL));
	ck_assert(!cli_news_take(&news, "gibberish", 9, "more", 4));
	got = frame(&news, &look);
	ck_assert_ptr_nonnull(strstr(got, " since the start"));
	ck_assert_ptr_nonnull(strstr(got, "rx  "));
	free(got);
	snprintf(news.gone, sizeof news.gone, "nobody answers at \033[31mx");
	news.gone_s = 75;
	got = frame(&news, &look);
	ck_assert_ptr_nonnull(strstr(got, "GONE for 1m15s: nobody answers at ?[31mx\n"));
	ck_assert_ptr_nonnull(strstr(got, "rx  ")); /* what was known last */
	free(got);
	take(&news, with(first, NULL, NULL));
	got = frame(&news, &look);
	ck_assert_ptr_null(strstr(got, "GONE"));
	free(got);
	cli_news_close(&news);
}
END_TEST

/* No row is wider than the window, whatever its width. */
START_TEST(any_width)
{
	static const unsigned width[] = { 1, 2, 10, 40, 79, 80, 81, 100, 200, 500 };
	const struct cli_look look = { .width = width[_i % 10], .drops = _i >= 10 };
	struct cli_news news = { 0 };
	char *got, *save = NULL;

	take(&news, with(first, NULL, NULL));
	take(&news, with(first, later, NULL));
	got = frame(&news, &look);
	for (char *line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		ck_assert_uint_le(strlen(line), look.width);
	free(got);
	cli_news_close(&news);
}
END_TEST

/* What an operator should see first is red, and nothing else is. */
START_TEST(red)
{
	static const char *const want[] = {
		", 1 down", "dropped 505/s  ", "15%", "5", "    dropped: frames (edge full) 5/s", "500",
		"    dropped: forged 500/s, stale 0.5/s", "1000", "5", "beta", "dialling",
		"tried 4 times, again in 12s", "12.5%",
	};
	static const char begin[] = "\033[0;31m";
	const struct cli_look look = { .width = 80 };
	struct cli_news news = { 0 };
	struct cli_sheet sheet;
	char *text = NULL;
	const char *at;
	size_t len, n = 0;
	FILE *f = open_memstream(&text, &len);

	take(&news, with(first, NULL, NULL));
	take(&news, with(first, later, NULL));
	cli_sheet_open(&sheet, look.width);
	cli_top_draw(&sheet, &news, &look);
	cli_sheet_print(&sheet, true, f);
	fclose(f);
	for (at = text; (at = strstr(at, begin)); n++) {
		size_t end;

		at += sizeof begin - 1;
		end = strcspn(at, "\033");
		ck_assert_msg(n < COUNT(want) && end == strlen(want[n]) &&
		                      !strncmp(at, want[n], end),
		              "%zu: \"%.*s\" is red", n, (int)end, at);
	}
	ck_assert_uint_eq(n, COUNT(want));
	free(text);
	cli_sheet_close(&sheet);
	cli_news_close(&news);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("top");
	TCase *t = tcase_create("top");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_frame);
	tcase_add_loop_test(t, other_frames, 0, (int)COUNT(frames));
	tcase_add_loop_test(t, sorted, 0, 6);
	tcase_add_test(t, edges_since);
	tcase_add_test(t, first_and_last);
	tcase_add_loop_test(t, any_width, 0, 20);
	tcase_add_test(t, red);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
