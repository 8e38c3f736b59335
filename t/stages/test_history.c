/* The history of seconds and minutes: what is sampled, folded, missing, forgotten. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "stages/control/query/history.h"

static struct history *h;
static uint64_t now;

static void setup(void)
{
	h = mr_history_open();
	now = 5 * MR_NS_PER_S;
}

static void teardown(void)
{
	mr_history_close(h);
}

static struct fips_addr addr_of(unsigned i)
{
	return (struct fips_addr){ { (uint8_t)(i >> 8), (uint8_t)i } };
}

/* A neighbour whose counters stand at `total`. */
static void link_is(unsigned i, uint64_t total)
{
	mr_history_link(h, &(struct history_link){ .addr = addr_of(i),
		                                   .srtt_ms = i ? (double)i : NAN, .loss = 0.25,
		                                   .bytes_in = 10 * total, .bytes_out = 20 * total,
		                                   .packets_in = total, .packets_out = 2 * total,
		                                   .ce = total }, now);
}

static void sample(double mesh, uint64_t peers, uint64_t switches)
{
	mr_history_sample(h, &(struct history_gauges){ .mesh_size = mesh, .tree_depth = 2,
		                                       .loss = 0.5, .peers = peers, .sessions = 7,
		                                       .parent_switches = switches }, now);
	now += MR_NS_PER_S;
}

static float last(const struct history_peer *p, unsigned metric, bool slow, unsigned back)
{
	float v[HISTORY_FAST];

	mr_history_read(h, p, metric, slow, back + 1, v);
	return v[0];
}

static const struct history_peer *peer(unsigned i)
{
	struct fips_addr addr = addr_of(i);

	return mr_history_find(h, &addr);
}

START_TEST(gauges_are_as_they_are)
{
	sample(NAN, 1, 3);
	sample(12, 2, 5);
	ck_assert(isnan(last(NULL, HISTORY_MESH_SIZE, false, 1)));
	ck_assert_float_eq(last(NULL, HISTORY_MESH_SIZE, false, 0), 12);
	ck_assert_float_eq(last(NULL, HISTORY_TREE_DEPTH, false, 0), 2);
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, false, 1), 1);
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, false, 0), 2);
	ck_assert_float_eq(last(NULL, HISTORY_PARENT_SWITCHES, false, 1), 3);
	ck_assert_float_eq(last(NULL, HISTORY_PARENT_SWITCHES, false, 0), 2);
	ck_assert_float_eq(last(NULL, HISTORY_LOSS_RATE, false, 0), 0.5);
	ck_assert_float_eq(last(NULL, HISTORY_SESSIONS, false, 0), 7);
	ck_assert(isnan(last(NULL, HISTORY_SESSIONS, false, 2)));
	ck_assert_uint_eq(mr_history_count(h, 30), 2);
	ck_assert_uint_eq(mr_history_count(h, 1), 1);
}
END_TEST

/* The first sight of a counter says nothing; what the node did is the sum of its links. */
START_TEST(counters_are_rates)
{
	link_is(1, 100);
	link_is(2, 1000);
	sample(NAN, 2, 0);
	link_is(1, 107);
	link_is(2, 1001);
	sample(NAN, 2, 0);
	ck_assert(isnan(last(peer(1), HISTORY_PEER_PACKETS_IN, false, 1)));
	ck_assert_float_eq(last(NULL, HISTORY_PACKETS_IN, false, 1), 0);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_PACKETS_IN, false, 0), 7);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_PACKETS_OUT, false, 0), 14);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_BYTES_IN, false, 0), 70);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_BYTES_OUT, false, 0), 140);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_CE, false, 0), 7);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_SRTT, false, 0), 1);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_LOSS, false, 0), 0.25);
	ck_assert_float_eq(last(NULL, HISTORY_PACKETS_IN, false, 0), 8);
	ck_assert_float_eq(last(NULL, HISTORY_PACKETS_OUT, false, 0), 16);
	ck_assert_float_eq(last(NULL, HISTORY_BYTES_IN, false, 0), 80);
	ck_assert_float_eq(last(NULL, HISTORY_BYTES_OUT, false, 0), 160);
}
END_TEST

/* Counters of a new link begin anew, and what was missed while it was away is not made up for. */
START_TEST(gaps)
{
	const uint64_t total[] = { 10, 15, 3, 4, 0, 0, 50, 60 };
	const bool there[] = { true, true, true, true, false, false, true, true };
	const float want[] = { NAN, 5, NAN, 1, NAN, NAN, NAN, 10 };

	for (unsigned i = 0; i < 8; i++) {
		if (there[i])
			link_is(1, total[i]);
		sample(NAN, 0, 0);
		ck_assert_int_eq(mr_history_there(h, peer(1)), there[i]);
		if (isnan(want[i]))
			ck_assert(isnan(last(peer(1), HISTORY_PEER_CE, false, 0)));
		else
			ck_assert_float_eq(last(peer(1), HISTORY_PEER_CE, false, 0), want[i]);
	}
	ck_assert(isnan(last(peer(1), HISTORY_PEER_SRTT, false, 3)));
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_SRTT, false, 4), 1);
	ck_assert_uint_eq(mr_history_first(peer(1)), 5 * MR_NS_PER_S);
	ck_assert_uint_eq(mr_history_last(peer(1)), 12 * MR_NS_PER_S);
}
END_TEST

/* 60 seconds are a minute: the last of a gauge, the sum of events, the mean of a rate, without what
 * is missing. */
START_TEST(minutes_are_folded)
{
	for (unsigned i = 0; i < 120; i++) {
		if (i < 40 || i >= 60)
			link_is(1, 2 * i);
		sample(i < 60 ? 5 : NAN, i, 3 * (i + 1));
	}
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, true, 1), 59);
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, true, 0), 119);
	ck_assert_float_eq(last(NULL, HISTORY_PARENT_SWITCHES, true, 0), 180);
	ck_assert_float_eq(last(NULL, HISTORY_MESH_SIZE, true, 1), 5);
	ck_assert(isnan(last(NULL, HISTORY_MESH_SIZE, true, 0)));
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_PACKETS_IN, true, 1), 2);
	ck_assert_float_eq(last(peer(1), HISTORY_PEER_CE, true, 1), 2 * 39);
	ck_assert(isnan(last(NULL, HISTORY_PEER_COUNT, true, 2)));
}
END_TEST

/* More samples than a ring holds: the oldest are gone, the places turn with everybody. */
START_TEST(rings_turn)
{
	const unsigned all = HISTORY_FAST + 200;

	for (unsigned i = 0; i < all; i++) {
		if (i >= 100)
			link_is(9, 5 * i);
		sample(NAN, i, 0);
	}
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, false, 0), (float)all - 1);
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, false, HISTORY_FAST - 1), 200);
	ck_assert_float_eq(last(peer(9), HISTORY_PEER_CE, false, HISTORY_FAST - 1), 5);
	ck_assert_float_eq(last(NULL, HISTORY_PEER_COUNT, true, 61), 119);
	ck_assert(isnan(last(peer(9), HISTORY_PEER_CE, true, 62)));
	ck_assert_float_eq(last(peer(9), HISTORY_PEER_CE, true, 60), 300);
}
END_TEST

/* Who came later has nothing before; a ring that another's memory was in says nothing of it. */
START_TEST(before_it_came)
{
	for (unsigned i = 0; i < 90; i++) {
		if (i >= 70)
			link_is(3, i);
		sample(NAN, 0, 0);
	}
	ck_assert(isnan(last(peer(3), HISTORY_PEER_LOSS, false, 20)));
	ck_assert_float_eq(last(peer(3), HISTORY_PEER_LOSS, false, 19), 0.25);
	ck_assert(isnan(last(peer(3), HISTORY_PEER_LOSS, true, 0)));
}
END_TEST

/* R7: no more neighbours than there is room for.
 * Who left longest ago makes room, nobody who is there. */
START_TEST(room_has_an_end)
{
	unsigned n = 0;

	for (unsigned i = 0; i < HISTORY_PEERS; i++)
		link_is(i, 1);
	sample(NAN, 0, 0);
	link_is(1000, 1);
	ck_assert_ptr_null(peer(1000));
	for (unsigned i = 1; i < HISTORY_PEERS; i++)
		link_is(i, 1);
	sample(NAN, 0, 0);
	for (unsigned i = 2; i < HISTORY_PEERS; i++)
		link_is(i, 1);
	sample(NAN, 0, 0);
	link_is(1000, 1);
	ck_assert_ptr_nonnull(peer(1000));
	ck_assert_ptr_null(peer(0));
	ck_assert_ptr_nonnull(peer(1));
	link_is(1001, 1);
	ck_assert_ptr_null(peer(1));
	link_is(1002, 1);
	ck_assert_ptr_null(peer(1002));
	for (unsigned at = 0; mr_history_next(h, &at);)
		n++;
	ck_assert_uint_eq(n, HISTORY_PEERS);
}
END_TEST

START_TEST(a_day_later_it_is_forgotten)
{
	link_is(1, 1);
	link_is(2, 1);
	sample(NAN, 0, 0);
	now = 5 * MR_NS_PER_S + HISTORY_RETAIN - MR_NS_PER_S;
	link_is(2, 1);
	sample(NAN, 0, 0);
	ck_assert_ptr_nonnull(peer(1));
	sample(NAN, 0, 0);
	ck_assert_ptr_null(peer(1));
	ck_assert_ptr_nonnull(peer(2));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("history");
	TCase *tc = tcase_create("history");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, gauges_are_as_they_are);
	tcase_add_test(tc, counters_are_rates);
	tcase_add_test(tc, gaps);
	tcase_add_test(tc, minutes_are_folded);
	tcase_add_test(tc, rings_turn);
	tcase_add_test(tc, before_it_came);
	tcase_add_test(tc, room_has_an_end);
	tcase_add_test(tc, a_day_later_it_is_forgotten);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
