/* test_wire_report.c - both reports in both layers: layout, truncation, surplus, other types. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/report.h"

static const struct fips_sender_report sender = {
	.first = UINT64_C(0x0102030405060708), .last = UINT64_MAX, .first_timestamp = 0x11121314,
	.last_timestamp = 0x21222324, .interval_bytes = UINT32_MAX,
	.frames = UINT64_C(0x3132333435363738), .bytes = UINT64_C(0x4142434445464748),
};

static const struct fips_receiver_report receiver = {
	.highest = UINT64_C(0x0102030405060708), .frames = UINT64_C(0x1112131415161718),
	.bytes = UINT64_C(0x2122232425262728), .echo = 0x31323334, .dwell = 0x4142,
	.burst_max = 0x4344, .burst_mean = 0x4546, .jitter = 0x51525354, .ce = 0x61626364,
	.trend = -2, .bursts = 0x71727374, .reordered = 0x81828384, .interval_frames = 0x91929394,
	.interval_bytes = 0xa1a2a3a4,
};

static void same_sender(const struct fips_sender_report *r)
{
	ck_assert_uint_eq(r->first, sender.first);
	ck_assert_uint_eq(r->last, sender.last);
	ck_assert_uint_eq(r->first_timestamp, sender.first_timestamp);
	ck_assert_uint_eq(r->last_timestamp, sender.last_timestamp);
	ck_assert_uint_eq(r->interval_bytes, sender.interval_bytes);
	ck_assert_uint_eq(r->frames, sender.frames);
	ck_assert_uint_eq(r->bytes, sender.bytes);
}

static void same_receiver(const struct fips_receiver_report *r)
{
	ck_assert_uint_eq(r->highest, receiver.highest);
	ck_assert_uint_eq(r->frames, receiver.frames);
	ck_assert_uint_eq(r->bytes, receiver.bytes);
	ck_assert_uint_eq(r->echo, receiver.echo);
	ck_assert_uint_eq(r->dwell, receiver.dwell);
	ck_assert_uint_eq(r->burst_max, receiver.burst_max);
	ck_assert_uint_eq(r->burst_mean, receiver.burst_mean);
	ck_assert_uint_eq(r->jitter, receiver.jitter);
	ck_assert_uint_eq(r->ce, receiver.ce);
	ck_assert_int_eq(r->trend, receiver.trend);
	ck_assert_uint_eq(r->bursts, receiver.bursts);
	ck_assert_uint_eq(r->reordered, receiver.reordered);
	ck_assert_uint_eq(r->interval_frames, receiver.interval_frames);
	ck_assert_uint_eq(r->interval_bytes, receiver.interval_bytes);
}

START_TEST(link_sender)
{
	uint8_t out[FIPS_LINK_SENDER_LEN + 1];
	struct fips_sender_report r;

	fips_link_sender_build(out, &sender);
	ck_assert_mem_eq(out, ((uint8_t[]){ 1, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1 }), 12);
	ck_assert_uint_eq(mr_le32(out + 20), sender.first_timestamp);
	ck_assert_uint_eq(mr_le32(out + 28), sender.interval_bytes);
	ck_assert_uint_eq(mr_le64(out + 40), sender.bytes);
	for (size_t n = 0; n < FIPS_LINK_SENDER_LEN; n++)
		ck_assert(!fips_link_sender_parse(out, n, &r));
	ck_assert(fips_link_sender_parse(out, FIPS_LINK_SENDER_LEN + 1, &r));
	same_sender(&r);
	out[0] = 2;
	ck_assert(!fips_link_sender_parse(out, FIPS_LINK_SENDER_LEN, &r));
}
END_TEST

START_TEST(link_receiver)
{
	uint8_t out[FIPS_LINK_RECEIVER_LEN + 1];
	struct fips_receiver_report r;

	fips_link_receiver_build(out, &receiver);
	ck_assert_mem_eq(out, ((uint8_t[]){ 2, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1 }), 12);
	ck_assert_uint_eq(mr_le32(out + 28), receiver.echo);
	ck_assert_uint_eq(mr_le16(out + 36), receiver.burst_mean);
	ck_assert_uint_eq(mr_le16(out + 38), 0);
	ck_assert_uint_eq(mr_le32(out + 48), 0xfffffffe);
	ck_assert_uint_eq(mr_le32(out + 64), receiver.interval_bytes);
	for (size_t n = 0; n < FIPS_LINK_RECEIVER_LEN; n++)
		ck_assert(!fips_link_receiver_parse(out, n, &r));
	ck_assert(fips_link_receiver_parse(out, FIPS_LINK_RECEIVER_LEN + 1, &r));
	same_receiver(&r);
	out[0] = 1;
	ck_assert(!fips_link_receiver_parse(out, FIPS_LINK_RECEIVER_LEN, &r));
}
END_TEST

START_TEST(session_bodies_are_the_link_fields_behind_two_zeros)
{
	uint8_t out[FIPS_SESSION_RECEIVER_LEN + 1], link[FIPS_LINK_RECEIVER_LEN];
	struct fips_sender_report s;
	struct fips_receiver_report r;

	fips_session_sender_build(out, &sender);
	fips_link_sender_build(link, &sender);
	ck_assert_uint_eq(mr_le16(out), 0);
	ck_assert_mem_eq(out + 2, link + 4, FIPS_SESSION_SENDER_LEN - 2);
	for (size_t n = 0; n < FIPS_SESSION_SENDER_LEN; n++)
		ck_assert(!fips_session_sender_parse(out, n, &s));
	ck_assert(fips_session_sender_parse(out, FIPS_SESSION_SENDER_LEN + 1, &s));
	same_sender(&s);

	fips_session_receiver_build(out, &receiver);
	fips_link_receiver_build(link, &receiver);
	ck_assert_uint_eq(mr_le16(out), 0);
	ck_assert_mem_eq(out + 2, link + 4, FIPS_SESSION_RECEIVER_LEN - 2);
	for (size_t n = 0; n < FIPS_SESSION_RECEIVER_LEN; n++)
		ck_assert(!fips_session_receiver_parse(out, n, &r));
	ck_assert(fips_session_receiver_parse(out, FIPS_SESSION_RECEIVER_LEN + 1, &r));
	same_receiver(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire report");
	TCase *t = tcase_create("reports");
	SRunner *r = srunner_create(s);

	tcase_add_test(t, link_sender);
	tcase_add_test(t, link_receiver);
	tcase_add_test(t, session_bodies_are_the_link_fields_behind_two_zeros);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
