/* ethernet - the Ethernet transport: frames out of packet sockets and into them, and beacons.
 *
 *   frames (in)  frames and handshake packets whose address is one of this transport
 *
 *   frames       established frames of a live key
 *   handshakes   handshake packets, and frames of a key that a handshake under way will bring
 *
 * Received: what is no frame of ours, not sent to us, or of an index that is no key of ours dies
 * here.  A beacon ends here too; of those that are to be dialled control is told.
 *
 * A socket that takes no more costs its own frames and nobody else's:
 * this stage never holds its input. */

#include "stages/ethernet/ethernet.h"

#define FOUND_BURST 32   /* beacons that control is told of at once  */
#define FOUND_RATE  8000 /* ... and thousandths of one a second      */

static int eth_open(void *self, struct mr_setup *s)
{
	struct eth *eth = self;

	eth->ether = s->use[0];
	eth->mesh = s->use[1];
	eth->view = s->view_max;
	fips_bucket_init(&eth->found, FOUND_BURST, FOUND_RATE, s->now);
	for (unsigned i = 0; i < eth->ether->n; i++) {
		if (mr_setup_watch(s, eth->ether->socket[i].fd, MR_WATCH_READ) < 0)
			return -1;
	}
	return 0;
}

/* One call a pull, the sockets in turn. */
static bool eth_pull(void *self, struct mr_turn *t)
{
	struct eth *eth = self;
	unsigned n = eth->ether->n;

	for (unsigned asked = 1; asked <= n; asked++) {
		unsigned socket = eth->next, made = (unsigned)t->word[MR_W_MADE];
		bool more;

		eth->next = (socket + 1) % n;
		more = eth_hear(eth, socket, t);
		if ((unsigned)t->word[MR_W_MADE] != made)
			return more || asked < n;
	}
	return false;
}

/* Socket by socket, each one's frames in order. */
static void eth_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct mr_pkt *one[MR_VECTOR];
	struct eth *eth = self;

	(void)input;
	for (unsigned socket = 0; socket < eth->ether->n; socket++) {
		uint16_t mtu = mr_ether_mtu(&eth->ether->socket[socket]);
		unsigned n = 0, others = 0;

		for (unsigned i = 0; i < v->n; i++) {
			const struct fips_via *via = mr_pkt_via(v->pkt[i]);

			if (via->len != MR_ETHER_MAC || via->instance != MR_VIA_ETHER + socket)
				v->pkt[others++] = v->pkt[i];
			else if (v->pkt[i]->len > mtu)
				mr_drop(t, ETH_TOO_BIG, v->pkt[i]);
			else
				one[n++] = v->pkt[i];
		}
		v->n = others;
		eth_say(eth, socket, one, n, t);
	}
	for (unsigned i = 0; i < v->n; i++)
		mr_drop(t, ETH_NO_ADDRESS, v->pkt[i]);
	v->n = 0;
}

/* ---- beacons ---- */

static uint64_t eth_deadline(void *self)
{
	const struct eth *eth = self;
	uint64_t first = MR_NEVER;

	for (unsigned i = 0; i < eth->ether->n; i++) {
		const struct mr_ether_socket *sock = &eth->ether->socket[i];

		first = sock->beacon_at < first ? sock->beacon_at : first;
		first = sock->look_at < first ? sock->look_at : first;
	}
	return first;
}

/* Links by this interface have to know how large their frames may be (R25); while that is less than
 * it was, control is told again, and an interface that has its room back is noticed. */
static void fit(struct eth *eth, unsigned socket, struct mr_turn *t)
{
	struct mr_ether_socket *sock = &eth->ether->socket[socket];
	struct mr_event event = { .kind = MR_EV_ROOM, .a = MR_VIA_ETHER + socket };
	uint16_t was = mr_ether_mtu(sock);

	mr_ether_fit(sock);
	event.u = mr_ether_mtu(sock);
	if (event.u < sock->most)
		sock->look_at = t->now + ETH_AGAIN;
	else if (event.u == was)
		return;
	mr_tell(t, &event);
}

static void look(struct eth *eth, unsigned socket, struct mr_turn *t)
{
	struct mr_ether_socket *sock = &eth->ether->socket[socket];
	enum mr_ether_found found = mr_ether_rebind(sock);

	sock->look_at = found == MR_ETHER_GONE ? t->now + MR_NS_PER_S : MR_NEVER;
	if (found == MR_ETHER_ANEW) {
		mr_count(t, ETH_REBOUND, 1);
		sock->beacon_at = sock->conf->announce ? t->now : MR_NEVER;
	}
	if (found != MR_ETHER_GONE)
		fit(eth, socket, t);
}

static void eth_timeout(void *self, struct mr_turn *t)
{
	struct eth *eth = self;

	for (unsigned i = 0; i < eth->ether->n; i++) {
		struct mr_ether_socket *sock = &eth->ether->socket[i];

		if (sock->look_at <= t->now)
			look(eth, i, t);
		if (sock->beacon_at <= t->now)
			eth_announce(eth, i, t);
	}
}

static void eth_flush(void *self, struct mr_turn *t)
{
	struct eth *eth = self;

	while (eth->spares)
		mr_free(t, eth->spare[--eth->spares]);
}

const struct mr_kind mr_kind_ethernet = {
	.abi = MR_ABI, .name = "ethernet", .summary = "frames over Ethernet, both ways, and beacons",
	.size = sizeof(struct eth), .serves = "transports.ethernet",
	.uses = (const struct mr_resource *const[]){ &mr_resource_ether, &mr_resource_mesh, NULL },
	.inputs = (const struct mr_port[]){
		{ "frames", .view = "FMP packet with its transport address", .numbered = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "frames", .view = "FMP frame of a live key" },
		{ "handshakes", .view = "handshake packet, or FMP frame of an expected key" },
		{ 0 } },
	.drops = (const struct mr_named[]){
		[ETH_NO_ADDRESS] = { "no-address",
			.help = "no transport address, or one of no Ethernet instance" },
		[ETH_TOO_BIG] = { "too-big", .help = "larger than the interface has room for" },
		[ETH_FULL] = { "full", .help = "the socket took no more" },
		[ETH_SEND_ERROR] = { "send-error", .help = "any other error of the send call" },
		[ETH_RUNT] = { "runt", .help = "less than its kind needs, or than its length says" },
		[ETH_LONG] = { "long", .help = "longer than the MTU" },
		[ETH_KIND] = { "kind", .help = "first byte is neither that of data nor of a beacon" },
		[ETH_BEACON_VERSION] = { "beacon-version", .help = "a beacon of another version" },
		[ETH_CAST] = { "cast", .help = "data sent to all, or anything sent to others or as a group" },
		[ETH_SHORT] = { "short", .help = "less than a prefix, or less than its phase needs" },
		[ETH_PUNCH] = { "punch", .help = "NAT-punch probe" },
		[ETH_VERSION] = { "version", .help = "version nibble is not 0" },
		[ETH_PHASE] = { "phase", .help = "phase is none of 0, 1, 2" },
		[ETH_LENGTH] = { "length", .help = "length field and packet disagree" },
		[ETH_FLAGS] = { "flags", .help = "flags set in a handshake packet" },
		[ETH_UNKNOWN_INDEX] = { "unknown-index",
			.help = "no key of ours goes by this receiver index" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		[ETH_RECEIVE_CALLS] = { "receive-calls", .help = "recvmmsg calls" },
		[ETH_OVERFLOWS] = { "socket-overflow",
			.help = "frames the kernel dropped for a full receive buffer" },
		[ETH_RECEIVE_ERRORS] = { "receive-errors",
			.help = "errors reported by a receive call" },
		[ETH_SEND_CALLS] = { "send-calls", .help = "sendmmsg calls" },
		[ETH_BEACONS_SENT] = { "beacons-sent", .help = "beacons of ours" },
		[ETH_BEACONS_FAILED] = { "beacons-failed", .help = "... that could not be sent" },
		[ETH_BEACONS_HEARD] = { "beacons-heard", .help = "beacons of others" },
		[ETH_FOUND] = { "found", .help = "of them, such that control was told of" },
		[ETH_REBOUND] = { "rebound",
			.help = "interfaces that were made anew and are used again" },
		{ 0 } },
	.once = true, .source = true, .makes = true, .keeps = MR_VECTOR, .single = true,
	.takes = "sent", .affinities = 1 << MR_ANY,
	.open = eth_open, .process = eth_process, .pull = eth_pull, .deadline = eth_deadline,
	.timeout = eth_timeout, .flush = eth_flush,
};
