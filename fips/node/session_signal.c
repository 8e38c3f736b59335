/* session_signal.c - what somebody on the way says that it could not do (session.md 2.9).
 *
 * Signals come in clear from anybody.  One is believed only about an endpoint that we have a
 * session with or call, never when it claims to be about us or to come from that endpoint; and what
 * it makes us do is little and not often: coordinates once more, a lookup, a smaller path MTU.
 *
 *     CoordsRequired   they do not know where the endpoint is: tell them
 *     PathBroken       where we said it is it is not: tell them, forget it and look for it; but
 *                      what they have may be older than what we know
 *     MtuExceeded      it does not fit: send smaller */

#include "fips/node/parts.h"
#include "fips/wire/signal.h"

#define SIGNAL_GAP (2 * MR_NS_PER_S) /* one reaction of a kind an endpoint */
#define DOUBT_GAP  (5 * MR_NS_PER_S)

static enum fips_signal_count unbound(enum fips_signal_type type)
{
	switch (type) {
	case FIPS_SIGNAL_COORDS_REQUIRED: return FIPS_SIGNALS_UNBOUND_COORDS;
	case FIPS_SIGNAL_PATH_BROKEN:     return FIPS_SIGNALS_UNBOUND_BROKEN;
	case FIPS_SIGNAL_MTU_EXCEEDED:    break;
	}
	return FIPS_SIGNALS_UNBOUND_MTU;
}

static enum fips_signal_count believed(const struct fips_signal *signal)
{
	switch (signal->type) {
	case FIPS_SIGNAL_COORDS_REQUIRED: return FIPS_SIGNALS_COORDS_REQUIRED;
	case FIPS_SIGNAL_PATH_BROKEN:     return FIPS_SIGNALS_PATH_BROKEN;
	case FIPS_SIGNAL_MTU_EXCEEDED:    break;
	}
	return signal->mtu < FIPS_PATH_MTU_MIN ? FIPS_SIGNALS_MTU_EXCEEDED_BELOW_FLOOR :
	                                         FIPS_SIGNALS_MTU_EXCEEDED;
}

/* A setup of theirs that we answered, and no more, is no reason to believe anything. */
static bool bound(const struct fips_session *s)
{
	return s && (s->state == FIPS_SESSION_ESTABLISHED ||
	             (s->state == FIPS_SESSION_INITIATING && s->initiator));
}

/* NULL: not to be believed, and counted. */
static struct fips_session *admitted(struct fips_node *n, const struct fips_addr *src,
                                     const struct fips_signal *signal)
{
	struct fips_signals *counts = &n->mesh.signals;
	struct fips_session *s;

	if (fips_addr_eq(&signal->dest, &n->me.addr) || fips_addr_eq(&signal->dest, src)) {
		fips_signals_count(counts, FIPS_SIGNALS_UNBOUND_FORGED);
		return NULL;
	}
	s = fips_session_find(n, &signal->dest);
	fips_signals_count(counts, bound(s) ? believed(signal) : unbound(signal->type));
	return bound(s) ? s : NULL;
}

/* A neighbour needs no looking for. */
static void look_for(struct fips_node *n, const struct fips_session *s)
{
	const struct fips_peer *hop = fips_hop_to(n, &s->addr);

	if (!hop || !fips_addr_eq(&hop->addr, &s->addr))
		fips_mesh_look_for(n, &s->addr);
}

/* Tell those on the way where we are and where the endpoint is, and make sure that it is there. */
static void tell(struct fips_node *n, struct fips_session *s)
{
	if (n->now < s->answer_at)
		return;
	s->answer_at = n->now + SIGNAL_GAP;
	if (s->state == FIPS_SESSION_ESTABLISHED)
		fips_session_warm(n, s);
	look_for(n, s);
}

/* Do they go by another place than we know of?  Then it is theirs that is old: the coordinates that
 * were just sent mend it, and ours need not be looked for anew (ours:
 * session.md 2.9 forgets them in any case). */
static bool outdated(struct fips_node *n, const struct fips_session *s,
                     const struct fips_coords *place)
{
	struct fips_treepath theirs, ours;

	return fips_treepath_from(&theirs, place) && fips_mesh_coords(n, &s->addr, &ours) &&
	       !fips_treepath_eq(&theirs, &ours);
}

/* A signal about what CoordsRequired was about before is heard all the same, once. */
static void forget(struct fips_node *n, struct fips_session *s)
{
	if (n->now < s->forget_at)
		return;
	s->forget_at = n->now + SIGNAL_GAP;
	fips_cache_drop(&n->mesh.cache, &s->addr);
	fips_pmtu_forget(&s->pmtu);
	fips_mesh_moved(n, &s->addr);
	look_for(n, s);
}

/* Data leaves and its reports have ceased.  That somebody has no way for it may be said and not
 * reach us: signals are lost like anything else, and who knows nothing of the endpoint may know as
 * little of us.  Told where both are, they do (ours: the reference waits until the session has been
 * silent for long enough to end). */
void fips_session_doubt(struct fips_node *n, struct fips_session *s)
{
	if (n->now < s->doubt_at)
		return;
	s->doubt_at = n->now + DOUBT_GAP;
	tell(n, s);
}

/* One of ours has gone round and come back to us: those on the way go by other places than we do,
 * and have yet to be told where the endpoint is.  Anybody can say so in our name, as anybody can
 * send a signal (ours: mesh.md 11 drops it). */
bool fips_session_came_back(struct fips_node *n, const struct fips_addr *dest)
{
	struct fips_session *s = fips_session_find(n, dest);

	if (!bound(s))
		return false;
	tell(n, s);
	return true;
}

void fips_session_signal(struct fips_node *n, const struct fips_addr *src, const uint8_t *fsp,
                         size_t len)
{
	struct fips_signal signal;
	struct fips_session *s = NULL;

	if (fips_signal_parse(fsp, len, &signal))
		s = admitted(n, src, &signal);
	else
		fips_signals_count(&n->mesh.signals, FIPS_SIGNALS_MALFORMED);
	if (!s) {
		fips_count(n, FIPS_NODE_SIGNAL);
		return;
	}
	switch (signal.type) {
	case FIPS_SIGNAL_MTU_EXCEEDED:
		if (signal.mtu < s->pmtu.current)
			fips_pmtu_claim(&s->pmtu, signal.mtu, fips_ms(n->timers.path_mtu), n->now);
		break;
	case FIPS_SIGNAL_PATH_BROKEN:
		tell(n, s);
		if (!outdated(n, s, &signal.coords))
			forget(n, s);
		break;
	case FIPS_SIGNAL_COORDS_REQUIRED:
		tell(n, s);
		break;
	}
	if (s->state == FIPS_SESSION_ESTABLISHED)
		fips_session_relook(n, s);
}
