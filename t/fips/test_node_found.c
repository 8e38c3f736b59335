/* Nodes that make themselves known: who is called, how many, and when again. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/node_bench.h"

#define ME    30
#define OTHER 40
#define S     MR_NS_PER_S

static const char *found(struct bench *b, unsigned who, unsigned at)
{
	struct fips_identity id = world_identity(who);

	return bench_feed(b, &(struct fips_input){ .kind = FIPS_IN_FOUND, .bytes = id.pub + 1,
	                                           .len = FIPS_XONLY_LEN, .via = bench_via(at) });
}

static struct bench *open_bench(unsigned peers)
{
	struct fips_node_config config = fips_node_config_default();
	struct bench *b;

	config.rekey = false;
	config.link_mmp = FIPS_MMP_MINIMAL;
	config.max_peers = 100;
	config.limits.calls = 0;
	config.limits.links = 0;
	b = bench_open(ME, peers, &config);
	b->alive = true;
	bench_wait(b, 0);
	return b;
}

/* One dial, to where it was heard; the answer makes a link.  While it is called, and while there is
 * a link, more of its beacons change nothing. */
START_TEST(the_found_are_called)
{
	struct puppet peer = { .who = OTHER, .ephemeral = 1, .epoch = 1, .index = 5, .from = 77 };
	struct bench *b = open_bench(0);
	struct fips_via via = bench_via(77);

	want("", found(b, OTHER, 77));
	want("expect msg1", bench_wait(b, 0));
	ck_assert(fips_via_eq(&b->last[FIPS_ACT_SEND_RAW].via, &via));
	want("", found(b, OTHER, 77));
	want("", found(b, OTHER, 78));
	want("", bench_wait(b, 0));
	want("install use heartbeat", bench_msg2(b, &peer));
	want("", found(b, OTHER, 77));
	want("", bench_wait(b, 0));
	bench_close(b);
}
END_TEST

/* Without an answer it is called again by its next beacon, and not before. */
START_TEST(the_silent_are_forgotten)
{
	struct bench *b = open_bench(0);

	found(b, OTHER, 77);
	want("expect msg1", bench_wait(b, 0));
	bench_wait(b, 40 * S);
	want("", bench_wait(b, 300 * S));
	want("", found(b, OTHER, 78));
	want("expect msg1", bench_wait(b, 0));
	bench_close(b);
}
END_TEST

/* We ourselves, a configured peer, and what is no key. */
START_TEST(who_is_not_called)
{
	static const uint8_t off_curve[FIPS_XONLY_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		                                           0xff, 0xff, 0xff, 0xff };
	struct bench *b = open_bench(1);
	struct fips_input in = { .kind = FIPS_IN_FOUND, .bytes = off_curve, .len = FIPS_XONLY_LEN,
		                 .via = bench_via(50) };
	struct fips_via via = bench_via(ME + 1);

	ck_assert(fips_via_eq(&b->last[FIPS_ACT_SEND_RAW].via, &via)); /* as configured */
	found(b, ME, 50);
	found(b, ME + 1, 50);
	bench_feed(b, &in);
	in.len--;
	bench_feed(b, &in);
	want("", bench_wait(b, 0));
	bench_close(b);
}
END_TEST

/* Whoever floods us makes 16 calls at a time, one a second,
 * and costs no configured peer its own (R7). */
START_TEST(a_flood_makes_few_calls)
{
	struct bench *b = open_bench(0);
	unsigned calls = 0;

	for (unsigned i = 0; i < 150; i++) {
		found(b, 100 + i, 100 + i);
		for (unsigned k = 0; k < 3; k++)
			calls += !strcmp(bench_wait(b, 0), "expect msg1");
	}
	ck_assert_uint_eq(calls, 16);
	ck_assert_uint_eq(bench_count(b, FIPS_NODE_LIMITED), 134);
	bench_wait(b, 60 * S); /* the calls have ended, and the bucket is full again */
	for (unsigned i = 0; i < 150; i++) {
		found(b, 100 + i, 100 + i);
		for (unsigned k = 0; k < 3; k++)
			calls += !strcmp(bench_wait(b, 0), "expect msg1");
	}
	ck_assert_uint_eq(calls, 32);
	bench_close(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("found");
	TCase *tc = tcase_create("found");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, the_found_are_called);
	tcase_add_test(tc, the_silent_are_forgotten);
	tcase_add_test(tc, who_is_not_called);
	tcase_add_test(tc, a_flood_makes_few_calls);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
