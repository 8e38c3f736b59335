/* info.c - what an operator may see of a node. */

#include <stdio.h>
#include <string.h>

#include "fips/node/parts.h"

static enum fips_trend trend(const struct fips_average *a)
{
	if (!a->set)
		return FIPS_TREND_UNKNOWN;
	if (a->slow > 0 && a->quick > a->slow * 1.05)
		return FIPS_TREND_RISING;
	if (a->slow > 0 && a->quick < a->slow * 0.95)
		return FIPS_TREND_FALLING;
	return FIPS_TREND_STABLE;
}

static struct fips_metrics_info metrics_info(const struct fips_metrics *m)
{
	return (struct fips_metrics_info){
		.rtt_known = m->rtt_known,
		.loss_known = m->loss.set,
		.etx_known = m->tries.set,
		.srtt_us = m->rtt_known ? m->srtt : 0,
		.rttvar_us = m->rtt_known ? m->rttvar : 0,
		.loss = m->loss.set ? m->loss.slow : 0,
		.forward = m->forward,
		.reverse = m->reverse,
		.etx = m->etx,
		.etx_average = m->tries.set ? m->tries.slow : 1,
		.goodput = m->goodput,
		.jitter_us = m->jitter.set ? (uint32_t)m->jitter.slow : 0,
		.ce = m->has_last ? m->last.ce : 0,
		.reports = m->reports,
		.samples = m->samples,
		.zeros = m->zeros,
		.rtt_us = m->rtt_known ? m->rtt_last : 0,
		.rtt_trend = trend(&m->rtt),
		.loss_trend = trend(&m->loss),
		.goodput_trend = trend(&m->rate),
		.jitter_trend = trend(&m->jitter),
		.etx_trend = trend(&m->tries),
	};
}

static void link_info(const struct fips_peer *p, struct fips_peer_info *out)
{
	out->state = p->send->proven ? FIPS_PEER_UP : FIPS_PEER_PROVISIONAL;
	out->initiator = p->send->initiator;
	out->via = p->via;
	out->since = p->up_at;
	out->key = p->send->id;
	out->key_since = p->cut_at;
	out->ours = p->send->ours;
	out->theirs = p->send->theirs;
	out->k = p->k;
	out->rekeying = p->rekey.on;
	out->cost_known = fips_link_cost(p, &out->cost);
	out->metrics = metrics_info(&p->metrics);
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		out->keys += p->keys[i].id != 0;
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		out->draining |= p->keys[i].id != 0 && p->keys[i].id < p->send->id;
}

/* Strangers without a link are memory, not peers. */
static bool shown(const struct fips_peer *p)
{
	return p->used && (p->configured || p->up);
}

static void peer_info(const struct fips_node *n, const struct fips_peer *p,
                      struct fips_peer_info *out)
{
	char text[FIPS_ADDR_TEXT];

	*out = (struct fips_peer_info){
		.slot = (unsigned)(p - n->peers),
		.addr = p->addr,
		.configured = p->configured,
		.reconnects = p->configured && p->auto_reconnect,
		.state = p->behind     ? FIPS_PEER_BEHIND :
		         p->dialling ? FIPS_PEER_DIALLING :
		                       FIPS_PEER_IDLE,
		.retries = p->retries,
		.retry_at = p->retry_at,
		.metrics = { .forward = 1, .reverse = 1, .etx = 1, .etx_average = 1 },
	};
	memcpy(out->xonly, p->pub + 1, FIPS_XONLY_LEN);
	memcpy(out->alias, p->alias, FIPS_ALIAS_LEN);
	snprintf(out->name, sizeof out->name, "%s", fips_peer_name(p, text));
	if (p->up)
		link_info(p, out);
}

bool fips_node_peer_next(const struct fips_node *n, unsigned *at, struct fips_peer_info *out)
{
	while (*at < n->n_peers && !shown(&n->peers[*at]))
		(*at)++;
	if (*at >= n->n_peers)
		return false;
	peer_info(n, &n->peers[(*at)++], out);
	return true;
}

bool fips_node_peer(const struct fips_node *n, unsigned index, struct fips_peer_info *out)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		if (shown(&n->peers[i]) && index-- == 0) {
			peer_info(n, &n->peers[i], out);
			return true;
		}
	}
	return false;
}

bool fips_node_peer_of(const struct fips_node *n, const struct fips_addr *addr,
                       struct fips_peer_info *out)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		if (shown(&n->peers[i]) && fips_addr_eq(&n->peers[i].addr, addr)) {
			peer_info(n, &n->peers[i], out);
			return true;
		}
	}
	return false;
}

/* ---- dials ---- */

bool fips_node_dial_next(const struct fips_node *n, unsigned *at, struct fips_dial_info *out)
{
	for (; *at < n->n_peers * FIPS_VIAS_MAX; (*at)++) {
		const struct fips_peer *p = &n->peers[*at / FIPS_VIAS_MAX];
		const struct fips_dial *d = &p->dials[*at % FIPS_VIAS_MAX];

		if (!p->used || !d->on)
			continue;
		*out = (struct fips_dial_info){ .slot = *at / FIPS_VIAS_MAX,
			                        .which = *at % FIPS_VIAS_MAX,
			                        .addr = p->addr, .via = d->via,
			                        .since = d->resend.start,
			                        .resends = d->resend.count };
		memcpy(out->xonly, p->pub + 1, FIPS_XONLY_LEN);
		(*at)++;
		return true;
	}
	return false;
}

/* ---- sessions ---- */

static unsigned resends(const struct fips_session *s)
{
	unsigned most = s->resend.count;

	for (unsigned i = 0; i < FIPS_HALVES; i++) {
		if (s->halves[i].on && s->halves[i].resend.count > most)
			most = s->halves[i].resend.count;
	}
	return most;
}

static void session_info(const struct fips_node *n, const struct fips_session *s,
                         struct fips_session_info *out)
{
	bool established = s->state == FIPS_SESSION_ESTABLISHED;

	*out = (struct fips_session_info){
		.addr = s->addr,
		.state = s->state,
		.initiator = s->initiator,
		.confirmed = s->current.heard,
		.since = established ? s->since : s->made,
		.key = s->send,
		.key_since = s->cut_at,
		.k = s->k,
		.draining = s->previous.id != 0,
		.resends = established ? 0 : resends(s),
		.warmups = established && s->warmup_at != MR_NEVER,
		.path_mtu = s->pmtu.current,
		.path_mtu_in = fips_words_session(n, &s->addr).path_mtu,
		.routed = s->routed,
		.hop = s->hop,
		.metrics = { .forward = 1, .reverse = 1, .etx = 1, .etx_average = 1 },
	};
	memcpy(out->xonly, s->pub + 1, FIPS_XONLY_LEN);
	if (established)
		out->metrics = metrics_info(&s->metrics);
}

bool fips_node_session_next(const struct fips_node *n, unsigned *at, struct fips_session_info *out)
{
	while (*at < n->n_sessions && !n->sessions[*at].used)
		(*at)++;
	if (*at >= n->n_sessions)
		return false;
	session_info(n, &n->sessions[(*at)++], out);
	return true;
}

bool fips_node_session(const struct fips_node *n, unsigned index, struct fips_session_info *out)
{
	for (unsigned i = 0; i < n->n_sessions; i++) {
		if (n->sessions[i].used && index-- == 0) {
			session_info(n, &n->sessions[i], out);
			return true;
		}
	}
	return false;
}

bool fips_node_session_of(const struct fips_node *n, const struct fips_addr *addr,
                          struct fips_session_info *out)
{
	for (unsigned i = 0; i < n->n_sessions; i++) {
		if (n->sessions[i].used && fips_addr_eq(&n->sessions[i].addr, addr)) {
			session_info(n, &n->sessions[i], out);
			return true;
		}
	}
	return false;
}

/* *at is one more than the place of the next, or past all places. */
bool fips_node_known_next(const struct fips_node *n, unsigned *at, struct fips_known_info *out)
{
	const struct fips_known *k = &n->known;
	const struct fips_acquaintance *a;
	unsigned i = *at ? *at - 1 : k->newest;

	if (k->n == 0 || i >= k->n)
		return false;
	a = &k->list[i];
	*out = (struct fips_known_info){ .addr = a->addr, .seen = a->seen };
	memcpy(out->xonly, a->pub + 1, FIPS_XONLY_LEN);
	*at = a->older == FIPS_NO_PLACE ? UINT_MAX : a->older + 1;
	return true;
}

bool fips_node_knows(const struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_peer_info peer;

	return fips_node_peer_of(n, addr, &peer) ||
	       fips_directory_find(&n->known.where, addr) != FIPS_NO_PLACE;
}

void fips_node_next_hop(struct fips_node *n, const struct fips_addr *dest, struct fips_nexthop *out,
                        struct fips_addr *hop)
{
	*out = fips_nexthop_to(&n->mesh.hops, dest, n->now);
	if (out->result == FIPS_NEXTHOP_FOUND)
		*hop = n->peers[out->peer].addr;
}

unsigned fips_node_known_max(const struct fips_node *n)
{
	return n->known.cap;
}

unsigned fips_node_wanted(const struct fips_node *n)
{
	unsigned wanted = 0;

	for (unsigned i = 0; i < FIPS_WANTED; i++)
		wanted += n->wanted[i].used;
	return wanted;
}

const struct fips_mesh *fips_node_mesh(const struct fips_node *n)
{
	return &n->mesh;
}

const struct fips_tree *fips_node_tree(const struct fips_node *n)
{
	return &n->mesh.tree;
}

const struct fips_filters *fips_node_filters(const struct fips_node *n)
{
	return &n->mesh.filters;
}

const struct fips_cache *fips_node_cache(const struct fips_node *n)
{
	return &n->mesh.cache;
}

const struct fips_lookups *fips_node_lookups(const struct fips_node *n)
{
	return &n->mesh.lookups;
}

const struct fips_signals *fips_node_signals(const struct fips_node *n)
{
	return &n->mesh.signals;
}

bool fips_node_has_link(const struct fips_node *n, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (n->peers[i].used && n->peers[i].up && fips_addr_eq(&n->peers[i].addr, addr))
			return true;
	return false;
}

bool fips_node_has_session(const struct fips_node *n, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < n->n_sessions; i++)
		if (n->sessions[i].used && n->sessions[i].state == FIPS_SESSION_ESTABLISHED &&
		    fips_addr_eq(&n->sessions[i].addr, addr))
			return true;
	return false;
}

const uint64_t *fips_node_counts(const struct fips_node *n)
{
	return n->counts;
}

uint64_t fips_node_curve_ops(const struct fips_node *n)
{
	return n->ops;
}

const char *fips_node_count_name(enum fips_node_count count)
{
	static const char *const name[FIPS_NODE_COUNTS] = {
		[FIPS_NODE_MALFORMED] = "malformed",
		[FIPS_NODE_LIMITED] = "limited",
		[FIPS_NODE_NO_HANDSHAKE] = "no-handshake",
		[FIPS_NODE_FORGED] = "forged",
		[FIPS_NODE_REPLAYED] = "replayed",
		[FIPS_NODE_DUPLICATE] = "duplicate",
		[FIPS_NODE_REFUSED] = "refused",
		[FIPS_NODE_LINK_MESSAGE] = "link-message",
		[FIPS_NODE_DATAGRAM] = "datagram",
		[FIPS_NODE_NO_ROUTE] = "no-route",
		[FIPS_NODE_SESSION_STATE] = "session-state",
		[FIPS_NODE_SIGNAL] = "signal",
		[FIPS_NODE_BODY] = "body",
		[FIPS_NODE_REPORT] = "report",
		[FIPS_NODE_GONE] = "gone",
		[FIPS_NODE_ANSWERED] = "answered",
		[FIPS_NODE_REPEATED] = "repeated",
		[FIPS_NODE_LINK_REKEYS] = "link-rekeys",
		[FIPS_NODE_LINK_REKEYS_ANSWERED] = "link-rekeys-answered",
		[FIPS_NODE_LINK_REKEYS_FAILED] = "link-rekeys-failed",
		[FIPS_NODE_SESSION_REKEYS] = "session-rekeys",
		[FIPS_NODE_SESSION_REKEYS_ANSWERED] = "session-rekeys-answered",
		[FIPS_NODE_SESSION_REKEYS_FAILED] = "session-rekeys-failed",
		[FIPS_NODE_LINK_CUTS] = "link-cuts",
		[FIPS_NODE_SESSION_CUTS] = "session-cuts",
		[FIPS_NODE_RESTARTS] = "restarts",
		[FIPS_NODE_LOST] = "lost",
		[FIPS_NODE_DENIED] = "denied",
		[FIPS_NODE_FORWARDS_GIVEN] = "forwards-given",
		[FIPS_NODE_FORWARDS_REFUSED] = "forwards-refused",
		[FIPS_NODE_FORWARDS_EVICTED] = "forwards-evicted",
		[FIPS_NODE_UNDELIVERED] = "undelivered",
		[FIPS_NODE_CAME_BACK] = "came-back",
		[FIPS_NODE_KERNEL_DROP_EVENTS] = "kernel-drop-events",
		[FIPS_NODE_RECOVERIES] = "recoveries",
		[FIPS_NODE_SESSIONS_EVICTED] = "sessions-evicted",
		[FIPS_NODE_SESSIONS_FULL] = "sessions-full",
	};

	return count < FIPS_NODE_COUNTS ? name[count] : "?";
}
