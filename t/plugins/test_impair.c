/* impair: decisions follow from the seed alone; order, delay, doubles; nothing goes uncounted. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/modules.h"
#include "t/lib/rig.h"

#define MANY 1000

static struct rig *impair_open(const char *settings)
{
	return rig_open(modules_kind("impair", "impair"), settings, NULL);
}

static void feed(struct rig *rig, unsigned i)
{
	uint8_t bytes[64] = { 0 };
	struct mr_pkt *p;

	memcpy(bytes, &i, sizeof i);
	p = rig_feed(rig, "in", bytes, sizeof bytes);
	p->near = 100 + i;
	p->far = 200 + i;
	p->seq = 300 + i;
	p->mark = (uint8_t)(i % 5);
	memset(mr_pkt_side(p), (int)(i % 251), MR_SIDE);
}

/* The numbers of the packets that have left, in that order; checks that each is whole. */
static unsigned left(struct rig *rig, unsigned *out)
{
	const struct mr_pkt *p;
	unsigned n = 0;

	while ((p = rig_out(rig, "out"))) {
		unsigned i;

		memcpy(&i, p->data, sizeof i);
		ck_assert_uint_eq(p->len, 64);
		ck_assert_uint_eq(p->near, 100 + i);
		ck_assert_uint_eq(p->far, 200 + i);
		ck_assert_uint_eq(p->seq, 300 + i);
		ck_assert_uint_eq(p->mark, i % 5);
		ck_assert_uint_eq(mr_pkt_side(p)[MR_SIDE - 1], i % 251);
		out[n++] = i;
	}
	return n;
}

/* All of MANY packets, fed in runs of this many; returns what left. */
static unsigned drive(struct rig *rig, unsigned run, unsigned *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++) {
		feed(rig, i);
		if (i % run == run - 1) {
			rig_run(rig);
			n += left(rig, out + n);
		}
	}
	for (unsigned i = 1; i <= 100; i++) {
		rig_at(rig, (1 + i) * MR_NS_PER_S);
		rig_run(rig);
		n += left(rig, out + n);
	}
	rig_conserved(rig);
	ck_assert_uint_eq(rig_count(rig, "held"), 0); /* the word of kept packets */
	return n;
}

START_TEST(by_default_nothing_happens)
{
	struct rig *rig = impair_open("{}");
	unsigned out[2 * MANY];

	ck_assert_uint_eq(drive(rig, 37, out), MANY);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(out[i], i);
	ck_assert_uint_eq(rig_count(rig, "delayed"), 0);
	rig_close(rig);
}
END_TEST

#define BAD_PATH "\"loss\":10,\"duplicate\":5,\"reorder\":8,\"delay\":200,\"jitter\":50"

/* The same seed loses, doubles and reorders the same packets, however they come in. */
START_TEST(a_seed_repeats)
{
	struct rig *rig = impair_open("{\"seed\":7," BAD_PATH "}");
	unsigned first[2 * MANY], second[2 * MANY], third[2 * MANY], n, m;
	unsigned lost, twice = 0;

	n = drive(rig, MANY, first);
	lost = (unsigned)rig_count(rig, "loss");
	twice = (unsigned)rig_count(rig, "duplicated");
	ck_assert_uint_eq(n, MANY - lost + twice);
	ck_assert_uint_gt(lost, 60);
	ck_assert_uint_lt(lost, 140);
	ck_assert_uint_gt(twice, 20);
	ck_assert_uint_lt(twice, 80);
	ck_assert_uint_gt(rig_count(rig, "reordered"), 40);
	ck_assert_uint_lt(rig_count(rig, "reordered"), 130);
	rig_close(rig);

	rig = impair_open("{\"seed\":7," BAD_PATH "}");
	m = drive(rig, 40, second);
	ck_assert_uint_eq(rig_count(rig, "loss"), lost);
	ck_assert_uint_eq(rig_count(rig, "duplicated"), twice);
	ck_assert_uint_eq(m, n);
	rig_close(rig);

	rig = impair_open("{\"seed\":7," BAD_PATH "}");
	ck_assert_uint_eq(drive(rig, MANY, third), n);
	ck_assert_mem_eq(third, first, n * sizeof *first);
	rig_close(rig);

	rig = impair_open("{\"seed\":8," BAD_PATH "}");
	m = drive(rig, MANY, second);
	ck_assert(m != n || memcmp(first, second, n * sizeof *first) != 0);
	rig_close(rig);
}
END_TEST

START_TEST(delay_and_jitter_keep_order)
{
	struct rig *rig = impair_open("{\"delay\":5000,\"jitter\":3000}");
	unsigned out[2 * MANY], n;

	for (unsigned i = 0; i < 100; i++)
		feed(rig, i);
	ck_assert_str_eq(rig_run(rig), "kept");
	rig_at(rig, MR_NS_PER_S + 4999 * MR_NS_PER_US);
	rig_run(rig);
	ck_assert_uint_eq(left(rig, out), 0);
	ck_assert_uint_eq(rig_count(rig, "held"), 100);
	rig_at(rig, MR_NS_PER_S + 6500 * MR_NS_PER_US);
	rig_run(rig);
	n = left(rig, out);
	ck_assert_uint_lt(n, 100);
	rig_at(rig, MR_NS_PER_S + 8000 * MR_NS_PER_US);
	rig_run(rig);
	n += left(rig, out + n);
	ck_assert_uint_eq(n, 100);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(out[i], i);
	ck_assert_uint_eq(rig_count(rig, "delayed"), 100);
	rig_close(rig);
}
END_TEST

/* Those in order stay in order among themselves, the late come after them. */
START_TEST(reordered_packets_are_overtaken)
{
	struct rig *rig = impair_open("{\"reorder\":20,\"reorder_by\":500}");
	unsigned out[2 * MANY], n, late, passed = 0;

	for (unsigned i = 0; i < 200; i++)
		feed(rig, i);
	rig_run(rig);
	n = left(rig, out);
	late = (unsigned)rig_count(rig, "reordered");
	ck_assert_uint_gt(late, 10);
	ck_assert_uint_eq(n, 200 - late);
	rig_at(rig, MR_NS_PER_S + 500 * MR_NS_PER_US);
	rig_run(rig);
	ck_assert_uint_eq(left(rig, out + n), late);
	for (unsigned i = 1; i < 200; i++)
		passed += out[i] < out[i - 1];
	ck_assert_uint_eq(passed, 1);
	rig_close(rig);
}
END_TEST

START_TEST(doubles_follow_at_once)
{
	struct rig *rig = impair_open("{\"duplicate\":100}");
	unsigned out[2 * MANY];

	ck_assert_uint_eq(drive(rig, 64, out), 2 * MANY);
	for (unsigned i = 0; i < 2 * MANY; i++)
		ck_assert_uint_eq(out[i], i / 2);
	ck_assert_uint_eq(rig_count(rig, "made"), MANY);
	rig_close(rig);
}
END_TEST

START_TEST(all_is_lost)
{
	struct rig *rig = impair_open("{\"loss\":100,\"duplicate\":100}");
	unsigned out[2 * MANY];

	ck_assert_uint_eq(drive(rig, 64, out), 0);
	ck_assert_uint_eq(rig_count(rig, "loss"), MANY);
	rig_close(rig);
}
END_TEST

/* What is kept has an end: the input waits, and goes on when there is room again (R7). */
START_TEST(too_many_kept_hold_the_input)
{
	struct rig *rig = impair_open("{\"delay\":1000000}");
	unsigned out[2 * MANY];

	for (unsigned i = 0; i < MANY; i++)
		feed(rig, i);
	rig_run(rig);
	ck_assert(rig_holds(rig, "in"));
	ck_assert_uint_le(rig_count(rig, "in"), 1024);
	ck_assert_uint_gt(rig_count(rig, "in"), 1024 - 128);
	ck_assert_uint_eq(left(rig, out), 0);
	rig_at(rig, 2 * MR_NS_PER_S);
	rig_run(rig);
	ck_assert(!rig_holds(rig, "in"));
	rig_at(rig, 3 * MR_NS_PER_S);
	rig_run(rig);
	ck_assert_uint_eq(left(rig, out), MANY);
	rig_close(rig);
}
END_TEST

START_TEST(stopping_drops_what_is_kept)
{
	struct rig *rig = impair_open("{\"delay\":1000000,\"reorder\":50}");

	for (unsigned i = 0; i < 300; i++)
		feed(rig, i);
	rig_run(rig);
	rig_stop(rig);
	ck_assert_uint_eq(rig_count(rig, "stopped"), 300);
	rig_close(rig);
}
END_TEST

static const struct {
	const char *settings, *says;
} bad[] = {
	{ "{\"loss\":101}", "above 100" },
	{ "{\"duplicate\":-1}", "below 0" },
	{ "{\"delay\":10000001}", "above 10000000" },
	{ "{\"reorder\":\"often\"}", "reorder" },
	{ "{\"lose\":1}", "lose" },
};

START_TEST(bad_settings)
{
	char *text = rig_refusal(modules_kind("impair", "impair"), bad[_i].settings, NULL);

	ck_assert_msg(text && strstr(text, bad[_i].says), "%s: %s", bad[_i].settings,
	              text ? text : "taken");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("impair");
	TCase *tc = tcase_create("impair");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, by_default_nothing_happens);
	tcase_add_test(tc, a_seed_repeats);
	tcase_add_test(tc, delay_and_jitter_keep_order);
	tcase_add_test(tc, reordered_packets_are_overtaken);
	tcase_add_test(tc, doubles_follow_at_once);
	tcase_add_test(tc, all_is_lost);
	tcase_add_test(tc, too_many_kept_hold_the_input);
	tcase_add_test(tc, stopping_drops_what_is_kept);
	tcase_add_loop_test(tc, bad_settings, 0, sizeof bad / sizeof *bad);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
