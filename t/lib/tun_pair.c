/* tun_pair.c - see tun_pair.h. */
#include "t/lib/tun_pair.h"

#include <check.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "stages/lib/tun.h"
#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_tun_read;

int tun_pair_become(struct rig *rig)
{
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	tun->fd[tun->queues++] = tun->ready = pair[0];
	return pair[1];
}

void tun_pair_queues(struct rig *rig, unsigned n, int far_end[])
{
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	int ready = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_int_ge(ready, 0);
	for (unsigned i = 0; i < n; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		far_end[i] = tun_pair_become(rig);
		ck_assert_int_eq(epoll_ctl(ready, EPOLL_CTL_ADD, tun->fd[i], &event), 0);
	}
	tun->ready = ready;
}

struct rig *tun_pair_reader(const char *settings, int *far_end)
{
	struct rig *rig = rig_open(&mr_kind_tun_read, settings, TUN_NONE);
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	*far_end = tun_pair_become(rig);
	rig_watch(rig, tun->ready);
	return rig;
}
