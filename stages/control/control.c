/* control - host the node: packets, events and time in; packets, table writes and orders out.
 *
 *   handshakes  handshake packets, and frames for a key that is still being made
 *   messages    link messages but datagrams
 *   bodies      opened session messages but data, and coordinates that they carried; datagrams
 *               that no key opens
 *   datagrams   datagrams of others that go no further, and what route asks and has learnt of nodes
 *
 *   raw         handshake packets                    to the sockets
 *   link        link messages                        to be sealed for a neighbour
 *   session     messages of a session                to be routed and sealed
 *   tun         IPv6 packets
 *   frames      frames whose key has come            back to where links are opened
 *   datagrams   messages whose key has come          back to where sessions are opened
 *
 * Each call takes in what it can and then does what the node wants done, in order:
 *
 *   1. an input becomes a fips_input; the node adds actions to a queue
 *   2. actions are done from its head: packets, table entries, orders
 *   3. at an install the queue rests until every stage concerned has acknowledged it
 *
 * One call emits at most a vector an output, so what is left goes on by pull().  While the node has
 * no room for the actions an input may bring about, packets wait in the inbox and our inputs are
 * held; events are let go, since each is told again or found by the tick. */

#include "stages/control/control.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "stages/control/query/history.h"
#include "stages/control/query/probe.h"
#include "stages/control/query/sample.h"
#include "stages/control/state.h"

void *mr_control_memory(size_t bytes)
{
	void *p = aligned_alloc(FIPS_LINE, (bytes + FIPS_LINE - 1) / FIPS_LINE * FIPS_LINE);

	if (!p)
		abort();
	memset(p, 0, bytes);
	return p;
}

static uint64_t unix_ms(void *self)
{
	(void)self;
	return mr_clock_wall() / MR_NS_PER_MS;
}

static int control_open(void *self, struct mr_setup *s)
{
	struct control *c = self;
	const char *wrong;

	c->mesh = s->use[0];
	c->udp = s->use[1];
	c->transports = (struct mr_transports){ .udp = c->udp, .tcp = s->use[2],
		                            .ether = s->use[3] };
	c->aead = s->aead;
	c->workers = s->workers;
	c->log = mr_log_stderr(MR_LOG_INFO);
	c->reports_end = &c->reports;
	c->now = s->now;
	if (mr_control_configure(c, &c->set, s) || mr_access_open(c, s))
		return -1;
	wrong = fips_node_open(&c->node, &c->set.config,
	                       &(struct fips_node_env){ .curve = c->mesh->curve, .rand = s->rand,
	                                                .words = mr_control_words(c),
	                                                .gate = mr_access_gate(c),
	                                                .unix_ms = unix_ms });
	if (wrong)
		return mr_setup_error(s, "node", "%s", wrong);
	c->history = mr_history_open();
	c->probes = calloc(1, sizeof *c->probes);
	if (!c->history || !c->probes)
		return mr_setup_error(s, NULL, "no memory for the history");
	if (!fips_actions_open(&c->actions, CONTROL_ACTIONS))
		return mr_setup_error(s, NULL, "no memory for actions");
	return 0;
}

void mr_control_tell(struct control *c, const struct fips_input *in, struct mr_turn *t)
{
	fips_node_handle(c->node, in, t->now, &c->actions);
	mr_control_count(c, t);
}

static bool tell_plain(struct control *c, enum fips_input_kind kind, struct mr_turn *t)
{
	mr_control_tell(c, &(struct fips_input){ .kind = kind }, t);
	return true;
}

/* Begin and end, answers of stages and of the name service, the oldest packet of the inbox.  False
 * when there is nothing, or no room for what is next. */
static bool tell_next(struct control *c, struct mr_turn *t)
{
	if (!c->started)
		return c->started = tell_plain(c, FIPS_IN_START, t);
	if (c->stop && !c->stop_told)
		return c->stop_told = tell_plain(c, FIPS_IN_STOP, t);
	if (mr_control_settings_tell(c, t) || mr_guests_tell(c, t) ||
	    mr_control_report_tell(c, t) || mr_control_names_tell(c, t))
		return true;
	if (c->inbox_at == c->inbox_n ||
	    !mr_control_take_in(c, c->inbox_input, c->inbox[c->inbox_at], t))
		return false;
	c->inbox_at++;
	mr_keep(t, -1);
	return true;
}

static void hold_inputs(struct control *c, bool held, struct mr_turn *t)
{
	if (c->held == held)
		return;
	c->held = held;
	for (unsigned i = 0; i < INPUTS; i++)
		mr_hold(t, i, held);
}

void mr_control_go_on(struct control *c, struct mr_turn *t)
{
	uint64_t ops = fips_node_curve_ops(c->node);
	bool room = mr_control_act(c, t), more = true;

	while (room && more && mr_control_ready(c) &&
	       fips_node_curve_ops(c->node) - ops < FIPS_NODE_CURVE_OPS) {
		more = tell_next(c, t);
		room = mr_control_act(c, t);
	}
	room &= mr_kept_release(c, t);
	hold_inputs(c, c->inbox_at < c->inbox_n, t);
	/* What an acknowledgement will let go on is not asked for again here. */
	if (!room || (mr_control_ready(c) && (more || c->inbox_at < c->inbox_n)))
		mr_pull_again(t);
}

static void control_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct control *c = self;

	assert(c->inbox_at == c->inbox_n);
	memcpy(c->inbox, v->pkt, v->n * sizeof v->pkt[0]);
	c->inbox_at = 0;
	c->inbox_n = v->n;
	c->inbox_input = input;
	mr_keep(t, (int)v->n);
	mr_control_go_on(c, t);
}

static bool control_pull(void *self, struct mr_turn *t)
{
	mr_control_go_on(self, t);
	return false; /* go_on has asked for another turn if there is more */
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t control_deadline(void *self)
{
	const struct control *c = self;
	uint64_t first = sooner(c->tick_at, mr_kept_deadline(c));

	if (c->n_refusals)
		first = sooner(first, c->refusal[0].until);
	if (c->n_refused)
		first = sooner(first, c->refused[0].until);
	if (c->asking)
		first = sooner(first, c->now + CONTROL_ASK_NS);
	if (!mr_control_ready(c))
		return first;
	if (!c->started || (c->stop && !c->stop_told) || c->n_wishes)
		return 0;
	return sooner(first, fips_node_deadline(c->node));
}

static void control_timeout(void *self, struct mr_turn *t)
{
	struct control *c = self;

	c->now = t->now;
	if (c->asking)
		mr_control_names_poll(c);
	if (c->n_refusals)
		mr_refusals_expire(c, t);
	if (c->n_refused)
		mr_refused_expire(c, t);
	if (t->now >= c->tick_at) {
		c->tick_at = t->now + CONTROL_TICK;
		mr_control_tick(c, t);
		mr_history_tick(c, t->now);
		mr_probes_tick(c, t->now);
	}
	if (c->started && mr_control_ready(c) && fips_node_deadline(c->node) <= t->now)
		tell_plain(c, FIPS_IN_TIMER, t);
	mr_control_go_on(c, t);
}

static void control_flush(void *self, struct mr_turn *t)
{
	struct control *c = self;

	for (; c->inbox_at < c->inbox_n; c->inbox_at++) {
		mr_keep(t, -1);
		mr_drop(t, DROP_STOPPED, c->inbox[c->inbox_at]);
	}
	for (unsigned i = 0; i < c->n_kept; i++) {
		mr_keep(t, -1);
		mr_drop(t, DROP_STOPPED, c->kept[i].pkt);
	}
	c->n_kept = 0;
}

static void control_close(void *self)
{
	struct control *c = self;

	mr_settings_close(&c->next);
	mr_settings_close(&c->set);
	mr_control_reports_close(c);
	mr_sockets_close(c);
	mr_control_orders_close(c);
	mr_relations_close(c);
	mr_access_close(c);
	mr_guests_close(c);
	mr_history_close(c->history);
	free(c->probes);
	fips_actions_close(&c->actions);
	fips_node_close(c->node);
}

const struct mr_kind mr_kind_control = {
	.abi = MR_ABI, .name = "control", .summary = "host the node: links, sessions, routes",
	.size = sizeof(struct control), .sections = mr_control_sections,
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, &mr_resource_udp,
		                                     &mr_resource_tcp, &mr_resource_ether, NULL },
	.inputs = (const struct mr_port[]){
		{ "handshakes", .view = "handshake packet, or FMP frame of an expected key",
		  .reaches = MR_ALL_OUTPUTS },
		{ "messages", .view = "link message from its type byte; or node address and coordinate list",
		  .reaches = MR_ALL_OUTPUTS },
		{ "bodies", .view = "type byte and body, or SessionDatagram from its type byte",
		  .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ "datagrams", .view = "SessionDatagram from its type byte; or node address, and a coordinate "
		                       "list or nothing",
		  .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "raw", .view = "handshake packet with its transport address",
		  .control = true },
		{ "link", .view = "link message from its type byte", .control = true },
		{ "session", .view = "type byte and body, pkt->far its session", .optional = true,
		  .control = true, .plaintext = true },
		{ "tun", .view = "IPv6 packet", .optional = true, .control = true,
		  .plaintext = true },
		{ "frames", .view = "FMP frame of a live key", .optional = true },
		{ "datagrams", .view = "SessionDatagram to us, from its type byte",
		  .optional = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		[DROP_GONE] = { "gone", .help = "about a link or session that is gone" },
		[DROP_MALFORMED] = { "malformed", .help = "a datagram without a whole envelope" },
		[DROP_NO_ROUTE] = { "no-route", .help = "a datagram of others without a next hop" },
		[DROP_TOO_BIG] = { "too-big", .help = "a datagram of others larger than the link out" },
		[DROP_ROUND] = { "gone-round", .help = "a datagram of others whose ttl is used up, or one of ours come back" },
		[DROP_KEPT_OVER] = { "kept-over", .help = "too many came before their key" },
		[DROP_KEPT_LATE] = { "kept-late", .help = "their key did not come within 1 s" },
		[DROP_NO_KEY] = { "no-key", .help = "the handshake of their key came to nothing" },
		[DROP_STOPPED] = { "stopped", .help = "still here when the node stopped, or without a place after a reload" },
		{ 0 } },
	.counters = mr_control_counters,
	.host = true, .once = true, .makes = true, .few = CONTROL_PACKETS,
	.keeps = MR_VECTOR + CONTROL_KEPT,
	.single = true, .takes = "read by control", .affinities = 1 << MR_ANY,
	.open = control_open, .process = control_process, .pull = control_pull,
	.deadline = control_deadline, .timeout = control_timeout, .event = mr_control_event,
	.flush = control_flush, .close = control_close,
	.prepare = mr_control_prepare, .commit = mr_control_commit, .give = mr_control_give,
	.given_up = DROP_STOPPED,
};
