/* Packets followed through made-up stages: what their stories say.  Which are told is in
 * trace_told.c, how a trace begins and ends in trace_life.c. */

#include "core/tracer.h"
#include "core/worker.h"
#include "t/core/trace_bench.h"

/* The graph of the wish, the story of a packet:
 * every nanosecond is one of waiting or of serving. */
START_TEST(a_story_tells_where_its_time_went)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 3 },
		{ "hand", MR_STEP_OUT, "out", 1000, 0, 3 },
		{ "sink", MR_STEP_TAKEN, NULL, 0, 50, 3 },
	};
	const struct mr_story *told;

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	give(3);
	stand_time += 1000;
	turn("sink");
	told = tells(want, COUNT(want));
	ck_assert_str_eq(told->step[0].to, "mid");
	ck_assert_str_eq(told->step[1].to, "hand");
	ck_assert_str_eq(told->step[0].worker, "w");
	ck_assert_str_eq(told->step[2].worker, "v");
	no_more();
	end();
}
END_TEST

/* A thread that has not read the clock since before the packet was made does not put the story out
 * of order. */
START_TEST(a_stale_clock_changes_no_order)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 1 },
		{ "hand", MR_STEP_OUT, "out", 0, 700, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 0, 50, 1 },
	};
	struct mr_worker *v;
	struct mr_vector vector;
	struct mr_entry *in;
	uint64_t stamp;

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	v = stand_worker(&s, "hand");
	v->turn.now = stand_time; /* its turn begins */
	give(1);
	stand_time += 700;
	for (in = v->entry; !mr_ring_ready(in->ring);)
		in++;
	ck_assert(mr_ring_pop(in->ring, &vector, &stamp));
	mr_call_process(v, in->to, in->input, in->lane, &vector);
	tells(want, COUNT(want));
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

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	actor("boss")->give[0] = 1;
	actor("boss")->due = stand_time;
	mr_engine_host_turn(s.engine);
	stand_time += 300;
	turn("mid");
	turn("sink");
	tells(want, COUNT(want));
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

	begin_trace(GRAPH("drop"), &(struct mr_trace_wish){ .count = 64, .drop = "mid.out" });
	give(64);
	give(64);
	ck_assert_uint_eq(stand_edge(&s, "mid", 0), 64);
	tells(want, COUNT(want));
	for (unsigned i = 1; i < 64; i++)
		next_story();
	no_more();
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

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	actor("sink")->keep = 1;
	give(1);
	turn("sink");
	stand_time += 7000;
	let_go("sink");
	tells(want, COUNT(want));
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
	struct mr_worker *w;
	struct mr_pkt *p, *c;

	begin_trace(ONE_THREAD, &(struct mr_trace_wish){ .count = 1 });
	actor("sink")->keep = 1;
	give(1);
	w = stand_worker(&s, "sink");
	p = actor("sink")->kept[0];
	c = mr_pool_get(w->pool);
	mr_pkt_put(c, p->len);
	w->running = stand_stage(&s, "sink");
	mr_tracer_moved(w, p, c);
	ck_assert_uint_eq(p->pool, w->index);
	mr_pool_put(w->pool, p);
	actor("sink")->kept[0] = c;
	stand_time += 4000;
	let_go("sink");
	tells(want, COUNT(want));
	ck_assert_uint_eq(c->pool, w->index);
	end();
}
END_TEST

/* p goes on as a new packet in the place where its stage keeps it. */
static void move(const char *stage, struct mr_pkt *p)
{
	struct mr_worker *w = stand_worker(&s, stage);
	struct mr_pkt *c = mr_pool_get(stand_worker(&s, "source")->pool);

	mr_pkt_put(c, p->len);
	w->running = stand_stage(&s, stage);
	mr_tracer_moved(w, p, c);
	mr_pool_put(stand_worker(&s, "source")->pool, p);
	actor(stage)->kept[0] = c;
}

/* It is known that a packet has moved, once and again, before it is known where it came from. */
START_TEST(what_is_moved_elsewhere_is_the_same)
{
	static const struct want want[] = {
		{ "source", MR_STEP_OUT, "a", 0, 100, 0 },
		{ "mid", MR_STEP_OUT, "out", 0, 200, 1 },
		{ "hand", MR_STEP_OUT, "out", 0, 0, 1 },
		{ "sink", MR_STEP_KEPT, NULL, 0, 50, 1 },
		{ "sink", MR_STEP_TAKEN, NULL, 4000, 0, 0 },
	};

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	actor("sink")->keep = 1;
	give(1);
	turn("sink");
	for (int i = 0; i <= _i; i++)
		move("sink", actor("sink")->kept[0]);
	stand_time += 4000;
	let_go("sink");
	tells(want, COUNT(want));
	no_more();
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tc = tcase_create("stories");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_story_tells_where_its_time_went);
	tcase_add_test(tc, a_stale_clock_changes_no_order);
	tcase_add_test(tc, what_control_makes_has_a_story);
	tcase_add_test(tc, a_full_edge_is_an_end);
	tcase_add_test(tc, what_is_kept_waits);
	tcase_add_test(tc, what_is_moved_is_the_same);
	tcase_add_loop_test(tc, what_is_moved_elsewhere_is_the_same, 0, 2);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, trace_told());
	suite_add_tcase(suite, trace_life());
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
