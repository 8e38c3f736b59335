/* routing - what is looked for, waits and is tried again,
 * and what was counted of it (operations.md 4.3). */
#include "stages/control/query/parts.h"

static const struct fips_mesh *mesh_of(const struct query *q)
{
	return fips_node_mesh(q->control->node);
}

json_t *query_lookup(struct query *q)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < FIPS_LOOKUP_COUNTS; i++)
		put_int(o, fips_lookup_count_name((enum fips_lookup_count)i),
		        mesh_of(q)->lookups.counts[i]);
	return o;
}

json_t *query_errors(struct query *q)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < FIPS_SIGNALS_COUNTS; i++)
		put_int(o, fips_signal_count_name((enum fips_signal_count)i),
		        mesh_of(q)->signals.counts[i]);
	return o;
}

/* ---- show_routing ---- */

static void put_lookups(struct query *q, json_t *list)
{
	const struct fips_lookups *l = &mesh_of(q)->lookups;

	for (unsigned i = 0; i < FIPS_LOOKUPS_OWN; i++) {
		const struct fips_lookup_own *own = &l->own[i];
		json_t *o;

		if (!own->used || !own->pending)
			continue;
		o = add_object(list);
		put_addr(o, "target", &own->target);
		put_name(q, o, "display_name", &own->target);
		put_int(o, "initiated_ms", query_ms(q, own->first));
		put_int(o, "last_sent_ms", query_ms(q, own->sent));
		put_int(o, "attempt", own->attempt + 1);
		put_int(o, "age_ms",
		        q->now > own->first ? (q->now - own->first) / MR_NS_PER_MS : 0);
	}
}

/* Peers that are not linked and will be dialled again. */
static void put_retries(struct query *q, json_t *list)
{
	struct fips_peer_info p;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		json_t *o;

		if (p.state != FIPS_PEER_IDLE || p.retry_at == MR_NEVER)
			continue;
		o = add_object(list);
		put_addr(o, "node_addr", &p.addr);
		put_name(q, o, "display_name", &p.addr);
		put_int(o, "retry_count", p.retries);
		put_int(o, "retry_after_ms", query_ms(q, p.retry_at));
		put_bool(o, "auto_reconnect", p.reconnects);
	}
}

json_t *show_routing(struct query *q)
{
	json_t *o = json_object();

	put_int(o, "coord_cache_entries", query_coordinates(q));
	put_int(o, "identity_cache_entries", query_identities(q));
	put_lookups(q, put_list(o, "pending_lookups"));
	put_int(o, "pending_tun_destinations", fips_node_wanted(q->control->node));
	put_int(o, "pending_tun_packets", query_word(q, "route", MR_W_HELD));
	put_int(o, "recent_requests", mesh_of(q)->lookups.recent.n);
	put_retries(q, put_list(o, "retries"));
	json_object_set_new(o, "forwarding", query_forwarding(q));
	json_object_set_new(o, "discovery", query_lookup(q));
	json_object_set_new(o, "lookup", query_lookup(q));
	json_object_set_new(o, "error_signals", query_errors(q));
	json_object_set_new(o, "congestion", query_congestion(q));
	return o;
}
