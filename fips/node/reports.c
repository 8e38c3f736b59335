/* reports.c - metric reports of both layers, out and in (link.md 8.4 to 8.6, session.md 4.6).
 *
 * A report is due when its interval has passed and the words show that something was sent or heard
 * since the last one.  The figures belong to the data threads: the node asks, the answer comes as
 * a snapshot, and the report leaves like any message.
 *
 * A ReceiverReport counts only when it opened under the key we send with: the other side then
 * speaks of that key's counters, or at least echoes its clock.  For the same reason none is sent
 * while a rekey is answered and the other side has not been heard under the new key. */

#include <string.h>

#include "fips/node/parts.h"

#define CUT_OVER_WAIT (5 * MR_NS_PER_S) /* the longest that reports are held for a cut-over */

void fips_reports_start(struct fips_node *n, struct fips_reporting *r)
{
	*r = (struct fips_reporting){ .sender_at = n->now, .receiver_at = n->now };
}

uint64_t fips_reports_due(const struct fips_reporting *r, enum fips_mmp mode)
{
	switch (mode) {
	case FIPS_MMP_FULL: return fips_sooner(r->sender_at, r->receiver_at);
	case FIPS_MMP_LIGHTWEIGHT: return r->receiver_at;
	case FIPS_MMP_MINIMAL: break;
	}
	return MR_NEVER;
}

/* Which reports are due?  Those whose time has come wait for another interval in any case. */
static uint8_t due(struct fips_node *n, struct fips_reporting *r, const struct fips_metrics *m,
                   enum fips_mmp mode, uint64_t sent, uint64_t heard)
{
	uint8_t reports = 0;

	if (mode == FIPS_MMP_FULL && n->now >= r->sender_at) {
		r->sender_at = n->now + fips_ms(m->sender_interval);
		if (sent != r->sent)
			reports |= FIPS_REPORT_SENDER;
		r->sent = sent;
	}
	if (mode != FIPS_MMP_MINIMAL && n->now >= r->receiver_at) {
		r->receiver_at = n->now + fips_ms(m->receiver_interval);
		if (heard != r->heard)
			reports |= FIPS_REPORT_RECEIVER;
		r->heard = heard;
	}
	return reports;
}

static void ask(struct fips_node *n, enum fips_action_kind kind, const struct fips_addr *peer,
                uint64_t key, uint8_t reports)
{
	struct fips_action *act;

	if (!reports)
		return;
	act = fips_act_peer(n, kind, peer);
	act->key = key;
	act->reports = reports;
}

static bool link_cutting_over(const struct fips_node *n, const struct fips_peer *p)
{
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++) {
		const struct fips_link_key *key = &p->keys[i];

		if (key->id > p->send->id && !key->loser && n->now - key->made < CUT_OVER_WAIT)
			return true;
	}
	return false;
}

void fips_link_reports_timer(struct fips_node *n, struct fips_peer *p)
{
	struct fips_link_words words;

	if (n->now < fips_reports_due(&p->reporting, n->link_mmp))
		return;
	words = fips_words_link(n, &p->addr);
	ask(n, FIPS_ACT_ASK_LINK_REPORT, &p->addr, p->send->id,
	    due(n, &p->reporting, &p->metrics, n->link_mmp, words.sent, words.heard));
}

/* Whoever gets something reports, several times in this. */
static bool goes_unreported(const struct fips_node *n, const struct fips_session *s,
                            const struct fips_session_words *words)
{
	uint64_t patience = 4 * fips_ms(s->metrics.receiver_interval);

	return s->reported && n->now - s->report_at > patience && words->data_sent > s->report_at &&
	       words->data_sent + patience > n->now;
}

void fips_session_reports_timer(struct fips_node *n, struct fips_session *s)
{
	struct fips_session_words words;

	if (n->now < fips_reports_due(&s->reporting, n->session_mmp))
		return;
	words = fips_words_session(n, &s->addr);
	if (goes_unreported(n, s, &words))
		fips_session_doubt(n, s);
	ask(n, FIPS_ACT_ASK_SESSION_REPORT, &s->addr, s->send,
	    due(n, &s->reporting, &s->metrics, n->session_mmp, words.sent, words.heard));
}

void fips_link_snapshot_in(struct fips_node *n, const struct fips_input *in)
{
	struct fips_peer *p = fips_peer_up(n, &in->peer);
	uint8_t sender[FIPS_LINK_SENDER_LEN];
	uint8_t receiver[FIPS_LINK_RECEIVER_LEN];

	if (!p || p->send->id != in->key) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (in->sender && p->send->proven) {
		fips_link_sender_build(sender, in->sender);
		fips_act_link(n, &p->addr, sender, sizeof sender);
	}
	if (!in->receiver)
		return;
	fips_metrics_reverse(&p->metrics, in->receiver->frames, in->receiver->highest);
	if (link_cutting_over(n, p))
		return;
	fips_link_receiver_build(receiver, in->receiver);
	fips_act_link(n, &p->addr, receiver, sizeof receiver);
}

void fips_session_snapshot_in(struct fips_node *n, const struct fips_input *in)
{
	struct fips_session *s = fips_session_find(n, &in->peer);
	uint8_t sender[FIPS_SESSION_SENDER_LEN];
	uint8_t receiver[FIPS_SESSION_RECEIVER_LEN];

	if (!s || s->state != FIPS_SESSION_ESTABLISHED || s->send != in->key) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	if (in->sender) {
		fips_session_sender_build(sender, in->sender);
		fips_act_session(n, &s->addr, FIPS_FSP_SENDER_REPORT, sender, sizeof sender);
	}
	if (!in->receiver)
		return;
	if (s->pending.id && n->now - s->pending.made < CUT_OVER_WAIT)
		return;
	fips_metrics_reverse(&s->metrics, in->receiver->frames, in->receiver->highest);
	fips_session_receiver_build(receiver, in->receiver);
	fips_act_session(n, &s->addr, FIPS_FSP_RECEIVER_REPORT, receiver, sizeof receiver);
}

/* ms on the clock of what we send, when the report came in. */
static uint32_t clock_at(uint64_t rx, uint64_t zero)
{
	return rx > zero ? (uint32_t)((rx - zero) / MR_NS_PER_MS) : 0;
}

/* Who mixes the frames of two keys after a cut-over may speak of more than we have sent under the
 * new one until we have sent as many.  False: it is not taken, or for its echo alone. */
static bool take(struct fips_metrics *m, const struct fips_receiver_report *report, uint64_t sent,
                 uint32_t clock, uint64_t now)
{
	if (report->highest < sent)
		return fips_metrics_report(m, report, clock, now);
	fips_metrics_echo(m, report, clock);
	return false;
}

void fips_link_report(struct fips_node *n, struct fips_peer *p, const struct fips_input *in)
{
	struct fips_receiver_report report;
	struct fips_link_words words = fips_words_link(n, &p->addr);
	bool known = p->metrics.rtt_known;

	if (in->key != p->send->id ||
	    !fips_link_receiver_parse(in->bytes, in->len, &report) ||
	    !take(&p->metrics, &report, words.sent, clock_at(in->rx, p->clock_zero), n->now))
		fips_count(n, FIPS_NODE_REPORT);
	if (p->meshed && !known && p->metrics.rtt_known)
		fips_mesh_measured(n, p);
}

void fips_session_report(struct fips_node *n, struct fips_session *s, const struct fips_input *in)
{
	struct fips_receiver_report report;
	struct fips_session_words words = fips_words_session(n, &s->addr);

	s->reported = true;
	s->report_at = n->now;
	if (in->key != s->send ||
	    !fips_session_receiver_parse(in->bytes + 1, in->len - 1, &report) ||
	    !take(&s->metrics, &report, words.sent, clock_at(in->rx, s->clock_zero), n->now))
		fips_count(n, FIPS_NODE_REPORT);
}
