/* The spanning tree in the node: announcements out and in, what is refused and what it costs, links
 * that come and go, and nodes that settle among themselves (mesh.md 1). */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/tree.h"
#include "t/fips/node_tree_ring.h"
#include "t/lib/links.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ME = 1, PEER = 2, OTHER = 3, MANY = 250 };

static struct bench *open_with(unsigned neighbours, const struct fips_node_config *config)
{
	struct bench *b = bench_open(ME, 0, config);

	links_make(b, PEER, neighbours);
	return b;
}

static const struct fips_tree *tree(const struct bench *b)
{
	return fips_node_tree(b->node);
}

static uint64_t counted(const struct bench *b, enum fips_tree_count count)
{
	return tree(b)->counts[count];
}

/* Every announcement received became something. */
static void close_bench(struct bench *b)
{
	static const enum fips_tree_count fates[] = {
		FIPS_TREE_ACCEPTED, FIPS_TREE_ADDR_MISMATCH, FIPS_TREE_ANCESTRY_INVALID,
		FIPS_TREE_DECODE_ERROR, FIPS_TREE_SIG_FAILED, FIPS_TREE_STALE,
		FIPS_TREE_UNKNOWN_PEER, FIPS_TREE_FLOODED,
	};
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(fates); i++)
		sum += counted(b, fates[i]);
	ck_assert_uint_eq(sum, counted(b, FIPS_TREE_RECEIVED));
	ck_assert_uint_eq(b->announced, counted(b, FIPS_TREE_SENT));
	bench_close(b);
}

/* An announcement of the puppet's: itself, and the ghosts of path above it ("" : it is root). */
struct announcement {
	unsigned    who;
	uint64_t    sequence;
	const char *path; /* a letter a ghost: a is 0 */
	uint8_t     bytes[FIPS_TREE_LEN(80)];
	size_t      len;
};

static struct announcement *compose(struct bench *b, unsigned who, uint64_t sequence,
                                    const char *path)
{
	static struct announcement made;
	struct fips_identity id = world_identity(who);
	uint8_t entries[80 * FIPS_TREE_ENTRY] = { 0 }, sig[FIPS_SIG_LEN], aux[32] = { 0 };
	struct fips_tree_announce a = { .entries = entries, .signature = sig,
		                        .n = 1 + (unsigned)strlen(path) };

	memcpy(entries, id.addr.b, FIPS_ADDR_LEN);
	for (unsigned i = 1; i < a.n; i++) {
		struct fips_addr node = links_ghost((uint8_t)(path[i - 1] - 'a'));

		memcpy(entries + i * FIPS_TREE_ENTRY, node.b, FIPS_ADDR_LEN);
	}
	a.says = (struct fips_declaration){
		.node = id.addr, .sequence = sequence,
		.parent = fips_addr_at(fips_tree_entry(entries, a.n > 1)) };
	ck_assert(fips_declaration_sign(&a.says, &b->curve, &id, aux, sig));
	made = (struct announcement){ .who = who, .sequence = sequence, .path = path };
	made.len = fips_tree_announce_build(made.bytes, sizeof made.bytes, &a);
	ck_assert_uint_gt(made.len, 0);
	return &made;
}

static void hear(struct bench *b, const struct announcement *a)
{
	want("", links_say(b, a->who, a->bytes, a->len));
}

/* The puppet announces this, and what it leads to is said. */
static void announce(struct bench *b, unsigned who, uint64_t sequence, const char *path)
{
	hear(b, compose(b, who, sequence, path));
	bench_wait(b, 0);
}

/* The last announcement sent: sound, signed by us, and that of our tree. */
static struct fips_tree_announce last(struct bench *b)
{
	struct fips_tree_announce a = { 0 };

	ck_assert(fips_tree_announce_parse(b->announce.bytes, b->announce.len, &a));
	ck_assert(fips_tree_announce_sound(&a));
	ck_assert(fips_declaration_verify(&a.says, &b->curve, b->me.pub + 1, a.signature));
	ck_assert(fips_addr_eq(&a.says.node, &b->me.addr));
	ck_assert_uint_eq(a.says.sequence, tree(b)->says.sequence);
	return a;
}

/* --- out -------------------------------------------------------------------------------------- */

/* A neighbour that has proven itself is told at once; one that has not is told nothing. */
START_TEST(a_neighbour_is_told)
{
	struct bench *b = open_with(0, NULL);
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 9, .index = 7 };
	struct fips_tree_announce a;
	uint64_t begun = tree(b)->says.sequence, ops;

	ck_assert_uint_gt(begun, UINT64_C(1000) * 60 * 60); /* of the clock, not 1 */
	b->alive = true;
	want("install msg2 use", bench_msg1(b, &p));
	want("", bench_wait(b, SECONDS(5)));
	ck_assert_uint_eq(b->announced, 0);
	want("heartbeat", bench_confirm(b, PEER, b->link_key, 0));
	ops = fips_node_curve_ops(b->node);
	want("", bench_wait(b, 0));
	ck_assert_uint_eq(b->announced, 1);
	a = last(b);
	ck_assert_uint_eq(a.n, 1);
	ck_assert_uint_eq(a.says.sequence, begun);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->announced, 2);
	bench_wait(b, SECONDS(4));
	ck_assert_uint_eq(b->announced, 3);
	ck_assert_uint_eq(fips_node_curve_ops(b->node) - ops, 1); /* one signature for all three */
	close_bench(b);
}
END_TEST

/* R15: one signature for all, and no call does more than a call may; the bench looks at each. */
START_TEST(many_neighbours_are_told_of_a_switch)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;
	uint64_t ops;
	unsigned before;

	config.max_peers = MANY;
	config.rekey = false;
	config.limits.links = config.limits.calls = 0;
	config.limits.strangers.burst = 1000;
	b = open_with(MANY, &config);
	bench_wait(b, SECONDS(10));
	before = b->announced;
	ops = fips_node_curve_ops(b->node);
	hear(b, compose(b, PEER, 1, "ba"));
	ck_assert_uint_eq(fips_node_curve_ops(b->node) - ops, 1);
	bench_wait(b, MS(500));
	ck_assert_uint_eq(b->announced - before, MANY);
	ck_assert_uint_eq(fips_node_curve_ops(b->node) - ops, 2);
	ck_assert_uint_eq(last(b).n, 4);
	bench_wait(b, SECONDS(5));
	ck_assert_uint_eq(b->announced - before, 3 * MANY);
	bench_wait(b, SECONDS(60));
	ck_assert_uint_ge(b->announced - before, 4 * MANY);
	ck_assert_uint_eq(fips_node_curve_ops(b->node) - ops, 2);
	close_bench(b);
}
END_TEST

START_TEST(changes_within_half_a_second_collapse)
{
	struct bench *b = open_with(2, NULL);
	unsigned before;

	bench_wait(b, SECONDS(10));
	before = b->announced;
	announce(b, PEER, 1, "cba");
	ck_assert_uint_eq(b->announced, before + 2);
	announce(b, PEER, 2, "ca");
	announce(b, PEER, 3, "ba");
	ck_assert_uint_eq(b->announced, before + 2);
	bench_wait(b, MS(499));
	ck_assert_uint_eq(b->announced, before + 2);
	bench_wait(b, MS(1));
	ck_assert_uint_eq(b->announced, before + 4);
	ck_assert_uint_eq(last(b).n, 4);
	close_bench(b);
}
END_TEST

/* So many ghosts one above the other. */
static const char *ghosts(unsigned n)
{
	static char path[128];

	for (unsigned i = 0; i < n; i++)
		path[i] = (char)('a' + (int)(n - 1 - i));
	path[n] = '\0';
	return path;
}

/* Each session's other end is told where we are, again a second later, and not more often than that
 * when our place changes again and again. */
START_TEST(an_endpoint_is_told_of_our_place)
{
	struct fips_node_config config = fips_node_config_default();
	struct puppet peer = { .who = PEER, .epoch = 1, .ephemeral = 1 };
	struct bench *b;

	config.link_mmp = config.session_mmp = FIPS_MMP_MINIMAL;
	config.rekey = false;
	config.timers.heartbeat = 1000000;
	b = open_with(2, &config);
	b->alive = b->data = true;
	bench_setup(b, &peer);
	bench_msg3(b, &peer);
	bench_confirm_session(b, PEER, b->session_key);
	want("warmup", bench_wait(b, SECONDS(1)));
	want("", bench_wait(b, SECONDS(10)));
	hear(b, compose(b, OTHER, 1, "a"));
	want("warmup", bench_wait(b, SECONDS(1) - 1));
	want("warmup", bench_wait(b, 1));
	want("", bench_wait(b, SECONDS(10)));
	for (unsigned i = 2; i < 6; i++) {
		hear(b, compose(b, OTHER, i, i % 2 ? "a" : "ba"));
		bench_wait(b, MS(100));
	}
	ck_assert_str_eq("warmup warmup warmup", bench_wait(b, SECONDS(4)));
	want("", bench_wait(b, SECONDS(10)));
	close_bench(b);
}
END_TEST

/* A path that no message could hold, with us in front, is not taken: a node that cannot tell where
 * it is would be nowhere for the others.  One that is just short enough is. */
START_TEST(no_path_is_taken_that_cannot_be_told)
{
	unsigned most = (FIPS_ACT_BYTES - FIPS_TREE_HEAD - FIPS_SIG_LEN) / FIPS_TREE_ENTRY;
	struct bench *b = open_with(1, NULL);
	unsigned before;

	bench_wait(b, SECONDS(10));
	before = b->announced;
	announce(b, PEER, 1, ghosts(most - 2));
	ck_assert_uint_eq(b->announced, before + 1);
	ck_assert_uint_eq(last(b).n, most);
	announce(b, PEER, 2, ghosts(most - 1));
	bench_wait(b, MS(500));
	ck_assert(fips_tree_is_root(tree(b)));
	ck_assert_uint_eq(counted(b, FIPS_TREE_LOOP_DETECTED), 1);
	ck_assert_uint_eq(b->announced, before + 2);
	ck_assert_uint_eq(last(b).n, 1);
	announce(b, PEER, 3, ghosts(most - 2));
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, most);
	announce(b, PEER, 4, ghosts(63));
	ck_assert(fips_tree_is_root(tree(b)));
	announce(b, PEER, 5, ghosts(64));
	ck_assert_uint_eq(counted(b, FIPS_TREE_ANCESTRY_INVALID), 1);
	ck_assert_uint_eq(counted(b, FIPS_TREE_LOOP_DETECTED), 2);
	ck_assert_uint_eq(counted(b, FIPS_TREE_SEND_FAILED), 0);
	close_bench(b);
}
END_TEST

/* --- in --------------------------------------------------------------------------------------- */

START_TEST(what_they_announce_is_taken)
{
	struct bench *b = open_with(2, NULL);

	announce(b, PEER, 1, "cba");
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 5);
	/* one step less is less than a fifth better, but now is too soon */
	announce(b, OTHER, 1, "ba");
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 5);
	announce(b, PEER, 2, ""); /* it knows no way any more, and the other does */
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 4);
	announce(b, OTHER, 2, "a");
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 3);
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 4);
	ck_assert_uint_eq(counted(b, FIPS_TREE_PARENT_SWITCHES), 2);
	ck_assert_uint_eq(counted(b, FIPS_TREE_ANCESTRY_CHANGED), 1);
	close_bench(b);
}
END_TEST

/* Nothing of this changes anything, but a count. */
static void refused(struct bench *b, const struct announcement *a, enum fips_tree_count why,
                    unsigned ops)
{
	uint64_t before = counted(b, why), generation = tree(b)->generation;
	uint64_t done = fips_node_curve_ops(b->node);
	unsigned sent = b->announced;

	hear(b, a);
	want("", bench_wait(b, 0));
	ck_assert_msg(counted(b, why) == before + 1, "%s", fips_tree_count_name(why));
	ck_assert_uint_eq(fips_node_curve_ops(b->node) - done, ops);
	ck_assert_uint_eq(tree(b)->generation, generation);
	ck_assert_uint_eq(b->announced, sent);
}

START_TEST(no_message_too_short_or_misshapen)
{
	struct bench *b = open_with(1, NULL);
	struct announcement *a = compose(b, PEER, 1, "ba");
	size_t whole = a->len;

	for (a->len = 1; a->len < whole; a->len++)
		refused(b, a, FIPS_TREE_DECODE_ERROR, 0);
	mr_to_le16(a->bytes + 34, 65535);
	refused(b, a, FIPS_TREE_DECODE_ERROR, 0);
	a->len = FIPS_TREE_LEN(80);
	refused(b, a, FIPS_TREE_DECODE_ERROR, 0);
	mr_to_le16(a->bytes + 34, 0);
	refused(b, a, FIPS_TREE_DECODE_ERROR, 0);
	a = compose(b, PEER, 1, "ba");
	a->bytes[1] = 2;
	refused(b, a, FIPS_TREE_DECODE_ERROR, 0);
	a->bytes[1] = 1;
	hear(b, a);
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 1);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LINK_MESSAGE), 0);
	a->len = 0;
	hear(b, a);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LINK_MESSAGE), 1);
	close_bench(b);
}
END_TEST

/* Another's announcement, one heard before, and such as no correct node sends. */
START_TEST(nothing_stolen_replayed_or_impossible)
{
	struct bench *b = open_with(2, NULL);
	struct announcement *a = compose(b, OTHER, 1, "ba");

	bench_wait(b, SECONDS(10));
	a->who = PEER;
	refused(b, a, FIPS_TREE_ADDR_MISMATCH, 0);
	announce(b, PEER, 7, "ba");
	bench_wait(b, SECONDS(10));
	refused(b, compose(b, PEER, 7, "ba"), FIPS_TREE_STALE, 0);
	refused(b, compose(b, PEER, 6, "a"), FIPS_TREE_STALE, 0);
	refused(b, compose(b, PEER, 0, "a"), FIPS_TREE_STALE, 0);
	refused(b, compose(b, PEER, 8, "dbcba"), FIPS_TREE_ANCESTRY_INVALID, 1);
	refused(b, compose(b, PEER, 8, "ab"), FIPS_TREE_ANCESTRY_INVALID, 1);
	refused(b, compose(b, PEER, 8, ghosts(64)), FIPS_TREE_ANCESTRY_INVALID, 1);
	refused(b, compose(b, PEER, 8, ghosts(79)), FIPS_TREE_ANCESTRY_INVALID, 1);
	announce(b, PEER, 8, "a");
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 3);
	close_bench(b);
}
END_TEST

/* R15: each byte that is signed, and the signature.  So many are looked at at once, then so many a
 * second; the sender alone pays. */
START_TEST(forgeries_cost_their_sender)
{
	struct bench *b = open_with(2, NULL);
	unsigned verified = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct announcement *a = compose(b, PEER, 100, "ba");
		uint64_t ops = fips_node_curve_ops(b->node);

		a->bytes[i % 2 ? 2 + i % 32 : a->len - 1 - i % 64] ^= 0x10;
		hear(b, a);
		verified += (unsigned)(fips_node_curve_ops(b->node) - ops);
	}
	ck_assert_uint_eq(counted(b, FIPS_TREE_SIG_FAILED), 16);
	ck_assert_uint_eq(counted(b, FIPS_TREE_FLOODED), 2000 - 16);
	ck_assert_uint_eq(verified, 16);
	ck_assert(fips_tree_is_root(tree(b)));
	announce(b, OTHER, 1, "ba"); /* has a bucket of its own */
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 1);
	hear(b, compose(b, PEER, 100, "ba"));
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 1);
	bench_wait(b, SECONDS(1));
	hear(b, compose(b, PEER, 100, "ba"));
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 2);
	close_bench(b);
}
END_TEST

/* R15, R7: a neighbour that changes its mind all the time costs us no more either, and others no
 * more than an announcement in half a second. */
START_TEST(a_flood_of_true_ones)
{
	struct bench *b = open_with(2, NULL);
	uint64_t ops;
	unsigned before;

	bench_wait(b, SECONDS(10));
	before = b->announced;
	ops = fips_node_curve_ops(b->node);
	for (unsigned i = 0; i < 10000; i++) {
		hear(b, compose(b, PEER, 1 + i, i % 2 ? "ba" : "ca"));
		bench_wait(b, MS(1));
	}
	ck_assert_uint_le(counted(b, FIPS_TREE_ACCEPTED), 16 + 4 * 10);
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED) + counted(b, FIPS_TREE_FLOODED), 10000);
	ck_assert_uint_le(b->announced - before, 2 * (1 + 20));
	ck_assert_uint_le(fips_node_curve_ops(b->node) - ops, 16 + 4 * 10 + 1 + 20);
	close_bench(b);
}
END_TEST

/* Before the link is proven nothing is taken;
 * the announcement itself comes under a key that proves it. */
START_TEST(an_announcement_proves_the_link)
{
	struct bench *b = open_with(0, NULL);
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 9, .index = 7 };
	struct announcement *a = compose(b, PEER, 1, "ba");

	b->alive = true;
	want("", bench_message(b, PEER, a->bytes, a->len));
	want("install msg2 use", bench_msg1(b, &p));
	want("heartbeat", bench_message(b, PEER, a->bytes, a->len));
	ck_assert_uint_eq(counted(b, FIPS_TREE_ACCEPTED), 1);
	close_bench(b);
}
END_TEST

/* --- links come and go ------------------------------------------------------------------------ */

START_TEST(a_parent_is_lost)
{
	static const uint8_t bye[FIPS_DISCONNECT_LEN] = { FIPS_LINK_DISCONNECT };
	struct bench *b = open_with(3, NULL);
	struct fips_tree_announce a;
	unsigned before;

	announce(b, PEER + 2, 5, "ba");
	announce(b, OTHER, 5, "zya");
	bench_wait(b, SECONDS(10));
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 4);
	before = b->announced;
	links_say(b, PEER + 2, bye, sizeof bye);
	bench_wait(b, 0);
	ck_assert_uint_eq(counted(b, FIPS_TREE_PARENT_LOSSES), 1);
	a = last(b);
	ck_assert_uint_eq(b->announced, before + 2);
	ck_assert_uint_eq(a.n, 5);
	close_bench(b);
}
END_TEST

/* A neighbour that has begun anew may begin its sequence anew, and we forget where it was. */
START_TEST(a_neighbour_restarts)
{
	struct bench *b = open_with(1, NULL);
	struct puppet again = { .who = PEER, .epoch = 2, .ephemeral = 77, .index = 8 };
	unsigned before;

	announce(b, PEER, 50, "ba");
	bench_wait(b, SECONDS(40));
	ck_assert(!fips_tree_is_root(tree(b)));
	bench_msg1(b, &again);
	before = b->announced;
	bench_confirm(b, PEER, links_key[PEER] = b->link_key, 0);
	ck_assert(fips_tree_is_root(tree(b)));
	bench_wait(b, 0);
	ck_assert_uint_eq(b->announced, before + 1);
	announce(b, PEER, 1, "a");
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 3);
	ck_assert_uint_eq(counted(b, FIPS_TREE_STALE), 0);
	close_bench(b);
}
END_TEST

/* ... and one that has only moved to a new key is where it was. */
START_TEST(rekeys_change_nothing)
{
	struct bench *b = open_with(1, NULL);
	struct puppet again = { .who = PEER, .epoch = 1, .ephemeral = 77, .index = 8 };
	unsigned before;

	announce(b, PEER, 50, "ba");
	bench_wait(b, SECONDS(40));
	bench_msg1(b, &again);
	before = b->announced;
	bench_confirm(b, PEER, links_key[PEER] = b->link_key, 1);
	bench_wait(b, 0);
	ck_assert_uint_eq(fips_tree_path(tree(b))->n, 4);
	ck_assert_uint_eq(b->announced, before);
	refused(b, compose(b, PEER, 50, "ba"), FIPS_TREE_STALE, 0);
	close_bench(b);
}
END_TEST

/* mesh.md 1.10: the first round trip of a link, when it makes the parent's way the dearer one. */
START_TEST(a_link_is_measured)
{
	struct bench *b = open_with(2, NULL);
	struct fips_receiver_report r = { .highest = 9, .frames = 9, .echo = 1 };
	uint8_t bytes[FIPS_LINK_RECEIVER_LEN];

	announce(b, PEER, 1, "ba");
	announce(b, OTHER, 1, "ba"); /* as good, and second */
	bench_wait(b, SECONDS(31));
	ck_assert_uint_eq(counted(b, FIPS_TREE_PARENT_SWITCHES), 1);
	b->link_words.sent = 10;
	fips_link_receiver_build(bytes, &r);
	links_say(b, OTHER, bytes, sizeof bytes);
	ck_assert_uint_eq(counted(b, FIPS_TREE_PARENT_SWITCHES), 2);
	close_bench(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node_tree");
	TCase *t = tcase_create("tree");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_neighbour_is_told);
	tcase_add_test(t, many_neighbours_are_told_of_a_switch);
	tcase_add_test(t, changes_within_half_a_second_collapse);
	tcase_add_test(t, an_endpoint_is_told_of_our_place);
	tcase_add_test(t, no_path_is_taken_that_cannot_be_told);
	tcase_add_test(t, what_they_announce_is_taken);
	tcase_add_test(t, no_message_too_short_or_misshapen);
	tcase_add_test(t, nothing_stolen_replayed_or_impossible);
	tcase_add_test(t, forgeries_cost_their_sender);
	tcase_add_test(t, a_flood_of_true_ones);
	tcase_add_test(t, an_announcement_proves_the_link);
	tcase_add_test(t, a_parent_is_lost);
	tcase_add_test(t, a_neighbour_restarts);
	tcase_add_test(t, rekeys_change_nothing);
	tcase_add_test(t, a_link_is_measured);
	suite_add_tcase(s, t);
	suite_add_tcase(s, node_tree_ring());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
