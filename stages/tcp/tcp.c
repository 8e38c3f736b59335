/* tcp - the TCP transport: frames out of connections and into them.
 *
 *   frames (in)  frames and handshake packets whose address is one of this transport
 *
 *   1. those of one address go into its connection, which is made if there is none (send.c,
 *   calls.c)
 *
 *   frames       established frames of a live key
 *   handshakes   handshake packets, and frames of a key that a handshake under way will bring
 *
 *   1. epoll says which sockets have something: one receive call each, in turn (receive.c)
 *   2. the bytes are cut into frames; those of an index that is no key of ours die here
 *
 * A socket that takes no more costs its own frames and nobody else's:
 * this stage never holds its input. */

#include <string.h>

#include "stages/lib/sort.h"
#include "stages/tcp/tcp.h"

#define SLABS 16

static int tcp_stage_open(void *self, struct mr_setup *s)
{
	const struct mr_tcp *transport = s->use[0];
	struct tcp *tcp = self;

	tcp->pool = transport->pool;
	tcp->mesh = s->use[1];
	tcp->slab = MR_NO_SLAB;
	return mr_setup_watch(s, tcp->pool->epoll, MR_WATCH_READ) < 0 ? -1 : 0;
}

/* ---- in ---- */

/* All that is wrong but for flags, the stream has seen to. */
static const struct mr_sorting sorting = {
	.frames = TCP_FRAMES, .handshakes = TCP_HANDSHAKES, .unknown = TCP_UNKNOWN_INDEX,
	.bad = { TCP_FLAGS, TCP_FLAGS, TCP_FLAGS, TCP_FLAGS, TCP_FLAGS, TCP_FLAGS },
};

/* A connection of small segments has small frames, which its link has to know; a word that is lost,
 * or comes before there is a link, is said again. */
static void heard(struct mr_tcp_conn *c, const struct fips_index_entry *e, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_NARROW, .u = c->mtu };

	c->heard = t->now;
	if (!e->live || c->mtu >= c->of->conf->mtu || (c->told && t->now - c->told < TCP_AGAIN))
		return;
	c->told = t->now;
	event.a = e->key->id;
	memcpy(event.bytes, &c->via, sizeof c->via);
	mr_tell(t, &event);
}

static void emit(struct tcp *tcp, struct mr_turn *t)
{
	const struct fips_index_entry *last = NULL;
	struct mr_pkt *p;

	for (unsigned n = 0; n < MR_VECTOR && (p = tcp_next(tcp, t)); n++) {
		p->stamp = t->now;
		p->mark = MR_SHAPE_FRAME;
		if (mr_sort(&sorting, tcp->mesh, p, &last, t) && tcp->conn)
			heard(tcp->conn, last, t);
	}
}

static void serve(struct tcp *tcp, const struct epoll_event *e, struct mr_turn *t)
{
	struct mr_tcp_pool *pool = tcp->pool;
	struct mr_tcp_conn *c = &pool->conn[e->data.u64];

	if (e->data.u64 >= pool->places) {
		tcp_accept(tcp, (unsigned)(e->data.u64 - pool->places), t);
		return;
	}
	if (c->state == MR_TCP_CONNECTING) {
		tcp_dialled(tcp, c, t);
		return;
	}
	if (e->events & EPOLLOUT)
		tcp_flush_tail(tcp, c, t);
	if (c->state == MR_TCP_OPEN && (e->events & ~(uint32_t)EPOLLOUT))
		tcp_receive(tcp, c, t);
}

/* Until frames have come, or nobody has more. */
static bool serve_some(struct tcp *tcp, struct mr_turn *t)
{
	if (tcp->next == tcp->readies) {
		int n = epoll_wait(tcp->pool->epoll, tcp->ready, TCP_READY, 0);

		tcp->next = 0;
		tcp->readies = n > 0 ? (unsigned)n : 0;
	}
	while (tcp->left == 0 && tcp->next < tcp->readies) {
		struct epoll_event e = tcp->ready[tcp->next++];

		serve(tcp, &e, t);
	}
	return tcp->next < tcp->readies;
}

static bool tcp_pull(void *self, struct mr_turn *t)
{
	struct tcp *tcp = self;
	unsigned before = tcp->left;
	bool more = true;

	if (tcp->left == 0)
		more = serve_some(tcp, t);
	emit(tcp, t);
	mr_keep(t, (int)tcp->left - (int)before);
	return more || tcp->left;
}

/* ---- out ---- */

/* Is it an address of an instance that there is? */
static bool is_ours(const struct tcp *tcp, const struct fips_via *via)
{
	return via->len && mr_via_is_tcp(via) && via->instance % MR_TCP_MAX < tcp->pool->tcp->n;
}

/* Address by address, in the order in which each one's first came; those of one stay in order. */
static void tcp_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_pkt *one[MR_VECTOR];
	struct tcp *tcp = self;
	unsigned rest = v->n;

	(void)input;
	while (rest) {
		struct fips_via via = *mr_pkt_via(v->pkt[0]);
		unsigned n = 0, others = 0;

		for (unsigned i = 0; i < rest; i++) {
			if (fips_via_eq(mr_pkt_via(v->pkt[i]), &via))
				one[n++] = v->pkt[i];
			else
				v->pkt[others++] = v->pkt[i];
		}
		rest = others;
		if (is_ours(tcp, &via))
			tcp_send(tcp, &via, one, n, t);
		for (unsigned i = 0; i < n && !is_ours(tcp, &via); i++)
			mr_drop(t, TCP_NO_ADDRESS, one[i]);
	}
	v->n = 0;
}

/* ---- and at the end ---- */

static uint64_t tcp_deadline(void *self)
{
	return ((const struct tcp *)self)->pool->due;
}

static void tcp_timeout(void *self, struct mr_turn *t)
{
	tcp_look_after(self, t);
}

/* Connections are the transport's, and stay. */
static void tcp_flush(void *self, struct mr_turn *t)
{
	struct tcp *tcp = self;

	mr_lose(t, TCP_STOPPED, tcp->left);
	mr_keep(t, -(int)tcp->left);
	tcp->left = 0;
	if (tcp->slab != MR_NO_SLAB)
		mr_slab_done(t->pool, tcp->slab);
	tcp->slab = MR_NO_SLAB;
	tcp->sliced = false;
}

const struct mr_kind mr_kind_tcp = {
	.abi = MR_ABI, .name = "tcp", .summary = "frames over TCP connections, both ways",
	.size = sizeof(struct tcp), .serves = "transports.tcp",
	.uses = (const struct mr_resource *const[]){ &mr_resource_tcp, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP packet with its transport address", .numbered = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame of a live key" },
		{ "handshakes", .view = "handshake packet, or FMP frame of an expected key" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		[TCP_NO_ADDRESS] = { "no-address",
			.help = "no transport address, or one of no TCP instance" },
		[TCP_NO_CONNECTION] = { "no-connection",
			.help = "the connection it came by is gone, and is not for us to make" },
		[TCP_UNREACHED] = { "unreached", .help = "no connection could be made" },
		[TCP_TOO_BIG] = { "too-big", .help = "larger than the connection's frames may be" },
		[TCP_FULL] = { "full",
			.help = "the other end does not read, or the connection is still being made" },
		[TCP_LOST] = { "lost", .help = "not all of it was sent when the connection ended" },
		[TCP_FRAMING] = { "framing",
			.help = "what no packet begins with; the connection was closed" },
		[TCP_PARTIAL] = { "partial",
			.help = "not all of it had come when the connection ended" },
		[TCP_FLAGS] = { "flags", .help = "flags set in a handshake packet" },
		[TCP_UNKNOWN_INDEX] = { "unknown-index",
			.help = "no key of ours goes by this receiver index" },
		[TCP_STOPPED] = { "stopped",
			.help = "received and not yet sorted when the node stopped" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		[TCP_ACCEPTED] = { "accepted", .help = "connections that others made" },
		[TCP_REFUSED] = { "refused", .help = "of them, closed at once for want of room" },
		[TCP_EVICTED] = { "evicted", .help = "silent ones that made room for others" },
		[TCP_DIALLED] = { "dialled", .help = "connections that we began to make" },
		[TCP_FAILED] = { "dials-failed", .help = "of them, such that did not come about" },
		[TCP_TIMED_OUT] = { "dials-timed-out",
			.help = "of those, such that nobody answered in time" },
		[TCP_CLOSED] = { "closed",
			.help = "connections that the other end, an error or wrong framing ended" },
		[TCP_CUT] = { "cut", .help = "connections ended for silence, or for not reading" },
		[TCP_RECEIVE_CALLS] = { "receive-calls", .help = "recv calls" },
		[TCP_SEND_CALLS] = { "send-calls", .help = "sendmsg calls" },
		[TCP_COPIED] = { "copied",
			.help = "received frames that were copied to packets of their own" },
		{ 0 } },
	.once = true, .source = true, .makes = true, .keeps = 2 * MR_VECTOR, .slabs = SLABS,
	.single = true, .takes = "sent", .affinities = 1 << MR_ANY,
	.open = tcp_stage_open, .process = tcp_process, .pull = tcp_pull,
	.deadline = tcp_deadline, .timeout = tcp_timeout, .flush = tcp_flush,
};
