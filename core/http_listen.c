/* http_listen - parse the setting, refuse what is not loopback, bind, know the allowed hosts. */
#include "core/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/http_request.h"

#define BACKLOG 64

static int refuse(struct mr_report *report, const char *listen, const char *why)
{
	mr_complain(report, (struct mr_where){ .path = "http.listen" }, "%s %s", listen, why);
	return -1;
}

static int fail(struct mr_report *report, const char *listen, const char *what)
{
	int err = errno;

	mr_complain(report, (struct mr_where){ .path = "http.listen" }, "%s: %s: %s%s", listen,
	            what, strerror(err), mr_bind_cure(err));
	return -1;
}

/* ---- addresses ---- */

static bool parse_literal(const char *text, union mr_http_addr *out)
{
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->any.sa_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
		out->any.sa_family = AF_INET6;
		return true;
	}
	return false;
}

static bool is_loopback(const union mr_http_addr *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static bool is_every(const union mr_http_addr *a)
{
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static bool same_host(const union mr_http_addr *a, const union mr_http_addr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

/* "host:port" with a literal or localhost. */
static bool parse_place(const char *listen, union mr_http_addr *out)
{
	const char *colon = strrchr(listen, ':');
	char host[MR_HTTP_HOST];
	char *end;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9' || !mr_http_bare_host(listen, host))
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return false;
	if (!parse_literal(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, out))
		return false;
	if (out->any.sa_family == AF_INET)
		out->v4.sin_port = htons((uint16_t)port);
	else
		out->v6.sin6_port = htons((uint16_t)port);
	return true;
}

static void write_url(struct mr_http_place *p)
{
	char host[INET6_ADDRSTRLEN];

	if (p->bound.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &p->bound.v4.sin_addr, host, sizeof host);
		snprintf(p->url, sizeof p->url, "http://%s:%u", host,
		         (unsigned)ntohs(p->bound.v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &p->bound.v6.sin6_addr, host, sizeof host);
		snprintf(p->url, sizeof p->url, "http://[%s]:%u", host,
		         (unsigned)ntohs(p->bound.v6.sin6_port));
	}
}

static int read_inet(const char *listen_at, bool insecure, union mr_http_addr *out,
                     struct mr_report *report)
{
	if (!parse_place(listen_at, out))
		return refuse(report, listen_at,
		              "is not an address and port such as 127.0.0.1:9180 or [::1]:9180, "
		              "unix:/path, or off");
	if (!is_loopback(out) && !insecure)
		return refuse(report, listen_at,
		              "is not a loopback address: what is shown there is not protected; "
		              "\"insecure_bind\": true allows it");
	return 0;
}

static int listen_inet(const char *listen_at, bool insecure, struct mr_http_place *p,
                       struct mr_report *report)
{
	socklen_t len;
	int on = 1;

	if (read_inet(listen_at, insecure, &p->bound, report) != 0)
		return -1;
	p->fd = socket(p->bound.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return fail(report, listen_at, "cannot make a socket");
	setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	len = p->bound.any.sa_family == AF_INET ? sizeof p->bound.v4 : sizeof p->bound.v6;
	if (p->bound.any.sa_family == AF_INET6)
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(p->fd, &p->bound.any, len) != 0 || listen(p->fd, BACKLOG) != 0 ||
	    getsockname(p->fd, &p->bound.any, &len) != 0)
		return fail(report, listen_at, "cannot listen");
	write_url(p);
	return 0;
}

/* ---- a socket in the file system ---- */

static struct mr_unix_wish wish_of(const char *listen_at)
{
	return (struct mr_unix_wish){ .path = listen_at + strlen("unix:"), .called = listen_at,
		                      .setting = "http.listen", .mode = 0660 };
}

static int listen_unix(const char *listen_at, struct mr_http_place *p, struct mr_report *report)
{
	struct mr_unix_wish wish = wish_of(listen_at);

	if (mr_unix_listen(&wish, &p->file, report) != 0)
		return -1;
	p->fd = p->file.fd;
	p->bound.un = p->file.at;
	snprintf(p->url, sizeof p->url, "%s", listen_at);
	return 0;
}

bool mr_http_listen_valid(const char *listen_at, bool insecure, struct mr_report *report)
{
	struct mr_unix_wish wish;
	union mr_http_addr addr;

	if (strcmp(listen_at, "off") == 0)
		return true;
	if (strncmp(listen_at, "unix:", 5) == 0) {
		wish = wish_of(listen_at);
		return mr_unix_path_valid(&wish, report);
	}
	return read_inet(listen_at, insecure, &addr, report) == 0;
}

int mr_http_listen(const char *listen_at, bool insecure, struct mr_http_place *place,
                   struct mr_report *report)
{
	int result;

	memset(place, 0, sizeof *place);
	place->fd = -1;
	if (strncmp(listen_at, "unix:", 5) == 0)
		result = listen_unix(listen_at, place, report);
	else
		result = listen_inet(listen_at, insecure, place, report);
	if (result != 0 && place->fd >= 0) {
		close(place->fd);
		place->fd = -1;
	}
	return result;
}

void mr_http_unlisten(const struct mr_http_place *place)
{
	if (place->bound.any.sa_family == AF_UNIX)
		mr_unix_unlisten(&place->file);
}

bool mr_http_host_allowed(const struct mr_http_place *place, const char *host)
{
	char bare[MR_HTTP_HOST];
	union mr_http_addr addr;

	if (place->bound.any.sa_family == AF_UNIX)
		return true;
	if (!mr_http_bare_host(host, bare))
		return false;
	if (strcmp(bare, "localhost") == 0)
		return true;
	if (!parse_literal(bare, &addr))
		return false;
	return is_loopback(&addr) || is_every(&place->bound) || same_host(&addr, &place->bound);
}
