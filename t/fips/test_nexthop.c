/* test_nexthop.c - which neighbour a datagram leaves by, how it lies in the tree, and how long that
 * stays decided.
 *
 *        1 root                  we are 10
 *        |
 *        2 ----------- 3         2 our parent, 3 its child and a neighbour of ours (a cross link)
 *        |             |
 *       10            30         40 our child, 41 its child
 *        |             |
 *       40            31
 *        |
 *       41
 */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/nexthop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S            MR_NS_PER_S

enum { PARENT, CROSS, CHILD, OTHER, SLOTS };

static struct fips_tree_peer peers[SLOTS];
static struct fips_tree tree;
static struct fips_filters filters;
static struct fips_cache cache;
static struct fips_nexthops h;
static uint64_t seq;

static struct fips_addr node(unsigned x)
{
	return (struct fips_addr){ { (uint8_t)(x >> 8), (uint8_t)x } };
}

/* The path of these nodes, ended by 0. */
static struct fips_treepath way(const unsigned *nodes)
{
	struct fips_treepath p = { 0 };

	while (nodes[p.n]) {
		p.a[p.n] = node(nodes[p.n]);
		p.n++;
	}
	return p;
}

#define WAY(...) way((const unsigned[]){ __VA_ARGS__, 0 })

/* A neighbour's filter has these nodes, ended by 0. */
static void reaches(unsigned peer, const unsigned *nodes)
{
	uint8_t message[FIPS_FILTER_LEN];
	struct fips_bloom b = { { 0 } };

	for (; *nodes; nodes++) {
		struct fips_addr addr = node(*nodes);
		struct fips_probe p = fips_probe_of(&addr);

		fips_bloom_insert(&b, &p);
	}
	fips_filter_build(message, &(struct fips_filter){ ++seq, b.b });
	ck_assert_int_eq(fips_filters_received(&filters, peer, message, sizeof message),
	                 FIPS_FILTERS_ACCEPTED);
}

#define REACHES(peer, ...) reaches(peer, (const unsigned[]){ __VA_ARGS__, 0 })

static void neighbour(unsigned peer, unsigned x, struct fips_treepath path)
{
	struct fips_addr addr = node(x);

	peers[peer].up = true;
	peers[peer].addr = addr;
	peers[peer].way.path = path;
	tree.generation++;
	fips_filters_peer_up(&filters, peer);
	fips_nexthop_up(&h, peer, &addr);
}

static void open_all(void)
{
	static struct mr_rand_state state = { .seed = 8 };
	struct fips_filters_settings settings = fips_filters_settings_default();
	struct fips_cache_settings few = { 100, 300 };
	struct mr_rand rand = mr_rand_seeded(&state);
	struct fips_addr me = node(10);

	tree = (struct fips_tree){ .me = me, .peers = peers, .n_peers = SLOTS };
	tree.way.path = WAY(10, 2, 1);
	ck_assert(fips_filters_open(&filters, &me, SLOTS, &settings, 0));
	ck_assert(fips_cache_open(&cache, &me, &few, &rand));
	ck_assert(fips_nexthop_open(&h, &tree, &filters, &cache, SLOTS));
	neighbour(PARENT, 2, WAY(2, 1));
	neighbour(CROSS, 3, WAY(3, 2, 1));
	neighbour(CHILD, 40, WAY(40, 10, 2, 1));
}

static void close_all(void)
{
	fips_nexthop_close(&h);
	fips_cache_close(&cache);
	fips_filters_close(&filters);
}

static void at(unsigned x, struct fips_treepath path, uint64_t now)
{
	struct fips_coords list = fips_treepath_coords(&path);
	struct fips_addr addr = node(x);

	ck_assert(fips_cache_put(&cache, &addr, &list, FIPS_CACHE_PASSING, 0, now));
}

static struct fips_nexthop to(unsigned x, uint64_t now)
{
	struct fips_addr addr = node(x);

	return fips_nexthop_to(&h, &addr, now);
}

/* ---- by the picture ---- */

static const struct {
	unsigned dest;
	unsigned path[6];
	enum fips_nexthop_result result;
	unsigned peer;
	enum fips_route route;
} routes[] = {
	{ 10, { 0 }, FIPS_NEXTHOP_SELF, FIPS_NO_PEER, 0 },
	{ 2, { 0 }, FIPS_NEXTHOP_FOUND, PARENT, FIPS_ROUTE_DIRECT_PEER },
	{ 40, { 0 }, FIPS_NEXTHOP_FOUND, CHILD, FIPS_ROUTE_DIRECT_PEER },
	{ 99, { 0 }, FIPS_NEXTHOP_NO_COORDS, FIPS_NO_PEER, 0 },
	{ 1, { 1 }, FIPS_NEXTHOP_FOUND, PARENT, FIPS_ROUTE_TREE_UP },
	{ 20, { 20, 1 }, FIPS_NEXTHOP_FOUND, PARENT, FIPS_ROUTE_TREE_UP },
	{ 41, { 41, 40, 10, 2, 1 }, FIPS_NEXTHOP_FOUND, CHILD, FIPS_ROUTE_TREE_DOWN },
	{ 31, { 31, 30, 3, 2, 1 }, FIPS_NEXTHOP_FOUND, CROSS, FIPS_ROUTE_CROSSLINK_DESCEND },
	{ 50, { 50, 10, 2, 1 }, FIPS_NEXTHOP_NO_ROUTE, FIPS_NO_PEER, 0 }, /* nobody is nearer */
	{ 60, { 60, 7 }, FIPS_NEXTHOP_NO_ROUTE, FIPS_NO_PEER, 0 }, /* in another tree */
};

START_TEST(by_greed)
{
	struct fips_nexthop hop;

	if (routes[_i].path[0])
		at(routes[_i].dest, way(routes[_i].path), 0);
	hop = to(routes[_i].dest, 1);
	ck_assert_msg(hop.result == routes[_i].result, "%u", routes[_i].dest);
	ck_assert_uint_eq(hop.peer, routes[_i].peer);
	if (hop.result == FIPS_NEXTHOP_FOUND)
		ck_assert_int_eq(hop.route, routes[_i].route);
}
END_TEST

/* A filter leads elsewhere than greed does: to a child across, or over a cross link upwards. */
START_TEST(by_filter)
{
	peers[CHILD].way.path = WAY(40, 10, 2, 1);
	at(31, WAY(31, 30, 3, 2, 1), 0);
	REACHES(PARENT, 31);
	ck_assert_uint_eq(to(31, 1).peer, PARENT);
	ck_assert_int_eq(to(31, 1).route, FIPS_ROUTE_TREE_UP);
	REACHES(CROSS, 31);
	ck_assert_uint_eq(to(31, 1).peer, CROSS); /* as cheap, and nearer */
	at(20, WAY(20, 1), 0);
	REACHES(CROSS, 20, 31);
	ck_assert_uint_eq(to(20, 1).peer, PARENT); /* 3 is no nearer to it than we */
	neighbour(OTHER, 5, WAY(5, 1));
	REACHES(OTHER, 20);
	ck_assert_uint_eq(to(20, 1).peer, OTHER);
	ck_assert_int_eq(to(20, 1).route, FIPS_ROUTE_CROSSLINK_ASCEND);
}
END_TEST

/* Cost comes first (mesh.md 5.3), then distance, then the address. */
START_TEST(cheapest_first)
{
	at(31, WAY(31, 30, 3, 2, 1), 0);
	REACHES(PARENT, 31);
	REACHES(CROSS, 31);
	fips_nexthop_cost(&h, PARENT, 1.5);
	fips_nexthop_cost(&h, CROSS, 2);
	ck_assert_uint_eq(to(31, 1).peer, PARENT);
	fips_nexthop_cost(&h, PARENT, 2);
	ck_assert_uint_eq(to(31, 1).peer, CROSS);
	neighbour(OTHER, 4, WAY(4, 2, 1));
	peers[OTHER].way.path = WAY(4, 3, 2, 1); /* as near as ... */
	peers[CROSS].way.path = WAY(3, 8, 3, 2, 1);
	fips_nexthop_cost(&h, OTHER, 2);
	REACHES(OTHER, 31);
	ck_assert_uint_eq(fips_treepath_distance(&peers[OTHER].way.path,
	                                         &(struct fips_treepath){ 5, {
	                  node(31), node(30), node(3), node(2), node(1) } }), 3);
	tree.generation++;
	ck_assert_uint_eq(to(31, 1).peer, PARENT);
	peers[CROSS].way.path = peers[PARENT].way.path = WAY(4, 3, 2, 1);
	tree.generation++;
	ck_assert_uint_eq(to(31, 1).peer, PARENT); /* 2 is the smallest of 2, 3 and 4 */
}
END_TEST

/* Equal in all else: the smallest address, whatever its slot. */
START_TEST(the_smallest_address)
{
	at(31, WAY(31, 30, 3, 2, 1), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct fips_addr addr = node(9 - i % 2 * 3 - i);

		fips_nexthop_up(&h, i, &addr); /* 9, 5 and 7 */
		peers[i].way.path = WAY(4, 3, 2, 1);
	}
	tree.generation++;
	ck_assert_uint_eq(to(31, 1).peer, 1); /* by greed */
	for (unsigned i = 0; i < 3; i++)
		REACHES(i, 31);
	ck_assert_uint_eq(to(31, 1).peer, 1); /* by filter */
	fips_nexthop_down(&h, 1);
	ck_assert_uint_eq(to(31, 1).peer, 2);
}
END_TEST

/* In another tree than ours a filter may lead, greed may not; a path that was never announced is
 * far from all. */
START_TEST(other_trees)
{
	at(60, WAY(60, 61, 7), 0);
	REACHES(CROSS, 60);
	ck_assert_int_eq(to(60, 1).result, FIPS_NEXTHOP_NO_ROUTE);
	peers[CROSS].way.path = WAY(3, 7);
	tree.generation++;
	ck_assert_uint_eq(to(60, 1).peer, CROSS);
	peers[CROSS].way.path.n = 0;
	tree.generation++;
	ck_assert_int_eq(to(60, 1).result, FIPS_NEXTHOP_NO_ROUTE);
}
END_TEST

/* Nothing can be sent to the nearest: greed has no second choice. */
START_TEST(no_second_choice)
{
	at(31, WAY(31, 30, 3, 2, 1), 0);
	fips_nexthop_down(&h, CROSS);
	ck_assert_int_eq(to(31, 1).result, FIPS_NEXTHOP_NO_ROUTE);
	ck_assert_int_eq(to(3, 1).result, FIPS_NEXTHOP_NO_COORDS);
	REACHES(CROSS, 31);
	REACHES(PARENT, 31);
	ck_assert_uint_eq(to(31, 1).peer, PARENT); /* filters have */
}
END_TEST

/* ---- what is kept of it ---- */

enum { COST_BY_A_LITTLE, COST, A_PATH, A_FILTER, A_LINK, COORDINATES, NOTHING };

/* Does the decision hold? */
static const struct {
	int  change;
	bool held;
} changes[] = {
	{ NOTHING, true }, { COST_BY_A_LITTLE, true }, { COST, false },        { A_PATH, false },
	{ A_FILTER, false }, { A_LINK, false },        { COORDINATES, false },
};

/* What was decided is written over by hand: whoever comes back with that has not decided again. */
START_TEST(decided_until_something_changes)
{
	struct fips_addr dest = node(31);
	struct fips_cache_entry *e;

	at(31, WAY(31, 30, 3, 2, 1), 0);
	fips_nexthop_cost(&h, PARENT, 1.5);
	ck_assert_uint_eq(to(31, 1).peer, CROSS);
	e = fips_cache_use(&cache, &dest, 1);
	e->hop = CHILD;
	switch (changes[_i].change) {
	case NOTHING:          break;
	case COST_BY_A_LITTLE: fips_nexthop_cost(&h, PARENT, 1.79); break;
	case COST:             fips_nexthop_cost(&h, PARENT, 1.81); break;
	case A_PATH:           tree.generation++; break;
	case A_FILTER:         REACHES(PARENT, 77); break;
	case A_LINK:           fips_nexthop_down(&h, OTHER); break;
	case COORDINATES:      at(31, WAY(31, 30, 3, 2, 1), 1); break;
	}
	ck_assert_uint_eq(to(31, 2).peer, changes[_i].held ? CHILD : CROSS);
}
END_TEST

/* Small steps add up. */
START_TEST(costs_that_creep)
{
	uint64_t before = fips_nexthop_generation(&h);

	fips_nexthop_cost(&h, PARENT, 1.1);
	fips_nexthop_cost(&h, PARENT, 1.2);
	ck_assert_uint_eq(fips_nexthop_generation(&h), before);
	fips_nexthop_cost(&h, PARENT, 1.3);
	ck_assert_uint_gt(fips_nexthop_generation(&h), before);
}
END_TEST

START_TEST(a_hit_keeps_coordinates_alive)
{
	at(31, WAY(31, 30, 3, 2, 1), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(to(31, (i + 1) * 300 * S).result, FIPS_NEXTHOP_FOUND);
	ck_assert_int_eq(to(31, 1800 * S + 1).result, FIPS_NEXTHOP_NO_COORDS);
}
END_TEST

START_TEST(more_slots)
{
	struct fips_tree_peer *more = calloc(2 * SLOTS, sizeof *more);

	memcpy(more, peers, sizeof peers);
	tree.peers = more;
	ck_assert(fips_nexthop_reserve(&h, 2 * SLOTS) && fips_filters_reserve(&filters, 2 * SLOTS));
	ck_assert_uint_eq(to(2, 0).peer, PARENT);
	more[SLOTS].up = true;
	fips_nexthop_up(&h, SLOTS, &(struct fips_addr){ { 5, 5 } });
	ck_assert_uint_eq(to(5 * 256 + 5, 0).peer, SLOTS);
	free(more);
}
END_TEST

/* As show_routing has them. */
START_TEST(names)
{
	static const char *const want[] = { "direct_peer", "tree_up", "tree_down", "tree_down_cross",
		                            "crosslink_descend", "crosslink_ascend" };

	ck_assert_uint_eq(COUNT(want), FIPS_ROUTES);
	for (enum fips_route i = 0; i < FIPS_ROUTES; i++)
		ck_assert_str_eq(fips_route_name(i), want[i]);
}
END_TEST

/* ---- paths ---- */

START_TEST(paths)
{
	struct fips_treepath p = WAY(3, 2, 1), none = { 0 }, twice = WAY(3, 2, 3, 1);
	struct fips_addr two = node(2), four = node(4);

	ck_assert(fips_treepath_has(&p, &two) && !fips_treepath_has(&p, &four));
	ck_assert(!fips_treepath_has(&none, &two));
	ck_assert(!fips_treepath_repeats(&p) && fips_treepath_repeats(&twice));
	ck_assert_uint_eq(fips_treepath_distance(&p, &none), FIPS_FAR);
	ck_assert_uint_eq(fips_treepath_distance(&none, &none), FIPS_FAR);
	ck_assert(fips_treepath_eq(&none, &none) && !fips_treepath_eq(&p, &none));
	ck_assert(fips_treepath_eq(&p, &p) && !fips_treepath_eq(&p, &twice));
	fips_treepath_single(&p, &four);
	ck_assert(p.n == 1 && fips_addr_eq(fips_treepath_root(&p), &four));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nexthop");
	TCase *tc = tcase_create("nexthop");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, open_all, close_all);
	tcase_add_loop_test(tc, by_greed, 0, COUNT(routes));
	tcase_add_test(tc, by_filter);
	tcase_add_test(tc, cheapest_first);
	tcase_add_test(tc, the_smallest_address);
	tcase_add_test(tc, other_trees);
	tcase_add_test(tc, no_second_choice);
	tcase_add_loop_test(tc, decided_until_something_changes, 0, COUNT(changes));
	tcase_add_test(tc, costs_that_creep);
	tcase_add_test(tc, a_hit_keeps_coordinates_alive);
	tcase_add_test(tc, more_slots);
	tcase_add_test(tc, names);
	tcase_add_test(tc, paths);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
