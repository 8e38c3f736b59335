/* test_node_filters.c - filters in the node: what neighbours are told and when, what is taken of
 * what they tell and what that costs, coordinates that a change of the tree makes void, and nodes
 * that find each other by all of it (mesh.md 3, 5.3, 6.1). */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/node/parts.h"
#include "fips/wire/tree.h"
#include "t/fips/node_filters_ring.h"
#include "t/lib/links.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { ME = 10, PEER, OTHER, THIRD, MANY = 245 }; /* ME has the smallest address of them */

static struct bench *open_with(unsigned neighbours, const struct fips_node_config *config)
{
	struct bench *b = bench_open(ME, 0, config);

	links_make(b, PEER, neighbours);
	return b;
}

static uint64_t counted(const struct bench *b, enum fips_filters_count count)
{
	return fips_node_filters(b->node)->counts[count];
}

/* Every announcement received became something, and every one sent was. */
static void close_bench(struct bench *b)
{
	static const enum fips_filters_count fates[] = {
		FIPS_FILTERS_ACCEPTED, FIPS_FILTERS_DECODE_ERROR, FIPS_FILTERS_FILL_EXCEEDED,
		FIPS_FILTERS_INVALID, FIPS_FILTERS_STALE, FIPS_FILTERS_UNKNOWN_PEER,
		FIPS_FILTERS_FLOODED,
	};
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(fates); i++)
		sum += counted(b, fates[i]);
	ck_assert_uint_eq(sum, counted(b, FIPS_FILTERS_RECEIVED));
	ck_assert_uint_eq(b->filters, counted(b, FIPS_FILTERS_SENT));
	bench_close(b);
}

/* The neighbour says that it reaches these ghosts, a letter each. */
static enum fips_filters_count says(struct bench *b, unsigned who, uint64_t seq, const char *ghosts)
{
	uint64_t before[FIPS_FILTERS_COUNTS];
	uint8_t message[FIPS_FILTER_LEN];
	struct fips_bloom bits = { { 0 } };

	for (; *ghosts; ghosts++) {
		struct fips_addr addr = links_ghost((uint8_t)(*ghosts - 'a'));
		struct fips_probe p = fips_probe_of(&addr);

		fips_bloom_insert(&bits, &p);
	}
	fips_filter_build(message, &(struct fips_filter){ seq, bits.b });
	memcpy(before, fips_node_filters(b->node)->counts, sizeof before);
	want("", links_say(b, who, message, sizeof message));
	for (enum fips_filters_count i = 0; i < FIPS_FILTERS_COUNTS; i++)
		if (i != FIPS_FILTERS_RECEIVED && counted(b, i) != before[i])
			return i;
	return FIPS_FILTERS_COUNTS;
}

/* The neighbour announces this path above it: a letter a ghost, ! us. */
static void declares(struct bench *b, unsigned who, uint64_t seq, const char *path)
{
	uint8_t entries[16 * FIPS_TREE_ENTRY] = { 0 }, sig[FIPS_SIG_LEN], aux[32] = { 0 };
	struct fips_identity id = world_identity(who);
	struct fips_tree_announce a = { .entries = entries, .signature = sig, .n = 1 };
	const struct fips_tree *tree = fips_node_tree(b->node);
	uint64_t accepted = tree->counts[FIPS_TREE_ACCEPTED];
	uint8_t bytes[FIPS_TREE_LEN(16)];

	memcpy(entries, id.addr.b, FIPS_ADDR_LEN);
	for (; *path; path++) {
		struct fips_addr node =
			*path == '!' ? b->me.addr : links_ghost((uint8_t)(*path - 'a'));

		memcpy(entries + a.n++ * FIPS_TREE_ENTRY, node.b, FIPS_ADDR_LEN);
	}
	a.says = (struct fips_declaration){
		.node = id.addr, .sequence = seq,
		.parent = fips_addr_at(fips_tree_entry(entries, a.n > 1)) };
	ck_assert(fips_declaration_sign(&a.says, &b->curve, &id, aux, sig));
	want("", links_say(b, who, bytes, fips_tree_announce_build(bytes, sizeof bytes, &a)));
	ck_assert_uint_eq(tree->counts[FIPS_TREE_ACCEPTED], accepted + 1);
}

/* What was told last: to whom, exactly these ghosts of a to i, and ourselves. */
static void told(struct bench *b, unsigned who, const char *ghosts)
{
	struct fips_addr to = world_identity(who).addr;
	struct fips_probe own = fips_probe_of(&b->me.addr);
	struct fips_filter got;
	struct fips_bloom bits;

	ck_assert(fips_addr_eq(&b->filter.to, &to));
	ck_assert_int_eq(fips_filter_parse(b->filter.bytes, FIPS_FILTER_LEN, &got),
	                 FIPS_FILTER_PARSED);
	memcpy(bits.b, got.bits, sizeof bits.b);
	ck_assert(fips_bloom_has(&bits, &own));
	for (char c = 'a'; c <= 'i'; c++) {
		struct fips_addr addr = links_ghost((uint8_t)(c - 'a'));
		struct fips_probe p = fips_probe_of(&addr);

		ck_assert_msg(fips_bloom_has(&bits, &p) == (strchr(ghosts, c) != NULL), "%c", c);
	}
}

static uint64_t sequence(const struct bench *b)
{
	return mr_le64(b->filter.bytes + 1);
}

/* --- what neighbours are told ----------------------------------------------------------------- */

/* Within a second of the link's proof, and not before;
 * again 1, 5, 15, 35 s after and then every 60 s. */
START_TEST(a_neighbour_is_told)
{
	struct bench *b = bench_open(ME, 0, NULL);
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 9, .index = 7 };
	uint64_t first;

	b->alive = true;
	bench_msg1(b, &p);
	bench_wait(b, SECONDS(5));
	ck_assert_uint_eq(b->filters, 0);
	bench_confirm(b, PEER, links_key[PEER] = b->link_key, 0);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, 1);
	ck_assert_uint_ge(b->filter.announced, 1); /* behind the TreeAnnounce */
	told(b, PEER, "");
	first = sequence(b);
	ck_assert_uint_gt(first, UINT64_C(1000) * 60 * 60); /* of the clock, not 1 */
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, 2);
	bench_wait(b, SECONDS(4));
	ck_assert_uint_eq(b->filters, 3);
	bench_wait(b, SECONDS(9));
	ck_assert_uint_eq(b->filters, 3);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, 4);
	bench_wait(b, SECONDS(20));
	ck_assert_uint_eq(b->filters, 5);
	bench_wait(b, SECONDS(59));
	ck_assert_uint_eq(b->filters, 5);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, 6);
	ck_assert_uint_eq(sequence(b), first);
	close_bench(b);
}
END_TEST

/* What a child reaches is passed on to all but it; what another neighbour reaches is not. */
START_TEST(children_are_passed_on)
{
	struct bench *b = open_with(2, NULL);
	unsigned before;

	bench_wait(b, SECONDS(40));
	before = b->filters;
	ck_assert_int_eq(says(b, OTHER, 1, "c"), FIPS_FILTERS_ACCEPTED);
	bench_wait(b, SECONDS(2));
	ck_assert_uint_eq(b->filters, before);
	declares(b, OTHER, 1, "!");
	bench_wait(b, MS(1000));
	ck_assert_uint_eq(b->filters, before + 1);
	told(b, PEER, "c");
	bench_wait(b, SECONDS(40));
	before = b->filters;
	ck_assert_int_eq(says(b, OTHER, 2, "cd"), FIPS_FILTERS_ACCEPTED);
	bench_wait(b, MS(1000));
	ck_assert_uint_eq(b->filters, before + 1);
	told(b, PEER, "cd");
	bench_wait(b, SECONDS(40));
	before = b->filters;
	declares(b, OTHER, 2, ""); /* a root of its own: no child any more */
	bench_wait(b, MS(1000));
	ck_assert_uint_eq(b->filters, before + 1);
	told(b, PEER, "");
	close_bench(b);
}
END_TEST

/* A new parent hears of it before it gets a filter, however long that takes (mesh.md 3.6). */
START_TEST(a_parent_hears_of_it_first)
{
	struct bench *b = open_with(1, NULL);
	unsigned announced, filters;
	uint64_t first;

	bench_wait(b, SECONDS(10));
	announced = b->announced;
	filters = b->filters;
	first = sequence(b);
	declares(b, PEER, 1, "ba");
	bench_wait(b, 0);
	ck_assert_uint_eq(b->announced, announced + 1);
	declares(b, PEER, 2, "cba"); /* at once: told within half a second */
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->announced, announced + 2);
	ck_assert_uint_eq(b->filters, filters + 1);
	ck_assert_uint_eq(b->filter.announced, b->announced);
	ck_assert_uint_eq(sequence(b), first + 1);
	bench_wait(b, SECONDS(10)); /* and new ones behind it */
	ck_assert_uint_eq(sequence(b), first + 3);
	close_bench(b);
}
END_TEST

/* While the limiter holds the TreeAnnounce back, it holds the filter. */
START_TEST(a_filter_waits_for_the_tree)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;
	unsigned announced, filters;

	config.tree.announce_min = 3000;
	b = open_with(1, &config);
	bench_wait(b, SECONDS(10));
	declares(b, PEER, 1, "ba");
	bench_wait(b, MS(50));
	announced = b->announced;
	declares(b, PEER, 2, "cba");
	filters = b->filters;
	bench_wait(b, MS(2900));
	ck_assert_uint_eq(b->announced, announced);
	ck_assert_uint_eq(b->filters, filters);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->announced, announced + 1);
	ck_assert_uint_eq(b->filters, filters + 1);
	ck_assert_uint_eq(b->filter.announced, b->announced);
	close_bench(b);
}
END_TEST

/* R15: a tick owes something to 250 neighbours, and no call does more than a call may. */
START_TEST(many_neighbours_are_told)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;
	unsigned before;

	config.max_peers = MANY;
	config.rekey = false;
	config.limits.links = config.limits.calls = 0;
	config.limits.strangers.burst = 1000;
	b = open_with(MANY, &config);
	bench_wait(b, SECONDS(20));
	before = b->filters;
	for (unsigned i = 0; i < MANY; i++) {
		struct fips_addr addr = world_identity(PEER + i).addr;

		if (fips_addr_cmp(&addr, &b->me.addr) > 0)
			declares(b, PEER + i, 1, "!");
	}
	ck_assert_int_eq(says(b, PEER, 1, "c"), FIPS_FILTERS_ACCEPTED);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, before + MANY - 1);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(b->filters, before + 2 * (MANY - 1));
	close_bench(b);
}
END_TEST

/* A link that takes no frame of 1071 bytes gets none, and that is counted. */
START_TEST(too_small_a_link)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.link_mtu = FIPS_FILTER_LEN + FIPS_LINK_OVERHEAD - (_i ? 0 : 1);
	b = open_with(1, &config);
	bench_wait(b, SECONDS(2));
	ck_assert_int_eq(b->filters > 0, _i);
	ck_assert_int_eq(counted(b, FIPS_FILTERS_SEND_FAILED) > 0, !_i);
	bench_close(b);
}
END_TEST

/* --- what they tell --------------------------------------------------------------------------- */

/* No length and no byte changed of a good message does any harm; what is no good changes
 * nothing. */
START_TEST(no_message_too_short_or_misshapen)
{
	struct bench *b = open_with(1, NULL);
	uint8_t good[FIPS_FILTER_LEN + 8] = { 0 };
	uint64_t generation;

	fips_filter_build(good, &(struct fips_filter){ 1, good + FIPS_FILTER_HEAD });
	want("", links_say(b, PEER, good, FIPS_FILTER_LEN));
	generation = fips_node_filters(b->node)->generation;
	for (size_t n = 1; n <= sizeof good; n++) {
		uint8_t *exact = malloc(n);

		memcpy(exact, good, n);
		want("", links_say(b, PEER, exact, n));
		free(exact);
		if (n % 8 == 0)
			bench_wait(b, SECONDS(2));
	}
	for (size_t at = 1; at < FIPS_FILTER_HEAD; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t changed[FIPS_FILTER_LEN];

			memcpy(changed, good, sizeof changed);
			changed[at] ^= (uint8_t)(1 << bit);
			want("", links_say(b, PEER, changed, sizeof changed));
			bench_wait(b, MS(250));
		}
	ck_assert_uint_eq(fips_node_filters(b->node)->generation, generation);
	ck_assert_uint_gt(counted(b, FIPS_FILTERS_DECODE_ERROR), 1000);
	ck_assert_uint_eq(counted(b, FIPS_FILTERS_INVALID), 8); /* 4, 7, 1, 13, ... hashes */
	close_bench(b);
}
END_TEST

/* Of a neighbour that has not proven itself nothing is taken, and of no neighbour nothing
 * either. */
START_TEST(from_nobody)
{
	struct bench *b = bench_open(ME, 0, NULL);
	struct puppet p = { .who = PEER, .epoch = 1, .ephemeral = 9, .index = 7 };
	uint8_t message[FIPS_FILTER_LEN] = { 0 };

	fips_filter_build(message, &(struct fips_filter){ 1, message + FIPS_FILTER_HEAD });
	want("", links_say(b, PEER, message, sizeof message));
	bench_msg1(b, &p);
	want("", links_say(b, PEER, message, sizeof message));
	ck_assert_uint_eq(counted(b, FIPS_FILTERS_ACCEPTED), 0);
	close_bench(b);
}
END_TEST

/* R15.  A flood costs the one who sends it; the others are told no more often than the tick. */
START_TEST(a_flood)
{
	struct bench *b = open_with(3, NULL);
	unsigned before;

	declares(b, PEER, 1, "!");
	bench_wait(b, SECONDS(20));
	before = b->filters;
	for (uint64_t i = 1; i <= 1000; i++)
		says(b, PEER, i, i % 2 ? "c" : "d");
	ck_assert_uint_eq(counted(b, FIPS_FILTERS_ACCEPTED), 16);
	ck_assert_uint_eq(counted(b, FIPS_FILTERS_FLOODED), 984);
	bench_wait(b, MS(1000));
	ck_assert_uint_eq(b->filters, before + 2);
	ck_assert_int_eq(says(b, OTHER, 1, "e"), FIPS_FILTERS_ACCEPTED);
	for (uint64_t i = 1001; i <= 1100; i++) { /* a change every 250 ms, which is allowed */
		ck_assert_int_eq(says(b, PEER, i, i % 2 ? "c" : "d"), FIPS_FILTERS_ACCEPTED);
		bench_wait(b, MS(250));
	}
	ck_assert_uint_le(b->filters, before + 2 + 2 * 25 + 4);
	close_bench(b);
}
END_TEST

/* A full filter is refused, and the one before stays (mesh.md 3.3, 7). */
START_TEST(a_full_filter)
{
	struct bench *b = open_with(1, NULL);
	uint8_t message[FIPS_FILTER_LEN];
	struct fips_addr c = links_ghost(2);
	struct fips_probe p = fips_probe_of(&c);

	ck_assert_int_eq(says(b, PEER, 1, "c"), FIPS_FILTERS_ACCEPTED);
	memset(message, 0xff, sizeof message);
	fips_filter_build(message, &(struct fips_filter){ 2, message + FIPS_FILTER_HEAD });
	for (unsigned i = 1; i <= 3; i++) {
		want("", links_say(b, PEER, message, sizeof message));
		ck_assert_uint_eq(counted(b, FIPS_FILTERS_FILL_EXCEEDED), i);
		ck_assert_uint_eq(b->warned, 1); /* said once */
	}
	ck_assert(fips_filters_has(fips_node_filters(b->node), 0, &p));
	ck_assert_int_eq(says(b, PEER, 2, "d"), FIPS_FILTERS_ACCEPTED);
	close_bench(b);
}
END_TEST

/* What children reach comes to more than a filter takes: it is told, and said once a minute. */
START_TEST(a_full_filter_of_ours)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_filters_info sent;
	struct bench *b;

	config.filters.max_fpr = 0.01; /* 3261 bits */
	b = open_with(3, &config);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t message[FIPS_FILTER_LEN] = { 0 };

		declares(b, PEER + i, 1, "!");
		memset(message + FIPS_FILTER_HEAD + 300 * i, 0xff, 300);
		fips_filter_build(message, &(struct fips_filter){ 1, message + FIPS_FILTER_HEAD });
		want("", links_say(b, PEER + i, message, sizeof message));
	}
	ck_assert_uint_eq(counted(b, FIPS_FILTERS_ACCEPTED), 2);
	b->warned = 0;
	bench_wait(b, SECONDS(1));
	ck_assert(fips_filters_told(fips_node_filters(b->node), 2, &sent));
	ck_assert_uint_ge(sent.ones, 4800);
	ck_assert_uint_eq(b->warned, 1);
	bench_wait(b, SECONDS(58));
	ck_assert_uint_eq(b->warned, 1);
	bench_wait(b, SECONDS(60));
	ck_assert_uint_eq(b->warned, 2);
	close_bench(b);
}
END_TEST

/* --- 6.1 -------------------------------------------------------------------------------------- */

/* Node g is said to be below these: a letter a ghost, ! us. */
static void learn(struct bench *b, const char *path)
{
	struct fips_treepath p = { .n = 1, .a = { links_ghost('g' - 'a') } };
	struct fips_coords list;

	for (; *path; path++)
		p.a[p.n++] = *path == '!' ? b->me.addr : links_ghost((uint8_t)(*path - 'a'));
	list = fips_treepath_coords(&p);
	ck_assert(fips_cache_put(&b->node->mesh.cache, &p.a[0], &list, FIPS_CACHE_PASSING, 0,
	                         b->now));
}

static bool known(const struct bench *b)
{
	struct fips_addr g = links_ghost('g' - 'a');

	return fips_cache_find(fips_node_cache(b->node), &g, b->now) != NULL;
}

/* What void coordinates become of, by what happens to a node below PEER below b below a. */
static const struct {
	const char *what;
	enum { SWITCH, UPDATE, LOOP, LOST, SELF_ROOT, LEAF_LOST } event;
	const char *path;
	bool left;
} voids[] = {
	{ "another parent: through us", SWITCH, "d!ba", false },
	{ "... elsewhere", SWITCH, "dba", true },
	{ "... in another tree", SWITCH, "h", true },
	{ "the parent has moved: through us", UPDATE, "!ba", false },
	{ "... elsewhere", UPDATE, "ba", true },
	{ "the parent leads through us: through us", LOOP, "d!ba", false },
	{ "... elsewhere in what was our tree", LOOP, "dba", false },
	{ "the parent is lost: through us", LOST, "d!ba", false },
	{ "... elsewhere in what was our tree", LOST, "dba", false },
	{ "we are root: in what was our tree", SELF_ROOT, "dba", false },
	{ "... in ours", SELF_ROOT, "d!", true },
	{ "another neighbour is lost", LEAF_LOST, "d!ba", true },
};

START_TEST(coordinates_get_void)
{
	struct bench *b = open_with(2, NULL);
	struct puppet again = { .who = PEER, .epoch = 2, .ephemeral = 77, .index = 8 };

	declares(b, PEER, 1, "ba");
	bench_wait(b, SECONDS(40));
	learn(b, voids[_i].path);
	switch (voids[_i].event) {
	case SWITCH:    declares(b, OTHER, 1, "a"); break;
	case UPDATE:    declares(b, PEER, 2, "a"); break;
	case LOOP:      declares(b, PEER, 2, "d!ba"); break;
	case LOST:
	case LEAF_LOST:
		again.who = voids[_i].event == LOST ? PEER : OTHER;
		bench_msg1(b, &again);
		bench_confirm(b, again.who, b->link_key, 0);
		break;
	case SELF_ROOT: declares(b, PEER, 2, ""); break;
	}
	ck_assert_msg(known(b) == voids[_i].left, "%s", voids[_i].what);
	close_bench(b);
}
END_TEST

/* Nobody needs them any more: they go, of themselves. */
START_TEST(coordinates_expire)
{
	struct bench *b = open_with(1, NULL);

	learn(b, "ba");
	bench_wait(b, SECONDS(299));
	ck_assert(known(b));
	bench_wait(b, SECONDS(40)); /* all places are looked at within half a minute */
	ck_assert_uint_eq(fips_node_cache(b->node)->n, 0);
	close_bench(b);
}
END_TEST

/* --- 5.3 -------------------------------------------------------------------------------------- */

static unsigned hop(struct bench *b)
{
	struct fips_addr g = links_ghost('g' - 'a');
	struct fips_peer *p;

	b->node->now = b->now;
	p = fips_mesh_hop(b->node, &g);
	return p ? fips_peer_slot(b->node, p) : FIPS_NO_PEER;
}

/* Two neighbours are as near; the link that is measured costs more, and when the other one goes it
 * is the only one. */
START_TEST(links_cost)
{
	struct bench *b = open_with(2, NULL);
	struct fips_receiver_report r = { .highest = 9, .frames = 9, .echo = 1 };
	uint8_t bytes[FIPS_LINK_RECEIVER_LEN], bye[] = { FIPS_LINK_DISCONNECT, 0 };
	struct fips_addr gone;
	unsigned first;

	for (unsigned i = 0; i < 2; i++) {
		declares(b, PEER + i, 1, "ba");
		ck_assert_int_eq(says(b, PEER + i, 1, "g"), FIPS_FILTERS_ACCEPTED);
	}
	ck_assert_uint_eq(hop(b), FIPS_NO_PEER);
	learn(b, "ba");
	first = hop(b);
	ck_assert_uint_lt(first, 2);
	gone = world_identity(PEER + 1 - first).addr;
	b->link_words.sent = 10;
	fips_link_receiver_build(bytes, &r);
	links_say(b, PEER + first, bytes, sizeof bytes);
	bench_wait(b, SECONDS(1));
	ck_assert_uint_eq(hop(b), 1 - first);
	ck_assert_ptr_nonnull(fips_mesh_hop(b->node, &gone));
	links_say(b, PEER + 1 - first, bye, sizeof bye);
	ck_assert_ptr_null(fips_mesh_hop(b->node, &gone));
	learn(b, "ba");
	ck_assert_uint_eq(hop(b), first);
	close_bench(b);
}
END_TEST

/* A neighbour is where it says it is, others where the cache has them. */
START_TEST(where_they_are)
{
	struct bench *b = open_with(1, NULL);
	struct fips_addr peer = world_identity(PEER).addr, g = links_ghost('g' - 'a');
	struct fips_treepath path;

	b->node->now = b->now;
	ck_assert(!fips_mesh_coords(b->node, &peer, &path) &&
	          !fips_mesh_coords(b->node, &g, &path));
	declares(b, PEER, 1, "ba");
	learn(b, "cba");
	ck_assert(fips_mesh_coords(b->node, &peer, &path) && path.n == 3);
	ck_assert(fips_mesh_coords(b->node, &g, &path) && path.n == 4);
	ck_assert(fips_addr_eq(&path.a[0], &g));
	close_bench(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node_filters");
	TCase *t = tcase_create("filters");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_neighbour_is_told);
	tcase_add_test(t, children_are_passed_on);
	tcase_add_test(t, a_parent_hears_of_it_first);
	tcase_add_test(t, a_filter_waits_for_the_tree);
	tcase_add_test(t, many_neighbours_are_told);
	tcase_add_loop_test(t, too_small_a_link, 0, 2);
	tcase_add_test(t, no_message_too_short_or_misshapen);
	tcase_add_test(t, from_nobody);
	tcase_add_test(t, a_flood);
	tcase_add_test(t, a_full_filter);
	tcase_add_test(t, a_full_filter_of_ours);
	tcase_add_loop_test(t, coordinates_get_void, 0, COUNT(voids));
	tcase_add_test(t, coordinates_expire);
	tcase_add_test(t, links_cost);
	tcase_add_test(t, where_they_are);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
