/* sessions.c - the session table, and the life of an established session (session.md 3).
 *
 * Three keys have names here as in fsp-open: current, pending, previous.  fsp-open promotes pending
 * by itself on the first message under it and says so; the node follows.  The words show it sooner:
 * they are asked before a pending key is given up.  Which of current and pending is sent with is the
 * node's decision.
 *
 * A session goes silently: after 90 s without data, with its link, or when nobody answers. */

#include <assert.h>
#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

#define WARMUP_AGAIN MR_NS_PER_S       /* after the first                             */
#define WARMUP_LAST  (2 * MR_NS_PER_S) /* after the second, if nothing came back      */
#define DRAIN_SLACK  MR_NS_PER_S       /* behind the moment fsp-open stops trying     */
#define SILENCE      (30 * MR_NS_PER_S) /* of one that reported before, while we send */
#define IDLE_CHECK   (5 * MR_NS_PER_S)

struct fips_session *fips_session_find(struct fips_node *n, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < n->n_sessions; i++)
		if (n->sessions[i].used && fips_addr_eq(&n->sessions[i].addr, addr))
			return &n->sessions[i];
	return NULL;
}

/* A session with a peer that has none.  There is a slot for everybody who has a hop. */
struct fips_session *fips_session_add(struct fips_node *n, const struct fips_peer *p)
{
	struct fips_session *s = NULL;

	for (unsigned i = 0; i < n->n_sessions && !s; i++)
		if (!n->sessions[i].used)
			s = &n->sessions[i];
	assert(s);
	memset(s, 0, sizeof *s);
	s->used = true;
	s->addr = p->addr;
	memcpy(s->pub, p->pub, FIPS_PUB_LEN);
	s->made = n->now;
	s->resend.next = MR_NEVER;
	s->warmup_at = MR_NEVER;
	s->confirm_until = MR_NEVER;
	s->reroute_at = MR_NEVER;
	s->turn_at = MR_NEVER;
	s->mtu_at = MR_NEVER;
	fips_pmtu_init(&s->pmtu);
	return s;
}

void fips_session_key_retire(struct fips_node *n, struct fips_session *s,
                             struct fips_session_key *key)
{
	if (!key->id)
		return;
	fips_act_peer(n, FIPS_ACT_RETIRE_SESSION_KEY, &s->addr)->key = key->id;
	*key = (struct fips_session_key){ 0 };
}

void fips_session_drop(struct fips_node *n, struct fips_session *s)
{
	fips_session_key_retire(n, s, &s->previous);
	fips_session_key_retire(n, s, &s->pending);
	fips_session_key_retire(n, s, &s->current);
	fips_act_peer(n, FIPS_ACT_SESSION_DOWN, &s->addr);
	mr_wipe(s, sizeof *s);
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

static void unroute(struct fips_node *n, struct fips_session *s)
{
	if (s->routed)
		fips_act_peer(n, FIPS_ACT_UNROUTE, &s->addr);
	s->routed = false;
}

/* Another first hop is another path: what was learnt of the last one is worth nothing. */
static void leave_by(struct fips_session *s, const struct fips_addr *hop)
{
	if (s->hop_known && !fips_addr_eq(&s->hop, hop))
		fips_pmtu_forget(&s->pmtu);
	s->hop = *hop;
	s->hop_known = true;
	s->routed = true;
}

/* Route packets by this session, as things are now. */
void fips_session_route(struct fips_node *n, struct fips_session *s)
{
	struct fips_peer *p = fips_peer_find(n, &s->addr), *hop = p ? fips_hop(n, p) : NULL;
	struct fips_action *act;

	s->reroute_at = MR_NEVER;
	if (!hop) {
		unroute(n, s);
		return;
	}
	p->wanted = false;
	leave_by(s, &hop->addr);
	fips_pmtu_seed(&s->pmtu, n->link_mtu);
	s->route_mtu = s->pmtu.current;
	act = fips_act_peer(n, FIPS_ACT_ROUTE, &s->addr);
	act->via_peer = hop->addr;
	act->mtu = s->route_mtu;
}

/* Our coordinates and the other side's, in clear: a message that exists for them, and that shows
 * the other side we hold the new key. */
void fips_session_warmup(struct fips_node *n, struct fips_session *s)
{
	uint8_t lists[2 * FIPS_COORDS_LEN(1)];
	struct mr_wire out = mr_wire_write(lists, sizeof lists);
	struct fips_coords us = fips_coords_of(&n->me.addr, 1);
	struct fips_coords them = fips_coords_of(&s->addr, 1);

	fips_coords_put(&out, &us);
	fips_coords_put(&out, &them);
	fips_act_session(n, &s->addr, FIPS_FSP_COORDS_WARMUP, lists, sizeof lists);
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
	fips_log(n, FIPS_LOG_DEBUG, "session with %s: cut over to the new key", text);
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
	fips_metrics_init(&s->metrics, &fips_session_intervals);
	fips_reports_start(n, &s->reporting);
	fips_session_route(n, s);
	fips_session_warmup(n, s);
	s->warmups = 0;
	s->warmup_at = n->now + WARMUP_AGAIN;
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

static void warmup_timer(struct fips_node *n, struct fips_session *s)
{
	s->warmup_at = MR_NEVER;
	if (s->warmups == 0 || !s->confirmed)
		fips_session_warmup(n, s);
	s->warmups++;
	if (s->warmups == 1 && !s->confirmed && s->initiator)
		s->warmup_at = n->now + WARMUP_LAST;
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

/* Nothing to carry for a long time, or data leaves and the one who used to report is silent. */
static bool is_over(struct fips_node *n, const struct fips_session *s,
                    const struct fips_session_words *words)
{
	uint64_t idle = fips_ms(n->timers.session_idle);
	uint64_t data = words->data_sent > words->data_heard ? words->data_sent : words->data_heard;

	if (data < s->since)
		data = s->since;
	if (idle && n->now - data > idle)
		return true;
	return s->reported && words->heard && n->now - words->heard > SILENCE &&
	       words->data_sent + IDLE_CHECK > n->now;
}

/* Both look at the words, so they share a turn of the clock. */
static bool words_timer(struct fips_node *n, struct fips_session *s)
{
	struct fips_session_words words = fips_words_session(n, &s->addr);
	char text[FIPS_ADDR_TEXT];

	s->idle_at = n->now + IDLE_CHECK;
	if (is_over(n, s, &words)) {
		fips_addr_text(&s->addr, text);
		fips_log(n, FIPS_LOG_DEBUG, "session with %s carries nothing any more", text);
		fips_session_drop(n, s);
		return false;
	}
	if (n->now >= s->drain_at)
		drain_timer(n, s, &words);
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
		fips_session_route(n, s);
	if ((n->now >= s->idle_at || n->now >= s->drain_at) && !words_timer(n, s))
		return;
	if (n->now >= s->warmup_at)
		warmup_timer(n, s);
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
		due = fips_sooner(due, s->resend.start + fips_ms(n->timers.handshake));
	if (s->state != FIPS_SESSION_ESTABLISHED)
		return due;
	due = fips_sooner(due, fips_session_rekey_due(s));
	due = fips_sooner(due, fips_sooner(s->idle_at, fips_sooner(s->drain_at, s->warmup_at)));
	due = fips_sooner(due, fips_sooner(s->reroute_at, s->mtu_at));
	return fips_sooner(due, fips_reports_due(&s->reporting, n->session_mmp));
}
