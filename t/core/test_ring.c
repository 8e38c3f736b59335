/* Rings and mail, between two threads. */

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "core/mail.h"
#include "core/ring.h"

static struct mr_vector vector_of(struct mr_pkt *pkt, unsigned n)
{
	struct mr_vector v = { .n = n };

	for (unsigned i = 0; i < n; i++)
		v.pkt[i] = &pkt[i];
	return v;
}

/* Depth counts packets, whatever the vectors' sizes. */
static const struct { unsigned size, fit; } fits[] = { { 64, 1 }, { 1, 64 }, { 3, 21 }, { 40, 1 } };

START_TEST(depth_is_in_packets)
{
	struct mr_ring *r = mr_ring_open(64);
	struct mr_pkt pkt[64];
	struct mr_vector v = vector_of(pkt, fits[_i].size), got;
	uint64_t stamp;
	unsigned n = 0;

	for (unsigned round = 0; round < 300; round++) {
		for (n = 0; mr_ring_room(r) >= v.n; n++)
			mr_ring_push(r, &v, 1000 + n);
		ck_assert_uint_eq(n, fits[_i].fit);
		ck_assert_uint_eq(mr_ring_depth(r), n * v.n);
		for (unsigned i = 0; i < n; i++) {
			ck_assert(mr_ring_ready(r));
			ck_assert(mr_ring_pop(r, &got, &stamp));
			ck_assert_uint_eq(stamp, 1000 + i);
			ck_assert_uint_eq(got.n, v.n);
			ck_assert_mem_eq(got.pkt, v.pkt, v.n * sizeof v.pkt[0]);
		}
		ck_assert(!mr_ring_pop(r, &got, &stamp));
		ck_assert(!mr_ring_ready(r));
	}
	ck_assert_uint_eq(r->prod.high_water, n * v.n);
	mr_ring_close(r);
}
END_TEST

/* Who looks from outside reads the two ends one after the other, while both move on. */
START_TEST(no_look_finds_more_than_there_is_room_for)
{
	struct mr_ring *r = mr_ring_open(64);

	atomic_store(&r->prod.seen, 100); /* 90 have been taken since `done` was read */
	ck_assert_uint_eq(mr_ring_depth(r), 64);
	atomic_store(&r->cons.done, 90);
	ck_assert_uint_eq(mr_ring_depth(r), 10);
	atomic_store(&r->cons.done, 101);
	ck_assert_uint_eq(mr_ring_depth(r), 0);
	mr_ring_close(r);
}
END_TEST

#define CARRY 300000u

struct lane {
	struct mr_ring *ring;
	struct mr_pkt  *pkt;
};

static void *carry(void *arg)
{
	struct lane *lane = arg;
	uint32_t next = 0, seed = 1;

	while (next < CARRY) {
		struct mr_vector v = { .n = 0 };
		unsigned want = (seed = seed * 1103515245 + 12345) >> 16 & 63;

		while (v.n < want + 1 && next < CARRY) {
			/* Plain store, seen by the consumer after the pop. */
			lane->pkt[next].seq = next;
			mr_vector_add(&v, &lane->pkt[next++]);
		}
		while (mr_ring_room(lane->ring) < v.n)
			sched_yield();
		mr_ring_push(lane->ring, &v, next);
	}
	return NULL;
}

START_TEST(two_threads_keep_order)
{
	struct lane lane = { mr_ring_open(100), calloc(CARRY, sizeof(struct mr_pkt)) };
	struct mr_vector v;
	uint32_t next = 0;
	uint64_t stamp;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, carry, &lane), 0);
	while (next < CARRY) {
		if (!mr_ring_pop(lane.ring, &v, &stamp)) {
			sched_yield();
			continue;
		}
		for (unsigned i = 0; i < v.n; i++, next++) {
			ck_assert_ptr_eq(v.pkt[i], &lane.pkt[next]);
			ck_assert_uint_eq(v.pkt[i]->seq, next);
		}
		ck_assert_uint_eq(stamp, next);
	}
	pthread_join(thread, NULL);
	mr_ring_close(lane.ring);
	free(lane.pkt);
}
END_TEST

/* R7 */
START_TEST(mail_says_when_it_is_full)
{
	struct mr_mail *m = mr_mail_open(5);
	uint64_t letter[8] = { 0 }, got[8];

	for (uint64_t round = 0; round < 50; round++) {
		for (letter[0] = 0; mr_mail_push(m, letter); letter[0]++)
			;
		ck_assert_uint_eq(letter[0], 5);
		for (uint64_t i = 0; i < 5; i++) {
			ck_assert(mr_mail_ready(m));
			ck_assert(mr_mail_pop(m, got));
			ck_assert_uint_eq(got[0], i);
		}
		ck_assert(!mr_mail_pop(m, got));
	}
	mr_mail_close(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *tc = tcase_create("ring");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, depth_is_in_packets, 0, sizeof fits / sizeof fits[0]);
	tcase_add_test(tc, no_look_finds_more_than_there_is_room_for);
	tcase_add_test(tc, two_threads_keep_order);
	tcase_add_test(tc, mail_says_when_it_is_full);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
