/* Meshes from fixed seeds, and the simulation itself: it repeats, and it notices. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/sim/checks.h"
#include "t/sim/seal.h"
#include "t/sim/sim.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- the stand-in AEAD ------------------------------------------------------------------------ */

static bool opens(const uint8_t key[32], uint64_t counter, const uint8_t aad[4], uint8_t *sealed,
                  uint32_t n)
{
	struct mr_aead_op op = { .ctx = sim_aead.prepare(key), .counter = counter, .aad = aad,
		                 .aad_len = 4, .src = { { sealed, n } }, .dst = sealed };

	sim_aead.open(&op, 1);
	sim_aead.release(op.ctx);
	return op.ok;
}

/* Nothing but the right key, counter, associated data and text opens;
 * what does not is left as it was. */
START_TEST(the_stand_in_authenticates)
{
	uint8_t key[32] = { 1, 2, 3 }, aad[4] = { 9 }, sealed[64], copy[64];
	static const uint8_t text[41] = "forty bytes of text, and the NUL of them";
	uint32_t n = sizeof text + MR_AEAD_TAG;
	struct mr_aead_op op = { .ctx = sim_aead.prepare(key), .counter = 7, .aad = aad,
		                 .aad_len = 4,
		                 .src = { { text, sizeof text } }, .dst = sealed };

	sim_aead.seal(&op, 1);
	sim_aead.release(op.ctx);
	ck_assert_int_ne(memcmp(sealed, text, sizeof text), 0);
	memcpy(copy, sealed, n);
	for (unsigned bit = 0; bit < 8 * n; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!opens(key, 7, aad, sealed, n));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_mem_eq(sealed, copy, n);
	}
	for (unsigned bit = 0; bit < 256; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!opens(key, 7, aad, sealed, n));
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert(!opens(key, 8, aad, sealed, n));
	ck_assert(!opens(key, 7, (const uint8_t[4]){ 8 }, sealed, n));
	ck_assert(opens(key, 7, aad, sealed, n));
	ck_assert_mem_eq(sealed, text, sizeof text);
}
END_TEST

/* --- the simulation itself -------------------------------------------------------------------- */

static struct sim *run(const struct sim_options *o)
{
	struct sim *s = sim_open(o);

	sim_run(s);
	return s;
}

static uint64_t digest_of(uint64_t seed)
{
	struct sim_options o = { .seed = seed, .nodes = 7, .seconds = 60, .storm = "all",
		                 .shape = "any", .retry = 30000 };
	struct sim *s = run(&o);
	uint64_t digest = s->digest;

	sim_close(s);
	return digest;
}

/* One seed is one course of events, to the byte. */
START_TEST(a_seed_repeats)
{
	uint64_t first = digest_of(5);

	ck_assert_uint_eq(first, digest_of(5));
	ck_assert_uint_ne(first, digest_of(6));
}
END_TEST

static struct sim *small(void)
{
	struct sim_options o = { .seed = 1, .nodes = 2, .seconds = 1, .storm = "calm",
		                 .shape = "line", .retry = 30000 };

	return sim_open(&o);
}

/* A counter used twice under one key ends the run. */
START_TEST(a_nonce_that_repeats_is_noticed)
{
	struct sim *s = small();
	uint8_t key[32] = { 1 };
	uint32_t book = sim_keys_new(s, &s->nodes[0], key);

	sim_keys_seal(s, &s->nodes[0], book, 0);
	sim_keys_seal(s, &s->nodes[0], book, 1);
	sim_keys_seal(s, &s->nodes[0], book, 1);
}
END_TEST

/* ... as does a key that comes again. */
START_TEST(a_key_that_repeats_is_noticed)
{
	struct sim *s = small();
	uint8_t key[32] = { 1 };

	sim_keys_new(s, &s->nodes[0], key);
	sim_keys_new(s, &s->nodes[1], key);
}
END_TEST

/* --- meshes ----------------------------------------------------------------------------------- */

static const struct sim_options meshes[] = {
	{ .seed = 1, .nodes = 5, .seconds = 60, .storm = "calm", .shape = "any" },
	{ .seed = 2, .nodes = 12, .seconds = 200, .storm = "lossy", .shape = "grid" },
	{ .seed = 3, .nodes = 8, .seconds = 200, .storm = "terrible", .shape = "ring" },
	{ .seed = 4, .nodes = 16, .seconds = 200, .storm = "links", .shape = "any" },
	{ .seed = 5, .nodes = 16, .seconds = 200, .storm = "nodes", .shape = "near" },
	{ .seed = 6, .nodes = 20, .seconds = 200, .storm = "split", .shape = "any" },
	{ .seed = 7, .nodes = 10, .seconds = 200, .storm = "roam", .shape = "star" },
	{ .seed = 8, .nodes = 12, .seconds = 200, .storm = "clocks", .shape = "tree" },
	{ .seed = 9, .nodes = 50, .seconds = 120, .storm = "all", .shape = "any" },
	{ .seed = 10, .nodes = 20, .seconds = 240, .storm = "halves", .shape = "near" },
};

/* Nothing is lost, altered or misled while the storm blows, and all is well soon after it. */
START_TEST(weathers_it)
{
	struct sim_options o = meshes[_i];
	struct sim *s;

	o.retry = 30000;
	s = run(&o);
	ck_assert_uint_gt(s->figures.answered, 0);
	ck_assert(s->well);
	sim_close(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_stand_in_authenticates);
	tcase_add_test(tc, a_seed_repeats);
	tcase_add_test_raise_signal(tc, a_nonce_that_repeats_is_noticed, SIGABRT);
	tcase_add_test_raise_signal(tc, a_key_that_repeats_is_noticed, SIGABRT);
	tcase_add_loop_test(tc, weathers_it, 0, (int)COUNT(meshes));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
