/* session_answer.c - setups of others, of a first session and of a rekey (session.md 3.3 to 3.6).
 *
 * A setup proves nothing, so what it brings about stands beside whatever there is: up to two
 * half-open handshakes an endpoint, with the ack stored and repeated, until a message 3 opens one
 * of them.  One that came by the link that leads to the endpoint is not pushed out by others, and a
 * first setup of ours waits for it, but not for long, and not for the next one.  Message 3 does
 * prove who wrote it, and that its writer holds the keys: we send under them at once, and only now
 * is a rekey of ours given up for it.
 *
 * The same setup gets the same ack; one whose session is made is ignored. */

#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

/* The ack has been sent three times, and was answered if anybody is there. */
#define YIELD (4 * MR_NS_PER_S)

#define FREE_TRIES 2 /* message 3s read for a setup that do not count beyond it */

/* Is a handshake under way that came by the link that leads to the endpoint? */
bool fips_session_half_open(const struct fips_session *s)
{
	for (unsigned i = 0; i < FIPS_HALVES; i++)
		if (s->halves[i].on && s->halves[i].own)
			return true;
	return false;
}

bool fips_session_yields(const struct fips_session *s)
{
	return s->yield_until != MR_NEVER && fips_session_half_open(s);
}

/* Once: there may be no end of setups in its name. */
static void yield(struct fips_node *n, struct fips_session *s)
{
	if (!s->yield_until && s->state != FIPS_SESSION_ESTABLISHED)
		s->yield_until = n->now + YIELD;
}

static bool any_half(const struct fips_session *s)
{
	for (unsigned i = 0; i < FIPS_HALVES; i++)
		if (s->halves[i].on)
			return true;
	return false;
}

static struct fips_half *half_of(struct fips_session *s, const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	for (unsigned i = 0; i < FIPS_HALVES; i++)
		if (s->halves[i].on &&
		    memcmp(s->halves[i].ephemeral, ephemeral, FIPS_EPHEMERAL) == 0)
			return &s->halves[i];
	return NULL;
}

static bool made_a_key(const struct fips_session_key *key, const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	return key->id && memcmp(key->ephemeral, ephemeral, FIPS_EPHEMERAL) == 0;
}

/* Where a new half may go: a free place, else the oldest of its own rank or below. */
static struct fips_half *half_slot(struct fips_session *s, bool own)
{
	struct fips_half *slot = NULL;

	for (unsigned i = 0; i < FIPS_HALVES; i++) {
		struct fips_half *h = &s->halves[i];

		if (!h->on)
			return h;
		if (h->own && !own)
			continue;
		if (!slot || (slot->own && !h->own) ||
		    (slot->own == h->own && h->resend.start < slot->resend.start))
			slot = h;
	}
	return slot;
}

/* May a setup be answered that no half stands for yet? */
static bool acceptable(const struct fips_node *n, const struct fips_session *s,
                       const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	if (s->state != FIPS_SESSION_ESTABLISHED)
		return true;
	if (made_a_key(&s->current, ephemeral) || made_a_key(&s->pending, ephemeral) ||
	    made_a_key(&s->previous, ephemeral))
		return false;
	return !s->pending.id || n->now - s->pending.made >= fips_ms(n->timers.session_pending);
}

static bool fits(const struct fips_node *n, size_t ack_len)
{
	return ack_len <= FIPS_PAPER_MAX &&
	       ack_len + FIPS_DATAGRAM_HEAD + FIPS_LINK_OVERHEAD <= n->link_mtu;
}

static void send_ack(struct fips_node *n, const struct fips_session *s, const struct fips_half *h)
{
	const uint8_t *ack = fips_session_papers(n, s)->ack[h - s->halves];

	fips_act_datagram(n, &s->addr, ack, h->ack_len);
}

/* The same message 2 again.  Where we are is said as it is now, and where they are as they said it
 * last, since those on the way go by it.  setup: it has come again, NULL: it has not. */
static void send_ack_again(struct fips_node *n, const struct fips_session *s, struct fips_half *h,
                           const struct fips_fsp_setup *setup)
{
	uint8_t *paper = fips_session_papers(n, s)->ack[h - s->halves], was[FIPS_PAPER_MAX];
	struct fips_fsp_setup ack;

	memcpy(was, paper, h->ack_len);
	if (fips_fsp_ack_parse(was, h->ack_len, &ack)) {
		ack.src = fips_treepath_coords(fips_mesh_path(n));
		if (setup)
			ack.dest = setup->src;
		if (fits(n, FIPS_FSP_ACK_LEN(ack.src.count, ack.dest.count)))
			h->ack_len = (uint16_t)fips_fsp_ack_build(paper, FIPS_PAPER_MAX, &ack);
	}
	send_ack(n, s, h);
}

/* Message 2, and the ack around it.  No state unless it works out. */
static bool make_half(struct fips_node *n, const struct fips_fsp_setup *setup, struct fips_half *h,
                      uint8_t paper[FIPS_PAPER_MAX])
{
	uint8_t ephemeral[FIPS_SECRET_LEN];
	uint8_t noise[FIPS_XK_MSG2];
	struct fips_fsp_setup ack = { .src = fips_treepath_coords(fips_mesh_path(n)),
		                      .dest = setup->src, .noise = noise };

	mr_rand_bytes(&n->env.rand, ephemeral, sizeof ephemeral);
	fips_xk_init_responder(&h->xk, &n->env.curve, &n->me, ephemeral, n->epoch);
	mr_wipe(ephemeral, sizeof ephemeral);
	n->ops += 3;
	if (!fips_xk_read1(&h->xk, setup->noise) || !fips_xk_write2(&h->xk, noise))
		return false;
	h->ack_len = (uint16_t)fips_fsp_ack_build(paper, FIPS_PAPER_MAX, &ack);
	memcpy(h->ephemeral, setup->noise + 1, FIPS_EPHEMERAL);
	h->on = h->ack_len > 0;
	return h->on;
}

/* A setup, and how it came. */
struct arrival {
	const struct fips_peer *link;
	const struct fips_addr *src;
	struct fips_fsp_setup   setup;
	bool                    own; /* by the link that leads to src */
};

static struct fips_session *begin(struct fips_node *n, const struct arrival *a)
{
	struct fips_session *s = fips_session_add(n, a->src, a->link, false);

	if (s)
		s->state = FIPS_SESSION_ANSWERED;
	return s;
}

static void answer(struct fips_node *n, struct fips_session *s, const struct arrival *a)
{
	struct fips_half made = { .own = a->own };
	uint8_t paper[FIPS_PAPER_MAX];
	struct fips_half *slot;

	if (!make_half(n, &a->setup, &made, paper)) {
		fips_count(n, FIPS_NODE_FORGED);
		return;
	}
	if (!s)
		s = begin(n, a);
	if (!s) {
		mr_wipe(&made, sizeof made);
		return;
	}
	if (!s->expected && s->state != FIPS_SESSION_ESTABLISHED) {
		s->expected = true;
		fips_act_peer(n, FIPS_ACT_EXPECT_SESSION, &s->addr);
	}
	slot = half_slot(s, a->own);
	if (slot) {
		*slot = made;
		memcpy(fips_session_papers(n, s)->ack[slot - s->halves], paper, made.ack_len);
		fips_resend_start(n, &slot->resend);
		if (a->own)
			yield(n, s);
		send_ack(n, s, slot);
	} else {
		fips_count(n, FIPS_NODE_SESSION_STATE);
	}
	mr_wipe(&made, sizeof made);
}

/* Both have begun a rekey: the smaller address goes on with its own.  The larger one answers, and
 * keeps its own until a message 3 shows that the setup was the other side's. */
static bool ours_goes_on(const struct fips_node *n, const struct fips_session *s)
{
	return fips_addr_cmp(&n->me.addr, &s->addr) < 0;
}

static void admitted(struct fips_node *n, const struct arrival *a)
{
	struct fips_session *s = fips_session_find(n, a->src);
	const uint8_t *ephemeral = a->setup.noise + 1;
	struct fips_half *half = s ? half_of(s, ephemeral) : NULL;

	if (half) {
		half->own |= a->own;
		if (half->own)
			yield(n, s);
		send_ack_again(n, s, half, &a->setup);
		return;
	}
	if (s && s->state == FIPS_SESSION_INITIATING && fips_addr_cmp(&n->me.addr, a->src) < 0) {
		fips_count(n, FIPS_NODE_SESSION_STATE); /* they will answer ours */
		return;
	}
	if (s && !acceptable(n, s, ephemeral)) {
		fips_count(n, FIPS_NODE_SESSION_STATE);
		return;
	}
	if (s && s->step == FIPS_REKEY_SETUP && a->own && ours_goes_on(n, s)) {
		fips_count(n, FIPS_NODE_SESSION_STATE);
		return;
	}
	answer(n, s, a);
}

/* Does an answer to it fit? */
static bool answerable(const struct fips_node *n, const struct fips_fsp_setup *setup)
{
	return fits(n, FIPS_FSP_ACK_LEN(fips_mesh_path(n)->n, setup->src.count));
}

/* The answer is routed by the coordinates that the setup brings.  They are learnt at once if
 * nothing better is known; what a session that is in use goes by is not changed before message 3
 * has shown who speaks. */
void fips_session_setup(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                        const uint8_t *fsp, size_t len)
{
	const struct fips_session *s = fips_session_find(n, src);
	bool rekey = s && s->state == FIPS_SESSION_ESTABLISHED;
	struct arrival a = { .link = link, .src = src };
	const struct fips_peer *hop;

	if (!fips_fsp_setup_parse(fsp, len, &a.setup) || !answerable(n, &a.setup)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	if (!fips_bucket_take(rekey ? &link->rekeys : &link->setups, n->now)) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	hop = fips_hop_to(n, src);
	if (!rekey || !hop) {
		fips_mesh_learn(n, src, &a.setup.src);
		hop = fips_hop_to(n, src);
	}
	if (!hop || hop->close_at != MR_NEVER || (hop != link && !fips_peer_proven(hop))) {
		fips_count(n, FIPS_NODE_NO_ROUTE);
		return;
	}
	a.own = link == hop;
	admitted(n, &a);
}

/* The place that the setup gave is its writer's word. */
static void learn(struct fips_node *n, const struct fips_session *s, const struct fips_half *half)
{
	const uint8_t *paper = fips_session_papers(n, s)->ack[half - s->halves];
	struct fips_fsp_setup ack;

	if (fips_fsp_ack_parse(paper, half->ack_len, &ack))
		fips_mesh_learn(n, &s->addr, &ack.dest);
}

/* Message 3 opened.  Handshakes begun before this one are over. */
static void finish(struct fips_node *n, struct fips_session *s, struct fips_half *half)
{
	bool rekey = s->state == FIPS_SESSION_ESTABLISHED;
	struct fips_session_key *key;

	fips_session_start_wipe(s);
	if (rekey) {
		fips_count(n, FIPS_NODE_SESSION_REKEYS_ANSWERED);
		s->rekey_calm = n->now + fips_ms(n->timers.rekey_calm);
	} else {
		s->initiator = false;
	}
	memcpy(s->pub, half->xk.remote_pub, FIPS_PUB_LEN);
	fips_node_meet(n, s->pub);
	learn(n, s, half);
	key = fips_session_key_install(n, s, &half->xk);
	memcpy(key->ephemeral, half->ephemeral, FIPS_EPHEMERAL);
	for (unsigned i = 0; i < FIPS_HALVES; i++) {
		struct fips_half *other = &s->halves[i];

		if (other != half && other->on && other->resend.start <= half->resend.start)
			mr_wipe(other, sizeof *other);
	}
	mr_wipe(half, sizeof *half);
	fips_session_established(n, s, key);
}

/* Forget a half; a session that was nothing else goes too. */
static void half_over(struct fips_node *n, struct fips_session *s, struct fips_half *half)
{
	struct fips_addr addr = s->addr;

	mr_wipe(half, sizeof *half);
	if (s->state != FIPS_SESSION_ANSWERED || any_half(s))
		return;
	fips_session_drop(n, s);
	if (fips_wanted_find(n, &addr))
		fips_session_initiate(n, &addr);
}

static bool writer_is(const struct fips_xk *xk, const struct fips_addr *src)
{
	struct fips_addr addr = fips_addr_of_key(xk->remote_pub + 1);

	return fips_addr_eq(&addr, src);
}

/* The first message 3s for a setup were paid for with it: who sends others' that are none, be it
 * for setups of his own, uses up the link's allowance for such and nobody's first one. */
static bool may_try(const struct fips_session *s)
{
	for (unsigned i = 0; i < FIPS_HALVES; i++)
		if (s->halves[i].on && s->halves[i].tries == FREE_TRIES)
			return false;
	return true;
}

void fips_session_msg3(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                       const uint8_t *fsp, size_t len)
{
	struct fips_session *s = fips_session_find(n, src);
	const uint8_t *noise = fips_fsp_msg3_parse(fsp, len);

	if (!noise) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	if (!s || !any_half(s)) {
		fips_count(n, FIPS_NODE_SESSION_STATE);
		return;
	}
	if (!may_try(s) && !fips_bucket_take(&link->msg3s, n->now)) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	for (unsigned i = 0; i < FIPS_HALVES; i++) {
		struct fips_half *half = &s->halves[i];

		if (!half->on)
			continue;
		n->ops++;
		half->tries += half->tries < FREE_TRIES;
		if (!fips_xk_read3(&half->xk, noise))
			continue;
		if (!writer_is(&half->xk, src)) {
			fips_count(n, FIPS_NODE_FORGED);
			half_over(n, s, half);
		} else if (s->step == FIPS_REKEY_MSG3 && ours_goes_on(n, s)) {
			fips_count(n, FIPS_NODE_SESSION_STATE); /* each has answered the other */
			half_over(n, s, half);
		} else {
			finish(n, s, half);
		}
		return;
	}
	fips_count(n, FIPS_NODE_FORGED);
}

/* Theirs has had its time. */
static void yielded(struct fips_node *n, struct fips_session *s)
{
	s->yield_until = MR_NEVER;
	if (s->state == FIPS_SESSION_ANSWERED && fips_wanted_find(n, &s->addr))
		fips_session_initiate(n, &s->addr);
}

void fips_session_answer_timer(struct fips_node *n, struct fips_session *s)
{
	if (s->yield_until && n->now >= s->yield_until)
		yielded(n, s);
	for (unsigned i = 0; i < FIPS_HALVES; i++) {
		struct fips_half *half = &s->halves[i];

		if (!half->on)
			continue;
		if (n->now >= half->resend.start + fips_ms(n->timers.handshake)) {
			half_over(n, s, half);
			if (!s->used || s->state == FIPS_SESSION_INITIATING)
				return;
		} else if (fips_resend_due(n, &half->resend)) {
			send_ack_again(n, s, half, NULL);
		}
	}
}
