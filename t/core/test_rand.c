/* Random bytes: the seeded ones repeat and are the documented ones, the kernel's do not repeat. */
#include "core/clock.h"
#include "core/rand.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <string.h>

/* SHA-256(LE64(seed) || LE64(block)), computed with another program. */
static const struct {
	uint64_t seed, block;
	const char *bytes;
} known[] = {
	{ 0, 0, "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb" },
	{ 1, 0, "4cbbd8ca5215b8d161aec181a74b694f4e24b001d5b081dc0030ed797a8973e0" },
	{ 1, 1, "814dd7b9784d57c15b9c2972e9b4fd6cf7e164f8162a934bdb2452a413dab1f7" },
};

START_TEST(seeded_known)
{
	struct mr_rand_state state = { .seed = known[_i].seed, .block = known[_i].block };
	struct mr_rand r = mr_rand_seeded(&state);
	struct bytes want = vectors_hex(known[_i].bytes);
	uint8_t got[32];

	mr_rand_bytes(&r, got, sizeof got);
	vectors_same("seeded bytes", got, sizeof got, want.at, want.n);
	ck_assert_uint_eq(state.block, known[_i].block + 1);
}
END_TEST

/* Any length: whole blocks in a row, a partial one at the end, nothing beyond. */
START_TEST(seeded_lengths)
{
	for (size_t n = 0; n <= 100; n++) {
		struct mr_rand_state state = { .seed = 7 }, again = { .seed = 7 };
		struct mr_rand r = mr_rand_seeded(&state), s = mr_rand_seeded(&again);
		uint8_t got[101], want[128];

		memset(got, 0xee, sizeof got);
		mr_rand_bytes(&r, got, n);
		ck_assert_uint_eq(got[n], 0xee);
		ck_assert_uint_eq(state.block, (n + 31) / 32);
		for (unsigned i = 0; i < 4; i++)
			mr_rand_bytes(&s, want + (size_t)32 * i, 32);
		ck_assert_int_eq(memcmp(got, want, n), 0);
	}
}
END_TEST

START_TEST(below)
{
	struct mr_rand_state state = { .seed = 3 };
	struct mr_rand r = mr_rand_seeded(&state);
	unsigned seen[5] = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		uint32_t v = mr_rand_below(&r, 5);

		ck_assert_uint_lt(v, 5);
		seen[v]++;
		ck_assert_uint_eq(mr_rand_below(&r, 1), 0);
	}
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_gt(seen[i], 100);
}
END_TEST

START_TEST(system_fills)
{
	static uint8_t a[100000];
	struct mr_rand r = mr_rand_system();
	uint8_t x[32], y[32], zero[64] = { 0 };

	mr_rand_bytes(&r, x, sizeof x);
	mr_rand_bytes(&r, y, sizeof y);
	ck_assert_mem_ne(x, y, sizeof x);
	mr_rand_bytes(&r, a, 0);
	ck_assert_mem_eq(a, zero, sizeof zero);
	mr_rand_bytes(&r, a, sizeof a - 32);
	for (size_t i = 0; i + 64 <= sizeof a - 32; i += 64)
		ck_assert_mem_ne(a + i, zero, 64);
	ck_assert_mem_eq(a + sizeof a - 32, zero, 32);
}
END_TEST

START_TEST(clock_goes_forward)
{
	uint64_t before = mr_clock_now();

	ck_assert_uint_gt(before, 0);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t now = mr_clock_now();

		ck_assert_uint_ge(now, before);
		before = now;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rand");
	TCase *tc = tcase_create("rand");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, seeded_known, 0, COUNT(known));
	tcase_add_test(tc, seeded_lengths);
	tcase_add_test(tc, below);
	tcase_add_test(tc, system_fills);
	tcase_add_test(tc, clock_goes_forward);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
