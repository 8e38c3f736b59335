#include <string.h>

#include <check.h>

#include "fips/wire/report.h"
#include "t/lib/reference.h"

static uint64_t now_of(const struct reference *r)
{
	return r->node->world->now;
}

static void draw_age(struct reference *r)
{
	r->s_age = SECONDS(r->config.session_age - 15 + world_random(r->node->world, 31));
}

static void send_fsp(struct reference *r, const uint8_t *fsp, size_t n)
{
	uint8_t message[MOCK_FRAME_MAX];
	struct fips_datagram d = { .ttl = FIPS_DATAGRAM_TTL, .path_mtu = FIPS_UDP_MTU,
		                   .src = r->node->me.addr, .dest = r->peer.addr };

	fips_datagram_build(message, &d);
	memcpy(message + FIPS_DATAGRAM_HEAD, fsp, n);
	reference_link_send(r, message, FIPS_DATAGRAM_HEAD + n);
}

static void seal(struct reference *r, const uint8_t *view, size_t n)
{
	uint8_t out[MOCK_FRAME_MAX];
	uint32_t stamp = (uint32_t)((now_of(r) - r->s_started) / MR_NS_PER_MS);

	nonces_use(&r->node->world->nonces, r->s_cur.send, r->s_cur.counter);
	n = mock_session_seal(out, r->s_cur.send, &r->node->me.addr, &r->peer.addr,
	                      r->s_cur.counter++, r->s_k, stamp, view, n);
	reference_link_send(r, out, n);
}

static void data(struct reference *r)
{
	uint8_t view[LEDGER_VIEW];

	ledger_packet(&r->node->ledger, &r->node->me.addr, view);
	seal(r, view, sizeof view);
	r->s_data = now_of(r);
}

static void keys(struct ref_key *key, const struct fips_xk *xk)
{
	*key = (struct ref_key){ .on = true };
	fips_xk_split(xk, key->send, key->recv);
}

static void ephemeral(struct reference *r, uint8_t out[FIPS_SECRET_LEN])
{
	mr_rand_bytes(&r->rand, out, FIPS_SECRET_LEN);
}

/* --- setups ----------------------------------------------------------------------------------- */

/* Message 1 of a session or of a rekey, stored and sent. */
static void setup(struct reference *r)
{
	uint8_t noise[FIPS_XK_MSG1], e[FIPS_SECRET_LEN];
	struct fips_coords us = fips_coords_of(&r->node->me.addr, 1);
	struct fips_fsp_setup msg = { .src = us, .dest = us, .noise = noise };

	ephemeral(r, e);
	fips_xk_init_initiator(&r->xk, &r->curve, &r->node->me, r->peer.pub, e, r->epoch);
	ck_assert(fips_xk_write1(&r->xk, noise));
	r->stored_len = fips_fsp_setup_build(r->stored_fsp, sizeof r->stored_fsp, &msg);
	send_fsp(r, r->stored_fsp, r->stored_len);
}

static void initiate(struct reference *r)
{
	setup(r);
	r->state = REF_INITIATING;
	r->s_made = now_of(r);
	r->s_resend = now_of(r) + SECONDS(1);
	r->s_resends = 0;
}

static void established(struct reference *r)
{
	r->state = REF_ESTABLISHED;
	r->s_started = r->s_data = now_of(r);
	r->s_k = r->config.k_out_of_phase;
	r->s_prev.on = r->s_pend.on = r->in_flight = r->msg3_kept = false;
	r->s_suppress = 0;
	r->sessions++;
	draw_age(r);
	for (; r->queued; r->queued--)
		data(r);
}

/* Answer a setup: message 2, stored. */
static bool answer(struct reference *r, const struct fips_fsp_setup *msg)
{
	uint8_t noise[FIPS_XK_MSG2], e[FIPS_SECRET_LEN];
	struct fips_fsp_setup ack = { .src = fips_coords_of(&r->node->me.addr, 1),
		                      .dest = msg->src, .noise = noise };

	ephemeral(r, e);
	fips_xk_init_responder(&r->xk, &r->curve, &r->node->me, e, r->epoch);
	if (!fips_xk_read1(&r->xk, msg->noise) || !fips_xk_write2(&r->xk, noise))
		return false;
	r->stored_len = fips_fsp_ack_build(r->stored_fsp, sizeof r->stored_fsp, &ack);
	send_fsp(r, r->stored_fsp, r->stored_len);
	return true;
}

static void setup_established(struct reference *r, const struct fips_fsp_setup *msg)
{
	if (r->in_flight && fips_addr_cmp(&r->node->me.addr, &r->peer.addr) < 0)
		return;
	if (!r->in_flight && r->s_pend.on && now_of(r) - r->pend_at < SECONDS(90))
		return;
	r->in_flight = answer(r, msg);
	r->ours = false;
	r->flight_at = now_of(r);
	r->s_suppress = now_of(r) + SECONDS(30);
}

static void setup_in(struct reference *r, const struct fips_fsp_setup *msg)
{
	switch (r->state) {
	case REF_INITIATING:
		if (fips_addr_cmp(&r->node->me.addr, &r->peer.addr) < 0)
			return;
		/* fall through */
	case REF_NONE:
		if (!answer(r, msg))
			return;
		r->state = REF_AWAITING;
		r->s_made = now_of(r);
		r->s_resend = now_of(r) + SECONDS(1);
		r->s_resends = 0;
		break;
	case REF_AWAITING: send_fsp(r, r->stored_fsp, r->stored_len); break;
	case REF_ESTABLISHED: setup_established(r, msg); break;
	}
}

static void ack_in(struct reference *r, const struct fips_fsp_setup *ack)
{
	bool rekey = r->state == REF_ESTABLISHED && r->in_flight && r->ours;
	uint8_t noise[FIPS_XK_MSG3];

	if (r->state != REF_INITIATING && !rekey)
		return;
	if (!fips_xk_read2(&r->xk, ack->noise)) {
		if (rekey)
			r->in_flight = false;
		return;
	}
	ck_assert(fips_xk_write3(&r->xk, noise));
	fips_fsp_msg3_build(r->msg3, noise);
	send_fsp(r, r->msg3, sizeof r->msg3);
	if (!rekey) {
		keys(&r->s_cur, &r->xk);
		established(r);
		return;
	}
	keys(&r->s_pend, &r->xk);
	r->in_flight = false;
	r->pend_at = r->msg3_at = now_of(r);
	r->msg3_at += SECONDS(1);
	r->msg3_kept = true;
	r->msg3_resends = 0;
}

static void msg3_in(struct reference *r, const uint8_t *noise)
{
	bool rekey = r->state == REF_ESTABLISHED && r->in_flight && !r->ours;

	if (r->state != REF_AWAITING && !rekey)
		return;
	if (!fips_xk_read3(&r->xk, noise) ||
	    memcmp(r->xk.remote_pub + 1, r->peer.pub + 1, 32) != 0) {
		if (rekey)
			r->in_flight = false;
		else
			r->state = REF_NONE;
		return;
	}
	if (rekey) {
		keys(&r->s_pend, &r->xk);
		r->in_flight = false;
		r->pend_at = now_of(r);
	} else {
		keys(&r->s_cur, &r->xk);
		established(r);
	}
}

/* --- messages --------------------------------------------------------------------------------- */

static void promote(struct reference *r)
{
	r->s_prev = r->s_cur;
	r->s_cur = r->s_pend;
	r->s_pend.on = false;
	r->s_k = !r->s_k;
	r->s_started = now_of(r);
	r->s_drain = now_of(r) + SECONDS(10);
	r->s_rx_frames = 0;
	r->session_rekeys++;
	draw_age(r);
}

static bool opens(struct ref_key *key, const uint8_t *fsp, const struct fips_fsp_sealed *m)
{
	if (!key->on || fips_window_test(&key->window, m->counter) != FIPS_REPLAY_FRESH ||
	    !mock_session_open(fsp, m, key->recv))
		return false;
	fips_window_commit(&key->window, m->counter);
	return true;
}

static bool open_any(struct reference *r, const uint8_t *fsp, const struct fips_fsp_sealed *m)
{
	bool first = ((m->flags & FIPS_FSP_K) != 0) != r->s_k && r->s_pend.on;

	for (unsigned i = 0; i < 2; i++) {
		if ((i == 0) == first && opens(&r->s_pend, fsp, m)) {
			promote(r);
			r->msg3_kept = false;
			return true;
		}
		if ((i == 0) != first && opens(&r->s_cur, fsp, m)) {
			if (!r->s_pend.on)
				r->msg3_kept = false;
			return true;
		}
	}
	if (!opens(&r->s_prev, fsp, m))
		return false;
	r->s_drain = now_of(r) + SECONDS(10);
	return true;
}

static void message_in(struct reference *r, const uint8_t *fsp, size_t n)
{
	struct fips_fsp_sealed m;
	struct fips_fsp_text text;

	if (!fips_fsp_sealed_parse(fsp, n, &m) || r->state != REF_ESTABLISHED)
		return;
	if (!open_any(r, fsp, &m) ||
	    !fips_fsp_text_parse(m.sealed, m.sealed_len - FIPS_TAG, &text))
		return;
	r->s_rx_frames++;
	r->s_echo = text.timestamp;
	if (text.type != FIPS_FSP_DATA || text.len < FIPS_FSP_PORTS)
		return;
	world_got(r->node, text.body, text.len);
	r->s_data = now_of(r);
}

void reference_fsp(struct reference *r, const uint8_t *fsp, size_t n)
{
	struct fips_fsp_setup msg;
	const uint8_t *noise;

	switch (fips_fsp_check(fsp, n)) {
	case FIPS_FSP_SETUP:
		if (fips_fsp_setup_parse(fsp, n, &msg))
			setup_in(r, &msg);
		break;
	case FIPS_FSP_ACK:
		if (fips_fsp_ack_parse(fsp, n, &msg))
			ack_in(r, &msg);
		break;
	case FIPS_FSP_MSG3:
		noise = fips_fsp_msg3_parse(fsp, n);
		if (noise)
			msg3_in(r, noise);
		break;
	case FIPS_FSP_ENCRYPTED: message_in(r, fsp, n); break;
	default: break;
	}
}

void reference_data(struct reference *r)
{
	r->node->sent++;
	if (r->state == REF_ESTABLISHED) {
		data(r);
		return;
	}
	if (r->queued < 16)
		r->queued++;
	else
		r->node->dropped++;
	if (r->state == REF_NONE && r->active)
		initiate(r);
}

void reference_session_gone(struct reference *r)
{
	r->node->dropped += r->queued;
	r->queued = 0;
	r->state = REF_NONE;
	r->in_flight = r->msg3_kept = false;
	r->s_cur.on = r->s_prev.on = r->s_pend.on = false;
}

/* --- the tick --------------------------------------------------------------------------------- */

static void half_tick(struct reference *r)
{
	if (now_of(r) - r->s_made > SECONDS(30)) {
		reference_session_gone(r);
		return;
	}
	if (now_of(r) < r->s_resend || r->s_resends == 5)
		return;
	r->s_resends++;
	r->s_resend += SECONDS(UINT64_C(1) << r->s_resends);
	send_fsp(r, r->stored_fsp, r->stored_len);
}

static void msg3_tick(struct reference *r)
{
	if (!r->msg3_kept || now_of(r) < r->msg3_at)
		return;
	if (r->msg3_resends == 5) {
		r->msg3_kept = false;
		r->s_pend.on = false;
		return;
	}
	r->msg3_resends++;
	r->msg3_at += SECONDS(UINT64_C(1) << r->msg3_resends);
	send_fsp(r, r->msg3, sizeof r->msg3);
}

static void report(struct reference *r)
{
	struct fips_receiver_report rr = { .highest = r->s_cur.window.highest,
		                           .frames = r->s_rx_frames,
		                           .bytes = r->s_rx_frames * 100, .echo = r->s_echo };
	uint8_t view[1 + FIPS_SESSION_RECEIVER_LEN] = { FIPS_FSP_RECEIVER_REPORT };

	fips_session_receiver_build(view + 1, &rr);
	seal(r, view, sizeof view);
}

void reference_session_tick(struct reference *r)
{
	if (r->state == REF_INITIATING || r->state == REF_AWAITING)
		half_tick(r);
	if (r->state != REF_ESTABLISHED)
		return;
	if (now_of(r) - r->s_data > SECONDS(90)) {
		reference_session_gone(r);
		return;
	}
	if (r->in_flight && !r->ours && now_of(r) - r->flight_at > SECONDS(30))
		r->in_flight = false;
	if (r->s_pend.on && r->msg3_kept && now_of(r) - r->pend_at >= SECONDS(2))
		promote(r);
	msg3_tick(r);
	if (r->s_prev.on && now_of(r) >= r->s_drain)
		r->s_prev.on = false;
	report(r);
	if (!r->in_flight && !r->s_pend.on && !r->msg3_kept && now_of(r) >= r->s_suppress &&
	    (now_of(r) - r->s_started >= r->s_age ||
	     r->s_cur.counter >= r->config.session_messages)) {
		setup(r);
		r->in_flight = r->ours = true;
	}
}
