/* HTTP: the request parser by table and by truncation, the server over real sockets, where it may
 * listen and which hosts it answers to. */
#include "core/http_listen.h"
#include "core/http_request.h"
#include "core/loop.h"
#include "t/lib/vectors.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the parser ---- */

static const struct {
	const char *text;
	int         status;
	const char *path, *query, *host;
} requests[] = {
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, "/", "", "localhost" },
	{ "GET /stats?a=b&c HTTP/1.1\r\nhOsT:  LocalHost:9180 \t\r\n\r\n", 200, "/stats", "a=b&c",
	  "localhost:9180" },
	{ "HEAD /x HTTP/1.0\r\n\r\n", 200, "/x", "", "" },
	{ "GET /? HTTP/1.1\nHost: [::1]\n\n", 200, "/", "", "[::1]" },
	{ "GET /a?b?c HTTP/1.1\r\nX:\r\nContent-Length: 000\r\n\r\nleft over", 200, "/a", "b?c", "" },
	{ "POST /stats HTTP/1.1\r\nHost: h\r\n\r\n", 405, NULL, NULL, NULL },
	{ "POST /stats HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 405, NULL, NULL, NULL },
	{ "get / HTTP/1.1\r\n\r\n", 405, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 413, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nContent-Length: -3\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/2.0\r\n\r\n", 505, NULL, NULL, NULL },
	{ "GET / HTTP/1.\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / FTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET /\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET  / HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ " GET / HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "G(T / HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET http://h/ HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET * HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET /\x7f HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET /\xc3\xa4 HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET /\rx HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\n folded\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\n: v\r\n\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", 400, NULL, NULL, NULL },
	{ "\r\nGET / HTTP/1.1\r\n\r\n", 400, NULL, NULL, NULL },
	{ "\r\n", 400, NULL, NULL, NULL },
	{ "GET / HTTP/1.1\r\nHost: h\r\n", 0, NULL, NULL, NULL },
	{ "", 0, NULL, NULL, NULL },
};

START_TEST(parse)
{
	struct mr_http_request r = { 0 };
	int status = mr_http_parse(requests[_i].text, strlen(requests[_i].text), &r);

	ck_assert_msg(status == requests[_i].status, "%s: %d", requests[_i].text, status);
	if (status != 200)
		return;
	ck_assert_str_eq(r.path, requests[_i].path);
	ck_assert_str_eq(r.query, requests[_i].query);
	ck_assert_str_eq(r.host, requests[_i].host);
	ck_assert_int_eq(r.head, requests[_i].text[0] == 'H');
}
END_TEST

/* No part of a good request is taken for a whole one. */
START_TEST(truncated)
{
	static const char good[] = "GET /stats HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
	struct mr_http_request r;

	for (size_t n = 0; n < sizeof good - 1; n++) {
		char *exact = malloc(n + 1);

		memcpy(exact, good, n);
		ck_assert_int_eq(mr_http_parse(exact, n, &r), 0);
		free(exact);
	}
	ck_assert_int_eq(mr_http_parse(good, sizeof good - 1, &r), 200);
}
END_TEST

/* A head made of a start, n times a piece, and an end. */
static int parse_long(const char *start, const char *piece, unsigned n, const char *end)
{
	static char text[64 * 1024];
	struct mr_http_request r;
	size_t at = (size_t)sprintf(text, "%s", start);

	for (unsigned i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s", piece);
	at += (size_t)sprintf(text + at, "%s", end);
	return mr_http_parse(text, at, &r);
}

START_TEST(limits)
{
	static const char line[] = "GET / HTTP/1.1\r\n";

	ck_assert_int_eq(parse_long(line, "A: b\r\n", MR_HTTP_HEADERS, "\r\n"), 200);
	ck_assert_int_eq(parse_long(line, "A: b\r\n", MR_HTTP_HEADERS + 1, "\r\n"), 431);
	ck_assert_int_eq(parse_long("GET ", "/", MR_HTTP_PATH - 1, " HTTP/1.1\r\n\r\n"), 200);
	ck_assert_int_eq(parse_long("GET ", "/", MR_HTTP_PATH, " HTTP/1.1\r\n\r\n"), 414);
	ck_assert_int_eq(parse_long("GET /?", "q", MR_HTTP_QUERY - 1, " HTTP/1.1\r\n\r\n"), 200);
	ck_assert_int_eq(parse_long("GET /?", "q", MR_HTTP_QUERY, " HTTP/1.1\r\n\r\n"), 414);
	ck_assert_int_eq(parse_long("GET / HTTP/1.1\r\nHost: ", "h", MR_HTTP_HOST - 1, "\r\n\r\n"), 200);
	ck_assert_int_eq(parse_long("GET / HTTP/1.1\r\nHost: ", "h", MR_HTTP_HOST, "\r\n\r\n"), 400);
	ck_assert_int_eq(parse_long(line, "x", MR_HTTP_HEAD - sizeof line, ""), 0);
	ck_assert_int_eq(parse_long(line, "x", MR_HTTP_HEAD, ""), 431);
	ck_assert_int_eq(parse_long(line, "x", MR_HTTP_HEAD, "\r\n\r\n"), 431);
}
END_TEST

static const struct { const char *host, *bare; } hosts[] = {
	{ "localhost", "localhost" }, { "localhost:80", "localhost" }, { "127.0.0.1:", "127.0.0.1" },
	{ "[::1]", "::1" },           { "[::1]:9180", "::1" },         { "", NULL },
	{ ":80", NULL },              { "[]", NULL },                  { "[::1", NULL },
	{ "[::1]x", NULL },           { "h:80x", NULL },               { "h:8:0", NULL },
};

START_TEST(bare_host)
{
	char bare[MR_HTTP_HOST];
	bool ok = mr_http_bare_host(hosts[_i].host, bare);

	ck_assert_msg(ok == (hosts[_i].bare != NULL), "%s", hosts[_i].host);
	if (ok)
		ck_assert_str_eq(bare, hosts[_i].bare);
}
END_TEST

/* ---- where it listens, and to which hosts it answers ---- */

static const struct {
	const char *listen;
	bool        insecure;
	const char *complaint; /* part of it; NULL: it listens */
} places[] = {
	{ "127.0.0.1:0", false, NULL },
	{ "127.3.2.1:0", false, NULL },
	{ "localhost:0", false, NULL },
	{ "0.0.0.0:0", true, NULL },
	{ "0.0.0.0:0", false, "http.listen: 0.0.0.0:0 is not a loopback address: what is shown there "
	                      "is not protected; \"insecure_bind\": true allows it" },
	{ "[::]:0", false, "is not a loopback address" },
	{ "192.0.2.1:80", false, "is not a loopback address" },
	{ "192.0.2.1:80", true, "cannot listen" },
	{ "localhost", false, "is not an address and port such as 127.0.0.1:9180" },
	{ "127.0.0.1:", false, "is not an address and port" },
	{ "127.0.0.1:65536", false, "is not an address and port" },
	{ "127.0.0.1:80x", false, "is not an address and port" },
	{ "127.0.0.1:+80", false, "is not an address and port" },
	{ "::1:80", false, "is not an address and port" },
	{ "[::1]", false, "is not an address and port" },
	{ "example.org:80", true, "is not an address and port" },
	{ "", false, "is not an address and port" },
	{ "unix:", false, "needs an absolute path" },
	{ "unix:here", false, "needs an absolute path" },
	{ "unix:/nowhere/at/all", false, "cannot make the socket file: No such file" },
	{ "unix:/dev/null", false, "is there already and is not a socket" },
};

START_TEST(listening)
{
	struct mr_http_place place;
	struct mr_report report = { 0 };
	int result = mr_http_listen(places[_i].listen, places[_i].insecure, &place, &report);

	if (!places[_i].complaint) {
		ck_assert_msg(result == 0, "%s: %s", places[_i].listen,
		              report.n ? report.list[0].text : "silence");
		ck_assert_int_eq(strncmp(place.url, "http://", 7), 0);
		close(place.fd);
	} else {
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(place.fd, -1);
		ck_assert_uint_eq(report.errors, 1);
		ck_assert_msg(strstr(report.list[0].text, places[_i].complaint) != NULL, "%s",
		              report.list[0].text);
	}
	mr_report_free(&report);
}
END_TEST

/* What can be told without opening anything. */
START_TEST(valid)
{
	const char *complaint = places[_i].complaint;
	bool opens = complaint && (strstr(complaint, "cannot") || strstr(complaint, "already"));
	struct mr_report report = { 0 };

	ck_assert_int_eq(mr_http_listen_valid(places[_i].listen, places[_i].insecure, &report),
	                 !complaint || opens);
	ck_assert_uint_eq(report.errors, complaint && !opens);
	mr_report_free(&report);
}
END_TEST

START_TEST(off)
{
	struct mr_report report = { 0 };

	ck_assert(mr_http_listen_valid("off", false, &report));
	ck_assert_ptr_null(mr_http_open(NULL, "off", false, NULL, NULL, &report));
	ck_assert_uint_eq(report.n, 0);
}
END_TEST

static const struct {
	const char *bound, *host;
	bool        allowed;
} allowed[] = {
	{ "127.0.0.1", "localhost:1", true },     { "127.0.0.1", "127.0.0.1", true },
	{ "127.0.0.1", "[::1]:80", true },        { "127.0.0.1", "127.9.9.9", true },
	{ "127.0.0.1", "", false },               { "127.0.0.1", "evil.example", false },
	{ "127.0.0.1", "192.0.2.7", false },      { "127.0.0.1", "localhost.evil.example", false },
	{ "127.0.0.1", "127.0.0.1.evil", false }, { "127.0.0.1", "[fe80::1]", false },
	{ "192.0.2.7", "192.0.2.7:9180", true },  { "192.0.2.7", "192.0.2.8", false },
	{ "192.0.2.7", "localhost", true },       { "192.0.2.7", "node.example", false },
	{ "0.0.0.0", "192.0.2.7", true },         { "0.0.0.0", "[2001:db8::1]:80", true },
	{ "0.0.0.0", "node.example", false },     { "::", "192.0.2.7", true },
	{ "2001:db8::1", "[2001:db8::1]", true }, { "2001:db8::1", "[2001:db8::2]", false },
};

START_TEST(allowed_hosts)
{
	struct mr_http_place p = { 0 };

	if (inet_pton(AF_INET, allowed[_i].bound, &p.bound.v4.sin_addr) == 1) {
		p.bound.any.sa_family = AF_INET;
	} else {
		p.bound.any.sa_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, allowed[_i].bound, &p.bound.v6.sin6_addr), 1);
	}
	ck_assert_msg(mr_http_host_allowed(&p, allowed[_i].host) == allowed[_i].allowed, "%s at %s",
	              allowed[_i].host, allowed[_i].bound);
}
END_TEST

/* ---- the server ---- */

#define BIG (3u << 20) /* more than a socket buffer holds */

static void say_hello(void *arg, const char *query, struct mr_reply *reply)
{
	char text[256];

	ck_assert_str_eq(arg, "the argument");
	snprintf(text, sizeof text, "hello %s\n", query);
	*reply = (struct mr_reply){ 200, "text/plain; charset=utf-8", strdup(text), strlen(text) };
}

static void say_busy(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	*reply = (struct mr_reply){ 503, "text/plain", NULL, 0 };
}

static void say_much(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	*reply = (struct mr_reply){ 200, "application/octet-stream", calloc(1, BIG), BIG };
}

static void say_nothing(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	(void)reply;
}

static const struct mr_route routes[] = {
	{ "/hello", say_hello, "says hello" },
	{ "/busy", say_busy, "is not ready" },
	{ "/big", say_much, "much" },
	{ "/broken", say_nothing, "fails" },
	{ 0 },
};

struct server {
	pthread_t       thread;
	struct mr_loop *loop;
	struct mr_http *http;
	int             stop[2];
};

static void on_stop(void *arg)
{
	mr_loop_stop(arg);
}

static void *serve(void *arg)
{
	mr_loop_run(arg);
	return NULL;
}

static void start(struct server *s, const char *listen_at)
{
	static char arg[] = "the argument";
	struct mr_report report = { 0 };

	s->loop = mr_loop_open();
	ck_assert_int_eq(pipe(s->stop), 0);
	ck_assert_int_eq(mr_loop_watch(s->loop, s->stop[0], on_stop, s->loop), 0);
	s->http = mr_http_open(s->loop, listen_at, false, routes, arg, &report);
	ck_assert_msg(s->http != NULL, "%s", report.n ? report.list[0].text : "silence");
	mr_report_free(&report);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, serve, s->loop), 0);
}

static void stop(struct server *s)
{
	ck_assert_int_eq(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	mr_http_close(s->http);
	mr_loop_close(s->loop);
	close(s->stop[0]);
	close(s->stop[1]);
}

static int dial(const struct server *s)
{
	const char *url = mr_http_url(s->http);
	struct timeval patience = { 60, 0 };
	union mr_http_addr a = { 0 };
	socklen_t len;
	int fd;

	if (strncmp(url, "unix:", 5) == 0) {
		a.un.sun_family = AF_UNIX;
		strcpy(a.un.sun_path, url + 5);
		len = sizeof a.un;
	} else {
		a.v4.sin_family = AF_INET;
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.v4.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
		len = sizeof a.v4;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &a.any, len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void send_text(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All of the answer until the server closes its side; the number of bytes. */
static size_t receive(int fd, char *answer, size_t room)
{
	size_t n = 0;
	ssize_t got;
	static char rest[65536];

	while ((got = n < room - 1 ? read(fd, answer + n, room - 1 - n) : 0) > 0)
		n += (size_t)got;
	ck_assert_msg(got == 0, "%s", strerror(errno));
	answer[n] = '\0';
	while ((got = read(fd, rest, sizeof rest)) > 0)
		n += (size_t)got;
	ck_assert_msg(got == 0, "%s", strerror(errno));
	close(fd);
	return n;
}

static size_t ask(const struct server *s, const char *request, char *answer, size_t room)
{
	int fd = dial(s);

	send_text(fd, request);
	return receive(fd, answer, room);
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	ck_assert_msg(end != NULL, "%s", answer);
	return end + 4;
}

#define INDEX                    \
	"/hello     says hello\n"   \
	"/busy      is not ready\n" \
	"/big       much\n"         \
	"/broken    fails\n"

static const struct { const char *request, *begin, *body; } exchanges[] = {
	{ "GET /hello?you HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello you\n" },
	{ "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n", "" },
	{ "GET /busy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n",
	  "503 Service Unavailable\n" },
	{ "GET /broken HTTP/1.1\r\nHost: [::1]\r\n\r\n", "HTTP/1.1 500 ", "500 Internal Server Error\n" },
	{ "GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "HTTP/1.1 200 OK\r\n", INDEX },
	{ "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", INDEX },
	{ "GET /hello/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", INDEX },
	{ "GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421 Misdirected Request\r\n",
	  "421 Misdirected Request\n" },
	{ "GET /hello HTTP/1.0\r\n\r\n", "HTTP/1.1 421 ", "421 Misdirected Request\n" },
	{ "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
	  "HTTP/1.1 405 Method Not Allowed\r\n", "405 Method Not Allowed\n" },
	{ "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 413 ",
	  "413 Content Too Large\n" },
	{ "\x16\x03\x01\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "400 Bad Request\n" },
};

START_TEST(exchange)
{
	struct server s;
	char answer[4096], length[64];
	const char *body;

	start(&s, "127.0.0.1:0");
	ask(&s, exchanges[_i].request, answer, sizeof answer);
	ck_assert_msg(strncmp(answer, exchanges[_i].begin, strlen(exchanges[_i].begin)) == 0, "%s",
	              answer);
	body = body_of(answer);
	ck_assert_str_eq(body, exchanges[_i].body);
	snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n",
	         exchanges[_i].request[0] == 'H' ? strlen("hello \n") : strlen(body));
	ck_assert_ptr_nonnull(strstr(answer, length));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nCache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nConnection: close\r\n"));
	ck_assert_int_eq(strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL,
	                 strncmp(answer, "HTTP/1.1 405", 12) == 0);
	stop(&s);
}
END_TEST

/* The refusal arrives although the client had more to say. */
START_TEST(huge_header)
{
	struct server s;
	char answer[4096];
	static char request[100000];
	int fd;

	start(&s, "127.0.0.1:0");
	memset(request, 'x', sizeof request - 1);
	memcpy(request, "GET /hello HTTP/1.1\r\nX: ", 24);
	fd = dial(&s);
	send_text(fd, request);
	receive(fd, answer, sizeof answer);
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 431 ", 13), 0);
	stop(&s);
}
END_TEST

/* Dribbled bytes, a client gone in the middle, one that says nothing: others are served meanwhile,
 * and the slow request gets its answer once it is whole. */
START_TEST(slow)
{
	static const char request[] = "GET /hello?slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct server s;
	char answer[4096];
	int drip, gone, mute;

	start(&s, "127.0.0.1:0");
	drip = dial(&s);
	gone = dial(&s);
	mute = dial(&s);
	send_text(gone, "GET /hel");
	close(gone);
	for (size_t i = 0; i < sizeof request - 1; i++) {
		ck_assert_int_eq(send(drip, &request[i], 1, MSG_NOSIGNAL), 1);
		if (i % 8 == 0) {
			ask(&s, "GET /hello?fast HTTP/1.1\r\nHost: localhost\r\n\r\n", answer,
			    sizeof answer);
			ck_assert_str_eq(body_of(answer), "hello fast\n");
		}
	}
	receive(drip, answer, sizeof answer);
	ck_assert_str_eq(body_of(answer), "hello slow\n");
	close(mute);
	stop(&s);
}
END_TEST

/* R7: more connections than the server takes at once: those beyond wait, and are served when others
 * end. */
START_TEST(many)
{
	enum { N = 80 };
	struct server s;
	char answer[4096];
	int fd[N];

	start(&s, "127.0.0.1:0");
	for (unsigned i = 0; i < N; i++) {
		fd[i] = dial(&s);
		send_text(fd[i], "GET /hello?n HTTP/1.1\r\nHost: localhost\r\n");
	}
	for (unsigned i = 0; i < N; i++) {
		send_text(fd[i], "\r\n");
		receive(fd[i], answer, sizeof answer);
		ck_assert_str_eq(body_of(answer), "hello n\n");
	}
	stop(&s);
}
END_TEST

/* A long answer arrives whole, also for a client that has closed its sending side. */
START_TEST(big)
{
	struct server s;
	char answer[4096];
	int fd;

	start(&s, "127.0.0.1:0");
	fd = dial(&s);
	send_text(fd, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
	if (_i == 1)
		shutdown(fd, SHUT_WR);
	ck_assert_uint_gt(receive(fd, answer, sizeof answer), BIG);
	stop(&s);
}
END_TEST

/* Closing the server in the middle of everything frees everything. */
START_TEST(closing)
{
	struct server s;
	char byte;
	int waiting, reading;

	start(&s, "127.0.0.1:0");
	waiting = dial(&s);
	reading = dial(&s);
	send_text(waiting, "GET /h");
	send_text(reading, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(read(reading, &byte, 1), 1);
	stop(&s);
	close(waiting);
	close(reading);
}
END_TEST

START_TEST(unix_socket)
{
	char dir[] = "/tmp/millrace-http-XXXXXX", place[96], path[64], answer[4096];
	struct server s;
	struct mr_report report = { 0 };
	struct stat st;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int stale;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/http", dir);
	snprintf(place, sizeof place, "unix:%s", path);
	strcpy(at.sun_path, path);
	stale = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(stale, (struct sockaddr *)&at, sizeof at), 0);
	close(stale);
	start(&s, place);
	ck_assert_str_eq(mr_http_url(s.http), place);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	ask(&s, "GET /hello HTTP/1.1\r\nHost: whatever\r\n\r\n", answer, sizeof answer);
	ck_assert_str_eq(body_of(answer), "hello \n");
	ask(&s, "GET /hello HTTP/1.0\r\n\r\n", answer, sizeof answer);
	ck_assert_str_eq(body_of(answer), "hello \n");
	ck_assert_ptr_null(mr_http_open(s.loop, place, false, routes, NULL, &report));
	ck_assert_ptr_nonnull(strstr(report.list[0].text, "is in use by another process"));
	mr_report_free(&report);
	stop(&s);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http");
	TCase *parser = tcase_create("parser"), *place = tcase_create("place");
	TCase *server = tcase_create("server");
	SRunner *r;
	int failed;

	tcase_add_loop_test(parser, parse, 0, (int)COUNT(requests));
	tcase_add_test(parser, truncated);
	tcase_add_test(parser, limits);
	tcase_add_loop_test(parser, bare_host, 0, (int)COUNT(hosts));
	tcase_add_loop_test(place, listening, 0, (int)COUNT(places));
	tcase_add_loop_test(place, valid, 0, (int)COUNT(places));
	tcase_add_test(place, off);
	tcase_add_loop_test(place, allowed_hosts, 0, (int)COUNT(allowed));
	tcase_add_loop_test(server, exchange, 0, (int)COUNT(exchanges));
	tcase_add_test(server, huge_header);
	tcase_add_test(server, slow);
	tcase_add_test(server, many);
	tcase_add_loop_test(server, big, 0, 2);
	tcase_add_test(server, closing);
	tcase_add_test(server, unix_socket);
	suite_add_tcase(s, parser);
	suite_add_tcase(s, place);
	suite_add_tcase(s, server);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
