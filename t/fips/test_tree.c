/* test_tree.c - the tree's own rules: announcing, brakes, limits, losses (mesh.md 1.3 to 1.10).
 * Which parent is chosen, step by step, is in test_vectors_tree.c. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "t/fips/tree_bench.h"

/* --- what is accepted ------------------------------------------------------------------------- */

/* mesh.md 1.3, 5 to 9, and our two limits. */
START_TEST(announcements_are_checked)
{
	char longest[400] = "900", more[410];

	up(0, 900);
	up(1, 4);
	for (unsigned i = 1; i < 63; i++)
		snprintf(longest + strlen(longest), sizeof longest - strlen(longest), " %u",
		         900 + i);
	strcat(longest, " 1");
	ck_assert_int_eq(check(2, "900 1"), FIPS_TREE_UNKNOWN_PEER);
	ck_assert_int_eq(check(1, "900 1"), FIPS_TREE_ADDR_MISMATCH);
	ck_assert_int_eq(check(0, "900 2 1 2 1"), FIPS_TREE_ANCESTRY_INVALID);
	ck_assert_int_eq(check(0, "900 2 2 1"), FIPS_TREE_ANCESTRY_INVALID);
	ck_assert_int_eq(check(0, "900 2 1 1"), FIPS_TREE_ANCESTRY_INVALID);
	ck_assert_int_eq(check(0, "900 1 2"), FIPS_TREE_ANCESTRY_INVALID);
	ck_assert_int_eq(check(0, longest), FIPS_TREE_ACCEPTED);
	snprintf(more, sizeof more, "%.*s 1000 1", (int)strlen(longest) - 2, longest);
	ck_assert_int_eq(check(0, more), FIPS_TREE_ANCESTRY_INVALID);
	says(0, longest);
	sequence[0]--;
	ck_assert_int_eq(check(0, "900 1"), FIPS_TREE_STALE);
	sequence[0]--;
	ck_assert_int_eq(check(0, "900 2 2 1"), FIPS_TREE_STALE);
	ck_assert_int_eq(check(0, "900 1"), FIPS_TREE_ACCEPTED);
	down(0);
	up(0, 900);
	sequence[0] = 0;
	ck_assert_int_eq(check(0, "900 1"), FIPS_TREE_ACCEPTED);
}
END_TEST

/* A parent whose path leaves no room for us is one that loops. */
START_TEST(paths_have_an_end)
{
	char longest[400] = "900", room[410];

	up(0, 900);
	for (unsigned i = 1; i < 62; i++)
		snprintf(longest + strlen(longest), sizeof longest - strlen(longest), " %u",
		         900 + i);
	snprintf(room, sizeof room, "%s 1", longest);
	strcat(longest, " 990 1");
	ck_assert_str_eq(says(0, longest), "no_change");
	path_is("6");
	ck_assert_str_eq(says(0, room), "switch");
	ck_assert_uint_eq(fips_tree_path(&t)->n, FIPS_PATH_MAX);
	ck_assert_str_eq(says(0, longest), "loop_drop");
	path_is("6");
}
END_TEST

/* --- decisions and what follows from them ----------------------------------------------------- */

/* mesh.md 1.7 and 6.1, row by row. */
START_TEST(what_follows)
{
	up(0, 3);
	up(1, 4);
	ck_assert_str_eq(says(0, "3 9 2"), "switch");
	follows(ANNOUNCE | DECLARED | PATH | THROUGH | MARK | CHECK);
	path_is("6 3 9 2");
	ck_assert_str_eq(says(0, "3 9 2"), "ancestry_update");
	follows(DECLARED | THROUGH | CHECK);
	ck_assert_str_eq(says(0, "3 2"), "ancestry_update");
	follows(ANNOUNCE | DECLARED | PATH | THROUGH | CHECK);
	path_is("6 3 2");
	ck_assert_str_eq(says(1, "4 2"), "no_change");
	follows(0);
	ck_assert_str_eq(says(1, "4 6 3 2"), "no_change");
	follows(CHECK); /* a child: its filter is one of the tree's now */
	ck_assert(fips_tree_is_child(&t, 1) && fips_tree_is_tree_peer(&t, 1));
	ck_assert_str_eq(says(1, "4 6 3 2"), "no_change");
	follows(0);
	ck_assert_str_eq(says(0, "3 9 6 2"), "loop_drop");
	follows(ANNOUNCE | DECLARED | PATH | THROUGH | FOREIGN | MARK | CHECK);
	path_is("6");
	ck_assert(fips_tree_is_root(&t) && !fips_tree_is_tree_peer(&t, 0));
	ck_assert_uint_eq(t.counts[FIPS_TREE_LOOP_DETECTED], 1);
	ck_assert_uint_eq(t.counts[FIPS_TREE_ANCESTRY_CHANGED], 1);
	ck_assert_uint_eq(t.counts[FIPS_TREE_PARENT_SWITCHES], 1);
	ck_assert_uint_eq(t.counts[FIPS_TREE_ACCEPTED], 7);
}
END_TEST

START_TEST(nobody_is_smaller)
{
	up(0, 7);
	up(1, 8);
	says(1, "8");
	ck_assert_str_eq(says(0, "7 1"), "switch");
	path_is("6 7 1");
	ck_assert_str_eq(says(0, "7"), "self_root");
	follows(ANNOUNCE | DECLARED | PATH | FOREIGN | MARK | CHECK);
	path_is("6");
	ck_assert_uint_eq(t.peers[0].collapses, 1);
	/* All that anybody shows is what has gone, and it is below us. */
	ck_assert_str_eq(says(0, "7 1"), "switch");
	ck_assert_str_eq(says(1, "8 6 7 1"), "no_change");
	ck_assert_str_eq(says(0, "7"), "ancestry_update");
	follows(ANNOUNCE | DECLARED | PATH | THROUGH | CHECK);
	path_is("6");
	ck_assert(fips_tree_is_root(&t));
	ck_assert(fips_addr_eq(&t.says.parent, &t.me));
}
END_TEST

START_TEST(links_go)
{
	up(0, 3);
	up(1, 4);
	up(2, 5);
	says(0, "3 1");
	says(1, "4 9 1");
	down(2);
	ck_assert_int_eq(out.decision, FIPS_TREE_NO_CHANGE);
	follows(MARK);
	down(0);
	ck_assert_int_eq(out.decision, FIPS_TREE_PARENT_LOST);
	follows(ANNOUNCE | DECLARED | PATH | THROUGH | FOREIGN | MARK | CHECK);
	path_is("6 4 9 1");
	down(1);
	path_is("6");
	ck_assert(fips_tree_is_root(&t));
	ck_assert_uint_eq(t.counts[FIPS_TREE_PARENT_LOSSES], 2);
	ck_assert_ptr_null(fips_tree_peer_path(&t, 0));
	ck_assert_uint_eq(fips_tree_due(&t, 0), MR_NEVER);
	up(0, 4); /* another neighbour, the same slot */
	ck_assert_ptr_null(fips_tree_peer_path(&t, 0));
	ck_assert_str_eq(told(), "0");
}
END_TEST

/* mesh.md 1.6: of equals the smaller address, whichever slot it has. */
START_TEST(equals_go_by_address)
{
	up(0, 3);
	up(1, 5);
	up(2, 4);
	up(3, 7);
	says(0, "3 1");
	for (unsigned i = 1; i < 4; i++)
		says(i, i == 1 ? "5 1" : i == 2 ? "4 1" : "7 1");
	down(0);
	path_is("6 4 1");
	up(0, 2);
	says(0, "2 8 0");
	says(1, "5 0");
	says(3, "7 0");
	down(0);
	path_is("6 5 0");
}
END_TEST

/* Ours: a lone way to the root is taken although nobody knows what it costs. */
START_TEST(unmeasured_ones_may_lead_alone)
{
	for (int strict = 0; strict < 2; strict++) {
		struct fips_tree_settings *s = settings();

		s->strict_costs = strict;
		fips_tree_configure(&t, s);
		up(0, 3);
		up(1, 4);
		up(2, 5);
		cost[0] = 2;
		says(0, "3 2");
		path_is("6 3 2");
		ck_assert_str_eq(says(1, "4 9 1"), strict ? "no_change" : "switch");
		ck_assert_str_eq(says(2, "5 1"), "no_change"); /* the veto, or no candidate */
		later(30000);
		ck_assert_str_eq(says(2, "5 1"), strict ? "no_change" : "switch");
		path_is(strict ? "6 3 2" : "6 5 1");
		ck_assert_str_eq(says(1, "4 1"), "no_change");
		later(30000);
		/* a measured one that leads there: what is not measured costs more than any */
		ck_assert_str_eq(says(0, "3 9 8 7 1"), strict ? "ancestry_update" : "switch");
		down(0);
		down(1);
		down(2);
		close_tree();
		open_tree();
	}
}
END_TEST

/* Ours: who says that the way to a very small root is through us keeps us from no other parent,
 * neither from the first nor from another one when that is lost. */
START_TEST(a_way_through_us_hides_no_other)
{
	for (int strict = 0; strict < 2; strict++) {
		struct fips_tree_settings *s = settings();

		s->strict_costs = strict;
		fips_tree_configure(&t, s);
		up(0, 7);
		up(1, 8);
		up(2, 9);
		says(0, "7 6 1");
		ck_assert_str_eq(says(1, "8 2"), strict ? "no_change" : "switch");
		says(2, "9 2");
		path_is(strict ? "6" : "6 8 2");
		down(1);
		path_is(strict ? "6" : "6 9 2");
		ck_assert_str_eq(says(2, "9 6 2"), strict ? "no_change" : "loop_drop");
		path_is("6");
		down(0);
		down(2);
		close_tree();
		open_tree();
	}
}
END_TEST

/* 1.6: a neighbour leads to the root on a better way, but it is too soon to change.  When the
 * parent goes over to a worse root, it is not followed:
 * a brake is for choices between ways to one root. */
START_TEST(a_parent_that_leaves_the_root_is_left)
{
	up(0, 5);
	up(1, 2);
	ck_assert_str_eq(says(0, "5 3 2"), "switch");
	ck_assert_str_eq(says(1, "2"), "no_change");
	ck_assert_str_eq(says(0, "5"), "switch");
	path_is("6 2");
}
END_TEST

/* mesh.md 1.10: the first round trip may make another parent the better one; news of cost alone is
 * nothing to announce. */
START_TEST(costs_come_to_be_known)
{
	up(0, 3);
	up(1, 4);
	says(0, "3 1");
	says(1, "4 1");
	later(30000);
	cost[0] = 1.1;
	out = fips_tree_measured(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_NO_CHANGE);
	cost[0] = 3;
	cost[1] = 2.2; /* 3.2 of 4.0: not a fifth less */
	out = fips_tree_measured(&t, &at);
	follows(0);
	cost[1] = 2.19;
	out = fips_tree_measured(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_SWITCH);
	path_is("6 4 1");
	cost[0] = 1; /* markedly better, but the choice is 29.999 s old */
	later(29999);
	out = fips_tree_reevaluate(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_REBROADCAST);
	follows(ANNOUNCE);
	later(1);
	out = fips_tree_reevaluate(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_SWITCH);
}
END_TEST

/* mesh.md 1.8: the fourth change within a minute is made, and begins an episode; needed ones are
 * never vetoed. */
START_TEST(flapping_is_dampened)
{
	struct fips_tree_settings *s = settings();

	s->hold_down = 0;
	fips_tree_configure(&t, s);
	up(0, 3);
	up(1, 4);
	says(0, "3 1");
	says(1, "4 1");
	cost[0] = cost[1] = 3;
	for (int i = 0; i < 3; i++) {
		cost[i % 2] = 9;
		cost[1 - i % 2] = 1;
		later(1000);
		out = fips_tree_measured(&t, &at);
		ck_assert_int_eq(out.decision, FIPS_TREE_SWITCH);
		ck_assert(out.dampened == (i == 2));
	}
	path_is("6 4 1");
	cost[0] = 1;
	cost[1] = 9;
	later(119999);
	out = fips_tree_measured(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_NO_CHANGE);
	ck_assert_str_eq(says(0, "3 0"), "switch"); /* a better root */
	ck_assert_uint_eq(t.counts[FIPS_TREE_FLAP_DAMPENED], 1);
	later(1);
	says(1, "4 0");
	cost[0] = 9;
	cost[1] = 1;
	out = fips_tree_measured(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_SWITCH);
}
END_TEST

/* What changes within an episode does not make it longer. */
START_TEST(an_episode_ends)
{
	struct fips_tree_flap f = { .threshold = 2, .window = MS(60000), .dampening = MS(120000) };

	for (unsigned i = 0; i < 5; i++)
		ck_assert(fips_tree_flap_chose(&f, true, MS(1000 * i)) == (i == 1));
	ck_assert(fips_tree_flap_vetoes(&f, MS(120999)));
	ck_assert(!fips_tree_flap_vetoes(&f, MS(121000)));
	ck_assert(!fips_tree_flap_chose(&f, false, MS(121000)));
	ck_assert(!fips_tree_flap_chose(&f, true, MS(121000)));
	ck_assert(fips_tree_flap_chose(&f, true, MS(121001)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *c = tcase_create("tree");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(c, open_tree, close_tree);
	tcase_add_test(c, announcements_are_checked);
	tcase_add_test(c, paths_have_an_end);
	tcase_add_test(c, what_follows);
	tcase_add_test(c, nobody_is_smaller);
	tcase_add_test(c, links_go);
	tcase_add_test(c, equals_go_by_address);
	tcase_add_test(c, unmeasured_ones_may_lead_alone);
	tcase_add_test(c, a_way_through_us_hides_no_other);
	tcase_add_test(c, a_parent_that_leaves_the_root_is_left);
	tcase_add_test(c, costs_come_to_be_known);
	tcase_add_test(c, flapping_is_dampened);
	tcase_add_test(c, an_episode_ends);
	suite_add_tcase(s, c);
	suite_add_tcase(s, tree_announcing());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
