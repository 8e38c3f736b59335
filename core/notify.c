/* notify.c - telling whoever started us how we are; see notify.h. */
#include "core/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

#define TEXT_MAX 512 /* bytes of a datagram */

/* ---- from the environment ---- */

/* A path, or with '@' in front a name that is in no folder (unix(7)). */
static const char *address(struct mr_notify *n, const char *path)
{
	size_t len = strlen(path);

	if ((*path != '/' && *path != '@') || len < 2)
		return "NOTIFY_SOCKET is neither a path nor an abstract name";
	if (len >= sizeof n->to.sun_path)
		return "NOTIFY_SOCKET is too long for a socket";
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, path, len + 1);
	n->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*path == '/'));
	if (*path == '@')
		n->to.sun_path[0] = '\0';
	return NULL;
}

static bool number(const char *text, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return !*end && !errno;
}

/* The pid, when there is one, says for whom the time is meant. */
static const char *watchdog(struct mr_notify *n)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, whose;

	if (!usec || (pid && (!number(pid, &whose) || whose != (uint64_t)getpid())))
		return NULL;
	if (!number(usec, &us) || us == 0 || us > UINT64_MAX / MR_NS_PER_US)
		return "WATCHDOG_USEC is no number of microseconds";
	n->watchdog = us * MR_NS_PER_US;
	return NULL;
}

const char *mr_notify_open(struct mr_notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET"), *wrong;

	*n = (struct mr_notify){ .fd = -1 };
	if (!path || !*path)
		return NULL;
	wrong = address(n, path);
	if (!wrong)
		wrong = watchdog(n);
	if (!wrong && (n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		wrong = strerror(errno);
	if (wrong)
		n->watchdog = 0;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return wrong;
}

void mr_notify_close(struct mr_notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

/* ---- to the socket ---- */

/* False: it was not taken; whoever started us has gone, does not listen, or has not listened yet to
 * what it was told before. */
__attribute__((format(printf, 2, 3))) static bool tell(const struct mr_notify *n, const char *fmt,
                                                       ...)
{
	char text[TEXT_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n->fd < 0 || len < 0)
		return true;
	if (len >= TEXT_MAX)
		len = TEXT_MAX - 1;
	return sendto(n->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
	              (const struct sockaddr *)&n->to, n->len) >= 0;
}

/* A status is one line. */
static size_t line(const char *status)
{
	return status ? strcspn(status, "\n") : 0;
}

void mr_notify_ready(struct mr_notify *n, const char *status)
{
	n->owes_ready = !tell(n, "READY=1%s%.*s", status ? "\nSTATUS=" : "", (int)line(status),
	                      status ? status : "");
}

void mr_notify_reloading(const struct mr_notify *n, uint64_t now)
{
	tell(n, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now / MR_NS_PER_US);
}

void mr_notify_status(const struct mr_notify *n, const char *status)
{
	tell(n, "STATUS=%.*s", (int)line(status), status);
}

void mr_notify_alive(struct mr_notify *n)
{
	if (n->owes_ready)
		mr_notify_ready(n, NULL);
	tell(n, "WATCHDOG=1");
}

void mr_notify_stopping(struct mr_notify *n, const char *status)
{
	n->owes_ready = false;
	tell(n, "STOPPING=1\nSTATUS=%.*s", (int)line(status), status);
}
