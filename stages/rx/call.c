/* call.c - one receive call, and what the kernel says of what it brought; see rx.h. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "stages/rx/rx.h"

/* Have the kernel do as the setting says.  One that cannot do it hands datagrams over one by one.
 * It is switched off when nothing waits: what waits has been put together already. */
static void set_gro(const struct rx *rx, struct mr_udp_socket *sock, bool empty)
{
	int on = rx->gro;

	if (rx->gro == sock->gro || sock->no_gro || (sock->gro && !empty))
		return;
	if (setsockopt(sock->fd, SOL_UDP, UDP_GRO, &on, sizeof on))
		sock->no_gro = true;
	else
		sock->gro = rx->gro;
}

void rx_make_ready(const struct rx *rx, struct mr_udp_socket *sock)
{
	if (rx->number == 1)
		set_gro(rx, sock, true);
	rx_wait_open(rx, sock);
	sock->ask = rx->batch;
	sock->patience = sock->peer ? RX_PATIENCE : 0;
	sock->receiver = rx->number;
}

/* ---- the call ---- */

static void fill_up(struct rx *rx, unsigned ask, struct mr_turn *t)
{
	while (rx->spares < ask) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			break;
		rx->spare[rx->spares++] = p;
	}
	while (rx->gro && rx->slabs < ask) {
		uint16_t slab = mr_slab_get(t->pool);

		if (slab == MR_NO_SLAB)
			break;
		rx->slab[rx->slabs++] = slab;
	}
}

/* Describe the i-th message to be received: where its bytes, its source and its notes go to. */
static void prepare(struct rx *rx, unsigned i, bool gro, const struct mr_pool *pool)
{
	struct rx_message *m = &rx->message[i];
	struct mr_pkt *p = rx->spare[rx->spares - 1 - i];
	bool slab = gro && i < rx->slabs;

	*m = (struct rx_message){ .pkt = p,
	                          .slab = slab ? rx->slab[rx->slabs - 1 - i] : MR_NO_SLAB };
	m->spill = !gro ? NULL : slab ? pool->slab[m->slab].base : rx->bounce;
	rx->iov[i][0] = (struct iovec){ .iov_base = p->data, .iov_len = rx->view };
	if (gro)
		rx->iov[i][1] = (struct iovec){ .iov_base = m->spill + rx->view,
			                        .iov_len = MR_SLAB_BYTES - rx->view };
	rx->msg[i].msg_hdr = (struct msghdr){
		.msg_name = m->from.sock, .msg_namelen = sizeof m->from.sock,
		.msg_iov = rx->iov[i], .msg_iovlen = gro ? 2 : 1,
		.msg_control = rx->ancillary[i], .msg_controllen = RX_ANCILLARY,
	};
}

unsigned rx_receive(struct rx *rx, struct mr_udp_socket *sock, struct mr_turn *t)
{
	unsigned want;
	int n;

	rx->got = rx->at = rx->off = 0;
	rx->drained = false;
	if (sock->receiver != rx->number)
		rx_make_ready(rx, sock);
	fill_up(rx, sock->ask, t);
	want = rx->spares < sock->ask ? rx->spares : sock->ask;
	if (want == 0)
		return 0;
	set_gro(rx, sock, false);
	if (sock->gro && want > rx->slabs)
		want = rx->slabs ? rx->slabs : 1; /* there is one bounce buffer */
	for (unsigned i = 0; i < want; i++)
		prepare(rx, i, sock->gro, t->pool);
	mr_count(t, RX_CALLS, 1);
	n = recvmmsg(sock->fd, rx->msg, want, MSG_DONTWAIT, NULL);
	rx->got = n > 0 ? (unsigned)n : 0;
	/* an error left by an earlier send is consumed by this call and is nobody's packet */
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		mr_count(t, RX_ERRORS, 1);
	rx->spares -= rx->got;
	if (sock->gro)
		rx->slabs -= rx->got < rx->slabs ? rx->got : rx->slabs;
	rx->drained = rx->got < want;
	if (rx->drained)
		set_gro(rx, sock, true);
	return want;
}

/* ---- what came ---- */

/* What the kernel notes about a message: how long each datagram in it is, when it came, and how
 * many the socket has lost so far. */
static void read_notes(struct rx_message *m, struct msghdr *h, uint32_t *lost)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		int each;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(lost, CMSG_DATA(c), sizeof *lost);
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
			m->came = rx_came(c);
		if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&each, CMSG_DATA(c), sizeof each);
		if (each > 0 && (uint32_t)each < m->len)
			m->each = (uint32_t)each;
	}
}

void rx_take_in(struct rx *rx, struct mr_udp_socket *sock, struct mr_turn *t)
{
	uint32_t lost = sock->lost;
	unsigned ask;

	rx->socket = sock;
	if (rx->sojourn)
		rx->wall = mr_turn_wall(t);
	for (unsigned i = 0; i < rx->got; i++) {
		struct rx_message *m = &rx->message[i];
		struct msghdr *h = &rx->msg[i].msg_hdr;
		unsigned n;

		m->from.instance = sock->instance;
		m->from.len = (uint16_t)h->msg_namelen;
		m->len = rx->msg[i].msg_len;
		m->cut = h->msg_flags & MSG_TRUNC;
		read_notes(m, h, &lost);
		n = rx_datagrams(m);
		if (n > 1) {
			mr_count(t, RX_TRAINS, 1);
			mr_count(t, RX_TRAIN_DATAGRAMS, n);
		}
		rx->left += n;
	}
	mr_made(t, rx->left);
	if (sock->peer)
		mr_count(t, RX_CONNECTED, rx->left);
	mr_count(t, RX_OVERFLOWS, lost - sock->lost);
	if (lost != sock->lost)
		atomic_fetch_add_explicit(&rx->udp->overflows, (uint32_t)(lost - sock->lost),
		                          memory_order_relaxed);
	sock->lost = lost;
	ask = rx->got * MR_VECTOR / rx->left;
	sock->ask = ask < 1 ? 1 : ask > rx->batch ? rx->batch : ask;
}
