/* sessions.c - the life of an established session (session.md 3).
 *
 * Three keys have names here as in fsp-open: current, pending, previous.  fsp-open promotes pending
 * by itself on the first message under it and says so; the node follows.  The words show it sooner:
 * they are asked before a pending key is given up.  Which of current and pending is sent with is
 * the node's decision.
 *
 * A session goes silently: after 90 s without data, with its link, or when nobody answers. */

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

#define DRAIN_SLACK MR_NS_PER_S        /* behind the moment fsp-open stops trying     */
#define SILENCE     (30 * MR_NS_PER_S) /* of the other end, while we send             */
#define IDLE_CHECK  (5 * MR_NS_PER_S)

void fips_session_key_retire(struct fips_node *n, struct fips_session *s,
                             struct fips_session_key *key)
{
	if (!key->id)
		return;
	fips_act_peer(n, FIPS_ACT_RETIRE_SESSION_KEY, &s->addr)->key = key->id;
	*key = (struct fips_session_key){ 0 };
}

/* The pending key is of no use.  If it is sent with, the current one is again. */
void fips_session_give_up(struct fips_node *n, struct fips_session *s)
{
	if (s->pending.id && s->send == s->pending.id)
		fips_session_use(n, s, &s->current);
	fips_session_key_retire(n, s, &s->pending);
}

/* Install the keys of a finished handshake.  The first pair is current, every further one pending,
 * in the place of one that was never heard. */
struct fips_session_key *fips_session_key_install(struct fips_node *n, struct fips_session *s,
                                              const struct fips_xk *xk)
{
	struct fips_session_key *key = s->current.id ? &s->pending : &s->current;
	struct fips_action *act;

	if (!fips_session_taken(n, s))
		fips_session_give_up(n, s);
	key->id = ++n->last_key;
	key->made = n->now;
	key->k = s->send ? !s->k : 0;
	act = fips_act_peer(n, FIPS_ACT_INSTALL_SESSION, &s->addr);
	act->key = key->id;
	act->k = key->k;
	act->pending = key == &s->pending;
	fips_xk_split(xk, act->send_key, act->recv_key);
	return key;
}

/* Send with this key from now on, for the first time or again. */
void fips_session_use(struct fips_node *n, struct fips_session *s, struct fips_session_key *key)
{
	struct fips_action *act = fips_act_peer(n, FIPS_ACT_USE_SESSION, &s->addr);

	if (!key->clock_zero)
		key->clock_zero = n->now;
	s->send = key->id;
	s->k = key->k;
	s->clock_zero = key->clock_zero;
	s->confirmed = key->heard;
	s->cut_at = n->now;
	fips_session_rekey_plan(n, s);
	act->key = s->send;
	act->k = s->k;
	act->clock_zero = s->clock_zero;
}

/* Move to the newer key, and let the other side hear it at once. */
void fips_session_cut_over(struct fips_node *n, struct fips_session *s,
                           struct fips_session_key *key)
{
	char text[FIPS_ADDR_TEXT];

	fips_session_use(n, s, key);
	fips_metrics_rekey(&s->metrics);
	fips_session_warmup(n, s);
	fips_count(n, FIPS_NODE_SESSION_CUTS);
	fips_addr_text(&s->addr, text);
	fips_log_of(n, FIPS_LOG_DEBUG, &s->addr, "session with %s: cut over to the new key", text);
}

/* Keys are installed and what lets the peer use them has left: begin, or go on, under them. */
void fips_session_established(struct fips_node *n, struct fips_session *s,
                              struct fips_session_key *key)
{
	if (s->state == FIPS_SESSION_ESTABLISHED) {
		fips_session_cut_over(n, s, key);
		return;
	}
	s->state = FIPS_SESSION_ESTABLISHED;
	fips_session_use(n, s, key);
	s->since = n->now;
	s->idle_at = n->now;
	s->drain_at = MR_NEVER;
	s->place_at = MR_NEVER; /* what is said now says it */
	fips_metrics_init(&s->metrics, &fips_session_intervals);
	fips_reports_start(n, &s->reporting);
	fips_session_found(n, s);
	fips_session_route(n, s);
	fips_session_warm(n, s);
}

static void promoted(struct fips_node *n, struct fips_session *s)
{
	fips_session_key_retire(n, s, &s->previous);
	s->previous = s->current;
	s->current = s->pending;
	s->pending = (struct fips_session_key){ 0 };
	s->drain_at = n->now + fips_ms(n->timers.session_drain) + DRAIN_SLACK;
}

/* Something opened under the key, which is current or pending. */
static void heard(struct fips_node *n, struct fips_session *s, uint64_t key)
{
	if (key == s->pending.id) {
		promoted(n, s);
		if (s->send != s->current.id) /* it answers a rekey of ours */
			fips_session_cut_over(n, s, &s->current);
	}
	s->current.heard = true;
	fips_session_mtu_start(n, s);
	if (key == s->send) {
		s->confirmed = true;
		fips_session_start_wipe(s);
	}
}

void fips_session_confirmed(struct fips_node *n, const struct fips_input *in)
{
	struct fips_session *s = fips_session_find(n, &in->peer);

	if (!s || !in->key || (in->key != s->current.id && in->key != s->pending.id)) {
		fips_count(n, FIPS_NODE_GONE);
		return;
	}
	heard(n, s, in->key);
}

/* Has fsp-open promoted the pending key, and is about to say so?  Then it counts as said. */
bool fips_session_taken(struct fips_node *n, struct fips_session *s)
{
	if (!s->pending.id || fips_words_session(n, &s->addr).current != s->pending.id)
		return false;
	heard(n, s, s->pending.id);
	return true;
}

static void drain_timer(struct fips_node *n, struct fips_session *s,
                        const struct fips_session_words *words)
{
	uint64_t drained = words->previous_heard + fips_ms(n->timers.session_drain) + DRAIN_SLACK;

	s->drain_at = MR_NEVER;
	if (n->now < drained)
		s->drain_at = drained;
	else
		fips_session_key_retire(n, s, &s->previous);
}

/* Data leaves, and nothing comes. */
static bool is_silent(const struct fips_node *n, const struct fips_session_words *words)
{
	return words->heard && n->now - words->heard > SILENCE &&
	       words->data_sent + IDLE_CHECK > n->now;
}

/* Nothing to carry for a long time; or it is silent that used to report, or did not say a word when
 * it was given new keys: it may have forgotten us,
 * and whoever does not know our key cannot tell us. */
static bool is_over(const struct fips_node *n, const struct fips_session *s,
                    const struct fips_session_words *words)
{
	uint64_t idle = fips_ms(n->timers.session_idle);
	uint64_t data = words->data_sent > words->data_heard ? words->data_sent : words->data_heard;

	if (data < s->since)
		data = s->since;
	if (idle && n->now - data > idle)
		return true;
	return is_silent(n, words) && (s->reported || fips_session_unheard(s));
}

/* One that never reports may be silent with good reason.
 * A rekey tells, and is a beginning for who has forgotten us. */
static void sound_out(struct fips_node *n, struct fips_session *s)
{
	if (n->now >= s->recover_at && fips_session_renew(n, s))
		s->recover_at = n->now + SILENCE;
}

/* Both look at the words, so they share a turn of the clock. */
static bool words_timer(struct fips_node *n, struct fips_session *s)
{
	struct fips_session_words words = fips_words_session(n, &s->addr);
	char text[FIPS_ADDR_TEXT];

	s->idle_at = n->now + IDLE_CHECK;
	if (is_over(n, s, &words)) {
		fips_addr_text(&s->addr, text);
		fips_log_of(n, FIPS_LOG_DEBUG, &s->addr,
			    "session with %s carries nothing any more", text);
		fips_session_drop(n, s);
		return false;
	}
	if (is_silent(n, &words))
		sound_out(n, s);
	if (n->now >= s->drain_at)
		drain_timer(n, s, &words);
	if (s->routed && words.data_sent + IDLE_CHECK >= n->now)
		fips_session_relook(n, s); /* what a route uses is not forgotten (mesh.md 6.1) */
	return true;
}

void fips_session_timer(struct fips_node *n, struct fips_session *s)
{
	fips_session_answer_timer(n, s);
	if (s->used)
		fips_session_start_timer(n, s);
	if (s->used && s->state == FIPS_SESSION_ESTABLISHED)
		fips_session_rekey_timer(n, s);
	if (!s->used || s->state != FIPS_SESSION_ESTABLISHED)
		return;
	if (n->now >= s->reroute_at)
		fips_session_relook(n, s);
	if ((n->now >= s->idle_at || n->now >= s->drain_at) && !words_timer(n, s))
		return;
	fips_session_warmup_timer(n, s);
	if (n->now >= s->mtu_at)
		fips_session_mtu_timer(n, s);
	fips_session_reports_timer(n, s);
}

uint64_t fips_session_due(const struct fips_session *s, const struct fips_node *n)
{
	uint64_t due = fips_sooner(s->resend.next, s->confirm_until);

	for (unsigned i = 0; i < FIPS_HALVES; i++)
		if (s->halves[i].on)
			due = fips_sooner(due, fips_sooner(s->halves[i].resend.next,
			                                   s->halves[i].resend.start +
			                                           fips_ms(n->timers.handshake)));
	if (s->state == FIPS_SESSION_INITIATING)
		due = fips_sooner(due, fips_sooner(s->place_at,
		                                   s->resend.start + fips_ms(n->timers.handshake)));
	if (s->state != FIPS_SESSION_ESTABLISHED)
		return s->yield_until ? fips_sooner(due, s->yield_until) : due;
	due = fips_sooner(due, fips_session_rekey_due(s));
	due = fips_sooner(due, fips_sooner(s->idle_at, fips_sooner(s->drain_at, s->warmup_at)));
	due = fips_sooner(due, fips_sooner(s->reroute_at, fips_sooner(s->mtu_at, s->place_at)));
	return fips_sooner(due, fips_reports_due(&s->reporting, n->session_mmp));
}
