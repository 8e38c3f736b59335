/* trace_told.c - which packets are told of: those that end as is wanted, one of so many, no more
 * than are wanted; what was lost is counted, and threads tell each packet's story once. */
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/tracer.h"
#include "core/worker.h"
#include "t/core/trace_bench.h"

static const char *const by_name[] = { "divided", "hand divided", "hand: divided", "any" };

/* Only packets that end so are told of, whichever way the end is called; all are looked at. */
START_TEST(a_drop_is_found_by_its_name)
{
	struct mr_trace_state state;

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 2, .drop = by_name[_i] });
	actor("hand")->drop_of = 5;
	give(10);
	turn("sink");
	for (unsigned i = 0; i < 2; i++) {
		const struct mr_story *told = i ? next_story() : story();

		ck_assert_uint_eq(told->steps, 3);
		ck_assert_int_eq(told->step[2].what, MR_STEP_DROP);
		ck_assert_str_eq(told->step[2].port, "divided");
		ck_assert_uint_eq(told->step[2].vector, 10);
		ck_assert(told->complete);
	}
	tell_all();
	no_more();
	state = mr_trace_ask(s.engine);
	ck_assert_ptr_nonnull(state.over);
	ck_assert_uint_eq(state.followed, 10);
	ck_assert_uint_eq(state.ended, 10);
	ck_assert_uint_eq(state.matched, 2);
	ck_assert_uint_eq(state.lost, 0);
	end();
}
END_TEST

/* One of which nothing more is heard is told of as it is, but not where an end is wanted. */
START_TEST(what_stays_is_told_of)
{
	const struct mr_story *told;

	begin_trace(GRAPH("wait"),
	            &(struct mr_trace_wish){ .count = 1, .drop = _i ? "any" : NULL });
	actor("sink")->keep = 1;
	give(1);
	turn("sink");
	look();
	no_more();
	mr_trace_ask(s.engine);
	stand_time += MR_NS_PER_S;
	look();
	if (_i == 0) {
		told = next_story();
		ck_assert(!told->ended && !told->complete);
		ck_assert_int_eq(told->step[told->steps - 1].what, MR_STEP_KEPT);
	}
	no_more();
	end();
}
END_TEST

/* One of so many; the same ones are followed to their ends. */
START_TEST(one_of_so_many_is_followed)
{
	struct mr_trace_state state;

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = MR_TRACE_COUNT, .every = 7,
	                                                    .stage = "sink" });
	for (unsigned i = 0; i < 7; i++) {
		give(10);
		turn("sink");
	}
	look();
	for (unsigned i = 0; i < 10; i++) {
		const struct mr_story *told = next_story();

		ck_assert(told->complete);
		ck_assert_uint_eq(told->step[3].vector, 10);
	}
	no_more();
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
	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 3 });
	give(64);
	turn("sink");
	look();
	for (unsigned i = 0; i < 3; i++)
		next_story();
	tell_all();
	ck_assert_uint_eq(mr_trace_ask(s.engine).followed, 3);
	end();
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

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 9 });
	fill_mail(stand_worker(&s, "source"), MR_TRACE_RECORDS - MR_TRACE_BURST);
	give(1);
	ck_assert_uint_eq(stand_worker(&s, "source")->tracer->marked, 0);
	turn("sink");
	look();
	no_more();
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
	next_story();
	told = next_story();
	ck_assert(!told->ended && !told->complete);
	state = mr_trace_ask(s.engine);
	ck_assert_uint_eq(state.followed, 3);
	ck_assert_uint_eq(state.lost, 2);
	end();
}
END_TEST

/* That a packet stayed somewhere is lost: it left in a call that it did not come with. */
START_TEST(a_stay_that_is_lost_is_missed)
{
	const struct mr_story *told;

	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1 });
	actor("sink")->keep = 1;
	give(1);
	fill_mail(stand_worker(&s, "sink"), 1); /* for what hand did */
	turn("sink");
	ck_assert_uint_eq(stand_worker(&s, "sink")->tracer->lost, 1);
	look();
	let_go("sink");
	told = story();
	ck_assert_uint_eq(told->steps, 4);
	ck_assert(told->ended && !told->complete);
	end();
}
END_TEST

/* One whose end was lost takes no place for ever, though an end is wanted. */
START_TEST(an_end_that_is_lost_is_not_waited_for)
{
	begin_trace(GRAPH("wait"), &(struct mr_trace_wish){ .count = 1, .drop = "any" });
	give(1);
	fill_mail(stand_worker(&s, "sink"), 0);
	turn("sink");
	for (unsigned i = 0; i < 40; i++) {
		look();
		ck_assert_uint_eq(mr_trace_ask(s.engine).ended, i >= 30);
		stand_time += MR_NS_PER_S;
	}
	no_more();
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

/* One of so many is followed while workers run on their own: each has one story, whole, and none is
 * lost or told twice.  (Run under ThreadSanitizer too.) */
START_TEST(threads_tell_whole_stories)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	unsigned told = 0, drops = 0, passes = 0;
	struct mr_trace_state state;
	const struct mr_story *next;

	begin(GRAPH("wait"));
	stand_tick = 10;
	actor("hand")->drop_of = 10;
	actor("source")->give[0] = EACH;
	actor("source")->pulls = PULLS;
	start(&(struct mr_trace_wish){ .count = MR_TRACE_COUNT, .every = 5, .stage = "hand" });
	stand_stage(&s, "source")->ready = true;
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	while (!all_ended()) {
		if (passes++ < 100) /* and no packet is given up for a second's silence */
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

TCase *trace_told(void)
{
	TCase *tc = tcase_create("told");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_drop_is_found_by_its_name, 0, COUNT(by_name));
	tcase_add_loop_test(tc, what_stays_is_told_of, 0, 2);
	tcase_add_test(tc, one_of_so_many_is_followed);
	tcase_add_test(tc, no_more_than_is_wanted);
	tcase_add_test(tc, records_that_are_lost_are_counted);
	tcase_add_test(tc, a_stay_that_is_lost_is_missed);
	tcase_add_test(tc, an_end_that_is_lost_is_not_waited_for);
	tcase_add_test(tc, threads_tell_whole_stories);
	return tc;
}
