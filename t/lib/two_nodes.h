/* two_nodes.h - nodes driven against each other: no sockets, no threads, no real time.
 *
 * A world has a clock, a network and nodes.  Every datagram takes its delay and may be lost,
 * doubled or overtaken, all of it decided by the seed.  Each node has fips/node as its brain, the
 * key objects and receive rules of fips/path as its data plane (node_plane.h), and control's
 * habits: inputs reach the brain a little late, and an install is acknowledged a little later
 * still.
 *
 * What must hold always is asserted while it runs: actions name keys that are there, a send key
 * value is installed once in the life of the world, no counter is used twice under it (ledger.h),
 * no deadline stays in the past, nothing is left of a link or session that is down.
 *
 * An actor is anything else with an address: the reference model (reference.h), a test's own hand.
 */
#ifndef T_LIB_TWO_NODES_H
#define T_LIB_TWO_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/rand.h"
#include "fips/node/node.h"
#include "t/lib/ledger.h"
#include "t/lib/mock_seal.h"

#define WORLD_NODES 8
#define MS(n)       ((uint64_t)(n) * MR_NS_PER_MS)
#define SECONDS(n)  ((uint64_t)(n) * MR_NS_PER_S)

struct world;
struct plane;

/* A datagram arrives; or the wake-up that an actor asked for. */
struct actor_ops {
	void (*packet)(void *self, const struct fips_via *from, const uint8_t *bytes, size_t n);
	void (*wake)(void *self);
	void (*close)(void *self);
};

struct sim_node {
	struct world        *world;
	unsigned             id;     /* place in the world                       */
	unsigned             number; /* secret                                   */
	struct fips_via      via;    /* where datagrams reach it                 */
	struct fips_identity me;
	struct mr_rand_state rand;

	/* a node of ours; NULL for an actor */
	struct fips_node    *brain;
	struct fips_actions  actions;
	struct plane        *plane;
	struct input_item   *first, *last; /* inputs on their way to the brain   */
	uint64_t             held_until;   /* an install is being acknowledged   */
	uint64_t             wake_at;      /* earliest wake-up in the queue      */

	/* an actor; NULL for a node of ours */
	const struct actor_ops *ops;
	void                *self;

	/* tallies */
	uint64_t             sent, got;    /* data: offered here, delivered here */
	struct ledger        ledger;       /* data it sent, by number            */
	uint64_t             dropped;      /* data given up at this sender       */
	uint64_t             forwarded;    /* datagrams of others                */
	uint16_t             mtu;          /* of its links, const while it runs  */
	uint16_t             route_mtu;    /* as the last ROUTE had it           */
	uint64_t             actions_done[FIPS_ACT_KINDS];
	uint64_t             logs;
};

/* What the network does to a datagram on top of chance.  False: it is lost. */
typedef bool world_filter(void *self, const struct sim_node *from, const struct sim_node *to,
                          const uint8_t *bytes, size_t n);

struct world {
	uint64_t         now;
	uint64_t         random;
	struct sim_node  node[WORLD_NODES];
	unsigned         n_nodes;

	/* the network: percent, and milliseconds */
	unsigned         loss, dup, reorder;
	unsigned         delay, late; /* every datagram; more for a reordered one */
	bool             cut;         /* nothing gets through                     */
	world_filter    *filter;
	void            *filter_self;
	bool             trace;       /* print actions, for a person              */

	struct event   **heap;
	size_t           n_events, room;
	uint64_t         sequence;
	uint8_t        (*keys)[32];   /* every send key installed so far          */
	size_t           n_keys, keys_room;
	struct nonces    nonces;      /* used so far                              */
	struct fips_curve real;       /* of nodes from WORLD_MESH5 on; owned, made when
	                               * the first comes                          */
	uint64_t         packets;     /* offered to the network                   */
};

struct world *world_open(uint64_t seed);
void          world_close(struct world *w);
uint64_t      world_random(struct world *w, uint64_t below);

/* Secret number `secret` (1 and up), the peers named by their place, all added before.  config may
 * change anything before the node is opened; NULL: defaults.  accept and auto_connect as usual. */
struct world_peer {
	unsigned secret;
	unsigned vias; /* addresses it is dialled at: 1, 2 ... that many ports */
	unsigned behind; /* secret of the neighbour that leads to it; 0: none  */
};
struct sim_node *world_node(struct world *w, unsigned secret, const struct world_peer *peers,
                            unsigned n_peers, const struct fips_node_config *config);
struct sim_node *world_actor(struct world *w, unsigned secret, const struct actor_ops *ops,
                             void *self);

/* The node's process ends without a word, and a new one begins: new epoch, nothing remembered. */
void world_restart(struct sim_node *node, const struct world_peer *peers, unsigned n_peers,
                   const struct fips_node_config *config);
/* ... or does not begin again. */
void world_kill(struct sim_node *node);

/* Numbers from WORLD_MESH5 on are nodes A to E of the static test mesh (operations.md 11),
 * on the real curve. */
#define WORLD_MESH5 1000
struct fips_identity world_identity(unsigned secret);
struct fips_via      world_via(unsigned secret, unsigned port);

/* Let time pass. */
void world_run(struct world *w, uint64_t ns);
/* Until done says so, at most ns.  Returns whether it did. */
bool world_until(struct world *w, uint64_t ns, bool (*done)(void *self), void *self);

/* The time of day of every node in a world that tells w->now: ms since 1970.  self is the clock. */
uint64_t world_unix_ms(void *now);

/* Put a datagram on the network, from an address to an address. */
void world_send(struct world *w, const struct fips_via *from, const struct fips_via *to,
                const uint8_t *bytes, size_t n);
void world_wake(struct sim_node *node, uint64_t at);

/* Hand the node's brain an input, as a data thread does. */
void world_input(struct sim_node *node, const struct fips_input *in);

/* Offer a packet of data at node for whoever has the address. */
void world_data(struct sim_node *node, const struct fips_addr *to);

bool world_linked(const struct sim_node *a, const struct sim_node *b);
bool world_in_session(const struct sim_node *a, const struct sim_node *b);

/* Data was delivered at this node: its type byte's body.  Counted if it is whole. */
void world_got(struct sim_node *at, const uint8_t *body, size_t len);

/* A send key's bytes must never have been seen before. */
void world_new_key(struct world *w, const uint8_t key[32]);

#endif
