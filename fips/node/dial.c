/* dial.c - calling a peer: message 1 out, message 2 in, and when to call again.
 *
 * All addresses of a peer are tried at once, each with a handshake and an index of its own; the
 * first answer that opens wins and the others are forgotten.  Attempts are begun one a timer call,
 * for the sake of the bound on public-key work.  A message 2 that does not open changes nothing. */

#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

static const struct fips_via *via_without_dial(const struct fips_peer *p)
{
	for (unsigned v = 0; v < p->n_vias; v++) {
		bool tried = false;

		for (unsigned d = 0; d < FIPS_VIAS_MAX; d++)
			tried |= p->dials[d].on && fips_via_eq(&p->dials[d].via, &p->vias[v]);
		if (!tried)
			return &p->vias[v];
	}
	return NULL;
}

static struct fips_dial *dial_slot(struct fips_peer *p)
{
	for (unsigned d = 0; d < FIPS_VIAS_MAX; d++)
		if (!p->dials[d].on)
			return &p->dials[d];
	return NULL;
}

void fips_dial_cancel(struct fips_node *n, struct fips_dial *d)
{
	if (!d->on)
		return;
	fips_act(n, FIPS_ACT_FORGET_INDEX)->ours = d->ours;
	mr_wipe(d, sizeof *d);
}

static void call_cancel(struct fips_node *n, struct fips_dial *d)
{
	n->n_calls -= d->on;
	fips_dial_cancel(n, d);
}

/* May one more message 1 go out?  Another one's end lets it (link.md 6.9). */
bool fips_dial_room(const struct fips_node *n)
{
	return (!n->limits.calls || n->n_calls < n->limits.calls) &&
	       (!n->limits.links || n->n_calls + n->n_up < n->limits.links);
}

/* Whom the access lists refuse is not called; they are asked again as after a first failure. */
static bool dial_denied(struct fips_node *n, struct fips_peer *p)
{
	char text[FIPS_ADDR_TEXT];
	bool denied = !fips_peer_admitted(n, &p->addr);

	if (denied)
		p->retry_at = n->now + fips_ms(n->timers.retry);
	if (denied && !p->denied)
		fips_log_of(n, FIPS_LOG_INFO, &p->addr,
			    "%s is not called: the access lists refuse it",
			    fips_peer_name(p, text));
	p->denied = denied;
	return denied;
}

void fips_dial_begin(struct fips_node *n, struct fips_peer *p)
{
	if (dial_denied(n, p))
		return;
	p->dialling = true;
	p->dial_since = n->now;
	p->retry_at = MR_NEVER;
	if (p->named)
		fips_act_peer(n, FIPS_ACT_RESOLVE_NAME, &p->addr);
}

/* No more answers are waited for, whatever the reason. */
void fips_dial_end(struct fips_node *n, struct fips_peer *p)
{
	for (unsigned d = 0; d < FIPS_VIAS_MAX; d++)
		call_cancel(n, &p->dials[d]);
	p->dialling = false;
}

static uint64_t retry_delay(const struct fips_node *n, unsigned retries)
{
	uint64_t delay = fips_ms(n->timers.retry);
	uint64_t most = fips_ms(n->timers.retry_max);

	while (retries-- && delay < most)
		delay *= 2;
	return fips_sooner(delay, most);
}

/* The link is lost: dial again after 5, 10, ... 300 s. */
void fips_dial_retry(struct fips_node *n, struct fips_peer *p)
{
	if (p->dialling || n->stopping)
		return;
	p->retry_at = n->now + retry_delay(n, p->retries++);
}

static void dial_failed(struct fips_node *n, struct fips_peer *p)
{
	char text[FIPS_ADDR_TEXT];

	fips_dial_end(n, p);
	if (p->up || p->behind || n->stopping)
		return; /* it came to us meanwhile, or is reached through another from now on */
	if (!p->unanswered)
		fips_log_of(n, FIPS_LOG_INFO, &p->addr,
			    p->n_vias ? "no answer from %s: away, or the npub is not its own"
			              : "no address of %s",
			    fips_peer_name(p, text));
	p->unanswered = true;
	p->retries++;
	if (p->auto_reconnect || p->retries <= n->timers.retries)
		p->retry_at = n->now + retry_delay(n, p->retries);
}

/* Message 1 in a packet with an index of its own, on its way to `via`. */
bool fips_dial_write(struct fips_node *n, struct fips_peer *p, struct fips_dial *d,
                     const struct fips_via *via)
{
	uint8_t ephemeral[FIPS_SECRET_LEN];
	struct fips_msg1 msg;

	if (!fips_index_draw(n, &d->ours))
		return false;
	mr_rand_bytes(&n->env.rand, ephemeral, sizeof ephemeral);
	fips_ik_init_initiator(&d->ik, &n->env.curve, &n->me, p->pub, ephemeral, n->epoch);
	mr_wipe(ephemeral, sizeof ephemeral);
	n->ops += 3;
	if (!fips_ik_write1(&d->ik, d->packet + FIPS_LINK_PREFIX + 4)) {
		mr_wipe(d, sizeof *d);
		return false;
	}
	msg = (struct fips_msg1){
		.sender_idx = d->ours, .noise = d->packet + FIPS_LINK_PREFIX + 4
	};
	fips_msg1_build(d->packet, &msg);
	d->on = true;
	d->via = *via;
	fips_resend_start(n, &d->resend);
	fips_act_peer(n, FIPS_ACT_EXPECT_INDEX, &p->addr)->ours = d->ours;
	fips_act_raw(n, via, d->packet, FIPS_MSG1_LEN);
	return true;
}

/* Message 1 to one more address. */
static void dial_start(struct fips_node *n, struct fips_peer *p, const struct fips_via *via)
{
	struct fips_dial *d = dial_slot(p);

	if (!d)
		return;
	if (fips_dial_write(n, p, d, via))
		n->n_calls++;
	else
		dial_failed(n, p);
}

static void dial_resend(struct fips_node *n, struct fips_peer *p)
{
	for (unsigned i = 0; i < FIPS_VIAS_MAX; i++) {
		struct fips_dial *d = &p->dials[i];

		if (d->on && fips_resend_due(n, &d->resend))
			fips_act_raw(n, &d->via, d->packet, FIPS_MSG1_LEN);
	}
}

void fips_dial_timer(struct fips_node *n, struct fips_peer *p)
{
	const struct fips_via *via;

	if (n->now >= p->retry_at) {
		p->retry_at = MR_NEVER;
		if (!fips_peer_proven(p) && !p->dialling && !n->stopping)
			fips_dial_begin(n, p);
	}
	if (!p->dialling)
		return;
	if (n->now >= p->dial_since + fips_ms(n->timers.handshake)) {
		dial_failed(n, p);
		return;
	}
	dial_resend(n, p);
	via = via_without_dial(p);
	if (via && fips_dial_room(n))
		dial_start(n, p, via);
}

uint64_t fips_dial_due(const struct fips_peer *p, const struct fips_node *n)
{
	uint64_t due = p->retry_at;

	if (!p->dialling)
		return due;
	if (via_without_dial(p) && fips_dial_room(n))
		return 0;
	due = fips_sooner(due, p->dial_since + fips_ms(n->timers.handshake));
	for (unsigned d = 0; d < FIPS_VIAS_MAX; d++)
		if (p->dials[d].on)
			due = fips_sooner(due, p->dials[d].resend.next);
	return due;
}

/* Nothing more from addresses that are not the peer's any more. */
void fips_dial_unlisted(struct fips_node *n, struct fips_peer *p)
{
	for (unsigned i = 0; i < FIPS_VIAS_MAX; i++) {
		bool listed = false;

		for (unsigned v = 0; v < p->n_vias; v++)
			listed |= fips_via_eq(&p->dials[i].via, &p->vias[v]);
		if (!listed)
			call_cancel(n, &p->dials[i]);
	}
}

/* The peer's names were resolved again: go on with these addresses, or with those there were.
 * Without any the dial has failed already. */
void fips_dial_vias(struct fips_node *n, struct fips_peer *p, const struct fips_via *vias,
                    unsigned count)
{
	if (count > FIPS_VIAS_MAX)
		count = FIPS_VIAS_MAX;
	if (count == 0) {
		if (p->dialling && p->n_vias == 0)
			dial_failed(n, p);
		return;
	}
	memcpy(p->vias, vias, count * sizeof *vias);
	p->n_vias = count;
	fips_dial_unlisted(n, p);
}

static struct fips_dial *dial_in(struct fips_peer *p, uint32_t index)
{
	if (p->rekey.on && p->rekey.ours == index)
		return &p->rekey;
	for (unsigned d = 0; p->dialling && d < FIPS_VIAS_MAX; d++)
		if (p->dials[d].on && p->dials[d].ours == index)
			return &p->dials[d];
	return NULL;
}

static struct fips_dial *dial_of_index(struct fips_node *n, uint32_t index, struct fips_peer **p)
{
	for (unsigned i = 0; i < n->n_peers; i++) {
		struct fips_dial *d = dial_in(&n->peers[i], index);

		if (!d)
			continue;
		*p = &n->peers[i];
		fips_mark_peer(n, *p);
		return d;
	}
	return NULL;
}

/* The answer opened: its keys become one of the link's. */
static struct fips_link_key *key_of_answer(struct fips_node *n, struct fips_peer *p,
                                           struct fips_dial *d, uint32_t theirs,
                                           const struct fips_via *via)
{
	struct fips_link_key *key = fips_link_key_new(n, p, true, true);

	key->ours = d->ours;
	key->theirs = theirs;
	key->via = *via;
	memcpy(key->epoch, d->ik.remote_epoch, FIPS_EPOCH_LEN);
	fips_link_install(n, p, key, &d->ik);
	mr_wipe(d, sizeof *d);
	return key;
}

static void dial_answered(struct fips_node *n, struct fips_peer *p, struct fips_dial *d,
                          uint32_t theirs, const struct fips_via *via)
{
	struct fips_link_key *key;

	if (!p->up &&
	    (!fips_peer_admitted(n, &p->addr) || !fips_peers_make_room(n, p->configured))) {
		dial_failed(n, p);
		return;
	}
	key = key_of_answer(n, p, d, theirs, via);
	n->n_calls--;
	fips_dial_end(n, p);
	p->retries = 0;
	p->retry_at = MR_NEVER;
	fips_link_dialled(n, p, key);
}

void fips_dial_msg2(struct fips_node *n, const uint8_t *bytes, const struct fips_via *via)
{
	struct fips_msg2 msg;
	struct fips_peer *p;
	struct fips_dial *d;

	fips_msg2_parse(bytes, &msg);
	d = dial_of_index(n, msg.receiver_idx, &p);
	if (!d) {
		fips_count(n, FIPS_NODE_NO_HANDSHAKE);
		n->unmoved = true;
		return;
	}
	if (!fips_bucket_take(&n->answers, n->now)) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	n->ops++;
	if (!fips_ik_read2(&d->ik, msg.noise))
		fips_count(n, FIPS_NODE_FORGED);
	else if (d == &p->rekey)
		fips_link_rekey_answered(n, p, key_of_answer(n, p, d, msg.sender_idx, via));
	else
		dial_answered(n, p, d, msg.sender_idx, via);
}
