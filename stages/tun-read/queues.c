/* queues.c - which of the device's queues is read next.
 *
 * The queues that have packets take turns, as in deficit round robin (Shreedhar and Varghese): each
 * gives QUANTUM bytes, and what the last read brought above that is taken from its next turn.  A
 * flow that sends little thus waits for one turn of each other queue at most, however many packets
 * stand in those.
 *
 * The kernel is asked which queues have packets when a turn is over, not for every read. */

#include <sys/epoll.h>

#include "stages/tun-read/tun-read.h"

#define QUANTUM 65536 /* bytes: the longest read, so that none has to save for two turns */

static void look(struct tun_read *tr)
{
	struct epoll_event event[MR_TUN_QUEUES];
	int n = epoll_wait(tr->tun->ready, event, MR_TUN_QUEUES, 0);

	for (int i = 0; i < n; i++)
		tr->full |= 1u << event[i].data.u32;
}

static bool may_have(const struct tun_read *tr, unsigned queue)
{
	return tr->full >> queue & 1;
}

bool mr_tun_read_choose(struct tun_read *tr)
{
	if (tr->tun->queues < 2 || (may_have(tr, tr->from) && tr->queue[tr->from].credit > 0))
		return true;
	look(tr);
	if (!tr->full)
		return false;
	do {
		tr->from = (tr->from + 1) % tr->tun->queues;
		if (may_have(tr, tr->from))
			tr->queue[tr->from].credit += QUANTUM;
	} while (!may_have(tr, tr->from) || tr->queue[tr->from].credit <= 0);
	return true;
}

void mr_tun_read_gave(struct tun_read *tr, size_t n)
{
	if (tr->tun->queues > 1)
		tr->queue[tr->from].credit -= (int32_t)n;
}

bool mr_tun_read_empty(struct tun_read *tr)
{
	tr->full &= ~(1u << tr->from);
	tr->queue[tr->from].credit = 0;
	return tr->tun->queues > 1;
}
