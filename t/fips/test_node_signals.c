/* test_node_signals.c - error signals: which, about what, and how many. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "fips/node/signals.h"
#include "fips/wire/fsp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOM         1244

static struct mr_rand_state seed = { .seed = 5 };
static struct fips_signals signals;
static const struct fips_addr me = { { 1 } }, src = { { 2 } }, dest = { { 3 } };
static struct fips_addr list[FIPS_COORDS_MAX];

static void set_up(void)
{
	struct mr_rand rand = mr_rand_seeded(&seed);

	ck_assert(fips_signals_open(&signals, &rand));
	for (size_t i = 0; i < COUNT(list); i++)
		list[i].b[0] = (uint8_t)(3 + i);
}

static void tear_down(void)
{
	fips_signals_close(&signals);
}

/* MTU, what is known: what is said, and its length without the envelope. */
static const struct { uint16_t mtu; unsigned known; uint8_t type; size_t len; } which[] = {
	{ 0, 0, 0x20, 38 }, { 0, 1, 0x21, 56 }, { 0, 64, 0x21, 40 + 64 * 16 },
	{ 1280, 0, 0x22, 40 }, { 1280, 4, 0x22, 40 }, { 256, 0, 0x22, 40 },
};

START_TEST(which_signal)
{
	struct fips_datagram failed = { .ttl = 1, .path_mtu = 1200, .src = src, .dest = dest }, d;
	struct fips_coords known = fips_coords_of(list, which[_i].known);
	struct fips_signal s;
	uint8_t out[ROOM];
	size_t len = fips_signals_build(out, sizeof out, &failed, &me, which[_i].mtu, &known);

	ck_assert_uint_eq(len, FIPS_DATAGRAM_HEAD + which[_i].len);
	ck_assert(fips_datagram_parse(out, len, &d));
	ck_assert_uint_eq(d.ttl, 64);
	ck_assert_uint_eq(d.path_mtu, 65535);
	ck_assert(fips_addr_eq(&d.src, &me) && fips_addr_eq(&d.dest, &src));
	ck_assert(fips_signal_parse(d.payload, d.payload_len, &s));
	ck_assert_uint_eq(s.type, which[_i].type);
	ck_assert(fips_addr_eq(&s.dest, &dest) && fips_addr_eq(&s.reporter, &me));
	ck_assert_uint_eq(s.mtu, which[_i].mtu);
	ck_assert_uint_eq(s.coords.count, which[_i].mtu ? 0 : which[_i].known);
	ck_assert_uint_eq(fips_signals_build(out, len - 1, &failed, &me, which[_i].mtu, &known), 0);
	ck_assert_uint_eq(fips_signals_build(out, 7, &failed, &me, which[_i].mtu, &known), 0);
}
END_TEST

/* A failed datagram: whose, to whom, its first two payload bytes and its length.
 * Is it answered? */
static const struct {
	struct fips_addr src, dest; uint8_t first, flags; size_t len; bool answered;
} failures[] = {
	{ { { 2 } }, { { 3 } }, 0, 0, 40, true },
	{ { { 2 } }, { { 3 } }, 0, FIPS_FSP_CP | FIPS_FSP_K, 40, true },
	{ { { 2 } }, { { 3 } }, 1, 0, 80, true },
	{ { { 2 } }, { { 3 } }, 0, FIPS_FSP_U, 38, false },       /* a signal */
	{ { { 2 } }, { { 3 } }, 0, FIPS_FSP_U | 0xf8, 4, false }, /* and a bad one */
	{ { { 2 } }, { { 3 } }, 0, 0, 0, true },                  /* empty: malformed further on */
	{ { { 1 } }, { { 3 } }, 0, 0, 40, false },                /* claims to be ours */
	{ { { 2 } }, { { 1 } }, 0, 0, 40, false },
};

START_TEST(what_is_answered)
{
	uint8_t payload[80] = { failures[_i].first, failures[_i].flags };
	struct fips_datagram failed = { .src = failures[_i].src, .dest = failures[_i].dest,
		                        .payload = payload, .payload_len = failures[_i].len };
	struct fips_datagram other = { .src = src, .dest = failures[_i].dest,
		                       .payload = payload, .payload_len = 0 };
	bool answered = failures[_i].answered;

	ck_assert(fips_signals_admit(&signals, &failed, &me, 0) == answered);
	ck_assert_uint_eq(signals.counts[FIPS_SIGNALS_UNANSWERABLE], !answered);
	/* what is not answered uses nobody's turn up */
	if (!answered && !fips_addr_eq(&other.dest, &me))
		ck_assert(fips_signals_admit(&signals, &other, &me, 0));
}
END_TEST

static unsigned flood(unsigned dests, unsigned times, uint64_t from, uint64_t step)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < times; i++)
		for (unsigned k = 0; k < dests; k++) {
			struct fips_datagram failed = { .src = src };

			failed.dest.b[0] = 9;
			failed.dest.b[1] = (uint8_t)k;
			failed.dest.b[2] = (uint8_t)(k >> 8);
			passed += fips_signals_admit(&signals, &failed, &me, from + i * step);
		}
	return passed;
}

/* R7: ten a second about each, whatever comes; and a bound for all. */
START_TEST(how_many)
{
	ck_assert_uint_eq(flood(1, 1000, 0, MR_NS_PER_MS), 10);
	ck_assert_uint_eq(flood(3, 1000, 10 * MR_NS_PER_S, MR_NS_PER_MS), 30);
	ck_assert_uint_eq(flood(4000, 2, 20 * MR_NS_PER_S, 1), FIPS_SIGNALS);
	ck_assert_uint_eq(flood(4000, 1, 21 * MR_NS_PER_S, 1), FIPS_SIGNALS);
	ck_assert_uint_eq(signals.counts[FIPS_SIGNALS_LIMITED],
	                  990 + 2970 + 12000 - 2 * FIPS_SIGNALS);
}
END_TEST

START_TEST(every_counter_has_a_name)
{
	for (unsigned i = 0; i < FIPS_SIGNALS_COUNTS; i++)
		ck_assert_ptr_nonnull(fips_signal_count_name(i));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node_signals");
	TCase *t = tcase_create("signals");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, which_signal, 0, COUNT(which));
	tcase_add_loop_test(t, what_is_answered, 0, COUNT(failures));
	tcase_add_test(t, how_many);
	tcase_add_test(t, every_counter_has_a_name);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
