/* The module lanes through a provider's calls: every length at every alignment, in place and
 * elsewhere, vectors of every size, and memory that ends where a packet ends.  Each test runs for
 * every instruction set of the module.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "t/lib/lanes.h"

#include <check.h>
#include <string.h>
#include <sys/mman.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define VECTOR 64
#define STRIDE 4096 /* of packets in a vector; bytes */
#define FILL   0xa5
#define PAGE   4096u

/* ---- every length, every alignment ---- */

static uint8_t at[VECTOR][STRIDE] __attribute__((aligned(64)));
static uint8_t away[VECTOR][STRIDE] __attribute__((aligned(64)));

/* The packet at p, with FILL from its row's start and up to 80 bytes behind. */
static void holds(const uint8_t *row, const uint8_t *p, const uint8_t *want, uint32_t n,
                  const char *what)
{
	ck_assert_msg(memcmp(p, want, n) == 0, "%s: %u bytes at %zu", what, n, (size_t)(p - row));
	ck_assert_msg(lanes_all(row, (size_t)(p - row), FILL) && lanes_all(p + n, 80, FILL),
	              "%s: bytes around %u at %zu changed", what, n, (size_t)(p - row));
}

/* One length: operation i with its result at alignment i, its source there or at another one. */
static void length(const struct mr_aead *p, struct lanes_key key, uint32_t len, bool in_place)
{
	uint8_t aad[16], text[STRIDE], sealed[STRIDE];
	struct mr_aead_op ops[VECTOR];

	lanes_fill(aad, sizeof aad);
	lanes_fill(text, len);
	for (unsigned i = 0; i < VECTOR; i++) {
		uint8_t *src = in_place ? at[i] + 64 + i : away[i] + 64 + (i * 29 + len) % 64;

		memset(at[i], FILL, len + 256);
		memcpy(src, text, len);
		ops[i] = (struct mr_aead_op){ .ctx = key.own, .counter = len, .aad = aad,
			                      .aad_len = len % 17, .src = { { src, len } },
			                      .dst = at[i] + 64 + i };
	}
	lanes_right(key, &ops[0], text, len, sealed);
	p->seal(ops, VECTOR);
	for (unsigned i = 0; i < VECTOR; i++) {
		holds(at[i], ops[i].dst, sealed, len + MR_AEAD_TAG, "sealed");
		if (!in_place) {
			memcpy(away[i] + 64 + (i * 29 + len) % 64, sealed, len + MR_AEAD_TAG);
			memset(ops[i].dst, FILL, len + MR_AEAD_TAG);
		}
		ops[i].src[0].len += MR_AEAD_TAG;
	}
	ck_assert_uint_eq(p->open(ops, VECTOR), VECTOR);
	for (unsigned i = 0; i < VECTOR; i++) {
		if (in_place)
			memset(ops[i].dst + len, FILL, MR_AEAD_TAG);
		holds(at[i], ops[i].dst, text, len, "opened");
	}
}

START_TEST(lengths_and_alignments)
{
	const struct mr_aead *p = lanes_own(_i);
	struct lanes_key key;

	if (!p)
		return;
	key = lanes_any_key(p);
	for (uint32_t len = 0; len <= 2048; len++) {
		length(p, key, len, true);
		length(p, key, len, false);
	}
	lanes_release(p, key);
}
END_TEST

/* Vectors of 1 to 64 packets of one length: each way a tag is computed, each rest of a pass. */
START_TEST(vectors_of_every_size)
{
	static const uint32_t lens[] = { 0, 1, 64, 100, 255, 256, 257, 500, 1280, 1400, 1447 };
	static uint8_t want[VECTOR][STRIDE];
	const struct mr_aead *p = lanes_own(_i);
	struct mr_aead_op ops[VECTOR];
	struct lanes_key key;

	if (!p)
		return;
	key = lanes_any_key(p);
	for (size_t l = 0; l < COUNT(lens); l++)
		for (unsigned n = 1; n <= VECTOR; n++) {
			for (unsigned i = 0; i < n; i++) {
				lanes_fill(at[i], lens[l]);
				ops[i] = (struct mr_aead_op){ .ctx = key.own, .counter = i,
					                      .src = { { at[i], lens[l] } },
					                      .dst = at[i] };
				lanes_right(key, &ops[i], at[i], lens[l], want[i]);
			}
			p->seal(ops, n);
			for (unsigned i = 0; i < n; i++)
				ck_assert_mem_eq(at[i], want[i], lens[l] + MR_AEAD_TAG);
		}
	lanes_release(p, key);
}
END_TEST

/* ---- memory that ends ---- */

/* Two pages, and none before and behind them. */
static uint8_t *island(void)
{
	uint8_t *p = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	return p + PAGE;
}

/* n bytes at the island's beginning, or up to its end. */
static uint8_t *shore(uint8_t *land, uint32_t n, bool end)
{
	return end ? land + 2 * PAGE - n : land;
}

/* A packet alone and in company, everything at the shore; a fault ends the test. */
static void at_the_shore(const struct mr_aead *p, struct lanes_key key, uint8_t *land[3],
                         uint32_t len, bool end, unsigned n)
{
	uint32_t naad = len % 21;
	uint8_t *text = shore(land[0], len, end), *sealed = shore(land[1], len + MR_AEAD_TAG, end);
	uint8_t want[2 * PAGE];
	struct mr_aead_op ops[9];

	lanes_fill(text, len);
	for (unsigned i = 0; i < n; i++)
		ops[i] = (struct mr_aead_op){ .ctx = key.own, .counter = len,
			                      .aad = shore(land[2], naad, end), .aad_len = naad,
			                      .src = { { text, len } },
			                      .dst = i ? at[i] : sealed };
	lanes_right(key, &ops[0], text, len, want);
	p->seal(ops, n);
	ck_assert_mem_eq(sealed, want, len + MR_AEAD_TAG);
	memcpy(want, text, len);
	for (unsigned i = 0; i < n; i++) {
		ops[i].src[0] = (struct mr_aead_piece){ sealed, len + MR_AEAD_TAG };
		ops[i].dst = i ? at[i] : text;
	}
	memset(text, 0, len);
	ck_assert_uint_eq(p->open(ops, n), n);
	ck_assert_mem_eq(text, want, len);
}

START_TEST(memory_ends_where_packets_end)
{
	const struct mr_aead *p = lanes_own(_i);
	uint8_t *land[3] = { island(), island(), island() };
	struct lanes_key key;

	if (!p)
		return;
	key = lanes_any_key(p);
	for (uint32_t len = 0; len <= 1600; len++)
		for (int end = 0; end < 2; end++) {
			at_the_shore(p, key, land, len, end, 1);
			at_the_shore(p, key, land, len, end, 2 + len % 8);
		}
	lanes_release(p, key);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lanes");
	TCase *tc = tcase_create("lanes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, lengths_and_alignments, 0, LANES_SETS);
	tcase_add_loop_test(tc, vectors_of_every_size, 0, LANES_SETS);
	tcase_add_loop_test(tc, memory_ends_where_packets_end, 0, LANES_SETS);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
