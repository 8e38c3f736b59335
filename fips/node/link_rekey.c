/* link_rekey.c - new keys for a link, begun by us (link.md 6.7, 7.4, 7.5).
 *
 *     due ---> message 1 ---> ... message 2: pending ---> heard under it, or 2 s: cut over
 *                  '--- nobody answers: given up, and tried again later
 *
 * It is the handshake of a dial, to where the peer is now.  The old key is sent with until the
 * cut-over and receives for a while after it, so that whatever becomes of the handshake costs no
 * frame.
 *
 * A peer takes a message 1 on a young link for a copy of the call that made it.  So none is begun
 * before the link is `link_guard` old (R21), and the sendings go on behind the moment from which a
 * peer that cut over, and whose message 2 was lost, takes them for what they are. */

#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

#define LATE_SENDINGS 3 /* after the peer's link has ceased to be young */

uint64_t fips_rekey_spread(struct fips_node *n)
{
	return fips_ms(mr_rand_below(&n->env.rand, 2 * n->timers.rekey_jitter + 1));
}

/* A new key is sent with: when is the next one due?  By count it is not before the spread has
 * passed either, lest both ends, who count alike, begin at once. */
void fips_link_rekey_plan(struct fips_node *n, struct fips_peer *p)
{
	uint64_t guard = p->cut_at + fips_ms(n->timers.link_guard);
	uint64_t spread = fips_rekey_spread(n);

	p->rekey_due = p->cut_at + fips_ms(n->timers.link_rekey - n->timers.rekey_jitter) + spread;
	if (p->rekey_due < guard)
		p->rekey_due = guard;
	p->rekey_count = n->timers.rekey_messages ? guard + spread : MR_NEVER;
	p->rekey_at = n->rekey ? fips_sooner(p->rekey_due, p->rekey_count) : MR_NEVER;
}

bool fips_link_rekey_pending(const struct fips_peer *p)
{
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		if (p->keys[i].id && p->keys[i].use_at != MR_NEVER)
			return true;
	return false;
}

/* Is this key of a rekey that is under way?  One that we answered and have not heard may have been
 * somebody's replay; an endless row of them holds ours up for as long as a single one may last. */
static bool under_way(const struct fips_node *n, const struct fips_peer *p,
                      const struct fips_link_key *key)
{
	bool overdue = n->now >= p->rekey_due + fips_ms(n->timers.link_pending);

	return key->id > p->send->id && !key->loser && (key->proven || !overdue);
}

/* Nothing is under way on this link. */
static bool at_rest(const struct fips_node *n, const struct fips_peer *p)
{
	if (!p->send->proven || p->close_at != MR_NEVER || p->dialling || n->now < p->rekey_calm)
		return false;
	for (unsigned i = 0; i < FIPS_LINK_KEYS; i++)
		if (under_way(n, p, &p->keys[i]))
			return false;
	return true;
}

static bool is_due(const struct fips_node *n, const struct fips_peer *p)
{
	if (n->now >= p->rekey_due)
		return true;
	return n->now >= p->rekey_count &&
	       fips_words_link(n, &p->addr).sent >= n->timers.rekey_messages;
}

/* When message 1 is sent again for the i-th time, after the first: at 1, 3, 7, 15 s while the link
 * is young at a peer that has just cut over, then at 32, 37, 42 s.  False: not any more; *at is
 * when the last one has had its time. */
static bool sending(const struct fips_node *n, unsigned i, uint64_t *at)
{
	uint64_t young = fips_ms(n->timers.duplicate), gap = fips_ms(n->timers.resend);

	*at = 0;
	for (; i && *at + gap < young; i--) {
		*at += gap;
		gap *= 2;
	}
	if (i)
		*at = young + young / 15 + (i - 1) * (young / 6);
	return i <= LATE_SENDINGS;
}

static uint64_t next_sending(const struct fips_node *n, const struct fips_resend *r)
{
	uint64_t at;

	sending(n, r->count + 1, &at);
	return r->start + at;
}

static void begin(struct fips_node *n, struct fips_peer *p)
{
	char text[FIPS_ADDR_TEXT];

	if (!fips_dial_write(n, p, &p->rekey, &p->via))
		return;
	p->rekey.resend.next = next_sending(n, &p->rekey.resend);
	fips_count(n, FIPS_NODE_LINK_REKEYS);
	fips_log_of(n, FIPS_LOG_DEBUG, &p->addr, "link to %s: rekey", fips_peer_name(p, text));
}

void fips_link_rekey_cancel(struct fips_node *n, struct fips_peer *p)
{
	fips_dial_cancel(n, &p->rekey);
}

/* Nobody answered.  The key that is there goes on. */
static void give_up(struct fips_node *n, struct fips_peer *p)
{
	char text[FIPS_ADDR_TEXT];

	fips_link_rekey_cancel(n, p);
	p->rekey_due = n->now + fips_ms(n->timers.link_guard) + fips_rekey_spread(n);
	p->rekey_count = MR_NEVER;
	p->rekey_at = n->rekey ? p->rekey_due : MR_NEVER;
	p->dead_at = n->now; /* to be looked at by the usual measure */
	fips_count(n, FIPS_NODE_LINK_REKEYS_FAILED);
	fips_log_of(n, FIPS_LOG_WARN, &p->addr,
		    "link to %s: no answer to a rekey, the old key goes on",
		    fips_peer_name(p, text));
}

static void send_again(struct fips_node *n, struct fips_peer *p)
{
	struct fips_resend *r = &p->rekey.resend;
	uint64_t at;

	do {
		r->count++;
		if (!sending(n, r->count, &at)) {
			give_up(n, p);
			return;
		}
		r->next = next_sending(n, r);
	} while (r->next <= n->now); /* what a long sleep missed is sent once */
	fips_act_raw(n, &p->via, p->rekey.packet, FIPS_MSG1_LEN);
}

/* Message 2 has come and its key is installed. */
void fips_link_rekey_answered(struct fips_node *n, struct fips_peer *p, struct fips_link_key *key)
{
	if (memcmp(p->link_epoch, key->epoch, FIPS_EPOCH_LEN) != 0)
		fips_link_dialled(n, p, key); /* by another process than we have a link with */
	else
		key->use_at = n->now + fips_ms(n->timers.link_cut_over);
}

void fips_link_rekey_timer(struct fips_node *n, struct fips_peer *p)
{
	if (p->rekey.on) {
		if (n->now >= p->rekey.resend.next)
			send_again(n, p);
		return;
	}
	if (n->now < p->rekey_at)
		return;
	p->rekey_at = n->now + FIPS_LOOK;
	if (n->now < p->rekey_due)
		p->rekey_at = fips_sooner(p->rekey_at, p->rekey_due);
	if (at_rest(n, p) && is_due(n, p))
		begin(n, p);
}

uint64_t fips_link_rekey_due(const struct fips_peer *p)
{
	return p->rekey.on ? p->rekey.resend.next : p->rekey_at;
}
