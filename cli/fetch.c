/* fetch - dial, ask, read all, look at the status. */
#include "cli/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/nodefile.h"
#include "core/json.h"

#define HOST_MAX 256

/* ---- dialling ---- */

static int dial_addr(int family, const struct sockaddr *addr, socklen_t len)
{
	const struct timeval patience = { .tv_sec = FETCH_PATIENCE };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, addr, len) != 0) {
		int err = errno;

		close(fd);
		errno = err == EINPROGRESS ? ETIMEDOUT : err;
		return -1;
	}
	return fd;
}

/* What an error of a socket's path means to who asks. */
static const char *meaning(int err)
{
	switch (err) {
	case ENOENT:       return "; no node runs with its socket there";
	case ECONNREFUSED: return "; the node that made it has ended";
	case EACCES:       return "; ask as root, or as a member of the group that it belongs to";
	default:           return "";
	}
}

static int dial_unix(const char *path, char *why, size_t room)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof at.sun_path) {
		snprintf(why, room, "%s is too long for a socket's path", path);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = dial_addr(AF_UNIX, (const struct sockaddr *)&at, sizeof at);
	if (fd < 0)
		snprintf(why, room, "nobody answers at unix:%s: %s%s", path, strerror(errno),
		         meaning(errno));
	return fd;
}

/* "host:port" or "[host]:port" in two. */
static bool split(const char *where, char host[HOST_MAX], const char **port)
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;

	if (n > 2 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	if (n == 0 || n >= HOST_MAX || colon[1] == '\0')
		return false;
	memcpy(host, where, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

static int dial_host(const char *where, char *why, size_t room)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char host[HOST_MAX];
	const char *port;
	int fd = -1, err;

	if (!split(where, host, &port)) {
		snprintf(why, room, "%s is not a host:port", where);
		return -1;
	}
	err = getaddrinfo(host, port, &hints, &list);
	if (err != 0) {
		snprintf(why, room, "%s: %s", where, gai_strerror(err));
		return -1;
	}
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = dial_addr(a->ai_family, a->ai_addr, a->ai_addrlen);
	if (fd < 0)
		snprintf(why, room, "nobody answers at http://%s: %s", where, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

/* ---- asking ---- */

static bool send_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* Everything until the other side closes; NULL with errno. */
static char *read_all(int fd, size_t *len)
{
	size_t room = 65536, n = 0;
	char *text = malloc(room + 1);

	while (text) {
		ssize_t got = read(fd, text + n, room - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0) {
			text[n] = '\0';
			*len = n;
			return text;
		}
		n += got > 0 ? (size_t)got : 0;
		if (got > 0 && n == room && room < FETCH_MAX) {
			char *more = realloc(text, 2 * room + 1);

			if (more) {
				text = more;
				room *= 2;
			}
		}
		if (got < 0 || n == room) {
			int err = got < 0 ? errno : EFBIG;

			free(text);
			errno = err == EAGAIN ? ETIMEDOUT : err;
			return NULL;
		}
	}
	return NULL;
}

/* The body alone, moved to the start; false when this is no answer of 200. */
static bool take_body(char *text, size_t *len, const char *where, char *why, size_t room)
{
	char *body = strstr(text, "\r\n\r\n");
	const char *length = body ? strstr(text, "\r\nContent-Length: ") : NULL;
	int status = 0;

	if (!body || sscanf(text, "HTTP/1.%*1d %3d", &status) != 1) {
		snprintf(why, room, "what answers at %s does not speak HTTP", where);
		return false;
	}
	if (status != 200) {
		snprintf(why, room, "%s answers \"%.*s\"", where, (int)strcspn(text, "\r"), text);
		return false;
	}
	body += 4;
	*len -= (size_t)(body - text);
	if (length && length < body && strtoull(length + 18, NULL, 10) != *len) {
		snprintf(why, room, "the answer of %s was cut short", where);
		return false;
	}
	memmove(text, body, *len + 1);
	return true;
}

char *cli_fetch(const char *where, const char *path, size_t *len, char *why, size_t room)
{
	bool local = strncmp(where, "unix:", 5) == 0;
	const char *host = strncmp(where, "http://", 7) == 0 ? where + 7 : where;
	char bare[HOST_MAX + 16], request[HOST_MAX + 512];
	char *text = NULL;
	int fd, n;

	snprintf(bare, sizeof bare, "%.*s", (int)strcspn(host, "/"), host);
	fd = local ? dial_unix(where + 5, why, room) : dial_host(bare, why, room);
	if (fd < 0)
		return NULL;
	n = snprintf(request, sizeof request,
	             "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
	             local ? "localhost" : bare);
	if (n > 0 && (size_t)n < sizeof request && send_all(fd, request, (size_t)n))
		text = read_all(fd, len);
	if (!text)
		snprintf(why, room, "no answer from %s: %s", where, strerror(errno));
	close(fd);
	if (text && !take_body(text, len, where, why, room)) {
		free(text);
		return NULL;
	}
	return text;
}

char *cli_fetch_line(const char *path, const char *line, size_t *len, char *why, size_t room)
{
	int fd = dial_unix(path, why, room);
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (send_all(fd, line, strlen(line)) && shutdown(fd, SHUT_WR) == 0)
		text = read_all(fd, len);
	if (!text)
		snprintf(why, room, "no answer from %s: %s", path, strerror(errno));
	close(fd);
	return text;
}

const char *cli_fetch_where(const char *listen, char *out, size_t room)
{
	if (strncmp(listen, "0.0.0.0:", 8) == 0)
		snprintf(out, room, "127.0.0.1:%s", listen + 8);
	else if (strncmp(listen, "[::]:", 5) == 0)
		snprintf(out, room, "[::1]:%s", listen + 5);
	else
		snprintf(out, room, "%s", listen);
	return out;
}

bool cli_where_of_file(const char *file, char *out, size_t room, bool *off,
                       struct mr_report *report)
{
	struct mr_json *doc = cli_node_read(file, report);
	const char *listen = doc ? json_string_value(mr_json_at(doc, "http.listen")) : NULL;

	*off = listen && strcmp(listen, "off") == 0;
	cli_fetch_where(listen ? listen : FETCH_DEFAULT, out, room);
	mr_json_free(doc);
	return doc != NULL;
}
