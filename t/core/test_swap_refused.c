/* Exchanging the graph that runs: what cannot be done changes nothing. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "t/lib/swap_file.h"

/* A stage that holds its input for ever: half a second, and everything goes on. */
START_TEST(no_rest_no_exchange)
{
	static const struct swap_plan from = { "two", 2, .more = ",\"stuck\":true" },
				      to = { "one", 1, .park = 0 };
	struct swap_file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	struct mr_worker *workers;

	swap_make(&a, &from, "{}");
	swap_make(&b, &to, "{}");
	e = swap_open(&a, _i);
	workers = e->worker;
	if (_i)
		swap_host_runs(e, 20);
	else
		swap_turn(e, 100);
	for (unsigned again = 0; again < 2; again++) {
		unsigned before = swap_world.done;

		report = (struct mr_report){ 0 };
		ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_REFUSED);
		ck_assert(swap_says(&report, "did not come to rest"));
		mr_report_free(&report);
		ck_assert_uint_eq(done.missing, 0);
		ck_assert_ptr_eq(e->graph, a.graph);
		ck_assert_ptr_eq(e->worker, workers);
		ck_assert_uint_eq(swap_world.stayed, again + 1);
		if (_i)
			swap_host_runs(e, 20);
		else
			swap_turn(e, 100);
		ck_assert_uint_gt(swap_world.done, before); /* orders are answered again */
	}
	mr_engine_stop(e);
	swap_check_books(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	swap_free(&a);
	swap_free(&b);
}
END_TEST

/* Everything rests, and yet it does not end when main speaks for the workers.  The same threads go
 * on: none has to be made at a time when it might not be had. */
START_TEST(no_end_no_exchange)
{
	static const struct swap_plan from = { "two", 3, .park = 0 },
				      to = { "staged", 2, .park = 0 };
	struct swap_file a, b;
	struct mr_engine *e;
	struct mr_swapped done;
	pid_t before[3];
	uint64_t taken;

	swap_make(&a, &from, "{}");
	swap_make(&b, &to, "{}");
	e = swap_open(&a, true);
	for (unsigned i = 0; i < 3; i++) {
		while (!swap_world.thread[i])
			swap_host_runs(e, 1);
		before[i] = swap_world.thread[i];
	}
	swap_world.main = gettid();
	swap_world.restless = true;
	for (unsigned again = 0; again < 5; again++) {
		struct mr_report report = { 0 };

		ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_REFUSED);
		ck_assert(swap_says(&report, "did not come to rest"));
		ck_assert_uint_eq(report.errors, 1);
		mr_report_free(&report);
		ck_assert_uint_eq(swap_world.stayed, again + 1);
		taken = swap_world.taken;
		for (unsigned i = 0; i < 3; i++)
			swap_world.thread[i] = 0;
		for (unsigned i = 0; i < 3; i++) {
			while (!swap_world.thread[i])
				swap_host_runs(e, 1);
			ck_assert_int_eq(swap_world.thread[i], before[i]);
		}
		while (swap_world.taken == taken)
			swap_host_runs(e, 1);
	}
	swap_world.restless = false;
	swap_world.stayed = 0;
	ck_assert_int_eq(swap_until_done(e, &b, &done, &(struct mr_report){ 0 }), MR_SWAP_ALL);
	swap_host_runs(e, 5);
	swap_finish(e);
	swap_free(&a);
	swap_free(&b);
}
END_TEST

/* What is wrong is told with its place in the file, and nothing has changed. */
static const struct refusal {
	const char *node, *what;
	bool        open, prepare;
} refusals[] = {
	{ .node = "{\"box\":{\"size\":6}}",
	  .what = "node:1:9: box.size: a change here needs a restart" },
	{ .node = "{\"box\":{\"label\":\"x\"}}",
	  .what = "box.label: a change here needs a restart" },
	{ "{\"limits\":{\"n\":8}}", "limits.n: boss: told to refuse", .prepare = true },
	{ "{}", "source: told not to open", .open = true },
};

START_TEST(a_refusal_changes_nothing)
{
	static const struct swap_plan from = { "two", 2, .park = 4 },
				      to = { "staged", 2, .park = 4 };
	const struct refusal *r = &refusals[_i];
	struct swap_file a, b;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;

	swap_make(&a, &from, "{}");
	swap_make(&b, &to, r->node);
	e = swap_open(&a, true);
	swap_host_runs(e, 2);
	swap_world.refuse_open = r->open;
	swap_world.refuse_prepare = r->prepare;
	ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_REFUSED);
	ck_assert(swap_says(&report, r->what));
	ck_assert_ptr_eq(e->graph, a.graph);
	ck_assert_ptr_eq(e->doc, a.node);
	ck_assert_uint_eq(swap_world.limit, 7);
	ck_assert_uint_eq(swap_world.went + done.missing + done.rest_ns, 0);
	ck_assert_uint_eq(swap_boxes_open, 1);
	swap_host_runs(e, 2);
	swap_finish(e);
	mr_report_free(&report);
	swap_free(&a);
	swap_free(&b);
}
END_TEST

/* Settings of the host alone: the data workers are not touched.  A default written out is none. */
START_TEST(the_host_alone)
{
	static const struct swap_plan plan = { "two", 2, .park = 4 };
	struct swap_file a, b, c;
	struct mr_engine *e;
	struct mr_report report = { 0 };
	struct mr_swapped done;
	struct mr_worker *workers;

	swap_make(&a, &plan, "{}");
	swap_make(&b, &plan, "{\"limits\":{\"n\":9},\"box\":{\"size\":5}}");
	swap_make(&c, &plan, "{\"limits\":{\"n\":7},\"box\":null}");
	e = swap_open(&a, true);
	workers = e->worker;
	swap_host_runs(e, 2);
	ck_assert_int_eq(swap_to(e, &c, &done, &report), MR_SWAP_SAME);
	ck_assert_ptr_eq(e->doc, a.node);
	ck_assert_uint_eq(swap_world.prepared, 0);
	ck_assert_int_eq(swap_to(e, &b, &done, &report), MR_SWAP_HOST);
	ck_assert_ptr_eq(e->graph, a.graph);
	ck_assert_ptr_eq(e->doc, b.node);
	ck_assert_ptr_eq(e->worker, workers);
	ck_assert_uint_eq(swap_world.limit, 9);
	swap_world.refuse_prepare = true;
	ck_assert_int_eq(swap_to(e, &c, &done, &report), MR_SWAP_REFUSED);
	ck_assert_ptr_eq(e->doc, b.node);
	ck_assert_uint_eq(swap_world.limit, 9);
	swap_host_runs(e, 2);
	swap_finish(e);
	mr_report_free(&report);
	swap_free(&a);
	swap_free(&b);
	swap_free(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("swap-refused");
	TCase *no = tcase_create("no");
	SRunner *sr;
	int failed;

	tcase_set_timeout(no, 120);
	tcase_add_loop_test(no, no_rest_no_exchange, 0, 2);
	tcase_add_test(no, no_end_no_exchange);
	tcase_add_loop_test(no, a_refusal_changes_nothing, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(no, the_host_alone);
	suite_add_tcase(s, no);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
