/* http - a small server for people and scrapers: one request, one answer, goodbye.
 *
 *   1 accept    at most CONNECTIONS at a time; whoever comes then sends away the oldest that has
 *               its answer, else the oldest that has not asked, else the oldest that still reads.
 *               In its GRACE (READING, while it reads) nobody is sent away, and others wait in the
 *               kernel's queue
 *   2 read      up to MR_HTTP_HEAD bytes, within TIMEOUT
 *   3 answer    Host, method and path are checked, the route's handler makes the body
 *   4 linger    the answer is out: say so, and read on until the other side is done, so that bytes
 *               still under way do not make the kernel throw the answer away
 *
 * Every connection carries one deadline, moved when the answer is ready, so a client that sends or
 * reads slowly costs a slot for a limited time, and however many say nothing, who asks is heard.
 */
#include "core/loop.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/http_answer.h"
#include "core/http_listen.h"

#define CONNECTIONS 64
#define LINGER_MAX  (256 * 1024) /* bytes read and thrown away after an answer */
#define GRACE       (250 * MR_NS_PER_MS) /* to ask in                              */
#define READING     (2 * MR_NS_PER_S)    /* to ask in and to read the answer       */

static const struct timeval TIMEOUT = { 10, 0 }, LINGER = { 2, 0 }, RETRY = { 0, 50000 };

struct conn {
	struct mr_http     *http;     /* borrowed                               */
	struct bufferevent *bev;      /* owned                                  */
	struct event       *deadline; /* owned                                  */
	struct conn        *next, *prev; /* older, newer                        */
	uint64_t            opened;   /* ns                                     */
	size_t              lingered; /* bytes thrown away since the answer     */
	bool                answered; /* the answer is made, not yet all sent   */
	bool                sent;     /* and all of it is with the kernel       */
	bool                ended;    /* the other side sends no more           */
};

struct mr_http {
	struct event_base     *base;   /* borrowed                        */
	struct mr_http_place   place;
	struct evconnlistener *listener; /* owned, with the descriptor    */
	struct event          *retry;  /* owned; listening paused until it is due */
	const struct mr_route *routes; /* borrowed                        */
	void                  *arg;
	struct conn           *conns;  /* owned, the newest first         */
	unsigned               open;   /* conns in the list, [0, CONNECTIONS] */
};

/* ---- a connection ---- */

/* Put the whole answer into the output buffer.  Unless status is 200, only req->head counts. */
static void answer(struct conn *c, int status, const struct mr_http_request *req)
{
	struct mr_http *h = c->http;

	if (status == 200 && !mr_http_host_allowed(&h->place, req->host))
		status = 421;
	c->answered = true;
	mr_http_answer(bufferevent_get_output(c->bev), h->routes, h->arg, req, status);
	evtimer_add(c->deadline, &TIMEOUT);
}

static void conn_close(struct conn *c)
{
	struct mr_http *h = c->http;

	if (c->prev)
		c->prev->next = c->next;
	else
		h->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	if (c->deadline)
		event_free(c->deadline);
	if (c->bev)
		bufferevent_free(c->bev);
	free(c);
	if (h->open-- == CONNECTIONS)
		evconnlistener_enable(h->listener);
}

static void linger(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->lingered += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (c->lingered > LINGER_MAX)
		conn_close(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);
	struct mr_http_request req = { 0 };
	int status;

	if (c->answered) {
		linger(c);
		return;
	}
	status = mr_http_parse((const char *)evbuffer_pullup(in, -1), n, &req);
	if (status == 0)
		return;
	evbuffer_drain(in, n);
	answer(c, status, &req);
}

/* All of the answer is with the kernel. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	if (!c->answered || c->sent)
		return;
	c->sent = true;
	if (c->ended) {
		conn_close(c);
		return;
	}
	shutdown(bufferevent_getfd(bev), SHUT_WR);
	evtimer_add(c->deadline, &LINGER);
}

/* A client may close its sending side right after the request and still want the answer. */
static void on_end(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	c->ended = true;
	if (!(what & BEV_EVENT_EOF) || !c->answered || c->sent)
		conn_close(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (!c->answered && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		answer(c, 408, &(struct mr_http_request){ 0 });
	else
		conn_close(c);
}

/* ---- room for the next ---- */

/* The higher, the sooner it has to go. */
static unsigned leisure(const struct conn *c)
{
	if (c->sent)
		return 2;
	return c->answered ? 0 : 1;
}

static bool may_go(const struct conn *c, uint64_t now)
{
	return now - c->opened >= (c->answered && !c->sent ? READING : GRACE);
}

/* The list ends with the oldest, so the last of its sort is the oldest of it. */
static struct conn *most_idle(const struct mr_http *h)
{
	uint64_t now = mr_clock_now();
	struct conn *most = NULL;

	for (struct conn *c = h->conns; c; c = c->next)
		if (may_go(c, now) && (!most || leisure(c) >= leisure(most)))
			most = c;
	return most;
}

/* Has it said something that was not looked at yet? */
static bool speaks(const struct conn *c)
{
	int n = 0;

	return ioctl(bufferevent_getfd(c->bev), FIONREAD, &n) == 0 && n > 0;
}

/* One place is free for the next, or listening rests. */
static void make_room(struct mr_http *h)
{
	struct conn *c;

	if (h->open < CONNECTIONS)
		return;
	c = most_idle(h);
	if (c && (c->sent || !speaks(c))) {
		conn_close(c);
		return;
	}
	evconnlistener_disable(h->listener);
	evtimer_add(h->retry, &RETRY);
}

static void conn_open(struct mr_http *h, evutil_socket_t fd)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->http = h;
	c->next = h->conns;
	if (c->next)
		c->next->prev = c;
	h->conns = c;
	h->open++;
	c->opened = mr_clock_now();
	c->bev = bufferevent_socket_new(h->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = evtimer_new(h->base, on_deadline, c);
	if (!c->bev)
		close(fd);
	if (!c->bev || !c->deadline) {
		conn_close(c);
		return;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_end, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, MR_HTTP_HEAD);
	evtimer_add(c->deadline, &TIMEOUT);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- the listener ---- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *arg)
{
	(void)l;
	(void)from;
	(void)len;
	conn_open(arg, fd);
	make_room(arg);
}

/* Out of descriptors or memory: look again a little later instead of spinning. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	struct mr_http *h = arg;

	evconnlistener_disable(l);
	evtimer_add(h->retry, &RETRY);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct mr_http *h = arg;

	(void)fd;
	(void)what;
	make_room(h);
	if (h->open < CONNECTIONS)
		evconnlistener_enable(h->listener);
}

struct mr_http *mr_http_open(struct mr_loop *l, const char *listen_at, bool insecure,
                             const struct mr_route *routes, void *arg, struct mr_report *report)
{
	struct mr_http *h;

	if (strcmp(listen_at, "off") == 0)
		return NULL;
	h = calloc(1, sizeof *h);
	if (!h) {
		mr_complain(report, (struct mr_where){ .path = "http" }, "no memory");
		return NULL;
	}
	*h = (struct mr_http){ .base = mr_loop_base(l), .routes = routes, .arg = arg };
	if (mr_http_listen(listen_at, insecure, &h->place, report) != 0) {
		free(h);
		return NULL;
	}
	h->retry = evtimer_new(h->base, on_retry, h);
	h->listener = evconnlistener_new(h->base, on_accept, h,
	                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
	                                 h->place.fd);
	if (!h->retry || !h->listener) {
		mr_complain(report, (struct mr_where){ .path = "http" }, "no memory");
		mr_http_close(h);
		return NULL;
	}
	evconnlistener_set_error_cb(h->listener, on_accept_error);
	return h;
}

const char *mr_http_url(const struct mr_http *h)
{
	return h->place.url;
}

/* Connections go first: closing one may want to enable the listener. */
void mr_http_close(struct mr_http *h)
{
	if (!h)
		return;
	while (h->conns) /* conn_close takes it out of the list */
		conn_close(h->conns); /* NOLINT(clang-analyzer-unix.Malloc) */
	if (h->retry)
		event_free(h->retry);
	mr_http_unlisten(&h->place);
	if (h->listener)
		evconnlistener_free(h->listener);
	else
		close(h->place.fd);
	free(h);
}
