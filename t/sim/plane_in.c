/* plane_in.c - what comes to a simulated node:
 * opened for a link, opened for a session, delivered. */
#include <string.h>

#include "fips/path/ip.h"
#include "fips/path/mtu.h"
#include "t/sim/flows.h"
#include "t/sim/node.h"
#include "t/sim/plane_state.h"
#include "t/sim/seal.h"

/* --- sessions --------------------------------------------------------------------------------- */

/* Type byte and body; the inner flags between them are used up. */
static void to_brain(struct sim_plane *p, struct session *s, const struct key *k,
                     const struct fips_fsp_text *text)
{
	uint8_t *view = (uint8_t *)(uintptr_t)text->body - 1;
	struct fips_input in = { .kind = FIPS_IN_BODY, .peer = s->peer, .key = k->send.id,
		                 .rx = p->node->sim->now, .bytes = view, .len = 1 + text->len };

	view[0] = text->type;
	if (fips_bucket_take(&s->recv.talk, p->node->sim->now))
		sim_node_input(p->node, &in);
}

static void deliver(struct sim_plane *p, struct session *s, const struct key *k,
                    const struct fips_fsp_sealed *m, bool ce, const struct sim_trail *trail)
{
	uint8_t *text = (uint8_t *)(uintptr_t)m->sealed;
	struct fips_delivered out;

	switch (fips_ip_deliver(text, m->sealed_len - FIPS_TAG, &s->peer, &p->node->me.addr, ce,
	                        fips_mss_limit(p->node->mtu, 0), &out)) {
	case FIPS_DELIVER_IP: sim_flow_arrived(p->node, &s->peer, out.ip, out.len, trail); break;
	case FIPS_DELIVER_CONTROL: to_brain(p, s, k, &out.text); break;
	default: sim_fail(p->node->sim, "node %u opened what nobody seals", p->node->id);
	}
}

/* The key that opens the message, tried as fsp-open does. */
static struct key *open_message(struct sim_plane *p, struct session *s, uint8_t *fsp,
                                const struct fips_fsp_sealed *m)
{
	struct fips_recv_key *order[FIPS_SESSION_KEYS];
	enum fips_replay why;
	unsigned n = fips_session_candidates(&s->recv, m->flags & FIPS_FSP_K, m->counter,
	                                     p->node->sim->now, order, &why);
	struct mr_aead_op op;

	for (unsigned i = 0; i < n; i++) {
		fips_session_open_op(order[i], 0, fsp, m, &op);
		if (sim_aead.open(&op, 1))
			return sim_key(s->keys, order[i]->id);
	}
	if (n)
		fips_session_missed(&s->recv, p->node->sim->now);
	return NULL;
}

static void accept_message(struct sim_plane *p, struct session *s, struct key *k,
                           const struct fips_fsp_sealed *m, uint16_t path_mtu, bool ce,
                           const struct sim_trail *trail)
{
	unsigned what = fips_session_accept(&s->recv, &k->recv, m, path_mtu, ce, p->node->sim->now);
	struct fips_input in = { .kind = FIPS_IN_CONFIRMED_SESSION, .peer = s->peer,
		                 .key = k->send.id, .k = (m->flags & FIPS_FSP_K) != 0 };

	if (what & (FIPS_CONFIRMED | FIPS_PROMOTED))
		sim_node_input(p->node, &in);
	if (what & FIPS_ACCEPTED)
		deliver(p, s, k, m, ce, trail);
}

/* A sealed message to us, with its envelope. */
void sim_session_message(struct sim_plane *p, uint8_t *datagram, size_t n, bool ce,
                         const struct sim_trail *trail)
{
	struct fips_input lost = { .kind = FIPS_IN_NO_SESSION };
	struct fips_datagram d;
	struct fips_fsp_sealed m;
	struct session *s;
	struct key *k;

	if (!fips_datagram_parse(datagram, n, &d) || fips_addr_eq(&d.src, &p->node->me.addr) ||
	    !fips_fsp_sealed_parse(d.payload, d.payload_len, &m))
		return;
	s = sim_session(p, &d.src);
	if (!s) {
		lost.peer = d.src;
		sim_node_input(p->node, &lost);
		return;
	}
	if (!s->live) {
		sim_hold(p, &s->waiting, &(struct fips_via){ .len = 0 }, datagram, n, trail);
		return;
	}
	k = open_message(p, s, datagram + FIPS_DATAGRAM_HEAD, &m);
	if (k)
		sim_learn(p, datagram, n);
	if (k)
		accept_message(p, s, k, &m, d.path_mtu, ce, trail);
}

/* --- links ------------------------------------------------------------------------------------ */

/* Where a link message goes, as fmp-open sorts them. */
static void link_message(struct sim_plane *p, struct link *l, const struct key *k, uint8_t *text,
                         size_t n, bool ce, const struct sim_trail *trail)
{
	struct fips_input in = { .kind = FIPS_IN_LINK_MESSAGE, .peer = l->peer, .key = k->send.id,
		                 .rx = p->node->sim->now, .bytes = text, .len = n };

	if (text[0] == FIPS_LINK_DATAGRAM) {
		if (n < FIPS_DATAGRAM_HEAD)
			return;
		if (memcmp(text + FIPS_DATAGRAM_AT_DEST, p->node->me.addr.b, FIPS_ADDR_LEN) != 0) {
			sim_transit(p, text, n, ce, &l->peer, trail);
			return;
		}
		if (fips_fsp_check(text + FIPS_DATAGRAM_HEAD, n - FIPS_DATAGRAM_HEAD) ==
		    FIPS_FSP_ENCRYPTED) {
			sim_session_message(p, text, n, ce, trail);
			return;
		}
		in.kind = FIPS_IN_DATAGRAM;
	}
	if (fips_bucket_take(&l->recv.talk, p->node->sim->now))
		sim_node_input(p->node, &in);
}

static void accept_frame(struct sim_plane *p, struct key *k, const struct fips_via *from,
                         uint8_t *frame, const struct fips_link_head *head,
                         const struct sim_trail *trail)
{
	struct link *l = k->link;
	struct fips_input in = { .peer = l->peer, .key = k->send.id, .k = head->flags & FIPS_LINK_K,
		                 .via = *from };
	unsigned what = fips_link_accept(&l->recv, &k->recv, head, frame + FIPS_LINK_HEAD,
	                                 p->node->sim->now, from);

	if (what & FIPS_CONFIRMED) {
		in.kind = FIPS_IN_CONFIRMED_LINK;
		sim_node_input(p->node, &in);
	}
	if (what & FIPS_ROAMED) {
		in.kind = FIPS_IN_ROAMED;
		sim_node_input(p->node, &in);
	}
	if (what & FIPS_ACCEPTED)
		link_message(p, l, k, frame + FIPS_LINK_HEAD + FIPS_LINK_STAMP,
		             head->payload_len - FIPS_LINK_STAMP, head->flags & FIPS_LINK_CE,
		             trail);
}

void sim_established(struct sim_plane *p, const struct fips_via *from, uint8_t *frame, size_t n,
                     const struct sim_trail *trail)
{
	struct fips_link_head head;
	struct mr_aead_op op;
	struct key *k;

	fips_link_head_parse(frame, &head);
	k = sim_index(p, head.receiver_idx);
	if (!k) {
		struct expect *e = sim_expect(p, head.receiver_idx);

		if (e)
			sim_hold(p, &e->waiting, from, frame, n, trail);
		return;
	}
	if (fips_link_check(&k->recv, &head) != FIPS_REPLAY_FRESH)
		return;
	fips_link_open_op(&k->recv, 0, frame, &head, &op);
	if (sim_aead.open(&op, 1))
		accept_frame(p, k, from, frame, &head, trail);
}

void sim_plane_packet(struct sim_plane *p, const struct fips_via *from, uint8_t *bytes, size_t n,
                      const struct sim_trail *trail)
{
	struct fips_input in = { .kind = FIPS_IN_HANDSHAKE, .via = *from,
	                         .bytes = bytes, .len = n };

	switch (fips_frame_check(bytes, n)) {
	case FIPS_FRAME_ESTABLISHED: sim_established(p, from, bytes, n, trail); break;
	case FIPS_FRAME_MSG1:
	case FIPS_FRAME_MSG2: sim_node_input(p->node, &in); break;
	default: break;
	}
}
