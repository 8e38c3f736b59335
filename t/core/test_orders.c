/* Orders, acknowledgements and events between the host and stages, turned by hand. */

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/actors.h"

#define GRAPH \
	"{\"graph\":\"g\",\"stages\":{\"source\":{},\"mid\":{},\"sink\":{},\"boss\":{}},\"edges\":[" \
	"{\"from\":\"source.a\",\"to\":\"mid.in\",\"full\":\"wait\"}," \
	"{\"from\":\"mid.out\",\"to\":\"sink.in\",\"full\":\"wait\"}," \
	"{\"from\":\"boss.out\",\"to\":\"mid.side\"}]," \
	"\"workers\":{\"w\":{\"stages\":[\"source\",\"mid\"]},\"v\":{\"stages\":[\"sink\"]}}}"

#define MANY (2 * MR_LETTERS - 48)

static struct mr_order order[MANY];
static unsigned acked;
static bool ack_disorder;

static void is_done(struct mr_order *o, void *host, struct mr_turn *t)
{
	(void)host;
	(void)t;
	ck_assert_uint_eq(atomic_load(&o->pending), 0);
	ack_disorder |= o->a != acked + 1;
	acked++;
}

/* A host's turn needs a turn of the engine's; orders are sent between them. */
static void order_all(struct stand *s, const char *kind, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		order[i] = (struct mr_order){ .a = i + 1, .done = is_done };
		ck_assert(mr_order_send(&s->engine->host->turn, kind, &order[i]));
	}
}

static bool readable(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1;
}

/* R2, R7: more than the mail holds: none is lost, none overtakes, each is acknowledged once, and
 * no turn takes all. */
START_TEST(orders_are_lossless_and_in_order)
{
	struct stand s;
	struct actor *sink;
	struct mr_worker *v;
	unsigned before = 0;

	stand_open(&s, GRAPH);
	sink = stand_actor(&s, "sink");
	v = stand_worker(&s, "sink");
	mr_engine_host_turn(s.engine);
	order_all(&s, "sink", MANY);
	for (unsigned i = 0; acked < MANY; i++) {
		ck_assert_uint_lt(i, 10000);
		mr_worker_turn(v);
		ck_assert_uint_gt(sink->orders, before);
		ck_assert_uint_le(sink->orders, before + MR_VECTOR);
		before = sink->orders;
		mr_engine_host_turn(s.engine);
	}
	ck_assert_uint_eq(sink->orders, MANY);
	ck_assert(!sink->disorder);
	ck_assert(!ack_disorder);
	ck_assert_uint_eq(s.engine->unacked, 0);
	ck_assert_ptr_null(s.engine->backlog);
	ck_assert(!mr_worker_turn(v));
	stand_close(&s);
}
END_TEST

#define SPREAD "{\"graph\":\"g\",\"stages\":{\"source\":{},\"sink\":{\"threads\":3},\"boss\":{}}," \
	"\"edges\":[{\"from\":\"source.a\",\"to\":\"sink.in\",\"full\":\"wait\"}]}"

/* To all: each replica applies it, one acknowledgement.  To an owner: that one alone, behind what
 * was sent to all before. */
START_TEST(an_order_goes_to_all_or_to_the_owner)
{
	struct stand s;
	const struct mr_replica *sink;
	const struct actor *actor[3];

	stand_open(&s, SPREAD);
	sink = stand_stage(&s, "sink");
	for (unsigned i = 0; i < 3; i++)
		actor[i] = sink[i].state;
	mr_engine_host_turn(s.engine);
	order_all(&s, "sink", 2);
	for (unsigned i = 2; i < 2 + 9; i++) {
		order[i] = (struct mr_order){ .a = i + 1, .done = is_done };
		ck_assert(mr_order_send_to(&s.engine->host->turn, "sink", 30 + i - 2, &order[i]));
	}
	ck_assert(!mr_order_send_to(&s.engine->host->turn, "nobody", 0, &order[11]));
	mr_worker_turn(sink[1].worker);
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(actor[1]->orders, 2 + 3);
	ck_assert_uint_eq(acked, 3); /* its own; those for all wait for the others */
	for (unsigned i = 0; i < 3; i += 2)
		mr_worker_turn(sink[i].worker);
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(acked, 11);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(actor[i]->orders, 2 + 3);
		ck_assert_uint_eq(actor[i]->last, 3 + i + 6);
		ck_assert(!actor[i]->disorder);
	}
	stand_close(&s);
}
END_TEST

START_TEST(a_stage_that_is_not_there_takes_no_order)
{
	struct stand s;

	stand_open(&s, GRAPH);
	order[0] = (struct mr_order){ .done = is_done };
	ck_assert(!mr_order_send(&s.engine->host->turn, "nobody", &order[0]));
	ck_assert_uint_eq(acked, 0);
	stand_close(&s);
}
END_TEST

/* A stage held behind a full ring still hears orders, and their sender is rung. */
START_TEST(orders_pass_what_is_held)
{
	struct stand s;
	struct mr_worker *w;

	stand_open(&s, GRAPH);
	w = stand_worker(&s, "mid");
	stand_actor(&s, "source")->give[0] = 64;
	stand_actor(&s, "source")->pulls = 1000;
	stand_stage(&s, "source")->ready = true;
	while (mr_worker_turn(w))
		;
	ck_assert(mr_worker_may_sleep(w));
	ck_assert(w->held);
	stand_rung(w);
	mr_engine_host_turn(s.engine);
	ck_assert(!readable(mr_engine_host_fd(s.engine)));
	order_all(&s, "mid", 1);
	ck_assert(stand_rung(w));
	ck_assert(mr_worker_turn(w));
	ck_assert_uint_eq(stand_actor(&s, "mid")->orders, 1);
	ck_assert(readable(mr_engine_host_fd(s.engine)));
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(acked, 1);
	ck_assert(!mr_worker_turn(w));
	while (mr_worker_turn(stand_worker(&s, "sink")))
		;
	stand_close(&s);
}
END_TEST

static void done_sends_again(struct mr_order *o, void *host, struct mr_turn *t)
{
	(void)host;
	if (++acked < MANY)
		mr_order_send(t, "sink", o);
}

START_TEST(an_acknowledged_order_may_be_sent_again)
{
	struct stand s;

	stand_open(&s, GRAPH);
	order[0] = (struct mr_order){ .a = 1, .done = done_sends_again };
	mr_order_send(&s.engine->host->turn, "sink", &order[0]);
	for (unsigned i = 0; i < MANY; i++) {
		order[0].a = i + 1;
		mr_worker_turn(stand_worker(&s, "sink"));
		mr_engine_host_turn(s.engine);
		ck_assert_uint_eq(acked, i + 1);
	}
	ck_assert_uint_eq(stand_actor(&s, "sink")->orders, MANY);
	stand_close(&s);
}
END_TEST

static void tell(struct stand *s, const char *stage, uint64_t a)
{
	struct mr_worker *w = stand_worker(s, stage);

	w->running = stand_stage(s, stage);
	mr_tell(&w->turn, &(struct mr_event){ .kind = 7, .a = a });
}

/* R7: what the ring does not hold is counted. */
START_TEST(events_arrive_in_order_or_are_counted)
{
	struct stand s;
	struct actor *boss;
	struct mr_worker *w;

	stand_open(&s, GRAPH);
	boss = stand_actor(&s, "boss");
	w = stand_worker(&s, "mid");
	mr_engine_host_turn(s.engine);
	ck_assert(!readable(mr_engine_host_fd(s.engine)));
	for (uint64_t a = 1; a <= MR_LETTERS + 5; a++)
		tell(&s, "mid", a);
	ck_assert_uint_eq(w->time->live[MR_T_LOST], 5);
	ck_assert(readable(mr_engine_host_fd(s.engine)));
	for (unsigned i = 0; readable(mr_engine_host_fd(s.engine)); i++) {
		ck_assert_uint_lt(i, 100);
		mr_engine_host_turn(s.engine);
	}
	ck_assert_uint_eq(boss->events, MR_LETTERS);
	ck_assert_uint_eq(boss->last, MR_LETTERS);
	ck_assert(!boss->disorder);
	tell(&s, "mid", MR_LETTERS + 6);
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(boss->last, MR_LETTERS + 6);
	ck_assert_uint_eq(w->time->live[MR_T_LOST], 5);
	stand_close(&s);
}
END_TEST

/* The host has its first turn without anybody asking, and later ones when its deadline has come. */
START_TEST(the_host_is_turned_when_there_is_something)
{
	struct stand s;
	struct actor *boss;

	stand_open(&s, GRAPH);
	boss = stand_actor(&s, "boss");
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	ck_assert(readable(mr_engine_host_fd(s.engine)));
	mr_engine_host_turn(s.engine);
	ck_assert(!readable(mr_engine_host_fd(s.engine)));
	ck_assert_uint_eq(mr_engine_host_deadline(s.engine), MR_NEVER);
	boss->due = stand_time + 10;
	ck_assert_uint_eq(mr_engine_host_deadline(s.engine), stand_time + 10);
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(boss->timeouts, 0);
	stand_time += 10;
	mr_engine_host_turn(s.engine);
	ck_assert_uint_eq(boss->timeouts, 1);
	stand_close(&s);
}
END_TEST

static void fresh(void)
{
	acked = 0;
	ack_disorder = false;
}

int main(void)
{
	Suite *s = suite_create("orders");
	TCase *tc = tcase_create("orders");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, fresh, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, orders_are_lossless_and_in_order);
	tcase_add_test(tc, an_order_goes_to_all_or_to_the_owner);
	tcase_add_test(tc, a_stage_that_is_not_there_takes_no_order);
	tcase_add_test(tc, orders_pass_what_is_held);
	tcase_add_test(tc, an_acknowledged_order_may_be_sent_again);
	tcase_add_test(tc, events_arrive_in_order_or_are_counted);
	tcase_add_test(tc, the_host_is_turned_when_there_is_something);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
