/* Reports of both layers, asked for by control and put together from what the stages count. */

#include <check.h>

#include "t/lib/neighbour.h"

START_TEST(reports_are_answered_with_a_round_trip)
{
	struct fips_peer_info info;

	whole_link_up();
	whole_run(5000);
	ck_assert(mr_control_peer(mr_engine_host_state(node[0].engine), 0, &info));
	ck_assert_uint_gt(info.metrics.srtt_us, 0);
	ck_assert_uint_le(info.metrics.srtt_us, 20000);
	ck_assert_uint_eq(control_count(0, "node-report"), 0);
	whole_close_all();
}
END_TEST


/* ---- totals of what was sent, over every key there has been ---- */

static struct neighbour nb;

/* Packets leave for the neighbour, one a second. */
static void traffic(unsigned s)
{
	for (; s; s--) {
		whole_say(0, &nb.me.addr, 200, (uint8_t)s);
		neighbour_data(&nb);
		whole_run(1000);
	}
}

/* Wait for a sender report of either layer.  Nothing is lost here, so it speaks of exactly what
 * came before it (R25, R30). */
static void check_totals(const char *when)
{
	struct neighbour_heard *layers[] = { &nb.by_link, &nb.by_session };

	for (unsigned i = 0; i < 2; i++) {
		struct neighbour_heard *h = layers[i];
		unsigned reports = h->reports;

		for (unsigned ms = 0; h->reports == reports; ms++) {
			ck_assert_uint_lt(ms, 60000);
			if (ms % 1000 == 0)
				whole_say(0, &nb.me.addr, 200, 1);
			whole_run(1);
		}
		ck_assert_msg(h->report.frames == h->frames_then,
		              "layer %u %s: %llu frames reported, %llu heard", i, when,
		              (unsigned long long)h->report.frames,
		              (unsigned long long)h->frames_then);
		ck_assert_msg(h->report.bytes == h->bytes_then,
		              "layer %u %s: %llu bytes reported, %llu heard", i, when,
		              (unsigned long long)h->report.bytes,
		              (unsigned long long)h->bytes_then);
	}
}

START_TEST(totals_outlive_keys)
{
	whole_reset();
	whole_open(0, "", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	neighbour_session(&nb);
	traffic(31);
	check_totals("under the first key");
	for (unsigned i = 0; i < 2; i++) {
		neighbour_link(&nb);
		neighbour_session(&nb);
		check_totals("while the key before is there"); /* its own words */
		traffic(31);
		ck_assert_uint_eq(mr_table_count(whole_mesh(0)->index), 1);
		check_totals("when the key before is gone"); /* what was settled */
	}
	ck_assert_uint_gt(nb.session[0].opened, 30);
	ck_assert_uint_gt(nb.session[1].opened, 30);
	ck_assert_uint_gt(nb.session[2].opened, 30);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control reports");
	TCase *tc = tcase_create("reports");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reports_are_answered_with_a_round_trip);
	tcase_add_test(tc, totals_outlive_keys);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
