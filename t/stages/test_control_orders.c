/* Hand-overs between control and the stages (R2): an install is acknowledged before anything
 * follows from it, none is lost in a crowd, and what an event did not tell is found all the
 * same. */

#include <check.h>

#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "stages/lib/words.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

static void begin(void)
{
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
}

static void end(void)
{
	neighbour_close(&nb);
	whole_close_all();
}

static const struct fips_session_entry *session_with(const struct fips_addr *peer)
{
	return mr_table_find(whole_mesh(0)->sessions, peer->b);
}

/* ---- first the key, then the message that lets the peer use it ---- */

static bool answered;

static uint64_t note_ack(const struct flight *f)
{
	size_t len = f->len - FIPS_LINK_OVERHEAD - FIPS_DATAGRAM_HEAD;

	/* one of the two is the root, the other below it, or does not know it yet */
	answered |= f->to == 0 && (len == FIPS_FSP_ACK_LEN(1, 2) || len == FIPS_FSP_ACK_LEN(1, 1));
	return MS;
}

/* The last message that node 0 needs for a key with this peer comes now.  Nothing is said, and
 * nothing sent under another key than before, until fsp-open has the key and has said so. */
static void check_hold(const struct fips_addr *peer)
{
	const struct fips_session_entry *e = session_with(peer);
	const struct fips_send_key *before = e ? e->send : NULL;
	unsigned sent;
	uint64_t made;

	air.now += MS;
	whole_data_turns(0, 1);
	made = control_word(0, MR_W_MADE);
	sent = air.sent[0];
	for (unsigned i = 0; i < 2; i++) {
		mr_engine_host_turn(node[0].engine);
		ck_assert_uint_eq(node[0].engine->unacked, 1);
	}
	whole_data_turns(0, 1); /* the order is acknowledged */
	ck_assert_uint_eq(control_word(0, MR_W_MADE), made);
	ck_assert_uint_eq(air.sent[0], sent);
	e = session_with(peer);
	ck_assert_ptr_eq(e ? e->send : NULL, before);
	mr_engine_host_turn(node[0].engine);
	ck_assert_ptr_ne(session_with(peer)->send, before);
}

/* A link is answered: message 2 waits. */
START_TEST(message_2_waits_for_its_key)
{
	char peers[512];

	whole_reset();
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	mr_engine_host_turn(node[1].engine);
	whole_data_turns(0, 1);
	mr_engine_host_turn(node[0].engine); /* message 1 */
	whole_data_turns(0, 1);
	ck_assert_uint_eq(air.sent[0], 1);
	air.now += MS;
	whole_data_turns(1, 1);
	mr_engine_host_turn(node[1].engine);
	ck_assert_uint_eq(control_count(1, "node-answered"), 1);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->index), 1);
	ck_assert_uint_eq(control_word(1, MR_W_MADE), 0);
	whole_data_turns(1, 1); /* the order is acknowledged */
	ck_assert_uint_eq(control_word(1, MR_W_MADE), 0);
	mr_engine_host_turn(node[1].engine);
	ck_assert_uint_ge(control_word(1, MR_W_MADE), 1);
	whole_close_all();
}
END_TEST

/* A session of ours is answered: message 3 waits. */
START_TEST(message_3_waits_for_its_key)
{
	const struct fips_addr *peer;

	whole_link_up();
	peer = &whole_mesh(1)->me.addr;
	air.fate = note_ack;
	whole_say(0, peer, 100, 1);
	for (answered = false; !answered;)
		whole_run(1);
	check_hold(peer);
	ck_assert_ptr_nonnull(session_with(peer)->recv->slot[FIPS_CURRENT]);
	whole_run(20);
	ck_assert_uint_eq(air.got[1], 1);
	whole_close_all();
}
END_TEST

/* A session of theirs: what we send under the new key waits,
 * for a first key and for a later one. */
START_TEST(a_key_is_not_sent_with_before_it_receives)
{
	begin();
	if (_i)
		neighbour_session(&nb);
	whole_run(1500); /* a warm-up is over */
	neighbour_setup(&nb);
	while (nb.sessions == (unsigned)_i)
		whole_run(1);
	check_hold(&nb.me.addr);
	ck_assert_ptr_nonnull(
		session_with(&nb.me.addr)->recv->slot[_i ? FIPS_PENDING : FIPS_CURRENT]);
	end();
}
END_TEST

/* ---- a crowd of orders ---- */

#define CROWD 3000

/* Programs ask for nodes that nobody knows: an order to route for each answer. */
static void crowd(void)
{
	struct mr_worker *w = whole_data(0);
	struct mr_event event = { .kind = MR_EV_RESOLVE };

	w->running = whole_stage(0, &mr_kind_route);
	for (unsigned i = 0; i < CROWD; i++) {
		event.bytes[0] = 0xee;
		event.bytes[1] = (uint8_t)i;
		event.bytes[2] = (uint8_t)(i >> 8);
		mr_tell(&w->turn, &event);
		if (i % 500 == 499)
			mr_engine_host_turn(node[0].engine);
	}
	ck_assert_uint_eq(w->time->live[MR_T_LOST], 0);
}

/* An install behind thousands of orders comes to pass like any other, and every order before it. */
START_TEST(a_hand_over_in_a_crowd_is_not_lost)
{
	struct mr_engine *e;
	uint64_t orders;
	unsigned turns = 0;

	begin();
	e = node[0].engine;
	neighbour_setup(&nb);
	while (!nb.sessions)
		whole_run(1);
	orders = control_count(0, "orders");
	crowd();
	ck_assert_uint_eq(control_count(0, "orders"), orders + CROWD);
	ck_assert_uint_eq(e->unacked, MR_LETTERS);
	air.now += MS;
	neighbour_data(&nb); /* under the key that is not there yet, behind message 3 */
	air.flight[air.n - 1].due = air.now;
	do {
		whole_data_turns(0, 1);
		mr_engine_host_turn(e);
		ck_assert_uint_lt(++turns, CROWD);
	} while (!session_with(&nb.me.addr)->live);
	ck_assert_uint_gt(turns, (CROWD - MR_LETTERS) / MR_VECTOR);
	whole_run(20);
	ck_assert_uint_eq(e->unacked, 0);
	ck_assert_ptr_null(e->backlog);
	ck_assert_ptr_nonnull(session_with(&nb.me.addr)->recv->slot[FIPS_CURRENT]);
	ck_assert_uint_eq(fips_word_get(&session_with(&nb.me.addr)->recv->frames), 1);
	ck_assert_uint_ge(nb.session[0].opened, 1);
	end();
}
END_TEST

/* ---- a stage that does not listen for a while ---- */

/* Not a turn of the data worker for two seconds: what was under way goes on where it stood. */
START_TEST(a_late_hand_over_is_a_hand_over)
{
	begin();
	neighbour_setup(&nb);
	while (!nb.sessions)
		whole_run(1);
	air.now += MS;
	whole_data_turns(0, 1);
	for (unsigned k = 0; k < 2000; k++) {
		air.now += MS;
		mr_engine_host_turn(node[0].engine);
	}
	ck_assert(!session_with(&nb.me.addr)->live);
	whole_run(20);
	ck_assert(session_with(&nb.me.addr)->live);
	whole_say(0, &nb.me.addr, 100, 1);
	whole_run(20);
	ck_assert_uint_ge(nb.session[0].opened, 2); /* a warm-up and the packet */
	end();
}
END_TEST

/* ---- events that are lost ---- */

/* Every event is lost: the words tell the same, a second later. */
START_TEST(the_tick_finds_what_events_did_not_tell)
{
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	nb.beat_at = MR_NEVER;
	node[0].deaf = true;
	neighbour_call(&nb);
	whole_run(20);
	neighbour_message(&nb, "", 0); /* a frame that goes no further than fmp-open */
	whole_run(20);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_PROVISIONAL);
	whole_run(1100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	ck_assert_uint_eq(control_count(0, "missed-events"), 1);

	air.host[HAND] = 77; /* it moves, and its heartbeats come from there */
	neighbour_beat(&nb);
	whole_run(2000);
	ck_assert_uint_eq(control_count(0, "missed-events"), 2);
	nb.link[0].opened = 0;
	whole_run(11000);
	ck_assert_uint_ge(nb.link[0].opened, 1); /* what the node says, it says there */
	end();
}
END_TEST

/* Nor does a packet overtake the news of its key: what it was opened by tells as well. */
START_TEST(a_packet_brings_the_news_of_its_key)
{
	char peers[512];

	whole_reset();
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	node[1].deaf = true;
	whole_run(50);
	ck_assert_int_eq(whole_peer_state(1), FIPS_PEER_UP);
	ck_assert_uint_eq(control_count(1, "missed-events"), 0);
	whole_close_all();
}
END_TEST

/* fsp-open has moved to the next key and nobody heard of it.  Until the tick has told control, it
 * could neither forget the previous key nor take another one. */
START_TEST(a_move_nobody_told_of_is_found)
{
	const struct fips_session_recv *recv;
	struct fips_recv_key *first;

	begin();
	neighbour_session(&nb);
	recv = session_with(&nb.me.addr)->recv;
	first = recv->slot[FIPS_CURRENT];
	node[0].deaf = true;
	neighbour_session(&nb);
	ck_assert_ptr_eq(recv->slot[FIPS_PREVIOUS], first);
	ck_assert_uint_eq(control_count(0, "missed-events"), 0);
	neighbour_setup(&nb);
	whole_run(20);
	ck_assert_uint_eq(nb.sessions, 2); /* the one before is still an offer, for all it knows */
	whole_run(1100);
	ck_assert_uint_eq(control_count(0, "missed-events"), 1);
	neighbour_session(&nb);
	whole_run(1100);
	ck_assert_uint_eq(control_count(0, "missed-events"), 2);
	whole_run(20000);
	ck_assert_ptr_nonnull(recv->slot[FIPS_CURRENT]);
	ck_assert_ptr_null(recv->slot[FIPS_PREVIOUS]);
	end();
}
END_TEST

/* Route asks again for as long as a packet waits. */
START_TEST(a_question_nobody_heard_is_asked_again)
{
	whole_link_up();
	node[0].deaf = true;
	whole_say(0, &whole_mesh(1)->me.addr, 100, 1);
	whole_run(500);
	ck_assert_uint_eq(whole_word(0, &mr_kind_route, MR_W_HELD), 1);
	ck_assert(!whole_in_session(0));
	node[0].deaf = false;
	whole_run(600);
	ck_assert(whole_in_session(0));
	ck_assert_uint_eq(air.got[1], 1);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control orders");
	TCase *tc = tcase_create("hand-overs");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, message_2_waits_for_its_key);
	tcase_add_test(tc, message_3_waits_for_its_key);
	tcase_add_loop_test(tc, a_key_is_not_sent_with_before_it_receives, 0, 2);
	tcase_add_test(tc, a_hand_over_in_a_crowd_is_not_lost);
	tcase_add_test(tc, a_late_hand_over_is_a_hand_over);
	tcase_add_test(tc, the_tick_finds_what_events_did_not_tell);
	tcase_add_test(tc, a_packet_brings_the_news_of_its_key);
	tcase_add_test(tc, a_move_nobody_told_of_is_found);
	tcase_add_test(tc, a_question_nobody_heard_is_asked_again);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
