/* loop - libevent behind the few calls the program needs.
 *
 * The base keeps no cached time and uses the precise clock: a timer armed late in a long callback
 * still means the time it was given, and is never due early.
 */
#include "core/loop.h"

#include "core/clock.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

/* A descriptor or a signal, watched until the loop closes. */
struct watch {
	struct event *event;
	void        (*ready)(void *arg);            /* a descriptor's */
	void        (*got)(void *arg, int signo);   /* a signal's     */
	void         *arg;
	struct watch *next;
};

struct mr_loop {
	struct event_base *base;
	struct watch      *watches; /* owned */
};

struct mr_timer {
	struct event *event;
	void        (*due)(void *arg);
	void         *arg;
};

static struct event_base *base_open(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME |
	                                          EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

/* libevent writes sockets with writev, so a reader that went away would end the process. */
struct mr_loop *mr_loop_open(void)
{
	struct mr_loop *l = calloc(1, sizeof *l);

	if (l)
		l->base = base_open();
	if (!l || !l->base) {
		free(l);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	return l;
}

void mr_loop_close(struct mr_loop *l)
{
	if (!l)
		return;
	while (l->watches) {
		struct watch *w = l->watches;

		l->watches = w->next;
		event_free(w->event);
		free(w);
	}
	event_base_free(l->base);
	free(l);
}

void mr_loop_run(struct mr_loop *l)
{
	event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void mr_loop_stop(struct mr_loop *l)
{
	event_base_loopbreak(l->base);
}

struct event_base *mr_loop_base(struct mr_loop *l)
{
	return l->base;
}

static void on_watch(evutil_socket_t what, short events, void *arg)
{
	struct watch *w = arg;

	(void)events;
	if (w->ready)
		w->ready(w->arg);
	else
		w->got(w->arg, (int)what);
}

static int watch_add(struct mr_loop *l, int what, short events, struct watch from)
{
	struct watch *w = malloc(sizeof *w);

	if (!w)
		return -1;
	*w = from;
	w->event = event_new(l->base, what, (short)(events | EV_PERSIST), on_watch, w);
	if (!w->event || event_add(w->event, NULL) != 0) {
		if (w->event)
			event_free(w->event);
		free(w);
		return -1;
	}
	w->next = l->watches;
	l->watches = w;
	return 0;
}

int mr_loop_watch(struct mr_loop *l, int fd, void (*ready)(void *arg), void *arg)
{
	return watch_add(l, fd, EV_READ, (struct watch){ .ready = ready, .arg = arg });
}

int mr_loop_signal(struct mr_loop *l, int signo, void (*got)(void *arg, int signo), void *arg)
{
	return watch_add(l, signo, EV_SIGNAL, (struct watch){ .got = got, .arg = arg });
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct mr_timer *t = arg;

	(void)fd;
	(void)events;
	t->due(t->arg);
}

struct mr_timer *mr_timer_open(struct mr_loop *l, void (*due)(void *arg), void *arg)
{
	struct mr_timer *t = malloc(sizeof *t);

	if (!t)
		return NULL;
	*t = (struct mr_timer){ .due = due, .arg = arg };
	t->event = evtimer_new(l->base, on_timer, t);
	if (!t->event) {
		free(t);
		return NULL;
	}
	return t;
}

/* libevent counts microseconds: round up, so that the time has come when due is called. */
void mr_timer_set(struct mr_timer *t, uint64_t at_ns, uint64_t now_ns)
{
	uint64_t us;
	struct timeval in;

	if (at_ns == MR_NEVER) {
		evtimer_del(t->event);
		return;
	}
	us = at_ns > now_ns ? (at_ns - now_ns + MR_NS_PER_US - 1) / MR_NS_PER_US : 0;
	in.tv_sec = (time_t)(us / 1000000);
	in.tv_usec = (suseconds_t)(us % 1000000);
	evtimer_add(t->event, &in);
}

void mr_timer_close(struct mr_timer *t)
{
	if (!t)
		return;
	event_free(t->event);
	free(t);
}
