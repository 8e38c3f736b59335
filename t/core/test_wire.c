/* The cursor: exact fit, sticky error, read-only; both byte orders at every alignment. */
#include "core/wire.h"

#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t bytes[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	                           0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 };

START_TEST(loads_and_stores)
{
	uint8_t room[16];

	for (unsigned at = 0; at < 8; at++) {
		memcpy(room + at, bytes, 8);
		ck_assert_uint_eq(mr_le16(room + at), 0x2301);
		ck_assert_uint_eq(mr_be16(room + at), 0x0123);
		ck_assert_uint_eq(mr_le32(room + at), 0x67452301);
		ck_assert_uint_eq(mr_be32(room + at), 0x01234567);
		ck_assert_uint_eq(mr_le64(room + at), UINT64_C(0xefcdab8967452301));
		mr_to_le16(room + at, 0xa1b2);
		ck_assert_mem_eq(room + at, "\xb2\xa1\x45", 3);
		mr_to_be16(room + at, 0xa1b2);
		ck_assert_mem_eq(room + at, "\xa1\xb2\x45", 3);
		mr_to_le32(room + at, 0xa1b2c3d4);
		ck_assert_mem_eq(room + at, "\xd4\xc3\xb2\xa1\x89", 5);
		mr_to_be32(room + at, 0xa1b2c3d4);
		ck_assert_mem_eq(room + at, "\xa1\xb2\xc3\xd4\x89", 5);
		mr_to_le64(room + at, UINT64_C(0xf1e2d3c4b5a69788));
		ck_assert_mem_eq(room + at, "\x88\x97\xa6\xb5\xc4\xd3\xe2\xf1", 8);
	}
}
END_TEST

/* Each read as a function of the cursor, its length, and what it gives at the start of bytes. */
static uint64_t read_u8(struct mr_wire *w)
{
	return mr_get_u8(w);
}

static uint64_t read_le16(struct mr_wire *w)
{
	return mr_get_le16(w);
}

static uint64_t read_le32(struct mr_wire *w)
{
	return mr_get_le32(w);
}

static uint64_t read_le64(struct mr_wire *w)
{
	return mr_get_le64(w);
}

static uint64_t read_view(struct mr_wire *w)
{
	const uint8_t *at = mr_get_view(w, 5);

	return at ? at[4] : 0;
}

static uint64_t read_bytes(struct mr_wire *w)
{
	uint8_t to[3] = { 0 };

	mr_get_bytes(w, to, sizeof to);
	return to[2];
}

static const struct {
	uint64_t (*read)(struct mr_wire *w);
	size_t len;
	uint64_t value;
} reads[] = {
	{ read_u8, 1, 0x01 },         { read_le16, 2, 0x2301 },
	{ read_le32, 4, 0x67452301 }, { read_le64, 8, UINT64_C(0xefcdab8967452301) },
	{ read_view, 5, 0x89 },       { read_bytes, 3, 0x45 },
};

START_TEST(read_fits_or_is_bad)
{
	for (size_t room = 0; room <= sizeof bytes; room++) {
		struct mr_wire w = mr_wire_read(bytes, room);
		bool fits = reads[_i].len <= room;
		uint64_t got = reads[_i].read(&w);

		ck_assert_uint_eq(got, fits ? reads[_i].value : 0);
		ck_assert(mr_wire_ok(&w) == fits);
		ck_assert_uint_eq(mr_wire_left(&w), fits ? room - reads[_i].len : 0);
		if (fits)
			continue;
		ck_assert_ptr_eq(w.at, bytes); /* a read that does not fit does not move */
		for (size_t k = 0; k < COUNT(reads); k++)
			ck_assert_uint_eq(reads[k].read(&w), 0);
		ck_assert(!mr_wire_ok(&w));
		ck_assert_ptr_eq(w.at, bytes);
	}
}
END_TEST

START_TEST(error_is_sticky)
{
	struct mr_wire w = mr_wire_read(bytes, 3);
	uint8_t kept[2] = { 0xaa, 0xbb };

	ck_assert_uint_eq(mr_get_u8(&w), 0x01);
	ck_assert_uint_eq(mr_get_le32(&w), 0); /* two bytes left: too much asked */
	ck_assert_uint_eq(mr_get_u8(&w), 0);   /* one would have fitted          */
	mr_get_bytes(&w, kept, sizeof kept);
	ck_assert_mem_eq(kept, "\xaa\xbb", 2);
	ck_assert_ptr_null(mr_get_view(&w, 0));
	ck_assert_ptr_null(mr_get_view(&w, SIZE_MAX));
	ck_assert(!mr_wire_ok(&w));
}
END_TEST

START_TEST(huge_lengths)
{
	struct mr_wire w = mr_wire_read(bytes, sizeof bytes);

	ck_assert_ptr_eq(mr_get_view(&w, 16), bytes);
	ck_assert(mr_wire_ok(&w));
	ck_assert_uint_eq(mr_wire_left(&w), 0);
	ck_assert_ptr_eq(mr_get_view(&w, 0), bytes + 16);
	ck_assert_ptr_null(mr_get_view(&w, SIZE_MAX));
	ck_assert(!mr_wire_ok(&w));
	w = mr_wire_read(bytes, sizeof bytes);
	ck_assert_ptr_null(mr_get_view(&w, SIZE_MAX - 3));
	ck_assert(!mr_wire_ok(&w));
}
END_TEST

START_TEST(empty)
{
	struct mr_wire w = mr_wire_read(bytes, 0);

	ck_assert(mr_wire_ok(&w));
	ck_assert_uint_eq(mr_wire_left(&w), 0);
	mr_get_bytes(&w, NULL, 0);
	ck_assert(mr_wire_ok(&w));
	mr_get_u8(&w);
	ck_assert(!mr_wire_ok(&w));
	w = mr_wire_read(NULL, 0);
	mr_get_view(&w, 0);
	ck_assert(mr_wire_ok(&w));
	ck_assert_uint_eq(mr_get_le64(&w), 0);
	ck_assert(!mr_wire_ok(&w));
	w = mr_wire_write(NULL, 0);
	mr_put_u8(&w, 1);
	ck_assert(!mr_wire_ok(&w));
}
END_TEST

/* Everything that writes, and what it leaves. */
static void write_all(struct mr_wire *w)
{
	mr_put_u8(w, 0x11);
	mr_put_le16(w, 0x2233);
	mr_put_le32(w, 0x44556677);
	mr_put_le64(w, UINT64_C(0x8899aabbccddeeff));
	mr_put_bytes(w, "mill", 4);
}

static const uint8_t written[19] =
	"\x11\x33\x22\x77\x66\x55\x44\xff\xee\xdd\xcc\xbb\xaa\x99\x88mill";

START_TEST(write_exact)
{
	uint8_t room[20];
	struct mr_wire w = mr_wire_write(room, 19);

	memset(room, 0x5a, sizeof room);
	write_all(&w);
	ck_assert(mr_wire_ok(&w));
	ck_assert_uint_eq(mr_wire_left(&w), 0);
	ck_assert_mem_eq(room, written, 19);
	mr_put_bytes(&w, NULL, 0);
	ck_assert(mr_wire_ok(&w));
	mr_put_u8(&w, 1);
	ck_assert(!mr_wire_ok(&w));
	ck_assert_uint_eq(room[19], 0x5a);
}
END_TEST

/* Too little room: every write before the border is there, nothing after it, not in part. */
START_TEST(write_short)
{
	static const size_t ends[] = { 0, 1, 3, 7, 15, 19 };

	for (size_t n = 0; n < 19; n++) {
		uint8_t room[20];
		struct mr_wire w = mr_wire_write(room, n);
		size_t kept = 0;

		memset(room, 0x5a, sizeof room);
		for (size_t i = 0; i < COUNT(ends); i++)
			if (ends[i] <= n)
				kept = ends[i];
		write_all(&w);
		ck_assert(!mr_wire_ok(&w));
		ck_assert_int_eq(memcmp(room, written, kept), 0);
		for (size_t i = kept; i < sizeof room; i++)
			ck_assert_uint_eq(room[i], 0x5a);
	}
}
END_TEST

START_TEST(read_only)
{
	uint8_t room[32];
	struct mr_wire w = mr_wire_read(room, sizeof room);

	memset(room, 0x5a, sizeof room);
	write_all(&w);
	ck_assert(!mr_wire_ok(&w));
	for (size_t i = 0; i < sizeof room; i++)
		ck_assert_uint_eq(room[i], 0x5a);
	w = mr_wire_read(room, sizeof room);
	ck_assert_ptr_null(mr_put_room(&w, 1));
	ck_assert(!mr_wire_ok(&w));
	ck_assert_uint_eq(mr_get_u8(&w), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = tcase_create("wire");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, loads_and_stores);
	tcase_add_loop_test(tc, read_fits_or_is_bad, 0, COUNT(reads));
	tcase_add_test(tc, error_is_sticky);
	tcase_add_test(tc, huge_lengths);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, write_exact);
	tcase_add_test(tc, write_short);
	tcase_add_test(tc, read_only);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
