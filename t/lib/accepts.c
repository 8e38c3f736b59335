/* accepts.c - see accepts.h. */
#include "t/lib/accepts.h"

#include <check.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FEW  3  /* looks                                     */
#define MANY 50 /* far more than there are while one notices */

_Atomic bool     accepts_refused;
_Atomic unsigned accepts_tried;

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	if (accepts_refused) {
		accepts_tried++;
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

void accepts_look(void)
{
	while (accepts_tried < FEW)
		usleep(1000);
	ck_assert_uint_lt(accepts_tried, MANY);
}
