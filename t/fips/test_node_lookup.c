/* test_node_lookup.c - requests that pass by and lookups of our own, by the module alone: floods,
 * who gets a request, which answers count, attempts and back-off. */
#include <string.h>

#include "t/fips/lookup_bench.h"

/* ---- floods ---- */

/* R7: fresh ids by each of the first `floods` neighbours in turn, then one by somebody new.  How
 * many of each are remembered. */
static const struct {
	unsigned floods, each;
} floods[] = { { 1, 2048 }, { 2, 1365 }, { 3, 1024 }, { 7, 512 } };

START_TEST(a_flood_leaves_room)
{
	unsigned n = floods[_i].floods, each = floods[_i].each;
	struct fips_lookup_ways ways;
	uint64_t id = 1;

	for (unsigned i = 0; i < 3 * RECENT; i++)
		for (unsigned p = 0; p < n; p++)
			ask(p, id++, node(i), i, &ways);
	for (unsigned p = 0; p < n; p++) {
		ck_assert_uint_ge(l.peers[p].held, each);
		ck_assert_uint_le(l.peers[p].held, each + 1);
	}
	for (unsigned i = 0; i < each / 2; i++)
		ask(20, id++, node(100000 + i), 3 * RECENT, &ways);
	ck_assert_uint_eq(l.peers[20].held, each / 2);
	ck_assert_uint_ge(l.counts[FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL], (3 * RECENT - each - 1) * n);

	/* it is over when they have grown old */
	ask(0, id++, node(1), 10 * S + 3 * RECENT, &ways);
	ck_assert_uint_le(l.recent.n, each / 2 + 1);
	ask(0, id++, node(1), 20 * S + 3 * RECENT, &ways);
	ck_assert_uint_eq(l.recent.n, 2);
}
END_TEST

/* R7: one that links, floods and goes, again and again, holds nothing of its own, and leaves
 * others as much room as if it had stayed; what they asked meanwhile is known. */
START_TEST(a_flood_by_many_links)
{
	struct fips_lookup_ways ways;
	uint64_t id = 1;

	for (unsigned i = 0; i < 50; i++) {
		for (unsigned k = 0; k < 3000; k++)
			ask(4, id++, node(k), 1, &ways);
		fips_lookups_peer_down(&l, 4);
		ck_assert_uint_eq(l.peers[4].held, 0);
		fips_lookups_peer_up(&l, 4, 1);
		ck_assert_int_eq(ask(5, id++, node(5000 + i), 1, &ways),
		                 FIPS_LOOKUP_FORWARD);
		for (unsigned k = 0; k < 5; k++) /* its last ones are few enough to be remembered */
			ask(4, id++, node(k), 1, &ways);
		fips_lookups_peer_down(&l, 4);
		ck_assert_int_eq(ask(5, id - 1, node(4), 1, &ways), FIPS_LOOKUP_DROP);
		fips_lookups_peer_up(&l, 4, 1);
	}
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_DUPLICATE], 50);
	ck_assert_uint_eq(l.orphans, 50 * 5);
	ck_assert_uint_eq(l.recent.n, 50 * 6);
	ck_assert_uint_eq(l.peers[5].held, 50);
	ask(5, id++, node(1), 11 * S, &ways);
	ck_assert_uint_eq(l.orphans, 0);
	ck_assert_uint_eq(l.peers[5].held, 1);
}
END_TEST

START_TEST(targets_are_limited_each)
{
	struct fips_lookup_ways ways;
	uint64_t id = 1;
	unsigned on = 0;

	for (unsigned i = 0; i < 1000; i++) /* 10 s, 100 a second, for two targets */
		on += ask(i % 4, id++, node(i & 1), i * 10 * MS, &ways) == FIPS_LOOKUP_FORWARD;
	ck_assert_uint_eq(on, 10);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_FORWARDED], 10);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED], 990);
}
END_TEST

START_TEST(nothing_is_owed_to_whom_nothing_was_sent)
{
	struct fips_lookup_ways ways;

	have_it = 0;
	ck_assert_int_eq(ask(0, 1, node(1), 0, &ways), FIPS_LOOKUP_DROP);
	have_it = 2; /* the filter has come: the next attempt need not wait */
	ck_assert_int_eq(ask(0, 2, node(1), 1, &ways), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_NO_TREE_PEER], 1);
}
END_TEST

/* 50 at once and 50 a second, each neighbour. */
START_TEST(answers_of_ours_are_limited)
{
	struct fips_lookup_ways ways;
	unsigned answered[3] = { 0 };
	uint64_t id = 1;

	for (unsigned i = 0; i < 501; i++) /* half a second */
		for (unsigned p = 0; p < 2; p++)
			answered[p] += ask(p, id++, me, i * MS, &ways) == FIPS_LOOKUP_RESPOND;
	for (unsigned i = 0; i < 100; i++) /* two seconds, 50 a second */
		answered[2] += ask(2, id++, me, S + i * 20 * MS, &ways) == FIPS_LOOKUP_RESPOND;
	ck_assert_uint_eq(answered[0], 75);
	ck_assert_uint_eq(answered[1], 75);
	ck_assert_uint_eq(answered[2], 100);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_TARGET_IS_US], 1102);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_ANSWER_LIMITED], 1002 - 150);
}
END_TEST

/* ---- where to ---- */

/* Tree peers, whose filter matches, who it came from: who gets it. */
static const struct {
	uint32_t tree, match; unsigned from; uint32_t got; bool fallback;
} ways_of[] = {
	{ 0x0f, 0xff, 31, 0x0f, false },          /* tree peers alone, while there are any */
	{ 0x0f, 0xf5, 31, 0x05, false },
	{ 0x0f, 0xf0, 31, 0xf0, true },
	{ 0x0f, 0x00, 31, 0x00, false },
	{ 0x00, 0x03, 31, 0x03, true },
	{ 0x0f, 0x03, 0, 0x02, false },           /* not back to where it came from */
	{ 0x0f, 0x31, 0, 0x30, true },
	{ 0x0f, 0x01, 0, 0x00, false },
	{ 0x0f, 0x03, FIPS_NO_PEER, 0x03, false }, /* ours */
};

START_TEST(who_gets_a_request)
{
	struct fips_lookup_ways ways;
	struct fips_addr target = node(1);

	tree_peers = ways_of[_i].tree;
	have_it = ways_of[_i].match;
	for (uint64_t id = 0; id < 40; id++) {
		fips_lookup_choose(&filters, &target, id, ways_of[_i].from, &ways);
		ck_assert_uint_eq(set_of(&ways), ways_of[_i].got);
		ck_assert_int_eq(ways.fallback, ways_of[_i].fallback);
	}
}
END_TEST

/* At most eight, and not always the same. */
START_TEST(at_most_eight)
{
	struct fips_addr target = node(1);
	struct fips_lookup_ways ways;
	uint32_t all = 0;

	tree_peers = have_it = 0x00ffffff;
	for (uint64_t id = 0; id < 40; id++) {
		fips_lookup_choose(&filters, &target, id, 3, &ways);
		ck_assert_uint_eq(ways.n, FIPS_LOOKUP_WAYS);
		all |= set_of(&ways);
	}
	ck_assert_uint_eq(all, 0x00ffffff & ~8u);
}
END_TEST

/* ---- the way back ---- */

START_TEST(one_answer_goes_back)
{
	struct fips_lookup_ways ways;
	unsigned peer = 99;

	ck_assert_int_eq(ask(5, 77, node(1), 0, &ways), FIPS_LOOKUP_FORWARD);
	ck_assert_int_eq(ask(6, 77, node(1), 1, &ways), FIPS_LOOKUP_DROP);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 2, &peer), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(peer, 5);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 3, &peer), FIPS_LOOKUP_DROP);
	ck_assert_int_eq(answer(31, 78, node(1), node(1), 3, &peer), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_DUPLICATE], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_DUPLICATE], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_UNASKED], 1);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_FORWARDED], 1);
}
END_TEST

/* What is old counts until a request comes and it is thrown away. */
START_TEST(a_late_answer_goes_back)
{
	struct fips_lookup_ways ways;
	unsigned peer;

	ask(5, 77, node(1), 0, &ways);
	ask(5, 78, node(2), 1, &ways);
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 60 * S, &peer), FIPS_LOOKUP_FORWARD);
	ask(5, 79, node(3), 60 * S, &ways);
	ck_assert_int_eq(answer(31, 78, node(2), node(2), 60 * S, &peer), FIPS_LOOKUP_DROP);
}
END_TEST

/* Whoever has the slot now did not ask. */
START_TEST(a_link_that_is_gone_gets_nothing)
{
	struct fips_lookup_ways ways;
	unsigned peer = 99;

	ask(5, 77, node(1), 0, &ways);
	ask(6, 78, node(2), 0, &ways);
	fips_lookups_peer_down(&l, 5);
	fips_lookups_peer_up(&l, 5, 1);
	ck_assert_int_eq(ask(6, 77, node(1), 1, &ways), FIPS_LOOKUP_DROP); /* still known */
	ck_assert_int_eq(answer(31, 77, node(1), node(1), 1, &peer), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_RESP_NO_ROUTE], 1);
	ck_assert_int_eq(answer(31, 78, node(2), node(2), 1, &peer), FIPS_LOOKUP_FORWARD);
	ck_assert_uint_eq(peer, 6);
}
END_TEST

START_TEST(ours_that_come_back_are_dropped)
{
	struct fips_lookup_ways ways;
	struct fips_addr target = node(1);
	uint64_t id;

	ck_assert_int_eq(fips_lookups_ask(&l, &target, &filters, false, 0, &id, &ways),
	                 FIPS_LOOKUP_STARTED);
	ck_assert_int_eq(ask(5, id, target, 1, &ways), FIPS_LOOKUP_DROP);
	ck_assert_uint_eq(l.counts[FIPS_LOOKUP_REQ_OWN], 1);
	ck_assert_uint_eq(l.recent.n, 0); /* so the answer is ours still */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node lookup");
	TCase *t = tcase_create("requests");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_flood_leaves_room, 0, COUNT(floods));
	tcase_add_test(t, a_flood_by_many_links);
	tcase_add_test(t, targets_are_limited_each);
	tcase_add_test(t, nothing_is_owed_to_whom_nothing_was_sent);
	tcase_add_test(t, answers_of_ours_are_limited);
	tcase_add_loop_test(t, who_gets_a_request, 0, COUNT(ways_of));
	tcase_add_test(t, at_most_eight);
	tcase_add_test(t, one_answer_goes_back);
	tcase_add_test(t, a_late_answer_goes_back);
	tcase_add_test(t, a_link_that_is_gone_gets_nothing);
	tcase_add_test(t, ours_that_come_back_are_dropped);
	suite_add_tcase(s, t);
	lookup_own(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
