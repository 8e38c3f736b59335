/* The module lanes on vectors of all kinds of packets at once: lengths, keys, pieces, places, long
 * associated data, long texts; some damaged, some under the wrong key.  What is refused keeps every
 * byte, its neighbours open, and then the right key opens it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "t/lib/lanes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR 64
#define FILL   0xa5
#define LONGEST 40000 /* beyond what one buffer of keystream holds */

struct packet {
	uint8_t buf[64 + LONGEST + MR_AEAD_TAG], other[64 + LONGEST + MR_AEAD_TAG];
	uint8_t text[LONGEST], sealed[LONGEST + MR_AEAD_TAG], aad[80];
	uint32_t len;
	struct mr_aead_op op;
	struct lanes_key key;
	bool elsewhere; /* source in `other`, result in buf          */
	bool wrong;     /* opened under the next key, or damaged     */
};

static uint32_t some_length(void)
{
	switch (lanes_below(8)) {
	case 0: return lanes_below(64);
	case 1: return 64 * lanes_below(40);
	case 2: return lanes_below(100) ? lanes_below(3000) : lanes_below(LONGEST);
	case 3: return 1400;
	case 4: return 1280 + lanes_below(200);
	default: return lanes_below(1500);
	}
}

/* n bytes as the source of the operation, cut anywhere. */
static void lay(struct packet *k, const uint8_t *bytes, uint32_t n)
{
	uint32_t cut = lanes_below(4) ? n : lanes_below(n + 1);
	uint8_t *src = k->elsewhere ? k->other + lanes_below(64) : k->op.dst;

	memcpy(src, bytes, n);
	k->op.src[0] = (struct mr_aead_piece){ src, cut };
	k->op.src[1] = (struct mr_aead_piece){ src + cut, n - cut };
}

static void make(struct packet *k, struct lanes_key key)
{
	k->len = some_length();
	k->key = key;
	k->elsewhere = lanes_below(4) == 0;
	k->wrong = lanes_below(4) == 0;
	k->op = (struct mr_aead_op){ .ctx = key.own, .aad = k->aad,
		                     .aad_len = lanes_below(lanes_below(8) ? 17 : 80),
		                     .dst = k->buf + lanes_below(64) };
	k->op.counter = (uint64_t)lanes_below(UINT32_MAX) << lanes_below(32);
	lanes_fill(k->aad, sizeof k->aad);
	lanes_fill(k->text, k->len);
	memset(k->buf, FILL, sizeof k->buf);
	lanes_right(key, &k->op, k->text, k->len, k->sealed);
	lay(k, k->text, k->len);
}

/* Another key, or a bit of text, tag or associated data. */
static void spoil(struct packet *k, struct lanes_key other)
{
	uint32_t kind = lanes_below(3);

	if (kind == 0)
		k->op.ctx = other.own;
	else if (kind == 1 && k->op.aad_len > 0)
		k->aad[lanes_below(k->op.aad_len)] ^= (uint8_t)(1 << lanes_below(8));
	else
		k->sealed[lanes_below(k->len + MR_AEAD_TAG)] ^= (uint8_t)(1 << lanes_below(8));
}

static void check_opened(const struct packet *k)
{
	const uint8_t *src = k->op.src[0].len ? k->op.src[0].at : k->op.src[1].at;

	ck_assert(k->op.ok != k->wrong);
	if (k->op.ok)
		ck_assert_mem_eq(k->op.dst, k->text, k->len);
	else
		ck_assert_mem_eq(src, k->sealed, k->len + MR_AEAD_TAG);
	if (k->wrong && k->elsewhere)
		ck_assert(lanes_all(k->op.dst, k->len + MR_AEAD_TAG, FILL));
	ck_assert(lanes_all(k->buf, (size_t)(k->op.dst - k->buf), FILL));
}

static void seal_vector(const struct mr_aead *p, struct packet *k, unsigned n)
{
	struct mr_aead_op ops[VECTOR];

	for (unsigned i = 0; i < n; i++)
		ops[i] = k[i].op;
	p->seal(ops, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert(ops[i].ok);
		ck_assert_mem_eq(k[i].op.dst, k[i].sealed, k[i].len + MR_AEAD_TAG);
		ck_assert(lanes_all(k[i].buf, (size_t)(k[i].op.dst - k[i].buf), FILL));
	}
}

/* Opens the vector; what is refused was spoilt and is as it was. */
static void open_vector(const struct mr_aead *p, struct packet *k, unsigned n)
{
	struct mr_aead_op ops[VECTOR];
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		ops[i] = k[i].op;
		good += !k[i].wrong;
	}
	ck_assert_uint_eq(p->open(ops, n), good);
	for (unsigned i = 0; i < n; i++) {
		k[i].op.ok = ops[i].ok;
		check_opened(&k[i]);
	}
}

/* Sealed, opened with some of them wrong, and those that only had the wrong key opened again. */
static void round_of(const struct mr_aead *p, struct packet *k, const struct lanes_key key[4])
{
	unsigned n = 1 + lanes_below(VECTOR);

	for (unsigned i = 0; i < n; i++)
		make(&k[i], key[lanes_below(4)]);
	seal_vector(p, k, n);
	for (unsigned i = 0; i < n; i++) {
		if (k[i].wrong)
			spoil(&k[i], k[i].key.own == key[0].own ? key[1] : key[0]);
		memset(k[i].buf, FILL, sizeof k[i].buf);
		lay(&k[i], k[i].sealed, k[i].len + MR_AEAD_TAG);
	}
	open_vector(p, k, n);
	for (unsigned i = 0; i < n; i++)
		if (k[i].wrong && k[i].op.ctx != k[i].key.own) {
			k[i].op.ctx = k[i].key.own;
			k[i].wrong = false;
			ck_assert_uint_eq(p->open(&k[i].op, 1), 1);
			check_opened(&k[i]);
		}
}

START_TEST(all_kinds_in_a_vector)
{
	struct packet *k = calloc(VECTOR, sizeof *k);
	const struct mr_aead *p = lanes_own(_i);
	struct lanes_key key[4];

	if (!p)
		return;
	lanes_seed(77);
	for (unsigned i = 0; i < 4; i++)
		key[i] = lanes_any_key(p);
	for (unsigned round = 0; round < 300; round++)
		round_of(p, k, key);
	for (unsigned i = 0; i < 4; i++)
		lanes_release(p, key[i]);
	free(k);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lanes mixed");
	TCase *tc = tcase_create("lanes mixed");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, all_kinds_in_a_vector, 0, LANES_SETS);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
