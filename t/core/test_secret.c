/* Memory for keys: what is given out is zero, apart, locked and not dumped; what is given back is
 * wiped and used again; a limit on locked memory is told and ends nothing. */
#include "core/secret.h"

#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/rand.h"
#include "t/lib/scan.h"

static const size_t sizes[] = { 1,    8,    63,   64,    65,    128,   1000,   1024,
	                        4096, 8192, 8193, 16384, 16385, 65536, 100000, 5000000 };
#define SIZES (sizeof sizes / sizeof *sizes)

static void all_are(const uint8_t *p, size_t n, unsigned byte)
{
	size_t same = 0;

	while (same < n && p[same] == (uint8_t)byte)
		same++;
	ck_assert_uint_eq(same, n);
}

START_TEST(zeroed_aligned_apart)
{
	struct mr_secret_use before = mr_secret_use();
	uint8_t *p[SIZES][8];

	for (unsigned i = 0; i < SIZES; i++) {
		for (unsigned j = 0; j < 8; j++) {
			p[i][j] = mr_secret_alloc(sizes[i]);
			ck_assert_ptr_nonnull(p[i][j]);
			ck_assert_uint_eq((uintptr_t)p[i][j] % 64, 0);
			all_are(p[i][j], sizes[i], 0);
			memset(p[i][j], (int)(8 * i + j + 1), sizes[i]);
		}
	}
	ck_assert_uint_eq(mr_secret_use().objects, before.objects + SIZES * 8);
	for (unsigned i = 0; i < SIZES; i++) {
		for (unsigned j = 0; j < 8; j++) {
			all_are(p[i][j], sizes[i], 8 * i + j + 1);
			mr_secret_free(p[i][j]);
		}
	}
	ck_assert_uint_eq(mr_secret_use().objects, before.objects);
}
END_TEST

/* Objects that come and go in a random order, each filled with its own byte. */
START_TEST(any_order)
{
	struct mr_rand_state state = { .seed = 5 };
	struct mr_rand r = mr_rand_seeded(&state);
	struct mr_secret_use before = mr_secret_use();
	static struct { uint8_t *p; size_t n; } o[300];

	for (unsigned step = 0; step < 6000; step++) {
		unsigned i = mr_rand_below(&r, 300);

		all_are(o[i].p, o[i].n, i);
		mr_secret_free(o[i].p);
		o[i].n = mr_rand_below(&r, 4) ? 1 + mr_rand_below(&r, 700) : 0;
		o[i].p = o[i].n ? mr_secret_alloc(o[i].n) : NULL;
		all_are(o[i].p, o[i].n, 0);
		if (o[i].n)
			memset(o[i].p, (int)i, o[i].n);
	}
	for (unsigned i = 0; i < 300; i++)
		mr_secret_free(o[i].p);
	ck_assert_uint_eq(mr_secret_use().objects, before.objects);
	/* at most one chunk of each size stays */
	ck_assert_uint_le(mr_secret_use().bytes, before.bytes + 5 * 65536);
}
END_TEST

START_TEST(texts_and_growth)
{
	char *text = mr_secret_text("nsec1"), *p = NULL;

	ck_assert_str_eq(text, "nsec1");
	for (size_t n = 8; n < 300000; n = 2 * n + 1) {
		text = mr_secret_realloc(text, n);
		ck_assert_ptr_nonnull(text);
		ck_assert_str_eq(text, "nsec1");
		text[n - 1] = 'x';
	}
	text = mr_secret_realloc(text, 6);
	ck_assert_str_eq(text, "nsec1");
	mr_secret_free(text);
	p = mr_secret_realloc(NULL, 10);
	ck_assert_ptr_nonnull(p);
	mr_secret_free(p);
	mr_secret_free(NULL);
}
END_TEST

/* Sizes of objects that hold a key at their end; the key is drawn where nobody keeps it. */
START_TEST(guarded_then_gone)
{
	struct mr_rand r = mr_rand_system();
	uint8_t *p = mr_secret_alloc(sizes[_i] + SCAN_BYTES), *key = p + sizes[_i];

	if (!scan_possible())
		return;
	scan_reset();
	mr_rand_bytes(&r, key, SCAN_BYTES);
	scan_add(key);
	ck_assert_uint_eq(scan_look().guarded, 1);
	ck_assert_uint_eq(scan_look().exposed, 0);
	/* a copy in the heap is seen: the test sees what it is to see */
	key = malloc(SCAN_BYTES);
	ck_assert_ptr_nonnull(key);
	memcpy(key, p + sizes[_i], SCAN_BYTES);
	ck_assert_uint_eq(scan_look().exposed, 1);
	explicit_bzero(key, SCAN_BYTES);
	free(key);
	mr_secret_free(p);
	ck_assert_uint_eq(scan_look().left, 0);
}
END_TEST

/* Growing moves an object, and nothing stays where it was. */
START_TEST(moved_is_wiped)
{
	struct mr_rand r = mr_rand_system();
	uint8_t *p = mr_secret_alloc(SCAN_BYTES);

	if (!scan_possible())
		return;
	scan_reset();
	mr_rand_bytes(&r, p, SCAN_BYTES);
	scan_add(p);
	p = mr_secret_realloc(p, 5000);
	ck_assert_uint_eq(scan_look().guarded, 1);
	mr_secret_free(p);
	ck_assert_uint_eq(scan_look().left, 0);
}
END_TEST

/* A process of its own, by check: the limit is not given back.  Root may lock what it likes. */
START_TEST(beyond_the_limit)
{
	struct rlimit limit = { 0, 0 };
	struct mr_secret_use before = mr_secret_use();
	uint8_t *p;

	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	p = mr_secret_alloc(1 << 20);
	ck_assert_ptr_nonnull(p);
	memset(p, 1, 1 << 20);
	if (mr_secret_use().unlocked == before.unlocked)
		printf("whoever runs this may lock memory without a limit\n");
	else
		ck_assert_uint_ge(mr_secret_use().unlocked, before.unlocked + (1 << 20));
	mr_secret_free(p);
	ck_assert_uint_eq(mr_secret_use().unlocked, before.unlocked);
}
END_TEST

static void *come_and_go(void *arg)
{
	for (unsigned i = 0; i < 2000; i++) {
		size_t n = 1 + i % 500;
		uint8_t *p = mr_secret_alloc(n);

		memset(p, (int)(uintptr_t)arg, n);
		all_are(p, n, (unsigned)(uintptr_t)arg);
		mr_secret_free(p);
	}
	return NULL;
}

START_TEST(several_threads)
{
	struct mr_secret_use before = mr_secret_use();
	pthread_t thread[4];

	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, come_and_go, (void *)(i + 1)), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(mr_secret_use().objects, before.objects);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("secret");
	TCase *c = tcase_create("memory");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(c, zeroed_aligned_apart);
	tcase_add_test(c, any_order);
	tcase_add_test(c, texts_and_growth);
	tcase_add_loop_test(c, guarded_then_gone, 0, SIZES);
	tcase_add_test(c, moved_is_wiped);
	tcase_add_test(c, beyond_the_limit);
	tcase_add_test(c, several_threads);
	suite_add_tcase(s, c);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
