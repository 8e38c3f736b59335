/* Exchanging the graph that runs: nothing is lost, doubled or overtaken, whoever keeps packets and
 * however many threads there are; counters go on. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/trace.h"
#include "t/lib/swap_file.h"

/* ---- under load ---- */

static const struct swap_plan plans[] = {
	{ "one", 1, .park = 0 },    { "staged", 4, .park = 3 }, { "two", 1, .park = 0 },
	{ "two", 3, .park = 2 },    { "staged", 1, .park = 0 }, { "one", 1, .park = 4 },
	{ "staged", 2, .park = 5 }, { "two", 2, .park = 0 },	{ "staged", 3, .park = 32 },
	{ "one", 1, .park = 32 },   { "two", 4, .park = 32 },
};

enum { PLANS = sizeof plans / sizeof plans[0], SWAPS = 60 };

/* Every third packet is followed, until the next graph ends that: marks are on packets that stages
 * keep and on those in rings, and orders of the trace are on their way. */
static void follow(struct mr_engine *e)
{
	const struct mr_trace_wish wish = { .count = MR_TRACE_COUNT, .every = 3,
	                                    .time = MR_TRACE_TIME };
	char wrong[MR_TRACE_WRONG];

	mr_trace_forget(e);
	if (!e->trace)
		ck_assert_msg(mr_trace_start(e, &wish, wrong) == 0, "%s", wrong);
}

/* Packets that wait, orders on their way, and the source at its fastest; in half of the rounds some
 * of the packets are followed. */
START_TEST(nothing_is_lost_or_overtaken)
{
	struct mr_rand_state seed = { .seed = (uint64_t)_i + 1 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct swap_file file[PLANS];
	struct mr_engine *e;
	unsigned now = 0, moved = 0;

	for (unsigned i = 0; i < PLANS; i++)
		swap_make(&file[i], &plans[i], "{}");
	e = swap_open(&file[0], true);
	for (unsigned i = 0; i < SWAPS; i++) {
		unsigned next = mr_rand_u32(&rand) % PLANS;
		struct mr_report report = { 0 };
		struct mr_swapped done;
		enum mr_swap what;

		if (_i % 2)
			follow(e);
		swap_host_runs(e, mr_rand_u32(&rand) % 4);
		what = swap_until_done(e, &file[next], &done, &report);
		mr_report_print(&report, stderr);
		ck_assert_uint_eq(report.errors, 0);
		mr_report_free(&report);
		ck_assert_int_eq(what, next == now ? MR_SWAP_SAME : MR_SWAP_ALL);
		ck_assert_uint_eq(done.lost, 0);
		ck_assert_uint_eq(done.missing, 0);
		ck_assert_uint_eq(swap_boxes_open, 1);
		ck_assert_uint_eq(swap_world.workers, e->workers);
		moved += done.moved;
		now = next;
	}
	ck_assert_uint_gt(moved, 0);
	ck_assert_uint_gt(swap_world.done, 0);
	ck_assert_uint_eq(swap_world.prepared, swap_world.went + swap_world.stayed);
	ck_assert((e->traces > 0) == (_i % 2 == 1));
	swap_finish(e);
	ck_assert_uint_gt(swap_world.events, 0);
	for (unsigned i = 0; i < PLANS; i++)
		swap_free(&file[i]);
}
END_TEST

/* ---- by hand ---- */

/* Orders again, until nothing is parked any more. */
static void come_home(struct mr_engine *e)
{
	swap_boss_due(mr_engine_host_state(e), 1);
	swap_world.stop = true;
	while (swap_world.taken < swap_world.made)
		swap_turn(e, 1);
}

static struct swap_pass *first_pass(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->replicas; i++) {
		if (e->replica[i].kind == &swap_kind_pass)
			return e->replica[i].state;
	}
	ck_abort_msg("no pass");
}

static uint64_t host_booked(const struct mr_engine *e)
{
	const uint64_t *time = e->host->time->live;

	return time[MR_T_BUSY] + time[MR_T_HELD] + time[MR_T_IDLE];
}

/* Kept packets, counters, histograms, the host's descriptor and its time go over. */
START_TEST(what_was_there_goes_on)
{
	static const struct swap_plan from = { "one", 1, .park = 2 },
				      to = { "staged", 4, .park = 2 };
	struct swap_file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	uint64_t in, calls, booked;
	unsigned kept;
	void *state;
	int fd;

	swap_make(&a, &from, "{}");
	swap_make(&b, &to, "{}");
	e = swap_open(&a, false);
	swap_world.limit = 0;
	state = mr_engine_host_state(e);
	swap_boss_due(state, MR_NEVER); /* no orders: what is parked stays */
	swap_turn(e, 20);
	kept = first_pass(e)->n;
	ck_assert_uint_gt(kept, 0);
	in = swap_total(e, "pass", MR_W_IN);
	calls = e->replica[1].hist[MR_H_SIZE].bucket[17];
	ck_assert_uint_gt(calls, 0);
	fd = mr_engine_host_fd(e);
	booked = host_booked(e);
	ck_assert_uint_gt(booked, 0);
	ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(done.moved, kept);
	ck_assert_uint_eq(done.lost + done.missing, 0);
	ck_assert_int_eq(mr_engine_host_fd(e), fd);
	ck_assert_uint_ge(host_booked(e), booked);
	ck_assert_ptr_eq(mr_engine_host_state(e), state);
	ck_assert_uint_eq(swap_total(e, "pass", MR_W_IN), in);
	ck_assert_uint_eq(swap_total(e, "pass", MR_W_HELD), kept);
	ck_assert_uint_ge(e->replica[1].hist[MR_H_SIZE].bucket[17], calls);
	swap_check_books(e);
	/* each with the replica that owns it; the first of them follows the only one there was */
	for (unsigned i = 0; i < e->replicas; i++) {
		const struct swap_pass *p = e->replica[i].state;

		if (e->replica[i].kind == &swap_kind_pass)
			ck_assert_uint_eq(p->follows, e->replica[i].index == 0);
		for (unsigned k = 0; e->replica[i].kind == &swap_kind_pass && k < p->n; k++)
			ck_assert_uint_eq(mr_handle_hash(p->kept[k]->far) % 4, e->replica[i].index);
	}
	swap_turn(e, 20);
	come_home(e);
	swap_finish(e);
	mr_report_free(&report);
	swap_free(&a);
	swap_free(&b);
}
END_TEST

/* A stage that went takes its packets along, by name; one of another name is another stage, to
 * which packets go but counters do not. */
START_TEST(another_name)
{
	static const struct swap_plan from = { "one", 1, .park = 2 },
	                         to = { "one", 1, .park = 2, .name = "other" };
	struct swap_file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	swap_make(&a, &from, "{}");
	swap_make(&b, &to, "{}");
	e = swap_open(&a, false);
	swap_boss_due(mr_engine_host_state(e), MR_NEVER);
	swap_turn(e, 10);
	ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_gt(done.moved, 0);
	ck_assert_uint_eq(swap_total(e, "other", MR_W_IN), done.moved);
	ck_assert_uint_eq(swap_total(e, "other", MR_W_HELD), done.moved);
	ck_assert(!first_pass(e)->heir);
	come_home(e);
	swap_finish(e);
	mr_report_free(&report);
	swap_free(&a);
	swap_free(&b);
}
END_TEST

/* What a graph does not use stays open, and as it is, for the next one that does. */
START_TEST(what_is_open_stays_open)
{
	static const struct swap_plan from = { "two", 2, .park = 2 };
	struct swap_file a, b, c;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	swap_make(&a, &from, "{}");
	swap_make_short(&b, "{}");
	swap_make_short(&c, "{\"box\":{\"size\":6}}");
	e = swap_open(&a, true);
	swap_host_runs(e, 2);
	ck_assert_int_eq(swap_until_done(e, &b, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(swap_boxes_open, 1);
	ck_assert_int_eq(swap_to(e, &c, &done, &report), MR_SWAP_REFUSED);
	swap_host_runs(e, 2);
	ck_assert_int_eq(swap_until_done(e, &a, &done, &report), MR_SWAP_ALL);
	ck_assert_uint_eq(swap_boxes_open, 1);
	swap_host_runs(e, 2);
	swap_world.stop = true;
	swap_host_runs(e, 20);
	mr_engine_stop(e);
	swap_check_books(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	ck_assert_uint_eq(swap_boxes_open, 0);
	mr_report_free(&report);
	swap_free(&a);
	swap_free(&b);
	swap_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap");
	TCase *load = tcase_create("load"), *hand = tcase_create("hand");
	SRunner *sr;
	int failed;

	tcase_set_timeout(load, 120);
	tcase_set_timeout(hand, 120);
	tcase_add_loop_test(load, nothing_is_lost_or_overtaken, 0, 4);
	tcase_add_test(hand, what_was_there_goes_on);
	tcase_add_test(hand, another_name);
	tcase_add_test(hand, what_is_open_stays_open);
	suite_add_tcase(s, load);
	suite_add_tcase(s, hand);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
