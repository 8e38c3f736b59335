/* mesh_signals.c - what the sources of others' datagrams are told when one goes no further (mesh.md
 * 5.5).
 *
 *   1. may there be a signal?  not about signals, not about what claims to be ours, not again so
 *      soon
 *   2. which: what we know of the destination decides
 *   3. by whom it goes back: the source itself where it is a neighbour, the link the datagram came
 *      by, or the next hop; where none of them is up it does not
 *
 * The turn of a destination is used up even when there is no way back: looking for one costs more
 * than the rest. */

#include "fips/node/parts.h"

/* Where the destination was last, as far as we know. */
static struct fips_coords known(struct fips_node *n, const struct fips_addr *dest,
                                struct fips_treepath *path)
{
	const struct fips_cache_entry *e = fips_cache_find(&n->mesh.cache, dest, n->now);

	path->n = 0;
	if (e)
		fips_cache_path(&n->mesh.cache, e, path);
	return fips_treepath_coords(path);
}

/* The way the datagram came, unless its source is a neighbour.  Who is on a way that has just
 * changed has heard nothing of either end, or only that the source was somewhere once; who sent the
 * datagram here has heard of it (ours: mesh.md 5.5 knows the next hop alone). */
static const struct fips_peer *way_back(struct fips_node *n, const struct fips_addr *by,
                                        const struct fips_addr *src)
{
	const struct fips_peer *hop = fips_hop_near(n, src);

	if (!hop || !fips_peer_proven(hop))
		hop = fips_peer_up(n, by);
	if (!hop || !fips_peer_proven(hop))
		hop = fips_hop_to(n, src);
	return hop && fips_peer_proven(hop) ? hop : NULL;
}

void fips_mesh_undelivered(struct fips_node *n, const struct fips_addr *by,
                           const struct fips_datagram *failed, uint16_t mtu)
{
	struct fips_signals *s = &n->mesh.signals;
	size_t room = fips_link_room(n), len;
	const struct fips_peer *hop;
	struct fips_treepath path;
	struct fips_coords coords;
	uint8_t bytes[FIPS_ACT_BYTES];

	/* By our coordinates there is no way but back.  Which of us has the older ones nobody
	 * knows, but that an answer of ours is verified and a few seconds old is no reason to keep
	 * to it. */
	if (!mtu && failed->ttl > 1)
		fips_cache_doubt(&n->mesh.cache, &failed->dest);
	if (!fips_signals_admit(s, failed, &n->me.addr, n->now))
		return;
	hop = way_back(n, by, &failed->src);
	if (!hop) {
		fips_signals_count(s, FIPS_SIGNALS_NO_WAY_BACK);
		return;
	}
	coords = known(n, &failed->dest, &path);
	if (FIPS_DATAGRAM_HEAD + FIPS_SIGNAL_PATH_BROKEN_LEN(coords.count) > room)
		coords.count = 0; /* then we do not know where it is */
	len = fips_signals_build(bytes, room, failed, &n->me.addr, mtu, &coords);
	fips_signals_count(s, FIPS_SIGNALS_SENT);
	fips_act_link(n, &hop->addr, bytes, len);
}
