/* route - find the session and the next hop of packets.
 *
 *   ip        packets of local programs, by the 15 address bytes their destination shows
 *   transit   datagrams of other nodes, by their destination's node address
 *   session   messages of control's own, by their session
 *
 *   seal      with session, link and path MTU found
 *   forward   with link found, ttl and path MTU rewritten
 *   tun       answers to local programs: ICMPv6 errors, and packets to ourselves
 *   control   datagrams of others that go no further, and words about others: coordinates that
 *             their datagrams tell, destinations that they want
 *
 * A packet whose destination is not in its table (routes, of others links and forwards) is parked
 * and control is asked; control answers by a table entry and an order.  Parked packets leave by
 * pull(), under the same rules as new ones, and before them:
 * the entry is seen before the order is. */

#include "stages/route/route.h"

#include <string.h>

#include "fips/path/ip.h"
#include "fips/path/mss.h"
#include "fips/path/mtu.h"
#include "stages/lib/words.h"

enum { IN_IP, IN_TRANSIT, IN_SESSION };

#define EXPIRY (30 * MR_NS_PER_S) /* session.md 3.9 */

static const struct route_rules local_rules;

static int route_open(void *self, struct mr_setup *s)
{
	struct route *r = self;

	r->mesh = s->use[0];
	r->udp = s->use[1];
	r->local.rules = &local_rules;
	r->transit.rules = &mr_route_transit_rules;
	return 0;
}

/* A live route: size, segment size, and on to the seal. */
static void send_by(struct route *r, const struct fips_route_entry *e, struct mr_pkt *p,
                    struct mr_turn *t)
{
	uint16_t most = fips_mtu_packet(r->udp->mtu, e->mtu);

	fips_mss_clamp(p->data, p->len, fips_mss_limit(r->udp->mtu, e->mtu));
	if (p->len > most) {
		mr_route_too_big(r, p, most, t);
		return;
	}
	p->near = e->link;
	p->far = e->session;
	p->limit = e->first;
	p->mark = MR_SHAPE_IP;
	mr_emit(t, ROUTE_SEAL, p);
}

/* The entry of a destination, looked up once a call for as many of them as a vector may well
 * hold. */
static const struct fips_route_entry *find_route(struct route *r, const uint8_t *key)
{
	const struct fips_route_entry **seen = &r->seen[key[1] % ROUTE_SEEN];

	if (!*seen || memcmp((*seen)->dest.b, key, FIPS_ROUTE_KEY) != 0)
		*seen = mr_table_find(r->mesh->routes, key);
	return *seen;
}

static void route_by(struct route *r, const struct fips_route_entry *e, struct mr_pkt *p,
                     struct mr_turn *t)
{
	if (e->state == FIPS_ROUTE_LIVE)
		send_by(r, e, p, t);
	else
		mr_route_unreachable(r, p, ROUTE_UNREACHABLE, t);
}

static void route_ip(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	const struct fips_route_entry *e;
	const uint8_t *key;

	switch (fips_ip_check(p->data, p->len, r->mesh->own_ip)) {
	case FIPS_IP_NOT_IPV6: mr_drop(t, ROUTE_NOT_IPV6, p); return;
	case FIPS_IP_FOREIGN:  mr_drop(t, ROUTE_FOREIGN, p); return;
	case FIPS_IP_OUTSIDE:  mr_route_unreachable(r, p, ROUTE_OUTSIDE, t); return;
	case FIPS_IP_SELF:     mr_emit(t, ROUTE_TUN, p); return;
	case FIPS_IP_MESH:     break;
	}
	key = fips_ip_dest_key(p->data);
	e = find_route(r, key);
	if (!e || e->state == FIPS_ROUTE_RESOLVING)
		mr_route_park(r, &r->local, key, p, t);
	else
		route_by(r, e, mr_route_queue(&r->local, key, p, t), t);
}

/* ---- local packets that wait ---- */

static void ask(struct route *r, const uint8_t *key, struct mr_turn *t)
{
	struct mr_event event = { .kind = MR_EV_RESOLVE };

	(void)r;
	memcpy(event.bytes, key, FIPS_ROUTE_KEY);
	mr_tell(t, &event);
}

static bool answered(struct route *r, const uint8_t *key)
{
	const struct fips_route_entry *e = find_route(r, key);

	return e && e->state != FIPS_ROUTE_RESOLVING;
}

static void leave(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	route_by(r, find_route(r, fips_ip_dest_key(p->data)), p, t);
}

static void expire(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	mr_route_unreachable(r, p, ROUTE_EXPIRED, t);
}

static const struct route_rules local_rules = {
	.key = FIPS_ROUTE_KEY, .expiry = EXPIRY, .full = ROUTE_PARK_FULL, .over = ROUTE_PARK_OVER,
	.outs = { ROUTE_SEAL, ROUTE_TUN },
	.ask = ask, .answered = answered, .leave = leave, .expire = expire,
};

/* ---- the stage ---- */

/* A message of control's own, p->far its session: the way is that of the session's data. */
static void send_body(struct route *r, struct mr_pkt *p, struct mr_turn *t)
{
	const struct fips_session_entry *s = mr_table_at(r->mesh->sessions, p->far);
	const struct fips_route_entry *e = s ? mr_table_find(r->mesh->routes, s->peer.b) : NULL;

	if (!e || e->state != FIPS_ROUTE_LIVE) {
		mr_drop(t, ROUTE_NO_SESSION, p);
		return;
	}
	p->near = e->link;
	p->limit = e->first;
	mr_emit(t, ROUTE_SEAL, p);
}

/* A call looks things up anew. */
static void begin(struct route *r)
{
	memset(r->seen, 0, sizeof r->seen);
	r->call++;
	r->left = 0;
}

static void route_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct route *r = self;

	begin(r);
	for (unsigned i = 0; i < v->n; i++) {
		r->left = v->n - 1 - i;
		switch (input) {
		case IN_IP:      route_ip(r, v->pkt[i], t); break;
		case IN_TRANSIT: mr_route_transit(r, v->pkt[i], t); break;
		default:         send_body(r, v->pkt[i], t); break;
		}
	}
}

static void route_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct route *r = self;

	if (order->kind == MR_ORD_ROUTE)
		mr_route_unpark(&r->local, order->p, t);
	if (order->kind == MR_ORD_FORWARD)
		mr_route_unpark(&r->transit, order->p, t);
}

static bool route_pull(void *self, struct mr_turn *t)
{
	struct route *r = self;
	bool more;

	begin(r);
	more = mr_route_release(r, &r->local, t);
	return mr_route_release(r, &r->transit, t) || more;
}

static uint64_t route_deadline(void *self)
{
	const struct route *r = self;
	uint64_t local = mr_route_park_deadline(&r->local),
		 transit = mr_route_park_deadline(&r->transit);

	return local < transit ? local : transit;
}

static void route_timeout(void *self, struct mr_turn *t)
{
	struct route *r = self;

	mr_route_park_tick(r, &r->local, t);
	mr_route_park_tick(r, &r->transit, t);
}

static unsigned route_give(void *self, unsigned *input, struct mr_vector *v)
{
	struct route *r = self;

	*input = r->local.parked ? IN_IP : IN_TRANSIT;
	return mr_route_park_give(r->local.parked ? &r->local : &r->transit, v);
}

static void route_flush(void *self, struct mr_turn *t)
{
	struct route *r = self;

	mr_route_park_flush(&r->local, t);
	mr_route_park_flush(&r->transit, t);
}

const struct mr_kind mr_kind_route = {
	.abi = MR_ABI, .name = "route", .summary = "find the session and the next hop of packets",
	.size = sizeof(struct route),
	.uses = (const struct mr_resource *const[]){ &mr_resource_mesh, &mr_resource_udp, NULL },
	.inputs = (const struct mr_port[]){
		{ "ip", .view = "IPv6 packet", .optional = true,
		  .reaches = MR_OUT(ROUTE_SEAL) | MR_OUT(ROUTE_TUN) },
		{ "transit", .view = "SessionDatagram from its type byte", .optional = true,
		  .reaches = MR_OUT(ROUTE_FORWARD) | MR_OUT(ROUTE_CONTROL) },
		{ "session", .view = "type byte and body, pkt->far its session", .optional = true,
		  .reaches = MR_OUT(ROUTE_SEAL) },
		{ 0 } },
	.outputs = (const struct mr_port[]){
		{ "seal", .view = "IPv6 packet, or type byte and body", .optional = true,
		  .plaintext = true },
		{ "forward", .view = "SessionDatagram from its type byte", .optional = true },
		{ "tun", .view = "IPv6 packet", .optional = true, .plaintext = true },
		{ "control", .view = "SessionDatagram from its type byte; or node address, and a coordinate "
		                     "list or nothing", .optional = true },
		{ 0 } },
	.drops = (const struct mr_named[]){
		{ "not-ipv6", .help = "no IPv6 packet" },
		{ "foreign-source", .help = "not from our own mesh address" },
		{ "outside", .help = "to no mesh address; answered with ICMPv6 unreachable" },
		{ "unreachable", .help = "no way to the destination; answered with ICMPv6 unreachable" },
		{ "too-big", .help = "larger than the path takes; a local packet is answered with ICMPv6 "
		                     "packet too big" },
		{ "park-full", .help = "too many destinations or packets wait already" },
		{ "park-over", .help = "oldest of too many packets that wait for one destination" },
		{ "expired", .help = "waited 30 s for a way; answered with ICMPv6 unreachable" },
		{ "ttl", .help = "a datagram of others that would leave with ttl 0, whose sender is not told" },
		{ "malformed", .help = "a datagram of others without a whole envelope" },
		{ "no-session", .help = "a message of our own whose session or way is gone" },
		{ "stopped", .help = "still parked when the node stopped, or without a place after a reload" },
		{ "own-source", .help = "a datagram that claims to be from us, of which control is not told" },
		{ "no-route", .help = "a datagram of others without a next hop but the one it came "
		                      "from, whose sender is not told" },
		{ "over-rate", .help = "a neighbour brings datagrams for too many unknown destinations" },
		{ "transit-full", .help = "too many destinations or datagrams of others wait already" },
		{ "transit-over", .help = "oldest of too many of others that wait for one destination" },
		{ "transit-late", .help = "of others, waited 5 s for a next hop" },
		{ 0 } },
	.counters = (const struct mr_named[]){
		{ "parked", .help = "packets that had to wait for a way" },
		{ "answers", .help = "ICMPv6 errors told to local programs" },
		{ "asked", .help = "questions for a next hop of others' datagrams" },
		{ "learned", .help = "coordinates that others' datagrams told, passed on to control" },
		{ "warm-malformed-packets", .help = "others' datagrams with coordinates that do not parse" },
		{ "warm-malformed-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "forwarded-packets", .help = "others' datagrams sent on" },
		{ "forwarded-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "ttl-exhausted-packets", .help = "others' datagrams that would leave with ttl 0" },
		{ "ttl-exhausted-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "drop-no-route-packets", .help = "others' datagrams without a next hop but the one they "
		                                   "came from" },
		{ "drop-no-route-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "drop-mtu-exceeded-packets", .help = "others' datagrams too big for the link out" },
		{ "drop-mtu-exceeded-bytes", .help = "... their bytes", .unit = "bytes" },
		{ "ce-forwarded", .help = "others' datagrams sent on with CE" },
		{ "congestion-detected", .help = "... since the link out is congested" },
		[ROUTE_CLASS + FIPS_ROUTE_DIRECT_PEER] = { "route-direct-peer",
			.help = "sent on to their destination" },
		[ROUTE_CLASS + FIPS_ROUTE_TREE_UP] = { "route-tree-up", .help = "sent on to an ancestor of ours" },
		[ROUTE_CLASS + FIPS_ROUTE_TREE_DOWN] = { "route-tree-down",
			.help = "sent on to a descendant, the destination below it" },
		[ROUTE_CLASS + FIPS_ROUTE_TREE_DOWN_CROSS] = { "route-tree-down-cross",
			.help = "sent on to a descendant, the destination not below it" },
		[ROUTE_CLASS + FIPS_ROUTE_CROSSLINK_DESCEND] = { "route-crosslink-descend",
			.help = "sent on to another, the destination below it" },
		[ROUTE_CLASS + FIPS_ROUTE_CROSSLINK_ASCEND] = { "route-crosslink-ascend",
			.help = "sent on to another, the destination not below it" },
		{ 0 } },
	.once = true, .makes = true, .few = ROUTE_ANSWERING + ROUTE_TELLING,
	.keeps = 2 * MR_PARK_ALL,
	.affinities = 1 << MR_ANY | 1 << MR_DESTINATION,
	.shards = 1 << MR_DESTINATION,
	.open = route_open, .order = route_order, .process = route_process, .pull = route_pull,
	.deadline = route_deadline, .timeout = route_timeout, .flush = route_flush,
	.give = route_give, .given_up = ROUTE_STOPPED,
};
