/* info.c - what an operator may see of a node. */

#include <stdio.h>
#include <string.h>

#include "fips/node/parts.h"

static struct fips_metrics_info metrics_info(const struct fips_metrics *m)
{
	return (struct fips_metrics_info){
		.srtt_us = m->rtt_known ? m->srtt : 0,
		.rttvar_us = m->rtt_known ? m->rttvar : 0,
		.loss = m->loss.set ? m->loss.slow : 0,
		.forward = m->forward,
		.reverse = m->reverse,
		.etx = m->etx,
		.goodput = m->goodput,
		.jitter_us = m->jitter.set ? (uint32_t)m->jitter.slow : 0,
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
	out->metrics = metrics_info(&p->metrics);
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		out->keys += p->keys[i].id != 0;
}

/* Strangers without a link are memory, not peers. */
static bool shown(const struct fips_peer *p)
{
	return p->used && (p->configured || p->up);
}

bool fips_node_peer(const struct fips_node *n, unsigned index, struct fips_peer_info *out)
{
	char text[FIPS_ADDR_TEXT];
	const struct fips_peer *p = NULL;

	for (unsigned i = 0; i < n->n_peers; i++) {
		if (shown(&n->peers[i]) && index-- == 0) {
			p = &n->peers[i];
			break;
		}
	}
	if (!p)
		return false;
	*out = (struct fips_peer_info){
		.addr = p->addr,
		.configured = p->configured,
		.state = p->behind     ? FIPS_PEER_BEHIND :
		         p->dialling ? FIPS_PEER_DIALLING :
		                       FIPS_PEER_IDLE,
		.retries = p->retries,
		.retry_at = p->retry_at,
		.metrics = { .forward = 1, .reverse = 1, .etx = 1 },
	};
	memcpy(out->xonly, p->pub + 1, FIPS_XONLY_LEN);
	memcpy(out->alias, p->alias, FIPS_ALIAS_LEN);
	snprintf(out->name, sizeof out->name, "%s", fips_peer_name(p, text));
	if (p->up)
		link_info(p, out);
	return true;
}

bool fips_node_session(const struct fips_node *n, unsigned index, struct fips_session_info *out)
{
	const struct fips_session *s = NULL;

	for (unsigned i = 0; i < n->n_sessions; i++) {
		if (n->sessions[i].used && index-- == 0) {
			s = &n->sessions[i];
			break;
		}
	}
	if (!s)
		return false;
	*out = (struct fips_session_info){
		.addr = s->addr,
		.state = s->state,
		.initiator = s->initiator,
		.confirmed = s->current.heard,
		.since = s->state == FIPS_SESSION_ESTABLISHED ? s->since : s->made,
		.key = s->send,
		.key_since = s->cut_at,
		.k = s->k,
		.path_mtu = s->pmtu.current,
		.routed = s->routed,
		.hop = s->hop,
		.metrics = { .forward = 1, .reverse = 1, .etx = 1 },
	};
	if (s->state == FIPS_SESSION_ESTABLISHED)
		out->metrics = metrics_info(&s->metrics);
	return true;
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
	};

	return count < FIPS_NODE_COUNTS ? name[count] : "?";
}
