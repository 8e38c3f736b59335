#include "t/lib/two_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/hash.h"
#include "t/lib/node_plane.h"
#include "t/lib/small_curve.h"

#define SPIN 64 /* timers a node may want at one moment */

struct event {
	uint64_t        at, order;
	bool            wake;   /* of node, else a datagram                    */
	unsigned        node;
	struct fips_via from, to;
	size_t          n;
	uint8_t         bytes[];
};

struct input_item {
	struct fips_input           in;
	uint64_t                    at;
	struct fips_sender_report   sender;
	struct fips_receiver_report receiver;
	struct fips_via             vias[FIPS_VIAS_MAX];
	struct input_item          *next;
	uint8_t                     bytes[];
};

/* --- chance ----------------------------------------------------------------------------------- */

uint64_t world_random(struct world *w, uint64_t below)
{
	uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below ? z % below : z;
}

static bool chance(struct world *w, unsigned percent)
{
	return world_random(w, 100) < percent;
}

/* --- events ----------------------------------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct world *w, struct event *e)
{
	size_t i = w->n_events++;

	if (w->n_events > w->room) {
		w->room = w->room ? 2 * w->room : 64;
		w->heap = realloc(w->heap, w->room * sizeof *w->heap);
		ck_assert_ptr_nonnull(w->heap);
	}
	e->order = w->sequence++;
	for (; i > 0 && before(e, w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = e;
}

static struct event *pop(struct world *w)
{
	struct event *top = w->heap[0], *last = w->heap[--w->n_events];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < w->n_events) {
		if (child + 1 < w->n_events && before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!before(w->heap[child], last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return top;
}

static struct event *event_new(uint64_t at, size_t n)
{
	struct event *e = calloc(1, sizeof *e + n);

	ck_always(e != NULL);
	e->at = at;
	e->n = n;
	return e;
}

void world_wake(struct sim_node *node, uint64_t at)
{
	struct event *e;

	if (at < node->world->now)
		at = node->world->now;
	if (at >= node->wake_at && node->wake_at > node->world->now)
		return;
	node->wake_at = at;
	e = event_new(at, 0);
	e->wake = true;
	e->node = node->id;
	push(node->world, e);
}

/* --- the network ------------------------------------------------------------------------------ */

static struct sim_node *owner(struct world *w, const struct fips_via *via)
{
	for (unsigned i = 0; i < w->n_nodes; i++)
		if (w->node[i].via.sock[0] == via->sock[0])
			return &w->node[i];
	return NULL;
}

static void travel(struct world *w, const struct fips_via *from, const struct fips_via *to,
                   const uint8_t *bytes, size_t n)
{
	uint64_t at = w->now + MS(w->delay) + world_random(w, MR_NS_PER_MS);
	struct event *e;

	if (chance(w, w->reorder))
		at += world_random(w, MS(w->late) + 1);
	e = event_new(at, n);
	e->from = *from;
	e->to = *to;
	memcpy(e->bytes, bytes, n);
	push(w, e);
}

void world_send(struct world *w, const struct fips_via *from, const struct fips_via *to,
                const uint8_t *bytes, size_t n)
{
	struct sim_node *a = owner(w, from), *b = owner(w, to);

	w->packets++;
	if (!b || w->cut || (w->filter && !w->filter(w->filter_self, a, b, bytes, n)))
		return;
	if (!chance(w, w->loss))
		travel(w, from, to, bytes, n);
	if (chance(w, w->dup))
		travel(w, from, to, bytes, n);
}

/* --- control ---------------------------------------------------------------------------------- */

void world_input(struct sim_node *node, const struct fips_input *in)
{
	struct input_item *item = calloc(1, sizeof *item + in->len);

	ck_always(item != NULL);
	item->in = *in;
	item->at = node->world->now + world_random(node->world, 2 * MR_NS_PER_MS);
	if (node->last && node->last->at > item->at)
		item->at = node->last->at;
	if (in->len)
		memcpy(item->bytes, in->bytes, in->len);
	item->in.bytes = item->bytes;
	if (in->n_vias) {
		memcpy(item->vias, in->vias, in->n_vias * sizeof *in->vias);
		item->in.vias = item->vias;
	}
	if (in->sender)
		item->sender = *in->sender, item->in.sender = &item->sender;
	if (in->receiver)
		item->receiver = *in->receiver, item->in.receiver = &item->receiver;
	if (node->last)
		node->last->next = item;
	else
		node->first = item;
	node->last = item;
	world_wake(node, item->at);
}

static void trace(const struct sim_node *node, const struct fips_action *act)
{
	if (!node->world->trace)
		return;
	printf("%9.3f %u %-18s %02x.. key %llu ours %08x k %u len %u",
	       (double)node->world->now / 1e9, node->id, fips_action_name(act->kind),
	       act->peer.b[0], (unsigned long long)act->key, act->ours, act->k, act->len);
	if (act->kind == FIPS_ACT_LOG)
		printf(" \"%.*s\"", act->len, (const char *)act->bytes);
	else if (act->len)
		printf(" type %02x", act->bytes[0]);
	printf("\n");
}

/* Actions in order; nothing passes an install that is not acknowledged. */
static void do_actions(struct sim_node *node)
{
	struct fips_action *act;

	while (node->world->now >= node->held_until && (act = fips_actions_head(&node->actions))) {
		bool holds = fips_action_holds(act->kind);

		trace(node, act);
		node->actions_done[act->kind]++;
		node->logs += act->kind == FIPS_ACT_LOG;
		plane_act(node->plane, act);
		fips_actions_pop(&node->actions);
		if (holds)
			node->held_until =
				node->world->now + world_random(node->world, MR_NS_PER_MS);
	}
}

static void think(struct sim_node *node, const struct fips_input *in)
{
	if (node->world->trace && in->kind != FIPS_IN_TIMER)
		printf("%9.3f %u   in %d %02x.. key %llu len %zu\n", (double)node->world->now / 1e9,
		       node->id, in->kind, in->peer.b[0], (unsigned long long)in->key, in->len);
	fips_node_handle(node->brain, in, node->world->now, &node->actions);
	ck_always(fips_node_deadline(node->brain) == fips_node_deadline_by_looking(node->brain));
	do_actions(node);
}

static void feed(struct sim_node *node)
{
	while (node->first && node->first->at <= node->world->now &&
	       fips_actions_ready(&node->actions)) {
		struct input_item *item = node->first;

		node->first = item->next;
		if (!node->first)
			node->last = NULL;
		think(node, &item->in);
		free(item);
	}
}

static void control(struct sim_node *node)
{
	struct fips_input timer = { .kind = FIPS_IN_TIMER };
	unsigned spins = 0;
	uint64_t next;

	do_actions(node);
	feed(node);
	while (fips_node_deadline(node->brain) <= node->world->now &&
	       fips_actions_ready(&node->actions)) {
		if (spins++ >= SPIN)
			ck_abort_msg("the deadline stays in the past");
		think(node, &timer);
	}
	next = fips_node_deadline(node->brain);
	if (node->first && node->first->at < next)
		next = node->first->at;
	if (fips_actions_head(&node->actions) && node->held_until < next)
		next = node->held_until;
	if (next != MR_NEVER)
		world_wake(node, next <= node->world->now ? node->world->now + 1 : next);
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* 01, b1, c1, d1 or e1, 02 to 1f, 20, b0, c0, d0 or e0. */
static struct fips_identity of_mesh5(unsigned number)
{
	struct fips_curve curve = fips_curve_secp256k1();
	uint8_t bytes[FIPS_SECRET_LEN];
	struct fips_identity id;

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i + 1);
	if (number > WORLD_MESH5) {
		bytes[0] = (uint8_t)((0xa + number - WORLD_MESH5) << 4 | 1);
		bytes[31] = bytes[0] & 0xf0;
	}
	ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, bytes));
	fips_curve_close(&curve);
	return id;
}

struct fips_identity world_identity(unsigned secret)
{
	struct fips_curve curve = small_curve();
	struct fips_identity id = { 0 };
	uint8_t bytes[FIPS_SECRET_LEN] = { 0 };

	if (secret >= WORLD_MESH5 && secret < WORLD_MESH5 + 5)
		return of_mesh5(secret);
	bytes[31] = (uint8_t)secret;
	bytes[30] = (uint8_t)(secret >> 8);
	mr_sha256(bytes, sizeof bytes, id.secret);
	ck_always(curve.public_key(curve.self, id.secret, id.pub));
	id.addr = fips_addr_of_key(id.pub + 1);
	return id;
}

struct fips_via world_via(unsigned secret, unsigned port)
{
	struct fips_via via = { .instance = 1, .len = 16 };

	via.sock[0] = (uint8_t)secret;
	via.sock[1] = (uint8_t)port;
	return via;
}

uint64_t world_unix_ms(void *now)
{
	return UINT64_C(1700000000000) + *(const uint64_t *)now / MR_NS_PER_MS;
}

static struct sim_node *add(struct world *w, unsigned secret)
{
	struct sim_node *node = &w->node[w->n_nodes];

	ck_assert_uint_lt(w->n_nodes, WORLD_NODES);
	*node = (struct sim_node){ .world = w, .id = w->n_nodes++, .via = world_via(secret, 0),
		                   .number = secret, .me = world_identity(secret) };
	return node;
}

static void brain_open(struct sim_node *node, const struct world_peer *peers, unsigned n_peers,
                       const struct fips_node_config *given)
{
	struct fips_node_config config = given ? *given : fips_node_config_default();
	struct fips_peer_config list[WORLD_NODES] = { 0 };
	struct fips_input start = { .kind = FIPS_IN_START };
	struct fips_node_env env = { .curve = small_curve(), .unix_ms = world_unix_ms,
		                     .self = &node->world->now };
	const char *why;

	for (unsigned i = 0; i < n_peers; i++) {
		struct fips_identity id = world_identity(peers[i].secret);

		memcpy(list[i].pub, id.pub, FIPS_PUB_LEN);
		list[i].addr = id.addr;
		list[i].auto_connect = list[i].auto_reconnect = peers[i].vias > 0;
		list[i].n_vias = peers[i].vias;
		list[i].behind = peers[i].behind > 0;
		if (list[i].behind)
			list[i].hop = world_identity(peers[i].behind).addr;
		for (unsigned v = 0; v < peers[i].vias; v++)
			list[i].vias[v] = world_via(peers[i].secret, v);
	}
	if (!given) {
		config.max_peers = 8;
		config.limits.sessions = 32;
	}
	if (node->number >= WORLD_MESH5 && !node->world->real.self)
		node->world->real = fips_curve_secp256k1();
	if (node->number >= WORLD_MESH5)
		env.curve = node->world->real;
	node->mtu = config.link_mtu;
	config.me = &node->me;
	config.peers = list;
	config.n_peers = n_peers;
	node->rand.seed = world_random(node->world, 0);
	env.rand = mr_rand_seeded(&node->rand);
	node->plane = plane_open(node);
	env.words = plane_words(node->plane);
	why = fips_node_open(&node->brain, &config, &env);
	ck_assert_msg(!why, "%s", why);
	ck_assert(fips_actions_open(&node->actions, 4 * FIPS_ACTIONS_TURN));
	node->held_until = 0;
	world_input(node, &start);
}

static void brain_close(struct sim_node *node)
{
	while (node->first) {
		struct input_item *item = node->first;

		node->first = item->next;
		free(item);
	}
	node->last = NULL;
	if (!node->brain)
		return;
	fips_node_close(node->brain);
	fips_actions_close(&node->actions);
	plane_close(node->plane);
	node->brain = NULL;
	node->plane = NULL;
}

struct sim_node *world_node(struct world *w, unsigned secret, const struct world_peer *peers,
                            unsigned n_peers, const struct fips_node_config *config)
{
	struct sim_node *node = add(w, secret);

	brain_open(node, peers, n_peers, config);
	return node;
}

struct sim_node *world_actor(struct world *w, unsigned secret, const struct actor_ops *ops,
                             void *self)
{
	struct sim_node *node = add(w, secret);

	node->ops = ops;
	node->self = self;
	return node;
}

void world_kill(struct sim_node *node)
{
	brain_close(node);
}

void world_restart(struct sim_node *node, const struct world_peer *peers, unsigned n_peers,
                   const struct fips_node_config *config)
{
	brain_close(node);
	brain_open(node, peers, n_peers, config);
}

void world_data(struct sim_node *node, const struct fips_addr *to)
{
	if (node->plane)
		plane_data(node->plane, to);
}

bool world_linked(const struct sim_node *a, const struct sim_node *b)
{
	return a->brain && b->brain && fips_node_has_link(a->brain, &b->me.addr) &&
	       fips_node_has_link(b->brain, &a->me.addr);
}

bool world_in_session(const struct sim_node *a, const struct sim_node *b)
{
	return a->brain && b->brain && fips_node_has_session(a->brain, &b->me.addr) &&
	       fips_node_has_session(b->brain, &a->me.addr);
}

/* --- the world -------------------------------------------------------------------------------- */

struct world *world_open(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);

	ck_assert_ptr_nonnull(w);
	w->random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	w->now = SECONDS(1000) + world_random(w, SECONDS(1000));
	w->delay = 5;
	w->late = 200;
	return w;
}

void world_close(struct world *w)
{
	for (unsigned i = 0; i < w->n_nodes; i++) {
		brain_close(&w->node[i]);
		ledger_free(&w->node[i].ledger);
		if (w->node[i].ops && w->node[i].ops->close)
			w->node[i].ops->close(w->node[i].self);
	}
	while (w->n_events)
		free(pop(w));
	free(w->heap);
	free(w->keys);
	nonces_free(&w->nonces);
	if (w->real.self)
		fips_curve_close(&w->real);
	free(w);
}

void world_new_key(struct world *w, const uint8_t key[32])
{
	for (size_t i = 0; i < w->n_keys; i++)
		ck_always(memcmp(w->keys[i], key, 32) != 0); /* a send key comes once */
	if (w->n_keys == w->keys_room) {
		w->keys_room = w->keys_room ? 2 * w->keys_room : 64;
		w->keys = realloc(w->keys, w->keys_room * sizeof *w->keys);
		ck_assert_ptr_nonnull(w->keys);
	}
	memcpy(w->keys[w->n_keys++], key, 32);
}

static struct sim_node *node_of(struct world *w, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < w->n_nodes; i++)
		if (fips_addr_eq(&w->node[i].me.addr, addr))
			return &w->node[i];
	ck_abort_msg("data of nobody");
}

void world_got(struct sim_node *at, const uint8_t *body, size_t len)
{
	struct fips_addr from;
	uint64_t number;

	if (!ledger_read(FIPS_FSP_DATA, body, len, &from, &number))
		return;
	at->got++;
	ledger_delivered(&node_of(at->world, &from)->ledger, number);
}

static void arrive(struct world *w, const struct event *e)
{
	struct sim_node *node = owner(w, &e->to);
	struct fips_addr from;
	uint64_t number;

	if (ledger_peek(&node->me.addr, e->bytes, e->n, &from, &number))
		ledger_brought(&node_of(w, &from)->ledger, number);
	if (node->ops)
		node->ops->packet(node->self, &e->from, e->bytes, e->n);
	else if (node->plane)
		plane_packet(node->plane, &e->from, e->bytes, e->n);
}

static void wake(struct sim_node *node)
{
	if (node->wake_at <= node->world->now)
		node->wake_at = MR_NEVER;
	if (node->ops)
		node->ops->wake(node->self);
	else if (node->brain)
		control(node);
}

static void step(struct world *w)
{
	struct event *e = pop(w);

	w->now = e->at;
	if (e->wake)
		wake(&w->node[e->node]);
	else
		arrive(w, e);
	free(e);
}

bool world_until(struct world *w, uint64_t ns, bool (*done)(void *self), void *self)
{
	uint64_t end = w->now + ns;

	while (w->n_events && w->heap[0]->at <= end) {
		if (done && done(self))
			return true;
		step(w);
	}
	w->now = end;
	return done && done(self);
}

void world_run(struct world *w, uint64_t ns)
{
	world_until(w, ns, NULL, NULL);
}
