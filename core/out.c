/* out.c - a descriptor that is written to without ever waiting for its reader; see out.h. */
#include "core/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum way { OUT_AT_ONCE, OUT_SOCKET, OUT_ASKED };

struct mr_out {
	int      fd;
	bool     ours; /* to be closed                    */
	enum way way;
	char    *rest; /* owned; NULL: there is none      */
	size_t   n;    /* bytes of it                     */
};

/* The same pipe or terminal by a description of our own. */
static int again(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

struct mr_out *mr_out_open(int fd)
{
	struct mr_out *o = calloc(1, sizeof *o);
	struct stat st;

	if (!o)
		return NULL;
	*o = (struct mr_out){ .fd = fd, .way = OUT_AT_ONCE };
	if (fstat(fd, &st) || S_ISREG(st.st_mode))
		return o;
	if (S_ISSOCK(st.st_mode)) {
		o->way = OUT_SOCKET;
		return o;
	}
	o->fd = again(fd);
	o->ours = o->fd >= 0;
	if (!o->ours) {
		o->fd = fd;
		o->way = OUT_ASKED;
	}
	return o;
}

static bool room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1;
}

/* One call; -1: nothing now. */
static ssize_t give(const struct mr_out *o, const char *text, size_t n)
{
	ssize_t sent;

	do {
		if (o->way == OUT_SOCKET)
			sent = send(o->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (o->way == OUT_ASKED && !room(o->fd))
			sent = -1, errno = EAGAIN;
		else
			sent = write(o->fd, text,
			             o->way == OUT_ASKED && n > PIPE_BUF ? PIPE_BUF : n);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

/* As much as goes now. */
static size_t give_all(const struct mr_out *o, const char *text, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t sent = give(o, text + done, n - done);

		if (sent <= 0)
			break;
		done += (size_t)sent;
	}
	return done;
}

static bool rest_is_out(struct mr_out *o)
{
	size_t done;

	if (!o->rest)
		return true;
	done = give_all(o, o->rest, o->n);
	o->n -= done;
	memmove(o->rest, o->rest + done, o->n);
	if (o->n > 0)
		return false;
	free(o->rest);
	o->rest = NULL;
	return true;
}

bool mr_out_write(struct mr_out *o, const char *text, size_t n)
{
	size_t done = rest_is_out(o) ? give_all(o, text, n) : 0;

	if (done == 0 || done == n)
		return done == n;
	o->n = n - done;
	o->rest = malloc(o->n);
	if (o->rest)
		memcpy(o->rest, text + done, o->n);
	return true;
}

void mr_out_close(struct mr_out *o)
{
	if (!o)
		return;
	rest_is_out(o);
	if (o->ours)
		close(o->fd);
	free(o->rest);
	free(o);
}
