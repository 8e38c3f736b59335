/* configure.c - other settings for a node that lives (CONFIGURE).
 *
 * Timers count from when they are next set.  A peer that is configured from now on is dialled as at
 * the start; one that is not any more is told goodbye, and its link and session go; one whose
 * addresses changed keeps its link, and where it has none it is dialled anew.  What this takes of
 * actions is done peer by peer, by the timers. */

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "fips/node/parts.h"

void fips_node_take(struct fips_node *n, const struct fips_node_config *c)
{
	n->timers = c->timers;
	n->max_peers = c->max_peers;
	n->accept = c->accept;
	n->rekey = c->rekey;
	n->limits = c->limits;
	n->link_mmp = c->link_mmp;
	n->session_mmp = c->session_mmp;
	fips_tree_configure(&n->mesh.tree, &c->tree);
	n->ecn = c->ecn;
	fips_filters_configure(&n->mesh.filters, &c->filters);
	fips_cache_configure(&n->mesh.cache, &c->cache);
	fips_lookups_configure(&n->mesh.lookups, &c->lookup);
}

void fips_peer_take(struct fips_peer *p, const struct fips_peer_config *c)
{
	if (!p->used) {
		p->used = true;
		p->addr = c->addr;
		memcpy(p->pub, c->pub, FIPS_PUB_LEN);
		p->retry_at = MR_NEVER;
		p->close_at = MR_NEVER;
	}
	p->configured = true;
	p->named = c->named;
	p->names = c->names;
	p->auto_connect = c->auto_connect && !c->behind;
	p->auto_reconnect = c->auto_reconnect;
	p->behind = c->behind;
	p->hop = c->hop;
	memcpy(p->alias, c->alias, FIPS_ALIAS_LEN);
	p->alias[FIPS_ALIAS_LEN - 1] = '\0';
	p->n_vias = c->n_vias < FIPS_VIAS_MAX ? c->n_vias : FIPS_VIAS_MAX;
	memcpy(p->vias, c->vias, p->n_vias * sizeof *p->vias);
}

/* ---- room ---- */

static bool listed(const struct fips_node_config *c, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < c->n_peers; i++)
		if (fips_addr_eq(&c->peers[i].addr, addr))
			return true;
	return false;
}

/* Those of a configuration before this one that have yet to be told goodbye. */
static unsigned count_leaving(const struct fips_node *n, const struct fips_node_config *c)
{
	unsigned leaving = 0;

	for (unsigned i = 0; i < n->n_peers; i++) {
		const struct fips_peer *p = &n->peers[i];

		leaving += p->used && (p->configured || p->dialling || p->changed) &&
		           !listed(c, &p->addr);
	}
	return leaving;
}

/* The tables only grow: who leaves has its slot until it is gone. */
static void room_for(const struct fips_node *n, const struct fips_node_config *c, unsigned *peers,
                     unsigned *sessions)
{
	unsigned links = c->max_peers > n->max_peers ? c->max_peers : n->max_peers;
	unsigned others = c->limits.sessions > n->limits.sessions ? c->limits.sessions :
	                                                            n->limits.sessions;
	unsigned named = c->n_peers + count_leaving(n, c);

	*peers = named + 2 * links;
	*sessions = named + links + others;
}

/* A directory of a larger table: who is in the table is in it. */
static bool rename_slots(const struct fips_node *n, struct fips_directory *old, unsigned count)
{
	struct fips_directory to;

	if (!fips_directory_open(&to, count, &n->env.rand))
		return false;
	for (unsigned i = 0; i <= old->mask; i++)
		if (old->place[i].at != FIPS_NO_PLACE)
			fips_directory_put(&to, &old->place[i].addr, old->place[i].at);
	fips_directory_close(old);
	*old = to;
	return true;
}

static bool grow_peers(struct fips_node *n, unsigned count)
{
	struct fips_peer *to;

	if (count == n->n_peers)
		return true;
	if (!rename_slots(n, &n->peer_at, count) || !fips_mesh_grow(n, count))
		return false;
	to = mr_secret_alloc(count * sizeof *to);
	if (!to)
		return false;
	memcpy(to, n->peers, n->n_peers * sizeof *to);
	for (unsigned i = 0; i < n->n_peers; i++) {
		if (n->peers[i].send)
			to[i].send = to[i].keys + (n->peers[i].send - n->peers[i].keys);
	}
	mr_secret_free(n->peers);
	n->peers = to;
	n->n_peers = count;
	fips_mark_all(n);
	return true;
}

static bool grow_sessions(struct fips_node *n, unsigned count)
{
	struct fips_papers *papers;
	struct fips_session *to;

	if (count == n->n_sessions)
		return true;
	if (!rename_slots(n, &n->session_at, count))
		return false;
	papers = realloc(n->papers, count * sizeof *papers);
	if (!papers)
		return false;
	n->papers = papers;
	to = mr_secret_alloc(count * sizeof *to);
	if (!to)
		return false;
	memcpy(to, n->sessions, n->n_sessions * sizeof *to);
	mr_secret_free(n->sessions);
	n->sessions = to;
	n->n_sessions = count;
	fips_mark_all(n);
	return true;
}

const char *fips_node_reserve(struct fips_node *n, const struct fips_node_config *c)
{
	const char *why = fips_node_wrong(c);
	unsigned peers, sessions;

	if (why)
		return why;
	room_for(n, c, &peers, &sessions);
	peers = peers > n->n_peers ? peers : n->n_peers;
	sessions = sessions > n->n_sessions ? sessions : n->n_sessions;
	if (fips_dues_reserve(n, peers + sessions + FIPS_WANTED) && grow_peers(n, peers) &&
	    grow_sessions(n, sessions))
		return NULL;
	return "no memory for the peer table";
}

/* ---- who is configured ---- */

static void leave(struct fips_node *n, struct fips_peer *p)
{
	p->configured = p->named = p->auto_connect = p->auto_reconnect = p->behind = false;
	p->n_vias = 0;
	p->retry_at = MR_NEVER;
	fips_wanted_until(n, &p->addr, n->now);
	fips_session_kin(n, &p->addr);
	p->changed = p->moved = true;
}

static bool same_places(const struct fips_peer *p, const struct fips_peer_config *c)
{
	unsigned same = 0;

	if (p->named != c->named || p->behind != c->behind)
		return false;
	if (p->behind)
		return fips_addr_eq(&p->hop, &c->hop);
	if (p->named)
		return p->names == c->names;
	for (unsigned i = 0; i < p->n_vias && i < c->n_vias; i++)
		same += fips_via_eq(&p->vias[i], &c->vias[i]);
	return same == p->n_vias && same == c->n_vias;
}

/* Names are resolved at each dial: what a peer with names was found at is as good as before.
 * Questions that wait for an answer went with the configuration that was, and are asked again. */
static void join(struct fips_node *n, struct fips_peer *p, const struct fips_peer_config *c)
{
	bool same = p->configured && same_places(p, c);
	bool dialled = p->configured && p->auto_connect && same;
	struct fips_via found[FIPS_VIAS_MAX];
	unsigned n_found = same && p->named ? p->n_vias : 0;

	memcpy(found, p->vias, n_found * sizeof *found);
	fips_peer_take(p, c);
	fips_session_kin(n, &p->addr);
	if (n_found) {
		memcpy(p->vias, found, n_found * sizeof *found);
		p->n_vias = n_found;
	}
	p->changed |= !same || (p->named && p->dialling);
	p->moved |= !same;
	if (!p->auto_connect)
		p->retry_at = MR_NEVER;
	if (!p->auto_connect || dialled || p->dialling)
		return;
	p->retries = 0;
	/* one that we have just sent away is dialled when its link has gone */
	p->retry_at = p->close_at == MR_NEVER ? n->now : p->close_at + MR_NS_PER_MS;
}

/* What was planned under the keys there are is due as it was, or never. */
static void switch_rekeys(struct fips_node *n)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (p->up)
			p->rekey_at = n->rekey ? fips_sooner(p->rekey_due, p->rekey_count) :
			                         MR_NEVER;
	}
	for (unsigned i = 0; i < n->n_sessions; i++) {
		struct fips_session *s = &n->sessions[i];

		if (s->used && s->state == FIPS_SESSION_ESTABLISHED)
			s->rekey_at = n->rekey ? fips_sooner(s->rekey_due, s->rekey_count) :
			                         MR_NEVER;
	}
}

void fips_node_configure(struct fips_node *n, const struct fips_node_config *c)
{
	bool same = !memcmp(&n->limits, &c->limits, sizeof n->limits);
	bool rekey = n->rekey;

	fips_node_take(n, c);
	if (n->rekey != rekey)
		switch_rekeys(n);
	fips_mark_all(n);
	if (!same)
		fips_node_buckets(n);
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_peer *p = &n->peers[i];

		if (p->used && p->configured && !listed(c, &p->addr))
			leave(n, p);
	}
	for (unsigned i = 0; i < c->n_peers; i++) {
		struct fips_peer *p = fips_peer_find(n, &c->peers[i].addr);

		if (!p)
			p = fips_peer_add(n, c->peers[i].pub, &c->peers[i].addr);
		if (p)
			join(n, p, &c->peers[i]);
	}
	fips_mesh_changed(n); /* others may be behind others */
}

void fips_peer_changed(struct fips_node *n, struct fips_peer *p)
{
	struct fips_session *s = fips_session_find(n, &p->addr);
	const struct fips_peer *hop = fips_hop_to(n, &p->addr);
	char text[FIPS_ADDR_TEXT];
	bool moved = p->moved;

	p->changed = p->moved = false;
	fips_dial_unlisted(n, p);
	if (!p->configured) {
		fips_log_of(n, FIPS_LOG_INFO, &p->addr, "%s is no configured peer any more",
			    fips_peer_name(p, text));
		fips_dial_end(n, p);
		fips_link_disconnect(n, p);
		p->alias[0] = '\0';
	} else if (p->behind) {
		fips_dial_end(n, p);
	} else if (p->dialling && p->named) {
		fips_act_peer(n, FIPS_ACT_RESOLVE_NAME, &p->addr);
	}
	fips_wanted_again(n, &p->addr);
	if (s && moved && !p->behind && !p->up)
		fips_session_drop(n, s);
	else if (s && !(hop && fips_addr_eq(&s->hop, &hop->addr)))
		s->reroute_at = n->now;
}
