/* Packets followed through made-up stages: what their stories say, which are told, and that nothing
 * else changes. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/build.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/trace.h"
#include "t/lib/actors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PASS     (6 * MR_NS_PER_MS) /* mails are read once in less */

/* source and mid on one thread, what comes behind on another, whose mail is read first */
#define GRAPH(full) \
	"{\"graph\":\"g\",\"stages\":{\"source\":{},\"mid\":{},\"hand\":{},\"sink\":{},\"boss\":{}}," \
	"\"edges\":[{\"from\":\"source.a\",\"to\":\"mid.in\",\"full\":\"wait\"}," \
	"{\"from\":\"mid.out\",\"to\":\"hand.in\",\"full\":\"" full "\",\"depth\":64}," \
	"{\"from\":\"hand.out\",\"to\":\"sink.in\",\"full\":\"wait\"}," \
	"{\"from\":\"boss.out\",\"to\":\"mid.side\"}]," \
	"\"workers\":{\"v\":{\"stages\":[\"hand\",\"sink\"]}," \
	"\"w\":{\"stages\":[\"source\",\"mid\"]}}}"

static struct stand s;

static void begin(const char *graph)
{
	stand_tick = 0;
	stand_open(&s, graph);
	stand_actor(&s, "source")->work = 100;
	stand_actor(&s, "mid")->work = 200;
	stand_actor(&s, "sink")->work = 50;
	mr_engine_host_turn(s.engine);
}

static void end(void)
{
	stand_close(&s);
	stand_tick = 0;
}

static void turn(const char *stage)
{
	mr_worker_turn(stand_worker(&s, stage));
}

/* Everybody is told of what main has ordered, and has acknowledged it. */
static void tell_all(void)
{
	turn("source");
	turn("sink");
	mr_engine_host_turn(s.engine);
}

static void give(unsigned n)
{
	struct actor *a = stand_actor(&s, "source");

	a->give[0] = n;
	a->pulls = 1;
	stand_stage(&s, "source")->ready = true;
	turn("source");
}

static void start(const struct mr_trace_wish *wish)
{
	struct mr_trace_wish whole = *wish;
	char wrong[MR_TRACE_WRONG];

	whole.count = whole.count ? whole.count : 1;
	whole.every = whole.every ? whole.every : 1;
	whole.time = whole.time ? whole.time : MR_TRACE_TIME;
	ck_assert_msg(mr_trace_start(s.engine, &whole, wrong) == 0, "%s", wrong);
	tell_all();
}

/* Two passes: mails are read, and those whose end was seen are told. */
static void look(void)
{
	for (unsigned i = 0; i < 2; i++) {
		stand_time += PASS;
		mr_engine_host_turn(s.engine);
	}
}

static const struct mr_story *story(void)
{
	const struct mr_story *told;

	look();
	told = mr_trace_next(s.engine);
	ck_assert_ptr_nonnull(told);
	return told;
}

struct want {
	const char       *stage;
	enum mr_trace_what what;
	const char       *port;
	uint64_t          waited, served;
	unsigned          vector;
};

static void check_steps(const struct mr_story *told, const struct want *want, unsigned n)
{
	ck_assert_uint_eq(told->steps, n);
	for (unsigned i = 0; i < n; i++) {
		const struct mr_trace_step *step = &told->step[i];

		ck_assert_str_eq(step->stage, want[i].stage);
		ck_assert_int_eq(step->what, want[i].what);
		if (want[i].port)
			ck_assert_str_eq(step->port, want[i].port);
		else
			ck_assert_ptr_null(step->port);
		ck_assert_uint_eq(step->waited, want[i].waited);
		ck_assert_uint_eq(step->served, want[i].served);
		ck_assert_uint_eq(step->vector, want[i].vector);
		ck_assert_uint_eq(step->len, 8);
	}
}

/* The graph of the wish, the story of a packet: every nanosecond is one of waiting or of serving. */
START_TEST(a_story_tells_where_its_time_went)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 3 },
		{ "hand", MR_STEP_OUT, "out", 1000, 0, 3 },
		{ "sink", MR_STEP_TAKEN, NULL, 0, 50, 3 },
	};
	const struct mr_story *told;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 1 });
	give(3);
	stand_time += 1000;
	turn("sink");
	told = story();
	check_steps(told, want, COUNT(want));
	ck_assert(told->ended && told->complete);
	ck_assert_uint_eq(told->total, 100 + 200 + 1000 + 50);
	ck_assert_str_eq(told->step[0].to, "mid");
	ck_assert_str_eq(told->step[1].to, "hand");
	ck_assert_str_eq(told->step[0].worker, "w");
	ck_assert_str_eq(told->step[2].worker, "v");
	ck_assert_ptr_null(mr_trace_next(s.engine));
	end();
}
END_TEST

/* A thread that has not read the clock since before the packet was made does not put the story out of order. */
START_TEST(a_stale_clock_changes_no_order)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 1 },
		{ "hand", MR_STEP_OUT, "out", 0, 700, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 0, 50, 1 },
	};
	const struct mr_trace_wish one = { .count = 1 };
	const struct mr_story *told;
	struct mr_worker *v;
	struct mr_vector vector;
	struct mr_entry *in;
	uint64_t stamp;

	begin(GRAPH("wait"));
	start(&one);
	v = stand_worker(&s, "hand");
	v->turn.now = stand_time; /* its turn begins */
	give(1);
	stand_time += 700;
	for (in = v->entry; !mr_ring_ready(in->ring);)
		in++;
	ck_assert(mr_ring_pop(in->ring, &vector, &stamp));
	mr_call_process(v, in->to, in->input, in->lane, &vector);
	told = story();
	check_steps(told, want, COUNT(want));
	ck_assert(told->complete);
	ck_assert_uint_eq(told->total, 100 + 200 + 700 + 50);
	end();
}
END_TEST

/* What the host makes is followed too. */
START_TEST(what_control_makes_has_a_story)
{
	static const struct want want[] = {
		{ "boss", MR_STEP_OUT, "out", 0, 0, 0 },
		{ "mid", MR_STEP_OUT, "out", 300, 200, 1 },
		{ "hand", MR_STEP_OUT, "out", 0, 0, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 0, 50, 1 },
	};

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 1 });
	stand_actor(&s, "boss")->give[0] = 1;
	stand_actor(&s, "boss")->due = stand_time;
	mr_engine_host_turn(s.engine);
	stand_time += 300;
	turn("mid");
	turn("sink");
	check_steps(story(), want, COUNT(want));
	end();
}
END_TEST

static const char *const by_name[] = { "divided", "hand divided", "hand: divided", "any" };

/* Only packets that end so are told of, whichever way the end is called; all are looked at. */
START_TEST(a_drop_is_found_by_its_name)
{
	struct mr_trace_state state;
	const struct mr_story *told;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 2, .drop = by_name[_i] });
	stand_actor(&s, "hand")->drop_of = 5;
	give(10);
	turn("sink");
	for (unsigned i = 0; i < 2; i++) {
		told = i ? mr_trace_next(s.engine) : story();
		ck_assert_uint_eq(told->steps, 3);
		ck_assert_int_eq(told->step[2].what, MR_STEP_DROP);
		ck_assert_str_eq(told->step[2].port, "divided");
		ck_assert_uint_eq(told->step[2].vector, 10);
		ck_assert(told->complete);
	}
	tell_all();
	ck_assert_ptr_null(mr_trace_next(s.engine));
	state = mr_trace_ask(s.engine);
	ck_assert_ptr_nonnull(state.over);
	ck_assert_uint_eq(state.followed, 10);
	ck_assert_uint_eq(state.ended, 10);
	ck_assert_uint_eq(state.matched, 2);
	ck_assert_uint_eq(state.lost, 0);
	end();
}
END_TEST

/* A vector that finds its edge full ends there. */
START_TEST(a_full_edge_is_an_end)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 64 },
		{ "mid", MR_STEP_FULL, "out", 0, 0, 0 },
	};
	const struct mr_story *told;

	begin(GRAPH("drop"));
	start(&(struct mr_trace_wish){ .count = 64, .drop = "mid.out" });
	give(64);
	give(64);
	ck_assert_uint_eq(stand_edge(&s, "mid", 0), 64);
	told = story();
	check_steps(told, want, COUNT(want));
	ck_assert(told->complete);
	for (unsigned i = 1; i < 64; i++)
		ck_assert_ptr_nonnull(mr_trace_next(s.engine));
	ck_assert_ptr_null(mr_trace_next(s.engine));
	turn("sink");
	end();
}
END_TEST

/* What a stage keeps has waited there when it goes. */
START_TEST(what_is_kept_waits)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 1 },
		{ "hand", MR_STEP_OUT, "out", 0, 0, 1 },
		{ "sink", MR_STEP_KEPT, NULL, 0, 50, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 7000, 0, 0 },
	};
	const struct mr_story *told;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 1 });
	stand_actor(&s, "sink")->keep = 1;
	give(1);
	turn("sink");
	stand_time += 7000;
	stand_actor(&s, "sink")->release = 1;
	stand_stage(&s, "sink")->ready = true;
	turn("sink");
	told = story();
	check_steps(told, want, COUNT(want));
	ck_assert(told->complete);
	end();
}
END_TEST

#define ONE_THREAD \
	"{\"graph\":\"g\",\"stages\":{\"source\":{},\"sink\":{},\"boss\":{}}," \
	"\"edges\":[{\"from\":\"source.a\",\"to\":\"sink.in\",\"full\":\"wait\"}]," \
	"\"workers\":{\"w\":{\"stages\":[\"source\",\"sink\"]}}}"

/* A packet that goes on in another buffer, as by mr_own, is the same packet. */
START_TEST(what_is_moved_is_the_same)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "sink", MR_STEP_KEPT, NULL, 0, 50, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 4000, 0, 0 },
	};
	const struct mr_story *told;
	struct mr_worker *w;
	struct mr_pkt *p, *c;

	stand_tick = 0;
	stand_open(&s, ONE_THREAD);
	stand_actor(&s, "source")->work = 100;
	stand_actor(&s, "sink")->work = 50;
	stand_actor(&s, "sink")->keep = 1;
	mr_engine_host_turn(s.engine);
	start(&(struct mr_trace_wish){ .count = 1 });
	give(1);
	w = stand_worker(&s, "sink");
	p = stand_actor(&s, "sink")->kept[0];
	c = mr_pool_get(w->pool);
	mr_pkt_put(c, p->len);
	w->running = stand_stage(&s, "sink");
	mr_tracer_moved(w, p, c);
	ck_assert_uint_eq(p->pool, w->index);
	mr_pool_put(w->pool, p);
	stand_actor(&s, "sink")->kept[0] = c;
	stand_time += 4000;
	stand_actor(&s, "sink")->release = 1;
	stand_stage(&s, "sink")->ready = true;
	turn("sink");
	told = story();
	check_steps(told, want, COUNT(want));
	ck_assert(told->complete);
	ck_assert_uint_eq(c->pool, w->index);
	end();
}
END_TEST

/* One of which nothing more is heard is told of as it is, but not where an end is wanted. */
START_TEST(what_stays_is_told_of)
{
	const struct mr_story *told;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 1, .drop = _i ? "any" : NULL });
	stand_actor(&s, "sink")->keep = 1;
	give(1);
	turn("sink");
	look();
	ck_assert_ptr_null(mr_trace_next(s.engine));
	mr_trace_ask(s.engine);
	stand_time += MR_NS_PER_S;
	look();
	told = mr_trace_next(s.engine);
	if (_i == 0) {
		ck_assert_ptr_nonnull(told);
		ck_assert(!told->ended && !told->complete);
		ck_assert_int_eq(told->step[told->steps - 1].what, MR_STEP_KEPT);
	} else {
		ck_assert_ptr_null(told);
	}
	end();
}
END_TEST

/* One of so many; the same ones are followed to their ends. */
START_TEST(one_of_so_many_is_followed)
{
	struct mr_trace_state state;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = MR_TRACE_COUNT, .every = 7, .stage = "sink" });
	for (unsigned i = 0; i < 7; i++) {
		give(10);
		turn("sink");
	}
	look();
	for (unsigned i = 0; i < 10; i++) {
		const struct mr_story *told = mr_trace_next(s.engine);

		ck_assert_ptr_nonnull(told);
		ck_assert(told->complete);
		ck_assert_uint_eq(told->step[3].vector, 10);
	}
	ck_assert_ptr_null(mr_trace_next(s.engine));
	mr_trace_stop(s.engine, "enough");
	tell_all();
	state = mr_trace_ask(s.engine);
	ck_assert_str_eq(state.over, "enough");
	ck_assert_uint_eq(state.followed, 10);
	end();
}
END_TEST

/* Without a filter no more packets are marked than are wanted. */
START_TEST(no_more_than_is_wanted)
{
	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 3 });
	give(64);
	turn("sink");
	look();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(mr_trace_next(s.engine));
	tell_all();
	ck_assert_uint_eq(mr_trace_ask(s.engine).followed, 3);
	end();
}
END_TEST

/* ---- who asks ---- */

static bool untraced(void)
{
	for (unsigned i = 0; i < s.engine->workers; i++) {
		const struct mr_worker *w = &s.engine->worker[i];

		if (w->tracer || w->home != w->index || w->foreign != MR_POOLS)
			return false;
	}
	return true;
}

static const struct {
	struct mr_trace_wish wish;
	const char          *says;
} wrong_names[] = {
	{ { .drop = "dvided" }, "no packet ends by \"dvided\"; there are any, and" },
	{ { .drop = "divided hand" }, "hand divided, hand.out," },
	{ { .drop = "mid divided" }, "mid.out, mid.aside, sojourn;" },
	{ { .drop = "source.c" }, "source.a" },
	{ { .drop = "source sojourn" }, "sink sojourn" },
	{ { .stage = "hands" }, "no stage \"hands\"; there are source, mid, hand, sink, boss" },
};

/* An unknown name is refused with those there are, and nothing has changed. */
START_TEST(unknown_names_are_refused)
{
	struct mr_trace_wish wish = wrong_names[_i].wish;
	char wrong[MR_TRACE_WRONG];

	begin(GRAPH("wait"));
	wish.count = wish.every = 1;
	ck_assert_int_eq(mr_trace_start(s.engine, &wish, wrong), -1);
	ck_assert_msg(strstr(wrong, wrong_names[_i].says) != NULL, "%s", wrong);
	ck_assert_uint_eq(mr_trace_id(s.engine), 0);
	ck_assert(untraced());
	end();
}
END_TEST

/* One at a time; whom nobody asks for any more makes room. */
START_TEST(a_trace_that_nobody_asks_for_ends)
{
	const struct mr_trace_wish wish = { .count = 1, .every = 1, .time = MR_TRACE_TIME };
	char wrong[MR_TRACE_WRONG];
	uint64_t id;

	begin(GRAPH("wait"));
	start(&wish);
	id = mr_trace_id(s.engine);
	ck_assert_int_eq(mr_trace_start(s.engine, &wish, wrong), -1);
	ck_assert_ptr_nonnull(strstr(wrong, "somebody else"));
	stand_time += MR_TRACE_LEASE / 2;
	ck_assert_uint_eq(mr_trace_ask(s.engine).id, id);
	stand_time += MR_TRACE_LEASE - PASS;
	mr_engine_host_turn(s.engine);
	ck_assert(!untraced());
	stand_time += PASS;
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(mr_trace_id(s.engine), 0);
	tell_all();
	ck_assert_ptr_null(s.engine->trace);
	ck_assert(untraced());
	ck_assert_uint_eq(mr_engine_host_deadline(s.engine), MR_NEVER);
	start(&wish);
	ck_assert_uint_eq(mr_trace_id(s.engine), id + 1);
	end();
}
END_TEST

/* Its time ends a trace; what is under way then is told of, and marks go with their packets. */
START_TEST(time_ends_a_trace)
{
	const struct mr_story *told;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 9, .time = MR_NS_PER_S });
	give(2);
	stand_time += MR_NS_PER_S;
	mr_engine_host_turn(s.engine);
	ck_assert_ptr_null(mr_trace_ask(s.engine).over);
	turn("source");
	turn("sink"); /* the order first, then the packets, whose marks are nobody's now */
	mr_engine_host_turn(s.engine);
	ck_assert_ptr_nonnull(mr_trace_ask(s.engine).over);
	ck_assert(untraced());
	told = mr_trace_next(s.engine);
	ck_assert_ptr_nonnull(told);
	ck_assert(!told->ended);
	ck_assert_uint_eq(told->steps, 2);
	ck_assert_ptr_nonnull(mr_trace_next(s.engine));
	mr_trace_forget(s.engine);
	ck_assert_ptr_null(s.engine->trace);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 2);
	end();
}
END_TEST

/* Another graph ends it, whatever is kept where; what was seen can still be told. */
START_TEST(another_graph_ends_a_trace)
{
	static const char other[] = GRAPH("drop");
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("h", other, strlen(other), &report);
	struct mr_graph *graph = mr_graph_parse(doc, actor_kinds, &report);
	const struct mr_story *told;
	struct mr_swapped done;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 9 });
	stand_actor(&s, "sink")->keep = 1;
	give(1);
	turn("sink");
	give(1);
	ck_assert_int_eq(mr_engine_swap(s.engine, &(struct mr_engine_options){ .graph = graph }, &done,
	                                &report), MR_SWAP_ALL);
	ck_assert_uint_eq(done.missing, 0);
	ck_assert(untraced());
	ck_assert_ptr_nonnull(strstr(mr_trace_ask(s.engine).over, "graph"));
	for (unsigned i = 0; i < 2; i++) {
		told = mr_trace_next(s.engine);
		ck_assert_ptr_nonnull(told);
		ck_assert_str_eq(told->step[0].stage, "source");
		ck_assert_str_eq(told->step[2].stage, "hand");
	}
	ck_assert_ptr_null(mr_trace_next(s.engine));
	mr_trace_forget(s.engine);
	end();
	mr_graph_free(graph);
	mr_json_free(doc);
	mr_report_free(&report);
}
END_TEST

/* ---- full mails ---- */

static void fill_mail(struct mr_worker *w, uint32_t room)
{
	const struct mr_record junk = { .pkt = 64, .home = 33, .what = MR_RECORD_KEPT };

	while (mr_mail_room(w->tracer->records) > room)
		mr_mail_push(w->tracer->records, &junk);
}

/* While many records wait nothing is marked; a story that has lost a step says so. */
START_TEST(records_that_are_lost_are_counted)
{
	const struct mr_story *told;
	struct mr_trace_state state;

	begin(GRAPH("wait"));
	start(&(struct mr_trace_wish){ .count = 9 });
	fill_mail(stand_worker(&s, "source"), MR_TRACE_RECORDS - MR_TRACE_BURST);
	give(1);
	ck_assert_uint_eq(stand_worker(&s, "source")->tracer->marked, 0);
	turn("sink");
	look();
	ck_assert_ptr_null(mr_trace_next(s.engine));
	give(1);
	ck_assert_uint_eq(stand_worker(&s, "source")->tracer->marked, 1);
	fill_mail(stand_worker(&s, "sink"), 0);
	turn("sink");
	ck_assert_uint_eq(stand_worker(&s, "sink")->tracer->lost, 2);
	give(2);
	look();
	turn("sink");
	told = story();
	ck_assert_uint_eq(told->steps, 4);
	ck_assert(told->complete);
	mr_trace_stop(s.engine, "enough");
	tell_all();
	ck_assert_ptr_nonnull(mr_trace_next(s.engine));
	told = mr_trace_next(s.engine);
	ck_assert_ptr_nonnull(told);
	ck_assert(!told->ended && !told->complete);
	state = mr_trace_ask(s.engine);
	ck_assert_uint_eq(state.followed, 3);
	ck_assert_uint_eq(state.lost, 2);
	end();
}
END_TEST

/* ---- with threads ---- */

#define PULLS 700u
#define EACH  7u

static bool all_ended(void)
{
	struct mr_view *v = mr_engine_view(s.engine);
	uint64_t made = 0, ended = 0;

	for (unsigned i = 0; i < v->stages; i++) {
		made += v->stage[i].word[MR_W_MADE];
		ended += v->stage[i].word[MR_W_TAKEN];
		ended += strcmp(v->stage[i].name, "hand") ? 0 : v->stage[i].drop[0];
	}
	mr_view_free(v);
	return made == PULLS * EACH && ended == made;
}

/* One of so many is followed while workers run on their own: each has one story, whole, and none is lost
 * or told twice.  (Run under ThreadSanitizer too.) */
START_TEST(threads_tell_whole_stories)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	unsigned told = 0, drops = 0, passes = 0;
	struct mr_trace_state state;
	const struct mr_story *next;

	begin(GRAPH("wait"));
	stand_tick = 10;
	stand_actor(&s, "hand")->drop_of = 10;
	stand_actor(&s, "source")->give[0] = EACH;
	stand_actor(&s, "source")->pulls = PULLS;
	start(&(struct mr_trace_wish){ .count = MR_TRACE_COUNT, .every = 5, .stage = "hand" });
	stand_stage(&s, "source")->ready = true;
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	while (!all_ended()) {
		if (passes++ < 100) /* and no packet is given up for having been silent for a second */
			stand_time += PASS;
		mr_engine_host_turn(s.engine);
		nanosleep(&pause, NULL);
	}
	look();
	mr_trace_stop(s.engine, "all told");
	do {
		nanosleep(&pause, NULL);
		mr_engine_host_turn(s.engine);
		state = mr_trace_ask(s.engine);
	} while (!state.over);
	while ((next = mr_trace_next(s.engine))) {
		ck_assert(next->ended && next->complete);
		ck_assert_str_eq(next->step[0].stage, "source");
		drops += next->step[next->steps - 1].what == MR_STEP_DROP;
		told++;
	}
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_le(told, PULLS * EACH / 5); /* none is marked while many records wait */
	ck_assert_uint_eq(state.followed, told);
	ck_assert_uint_eq(state.ended, told);
	ck_assert_uint_eq(state.lost, 0);
	ck_assert_uint_gt(drops, 0);
	mr_trace_forget(s.engine);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tc = tcase_create("trace");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_story_tells_where_its_time_went);
	tcase_add_test(tc, a_stale_clock_changes_no_order);
	tcase_add_test(tc, what_control_makes_has_a_story);
	tcase_add_loop_test(tc, a_drop_is_found_by_its_name, 0, COUNT(by_name));
	tcase_add_test(tc, a_full_edge_is_an_end);
	tcase_add_test(tc, what_is_kept_waits);
	tcase_add_test(tc, what_is_moved_is_the_same);
	tcase_add_loop_test(tc, what_stays_is_told_of, 0, 2);
	tcase_add_test(tc, one_of_so_many_is_followed);
	tcase_add_test(tc, no_more_than_is_wanted);
	tcase_add_loop_test(tc, unknown_names_are_refused, 0, COUNT(wrong_names));
	tcase_add_test(tc, a_trace_that_nobody_asks_for_ends);
	tcase_add_test(tc, time_ends_a_trace);
	tcase_add_test(tc, another_graph_ends_a_trace);
	tcase_add_test(tc, records_that_are_lost_are_counted);
	tcase_add_test(tc, threads_tell_whole_stories);
	suite_add_tcase(suite, tc);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
