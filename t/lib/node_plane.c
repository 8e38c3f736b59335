/* node_plane.c - packets, out and in; see node_plane.h. */
#include "t/lib/node_plane_state.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

/* --- sealing ---------------------------------------------------------------------------------- */

void plane_send_link(struct plane *p, struct link *l, const uint8_t *message, size_t n)
{
	uint8_t frame[MOCK_FRAME_MAX];
	struct key *k = l->send;
	uint64_t now = p->node->world->now, counter;
	uint32_t stamp = fips_send_stamp(&k->send, now);
	size_t len;

	ck_always(fips_number(&k->send, 1, &counter));
	nonces_use(&p->node->world->nonces, k->send_bytes, counter);
	len = mock_link_seal(frame, k->send_bytes, k->send.peer_index, counter,
	                     k->send.k ? FIPS_LINK_K : 0, stamp, message, n);
	fips_sent_run(&k->send, counter, 1, len, stamp, false, false, now);
	world_send(p->node->world, &p->node->via, &l->via, frame, len);
}

bool plane_send_session(struct plane *p, struct session *s, const uint8_t *view, size_t n)
{
	uint8_t out[MOCK_FRAME_MAX];
	struct key *k = s->send;
	struct dest *d = plane_dest(p, &s->peer);
	struct link *l = d && d->routed ? plane_link(p, &d->hop) : NULL;
	uint64_t now = p->node->world->now, counter;
	uint32_t stamp = fips_send_stamp(&k->send, now);
	size_t len;

	if (!l || !l->send)
		return false;
	ck_always(fips_number(&k->send, 1, &counter));
	nonces_use(&p->node->world->nonces, k->send_bytes, counter);
	len = mock_session_seal(out, k->send_bytes, &p->node->me.addr, &s->peer, counter, k->send.k,
	                        stamp, view, n);
	mr_to_le16(out + FIPS_DATAGRAM_AT_PATH_MTU, p->node->mtu);
	fips_sent_run(&k->send, counter, 1, n + FIPS_FSP_INNER - 1 + FIPS_TAG, stamp, false, false,
	              now);
	if (view[0] == FIPS_FSP_DATA)
		s->data_at = now;
	plane_send_link(p, l, out, len);
	return true;
}

void plane_send_data(struct plane *p, struct session *s)
{
	uint8_t view[LEDGER_VIEW];

	ledger_packet(&p->node->ledger, &p->node->me.addr, view);
	if (!plane_send_session(p, s, view, sizeof view))
		p->node->dropped++;
}

/* A packet for an address: sealed, or parked and asked for. */
void plane_data(struct plane *p, const struct fips_addr *to)
{
	struct dest *d = plane_dest(p, to);
	struct fips_input ask = { .kind = FIPS_IN_RESOLVE, .peer = *to };
	struct session *s;

	p->node->sent++;
	if (d && d->routed) {
		s = plane_session(p, &d->addr);
		ck_always(s && s->live && s->send);
		plane_send_data(p, s);
		return;
	}
	if (!d) {
		d = plane_dest_slot(p);
		ck_assert_ptr_nonnull(d);
		*d = (struct dest){ .used = true, .addr = *to, .since = p->node->world->now };
		ask.peer.b[15] = 0;
		world_input(p->node, &ask);
	}
	if (d->parked < PARKED)
		d->parked++;
	else
		p->node->dropped++;
	/* Every question is answered in the end. */
	ck_always(p->node->world->now - d->since < SECONDS(120));
}

/* --- opening ---------------------------------------------------------------------------------- */

static void body(struct plane *p, struct session *s, const struct key *k,
                 const struct fips_fsp_sealed *m)
{
	uint8_t view[MOCK_FRAME_MAX];
	struct fips_fsp_text text;
	struct fips_input in = { .kind = FIPS_IN_BODY, .peer = s->peer, .key = k->send.id,
		                 .rx = p->node->world->now, .bytes = view };

	ck_always(fips_fsp_text_parse(m->sealed, m->sealed_len - FIPS_TAG, &text));
	if (text.type == FIPS_FSP_DATA) {
		world_got(p->node, text.body, text.len);
		return;
	}
	view[0] = text.type;
	memcpy(view + 1, text.body, text.len);
	in.len = 1 + text.len;
	world_input(p->node, &in);
}

static struct key *session_open(struct plane *p, struct session *s, const uint8_t *fsp,
                                const struct fips_fsp_sealed *m)
{
	struct fips_recv_key *order[FIPS_SESSION_KEYS];
	enum fips_replay why;
	unsigned n = fips_session_candidates(&s->recv, m->flags & FIPS_FSP_K, m->counter,
	                                     p->node->world->now, order, &why);

	for (unsigned i = 0; i < n; i++) {
		struct key *k = plane_key(s->keys, order[i]->id);

		ck_always(k != NULL);
		if (mock_session_open(fsp, m, k->recv_bytes))
			return k;
	}
	return NULL;
}

void plane_session_message(struct plane *p, const struct fips_addr *src, uint16_t path_mtu,
                           const uint8_t *fsp, size_t n)
{
	struct session *s = plane_session(p, src);
	struct fips_input lost = { .kind = FIPS_IN_NO_SESSION, .peer = *src };
	struct fips_input broken = { .kind = FIPS_IN_UNREADABLE, .peer = *src };
	struct fips_fsp_sealed m;
	struct key *k;
	unsigned what;

	if (!fips_fsp_sealed_parse(fsp, n, &m))
		return;
	if (!s) {
		world_input(p->node, &lost);
		return;
	}
	if (!s->live) {
		plane_hold(p, &s->waiting, &p->node->via, fsp, n);
		return;
	}
	k = session_open(p, s, fsp, &m);
	if (!k) {
		fips_session_missed(&s->recv, p->node->world->now);
		if (fips_word_get(&s->recv.missed) % 3 == 0)
			world_input(p->node, &broken);
		return;
	}
	what = fips_session_accept(&s->recv, &k->recv, &m, path_mtu, false, p->node->world->now);
	if (what & FIPS_CONFIRMED) {
		struct fips_input in = { .kind = FIPS_IN_CONFIRMED_SESSION, .peer = *src,
			                 .key = k->send.id, .k = (m.flags & FIPS_FSP_K) != 0 };

		world_input(p->node, &in);
	}
	if (what & FIPS_ACCEPTED)
		body(p, s, k, &m);
}

bool plane_linked(struct plane *p, const struct fips_addr *peer)
{
	const struct link *l = plane_link(p, peer);

	return l && l->send;
}

bool plane_send_on(struct plane *p, const struct fips_addr *peer, const uint8_t *datagram, size_t n)
{
	if (!plane_linked(p, peer))
		return false;
	plane_send_link(p, plane_link(p, peer), datagram, n);
	return true;
}

static void link_message(struct plane *p, struct link *l, const struct key *k, const uint8_t *text,
                         size_t n)
{
	struct fips_datagram d;
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = l->peer, .key = k->send.id,
		                 .rx = p->node->world->now, .bytes = text + FIPS_LINK_STAMP,
		                 .len = n - FIPS_LINK_STAMP };

	if (in.bytes[0] == FIPS_LINK_DATAGRAM) {
		if (!fips_datagram_parse(in.bytes, in.len, &d))
			return;
		if (!fips_addr_eq(&d.dest, &p->node->me.addr)) {
			transit_datagram(&p->transit, in.bytes, in.len);
			return;
		}
		if (fips_fsp_check(d.payload, d.payload_len) == FIPS_FSP_ENCRYPTED) {
			plane_session_message(p, &d.src, d.path_mtu, d.payload, d.payload_len);
			return;
		}
		in.kind = FIPS_IN_DATAGRAM;
	}
	world_input(p->node, &in);
}

void plane_established(struct plane *p, const struct fips_via *from, const uint8_t *frame,
                       size_t n)
{
	uint64_t now = p->node->world->now;
	struct fips_link_head head;
	struct expect *expect;
	struct link *l;
	struct key *k;
	unsigned what;

	fips_link_head_parse(frame, &head);
	k = plane_index(p, head.receiver_idx, &l);
	expect = k ? NULL : plane_expect(p, head.receiver_idx);
	if (expect)
		plane_hold(p, &expect->waiting, from, frame, n);
	if (!k || fips_link_check(&k->recv, &head) != FIPS_REPLAY_FRESH ||
	    !mock_link_open(frame, n, k->recv_bytes))
		return;
	what = fips_link_accept(&l->recv, &k->recv, &head, frame + FIPS_LINK_HEAD, now, from);
	if (what & FIPS_CONFIRMED) {
		struct fips_input in = { .kind = FIPS_IN_CONFIRMED_LINK, .peer = l->peer,
			                 .key = k->send.id, .k = head.flags & FIPS_LINK_K,
			                 .via = *from };

		world_input(p->node, &in);
	}
	if (what & FIPS_ROAMED) {
		struct fips_input in = { .kind = FIPS_IN_ROAMED, .peer = l->peer,
			                 .key = k->send.id, .via = *from };

		world_input(p->node, &in);
	}
	if (what & FIPS_ACCEPTED)
		link_message(p, l, k, frame + FIPS_LINK_HEAD, head.payload_len);
}

void plane_packet(struct plane *p, const struct fips_via *from, const uint8_t *bytes, size_t n)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .via = *from,
	                         .bytes = bytes, .len = n };

	switch (fips_frame_check(bytes, n)) {
	case FIPS_FRAME_ESTABLISHED: plane_established(p, from, bytes, n); break;
	case FIPS_FRAME_MSG1:
	case FIPS_FRAME_MSG2: world_input(p->node, &in); break;
	default: break;
	}
}
