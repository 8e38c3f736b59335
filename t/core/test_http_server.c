/* The HTTP server over real sockets: what it answers, slow and huge requests, many at a time,
 * and its end. */
#include "core/http_listen.h"
#include "core/loop.h"
#include "t/lib/accepts.h"
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

#define BIG (3u << 20) /* more than a socket buffer holds */

static void say_hello(void *arg, const char *query, struct mr_reply *reply)
{
	char text[256];

	ck_assert_str_eq(arg, "the argument");
	snprintf(text, sizeof text, "hello %s\n", query);
	*reply = (struct mr_reply){ .status = 200, .body = strdup(text), .len = strlen(text) };
}

static void say_busy(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	*reply = (struct mr_reply){ .status = 503, .type = "text/plain" };
}

static void say_much(void *arg, const char *query, struct mr_reply *reply)
{
	(void)arg;
	(void)query;
	*reply = (struct mr_reply){ .status = 200, .type = "application/octet-stream",
		                    .body = calloc(1, BIG), .len = BIG, .policy = "script-src 'self'" };
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
	{ "GET /help HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "HTTP/1.1 200 OK\r\n", INDEX },
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
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'; "
	                                     "frame-ancestors 'none'\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nCross-Origin-Resource-Policy: same-origin\r\n"));
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

/* R7: more connections than the server takes at once, and all of them ask: all are answered, also
 * those that wait. */
START_TEST(many)
{
	enum { N = 160 };
	struct server s;
	char answer[4096];
	int fd[N];

	start(&s, "127.0.0.1:0");
	for (unsigned i = 0; i < N; i++) {
		fd[i] = dial(&s);
		send_text(fd[i], "GET /hello?n HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	for (unsigned i = 0; i < N; i++) {
		receive(fd[i], answer, sizeof answer);
		ck_assert_str_eq(body_of(answer), "hello n\n");
	}
	stop(&s);
}
END_TEST

static const char *const idle[] = { "", "GET /hel" };

/* Nothing has come, nor has the server let go of it. */
static bool holds(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* R7: however many hold connections and do not ask, who asks is answered.  For him the oldest have
 * gone, and only as many as there was need for: nobody has waited for their time to run out. */
START_TEST(idlers)
{
	enum { N = 120 };
	struct server s;
	char answer[4096], byte;
	int fd[N];

	start(&s, "127.0.0.1:0");
	for (unsigned i = 0; i < N; i++) {
		fd[i] = dial(&s);
		send_text(fd[i], idle[_i]);
		if (i % 40 == 39) {
			ask(&s, "GET /hello?you HTTP/1.1\r\nHost: localhost\r\n\r\n", answer,
			    sizeof answer);
			ck_assert_str_eq(body_of(answer), "hello you\n");
			ck_assert(i != 79 || holds(fd[60]));
		}
	}
	ck_assert(read(fd[0], &byte, 1) == 0 || errno == ECONNRESET);
	ck_assert(holds(fd[N - 1]));
	for (unsigned i = 0; i < N; i++)
		close(fd[i]);
	stop(&s);
}
END_TEST

/* R7: answers that nobody reads keep nobody from his. */
START_TEST(unread)
{
	enum { N = 70 };
	struct server s;
	char answer[4096];
	int fd[N];

	start(&s, "127.0.0.1:0");
	for (unsigned i = 0; i < N; i++) {
		fd[i] = dial(&s);
		send_text(fd[i], "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	ask(&s, "GET /hello?you HTTP/1.1\r\nHost: localhost\r\n\r\n", answer, sizeof answer);
	ck_assert_str_eq(body_of(answer), "hello you\n");
	ck_assert_uint_gt(receive(fd[N / 2], answer, sizeof answer), BIG); /* its time was not up */
	for (unsigned i = 0; i < N; i++)
		if (i != N / 2)
			close(fd[i]);
	stop(&s);
}
END_TEST

/* R11: without a descriptor for who calls it looks again now and then;
 * he is answered once there is one. */
START_TEST(no_descriptors)
{
	struct server s;
	char answer[4096];
	int fd;

	start(&s, "127.0.0.1:0");
	accepts_refused = true;
	fd = dial(&s);
	send_text(fd, "GET /hello?you HTTP/1.1\r\nHost: localhost\r\n\r\n");
	accepts_look();
	accepts_refused = false;
	receive(fd, answer, sizeof answer);
	ck_assert_str_eq(body_of(answer), "hello you\n");
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
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Security-Policy: script-src 'self'\r\n"));
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
	Suite *s = suite_create("http_server");
	TCase *server = tcase_create("server");
	SRunner *r;
	int failed;

	tcase_add_loop_test(server, exchange, 0, (int)COUNT(exchanges));
	tcase_add_test(server, huge_header);
	tcase_add_test(server, slow);
	tcase_add_test(server, many);
	tcase_add_loop_test(server, idlers, 0, 2);
	tcase_add_test(server, unread);
	tcase_add_test(server, no_descriptors);
	tcase_add_loop_test(server, big, 0, 2);
	tcase_add_test(server, closing);
	tcase_add_test(server, unix_socket);
	suite_add_tcase(s, server);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
