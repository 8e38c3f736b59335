/* One nonce, one text: what passes is told from what passed before, within a bound. */
#include "t/lib/witness.h"

#include <check.h>

#include "core/wire.h"

static enum witness_verdict see(struct witness *w, uint32_t to, uint32_t index, uint64_t counter,
                                const char *text)
{
	return witness_see(w, to, index, counter, (const uint8_t *)text, strlen(text));
}

static const struct {
	uint32_t             to, index;
	uint64_t             counter;
	const char          *text;
	enum witness_verdict verdict;
} walk[] = {
	{ 0, 7, 0, "first", WITNESS_FRESH },
	{ 0, 7, 0, "first", WITNESS_REPEAT },
	{ 0, 7, 0, "First", WITNESS_CLASH },  /* one bit               */
	{ 0, 7, 0, "firs", WITNESS_CLASH },   /* a byte less           */
	{ 0, 7, 0, "first", WITNESS_REPEAT }, /* a clash changes nothing */
	{ 0, 7, 1, "first", WITNESS_FRESH },  /* another nonce         */
	{ 0, 8, 0, "other", WITNESS_FRESH },  /* another key           */
	{ 1, 7, 0, "other", WITNESS_FRESH },  /* another receiver      */
	{ 0, 7, 255, "edge", WITNESS_FRESH },
	{ 0, 7, 256, "page", WITNESS_FRESH },
	{ 0, 7, 255, "Edge", WITNESS_CLASH },
	{ 0, 7, UINT64_MAX, "last", WITNESS_FRESH },
	{ 0, 7, UINT64_MAX, "past", WITNESS_CLASH },
	{ 0, 7, 2, "", WITNESS_FRESH },
	{ 0, 7, 2, "", WITNESS_REPEAT },
	{ 0, 7, 3, "long enough for two words", WITNESS_FRESH },
	{ 0, 7, 3, "long enough for tvo words", WITNESS_CLASH },
};

START_TEST(one_text_a_nonce)
{
	struct witness w = { 0 };

	for (unsigned i = 0; i < sizeof walk / sizeof *walk; i++)
		ck_assert_int_eq(see(&w, walk[i].to, walk[i].index, walk[i].counter, walk[i].text),
		                 walk[i].verdict);
	ck_assert_uint_eq(w.keys, 3);
	witness_free(&w);
}
END_TEST

/* A hundred keys of ten thousand frames: all fresh, then all known, then all clashes. */
START_TEST(many)
{
	enum { KEYS = 100, FRAMES = 10000 };
	struct witness w = { 0 };
	uint8_t bytes[16];

	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t key = 0; key < KEYS; key++) {
			for (uint64_t counter = 0; counter < FRAMES; counter++) {
				mr_to_le64(bytes, counter);
				mr_to_le64(bytes + 8, key + (round == 2) * 1000u);
				ck_assert_int_eq(
					witness_see(&w, 1, key * 0x10000, counter, bytes, 16),
					round);
			}
		}
	}
	ck_assert_uint_eq(w.keys, KEYS);
	ck_assert_uint_eq(w.pages, KEYS * ((FRAMES + WITNESS_PAGE - 1) / WITNESS_PAGE));
	witness_free(&w);
}
END_TEST

START_TEST(it_stops_at_its_bound)
{
	struct witness w = { .most = 2 };

	ck_assert_int_eq(see(&w, 0, 1, 0, "a"), WITNESS_FRESH);
	ck_assert_int_eq(see(&w, 0, 2, 0, "a"), WITNESS_FRESH);
	ck_assert_int_eq(see(&w, 0, 3, 0, "a"), WITNESS_FULL);
	ck_assert_int_eq(see(&w, 0, 2, 1, "a"), WITNESS_FRESH); /* there is room in its page */
	ck_assert_int_eq(see(&w, 0, 1, 0, "b"), WITNESS_CLASH);
	witness_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("witness");
	TCase *t = tcase_create("witness");
	SRunner *sr;
	int failed;

	tcase_add_test(t, one_text_a_nonce);
	tcase_add_test(t, many);
	tcase_add_test(t, it_stops_at_its_bound);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
