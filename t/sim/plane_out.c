/* plane_out.c - what leaves a simulated node: sealed for a session, sealed for a link. */
#include <stdlib.h>
#include <string.h>

#include "fips/path/ip.h"
#include "fips/path/link_seal.h"
#include "fips/path/mtu.h"
#include "fips/path/session_seal.h"
#include "t/sim/air.h"
#include "t/sim/checks.h"
#include "t/sim/flows.h"
#include "t/sim/node.h"
#include "t/sim/plane_state.h"
#include "t/sim/seal.h"

#define FRONT 128 /* room for headers in front of what is sealed */

/* One more link of a datagram's way; one that begins here has none yet. */
static void put_on(struct sim_plane *p, const uint8_t *datagram, struct sim_trail *trail)
{
	const uint8_t *src = datagram + FIPS_DATAGRAM_AT_SRC,
		      *dest = datagram + FIPS_DATAGRAM_AT_DEST;
	struct sim *s = p->node->sim;

	sim_must(s, trail->hops < SIM_HOPS, "node %u puts a datagram on a link more than its ttl allows",
	         p->node->id);
	for (unsigned i = 0; i < trail->hops; i++) {
		if (trail->seen[i] == p->node->id) {
			s->figures.loops++;
			sim_trace(s, "%u sees a datagram of %02x%02x for %02x%02x again, link %u",
			          p->node->id, src[0], src[1], dest[0], dest[1], trail->hops);
			break;
		}
	}
	trail->seen[trail->hops++] = (uint16_t)p->node->id;
	if (trail->hops > s->figures.hops)
		s->figures.hops = trail->hops;
}

static uint64_t number(struct sim_plane *p, struct key *k)
{
	uint64_t counter;

	if (!fips_number(&k->send, 1, &counter))
		sim_fail(p->node->sim, "node %u has used up a key", p->node->id);
	sim_keys_seal(p->node->sim, p->node, k->book, counter);
	return counter;
}

void sim_send_link(struct sim_plane *p, struct link *l, uint8_t *message, size_t n, bool ce,
                   const struct sim_trail *trail)
{
	uint64_t now = p->node->sim->now, counter = number(p, l->send);
	struct fips_send_key *send = &l->send->send;
	struct sim_trail way = { .hops = 0 };
	struct mr_aead_op op;
	uint8_t *frame;

	if (message[0] == FIPS_LINK_DATAGRAM) {
		if (trail)
			way = *trail;
		put_on(p, message, &way);
	}
	frame = fips_link_seal_op(send, 0, counter, ce, now, message, n, &op);
	sim_aead.seal(&op, 1);
	fips_sent_run(send, counter, 1, n + FIPS_LINK_OVERHEAD, fips_send_stamp(send, now), false,
	              false, now);
	sim_air_send(p->node, &l->via, frame, n + FIPS_LINK_OVERHEAD, &way);
}

/* What was sealed for the session goes to the hop of its route. */
static void hand_on(struct sim_plane *p, struct session *s, struct link *l, uint64_t counter,
                    struct fips_sealing sealing, struct mr_aead_op *op, bool data)
{
	uint64_t now = p->node->sim->now;
	struct fips_send_key *send = &s->send->send;

	sim_aead.seal(op, 1);
	fips_sent_run(send, counter, 1, sealing.count, fips_send_stamp(send, now), data, false,
	              now);
	if (data)
		s->data_at = now;
	sim_send_link(p, l, sealing.at, sealing.len, false, NULL);
}

static struct fips_envelope envelope(const struct sim_plane *p, const struct session *s)
{
	return (struct fips_envelope){ .src = p->node->me.addr, .dest = s->peer,
		                       .path_mtu = p->node->mtu };
}

/* The link that a route leads by, if it is there. */
static struct link *way_of(struct sim_plane *p, const struct dest *d)
{
	struct link *l = d && d->routed ? sim_link(p, &d->hop) : NULL;

	return l && l->send ? l : NULL;
}

bool sim_send_body(struct sim_plane *p, struct session *s, const uint8_t *view, size_t n)
{
	struct link *l = way_of(p, sim_dest(p, s->peer.b));
	struct fips_envelope e = envelope(p, s);
	uint8_t buffer[SIM_FRAME_MAX + 2 * FRONT];
	struct fips_sealing sealing;
	struct mr_aead_op op;
	uint64_t counter;

	if (!l)
		return false;
	memcpy(buffer + FRONT, view, n);
	counter = number(p, s->send);
	sealing = fips_session_seal_body(&s->send->send, 0, counter, p->node->sim->now, &e,
	                                 buffer + FRONT, n, &op);
	hand_on(p, s, l, counter, sealing, &op, false);
	return true;
}

void sim_send_ip(struct sim_plane *p, struct dest *d, const uint8_t *ip, size_t n)
{
	uint16_t most = fips_mtu_packet(p->node->mtu, d->mtu);
	struct session *s = sim_session(p, &d->addr);
	struct link *l = way_of(p, d);
	uint8_t buffer[SIM_FRAME_MAX + 2 * FRONT];
	struct fips_sealing sealing;
	struct fips_envelope e;
	struct mr_aead_op op;
	uint64_t counter;

	sim_must(p->node->sim, s && s->live && s->send, "node %u routes without a session",
	         p->node->id);
	if (n > most) {
		sim_flow_too_big(p->node, ip, n, most);
		return;
	}
	if (!l) {
		sim_flow_dropped(p->node, ip, n);
		return;
	}
	memcpy(buffer + FRONT, ip, n);
	e = envelope(p, s);
	counter = number(p, s->send);
	sealing = fips_session_seal_ip(&s->send->send, 0, counter, p->node->sim->now, &e,
	                               buffer + FRONT, n, &op);
	hand_on(p, s, l, counter, sealing, &op, true);
}

/* --- packets of local programs ---------------------------------------------------------------- */

static void park(struct sim_plane *p, struct dest *d, const uint8_t *ip, size_t n)
{
	struct bytes *b = sim_alloc(1, sizeof *b + n);

	b->n = n;
	memcpy(b->b, ip, n);
	if (d->n_parked == PARKED) {
		sim_flow_dropped(p->node, d->parked[0]->b, d->parked[0]->n);
		free(d->parked[0]);
		memmove(d->parked, d->parked + 1, (PARKED - 1) * sizeof *d->parked);
		d->n_parked--;
	}
	d->parked[d->n_parked++] = b;
}

void sim_plane_ip(struct sim_plane *p, const uint8_t *ip, size_t n)
{
	struct fips_input ask = { .kind = FIPS_IN_RESOLVE };
	const uint8_t *key = fips_ip_dest_key(ip);
	struct dest *d = sim_dest(p, key);

	sim_must(p->node->sim, fips_ip_check(ip, n, p->node->ip) == FIPS_IP_MESH,
	         "node %u makes a packet that is none", p->node->id);
	if (d && d->routed) {
		sim_send_ip(p, d, ip, n);
		return;
	}
	if (!d) {
		memcpy(ask.peer.b, key, 15);
		d = sim_dest_add(p, &ask.peer);
		d->since = p->node->sim->now;
		sim_node_input(p->node, &ask);
	}
	park(p, d, ip, n);
}
