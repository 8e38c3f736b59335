/* hops.c - which neighbour a datagram leaves by (session.md 1.2).
 *
 *     us --- hop --- ... --- endpoint
 *
 * A neighbour is its own hop.  A peer that the configuration puts behind a neighbour is reached
 * through that one for as long as it has no proven link of its own: a link that nobody has proven
 * may be a stranger's doing, and takes nothing over.
 *
 * A session outlives its hop's link.  While there is none its route is taken back, so that packets
 * wait instead of being lost; when the link is up again, the route is given again. */

#include <string.h>

#include "fips/node/parts.h"

struct fips_peer *fips_hop(struct fips_node *n, struct fips_peer *p)
{
	struct fips_peer *hop;

	if (!p->behind || fips_peer_proven(p))
		return p->up ? p : NULL;
	hop = fips_peer_find(n, &p->hop);
	if (hop && fips_peer_proven(hop))
		return hop;
	return p->up ? p : NULL;
}

struct fips_peer *fips_hop_to(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_peer *p = fips_peer_find(n, dest);

	return p ? fips_hop(n, p) : NULL;
}

/* Whoever uses this link, or might now: each looks for itself, when the timers come by. */
static void look_again(struct fips_node *n, const struct fips_peer *hop)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];
		struct fips_session *s;

		if (!p->used || !p->behind || (p != hop && !fips_addr_eq(&p->hop, &hop->addr)))
			continue;
		p->reachable = p->wanted && fips_hop(n, p);
		s = fips_session_find(n, &p->addr);
		if (s)
			s->reroute_at = n->now;
	}
}

/* The link is proven.  Told at every cut-over; the first time counts. */
void fips_hop_up(struct fips_node *n, struct fips_peer *p)
{
	if (p->carries)
		return;
	p->carries = true;
	look_again(n, p);
}

/* The link is gone. */
void fips_hop_down(struct fips_node *n, struct fips_peer *p)
{
	p->carries = false;
	look_again(n, p);
}
