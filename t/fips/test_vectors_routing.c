/* test_vectors_routing.c - routing_vectors.json: coordinates, distances, filters, which filters a
 * settled mesh has, and next hops. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/wire.h"
#include "fips/node/nexthop.h"
#include "t/lib/vectors.h"

static const struct vectors_account account[] = {
	{ "coords", NULL },
	{ "distance", NULL },
	{ "bloom", NULL },
	{ "filter_announce", NULL },
	{ "next_hop", NULL },
	{ "mesh5", NULL },
};

static const struct vectors_account bloom_account[] = {
	{ "parameters", NULL },
	{ "hash", NULL },
	{ "filters", NULL },
	{ "generic", "filters have one size" },
	{ "thousand", NULL },
	{ "caps", NULL },
	{ "mesh5_converged", NULL },
};

static json_t *root;

static void open_file(void)
{
	root = vectors_load("routing_vectors");
}

static void close_file(void)
{
	json_decref(root);
}

START_TEST(sections_are_run_or_skipped)
{
	vectors_account("routing_vectors", root, account, COUNT(account));
	vectors_account("bloom", vectors_get(root, "bloom"), bloom_account, COUNT(bloom_account));
}
END_TEST

/* ---- paths ---- */

static struct fips_addr addr_of(const json_t *hex)
{
	struct bytes b = vectors_hex(json_string_value(hex));

	ck_assert_uint_eq(b.n, FIPS_ADDR_LEN);
	return fips_addr_at(b.at);
}

static void path_of(const json_t *list, struct fips_treepath *path)
{
	path->n = (unsigned)json_array_size(list);
	ck_assert_uint_le(path->n, FIPS_PATH_MAX);
	for (unsigned i = 0; i < path->n; i++)
		path->a[i] = addr_of(json_array_get(list, i));
}

START_TEST(coordinates)
{
	const json_t *coords = vectors_get(root, "coords"), *v;
	struct fips_treepath path, again;
	struct fips_coords list;
	size_t index;

	json_array_foreach(vectors_get(coords, "encode"), index, v) {
		struct bytes want = vectors_bytes(v, "hex");
		uint8_t out[FIPS_COORDS_LEN(FIPS_PATH_MAX)];
		struct mr_wire in = mr_wire_read(want.at, want.n);
		struct mr_wire to = mr_wire_write(out, sizeof out);

		path_of(vectors_get(v, "path"), &path);
		list = fips_treepath_coords(&path);
		fips_coords_put(&to, &list);
		vectors_same("written", out, (size_t)(to.at - out), want.at, want.n);
		fips_coords_get(&in, 1, &list);
		ck_assert(mr_wire_ok(&in) && fips_treepath_from(&again, &list));
		ck_assert(fips_treepath_eq(&again, &path));
	}
	json_array_foreach(vectors_get(coords, "decode_errors"), index, v) {
		struct bytes bytes = vectors_bytes(v, "hex");
		struct mr_wire in = mr_wire_read(bytes.at, bytes.n);

		fips_coords_get(&in, 1, &list);
		ck_assert_msg(!mr_wire_ok(&in), "%s", vectors_name(v));
		ck_assert(!fips_treepath_from(&again, &list));
		ck_assert_uint_eq(again.n, 0);
	}
}
END_TEST

START_TEST(distances)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "distance"), index, v) {
		const json_t *want = vectors_get(v, "distance");
		unsigned far = json_is_null(want) ? FIPS_FAR : (unsigned)json_integer_value(want);
		struct fips_treepath a, b;

		path_of(vectors_get(v, "a"), &a);
		path_of(vectors_get(v, "b"), &b);
		ck_assert_msg(fips_treepath_distance(&a, &b) == far, "%zu %s", index,
		              vectors_name(v));
		ck_assert_uint_eq(fips_treepath_distance(&b, &a), far);
	}
	ck_assert_uint_eq(index, 49);
}
END_TEST

/* ---- filters ---- */

START_TEST(hashes)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(vectors_get(root, "bloom"), "hash"), index, v) {
		struct fips_addr addr = addr_of(vectors_get(v, "data"));
		struct fips_probe p = fips_probe_of(&addr);

		for (unsigned i = 0; i < FIPS_FILTER_HASHES; i++)
			ck_assert_int_eq(p.bit[i], json_integer_value(json_array_get(
							   vectors_get(v, "indices"), i)));
	}
	ck_assert_uint_eq(index, 36);
}
END_TEST

static void insert(struct fips_bloom *f, const struct fips_addr *addr)
{
	struct fips_probe p = fips_probe_of(addr);

	fips_bloom_insert(f, &p);
}

static bool has(const struct fips_bloom *f, const struct fips_addr *addr)
{
	struct fips_probe p = fips_probe_of(addr);

	return fips_bloom_has(f, &p);
}

static void estimated(const struct fips_bloom *f, const json_t *v)
{
	double count = -1;

	ck_assert_uint_eq(fips_bloom_ones(f), vectors_u64(v, "ones"));
	ck_assert(fips_bloom_estimate(fips_bloom_ones(f), FIPS_BLOOM_BITS, &count));
	ck_assert_double_eq_tol(count, json_number_value(vectors_get(v, "estimated_count")), 1e-9);
}

START_TEST(filters)
{
	const json_t *v, *m;
	size_t index, k;

	json_array_foreach(vectors_get(vectors_get(root, "bloom"), "filters"), index, v) {
		struct bytes want = vectors_bytes(v, "bits");
		struct fips_bloom f = { { 0 } }, united = { { 0 } };

		json_array_foreach(vectors_get(v, "members"), k, m) {
			struct fips_bloom one = { { 0 } };
			struct fips_addr addr = addr_of(m);

			insert(&f, &addr);
			insert(&one, &addr);
			fips_bloom_merge(&united, &one);
			ck_assert(has(&f, &addr));
		}
		vectors_same(vectors_name(v), f.b, sizeof f.b, want.at, want.n);
		ck_assert(fips_bloom_eq(&f, &united));
		estimated(&f, v);
		json_array_foreach(vectors_get(v, "absent"), k, m) {
			struct fips_addr addr = addr_of(vectors_get(m, "addr"));

			ck_assert_int_eq(has(&f, &addr), json_is_true(vectors_get(m, "test")));
		}
	}
	ck_assert_uint_eq(index, 3);
}
END_TEST

/* The first 16 bytes of SHA-256(text i). */
static struct fips_addr numbered(const char *text, unsigned i)
{
	uint8_t digest[MR_SHA256_LEN];
	char name[32];
	int n = snprintf(name, sizeof name, "%s%u", text, i);

	mr_sha256(name, (size_t)n, digest);
	return fips_addr_at(digest);
}

static void same_digest(const json_t *v, const struct fips_bloom *f)
{
	struct bytes want = vectors_bytes(v, "bits_sha256");
	uint8_t digest[MR_SHA256_LEN];

	mr_sha256(f->b, sizeof f->b, digest);
	vectors_same("bits", digest, sizeof digest, want.at, want.n);
}

START_TEST(thousand)
{
	const json_t *v = vectors_get(vectors_get(root, "bloom"), "thousand");
	const json_t *want = vectors_get(v, "false_positive_probe_indices");
	struct fips_bloom f = { { 0 } };
	size_t found = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct fips_addr addr = numbered("bloom|", i);

		insert(&f, &addr);
	}
	same_digest(v, &f);
	estimated(&f, v);
	for (unsigned i = 0; i < 2000; i++) {
		struct fips_addr addr = numbered("probe|", i);

		if (has(&f, &addr))
			ck_assert_int_eq(i, json_integer_value(json_array_get(want, found++)));
	}
	ck_assert_uint_eq(found, json_array_size(want));
}
END_TEST

START_TEST(caps)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(vectors_get(root, "bloom"), "caps"), index, v) {
		unsigned cap = fips_bloom_cap(json_number_value(vectors_get(v, "max_inbound_fpr")));

		ck_assert_uint_eq(cap, vectors_u64(v, "largest_accepted_ones"));
		ck_assert_uint_eq(cap + 1, vectors_u64(v, "smallest_rejected_ones"));
	}
	ck_assert_uint_eq(index, 3);
	ck_assert_uint_eq(fips_bloom_cap(0), 0);
	ck_assert_uint_eq(fips_bloom_cap(1), FIPS_BLOOM_BITS);
}
END_TEST

/* ---- receiving ---- */

/* Where we are stricter (mesh.md 11): other than five hashes is refused. */
static const char *expected(const json_t *v)
{
	return strcmp(vectors_text(v, "name"), "hash_count_7") == 0 ? "invalid"
	                                                          : vectors_text(v, "expect");
}

START_TEST(filter_announces)
{
	static const struct fips_addr me = { { 9 } };
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "filter_announce"), index, v) {
		struct fips_filters_settings settings = fips_filters_settings_default();
		struct bytes message = vectors_bytes(v, "message");
		uint64_t stored = vectors_u64(v, "stored_seq");
		enum fips_filters_count verdict;
		uint8_t before[FIPS_FILTER_LEN] = { 0 };
		struct fips_filters_info info;
		struct fips_filters f;

		ck_assert(fips_filters_open(&f, &me, 3, &settings, 0));
		fips_filters_peer_up(&f, 2);
		fips_filter_build(before,
		                  &(struct fips_filter){ stored, before + FIPS_FILTER_HEAD });
		if (stored)
			ck_assert_int_eq(fips_filters_received(&f, 2, before, sizeof before),
			                 FIPS_FILTERS_ACCEPTED);
		verdict = fips_filters_received(&f, 2, message.at, message.n);
		ck_assert_str_eq(fips_filters_count_name(verdict), expected(v));
		ck_assert_int_eq(fips_filters_info(&f, 2, &info),
		                 stored || verdict == FIPS_FILTERS_ACCEPTED);
		if (verdict != FIPS_FILTERS_ACCEPTED)
			ck_assert_uint_eq(info.seq, stored);
		fips_filters_close(&f);
	}
	ck_assert_uint_eq(index, 18);
}
END_TEST

/* ---- five nodes ---- */

#define NODES 5

/* One of the five: its neighbours' slots are their numbers in the mesh. */
struct node {
	struct fips_addr      addr;
	struct fips_tree_peer peers[NODES];
	struct fips_tree      tree;
	struct fips_filters   filters;
	struct fips_cache     cache;
	struct fips_nexthops  hops;
};

static struct node mesh[NODES];
static const struct fips_cache_settings few = { 100, 300 };

static unsigned named(const char *name)
{
	ck_assert(name[0] >= 'a' && name[0] < 'a' + NODES);
	return (unsigned)(name[0] - 'a');
}

static const json_t *of_node(const json_t *object, unsigned node)
{
	return vectors_get(object, (char[]){ (char)('a' + node), '\0' });
}

static void link_up(struct node *n, const json_t *parents, unsigned self, unsigned peer)
{
	const json_t *up = of_node(parents, self), *down = of_node(parents, peer);
	bool child = !json_is_null(down) && named(json_string_value(down)) == self;
	bool parent = !json_is_null(up) && named(json_string_value(up)) == peer;

	n->peers[peer].up = true;
	n->peers[peer].addr = mesh[peer].addr;
	n->peers[peer].way.path = mesh[peer].tree.way.path;
	fips_filters_peer_up(&n->filters, peer);
	fips_filters_tree_peer(&n->filters, peer, child || parent);
	fips_nexthop_up(&n->hops, peer, &mesh[peer].addr);
}

static void open_mesh(void)
{
	const json_t *m = vectors_get(root, "mesh5"), *v;
	static struct mr_rand_state seed = { .seed = 5 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	size_t index;

	memset(mesh, 0, sizeof mesh);
	for (unsigned i = 0; i < NODES; i++) {
		struct fips_filters_settings settings = fips_filters_settings_default();
		struct node *n = &mesh[i];

		n->addr = addr_of(of_node(vectors_get(m, "nodes"), i));
		n->tree = (struct fips_tree){ .me = n->addr, .peers = n->peers, .n_peers = NODES };
		path_of(of_node(vectors_get(m, "coords"), i), &n->tree.way.path);
		ck_assert(fips_filters_open(&n->filters, &n->addr, NODES, &settings, 10 * i));
		ck_assert(fips_cache_open(&n->cache, &n->addr, &few, &rand));
		ck_assert(fips_nexthop_open(&n->hops, &n->tree, &n->filters, &n->cache, NODES));
	}
	for (unsigned i = 0; i < NODES; i++)
		json_array_foreach(of_node(vectors_get(m, "links"), i), index, v) link_up(
			&mesh[i], vectors_get(m, "tree_parents"), i, named(json_string_value(v)));
}

static void close_mesh(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		fips_nexthop_close(&mesh[i].hops);
		fips_cache_close(&mesh[i].cache);
		fips_filters_close(&mesh[i].filters);
	}
}

/* What every node last told every other. */
static struct fips_bloom said[NODES][NODES];

/* All that is due is told, and arrives.  How many announcements were not stale? */
static unsigned exchange(uint64_t now)
{
	unsigned news = 0;

	for (unsigned i = 0; i < NODES; i++)
		fips_filters_tick(&mesh[i].filters, now);
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < NODES; k++) {
			uint8_t message[FIPS_FILTER_LEN];

			if (!fips_filters_take(&mesh[i].filters, k, now, message))
				continue;
			memcpy(said[i][k].b, message + FIPS_FILTER_HEAD, FIPS_FILTER_BYTES);
			news += fips_filters_received(&mesh[k].filters, i, message,
			                              sizeof message) == FIPS_FILTERS_ACCEPTED;
		}
	return news;
}

/* The mesh settles within as many ticks as its tree is wide, and from then on nothing new is
 * said. */
static void settle(void)
{
	unsigned news[12];

	for (unsigned i = 0; i < COUNT(news); i++)
		news[i] = exchange((i + 1) * MR_NS_PER_S);
	ck_assert_uint_eq(news[0], 12);
	ck_assert_uint_gt(news[1], 0);
	for (unsigned i = 5; i < COUNT(news); i++)
		ck_assert_uint_eq(news[i], 0);
}

START_TEST(a_settled_mesh_s_filters)
{
	const json_t *v, *m;
	size_t index, k;

	open_mesh();
	settle();
	json_array_foreach(vectors_get(vectors_get(vectors_get(root, "bloom"), "mesh5_converged"),
	                               "announcements"), index, v) {
		unsigned from = named(vectors_text(v, "from")), to = named(vectors_text(v, "to"));

		same_digest(v, &said[from][to]);
		ck_assert_uint_eq(fips_bloom_ones(&said[from][to]), vectors_u64(v, "ones"));
		json_array_foreach(vectors_get(v, "contains"), k, m)
			ck_assert(has(&said[from][to], &mesh[named(json_string_value(m))].addr));
	}
	ck_assert_uint_eq(index, 12);
	for (unsigned i = 0; i < NODES; i++) {
		double count = 0;

		ck_assert(fips_filters_mesh_size(&mesh[i].filters, &count));
		ck_assert_double_eq_tol(count, NODES, 0.1);
	}
	close_mesh();
}
END_TEST

/* Each node knows where all others are, and the filters that the settled mesh has. */
START_TEST(all_twenty_routes)
{
	const json_t *v;
	size_t index;

	open_mesh();
	settle();
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; k < NODES; k++) {
			struct fips_coords list = fips_treepath_coords(&mesh[k].tree.way.path);

			ck_assert_int_eq(fips_cache_put(&mesh[i].cache, &mesh[k].addr, &list,
			                                FIPS_CACHE_PASSING, 0, 0), i != k);
		}
	json_array_foreach(vectors_get(vectors_get(root, "mesh5"), "routes_with_equal_link_costs"),
	                   index, v) {
		const char *way = vectors_text(v, "path");
		unsigned to = named(vectors_text(v, "to"));

		ck_assert_uint_eq(named(way), named(vectors_text(v, "from")));
		ck_assert_uint_eq(fips_treepath_distance(&mesh[named(way)].tree.way.path,
		                                         &mesh[to].tree.way.path),
		                  vectors_u64(v, "tree_distance"));
		for (; way[1]; way += 2) {
			struct fips_nexthop hop = fips_nexthop_to(&mesh[named(way)].hops,
			                                          &mesh[to].addr, MR_NS_PER_S);

			ck_assert_int_eq(hop.result, FIPS_NEXTHOP_FOUND);
			ck_assert_uint_eq(hop.peer, named(way + 2));
			ck_assert_int_eq(hop.route == FIPS_ROUTE_DIRECT_PEER, way[3] == '\0');
		}
		ck_assert_uint_eq(named(way), to);
	}
	ck_assert_uint_eq(index, 20);
	close_mesh();
}
END_TEST

/* ---- single decisions ---- */

#define MOST 16

static void announce(struct fips_filters *f, unsigned peer, const struct fips_addr *dst, bool in_it)
{
	struct fips_bloom bits = { { 0 } };
	uint8_t message[FIPS_FILTER_LEN];

	if (in_it)
		insert(&bits, dst);
	fips_filter_build(message, &(struct fips_filter){ 1, bits.b });
	ck_assert_int_eq(fips_filters_received(f, peer, message, sizeof message),
	                 FIPS_FILTERS_ACCEPTED);
}

static void one_peer(struct node *n, unsigned peer, const json_t *v, const struct fips_addr *dst)
{
	struct fips_addr addr = addr_of(vectors_get(v, "addr"));
	const json_t *coords = vectors_get(v, "coords");

	n->tree.peers[peer].up = true;
	n->tree.peers[peer].addr = addr;
	if (!json_is_null(coords))
		path_of(coords, &n->tree.peers[peer].way.path);
	fips_filters_peer_up(&n->filters, peer);
	announce(&n->filters, peer, dst, json_is_true(vectors_get(v, "filter_contains_dst")));
	fips_nexthop_up(&n->hops, peer, &addr);
	fips_nexthop_cost(&n->hops, peer, json_number_value(vectors_get(v, "link_cost")));
	if (!json_is_true(vectors_get(v, "can_send")))
		fips_nexthop_down(&n->hops, peer);
}

static void next_hop(const json_t *v, const struct mr_rand *rand)
{
	const json_t *peers = vectors_get(v, "peers"), *want = vectors_get(v, "next_hop"), *peer;
	struct fips_filters_settings settings = fips_filters_settings_default();
	struct fips_addr dst = addr_of(vectors_get(v, "dst"));
	struct node *n = calloc(1, sizeof *n);
	struct fips_treepath path;
	struct fips_coords list;
	struct fips_nexthop hop;
	size_t index;

	n->tree.me = n->addr = addr_of(vectors_get(v, "self"));
	n->tree.peers = calloc(MOST, sizeof *n->tree.peers);
	n->tree.n_peers = MOST;
	path_of(vectors_get(v, "my_coords"), &n->tree.way.path);
	ck_assert(fips_filters_open(&n->filters, &n->addr, MOST, &settings, 0));
	ck_assert(fips_cache_open(&n->cache, &n->addr, &few, rand));
	ck_assert(fips_nexthop_open(&n->hops, &n->tree, &n->filters, &n->cache, MOST));
	path_of(vectors_get(v, "cached_coords"), &path);
	list = fips_treepath_coords(&path);
	if (path.n)
		ck_assert(fips_cache_put(&n->cache, &dst, &list, FIPS_CACHE_PASSING, 0, 0));
	json_array_foreach(peers, index, peer)
		one_peer(n, (unsigned)index, peer, &dst);

	hop = fips_nexthop_to(&n->hops, &dst, 1);
	if (json_is_null(want)) {
		ck_assert_int_ne(hop.result, FIPS_NEXTHOP_FOUND);
		ck_assert_uint_eq(hop.peer, FIPS_NO_PEER);
	} else {
		struct fips_addr addr = addr_of(want);

		ck_assert_int_eq(hop.result, FIPS_NEXTHOP_FOUND);
		ck_assert(fips_addr_eq(&n->tree.peers[hop.peer].addr, &addr));
	}
	fips_nexthop_close(&n->hops);
	fips_cache_close(&n->cache);
	fips_filters_close(&n->filters);
	free(n->tree.peers);
	free(n);
}

START_TEST(next_hops)
{
	struct mr_rand_state seed = { .seed = 1 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(vectors_get(root, "next_hop"), "cases"), index, v)
		next_hop(v, &rand);
	ck_assert_uint_eq(index, 60);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vectors_routing");
	TCase *tc = tcase_create("routing");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, open_file, close_file);
	tcase_add_test(tc, sections_are_run_or_skipped);
	tcase_add_test(tc, coordinates);
	tcase_add_test(tc, distances);
	tcase_add_test(tc, hashes);
	tcase_add_test(tc, filters);
	tcase_add_test(tc, thousand);
	tcase_add_test(tc, caps);
	tcase_add_test(tc, filter_announces);
	tcase_add_test(tc, a_settled_mesh_s_filters);
	tcase_add_test(tc, all_twenty_routes);
	tcase_add_test(tc, next_hops);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
