/* counters - groups of counters by the reference's names (operations.md 4.3), gathered from the
 * stages that count. */
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

/* Whoever counts it: a stage's counter is called like the key, with dashes. */
static uint64_t by_key(struct query *q, const char *key)
{
	const struct mr_view *v = query_view(q);
	uint64_t sum = 0;
	char name[64];

	snprintf(name, sizeof name, "%s", key);
	for (char *p = name; *p; p++) {
		if (*p == '_')
			*p = '-';
	}
	for (unsigned i = 0; v && i < v->stages; i++)
		sum += named(v->stage[i].kind->counters, v->stage[i].counter, name);
	return sum;
}

static void put_by_key(struct query *q, json_t *o, const char *const *keys, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put_int(o, keys[i], by_key(q, keys[i]));
}

/* ---- forwarding ---- */

static const char *const counted[] = {
	"received_packets", "received_bytes", "delivered_packets", "delivered_bytes",
	"forwarded_packets", "forwarded_bytes", "ttl_exhausted_packets", "ttl_exhausted_bytes",
	"drop_no_route_packets", "drop_no_route_bytes", "drop_mtu_exceeded_packets",
	"drop_mtu_exceeded_bytes", "warm_malformed_packets", "warm_malformed_bytes",
	"route_direct_peer", "route_tree_up", "route_tree_down", "route_tree_down_cross",
	"route_crosslink_descend", "route_crosslink_ascend",
};

/* What we send of our own is what sessions number; what cannot be read is dropped where it is
 * opened; a frame that the socket does not take is lost there, whosever it is. */
json_t *query_forwarding(struct query *q)
{
	json_t *o = json_object();

	put_by_key(q, o, counted, sizeof counted / sizeof counted[0]);
	put_int(o, "originated_packets",
	        query_word(q, "fsp-seal", MR_W_OUT) + query_word(q, "fsp-number", MR_W_OUT));
	put_int(o, "originated_bytes", query_word(q, "fsp-seal", MR_W_OUT_BYTES) +
	                                       query_word(q, "fsp-number", MR_W_OUT_BYTES));
	put_int(o, "decode_error_packets",
	        query_drop(q, "fmp-open", "malformed") + query_drop(q, "route", "malformed"));
	put_int(o, "decode_error_bytes", 0);
	put_int(o, "drop_send_error_packets",
	        query_drop(q, "tx-gso", "refused") + query_drop(q, "tx-gso", "send-error"));
	put_int(o, "drop_send_error_bytes", 0);
	return o;
}

/* ---- the rest ---- */

json_t *query_congestion(struct query *q)
{
	static const char *const keys[] = { "ce_forwarded", "ce_received", "congestion_detected" };
	json_t *o = json_object();

	put_by_key(q, o, keys, sizeof keys / sizeof keys[0]);
	put_int(o, "kernel_drop_events", by_key(q, "node_kernel_drop_events"));
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
