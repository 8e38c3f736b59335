/* sessions - the other ends, and the metrics of links and sessions (operations.md 4.3). */
#include "stages/control/query/parts.h"

const char *query_mmp_mode(enum fips_mmp mode)
{
	static const char *const word[] = {
		[FIPS_MMP_FULL] = "full",
		[FIPS_MMP_LIGHTWEIGHT] = "lightweight",
		[FIPS_MMP_MINIMAL] = "minimal",
	};

	return word[mode];
}

static double ms(uint32_t us)
{
	return us / 1000.0;
}

/* Smoothed figures, which are there once reports have come; quality: expected transmissions, dearer
 * the longer the way takes. */
static void put_smoothed(json_t *o, const struct fips_metrics_info *m, const char *quality)
{
	if (m->loss_known)
		put_real(o, "smoothed_loss", m->loss);
	if (m->etx_known)
		put_real(o, "smoothed_etx", m->etx_average);
	if (m->rtt_known)
		put_real(o, "srtt_ms", ms(m->srtt_us));
	if (m->rtt_known && m->etx_known)
		put_real(o, quality, m->etx_average * (1 + ms(m->srtt_us) / 100));
}

void query_put_metrics(json_t *o, const struct fips_metrics_info *m, const char *quality)
{
	put_real(o, "loss_rate", 1 - m->forward);
	put_real(o, "etx", m->etx);
	put_real(o, "goodput_bps", m->goodput);
	put_real(o, "delivery_ratio_forward", m->forward);
	put_real(o, "delivery_ratio_reverse", m->reverse);
	put_smoothed(o, m, quality);
}

/* ---- show_sessions ---- */

static const char *const states[] = {
	[FIPS_SESSION_ANSWERED] = "awaiting_msg3",
	[FIPS_SESSION_INITIATING] = "initiating",
	[FIPS_SESSION_ESTABLISHED] = "established",
};

static void put_established(const struct query *q, json_t *o, const struct fips_session_info *s)
{
	json_t *mmp;

	put_int(o, "session_start_ms", query_ms(q, s->since));
	put_bool(o, "current_k_bit", s->k);
	put_int(o, "coords_warmup_remaining", s->warmups);
	put_bool(o, "is_draining", s->draining);
	mmp = put_object(o, "mmp");
	put_text(mmp, "mode", query_mmp_mode(q->control->set.config.session_mmp));
	put_int(mmp, "path_mtu", s->path_mtu);
	query_put_metrics(mmp, &s->metrics, "sqi");
}

static void put_session(struct query *q, json_t *o, const struct fips_session_info *s)
{
	struct query_traffic t = query_traffic(q->control, false, &s->addr);
	const uint8_t *key = query_key(q, &s->addr);
	json_t *stats;

	put_addr(o, "remote_addr", &s->addr);
	put_name(q, o, "display_name", &s->addr);
	put_text(o, "state", states[s->state]);
	put_bool(o, "is_initiator", s->initiator);
	put_int(o, "last_activity_ms", query_ms(q, t.heard > s->since ? t.heard : s->since));
	if (key)
		put_npub(o, "npub", key);
	else
		put_null(o, "npub");
	stats = put_object(o, "stats");
	put_int(stats, "packets_sent", t.packets_out);
	put_int(stats, "packets_recv", t.packets_in);
	put_int(stats, "bytes_sent", t.bytes_out);
	put_int(stats, "bytes_recv", t.bytes_in);
	if (s->state == FIPS_SESSION_ESTABLISHED)
		put_established(q, o, s);
	else
		put_int(o, "resend_count", s->resends);
}

json_t *show_sessions(struct query *q)
{
	json_t *o = json_object(), *list = put_list(o, "sessions");
	struct fips_session_info s;

	for (unsigned at = 0; fips_node_session_next(q->control->node, &at, &s);)
		put_session(q, add_object(list), &s);
	return o;
}

/* ---- show_mmp ---- */

static void put_link_layer(json_t *o, const struct fips_peer_info *p)
{
	const struct fips_metrics_info *m = &p->metrics;

	query_put_metrics(o, m, "lqi");
	put_text(o, "spin_bit_role", p->initiator ? "initiator" : "responder");
	put_trend(o, "rtt_trend", m->rtt_trend);
	put_trend(o, "loss_trend", m->loss_trend);
	put_trend(o, "goodput_trend", m->goodput_trend);
	put_trend(o, "jitter_trend", m->jitter_trend);
	put_int(o, "ecn_ce_count", m->ce);
}

static void put_session_layer(json_t *o, const struct fips_session_info *s)
{
	const struct fips_metrics_info *m = &s->metrics;

	put_real(o, "loss_rate", 1 - m->forward);
	put_real(o, "etx", m->etx);
	put_int(o, "path_mtu", s->path_mtu);
	put_smoothed(o, m, "sqi");
	put_trend(o, "rtt_trend", m->rtt_trend);
	put_trend(o, "loss_trend", m->loss_trend);
	put_trend(o, "etx_trend", m->etx_trend);
}

static void put_links(struct query *q, json_t *list)
{
	struct fips_peer_info p;
	json_t *o;

	for (unsigned at = 0; fips_node_peer_next(q->control->node, &at, &p);) {
		if (p.state != FIPS_PEER_UP)
			continue;
		o = add_object(list);
		put_addr(o, "peer", &p.addr);
		put_name(q, o, "display_name", &p.addr);
		put_text(o, "mode", query_mmp_mode(q->control->set.config.link_mmp));
		put_link_layer(put_object(o, "link_layer"), &p);
	}
}

json_t *show_mmp(struct query *q)
{
	json_t *all = json_object(), *list, *o;
	struct fips_session_info s;

	put_links(q, put_list(all, "peers"));
	list = put_list(all, "sessions");
	for (unsigned at = 0; fips_node_session_next(q->control->node, &at, &s);) {
		if (s.state != FIPS_SESSION_ESTABLISHED)
			continue;
		o = add_object(list);
		put_addr(o, "remote", &s.addr);
		put_name(q, o, "display_name", &s.addr);
		put_text(o, "mode", query_mmp_mode(q->control->set.config.session_mmp));
		put_session_layer(put_object(o, "session_layer"), &s);
	}
	return all;
}
