/* The examination at start: the self-test passes good providers and names what is wrong with
 * others; the choice follows the clock it is handed.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead.h"
#include "core/clock.h"
#include "t/lib/provider.h"

#include <check.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool can_run(const struct mr_aead *p)
{
	return !p->usable || p->usable();
}

/* --- self-test ------------------------------------------------------------------------------ */

START_TEST(linked_in)
{
	for (unsigned i = 0; provider_all()[i]; i++)
		if (can_run(provider_all()[i]))
			ck_assert_ptr_null(mr_aead_self_test(provider_all()[i]));
		else
			ck_assert_ptr_nonnull(mr_aead_self_test(provider_all()[i]));
}
END_TEST

static void seal_well(struct mr_aead_op *ops, unsigned n)
{
	mr_aead_mbedtls.seal(ops, n);
}

static unsigned open_well(struct mr_aead_op *ops, unsigned n)
{
	return mr_aead_mbedtls.open(ops, n);
}

static struct mr_aead_ctx *prepare_well(const uint8_t key[MR_AEAD_KEY])
{
	return mr_aead_mbedtls.prepare(key);
}

static void release_well(struct mr_aead_ctx *ctx)
{
	mr_aead_mbedtls.release(ctx);
}

static void seal_32_bits(struct mr_aead_op *ops, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct mr_aead_op op = ops[i];

		op.counter &= UINT32_MAX;
		seal_well(&op, 1);
		ops[i].ok = op.ok;
	}
}

/* Right for all texts but those of one length. */
static void seal_but_one(struct mr_aead_op *ops, unsigned n)
{
	seal_well(ops, n);
	for (unsigned i = 0; i < n; i++)
		if (ops[i].src[0].len == 255)
			ops[i].dst[3] ^= 1;
}

/* Sealing and opening agree, but on another nonce where there is much associated data. */
static void shift(struct mr_aead_op *ops, unsigned n, uint64_t by)
{
	for (unsigned i = 0; i < n; i++)
		if (ops[i].aad_len > 32)
			ops[i].counter += by;
}

static void seal_shifted(struct mr_aead_op *ops, unsigned n)
{
	shift(ops, n, 1);
	seal_well(ops, n);
	shift(ops, n, UINT64_MAX);
}

static unsigned open_shifted(struct mr_aead_op *ops, unsigned n)
{
	unsigned good;

	shift(ops, n, 1);
	good = open_well(ops, n);
	shift(ops, n, UINT64_MAX);
	return good;
}

static unsigned open_zeroing(struct mr_aead_op *ops, unsigned n)
{
	unsigned good = open_well(ops, n);

	for (unsigned i = 0; i < n; i++)
		if (!ops[i].ok && ops[i].src[0].len > MR_AEAD_TAG)
			memset(ops[i].dst, 0, ops[i].src[0].len - MR_AEAD_TAG);
	return good;
}

static unsigned open_without_looking(struct mr_aead_op *ops, unsigned n)
{
	open_well(ops, n);
	for (unsigned i = 0; i < n; i++)
		ops[i].ok = true;
	return n;
}

static struct mr_aead_ctx *prepare_nothing(const uint8_t key[MR_AEAD_KEY])
{
	(void)key;
	return NULL;
}

static bool never(void)
{
	return false;
}

static const struct {
	const char *says; /* in the self-test's sentence, or NULL when it passes */
	struct mr_aead provider;
} crooked[] = {
	{ NULL, { "good", "", NULL, prepare_well, release_well, seal_well, open_well } },
	{ "processor", { "never", "", never, prepare_well, release_well, seal_well, open_well } },
	{ "memory", { "poor", "", NULL, prepare_nothing, release_well, seal_well, open_well } },
	{ "A.5", { "32 bits", "", NULL, prepare_well, release_well, seal_32_bits, open_well } },
	{ "does not open",
	  { "but one", "", NULL, prepare_well, release_well, seal_but_one, open_well } },
	{ "many lengths",
	  { "shifted", "", NULL, prepare_well, release_well, seal_shifted, open_shifted } },
	{ "changes", { "zeroing", "", NULL, prepare_well, release_well, seal_well, open_zeroing } },
	{ "wrong key",
	  { "careless", "", NULL, prepare_well, release_well, seal_well, open_without_looking } },
};

START_TEST(crooked_refused)
{
	const char *says = mr_aead_self_test(&crooked[_i].provider);

	if (!crooked[_i].says)
		ck_assert_ptr_null(says);
	else
		ck_assert_msg(says && strstr(says, crooked[_i].says), "%s: \"%s\"",
		              crooked[_i].provider.name, says ? says : "passes");
}
END_TEST

/* --- choice --------------------------------------------------------------------------------- */

/* Readings lie 1, 3 and 2 us apart in turn: whatever is between two of them, the quickest vector
 * takes 1 us. */
static uint64_t uneven_clock(void)
{
	static const uint64_t steps[] = { 1000, 3000, 2000 };
	static uint64_t t;
	static unsigned k;

	return t += steps[k++ % 3];
}

/* 100 us apart while the first provider is measured, which is 2 * (1 + 2 * 50) readings, then 1. */
static uint64_t slow_first_clock(void)
{
	static uint64_t t;
	static unsigned k;

	return t += k++ < 202 ? 100000 : 1000;
}

static uint64_t still_clock(void)
{
	return 5;
}

START_TEST(equals_go_to_the_first)
{
	struct mr_aead_score scores[MR_AEAD_MAX];
	unsigned n = 0;

	ck_assert_ptr_eq(mr_aead_choose(provider_all(), uneven_clock, scores, &n),
	                 provider_all()[0]);
	ck_assert_uint_gt(n, 0);
	ck_assert_ptr_null(provider_all()[n]);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_ptr_eq(scores[i].provider, provider_all()[i]);
		ck_assert((scores[i].refused == NULL) == can_run(provider_all()[i]));
		if (scores[i].refused)
			continue;
		ck_assert_uint_eq(scores[i].ns_seal, 1000 / 16);
		ck_assert_uint_eq(scores[i].ns_open, 1000 / 16);
	}
}
END_TEST

START_TEST(quickest_wins)
{
	struct mr_aead_score scores[MR_AEAD_MAX];
	const struct mr_aead *best = mr_aead_choose(provider_all(), slow_first_clock, scores, NULL);
	unsigned want = 1;

	while (provider_all()[want] && !can_run(provider_all()[want]))
		want++;
	ck_assert_uint_eq(scores[0].ns_seal, 100000 / 16);
	ck_assert_uint_eq(scores[0].ns_open, 100000 / 16);
	ck_assert_ptr_eq(best, provider_all()[want] ? provider_all()[want] : provider_all()[0]);
}
END_TEST

START_TEST(any_clock)
{
	unsigned n = 0;

	ck_assert_ptr_eq(mr_aead_choose(provider_all(), still_clock, NULL, &n), provider_all()[0]);
	ck_assert_uint_gt(n, 0);
	ck_assert_ptr_nonnull(mr_aead_choose(provider_all(), mr_clock_now, NULL, NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aead_choice");
	TCase *tc = tcase_create("aead_choice");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, linked_in);
	tcase_add_loop_test(tc, crooked_refused, 0, COUNT(crooked));
	tcase_add_test(tc, equals_go_to_the_first);
	tcase_add_test(tc, quickest_wins);
	tcase_add_test(tc, any_clock);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
