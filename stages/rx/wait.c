/* wait.c - how long datagrams have waited in a socket's buffer, and which of them have too long.
 *
 * The kernel notes with each message when it came (SO_TIMESTAMPNS, wall clock); the wall clock is
 * read behind each receive call, so the difference is the wait.  A clock that is set in between
 * spoils one call's. */

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "stages/rx/rx.h"

void rx_wait_open(const struct rx *rx, struct mr_udp_socket *sock)
{
	int on = rx->sojourn > 0;

	setsockopt(sock->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	mr_sojourn_init(&sock->rule, rx->sojourn * MR_NS_PER_US, rx->interval * MR_NS_PER_US);
}

uint64_t rx_came(const struct cmsghdr *c)
{
	struct timespec at;

	memcpy(&at, CMSG_DATA(c), sizeof at);
	return (uint64_t)at.tv_sec * MR_NS_PER_S + (uint64_t)at.tv_nsec;
}

void rx_wait(struct rx *rx, uint64_t came, bool last, struct mr_turn *t)
{
	const struct mr_out *o = &t->out[RX_FRAMES];
	uint64_t waited = came && rx->wall > came ? rx->wall - came : 0;
	unsigned due, n = 0;

	for (unsigned i = 0; i < o->targets; i++)
		n += o->v[i].n;
	if (rx->sojourn == 0 || n == 0)
		return;
	mr_waited(t, waited, n);
	due = mr_sojourn_due(&rx->socket->rule, waited, last, n, t->now);
	for (unsigned i = 0; due && i < o->targets; i++) {
		struct mr_vector *v = &o->v[i], gone;
		unsigned here = due < v->n ? due : v->n;

		if (v->n == 0)
			continue;
		mr_sojourn_take(v, here, true, &gone);
		due -= here;
		for (unsigned k = 0; k < gone.n; k++)
			mr_drop(t, RX_SOJOURN, gone.pkt[k]);
	}
}
