/* How long packets may wait (R7, R19): the law by its times, who is cut, who pays; and the same
 * in the runtime, where the clock is a number too:
 * which rings have the rule, and what it leaves alone. */

#include "core/sojourn.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "t/lib/actors.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MS        MR_NS_PER_MS
#define TARGET    (5 * MS)
#define INTERVAL  (100 * MS)
#define BEGIN     (1000 * MS)

static struct mr_sojourn rule;

static void fresh(void)
{
	mr_sojourn_init(&rule, TARGET, INTERVAL);
}

/* ---- the law ---- */

/* Vectors of 64 that waited so long, every `step`, from one time until before another.  Returns the
 * packets due. */
static unsigned serve(uint64_t from, uint64_t until, uint64_t step, uint64_t waited)
{
	unsigned due = 0;

	for (uint64_t now = from; now < until; now += step)
		due += mr_sojourn_due(&rule, waited, false, 64, now);
	return due;
}

/* What never stands for an interval loses nothing. */
START_TEST(bursts_pass)
{
	fresh();
	ck_assert_uint_eq(serve(BEGIN, BEGIN + 1000 * INTERVAL, MS, TARGET - 1), 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t at = BEGIN + 2000 * INTERVAL + i * INTERVAL;

		ck_assert_uint_eq(serve(at, at + INTERVAL - MS, MS, 50 * TARGET), 0);
		/* once below, or nothing behind it, and the interval begins again */
		ck_assert_uint_eq(mr_sojourn_due(&rule, i % 2 ? 0 : 50 * TARGET, i % 2 == 0, 64,
		                                 at + INTERVAL - MS), 0);
	}
	mr_sojourn_init(&rule, 0, INTERVAL);
	ck_assert_uint_eq(serve(BEGIN, BEGIN + 10 * INTERVAL, MS, 50 * TARGET), 0);
}
END_TEST

/* The first drop after an interval, the next ones interval / sqrt(n) after one another: RFC 8289
 * 5.3, looked at every 10 us. */
START_TEST(drops_come_by_the_square_root)
{
	double due_at = 1000 + 100;
	unsigned drops = 0;

	fresh();
	for (uint64_t now = BEGIN; drops < 50; now += 10000) {
		if (mr_sojourn_due(&rule, TARGET + TARGET / 2, false, 64, now) == 0)
			continue;
		ck_assert_msg(fabs((double)now / MS - due_at) < 0.1, "drop %u at %f ms, not %f",
		              drops + 1, (double)now / MS, due_at);
		drops++;
		due_at += 100 / sqrt(drops);
	}
}
END_TEST

/* Who looks seldom finds several due at once, and no more than there are packets. */
START_TEST(all_that_are_due)
{
	fresh();
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 64, BEGIN), 0);
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 64, BEGIN + INTERVAL), 1);
	/* 100, 170.7, 228.4, 278.4 and 323.1 ms after that */
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 64, BEGIN + INTERVAL + 324 * MS), 5);
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 3, BEGIN + INTERVAL + 3240 * MS), 3);
}
END_TEST

/* One wait below target ends it.  Within 16 intervals it goes on at the pace it had,
 * after that anew. */
START_TEST(a_queue_that_stood_is_remembered)
{
	static const struct {
		unsigned pause; /* intervals */
		double   next;  /* ms from the first drop to the second */
	} row[] = { { 2, 100 / 3.0 }, { 12, 100 / 3.0 }, { 17, 100 }, { 100, 100 } };

	for (unsigned i = 0; i < COUNT(row); i++) {
		uint64_t at = BEGIN;
		unsigned drops = 0;

		fresh();
		for (; drops < 10; at += 10000) /* the first and nine more: begins again with 9 */
			drops += mr_sojourn_due(&rule, TARGET + MS, false, 64, at);
		ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET - 1, false, 64, at), 0);
		at += row[i].pause * INTERVAL;
		ck_assert_uint_eq(serve(at, at + INTERVAL, MS, TARGET + MS), 0);
		at += INTERVAL;
		ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET + MS, false, 64, at), 1);
		at += (uint64_t)(row[i].next * MS);
		ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET + MS, false, 64, at - MS), 0);
		ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET + MS, false, 64, at + MS), 1);
	}
}
END_TEST

/* A sender that takes no notice: two intervals after the first drop all that is over target goes,
 * an eighth of an interval after it comes again;
 * and 16 intervals after the last of it the law is back. */
START_TEST(who_does_not_listen_is_cut)
{
	uint64_t at = BEGIN + 3 * INTERVAL;

	fresh();
	ck_assert_uint_eq(serve(BEGIN, at, MS, 2 * TARGET), 3);
	ck_assert_uint_eq(mr_sojourn_due(&rule, 2 * TARGET, false, 64, at), 64);
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 64, at), 64);
	ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET - 1, false, 64, at), 0);
	ck_assert_uint_eq(mr_sojourn_due(&rule, 3 * TARGET, true, 64, at), 0); /* none behind it */
	for (unsigned i = 0; i < 5; i++) {
		at += 15 * INTERVAL;
		ck_assert_uint_eq(serve(at, at + INTERVAL / 8, MS / 2, 9 * TARGET), 0);
		at += INTERVAL / 8;
		ck_assert_uint_eq(mr_sojourn_due(&rule, TARGET, false, 64, at), 64);
		ck_assert_uint_eq(mr_sojourn_due(&rule, 0, false, 64, at), 0);
	}
	at += 16 * INTERVAL;
	ck_assert_uint_eq(serve(at, at + INTERVAL, MS, 10 * TARGET), 0);
}
END_TEST

/* Between target and twice that only the law is at work, for as long as it takes. */
START_TEST(who_listens_is_not)
{
	fresh();
	for (uint64_t now = BEGIN; now < BEGIN + 100 * INTERVAL; now += MS)
		ck_assert_uint_le(mr_sojourn_due(&rule, 2 * TARGET - 1, false, 64, now), 1);
}
END_TEST

/* ---- who pays ---- */

/* A vector as letters, one a packet; what goes, as letters in order of their places. */
static const struct {
	const char *vector;
	unsigned    due; /* 0: all, cut */
	const char *left, *gone;
} pays[] = {
	{ "a", 0, "", "a" },
	{ "aaaa", 0, "", "aaaa" },
	{ "aaaaaaab", 0, "b", "aaaaaaa" },
	{ "baaaaaaacaa", 0, "bc", "aaaaaaaaa" },
	{ "abababab", 0, "", "abababab" },            /* an even share each: too much of both */
	{ "aaaaaaaabbbbcc", 0, "cc", "aaaaaaaabbbb" }, /* 14 of three: above 2 is too much     */
	{ "abcd", 0, "", "abcd" },
	{ "aaab", 1, "aab", "a" },
	{ "baaa", 1, "baa", "a" },
	{ "baaa", 3, "a", "aab" }, /* an even share each in the end: the older one */
	{ "aaabb", 2, "abb", "aa" },
	{ "aaabb", 3, "ab", "aab" },
	{ "bbaaa", 3, "ba", "aba" },
};

static void spell(const struct mr_vector *v, char *text)
{
	unsigned i = 0;

	for (; i < v->n; i++)
		text[i] = (char)v->pkt[i]->mark;
	text[i] = 0;
}

START_TEST(who_has_most_pays)
{
	struct mr_pkt pkt[16];
	char left[17], gone[17];

	for (unsigned near = 0; near < 2; near++) {
		struct mr_vector v = { 0 }, out;
		unsigned due = pays[_i].due;

		for (const char *c = pays[_i].vector; *c; c++) {
			struct mr_pkt *p = &pkt[v.n];

			*p = (struct mr_pkt){ .mark = (uint8_t)*c };
			/* the other handle says nothing */
			p->near = near ? (uint64_t)*c << 20 : v.n;
			p->far = near ? 7 : (uint64_t)*c << 20;
			mr_vector_add(&v, p);
		}
		mr_sojourn_take(&v, due ? due : v.n, near, &out);
		spell(&v, left);
		spell(&out, gone);
		ck_assert_str_eq(left, pays[_i].left);
		ck_assert_str_eq(gone, pays[_i].gone);
	}
}
END_TEST

/* ---- in the runtime ---- */

#define STAGES(s)  "{\"graph\":\"g\",\"stages\":{" s "},\"edges\":["
#define WORKERS(w) "],\"workers\":{" w "}}"
#define ON(w, s)   "\"" w "\":{\"stages\":[" s "]}"
#define EDGE(a, b, more) "{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"wait\"" more "}"
#define BOSS(b, more)    "{\"from\":\"boss.out\",\"to\":\"" b "\"" more "}"
#define CAST "\"boss\":{},\"source\":{},\"mid\":{},\"num\":{},\"sink\":{}"

/* A graph in which everything may be said: of control's, of plain and of numbered packets. */
#define SAYS(host, plain, numbered) \
	STAGES(CAST) BOSS("mid.side", host) "," EDGE("source.a", "mid.in", "") "," \
	EDGE("mid.out", "num.in", plain) "," EDGE("num.out", "sink.in", numbered)

static const struct {
	const char *graph;
	uint32_t    us[4]; /* by edge */
} says[] = {
	{ SAYS("", "", "") "]}", { 0, MR_SOJOURN, MR_SOJOURN, 0 } },
	{ SAYS("", ",\"sojourn\":0", "") "]}", { 0, MR_SOJOURN, 0, 0 } },
	{ SAYS("", ",\"sojourn\":20000,\"interval\":50000", ",\"sojourn\":0") "]}",
	  { 0, MR_SOJOURN, 20000, 0 } },
};

START_TEST(the_rule_is_where_bulk_is_without_numbers)
{
	struct stand s;
	char *json;

	stand_open(&s, says[_i].graph);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(s.graph->edge[i].sojourn_us, says[_i].us[i]);
	for (unsigned i = 0; i < s.engine->workers; i++) {
		const struct mr_worker *w = &s.engine->worker[i];

		for (unsigned k = 0; k < w->entries; k++)
			ck_assert(w->entry[k].lane == MR_LANE_BULK ||
			          w->entry[k].sojourn.target == 0);
	}
	json = mr_graph_json(s.graph);
	ck_assert((strstr(json, "\"interval\": 50000") != NULL) == (_i == 2));
	free(json);
	stand_close(&s);
}
END_TEST

static const struct {
	const char *graph, *complaint;
} refused[] = {
	{ SAYS("", "", ",\"sojourn\":5000") "]}",
	  "edges[3].sojourn: packets here have their numbers already: nothing is dropped here for its wait" },
	{ SAYS(",\"sojourn\":1", "", "") "]}", "edges[0].sojourn: the host's packets are not bulk" },
	{ SAYS("", ",\"sojourn\":\"5 ms\"", "") "]}",
	  "edges[2].sojourn: \"5 ms\" is not a whole number" },
	{ SAYS("", ",\"sojourn\":-1", "") "]}", "edges[2].sojourn: -1 is below 0" },
	{ SAYS("", ",\"sojourn\":10000001", "") "]}", "edges[2].sojourn: 10000001 is above 10000000" },
	{ SAYS("", ",\"interval\":true", "") "]}", "edges[2].interval: true is not a whole number" },
	{ SAYS("", ",\"interval\":999", "") "]}", "edges[2].interval: 999 is below 1000" },
	{ SAYS("", ",\"interval\":10000001", "") "]}", "edges[2].interval: 10000001 is above 10000000" },
};

START_TEST(elsewhere_it_is_refused)
{
	char *text = stand_refusal(refused[_i].graph);

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strstr(text, refused[_i].complaint) != NULL, "%s", text);
	free(text);
}
END_TEST

/* Sources on one worker, the numbering on a second, the sink on a third. */
#define THREE(plain) SAYS("", plain, "") \
	WORKERS(ON("w", "\"source\",\"mid\"") "," ON("u", "\"num\"") "," ON("v", "\"sink\""))

static void turns(struct mr_worker *w)
{
	while (mr_worker_turn(w))
		;
}

/* 10 ms pass in which the source makes more than the numbering takes: a turn, four vectors. */
static void overload(struct stand *s, bool host, bool bulk)
{
	stand_time += 10 * MS;
	if (bulk) {
		stand_actor(s, "source")->give[0] = 40;
		stand_actor(s, "source")->pulls = 100;
		stand_stage(s, "source")->ready = true;
	}
	if (host) {
		stand_actor(s, "boss")->give[0] = 3;
		stand_actor(s, "boss")->due = 1;
		turns(s->engine->host);
	}
	turns(stand_worker(s, "mid"));
	turns(stand_worker(s, "sink"));
	mr_worker_turn(stand_worker(s, "num"));
	turns(stand_worker(s, "mid"));
}

/* A queue that stands behind a stage that is too slow: nothing is lost for an interval, then some
 * by the law, then all that is overdue, by its name; what the stage takes is then not older than
 * that.  Numbered packets and what is in lane control are left alone, however long they wait. */
START_TEST(a_queue_that_stands_is_cut)
{
	struct stand s;
	uint64_t lost;

	stand_open(&s, THREE(""));
	for (unsigned i = 0; i < 9; i++)
		overload(&s, true, true);
	ck_assert_uint_eq(stand_word(&s, "num", MR_W_SOJOURN), 0);
	for (unsigned i = 0; i < 8; i++)
		overload(&s, true, true);
	lost = stand_word(&s, "num", MR_W_SOJOURN);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_lt(lost, 8);
	for (unsigned i = 0; i < 60; i++)
		overload(&s, true, true);
	ck_assert_uint_gt(stand_word(&s, "num", MR_W_SOJOURN), 40 * 60);
	ck_assert_uint_gt(stand_word(&s, "num", MR_W_OUT), 0);
	ck_assert_uint_eq(stand_word(&s, "num", MR_W_IN),
	                  stand_word(&s, "num", MR_W_OUT) + stand_word(&s, "num", MR_W_SOJOURN));
	ck_assert_uint_eq(stand_word(&s, "num", MR_W_IN_BYTES), 8 * stand_word(&s, "num", MR_W_IN));
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_SOJOURN), 0);
	turns(stand_worker(&s, "sink"));
	stand_close(&s);
}
END_TEST

/* Lane control of the same edge, as slow for as long; and the bulk lane with the rule off. */
START_TEST(what_has_no_rule_waits)
{
	struct stand s;

	stand_open(&s, THREE(",\"sojourn\":0"));
	for (unsigned i = 0; i < 200; i++)
		overload(&s, true, true);
	ck_assert_uint_gt(stand_word(&s, "num", MR_W_OUT), 40 * 60);
	ck_assert_uint_eq(stand_word(&s, "num", MR_W_SOJOURN), 0);
	stand_close(&s);

	stand_open(&s, THREE(""));
	for (unsigned i = 0; i < 200; i++) {
		stand_actor(&s, "boss")->give[0] = 60;
		for (unsigned k = 0; k < 5; k++)
			overload(&s, true, false);
		turns(stand_worker(&s, "sink"));
	}
	ck_assert_uint_gt(stand_word(&s, "num", MR_W_OUT), 1000);
	ck_assert_uint_eq(stand_word(&s, "num", MR_W_SOJOURN), 0);
	stand_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sojourn");
	TCase *law = tcase_create("law"), *pay = tcase_create("pays"), *run = tcase_create("runtime");
	SRunner *sr;
	int failed;

	tcase_add_test(law, bursts_pass);
	tcase_add_test(law, drops_come_by_the_square_root);
	tcase_add_test(law, all_that_are_due);
	tcase_add_test(law, a_queue_that_stood_is_remembered);
	tcase_add_test(law, who_does_not_listen_is_cut);
	tcase_add_test(law, who_listens_is_not);
	tcase_add_loop_test(pay, who_has_most_pays, 0, (int)COUNT(pays));
	suite_add_tcase(s, law);
	tcase_add_loop_test(run, the_rule_is_where_bulk_is_without_numbers, 0, (int)COUNT(says));
	tcase_add_loop_test(run, elsewhere_it_is_refused, 0, (int)COUNT(refused));
	tcase_add_test(run, a_queue_that_stands_is_cut);
	tcase_add_test(run, what_has_no_rule_waits);
	suite_add_tcase(s, pay);
	suite_add_tcase(s, run);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
