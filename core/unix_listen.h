/* unix_listen.h - a listening socket in the file system.
 *
 * A socket file that an earlier run left behind makes room; one that somebody answers at, one of
 * another user's and anything that is no socket stays.  The file never has more rights than its
 * mode, not even for a moment.
 */
#ifndef MR_CORE_UNIX_LISTEN_H
#define MR_CORE_UNIX_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "core/err.h"

struct mr_unix_wish {
	const char *path;    /* absolute, at most 107 bytes                          */
	const char *called;  /* what complaints begin with, such as the setting's text */
	const char *setting; /* JSON path of complaints                              */
	mode_t      mode;    /* of the file                                          */
	const char *group;   /* the file is to belong to it if there is one of that name;
	                      * NULL: no                                             */
	mode_t      folder;  /* make the file's folder with this mode, and that group, where it is
	                      * missing; 0: it has to be there                       */
};

struct mr_unix_place {
	int                fd;  /* listening, non-blocking; the owner closes it; -1: none */
	struct sockaddr_un at;
	dev_t              dev; /* of the socket file, to know it again              */
	ino_t              ino;
};

/* 0, or -1 after complaining.  Set-up only: may wait for the disk. */
int mr_unix_listen(const struct mr_unix_wish *wish, struct mr_unix_place *place,
                   struct mr_report *report);

/* Would the path do, as far as can be told without touching anything?  Complains if not. */
bool mr_unix_path_valid(const struct mr_unix_wish *wish, struct mr_report *report);

/* Remove the socket file if it is still the one we made.  Leaves fd alone. */
void mr_unix_unlisten(const struct mr_unix_place *place);

#endif
