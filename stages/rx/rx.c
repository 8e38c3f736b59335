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
 * What a call brought and one pull may not emit is kept, and goes first in the next: nothing is read
 * before it has gone.  The source address of each datagram, as the kernel reports it, lies in the
 * packet's side area. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "fips/wire/link.h"
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

/* Have the kernel do as the setting says.  One that cannot do it hands datagrams over one by one.  It
 * is switched off when nothing waits: what waits has been put together already. */
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

static int rx_open(void *self, struct mr_setup *s)
{
	struct rx *rx = self;

	rx->udp = s->use[0];
	rx->mesh = s->use[1];
	rx->view = s->view_max;
	for (unsigned i = 0; i < rx->udp->n; i++) {
		rx->ask[i] = rx->batch;
		if (mr_setup_watch(s, rx->udp->socket[i].fd, MR_WATCH_READ) < 0)
			return -1;
		if (!rx->udp->received) /* else it is the worker's that receives by it */
			set_gro(rx, &rx->udp->socket[i], true);
	}
	rx->udp->received = true;
	rx_wait_open(rx);
	return 0;
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

	*m = (struct rx_message){ .pkt = p, .slab = slab ? rx->slab[rx->slabs - 1 - i] : MR_NO_SLAB };
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

/* One receive call.  Returns the number of messages it asked for; 0: there is no packet for any. */
static unsigned receive(struct rx *rx, unsigned socket, struct mr_turn *t)
{
	struct mr_udp_socket *sock = &rx->udp->socket[socket];
	unsigned want;
	int n;

	rx->got = rx->at = rx->off = 0;
	rx->drained = false;
	fill_up(rx, rx->ask[socket], t);
	want = rx->spares < rx->ask[socket] ? rx->spares : rx->ask[socket];
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

/* What the kernel notes about a message: how long each datagram in it is, when it came, and how many
 * the socket has lost so far. */
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

/* Take stock of a call: every datagram is this stage's from here on. */
static void take_in(struct rx *rx, unsigned socket, struct mr_turn *t)
{
	struct mr_udp_socket *sock = &rx->udp->socket[socket];
	uint32_t lost = sock->lost;
	unsigned ask;

	rx->socket = socket;
	if (rx->sojourn)
		rx->wall = mr_turn_wall(t);
	for (unsigned i = 0; i < rx->got; i++) {
		struct rx_message *m = &rx->message[i];
		struct msghdr *h = &rx->msg[i].msg_hdr;
		unsigned n;

		m->from.instance = (uint16_t)socket;
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
	mr_count(t, RX_OVERFLOWS, lost - sock->lost);
	sock->lost = lost;
	ask = rx->got * MR_VECTOR / rx->left;
	rx->ask[socket] = ask < 1 ? 1 : ask > rx->batch ? rx->batch : ask;
}

/* Emit or drop one datagram.  `last` remembers the entry of the run's index. */
static void sort(struct rx *rx, struct mr_pkt *p, const struct fips_index_entry **last,
                 struct mr_turn *t)
{
	enum fips_frame frame = fips_frame_check(p->data, p->len);
	const uint8_t *index = p->data + FIPS_LINK_PREFIX;

	if (frame == FIPS_FRAME_MSG1 || frame == FIPS_FRAME_MSG2) {
		mr_emit(t, RX_HANDSHAKES, p);
		return;
	}
	if (frame != FIPS_FRAME_ESTABLISHED) {
		mr_drop(t, (unsigned)(frame - FIPS_FRAME_SHORT) + RX_SHORT, p);
		return;
	}
	if (!*last || (*last)->index != mr_le32(index))
		*last = mr_table_find(rx->mesh->index, index);
	if (!*last) {
		mr_drop(t, RX_UNKNOWN_INDEX, p);
		return;
	}
	p->near = (*last)->link;
	mr_emit(t, (*last)->live ? RX_FRAMES : RX_HANDSHAKES, p);
}

static void emit(struct rx *rx, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;
	uint64_t came = rx->at < rx->got ? rx->message[rx->at].came : 0;
	struct mr_pkt *p;

	for (unsigned n = 0; n < MR_VECTOR && (p = rx_next(rx, t)); n++) {
		p->stamp = t->now;
		p->mark = MR_SHAPE_FRAME;
		sort(rx, p, &last, t);
	}
	rx_wait(rx, came, rx->drained && rx->left == 0, t);
}

/* One call a pull, the sockets in turn.  Returns whether there may be more to receive: the call
 * brought all it asked for, or another socket has not been asked since. */
static bool receive_some(struct rx *rx, struct mr_turn *t)
{
	for (unsigned asked = 1; asked <= rx->udp->n; asked++) {
		unsigned socket = rx->next, want;

		rx->next = (rx->next + 1) % rx->udp->n;
		want = receive(rx, socket, t);
		if (rx->got) {
			take_in(rx, socket, t);
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
		{ 0 } },
	.once = true, .makes = true, .keeps = MR_VECTOR, .slabs = SLABS, .single = true,
	.affinities = 1 << MR_ANY,
	.open = rx_open, .pull = rx_pull, .flush = rx_flush,
};
