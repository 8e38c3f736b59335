/* connected.c - see connected.h. */
#include "t/lib/connected.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/lib/words.h"

struct mr_udp *connected_udp(struct rig *rig)
{
	return rig_use(rig, &mr_resource_udp);
}

void connected_publish(struct rig *rig, struct connected *n)
{
	struct mr_udp_peer_entry *e = malloc(sizeof *e);

	ck_assert_ptr_nonnull(e);
	e->peer = &n->peer;
	ck_assert_uint_ne(mr_table_put(connected_udp(rig)->peers, rig_epoch(rig), &n->via, e),
	                  MR_NO_HANDLE);
}

void connected_meet_at(struct connected *n, int family)
{
	memset(n, 0, sizeof *n);
	n->fd = craft_socket(family, &n->via);
}

void connected_meet(struct connected *n)
{
	connected_meet_at(n, AF_INET);
}

void connected_open(struct rig *rig, struct connected *n, unsigned slot)
{
	n->peer.via = n->via;
	n->peer.slot = slot;
	ck_assert_int_eq(mr_udp_peer_open(connected_udp(rig), &n->peer), 0);
	connected_publish(rig, n);
}

void connected_gone(struct rig *rig, struct connected *n)
{
	struct mr_order order = { .kind = MR_ORD_SOCKET_GONE, .p = &n->peer };

	rig_order(rig, &order);
}

void connected_forget(struct rig *rig, struct connected *n)
{
	ck_assert(mr_table_remove(connected_udp(rig)->peers, rig_epoch(rig), &n->via));
	connected_gone(rig, n);
}

void connected_part(struct rig *rig, struct connected *n)
{
	mr_udp_peer_unlisten(connected_udp(rig), &n->peer);
	mr_udp_peer_close(&n->peer);
	close(n->fd);
}
