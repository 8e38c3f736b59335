#include "t/lib/reference.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fips/wire/report.h"
#include "t/lib/small_curve.h"

static uint64_t now_of(const struct reference *r)
{
	return r->node->world->now;
}

static void draw_age(struct reference *r)
{
	r->rekey_age = SECONDS(r->config.link_age - 15 + world_random(r->node->world, 31));
}

/* --- sending ---------------------------------------------------------------------------------- */

void reference_link_send(struct reference *r, const uint8_t *message, size_t n)
{
	uint8_t frame[MOCK_FRAME_MAX];
	uint32_t stamp = (uint32_t)((now_of(r) - r->started) / MR_NS_PER_MS);

	if (!r->active)
		return;
	nonces_use(&r->node->world->nonces, r->cur.send, r->cur.counter);
	n = mock_link_seal(frame, r->cur.send, r->cur.theirs, r->cur.counter++,
	                   r->k ? FIPS_LINK_K : 0, stamp, message, n);
	world_send(r->node->world, &r->node->via, &r->via, frame, n);
}

static void raw(struct reference *r, const struct fips_via *to, const uint8_t *bytes, size_t n)
{
	world_send(r->node->world, &r->node->via, to, bytes, n);
}

static void ephemeral(struct reference *r, uint8_t out[FIPS_SECRET_LEN])
{
	mr_rand_bytes(&r->rand, out, FIPS_SECRET_LEN);
}

static void call(struct reference *r, bool rekey)
{
	struct fips_msg1 msg = { .noise = r->msg1 + 8 };
	uint8_t e[FIPS_SECRET_LEN];

	ephemeral(r, e);
	fips_ik_init_initiator(&r->ik, &r->curve, &r->node->me, r->peer.pub, e, r->epoch);
	ck_assert(fips_ik_write1(&r->ik, r->msg1 + 8));
	msg.sender_idx = r->call_index = mr_rand_u32(&r->rand);
	fips_msg1_build(r->msg1, &msg);
	r->calling = true;
	r->rekeying = rekey;
	r->call_at = now_of(r);
	r->resend_at = now_of(r) + SECONDS(1);
	r->resends = 0;
	raw(r, &r->via, r->msg1, FIPS_MSG1_LEN);
}

/* --- up, over, down --------------------------------------------------------------------------- */

static void key_of(struct ref_key *key, const struct fips_ik *ik, uint32_t ours, uint32_t theirs)
{
	*key = (struct ref_key){ .on = true, .ours = ours, .theirs = theirs };
	fips_ik_split(ik, key->send, key->recv);
}

static void up(struct reference *r, const uint8_t epoch[FIPS_EPOCH_LEN])
{
	static const uint8_t announce[80] = { FIPS_LINK_TREE_ANNOUNCE };

	r->active = true;
	r->k = r->config.k_out_of_phase;
	r->started = r->heard = now_of(r);
	r->beat_at = 0;
	r->bad = 0;
	r->retries = 0;
	r->prev.on = r->pend.on = false;
	r->suppress_until = 0;
	r->links++;
	memcpy(r->peer_epoch, epoch, FIPS_EPOCH_LEN);
	draw_age(r);
	reference_link_send(r, announce, sizeof announce);
}

static void down(struct reference *r, bool lost)
{
	r->active = false;
	r->cur.on = r->prev.on = r->pend.on = false;
	if (r->rekeying)
		r->calling = r->rekeying = false;
	r->lost += lost;
	r->stored = false;
	reference_session_gone(r);
	if (r->config.dials)
		r->dial_at = now_of(r) + SECONDS(5);
}

static void cut_over(struct reference *r)
{
	r->prev = r->cur;
	r->cur = r->pend;
	r->pend.on = false;
	r->k = !r->k;
	r->started = now_of(r);
	r->drain_at = now_of(r) + SECONDS(10);
	r->rx_frames = 0;
	r->link_rekeys++;
	draw_age(r);
}

/* --- handshakes ------------------------------------------------------------------------------- */

static void answer(struct reference *r, struct fips_ik *ik, const struct fips_msg1 *msg,
                   const struct fips_via *from, struct ref_key *key, uint8_t out[FIPS_MSG2_LEN])
{
	uint32_t ours = mr_rand_u32(&r->rand);
	struct fips_msg2 msg2 = { .sender_idx = ours, .receiver_idx = msg->sender_idx,
		                  .noise = out + 12 };

	ck_assert(fips_ik_write2(ik, out + 12));
	fips_msg2_build(out, &msg2);
	key_of(key, ik, ours, msg->sender_idx);
	raw(r, from, out, FIPS_MSG2_LEN);
}

/* link.md 6.5, the rows of a peer that is active under the same epoch. */
static void msg1_known(struct reference *r, struct fips_ik *ik, const struct fips_msg1 *msg,
                       const struct fips_via *from)
{
	uint8_t out[FIPS_MSG2_LEN];

	if (now_of(r) - r->started < SECONDS(30)) {
		if (r->stored)
			raw(r, from, r->msg2, FIPS_MSG2_LEN);
		return;
	}
	if (r->pend.on)
		return;
	if (r->calling && r->rekeying) {
		if (fips_addr_cmp(&r->node->me.addr, &r->peer.addr) < 0)
			return;
		r->calling = r->rekeying = false;
	}
	answer(r, ik, msg, from, &r->pend, out);
	r->suppress_until = now_of(r) + SECONDS(30);
}

static void msg1_in(struct reference *r, const uint8_t *bytes, const struct fips_via *from)
{
	struct fips_msg1 msg;
	struct fips_ik ik;
	uint8_t e[FIPS_SECRET_LEN];

	fips_msg1_parse(bytes, &msg);
	ephemeral(r, e);
	fips_ik_init_responder(&ik, &r->curve, &r->node->me, e, r->epoch);
	if (!fips_ik_read1(&ik, msg.noise) || memcmp(ik.remote_pub + 1, r->peer.pub + 1, 32) != 0)
		return;
	if (r->active && memcmp(ik.remote_epoch, r->peer_epoch, FIPS_EPOCH_LEN) != 0)
		down(r, false);
	if (r->active) {
		msg1_known(r, &ik, &msg, from);
		return;
	}
	r->via = *from;
	answer(r, &ik, &msg, from, &r->cur, r->msg2);
	r->stored = true;
	up(r, ik.remote_epoch);
}

static void msg2_in(struct reference *r, const uint8_t *bytes, const struct fips_via *from)
{
	struct fips_msg2 msg;
	bool rekey = r->rekeying;

	fips_msg2_parse(bytes, &msg);
	if (!r->calling || msg.receiver_idx != r->call_index)
		return;
	r->calling = r->rekeying = false;
	if (!fips_ik_read2(&r->ik, msg.noise))
		return;
	if (rekey && memcmp(r->ik.remote_epoch, r->peer_epoch, FIPS_EPOCH_LEN) != 0) {
		memcpy(r->peer_epoch, r->ik.remote_epoch, FIPS_EPOCH_LEN);
		reference_session_gone(r);
	}
	if (rekey) {
		key_of(&r->pend, &r->ik, r->call_index, msg.sender_idx);
	} else if (!r->active) {
		r->via = *from;
		r->stored = false;
		key_of(&r->cur, &r->ik, r->call_index, msg.sender_idx);
		up(r, r->ik.remote_epoch);
	} else if (fips_addr_cmp(&r->node->me.addr, &r->peer.addr) < 0) {
		key_of(&r->cur, &r->ik, r->call_index, msg.sender_idx);
	}
}

/* --- frames ----------------------------------------------------------------------------------- */

static bool fresh(const struct ref_key *key, uint64_t counter)
{
	return fips_window_test(&key->window, counter) == FIPS_REPLAY_FRESH;
}

static bool opens(struct ref_key *key, const uint8_t *frame, size_t n, uint64_t counter)
{
	if (!fresh(key, counter) || !mock_link_open(frame, n, key->recv))
		return false;
	fips_window_commit(&key->window, counter);
	return true;
}

/* link.md 3.7, steps 6 to 9. */
static bool select_key(struct reference *r, const uint8_t *frame, size_t n,
                       const struct fips_link_head *head)
{
	bool mine = (r->cur.on && head->receiver_idx == r->cur.ours) ||
	            (r->prev.on && head->receiver_idx == r->prev.ours) ||
	            (r->pend.on && head->receiver_idx == r->pend.ours);
	struct ref_key *key;

	if (!r->active || !mine)
		return false;
	if ((head->flags & FIPS_LINK_K) != r->k && r->pend.on &&
	    opens(&r->pend, frame, n, head->counter)) {
		cut_over(r);
		return true;
	}
	key = r->prev.on && head->receiver_idx == r->prev.ours ? &r->prev : &r->cur;
	if (opens(key, frame, n, head->counter))
		return true;
	if (!fresh(key, head->counter))
		return false;
	r->undecryptable++;
	if (++r->bad >= 20)
		down(r, true);
	return false;
}

static void frame_in(struct reference *r, const uint8_t *frame, size_t n,
                     const struct fips_via *from)
{
	const uint8_t *message = frame + FIPS_LINK_HEAD + FIPS_LINK_STAMP;
	struct fips_link_head head;
	struct fips_datagram d;

	fips_link_head_parse(frame, &head);
	if (!select_key(r, frame, n, &head))
		return;
	r->bad = 0;
	r->heard = now_of(r);
	r->via = *from;
	r->rx_frames++;
	r->echo = mr_le32(frame + FIPS_LINK_HEAD);
	if (message[0] == FIPS_LINK_DISCONNECT)
		down(r, true);
	else if (message[0] == FIPS_LINK_DATAGRAM &&
	         fips_datagram_parse(message, n - FIPS_LINK_OVERHEAD, &d))
		reference_fsp(r, d.payload, d.payload_len);
}

static void packet(void *self, const struct fips_via *from, const uint8_t *bytes, size_t n)
{
	struct reference *r = self;

	switch (fips_frame_check(bytes, n)) {
	case FIPS_FRAME_MSG1: msg1_in(r, bytes, from); break;
	case FIPS_FRAME_MSG2: msg2_in(r, bytes, from); break;
	case FIPS_FRAME_ESTABLISHED: frame_in(r, bytes, n, from); break;
	default: break;
	}
}

/* --- the tick --------------------------------------------------------------------------------- */

static void call_tick(struct reference *r)
{
	unsigned most = 5;

	if (!r->calling)
		return;
	if (!r->rekeying && now_of(r) - r->call_at > SECONDS(30)) {
		r->calling = false;
		r->dial_at = now_of(r) + SECONDS(10);
		return;
	}
	if (now_of(r) < r->resend_at)
		return;
	if (r->resends == most) {
		if (r->rekeying)
			r->calling = r->rekeying = false;
		return;
	}
	r->resends++;
	r->resend_at += SECONDS(UINT64_C(1) << r->resends);
	raw(r, &r->via, r->msg1, FIPS_MSG1_LEN);
}

static void report(struct reference *r)
{
	struct fips_receiver_report rr = { .highest = r->cur.window.highest, .frames = r->rx_frames,
		                           .bytes = r->rx_frames * 100, .echo = r->echo };
	uint8_t out[FIPS_LINK_RECEIVER_LEN];

	fips_link_receiver_build(out, &rr);
	reference_link_send(r, out, sizeof out);
}

static void active_tick(struct reference *r)
{
	static const uint8_t beat = FIPS_LINK_HEARTBEAT;
	bool own_rekey = r->calling && r->rekeying;

	if (now_of(r) - (r->heard > r->started ? r->heard : r->started) > SECONDS(30) &&
	    !(own_rekey && r->resends < 5)) {
		down(r, true);
		return;
	}
	if (r->pend.on)
		cut_over(r);
	if (r->prev.on && now_of(r) >= r->drain_at)
		r->prev.on = false;
	if (now_of(r) >= r->beat_at) {
		reference_link_send(r, &beat, 1);
		r->beat_at = now_of(r) + SECONDS(10);
	}
	report(r);
	if (!r->calling && !r->pend.on && now_of(r) >= r->suppress_until &&
	    (now_of(r) - r->started >= r->rekey_age || r->cur.counter >= r->config.link_messages))
		call(r, true);
}

static void wake(void *self)
{
	struct reference *r = self;

	if (now_of(r) < r->next_tick) {
		world_wake(r->node, r->next_tick);
		return;
	}
	r->next_tick = now_of(r) + SECONDS(1);
	call_tick(r);
	if (r->active)
		active_tick(r);
	else if (r->config.dials && !r->calling && now_of(r) >= r->dial_at)
		call(r, false);
	reference_session_tick(r);
	world_wake(r->node, r->next_tick);
}

void reference_restart(struct reference *r)
{
	r->active = r->calling = r->rekeying = r->stored = false;
	r->cur.on = r->prev.on = r->pend.on = false;
	reference_session_gone(r);
	mr_rand_bytes(&r->rand, r->epoch, sizeof r->epoch);
	r->dial_at = 0;
}

static void reference_close(void *self)
{
	free(self);
}

struct reference *reference_open(struct world *w, const struct reference_config *config)
{
	static const struct actor_ops ops = { .packet = packet, .wake = wake,
	                                      .close = reference_close };
	struct reference *r = calloc(1, sizeof *r);

	ck_assert_ptr_nonnull(r);
	r->config = *config;
	r->node = world_actor(w, config->secret, &ops, r);
	r->peer = world_identity(config->peer);
	r->curve = small_curve();
	r->node->rand.seed = world_random(w, 0);
	r->rand = mr_rand_seeded(&r->node->rand);
	mr_rand_bytes(&r->rand, r->epoch, sizeof r->epoch);
	r->via = world_via(config->peer, 0);
	r->next_tick = w->now + world_random(w, MR_NS_PER_S);
	world_wake(r->node, r->next_tick);
	return r;
}
