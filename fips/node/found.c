/* found.c - somebody has made himself known where neighbours are looked for (a beacon, say).
 *
 * Nobody vouches for it: the handshake will show whether he is who he says.  So many are called,
 * one after the other, and no more; one that does not answer is forgotten until he is heard of
 * again.  A configured peer is called at the addresses it has. */

#include <string.h>

#include "fips/node/parts.h"

#define CALLS 16 /* to those found, at a time */

static unsigned calls(const struct fips_node *n)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n->n_peers; i++)
		found += n->peers[i].used && n->peers[i].dialling && !n->peers[i].configured;
	return found;
}

void fips_found(struct fips_node *n, const uint8_t xonly[FIPS_XONLY_LEN],
                const struct fips_via *via)
{
	struct fips_addr addr = fips_addr_of_key(xonly);
	struct fips_peer *p = fips_peer_find(n, &addr);
	uint8_t pub[FIPS_PUB_LEN] = { 2 };

	if (fips_addr_eq(&addr, &n->me.addr) ||
	    (p && (p->up || p->dialling || p->configured || p->changed)))
		return;
	if (calls(n) >= CALLS || !fips_bucket_take(&n->found, n->now)) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	memcpy(pub + 1, xonly, FIPS_XONLY_LEN);
	if (!n->env.curve.check_point(n->env.curve.self, pub) || !fips_peer_admitted(n, &addr))
		return;
	if (!p)
		p = fips_peer_add(n, pub, &addr);
	if (!p)
		return;
	p->vias[0] = *via;
	p->n_vias = 1;
	p->retries = n->timers.retries; /* one dial */
	fips_dial_begin(n, p);
}
