/* plane_transit.c - datagrams of others, and what passes by says of where nodes are: as route and
 * fmp-open do it (mesh.md 5.2, 6.2), with the rules of fips/path. */
#include <stdlib.h>
#include <string.h>

#include "fips/path/learn.h"
#include "fips/path/link_seal.h"
#include "fips/path/transit.h"
#include "t/sim/node.h"
#include "t/sim/plane_state.h"

#define EXPIRY  SIM_S(5)   /* of a datagram that waits for a next hop                    */
#define REFUSED SIM_S(1)   /* that there is none holds so long                           */
#define SIGNAL  SIM_MS(100) /* between two datagrams to one node that the brain hears of */
#define GAP     SIM_MS(100) /* between two coordinate lists of one node                  */

/* --- what passes by tells --------------------------------------------------------------------- */

static void tell_list(struct sim_plane *p, const struct fips_coords *list)
{
	struct fips_input in = { .kind = FIPS_IN_LEARNED };
	uint64_t now = p->node->sim->now;
	struct told *t;
	struct forward *f;

	if (!list->count)
		return;
	in.peer = fips_coords_entry(list, 0);
	in.bytes = list->at - 2;
	in.len = FIPS_COORDS_LEN(list->count);
	t = &p->told[in.peer.b[1]];
	if (t->at && now - t->at < GAP && fips_addr_eq(&t->node, &in.peer))
		return;
	*t = (struct told){ .node = in.peer, .at = now };
	f = sim_forward(p, &in.peer);
	if (f)
		f->refused_until = 0;
	sim_node_input(p->node, &in);
}

void sim_learn(struct sim_plane *p, const uint8_t *datagram, size_t n)
{
	struct fips_learned learned;

	if (fips_learn_datagram(datagram, n, &learned) != FIPS_LEARN_LISTS)
		return;
	tell_list(p, &learned.src);
	tell_list(p, &learned.dest);
}

static void trace(const struct sim_plane *p, const char *what, const uint8_t *datagram,
                  const struct link *by)
{
	const uint8_t *src = datagram + FIPS_DATAGRAM_AT_SRC,
		      *dest = datagram + FIPS_DATAGRAM_AT_DEST;
	const uint8_t *way = by ? by->peer.b : p->node->me.addr.b;

	sim_trace(p->node->sim, "%u %s a datagram of %02x%02x for %02x%02x by %02x%02x, ttl %u",
	          p->node->id, what, src[0], src[1], dest[0], dest[1], way[0], way[1],
	          datagram[FIPS_DATAGRAM_AT_TTL]);
}

/* --- where it ends here ----------------------------------------------------------------------- */

/* The brain makes the signal: it hears of no more than it would answer. */
static void undeliverable(struct sim_plane *p, const uint8_t *datagram, size_t n, uint16_t mtu,
                          const struct fips_addr *from)
{
	uint64_t now = p->node->sim->now,
		 *last = &p->signalled[datagram[FIPS_DATAGRAM_AT_DEST + 1]];
	struct fips_input in = { .kind = FIPS_IN_UNDELIVERED, .peer = *from,
		                 .bytes = datagram, .len = n, .mtu = mtu };

	trace(p, "has no way for", datagram, sim_link(p, from));
	p->node->sim->figures.undelivered++;
	if (!fips_transit_answerable(datagram, n) || (*last && now - *last < SIGNAL))
		return;
	*last = now;
	sim_node_input(p->node, &in);
}

/* --- where it goes on ------------------------------------------------------------------------- */

/* The link it leaves by; NULL: it is to wait, or *refused. */
static struct link *way_of(struct sim_plane *p, const struct fips_addr *dest, bool *refused)
{
	struct link *l = sim_link(p, dest);
	struct forward *f;

	*refused = false;
	if (l && l->send && l->proven)
		return l;
	f = sim_forward(p, dest);
	if (!f)
		return NULL;
	*refused = f->refused_until > p->node->sim->now;
	l = f->live && !*refused ? sim_link(p, &f->hop) : NULL;
	f->used = p->node->sim->now;
	return l && l->send ? l : NULL;
}

/* Back to where it came from: there they know it to be nearer here, so one of both is wrong. */
static bool goes_back(const struct link *l, const struct fips_addr *from)
{
	return fips_addr_eq(&l->peer, from);
}

static void send_on(struct sim_plane *p, struct link *l, uint8_t *datagram, size_t n, bool ce,
                    const struct fips_addr *from, const struct sim_trail *trail)
{
	uint16_t mtu = p->node->mtu;

	if (goes_back(l, from)) {
		undeliverable(p, datagram, n, 0, from);
		return;
	}
	if (fips_transit_mtu(datagram, n, mtu) != FIPS_TRANSIT_FORWARD) {
		undeliverable(p, datagram, n, mtu, from);
		return;
	}
	fips_transit_ttl(datagram);
	trace(p, "sends on", datagram, l);
	p->node->sim->figures.forwarded++;
	sim_send_link(p, l, datagram, n, fips_transit_ce(ce, l->congested), trail);
}

static void wait_for_way(struct sim_plane *p, const struct fips_addr *dest, const uint8_t *datagram,
                         size_t n, bool ce, const struct fips_addr *from,
                         const struct sim_trail *trail)
{
	struct forward *f = sim_forward(p, dest);
	struct fips_input ask = { .kind = FIPS_IN_FORWARD, .peer = *dest };
	struct bytes *b;

	if (!f)
		f = sim_forward_add(p, dest);
	if (f->n_parked == PARKED)
		return;
	if (f->n_parked == 0) {
		f->asked = p->node->sim->now;
		sim_node_input(p->node, &ask);
	}
	b = f->parked[f->n_parked++] = sim_alloc(1, sizeof *b + n);
	b->at = p->node->sim->now;
	b->ce = ce;
	b->peer = *from;
	b->trail = *trail;
	b->n = n;
	memcpy(b->b, datagram, n);
}

void sim_transit(struct sim_plane *p, uint8_t *datagram, size_t n, bool ce,
                 const struct fips_addr *from, const struct sim_trail *trail)
{
	struct fips_addr dest = fips_addr_at(datagram + FIPS_DATAGRAM_AT_DEST);
	struct link *l;
	bool refused;

	if (memcmp(datagram + FIPS_DATAGRAM_AT_SRC, p->node->me.addr.b, FIPS_ADDR_LEN) == 0) {
		undeliverable(p, datagram, n, 0, from);
		return;
	}
	sim_learn(p, datagram, n);
	if (fips_transit_last(datagram)) {
		p->node->sim->figures.expired++;
		undeliverable(p, datagram, n, 0, from);
		return;
	}
	l = way_of(p, &dest, &refused);
	if (l)
		send_on(p, l, datagram, n, ce, from, trail);
	else if (refused)
		undeliverable(p, datagram, n, 0, from);
	else
		wait_for_way(p, &dest, datagram, n, ce, from, trail);
}

/* --- what the brain decided ------------------------------------------------------------------- */

/* It is answered where this one goes, or that it goes nowhere.
 * What it says was learnt when it came. */
static void leave(struct sim_plane *p, struct forward *f, struct bytes *b)
{
	uint8_t buffer[FIPS_LINK_FRONT + SIM_FRAME_MAX + FIPS_LINK_BACK],
		*at = buffer + FIPS_LINK_FRONT;
	bool refused;
	struct link *l = way_of(p, &f->dest, &refused);

	memcpy(at, b->b, b->n);
	if (l)
		send_on(p, l, at, b->n, b->ce, &b->peer, &b->trail);
	else
		undeliverable(p, at, b->n, 0, &b->peer);
}

/* Those that waited, if there is an answer now. */
static void look_again(struct sim_plane *p, struct forward *f)
{
	struct bytes *parked[PARKED];
	unsigned n = f->n_parked;
	bool refused;

	if (!way_of(p, &f->dest, &refused) && !refused)
		return;
	memcpy(parked, f->parked, sizeof parked);
	f->n_parked = 0;
	for (unsigned i = 0; i < n; i++) {
		struct bytes *b = parked[i];

		if (p->node->sim->now - b->at < EXPIRY)
			leave(p, f, b);
		free(b);
	}
}

void sim_act_forward(struct sim_plane *p, const struct fips_action *act)
{
	struct forward *f = sim_forward(p, &act->peer);

	if (!f)
		f = sim_forward_add(p, &act->peer);
	switch (act->kind) {
	case FIPS_ACT_FORWARD:
		f->live = true;
		f->hop = act->via_peer;
		f->refused_until = 0;
		break;
	case FIPS_ACT_NO_FORWARD:
		f->live = false;
		f->refused_until = p->node->sim->now + REFUSED;
		break;
	default: f->live = false; break;
	}
	look_again(p, f);
	if (!f->live && !f->n_parked && f->refused_until <= p->node->sim->now)
		sim_forward_free(p, f);
}

uint64_t sim_forward_used(void *self, const struct fips_addr *dest)
{
	const struct forward *f = sim_forward(self, dest);

	return f ? f->used : 0;
}

/* Once a second: refusals that are over are forgotten, and questions are answered at once. */
void sim_forwards_check(struct sim_plane *p)
{
	uint64_t now = p->node->sim->now;

	for (unsigned i = 0; i < ROWS; i++) {
		struct forward *f = p->forwards[i], *next;

		for (; f; f = next) {
			next = f->next;
			sim_must(p->node->sim,
			         !f->n_parked || now - f->asked < EXPIRY ||
			                 now - p->node->thawed < EXPIRY ||
			                 now < p->node->frozen_until,
			         "node %u does not say where datagrams for %02x%02x.. go",
			         p->node->id, f->dest.b[0], f->dest.b[1]);
			if (!f->live && !f->n_parked && f->refused_until <= now)
				sim_forward_free(p, f);
		}
	}
}
