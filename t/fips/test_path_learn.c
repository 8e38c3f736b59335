/* test_path_learn.c - what is learnt of a payload:
 * every truncation, every phase and flag, foreign lists. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/path/learn.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fips_addr list[8];
static uint8_t noise[FIPS_XK_MSG2];

static void fill(void)
{
	for (size_t i = 0; i < COUNT(list); i++)
		memset(list[i].b, (int)(0x10 + i), FIPS_ADDR_LEN);
}

/* Learn from memory that ends where the payload does. */
static enum fips_learn learn(const uint8_t *payload, size_t n, unsigned *src, unsigned *dest)
{
	uint8_t *tight = malloc(n ? n : 1);
	struct fips_learned got;
	enum fips_learn what;

	memcpy(tight, payload, n);
	what = fips_learn(tight, n, &got);
	if (got.src.count)
		ck_assert(got.src.at >= tight && got.src.at + 16 * got.src.count <= tight + n);
	if (got.dest.count)
		ck_assert(got.dest.at >= tight && got.dest.at + 16 * got.dest.count <= tight + n);
	*src = got.src.count;
	*dest = got.dest.count;
	free(tight);
	return what;
}

/* A sealed message with lists of n and m entries in clear. */
static size_t sealed(uint8_t *out, uint8_t flags, unsigned n, unsigned m)
{
	struct mr_wire w = mr_wire_write(out + FIPS_FSP_HEAD, 512);
	struct fips_coords a = fips_coords_of(list, n), b = fips_coords_of(list + 1, m);

	fips_fsp_head_build(out, flags, 0, 7);
	fips_coords_put(&w, &a);
	fips_coords_put(&w, &b);
	memset(w.at, 0xcc, 22);
	return (size_t)(w.at - out) + 22;
}

static size_t setup(uint8_t *out, bool ack, unsigned n, unsigned m)
{
	struct fips_fsp_setup s = { .src = fips_coords_of(list, n),
		                    .dest = fips_coords_of(list + 1, m),
		                    .noise = noise };

	return ack ? fips_fsp_ack_build(out, 512, &s) : fips_fsp_setup_build(out, 512, &s);
}

static const struct { uint8_t flags; unsigned n, m; enum fips_learn what; } messages[] = {
	{ FIPS_FSP_CP, 2, 4, FIPS_LEARN_LISTS },
	{ FIPS_FSP_CP, 0, 4, FIPS_LEARN_LISTS },
	{ FIPS_FSP_CP, 1, 0, FIPS_LEARN_LISTS },
	{ FIPS_FSP_CP, 0, 0, FIPS_LEARN_NOTHING },
	{ FIPS_FSP_CP | FIPS_FSP_K, 1, 1, FIPS_LEARN_LISTS },
	{ FIPS_FSP_CP | 0xf8, 1, 1, FIPS_LEARN_LISTS },
	{ 0, 2, 4, FIPS_LEARN_NOTHING },
	{ FIPS_FSP_K, 2, 4, FIPS_LEARN_NOTHING },
	{ FIPS_FSP_CP | FIPS_FSP_U, 2, 4, FIPS_LEARN_NOTHING },
};

START_TEST(sealed_messages)
{
	uint8_t out[512];
	size_t len = sealed(out, messages[_i].flags, messages[_i].n, messages[_i].m);
	bool lists = messages[_i].what == FIPS_LEARN_LISTS;
	unsigned src, dest;

	ck_assert_int_eq(learn(out, len, &src, &dest), messages[_i].what);
	ck_assert_uint_eq(src, lists ? messages[_i].n : 0);
	ck_assert_uint_eq(dest, lists ? messages[_i].m : 0);
}
END_TEST

/* Cut anywhere: never half a list, never a byte beyond. */
START_TEST(every_truncation)
{
	uint8_t out[512];
	unsigned src, dest;
	size_t len = sealed(out, FIPS_FSP_CP, 2, 3), lists = FIPS_FSP_HEAD + 34 + 50;

	for (size_t n = 0; n <= len; n++) {
		enum fips_learn want = n < FIPS_FSP_PREFIX ? FIPS_LEARN_NOTHING :
		                       n < lists           ? FIPS_LEARN_MALFORMED :
		                                             FIPS_LEARN_LISTS;

		ck_assert_msg(learn(out, n, &src, &dest) == want, "%zu of %zu bytes", n, len);
		ck_assert(want == FIPS_LEARN_LISTS ? src == 2 && dest == 3 : !src && !dest);
	}
	for (int ack = 0; ack < 2; ack++) {
		len = setup(out, ack, 2, 3);
		for (size_t n = 0; n < len; n++)
			ck_assert(learn(out, n, &src, &dest) == FIPS_LEARN_NOTHING && !src &&
			          !dest);
		ck_assert(learn(out, len, &src, &dest) == FIPS_LEARN_LISTS && src == 2 &&
		          dest == 3);
	}
}
END_TEST

START_TEST(counts_that_lie)
{
	static const uint16_t counts[] = { 3, 5, 256, 4096, 65535 };
	uint8_t out[512];
	unsigned src, dest;

	for (size_t i = 0; i < COUNT(counts); i++) {
		size_t len = sealed(out, FIPS_FSP_CP, 1, 1);

		mr_to_le16(out + FIPS_FSP_HEAD, counts[i]);
		ck_assert_int_eq(learn(out, len, &src, &dest), FIPS_LEARN_MALFORMED);
		len = sealed(out, FIPS_FSP_CP, 1, 1);
		mr_to_le16(out + FIPS_FSP_HEAD + 18, counts[i]);
		ck_assert_int_eq(learn(out, len, &src, &dest), FIPS_LEARN_MALFORMED);
		len = setup(out, false, 1, 1);
		mr_to_le16(out + 5, counts[i]);
		ck_assert_int_eq(learn(out, len, &src, &dest), FIPS_LEARN_NOTHING);
	}
}
END_TEST

/* Version and phase. */
START_TEST(other_first_bytes)
{
	uint8_t out[512];
	unsigned src, dest;

	for (unsigned first = 0; first < 256; first++) {
		size_t len = sealed(out, FIPS_FSP_CP, 2, 2);

		out[0] = (uint8_t)first;
		ck_assert_int_eq(learn(out, len, &src, &dest),
		                 first == 0 ? FIPS_LEARN_LISTS : FIPS_LEARN_NOTHING);
	}
}
END_TEST

/* Whom the envelope names; the lists begin with 0 and 1.  Which are kept, by length. */
static const struct { unsigned src, dest; enum fips_learn what; unsigned n, m; } ends[] = {
	{ 0, 1, FIPS_LEARN_LISTS, 2, 2 },
	{ 0, 5, FIPS_LEARN_LISTS, 2, 0 },   /* one is somebody else's */
	{ 5, 1, FIPS_LEARN_LISTS, 0, 2 },
	{ 1, 0, FIPS_LEARN_NOTHING, 0, 0 }, /* the two changed over   */
	{ 5, 6, FIPS_LEARN_NOTHING, 0, 0 },
};

START_TEST(lists_begin_with_whose_they_are)
{
	uint8_t out[FIPS_DATAGRAM_HEAD + 512];
	struct fips_datagram d = { .ttl = 2, .src = list[ends[_i].src],
	                           .dest = list[ends[_i].dest] };
	struct fips_learned got;
	size_t len;

	fips_datagram_build(out, &d);
	len = FIPS_DATAGRAM_HEAD + sealed(out + FIPS_DATAGRAM_HEAD, FIPS_FSP_CP, 2, 2);
	ck_assert_int_eq(fips_learn_datagram(out, len, &got), ends[_i].what);
	ck_assert_uint_eq(got.src.count, ends[_i].n);
	ck_assert_uint_eq(got.dest.count, ends[_i].m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("path_learn");
	TCase *t = tcase_create("payloads");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, fill, NULL);
	tcase_add_loop_test(t, sealed_messages, 0, COUNT(messages));
	tcase_add_test(t, every_truncation);
	tcase_add_test(t, counts_that_lie);
	tcase_add_test(t, other_first_bytes);
	tcase_add_loop_test(t, lists_begin_with_whose_they_are, 0, COUNT(ends));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
