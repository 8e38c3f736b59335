/* http - a small server for people and scrapers: one request, one answer, goodbye.
 *
 *   1 accept    at most CONNECTIONS at a time; more wait in the kernel's queue
 *   2 read      up to MR_HTTP_HEAD bytes, within TIMEOUT
 *   3 answer    Host, method and path are checked, the route's handler makes the body
 *   4 linger    the answer is out: say so, and read on until the other side is done, so that bytes
 *               still under way do not make the kernel throw the answer away
 *
 * Every connection carries one deadline, moved when the answer is ready, so a client that sends or
 * reads slowly costs a slot for a limited time and nobody else anything.
 */
#include "core/loop.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/http_listen.h"
#include "core/http_request.h"

#define CONNECTIONS 64
#define LINGER_MAX  (256 * 1024) /* bytes read and thrown away after an answer */

static const struct timeval TIMEOUT = { 10, 0 }, LINGER = { 2, 0 }, RETRY = { 0, 100000 };

struct conn {
	struct mr_http     *http;     /* borrowed                               */
	struct bufferevent *bev;      /* owned                                  */
	struct event       *deadline; /* owned                                  */
	struct conn        *next, *prev;
	size_t              lingered; /* bytes thrown away since the answer     */
	bool                answered; /* the answer is made, not yet all sent   */
	bool                sent;     /* and all of it is with the kernel       */
	bool                ended;    /* the other side sends no more           */
};

struct mr_http {
	struct event_base     *base;   /* borrowed                        */
	struct mr_http_place   place;
	struct evconnlistener *listener; /* owned, with the descriptor    */
	struct event          *retry;  /* owned; listening paused by an error until it is due */
	const struct mr_route *routes; /* borrowed                        */
	void                  *arg;
	struct conn           *conns;  /* owned                           */
	unsigned               open;   /* conns in the list, [0, CONNECTIONS] */
};

/* ---- the answer ---- */

static const char *reason(int status)
{
	static const struct {
		int         status;
		const char *text;
	} table[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 421, "Misdirected Request" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].status == status)
			return table[i].text;
	return "Answer";
}

/* The paths, a line each: the body of "/" and of every 404. */
static void add_index(const struct mr_http *h, struct evbuffer *body)
{
	for (const struct mr_route *r = h->routes; r->path; r++)
		evbuffer_add_printf(body, "%-10s %s\n", r->path, r->help ? r->help : "");
}

static void free_body(const void *data, size_t n, void *body)
{
	(void)data;
	(void)n;
	free(body);
}

/* Call the route's handler; its body is handed over, not copied.  The status to send. */
static int call_route(const struct mr_http *h, const struct mr_http_request *req,
                      struct evbuffer *body, const char **type)
{
	struct mr_reply reply = { .status = 500 };
	const struct mr_route *r = h->routes;

	while (r->path && strcmp(r->path, req->path) != 0)
		r++;
	if (!r->path) {
		add_index(h, body);
		return strcmp(req->path, "/") == 0 ? 200 : 404;
	}
	r->handler(h->arg, req->query, &reply);
	if (reply.type)
		*type = reply.type;
	if (reply.body && evbuffer_add_reference(body, reply.body, reply.len, free_body,
	                                         reply.body) != 0) {
		free(reply.body);
		return 500;
	}
	return reply.status;
}

static void add_head(struct evbuffer *out, int status, const char *type, size_t len)
{
	char date[64];

	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", status, reason(status));
	if (evutil_date_rfc1123(date, sizeof date, NULL) > 0)
		evbuffer_add_printf(out, "Date: %s\r\n", date);
	evbuffer_add_printf(out,
	                    "Content-Type: %s\r\n"
	                    "Content-Length: %zu\r\n"
	                    "Cache-Control: no-store\r\n"
	                    "X-Content-Type-Options: nosniff\r\n"
	                    "%sConnection: close\r\n\r\n",
	                    type, len, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

/* Put the whole answer into the output buffer.  Unless status is 200, only req->head counts. */
static void answer(struct conn *c, int status, const struct mr_http_request *req)
{
	struct evbuffer *out = bufferevent_get_output(c->bev), *body = evbuffer_new();
	static const char plain[] = "text/plain; charset=utf-8";
	const char *type = plain;

	c->answered = true;
	if (!body)
		return; /* an empty answer; the deadline ends the connection */
	if (status == 200 && !mr_http_host_allowed(&c->http->place, req->host))
		status = 421;
	if (status == 200)
		status = call_route(c->http, req, body, &type);
	if (evbuffer_get_length(body) == 0 && status != 200) {
		evbuffer_add_printf(body, "%d %s\n", status, reason(status));
		type = plain;
	}
	add_head(out, status, type, evbuffer_get_length(body));
	if (!req->head)
		evbuffer_add_buffer(out, body);
	evbuffer_free(body);
	evtimer_add(c->deadline, &TIMEOUT);
}

/* ---- a connection ---- */

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
	if (++h->open == CONNECTIONS)
		evconnlistener_disable(h->listener);
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
	while (h->conns)
		conn_close(h->conns);
	if (h->retry)
		event_free(h->retry);
	mr_http_unlisten(&h->place);
	if (h->listener)
		evconnlistener_free(h->listener);
	else
		close(h->place.fd);
	free(h);
}
