/* trace_bench.c - see trace_bench.h. */
#include "t/core/trace_bench.h"

#include <string.h>

#include "core/clock.h"

struct stand s;

/* ---- the graph ---- */

static void take_time(const char *stage, uint64_t ns)
{
	for (unsigned i = 0; i < s.engine->replicas; i++)
		if (!strcmp(s.engine->replica[i].name, stage))
			actor(stage)->work = ns;
}

void begin(const char *graph)
{
	stand_tick = 0;
	stand_open(&s, graph);
	take_time("source", 100);
	take_time("mid", 200);
	take_time("sink", 50);
	mr_engine_host_turn(s.engine);
}

void end(void)
{
	stand_close(&s);
	stand_tick = 0;
}

struct actor *actor(const char *stage)
{
	return stand_actor(&s, stage);
}

void turn(const char *stage)
{
	mr_worker_turn(stand_worker(&s, stage));
}

void give(unsigned n)
{
	actor("source")->give[0] = n;
	actor("source")->pulls = 1;
	stand_stage(&s, "source")->ready = true;
	turn("source");
}

void let_go(const char *stage)
{
	actor(stage)->release = 1;
	stand_stage(&s, stage)->ready = true;
	turn(stage);
}

/* ---- the trace ---- */

void tell_all(void)
{
	turn("source");
	turn("sink");
	mr_engine_host_turn(s.engine);
}

void start(const struct mr_trace_wish *wish)
{
	struct mr_trace_wish whole = *wish;
	char wrong[MR_TRACE_WRONG];

	whole.count = whole.count ? whole.count : 1;
	whole.every = whole.every ? whole.every : 1;
	whole.time = whole.time ? whole.time : MR_TRACE_TIME;
	ck_assert_msg(mr_trace_start(s.engine, &whole, wrong) == 0, "%s", wrong);
	tell_all();
}

void begin_trace(const char *graph, const struct mr_trace_wish *wish)
{
	begin(graph);
	start(wish);
}

void look(void)
{
	for (unsigned i = 0; i < 2; i++) {
		stand_time += PASS;
		mr_engine_host_turn(s.engine);
	}
}

/* ---- stories ---- */

const struct mr_story *next_story(void)
{
	const struct mr_story *told = mr_trace_next(s.engine);

	ck_assert_ptr_nonnull(told);
	return told;
}

const struct mr_story *story(void)
{
	look();
	return next_story();
}

void no_more(void)
{
	ck_assert_ptr_null(mr_trace_next(s.engine));
}

static void check_step(const struct mr_trace_step *step, const struct want *want)
{
	ck_assert_str_eq(step->stage, want->stage);
	ck_assert_int_eq(step->what, want->what);
	ck_assert_pstr_eq(step->port, want->port);
	ck_assert_uint_eq(step->waited, want->waited);
	ck_assert_uint_eq(step->served, want->served);
	ck_assert_uint_eq(step->vector, want->vector);
	ck_assert_uint_eq(step->len, 8);
}

const struct mr_story *tells(const struct want *want, unsigned n)
{
	const struct mr_story *told = story();
	uint64_t total = 0;

	ck_assert_uint_eq(told->steps, n);
	for (unsigned i = 0; i < n; i++) {
		check_step(&told->step[i], &want[i]);
		total += want[i].waited + want[i].served;
	}
	ck_assert(told->ended && told->complete);
	ck_assert_uint_eq(told->total, total);
	return told;
}
