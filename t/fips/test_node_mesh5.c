/* test_node_mesh5.c - whole nodes in the two static topologies of operations.md 11, on virtual
 * time: the tree they agree on, what they tell each other of who is reached, and the way that data
 * takes between any two (mesh.md).
 *
 *     mesh   A--D  A--E  B--C  C--D  C--E  D--E        chain   A--B--C--D--E, and A--B--C
 *
 * The identities are the real ones, so that all of it can be compared with the vectors.  Links
 * are unmeasured: what they cost is equal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/hash.h"
#include "fips/node/mesh.h"
#include "t/lib/two_nodes.h"
#include "t/lib/vectors.h"

enum { A = WORLD_MESH5, B, C, D, E, ALL = 5 };

static const unsigned mesh[][2] = { { A, D }, { A, E }, { B, C }, { C, D },
                                    { C, E }, { D, E }, { 0, 0 } };
static const unsigned chain5[][2] = { { A, B }, { B, C }, { C, D }, { D, E }, { 0, 0 } };
static const unsigned chain3[][2] = { { A, B }, { B, C }, { 0, 0 } };

/* What the network sees. */
struct watch {
	uint8_t  filter[ALL][ALL][FIPS_FILTER_BYTES]; /* last announced, from, to       */
	bool     filtered[ALL][ALL];
	unsigned trail[16]; /* nodes that the newest data of ours was at, the sender first */
	unsigned steps;
	struct fips_addr to; /* whose data is followed                                */
	unsigned signals;    /* error signals                                         */
};

struct net {
	struct fips_node_config config;
	const unsigned (*links)[2];
	struct world    *w;
	struct sim_node *node[ALL];
	unsigned         n;
	struct watch     watch;
};

static void see_datagram(struct watch *s, const struct sim_node *from, const struct sim_node *to,
                         const uint8_t *frame, size_t n)
{
	struct fips_addr who;
	struct fips_datagram d;
	uint64_t number;

	if (!fips_datagram_parse(frame + FIPS_LINK_HEAD + FIPS_LINK_STAMP, n - FIPS_LINK_OVERHEAD,
	                         &d))
		return;
	s->signals += fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_SIGNAL;
	if (!ledger_peek(&s->to, frame, n, &who, &number))
		return;
	if (fips_addr_eq(&who, &from->me.addr))
		s->trail[0] = from->number, s->steps = 1;
	if (s->steps && s->steps < COUNT(s->trail))
		s->trail[s->steps++] = to->number;
}

static bool see(void *self, const struct sim_node *from, const struct sim_node *to,
                const uint8_t *frame, size_t n)
{
	const uint8_t *message = frame + FIPS_LINK_HEAD + FIPS_LINK_STAMP;
	struct watch *s = self;

	if (fips_frame_check(frame, n) != FIPS_FRAME_ESTABLISHED || n <= FIPS_LINK_OVERHEAD)
		return true;
	if (message[0] == FIPS_LINK_FILTER_ANNOUNCE) {
		s->filtered[from->number - A][to->number - A] = true;
		memcpy(s->filter[from->number - A][to->number - A],
		       message + FIPS_FILTER_LEN - FIPS_FILTER_BYTES, FIPS_FILTER_BYTES);
	}
	if (message[0] == FIPS_LINK_DATAGRAM)
		see_datagram(s, from, to, frame, n);
	return true;
}

static bool linked(const unsigned links[][2], unsigned a, unsigned b)
{
	for (; (*links)[0]; links++)
		if (((*links)[0] == a && (*links)[1] == b) ||
		    ((*links)[0] == b && (*links)[1] == a))
			return true;
	return false;
}

/* It knows the keys of all, as from a hosts file. */
static void introduce(struct net *x, struct sim_node *node)
{
	for (unsigned j = 0; j < x->n; j++) {
		struct fips_identity id = world_identity(A + j);

		world_input(node, &(struct fips_input){ .kind = FIPS_IN_KNOWN, .bytes = id.pub,
		                                        .len = FIPS_PUB_LEN });
	}
}

static unsigned peers_of(const struct net *x, unsigned who, struct world_peer peers[ALL])
{
	unsigned count = 0;

	for (unsigned j = 0; j < x->n; j++)
		if (linked(x->links, who, A + j))
			peers[count++] = (struct world_peer){ .secret = A + j, .vias = 1 };
	return count;
}

/* Both ends of each link dial.  E comes last: C, which could as well have E for its parent, has D
 * by then and stays with it.  Whoever took the first neighbour that showed it the root is held
 * down for 30 s, and judges again within another 60. */
static struct net *net_open(uint64_t seed, unsigned n, const unsigned links[][2])
{
	struct net *x = calloc(1, sizeof *x);

	ck_assert_ptr_nonnull(x);
	x->config = fips_node_config_default();
	x->config.max_peers = 8;
	x->config.limits.sessions = 32;
	x->config.link_mmp = FIPS_MMP_MINIMAL;
	x->config.timers.heartbeat = 2000;
	x->config.timers.dead = 5000;
	x->w = world_open(seed);
	x->w->filter = see;
	x->w->filter_self = &x->watch;
	x->links = links;
	x->n = n;
	for (unsigned i = 0; i < n; i++) {
		struct world_peer peers[ALL];
		unsigned count = peers_of(x, A + i, peers);

		if (A + i == E)
			world_run(x->w, SECONDS(10));
		x->node[i] = world_node(x->w, A + i, peers, count, &x->config);
		introduce(x, x->node[i]);
	}
	world_run(x->w, SECONDS(120));
	return x;
}

static void net_close(struct net *x)
{
	for (unsigned i = 0; i < x->n; i++) {
		struct tally t = ledger_tally(&x->node[i]->ledger, 0);

		ck_assert_uint_eq(t.lost, 0);
		ck_assert_uint_eq(t.doubled, 0);
	}
	world_close(x->w);
	free(x);
}

/* ---- the tree ---- */

static void path_is(struct net *x, unsigned who, const char *names)
{
	const struct fips_treepath *path = fips_tree_path(fips_node_tree(x->node[who - A]->brain));
	char got[FIPS_PATH_MAX + 1] = "";

	for (unsigned i = 0; i < path->n && i < FIPS_PATH_MAX; i++)
		for (unsigned j = 0; j < ALL; j++)
			if (fips_addr_eq(&path->a[i], &x->node[j % x->n]->me.addr))
				got[i] = (char)('A' + j % x->n);
	ck_assert_str_eq(got, names);
}

/* operations.md 11.1: the smallest address is root,
 * and who could have two parents has the smaller. */
START_TEST(the_tree_settles)
{
	static const char *const want[] = { "A", "BCDA", "CDA", "DA", "EA" };
	struct net *x = net_open((uint64_t)_i, ALL, mesh);

	for (unsigned i = 0; i < ALL; i++)
		path_is(x, A + i, want[i]);
	net_close(x);
}
END_TEST

/* 11.2 */
START_TEST(the_chain_settles)
{
	static const char *const want[] = { "A", "BA", "CBA", "DCBA", "EDCBA" };
	struct net *x = net_open((uint64_t)_i, ALL, chain5);

	for (unsigned i = 0; i < ALL; i++)
		path_is(x, A + i, want[i]);
	net_close(x);
}
END_TEST

/* ---- filters ---- */

/* Every announcement of the settled mesh is the vectors', bit by bit. */
START_TEST(filters_settle)
{
	json_t *root = vectors_load("routing_vectors");
	const json_t *list = vectors_get(vectors_get(vectors_get(root, "bloom"), "mesh5_converged"),
	                                 "announcements"), *a;
	struct net *x = net_open((uint64_t)_i, ALL, mesh);
	size_t i;

	ck_assert_uint_eq(json_array_size(list), 2 * (COUNT(mesh) - 1));
	json_array_foreach(list, i, a) {
		unsigned from = (unsigned)(vectors_text(a, "from")[0] - 'a');
		unsigned to = (unsigned)(vectors_text(a, "to")[0] - 'a');
		uint8_t got[MR_SHA256_LEN], want[MR_SHA256_LEN];

		ck_assert(x->watch.filtered[from][to]);
		mr_sha256(x->watch.filter[from][to], FIPS_FILTER_BYTES, got);
		vectors_exact(a, "bits_sha256", want, sizeof want);
		ck_assert_mem_eq(got, want, sizeof want);
	}
	net_close(x);
	json_decref(root);
}
END_TEST

/* ---- routes ---- */

static bool arrived(void *self)
{
	const struct sim_node *node = self;

	return node->got > 0;
}

/* A packet and one back; then the way of a further one. */
static void trail_is(struct net *x, unsigned from, unsigned to, const char *names)
{
	struct sim_node *a = x->node[from - A], *b = x->node[to - A];
	char got[COUNT(x->watch.trail) + 1] = "";

	a->got = b->got = 0;
	world_data(a, &b->me.addr);
	ck_assert_msg(world_until(x->w, SECONDS(5), arrived, b), "%s: nothing arrives", names);
	world_data(b, &a->me.addr);
	ck_assert_msg(world_until(x->w, SECONDS(5), arrived, a), "%s: nothing comes back", names);
	x->watch.to = b->me.addr;
	x->watch.steps = 0;
	b->got = 0;
	world_data(a, &b->me.addr);
	ck_assert(world_until(x->w, SECONDS(5), arrived, b));
	for (unsigned i = 0; i < x->watch.steps; i++)
		got[i] = (char)('a' + x->watch.trail[i] - A);
	ck_assert_msg(strcmp(got, names) == 0, "from %c to %c by %s, not by %s", 'a' + from - A,
	              'a' + to - A, got, names);
}

/* All twenty, in one mesh. */
START_TEST(routes_are_the_vectors)
{
	json_t *root = vectors_load("routing_vectors");
	const json_t *list = vectors_get(vectors_get(root, "mesh5"),
	                                 "routes_with_equal_link_costs"),
		     *r;
	struct net *x = net_open((uint64_t)_i, ALL, mesh);
	size_t i;

	ck_assert_uint_eq(json_array_size(list), ALL * (ALL - 1));
	json_array_foreach(list, i, r) {
		const char *path = vectors_text(r, "path");
		char names[ALL + 1] = "";

		for (unsigned n = 0; *path; path++)
			if (*path != '-')
				names[n++] = *path;
		trail_is(x, A + (unsigned)(vectors_text(r, "from")[0] - 'a'),
		         A + (unsigned)(vectors_text(r, "to")[0] - 'a'), names);
	}
	ck_assert_uint_eq(x->watch.signals, 0);
	net_close(x);
	json_decref(root);
}
END_TEST

/* mesh.md 8.2: the ends of a chain find each other through the node in the middle, which learns
 * where both are from what passes by; and from one end of five nodes to the other. */
START_TEST(chains_carry_data)
{
	struct net *x = net_open((uint64_t)_i, 3, chain3);

	trail_is(x, A, C, "abc");
	trail_is(x, C, A, "cba");
	net_close(x);
	x = net_open((uint64_t)_i, ALL, chain5);
	trail_is(x, A, E, "abcde");
	trail_is(x, E, B, "edcb");
	net_close(x);
}
END_TEST

/* ---- repairs ---- */

/* What is sent each way in the next few seconds. */
static void talk(struct net *x, unsigned a, unsigned b, unsigned seconds)
{
	for (unsigned i = 0; i < 10 * seconds; i++) {
		world_data(x->node[a - A], &x->node[b - A]->me.addr);
		world_data(x->node[b - A], &x->node[a - A]->me.addr);
		world_run(x->w, MS(100));
	}
}

static bool they_talk(struct net *x, unsigned a, unsigned b)
{
	uint64_t at_a = x->node[a - A]->got, at_b = x->node[b - A]->got;

	talk(x, a, b, 2);
	return x->node[a - A]->got > at_a + 10 && x->node[b - A]->got > at_b + 10;
}

/* D dies: its neighbours notice after 5 s, the tree grows together by E, and A and B go on by E
 * with the session they have.  When D is back they may go by it again. */
START_TEST(a_dead_node_is_gone_round)
{
	struct net *x = net_open((uint64_t)_i, ALL, mesh);
	uint64_t installed;
	struct world_peer peers[ALL];
	unsigned count = peers_of(x, D, peers);

	talk(x, A, B, 3);
	ck_assert(they_talk(x, A, B));
	installed = x->node[0]->actions_done[FIPS_ACT_INSTALL_SESSION];
	world_kill(x->node[D - A]);
	talk(x, A, B, 12);
	ck_assert(they_talk(x, A, B));
	ck_assert_uint_eq(x->node[0]->actions_done[FIPS_ACT_INSTALL_SESSION], installed);
	path_is(x, C, "CEA");
	world_restart(x->node[D - A], peers, count, &x->config);
	introduce(x, x->node[D - A]);
	talk(x, A, B, 20);
	ck_assert(they_talk(x, A, B));
	ck_assert(they_talk(x, D, B));
	world_close(x->w); /* what was under way with D when it died is lost */
	free(x);
}
END_TEST

/* B begins anew and knows nothing of its session with A, three hops away, which goes on sending:
 * B begins another (session.md 3.12). */
START_TEST(an_endpoint_begins_anew)
{
	struct net *x = net_open((uint64_t)_i, ALL, mesh);
	struct sim_node *a = x->node[0], *b = x->node[B - A];
	struct world_peer peers[ALL];
	unsigned count = peers_of(x, B, peers);

	talk(x, A, B, 3);
	ck_assert(they_talk(x, A, B));
	world_restart(b, peers, count, &x->config);
	introduce(x, b);
	b->got = 0;
	for (unsigned i = 0; i < 200; i++) {
		world_data(a, &b->me.addr);
		world_run(x->w, MS(100));
	}
	ck_assert_uint_gt(b->got, 20);
	ck_assert_uint_gt(fips_node_counts(b->brain)[FIPS_NODE_RECOVERIES], 0);
	ck_assert(they_talk(x, A, B));
	world_close(x->w); /* what B could not read is lost */
	free(x);
}
END_TEST

static void all_talk(struct net *x)
{
	for (unsigned i = 0; i < x->n; i++)
		for (unsigned j = 0; j < x->n; j++)
			if (i != j)
				world_data(x->node[i], &x->node[j]->me.addr);
	world_run(x->w, MS(500));
}

/* Ten minutes in which one datagram of twenty is lost, some come twice or late, and every session
 * is rekeyed a few times: when the weather clears every pair talks, and from then on nothing is
 * lost. */
START_TEST(rough_weather)
{
	struct net *x = net_open((uint64_t)_i, ALL, mesh);
	uint64_t from[ALL], got[ALL];

	x->w->loss = 5;
	x->w->dup = 5;
	x->w->reorder = 10;
	for (unsigned i = 0; i < 1200; i++)
		all_talk(x);
	x->w->loss = x->w->dup = x->w->reorder = 0;
	for (unsigned i = 0; i < 120; i++)
		all_talk(x);
	for (unsigned i = 0; i < ALL; i++) {
		from[i] = x->node[i]->ledger.numbered;
		got[i] = x->node[i]->got;
	}
	for (unsigned i = 0; i < 240; i++)
		all_talk(x);
	world_run(x->w, SECONDS(1));
	for (unsigned i = 0; i < ALL; i++) {
		struct tally t = ledger_tally(&x->node[i]->ledger, from[i]);

		ck_assert_uint_ge(x->node[i]->actions_done[FIPS_ACT_INSTALL_SESSION], 4 * 4);
		ck_assert_uint_eq(t.numbered, 240 * 4);
		ck_assert_uint_eq(t.delivered, 240 * 4);
		ck_assert_uint_eq(x->node[i]->got - got[i], 240 * 4);
	}
	world_close(x->w);
	free(x);
}
END_TEST

/* Nobody is reached whose key nobody knows, and packets for it are answered. */
START_TEST(who_is_nowhere_is_unreachable)
{
	struct net *x = net_open((uint64_t)_i, 3, chain3);
	struct fips_identity far = world_identity(E), stranger = world_identity(7);

	world_input(x->node[0], &(struct fips_input){ .kind = FIPS_IN_KNOWN, .bytes = far.pub,
	                                              .len = FIPS_PUB_LEN });
	world_run(x->w, SECONDS(1));
	world_data(x->node[0], &far.addr);
	world_data(x->node[0], &stranger.addr);
	world_run(x->w, SECONDS(40));
	ck_assert_uint_eq(x->node[0]->actions_done[FIPS_ACT_UNREACHABLE], 2);
	ck_assert_uint_eq(fips_node_wanted(x->node[0]->brain), 0);
	net_close(x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node mesh5");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, the_tree_settles, 0, 4);
	tcase_add_loop_test(tc, the_chain_settles, 0, 2);
	tcase_add_loop_test(tc, filters_settle, 0, 4);
	tcase_add_loop_test(tc, routes_are_the_vectors, 0, 4);
	tcase_add_loop_test(tc, chains_carry_data, 0, 2);
	tcase_add_loop_test(tc, a_dead_node_is_gone_round, 0, 4);
	tcase_add_loop_test(tc, an_endpoint_begins_anew, 0, 4);
	tcase_add_loop_test(tc, rough_weather, 0, 2);
	tcase_add_test(tc, who_is_nowhere_is_unreachable);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
