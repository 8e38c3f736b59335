/* Three whole nodes, the ends behind the one in the middle: what passes, and how the ends learn
 * what the path takes. */

#include <check.h>
#include <stdio.h>

#include "t/lib/whole.h"

enum { A, B, C };

#define QUICK ",\"heartbeat_interval_secs\":1,\"link_dead_timeout_secs\":3," \
              "\"retry\":{\"base_interval_secs\":1}"

static void open_end(unsigned i, unsigned other)
{
	char peers[1024], dial[512], hop[FIPS_KEY_TEXT], far[FIPS_KEY_TEXT];

	whole_npub(B, hop);
	whole_npub(other, far);
	snprintf(peers, sizeof peers, "%s,{\"npub\":\"%s\",\"via\":\"%s\"}", whole_dial(B, dial),
	         far, hop);
	whole_open(i, QUICK, peers);
}

static void open_middle(unsigned mtu)
{
	whole_mtu = mtu;
	whole_open(B, QUICK, "");
	whole_mtu = 1472;
}

static unsigned path_mtu(unsigned from, unsigned to)
{
	const struct fips_session_entry *e =
		mr_table_find(whole_mesh(from)->sessions, whole_mesh(to)->me.addr.b);

	return e && e->live ? e->path_mtu : 0;
}

static void say(unsigned from, unsigned to, unsigned len)
{
	whole_say(from, &whole_mesh(to)->me.addr, len, 7);
	whole_run(50);
}

/* R25 */
START_TEST(the_path_is_learnt_both_ways)
{
	whole_reset();
	open_end(A, C);
	open_middle(1400);
	open_end(C, A);
	whole_run(2500);
	say(A, C, 100);
	whole_run(2000);
	ck_assert_uint_eq(air.got[C], 1);
	ck_assert_uint_eq(path_mtu(A, C), 1400);
	ck_assert_uint_eq(path_mtu(C, A), 1400);
	say(A, C, 1323);
	ck_assert_uint_eq(air.got[C], 2);
	ck_assert_uint_eq(air.got_len[C], 1323);
	say(A, C, 1324); /* answered, and never sent */
	ck_assert_uint_eq(air.got[C], 2);
	ck_assert_uint_eq(air.got[A], 1);
	ck_assert_uint_eq(whole_drop(A, &mr_kind_route, "too-big"), 1);
	ck_assert_uint_eq(whole_drop(B, &mr_kind_route, "too-big"), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(B)->sessions), 0);

	/* the middle comes back with more room: no new session, and the ends find out */
	whole_close(B);
	whole_run(5000);
	whole_life++;
	open_middle(1472);
	whole_run(5000);
	ck_assert_uint_eq(path_mtu(A, C), 1400);
	say(A, C, 1323);
	ck_assert_uint_eq(air.got[C], 3);
	whole_run(50000);
	ck_assert_uint_eq(path_mtu(A, C), 1472);
	ck_assert_uint_eq(path_mtu(C, A), 1472);
	say(C, A, 1395);
	ck_assert_uint_eq(air.got[A], 2);
	ck_assert_uint_eq(air.got_len[A], 1395);
	ck_assert_uint_eq(control_count(A, "node-session-cuts"), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(B)->sessions), 0);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("behind");
	TCase *tc = tcase_create("chain");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_path_is_learnt_both_ways);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
