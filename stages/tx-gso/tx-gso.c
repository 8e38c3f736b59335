/* tx-gso - send frames through the UDP sockets, each to its own address.
 *
 *   frames   sealed frames from fmp-seal
 *   raw      handshake packets from control
 *
 *   tcp      those for addresses of the TCP transport, as they came
 *   ethernet those of the Ethernet transport
 *
 *   1. what came is added to the lines of its sockets
 *   2. each socket's line goes out in messages, each for one target (gather.c), all by one sendmmsg
 *
 * An error ends one message, not the rest; one that says that a target cannot have segments ends
 * nothing, the same goes again without.  A socket that is full is asked again when it has room, and
 * the others are served meanwhile; only when much waits are both inputs held.  What goes to one
 * target keeps its order.  A connected socket that fails costs nothing:
 * frames go by the shared one then. */

#include <errno.h>
#include <string.h>

#include "stages/tx-gso/tx.h"

enum { IN_FRAMES, IN_RAW };
enum { NO_ADDRESS, TOO_BIG, REFUSED, SEND_ERROR, STOPPED };

static const struct mr_field tx_fields[] = {
	{ "gso", MR_BOOL, MR_AT(struct tx, gso), .def = true,
	  .help = "give the kernel many frames of one target at a time (UDP_SEGMENT)" },
	{ "segments", MR_U32, MR_AT(struct tx, segments), .min = 2, .max = MR_UDP_SEGMENTS,
	  .def = MR_UDP_SEGMENTS, .unit = "frames", .help = "frames given at a time, at most" },
	{ 0 }
};

static int tx_open(void *self, struct mr_setup *s)
{
	struct tx *tx = self;

	tx->udp = s->use[0];
	if (tx_full_open(tx, s))
		return -1;
	for (unsigned i = 0; i < tx->udp->n; i++) {
		tx->line[i].watch = mr_setup_watch(s, tx->udp->socket[i].fd, 0);
		if (tx->line[i].watch < 0)
			return -1;
	}
	return 0;
}

/* ---- sending ---- */

static int send_some(struct tx *tx, unsigned socket, unsigned n, struct mr_turn *t)
{
	int fd = tx->to ? tx->to->socket.fd : tx->udp->socket[socket].fd, sent;

	do {
		mr_count(t, TX_CALLS, 1);
		sent = tx->udp->send(fd, tx->msg, n, MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

/* The first `messages` have left; returns their packets. */
static unsigned took(const struct tx *tx, struct mr_pkt *const *w, unsigned messages,
                     struct mr_turn *t)
{
	unsigned n = 0;

	for (unsigned m = 0; m < messages; n += tx->datagrams[m++]) {
		if (tx->datagrams[m] == 1)
			continue;
		mr_count(t, TX_SEGMENTED, 1);
		mr_count(t, TX_SEGMENTS, tx->datagrams[m]);
	}
	if (tx->to)
		mr_count(t, TX_CONNECTED, n);
	for (unsigned i = 0; i < n; i += MR_VECTOR) {
		struct mr_vector gone = { .n = n - i < MR_VECTOR ? n - i : MR_VECTOR };

		memcpy(gone.pkt, w + i, gone.n * sizeof *w);
		mr_transit(t, &gone);
		for (unsigned k = 0; k < gone.n; k++)
			mr_take(t, gone.pkt[k]);
	}
	return n;
}

/* Errors that an earlier datagram may have met: the call that reports one has sent nothing, and
 * says nothing about the packet it was made for.  Of a connected socket any error may be such a
 * one, since it hears what routers say of its datagrams (ip(7)): EMSGSIZE, say. */
static bool of_another(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH;
}

/* Errors that may be there for the segments alone: a device or a route that cannot have them. */
static bool of_segments(int error)
{
	return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == EMSGSIZE;
}

/* The first message is lost; returns its packets. */
static unsigned failed(const struct tx *tx, struct mr_pkt *const *w, int error, struct mr_turn *t)
{
	unsigned n = tx->datagrams[0];

	for (unsigned i = 0; i < n; i++)
		mr_drop(t, of_another(error) ? REFUSED : error == EMSGSIZE ? TOO_BIG : SEND_ERROR,
		        w[i]);
	return n;
}

/* Send what can be sent of a line; returns how many packets behind those that are parked are done
 * with. */
static unsigned send_line(struct tx *tx, unsigned socket, struct mr_turn *t)
{
	struct tx_line *line = &tx->line[socket];
	unsigned at = line->parked;
	bool again = false;

	while (at < line->n && (!line->full || tx->udp->peers)) {
		unsigned messages = tx_gather(tx, socket, at, t->now);
		struct mr_pkt *const *w = line->wait + at;
		int sent;

		if (tx_full(tx, line)) {
			at += tx_park(tx, line, at, messages);
			continue;
		}
		sent = send_some(tx, socket, messages, t);
		if (sent > 0) {
			at += took(tx, w, (unsigned)sent, t);
			again = false;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			tx_note_full(tx, line, t);
		} else if ((tx->to || of_another(errno)) && !again) {
			mr_count(t, TX_RETRIES, 1);
			again = true;
		} else if (of_segments(errno) && tx->datagrams[0] > 1) {
			mr_count(t, TX_FALLBACKS, 1);
			tx_refuse(tx, mr_pkt_via(w[0]), t->now);
		} else if (tx->to && errno != EMSGSIZE) {
			tx_give_up(tx, t);
			again = false;
		} else {
			at += failed(tx, w, errno, t);
			again = false;
		}
	}
	return at - line->parked;
}

/* n that have gone, behind those that are parked. */
static void take_out(struct tx *tx, struct tx_line *line, unsigned n)
{
	struct mr_pkt **gone = line->wait + line->parked;

	line->n -= n;
	tx->n -= n;
	memmove(gone, gone + n, (line->n - line->parked) * sizeof *gone);
}

/* Send what waits for sockets that have room, as far as is known. */
static void send_lines(struct tx *tx, struct mr_turn *t)
{
	bool held;

	for (unsigned i = 0; i < tx->udp->n; i++) {
		struct tx_line *line = &tx->line[i];

		if (line->n == line->parked || (line->full && !tx->udp->peers))
			continue;
		tx_unpark(tx, line);
		take_out(tx, line, send_line(tx, i, t));
		mr_watch(t, line->watch, line->full ? MR_WATCH_WRITE : 0);
	}
	held = tx->n > TX_HELD;
	mr_hold(t, IN_FRAMES, held);
	mr_hold(t, IN_RAW, held);
}

/* ---- what the runtime calls ---- */

static void tx_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct tx *tx = self;
	unsigned before = tx->n;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		const struct fips_via *via = mr_pkt_via(p);
		struct tx_line *line = &tx->line[via->instance % MR_UDP_MAX];

		if (via->len && mr_via_is_tcp(via)) {
			mr_emit(t, TX_TCP, p);
		} else if (via->len && mr_via_is_ether(via)) {
			mr_emit(t, TX_ETHERNET, p);
		} else if (via->len == 0 || via->instance >= tx->udp->n) {
			mr_drop(t, NO_ADDRESS, p);
		} else if (tx->n == TX_KEPT) {
			mr_drop(t, SEND_ERROR, p);
		} else {
			line->wait[line->n++] = p;
			tx->n++;
		}
	}
	send_lines(tx, t);
	mr_keep(t, (int)tx->n - (int)before);
}

/* A socket that was full may have room. */
static bool tx_pull(void *self, struct mr_turn *t)
{
	struct tx *tx = self;
	unsigned before = tx->n;

	tx_try_again(tx);
	send_lines(tx, t);
	mr_keep(t, (int)tx->n - (int)before);
	return false;
}

/* What waits for a socket that is gone goes by the shared one. */
static void tx_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	if (order->kind != MR_ORD_SOCKET_GONE)
		return;
	tx_try_again(self);
	mr_pull_again(t);
}

/* Both inputs are alike. */
static unsigned tx_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct tx *tx = self;

	tx_try_again(tx);
	for (unsigned i = 0; i < tx->udp->n; i++) {
		struct tx_line *line = &tx->line[i];
		unsigned n = 0;

		while (v->n < MR_VECTOR && n < line->n)
			mr_vector_add(v, line->wait[n++]);
		take_out(tx, line, n);
	}
	*input = IN_FRAMES;
	return v->n;
}

static void tx_flush(void *self, struct mr_turn *t)
{
	struct tx *tx = self;

	mr_keep(t, -(int)tx->n);
	tx_try_again(tx);
	for (unsigned i = 0; i < tx->udp->n; i++) {
		for (unsigned k = 0; k < tx->line[i].n; k++)
			mr_drop(t, STOPPED, tx->line[i].wait[k]);
		take_out(tx, &tx->line[i], tx->line[i].n);
	}
}

static void tx_close(void *self)
{
	tx_full_close(self);
}

const struct mr_kind mr_kind_tx_gso = {
	.abi = MR_ABI, .name = "tx-gso", .summary = "send frames through the UDP sockets",
	.size = sizeof(struct tx), .fields = tx_fields,
	.uses = (const struct mr_resource *const[]){ &mr_resource_udp, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame with its transport address", .numbered = true,
		  .reaches = MR_ALL_OUTPUTS },
		{ "raw", .view = "handshake packet with its transport address", .optional = true,
		  .reaches = MR_ALL_OUTPUTS },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "tcp", .view = "FMP packet with its transport address", .numbered = true,
		  .optional = true },
		{ "ethernet", .view = "FMP packet with its transport address", .numbered = true,
		  .optional = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "no-address", .help = "no transport address, or one of no socket" },
		{ "too-big", .help = "larger than the way out takes (EMSGSIZE)" },
		{ "refused", .help = "the target is unreachable, twice in a row" },
		{ "send-error", .help = "any other error of the send call" },
		{ "stopped", .help = "still waiting for a full socket when the node stopped, or without a "
		                     "place after a reload" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "send-calls", .help = "sendmmsg calls" },
		{ "socket-full", .help = "times a full socket made frames wait" },
		{ "retries", .help = "messages sent again after an error left by an earlier one" },
		{ "gso-messages", .help = "messages of several frames" },
		{ "gso-frames", .help = "frames in such messages" },
		{ "gso-fallbacks", .help = "times a target turned out to take frames only one by one" },
		{ "connected-frames", .help = "frames sent by connected sockets" },
		{ "connected-errors", .help = "times a connected socket was given up for an error" },
		{ 0 } },
	.once = true, .keeps = TX_KEPT, .takes = "sent", .affinities = 1 << MR_ANY | 1 << MR_PEER,
	.shards = 1 << MR_PEER,
	.open = tx_open, .order = tx_order, .process = tx_process, .pull = tx_pull,
	.flush = tx_flush, .close = tx_close, .give = tx_give, .given_up = STOPPED,
};
