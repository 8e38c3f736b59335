/* oneline - the server of oneline.h on libevent.
 *
 *   1 accept    always; a client too many sends the one away that has been silent longest
 *   2 read      up to a newline or the end
 *   3 answer    the handler makes it
 *   4 linger    the answer is out: say so, and read on until the other side is done, so that bytes
 *               still under way do not make the kernel throw the answer away
 */
#include "core/oneline.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MAX (256 * 1024) /* bytes read and thrown away after an answer */

static const struct timeval PATIENCE = { MR_ONELINE_PATIENCE / MR_NS_PER_S, 0 };
static const struct timeval LINGER = { 2, 0 }, RETRY = { 0, 100000 };

struct client {
	struct mr_oneline  *server;   /* borrowed                              */
	struct bufferevent *bev;      /* owned                                 */
	struct event       *deadline; /* owned                                 */
	struct client      *next, *prev;
	size_t              lingered; /* bytes thrown away since the answer    */
	bool                answered; /* the answer is made, not yet all sent  */
	bool                sent;     /* and all of it is with the kernel      */
	bool                ended;    /* the other side sends no more          */
};

struct mr_oneline {
	struct event_base     *base; /* borrowed                               */
	struct mr_unix_place   place;
	struct evconnlistener *listener; /* owned, with the descriptor         */
	struct event          *retry; /* owned; listening paused by an error until it is due */
	mr_oneline_handler    *handler;
	void                  *arg;
	struct client         *first, *last; /* owned, oldest first            */
	unsigned               open;  /* clients in the list, [0, MR_ONELINE_CLIENTS] */
};

/* ---- clients ---- */

static void client_close(struct client *c)
{
	struct mr_oneline *s = c->server;

	*(c->prev ? &c->prev->next : &s->first) = c->next;
	*(c->next ? &c->next->prev : &s->last) = c->prev;
	s->open--;
	if (c->deadline)
		event_free(c->deadline);
	if (c->bev)
		bufferevent_free(c->bev);
	free(c);
}

static size_t waiting(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

/* The oldest that has (not) been answered, or NULL. */
static struct client *oldest(const struct mr_oneline *s, bool answered)
{
	struct client *c = s->first;

	while (c && c->answered != answered)
		c = c->next;
	return c;
}

/* Send readers away until the answers that wait, with n bytes more, are within bounds. */
static void bound_pending(struct mr_oneline *s, size_t n)
{
	size_t sum = n;
	struct client *c;

	for (c = s->first; c; c = c->next)
		sum += waiting(c);
	while (sum > MR_ONELINE_PENDING && (c = oldest(s, true))) {
		sum -= waiting(c);
		client_close(c);
	}
}

/* ---- the answer ---- */

static void free_text(const void *data, size_t n, void *text)
{
	(void)data;
	(void)n;
	free(text);
}

static void answer(struct client *c, enum mr_oneline_fate fate, const char *line, size_t n)
{
	size_t len = 0;
	char *text = c->server->handler(c->server->arg, fate, line, n, &len);

	bound_pending(c->server, len);
	c->answered = true;
	if (!text || len == 0 || evbuffer_add_reference(bufferevent_get_output(c->bev), text, len,
	                                                free_text, text) != 0) {
		free(text);
		client_close(c);
		return;
	}
	evtimer_add(c->deadline, &PATIENCE);
}

/* Answer if there is something to be said yet; `ended`: nothing more will come. */
static void look(struct client *c, bool ended)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t n = evbuffer_get_length(in);
	size_t most = n < MR_ONELINE_MAX ? n : MR_ONELINE_MAX;
	char line[MR_ONELINE_MAX];
	const char *end;

	evbuffer_copyout(in, line, most);
	end = memchr(line, '\n', most);
	if (!end && n <= MR_ONELINE_MAX && !ended)
		return;
	evbuffer_drain(in, n);
	if (end)
		answer(c, MR_ONELINE_READ, line, (size_t)(end - line));
	else if (n > MR_ONELINE_MAX)
		answer(c, MR_ONELINE_LONG, NULL, 0);
	else
		answer(c, n ? MR_ONELINE_READ : MR_ONELINE_EMPTY, line, n);
}

/* ---- what happens to a client ---- */

static void linger(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->lingered += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (c->lingered > LINGER_MAX)
		client_close(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (c->answered)
		linger(c);
	else
		look(c, false);
}

/* All of the answer is with the kernel. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	if (!c->answered || c->sent)
		return;
	c->sent = true;
	if (c->ended) {
		client_close(c);
		return;
	}
	shutdown(bufferevent_getfd(bev), SHUT_WR);
	evtimer_add(c->deadline, &LINGER);
}

/* A client may close its sending side right after its line, or in place of the newline. */
static void on_end(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	(void)bev;
	c->ended = true;
	if (!(what & BEV_EVENT_EOF) || c->sent)
		client_close(c);
	else if (!c->answered)
		look(c, true);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	if (c->answered)
		client_close(c);
	else
		answer(c, MR_ONELINE_LATE, NULL, 0);
}

static void client_open(struct mr_oneline *s, evutil_socket_t fd)
{
	struct client *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	c->prev = s->last;
	*(s->last ? &s->last->next : &s->first) = c;
	s->last = c;
	s->open++;
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = evtimer_new(s->base, on_deadline, c);
	if (!c->bev)
		close(fd);
	if (!c->bev || !c->deadline) {
		client_close(c);
		return;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_end, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, MR_ONELINE_MAX + 1);
	evtimer_add(c->deadline, &PATIENCE);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- the listener ---- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *arg)
{
	struct mr_oneline *s = arg;
	struct client *gone = oldest(s, false);

	(void)l;
	(void)from;
	(void)len;
	if (s->open == MR_ONELINE_CLIENTS)
		client_close(gone ? gone : s->first);
	client_open(s, fd);
}

/* Out of descriptors or memory: look again a little later instead of spinning. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	struct mr_oneline *s = arg;

	evconnlistener_disable(l);
	evtimer_add(s->retry, &RETRY);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct mr_oneline *s = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(s->listener);
}

struct mr_oneline *mr_oneline_open(struct mr_loop *l, const struct mr_unix_wish *wish,
                                   mr_oneline_handler *handler, void *arg,
                                   struct mr_report *report)
{
	struct mr_oneline *s = calloc(1, sizeof *s);

	if (!s) {
		mr_complain(report, (struct mr_where){ .path = wish->setting }, "no memory");
		return NULL;
	}
	*s = (struct mr_oneline){ .base = mr_loop_base(l), .handler = handler, .arg = arg };
	if (mr_unix_listen(wish, &s->place, report) != 0) {
		free(s);
		return NULL;
	}
	s->retry = evtimer_new(s->base, on_retry, s);
	s->listener = evconnlistener_new(s->base, on_accept, s,
	                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
	                                 s->place.fd);
	if (!s->retry || !s->listener) {
		mr_complain(report, (struct mr_where){ .path = wish->setting }, "no memory");
		mr_oneline_close(s);
		return NULL;
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	return s;
}

const char *mr_oneline_path(const struct mr_oneline *s)
{
	return s->place.at.sun_path;
}

void mr_oneline_close(struct mr_oneline *s)
{
	if (!s)
		return;
	while (s->first) /* client_close takes it out of the list */
		client_close(s->first); /* NOLINT(clang-analyzer-unix.Malloc) */
	if (s->retry)
		event_free(s->retry);
	mr_unix_unlisten(&s->place);
	if (s->listener)
		evconnlistener_free(s->listener);
	else
		close(s->place.fd);
	free(s);
}
