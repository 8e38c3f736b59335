/* trace_life.c - a trace is asked for by names that are there, one at a time, and ends: when nobody
 * asks any more, by its time, by another graph. */
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/worker.h"
#include "t/core/trace_bench.h"

/* No worker looks at anything for a trace. */
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

	begin_trace(GRAPH("wait"), &wish);
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

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 9, .time = MR_NS_PER_S });
	give(2);
	stand_time += MR_NS_PER_S;
	mr_engine_host_turn(s.engine);
	ck_assert_ptr_null(mr_trace_ask(s.engine).over);
	turn("source");
	turn("sink"); /* the order first, then the packets, whose marks are nobody's now */
	mr_engine_host_turn(s.engine);
	ck_assert_ptr_nonnull(mr_trace_ask(s.engine).over);
	ck_assert(untraced());
	told = next_story();
	ck_assert(!told->ended);
	ck_assert_uint_eq(told->steps, 2);
	next_story();
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

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 9 });
	actor("sink")->keep = 1;
	give(1);
	turn("sink");
	give(1);
	ck_assert_int_eq(mr_engine_swap(s.engine, &(struct mr_engine_options){ .graph = graph },
	                                &done, &report),
	                 MR_SWAP_ALL);
	ck_assert_uint_eq(done.missing, 0);
	ck_assert(untraced());
	ck_assert_ptr_nonnull(strstr(mr_trace_ask(s.engine).over, "graph"));
	for (unsigned i = 0; i < 2; i++) {
		told = next_story();
		ck_assert_str_eq(told->step[0].stage, "source");
		ck_assert_str_eq(told->step[2].stage, "hand");
	}
	no_more();
	mr_trace_forget(s.engine);
	end();
	mr_graph_free(graph);
	mr_json_free(doc);
	mr_report_free(&report);
}
END_TEST

TCase *trace_life(void)
{
	TCase *tc = tcase_create("life");

	tcase_add_loop_test(tc, unknown_names_are_refused, 0, COUNT(wrong_names));
	tcase_add_test(tc, a_trace_that_nobody_asks_for_ends);
	tcase_add_test(tc, time_ends_a_trace);
	tcase_add_test(tc, another_graph_ends_a_trace);
	return tc;
}
