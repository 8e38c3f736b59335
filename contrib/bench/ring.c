/* bench ring - nanoseconds per packet of a ring between two workers.
 *
 * Pointers to packets go through a ring of the default depth in vectors of 1, 8 and 64.  One
 * thread: the ring is filled and emptied in turn, which is the work alone.  Two threads, each on a
 * core of its own where there are two: what moving the lines between cores adds, with the packets'
 * way home to their pool; `touched` writes the first line of every packet on both sides as well.
 * Medians of 9 rounds.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/ring.h"

#define PACKETS 2000000u /* a round */
#define ROUNDS  9
#define PATIENCE 2000    /* looks at an empty or full ring before giving the core away */

struct lane {
	struct mr_ring *ring;
	struct mr_pool *pool;
	unsigned        size; /* packets in a vector */
	bool            touch;
};

static void wait_a_bit(unsigned *looks)
{
	if (++*looks % PATIENCE == 0)
		sched_yield();
}

static void touch(const struct mr_vector *v)
{
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->data[0]++;
}

static void take_out(struct lane *lane, struct mr_vector *v)
{
	unsigned looks = 0;

	v->n = 0;
	while (v->n < lane->size) {
		struct mr_pkt *p = mr_pool_get(lane->pool);

		if (p)
			mr_vector_add(v, p);
		else
			wait_a_bit(&looks);
	}
}

/* ---- one thread ---- */

static double alone(struct lane *lane)
{
	uint64_t start = mr_clock_now(), stamp;
	struct mr_vector v, got;

	take_out(lane, &v);
	for (unsigned sent = 0; sent < PACKETS;) {
		while (mr_ring_room(lane->ring) >= v.n) {
			mr_ring_push(lane->ring, &v, 0);
			sent += v.n;
		}
		while (mr_ring_pop(lane->ring, &got, &stamp))
			;
	}
	for (unsigned i = 0; i < v.n; i++)
		mr_pool_put(lane->pool, v.pkt[i]);
	return (double)(mr_clock_now() - start) / PACKETS;
}

/* ---- two threads ---- */

static void pin(long core)
{
	cpu_set_t set;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)core, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static void *produce(void *arg)
{
	struct lane *lane = arg;
	struct mr_vector v;

	pin(0);
	for (unsigned sent = 0; sent < PACKETS; sent += v.n) {
		unsigned looks = 0;

		take_out(lane, &v);
		if (lane->touch)
			touch(&v);
		while (mr_ring_room(lane->ring) < v.n)
			wait_a_bit(&looks);
		mr_ring_push(lane->ring, &v, 0);
	}
	return NULL;
}

static double between(struct lane *lane)
{
	uint64_t start = mr_clock_now(), stamp;
	unsigned looks = 0;
	pthread_t thread;
	struct mr_vector v;

	if (pthread_create(&thread, NULL, produce, lane))
		abort();
	pin(1);
	for (unsigned got = 0; got < PACKETS;) {
		if (!mr_ring_pop(lane->ring, &v, &stamp)) {
			wait_a_bit(&looks);
			continue;
		}
		if (lane->touch)
			touch(&v);
		for (unsigned i = 0; i < v.n; i++)
			mr_pool_return(lane->pool, 1, v.pkt[i]);
		got += v.n;
	}
	pthread_join(thread, NULL);
	return (double)(mr_clock_now() - start) / PACKETS;
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct lane *lane, double (*round)(struct lane *lane))
{
	double ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++)
		ns[i] = round(lane);
	qsort(ns, ROUNDS, sizeof *ns, by_value);
	return ns[ROUNDS / 2];
}

int main(void)
{
	static const unsigned sizes[] = { 1, 8, 64 };

	printf("%6s %16s %16s %16s\n", "vector", "one thread ns", "two threads ns", "touched ns");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct lane lane = { .ring = mr_ring_open(MR_DEPTH), .size = sizes[i],
			             .pool = mr_pool_open(0, 2 * MR_DEPTH, 2048, 0, 0, 2) };
		double one, two, touched;

		if (!lane.ring || !lane.pool)
			abort();
		one = median(&lane, alone);
		two = median(&lane, between);
		lane.touch = true;
		touched = median(&lane, between);
		printf("%6u %16.1f %16.1f %16.1f\n", sizes[i], one, two, touched);
		mr_ring_close(lane.ring);
		mr_pool_close(lane.pool);
	}
	return 0;
}
