/* unix_listen - make room, make the file, give it its rights, listen. */
#include "core/unix_listen.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 64

static int refuse(const struct mr_unix_wish *w, struct mr_report *report, const char *why)
{
	mr_complain(report, (struct mr_where){ .path = w->setting }, "%s %s", w->called, why);
	return -1;
}

static int fail(const struct mr_unix_wish *w, struct mr_report *report, const char *what)
{
	int err = errno;

	mr_complain(report, (struct mr_where){ .path = w->setting }, "%s: %s: %s", w->called, what,
	            strerror(err));
	return -1;
}

bool mr_unix_path_valid(const struct mr_unix_wish *w, struct mr_report *report)
{
	struct sockaddr_un at;

	return (w->path[0] == '/' && strlen(w->path) < sizeof at.sun_path) ||
	       refuse(w, report, "needs an absolute path of at most 107 bytes") == 0;
}

/* Does somebody answer there? */
static bool answers(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd < 0)
		return true;
	yes = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno != ECONNREFUSED;
	close(fd);
	return yes;
}

static int make_room(const struct mr_unix_wish *w, const struct sockaddr_un *at,
                     struct mr_report *report)
{
	struct stat st;

	if (lstat(at->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : fail(w, report, "cannot look at it");
	if (!S_ISSOCK(st.st_mode))
		return refuse(w, report, "is there already and is not a socket: remove it, or choose another path");
	if (st.st_uid != geteuid())
		return refuse(w, report, "is another user's socket: remove it, or choose another path");
	if (answers(at))
		return refuse(w, report, "is in use by another process, perhaps another node: end it, or choose another path");
	return unlink(at->sun_path) == 0 ? 0 : fail(w, report, "cannot replace it");
}

/* Without such a group, or without leave to give it away, it stays with ours. */
static void give_to_group(const char *path, const char *group)
{
	const struct group *g = group ? getgrnam(group) : NULL;

	if (g && lchown(path, (uid_t)-1, g->gr_gid) != 0)
		return;
}

static int make_folder(const struct mr_unix_wish *w, struct mr_report *report)
{
	struct sockaddr_un at;
	size_t n = (size_t)(strrchr(w->path, '/') - w->path);

	if (!w->folder || n == 0)
		return 0;
	memcpy(at.sun_path, w->path, n);
	at.sun_path[n] = '\0';
	if (mkdir(at.sun_path, w->folder) != 0)
		return errno == EEXIST ? 0 : fail(w, report, "cannot make its folder");
	give_to_group(at.sun_path, w->group);
	return 0;
}

/* The mode of the descriptor is the most the file will get. */
static int make_file(const struct mr_unix_wish *w, struct mr_unix_place *p,
                     struct mr_report *report)
{
	struct stat st;

	if (fchmod(p->fd, w->mode) != 0 ||
	    bind(p->fd, (const struct sockaddr *)&p->at, sizeof p->at) != 0)
		return fail(w, report, "cannot make the socket file");
	give_to_group(w->path, w->group);
	if (lstat(w->path, &st) != 0 || chmod(w->path, w->mode) != 0 ||
	    listen(p->fd, BACKLOG) != 0) {
		fail(w, report, "cannot listen");
		unlink(w->path);
		return -1;
	}
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return 0;
}

int mr_unix_listen(const struct mr_unix_wish *w, struct mr_unix_place *p, struct mr_report *report)
{
	*p = (struct mr_unix_place){ .fd = -1, .at.sun_family = AF_UNIX };
	if (!mr_unix_path_valid(w, report))
		return -1;
	memcpy(p->at.sun_path, w->path, strlen(w->path) + 1);
	if (make_folder(w, report) != 0 || make_room(w, &p->at, report) != 0)
		return -1;
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return fail(w, report, "cannot make a socket");
	if (make_file(w, p, report) == 0)
		return 0;
	close(p->fd);
	p->fd = -1;
	return -1;
}

void mr_unix_unlisten(const struct mr_unix_place *p)
{
	struct stat st;

	if (lstat(p->at.sun_path, &st) == 0 && st.st_dev == p->dev && st.st_ino == p->ino)
		unlink(p->at.sun_path);
}
