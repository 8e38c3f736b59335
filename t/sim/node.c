#include "t/sim/node.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/wire.h"
#include "t/lib/small_curve.h"
#include "t/sim/air.h"
#include "t/sim/flows.h"
#include "t/sim/plane.h"

#define SPIN      64   /* timers a brain may want at one moment, and some for each neighbour  */
#define INBOX     4096 /* inputs that may wait for a brain                                  */
#define CACHE     2048 /* coordinates a node keeps                                          */
#define KNOWN     256  /* keys a node keeps besides its peers'                              */
#define EPOCH_MS  UINT64_C(1700000000000)

struct sim_input {
	struct fips_input           in;
	uint64_t                    at;
	struct fips_sender_report   sender;
	struct fips_receiver_report receiver;
	struct fips_via             via;
	struct sim_input           *next;
	uint8_t                     bytes[];
};

/* --- waking ----------------------------------------------------------------------------------- */

static void wake_at(struct sim_node *node, uint64_t at)
{
	if (at < node->sim->now)
		at = node->sim->now;
	if (at < node->frozen_until)
		at = node->frozen_until;
	if (at >= node->wake_at)
		return;
	node->wake_at = at;
	sim_queue_push(&node->sim->queue, sim_event_new(SIM_WAKE, at, node->id, 0));
}

/* --- inputs ----------------------------------------------------------------------------------- */

static void enqueue(struct sim_node *node, struct sim_input *item)
{
	if (node->last)
		node->last->next = item;
	else
		node->first = item;
	node->last = item;
	node->inputs++;
	if (node->inputs > node->sim->figures.inputs)
		node->sim->figures.inputs = node->inputs;
	sim_must(node->sim, node->inputs <= INBOX, "node %u has %u inputs waiting", node->id,
	         node->inputs);
	wake_at(node, item->at);
}

static void input_after(struct sim_node *node, const struct fips_input *in, uint64_t delay)
{
	struct sim_input *item = sim_alloc(1, sizeof *item + in->len);

	item->in = *in;
	item->at = node->sim->now + delay;
	if (node->last && node->last->at > item->at)
		item->at = node->last->at;
	if (in->len)
		memcpy(item->bytes, in->bytes, in->len);
	item->in.bytes = item->bytes;
	if (in->n_vias) {
		item->via = in->vias[0];
		item->in.vias = &item->via;
	}
	if (in->sender) {
		item->sender = *in->sender;
		item->in.sender = &item->sender;
	}
	if (in->receiver) {
		item->receiver = *in->receiver;
		item->in.receiver = &item->receiver;
	}
	enqueue(node, item);
}

void sim_node_input(struct sim_node *node, const struct fips_input *in)
{
	input_after(node, in, sim_random(node->sim, 2 * MR_NS_PER_MS));
}

void sim_node_resolve(struct sim_node *node, const struct fips_addr *peer)
{
	const struct sim_node *other = sim_node_of(node->sim, peer);
	struct fips_via via = sim_air_via(other ? other->address : 0);
	struct fips_input in = { .kind = FIPS_IN_VIAS, .peer = *peer, .vias = &via, .n_vias = 1 };

	input_after(node, &in, SIM_MS(5) + sim_random(node->sim, SIM_MS(50)));
}

/* --- control ---------------------------------------------------------------------------------- */

static void trace(const struct sim_node *node, const struct fips_action *act)
{
	if (!node->sim->options.trace)
		return;
	if (act->kind == FIPS_ACT_LOG)
		sim_trace(node->sim, "%u says: %.*s", node->id, act->len, (const char *)act->bytes);
	else
		sim_trace(node->sim, "%u does: %s %02x%02x key %llu len %u type %02x", node->id,
		          fips_action_name(act->kind), act->peer.b[0], act->peer.b[1],
		          (unsigned long long)act->key, act->len, act->len ? act->bytes[0] : 0);
}

/* Actions in order; nothing passes an install that is not acknowledged. */
static void do_actions(struct sim_node *node)
{
	struct sim *s = node->sim;
	struct fips_action *act;

	if (node->actions.n > s->figures.actions)
		s->figures.actions = node->actions.n;
	while (s->now >= node->held_until && (act = fips_actions_head(&node->actions))) {
		bool holds = fips_action_holds(act->kind);

		trace(node, act);
		sim_note(s, (uint64_t)act->kind << 32 | act->len);
		sim_plane_act(node->plane, act);
		fips_actions_pop(&node->actions);
		if (holds)
			node->held_until = s->now + sim_random(s, MR_NS_PER_MS);
	}
}

static void think(struct sim_node *node, const struct fips_input *in)
{
	struct sim *s = node->sim;
	uint64_t ops = fips_node_curve_ops(node->brain);

	s->figures.calls++;
	fips_node_handle(node->brain, in, s->now, &node->actions);
	ops = fips_node_curve_ops(node->brain) - ops;
	sim_must(s, ops <= FIPS_NODE_CURVE_OPS, "node %u: %llu public-key operations in one call",
	         node->id, (unsigned long long)ops);
	do_actions(node);
}

static void feed(struct sim_node *node)
{
	while (node->first && node->first->at <= node->sim->now &&
	       fips_actions_ready(&node->actions)) {
		struct sim_input *item = node->first;

		node->first = item->next;
		if (!node->first)
			node->last = NULL;
		node->inputs--;
		think(node, &item->in);
		free(item);
	}
}

static void control(struct sim_node *node)
{
	struct fips_input timer = { .kind = FIPS_IN_TIMER };
	uint64_t now = node->sim->now, next;
	unsigned spins = 0;

	do_actions(node);
	feed(node);
	while (fips_node_deadline(node->brain) <= now && fips_actions_ready(&node->actions)) {
		sim_must(node->sim, spins++ < SPIN + 8 * node->n_edges,
		         "node %u wants a timer again and again", node->id);
		think(node, &timer);
	}
	if (!fips_actions_ready(&node->actions)) {
		wake_at(node, node->held_until);
		return;
	}
	next = fips_node_deadline(node->brain);
	if (node->first && node->first->at < next)
		next = node->first->at;
	if (fips_actions_head(&node->actions) && node->held_until < next)
		next = node->held_until;
	if (next != MR_NEVER)
		wake_at(node, next);
}

/* Of several wake-ups the one that counts is the last that was asked for. */
void sim_node_wake(struct sim_node *node, const struct sim_event *e)
{
	if (e->at != node->wake_at)
		return;
	node->wake_at = MR_NEVER;
	if (!node->brain)
		return;
	if (node->frozen_until && node->sim->now >= node->frozen_until) {
		node->thawed = node->sim->now;
		node->frozen_until = 0;
	}
	if (node->sim->now < node->frozen_until)
		wake_at(node, node->frozen_until);
	else
		control(node);
}

/* --- who it is -------------------------------------------------------------------------------- */

void sim_node_make(struct sim *s, unsigned id)
{
	struct sim_node *node = &s->nodes[id];
	struct fips_curve curve = small_curve();
	uint8_t bytes[16];

	mr_to_le64(bytes, s->options.seed);
	mr_to_le64(bytes + 8, id);
	*node = (struct sim_node){ .sim = s, .id = id, .wake_at = MR_NEVER };
	mr_sha256(bytes, sizeof bytes, node->me.secret);
	if (!curve.public_key(curve.self, node->me.secret, node->me.pub))
		abort();
	node->me.addr = fips_addr_of_key(node->me.pub + 1);
	fips_addr_to_ipv6(&node->me.addr, node->ip);
	node->mtu = sim_random(s, 2) ? 1472 : 1280;
	node->mobile = sim_random(s, 3) == 0;
	node->cap = sim_random(s, 2) ? FIPS_ACTIONS_TURN : 4 * FIPS_ACTIONS_TURN;
	sim_air_move(node);
}

struct sim_node *sim_node_of(struct sim *s, const struct fips_addr *addr)
{
	unsigned low = 0, high = s->n_nodes;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		struct sim_node *node = &s->nodes[s->by_addr[middle]];
		int cmp = fips_addr_cmp(addr, &node->me.addr);

		if (cmp == 0)
			return node;
		if (cmp < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Insertion: it is done once. */
void sim_nodes_sort(struct sim *s)
{
	s->by_addr = sim_alloc(s->n_nodes, sizeof *s->by_addr);
	for (unsigned i = 0; i < s->n_nodes; i++) {
		unsigned at = i;

		for (; at > 0 && fips_addr_cmp(&s->nodes[s->by_addr[at - 1]].me.addr,
		                               &s->nodes[i].me.addr) > 0;
		     at--)
			s->by_addr[at] = s->by_addr[at - 1];
		s->by_addr[at] = (uint16_t)i;
	}
}

/* --- processes -------------------------------------------------------------------------------- */

static uint64_t unix_ms(void *self)
{
	const struct sim_node *node = self;

	return (uint64_t)((int64_t)(EPOCH_MS + node->sim->now / MR_NS_PER_MS) + node->clock_ms);
}

/* Is this neighbour in the node's configuration, and does the node begin? */
static bool lists(const struct sim_edge *e, unsigned id)
{
	return e->dial != SIM_A_DIALS_AS_STRANGER || id == e->a;
}

static bool dials(const struct sim_edge *e, unsigned id)
{
	return e->dial == SIM_BOTH_DIAL || id == e->a;
}

static struct fips_peer_config peer_config(const struct sim_node *peer, bool dial)
{
	struct fips_peer_config c = { .addr = peer->me.addr, .auto_connect = dial,
		                      .auto_reconnect = dial, .named = peer->mobile };

	memcpy(c.pub, peer->me.pub, FIPS_PUB_LEN);
	c.n_vias = dial;
	c.vias[0] = sim_air_via(peer->address);
	return c;
}

static unsigned neighbours(const struct sim_node *node, struct fips_peer_config *out)
{
	struct sim *s = node->sim;
	unsigned n = 0;

	for (unsigned i = 0; i < node->n_edges; i++) {
		const struct sim_edge *e = &s->edges[node->edges[i]];

		if (lists(e, node->id))
			out[n++] = peer_config(&s->nodes[sim_air_other(e, node->id)],
			                       dials(e, node->id));
	}
	return n;
}

static void open_brain(struct sim_node *node, struct fips_peer_config *peers)
{
	struct fips_node_config config = fips_node_config_default();
	struct fips_node_env env = { .curve = small_curve(), .unix_ms = unix_ms, .self = node };
	const char *why;

	config.me = &node->me;
	config.peers = peers;
	config.n_peers = neighbours(node, peers);
	config.max_peers = node->n_edges + 4;
	config.link_mtu = node->mtu;
	config.cache.entries = CACHE;
	config.known = KNOWN;
	config.timers.retry_max = node->sim->options.retry;
	node->rand = (struct mr_rand_state){ .seed = sim_random(node->sim, 0) };
	env.rand = mr_rand_seeded(&node->rand);
	node->plane = sim_plane_open(node);
	env.words = sim_plane_words(node->plane);
	why = fips_node_open(&node->brain, &config, &env);
	sim_must(node->sim, !why, "node %u does not open: %s", node->id, why);
}

void sim_node_start(struct sim_node *node)
{
	struct fips_input start = { .kind = FIPS_IN_START };
	struct fips_peer_config *peers;

	if (node->brain)
		return;
	peers = sim_alloc(node->n_edges + 1, sizeof *peers);
	open_brain(node, peers);
	free(peers);
	if (!fips_actions_open(&node->actions, node->cap))
		abort();
	node->held_until = 0;
	node->started = node->sim->now;
	node->starts++;
	node->sim->figures.starts++;
	sim_trace(node->sim, "%u starts, %02x%02x", node->id, node->me.addr.b[0],
	          node->me.addr.b[1]);
	sim_node_input(node, &start);
	sim_flows_name(node);
}

static void count_life(struct sim_node *node)
{
	const uint64_t *counts = fips_node_counts(node->brain);

	node->sim->figures.restarted += counts[FIPS_NODE_RESTARTS];
	node->sim->figures.lost_links += counts[FIPS_NODE_LOST];
}

void sim_node_kill(struct sim_node *node)
{
	if (!node->brain)
		return;
	while (node->first) {
		struct sim_input *item = node->first;

		node->first = item->next;
		free(item);
	}
	node->last = NULL;
	node->inputs = 0;
	count_life(node);
	fips_node_close(node->brain);
	fips_actions_close(&node->actions);
	sim_plane_close(node->plane);
	node->brain = NULL;
	node->plane = NULL;
	node->frozen_until = 0;
}

void sim_node_freeze(struct sim_node *node, uint64_t ns)
{
	if (!node->brain || (!ns && !node->frozen_until))
		return;
	node->frozen_until = node->sim->now + ns;
	wake_at(node, node->frozen_until);
}
