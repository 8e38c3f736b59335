/* The words of busy data threads: their clock runs a little ahead of the node's (node_plane.c), and
 * a packet in every millisecond means that a timer always meets a word of the future. */

#include <check.h>

#include "t/lib/two_nodes.h"

START_TEST(a_busy_session_is_never_taken_for_an_idle_one)
{
	struct world *w = world_open(7);
	struct world_peer to_b = { .secret = 2, .vias = 1 }, to_a = { .secret = 1, .vias = 1 };
	struct sim_node *a = world_node(w, 1, &to_b, 1, NULL);
	struct sim_node *b = world_node(w, 2, &to_a, 1, NULL);

	w->dup = w->reorder = w->loss = 0;
	world_run(w, SECONDS(3));
	world_data(a, &b->me.addr); /* the session is made for it */
	world_run(w, SECONDS(3));
	for (unsigned ms = 0; ms < 20000; ms++) {
		world_data(a, &b->me.addr);
		world_data(b, &a->me.addr);
		world_run(w, MS(1));
	}
	world_run(w, SECONDS(1));
	ck_assert_uint_eq(a->sent, 20001);
	ck_assert_uint_eq(b->sent, 20000);
	ck_assert_uint_eq(b->got, a->sent);
	ck_assert_uint_eq(a->got, b->sent);
	ck_assert_uint_eq(a->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	ck_assert_uint_eq(b->actions_done[FIPS_ACT_SESSION_DOWN], 0);
	ck_assert_uint_eq(a->actions_done[FIPS_ACT_LINK_DOWN], 0);
	world_close(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node words");
	TCase *tc = tcase_create("words");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_busy_session_is_never_taken_for_an_idle_one);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
