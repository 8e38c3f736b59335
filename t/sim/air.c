#include "t/sim/air.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "t/sim/node.h"
#include "t/sim/plane.h"

#define NOBODY UINT16_MAX

/* --- who is joined with whom ------------------------------------------------------------------ */

unsigned sim_air_other(const struct sim_edge *e, unsigned node)
{
	return e->a == node ? e->b : e->a;
}

struct sim_edge *sim_air_edge(struct sim *s, unsigned a, unsigned b)
{
	const struct sim_node *node = &s->nodes[a];

	for (unsigned i = 0; i < node->n_edges; i++) {
		struct sim_edge *e = &s->edges[node->edges[i]];

		if (sim_air_other(e, a) == b)
			return e;
	}
	return NULL;
}

static void attach(struct sim_node *node, unsigned edge)
{
	node->edges = realloc(node->edges, (node->n_edges + 1) * sizeof *node->edges);
	if (!node->edges)
		abort();
	node->edges[node->n_edges++] = edge;
}

void sim_air_join(struct sim *s, unsigned a, unsigned b)
{
	struct sim_edge *e;

	if (a == b || sim_air_edge(s, a, b))
		return;
	if (s->n_edges == s->room_edges) {
		s->room_edges = s->room_edges ? 2 * s->room_edges : 64;
		s->edges = realloc(s->edges, s->room_edges * sizeof *s->edges);
		if (!s->edges)
			abort();
	}
	e = &s->edges[s->n_edges];
	*e = (struct sim_edge){ .a = a < b ? a : b, .b = a < b ? b : a };
	e->dial = sim_random(s, 2) ? SIM_BOTH_DIAL : SIM_A_DIALS + (unsigned)sim_random(s, 2);
	e->fair.delay_us = 500 + (uint32_t)sim_random(s, 30000);
	e->fair.jitter_us = 200 + e->fair.delay_us / 20;
	e->now = e->fair;
	attach(&s->nodes[a], s->n_edges);
	attach(&s->nodes[b], s->n_edges);
	s->n_edges++;
}

/* --- addresses -------------------------------------------------------------------------------- */

void sim_air_move(struct sim_node *node)
{
	struct sim *s = node->sim;

	if (s->n_addresses == s->room_addresses) {
		s->room_addresses = s->room_addresses ? 2 * s->room_addresses : 256;
		s->owner = realloc(s->owner, s->room_addresses * sizeof *s->owner);
		if (!s->owner)
			abort();
	}
	s->owner[s->n_addresses] = (uint16_t)node->id;
	node->address = s->n_addresses++;
}

struct fips_via sim_air_via(uint32_t address)
{
	struct fips_via via = { .instance = 0, .len = 16 };

	mr_to_le32(via.sock, address);
	return via;
}

static struct sim_node *owner(struct sim *s, const struct fips_via *via)
{
	uint32_t address = mr_le32(via->sock);
	struct sim_node *node = address < s->n_addresses ? &s->nodes[s->owner[address]] : NULL;

	return node && node->address == address ? node : NULL;
}

/* --- datagrams -------------------------------------------------------------------------------- */

static void travel(struct sim_node *from, struct sim_edge *edge, const struct fips_via *to,
                   const uint8_t *bytes, size_t n, const struct sim_trail *trail)
{
	struct sim *s = from->sim;
	const struct sim_weather *w = &edge->now;
	uint64_t us = w->delay_us + sim_random(s, w->jitter_us + 1);
	struct sim_event *e;

	if (sim_chance(s, w->late)) {
		us += sim_random(s, w->late_us + 1);
		s->figures.late++;
	}
	e = sim_event_new(SIM_FRAME, s->now + us * MR_NS_PER_US, from->id, n);
	e->what = (unsigned)(edge - s->edges);
	e->from = sim_air_via(from->address);
	e->to = *to;
	if (trail)
		e->trail = *trail;
	memcpy(e->bytes, bytes, n);
	if (sim_chance(s, w->spoil)) {
		uint64_t bit = sim_random(s, 8 * n);

		e->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		s->figures.spoiled++;
	}
	sim_queue_push(&s->queue, e);
}

void sim_air_send(struct sim_node *from, const struct fips_via *to, const uint8_t *bytes, size_t n,
                  const struct sim_trail *trail)
{
	struct sim *s = from->sim;
	struct sim_node *node = owner(s, to);
	struct sim_edge *edge = node ? sim_air_edge(s, from->id, node->id) : NULL;

	sim_must(s, n <= SIM_FRAME_MAX, "node %u sends a datagram of %zu bytes", from->id, n);
	s->figures.frames++;
	s->figures.bytes += n;
	if (!edge || edge->away) {
		sim_trace(s, "%u sends %zu bytes to nobody", from->id, n);
		s->figures.nowhere++;
		return;
	}
	if (sim_chance(s, edge->now.lose))
		s->figures.lost++;
	else
		travel(from, edge, to, bytes, n, trail);
	if (sim_chance(s, edge->now.twice)) {
		s->figures.doubled++;
		travel(from, edge, to, bytes, n, trail);
	}
}

void sim_air_arrive(struct sim *s, struct sim_event *e)
{
	struct sim_node *node = owner(s, &e->to);

	if (!node || !node->brain || s->now < node->frozen_until || s->edges[e->what].away) {
		sim_trace(s, "%zu bytes of %u arrive nowhere", e->n, e->who);
		s->figures.nowhere++;
		return;
	}
	sim_plane_packet(node->plane, &e->from, e->bytes, e->n, &e->trail);
}
