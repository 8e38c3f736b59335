/* Neighbours that move (link.md 6.11, 7.2) and neighbours that begin a new life (6.5, session.md
 * 3.5), with traffic, in whole nodes. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/link.h"
#include "stages/control/state.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

/* ---- moving ---- */

#define ENDS   2   /* of the link */
#define PACKET 400 /* bytes: none of what nodes say of their own accord is as long */

static struct fips_addr addr[ENDS];

/* A packet to the other end, which may be away; what comes back instead is no packet of its. */
static void say(unsigned from)
{
	whole_say(from, &addr[!from], PACKET, 1);
	whole_run(1);
}

/* Packets from both ends until each has had one of the other's; fails after ms. */
static void both_ways(unsigned ms)
{
	bool heard[ENDS] = { false, false };

	for (unsigned k = 0; k < ms; k++) {
		unsigned got[ENDS] = { air.got[0], air.got[1] };

		say(k % 2);
		for (unsigned i = 0; i < ENDS; i++)
			heard[i] |= air.got[i] > got[i] && air.got_len[i] == PACKET;
		if (heard[0] && heard[1])
			return;
	}
	ck_abort_msg("not both ways within %u ms", ms);
}

static void note_addresses(void)
{
	for (unsigned i = 0; i < ENDS; i++)
		addr[i] = whole_mesh(i)->me.addr;
}

static void begin(void)
{
	whole_link_up();
	note_addresses();
	both_ways(100);
}

/* Each of the two moves, the one who dialled and the one who answered; the other one follows at its
 * first frame from there, and nothing is begun anew. */
START_TEST(each_end_may_move)
{
	unsigned who = (unsigned)_i % ENDS;
	bool deaf = _i >= ENDS; /* ... and the event that tells of it is lost */
	uint64_t handshakes;

	begin();
	handshakes = control_count(0, "node-answered") + control_count(1, "node-answered");
	node[!who].deaf = deaf;
	for (uint8_t place = 50; place < 54; place++) {
		air.host[who] = place;
		say(who);
		whole_run(deaf ? 1100 : 110); /* news of one node comes every 100 ms at most */
		both_ways(4);
	}
	ck_assert_uint_eq(control_count(0, "node-answered") + control_count(1, "node-answered"),
	                  handshakes);
	ck_assert_uint_eq(control_count(!who, "missed-events"), deaf ? 4 : 0);
	ck_assert_uint_eq(control_count(0, "node-lost") + control_count(1, "node-lost"), 0);
	whole_close_all();
}
END_TEST

/* ---- narrow ---- */

/* The way to the other end takes frames of so many bytes. */
static bool as_wide_as(uint16_t mtu)
{
	const struct fips_link_entry *link = mr_table_find(whole_mesh(0)->links, addr[1].b);
	const struct fips_route_entry *way = mr_table_find(whole_mesh(0)->routes, addr[1].b);

	return link->mtu == mtu && way->mtu == mtu && way->first == mtu;
}

static void tell_narrow(const struct relation *link, uint32_t mtu, const struct fips_via *via)
{
	air.tells = (struct mr_event){ .kind = MR_EV_NARROW, .u = mtu, .a = link->using->send.id };
	memcpy(air.tells.bytes, via, sizeof *via);
	air.teller = 1;
	whole_run(5);
	ck_assert_uint_eq(air.teller, 0);
}

/* A link whose connection takes less than the transport may: its ways are as narrow, and programs
 * are told, instead of their packets being lost (R25).  Who says so of another address, or a size
 * that nothing has, changes nothing; when the link goes elsewhere it is over. */
START_TEST(a_narrow_connection)
{
	struct fips_via elsewhere = via_of(77);
	const struct relation *link;
	unsigned got[ENDS];

	begin();
	link = mr_relation_find(mr_engine_host_state(node[0].engine), true, &addr[1]);
	ck_assert(as_wide_as(1472));
	tell_narrow(link, 1300, &elsewhere);
	tell_narrow(link, 100, &link->via);
	tell_narrow(link, 1472, &link->via);
	ck_assert(as_wide_as(1472));
	tell_narrow(link, 1300, &link->via);
	ck_assert(as_wide_as(1300));
	memcpy(got, air.got, sizeof got);
	whole_say(0, &addr[1], 1300 - 77, 1);
	whole_run(20);
	ck_assert_uint_eq(air.got[1], got[1] + 1);
	ck_assert_uint_eq(air.got[0], got[0]);
	whole_say(0, &addr[1], 1300 - 76, 1);
	whole_run(20);
	ck_assert_uint_eq(air.got[1], got[1] + 1);
	ck_assert_uint_eq(air.got[0], got[0] + 1); /* too big, it is told */
	whole_run(5000);
	ck_assert(as_wide_as(1300));
	air.host[1] = 42; /* it moves */
	for (unsigned k = 0; k < 10; k++)
		say(1);
	whole_run(100);
	ck_assert_uint_eq(
		((const struct fips_link_entry *)mr_table_find(whole_mesh(0)->links, addr[1].b))
			->mtu,
		1472);
	whole_close_all();
}
END_TEST

/* ... and its ways are as wide as they were, unless their other ends say that they are not. */
START_TEST(no_longer_narrow)
{
	const struct relation *link;

	begin();
	link = mr_relation_find(mr_engine_host_state(node[0].engine), true, &addr[1]);
	tell_narrow(link, 1300, &link->via);
	ck_assert(as_wide_as(1300));
	air.host[1] = 42;
	for (unsigned k = 0; k < 10; k++)
		say(1);
	whole_run(100);
	ck_assert(as_wide_as(1472));
	whole_close_all();
}
END_TEST

static void tell_room(unsigned instance, uint32_t mtu)
{
	air.tells = (struct mr_event){ .kind = MR_EV_ROOM, .u = mtu, .a = instance };
	air.teller = 1;
	whole_run(5);
	ck_assert_uint_eq(air.teller, 0);
}

/* An interface that takes less than it did is no wider for the links to come, and the links of
 * others are as they were; when it has its room back, so have they. */
START_TEST(a_narrow_interface)
{
	begin();
	tell_room(MR_VIA_ETHER, 1300);
	ck_assert(as_wide_as(1472));
	tell_room(0, 1300);
	ck_assert(as_wide_as(1300));
	air.host[1] = 42; /* it moves */
	for (unsigned k = 0; k < 10; k++)
		say(1);
	whole_run(100);
	ck_assert(as_wide_as(1300));
	tell_room(0, 100);
	ck_assert(as_wide_as(FIPS_PATH_MTU_MIN));
	tell_room(0, 65000);
	ck_assert(as_wide_as(1472));
	whole_close_all();
}
END_TEST

static struct flight caught[3];
static unsigned      n_caught;

/* Frames of node 0: every other one is held back, all are noted. */
static uint64_t catch_every_other(const struct flight *f)
{
	if (f->to != 1 || n_caught == 3 || f->len < PACKET)
		return MS;
	caught[n_caught++] = *f;
	return n_caught % 2 ? MR_NEVER : MS;
}

/* What was sent before a move arrives from the old place, or from a stranger's, after it: frames
 * that came through once, and frames that had never come.  Neither moves the link back. */
START_TEST(old_frames_do_not_move_it_back)
{
	struct fips_via to = via_of(2);
	uint64_t moved;
	unsigned got;

	begin();
	n_caught = 0;
	air.fate = catch_every_other;
	for (unsigned k = 0; k < 3; k++) {
		say(0);
		whole_run(1);
	}
	air.fate = NULL;
	ck_assert_uint_eq(n_caught, 3);
	air.host[0] = 50;
	say(0);
	whole_run(200);
	moved = whole_drop(1, &mr_kind_fmp_open, "duplicate");
	got = air.got[1];
	for (unsigned k = 0; k < 6; k++) {
		air.host[HAND] = k % 2 ? 1 : 66; /* where it was, where it never was */
		air_send(HAND, &to, caught[k / 2].bytes, caught[k / 2].len);
		whole_run(200);
	}
	ck_assert_uint_eq(air.got[1], got + 2); /* what had never come is delivered, once */
	ck_assert_uint_eq(whole_drop(1, &mr_kind_fmp_open, "duplicate"), moved + 4);
	got = air.got[0];
	say(1);
	whole_run(50);
	ck_assert_uint_eq(air.got[0], got + 1);
	whole_close_all();
}
END_TEST

/* A neighbour calls again from another place, as for a rekey, and its first frame under the new key
 * comes from a third.  All the node says from then on, it says there: its word that it has moved to
 * the new key too. */
START_TEST(a_move_with_a_rekey)
{
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	whole_run(31000);
	air.host[HAND] = 70;
	neighbour_call(&nb);
	whole_run(20);
	ck_assert_uint_eq(nb.links, 2);
	ck_assert_uint_eq(control_count(0, "node-link-cuts"), 0);
	air.host[HAND] = 71;
	nb.link_at = 1;
	neighbour_beat(&nb);
	whole_run(20);
	ck_assert_uint_eq(control_count(0, "node-link-cuts"), 1);
	ck_assert_uint_ge(nb.link[1].opened, 1);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

/* ---- a new life ---- */

#define TIMERS ",\"heartbeat_interval_secs\":1,\"link_dead_timeout_secs\":3"
#define DEAD   3000 /* ms */
#define RETRY  5000
#define DRAIN  16000

static const struct life {
	const char *what;
	unsigned    who;      /* who ends and begins again                                  */
	bool        both;     /* both have the other in their node file; else node 0 alone  */
	unsigned    away;     /* ms                                                         */
	uint8_t     place;    /* 0: where it was                                            */
	unsigned    within;   /* ms of simulated time: what the protocol's timers add up to */
} lives[] = {
	{ "the one who dials, at once", 0, false, 0, 0, 20 },
	{ "the one who dials, 2.5 s later", 0, false, 2500, 0, 20 },
	{ "the one who dials, elsewhere", 0, false, 200, 50, 20 },
	{ "the one who answers, and is noticed by its silence",
	  1, false, 100, 0, DEAD + RETRY + 50 },
	{ "either, at once", 0, true, 0, 0, 20 },
	{ "either, at once", 1, true, 0, 0, 20 },
	{ "either, after the link was given up", 0, true, DEAD + 3000, 0, 20 },
	{ "either, after the link was given up", 1, true, DEAD + 3000, 0, 20 },
	{ "either, elsewhere", 1, true, 1000, 60, 20 },
};

static void open_both(bool both)
{
	char peers[512];

	whole_open(0, TIMERS, whole_dial(1, peers));
	whole_open(1, TIMERS, both ? whole_dial(0, peers) : "");
}

static void open_again(const struct life *l)
{
	char peers[512];

	whole_life++;
	if (l->place)
		air.host[l->who] = l->place;
	whole_open(l->who, TIMERS, l->who == 0 || l->both ? whole_dial(!l->who, peers) : "");
}

/* What is sent to a process that has ended is gone. */
static uint64_t to_the_living(const struct flight *f)
{
	return f->to == HAND || node[f->to].engine ? MS : MR_NEVER;
}

static bool quiet(unsigned i)
{
	const struct mr_mesh *m = whole_mesh(i);

	return mr_table_count(m->index) == 1 && mr_table_count(m->links) == 1 &&
	       mr_table_count(m->sessions) == 1 && mr_table_count(m->routes) == 1;
}

/* A process ends without a word while packets go both ways, and begins again.  They go both ways
 * again as soon as the handshakes are done that the new life needs,
 * and nothing of the old one is left. */
START_TEST(a_new_life)
{
	const struct life *l = &lives[_i];
	uint64_t restarts;

	printf("%s\n", l->what);
	fflush(stdout);
	whole_life = 0;
	whole_reset();
	air.fate = to_the_living;
	open_both(l->both);
	note_addresses();
	whole_run(DRAIN); /* a crossing has settled */
	both_ways(100);
	restarts = control_count(!l->who, "node-restarts");
	for (unsigned again = 0; again < 2; again++) {
		bool lost = l->away > DEAD || l->within > DEAD;

		whole_close(l->who);
		for (unsigned k = 0; k < l->away; k++) {
			say(!l->who);
		}
		open_again(l);
		both_ways(l->within);
		restarts += !lost;
		ck_assert_uint_eq(control_count(!l->who, "node-restarts"), restarts);
		whole_run(DRAIN);
		both_ways(10);
		ck_assert(quiet(0) && quiet(1));
	}
	whole_close_all();
}
END_TEST

static void spread(void)
{
	whole_spread = true;
}

static TCase *all(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, each_end_may_move, 0, 2 * ENDS);
	tcase_add_test(tc, a_narrow_connection);
	tcase_add_test(tc, no_longer_narrow);
	tcase_add_test(tc, a_narrow_interface);
	tcase_add_test(tc, old_frames_do_not_move_it_back);
	tcase_add_test(tc, a_move_with_a_rekey);
	tcase_add_loop_test(tc, a_new_life, 0, sizeof lives / sizeof lives[0]);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("control, neighbours that move or begin anew");
	TCase *several = all("several replicas of a stage");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, all("one of each"));
	tcase_add_checked_fixture(several, spread, NULL);
	suite_add_tcase(s, several);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
