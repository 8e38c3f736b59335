/* neighbour.c - handshakes, frames and messages by hand; see neighbour.h. */
#include "t/lib/neighbour.h"

#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "t/lib/always.h"
#include "t/lib/craft.h"

#define BEAT (5 * MR_NS_PER_S)

static const struct fips_addr *their_addr(const struct neighbour *nb)
{
	return &whole_mesh(nb->node)->me.addr;
}

static void ephemeral(struct neighbour *nb, uint8_t out[FIPS_SECRET_LEN])
{
	struct mr_rand rand = mr_rand_seeded(&nb->seed);

	mr_rand_bytes(&rand, out, FIPS_SECRET_LEN);
}

static void send(const struct neighbour *nb, const uint8_t *bytes, size_t n)
{
	struct fips_via to = via_of(air.host[nb->node]);

	air_send(HAND, &to, bytes, (uint32_t)n);
}

/* ---- speaking ---- */

void neighbour_message(struct neighbour *nb, const void *message, size_t n)
{
	struct neighbour_key *key = &nb->link[nb->link_at];
	uint8_t text[BYTES], frame[BYTES];
	uint8_t k = nb->link_at % 2 ? FIPS_LINK_K : 0;

	ck_always(nb->link_at < nb->links);
	mr_to_le32(text, (uint32_t)(air.now / MR_NS_PER_MS));
	memcpy(text + FIPS_LINK_STAMP, message, n);
	n = craft_frame(frame, key->send, key->theirs, key->counter++, k, text,
	                FIPS_LINK_STAMP + n);
	send(nb, frame, n);
}

void neighbour_body(struct neighbour *nb, uint8_t type, const void *body, size_t n)
{
	struct neighbour_key *key = &nb->session[nb->session_at];
	uint8_t text[BYTES], datagram[BYTES];
	uint8_t k = nb->session_at % 2 ? FIPS_FSP_K : 0;

	ck_always(nb->session_at < nb->sessions);
	fips_fsp_inner_build(text, (uint32_t)(air.now / MR_NS_PER_MS), type, 0);
	memcpy(text + FIPS_FSP_INNER, body, n);
	n = craft_sealed(datagram, &nb->me.addr, their_addr(nb), key->send, key->counter++, k, text,
	                 FIPS_FSP_INNER + n);
	neighbour_message(nb, datagram, n);
}

void neighbour_beat(struct neighbour *nb)
{
	uint8_t beat[FIPS_HEARTBEAT_LEN];

	fips_heartbeat_build(beat);
	neighbour_message(nb, beat, sizeof beat);
}

void neighbour_data(struct neighbour *nb)
{
	uint8_t body[FIPS_FSP_PORTS];

	fips_fsp_ports_build(body, 9, 9);
	neighbour_body(nb, FIPS_FSP_DATA, body, sizeof body);
}

static void datagram(struct neighbour *nb, const uint8_t *fsp, size_t n)
{
	uint8_t message[BYTES];

	n = craft_datagram(message, &nb->me.addr, their_addr(nb), FIPS_UDP_MTU, fsp, n);
	neighbour_message(nb, message, n);
}

/* ---- handshakes ---- */

static void call_as(struct neighbour *nb, const struct fips_identity *me, uint32_t index,
                    struct fips_ik *ik)
{
	uint8_t e[FIPS_SECRET_LEN], packet[FIPS_MSG1_LEN];
	struct fips_msg1 msg = { .sender_idx = index, .noise = packet + FIPS_LINK_PREFIX + 4 };

	ephemeral(nb, e);
	fips_ik_init_initiator(ik, &nb->curve, me, whole_mesh(nb->node)->me.pub, e, nb->epoch);
	ck_assert(fips_ik_write1(ik, packet + FIPS_LINK_PREFIX + 4));
	fips_msg1_build(packet, &msg);
	send(nb, packet, sizeof packet);
}

void neighbour_call(struct neighbour *nb)
{
	call_as(nb, &nb->me, ++nb->index, &nb->ik);
}

void neighbour_stranger(struct neighbour *nb, unsigned i)
{
	uint8_t secret[FIPS_SECRET_LEN] = { 0x5a, (uint8_t)(i >> 8), (uint8_t)i };
	uint8_t host = air.host[HAND];
	struct fips_identity me;
	struct fips_ik ik;

	ck_assert_ptr_null(fips_identity_of_secret(&me, &nb->curve, secret));
	air.host[HAND] = 200; /* whoever answers is not heard */
	call_as(nb, &me, 0x02000000 + i, &ik);
	air.host[HAND] = host;
}

void neighbour_setup(struct neighbour *nb)
{
	uint8_t e[FIPS_SECRET_LEN], noise[FIPS_XK_MSG1], fsp[FIPS_FSP_SETUP_LEN(1, 1)];
	struct fips_coords us = fips_coords_of(&nb->me.addr, 1);
	struct fips_coords them = fips_coords_of(their_addr(nb), 1);
	struct fips_fsp_setup setup = { .src = us, .dest = them, .noise = noise };

	ephemeral(nb, e);
	fips_xk_init_initiator(&nb->xk, &nb->curve, &nb->me, whole_mesh(nb->node)->me.pub, e,
	                       nb->epoch);
	ck_assert(fips_xk_write1(&nb->xk, noise));
	datagram(nb, fsp, fips_fsp_setup_build(fsp, sizeof fsp, &setup));
}

static void msg2_in(struct neighbour *nb, const uint8_t *bytes)
{
	struct neighbour_key *key = &nb->link[nb->links];
	struct fips_msg2 msg;

	fips_msg2_parse(bytes, &msg);
	if (msg.receiver_idx != nb->index || !fips_ik_read2(&nb->ik, msg.noise))
		return; /* said again */
	ck_assert_uint_lt(nb->links, NEIGHBOUR_KEYS);
	key->ours = msg.receiver_idx;
	key->theirs = msg.sender_idx;
	fips_ik_split(&nb->ik, key->send, key->recv);
	nb->links++;
}

static void ack_in(struct neighbour *nb, const struct fips_datagram *d)
{
	struct neighbour_key *key = &nb->session[nb->sessions];
	uint8_t noise[FIPS_XK_MSG3], msg3[FIPS_FSP_MSG3_LEN];
	struct fips_fsp_setup ack;

	if (nb->no_msg3 || !fips_fsp_ack_parse(d->payload, d->payload_len, &ack) ||
	    !fips_xk_read2(&nb->xk, ack.noise))
		return;
	ck_assert_uint_lt(nb->sessions, NEIGHBOUR_KEYS);
	ck_assert(fips_xk_write3(&nb->xk, noise));
	fips_xk_split(&nb->xk, key->send, key->recv);
	nb->sessions++;
	fips_fsp_msg3_build(msg3, noise);
	datagram(nb, msg3, sizeof msg3);
}

/* ---- hearing ---- */

static void heard(struct neighbour_heard *h, struct neighbour_key *key, size_t n)
{
	key->opened++;
	h->frames++;
	h->bytes += n;
}

static void reported(struct neighbour_heard *h, const struct fips_sender_report *report)
{
	h->report = *report;
	h->reports++;
}

/* Before a frame or message is counted, so that a report does not speak of itself. */
static void note(struct neighbour_heard *h)
{
	h->frames_then = h->frames;
	h->bytes_then = h->bytes;
}

static void sealed_in(struct neighbour *nb, const struct fips_datagram *d)
{
	struct fips_sender_report report;
	struct fips_fsp_sealed m;
	struct fips_fsp_text text;
	uint8_t out[BYTES];
	unsigned i = 0;

	ck_assert(fips_fsp_sealed_parse(d->payload, d->payload_len, &m));
	while (i < nb->sessions &&
	       !mr_aead_open_one(nb->session[i].recv, m.counter, d->payload, FIPS_FSP_HEAD,
	                         m.sealed, m.sealed_len, out))
		i++;
	ck_assert_uint_lt(i, nb->sessions);
	ck_assert(fips_fsp_text_parse(out, m.sealed_len - FIPS_TAG, &text));
	if (text.type == FIPS_FSP_SENDER_REPORT &&
	    fips_session_sender_parse(text.body, text.len, &report)) {
		note(&nb->by_session);
		reported(&nb->by_session, &report);
	}
	heard(&nb->by_session, &nb->session[i], m.sealed_len);
}

static void signal_in(struct neighbour *nb, const struct fips_datagram *d)
{
	ck_assert_uint_le(d->payload_len, sizeof nb->signal);
	memcpy(nb->signal, d->payload, nb->signal_len = d->payload_len);
	nb->signals++;
}

static void message_in(struct neighbour *nb, const uint8_t *message, size_t n)
{
	struct fips_sender_report report;
	struct fips_datagram d;

	if (fips_link_sender_parse(message, n, &report))
		reported(&nb->by_link, &report);
	if (!fips_datagram_parse(message, n, &d))
		return;
	switch (fips_fsp_check(d.payload, d.payload_len)) {
	case FIPS_FSP_ACK:       ack_in(nb, &d); break;
	case FIPS_FSP_ENCRYPTED: sealed_in(nb, &d); break;
	case FIPS_FSP_SIGNAL:    signal_in(nb, &d); break;
	default:                 break;
	}
}

static void frame_in(struct neighbour *nb, const struct flight *f)
{
	struct neighbour_key *key = nb->link;
	struct fips_link_head head;
	uint8_t text[BYTES];

	fips_link_head_parse(f->bytes, &head);
	while (key < nb->link + nb->links && key->ours != head.receiver_idx)
		key++;
	ck_assert(key < nb->link + nb->links);
	ck_assert(mr_aead_open_one(key->recv, head.counter, f->bytes, FIPS_LINK_HEAD,
	                           f->bytes + FIPS_LINK_HEAD, f->len - FIPS_LINK_HEAD, text));
	if (text[FIPS_LINK_STAMP] == FIPS_LINK_SENDER_REPORT)
		note(&nb->by_link);
	heard(&nb->by_link, key, f->len);
	message_in(nb, text + FIPS_LINK_STAMP, f->len - FIPS_LINK_OVERHEAD);
}

static void hear(void *self, const struct flight *f)
{
	switch (fips_frame_check(f->bytes, f->len)) {
	case FIPS_FRAME_MSG2:        msg2_in(self, f->bytes); break;
	case FIPS_FRAME_ESTABLISHED: frame_in(self, f); break;
	default:                     break;
	}
}

static void tick(void *self)
{
	struct neighbour *nb = self;

	if (!nb->links || air.now < nb->beat_at)
		return;
	neighbour_beat(nb);
	nb->beat_at = air.now + BEAT;
}

/* ---- all of it ---- */

void neighbour_open(struct neighbour *nb, unsigned n)
{
	memset(nb, 0, sizeof *nb);
	nb->curve = fips_curve_secp256k1();
	ck_assert_ptr_null(fips_identity_parse(&nb->me, &nb->curve, CRAFT_A));
	nb->seed.seed = 77;
	nb->epoch[0] = 1;
	nb->index = 0x01000000;
	nb->node = n;
	air.hand = (struct hand){ .hear = hear, .tick = tick, .self = nb };
}

void neighbour_close(struct neighbour *nb)
{
	air.hand = (struct hand){ 0 };
	fips_curve_close(&nb->curve);
}

void neighbour_link(struct neighbour *nb)
{
	unsigned links = nb->links;

	neighbour_call(nb);
	whole_run(20);
	ck_assert_uint_eq(nb->links, links + 1);
	nb->link_at = links;
	neighbour_beat(nb);
	whole_run(20);
}

void neighbour_session(struct neighbour *nb)
{
	unsigned sessions = nb->sessions;

	neighbour_setup(nb);
	whole_run(20);
	ck_assert_uint_eq(nb->sessions, sessions + 1);
	nb->session_at = sessions;
	neighbour_data(nb);
	whole_run(20);
}
