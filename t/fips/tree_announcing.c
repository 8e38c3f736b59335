/* tree_announcing.c - when neighbours are told of the tree, how often and what. */
#include <string.h>

#include "core/wire.h"
#include "t/fips/tree_bench.h"
#include "t/lib/small_curve.h"

/* mesh.md 1.5, and ours: the same again after 1, 5, 15 and 35 s, and every 60 s. */
START_TEST(news_is_repeated)
{
	static const struct { unsigned after; const char *told; } walk[] = {
		{ 0, "0" }, { 0, "" }, { 999, "" }, { 1, "0" }, { 3999, "" }, { 1, "0" },
		{ 9999, "" }, { 1, "0" }, { 19999, "" }, { 1, "0" },
		{ 59999, "" }, { 1, "0" }, { 59999, "" }, { 1, "0" },
	};

	up(0, 9);
	for (size_t i = 0; i < COUNT(walk); i++) {
		later(walk[i].after);
		ck_assert_msg(strcmp(told(), walk[i].told) == 0, "row %zu", i);
	}
	up(1, 3);
	ck_assert_str_eq(told(), "1");
	later(600);
	ck_assert_str_eq(says(1, "3"), "switch"); /* news: from the beginning, for all */
	ck_assert_str_eq(told(), "0 1");
	later(999);
	ck_assert_str_eq(told(), "");
	later(1);
	ck_assert_str_eq(told(), "0 1");
}
END_TEST

START_TEST(announcements_to_one_peer_are_500_ms_apart)
{
	up(0, 3);
	up(1, 4);
	ck_assert_str_eq(told(), "0 1");
	says(0, "3");
	ck_assert_str_eq(told(), "");
	ck_assert_uint_eq(t.counts[FIPS_TREE_RATE_LIMITED], 2);
	later(200);
	says(1, "4 1"); /* collapses with the one before */
	up(2, 5);
	ck_assert_str_eq(told(), "2");
	later(299);
	ck_assert_str_eq(told(), "");
	later(1);
	ck_assert_str_eq(told(), "0 1");
	later(999);
	ck_assert_str_eq(told(), "2"); /* again, a second after it heard it */
	later(1);
	ck_assert_str_eq(told(), "0 1");
	ck_assert_uint_eq(t.counts[FIPS_TREE_RATE_LIMITED], 2);
}
END_TEST

START_TEST(the_better_root_echoes)
{
	up(0, 3);
	up(1, 9);
	settle();
	says(1, "9");
	ck_assert_str_eq(told(), "");
	later(600);
	says(0, "3");
	settle();
	says(1, "9 4");
	ck_assert_str_eq(told(), "");
	later(600);
	says(1, "9 4");
	ck_assert_str_eq(told(), "1"); /* ours is 3 */
	later(600);
	says(1, "9 3");
	ck_assert_str_eq(told(), "");
	later(600);
	says(1, "9 2"); /* theirs is: everybody hears that we move, no echo besides */
	ck_assert_str_eq(told(), "0 1");
}
END_TEST

START_TEST(reevaluation_says_it_again)
{
	uint64_t before;

	up(0, 3);
	up(1, 4);
	says(0, "3");
	settle();
	later(600);
	before = t.says.sequence;
	out = fips_tree_reevaluate(&t, &at);
	ck_assert_int_eq(out.decision, FIPS_TREE_REBROADCAST);
	follows(ANNOUNCE);
	ck_assert_str_eq(told(), "0 1");
	ck_assert_uint_eq(t.says.sequence, before);
	later(59999);
	ck_assert_str_eq(told(), "");
}
END_TEST

/* What is written reads back, with the parent's stamps, and is signed once a declaration. */
START_TEST(what_is_announced)
{
	struct fips_curve curve = small_curve();
	uint8_t secret[FIPS_SECRET_LEN] = { [31] = 5 }, aux[32] = { 0 }, bytes[FIPS_TREE_LEN(3)];
	struct fips_tree_settings s = t.settings;
	struct fips_tree_costs costs = { cost_of, NULL };
	struct fips_tree_announce a;
	struct fips_identity me;
	struct fips_addr parent;

	ck_assert_ptr_null(fips_identity_of_secret(&me, &curve, secret));
	close_tree();
	me.addr.b[0] = 0xff;
	ck_assert(fips_tree_open(&t, &me.addr, PEERS, &s, &costs, at.unix_ms, at.unix_ms));
	ck_assert(!t.is_signed && fips_tree_sign(&t, &curve, &me, aux));
	ck_assert_uint_eq(fips_tree_write(&t, bytes, sizeof bytes), FIPS_TREE_LEN(1));
	ck_assert(fips_tree_announce_parse(bytes, FIPS_TREE_LEN(1), &a));
	ck_assert_uint_eq(a.says.sequence, UINT64_C(1700000000123));
	ck_assert_uint_eq(a.says.timestamp, 1700000000);
	ck_assert(fips_addr_eq(&a.says.parent, &me.addr));
	up(0, 3);
	later(2000);
	says(0, "3 1");
	ck_assert(!t.is_signed && fips_tree_sign(&t, &curve, &me, aux));
	ck_assert(t.is_signed && fips_tree_sign(&t, NULL, NULL, NULL)); /* it is */
	for (size_t room = 0; room < sizeof bytes; room++)
		ck_assert_uint_eq(fips_tree_write(&t, bytes, room), 0);
	ck_assert_uint_eq(fips_tree_write(&t, bytes, sizeof bytes), sizeof bytes);
	ck_assert(fips_tree_announce_parse(bytes, sizeof bytes, &a));
	ck_assert(fips_tree_announce_sound(&a));
	ck_assert(fips_declaration_verify(&a.says, &curve, me.pub + 1, a.signature));
	parent = addr(3);
	ck_assert(fips_addr_eq(&a.says.parent, &parent));
	ck_assert_uint_eq(a.says.sequence, UINT64_C(1700000000124));
	ck_assert_uint_eq(a.says.timestamp, 1700000002);
	ck_assert_uint_eq(mr_le64(a.entries + 16), a.says.sequence);
	ck_assert_uint_eq(mr_le64(a.entries + 24), a.says.timestamp);
	ck_assert_uint_eq(mr_le64(a.entries + 32 + 16), UINT64_C(0x0101010101010101));
	ck_assert_uint_eq(mr_le64(a.entries + 64 + 24), UINT64_C(0x0202020202020202));
	says(0, "3 1");
	ck_assert(!t.is_signed);
}
END_TEST

START_TEST(a_declaration_that_cannot_be_signed_is_counted)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_identity nobody = { .addr = addr(6) }; /* a secret of 0 */
	uint8_t aux[32] = { 0 };

	ck_assert(!fips_tree_sign(&t, &curve, &nobody, aux));
	ck_assert(!t.is_signed);
	ck_assert_uint_eq(t.counts[FIPS_TREE_OUTBOUND_SIGN_FAILED], 1);
	fips_curve_close(&curve);
}
END_TEST

START_TEST(more_slots)
{
	up(PEERS - 1, 3);
	says(PEERS - 1, "3 1");
	ck_assert(fips_tree_reserve(&t, PEERS + 5) && fips_tree_reserve(&t, 1));
	ck_assert_uint_eq(t.n_peers, PEERS + 5);
	path_is("6 3 1");
	ck_assert_uint_eq(fips_tree_peer_path(&t, PEERS - 1)->n, 2);
	ck_assert_uint_eq(fips_tree_due(&t, PEERS + 4), MR_NEVER);
	ck_assert_uint_eq(t.parent, PEERS - 1);
}
END_TEST

/* What next hops are chosen by has changed, or it has not. */
START_TEST(generations)
{
	uint64_t before = t.generation;

	up(0, 3);
	ck_assert_uint_ne(t.generation, before);
	before = t.generation;
	says(0, "3 1");
	ck_assert_uint_ne(t.generation, before);
	before = t.generation;
	says(0, "3 1");
	out = fips_tree_reevaluate(&t, &at);
	ck_assert_uint_eq(t.generation, before);
	down(0);
	ck_assert_uint_ne(t.generation, before);
}
END_TEST

START_TEST(names)
{
	for (int i = 0; i < FIPS_TREE_COUNTS; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(fips_tree_count_name((enum fips_tree_count)i),
			                 fips_tree_count_name((enum fips_tree_count)j));
}
END_TEST

TCase *tree_announcing(void)
{
	TCase *tc = tcase_create("announcing");

	tcase_add_checked_fixture(tc, open_tree, close_tree);
	tcase_add_test(tc, news_is_repeated);
	tcase_add_test(tc, announcements_to_one_peer_are_500_ms_apart);
	tcase_add_test(tc, the_better_root_echoes);
	tcase_add_test(tc, reevaluation_says_it_again);
	tcase_add_test(tc, what_is_announced);
	tcase_add_test(tc, a_declaration_that_cannot_be_signed_is_counted);
	tcase_add_test(tc, more_slots);
	tcase_add_test(tc, generations);
	tcase_add_test(tc, names);
	return tc;
}
