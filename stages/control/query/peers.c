/* peers - neighbours, the links to them, and handshakes on their way (operations.md 4.3). */
#include <string.h>

#include "stages/control/query/parts.h"

/* Links are named by the neighbour's slot, its dials beside them. */
enum { LINK_IDS = 1 + FIPS_VIAS_MAX };

static uint64_t link_id(unsigned slot)
{
	return (uint64_t)slot * LINK_IDS + 1;
}

static uint64_t dial_id(const struct fips_dial_info *d)
{
	return link_id(d->slot) + 1 + d->which;
}

static bool is_linked(const struct fips_peer_info *p)
{
	return p->state == FIPS_PEER_UP || p->state == FIPS_PEER_PROVISIONAL;
}

static void put_stats(json_t *o, const struct query_traffic *t)
{
	put_int(o, "packets_sent", t->packets_out);
	put_int(o, "packets_recv", t->packets_in);
	put_int(o, "bytes_sent", t->bytes_out);
	put_int(o, "bytes_recv", t->bytes_in);
}

/* ---- show_peers ---- */

static void put_nostr(json_t *o)
{
	put_int(o, "consecutive_failures", 0);
	put_bool(o, "in_cooldown", false);
	put_null(o, "cooldown_until_ms");
	put_null(o, "last_observed_skew_ms");
}

static void put_mmp(const struct query *q, json_t *o, const struct fips_metrics_info *m)
{
	put_text(o, "mode", query_mmp_mode(q->control->set.config.link_mmp));
	query_put_metrics(o, m, "lqi");
}

static void put_who(struct query *q, json_t *o, const struct fips_peer_info *p)
{
	put_addr(o, "node_addr", &p->addr);
	put_npub(o, "npub", p->xonly);
	put_name(q, o, "display_name", &p->addr);
	put_ipv6(o, "ipv6_addr", &p->addr);
}

static void put_key(json_t *o, const struct fips_peer_info *p, const struct query_traffic *t)
{
	json_t *noise = put_object(o, "noise");
	char index[9];

	put_int(noise, "send_counter", t->numbered);
	put_int(noise, "highest_recv_counter", t->highest);
	snprintf(index, sizeof index, "%08x", p->ours);
	put_text(o, "our_session_index", index);
	if (p->rekeying)
		put_bool(o, "rekey_in_progress", true);
	if (p->draining)
		put_bool(o, "rekey_draining", true);
	put_bool(o, "current_k_bit", p->k);
}

static void put_peer(struct query *q, json_t *o, const struct fips_peer_info *p)
{
	struct query_traffic t = query_traffic(q->control, true, &p->addr);

	put_who(q, o, p);
	put_text(o, "connectivity", "connected");
	put_int(o, "link_id", link_id(p->slot));
	put_int(o, "authenticated_at_ms", query_ms(q, p->since));
	put_int(o, "last_seen_ms", query_ms(q, t.heard));
	query_put_position(q, o, p);
	put_via(o, "transport_addr", &p->via);
	put_text(o, "direction", p->initiator ? "outbound" : "inbound");
	put_text(o, "transport_type", query_transport(&p->via));
	put_stats(put_object(o, "stats"), &t);
	put_int(o, "replay_suppressed", 0);
	put_int(o, "consecutive_decrypt_failures", 0);
	put_nostr(put_object(o, "nostr_traversal"));
	put_key(o, p, &t);
	put_mmp(q, put_object(o, "mmp"), &p->metrics);
}

json_t *show_peers(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "peers");
	struct fips_peer_info p;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (p.state == FIPS_PEER_UP)
			put_peer(q, add_object(list), &p);
	}
	return o;
}

/* ---- show_links ---- */

static void put_link(const struct query *q, json_t *o, const struct fips_peer_info *p)
{
	struct query_traffic t = query_traffic(q->control, true, &p->addr);
	json_t *stats;

	put_int(o, "link_id", link_id(p->slot));
	put_int(o, "transport_id", query_transport_id(q, &p->via));
	put_via(o, "remote_addr", &p->via);
	put_text(o, "direction", p->initiator ? "outbound" : "inbound");
	put_text(o, "state", p->state == FIPS_PEER_UP ? "connected" : "connecting");
	put_int(o, "created_at_ms", query_ms(q, p->since));
	stats = put_object(o, "stats");
	put_stats(stats, &t);
	put_int(stats, "last_recv_ms", query_ms(q, t.heard));
}

static void put_dialled(const struct query *q, json_t *o, const struct fips_dial_info *d)
{
	static const struct query_traffic none = { 0 };
	json_t *stats;

	put_int(o, "link_id", dial_id(d));
	put_int(o, "transport_id", query_transport_id(q, &d->via));
	put_via(o, "remote_addr", &d->via);
	put_text(o, "direction", "outbound");
	put_text(o, "state", "connecting");
	put_int(o, "created_at_ms", query_ms(q, d->since));
	stats = put_object(o, "stats");
	put_stats(stats, &none);
	put_int(stats, "last_recv_ms", 0);
}

json_t *show_links(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "links");
	struct fips_dial_info d;
	struct fips_peer_info p;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (is_linked(&p))
			put_link(q, add_object(list), &p);
	}
	for (unsigned at = 0; fips_node_dial_next(q->control->node, &at, &d);)
		put_dialled(q, add_object(list), &d);
	return o;
}

/* ---- show_connections ---- */

static void put_handshake(const struct query *q, json_t *o, uint64_t id, bool ours, uint64_t since,
                          unsigned resends)
{
	put_int(o, "link_id", id);
	put_text(o, "direction", ours ? "outbound" : "inbound");
	put_text(o, "handshake_state", ours ? "sent_msg1" : "received_msg1");
	put_int(o, "started_at_ms", query_ms(q, since));
	put_int(o, "idle_ms", q->now > since ? (q->now - since) / MR_NS_PER_MS : 0);
	put_int(o, "resend_count", resends);
}

/* Message 1s of ours, and links we answered that have not been heard. */
json_t *show_connections(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "connections"), *one;
	struct fips_dial_info d;
	struct fips_peer_info p;

	for (unsigned at = 0; fips_node_dial_next(q->control->node, &at, &d);) {
		one = add_object(list);
		put_handshake(q, one, dial_id(&d), true, d.since, d.resends);
		put_npub(one, "expected_peer", d.xonly);
	}
	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (p.state == FIPS_PEER_PROVISIONAL && !p.initiator)
			put_handshake(q, add_object(list), link_id(p.slot), false, p.since, 0);
	}
	return o;
}

unsigned query_handshakes(const struct query *q)
{
	struct fips_dial_info d;
	struct fips_peer_info p;
	unsigned n = 0;

	for (unsigned at = 0; fips_node_dial_next(q->control->node, &at, &d);)
		n++;
	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);)
		n += p.state == FIPS_PEER_PROVISIONAL && !p.initiator;
	return n;
}
