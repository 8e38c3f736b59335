/* test_node_mesh5.c - whole nodes in the two static topologies of operations.md 11, on virtual time: the tree they
 * agree on, what they tell each other of who is reached, and the way that data takes between any two (mesh.md).
 *
 *     mesh   A--D  A--E  B--C  C--D  C--E  D--E        chain   A--B--C--D--E, and A--B--C
 *
 * The identities are the real ones, so that all of it can be compared with the vectors.  Links are unmeasured:
 * what they cost is equal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/hash.h"
#include "fips/node/mesh.h"
#include "t/lib/two_nodes.h"
#include "t/lib/vectors.h"

enum { A = WORLD_MESH5, B, C, D, E, ALL = 5 };

static const unsigned mesh[][2] = { { A, D }, { A, E }, { B, C }, { C, D }, { C, E }, { D, E }, { 0, 0 } };
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

	if (!fips_datagram_parse(frame + FIPS_LINK_HEAD + FIPS_LINK_STAMP, n - FIPS_LINK_OVERHEAD, &d))
		return;
	s->signals += fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_SIGNAL;
	if (!ledger_peek(&s->to, frame, n, &who, &number))
		return;
	if (fips_addr_eq(&who, &from->me.addr))
		s->trail[0] = from->number, s->steps = 1;
	if (s->steps && s->steps < COUNT(s->trail))
		s->trail[s->steps++] = to->number;
}

static bool see(void *self, const struct sim_node *from, const struct sim_node *to, const uint8_t *frame,
                size_t n)
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
		if (((*links)[0] == a && (*links)[1] == b) || ((*links)[0] == b && (*links)[1] == a))
			return true;
	return false;
}

/* Everybody knows the keys of all others, as from a hosts file. */
static void introduce(struct net *x)
{
	for (unsigned i = 0; i < x->n; i++)
		for (unsigned j = 0; j < x->n; j++)
			world_input(x->node[i], &(struct fips_input){ .kind = FIPS_IN_KNOWN,
			                                              .bytes = x->node[j]->me.pub,
			                                              .len = FIPS_PUB_LEN });
}

/* Both ends of each link dial.  E comes last: C, which could as well have E for its parent, has D by then and stays
 * with it.  Whoever took the first neighbour that showed it the root is held down for 30 s, and judges again within
 * another 60. */
static struct net *net_open(uint64_t seed, unsigned n, const unsigned links[][2])
{
	struct fips_node_config config = fips_node_config_default();
	struct net *x = calloc(1, sizeof *x);

	ck_assert_ptr_nonnull(x);
	config.max_peers = 8;
	config.limits.sessions = 32;
	config.link_mmp = FIPS_MMP_MINIMAL;
	x->w = world_open(seed);
	x->w->filter = see;
	x->w->filter_self = &x->watch;
	x->n = n;
	for (unsigned i = 0; i < n; i++) {
		struct world_peer peers[ALL];
		unsigned count = 0;

		if (A + i == E)
			world_run(x->w, SECONDS(10));
		for (unsigned j = 0; j < n; j++)
			if (linked(links, A + i, A + j))
				peers[count++] = (struct world_peer){ .secret = A + j, .vias = 1 };
		x->node[i] = world_node(x->w, A + i, peers, count, &config);
	}
	introduce(x);
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

/* operations.md 11.1: the smallest address is root, and who could have two parents has the smaller. */
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
	tcase_add_test(tc, who_is_nowhere_is_unreachable);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
