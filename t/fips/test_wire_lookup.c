/* test_wire_lookup.c - lookup messages: every truncation, counts that lie,
 * what the proof covers. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/lookup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fips_addr list[FIPS_COORDS_MAX + 4];
static uint8_t proof[FIPS_SIG_LEN];

static void fill(void)
{
	for (size_t i = 0; i < COUNT(list); i++)
		for (size_t k = 0; k < FIPS_ADDR_LEN; k++)
			list[i].b[k] = (uint8_t)(29 * i + k + 1);
	for (size_t i = 0; i < sizeof proof; i++)
		proof[i] = (uint8_t)(0x80 + i);
}

static size_t request(uint8_t *out, size_t room, unsigned n)
{
	struct fips_lookup_request r = {
		.id = UINT64_C(0x1122334455667788),
		.target = list[3],
		.origin = list[0],
		.ttl = 64,
		.min_mtu = 0x0102,
		.coords = fips_coords_of(list, n),
	};

	return fips_lookup_request_build(out, room, &r);
}

static size_t response(uint8_t *out, size_t room, unsigned n)
{
	struct fips_lookup_response r = {
		.id = UINT64_C(0x1122334455667788),
		.target = list[3],
		.path_mtu = 0x0506,
		.coords = fips_coords_of(list + 3, n),
		.proof = proof,
	};

	return fips_lookup_response_build(out, room, &r);
}

static size_t build(bool is_response, uint8_t *out, size_t room, unsigned n)
{
	return is_response ? response(out, room, n) : request(out, room, n);
}

/* Parse from memory that ends where the message does, so that a read past it is seen. */
static bool parse(bool is_response, const uint8_t *bytes, size_t n)
{
	uint8_t *tight = malloc(n ? n : 1);
	struct fips_lookup_response resp;
	struct fips_lookup_request req;
	bool ok;

	memcpy(tight, bytes, n);
	ok = is_response ? fips_lookup_response_parse(tight, n, &resp) :
	                   fips_lookup_request_parse(tight, n, &req);
	free(tight);
	return ok;
}

static const struct { bool is_response; unsigned n; bool fits; } lists[] = {
	{ false, 1, true }, { false, 64, true }, { false, 255, true }, { false, 0, false },
	{ false, 256, false },
	{ true, 1, true },  { true, 64, true },  { true, 255, true },  { true, 0, false },
	{ true, 256, false },
};

START_TEST(every_length)
{
	static uint8_t out[8192];
	bool is_response = lists[_i].is_response;
	unsigned n = lists[_i].n;
	size_t len = build(is_response, out, sizeof out, n);

	if (!lists[_i].fits) {
		ck_assert_uint_eq(len, 0);
		return;
	}
	ck_assert_uint_eq(len, (is_response ? 93u : 46u) + 16 * n);
	ck_assert_uint_eq(build(is_response, out, len - 1, n), 0);
	ck_assert_uint_eq(build(is_response, out, len, n), len);
	ck_assert(!parse(!is_response, out, len));
	ck_assert(parse(is_response, out, len + 1));
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_msg(!parse(is_response, out, cut), "%zu of %zu bytes", cut, len);
}
END_TEST

START_TEST(fields_are_where_they_belong)
{
	uint8_t out[256];

	ck_assert_uint_eq(request(out, sizeof out, 2), 78);
	ck_assert_uint_eq(out[0], 0x30);
	ck_assert_uint_eq(mr_le64(out + 1), UINT64_C(0x1122334455667788));
	ck_assert_mem_eq(out + 9, list[3].b, 16);
	ck_assert_mem_eq(out + 25, list[0].b, 16);
	ck_assert_uint_eq(out[41], 64);
	ck_assert_uint_eq(mr_le16(out + 42), 0x0102);
	ck_assert_uint_eq(mr_le16(out + 44), 2);
	ck_assert_mem_eq(out + 46, list[0].b, 32);

	ck_assert_uint_eq(response(out, sizeof out, 2), 125);
	ck_assert_uint_eq(out[0], 0x31);
	ck_assert_uint_eq(mr_le64(out + 1), UINT64_C(0x1122334455667788));
	ck_assert_mem_eq(out + 9, list[3].b, 16);
	ck_assert_uint_eq(mr_le16(out + 25), 0x0506);
	ck_assert_uint_eq(mr_le16(out + 27), 2);
	ck_assert_mem_eq(out + 29, list[3].b, 32);
	ck_assert_mem_eq(out + 61, proof, 64);
}
END_TEST

/* A count of a good message with two entries overwritten. */
static const struct { bool is_response; uint16_t count; bool ok; const char *why; } counts[] = {
	{ false, 0, false, "no entry" },
	{ false, 1, true, "fewer: the rest is ignored" },
	{ false, 3, false, "one more than there are" },
	{ false, 256, false, "more than are taken" },
	{ false, 65535, false, "two MiB" },
	{ true, 0, false, "no entry" },
	{ true, 1, true, "fewer: the proof begins early, and will not hold" },
	{ true, 3, false, "the proof ends late" },
	{ true, 256, false, "more than are taken" },
	{ true, 65535, false, "two MiB" },
};

START_TEST(counts_that_lie)
{
	uint8_t out[256];
	bool is_response = counts[_i].is_response;
	size_t len = build(is_response, out, sizeof out, 2);

	mr_to_le16(out + (is_response ? 27 : 44), counts[_i].count);
	ck_assert_msg(parse(is_response, out, len) == counts[_i].ok, "%s", counts[_i].why);
}
END_TEST

/* Each byte of a response: is it under the proof? */
START_TEST(the_proof_covers)
{
	uint8_t out[256], was[32], is[32];
	struct fips_lookup_response r;
	size_t len = response(out, sizeof out, 2);

	ck_assert(fips_lookup_response_parse(out, len, &r));
	fips_lookup_digest(&r, was);
	for (size_t i = 1; i < len; i++) {
		bool covered = (i < 25 || i >= 27) && i < len - FIPS_SIG_LEN;

		if (i == 27 || i == 28)
			continue; /* the count: counts_that_lie, and the vector without it */
		out[i] ^= 0x40;
		ck_assert(fips_lookup_response_parse(out, len, &r));
		fips_lookup_digest(&r, is);
		ck_assert_msg((memcmp(was, is, 32) != 0) == covered, "byte %zu", i);
		out[i] ^= 0x40;
	}
}
END_TEST

START_TEST(a_response_to_be_signed)
{
	static const uint8_t zeros[FIPS_SIG_LEN];
	uint8_t out[256];
	struct fips_lookup_response r = { .target = list[1],
	                                  .coords = fips_coords_of(list + 1, 3) };
	size_t len = fips_lookup_response_build(out, sizeof out, &r);

	ck_assert_uint_eq(len, 93 + 48);
	ck_assert_mem_eq(out + len - FIPS_SIG_LEN, zeros, FIPS_SIG_LEN);
}
END_TEST

static const struct { uint16_t in, link, out; } folds[] = {
	{ 65535, 1280, 1280 }, { 1280, 65535, 1280 }, { 1279, 1280, 1279 }, { 0, 1280, 0 },
	{ 1281, 1280, 1280 },
};

START_TEST(path_mtu_goes_down_alone)
{
	uint8_t out[256], before[256];
	size_t len = response(out, sizeof out, 1);

	mr_to_le16(out + 25, folds[_i].in);
	memcpy(before, out, len);
	fips_lookup_fold(out, folds[_i].link);
	ck_assert_uint_eq(mr_le16(out + 25), folds[_i].out);
	ck_assert_mem_eq(out, before, 25);
	ck_assert_mem_eq(out + 27, before + 27, len - 27);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire_lookup");
	TCase *t = tcase_create("messages");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, fill, NULL);
	tcase_add_loop_test(t, every_length, 0, COUNT(lists));
	tcase_add_test(t, fields_are_where_they_belong);
	tcase_add_loop_test(t, counts_that_lie, 0, COUNT(counts));
	tcase_add_test(t, the_proof_covers);
	tcase_add_test(t, a_response_to_be_signed);
	tcase_add_loop_test(t, path_mtu_goes_down_alone, 0, COUNT(folds));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
