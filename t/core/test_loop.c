/* The event loop: descriptors, signals, timers and their order.  Counts only, no durations but that
 * a timer is never early. */
#include "core/clock.h"
#include "core/loop.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct seen {
	struct mr_loop  *loop;
	struct mr_timer *timer[4];
	int              fd;     /* to read from                    */
	unsigned         times;
	char             order[16];
	uint64_t         at;     /* when timer 0 was to be due      */
};

static void note(struct seen *s, char c)
{
	s->order[s->times++] = c;
	s->order[s->times] = '\0';
}

static void on_byte(void *arg)
{
	struct seen *s = arg;
	char c;

	ck_assert_int_eq(read(s->fd, &c, 1), 1);
	note(s, c);
	if (c == '.')
		mr_loop_stop(s->loop);
}

/* Level-triggered: one byte a call, called until none is left. */
START_TEST(watch)
{
	struct seen s = { .loop = mr_loop_open() };
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	s.fd = fd[0];
	ck_assert_int_eq(mr_loop_watch(s.loop, fd[0], on_byte, &s), 0);
	ck_assert_int_eq(write(fd[1], "abc.", 4), 4);
	mr_loop_run(s.loop);
	ck_assert_str_eq(s.order, "abc.");
	mr_loop_close(s.loop);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

static void on_signal(void *arg, int signo)
{
	struct seen *s = arg;

	note(s, signo == SIGUSR1 ? '1' : '2');
	if (signo == SIGUSR2)
		mr_loop_stop(s->loop);
	else
		raise(SIGUSR2);
}

START_TEST(signals)
{
	struct seen s = { .loop = mr_loop_open() };

	ck_assert_int_eq(mr_loop_signal(s.loop, SIGUSR1, on_signal, &s), 0);
	ck_assert_int_eq(mr_loop_signal(s.loop, SIGUSR2, on_signal, &s), 0);
	raise(SIGUSR1);
	mr_loop_run(s.loop);
	ck_assert_str_eq(s.order, "12");
	mr_loop_close(s.loop);
}
END_TEST

START_TEST(no_sigpipe)
{
	struct mr_loop *l = mr_loop_open();
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	close(fd[0]);
	ck_assert_int_eq(write(fd[1], "x", 1), -1);
	close(fd[1]);
	mr_loop_close(l);
}
END_TEST

static void on_first(void *arg)
{
	struct seen *s = arg;

	ck_assert_uint_ge(mr_clock_now(), s->at);
	note(s, 'a');
}

static void on_never(void *arg)
{
	note(arg, '!');
}

static void on_moved(void *arg)
{
	note(arg, 'm');
}

static void on_last(void *arg)
{
	struct seen *s = arg;

	note(s, 'z');
	mr_loop_stop(s->loop);
}

/* One due, one disarmed, one moved from early to late, one that ends the loop. */
START_TEST(timers)
{
	struct seen s = { .loop = mr_loop_open() };
	uint64_t now = mr_clock_now();

	s.at = now + 1500001;
	s.timer[0] = mr_timer_open(s.loop, on_first, &s);
	s.timer[1] = mr_timer_open(s.loop, on_never, &s);
	s.timer[2] = mr_timer_open(s.loop, on_moved, &s);
	s.timer[3] = mr_timer_open(s.loop, on_last, &s);
	mr_timer_set(s.timer[2], now, now);
	mr_timer_set(s.timer[1], now + 100, now);
	mr_timer_set(s.timer[0], s.at, mr_clock_now());
	mr_timer_set(s.timer[2], now + 40 * MR_NS_PER_MS, now);
	mr_timer_set(s.timer[3], now + 80 * MR_NS_PER_MS, now);
	mr_timer_set(s.timer[1], MR_NEVER, now);
	mr_loop_run(s.loop);
	ck_assert_str_eq(s.order, "amz");
	for (unsigned i = 0; i < 4; i++)
		mr_timer_close(s.timer[i]);
	mr_loop_close(s.loop);
}
END_TEST

static void on_past(void *arg)
{
	struct seen *s = arg;

	note(s, 'p');
	if (s->times < 3)
		mr_timer_set(s->timer[0], 1, mr_clock_now());
	else
		mr_loop_stop(s->loop);
}

/* A time gone by is due at once, also when set from its own callback. */
START_TEST(past)
{
	struct seen s = { .loop = mr_loop_open() };

	s.timer[0] = mr_timer_open(s.loop, on_past, &s);
	mr_timer_set(s.timer[0], 0, mr_clock_now());
	mr_loop_run(s.loop);
	ck_assert_str_eq(s.order, "ppp");
	mr_timer_close(s.timer[0]);
	mr_loop_close(s.loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");
	SRunner *r;
	int failed;

	tcase_add_test(t, watch);
	tcase_add_test(t, signals);
	tcase_add_test(t, no_sigpipe);
	tcase_add_test(t, timers);
	tcase_add_test(t, past);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
