/* What a receiver learns and reports: the stored metrics script run through links, and the corners
 * it does not visit. */
#include "fips/path/received.h"
#include "fips/path/snapshot.h"

#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/vectors.h"

#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

static const struct fips_via home = { .instance = 1, .len = 16, .sock = { 2, 0, 8, 73 } };

/* A frame as fips_link_accept sees it after the open. */
static unsigned frame(struct fips_link_recv *recv, struct fips_recv_key *key, const json_t *v)
{
	struct fips_link_head head = {
		.flags = json_is_true(vectors_get(v, "ce")) ? FIPS_LINK_CE : 0,
		.payload_len = (uint16_t)(vectors_u64(v, "packet_bytes") - FIPS_LINK_MIN),
		.counter = vectors_u64(v, "counter"),
	};
	uint8_t text[4];

	mr_to_le32(text, (uint32_t)vectors_u64(v, "sender_timestamp_ms"));
	return fips_link_accept(recv, key, &head, text, MS(vectors_u64(v, "now_ms")), &home);
}

/* Operations of the script that belong elsewhere. */
static const struct vectors_account elsewhere[] = {
	{ "process_receiver_report", "run by the tests of the node's metrics" },
	{ "frame_sent", "run by the tests of the keys" },
	{ "build_sender_report", "run by the tests of the keys" },
	{ "spin_observe_as_initiator", "the spin bit is always sent 0" },
};

static bool is_elsewhere(const char *op)
{
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (strcmp(op, elsewhere[i].section) == 0)
			return true;
	return false;
}

START_TEST(metrics_script)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[2];
	json_t *root = vectors_load("link_vectors");
	struct fips_link_recv recv;
	unsigned current = 0, built = 0;
	const json_t *v;
	size_t index;

	fips_link_recv_init(&recv, &home);
	for (unsigned i = 0; i < 2; i++)
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
	fips_link_promote(&recv, &key[0], 1, MS(0));
	json_array_foreach(vectors_get(root, "mmp_script"), index, v) {
		const char *op = vectors_text(v, "op");
		struct fips_receiver_report report;
		uint8_t out[FIPS_LINK_RECEIVER_LEN];

		if (strcmp(op, "frame_received") == 0) {
			unsigned what = frame(&recv, &key[current], v);

			ck_assert_uint_eq(what & ~(unsigned)FIPS_CONFIRMED, FIPS_ACCEPTED);
		} else if (strcmp(op, "rekey_reset") == 0) {
			current = 1;
			fips_link_promote(&recv, &key[1], 2, MS(vectors_u64(v, "now_ms")));
		} else if (strcmp(op, "build_receiver_report") == 0) {
			bool due = fips_link_snapshot(&recv, &key[current],
			                              MS(vectors_u64(v, "now_ms")), &report);
			struct bytes want;

			ck_assert_int_eq(due, json_object_get(v, "expect_hex") != NULL);
			if (!due)
				continue;
			want = vectors_bytes(v, "expect_hex");
			fips_link_receiver_build(out, &report);
			vectors_same(op, out, sizeof out, want.at, want.n);
			built++;
		} else {
			ck_assert_msg(is_elsewhere(op), "%s", op);
		}
	}
	ck_assert_uint_eq(built, 7);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		printf("mmp_script: %s skipped here: %s\n", elsewhere[i].section,
		       elsewhere[i].skipped);
	fflush(stdout);
	json_decref(root);
}
END_TEST

/* Bursts, from the counters of one interval. */
static const struct {
	const char *why;
	uint64_t    counter[8]; /* ends at the second 0 */
	uint32_t    bursts;
	uint16_t    longest, mean;
	uint32_t    reordered;
} bursts[] = {
	{ "in order", { 0, 1, 2, 3 }, 0, 0, 0, 0 },
	{ "starts anywhere", { 900, 901 }, 0, 0, 0, 0 },
	{ "one lost", { 0, 2, 3 }, 1, 1, 256, 0 },
	{ "open at the report", { 0, 5 }, 1, 4, 4 * 256, 0 },
	{ "two gaps in a row are one burst", { 0, 3, 6, 7 }, 1, 4, 4 * 256, 0 },
	{ "a late frame ends it", { 0, 3, 1, 6, 7 }, 2, 2, 512, 1 },
	{ "one and four", { 0, 2, 3, 8, 9 }, 2, 4, 640, 0 },
	{ "reordered", { 4, 3, 2, 5 }, 0, 0, 0, 2 },
	{ "the mean saturates", { 0, 70000 }, 1, UINT16_MAX, UINT16_MAX, 0 },
	{ "beyond 32 bits", { 0, UINT64_C(1) << 61 }, 1, UINT16_MAX, UINT16_MAX, 0 },
};

START_TEST(loss_bursts)
{
	for (size_t i = 0; i < COUNT(bursts); i++) {
		struct fips_received r = { 0 };
		struct fips_receiver_report report;
		unsigned n = 0;

		do
			fips_received_frame(&r, bursts[i].counter[n], 0, 37, false, MS(5));
		while (++n < 8 && bursts[i].counter[n] != 0);
		ck_assert(fips_received_report(&r, MS(6), &report));
		ck_assert_msg(report.bursts == bursts[i].bursts &&
		                      report.burst_max == bursts[i].longest &&
		                      report.burst_mean == bursts[i].mean &&
		                      report.reordered == bursts[i].reordered,
		              "%s: %u %u %u %u", bursts[i].why, report.bursts, report.burst_max,
		              report.burst_mean, report.reordered);
		ck_assert_uint_eq(report.interval_frames, n);
	}
}
END_TEST

/* An interval ends with its report; reordering and CE go on. */
START_TEST(intervals)
{
	struct fips_received r = { 0 };
	struct fips_receiver_report report;

	ck_assert(!fips_received_report(&r, MS(1), &report));
	fips_received_frame(&r, 10, 0, 100, true, MS(1));
	fips_received_frame(&r, 13, 0, 100, true, MS(1));
	fips_received_frame(&r, 12, 0, 100, false, MS(1));
	ck_assert(fips_received_report(&r, MS(1), &report));
	ck_assert(!fips_received_report(&r, MS(1), &report));
	fips_received_frame(&r, 14, 77, UINT32_MAX, false, MS(2));
	fips_received_frame(&r, 15, 78, 5, false, MS(3));
	ck_assert(fips_received_report(&r, MS(10), &report));
	ck_assert_uint_eq(report.bursts, 0);
	ck_assert_uint_eq(report.reordered, 1);
	ck_assert_uint_eq(report.ce, 2);
	ck_assert_uint_eq(report.interval_frames, 2);
	ck_assert_uint_eq(report.interval_bytes, UINT32_MAX);
	ck_assert_uint_eq(report.highest, 15);
	ck_assert_uint_eq(report.echo, 78);
	ck_assert_uint_eq(report.dwell, 7);
}
END_TEST

static const struct {
	uint64_t waited;
	uint32_t echo;
	uint16_t dwell;
} dwells[] = {
	{ MS(0), 9, 0 },
	{ MS(65535), 9, 65535 },
	{ MS(65536) - 1, 9, 65535 },
	{ MS(65536), 0, 65535 },
	{ MS(100000), 0, 65535 },
};

START_TEST(dwell_and_echo)
{
	for (size_t i = 0; i < COUNT(dwells); i++) {
		struct fips_received r = { 0 };
		struct fips_receiver_report report;

		fips_received_frame(&r, 0, 9, 37, false, MS(1000));
		ck_assert(fips_received_report(&r, MS(1000) + dwells[i].waited, &report));
		ck_assert_uint_eq(report.echo, dwells[i].echo);
		ck_assert_uint_eq(report.dwell, dwells[i].dwell);
	}
}
END_TEST

/* A steady stream across the wrap of its timestamps has no jitter; a grace period holds it at 0. */
START_TEST(jitter)
{
	struct fips_received r = { 0 };
	struct fips_receiver_report report;

	for (uint32_t i = 0; i < 100; i++)
		fips_received_frame(&r, i, UINT32_MAX - 500 + 10 * i, 37, false, MS(10 * i));
	ck_assert(fips_received_report(&r, MS(1000), &report));
	ck_assert_uint_eq(report.jitter, 0);
	r.quiet = MS(5000);
	fips_received_frame(&r, 100, 499, 37, false, MS(4999));
	ck_assert_uint_eq(r.jitter16, 0);
	fips_received_frame(&r, 101, 499, 37, false, MS(5001));
	ck_assert_uint_eq(r.jitter16, 2000);
	fips_received_frame(&r, 102, 499, 37, false, MS(5001));
	ck_assert_uint_eq(r.jitter16, 2000 - 125);
}
END_TEST

/* However wild the clocks, the trend stays a number. */
START_TEST(trend_saturates)
{
	for (unsigned up = 0; up < 2; up++) {
		struct fips_received r = { 0 };
		struct fips_receiver_report report;

		for (uint32_t i = 0; i < 48; i++)
			fips_received_frame(&r, i, up == (i & 16) / 16 ? UINT32_MAX : 0, 37, false,
			                    UINT64_C(1) << 62);
		ck_assert(fips_received_report(&r, UINT64_C(1) << 62, &report));
		ck_assert_int_eq(report.trend, up ? INT32_MAX : INT32_MIN);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/received");
	TCase *t = tcase_create("received");
	SRunner *sr;
	int failed;

	tcase_add_test(t, metrics_script);
	tcase_add_test(t, loss_bursts);
	tcase_add_test(t, intervals);
	tcase_add_test(t, dwell_and_echo);
	tcase_add_test(t, jitter);
	tcase_add_test(t, trend_saturates);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
