/* session_start.c - setups of ours (session.md 3.2, 3.4, 3.12).
 *
 *     setup --> ... ack --> message 3 --> ... anything under the new keys: confirmed
 *
 * They go out again at 1, 3, 7, 15 s: the setup until an ack opens, message 3 until the other side
 * is heard.  The Noise bytes are the same each time; where both ends are is said as it is known
 * then, since those on the way go by it, and when it is another it is said at once.  Until then the
 * state after message 1 is kept, since the ack that opened may have been an obsolete one: another
 * that opens replaces our keys.  The ephemeral key stays the same all the time.
 *
 * The setup of a rekey is sent once, and its first ack counts: see session_rekey.c. */

#include <string.h>

#include "core/hash.h"
#include "fips/node/parts.h"

static bool unconfirmed(const struct fips_session *s)
{
	return s->state == FIPS_SESSION_ESTABLISHED && s->step == FIPS_REKEY_NONE &&
	       s->confirm_until != MR_NEVER;
}

void fips_session_start_wipe(struct fips_session *s)
{
	mr_wipe(&s->start, sizeof s->start);
	s->step = FIPS_REKEY_NONE;
	s->resend.next = MR_NEVER;
	s->confirm_until = MR_NEVER;
	s->turn_at = MR_NEVER;
}

/* Where it is, as far as we know.  Of a neighbour that has not said so our own place is given, as
 * the reference does; of others the address is all there is. */
static struct fips_coords their_place(struct fips_node *n, const struct fips_session *s,
                                      struct fips_treepath *theirs)
{
	const struct fips_peer *hop = fips_hop_to(n, &s->addr);

	if (fips_session_their_place(n, &s->addr, FIPS_FSP_SETUP_LEN(0, 0), theirs))
		return fips_treepath_coords(theirs);
	if (hop && fips_addr_eq(&hop->addr, &s->addr))
		return fips_treepath_coords(fips_mesh_path(n));
	return fips_coords_of(&s->addr, 1);
}

/* The setup around message 1, with both places as they are known now. */
static void write_setup(struct fips_node *n, struct fips_session *s,
                        const uint8_t noise[FIPS_XK_MSG1])
{
	struct fips_papers *papers = fips_session_papers(n, s);
	struct fips_fsp_setup setup = { .noise = noise };
	struct fips_treepath theirs;

	setup.src = fips_treepath_coords(fips_mesh_path(n));
	setup.dest = their_place(n, s, &theirs);
	s->setup_len = (uint16_t)fips_fsp_setup_build(papers->setup, sizeof papers->setup, &setup);
}

/* Message 1 of a new handshake, and the setup around it. */
bool fips_session_build_setup(struct fips_node *n, struct fips_session *s)
{
	uint8_t noise[FIPS_XK_MSG1], ephemeral[FIPS_SECRET_LEN];

	mr_rand_bytes(&n->env.rand, ephemeral, sizeof ephemeral);
	fips_xk_init_initiator(&s->start, &n->env.curve, &n->me, s->pub, ephemeral, n->epoch);
	mr_wipe(ephemeral, sizeof ephemeral);
	n->ops += 2;
	s->setup_len = 0;
	if (fips_xk_write1(&s->start, noise))
		write_setup(n, s, noise);
	return s->setup_len > 0;
}

/* Not sent for want of a way: then the other end is looked for. */
void fips_session_send_setup(struct fips_node *n, const struct fips_session *s)
{
	if (!fips_act_datagram(n, &s->addr, fips_session_papers(n, s)->setup, s->setup_len))
		fips_mesh_look_for(n, &s->addr);
}

/* The same message 1 again.  A setup that does not fit any more is one that cannot be sent:
 * its time runs out. */
static void send_again(struct fips_node *n, struct fips_session *s)
{
	const uint8_t *paper = fips_session_papers(n, s)->setup;
	struct fips_fsp_setup setup;
	uint8_t noise[FIPS_XK_MSG1];

	if (!fips_fsp_setup_parse(paper, s->setup_len, &setup))
		return;
	memcpy(noise, setup.noise, sizeof noise);
	write_setup(n, s, noise);
	if (s->setup_len)
		fips_session_send_setup(n, s);
}

/* Nobody has answered it.  Perhaps the other end is not where we think,
 * and nobody on the way knows. */
static void doubt(struct fips_node *n, const struct fips_session *s)
{
	if (!fips_hop_near(n, &s->addr))
		fips_mesh_look_for(n, &s->addr);
}

/* Is it sensible to begin now?  Not while the link that leads there is not proven yet; it is when
 * that one is. */
static bool way_is_proven(struct fips_node *n, const struct fips_addr *addr)
{
	const struct fips_peer *hop = fips_hop_to(n, addr);

	return hop && fips_peer_proven(hop) && hop->close_at == MR_NEVER;
}

/* Begin a session, unless one is there or on its way. */
void fips_session_initiate(struct fips_node *n, const struct fips_addr *addr)
{
	struct fips_session *s = fips_session_find(n, addr);
	const struct fips_wanted *w = fips_wanted_find(n, addr);
	const uint8_t *pub = fips_whose_key(n, addr);
	bool ours = w && !w->stray;

	if (!pub || !way_is_proven(n, addr))
		return;
	fips_wanted_until(n, addr, n->now + fips_ms(n->timers.handshake));
	if (s)
		s->ours |= ours;
	if (s && (s->state != FIPS_SESSION_ANSWERED || fips_session_yields(s)))
		return;
	if (!s)
		s = fips_session_add(n, addr, NULL, ours);
	if (!s) {
		fips_destination_failed(n, addr);
		return;
	}
	memcpy(s->pub, pub, FIPS_PUB_LEN);
	if (!fips_session_build_setup(n, s)) {
		fips_session_drop(n, s);
		return;
	}
	s->state = FIPS_SESSION_INITIATING;
	s->initiator = true;
	s->n_acks = 0;
	fips_resend_start(n, &s->resend);
	fips_session_send_setup(n, s);
}

/* Answer an ack of this session: message 3, and the keys that follow from it.  Those of a rekey
 * wait to be heard. */
static void finish(struct fips_node *n, struct fips_session *s, struct fips_xk *xk,
                   const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	struct fips_session_key *key;
	uint8_t noise[FIPS_XK_MSG3];

	n->ops++;
	if (!fips_xk_write3(xk, noise))
		return;
	memcpy(s->acks[s->n_acks++], ephemeral, FIPS_EPHEMERAL);
	fips_fsp_msg3_build(s->msg3, noise);
	key = fips_session_key_install(n, s, xk);
	fips_act_datagram(n, &s->addr, s->msg3, sizeof s->msg3);
	fips_resend_start(n, &s->resend);
	if (s->step == FIPS_REKEY_SETUP) {
		fips_session_rekey_answered(n, s);
		return;
	}
	s->confirm_until = n->now + fips_ms(n->timers.handshake);
	fips_session_established(n, s, key);
}

/* Was this ack processed before?  The newest one gets its message 3 again.  All are remembered: the
 * keys of an ack are the same each time, and must never be installed a second time. */
static bool processed(struct fips_node *n, struct fips_session *s,
                      const uint8_t ephemeral[FIPS_EPHEMERAL])
{
	for (unsigned i = 0; i < s->n_acks; i++) {
		if (memcmp(s->acks[i], ephemeral, FIPS_EPHEMERAL) != 0)
			continue;
		if (i + 1 == s->n_acks)
			fips_act_datagram(n, &s->addr, s->msg3, sizeof s->msg3);
		return true;
	}
	return false;
}

void fips_session_ack(struct fips_node *n, struct fips_peer *link, const struct fips_addr *src,
                      const uint8_t *fsp, size_t len)
{
	struct fips_session *s = fips_session_find(n, src);
	struct fips_fsp_setup ack;
	struct fips_xk xk;

	if (!s || (s->state != FIPS_SESSION_INITIATING && !unconfirmed(s) &&
	           s->step == FIPS_REKEY_NONE)) {
		fips_count(n, FIPS_NODE_SESSION_STATE);
		return;
	}
	if (!fips_fsp_ack_parse(fsp, len, &ack)) {
		fips_count(n, FIPS_NODE_DATAGRAM);
		return;
	}
	if (!fips_bucket_take(&link->acks, n->now)) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	if (processed(n, s, ack.noise + 1))
		return;
	if (s->n_acks == FIPS_ACKS || s->step == FIPS_REKEY_MSG3) {
		fips_count(n, FIPS_NODE_LIMITED);
		return;
	}
	xk = s->start;
	n->ops++;
	if (fips_xk_read2(&xk, ack.noise)) {
		fips_mesh_learn(n, src, &ack.src);
		finish(n, s, &xk, ack.noise + 1);
	} else
		fips_count(n, FIPS_NODE_FORGED);
	fips_xk_wipe(&xk);
}

/* Nobody answered in time. */
static void failed(struct fips_node *n, struct fips_session *s)
{
	struct fips_addr addr = s->addr;

	if (fips_session_half_open(s)) {
		fips_session_start_wipe(s);
		s->state = FIPS_SESSION_ANSWERED;
		s->initiator = false;
		return;
	}
	fips_session_drop(n, s);
	fips_destination_failed(n, &addr);
}

void fips_session_start_timer(struct fips_node *n, struct fips_session *s)
{
	if (s->state == FIPS_SESSION_INITIATING) {
		bool placed = fips_session_placed(n, s), late;

		if (n->now >= s->resend.start + fips_ms(n->timers.handshake)) {
			failed(n, s);
			return;
		}
		late = fips_resend_due(n, &s->resend);
		if ((late || placed) && !fips_session_yields(s))
			send_again(n, s);
		if (late && !placed)
			doubt(n, s);
	} else if (unconfirmed(s)) {
		if (n->now >= s->confirm_until)
			fips_session_drop(n, s);
		else if (fips_resend_due(n, &s->resend))
			fips_act_datagram(n, &s->addr, s->msg3, sizeof s->msg3);
	}
}
