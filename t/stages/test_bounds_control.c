/* Nothing is unbounded (R7), where control is the one that cannot follow, or that nobody follows:
 * actions, inputs, events, orders, answers to programs, packets of its own, log lines. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log_keeper.h"
#include "core/wire.h"
#include "stages/control/state.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

static void begin_with(const char *more)
{
	whole_reset();
	whole_open(0, more, "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
}

static void begin(void)
{
	begin_with("");
}

static void end(void)
{
	whole_run(100);
	neighbour_close(&nb);
	whole_close_all();
}

static struct mr_engine *engine(void)
{
	return node[0].engine;
}

static const struct control *control(void)
{
	return mr_engine_host_state(engine());
}

/* A program asks for nodes that nobody knows, numbers from to from + n - 1. */
static void ask(unsigned from, unsigned n)
{
	struct mr_worker *w = whole_data(0);
	struct mr_event event = { .kind = MR_EV_RESOLVE, .bytes = { 0xee } };

	w->running = whole_stage(0, &mr_kind_route);
	for (unsigned i = from; i < from + n; i++) {
		event.bytes[1] = (uint8_t)i;
		event.bytes[2] = (uint8_t)(i >> 8);
		mr_tell(&w->turn, &event);
	}
}

static unsigned orders_under_way(void)
{
	unsigned n = engine()->unacked;

	for (const struct mr_order *o = engine()->backlog; o; o = o->next)
		n++;
	return n;
}

/* ---- an install that is not acknowledged ---- */

#define LETTERS 64

/* The data workers take in packets, but no order reaches them. */
static unsigned deaf_turns(unsigned turns, uint8_t letter[LETTERS][MR_LETTER])
{
	unsigned n = 0;

	for (unsigned i = 0; i < turns; i++) {
		while (mr_mail_pop(whole_data(0)->orders, letter[n]))
			ck_assert_uint_lt(++n, LETTERS);
		whole_data_turns(0, 1);
	}
	return n;
}

/* One neighbour has as many messages for control as a crowd. */
static void let_it_talk(void)
{
	const struct fips_index_entry *e;
	uint8_t index[4];

	mr_to_le32(index, nb.link[0].theirs);
	e = mr_table_find(whole_mesh(0)->index, index);
	fips_bucket_init(&e->recv->talk, 100000, 1000, air.now);
}

/* Control waits for an acknowledgement, and hears 1000 questions and 2000 messages meanwhile. */
START_TEST(who_waits_takes_in_no_more_than_it_can_keep)
{
	uint8_t letter[LETTERS][MR_LETTER];
	const struct mr_replica *open;
	uint64_t late, left = 0;
	unsigned n;

	begin();
	open = whole_stage(0, &mr_kind_fmp_open);
	neighbour_setup(&nb);
	while (!nb.sessions)
		whole_run(1);
	air.now += MS;
	whole_data_turns(0, 1); /* message 3 */
	mr_engine_host_turn(engine());
	ck_assert(control()->installing);
	ask(0, 1000);
	mr_engine_host_turn(engine());
	late = control_count(0, "late-events");
	ck_assert_uint_le(control()->actions.n, CONTROL_ACTIONS);
	ck_assert_uint_gt(control()->actions.n, CONTROL_ACTIONS - FIPS_ACTIONS_TURN);
	ck_assert_uint_ge(late, 1000 - CONTROL_ACTIONS);

	let_it_talk();
	n = 0;
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned k = 0; k < 100; k++)
			neighbour_beat(&nb);
		air.now += MS;
		n += deaf_turns(3, letter + n);
		mr_engine_host_turn(engine());
	}
	ck_assert_uint_eq(control_word(0, MR_W_HELD), MR_VECTOR);
	for (unsigned r = 0; r < engine()->plan->rings; r++) {
		const struct mr_plan_ring *plan = &engine()->plan->ring[r];

		ck_assert_uint_le(mr_ring_depth(engine()->ring[r]), plan->depth);
		left += mr_ring_depth(engine()->ring[r]);
	}
	ck_assert_uint_eq(whole_edge(0, &mr_kind_fmp_open, 2) + left + MR_VECTOR, 2000);
	ck_assert_uint_gt(whole_edge(0, &mr_kind_fmp_open, 2), 0);

	/* and when it is acknowledged, everything goes on */
	for (unsigned i = 0; i < n; i++)
		ck_assert(mr_mail_push(whole_data(0)->orders, letter[i]));
	whole_run(100);
	ck_assert(!control()->installing);
	ck_assert_uint_eq(control()->actions.n, 0);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_uint_ge(nb.session[0].opened, 1);
	ck_assert_uint_eq(open->block->live[MR_W_HELD], 0);
	end();
}
END_TEST

/* ---- events, orders, answers ---- */

START_TEST(a_ring_of_events_has_an_end)
{
	begin();
	ask(0, MR_LETTERS + 100);
	ck_assert_uint_eq(whole_data(0)->time->live[MR_T_LOST], 100);
	end();
}
END_TEST

/* Packets to one destination after the other, as fast as route takes them: what is asked, and so
 * ordered, is what can be parked for. */
START_TEST(a_scan_brings_few_orders)
{
	unsigned most = 0;

	begin();
	for (unsigned i = 0; i < 20000; i++) {
		struct fips_addr to = { { 0xee, (uint8_t)i, (uint8_t)(i >> 8) } };

		whole_say(0, &to, 100, 1);
		whole_data_turns(0, 1);
		if (i % 256 == 255)
			mr_engine_host_turn(engine());
		if (most < orders_under_way())
			most = orders_under_way();
		ck_assert_uint_le(mr_table_count(whole_mesh(0)->routes), CONTROL_REFUSALS);
	}
	ck_assert_uint_gt(most, 0);
	ck_assert_uint_le(most, 256);
	ck_assert_uint_eq(whole_data(0)->time->live[MR_T_LOST], 0);
	end();
}
END_TEST

/* Stages that have stopped listening are not asked for reports again and again. */
START_TEST(who_does_not_answer_is_not_ordered_about)
{
	begin_with(",\"link_dead_timeout_secs\":3600");
	neighbour_session(&nb);
	whole_say(0, &nb.me.addr, 100, 1);
	whole_run(5000);
	for (unsigned s = 0; s < 600; s++) {
		air.now += MR_NS_PER_S;
		mr_engine_host_turn(engine());
	}
	ck_assert_uint_gt(orders_under_way(), 0);
	ck_assert_uint_le(orders_under_way(), 16);
	end();
}
END_TEST

START_TEST(refusals_make_room_for_newer_ones)
{
	begin();
	for (unsigned i = 0; i < 2000; i += 500) {
		ask(i, 500);
		mr_engine_host_turn(engine());
		whole_data_turns(0, 20);
		ck_assert_uint_eq(mr_table_count(whole_mesh(0)->routes), CONTROL_REFUSALS);
	}
	ck_assert_uint_eq(control_count(0, "table-full"), 0);
	whole_run(1100);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->routes), 0);
	end();
}
END_TEST

/* ---- packets of its own ---- */

/* Somebody holds every packet control could use.  It waits, and says later what it had to say. */
START_TEST(an_empty_pool_is_waited_for)
{
	struct mr_worker *host;
	struct mr_pkt *taken[16384];
	unsigned n = 0;

	begin();
	host = engine()->host;
	while ((taken[n] = mr_pool_get(host->pool)))
		ck_assert_uint_lt(++n, 16384);
	nb.by_link.frames = 0;
	whole_run(12000);
	ck_assert_uint_eq(nb.by_link.frames, 0);
	ck_assert_uint_ge(control()->actions.n, 1);
	ck_assert_uint_le(control()->actions.n, CONTROL_ACTIONS);
	ck_assert(host->held);
	while (n)
		mr_pool_put(host->pool, taken[--n]);
	whole_run(20);
	ck_assert_uint_gt(nb.by_link.frames, 0);
	ck_assert_uint_eq(control()->actions.n, 0);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	end();
}
END_TEST

/* ---- log lines ---- */

static uint64_t now_in_air(void)
{
	return air.now;
}

/* Each stranger who is answered is worth a line, and only so many are written. */
START_TEST(strangers_do_not_fill_the_log)
{
	FILE *f = tmpfile();
	struct mr_log_keeper *keeper;
	unsigned lines = 0, told = 0;
	uint64_t answered;
	char line[MR_LOG_LINE + 1];

	whole_reset();
	whole_open(0, ",\"limits\":{\"max_peers\":1024}", "");
	ck_assert_ptr_nonnull(f);
	keeper = mr_log_keeper_open(fileno(f), now_in_air);
	ck_assert_ptr_nonnull(keeper);
	mr_control_log(mr_engine_host_state(engine()),
	               &(struct mr_log){ .level = MR_LOG_DEBUG, .wall = mr_clock_wall,
	                                 .keeper = keeper });
	neighbour_open(&nb, 0);
	for (unsigned i = 0; i < 400; i++) {
		neighbour_stranger(&nb, i);
		whole_run(50); /* 10 a second are answered, 5 lines a second are written */
	}
	answered = control_count(0, "node-answered");
	rewind(f);
	while (fgets(line, sizeof line, f)) {
		const char *held = strrchr(line, '(');
		unsigned n;

		if (held && sscanf(held, "(%u lines like this left out)", &n) == 1)
			told += n;
		lines++;
	}
	fclose(f);
	ck_assert_uint_ge(answered, 290);
	ck_assert_uint_le(lines, 100 + 5 * 20 + 1);
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_eq(lines + mr_log_keeper_counts(keeper).held, answered);
	ck_assert_uint_le(told, mr_log_keeper_counts(keeper).held);
	mr_control_log(mr_engine_host_state(engine()), &(struct mr_log){ .level = MR_LOG_ERROR });
	mr_log_keeper_close(keeper);
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bounds of control");
	TCase *tc = tcase_create("bounds");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, who_waits_takes_in_no_more_than_it_can_keep);
	tcase_add_test(tc, a_ring_of_events_has_an_end);
	tcase_add_test(tc, a_scan_brings_few_orders);
	tcase_add_test(tc, who_does_not_answer_is_not_ordered_about);
	tcase_add_test(tc, refusals_make_room_for_newer_ones);
	tcase_add_test(tc, an_empty_pool_is_waited_for);
	tcase_add_test(tc, strangers_do_not_fill_the_log);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
