/* The worker, turned by hand: holding, room, packets, deadlines, and where its time goes. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "t/lib/actors.h"

#define STAGES(s)    "{\"graph\":\"g\",\"stages\":{" s "},\"edges\":["
#define WORKERS(w)   "],\"workers\":{" w "}}"
#define ON(w, s)     "\"" w "\":{\"stages\":[" s "]}"
#define EDGE(a, b, full) "{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"" full "\",\"depth\":128}"

/* source -> mid -> sink on one worker; the second edge as said */
#define FUSED(full) STAGES("\"source\":{},\"mid\":{},\"sink\":{}") \
	EDGE("source.a", "mid.in", "wait") "," EDGE("mid.out", "sink.in", full) \
	WORKERS(ON("w", "\"source\",\"mid\",\"sink\""))

/* source on one worker, sink on the other, a ring of 128 packets between */
#define SPLIT STAGES("\"source\":{},\"sink\":{}") EDGE("source.a", "sink.in", "wait") \
	WORKERS(ON("w", "\"source\"") "," ON("v", "\"sink\""))

/* As many vectors as there is room for. */
static void give(struct stand *s, unsigned packets, unsigned pulls)
{
	struct actor *a = stand_actor(s, "source");

	a->give[0] = packets;
	a->pulls = pulls;
	stand_stage(s, "source")->ready = true;
}

static unsigned turns(struct mr_worker *w)
{
	unsigned n = 0;

	while (mr_worker_turn(w))
		ck_assert_uint_lt(++n, 1000);
	return n;
}

/* ---- holding ---- */

START_TEST(a_held_input_waits_in_its_ring)
{
	struct stand s;
	struct actor *sink;
	struct mr_worker *v;
	struct mr_order order = { .a = 1 };

	stand_open(&s, SPLIT);
	sink = stand_actor(&s, "sink");
	v = stand_worker(&s, "sink");
	sink->keep = 1;
	sink->hold = true;
	give(&s, 10, 3);
	turns(stand_worker(&s, "source"));
	turns(v);
	ck_assert_uint_eq(sink->vectors, 1);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_HELD), 10);
	ck_assert_uint_eq(mr_ring_depth(s.engine->ring[0]), 20);
	ck_assert(mr_worker_may_sleep(v));
	mr_call_order(v, stand_stage(&s, "sink"), &order); /* served all the same */
	ck_assert_uint_eq(sink->orders, 1);

	sink->release = 4;
	stand_stage(&s, "sink")->ready = true; /* pulled until all are gone, then the ring */
	turns(v);
	ck_assert_uint_eq(sink->vectors, 3);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 30);
	ck_assert(!sink->disorder);
	stand_close(&s);
}
END_TEST

START_TEST(wait_edges_pass_a_hold_up)
{
	struct stand s;
	struct actor *source, *sink;
	struct mr_worker *w;

	stand_open(&s, FUSED("wait"));
	source = stand_actor(&s, "source");
	sink = stand_actor(&s, "sink");
	w = stand_worker(&s, "sink");
	sink->keep = 1;
	sink->hold = true;
	give(&s, 10, 5);
	turns(w);
	ck_assert_uint_eq(source->pulled, 1);
	ck_assert_uint_eq(sink->vectors, 1);
	sink->release = 10;
	stand_stage(&s, "sink")->ready = true;
	turns(w);
	ck_assert_uint_eq(source->pulled, 5);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 50);
	ck_assert_uint_eq(stand_edge(&s, "mid", 0), 0);
	stand_close(&s);
}
END_TEST

/* R7: a full edge of this sort drops and counts; one of the other sort holds (above). */
START_TEST(drop_edges_drop_before_a_held_input)
{
	struct stand s;
	struct actor *sink;

	stand_open(&s, FUSED("drop"));
	sink = stand_actor(&s, "sink");
	sink->keep = 1;
	sink->hold = true;
	give(&s, 10, 5);
	turns(stand_worker(&s, "sink"));
	ck_assert_uint_eq(sink->vectors, 1);
	ck_assert_uint_eq(stand_edge(&s, "mid", 0), 40);
	ck_assert_uint_eq(stand_word(&s, "mid", MR_W_OUT), 10);
	stand_close(&s);
}
END_TEST

/* ---- room ---- */

START_TEST(a_full_ring_holds_and_its_consumer_rings)
{
	struct stand s;
	struct actor *source;
	struct mr_worker *w, *v;

	stand_open(&s, SPLIT);
	source = stand_actor(&s, "source");
	w = stand_worker(&s, "source");
	v = stand_worker(&s, "sink");
	give(&s, 50, 100); /* 128 hold two of these and leave less room than a vector may need */
	turns(w);
	ck_assert_uint_eq(source->pulled, 2);
	ck_assert(mr_worker_may_sleep(w));
	ck_assert(w->held);
	ck_assert(!stand_rung(w));
	mr_worker_turn(v);
	ck_assert(stand_rung(w));
	ck_assert(!atomic_load(&w->shared.sleeping));
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(source->pulled, 3);

	/* data rings the sleeping consumer, once */
	turns(v);
	ck_assert(mr_worker_may_sleep(v));
	stand_rung(v);
	mr_worker_turn(w);
	ck_assert(stand_rung(v));
	mr_worker_turn(w);
	ck_assert(!stand_rung(v));
	turns(v);
	stand_close(&s);
}
END_TEST

/* Two ways lead to the ring behind `b`: one that drops comes first, one that waits after it.  The
 * room the second was promised is not for the first. */
#define NESTED \
	STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"},\"b\":{\"kind\":\"mid\"},\"sink\":{}") \
	EDGE("source.a", "a.fan", "drop") "," EDGE("a.out", "b.in", "drop") "," \
	EDGE("a.aside", "b.side", "wait") "," EDGE("b.out", "sink.in", "wait") \
	WORKERS(ON("w", "\"source\",\"a\",\"b\"") "," ON("v", "\"sink\""))

START_TEST(room_set_aside_is_not_given_to_drop_edges)
{
	struct stand s;

	stand_open(&s, NESTED);
	give(&s, 64, 4);
	turns(stand_worker(&s, "source")); /* 32 each way a pull, as long as a vector fits */
	ck_assert_uint_eq(stand_edge(&s, "source", 0) + stand_edge(&s, "a", 0) +
	                          stand_word(&s, "b", MR_W_OUT), 256);
	ck_assert_uint_eq(mr_ring_depth(s.engine->ring[0]), stand_word(&s, "b", MR_W_OUT));
	ck_assert_uint_gt(stand_edge(&s, "a", 0), 0);
	stand_balance(&s);
	turns(stand_worker(&s, "sink"));
	stand_close(&s);
}
END_TEST

/* Orders and deadlines come when they come: what they emit into a full ring is counted, no more. */
START_TEST(what_orders_and_deadlines_emit_drops_where_there_is_no_room)
{
	struct stand s;
	struct actor *mid;
	struct mr_worker *w;
	struct mr_order order = { 0 };

	stand_open(&s, STAGES("\"source\":{},\"mid\":{},\"last\":{\"kind\":\"mid\"},\"sink\":{}")
	           EDGE("source.a", "mid.in", "wait") "," EDGE("mid.out", "last.in", "wait") ","
	           EDGE("last.out", "sink.in", "wait")
	           WORKERS(ON("w", "\"source\",\"mid\",\"last\"") "," ON("v", "\"sink\"")));
	mid = stand_actor(&s, "mid");
	w = stand_worker(&s, "mid");
	mid->talk = true;
	for (order.a = 1; order.a <= 200; order.a++)
		mr_call_order(w, stand_stage(&s, "mid"), &order);
	ck_assert_uint_eq(stand_word(&s, "mid", MR_W_MADE), 200);
	ck_assert_uint_eq(stand_word(&s, "last", MR_W_OUT) + stand_edge(&s, "mid", 0), 200);
	ck_assert_uint_gt(stand_edge(&s, "mid", 0), 0);
	mid->due = stand_time;
	mr_worker_turn(w);
	ck_assert_uint_eq(stand_word(&s, "mid", MR_W_MADE), 201);
	stand_balance(&s);
	turns(stand_worker(&s, "sink"));
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* ---- packets ---- */

START_TEST(a_source_without_packets_waits_for_one_to_come_home)
{
	struct stand s;
	struct actor *source;
	struct mr_worker *w, *v;
	struct mr_pkt *out[4096];
	unsigned n = 0, pulled;

	stand_open(&s, SPLIT);
	source = stand_actor(&s, "source");
	w = stand_worker(&s, "source");
	v = stand_worker(&s, "sink");
	while ((out[n] = mr_pool_get(w->pool)))
		n++;
	give(&s, 10, 100);
	ck_assert(mr_worker_turn(w)); /* asks in vain, and is not asked again */
	stand_stage(&s, "source")->ready = true;
	pulled = source->pulled;
	ck_assert(!mr_worker_turn(w));
	ck_assert_uint_eq(source->pulled, pulled);
	ck_assert(mr_worker_may_sleep(w));
	ck_assert(w->held);

	mr_free(&v->turn, out[--n]); /* from the other worker */
	stand_stage(&s, "sink")->ready = true;
	mr_worker_turn(v);
	ck_assert(stand_rung(w));
	mr_worker_turn(w);
	ck_assert_uint_eq(stand_word(&s, "source", MR_W_MADE), 1);

	stand_stage(&s, "source")->ready = true;
	mr_free(&w->turn, out[--n]); /* from its own */
	ck_assert(!mr_worker_may_sleep(w));
	mr_worker_turn(w);
	ck_assert_uint_eq(stand_word(&s, "source", MR_W_MADE), 2);
	while (n)
		mr_free(&w->turn, out[--n]);
	turns(v);
	stand_close(&s);
}
END_TEST

/* ---- descriptors, deadlines, being asked again ---- */

START_TEST(a_watch_is_what_the_stage_says_it_is)
{
	struct stand s;
	struct actor *source;
	struct mr_worker *w;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	stand_fd = ends[0];
	stand_open(&s, FUSED("wait"));
	source = stand_actor(&s, "source");
	w = stand_worker(&s, "source");
	source->give[0] = 1;
	ck_assert(!mr_worker_turn(w));
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(source->pulled, 1);
	mr_watch(&w->turn, source->watch, 0);
	ck_assert(!mr_worker_turn(w));
	mr_watch(&w->turn, source->watch, MR_WATCH_READ);
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(source->pulled, 2);
	mr_watch(&w->turn, source->watch, MR_WATCH_WRITE); /* a reading end is never that */
	ck_assert(!mr_worker_turn(w));
	w->running = stand_stage(&s, "source");
	mr_pull_again(&w->turn);
	ck_assert(!mr_worker_may_sleep(w));
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(source->pulled, 3);
	ck_assert(!mr_worker_turn(w));
	stand_close(&s);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(a_deadline_is_kept_once_it_has_come)
{
	struct stand s;
	struct actor *mid, *sink;
	struct mr_worker *w;

	stand_open(&s, FUSED("wait"));
	mid = stand_actor(&s, "mid");
	sink = stand_actor(&s, "sink");
	w = stand_worker(&s, "mid");
	ck_assert_uint_eq(mr_worker_deadline(w), MR_NEVER);
	mid->due = stand_time + 500;
	sink->due = stand_time + 400;
	ck_assert_uint_eq(mr_worker_deadline(w), stand_time + 400);
	ck_assert(!mr_worker_turn(w));
	ck_assert(mr_worker_may_sleep(w));
	stand_time += 400;
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(sink->timeouts, 1);
	ck_assert_uint_eq(mid->timeouts, 0);
	ck_assert(!mr_worker_turn(w));
	stand_time += 100;
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(mid->timeouts, 1);
	ck_assert_uint_eq(sink->timeouts, 1);
	mid->due = w->turn.now;
	ck_assert(!mr_worker_may_sleep(w));
	mr_worker_turn(w);
	stand_close(&s);
}
END_TEST

/* ---- time ---- */

struct time_words { uint64_t busy, held, idle; };

static struct time_words booked(const struct mr_worker *w)
{
	const uint64_t *live = w->time->live;

	return (struct time_words){ live[MR_T_BUSY], live[MR_T_HELD], live[MR_T_IDLE] };
}

/* What one turn added, and nothing is left over. */
static struct time_words turn_books(struct mr_worker *w)
{
	struct time_words before = booked(w), after;
	uint64_t from = w->booked;

	mr_worker_turn(w);
	after = booked(w);
	after.busy -= before.busy;
	after.held -= before.held;
	after.idle -= before.idle;
	ck_assert_uint_eq(after.busy + after.held + after.idle, stand_time - from);
	return after;
}

START_TEST(time_is_busy_held_or_idle)
{
	struct stand s;
	struct actor *source, *mid, *sink;
	struct mr_worker *w;
	struct time_words t;

	stand_open(&s, FUSED("wait"));
	stand_tick = 3;
	source = stand_actor(&s, "source");
	mid = stand_actor(&s, "mid");
	sink = stand_actor(&s, "sink");
	w = stand_worker(&s, "source");
	source->work = 1000, mid->work = 100, sink->work = 10;

	t = turn_books(w); /* nothing to do */
	ck_assert_uint_gt(t.idle, 0);
	ck_assert_uint_eq(t.busy + t.held, 0);

	give(&s, 10, 3);
	t = turn_books(w); /* a vector goes all the way */
	ck_assert_uint_ge(t.busy, 1110);
	ck_assert_uint_eq(t.held + t.idle, 0);
	ck_assert_uint_ge(stand_word(&s, "source", MR_W_BUSY_NS), 1000);
	ck_assert_uint_lt(stand_word(&s, "source", MR_W_BUSY_NS), 1100);
	ck_assert_uint_lt(stand_word(&s, "mid", MR_W_BUSY_NS), 110);
	ck_assert_uint_lt(stand_word(&s, "sink", MR_W_BUSY_NS), 20);

	stand_stage(&s, "sink")->held = 1;
	t = turn_books(w); /* more of it, held back */
	ck_assert_uint_gt(t.held, 0);
	ck_assert_uint_eq(t.busy + t.idle, 0);
	stand_stage(&s, "sink")->held = 0;

	mid->due = stand_time; /* the last thing a turn does counts too */
	mid->work = 5000;
	source->give[0] = 0;
	source->pulls = 0;
	stand_stage(&s, "source")->ready = false;
	t = turn_books(w);
	ck_assert_uint_ge(t.busy, 5000);
	ck_assert_uint_eq(t.held + t.idle, 0);
	ck_assert_uint_ge(stand_word(&s, "mid", MR_W_BUSY_NS), 5000);
	stand_close(&s);
}
END_TEST

START_TEST(a_resting_source_is_not_held)
{
	struct stand s;
	struct mr_worker *w;

	stand_open(&s, FUSED("wait"));
	w = stand_worker(&s, "source");
	stand_tick = 1;
	give(&s, 10, 3);
	mr_worker_turn(w);
	atomic_store(&w->shared.drain, true); /* there is more, but the node stops */
	ck_assert_uint_eq(turn_books(w).held, 0);
	ck_assert(mr_worker_may_sleep(w));
	ck_assert(!w->held);
	ck_assert_uint_eq(stand_actor(&s, "source")->pulled, 1);
	stand_close(&s);
}
END_TEST

/* ---- publishing ---- */

static uint64_t seen(struct stand *s, const char *stage, enum mr_word word)
{
	const struct mr_block *b = stand_stage(s, stage)->block;
	uint64_t words[128];

	ck_assert_uint_lt(b->n, 128);
	mr_block_read(b, words);
	return words[word];
}

START_TEST(counters_are_published_whole_once_a_millisecond)
{
	struct stand s;
	struct mr_worker *w;

	stand_open(&s, FUSED("wait"));
	w = stand_worker(&s, "source");
	mr_worker_turn(w); /* publishes: it never did */
	give(&s, 10, 100);
	mr_worker_turn(w);
	mr_worker_turn(w);
	ck_assert_uint_eq(seen(&s, "source", MR_W_OUT), 0);
	stand_time += MR_NS_PER_MS - 1;
	mr_worker_turn(w);
	ck_assert_uint_eq(seen(&s, "sink", MR_W_TAKEN), 0);
	stand_time += 1;
	mr_worker_turn(w);
	ck_assert_uint_eq(seen(&s, "source", MR_W_OUT), 40);
	ck_assert_uint_eq(seen(&s, "mid", MR_W_IN), 40);
	ck_assert_uint_eq(seen(&s, "sink", MR_W_TAKEN), 40);
	mr_worker_turn(w);
	ck_assert_uint_eq(seen(&s, "sink", MR_W_TAKEN), 40);
	stand_close(&s);
}
END_TEST

/* ---- with threads ---- */

static void a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* A worker nobody wakes looks up now and then, or its time would be booked when it is too late. */
START_TEST(a_sleeping_worker_books_its_time)
{
	struct stand s;
	uint64_t sleeps = 0;

	stand_open(&s, FUSED("wait"));
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	while (sleeps < 2) {
		struct mr_view *v = mr_engine_view(s.engine);

		sleeps = v->worker[0].sleeps;
		ck_assert_uint_eq(v->worker[0].wakes, 0);
		mr_view_free(v);
		a_moment();
	}
	stand_close(&s);
}
END_TEST

/* The end does not wait for a source that has more, nor does it lose what is on the way. */
START_TEST(stopping_lets_run_out_what_is_inside)
{
	struct stand s;
	uint64_t host_turns;

	stand_open(&s, STAGES("\"source\":{},\"sink\":{},\"boss\":{}")
	           EDGE("source.a", "sink.in", "wait")
	           WORKERS(ON("w", "\"source\"") "," ON("v", "\"sink\"")));
	give(&s, 64, 1000000000);
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	for (struct mr_view *v = mr_engine_view(s.engine);; v = mr_engine_view(s.engine)) {
		bool enough = v->stage[1].word[MR_W_TAKEN] > 10000;

		mr_view_free(v);
		if (enough)
			break;
		a_moment();
	}
	host_turns = s.engine->host->time->live[MR_T_TURNS];
	mr_engine_stop(s.engine);
	host_turns = s.engine->host->time->live[MR_T_TURNS] - host_turns;
	ck_assert_uint_lt(host_turns, 300); /* one a millisecond, 500 when it gives up */
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), stand_word(&s, "source", MR_W_MADE));
	stand_close(&s);
}
END_TEST

static void fresh(void)
{
	stand_tick = 0;
	stand_fd = 0;
}

int main(void)
{
	Suite *s = suite_create("worker");
	TCase *tc = tcase_create("worker");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, fresh, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_held_input_waits_in_its_ring);
	tcase_add_test(tc, wait_edges_pass_a_hold_up);
	tcase_add_test(tc, drop_edges_drop_before_a_held_input);
	tcase_add_test(tc, a_full_ring_holds_and_its_consumer_rings);
	tcase_add_test(tc, room_set_aside_is_not_given_to_drop_edges);
	tcase_add_test(tc, what_orders_and_deadlines_emit_drops_where_there_is_no_room);
	tcase_add_test(tc, a_source_without_packets_waits_for_one_to_come_home);
	tcase_add_test(tc, a_watch_is_what_the_stage_says_it_is);
	tcase_add_test(tc, a_deadline_is_kept_once_it_has_come);
	tcase_add_test(tc, time_is_busy_held_or_idle);
	tcase_add_test(tc, a_resting_source_is_not_held);
	tcase_add_test(tc, counters_are_published_whole_once_a_millisecond);
	tcase_add_test(tc, a_sleeping_worker_books_its_time);
	tcase_add_test(tc, stopping_lets_run_out_what_is_inside);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
