/* full.c - sockets that take no more, and what waits for them; see tx.h. */

#include <string.h>
#include <sys/epoll.h>

#include "stages/tx-gso/tx.h"

#define ROOMS 16 /* sockets with room that one call tells of; each is told once */

int tx_full_open(struct tx *tx, struct mr_setup *s)
{
	tx->room = -1;
	if (!tx->udp->peers)
		return 0;
	tx->room = mr_udp_room_open(s);
	return tx->room < 0 || mr_setup_watch(s, tx->room, MR_WATCH_READ) < 0 ? -1 : 0;
}

void tx_full_close(struct tx *tx)
{
	mr_udp_room_close(tx->room);
}

bool tx_full(const struct tx *tx, const struct tx_line *line)
{
	return tx->to ? tx->full[tx->to->slot / 64] >> tx->to->slot % 64 & 1 : line->full;
}

/* Be told, once, when a connected socket has room. */
static bool await_room(const struct tx *tx, const struct mr_udp_peer *p)
{
	struct epoll_event event = { .events = EPOLLOUT | EPOLLONESHOT };

	return epoll_ctl(tx->room, EPOLL_CTL_MOD, p->socket.fd, &event) == 0 ||
	       epoll_ctl(tx->room, EPOLL_CTL_ADD, p->socket.fd, &event) == 0;
}

void tx_give_up(const struct tx *tx, struct mr_turn *t)
{
	atomic_store_explicit(&tx->to->failed, true, memory_order_relaxed);
	mr_count(t, TX_FAILED, 1);
}

void tx_note_full(struct tx *tx, struct tx_line *line, struct mr_turn *t)
{
	mr_count(t, TX_FULL, 1);
	if (!tx->to)
		line->full = true;
	else if (await_room(tx, tx->to))
		tx->full[tx->to->slot / 64] |= UINT64_C(1) << tx->to->slot % 64;
	else
		tx_give_up(tx, t);
}

unsigned tx_park(const struct tx *tx, struct tx_line *line, unsigned at, unsigned messages)
{
	unsigned n = 0;

	for (unsigned m = 0; m < messages; m++)
		n += tx->datagrams[m];
	memmove(line->wait + line->parked, line->wait + at, n * sizeof line->wait[0]);
	line->parked += n;
	return n;
}

void tx_unpark(struct tx *tx, struct tx_line *line)
{
	for (unsigned i = 0; i < line->parked; i++) {
		const struct fips_via *via = mr_pkt_via(line->wait[i]);

		if (i && fips_via_eq(via, mr_pkt_via(line->wait[i - 1])))
			continue;
		tx->to = mr_udp_peer_of(tx->udp, via);
		if (!tx_full(tx, line))
			line->parked = 0;
	}
}

void tx_try_again(struct tx *tx)
{
	struct epoll_event event[ROOMS];

	if (tx->room >= 0)
		epoll_wait(tx->room, event, ROOMS, 0);
	memset(tx->full, 0, sizeof tx->full);
	for (unsigned i = 0; i < tx->udp->n; i++) {
		tx->line[i].full = false;
		tx->line[i].parked = 0;
	}
}
