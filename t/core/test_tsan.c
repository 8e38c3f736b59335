/* Hand-overs under ThreadSanitizer: those of the runtime are silent, and one without its acquire is
 * reported, which shows that the silence means something.  Skipped (77) in other builds.
 *
 *   test_tsan           runs both as child processes and judges how they end
 *   test_tsan with      a ring, mail and packets going home between two threads
 *   test_tsan without   a ck_ring of which only the enqueue is told to ThreadSanitizer
 */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/mail.h"
#include "core/pool.h"
#include "core/ring.h"
#include "core/tsan.h"

#define VECTORS  20000u
#define REPORTED 66 /* what ThreadSanitizer exits with when it has reported something */

/* ---- with ---- */

struct lane {
	struct mr_ring *ring;
	struct mr_mail *mail;
	struct mr_pool *pool; /* the producer's; packets come home to it */
};

static void *produce(void *arg)
{
	struct lane *lane = arg;

	for (uint32_t i = 0; i < VECTORS; i++) {
		struct mr_vector v = { .n = 0 };
		uint64_t letter[MR_LETTER / 8] = { i };

		while (v.n < 1 + i % 8) {
			struct mr_pkt *p = mr_pool_get(lane->pool);

			if (!p) {
				sched_yield();
				continue;
			}
			memcpy(mr_pkt_put(p, 4), &i, 4); /* plain stores, for the other thread */
			mr_vector_add(&v, p);
		}
		while (mr_ring_room(lane->ring) < v.n || !mr_mail_push(lane->mail, letter))
			sched_yield();
		mr_ring_push(lane->ring, &v, i);
	}
	return NULL;
}

static unsigned consume(struct lane *lane)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < VECTORS; i++) {
		uint64_t stamp, letter[MR_LETTER / 8];
		struct mr_vector v;

		while (!mr_ring_pop(lane->ring, &v, &stamp))
			sched_yield();
		while (!mr_mail_pop(lane->mail, letter))
			sched_yield();
		wrong += stamp != i || letter[0] != i || v.n != 1 + i % 8;
		for (unsigned n = 0; n < v.n; n++) {
			wrong += memcmp(v.pkt[n]->data, &i, 4) != 0;
			memset(v.pkt[n]->data, 0xff, 4); /* before it is made again */
			mr_pool_return(lane->pool, 1, v.pkt[n]);
		}
	}
	return wrong;
}

static int with(void)
{
	struct lane lane = { mr_ring_open(128), mr_mail_open(100),
		             mr_pool_open(0, 200, 300, 0, 0, 2) };
	pthread_t thread;
	unsigned wrong;

	if (!lane.ring || !lane.mail || !lane.pool || pthread_create(&thread, NULL, produce, &lane))
		return 1;
	wrong = consume(&lane);
	pthread_join(thread, NULL);
	wrong += mr_pool_home(lane.pool) != 200;
	mr_ring_close(lane.ring);
	mr_mail_close(lane.mail);
	mr_pool_close(lane.pool);
	return wrong != 0;
}

/* ---- without ---- */

static struct ck_ring        bare;
static struct ck_ring_buffer slot[256];
static uint32_t              number[128];

MR_UNSEEN static bool enqueue(void *p)
{
	mr_hand_over(&bare);
	return ck_ring_enqueue_spsc(&bare, slot, p);
}

MR_UNSEEN static uint32_t *dequeue(void)
{
	void *p = NULL;

	return ck_ring_dequeue_spsc(&bare, slot, (void *)&p) ? p : NULL; /* no mr_take_over */
}

static void *number_them(void *arg)
{
	for (uint32_t i = 0; i < 128; i++) {
		number[i] = i;
		while (!enqueue(&number[i]))
			sched_yield();
	}
	return arg;
}

static int without(void)
{
	pthread_t thread;
	uint32_t sum = 0;

	ck_ring_init(&bare, 256);
	if (pthread_create(&thread, NULL, number_them, NULL))
		return 1;
	for (unsigned n = 0; n < 128;) {
		const uint32_t *p = dequeue();

		if (!p) {
			sched_yield();
			continue;
		}
		sum += *p;
		n++;
	}
	pthread_join(thread, NULL);
	return sum != 127 * 128 / 2;
}

/* ---- judging ---- */

/* How a child ended that ran one of the two; a report on standard error is not passed on. */
static int end_of(const char *self, const char *part, int quiet)
{
	char *const argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t)part, NULL };
	int status;
	pid_t child = fork();

	if (child < 0)
		return -1;
	if (child == 0) {
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(1);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int judge(const char *self)
{
	int silent = end_of(self, "with", 0), loud = end_of(self, "without", 1);

	if (silent != 0)
		fprintf(stderr, "the runtime's hand-overs end with %d instead of 0\n", silent);
	if (loud != REPORTED)
		fprintf(stderr, "a hand-over without acquire ends with %d instead of %d\n", loud,
		        REPORTED);
	return silent != 0 || loud != REPORTED;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return strcmp(argv[1], "without") ? with() : without();
#ifdef MR_TSAN
	return judge(argv[0]);
#else
	(void)judge;
	printf("not built with ThreadSanitizer\n");
	return 77;
#endif
}
