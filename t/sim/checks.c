#include "t/sim/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "t/sim/flows.h"
#include "t/sim/node.h"
#include "t/sim/plane.h"

#define STUCK SIM_S(60) /* a handshake that takes longer is none */

/* --- keys ------------------------------------------------------------------------------------- */

struct entry {
	uint64_t key[2]; /* half of its bytes: enough to tell keys apart          */
	uint64_t next;   /* counters below were used                              */
};

struct sim_keys {
	struct entry *list; /* owned, n of room */
	uint32_t     *slot; /* owned; place in the list and one, 0: free          */
	uint32_t      n, room, slots;
};

static uint32_t *find(struct sim_keys *k, const uint64_t key[2])
{
	uint32_t at = (uint32_t)key[0];

	while (k->slot[at & (k->slots - 1)]) {
		if (memcmp(k->list[k->slot[at & (k->slots - 1)] - 1].key, key, 16) == 0)
			break;
		at++;
	}
	return &k->slot[at & (k->slots - 1)];
}

static void grow(struct sim_keys *k)
{
	k->room = k->room ? 2 * k->room : 1024;
	k->slots = 2 * k->room;
	k->list = realloc(k->list, k->room * sizeof *k->list);
	free(k->slot);
	k->slot = sim_alloc(k->slots, sizeof *k->slot);
	if (!k->list)
		abort();
	for (uint32_t i = 0; i < k->n; i++)
		*find(k, k->list[i].key) = i + 1;
}

uint32_t sim_keys_new(struct sim *s, const struct sim_node *node, const uint8_t key[32])
{
	struct sim_keys *k = s->keys ? s->keys : sim_alloc(1, sizeof *k);
	uint64_t half[2] = { mr_le64(key), mr_le64(key + 8) };
	uint32_t *slot;

	s->keys = k;
	if (k->n == k->room)
		grow(k);
	slot = find(k, half);
	sim_must(s, !*slot, "node %u is given a send key that was used before", node->id);
	k->list[k->n] = (struct entry){ .key = { half[0], half[1] } };
	*slot = ++k->n;
	s->figures.keys++;
	return k->n - 1;
}

void sim_keys_seal(struct sim *s, const struct sim_node *node, uint32_t key, uint64_t counter)
{
	struct entry *e = &s->keys->list[key];

	sim_must(s, counter >= e->next, "node %u uses counter %llu of a key again", node->id,
	         (unsigned long long)counter);
	e->next = counter + 1;
}

void sim_keys_close(struct sim *s)
{
	if (!s->keys)
		return;
	free(s->keys->list);
	free(s->keys->slot);
	free(s->keys);
}

/* --- always ----------------------------------------------------------------------------------- */

void sim_check_always(struct sim *s)
{
	for (unsigned i = 0; i < s->n_nodes; i++)
		if (s->nodes[i].brain)
			sim_plane_look(s->nodes[i].plane);
}

/* --- after the storm -------------------------------------------------------------------------- */

static bool linked(const struct sim *s, const struct sim_edge *e)
{
	const struct sim_node *a = &s->nodes[e->a], *b = &s->nodes[e->b];

	return fips_node_has_link(a->brain, &b->me.addr) &&
	       fips_node_has_link(b->brain, &a->me.addr);
}

const char *sim_check_links(struct sim *s)
{
	for (unsigned i = 0; i < s->n_nodes; i++) {
		if (!s->nodes[i].brain) {
			snprintf(s->why, sizeof s->why, "node %u does not run", i);
			return s->why;
		}
	}
	for (unsigned i = 0; i < s->n_edges; i++) {
		const struct sim_edge *e = &s->edges[i];

		if (!linked(s, e)) {
			snprintf(s->why, sizeof s->why, "nodes %u and %u have no link", e->a, e->b);
			return s->why;
		}
	}
	return NULL;
}

const char *sim_check_answers(struct sim *s)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct sim_flow *f = &s->flows[i];

		if (f->good_at < s->storm_ends || f->good_at + 3 * f->period < s->now) {
			snprintf(s->why, sizeof s->why, "node %u has no answers of node %u",
			         f->from, f->to);
			return s->why;
		}
	}
	return NULL;
}

/* What it took to come so far, the first time. */
static void note_heal(struct sim *s, enum sim_heal heal)
{
	if (!s->figures.heal[heal])
		s->figures.heal[heal] = s->now - s->storm_ends + 1;
}

const char *sim_check_well(struct sim *s)
{
	static const char *(*const check[SIM_HEALS])(struct sim *) = {
		[SIM_LINKED] = sim_check_links,
		[SIM_TREED] = sim_check_tree,
		[SIM_TOLD] = sim_check_filters,
		[SIM_ANSWERED] = sim_check_answers,
	};

	for (unsigned i = 0; i < SIM_HEALS; i++) {
		const char *why = check[i](s);

		if (why)
			return why;
		note_heal(s, i);
	}
	return NULL;
}

static void check_sessions(const struct sim *s, const struct sim_node *node)
{
	struct fips_session_info info;

	for (unsigned i = 0; fips_node_session(node->brain, i, &info); i++)
		sim_must(s, info.state == FIPS_SESSION_ESTABLISHED || s->now - info.since < STUCK,
		         "node %u: a session with %02x%02x.. is stuck", node->id, info.addr.b[0],
		         info.addr.b[1]);
}

void sim_check_end(struct sim *s)
{
	sim_flows_check(s);
	for (unsigned i = 0; i < s->n_nodes; i++)
		check_sessions(s, &s->nodes[i]);
}
