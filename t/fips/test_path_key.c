/* Key objects: counters given out once whatever the threads, the end of a key, its clock, and what
 * is counted for sender reports. */
#include "fips/path/key.h"
#include "fips/path/snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "t/lib/vectors.h"

#define THREADS  4
#define RUNS     20000
#define RUN_MAX  64

static _Alignas(FIPS_LINE) struct fips_send_key key;

static void fresh(void)
{
	fips_send_key_init(&key, 1, 0, NULL, 0);
}

struct taker {
	pthread_t thread;
	unsigned  seed;
	uint64_t  first[RUNS];
	unsigned  n[RUNS];
};

static void *take(void *arg)
{
	struct taker *t = arg;

	for (unsigned i = 0; i < RUNS; i++) {
		t->n[i] = 1 + (t->seed = t->seed * 1103515245 + 12345) / 65536 % RUN_MAX;
		if (!fips_number(&key, t->n[i], &t->first[i]))
			return t;
	}
	return NULL;
}

/* Every counter below the last is given out, and none twice. */
START_TEST(no_counter_twice)
{
	static struct taker taker[THREADS];
	uint64_t total = 0;
	uint8_t *used;

	for (unsigned i = 0; i < THREADS; i++) {
		taker[i].seed = i;
		ck_assert_int_eq(pthread_create(&taker[i].thread, NULL, take, &taker[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *refused;

		pthread_join(taker[i].thread, &refused);
		ck_assert_ptr_null(refused);
		for (unsigned k = 0; k < RUNS; k++)
			total += taker[i].n[k];
	}
	ck_assert_uint_eq(fips_numbered(&key), total);
	used = calloc(total, 1);
	ck_assert_ptr_nonnull(used);
	for (unsigned i = 0; i < THREADS; i++) {
		for (unsigned k = 0; k < RUNS; k++) {
			for (unsigned c = 0; c < taker[i].n[k]; c++)
				ck_assert_uint_eq(used[taker[i].first[k] + c]++, 0);
		}
	}
	free(used);
}
END_TEST

static const struct {
	uint64_t next;
	unsigned n;
	bool     given;
} ends[] = {
	{ 0, 1, true },
	{ FIPS_COUNTER_END - 1, 1, true },
	{ FIPS_COUNTER_END - 1, 2, false },
	{ FIPS_COUNTER_END - 64, 64, true },
	{ FIPS_COUNTER_END - 63, 64, false },
	{ FIPS_COUNTER_END, 1, false },
	{ FIPS_COUNTER_END + 5, 1, false },
	{ UINT64_MAX - 70, 64, false },
};

START_TEST(a_key_ends)
{
	ck_assert_uint_eq(FIPS_COUNTER_END, UINT64_C(4611686018427387904));
	for (size_t i = 0; i < COUNT(ends); i++) {
		uint64_t first;

		fresh();
		atomic_store(&key.next, ends[i].next);
		ck_assert_int_eq(fips_number(&key, ends[i].n, &first), ends[i].given);
		if (ends[i].given)
			ck_assert_uint_eq(first, ends[i].next);
	}
}
END_TEST

/* Once refused, always refused. */
START_TEST(an_ended_key_stays_ended)
{
	uint64_t first;

	atomic_store(&key.next, FIPS_COUNTER_END - 10);
	ck_assert(!fips_number(&key, 64, &first));
	for (unsigned i = 0; i < 1000; i++)
		ck_assert(!fips_number(&key, 1, &first));
}
END_TEST

static const struct {
	uint64_t zero, now;
	uint32_t stamp;
} stamps[] = {
	{ 0, 0, 0 },
	{ 0, 999999, 0 },
	{ 0, 1000000, 1 },
	{ 5000000, 17 * MR_NS_PER_MS + 5000000, 17 },
	{ 5000000, 4000000, 0 }, /* a worker's turn began before control read the time */
	{ 0, UINT64_C(4294967296) * MR_NS_PER_MS + 3000000, 3 },
};

START_TEST(timestamps)
{
	for (size_t i = 0; i < COUNT(stamps); i++) {
		fips_send_key_start(&key, 1, stamps[i].zero);
		ck_assert_uint_eq(fips_send_stamp(&key, stamps[i].now), stamps[i].stamp);
	}
}
END_TEST

/* The sender's side of the metrics script. */
START_TEST(sender_reports)
{
	json_t *root = vectors_load("link_vectors");
	unsigned built = 0, none = 0;
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "mmp_script"), index, v) {
		const char *op = vectors_text(v, "op");
		struct fips_sender_report report;
		uint8_t out[FIPS_LINK_SENDER_LEN];

		if (strcmp(op, "frame_sent") == 0) {
			fips_sent_run(&key, vectors_u64(v, "counter"), 1,
			              vectors_u64(v, "packet_bytes"),
			              (uint32_t)vectors_u64(v, "timestamp_ms"), false, false, 1);
		} else if (strcmp(op, "build_sender_report") == 0) {
			bool due = fips_sent_snapshot(&key, &report);

			ck_assert_int_eq(due, json_object_get(v, "expect_hex") != NULL);
			if (due) {
				struct bytes want = vectors_bytes(v, "expect_hex");

				fips_link_sender_build(out, &report);
				vectors_same(op, out, sizeof out, want.at, want.n);
			}
			built += due;
			none += !due;
		}
	}
	ck_assert_uint_eq(built, 2);
	ck_assert_uint_eq(none, 1);
	json_decref(root);
}
END_TEST

/* A run is counted like its frames one by one. */
START_TEST(runs)
{
	struct fips_sender_report report;

	fips_sent_run(&key, 100, 64, 64 * 1280, 40, true, false, 7);
	fips_sent_run(&key, 164, 1, 99, 41, false, false, 9);
	ck_assert_uint_eq(fips_word_get(&key.sent.packets), 65);
	ck_assert_uint_eq(fips_word_get(&key.sent.bytes), 64 * 1280 + 99);
	ck_assert_uint_eq(fips_word_get(&key.sent.data_at), 7);
	ck_assert(fips_sent_snapshot(&key, &report));
	ck_assert_uint_eq(report.first, 100);
	ck_assert_uint_eq(report.last, 164);
	ck_assert_uint_eq(report.first_timestamp, 40);
	ck_assert_uint_eq(report.last_timestamp, 41);
	ck_assert_uint_eq(report.interval_bytes, 64 * 1280 + 99);
	ck_assert(!fips_sent_snapshot(&key, &report));
	fips_sent_run(&key, 165, 1, UINT64_C(1) << 40, 42, false, false, 9);
	ck_assert(fips_sent_snapshot(&key, &report));
	ck_assert_uint_eq(report.interval_bytes, UINT32_MAX);
	ck_assert_uint_eq(report.frames, 66);
}
END_TEST

/* Two that seal under one key count their runs in an order of their own. */
START_TEST(shared_runs)
{
	struct fips_sender_report report;

	fips_sent_run(&key, 64, 64, 6400, 41, true, true, 9);
	fips_sent_run(&key, 0, 64, 640, 40, false, true, 8);
	ck_assert(fips_sent_snapshot(&key, &report));
	ck_assert_uint_eq(report.first, 0);
	ck_assert_uint_eq(report.last, 127);
	ck_assert_uint_eq(report.interval_bytes, 7040);
	ck_assert_uint_eq(report.frames, 128);
	ck_assert(!fips_sent_snapshot(&key, &report));
	/* 128 to 191 are still being counted */
	fips_sent_run(&key, 192, 8, 80, 43, false, true, 9);
	ck_assert(fips_sent_snapshot(&key, &report));
	ck_assert_uint_eq(report.first, 128);
	ck_assert_uint_eq(report.last, 199);
	fips_sent_run(&key, 128, 64, 100, 42, false, true, 9);
	fips_sent_run(&key, 200, 1, 1, 44, false, true, 9);
	ck_assert(fips_sent_snapshot(&key, &report));
	ck_assert_uint_eq(report.first, 200);
	ck_assert_uint_eq(report.last, 200);
	ck_assert_uint_eq(report.interval_bytes, 101);
	ck_assert_uint_eq(report.frames, 201);
}
END_TEST

#define SEALERS 4
#define SHARED  400000 /* runs a thread counts */

static void *seal_runs(void *bytes)
{
	for (unsigned i = 0; i < SHARED; i++) {
		uint64_t first;

		if (fips_number(&key, 1 + i % 5, &first))
			fips_sent_run(&key, first, 1 + i % 5, 10 * (1 + i % 5), i, true, true, i);
		*(uint64_t *)bytes += 10 * (1 + i % 5);
	}
	return NULL;
}

/* Nothing is lost between threads, nor between reports taken meanwhile. */
START_TEST(shared_by_threads)
{
	struct fips_sender_report report = { 0 };
	uint64_t bytes[SEALERS] = { 0 }, sum = 0, reported = 0, next = 0;
	pthread_t thread[SEALERS];

	for (unsigned i = 0; i < SEALERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, seal_runs, &bytes[i]), 0);
	for (unsigned i = 0; i < 100; i++) {
		if (!fips_sent_snapshot(&key, &report))
			continue;
		ck_assert_uint_eq(report.first, next);
		next = report.last + 1;
		reported += report.interval_bytes;
	}
	for (unsigned i = 0; i < SEALERS; i++) {
		pthread_join(thread[i], NULL);
		sum += bytes[i];
	}
	if (fips_sent_snapshot(&key, &report))
		reported += report.interval_bytes;
	reported += fips_word_get(&key.sent.interval_bytes);
	ck_assert_uint_eq(reported, sum);
	ck_assert_uint_eq(fips_word_get(&key.sent.bytes), sum);
	ck_assert_uint_eq(fips_word_get(&key.sent.packets), fips_numbered(&key));
	ck_assert_uint_eq(fips_word_get(&key.sent.last), fips_numbered(&key) - 1);
}
END_TEST

/* The counter has a cache line of its own. */
START_TEST(layout)
{
	ck_assert_uint_eq(offsetof(struct fips_send_key, next) % FIPS_LINE, 0);
	ck_assert_uint_eq(offsetof(struct fips_send_key, sent) % FIPS_LINE, 0);
	ck_assert_uint_ge(offsetof(struct fips_send_key, sent),
	                  offsetof(struct fips_send_key, next) + FIPS_LINE);
	ck_assert_uint_eq(sizeof(struct fips_send_key) % FIPS_LINE, 0);
	ck_assert_uint_eq(sizeof(struct fips_recv_key) % FIPS_LINE, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/key");
	TCase *t = tcase_create("key");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, fresh, NULL);
	tcase_add_test(t, no_counter_twice);
	tcase_add_test(t, a_key_ends);
	tcase_add_test(t, an_ended_key_stays_ended);
	tcase_add_test(t, timestamps);
	tcase_add_test(t, sender_reports);
	tcase_add_test(t, runs);
	tcase_add_test(t, shared_runs);
	tcase_add_test(t, shared_by_threads);
	tcase_add_test(t, layout);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
