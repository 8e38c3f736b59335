/* privileges.c - closing the process to others, and giving up its rights; see privileges.h. */
#include "cli/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64 /* of a user or group, and its NUL */
#define GROUPS_MAX     1024
#define SOCKETS_BELOW  1024 /* descriptors are numbered from the lowest on */

/* ---- closed ---- */

/* All the machine gives: without a limit where we may lift it, else the hard one. */
static void raise_lock_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

void cli_privileges_close(bool allow_core)
{
	raise_lock_limit();
	if (allow_core)
		return;
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

void cli_privileges_reopen(void)
{
	prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
}

/* ---- who to be ---- */

struct who {
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int   n;
};

/* "user[:group]" in two; an absent group is "". */
static const char *split(const char *text, char user[NAME_MAX_BYTES], char group[NAME_MAX_BYTES])
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	if (n == 0 || (colon && !colon[1]))
		return "is not USER or USER:GROUP";
	if (n >= NAME_MAX_BYTES || (colon && strlen(colon + 1) >= NAME_MAX_BYTES))
		return "is too long for a user";
	memcpy(user, text, n);
	user[n] = '\0';
	strcpy(group, colon ? colon + 1 : "");
	return strchr(group, ':') ? "is not USER or USER:GROUP" : NULL;
}

const char *cli_user_wrong(const char *user)
{
	char name[NAME_MAX_BYTES], group[NAME_MAX_BYTES];

	return split(user, name, group);
}

/* A decimal number that an id can be. */
static bool number(const char *text, unsigned *out)
{
	char *end;
	unsigned long v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoul(text, &end, 10);
	*out = (unsigned)v;
	return !*end && !errno && v < UINT_MAX; /* the highest means "leave as it is" */
}

/* A user's own groups, when the machine knows the user by that name. */
static const char *groups_of(const char *name, struct who *who)
{
	who->n = GROUPS_MAX;
	return getgrouplist(name, who->gid, who->groups, &who->n) < 0 ? "is in too many groups" :
	                                                                NULL;
}

static const char *find(const char *text, struct who *who)
{
	char user[NAME_MAX_BYTES], group[NAME_MAX_BYTES];
	const char *wrong = split(text, user, group);
	const struct passwd *known;
	const struct group *g;

	if (wrong)
		return wrong;
	known = getpwnam(user);
	if (!known && number(user, &who->uid))
		known = getpwuid(who->uid);
	else if (!known)
		return "is no user of this machine";
	if (!known && !*group)
		return "is a user that this machine does not know: give the group too, UID:GID";
	if (known) {
		who->uid = known->pw_uid;
		who->gid = known->pw_gid;
	}
	if (*group && (g = getgrnam(group)))
		who->gid = g->gr_gid;
	else if (*group && !number(group, &who->gid))
		return "names a group that this machine does not know";
	if (known && !*group)
		return groups_of(known->pw_name, who);
	who->groups[0] = who->gid;
	who->n = 1;
	return NULL;
}

/* ---- shed ---- */

/* Setting what is so already would need a right that whoever is so may not have. */
static bool is_already(const struct who *who)
{
	uid_t uid[3];
	gid_t gid[3];

	return getresuid(&uid[0], &uid[1], &uid[2]) == 0 &&
	       getresgid(&gid[0], &gid[1], &gid[2]) == 0 && uid[0] == who->uid &&
	       uid[1] == who->uid && uid[2] == who->uid && gid[0] == who->gid &&
	       gid[1] == who->gid && gid[2] == who->gid;
}

/* A UDP port is shared only among the sockets of one user (socket(7), SO_REUSEPORT), and more may
 * be opened when we are somebody else. */
static void take_along(uid_t uid)
{
	for (int fd = 0; fd < SOCKETS_BELOW; fd++) {
		int protocol = 0;
		socklen_t len = sizeof protocol;

		if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
		    protocol == IPPROTO_UDP && fchown(fd, uid, (gid_t)-1))
			return; /* then it stays with the shared ones */
	}
}

static bool become(const struct who *who)
{
	if (is_already(who))
		return true;
	take_along(who->uid);
	return setgroups((size_t)who->n, who->groups) == 0 &&
	       setresgid(who->gid, who->gid, who->gid) == 0 &&
	       setresuid(who->uid, who->uid, who->uid) == 0;
}

/* Every set of this thread's capabilities is empty afterwards, the ambient one with them. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, none) == 0;
}

bool cli_privileges_shed(const char *user, struct mr_where where, struct mr_report *report)
{
	bool closed = prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) == 0;
	struct who who;
	const char *wrong = user ? find(user, &who) : NULL;

	if (wrong) {
		mr_complain(report, where, "\"%s\" %s", user, wrong);
		return false;
	}
	if (user && !become(&who)) {
		mr_complain(report, where, "cannot become \"%s\": %s", user, strerror(errno));
		return false;
	}
	if (!drop_capabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L)) {
		mr_complain(report, where, "cannot give up privileges: %s", strerror(errno));
		return false;
	}
	prctl(PR_SET_DUMPABLE, closed ? 0L : 1L, 0L, 0L, 0L); /* another user has changed it */
	return true;
}
