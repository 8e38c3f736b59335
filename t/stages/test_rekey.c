/* Rekeys of whole nodes that have several replicas of everything, each on a worker of its own.  Two
 * ends talk through a node in the middle, which is congested now and then,
 * while all keys are replaced. */

#include <check.h>
#include <stdio.h>

#include "stages/control/state.h"
#include "t/lib/ledger.h"
#include "t/lib/whole.h"

enum { A, B, C }; /* B is in the middle */

#define ECT 0x20 /* second byte of an IPv6 header */
#define ECN 0x30

/* ---- the nodes ---- */

/* Keys are replaced when they are 20 s old, 3 s more or less. */
static const char *settings(bool begins)
{
	return begins ? ",\"rekey\":{\"after_secs\":20,\"hurry\":5}" :
	                ",\"rekey\":{\"enabled\":false,\"after_secs\":20,\"hurry\":5}";
}

static void open_end(unsigned i, unsigned other, bool begins)
{
	char peers[1024], dial[512], hop[FIPS_KEY_TEXT], far[FIPS_KEY_TEXT];

	whole_npub(B, hop);
	whole_npub(other, far);
	snprintf(peers, sizeof peers, "%s,{\"npub\":\"%s\",\"via\":\"%s\"}", whole_dial(B, dial),
	         far, hop);
	whole_open(i, settings(begins), peers);
}

/* From the one stage to the other every packet changes the worker. */
static void ck_hop(unsigned i, const struct mr_kind *from, const struct mr_kind *to)
{
	const struct mr_engine *e = node[i].engine;
	unsigned n_from = 0, n_to = 0;

	for (unsigned r = 0; r < e->replicas; r++) {
		n_from += e->replica[r].kind == from;
		n_to += e->replica[r].kind == to;
		for (unsigned q = 0; q < e->replicas; q++)
			if (e->replica[r].kind == from && e->replica[q].kind == to)
				ck_assert_ptr_ne(e->replica[r].worker, e->replica[q].worker);
	}
	ck_assert_uint_ge(n_from, 2);
	ck_assert_uint_ge(n_to, 2);
}

/* ---- what is looked at all the time ---- */

static bool congested[NODES]; /* the middle's links */

/* Control puts a fresh entry into the table at each rekey of a link:
 * before each turn of a data worker. */
static void congest(bool before)
{
	for (unsigned i = 0; before && i < NODES; i += 2) {
		const struct fips_link_entry *e =
			mr_table_find(whole_mesh(B)->links, whole_mesh(i)->me.addr.b);

		ck_always(e != NULL);
		((struct fips_link_entry *)(uintptr_t)e)->congested = congested[i];
	}
}

/* A packet arrives, once and whole, with the mark that the link from the middle gave it. */
static void say(unsigned from, unsigned to, uint8_t number, bool ce)
{
	unsigned got = air.got[to];

	congested[to] = ce;
	whole_say(from, &whole_mesh(to)->me.addr, 200, number);
	air.packet[1] = ECT;
	whole_run(8);
	ck_assert_uint_eq(air.got[to], got + 1);
	ck_assert_uint_eq(air.got_len[to], 200);
	ck_assert_uint_eq(air.got_bytes[to][199], number);
	ck_assert_uint_eq(air.got_bytes[to][1], ce ? ECN : ECT);
}

/* The word that control reads names the key that fsp-open has as current. */
static void ck_current(unsigned i, unsigned other)
{
	const struct fips_addr *peer = &whole_mesh(other)->me.addr;
	const struct fips_session_entry *e = mr_table_find(whole_mesh(i)->sessions, peer->b);
	struct fips_words words = mr_control_words(mr_engine_host_state(node[i].engine));
	struct fips_session_words now;

	ck_assert(e && e->live && words.session(words.self, peer, &now));
	ck_assert_uint_eq(now.current, e->recv->slot[FIPS_CURRENT]->id);
}

static const struct {
	bool begins[NODES];
} roles[] = {
	{ { true, false, false } },  /* one end: sessions, and the link that it dialled */
	{ { false, false, true } },  /* the other                                      */
	{ { false, true, false } },  /* the one who was dialled: links                 */
	{ { true, true, true } },
};

/* Who may begin did, whoever sits at its links and its session answered, all have moved. */
static void ck_roles(const bool begins[NODES])
{
	bool ends = begins[A] || begins[C];

	for (unsigned i = 0; i < NODES; i++) {
		ck_assert_uint_eq(control_count(i, "node-link-rekeys") > 0, begins[i]);
		ck_assert_uint_eq(control_count(i, "node-session-rekeys") > 0,
		                  begins[i] && i != B);
		ck_assert_uint_eq(control_count(i, "node-link-rekeys-failed"), 0);
		ck_assert_uint_eq(control_count(i, "node-session-rekeys-failed"), 0);
	}
	ck_assert_uint_eq(control_count(B, "node-link-rekeys-answered") > 0, ends);
	if (!begins[A])
		ck_assert_uint_eq(control_count(A, "node-link-rekeys-answered") > 0, begins[B]);
	if (begins[A] != begins[C])
		ck_assert_uint_ge(control_count(begins[A] ? C : A, "node-session-rekeys-answered"),
		                  4);
	ck_assert_uint_ge(control_count(B, "node-link-cuts"), 3);
	ck_assert_uint_ge(control_count(A, "node-session-cuts"), ends ? 4 : 0);
	ck_assert_uint_ge(control_count(C, "node-session-cuts"), ends ? 4 : 0);
}

static void open_nodes(const bool begins[NODES])
{
	whole_reset();
	open_end(A, C, begins[A]);
	whole_open(B, settings(begins[B]), "");
	open_end(C, A, begins[C]);
}

/* Two minutes in which everybody rekeys as it may. */
static void live(const bool begins[NODES])
{
	whole_run(2500);
	whole_say(A, &whole_mesh(C)->me.addr, 100, 0); /* waits for the session */
	whole_run(1000);
	ck_assert(whole_in_session(A) && whole_in_session(C));
	whole_around = congest;
	for (unsigned i = 0; i < 600; i++) {
		say(A, C, (uint8_t)i, i % 3 == 0);
		say(C, A, (uint8_t)~i, i % 2 == 0);
		ck_current(A, C);
		ck_current(C, A);
		air.now += 200 * MS;
	}
	whole_around = NULL;
	ck_roles(begins);
}

/* R4: every path that installs keys reaches every replica, and CE goes with its packet from worker
 * to worker. */
START_TEST(keys_reach_every_replica)
{
	const bool *begins = roles[_i].begins;

	whole_spread = true;
	open_nodes(begins);
	ck_hop(A, &mr_kind_fmp_open, &mr_kind_fsp_open);
	ck_hop(C, &mr_kind_fmp_open, &mr_kind_fsp_open);
	ck_hop(B, &mr_kind_fmp_open, &mr_kind_route);
	ck_hop(B, &mr_kind_route, &mr_kind_fmp_seal);
	live(begins);
	whole_close_all();
}
END_TEST

/* The same where opening and sealing are dealt out: both layers' keys reach those who open before
 * the order counts and those who seal after it. */
START_TEST(keys_reach_those_who_are_dealt)
{
	const bool *begins = roles[_i].begins;

	whole_dealt = 3;
	open_nodes(begins);
	ck_hop(A, &mr_kind_open, &mr_kind_seal);
	live(begins);
	for (unsigned i = 0; i < NODES; i++) {
		ck_assert_uint_eq(whole_drop(i, &mr_kind_seal, "key-gone"), 0);
		ck_assert_uint_eq(whole_drop(i, &mr_kind_open, "forged"), 0);
		ck_assert_uint_eq(whole_drop(i, &mr_kind_open, "unknown-index"), 0);
		ck_assert_uint_eq(whole_count(i, &mr_kind_open, "keys-retried") > 0,
		                  i != B && (begins[A] || begins[C]));
	}
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rekey");
	TCase *tc = tcase_create("replicas");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, keys_reach_every_replica, 0, sizeof roles / sizeof roles[0]);
	tcase_add_loop_test(tc, keys_reach_those_who_are_dealt, 0, sizeof roles / sizeof roles[0]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
