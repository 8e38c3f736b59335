/* http_request.h - the head of an HTTP/1.x request, parsed from bytes that anybody may have sent.
 *
 *     GET /graph?format=dot HTTP/1.1
 *     Host: 127.0.0.1:9180
 *
 * Only what the server needs is kept: method, path, query and host (RFC 9110, RFC 9112).  No body
 * is ever read, so a request that announces one is refused; escapes in a path stay as they are.
 */
#ifndef MR_CORE_HTTP_REQUEST_H
#define MR_CORE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define MR_HTTP_HEAD    8192 /* bytes of a request's head, at most          */
#define MR_HTTP_HEADERS 64   /* header lines, at most                       */
#define MR_HTTP_PATH    256  /* bytes of path, query and host, each with 0  */
#define MR_HTTP_QUERY   1024
#define MR_HTTP_HOST    256

struct mr_http_request {
	bool head;                 /* HEAD: the answer's body stays away            */
	char path[MR_HTTP_PATH];   /* begins with '/'                               */
	char query[MR_HTTP_QUERY]; /* what follows '?', "" when nothing does        */
	char host[MR_HTTP_HOST];   /* lower case, "" when there was none (HTTP/1.0) */
};

/* Parse the n bytes received so far.  0: the head is not complete yet.  200: out is filled.
 * Otherwise the status to refuse with: 400 malformed, 405 not GET or HEAD, 413 a body, 414 a long
 * target, 431 a long head, 505 not HTTP/1.  Pure; any bytes. */
int mr_http_parse(const char *text, size_t n, struct mr_http_request *out);

/* The host without its port and brackets: "[::1]:80" gives "::1".  false when it is malformed. */
bool mr_http_bare_host(const char *host, char out[MR_HTTP_HOST]);

#endif
