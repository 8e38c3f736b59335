/* probe_report - probes at the control socket: begin, how it goes, end (operations.md 4.4). */
#include <string.h>

#include "stages/control/query/parts.h"
#include "stages/control/query/probe.h"

static void put_record(json_t *o, const struct probe_record *r)
{
	static const char *const verdict[] = {
		[PROBE_PENDING] = "pending", [PROBE_RUNNING] = "running", [PROBE_OK] = "ok",
		[PROBE_SKIPPED] = "skipped", [PROBE_FAILED] = "failed",
	};

	put_text(o, "verdict", verdict[r->verdict]);
	put_text(o, "reason", r->reason);
	put_null(o, "detail");
	if (r->verdict >= PROBE_OK && !r->unseen)
		put_int(o, "elapsed_ms", r->elapsed / MR_NS_PER_MS);
	else
		put_null(o, "elapsed_ms");
}

static void put_target(struct query *q, json_t *o, const struct probe *p)
{
	put_text(o, "npub", p->npub);
	put_addr(o, "node_addr", &p->target);
	put_name(q, o, "display_name", &p->target);
	put_ipv6(o, "ipv6_addr", &p->target);
}

/* A number, or null. */
static void put_maybe(json_t *o, const char *key, bool known, uint64_t v)
{
	if (known)
		put_int(o, key, v);
	else
		put_null(o, key);
}

static void put_discovery(struct query *q, json_t *o, const struct probe *p)
{
	const struct fips_lookup_config *l = &fips_node_mesh(q->control->node)->lookups.config;
	json_t *list;

	put_record(o, &p->record[PROBE_DISCOVERY]);
	put_text(o, "source", p->source);
	put_maybe(o, "attempts", p->attempt, p->attempt);
	list = put_list(o, "attempt_timeouts_secs");
	for (unsigned i = 0; i < l->n_attempts; i++)
		json_array_append_new(list, json_integer((l->attempts[i] + 999) / 1000));
}

/* ---- the way ---- */

/* Nodes that both ways to the root share, counted from the root. */
static unsigned shared(const struct fips_treepath *a, const struct fips_treepath *b)
{
	unsigned n = 0;

	while (n < a->n && n < b->n && fips_addr_eq(&a->a[a->n - 1 - n], &b->a[b->n - 1 - n]))
		n++;
	return n;
}

static void put_coords(json_t *o, const char *key, const struct fips_treepath *path)
{
	json_t *list = put_list(o, key);

	for (unsigned i = 0; i < path->n; i++)
		add_addr(list, &path->a[i]);
}

static void put_tree(json_t *o, const struct probe *p)
{
	static const struct fips_treepath none = { 0 };
	bool known = p->theirs.n && p->ours.n;
	unsigned common = known ? shared(&p->ours, &p->theirs) : 0;
	unsigned up = common ? p->ours.n - common : 0, down = common ? p->theirs.n - common : 0;

	put_bool(o, "coords_known", known);
	put_coords(o, "our_coords", known ? &p->ours : &none);
	put_coords(o, "their_coords", known ? &p->theirs : &none);
	put_maybe(o, "our_depth", known, known ? p->ours.n - 1 : 0);
	put_maybe(o, "their_depth", known, known ? p->theirs.n - 1 : 0);
	if (known)
		put_bool(o, "same_root", common);
	else
		put_null(o, "same_root");
	if (common)
		put_addr(o, "lca", &p->ours.a[up]);
	else
		put_null(o, "lca");
	put_maybe(o, "lca_depth", common, common ? common - 1 : 0);
	put_maybe(o, "tree_hops_up", common, up);
	put_maybe(o, "tree_hops_down", common, down);
	put_maybe(o, "tree_distance", common, up + down);
}

static const char *why_no_hop(const struct probe *p)
{
	switch (p->hop.result) {
	case FIPS_NEXTHOP_FOUND:     return NULL;
	case FIPS_NEXTHOP_SELF:      return "local";
	case FIPS_NEXTHOP_NO_COORDS: return "no_coords";
	case FIPS_NEXTHOP_NO_ROUTE:  break;
	}
	return shared(&p->ours, &p->theirs) ? "no_closer_peer" : "disjoint_trees";
}

static void put_path_stage(struct query *q, json_t *o, const struct probe *p)
{
	json_t *hop;

	put_record(o, &p->record[PROBE_PATH]);
	put_bool(o, "computed_locally", true);
	put_bool(o, "observed", false);
	put_tree(o, p);
	put_text(o, "no_hop_reason", p->hop_known ? why_no_hop(p) : NULL);
	if (!p->hop_known || p->hop.result != FIPS_NEXTHOP_FOUND) {
		put_null(o, "next_hop");
		return;
	}
	hop = put_object(o, "next_hop");
	put_addr(hop, "node_addr", &p->hop_addr);
	put_name(q, hop, "display_name", &p->hop_addr);
	put_text(hop, "class", fips_route_name(p->hop.route));
	put_bool(hop, "direct_peer", p->hop.route == FIPS_ROUTE_DIRECT_PEER);
	put_bool(hop, "leaves_tree_walk", p->hop.route == FIPS_ROUTE_CROSSLINK_DESCEND ||
	                                          p->hop.route == FIPS_ROUTE_CROSSLINK_ASCEND);
}

/* ---- its end ---- */

static void put_session(json_t *o, const struct probe *p)
{
	put_record(o, &p->record[PROBE_SESSION]);
	put_bool(o, "preexisting", p->session_was_there);
	put_bool(o, "established", p->established);
	if (p->established)
		put_int(o, "path_mtu", p->mtu);
}

static void put_rtt(json_t *o, const struct probe *p)
{
	bool sampled = p->last.samples > p->first.samples;

	put_record(o, &p->record[PROBE_RTT]);
	if (sampled)
		put_int(o, "rtt_ms", p->last.rtt_us / 1000);
	if (p->last.rtt_known)
		put_real(o, "srtt_ms", p->last.srtt_us / 1000.0);
	put_int(o, "reports_seen", p->last.reports - p->first.reports);
	put_int(o, "samples", p->last.samples - p->first.samples);
	put_int(o, "zero_samples", p->last.zeros - p->first.zeros);
	put_int(o, "arith_failures", 0);
}

/* A session that came about is left to its idle time. */
static void put_cleanup(json_t *o, const struct probe *p)
{
	put_bool(o, "session_created_and_torn_down", false);
	put_bool(o, "session_left_intact", p->established);
	put_text(o, "left_intact_reason",
	         p->established && p->session_was_there ? "preexisting" : NULL);
	put_bool(o, "lookup_issued", p->asked && p->fanout);
	put_bool(o, "coords_were_cached", p->coords_were_known);
	put_bool(o, "identity_was_cached", p->key_was_known);
	put_int(o, "warmups_sent", 0);
}

static const char *overall(const struct probe *p)
{
	if (p->cancelled)
		return "cancelled";
	if (!p->ended)
		return "running";
	if (p->record[PROBE_BLOOM].verdict == PROBE_FAILED ||
	    p->record[PROBE_DISCOVERY].verdict == PROBE_FAILED ||
	    p->record[PROBE_SESSION].verdict == PROBE_FAILED)
		return "failed";
	return p->record[PROBE_RTT].verdict == PROBE_OK ? "ok" : "partial";
}

static void put_report(struct query *q, json_t *o, const struct probe *p)
{
	json_t *bloom;

	put_int(o, "probe_id", p->id);
	put_target(q, put_object(o, "target"), p);
	put_text(o, "overall", overall(p));
	put_int(o, "elapsed_ms", ((p->ended ? p->ended : q->now) - p->started) / MR_NS_PER_MS);
	put_int(o, "tick_ms", CONTROL_TICK / MR_NS_PER_MS);
	bloom = put_object(o, "bloom");
	put_record(bloom, &p->record[PROBE_BLOOM]);
	put_maybe(bloom, "fanout", p->fanout, p->fanout);
	put_discovery(q, put_object(o, "discovery"), p);
	put_path_stage(q, put_object(o, "path"), p);
	put_session(put_object(o, "session"), p);
	put_rtt(put_object(o, "rtt"), p);
	put_cleanup(put_object(o, "cleanup"), p);
}

/* ---- commands ---- */

json_t *do_probe_start(struct query *q)
{
	uint8_t pub[FIPS_PUB_LEN];
	struct fips_addr addr;
	struct probe *p;
	json_t *o;

	if (!query_wanted_key(q, pub))
		return NULL;
	addr = fips_addr_of_key(pub + 1);
	if (fips_addr_eq(&addr, &q->control->mesh->me.addr))
		return query_wrong(q, "cannot probe this node");
	p = mr_probe_look(q->control, mr_probe_start(q->control, pub, q->now), q->now);
	if (!p)
		return query_wrong(q, "too many probes in flight");
	o = json_object();
	put_int(o, "probe_id", p->id);
	put_text(o, "npub", p->npub);
	put_addr(o, "node_addr", &p->target);
	put_name(q, o, "display_name", &p->target);
	put_int(o, "budget_ms", mr_probe_budget(q->control) / MR_NS_PER_MS);
	return o;
}

/* The probe whose id is among the parameters, or NULL with a message. */
static struct probe *wanted_probe(struct query *q)
{
	json_t *id = json_object_get(q->params, "probe_id");
	struct probe *p;

	if (!json_is_integer(id) || json_integer_value(id) < 0)
		return query_wrong(q, "missing 'probe_id' parameter");
	p = mr_probe_look(q->control, (uint64_t)json_integer_value(id), q->now);
	if (!p)
		query_wrong(q, "unknown probe id: %lld", (long long)json_integer_value(id));
	return p;
}

/* One that is over is told of once. */
json_t *do_probe_poll(struct query *q)
{
	struct probe *p = wanted_probe(q);
	json_t *o;

	if (!p)
		return NULL;
	o = json_object();
	put_text(o, "state", p->ended ? "done" : "running");
	put_report(q, put_object(o, "report"), p);
	if (p->ended)
		mr_probe_forget(p);
	return o;
}

json_t *do_probe_cancel(struct query *q)
{
	struct probe *p = wanted_probe(q);
	json_t *o;

	if (!p)
		return NULL;
	mr_probe_cancel(p, q->now);
	o = json_object();
	put_int(o, "probe_id", p->id);
	put_bool(o, "cancelled", true);
	return o;
}
