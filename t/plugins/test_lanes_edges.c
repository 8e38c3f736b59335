/* The module lanes at values where implementations of RFC 8439 have gone wrong: keys, counters and
 * ciphertexts of all ones and the like at the borders of blocks, and tags that are nearly right.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "t/lib/lanes.h"

#include <check.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FILL 0xa5
static uint8_t at[8][512];

/* Keys, counters and ciphertexts of all zeros, all ones and the like, for every length around the
 * borders of blocks. */
static const struct {
	uint8_t key, sealed; /* each byte of the key; of the ciphertext */
	uint64_t counter;
} edges[] = {
	{ 0x00, 0x00, 0 },          { 0x00, 0xff, 0 },
	{ 0xff, 0x00, UINT64_MAX }, { 0xff, 0xff, UINT64_MAX },
	{ 0x80, 0x7f, UINT32_MAX }, { 0x7f, 0x80, UINT64_C(1) << 32 },
	{ 0x01, 0xfe, 1 },          { 0xfe, 0x01, UINT64_C(1) << 63 },
};

/* The text whose ciphertext is all of one byte. */
static void text_for(struct lanes_key key, const struct mr_aead_op *like, uint8_t byte, uint32_t n,
                     uint8_t *text)
{
	uint8_t zeros[400] = { 0 }, stream[400 + MR_AEAD_TAG];

	lanes_right(key, like, zeros, n, stream);
	for (uint32_t i = 0; i < n; i++)
		text[i] = stream[i] ^ byte;
}

START_TEST(edge_values)
{
	uint8_t key_bytes[MR_AEAD_KEY], aad[20], text[400], want[416];
	const struct mr_aead *p = lanes_own(_i / (int)COUNT(edges));
	size_t e = (size_t)_i % COUNT(edges);
	struct lanes_key key;

	if (!p)
		return;
	memset(key_bytes, edges[e].key, sizeof key_bytes);
	memset(aad, edges[e].sealed, sizeof aad);
	key = lanes_key(p, key_bytes);
	for (uint32_t len = 0; len < 400; len++)
		for (unsigned n = 1; n <= 8; n += 7) {
			struct mr_aead_op ops[8] = { { .ctx = key.own, .aad = aad, .dst = at[0],
				                       .counter = edges[e].counter,
				                       .aad_len = len % 21,
				                       .src = { { text, len } } } };

			text_for(key, &ops[0], edges[e].sealed, len, text);
			lanes_right(key, &ops[0], text, len, want);
			for (unsigned i = 1; i < n; i++) {
				ops[i] = ops[0];
				ops[i].dst = at[i];
			}
			p->seal(ops, n);
			for (unsigned i = 0; i < n; i++)
				ck_assert_mem_eq(at[i], want, len + MR_AEAD_TAG);
		}
	lanes_release(p, key);
}
END_TEST

/* Tags that are nearly right: a bit, a byte, parts, one more and one less, zeros, ones, and that of
 * the packet beside it. */
static unsigned nearly(uint8_t tags[][MR_AEAD_TAG], const uint8_t tag[MR_AEAD_TAG],
                       const uint8_t other[MR_AEAD_TAG])
{
	unsigned n = 0;

	for (unsigned bit = 0; bit < 8 * MR_AEAD_TAG; bit++, n++) {
		memcpy(tags[n], tag, MR_AEAD_TAG);
		tags[n][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned i = 0; i < MR_AEAD_TAG; i++, n++) {
		memcpy(tags[n], tag, MR_AEAD_TAG);
		tags[n][i] ^= 0xff;
	}
	for (unsigned i = 0; i < 4; i++, n++) { /* all, halves, the top bits */
		memcpy(tags[n], tag, MR_AEAD_TAG);
		for (unsigned k = i == 2 ? 8 : 0; k < (i == 1 ? 8u : 16u); k++)
			tags[n][k] ^= i == 3 ? 0x80 : 0xff;
	}
	memset(tags[n++], 0, MR_AEAD_TAG);
	memset(tags[n++], 0xff, MR_AEAD_TAG);
	memcpy(tags[n], tag, MR_AEAD_TAG);
	tags[n++][0]++;
	memcpy(tags[n], tag, MR_AEAD_TAG);
	tags[n++][0]--;
	memcpy(tags[n++], other, MR_AEAD_TAG);
	return n;
}

START_TEST(tags_that_are_nearly_right)
{
	static uint8_t tags[256][MR_AEAD_TAG];
	const struct mr_aead *p = lanes_own(_i);
	uint8_t text[300], sealed[316], other[316];
	struct mr_aead_op op = { .src = { { text, sizeof text } }, .dst = sealed };
	struct lanes_key key;
	unsigned n;

	if (!p)
		return;
	key = lanes_any_key(p);
	op.ctx = key.own;
	lanes_fill(text, sizeof text);
	lanes_right(key, &op, text, sizeof text, sealed);
	op.counter = 1;
	lanes_right(key, &op, text, sizeof text, other);
	n = nearly(tags, sealed + sizeof text, other + sizeof text);
	op.counter = 0;
	op.dst = at[0];
	for (unsigned i = 0; i < n; i++) {
		memset(at[0], FILL, sizeof sealed);
		op.src[0] = (struct mr_aead_piece){ sealed, sizeof text };
		op.src[1] = (struct mr_aead_piece){ tags[i], MR_AEAD_TAG };
		ck_assert_msg(p->open(&op, 1) == 0 && !op.ok, "tag %u is taken", i);
		ck_assert(lanes_all(at[0], sizeof sealed, FILL));
	}
	op.src[1].at = sealed + sizeof text;
	ck_assert_uint_eq(p->open(&op, 1), 1);
	ck_assert_mem_eq(at[0], text, sizeof text);
	lanes_release(p, key);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lanes edges");
	TCase *tc = tcase_create("lanes edges");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, edge_values, 0, LANES_SETS * (int)COUNT(edges));
	tcase_add_loop_test(tc, tags_that_are_nearly_right, 0, LANES_SETS);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
