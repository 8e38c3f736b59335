/* http_answer - the route's handler makes the body, the head is the same for all. */
#include "core/http_answer.h"

#include <event2/buffer.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN  "text/plain; charset=utf-8"
#define POLICY "default-src 'none'; frame-ancestors 'none'"

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

/* ---- the body ---- */

/* The paths, a line each.  What was asked for is not repeated. */
static void add_index(const struct mr_route *routes, struct evbuffer *body)
{
	for (const struct mr_route *r = routes; r->path; r++)
		evbuffer_add_printf(body, "%-10s %s\n", r->path, r->help ? r->help : "");
}

static void free_body(const void *data, size_t n, void *body)
{
	(void)data;
	(void)n;
	free(body);
}

/* Call the route's handler; its body is handed over, not copied. */
static void call_route(const struct mr_route *routes, void *arg, const struct mr_http_request *req,
                       struct evbuffer *body, struct mr_reply *reply)
{
	const struct mr_route *r = routes;

	while (r->path && strcmp(r->path, req->path) != 0)
		r++;
	if (!r->path) {
		add_index(routes, body);
		reply->status =
			strcmp(req->path, "/") == 0 || strcmp(req->path, "/help") == 0 ? 200 : 404;
		return;
	}
	r->handler(arg, req->query, reply);
	if (reply->body && evbuffer_add_reference(body, reply->body, reply->len, free_body,
	                                          reply->body) != 0) {
		free(reply->body);
		reply->status = 500;
	}
}

/* ---- the head ---- */

static void add_head(struct evbuffer *out, const struct mr_reply *reply, size_t len)
{
	char date[64];

	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", reply->status, reason(reply->status));
	if (evutil_date_rfc1123(date, sizeof date, NULL) > 0)
		evbuffer_add_printf(out, "Date: %s\r\n", date);
	evbuffer_add_printf(out,
	                    "Content-Type: %s\r\n"
	                    "Content-Length: %zu\r\n"
	                    "Cache-Control: no-store\r\n"
	                    "X-Content-Type-Options: nosniff\r\n"
	                    "Content-Security-Policy: %s\r\n"
	                    "Cross-Origin-Resource-Policy: same-origin\r\n"
	                    "Referrer-Policy: no-referrer\r\n"
	                    "%sConnection: close\r\n\r\n",
	                    reply->type ? reply->type : PLAIN, len,
	                    reply->policy ? reply->policy : POLICY,
	                    reply->status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

void mr_http_answer(struct evbuffer *out, const struct mr_route *routes, void *arg,
                    const struct mr_http_request *req, int status)
{
	struct mr_reply reply = { .status = status == 200 ? 500 : status };
	struct evbuffer *body = evbuffer_new();

	if (!body)
		return;
	if (status == 200)
		call_route(routes, arg, req, body, &reply);
	if (evbuffer_get_length(body) == 0 && reply.status != 200) {
		evbuffer_add_printf(body, "%d %s\n", reply.status, reason(reply.status));
		reply.type = PLAIN;
	}
	add_head(out, &reply, evbuffer_get_length(body));
	if (!req->head)
		evbuffer_add_buffer(out, body);
	evbuffer_free(body);
}
