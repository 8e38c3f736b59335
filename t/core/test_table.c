/* Tables that many threads read and one writes: entries, and handles that name them. */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/epoch.h"
#include "core/table.h"

static unsigned freed;

static void free_entry(void *entry)
{
	freed++;
	free(entry);
}

static int *number(int n)
{
	int *p = malloc(sizeof *p);

	*p = n;
	return p;
}

struct bench {
	ck_epoch_t         epoch;
	ck_epoch_record_t *writer, *reader;
	struct mr_table   *table;
};

static void bench_open(struct bench *b, uint32_t cap)
{
	ck_epoch_init(&b->epoch);
	b->writer = aligned_alloc(64, 1024);
	b->reader = aligned_alloc(64, 1024);
	ck_epoch_register(&b->epoch, b->writer, NULL);
	ck_epoch_register(&b->epoch, b->reader, NULL);
	b->table = mr_table_open(cap, 4, 42, free_entry);
	freed = 0;
}

static void bench_close(struct bench *b)
{
	ck_epoch_barrier(b->writer);
	mr_table_close(b->table);
	free(b->writer);
	free(b->reader);
}

/* R10: a handle names a key and its generation. */
START_TEST(handles_outlive_replacement_not_removal)
{
	struct bench b;
	uint64_t handle, other;

	bench_open(&b, 4);
	handle = mr_table_put(b.table, b.writer, "key1", number(1));
	ck_assert_int_eq(*(const int *)mr_table_at(b.table, handle), 1);
	ck_assert_uint_eq(mr_table_put(b.table, b.writer, "key1", number(2)), handle);
	ck_assert_int_eq(*(const int *)mr_table_at(b.table, handle), 2);
	ck_assert_int_eq(*(const int *)mr_table_find(b.table, "key1"), 2);
	ck_assert(mr_table_remove(b.table, b.writer, "key1"));
	ck_assert(!mr_table_remove(b.table, b.writer, "key1"));
	ck_assert_ptr_null(mr_table_at(b.table, handle));
	ck_assert_ptr_null(mr_table_find(b.table, "key1"));
	for (int i = 0; i < 100; i++) { /* the slot comes round again, the old handle stays dead */
		ck_epoch_barrier(b.writer);
		other = mr_table_put(b.table, b.writer, "key2", number(3));
		ck_assert_uint_ne(other, handle);
		ck_assert_ptr_null(mr_table_at(b.table, handle));
		mr_table_remove(b.table, b.writer, "key2");
	}
	ck_assert_ptr_null(mr_table_at(b.table, UINT64_MAX));
	bench_close(&b);
	ck_assert_uint_eq(freed, 102);
}
END_TEST

START_TEST(a_reader_keeps_what_it_found)
{
	struct bench b;
	const int *found;

	bench_open(&b, 4);
	mr_table_put(b.table, b.writer, "key1", number(7));
	ck_epoch_begin(b.reader, NULL);
	found = mr_table_find(b.table, "key1");
	mr_table_remove(b.table, b.writer, "key1");
	for (int i = 0; i < 10; i++)
		ck_epoch_poll(b.writer);
	ck_assert_uint_eq(freed, 0);
	ck_assert_int_eq(*found, 7);
	ck_epoch_end(b.reader, NULL);
	ck_epoch_barrier(b.writer);
	ck_assert_uint_eq(freed, 1);
	bench_close(&b);
}
END_TEST

/* Handles of all tables of one seed agree about 15 bytes; other keys differ, most of the time. */
START_TEST(a_handle_has_the_hash_of_its_key)
{
	struct mr_table *wide = mr_table_open(4, 16, 7, NULL),
			*narrow = mr_table_open(4, 15, 7, NULL);
	struct mr_table *other = mr_table_open(4, 15, 8, NULL);
	unsigned by_key[4096] = { 0 }, seeds = 0, least = 1000, most = 0;
	struct bench b;

	bench_open(&b, 1);
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t key[16] = { (uint8_t)i, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)(i * 7) };
		uint64_t handle = mr_table_unresolved(wide, key);

		ck_assert_uint_eq(mr_table_unresolved(narrow, key), handle);
		ck_assert_uint_ne(handle, MR_NO_HANDLE);
		ck_assert_ptr_null(mr_table_at(wide, handle));
		seeds += mr_table_unresolved(other, key) == handle;
		by_key[mr_handle_hash(handle) % 16]++;
	}
	ck_assert_uint_lt(seeds, 20);
	for (unsigned i = 0; i < 16; i++) {
		least = by_key[i] < least ? by_key[i] : least;
		most = by_key[i] > most ? by_key[i] : most;
	}
	ck_assert_uint_gt(least, 4000 / 16 * 3 / 4);
	ck_assert_uint_lt(most, 4000 / 16 * 4 / 3);
	/* resolved and not, of one key and of the next user of its slot */
	for (unsigned i = 0; i < 8; i++) {
		char key[5];
		uint64_t handle;

		snprintf(key, sizeof key, "key%u", i);
		handle = mr_table_put(b.table, b.writer, key, number(1));
		ck_assert_uint_eq(mr_handle_hash(handle),
		                  mr_handle_hash(mr_table_unresolved(b.table, key)));
		ck_assert_uint_eq(mr_table_handle(b.table, key), handle);
		ck_assert_ptr_nonnull(mr_table_at(b.table, handle));
		mr_table_remove(b.table, b.writer, key);
		ck_epoch_barrier(b.writer);
	}
	bench_close(&b);
	mr_table_close(wide);
	mr_table_close(narrow);
	mr_table_close(other);
}
END_TEST

/* R7 */
START_TEST(a_full_table_refuses)
{
	struct bench b;
	int *extra = number(9);

	bench_open(&b, 3);
	for (uint32_t k = 0; k < 3; k++)
		ck_assert_uint_ne(mr_table_put(b.table, b.writer, &k, number((int)k)), UINT64_MAX);
	ck_assert_uint_eq(mr_table_put(b.table, b.writer, "\xff\xff\xff\xff", extra), UINT64_MAX);
	ck_assert_uint_eq(mr_table_count(b.table), 3);
	free(extra);
	bench_close(&b);
	ck_assert_uint_eq(freed, 3);
}
END_TEST

/* Thousands of short-lived keys: the map neither grows nor fills up with what is gone. */
START_TEST(churn_leaves_nothing_behind)
{
	struct bench b;

	bench_open(&b, 64);
	for (uint32_t k = 0; k < 20000; k++) {
		uint32_t old = k - 32;

		ck_assert_uint_ne(mr_table_put(b.table, b.writer, &k, number((int)k)), UINT64_MAX);
		if (k >= 32)
			ck_assert(mr_table_remove(b.table, b.writer, &old));
		if (k % 8 == 0)
			ck_epoch_barrier(b.writer);
		ck_assert_int_eq(*(const int *)mr_table_find(b.table, &k), (int)k);
	}
	bench_close(&b);
	ck_assert_uint_eq(freed, 20000);
}
END_TEST

static atomic_bool stop_reading;

static void *read_forever(void *arg)
{
	struct bench *b = arg;
	uintptr_t wrong = 0;

	while (!atomic_load(&stop_reading)) {
		mr_epoch_begin(b->reader);
		for (uint32_t k = 0; k < 8; k++) {
			const int *found = mr_table_find(b->table, &k);

			wrong += found && (uint32_t)*found % 8 != k;
		}
		mr_epoch_end(b->reader);
	}
	return (void *)wrong;
}

/* Slots of what was removed come back after a grace period: until then the table may be full. */
static void put_or_free(struct bench *b, uint32_t k, int *entry)
{
	if (mr_table_put(b->table, b->writer, &k, entry) == UINT64_MAX)
		free(entry);
}

START_TEST(a_reader_beside_a_writer_sees_whole_entries)
{
	struct bench b;
	pthread_t thread;
	void *wrong;

	bench_open(&b, 16);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_forever, &b), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t k = i % 8;

		if (i % 24 < 8 && i >= 24)
			mr_table_remove(b.table, b.writer, &k);
		else
			put_or_free(&b, k, number((int)i));
		ck_epoch_poll(b.writer);
		if (i % 64 == 0)
			ck_epoch_barrier(b.writer);
	}
	atomic_store(&stop_reading, true);
	pthread_join(thread, &wrong);
	ck_assert_ptr_null(wrong);
	bench_close(&b);
}
END_TEST

/* Handles taken in one section are used in later ones, as packets do.  A handle may die; it never
 * comes to mean another key. */
static void *follow_handles(void *arg)
{
	struct bench *b = arg;
	uint64_t handle[8];
	uintptr_t wrong = 0;

	memset(handle, 0xff, sizeof handle);
	for (uint32_t i = 0; !atomic_load(&stop_reading); i++) {
		uint32_t k = i % 8;
		const int *found;

		mr_epoch_begin(b->reader);
		found = mr_table_at(b->table, handle[k]);
		wrong += found && (uint32_t)*found % 8 != k;
		handle[k] = mr_table_handle(b->table, &k);
		mr_epoch_end(b->reader);
	}
	return (void *)wrong;
}

START_TEST(a_handle_never_comes_to_mean_another_key)
{
	struct bench b;
	pthread_t thread;
	void *wrong;

	bench_open(&b, 1); /* one slot for all */
	ck_assert_int_eq(pthread_create(&thread, NULL, follow_handles, &b), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t k = i % 8;

		put_or_free(&b, k, number((int)i));
		mr_table_remove(b.table, b.writer, &k);
		ck_epoch_barrier(b.writer);
	}
	atomic_store(&stop_reading, true);
	pthread_join(thread, &wrong);
	ck_assert_ptr_null(wrong);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("table");
	TCase *tc = tcase_create("table");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, handles_outlive_replacement_not_removal);
	tcase_add_test(tc, a_reader_keeps_what_it_found);
	tcase_add_test(tc, a_handle_has_the_hash_of_its_key);
	tcase_add_test(tc, a_full_table_refuses);
	tcase_add_test(tc, churn_leaves_nothing_behind);
	tcase_add_test(tc, a_reader_beside_a_writer_sees_whole_entries);
	tcase_add_test(tc, a_handle_never_comes_to_mean_another_key);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
