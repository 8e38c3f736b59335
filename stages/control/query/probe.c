/* probe - the stages of a probe, one after the other as far as what is known allows. */
#include "stages/control/query/probe.h"

#include <string.h>

/* ---- what can be seen ---- */

static bool is_neighbour(const struct control *c, const struct fips_addr *addr, unsigned *slot)
{
	struct fips_peer_info p;

	if (!fips_node_peer_of(c->node, addr, &p) || p.state != FIPS_PEER_UP)
		return false;
	*slot = p.slot;
	return true;
}

/* Where it is in the tree, as itself or the cache says. */
static bool find_coords(const struct control *c, const struct fips_addr *addr, uint64_t now,
                        struct fips_treepath *out)
{
	const struct fips_mesh *mesh = fips_node_mesh(c->node);
	const struct fips_treepath *path = NULL;
	const struct fips_cache_entry *e;
	unsigned slot;

	out->n = 0;
	if (is_neighbour(c, addr, &slot))
		path = fips_tree_peer_path(&mesh->tree, slot);
	if (path) {
		*out = *path;
		return true;
	}
	e = fips_cache_find(&mesh->cache, addr, now);
	if (e)
		fips_cache_path(&mesh->cache, e, out);
	return e != NULL;
}

/* Neighbours whose filter has it. */
static unsigned count_claims(const struct control *c, const struct fips_addr *addr)
{
	const struct fips_filters *f = &fips_node_mesh(c->node)->filters;
	struct fips_probe bits = fips_probe_of(addr);
	unsigned n = 0;

	for (unsigned i = 0; i < f->n_peers; i++)
		n += fips_filters_has(f, i, &bits);
	return n;
}

static void look_for_lookup(const struct control *c, struct probe *p, bool *pending)
{
	const struct fips_lookups *l = &fips_node_mesh(c->node)->lookups;

	*pending = false;
	for (unsigned i = 0; i < FIPS_LOOKUPS_OWN; i++) {
		const struct fips_lookup_own *own = &l->own[i];

		if (!own->used || !own->pending || !fips_addr_eq(&own->target, &p->target))
			continue;
		*pending = true;
		p->looked = true;
		p->attempt = own->attempt + 1;
	}
}

/* A session that began anew has counted from 0. */
static void begin_anew(struct fips_metrics_info *first, const struct fips_metrics_info *last)
{
	if (last->reports < first->reports || last->samples < first->samples ||
	    last->zeros < first->zeros)
		first->reports = first->samples = first->zeros = 0;
}

/* False: there is no session. */
static bool look_at_session(const struct control *c, struct probe *p)
{
	struct fips_session_info s;

	if (!fips_node_session_of(c->node, &p->target, &s))
		return false;
	p->established = s.state == FIPS_SESSION_ESTABLISHED;
	if (p->established) {
		p->mtu = s.path_mtu;
		p->last = s.metrics;
		begin_anew(&p->first, &p->last);
	}
	return true;
}

/* ---- going on ---- */

static void end_stage(struct probe *p, enum probe_verdict verdict, const char *reason, uint64_t now)
{
	p->record[p->at].verdict = verdict;
	p->record[p->at].reason = reason;
	p->record[p->at].elapsed = now - p->since;
	p->at++;
	p->since = now;
	if (p->at == PROBE_STAGES)
		p->ended = now;
}

/* What comes behind it is not looked at. */
static void end_probe(struct probe *p, const char *reason, uint64_t now)
{
	end_stage(p, PROBE_FAILED, reason, now);
	while (p->at < PROBE_STAGES) {
		p->record[p->at].unseen = true;
		end_stage(p, PROBE_SKIPPED, "not_reached", now);
	}
}

static bool is_over(const struct probe *p, uint64_t time, uint64_t now)
{
	return now - p->since >= time;
}

/* Is there a need to ask, and anybody to be asked? */
static void step_bloom(struct control *c, struct probe *p, uint64_t now)
{
	unsigned slot;

	if (find_coords(c, &p->target, now, &p->theirs)) {
		p->source = "cache";
		end_stage(p, PROBE_SKIPPED, "cached", now);
	} else if (is_neighbour(c, &p->target, &slot)) {
		p->source = "direct_peer";
		end_stage(p, PROBE_SKIPPED, "direct_peer", now);
	} else {
		p->asked = true;
		p->fanout = count_claims(c, &p->target);
		if (p->fanout)
			end_stage(p, PROBE_OK, NULL, now);
		else
			end_probe(p, "bloom_miss", now);
	}
}

static uint64_t lookup_time(const struct control *c)
{
	const struct fips_lookup_config *l = &fips_node_mesh(c->node)->lookups.config;
	uint64_t ms = 0;

	for (unsigned i = 0; i < l->n_attempts; i++)
		ms += l->attempts[i];
	return ms * MR_NS_PER_MS + PROBE_SLACK;
}

/* A filter that has a node names it wrongly now and then: then nobody answers. */
static void step_discovery(struct control *c, struct probe *p, uint64_t now)
{
	bool pending;

	if (!p->asked) {
		end_stage(p, PROBE_SKIPPED, p->record[PROBE_BLOOM].reason, now);
		return;
	}
	p->record[PROBE_DISCOVERY].verdict = PROBE_RUNNING;
	look_for_lookup(c, p, &pending);
	if (find_coords(c, &p->target, now, &p->theirs)) {
		p->source = "lookup";
		end_stage(p, PROBE_OK, NULL, now);
	} else if ((p->looked && !pending) || is_over(p, lookup_time(c), now)) {
		end_probe(p, p->looked ? "bloom_unconfirmed" : "no_response", now);
	}
}

/* Computed here, of what is known here. */
static void step_path(struct control *c, struct probe *p, uint64_t now)
{
	unsigned slot;
	bool same;

	p->ours = *fips_tree_path(&fips_node_mesh(c->node)->tree);
	fips_node_next_hop(c->node, &p->target, &p->hop, &p->hop_addr);
	p->hop_known = true;
	same = p->theirs.n && fips_treepath_distance(&p->ours, &p->theirs) != FIPS_FAR;
	if (p->theirs.n == 0 && is_neighbour(c, &p->target, &slot))
		end_stage(p, PROBE_SKIPPED, "direct_peer", now);
	else if (p->theirs.n && !same)
		end_stage(p, PROBE_FAILED, "disjoint_trees", now);
	else if (p->hop.result != FIPS_NEXTHOP_FOUND)
		end_stage(p, PROBE_FAILED, "no_next_hop", now);
	else
		end_stage(p, PROBE_OK, NULL, now);
}

static void step_session(struct control *c, struct probe *p, uint64_t now)
{
	p->record[PROBE_SESSION].verdict = PROBE_RUNNING;
	look_at_session(c, p);
	if (p->established && p->session_was_there)
		end_stage(p, PROBE_SKIPPED, "preexisting", now);
	else if (p->established)
		end_stage(p, PROBE_OK, NULL, now);
	else if (is_over(p, PROBE_SESSION_TIME, now))
		end_probe(p, "handshake_timeout", now);
	else
		return;
	p->first = p->last;
	if (!p->session_was_there)
		p->first.reports = p->first.samples = p->first.zeros = 0;
}

static const char *why_no_rtt(const struct probe *p)
{
	if (p->last.zeros > p->first.zeros)
		return "sub_millisecond";
	return p->last.reports > p->first.reports ? "no_echo" : "no_report";
}

/* A session that was there and idle has no reports to send: what it knows already will do. */
static void step_rtt(struct control *c, struct probe *p, uint64_t now)
{
	p->record[PROBE_RTT].verdict = PROBE_RUNNING;
	if (!look_at_session(c, p))
		end_probe(p, "no_report", now);
	else if (p->last.samples > p->first.samples)
		end_stage(p, PROBE_OK, NULL, now);
	else if (!is_over(p, PROBE_RTT_TIME, now))
		return;
	else if (p->session_was_there && p->last.rtt_known)
		end_stage(p, PROBE_OK, NULL, now);
	else
		end_probe(p, why_no_rtt(p), now);
}

static void step(struct control *c, struct probe *p, uint64_t now)
{
	static void (*const stage[PROBE_STAGES])(struct control *, struct probe *, uint64_t) = {
		step_bloom, step_discovery, step_path, step_session, step_rtt,
	};
	enum probe_stage before;

	while (!p->ended) {
		before = p->at;
		stage[p->at](c, p, now);
		if (p->at == before)
			return;
	}
}

/* ---- the table ---- */

uint64_t mr_probe_budget(const struct control *c)
{
	return lookup_time(c) + PROBE_SESSION_TIME + PROBE_RTT_TIME;
}

static struct probe *place(struct probes *all)
{
	struct probe *empty = NULL, *oldest = NULL;
	unsigned running = 0;

	for (unsigned i = 0; i < PROBES; i++) {
		struct probe *p = &all->list[i];

		if (!p->id)
			empty = p;
		else if (p->ended && (!oldest || p->ended < oldest->ended))
			oldest = p;
		running += p->id && !p->ended;
	}
	if (running == PROBES_RUN)
		return NULL;
	return empty ? empty : oldest;
}

uint64_t mr_probe_start(struct control *c, const uint8_t pub[FIPS_PUB_LEN], uint64_t now)
{
	struct probe *p = place(c->probes);
	struct fips_treepath path;
	struct fips_session_info s;

	if (!p || c->n_wishes + 2 > CONTROL_WISHES)
		return 0;
	*p = (struct probe){ .id = ++c->probes->last, .target = fips_addr_of_key(pub + 1),
		             .started = now, .since = now };
	memcpy(p->pub, pub, FIPS_PUB_LEN);
	fips_npub_format(pub + 1, p->npub);
	p->coords_were_known = find_coords(c, &p->target, now, &path);
	p->key_was_known = fips_node_knows(c->node, &p->target);
	p->session_was_there = fips_node_session_of(c->node, &p->target, &s);
	step(c, p, now);
	if (!p->ended)
		mr_guest_want(c, p->pub, &p->target);
	return p->id;
}

struct probe *mr_probe_look(struct control *c, uint64_t id, uint64_t now)
{
	for (unsigned i = 0; id && i < PROBES; i++) {
		if (c->probes->list[i].id != id)
			continue;
		step(c, &c->probes->list[i], now);
		return &c->probes->list[i];
	}
	return NULL;
}

void mr_probe_cancel(struct probe *p, uint64_t now)
{
	if (p->ended)
		return;
	p->cancelled = true;
	p->record[p->at].verdict = PROBE_FAILED;
	p->record[p->at].elapsed = now - p->since;
	p->ended = now;
}

void mr_probe_forget(struct probe *p)
{
	*p = (struct probe){ 0 };
}

void mr_probes_tick(struct control *c, uint64_t now)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct probe *p = &c->probes->list[i];

		if (p->id && !p->ended)
			step(c, p, now);
		else if (p->id && now - p->ended >= PROBE_KEEP)
			mr_probe_forget(p);
	}
}
