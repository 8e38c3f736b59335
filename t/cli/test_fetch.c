/* The client of `millrace stats`: against our own server, and against servers that answer badly. */
#include "cli/fetch.h"
#include "core/loop.h"
#include "t/lib/vectors.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- our own server ---- */

#define BIG (5u << 20)

static void say_big(void *arg, const char *query, struct mr_reply *reply)
{
	char *body = malloc(BIG);

	(void)query;
	(void)arg;
	memset(body, 'x', BIG);
	*reply = (struct mr_reply){ .status = 200, .type = "text/plain", .body = body, .len = BIG };
}

static const struct mr_route routes[] = { { "/big", say_big, "much" }, { 0 } };

static void on_stop(void *arg)
{
	mr_loop_stop(arg);
}

static void *serve(void *arg)
{
	mr_loop_run(arg);
	return NULL;
}

START_TEST(ours)
{
	char dir[] = "/tmp/millrace-fetch-XXXXXX", place[96], why[256];
	struct mr_report report = { 0 };
	struct mr_loop *loop = mr_loop_open();
	struct mr_http *http;
	pthread_t thread;
	char *body;
	size_t len;
	int stop[2];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(place, sizeof place, _i ? "unix:%s/http" : "127.0.0.1:0", dir);
	ck_assert_int_eq(pipe(stop), 0);
	ck_assert_int_eq(mr_loop_watch(loop, stop[0], on_stop, loop), 0);
	http = mr_http_open(loop, place, false, routes, NULL, &report);
	ck_assert_ptr_nonnull(http);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, loop), 0);
	body = cli_fetch(mr_http_url(http), "/big", &len, why, sizeof why);
	ck_assert_msg(body != NULL, "%s", why);
	ck_assert_uint_eq(len, BIG);
	ck_assert_uint_eq(strlen(body), BIG);
	free(body);
	ck_assert_ptr_null(cli_fetch(mr_http_url(http), "/nothing", &len, why, sizeof why));
	ck_assert_msg(strstr(why, " answers \"HTTP/1.1 404 Not Found\"") != NULL, "%s", why);
	ck_assert_int_eq(write(stop[1], "x", 1), 1);
	pthread_join(thread, NULL);
	mr_http_close(http);
	mr_loop_close(loop);
	close(stop[0]);
	close(stop[1]);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* ---- servers that say what the table says ---- */

static const struct { const char *says, *body, *why; } others[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", NULL },
	{ "HTTP/1.0 200 Fine\r\n\r\nuntil the end", "until the end", NULL },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", NULL, "was cut short" },
	{ "HTTP/1.1 200 OK\r\nContent-Le", NULL, "does not speak HTTP" },
	{ "HTTP/1.1 503 Busy\r\n\r\nno", NULL, "answers \"HTTP/1.1 503 Busy\"" },
	{ "SSH-2.0-x\r\n\r\n", NULL, "does not speak HTTP" },
	{ "", NULL, "does not speak HTTP" },
};

struct other {
	int         fd;
	const char *says;
};

static void *say(void *arg)
{
	const struct other *o = arg;
	int fd = accept(o->fd, NULL, NULL);
	char request[512];

	if (fd < 0 || read(fd, request, sizeof request) <= 0 ||
	    write(fd, o->says, strlen(o->says)) < 0)
		return arg;
	shutdown(fd, SHUT_WR);
	while (read(fd, request, sizeof request) > 0)
		;
	close(fd);
	return NULL;
}

START_TEST(theirs)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct other o = { .fd = socket(AF_INET, SOCK_STREAM, 0), .says = others[_i].says };
	socklen_t n = sizeof at;
	char url[64], why[256] = "", *body;
	pthread_t thread;
	void *failed;
	size_t len;

	ck_assert_int_eq(bind(o.fd, (struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(o.fd, 1), 0);
	ck_assert_int_eq(getsockname(o.fd, (struct sockaddr *)&at, &n), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, say, &o), 0);
	snprintf(url, sizeof url, "http://localhost:%u/", (unsigned)ntohs(at.sin_port));
	body = cli_fetch(url, "/stats", &len, why, sizeof why);
	if (others[_i].body) {
		ck_assert_msg(body != NULL, "%s", why);
		ck_assert_str_eq(body, others[_i].body);
		ck_assert_uint_eq(len, strlen(body));
	} else {
		ck_assert_ptr_null(body);
		ck_assert_msg(strstr(why, others[_i].why) != NULL, "%s", why);
	}
	free(body);
	pthread_join(thread, &failed);
	ck_assert_ptr_null(failed);
	close(o.fd);
}
END_TEST

/* ---- nobody there ---- */

static const struct { const char *where, *why; } nowhere[] = {
	{ "unix:/nowhere/at/all", "nobody answers at unix:/nowhere/at/all: No such file" },
	{ "http://nothing", "nothing is not a host:port" },
	{ "http://:80", ":80 is not a host:port" },
	{ "127.0.0.1:", "127.0.0.1: is not a host:port" },
	{ "", " is not a host:port" },
};

START_TEST(nobody)
{
	char why[256];
	size_t len;

	ck_assert_ptr_null(cli_fetch(nowhere[_i].where, "/stats", &len, why, sizeof why));
	ck_assert_msg(strncmp(why, nowhere[_i].why, strlen(nowhere[_i].why)) == 0, "%s", why);
}
END_TEST

START_TEST(where)
{
	static const struct { const char *listen, *where; } table[] = {
		{ "127.0.0.1:9180", "127.0.0.1:9180" }, { "0.0.0.0:80", "127.0.0.1:80" },
		{ "[::]:80", "[::1]:80" },              { "unix:/run/x", "unix:/run/x" },
		{ "192.0.2.1:1", "192.0.2.1:1" },
	};
	char out[64];

	for (size_t i = 0; i < COUNT(table); i++)
		ck_assert_str_eq(cli_fetch_where(table[i].listen, out, sizeof out), table[i].where);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fetch");
	TCase *t = tcase_create("fetch");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, ours, 0, 2);
	tcase_add_loop_test(t, theirs, 0, (int)COUNT(others));
	tcase_add_loop_test(t, nobody, 0, (int)COUNT(nowhere));
	tcase_add_test(t, where);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
