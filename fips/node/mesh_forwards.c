/* mesh_forwards.c - others' datagrams: their next hops, what they tell, and where ways out are
 * crowded.
 *
 * The data plane sends on by itself.  It asks once for a destination that it has no next hop for,
 * and what it was told holds until it is told otherwise. */

#include "fips/node/nexthop.h"
#include "fips/node/parts.h"

#define IDLE      (300 * MR_NS_PER_S) /* no datagram: taken back, as coordinates are forgotten */
#define DECISIONS 64 /* of what is decided again, a call */
#define ACTIONS   16 /* ... and what comes of it         */

/* Where a destination's datagrams leave. */
struct way {
	struct fips_addr hop;
	uint8_t          route; /* enum fips_route */
};

/* A neighbour, or whom the configuration puts behind one; else NEXTHOP.  False: there is none. */
static bool decide(struct fips_node *n, const struct fips_addr *dest, struct way *way)
{
	const struct fips_peer *hop = fips_hop_near(n, dest);
	struct fips_nexthop next;

	if (hop) {
		way->hop = hop->addr;
		way->route = fips_addr_eq(&hop->addr, dest) ? FIPS_ROUTE_DIRECT_PEER :
		                                              FIPS_ROUTE_CROSSLINK_ASCEND;
		return true;
	}
	next = fips_nexthop_to(&n->mesh.hops, dest, n->now);
	if (next.result != FIPS_NEXTHOP_FOUND)
		return false;
	way->hop = fips_peer_at(n, next.peer)->addr;
	way->route = (uint8_t)next.route;
	return true;
}

static void take_back(struct fips_node *n, struct fips_forward *e)
{
	fips_act_peer(n, FIPS_ACT_UNFORWARD, &e->dest);
	fips_forwards_drop(&n->mesh.forwards, e);
}

static struct fips_forward *make(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_forwards *f = &n->mesh.forwards;
	const struct fips_peer *p = fips_peer_find(n, dest);
	struct fips_forward *e;

	if (f->n == f->max) {
		fips_count(n, FIPS_NODE_FORWARDS_EVICTED);
		take_back(n, fips_forwards_victim(f));
	}
	e = fips_forwards_add(f, dest, n->now);
	e->known = p && p->configured;
	return e;
}

static void give(struct fips_node *n, struct fips_forward *e, const struct way *way)
{
	struct fips_action *act = fips_act_peer(n, FIPS_ACT_FORWARD, &e->dest);

	e->hop = act->via_peer = way->hop;
	e->route = act->route = way->route;
}

/* The question may have crossed an answer, or news of a link; what waits there is looked at again
 * in any case. */
void fips_node_forward(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_forward *e = fips_forwards_find(&n->mesh.forwards, dest);
	struct way way;

	if (fips_addr_eq(dest, &n->me.addr)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
	} else if (!decide(n, dest, &way)) {
		if (e)
			fips_forwards_drop(&n->mesh.forwards, e);
		fips_act_peer(n, FIPS_ACT_NO_FORWARD, dest);
		fips_count(n, FIPS_NODE_FORWARDS_REFUSED);
	} else if (way.route == FIPS_ROUTE_DIRECT_PEER) {
		if (e)
			fips_forwards_drop(&n->mesh.forwards, e);
		fips_act_peer(n, FIPS_ACT_UNFORWARD, dest);
	} else {
		give(n, e ? e : make(n, dest), &way);
		fips_count(n, FIPS_NODE_FORWARDS_GIVEN);
	}
}

void fips_node_undelivered(struct fips_node *n, const struct fips_input *in)
{
	struct fips_datagram failed;

	n->unmoved = true;
	if (!fips_datagram_parse(in->bytes, in->len, &failed)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	if (fips_addr_eq(&failed.src, &n->me.addr) && fips_session_came_back(n, &failed.dest)) {
		fips_count(n, FIPS_NODE_CAME_BACK);
		return;
	}
	fips_count(n, FIPS_NODE_UNDELIVERED);
	fips_mesh_undelivered(n, &in->peer, &failed, in->mtu);
}

/* ---- what they were decided by has changed ---- */

/* Without a way the next datagram asks, and its sender hears of it. */
static void decide_again(struct fips_node *n, struct fips_forward *e)
{
	struct way way;

	if (!decide(n, &e->dest, &way) || way.route == FIPS_ROUTE_DIRECT_PEER)
		take_back(n, e);
	else if (!fips_addr_eq(&way.hop, &e->hop) || way.route != e->route)
		give(n, e, &way);
}

uint64_t fips_forwards_due(const struct fips_node *n)
{
	return fips_forwards_behind(&n->mesh.forwards, fips_mesh_generation(n)) ? 0 : MR_NEVER;
}

void fips_forwards_timer(struct fips_node *n)
{
	unsigned before = n->pushed;

	for (unsigned i = 0; i < DECISIONS && n->pushed - before < ACTIONS; i++) {
		struct fips_forward *e =
			fips_forwards_next(&n->mesh.forwards, fips_mesh_generation(n));

		if (!e)
			break;
		decide_again(n, e);
	}
}

void fips_mesh_moved(struct fips_node *n, const struct fips_addr *who)
{
	struct fips_forward *e = fips_forwards_find(&n->mesh.forwards, who);

	if (e)
		decide_again(n, e);
	fips_destination_moved(n, who);
}

void fips_node_learned(struct fips_node *n, const struct fips_input *in)
{
	struct mr_wire wire = mr_wire_read(in->bytes, in->len);
	struct fips_coords list;

	fips_coords_get(&wire, 1, &list);
	if (!mr_wire_ok(&wire)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	fips_mesh_learn(n, &in->peer, &list);
	fips_mesh_moved(n, &in->peer);
}

/* ---- once a second ---- */

/* What is sent to lives on, and so do the coordinates its way was found by (mesh.md 6.1). */
static void look_at_use(struct fips_node *n)
{
	const struct fips_words *words = &n->env.words;
	struct fips_forwards *f = &n->mesh.forwards;
	unsigned before = n->pushed;

	for (unsigned i = f->n; i > 0; i--) {
		struct fips_forward *e = &f->at[i - 1];
		uint64_t used = words->forward ? words->forward(words->self, &e->dest) : 0;

		used = fips_sooner(used, n->now);
		if (used > e->used) {
			e->used = used;
			fips_cache_use(&n->mesh.cache, &e->dest, n->now);
		} else if (n->now - e->used >= IDLE && n->pushed - before < ACTIONS) {
			take_back(n, e);
		}
	}
}

/* Did the kernel drop what came to us? */
static bool overflowed(struct fips_node *n)
{
	const struct fips_words *words = &n->env.words;
	uint64_t overflows = words->overflows ? words->overflows(words->self) : 0;
	bool grew = overflows > n->mesh.overflows;

	n->mesh.overflows = overflows;
	if (grew && !n->mesh.overflowing)
		fips_count(n, FIPS_NODE_KERNEL_DROP_EVENTS);
	n->mesh.overflowing = grew;
	return grew;
}

/* mesh.md 5.6 */
static bool is_congested(const struct fips_node_ecn *ecn, const struct fips_metrics *m,
                         bool overflowing)
{
	return ecn->enabled && (overflowing || 1 - m->forward >= ecn->loss || m->etx >= ecn->etx);
}

void fips_forwards_tick(struct fips_node *n)
{
	bool overflowing = overflowed(n);

	look_at_use(n);
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (!p->used || !p->up)
			continue;
		p->congested = is_congested(&n->ecn, &p->metrics, overflowing);
		if (p->congested != p->congested_told)
			fips_mark_peer(n, p);
	}
}

uint64_t fips_congestion_due(const struct fips_peer *p)
{
	return p->congested != p->congested_told ? 0 : MR_NEVER;
}

void fips_congestion_timer(struct fips_node *n, struct fips_peer *p)
{
	if (p->congested == p->congested_told)
		return;
	p->congested_told = p->congested;
	fips_act_peer(n, FIPS_ACT_CONGESTION, &p->addr)->congested = p->congested_told;
}
