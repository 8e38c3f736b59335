/* test_tree_mesh.c - many trees announce to each other, with links and nodes that come and go and
 * announcements that are lost: whatever happens every path is possible, and when it has been quiet
 * for a while all who are connected agree on their root, and each path is that of the parent with
 * one more in front (mesh.md 1.9).
 *
 * Nothing but the state machines: announcements arrive a step later, in order, or not at all. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "fips/node/tree.h"

enum { NODES = 24, STEP_MS = 50, ROOM = FIPS_TREE_LEN(FIPS_PATH_MAX) };

#define MS(n)      ((uint64_t)(n) * MR_NS_PER_MS)
#define SECONDS(n) MS(1000 * (n))

struct letter {
	bool    there;
	uint8_t bytes[ROOM];
	size_t  len;
};

static struct fips_tree         tree[NODES]; /* neighbours by their number as slot */
static bool                     link[NODES][NODES];
static double                   cost[NODES][NODES]; /* 0: unmeasured */
static struct letter            box[NODES][NODES];  /* to, from */
static struct fips_tree_clocks  at;
static uint64_t                 seed;
static unsigned                 loss; /* percent */

static unsigned draw(unsigned below)
{
	uint64_t x = seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)(x >> 33) % below;
}

static bool cost_of(void *self, unsigned peer, double *c)
{
	const double *row = self;

	*c = row[peer];
	return row[peer] > 0;
}

static struct fips_addr addr(unsigned node)
{
	/* not in the order of the numbers, so that slots and addresses disagree */
	return (struct fips_addr){ { 1, (uint8_t)(node * 151 % 251), (uint8_t)node } };
}

static void start(unsigned node)
{
	struct fips_tree_settings settings = fips_tree_settings_default();
	struct fips_tree_costs costs = { cost_of, cost[node] };
	struct fips_addr me = addr(node);

	ck_assert(
		fips_tree_open(&tree[node], &me, NODES, &settings, &costs, at.unix_ms, at.unix_ms));
	tree[node].is_signed = true; /* nobody looks */
}

static void set_link(unsigned a, unsigned b, bool up)
{
	struct fips_addr to_a = addr(a), to_b = addr(b);

	if (a == b || link[a][b] == up)
		return;
	link[a][b] = link[b][a] = up;
	box[a][b].there = box[b][a].there = false;
	cost[a][b] = cost[b][a] = 0;
	if (up) {
		fips_tree_peer_up(&tree[a], b, &to_b);
		fips_tree_peer_up(&tree[b], a, &to_a);
	} else {
		fips_tree_peer_down(&tree[a], b, &at);
		fips_tree_peer_down(&tree[b], a, &at);
	}
}

static void open_mesh(void)
{
	at = (struct fips_tree_clocks){ .now = SECONDS(100), .unix_ms = UINT64_C(1700000000000) };
	memset(link, 0, sizeof link);
	memset(cost, 0, sizeof cost);
	memset(box, 0, sizeof box);
	loss = 0;
	for (unsigned i = 0; i < NODES; i++)
		start(i);
}

static void close_mesh(void)
{
	for (unsigned i = 0; i < NODES; i++)
		fips_tree_close(&tree[i]);
}

/* What holds at any time. */
static void check_node(unsigned node)
{
	const struct fips_tree *t = &tree[node];
	const struct fips_treepath *path = fips_tree_path(t);

	ck_assert_uint_ge(path->n, 1);
	ck_assert(fips_addr_eq(&path->a[0], &t->me));
	ck_assert(!fips_treepath_repeats(path));
	ck_assert(fips_tree_is_root(t) == (path->n == 1));
	for (unsigned i = 0; i < path->n; i++)
		ck_assert_int_ge(fips_addr_cmp(&path->a[i], fips_treepath_root(path)), 0);
	if (!fips_tree_is_root(t)) {
		ck_assert(link[node][t->parent]);
		ck_assert(fips_addr_eq(&path->a[1], &t->peers[t->parent].addr));
		ck_assert(fips_addr_eq(&path->a[1], &t->says.parent));
	}
}

static void deliver(unsigned to, unsigned from)
{
	struct letter *l = &box[to][from];
	struct fips_tree_announce a;
	enum fips_tree_count verdict;

	if (!l->there)
		return;
	l->there = false;
	ck_assert(fips_tree_announce_parse(l->bytes, l->len, &a));
	verdict = fips_tree_check(&tree[to], from, &a);
	ck_assert(verdict == FIPS_TREE_ACCEPTED || verdict == FIPS_TREE_STALE);
	if (verdict == FIPS_TREE_STALE)
		return;
	ck_assert(fips_tree_credible(&a));
	fips_tree_accept(&tree[to], from, &a, &at);
	check_node(to);
}

static void post(unsigned from, unsigned to)
{
	struct letter *l = &box[to][from];

	if (fips_tree_due(&tree[from], to) > at.now)
		return;
	tree[from].is_signed = true;
	fips_tree_sent(&tree[from], to, at.now);
	l->len = fips_tree_write(&tree[from], l->bytes, sizeof l->bytes);
	l->there = draw(100) >= loss;
}

static void run(uint64_t ns)
{
	for (uint64_t end = at.now + ns; at.now < end; at.now += MS(STEP_MS)) {
		at.unix_ms += STEP_MS;
		for (unsigned i = 0; i < NODES; i++)
			for (unsigned j = 0; j < NODES; j++)
				deliver(i, j);
		for (unsigned i = 0; i < NODES; i++)
			for (unsigned j = 0; j < NODES; j++)
				post(i, j);
		if (at.now / MS(STEP_MS) % (60000 / STEP_MS) == 0)
			for (unsigned i = 0; i < NODES; i++)
				fips_tree_reevaluate(&tree[i], &at);
	}
}

/* The smallest of all that node is connected with, itself included. */
static struct fips_addr smallest(unsigned node)
{
	bool seen[NODES] = { [0] = false };
	unsigned stack[NODES], n = 0;
	struct fips_addr best = addr(node);

	seen[node] = true;
	stack[n++] = node;
	while (n) {
		unsigned i = stack[--n];
		struct fips_addr a = addr(i);

		if (fips_addr_cmp(&a, &best) < 0)
			best = a;
		for (unsigned j = 0; j < NODES; j++)
			if (link[i][j] && !seen[j]) {
				seen[j] = true;
				stack[n++] = j;
			}
	}
	return best;
}

static bool settled(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		const struct fips_treepath *path = fips_tree_path(&tree[i]), *above;
		struct fips_addr root = smallest(i);

		if (!fips_addr_eq(fips_treepath_root(path), &root))
			return false;
		if (fips_tree_is_root(&tree[i]))
			continue;
		above = fips_tree_path(&tree[tree[i].parent]);
		if (above->n + 1 != path->n ||
		    memcmp(above->a, path->a + 1, above->n * sizeof *above->a) != 0)
			return false;
	}
	return true;
}

/* Seconds until it has. */
static unsigned settle(unsigned most)
{
	unsigned s = 0;

	for (; !settled() && s < most; s++)
		run(SECONDS(1));
	ck_assert_msg(settled(), "not settled after %u s", most);
	return s;
}

static void random_mesh(void)
{
	for (unsigned i = 1; i < NODES; i++)
		set_link(i, draw(i), true);
	for (unsigned i = 0; i < NODES; i++)
		set_link(draw(NODES), draw(NODES), true);
}

static void some_change(void)
{
	unsigned a = draw(NODES), b = draw(NODES);

	switch (draw(4)) {
	case 0: set_link(a, b, true); break;
	case 1: set_link(a, b, false); break;
	case 2: /* the link is measured, or costs something else */
		if (link[a][b]) {
			bool first = cost[a][b] == 0;

			cost[a][b] = 1 + draw(1000) / 100.0;
			if (first)
				fips_tree_measured(&tree[a], &at);
		}
		break;
	case 3: /* the node begins anew */
		if (draw(4) == 0) {
			bool had[NODES];

			for (unsigned i = 0; i < NODES; i++) {
				had[i] = link[a][i];
				set_link(a, i, false);
			}
			fips_tree_close(&tree[a]);
			start(a);
			for (unsigned i = 0; i < NODES; i++)
				set_link(a, i, had[i]);
		}
		break;
	}
	check_node(a);
	check_node(b);
}

START_TEST(they_agree)
{
	seed = (uint64_t)_i << 32 | 3; /* with strict_costs three of these never agree */
	loss = (unsigned)_i % 3 * 10;
	random_mesh();
	settle(loss ? 200 : 30);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 30; i++) {
			some_change();
			run(MS(draw(2000)));
		}
		settle(loss ? 400 : 120);
	}
}
END_TEST

/* The root goes, and is remembered by all: how long the ghost walks. */
START_TEST(a_ghost_dies)
{
	unsigned root = 0;

	seed = (uint64_t)_i << 32 | 1;
	random_mesh();
	settle(30);
	while (!fips_tree_is_root(&tree[root]))
		root++;
	for (unsigned i = 0; i < NODES; i++)
		set_link(root, i, false);
	settle(60);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree mesh");
	TCase *t = tcase_create("mesh");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_mesh, close_mesh);
	tcase_add_loop_test(t, they_agree, 0, 12);
	tcase_add_loop_test(t, a_ghost_dies, 0, 12);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
