/* Every AEAD provider against the golden vectors, against the others, and against the contract of
 * core/aead.h: all shapes of an operation, refused packets left as they were, wrong key then right
 * key, 64-bit counters, whole vectors, two threads. */
#include <pthread.h>
#include <string.h>

#include "t/core/aead_bench.h"

/* --- known answers ------------------------------------------------------------------------- */

START_TEST(names)
{
	ck_assert_str_eq(provider_all()[0]->name, "mbedtls");
	ck_assert_uint_le(providers(), MR_AEAD_MAX);
	for (unsigned i = 0; i < providers(); i++) {
		ck_assert_ptr_eq(mr_aead_find(provider_all(), provider_all()[i]->name),
		                 provider_all()[i]);
		ck_assert_uint_gt(strlen(provider_all()[i]->summary), 0);
		provider_all()[i]->release(NULL);
	}
	ck_assert_ptr_null(mr_aead_find(provider_all(), "no such provider"));
	ck_assert_ptr_null(mr_aead_find(provider_all(), ""));
}
END_TEST

static void golden_one(const struct mr_aead *p, const json_t *v)
{
	struct bytes aad = vectors_bytes(v, "aad_hex"), text = vectors_bytes(v, "plaintext_hex");
	struct bytes sealed = vectors_bytes(v, "ciphertext_hex");
	uint8_t key[MR_AEAD_KEY], out[256];
	struct mr_aead_op op = { .counter = vectors_u64(v, "nonce"), .aad = aad.n ? aad.at : NULL,
		                 .aad_len = (uint32_t)aad.n, .dst = out };

	vectors_exact(v, "key_hex", key, sizeof key);
	op.ctx = p->prepare(key);
	op.src[0] = (struct mr_aead_piece){ text.at, (uint32_t)text.n };
	p->seal(&op, 1);
	ck_assert(op.ok);
	vectors_same(vectors_name(v), out, text.n + MR_AEAD_TAG, sealed.at, sealed.n);
	op.src[0] = (struct mr_aead_piece){ sealed.at, (uint32_t)sealed.n };
	ck_assert_uint_eq(p->open(&op, 1), 1);
	ck_assert(op.ok);
	vectors_same(vectors_name(v), out, text.n, text.at, text.n);
	p->release(op.ctx);
	mr_aead_seal_one(key, op.counter, op.aad, aad.n, text.at, text.n, out);
	vectors_same("seal_one", out, sealed.n, sealed.at, sealed.n);
	ck_assert(mr_aead_open_one(key, op.counter, op.aad, aad.n, out, sealed.n, out));
	vectors_same("open_one", out, text.n, text.at, text.n);
}

START_TEST(golden)
{
	const struct mr_aead *p = provider(_i);
	json_t *root = vectors_load("golden_vectors");
	const json_t *list = vectors_get(root, "vectors");
	unsigned run = 0;

	for (size_t i = 0; p && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (strcmp(vectors_text(v, "type"), "aead") != 0)
			continue;
		golden_one(p, v);
		run++;
	}
	ck_assert_uint_eq(run, p ? 4 : 0);
	json_decref(root);
}
END_TEST

/* "millrace" under the key 0, 3, 6, ... without associated data, computed with another program:
 * all 64 bits of the counter reach the nonce. */
static const struct {
	uint64_t counter;
	const char *sealed;
} counters[] = {
	{ UINT64_C(0x0), "714e8a0d8a9f433cd3e5dd7dafbae0f87cffeaa649053c3a" },
	{ UINT64_C(0x1), "5dc7cbd30df3f1939ac5c8864e2fe7ca578123266b0b23e5" },
	{ UINT64_C(0xffffffff), "2c882f73a6e4553a8393cfd3ef0894ae9853375715471260" },
	{ UINT64_C(0x100000000), "5b71b4361d20cb8d75a4e06b693f60ee30a806df33ddf588" },
	{ UINT64_C(0x100000001), "5d57c6aaab14316d8e34116bd9691ac476ff1515f5173e05" },
	{ UINT64_C(0x10000000007), "d4e9bd0be7e3c4d756fa1cf37a4b58918754f3775e03aca6" },
	{ UINT64_C(0x4000000000000000), "09b550c8b9b7e4359a4ec4c7eef2b5644d4e87ea19ae1677" },
	{ UINT64_C(0xffffffffffffffff), "207c3ca2adc3b081529bf949cd2dd5609eb50f78145a60b9" },
};

START_TEST(all_counters)
{
	const struct mr_aead *p = provider(_i);
	struct mr_aead_op ops[COUNT(counters)];
	uint8_t key[MR_AEAD_KEY], out[COUNT(counters)][24];
	struct mr_aead_ctx *ctx;

	if (!p)
		return;
	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(3 * i);
	ctx = p->prepare(key);
	for (size_t i = 0; i < COUNT(counters); i++)
		ops[i] = (struct mr_aead_op){ .ctx = ctx, .counter = counters[i].counter,
			                      .src = { { (const uint8_t *)"millrace", 8 } },
			                      .dst = out[i] };
	p->seal(ops, COUNT(counters));
	for (size_t i = 0; i < COUNT(counters); i++) {
		struct bytes want = vectors_hex(counters[i].sealed);

		vectors_same(p->name, out[i], sizeof out[i], want.at, want.n);
		ops[i].src[0] = (struct mr_aead_piece){ out[i], 24 };
		ops[i].counter ^= UINT64_C(1) << 32;
	}
	ck_assert_uint_eq(p->open(ops, COUNT(counters)), 0);
	for (size_t i = 0; i < COUNT(counters); i++)
		ops[i].counter ^= UINT64_C(1) << 32;
	ck_assert_uint_eq(p->open(ops, COUNT(counters)), COUNT(counters));
	p->release(ctx);
}
END_TEST

/* --- threads -------------------------------------------------------------------------------- */

struct lane {
	const struct mr_aead *p;
	struct mr_aead_ctx *ctx; /* of the same key in both lanes, prepared by the test */
	unsigned bad;
};

static void *seal_and_open(void *arg)
{
	struct lane *lane = arg;
	uint8_t text[300], buf[316];

	seeded(text, sizeof text, 8);
	for (unsigned i = 0; i < 3000; i++) {
		struct mr_aead_op op = { .ctx = lane->ctx, .counter = i, .dst = buf,
			                 .src = { { text, i % 300 } } };

		lane->p->seal(&op, 1);
		op.src[0] = (struct mr_aead_piece){ buf, i % 300 + MR_AEAD_TAG };
		op.counter ^= i % 7 == 0;
		lane->bad += lane->p->open(&op, 1) != (i % 7 != 0);
		lane->bad += i % 7 && memcmp(buf, text, i % 300) != 0;
	}
	return NULL;
}

START_TEST(contexts_are_independent)
{
	const struct mr_aead *p = provider(_i);
	struct lane lanes[2];
	pthread_t threads[2];

	for (unsigned i = 0; p && i < 2; i++) {
		lanes[i] = (struct lane){ .p = p, .ctx = context(p, 1) };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, seal_and_open, &lanes[i]), 0);
	}
	for (unsigned i = 0; p && i < 2; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(lanes[i].bad, 0);
		p->release(lanes[i].ctx);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aead");
	TCase *tc = tcase_create("aead");
	SRunner *runner = srunner_create(suite);
	int all = (int)providers(), failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, names);
	tcase_add_loop_test(tc, golden, 0, all);
	tcase_add_loop_test(tc, all_counters, 0, all);
	aead_shapes(tc);
	aead_refused(tc);
	tcase_add_loop_test(tc, contexts_are_independent, 0, all);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
