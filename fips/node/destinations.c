/* destinations.c - packets that have nowhere to go yet (architecture.md 5 and 6).
 *
 * Route parks the first packets for an address and asks.  A peer with a hop gets a session; a
 * configured one that has none now is waited for; anybody else is unreachable at once. */

#include <string.h>

#include "fips/node/parts.h"

#define STRAY_GAP (5 * MR_NS_PER_S) /* one setup an address for sealed messages without a session */

static void unreachable(struct fips_node *n, const uint8_t prefix[15])
{
	memcpy(fips_act(n, FIPS_ACT_UNREACHABLE)->peer.b, prefix, 15);
}

void fips_node_resolve(struct fips_node *n, const uint8_t prefix[15])
{
	struct fips_peer *p = fips_peer_of_prefix(n, prefix);
	struct fips_session *s = p ? fips_session_find(n, &p->addr) : NULL;
	const struct fips_peer *hop = p ? fips_hop(n, p) : NULL;

	if (!p || p->close_at != MR_NEVER) {
		unreachable(n, prefix);
		return;
	}
	if (hop && s && s->state == FIPS_SESSION_ESTABLISHED) {
		fips_session_route(n, s); /* the question crossed the answer */
		return;
	}
	if (!p->wanted || !hop)
		p->wanted_until = p->wanted ? p->wanted_until :
		                              n->now + fips_ms(n->timers.unresolved);
	p->wanted = true;
	if (hop)
		fips_session_initiate(n, p);
}

void fips_destination_failed(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_peer *p = fips_peer_find(n, addr);

	if (!p || !p->wanted)
		return;
	p->wanted = false;
	unreachable(n, addr->b);
}

void fips_destination_timer(struct fips_node *n, struct fips_peer *p)
{
	if (p->wanted && p->reachable)
		fips_session_initiate(n, p);
	else if (p->wanted && n->now >= p->wanted_until)
		fips_destination_failed(n, &p->addr);
	p->reachable = false;
}

/* A sealed message from an address without a session: its sender has one.  If we know who that is,
 * begin a new one (session.md 3.12). */
void fips_node_stray(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_peer *p = fips_peer_find(n, addr);

	if (!p || !fips_hop(n, p)) {
		fips_count(n, FIPS_NODE_NO_ROUTE);
		return;
	}
	if (n->now < p->recover_at || fips_session_find(n, addr))
		return;
	p->recover_at = n->now + STRAY_GAP;
	fips_session_initiate(n, p);
}
