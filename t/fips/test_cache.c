/* test_cache.c - coordinates: what is taken, how long it stays, what is void, and what a flood of
 * them costs. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/wire.h"
#include "fips/node/cache.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S            MR_NS_PER_S
#define PLACES       64

static const struct fips_addr me = { { 0xee } };
static struct fips_cache c;

static void open_cache(void)
{
	static struct mr_rand_state seed = { .seed = 6 };
	struct mr_rand rand = mr_rand_seeded(&seed);

	ck_assert(fips_cache_open(&c, &me, &(struct fips_cache_settings){ PLACES, 300 }, &rand));
}

static void close_cache(void)
{
	fips_cache_close(&c);
}

/* Node x, not 0. */
static struct fips_addr node(unsigned x)
{
	struct fips_addr addr = { { 0 } };

	mr_to_be32(addr.b, x);
	return addr;
}

static const struct fips_addr *at(unsigned x)
{
	static struct fips_addr addr;

	addr = node(x);
	return &addr;
}

/* A path of n addresses from x: x, then through, if it is not NULL, then others, then root. */
static void path_of(struct fips_treepath *p, unsigned x, unsigned n, unsigned root)
{
	p->n = n;
	for (unsigned i = 0; i < n; i++)
		p->a[i] = node(i == 0 ? x : i == n - 1 ? root : x * 1000 + i);
}

static bool put(unsigned x, const struct fips_treepath *p, enum fips_cache_source source,
                uint64_t now)
{
	struct fips_coords list = fips_treepath_coords(p);

	return fips_cache_put(&c, at(x), &list, source, 0, now);
}

/* Node x with a path of n addresses to root. */
static bool learn(unsigned x, unsigned n, unsigned root, uint64_t now)
{
	struct fips_treepath p;

	path_of(&p, x, n, root);
	return put(x, &p, FIPS_CACHE_PASSING, now);
}

static bool known(unsigned x, uint64_t now)
{
	return fips_cache_find(&c, at(x), now) != NULL;
}

/* Is x known with exactly this path? */
static bool leads(unsigned x, const struct fips_treepath *want, uint64_t now)
{
	const struct fips_cache_entry *e = fips_cache_find(&c, at(x), now);
	struct fips_treepath got;

	if (!e)
		return false;
	fips_cache_path(&c, e, &got);
	return fips_treepath_eq(&got, want);
}

START_TEST(paths_of_all_lengths)
{
	struct fips_treepath p;

	for (unsigned n = 2; n <= FIPS_PATH_MAX; n++) {
		path_of(&p, n, n, 1);
		ck_assert(put(n, &p, FIPS_CACHE_PASSING, 0));
		ck_assert(leads(n, &p, 0));
	}
	/* shorter and longer ones in their places */
	for (unsigned n = FIPS_PATH_MAX; n >= 2; n--) {
		path_of(&p, n, FIPS_PATH_MAX + 2 - n, 1);
		ck_assert(put(n, &p, FIPS_CACHE_PASSING, 0));
		ck_assert(leads(n, &p, 0));
	}
}
END_TEST

/* mesh.md 6.2, ours, and 1.3. */
START_TEST(what_is_not_taken)
{
	static uint8_t most[FIPS_ADDR_LEN * (FIPS_PATH_MAX + 1)];
	struct fips_coords list = { most, FIPS_PATH_MAX + 1 };
	struct fips_treepath p;

	memcpy(most, at(5)->b, FIPS_ADDR_LEN);
	ck_assert(!fips_cache_put(&c, at(5), &list, FIPS_CACHE_PASSING, 0, 0)); /* too long */
	list.count = 0;
	ck_assert(!fips_cache_put(&c, at(5), &list, FIPS_CACHE_PASSING, 0, 0)); /* empty */
	path_of(&p, 6, 3, 1);
	ck_assert(!put(5, &p, FIPS_CACHE_PASSING, 0)); /* of another */
	ck_assert(!put(5, &p, FIPS_CACHE_ANSWER, 0));
	p.a[0] = me;
	list = fips_treepath_coords(&p);
	ck_assert(!fips_cache_put(&c, &me, &list, FIPS_CACHE_PASSING, 0, 0)); /* ours */
	ck_assert_uint_eq(c.n, 0);
	list = (struct fips_coords){ most, FIPS_PATH_MAX };
	ck_assert(fips_cache_put(&c, at(5), &list, FIPS_CACHE_PASSING, 0, 0));
}
END_TEST

/* What a verified answer said stands for 10 s against what comes in passing. */
START_TEST(verified_entries_stand)
{
	struct fips_treepath true_one, lie;

	path_of(&true_one, 5, 4, 1);
	path_of(&lie, 5, 3, 2);
	ck_assert(put(5, &lie, FIPS_CACHE_PASSING, 0));
	ck_assert(put(5, &true_one, FIPS_CACHE_ANSWER, 0)); /* always */
	ck_assert(!put(5, &lie, FIPS_CACHE_PASSING, 10 * S - 1));
	ck_assert(leads(5, &true_one, 10 * S - 1));
	ck_assert(put(5, &true_one, FIPS_CACHE_ANSWER, 10 * S - 1)); /* and again */
	ck_assert(!put(5, &lie, FIPS_CACHE_PASSING, 20 * S - 2));
	ck_assert_ptr_nonnull(fips_cache_use(&c, at(5), 20 * S - 2)); /* use lengthens nothing */
	ck_assert(put(5, &lie, FIPS_CACHE_PASSING, 20 * S - 1));
	ck_assert(put(5, &true_one, FIPS_CACHE_PASSING, 20 * S)); /* newest wins */
	ck_assert(leads(5, &true_one, 20 * S));
}
END_TEST

/* ... unless it led nowhere. */
START_TEST(doubted_entries_do_not_stand)
{
	struct fips_treepath found, newer;

	path_of(&found, 5, 4, 1);
	path_of(&newer, 5, 3, 2);
	fips_cache_doubt(&c, at(5)); /* nothing to doubt */
	ck_assert(put(5, &found, FIPS_CACHE_ANSWER, 0));
	fips_cache_doubt(&c, at(5));
	ck_assert(leads(5, &found, 1));
	ck_assert(put(5, &newer, FIPS_CACHE_PASSING, 1));
	ck_assert(leads(5, &newer, 1));
}
END_TEST

START_TEST(entries_expire)
{
	ck_assert(learn(5, 3, 1, S));
	ck_assert(known(5, 301 * S) && !known(5, 301 * S + 1));
	ck_assert_ptr_null(fips_cache_use(&c, at(5), 301 * S + 1));
	ck_assert_ptr_nonnull(fips_cache_use(&c, at(5), 201 * S)); /* a next hop: lives on */
	ck_assert(known(5, 501 * S) && !known(5, 501 * S + 1));
	ck_assert(known(5, 400 * S)); /* a look is no use */
	ck_assert(!known(5, 502 * S));
	ck_assert(learn(5, 3, 1, 600 * S));
	ck_assert(known(5, 900 * S));
}
END_TEST

/* R7.  Full: the least recently used goes, which is the first to expire. */
START_TEST(the_least_recently_used_goes)
{
	for (unsigned x = 1; x <= PLACES; x++)
		ck_assert(learn(x, 2, 1, x * S));
	ck_assert_ptr_nonnull(fips_cache_use(&c, at(1), 100 * S));
	ck_assert(learn(2, 2, 1, 101 * S));
	ck_assert(learn(1001, 2, 1, 102 * S));
	ck_assert(known(1, 102 * S) && known(2, 102 * S) && !known(3, 102 * S) &&
	          known(4, 102 * S));
	ck_assert_uint_eq(c.n, PLACES);
}
END_TEST

/* R7.  Paths need more addresses than there are: so do as many entries go as are needed, oldest
 * first. */
START_TEST(addresses_have_a_bound_too)
{
	unsigned left = 0;

	for (unsigned x = 1; x <= PLACES; x++)
		ck_assert(learn(x, FIPS_PATH_MAX, 1, x));
	for (unsigned x = 1; x <= PLACES; x++)
		left += known(x, PLACES);
	ck_assert_uint_eq(left, 8); /* 64 entries, 2 * 4 addresses each */
	ck_assert(known(PLACES, PLACES) && known(PLACES - 7, PLACES));
	ck_assert_uint_eq(c.n, left);
	for (unsigned x = 1; x <= PLACES; x++)
		ck_assert(learn(x, 8, 1, x));
	ck_assert_uint_eq(c.n, PLACES);
}
END_TEST

/* ---- 6.1 ---- */

static bool learn_through_us(unsigned x, unsigned root, uint64_t now)
{
	struct fips_treepath p;

	path_of(&p, x, 4, root);
	p.a[2] = me;
	return put(x, &p, FIPS_CACHE_PASSING, now);
}

START_TEST(paths_through_us_are_void)
{
	ck_assert(learn(5, 4, 1, 0) && learn_through_us(6, 1, 0));
	fips_cache_drop_roots(&c, at(1));
	ck_assert(known(5, 0) && known(6, 0));
	fips_cache_drop_through(&c);
	ck_assert(known(5, 0) && !known(6, 0));
	ck_assert(learn_through_us(6, 1, 0));
	ck_assert(known(6, 0)); /* written since */
	fips_cache_drop_through(&c);
	ck_assert(!known(6, 0));
	ck_assert_ptr_null(fips_cache_use(&c, at(6), 0));
	ck_assert(learn(6, 4, 1, 0)); /* otherwise */
	fips_cache_drop_through(&c);
	ck_assert(known(6, 0));
}
END_TEST

/* Entries with another root go, whatever happened before: each row drops by root, learns, drops,
 * ...  A digit drops all but that root, a letter learns a node with root a = 1, b = 2, c = 3. */
static const struct {
	const char *story;
	const char *left; /* of the letters, by order of the story */
} roots[] = {
	{ "ab1", "a" },
	{ "ab2", "b" },
	{ "abc9", "" },
	{ "a11", "a" },
	{ "a12", "" },
	{ "a21", "" },
	{ "a2a1", "a" },
	{ "1b2a1", "a" },
	{ "1a2b1a", "a" },
	{ "12a1b", "ab" },
	{ "1a1b1", "a" },
	{ "a1a2a1a", "aa" },
	{ "2b1b2b", "bb" },
	{ "b2b2b2", "bbb" },
	{ "abc123", "" },
};

START_TEST(other_roots_are_void)
{
	const char *want = roots[_i].left;
	unsigned left = 0, x = 100;

	for (const char *s = roots[_i].story; *s; s++)
		if (*s >= 'a')
			ck_assert(learn(x++, 4, (unsigned)(*s - 'a' + 1), 0));
		else
			fips_cache_drop_roots(&c, at((unsigned)(*s - '0')));
	for (unsigned y = 100; y < x; y++)
		left += known(y, 0);
	ck_assert_msg(left == strlen(want), "%s: %u", roots[_i].story, left);
}
END_TEST

/* ... the same against a list that is searched, at random. */
START_TEST(as_if_searched)
{
	static struct { bool on, through; unsigned root; } want[PLACES];
	struct mr_rand_state seed = { .seed = 77 };
	struct mr_rand rand = mr_rand_seeded(&seed);

	for (unsigned step = 0; step < 5000; step++) {
		unsigned x = mr_rand_below(&rand, PLACES), root = 1 + mr_rand_below(&rand, 3);

		switch (mr_rand_below(&rand, 8)) {
		case 0:
			fips_cache_drop_through(&c);
			for (unsigned i = 0; i < PLACES; i++)
				want[i].on &= !want[i].through;
			break;
		case 1:
			fips_cache_drop_roots(&c, at(root));
			for (unsigned i = 0; i < PLACES; i++)
				want[i].on &= want[i].root == root;
			break;
		case 2:
			fips_cache_drop(&c, at(100 + x));
			want[x].on = false;
			break;
		case 3: fips_cache_sweep(&c, 0); break;
		default:
			want[x].on = true;
			want[x].through = mr_rand_below(&rand, 2);
			want[x].root = root;
			ck_assert(want[x].through ? learn_through_us(100 + x, root, 0)
			                          : learn(100 + x, 4, root, 0));
		}
		for (unsigned i = 0; i < PLACES; i++)
			ck_assert_int_eq(known(100 + i, 0), want[i].on);
	}
}
END_TEST

START_TEST(a_sweep_frees)
{
	for (unsigned x = 1; x <= 10; x++)
		ck_assert(learn(x, 4, x <= 3 ? 500 : 501, x <= 6 ? 0 : 10 * S));
	fips_cache_drop_roots(&c, at(501));
	ck_assert_uint_eq(c.n, 10);
	fips_cache_sweep(&c, 10 * S);
	ck_assert_uint_eq(c.n, 7);
	fips_cache_sweep(&c, 305 * S);
	ck_assert_uint_eq(c.n, 4);
	fips_cache_sweep(&c, 311 * S);
	ck_assert_uint_eq(c.n, 0);
	for (unsigned i = 0; i < PLACES; i++)
		ck_assert_ptr_null(fips_cache_at(&c, i));
}
END_TEST

/* ---- the rest ---- */

START_TEST(path_mtus)
{
	struct fips_treepath p;
	struct fips_coords list;

	path_of(&p, 5, 3, 1);
	list = fips_treepath_coords(&p);
	ck_assert(learn(5, 3, 1, 0));
	ck_assert_uint_eq(fips_cache_find(&c, at(5), 0)->mtu, 0);
	fips_cache_mtu(&c, at(5), 1400, 0);
	fips_cache_mtu(&c, at(5), 1450, 0);
	ck_assert_uint_eq(fips_cache_find(&c, at(5), 0)->mtu, 1400);
	ck_assert(learn(5, 4, 1, 0)); /* stays */
	ck_assert_uint_eq(fips_cache_find(&c, at(5), 0)->mtu, 1400);
	ck_assert(fips_cache_put(&c, at(5), &list, FIPS_CACHE_ANSWER, 1470, 0)); /* newer */
	ck_assert_uint_eq(fips_cache_find(&c, at(5), 0)->mtu, 1470);
	ck_assert(learn(5, 3, 1, 1000 * S)); /* of an entry that was dead */
	ck_assert_uint_eq(fips_cache_find(&c, at(5), 1000 * S)->mtu, 0);
	fips_cache_mtu(&c, at(6), 1400, 0);
	ck_assert(!known(6, 0));
}
END_TEST

/* R7.  A stranger who knows the addresses and not the keys fills no bucket: over many keys, 4096
 * addresses that differ in a few bits, in low ones or in high ones, come to no longer chains than
 * chance has it. */
START_TEST(chains_stay_short)
{
	struct mr_rand_state seed = { .seed = 1000 + (uint64_t)_i };
	struct mr_rand rand = mr_rand_seeded(&seed);
	unsigned longest = 0;
	struct fips_cache big;

	ck_assert(fips_cache_open(&big, &me, &(struct fips_cache_settings){ 4096, 300 }, &rand));
	for (unsigned x = 0; x < 4096; x++) {
		struct fips_treepath p = { .n = 1, .a[0].b[7] = 1 };
		struct fips_coords list = fips_treepath_coords(&p);

		mr_to_le32(p.a[0].b + 4 * (_i % 4), _i < 4 ? x : x << 16);
		ck_assert(fips_cache_put(&big, &p.a[0], &list, FIPS_CACHE_PASSING, 0, 0));
	}
	for (unsigned b = 0; b <= big.mask; b++) {
		unsigned length = 0;

		for (uint32_t i = big.buckets[b]; i != FIPS_CACHE_NONE; i = big.entries[i].chain)
			length++;
		longest = length > longest ? length : longest;
	}
	ck_assert_uint_le(longest, 32);
	fips_cache_close(&big);
}
END_TEST

/* Everything at once, for the sanitizers: all places and addresses are accounted for at the end. */
START_TEST(a_flood)
{
	struct mr_rand_state seed = { .seed = 4 };
	struct mr_rand rand = mr_rand_seeded(&seed);
	unsigned used = 0, entries = 0;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned x = 1 + mr_rand_below(&rand, 200),
			 n = 1 + mr_rand_below(&rand, FIPS_PATH_MAX);
		struct fips_treepath p;

		path_of(&p, x, n, n == 1 ? x : 3);
		ck_assert(put(x, &p, FIPS_CACHE_PASSING, i));
		ck_assert(leads(x, &p, i));
		if (i % 7 == 0)
			fips_cache_use(&c, at(1 + mr_rand_below(&rand, 200)), i);
		if (i % 11 == 0)
			fips_cache_drop(&c, at(1 + mr_rand_below(&rand, 200)));
	}
	for (unsigned i = 0; i < PLACES; i++)
		if (fips_cache_at(&c, i)) {
			entries++;
			used += (fips_cache_at(&c, i)->n + 3u) / 4;
		}
	ck_assert_uint_eq(entries, c.n);
	ck_assert_uint_eq(used + c.n_free_chunks, 2 * PLACES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *tc = tcase_create("cache");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, open_cache, close_cache);
	tcase_add_test(tc, paths_of_all_lengths);
	tcase_add_test(tc, what_is_not_taken);
	tcase_add_test(tc, verified_entries_stand);
	tcase_add_test(tc, doubted_entries_do_not_stand);
	tcase_add_test(tc, entries_expire);
	tcase_add_test(tc, the_least_recently_used_goes);
	tcase_add_test(tc, addresses_have_a_bound_too);
	tcase_add_test(tc, paths_through_us_are_void);
	tcase_add_loop_test(tc, other_roots_are_void, 0, COUNT(roots));
	tcase_add_test(tc, as_if_searched);
	tcase_add_test(tc, a_sweep_frees);
	tcase_add_test(tc, path_mtus);
	tcase_add_loop_test(tc, chains_stay_short, 0, 8);
	tcase_add_test(tc, a_flood);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
