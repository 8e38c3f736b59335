/* rx - read datagrams from the UDP sockets and sort them by their first bytes.
 *
 *   1. recvmmsg: as many messages as will make about one vector
 *   2. a message of several datagrams (UDP_GRO) is cut into slices (train.c)
 *   3. prefix check: what is no FMP packet dies here
 *   4. the receiver index is looked up: unknown ones die here, before any ring or cryptography
 *
 *   frames      established frames of a live key
 *   handshakes  handshake packets, and frames of a key that a handshake under way will bring: they
 *               take its road, so that they cannot overtake it
 *
 * What a call brought and one pull may not emit is kept, and goes first in the next: nothing is
 * read before it has gone.  The source address of each datagram, as the kernel reports it, lies in
 * the packet's side area. */

#include <sys/epoll.h>
#include <sys/socket.h>

#include "stages/lib/sort.h"
#include "stages/rx/rx.h"

#define SLABS 96 /* a call's worth, and some that are out */

static const struct mr_field rx_fields[] = {
	{ "batch", MR_U32, MR_AT(struct rx, batch), .min = 1, .max = MR_VECTOR, .def = MR_VECTOR,
	  .unit = "messages", .help = "messages one system call asks for, at most" },
	{ "gro", MR_BOOL, MR_AT(struct rx, gro), .def = true,
	  .help = "have the kernel hand over datagrams of one sender many at a time (UDP_GRO)" },
	{ "sojourn", MR_U32, MR_AT(struct rx, sojourn), .max = 10000000, .def = 5000, .unit = "us",
	  .help = "wait in a socket's buffer that frames may have for long; 0: any" },
	{ "interval", MR_U32, MR_AT(struct rx, interval), .min = 1000, .max = 10000000,
	  .def = 100000, .unit = "us", .help = "how long they may have it before some are dropped" },
	{ 0 }
};

static int rx_open(void *self, struct mr_setup *s)
{
	struct rx *rx = self;

	rx->udp = s->use[0];
	rx->mesh = s->use[1];
	rx->view = s->view_max;
	rx->number = ++rx->udp->receivers;
	for (unsigned i = 0; i < rx->udp->n; i++) {
		struct mr_udp_socket *sock = &rx->udp->socket[i];

		if (rx->udp->ready < 0 && mr_setup_watch(s, sock->fd, MR_WATCH_READ) < 0)
			return -1;
		if (rx->number == 1) /* else it is the worker's that receives by it */
			rx_make_ready(rx, sock);
	}
	return rx->udp->ready >= 0 && mr_setup_watch(s, rx->udp->ready, MR_WATCH_READ) < 0 ? -1 : 0;
}

/* ---- what came ---- */

static const struct mr_sorting sorting = {
	.frames = RX_FRAMES, .handshakes = RX_HANDSHAKES, .unknown = RX_UNKNOWN_INDEX,
	.bad = { RX_SHORT, RX_PUNCH, RX_VERSION, RX_PHASE, RX_LENGTH, RX_FLAGS },
};

static void emit(struct rx *rx, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;
	uint64_t came = rx->at < rx->got ? rx->message[rx->at].came : 0;
	struct mr_pkt *p;

	for (unsigned n = 0; n < MR_VECTOR && (p = rx_next(rx, t)); n++) {
		p->stamp = t->now;
		p->mark = MR_SHAPE_FRAME;
		mr_sort(&sorting, rx->mesh, p, &last, t);
	}
	rx_wait(rx, came, rx->drained && rx->left == 0, t);
}

/* What its neighbour sent before there was this socket may still wait in the shared one, and is
 * older.  No longer than so many rounds, or others could keep it from being read. */
static bool lets_go_first(const struct rx *rx, struct mr_udp_socket *sock)
{
	if (sock->receiver != rx->number)
		rx_make_ready(rx, sock);
	for (unsigned i = 0; sock->patience && i < rx->readies; i++) {
		if (!rx->ready[i]->peer && rx->ready[i]->instance == sock->instance) {
			sock->patience--;
			return true;
		}
	}
	sock->patience = 0;
	return false;
}

/* The same where neighbours have sockets of their own: of many the kernel says which to ask. */
static bool receive_ready(struct rx *rx, struct mr_turn *t)
{
	struct epoll_event event[RX_READY];

	if (rx->next == rx->readies) {
		int n = epoll_wait(rx->udp->ready, event, RX_READY, 0);

		rx->next = 0;
		rx->readies = n > 0 ? (unsigned)n : 0;
		for (unsigned i = 0; i < rx->readies; i++)
			rx->ready[i] = event[i].data.ptr;
	}
	while (rx->next < rx->readies) {
		struct mr_udp_socket *sock = rx->ready[rx->next++];
		unsigned want;

		if (lets_go_first(rx, sock))
			continue;
		want = rx_receive(rx, sock, t);
		if (rx->got) {
			rx_take_in(rx, sock, t);
			return rx->got == want || rx->next < rx->readies;
		}
	}
	return false; /* epoll tells again of those that have something */
}

/* One call a pull, the sockets in turn.  Returns whether there may be more to receive: the call
 * brought all it asked for, or another socket has not been asked since. */
static bool receive_some(struct rx *rx, struct mr_turn *t)
{
	if (rx->udp->ready >= 0)
		return receive_ready(rx, t);
	for (unsigned asked = 1; asked <= rx->udp->n; asked++) {
		struct mr_udp_socket *sock = &rx->udp->socket[rx->next];
		unsigned want;

		rx->next = (rx->next + 1) % rx->udp->n;
		want = rx_receive(rx, sock, t);
		if (rx->got) {
			rx_take_in(rx, sock, t);
			return rx->got == want || asked < rx->udp->n;
		}
	}
	return false;
}

static bool rx_pull(void *self, struct mr_turn *t)
{
	struct rx *rx = self;
	unsigned before = rx->left;
	bool more = true;

	if (rx->left == 0)
		more = receive_some(rx, t);
	emit(rx, t);
	mr_keep(t, (int)rx->left - (int)before);
	return more || rx->left;
}

/* A connected socket is gone.  What came by it and is still here goes on as the shared one's. */
static void rx_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct mr_udp_peer *peer = order->p;
	struct rx *rx = self;
	unsigned n = rx->next;

	(void)t;
	if (order->kind != MR_ORD_SOCKET_GONE)
		return;
	if (rx->socket == &peer->socket)
		rx->socket = &rx->udp->socket[peer->via.instance];
	for (unsigned i = rx->next; i < rx->readies; i++) {
		if (rx->ready[i] != &peer->socket)
			rx->ready[n++] = rx->ready[i];
	}
	rx->readies = n;
}

static void rx_flush(void *self, struct mr_turn *t)
{
	struct rx *rx = self;

	mr_lose(t, RX_STOPPED, rx->left);
	mr_keep(t, -(int)rx->left);
	rx->left = 0;
	for (; rx->at < rx->got; rx->at++) {
		struct rx_message *m = &rx->message[rx->at];

		if (m->pkt)
			mr_free(t, m->pkt);
		if (m->slab != MR_NO_SLAB)
			mr_slab_done(t->pool, m->slab);
	}
	while (rx->spares)
		mr_free(t, rx->spare[--rx->spares]);
	while (rx->slabs)
		mr_slab_done(t->pool, rx->slab[--rx->slabs]);
}

const struct mr_kind mr_kind_rx = {
	.abi = MR_ABI, .name = "rx", .summary = "read datagrams from the UDP sockets",
	.size = sizeof(struct rx), .fields = rx_fields,
	.uses = (const struct mr_resource *const[]){ &mr_resource_udp, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame of a live key" },
		{ "handshakes", .view = "handshake packet, or FMP frame of an expected key" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "short", .help = "less than a prefix, or less than its phase needs" },
		{ "punch", .help = "NAT-punch probe" },
		{ "version", .help = "version nibble is not 0" },
		{ "phase", .help = "phase is none of 0, 1, 2" },
		{ "length", .help = "length field and datagram disagree" },
		{ "flags", .help = "flags set in a handshake packet" },
		{ "truncated", .help = "longer than any frame of ours" },
		{ "unknown-index", .help = "no key of ours goes by this receiver index" },
		{ "stopped", .help = "received and not yet sorted when the node stopped" },
		{ "sojourn", .help = "frames that waited too long in the socket's buffer" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "receive-calls", .help = "recvmmsg calls" },
		{ "socket-overflow", .help = "datagrams the kernel dropped for a full receive buffer" },
		{ "receive-errors", .help = "errors reported by a receive call" },
		{ "gro-messages", .help = "messages of several datagrams" },
		{ "gro-datagrams", .help = "datagrams in such messages" },
		{ "gro-copied", .help = "datagrams of such messages that were copied out of them" },
		{ "gro-moved", .help = "bytes moved so that the rest of such a message lies in one piece",
		  .unit = "bytes" },
		{ "connected-datagrams", .help = "datagrams that came by connected sockets" },
		{ 0 } },
	.once = true, .makes = true, .keeps = MR_VECTOR, .slabs = SLABS, .single = true,
	.affinities = 1 << MR_ANY,
	.open = rx_open, .order = rx_order, .pull = rx_pull, .flush = rx_flush,
};
