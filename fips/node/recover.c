/* recover.c - somebody seals for us what we cannot read (session.md 3.12).
 *
 *     no session with it     it has one that we have forgotten, by idleness or a new start of ours
 *     a session, other keys  it has begun anew, or a rekey went wrong
 *
 * Nobody tells it that, and what it sends keeps its session alive.  So we begin a handshake with
 * whoever we know the key of.  Anybody can send such messages in anybody's name; what they bring
 * about is one setup in five seconds a name, for sixty-four names at a time, and no session is
 * worse for it. */

#include "fips/node/parts.h"

#define GAP (5 * MR_NS_PER_S) /* between handshakes with one node */

/* May something be begun with this one now?  If so not again for a while. */
static bool its_turn(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_stray *place = NULL;

	for (unsigned i = 0; i < FIPS_STRAYS; i++) {
		struct fips_stray *s = &n->strays[i];
		bool waits = n->now < s->again_at;

		if (waits && fips_addr_eq(&s->addr, addr))
			return false;
		if (!waits)
			place = s;
	}
	if (place)
		*place = (struct fips_stray){ .addr = *addr, .again_at = n->now + GAP };
	return place != NULL;
}

void fips_node_stray(struct fips_node *n, const struct fips_addr *addr)
{
	if (!fips_whose_key(n, addr)) {
		fips_count(n, FIPS_NODE_NO_ROUTE);
		return;
	}
	if (fips_session_find(n, addr))
		return;
	if (!its_turn(n, addr))
		return;
	if (fips_hop_to(n, addr)) {
		fips_session_initiate(n, addr);
	} else if (!fips_destination_seek(n, addr, true)) {
		fips_count(n, FIPS_NODE_NO_ROUTE);
		return;
	}
	fips_count(n, FIPS_NODE_RECOVERIES);
}

void fips_node_unreadable(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_session *s = fips_session_find(n, addr);

	if (!s || s->state != FIPS_SESSION_ESTABLISHED) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (n->now < s->recover_at || !fips_session_renew(n, s))
		return;
	s->recover_at = n->now + GAP;
	fips_count(n, FIPS_NODE_RECOVERIES);
}
