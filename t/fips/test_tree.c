/* test_tree.c - the tree's own rules: announcing, brakes, limits, losses (mesh.md 1.3 to 1.10).  Which
 * parent is chosen, step by step, is in test_vectors_tree.c.
 *
 * Addresses are numbers; a path is written from its node to its root: "5 3 1". */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/tree.h"
#include "t/lib/small_curve.h"
#include "t/lib/vectors.h"

#define PEERS 8
#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

static struct fips_tree         t;
static struct fips_tree_clocks  at;
static double                   cost[PEERS]; /* 0: unmeasured */
static uint64_t                 sequence[PEERS];
static struct fips_tree_outcome out; /* of the last thing that happened */

static bool cost_of(void *self, unsigned peer, double *c)
{
	(void)self;
	*c = cost[peer];
	return cost[peer] > 0;
}

static struct fips_addr addr(unsigned number)
{
	return (struct fips_addr){ { (uint8_t)(number >> 8), (uint8_t)number } };
}

/* We are number 6. */
static void open_tree(void)
{
	struct fips_tree_settings settings = fips_tree_settings_default();
	struct fips_tree_costs costs = { cost_of, NULL };
	struct fips_addr me = addr(6);

	memset(cost, 0, sizeof cost);
	memset(sequence, 0, sizeof sequence);
	at = (struct fips_tree_clocks){ .now = MS(1000000), .unix_ms = UINT64_C(1700000000123) };
	ck_assert(fips_tree_open(&t, &me, PEERS, &settings, &costs, at.unix_ms, at.unix_ms));
}

static void close_tree(void)
{
	fips_tree_close(&t);
}

/* Other settings than the defaults. */
static struct fips_tree_settings *settings(void)
{
	static struct fips_tree_settings s;

	s = t.settings;
	return &s;
}

static void up(unsigned peer, unsigned number)
{
	struct fips_addr a = addr(number);

	fips_tree_peer_up(&t, peer, &a);
}

static void down(unsigned peer)
{
	out = fips_tree_peer_down(&t, peer, &at);
}

/* An announcement with the peer's next sequence, into entries. */
static struct fips_tree_announce announce(unsigned peer, const char *path, uint8_t *entries)
{
	struct fips_tree_announce a = { .entries = entries };
	const char *p = path;
	char *end;

	for (unsigned long number; (number = strtoul(p, &end, 10)), end != p; p = end) {
		struct fips_addr node = addr((unsigned)number);
		uint8_t *entry = entries + (size_t)FIPS_TREE_ENTRY * a.n++;

		memset(entry, (int)a.n, FIPS_TREE_ENTRY);
		memcpy(entry, node.b, sizeof node.b);
	}
	a.says = (struct fips_declaration){ .node = fips_addr_at(entries),
		                            .parent = fips_addr_at(fips_tree_entry(entries, a.n > 1)),
		                            .sequence = ++sequence[peer] };
	return a;
}

static enum fips_tree_count check(unsigned peer, const char *path)
{
	uint8_t entries[80 * FIPS_TREE_ENTRY];
	struct fips_tree_announce a = announce(peer, path, entries);

	return fips_tree_check(&t, peer, &a) != FIPS_TREE_ACCEPTED || fips_tree_credible(&a)
	               ? fips_tree_check(&t, peer, &a)
	               : FIPS_TREE_ANCESTRY_INVALID;
}

/* The peer's announcement is taken; the decision by name. */
static const char *says(unsigned peer, const char *path)
{
	uint8_t entries[80 * FIPS_TREE_ENTRY];
	struct fips_tree_announce a = announce(peer, path, entries);

	ck_assert_int_eq(fips_tree_check(&t, peer, &a), FIPS_TREE_ACCEPTED);
	ck_assert(fips_tree_credible(&a));
	out = fips_tree_accept(&t, peer, &a, &at);
	return fips_tree_decision_name(out.decision);
}

static void path_is(const char *path)
{
	char text[400] = "";

	for (unsigned i = 0; i < fips_tree_path(&t)->n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i ? " " : "",
		         fips_tree_path(&t)->a[i].b[0] * 256u + fips_tree_path(&t)->a[i].b[1]);
	ck_assert_str_eq(text, path);
}

/* "0 2": the peers to whom something is due now.  They are told. */
static const char *told(void)
{
	static char text[64];

	text[0] = '\0';
	for (unsigned i = 0; i < PEERS; i++) {
		if (fips_tree_due(&t, i) > at.now)
			continue;
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u",
		         text[0] ? " " : "", i);
		fips_tree_sent(&t, i, at.now);
	}
	return text;
}

static void later(uint64_t ms)
{
	at.now += MS(ms);
	at.unix_ms += ms;
}

/* Everybody has heard everything, four times more. */
static void settle(void)
{
	static const unsigned gaps[] = { 0, 1000, 4000, 10000, 20000 };

	for (size_t i = 0; i < COUNT(gaps); i++) {
		later(gaps[i]);
		told();
	}
}

/* --- what is accepted ------------------------------------------------------------------------- */

/* mesh.md 1.3, 5 to 9, and our two limits. */
START_TEST(announcements_are_checked)
{
	char longest[400] = "900", more[410];

	up(0, 900);
	up(1, 4);
	for (unsigned i = 1; i < 63; i++)
		snprintf(longest + strlen(longest), sizeof longest - strlen(longest), " %u", 900 + i);
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
		snprintf(longest + strlen(longest), sizeof longest - strlen(longest), " %u", 900 + i);
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

/* --- decisions and what follows from them ------------------------------------------------------ */

#define ANNOUNCE 1
#define DECLARED 2
#define PATH     4
#define THROUGH  8
#define FOREIGN  16
#define MARK     32
#define CHECK    64

static void follows(unsigned want)
{
	unsigned got = (out.announce ? ANNOUNCE : 0) | (out.declared ? DECLARED : 0) |
	               (out.path_changed ? PATH : 0) | (out.drop_through ? THROUGH : 0) |
	               (out.drop_foreign ? FOREIGN : 0) | (out.mark_filters ? MARK : 0) |
	               (out.check_filters ? CHECK : 0);

	ck_assert_uint_eq(got, want);
}

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

/* 1.6: a neighbour leads to the root on a better way, but it is too soon to change.  When the parent goes over to a worse
 * root, it is not followed: a brake is for choices between ways to one root. */
START_TEST(a_parent_that_leaves_the_root_is_left)
{
	open_tree();
	up(0, 5);
	up(1, 2);
	ck_assert_str_eq(says(0, "5 3 2"), "switch");
	ck_assert_str_eq(says(1, "2"), "no_change");
	ck_assert_str_eq(says(0, "5"), "switch");
	path_is("6 2");
	close_tree();
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

/* mesh.md 1.8: the fourth change within a minute is made, and begins an episode; needed ones are never
 * vetoed. */
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

/* --- announcing ------------------------------------------------------------------------------- */

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
	tcase_add_test(c, a_parent_that_leaves_the_root_is_left);
	tcase_add_test(c, costs_come_to_be_known);
	tcase_add_test(c, flapping_is_dampened);
	tcase_add_test(c, an_episode_ends);
	tcase_add_test(c, news_is_repeated);
	tcase_add_test(c, announcements_to_one_peer_are_500_ms_apart);
	tcase_add_test(c, the_better_root_echoes);
	tcase_add_test(c, reevaluation_says_it_again);
	tcase_add_test(c, what_is_announced);
	tcase_add_test(c, a_declaration_that_cannot_be_signed_is_counted);
	tcase_add_test(c, more_slots);
	tcase_add_test(c, generations);
	tcase_add_test(c, names);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
