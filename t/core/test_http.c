/* HTTP: the request parser by table and by truncation,
 * where a server may listen and which hosts it answers to. */
#include "core/http_listen.h"
#include "core/http_request.h"
#include "core/loop.h"
#include "t/lib/vectors.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
	{ "POST /stats HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	  405, NULL, NULL, NULL },
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
	ck_assert_int_eq(parse_long("GET / HTTP/1.1\r\nHost: ", "h", MR_HTTP_HOST - 1, "\r\n\r\n"),
	                 200);
	ck_assert_int_eq(parse_long("GET / HTTP/1.1\r\nHost: ", "h", MR_HTTP_HOST, "\r\n\r\n"),
	                 400);
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

int main(void)
{
	Suite *s = suite_create("http");
	TCase *parser = tcase_create("parser"), *place = tcase_create("place");
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
	suite_add_tcase(s, parser);
	suite_add_tcase(s, place);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
