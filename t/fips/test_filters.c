/* test_filters.c - what neighbours are told, when, and how often; and what is kept of what they
 * say. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/filters.h"
#include "fips/node/treepath.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SLOTS        6
#define S            MR_NS_PER_S
#define MS           MR_NS_PER_MS
#define FIRST        UINT64_C(1700000000000)

static const struct fips_addr me = { { 0xee } };
static struct fips_filters f;
static uint8_t message[FIPS_FILTER_LEN];

static void open_filters(void)
{
	struct fips_filters_settings settings = fips_filters_settings_default();

	ck_assert(fips_filters_open(&f, &me, SLOTS, &settings, FIRST));
}

static void close_filters(void)
{
	fips_filters_close(&f);
}

/* Node x, which everybody in these tests is. */
static struct fips_addr node(unsigned x)
{
	return (struct fips_addr){ { (uint8_t)(x >> 8), (uint8_t)x, 1 } };
}

static bool in(const struct fips_bloom *b, const struct fips_addr *addr)
{
	struct fips_probe p = fips_probe_of(addr);

	return fips_bloom_has(b, &p);
}

/* A neighbour says that it reaches these nodes; the list ends with 0. */
static enum fips_filters_count says(unsigned peer, uint64_t seq, const unsigned *nodes)
{
	struct fips_bloom b = { { 0 } };

	for (; *nodes; nodes++) {
		struct fips_addr addr = node(*nodes);
		struct fips_probe p = fips_probe_of(&addr);

		fips_bloom_insert(&b, &p);
	}
	fips_filter_build(message, &(struct fips_filter){ seq, b.b });
	return fips_filters_received(&f, peer, message, sizeof message);
}

#define SAYS(peer, seq, ...) \
	ck_assert_int_eq(says(peer, seq, (unsigned[]){ __VA_ARGS__, 0 }), FIPS_FILTERS_ACCEPTED)

/* What a neighbour is told now: the sequence, 0 when nothing is due. */
static uint64_t told(unsigned peer, uint64_t now, struct fips_bloom *bits)
{
	struct fips_filter got;

	if (!fips_filters_take(&f, peer, now, message))
		return 0;
	ck_assert_int_eq(fips_filter_parse(message, sizeof message, &got), FIPS_FILTER_PARSED);
	if (bits)
		memcpy(bits->b, got.bits, sizeof bits->b);
	return got.seq - FIRST;
}

/* ---- what is said ---- */

/* Exactly these of the nodes 1 to 9 are in it, and ourselves are. */
static void holds(const struct fips_bloom *b, const char *nodes)
{
	for (unsigned x = 1; x < 10; x++) {
		struct fips_addr addr = node(x);

		ck_assert_msg(in(b, &addr) == (strchr(nodes, (int)('0' + x)) != NULL), "%s: %u",
		              nodes, x);
	}
	ck_assert(in(b, &me));
}

/* Tree peers 0, 2 and 4 reach 1, 2 and 3; peer 1 is a neighbour, no more, and reaches 4; 5 has said
 * nothing. */
static void a_node(void)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		fips_filters_peer_up(&f, i);
		fips_filters_tree_peer(&f, i, i % 2 == 0);
	}
	SAYS(0, 1, 1);
	SAYS(2, 1, 2);
	SAYS(4, 1, 3);
	SAYS(1, 1, 4);
}

START_TEST(split_horizon)
{
	static const char *const want[SLOTS] = { "23", "123", "13", "123", "12", "123" };
	struct fips_bloom b;

	a_node();
	fips_filters_tick(&f, S);
	for (unsigned i = 0; i < SLOTS; i++) {
		ck_assert_uint_gt(told(i, S, &b), 0);
		holds(&b, want[i]);
	}
}
END_TEST

/* A computation for all at once is the one that looks at each alone, whoever is in the tree. */
START_TEST(all_at_once_as_one_by_one)
{
	for (unsigned i = 0; i < SLOTS; i++)
		fips_filters_peer_up(&f, i);
	for (unsigned i = 0; i < SLOTS; i++)
		SAYS(i, 1, i + 1);
	for (unsigned in_tree = 0; in_tree < 1 << SLOTS; in_tree++) {
		uint64_t now = (in_tree + 1) * S;

		for (unsigned i = 0; i < SLOTS; i++)
			fips_filters_tree_peer(&f, i, in_tree >> i & 1);
		fips_filters_parent_changed(&f, FIPS_NO_PEER);
		fips_filters_tick(&f, now);
		for (unsigned q = 0; q < SLOTS; q++) {
			struct fips_bloom b;

			ck_assert_uint_gt(told(q, now, &b), 0);
			for (unsigned i = 0; i < SLOTS; i++) {
				struct fips_addr addr = node(i + 1);

				ck_assert_int_eq(in(&b, &addr), i != q && (in_tree >> i & 1));
			}
		}
	}
}
END_TEST

/* ---- who is told ---- */

/* All are told what they are owed at a tick, a bit for each who is. */
static unsigned told_at(uint64_t now)
{
	unsigned who = 0;

	fips_filters_tick(&f, now);
	for (unsigned i = 0; i < SLOTS; i++)
		if (told(i, now, NULL))
			who |= 1u << i;
	return who;
}

enum {
	UP_5, DOWN_1, FILTER_OF_0, THE_SAME_OF_0, FILTER_OF_1, TREE_1, NO_TREE_4, EMPTY_TREE_5,
	PARENT,
};

static const struct {
	const char *what;
	int event;
	unsigned told; /* bits */
} marks[] = {
	{ "a link comes up: it", UP_5, 0x20 },
	{ "a link goes: all others", DOWN_1, 0x3d },
	{ "a tree peer's filter: all but itself", FILTER_OF_0, 0x3e },
	{ "... with the same bits: nobody", THE_SAME_OF_0, 0 },
	{ "another's filter: nobody", FILTER_OF_1, 0 },
	{ "a child comes: all but itself", TREE_1, 0x3d },
	{ "a child goes: all but itself", NO_TREE_4, 0x2f },
	{ "a child without a filter comes: nobody", EMPTY_TREE_5, 0 },
	{ "another parent: all", PARENT, 0x3f },
};

static void happens(int event)
{
	switch (event) {
	case UP_5:
		fips_filters_peer_down(&f, 5);
		ck_assert_uint_eq(told_at(39 * S + 500 * MS), 0x1f);
		fips_filters_peer_up(&f, 5);
		break;
	case DOWN_1:        fips_filters_peer_down(&f, 1); break;
	case FILTER_OF_0:   SAYS(0, 2, 1, 5); break;
	case THE_SAME_OF_0: SAYS(0, 2, 1); break;
	case FILTER_OF_1:   SAYS(1, 2, 6); break;
	case TREE_1:        fips_filters_tree_peer(&f, 1, true); break;
	case NO_TREE_4:     fips_filters_tree_peer(&f, 4, false); break;
	case EMPTY_TREE_5:  fips_filters_tree_peer(&f, 5, true); break;
	case PARENT:        fips_filters_parent_changed(&f, FIPS_NO_PEER); break;
	}
}

START_TEST(who_is_told)
{
	uint64_t last;

	a_node();
	ck_assert_uint_eq(told_at(1 * S), 0x3f);
	ck_assert_uint_eq(told_at(2 * S), 0x3f);
	ck_assert_uint_eq(told_at(6 * S), 0x3f);
	ck_assert_uint_eq(told_at(16 * S), 0x3f);
	ck_assert_uint_eq(told_at(36 * S), 0x3f);
	last = f.seq;
	ck_assert_uint_eq(told_at(38 * S), 0);
	happens(marks[_i].event);
	ck_assert_msg(told_at(40 * S) == marks[_i].told, "%s", marks[_i].what);
	if (marks[_i].told)
		ck_assert_uint_gt(f.seq, last);
	else
		ck_assert_uint_eq(f.seq, last);
}
END_TEST

/* ---- when ---- */

/* The same is said again 1, 5, 15 and 35 s after, and then every 60 s, with its sequence. */
START_TEST(it_is_repeated)
{
	static const uint64_t at[] = { 3, 7, 17, 37, 97, 157, 217 };

	fips_filters_peer_up(&f, 3);
	ck_assert_uint_eq(fips_filters_due(&f, 3), MR_NEVER);
	fips_filters_tick(&f, 2 * S);
	ck_assert_uint_eq(fips_filters_due(&f, 3), 2 * S);
	ck_assert_uint_eq(told(3, 2 * S, NULL), 1);
	for (size_t i = 0; i < COUNT(at); i++) {
		ck_assert_uint_eq(fips_filters_due(&f, 3), at[i] * S);
		ck_assert_uint_eq(told(3, at[i] * S - 1, NULL), 0);
		ck_assert_uint_eq(told(3, at[i] * S, NULL), 1);
	}
	ck_assert_uint_eq(f.counts[FIPS_FILTERS_SENT], 1 + COUNT(at));
}
END_TEST

/* Nothing new within 500 ms; what is old is not repeated meanwhile. */
START_TEST(debounce)
{
	struct fips_bloom b;

	fips_filters_peer_up(&f, 0);
	fips_filters_peer_up(&f, 1);
	fips_filters_tree_peer(&f, 1, true);
	ck_assert_uint_eq(told_at(S), 3);
	SAYS(1, 1, 7);
	fips_filters_tick(&f, S + 499 * MS);
	ck_assert_uint_eq(f.counts[FIPS_FILTERS_DEBOUNCE_SUPPRESSED], 1);
	ck_assert_uint_eq(fips_filters_due(&f, 0), MR_NEVER);
	fips_filters_tick(&f, S + 500 * MS);
	ck_assert_uint_eq(told(0, S + 500 * MS, &b), 3);
	holds(&b, "7");
	ck_assert_uint_eq(fips_filters_due(&f, 0), 2 * S + 500 * MS);
	ck_assert_uint_eq(fips_filters_due(&f, 1), 2 * S);
}
END_TEST

/* Who is not served at once is owed it still, whatever happens meanwhile. */
START_TEST(what_is_due_stays_due)
{
	fips_filters_peer_up(&f, 0);
	fips_filters_tick(&f, S);
	fips_filters_parent_changed(&f, FIPS_NO_PEER);
	ck_assert_uint_eq(fips_filters_due(&f, 0), S);
	ck_assert_uint_eq(told(0, S, NULL), 1);
	fips_filters_tick(&f, 2 * S);
	ck_assert_uint_eq(told(0, 2 * S, NULL), 2);
}
END_TEST

/* Many changes between two ticks are one announcement, with what is right then. */
START_TEST(changes_collapse)
{
	struct fips_bloom b;

	fips_filters_peer_up(&f, 0);
	fips_filters_peer_up(&f, 1);
	fips_filters_tree_peer(&f, 1, true);
	ck_assert_uint_eq(told_at(S), 3);
	for (unsigned x = 1; x < 10; x++)
		SAYS(1, x, x);
	fips_filters_tick(&f, 3 * S);
	ck_assert_uint_eq(told(0, 3 * S, &b), 3);
	holds(&b, "9");
	ck_assert_uint_eq(told(0, 3 * S, NULL), 0);
}
END_TEST

/* One counter for the node; a parent hears new numbers in place of repetitions (mesh.md 3.6,
 * trap). */
START_TEST(the_parent_hears_new_sequences)
{
	for (unsigned i = 0; i < 3; i++)
		fips_filters_peer_up(&f, i);
	fips_filters_parent_changed(&f, 1);
	fips_filters_tick(&f, S);
	ck_assert_uint_eq(told(0, S, NULL), 1);
	ck_assert_uint_eq(told(1, S, NULL), 2);
	ck_assert_uint_eq(told(2, S, NULL), 3);
	ck_assert_uint_eq(told(0, 2 * S, NULL), 1);
	ck_assert_uint_eq(told(1, 2 * S, NULL), 4);
	ck_assert_uint_eq(told(1, 6 * S, NULL), 5);
	ck_assert_uint_eq(told(1, 66 * S, NULL), 5);
}
END_TEST

/* ---- what is kept ---- */

static const unsigned some[] = { 1, 2, 3, 0 };

static enum fips_filters_count ones(unsigned peer, uint64_t seq, unsigned n)
{
	struct fips_bloom b = { { 0 } };

	for (unsigned i = 0; i < n; i++)
		b.b[i / 8] |= (uint8_t)(1 << i % 8);
	fips_filter_build(message, &(struct fips_filter){ seq, b.b });
	return fips_filters_received(&f, peer, message, sizeof message);
}

/* What is refused leaves filter, sequence and generation as they were. */
START_TEST(refused)
{
	struct fips_addr one = node(1);
	struct fips_probe p = fips_probe_of(&one);
	struct fips_filters_info info;
	uint64_t generation;

	ck_assert_int_eq(says(0, 1, some), FIPS_FILTERS_UNKNOWN_PEER);
	ck_assert_int_eq(says(SLOTS, 1, some), FIPS_FILTERS_UNKNOWN_PEER);
	fips_filters_peer_up(&f, 0);
	ck_assert_int_eq(says(0, 0, some), FIPS_FILTERS_STALE);
	ck_assert(!fips_filters_info(&f, 0, &info));
	ck_assert_int_eq(says(0, 7, some), FIPS_FILTERS_ACCEPTED);
	generation = f.generation;
	ck_assert_int_eq(says(0, 7, some), FIPS_FILTERS_STALE);
	ck_assert_int_eq(says(0, 6, some), FIPS_FILTERS_STALE);
	ck_assert_int_eq(ones(0, 9, 5938), FIPS_FILTERS_FILL_EXCEEDED);
	message[9] = 4;
	ck_assert_int_eq(fips_filters_received(&f, 0, message, sizeof message),
	                 FIPS_FILTERS_INVALID);
	ck_assert_int_eq(fips_filters_received(&f, 0, message, 0), FIPS_FILTERS_DECODE_ERROR);
	ck_assert(fips_filters_info(&f, 0, &info) && fips_filters_has(&f, 0, &p));
	ck_assert_uint_eq(info.seq, 7);
	ck_assert_uint_eq(info.ones, 15);
	ck_assert_uint_eq(f.generation, generation);
	ck_assert_int_eq(ones(0, 8, 5937), FIPS_FILTERS_ACCEPTED);
	ck_assert_uint_gt(f.generation, generation);
	ck_assert_uint_eq(f.counts[FIPS_FILTERS_RECEIVED], 10);
	ck_assert_uint_eq(
		f.counts[FIPS_FILTERS_ACCEPTED] + f.counts[FIPS_FILTERS_STALE] +
			f.counts[FIPS_FILTERS_UNKNOWN_PEER] + f.counts[FIPS_FILTERS_INVALID] +
			f.counts[FIPS_FILTERS_FILL_EXCEEDED] + f.counts[FIPS_FILTERS_DECODE_ERROR],
		10);
}
END_TEST

START_TEST(a_link_that_goes_takes_its_filter_along)
{
	struct fips_addr one = node(1);
	struct fips_probe p = fips_probe_of(&one);
	struct fips_bloom b;
	uint64_t generation;

	fips_filters_peer_up(&f, 0);
	fips_filters_peer_up(&f, 2);
	fips_filters_tree_peer(&f, 2, true);
	ck_assert_int_eq(says(2, 9, some), FIPS_FILTERS_ACCEPTED);
	ck_assert(fips_filters_any(&f, &p, true));
	fips_filters_tick(&f, S);
	ck_assert_uint_eq(told(0, S, &b), 1);
	holds(&b, "123");
	generation = f.generation;
	fips_filters_peer_down(&f, 2);
	ck_assert_uint_gt(f.generation, generation);
	ck_assert(!fips_filters_any(&f, &p, false));
	ck_assert_uint_eq(fips_filters_due(&f, 2), MR_NEVER);
	fips_filters_tick(&f, 2 * S);
	ck_assert_uint_eq(told(0, 2 * S, &b), 2);
	holds(&b, "");
	fips_filters_peer_up(&f, 2);
	ck_assert(!fips_filters_any(&f, &p, false));
	ck_assert_int_eq(says(2, 1, some), FIPS_FILTERS_ACCEPTED); /* it may begin again */
	ck_assert(fips_filters_any(&f, &p, false) && !fips_filters_any(&f, &p, true));
}
END_TEST

START_TEST(more_slots)
{
	struct fips_bloom b;

	a_node();
	ck_assert(fips_filters_reserve(&f, 2));
	ck_assert_uint_eq(f.n_peers, SLOTS);
	ck_assert(fips_filters_reserve(&f, 3 * SLOTS));
	fips_filters_peer_up(&f, 3 * SLOTS - 1);
	fips_filters_tick(&f, S);
	ck_assert_uint_gt(told(3 * SLOTS - 1, S, &b), 0);
	holds(&b, "123");
	ck_assert_uint_gt(told(0, S, &b), 0);
	holds(&b, "23");
}
END_TEST

START_TEST(sizes)
{
	struct fips_filters_info info;
	double count;

	ck_assert(fips_filters_mesh_size(&f, &count));
	ck_assert_double_eq_tol(count, 1, 0.001);
	a_node();
	ck_assert(fips_filters_mesh_size(&f, &count));
	ck_assert_double_eq_tol(count, 5, 0.01);
	ck_assert_int_eq(ones(1, 2, 5937), FIPS_FILTERS_ACCEPTED);
	ck_assert(fips_filters_info(&f, 1, &info) && info.estimated);
	ck_assert(!fips_filters_mesh_size(&f, &count)); /* the union is above the cap */
	ck_assert(!fips_bloom_estimate(FIPS_BLOOM_BITS, FIPS_BLOOM_BITS, &count));
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(fips_filters_count_name(FIPS_FILTERS_ACCEPTED), "accepted");
	ck_assert_str_eq(fips_filters_count_name(FIPS_FILTERS_UNKNOWN_PEER), "unknown_peer");
	for (enum fips_filters_count i = 0; i < FIPS_FILTERS_COUNTS; i++)
		ck_assert_ptr_nonnull(fips_filters_count_name(i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filters");
	TCase *tc = tcase_create("filters");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, open_filters, close_filters);
	tcase_add_test(tc, split_horizon);
	tcase_add_test(tc, all_at_once_as_one_by_one);
	tcase_add_loop_test(tc, who_is_told, 0, COUNT(marks));
	tcase_add_test(tc, it_is_repeated);
	tcase_add_test(tc, debounce);
	tcase_add_test(tc, what_is_due_stays_due);
	tcase_add_test(tc, changes_collapse);
	tcase_add_test(tc, the_parent_hears_new_sequences);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, a_link_that_goes_takes_its_filter_along);
	tcase_add_test(tc, more_slots);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
