/* The replay window: the stored sequences of both layers, the edges, and a model that remembers
 * every counter. */
#include "fips/path/window.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/rand.h"
#include "t/lib/vectors.h"

static const char *const names[] = {
	[FIPS_REPLAY_FRESH] = "accept",
	[FIPS_REPLAY_STALE] = "too_old",
	[FIPS_REPLAY_DUPLICATE] = "duplicate",
};

static enum fips_replay feed(struct fips_window *w, uint64_t counter)
{
	enum fips_replay verdict = fips_window_test(w, counter);

	if (verdict == FIPS_REPLAY_FRESH)
		fips_window_commit(w, counter);
	return verdict;
}

START_TEST(link_vectors)
{
	json_t *root = vectors_load("link_vectors");
	struct fips_window w = { 0 };
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "replay"), index, v) {
		uint64_t counter = vectors_u64(v, "counter");

		ck_assert_str_eq(names[feed(&w, counter)], vectors_text(v, "verdict"));
		ck_assert_uint_eq(w.highest, vectors_u64(v, "highest_after"));
	}
	ck_assert_uint_eq(index, 28);
	json_decref(root);
}
END_TEST

START_TEST(session_vectors)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v = vectors_get(root, "replay");
	const json_t *counters = vectors_get(v, "counters");
	const char *accepted = vectors_text(v, "accepted");
	struct fips_window w = { 0 };

	ck_assert_uint_eq(vectors_u64(v, "window"), FIPS_WINDOW);
	ck_assert_uint_eq(json_array_size(counters), strlen(accepted));
	for (size_t i = 0; accepted[i]; i++) {
		uint64_t counter = (uint64_t)json_integer_value(json_array_get(counters, i));

		ck_assert_int_eq(feed(&w, counter) == FIPS_REPLAY_FRESH, accepted[i] == '1');
	}
	json_decref(root);
}
END_TEST

#define TOP UINT64_MAX

static const struct {
	uint64_t         counter;
	enum fips_replay verdict;
} walk[] = {
	{ 0, FIPS_REPLAY_FRESH },          { 0, FIPS_REPLAY_DUPLICATE },
	{ 2047, FIPS_REPLAY_FRESH },       { 0, FIPS_REPLAY_DUPLICATE },
	{ 2048, FIPS_REPLAY_FRESH },       { 0, FIPS_REPLAY_STALE },
	{ 1, FIPS_REPLAY_FRESH },          { 2049, FIPS_REPLAY_FRESH },
	{ 1, FIPS_REPLAY_STALE },          { 2, FIPS_REPLAY_FRESH },
	{ 4096 + 2049, FIPS_REPLAY_FRESH }, /* one ring further: the same bits, all new */
	{ 4098, FIPS_REPLAY_FRESH },       { 4098, FIPS_REPLAY_DUPLICATE },
	{ 4097, FIPS_REPLAY_STALE },       { TOP - 1, FIPS_REPLAY_FRESH },
	{ TOP, FIPS_REPLAY_FRESH },        { TOP, FIPS_REPLAY_DUPLICATE },
	{ TOP - 2047, FIPS_REPLAY_FRESH }, { TOP - 2048, FIPS_REPLAY_STALE },
	{ 3, FIPS_REPLAY_STALE },
};

START_TEST(edges)
{
	struct fips_window w = { 0 };

	for (size_t i = 0; i < COUNT(walk); i++)
		ck_assert_msg(feed(&w, walk[i].counter) == walk[i].verdict, "step %zu, counter %ju",
		              i, (uintmax_t)walk[i].counter);
}
END_TEST

/* Random steps of all sizes against a list of everything accepted. */
START_TEST(agrees_with_a_model)
{
	static uint64_t accepted[30000];
	struct mr_rand_state state = { .seed = 11 };
	struct mr_rand r = mr_rand_seeded(&state);
	struct fips_window w = { 0 };
	size_t n = 0;

	for (unsigned i = 0; i < COUNT(accepted); i++) {
		uint32_t span = UINT32_C(1) << mr_rand_below(&r, 14);
		uint64_t at = w.highest + mr_rand_below(&r, span);
		uint64_t back = mr_rand_below(&r, at < 2100 ? (uint32_t)at + 1 : 2100);
		uint64_t counter = mr_rand_below(&r, 3) ? at - back : at;
		enum fips_replay want = FIPS_REPLAY_FRESH;

		if (counter <= w.highest && w.highest - counter >= 2048)
			want = FIPS_REPLAY_STALE;
		for (size_t k = n; want == FIPS_REPLAY_FRESH && k > 0 && n - k < 6000; k--)
			if (accepted[k - 1] == counter)
				want = FIPS_REPLAY_DUPLICATE;
		ck_assert_uint_eq(feed(&w, counter), want);
		if (want == FIPS_REPLAY_FRESH)
			accepted[n++] = counter;
	}
	ck_assert_uint_gt(n, 5000);
}
END_TEST

/* A test alone, and a refused counter, leave the window as it was. */
START_TEST(a_test_changes_nothing)
{
	struct fips_window w = { 0 }, before;

	for (uint64_t c = 0; c < 5000; c += 3)
		feed(&w, c);
	before = w;
	for (uint64_t c = 0; c < 9000; c++)
		fips_window_test(&w, c);
	ck_assert_mem_eq(&w, &before, sizeof w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/window");
	TCase *t = tcase_create("window");
	SRunner *sr;
	int failed;

	tcase_add_test(t, link_vectors);
	tcase_add_test(t, session_vectors);
	tcase_add_test(t, edges);
	tcase_add_test(t, agrees_with_a_model);
	tcase_add_test(t, a_test_changes_nothing);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
