/* destinations.c - packets that have nowhere to go yet (architecture.md 5 and 6).
 *
 * Route parks the first packets for an address and asks.
 *
 *     nobody whose key we know                            unreachable
 *     a way to it: a neighbour, behind one, by the mesh   a session
 *     else                                                it is looked for
 *
 * A configured peer is waited for besides: its link may come.  Whoever is neither found nor comes
 * in time is unreachable. */

#include <string.h>

#include "fips/node/parts.h"

static void unreachable(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX])
{
	memcpy(fips_act(n, FIPS_ACT_UNREACHABLE)->peer.b, prefix, FIPS_PREFIX);
}

/* ---- who it is ---- */

/* A peer that is there, or that the operator named. */
static const struct fips_peer *present(const struct fips_peer *p)
{
	return p && (p->up || p->configured) ? p : NULL;
}

const uint8_t *fips_whose_key(struct fips_node *n, const struct fips_addr *addr)
{
	const struct fips_peer *p = present(fips_peer_find(n, addr));
	const struct fips_acquaintance *a;

	if (p)
		return p->pub;
	a = fips_known_find(&n->known, addr);
	return a ? a->pub : NULL;
}

/* The whole address of what begins like this.  False: nobody that we know. */
static bool whose(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX], struct fips_addr *addr)
{
	const struct fips_peer *p = present(fips_peer_of_prefix(n, prefix));
	const struct fips_acquaintance *a = p ? NULL : fips_known_find_prefix(&n->known, prefix);

	if (!p && !a)
		return false;
	*addr = p ? p->addr : a->addr;
	return true;
}

void fips_node_meet(struct fips_node *n, const uint8_t pub[FIPS_PUB_LEN])
{
	struct fips_addr addr = fips_addr_of_key(pub + 1);
	const struct fips_peer *p = fips_peer_find(n, &addr);

	if (!(p && p->configured) && !fips_addr_eq(&addr, &n->me.addr))
		fips_known_put(&n->known, &addr, pub);
}

/* ---- the table ---- */

struct fips_wanted *fips_wanted_find(struct fips_node *n, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < FIPS_WANTED; i++) {
		struct fips_wanted *w = &n->wanted[i];

		if (!w->used || !fips_addr_eq(&w->addr, addr))
			continue;
		fips_mark_wanted(n, w);
		return w;
	}
	return NULL;
}

/* A place for one more.  Strays are what others bring about: they have a few, and make way for
 * the rest. */
static struct fips_wanted *place(struct fips_node *n, bool stray)
{
	struct fips_wanted *free = NULL, *first = NULL;
	unsigned strays = 0;

	for (unsigned i = 0; i < FIPS_WANTED; i++) {
		struct fips_wanted *w = &n->wanted[i];

		if (!w->used && !free)
			free = w;
		if (!w->used || !w->stray)
			continue;
		strays++;
		if (!first || w->since < first->since)
			first = w;
	}
	if (stray)
		return strays < FIPS_STRAYS ? free : NULL;
	return free ? free : first;
}

/* NULL: too many are waited for. */
static struct fips_wanted *want(struct fips_node *n, const struct fips_addr *addr, bool stray)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (w) {
		w->stray &= stray;
		return w;
	}
	w = place(n, stray);
	if (!w)
		return NULL;
	*w = (struct fips_wanted){ .used = true, .stray = stray, .addr = *addr, .since = n->now,
		                   .until = n->now + fips_ms(n->timers.unresolved) };
	fips_mark_wanted(n, w);
	return w;
}

void fips_wanted_until(struct fips_node *n, const struct fips_addr *addr, uint64_t until)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (w)
		w->until = until;
}

void fips_wanted_again(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (w)
		w->again = true;
}

/* ---- what becomes of it ---- */

static bool leaves(struct fips_node *n, const struct fips_addr *addr)
{
	const struct fips_peer *p = fips_peer_find(n, addr);

	return p && p->close_at != MR_NEVER;
}

bool fips_destination_seek(struct fips_node *n, const struct fips_addr *addr, bool stray)
{
	struct fips_wanted *w;

	if (!fips_mesh_look_for(n, addr))
		return false;
	w = want(n, addr, stray);
	if (w)
		w->until = w->since + fips_ms(n->timers.handshake);
	return w != NULL;
}

void fips_node_resolve(struct fips_node *n, const uint8_t prefix[FIPS_PREFIX])
{
	struct fips_session *s;
	struct fips_wanted *w;
	struct fips_addr addr;
	bool way;

	if (!whose(n, prefix, &addr) || leaves(n, &addr)) {
		unreachable(n, prefix);
		return;
	}
	s = fips_session_find(n, &addr);
	way = fips_hop_to(n, &addr) != NULL;
	if (way && s && s->state == FIPS_SESSION_ESTABLISHED) {
		fips_session_route(n, s); /* the question crossed the answer */
		return;
	}
	w = want(n, &addr, false);
	if (!w)
		unreachable(n, prefix);
	else if (way)
		fips_session_initiate(n, &addr);
	else if (!fips_destination_seek(n, &addr, false) && !present(fips_peer_find(n, &addr)))
		fips_destination_failed(n, &addr); /* nor may its link come */
}

void fips_destination_reached(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (w)
		w->used = false;
}

void fips_destination_failed(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (!w)
		return;
	w->used = false;
	if (!w->stray)
		unreachable(n, addr->b);
}

void fips_destination_found(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_session *s = fips_session_find(n, addr);

	if (s && s->state == FIPS_SESSION_ESTABLISHED) {
		fips_session_found(n, s);
		fips_session_relook(n, s);
		fips_session_warm(n, s);
	} else if (s && s->state == FIPS_SESSION_INITIATING) {
		fips_session_place(n, s);
	} else if (fips_wanted_find(n, addr)) {
		fips_session_initiate(n, addr);
	}
}

void fips_destination_moved(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_session *s = fips_session_find(n, addr);

	if (s && s->state == FIPS_SESSION_ESTABLISHED)
		s->reroute_at = n->now;
	fips_wanted_again(n, addr);
}

/* A peer of ours may still link with us, but is not waited for any longer than one that is not
 * looked for. */
void fips_destination_lost(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_wanted *w = fips_wanted_find(n, addr);

	if (!w || fips_hop_to(n, addr))
		return;
	if (present(fips_peer_find(n, addr)))
		w->until = w->since + fips_ms(n->timers.unresolved);
	else
		fips_destination_failed(n, addr);
}

void fips_wanted_look(struct fips_node *n)
{
	for (unsigned i = 0; i < FIPS_WANTED; i++) {
		struct fips_wanted *w = &n->wanted[i];

		w->again = w->used;
		if (w->used)
			fips_mark_wanted(n, w);
	}
}

uint64_t fips_wanted_due(const struct fips_wanted *w)
{
	return w->again ? 0 : w->until;
}

/* Something has changed that may have been in its way; or its time is over. */
void fips_wanted_timer(struct fips_node *n, struct fips_wanted *w)
{
	bool again = w->again;

	w->again = false;
	if (n->now >= w->until)
		fips_destination_failed(n, &w->addr);
	else if (again && fips_hop_to(n, &w->addr))
		fips_session_initiate(n, &w->addr);
	else if (again)
		fips_mesh_look_for(n, &w->addr);
}
