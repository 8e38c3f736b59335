/* counters - groups of counters by the reference's names (operations.md 4.3), gathered from the stages that
 * count. */
#include <string.h>

#include "stages/control/query/parts.h"

/* ---- what stages count ---- */

uint64_t query_word(struct query *q, const char *kind, enum mr_word word)
{
	const struct mr_view *v = query_view(q);
	uint64_t sum = 0;

	for (unsigned i = 0; v && i < v->stages; i++) {
		if (!strcmp(v->stage[i].kind->name, kind))
			sum += v->stage[i].word[word];
	}
	return sum;
}

static uint64_t named(const struct mr_named *list, const uint64_t *values, const char *name)
{
	for (unsigned i = 0; list && list[i].name; i++)
		if (!strcmp(list[i].name, name))
			return values[i];
	return 0;
}

uint64_t query_drop(struct query *q, const char *kind, const char *name)
{
	const struct mr_view *v = query_view(q);
	uint64_t sum = 0;

	for (unsigned i = 0; v && i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];

		if (!strcmp(s->kind->name, kind))
			sum += named(s->kind->drops, s->drop, name);
	}
	return sum;
}

uint64_t query_count(struct query *q, const char *kind, const char *name)
{
	const struct mr_view *v = query_view(q);
	uint64_t sum = 0;

	for (unsigned i = 0; v && i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];

		if (!strcmp(s->kind->name, kind))
			sum += named(s->kind->counters, s->counter, name);
	}
	return sum;
}

/* ---- forwarding ---- */

static const char *const decisions[] = {
	"route_direct_peer",	   "route_tree_up",	       "route_tree_down",
	"route_tree_down_cross", "route_crosslink_descend", "route_crosslink_ascend",
};

static void put_both(json_t *o, const char *what, uint64_t packets, uint64_t bytes)
{
	char key[64];

	snprintf(key, sizeof key, "%s_packets", what);
	put_int(o, key, packets);
	snprintf(key, sizeof key, "%s_bytes", what);
	put_int(o, key, bytes);
}

json_t *query_forwarding(struct query *q)
{
	json_t *o = json_object();
	uint64_t in = query_word(q, "fsp-open", MR_W_IN) + query_word(q, "open", MR_W_IN);
	uint64_t in_bytes = query_word(q, "fsp-open", MR_W_IN_BYTES) +
	                    query_word(q, "open", MR_W_IN_BYTES);

	put_both(o, "received", in, in_bytes);
	put_both(o, "delivered", in, in_bytes);
	put_both(o, "forwarded", 0, 0);
	put_both(o, "originated",
	         query_word(q, "fsp-seal", MR_W_OUT) + query_word(q, "fsp-number", MR_W_OUT),
	         query_word(q, "fsp-seal", MR_W_OUT_BYTES) +
	                 query_word(q, "fsp-number", MR_W_OUT_BYTES));
	put_both(o, "decode_error", query_drop(q, "route", "malformed"), 0);
	put_both(o, "ttl_exhausted", query_drop(q, "route", "ttl"), 0);
	put_both(o, "drop_no_route", query_drop(q, "control", "no-route"), 0);
	put_both(o, "drop_mtu_exceeded", 0, 0);
	put_both(o, "drop_send_error", 0, 0);
	put_both(o, "warm_malformed", 0, 0);
	for (unsigned i = 0; i < sizeof decisions / sizeof decisions[0]; i++)
		put_int(o, decisions[i], 0);
	return o;
}

/* ---- the rest ---- */

json_t *query_congestion(struct query *q)
{
	json_t *o = json_object();

	put_int(o, "ce_forwarded", 0);
	put_int(o, "ce_received", 0);
	put_int(o, "congestion_detected", 0);
	put_int(o, "kernel_drop_events", query_count(q, "rx", "socket-overflow"));
	return o;
}

static const char *const native[] = {
	"flows_opened", "flows_accepted", "flows_closed", "flows_expired", "sent_datagrams",
	"sent_bytes", "received_datagrams", "received_bytes", "drop_no_port", "drop_backlog_full",
	"drop_too_many_flows", "drop_pending_queue_full", "drop_flow_queue_full",
	"drop_arrival_queue_full", "drop_listener_not_reading", "drop_listener_gone",
	"drop_oversize",
};

json_t *query_native(struct query *q)
{
	json_t *o = json_object();

	(void)q;
	for (unsigned i = 0; i < sizeof native / sizeof native[0]; i++)
		put_int(o, native[i], 0);
	return o;
}
