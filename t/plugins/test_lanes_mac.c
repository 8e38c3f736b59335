/* Poly1305 of the module lanes by each of its ways: one packet alone, short and long, and packets
 * side by side, with one-time keys that the protocol gives only by chance.  Results lie around 0
 * and p = 2^130 - 5, limbs are full, carries run through.  Right is what mbedTLS computes.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "plugins/lanes/lanes.h"
#include "t/lib/lanes.h"

#include <check.h>
#include <mbedtls/poly1305.h>

typedef unsigned __int128 wide;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LONGEST      2100

static const struct lanes_isa *const isa[LANES_SETS] = { &lanes_avx512, &lanes_avx2 };

struct message {
	_Alignas(64) uint8_t key[64];
	uint8_t aad[16], text[LONGEST];
	uint32_t aad_len, len;
};
static struct message message[LANES_BATCH];

static void right_tag(const struct message *k, uint8_t tag[16])
{
	uint8_t bytes[16 + LONGEST + 32] = { 0 };
	uint32_t at = (k->aad_len + 15) / 16 * 16, end = at + (k->len + 15) / 16 * 16;

	memcpy(bytes, k->aad, k->aad_len);
	memcpy(bytes + at, k->text, k->len);
	memcpy(bytes + end, &k->aad_len, 4);
	memcpy(bytes + end + 8, &k->len, 4);
	ck_assert_int_eq(mbedtls_poly1305_mac(k->key, bytes, end + 16, tag), 0);
}

/* The tags of n messages together, which may be one. */
static void check(const struct lanes_isa *set, const struct message *k, unsigned n)
{
	struct lanes_mac m[LANES_BATCH];
	uint8_t want[16];

	for (unsigned i = 0; i < n; i++)
		m[i] = (struct lanes_mac){ .key = k[i].key, .text = k[i].text, .len = k[i].len,
			                   .aad = k[i].aad, .aad_len = k[i].aad_len };
	set->mac(m, n);
	for (unsigned i = 0; i < n; i++) {
		right_tag(&k[i], want);
		ck_assert_msg(memcmp(m[i].tag, want, 16) == 0, "%u of %u: %u bytes, %u of aad", i,
		              n, k[i].len, k[i].aad_len);
	}
}

/* Runs of zeros, of ones, and of chance. */
static void awkward(uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0, run; i < n; i += run) {
		uint32_t kind = lanes_below(3);

		run = 1 + lanes_below(20);
		if (run > n - i)
			run = n - i;
		memset(p + i, kind == 0 ? 0x00 : 0xff, run);
		if (kind == 2)
			lanes_fill(p + i, run);
	}
}

static void make(struct message *k, uint32_t len)
{
	k->len = len;
	k->aad_len = lanes_below(17);
	awkward(k->aad, sizeof k->aad);
	awkward(k->text, len);
	awkward(k->key, 32);
	if (lanes_below(4) == 0)
		memset(k->key, lanes_below(2) ? 0xff : 0, 16);
	if (lanes_below(8) == 0) { /* r below 4: sums of blocks, carried as they are */
		memset(k->key, 0, 16);
		k->key[0] = (uint8_t)lanes_below(4);
	}
	if (lanes_below(8) == 0)
		memset(k->key + 16, 0xff, 16);
	if (lanes_below(8) == 0)
		memset(k->text, 0xff, len);
}

START_TEST(full_limbs)
{
	const uint32_t longest[] = { 64, 300, 600, LONGEST };

	if (!lanes_own(_i))
		return;
	lanes_seed(5);
	for (unsigned round = 0; round < 4000; round++) {
		for (unsigned i = 0; i < LANES_BATCH; i++)
			make(&message[i], lanes_below(longest[round % COUNT(longest)] + 1));
		check(isa[_i], message, 1);
		check(isa[_i], message, 1 + lanes_below(LANES_BATCH));
		check(isa[_i], message, LANES_BATCH);
	}
}
END_TEST

/* ---- results around 0 and p ---- */

static wide block_at(const uint8_t *p, uint32_t n)
{
	uint8_t b[16] = { 0 };
	wide v;

	memcpy(b, p, n < 16 ? n : 16);
	memcpy(&v, b, 16);
	return v;
}

/* Blocks but the last one of the text: their sum is *low + 2^128 times the result. */
static uint32_t sum_of_others(const struct message *k, wide *low)
{
	uint32_t over = 0;
	wide lengths = (wide)k->len << 64 | k->aad_len;

	*low = block_at(k->aad, k->aad_len);
	*low += lengths;
	over += *low < lengths;
	for (uint32_t at = 0; at + 16 < k->len; at += 16) {
		wide b = block_at(k->text + at, 16);

		*low += b;
		over += *low < b;
	}
	return over;
}

/* With r = 1 the result is the sum of the blocks, each with its 2^128.  Make it q p + target for
 * some q by the text's last block, if one block can do that:
 *
 *   blocks 2^128 + others + last = 4 q 2^128 - 5 q + target
 */
static bool aim(struct message *k, int target)
{
	uint32_t blocks = (k->aad_len > 0) + k->len / 16 + 1;
	wide low, last;
	uint32_t over = sum_of_others(k, &low);

	for (uint32_t q = blocks / 4; q < blocks + 2; q++) {
		int64_t small = target - 5 * (int64_t)q;
		int64_t borrow = (small < 0) + ((wide)small < low); /* small - low is below zero */

		last = (wide)small - low;
		if (4 * (int64_t)q - borrow != (int64_t)blocks + over)
			continue;
		memcpy(k->text + k->len - 16, &last, 16);
		return true;
	}
	return false;
}

START_TEST(around_p)
{
	if (!lanes_own(_i))
		return;
	lanes_seed(6);
	for (unsigned round = 0; round < 1000; round++) {
		for (unsigned i = 0; i < LANES_BATCH; i++) {
			struct message *k = &message[i];

			do { /* not every text has such a last block */
				make(k, 16 * (1 + lanes_below(round % 4 ? 20 : LONGEST / 16)));
				memset(k->key, 0, 16);
				k->key[0] = 1;
			} while (!aim(k, (int)lanes_below(16) - 8));
		}
		check(isa[_i], message, 1);
		check(isa[_i], message, LANES_BATCH);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lanes mac");
	TCase *tc = tcase_create("lanes mac");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, full_limbs, 0, LANES_SETS);
	tcase_add_loop_test(tc, around_p, 0, LANES_SETS);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
