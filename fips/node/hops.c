/* hops.c - which neighbour a datagram leaves by (session.md 1.2, mesh.md 5.3).
 *
 *     us --- hop --- ... --- endpoint
 *
 * A neighbour is its own hop.  A peer that the configuration puts behind a neighbour is reached
 * through that one, and everybody else by what the mesh knows of them.  All of this goes before a
 * link that nobody has proven: that may be a stranger's doing, and takes nothing over.
 *
 * A session outlives its hop's link.  While there is none its route is taken back, so that
 * packets wait instead of being lost; when there is another, the route is given again. */

#include <string.h>

#include "fips/node/parts.h"

/* The neighbour that the configuration puts in front of this peer. */
static struct fips_peer *in_front(struct fips_node *n, const struct fips_peer *p)
{
	struct fips_peer *hop = p->behind ? fips_peer_find(n, &p->hop) : NULL;

	return hop && fips_peer_proven(hop) ? hop : NULL;
}

struct fips_peer *fips_hop_near(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_peer *p = fips_peer_find(n, dest);

	if (!p || fips_peer_proven(p))
		return p;
	return in_front(n, p);
}

struct fips_peer *fips_hop_to(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_peer *p = fips_peer_find(n, dest), *hop = fips_hop_near(n, dest);

	if (!hop)
		hop = fips_mesh_hop(n, dest);
	if (hop)
		return hop;
	return p && p->up ? p : NULL;
}

/* Whoever leaves by this link, or might now: each looks for itself, when the timers come by. */
static void look_again(struct fips_node *n, const struct fips_peer *hop)
{
	for (unsigned i = 0; i < n->n_sessions; i++) {
		struct fips_session *s = &n->sessions[i];

		if (!s->used || !s->routed || !fips_addr_eq(&s->hop, &hop->addr))
			continue;
		s->route_mtu = 0; /* what was said of the way is void, even if it is the same */
		s->reroute_at = n->now;
		fips_mark_session(n, s);
	}
	for (unsigned i = 0; i < n->n_peers; i++) {
		const struct fips_peer *p = &n->peers[i];
		struct fips_session *s;

		if (!p->used || !p->behind || (p != hop && !fips_addr_eq(&p->hop, &hop->addr)))
			continue;
		fips_wanted_again(n, &p->addr);
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
