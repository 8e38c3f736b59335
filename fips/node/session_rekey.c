/* session_rekey.c - new keys for a session, begun by us (session.md 3.6).
 *
 *     due ---> setup ---> ack: message 3, pending ---> heard under it: cut over
 *                |                                 '--- not for 8 s and 4 sendings: all the same
 *                '--- no ack in 35 s: given up, and tried again later with another setup
 *
 * The setup is sent once: sent again it would make some nodes throw away the handshake whose ack is
 * on its way.  Message 3 is sent until the other side is heard under the new key.
 *
 * Only that proves that message 3 has arrived.  But a side that waits to hear us first says nothing
 * under the new key, so after a while, and four sendings of message 3, we go first.  If the other
 * side is still heard under the old key some time later, it cannot read us: we go back to the old
 * key, which it has not left, and wait. */

#include "fips/node/parts.h"

#define ROUND_TRIP (2 * MR_NS_PER_S) /* the longest one                                 */
#define MISTAKE    (3 * MR_NS_PER_S) /* after a move unheard: was it wrong?             */
#define SENT_AGAIN 3                 /* message 3, before a move unheard                */

/* By count a part of the spread has to pass too, lest both ends begin at once each time. */
void fips_session_rekey_plan(struct fips_node *n, struct fips_session *s)
{
	uint64_t guard = s->cut_at + fips_ms(n->timers.session_guard);
	uint64_t spread = fips_rekey_spread(n);

	s->rekey_due = s->cut_at + fips_ms(n->timers.session_rekey - n->timers.rekey_jitter) +
	               spread;
	if (s->rekey_due < guard)
		s->rekey_due = guard;
	s->rekey_count = n->timers.rekey_messages ? guard + spread / 4 : MR_NEVER;
	s->rekey_at = n->rekey ? fips_sooner(s->rekey_due, s->rekey_count) : MR_NEVER;
	s->rekey_by = 0;
}

/* No handshake is under way, and one could be. */
static bool at_rest(struct fips_node *n, const struct fips_session *s)
{
	const struct fips_peer *hop = fips_hop_to(n, &s->addr);

	return hop && fips_peer_proven(hop) && hop->close_at == MR_NEVER && s->confirmed &&
	       s->confirm_until == MR_NEVER && !s->pending.id;
}

static bool is_due(const struct fips_node *n, const struct fips_session *s)
{
	if (n->now >= s->rekey_due)
		return true;
	return n->now >= s->rekey_count &&
	       fips_words_session(n, &s->addr).sent >= n->timers.rekey_messages;
}

/* The other side may be about to rekey: it goes first.  Its setups prove nothing, so they put ours
 * off for a while only, however many there are. */
static bool theirs_first(const struct fips_node *n, struct fips_session *s)
{
	if (!fips_session_half_open(s))
		return false;
	if (!s->rekey_by)
		s->rekey_by = n->now + fips_ms(n->timers.rekey_calm);
	return n->now < s->rekey_by;
}

/* Begin again later. */
static void put_off(struct fips_node *n, struct fips_session *s)
{
	s->rekey_due = n->now + fips_ms(n->timers.rekey_calm) + fips_rekey_spread(n);
	s->rekey_count = MR_NEVER;
	s->rekey_at = n->rekey ? s->rekey_due : MR_NEVER; /* what failed may have been a recovery */
}

static void failed(struct fips_node *n, struct fips_session *s, const char *why)
{
	char text[FIPS_ADDR_TEXT];

	fips_session_start_wipe(s);
	put_off(n, s);
	fips_addr_text(&s->addr, text);
	fips_count(n, FIPS_NODE_SESSION_REKEYS_FAILED);
	fips_log_of(n, FIPS_LOG_WARN, &s->addr,
		    "session with %s: rekey failed, %s, the old key goes on", text,
		    why);
}

static void begin(struct fips_node *n, struct fips_session *s)
{
	char text[FIPS_ADDR_TEXT];

	if (!fips_session_build_setup(n, s)) {
		fips_session_start_wipe(s);
		return;
	}
	s->step = FIPS_REKEY_SETUP;
	s->rekey_by = 0;
	s->n_acks = 0;
	s->confirm_until = n->now + fips_ms(n->timers.session_setup);
	fips_session_send_setup(n, s);
	fips_addr_text(&s->addr, text);
	fips_count(n, FIPS_NODE_SESSION_REKEYS);
	fips_log_of(n, FIPS_LOG_DEBUG, &s->addr, "session with %s: rekey", text);
}

/* The ack has opened, its key is installed and message 3 has left. */
void fips_session_rekey_answered(struct fips_node *n, struct fips_session *s)
{
	uint64_t all = fips_ms(n->timers.resend) * ((UINT64_C(2) << n->timers.resends) - 1);

	s->step = FIPS_REKEY_MSG3;
	s->turned_at = 0;
	s->turn_at = n->now + fips_ms(n->timers.session_cut_over);
	s->confirm_until = n->now + all; /* a sending more would be due then: 63 s */
}

/* May message 3 have been lost each time so far, with a sending to come?  A move before that one
 * costs everything that is said until it arrives.  Each has the first gap to be answered in. */
static bool too_early(const struct fips_node *n, struct fips_session *s)
{
	if (s->resend.count >= SENT_AGAIN || s->resend.next == MR_NEVER)
		return false;
	s->turn_at = s->resend.next + fips_ms(n->timers.resend);
	return true;
}

static void came_to_nothing(struct fips_node *n, struct fips_session *s)
{
	fips_session_give_up(n, s);
	failed(n, s, "message 3 came to nothing");
}

/* Not heard under the pending key by now. */
static void turn(struct fips_node *n, struct fips_session *s)
{
	if (!s->turned_at && too_early(n, s))
		return;
	if (!s->turned_at) {
		fips_session_cut_over(n, s, &s->pending);
		s->turned_at = n->now;
		s->turn_at = n->now + MISTAKE;
		return;
	}
	s->turn_at = n->now + FIPS_LOOK;
	if (fips_words_session(n, &s->addr).heard <= s->turned_at + ROUND_TRIP)
		return; /* silent: whatever it holds, it is not the old key that it talks under */
	s->turn_at = MR_NEVER;
	fips_session_use(n, s, &s->current);
	fips_metrics_rekey(&s->metrics);
	if (s->confirm_until == MR_NEVER)
		came_to_nothing(n, s);
	else
		put_off(n, s);
}

static void message3(struct fips_node *n, struct fips_session *s)
{
	if ((n->now >= s->confirm_until || n->now >= s->turn_at) && fips_session_taken(n, s))
		return;
	if (n->now >= s->confirm_until) {
		s->confirm_until = MR_NEVER;
		s->resend.next = MR_NEVER;
		if (s->send == s->current.id) {
			came_to_nothing(n, s);
			return;
		}
	}
	if (fips_resend_due(n, &s->resend))
		fips_act_datagram(n, &s->addr, s->msg3, sizeof s->msg3);
	if (n->now >= s->turn_at)
		turn(n, s);
}

/* When two first handshakes cross, each side may end up sending under the key that the other has as
 * its pending one, and hear the other under its current one, for ever.  Then we go to the key we
 * hear them under; and if the pending one is still of no use after as long again, it goes. */
static void untangle(struct fips_node *n, struct fips_session *s)
{
	uint64_t age = fips_ms(n->timers.session_pending);

	if (!s->pending.id || n->now - s->pending.made < age || fips_session_taken(n, s))
		return;
	if (s->send != s->pending.id)
		fips_session_give_up(n, s);
	else if (fips_words_session(n, &s->addr).heard + age / 3 > n->now) {
		fips_session_use(n, s, &s->current);
		fips_metrics_rekey(&s->metrics);
		s->pending.made = n->now;
	}
}

void fips_session_rekey_timer(struct fips_node *n, struct fips_session *s)
{
	switch (s->step) {
	case FIPS_REKEY_SETUP:
		if (n->now >= s->confirm_until)
			failed(n, s, "no ack");
		return;
	case FIPS_REKEY_MSG3: message3(n, s); return;
	case FIPS_REKEY_NONE: break;
	}
	if (n->now < s->rekey_at)
		return;
	s->rekey_at = n->now + FIPS_LOOK;
	if (n->now < s->rekey_due)
		s->rekey_at = fips_sooner(s->rekey_at, s->rekey_due);
	untangle(n, s);
	if (at_rest(n, s) && n->now >= s->rekey_calm && is_due(n, s) && !theirs_first(n, s))
		begin(n, s);
}

/* Sent with unheard until message 3 was given up, and still. */
bool fips_session_unheard(const struct fips_session *s)
{
	return s->step == FIPS_REKEY_MSG3 && s->turned_at && s->confirm_until == MR_NEVER;
}

bool fips_session_renew(struct fips_node *n, struct fips_session *s)
{
	if (s->step != FIPS_REKEY_NONE || !at_rest(n, s) || theirs_first(n, s))
		return false;
	begin(n, s);
	return s->step == FIPS_REKEY_SETUP;
}

uint64_t fips_session_rekey_due(const struct fips_session *s)
{
	return s->step == FIPS_REKEY_NONE ? s->rekey_at : s->turn_at;
}
