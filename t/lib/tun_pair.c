/* tun_pair.c - see tun_pair.h. */
#include "t/lib/tun_pair.h"

#include <check.h>
#include <sys/socket.h>

#include "stages/lib/tun.h"
#include "t/lib/craft.h"

extern const struct mr_kind mr_kind_tun_read;

int tun_pair_become(struct rig *rig)
{
	struct mr_tun *tun = rig_use(rig, &mr_resource_tun);
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_lt(tun->fd, 0);
	tun->fd = pair[0];
	return pair[1];
}

struct rig *tun_pair_reader(const char *settings, int *far_end)
{
	struct rig *rig = rig_open(&mr_kind_tun_read, settings, TUN_NONE);
	const struct mr_tun *tun = rig_use(rig, &mr_resource_tun);

	*far_end = tun_pair_become(rig);
	rig_watch(rig, tun->fd);
	return rig;
}
