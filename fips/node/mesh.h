/* mesh.h - the layer that lets a datagram cross more than one link (mesh.md): what it remembers,
 * and where the rest of the node calls it.
 *
 *     links, metrics, timers ---> hooks below ---> tree, filters, lookups, coordinates
 *                                                        |
 *     sessions, transit <--- a next hop for a destination'
 *
 * Only neighbours whose link is proven take part: a link that nobody has proven may be a stranger's
 * doing.  A process that begins anew at the other end is a link that went down and came up.
 *
 * What the parts decide about all neighbours at once is not sent at once: it is marked with each
 * and served by the walk of timers.c, one neighbour after the other, as far as a call's bounds
 * allow.
 */
#ifndef FIPS_NODE_MESH_H
#define FIPS_NODE_MESH_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/node/cache.h"
#include "fips/node/filters.h"
#include "fips/node/forwards.h"
#include "fips/node/nexthop.h"
#include "fips/node/lookup.h"
#include "fips/node/signals.h"
#include "fips/node/tree.h"
#include "fips/node/treepath.h"

struct fips_node;
struct fips_peer;
struct fips_input;

struct fips_mesh {
	uint64_t tick_at;    /* ns; MR_NEVER while no link is proven                  */
	unsigned links;      /* proven ones                                           */
	uint64_t generation; /* of what next hops are chosen by besides nexthop.h's; from 1 on */
	uint64_t looked;     /* of all of it, when sessions last looked for theirs    */
	struct fips_tree tree;
	uint64_t tree_seen;  /* the tree's generation that others have been told of   */
	uint64_t reeval_at;  /* ns; not before, the tree is judged again without a cause */
	struct fips_filters filters;
	uint64_t full_at;    /* ns; not before, a filter of ours is called too full   */
	struct fips_cache cache;
	struct fips_nexthops hops;
	struct fips_forwards forwards;
	uint64_t overflows;  /* of the kernel, at the last tick                       */
	bool     overflowing; /* ... they had grown                                   */
	struct fips_lookups lookups;
	struct fips_signals signals;
};

/* Set-up and end.  Open returns false when memory is gone; close is fine with what is not open.
 * Grow: the table of peers is to have `slots` from now on, more than before; what is kept by slot
 * stays.  False: no memory, and nothing has changed that matters. */
bool fips_mesh_open(struct fips_node *n);
bool fips_mesh_grow(struct fips_node *n, unsigned slots);
void fips_mesh_close(struct fips_node *n);

/* All below are called inside fips_node_handle, unless marked otherwise. */

/* The link is proven; told at every cut-over, the first time counts.  The link is gone, or has come
 * to lead to another process: for one that was not up nothing happens. */
void fips_mesh_link_up(struct fips_node *n, struct fips_peer *p);
void fips_mesh_link_down(struct fips_node *n, struct fips_peer *p);

/* The first round trip of the link is known.  Its cost was not before. */
void fips_mesh_measured(struct fips_node *n, struct fips_peer *p);

/* A message of type 10, 20, 30 or 31 on a link that is proven. */
void fips_mesh_message(struct fips_node *n, struct fips_peer *p, const struct fips_input *in);

/* Once a second while there is a link. */
void     fips_mesh_tick(struct fips_node *n);
uint64_t fips_mesh_due(const struct fips_node *n); /* any time */

/* What is owed to one neighbour whose link is up: announcements.  At most FIPS_MESH_PEER_ACTIONS
 * actions and one public-key operation a call, if one is left.
 * Due: 0 when there is something to be done now; any time. */
#define FIPS_MESH_PEER_ACTIONS 4
void     fips_mesh_peer_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_mesh_peer_due(const struct fips_node *n, const struct fips_peer *p);

/* Our own path to the root is another one. */
void fips_mesh_path_changed(struct fips_node *n);

/* A next hop may be another one than before: filters, paths, coordinates, links, costs. */
void fips_mesh_changed(struct fips_node *n);

/* Of all that a next hop is chosen by but coordinates: never the same again after a change.
 * Any time. */
uint64_t fips_mesh_generation(const struct fips_node *n);
/* ... of one node alone: its coordinates are others. */
void fips_mesh_moved(struct fips_node *n, const struct fips_addr *who);

/* ---- what sessions ask of it ---- */

/* Our own way to the root: never empty.  Any time. */
const struct fips_treepath *fips_mesh_path(const struct fips_node *n);

/* Where a node is, as a neighbour announced it or the cache has it.  False: not known. */
bool fips_mesh_coords(struct fips_node *n, const struct fips_addr *of, struct fips_treepath *out);

/* A message says that a node is there.  Nobody vouches for it. */
void fips_mesh_learn(struct fips_node *n, const struct fips_addr *who,
                     const struct fips_coords *list);

/* The neighbour that is next on the way to a node that is none itself, or whose link is not proven.
 * NULL: there is no way, or it is not known. */
struct fips_peer *fips_mesh_hop(struct fips_node *n, const struct fips_addr *dest);

/* The path to it takes frames of this size at most, as a lookup found; 0: not known. */
uint16_t fips_mesh_path_mtu(struct fips_node *n, const struct fips_addr *dest);

/* Look for a node.  What comes of it is told by fips_destination_found or fips_destination_lost,
 * later.  False: there is nobody to ask, or not now. */
bool fips_mesh_look_for(struct fips_node *n, const struct fips_addr *target);

/* ---- mesh_tree.c: hooks above, for the tree ---- */

bool fips_mesh_tree_open(struct fips_node *n); /* set-up; settings as fips_node_take left them */
void fips_mesh_tree_up(struct fips_node *n, struct fips_peer *p);
void fips_mesh_tree_down(struct fips_node *n, struct fips_peer *p);
void fips_mesh_tree_measured(struct fips_node *n);
void fips_mesh_tree_tick(struct fips_node *n);
void fips_mesh_tree_message(struct fips_node *n, struct fips_peer *p, const struct fips_input *in);
void fips_mesh_tree_timer(struct fips_node *n, struct fips_peer *p);

/* ---- mesh_lookup.c: hooks above, for lookups ---- */

bool fips_mesh_lookup_open(struct fips_node *n); /* set-up; settings as fips_node_take left them */
void fips_mesh_lookup_close(struct fips_node *n);
void fips_mesh_lookup_up(struct fips_node *n, const struct fips_peer *p);
void fips_mesh_lookup_down(struct fips_node *n, const struct fips_peer *p);
void fips_mesh_lookup_message(struct fips_node *n, struct fips_peer *p,
                              const struct fips_input *in);
void fips_mesh_lookup_timer(struct fips_node *n);

/* ---- mesh_signals.c ---- */

/* A datagram of others goes no further: tell its source, if that is to be told.  by: the link it
 * came by, zeros: not known; mtu: of the link it is too big for, 0: it has no next hop. */
void fips_mesh_undelivered(struct fips_node *n, const struct fips_addr *by,
                           const struct fips_datagram *failed, uint16_t mtu);

/* ---- mesh_filters.c: hooks above, for filters and coordinates ---- */

bool fips_mesh_filters_open(struct fips_node *n); /* set-up; settings as fips_node_take left them */
bool fips_mesh_filters_grow(struct fips_node *n, unsigned slots); /* behind the tree's */
void fips_mesh_filters_close(struct fips_node *n);
void fips_mesh_filters_up(struct fips_node *n, struct fips_peer *p);
void fips_mesh_filters_down(struct fips_node *n, struct fips_peer *p); /* before the tree's */
void fips_mesh_filters_message(struct fips_node *n, struct fips_peer *p,
                               const struct fips_input *in);
/* The tree has decided. */
void     fips_mesh_filters_follow(struct fips_node *n, const struct fips_tree_outcome *out);
void     fips_mesh_filters_tick(struct fips_node *n);
void     fips_mesh_filters_timer(struct fips_node *n, struct fips_peer *p);
uint64_t fips_mesh_filters_due(const struct fips_node *n, unsigned slot); /* any time */

/* ---- neighbours ---- */

/* What a datagram costs by this link (mesh.md 0).  False: nothing is measured yet.  Any time. */
bool fips_link_cost(const struct fips_peer *p, double *cost);

/* The slot of a peer, and the peer of a slot that is used.  Any time. */
unsigned          fips_peer_slot(const struct fips_node *n, const struct fips_peer *p);
struct fips_peer *fips_peer_at(struct fips_node *n, unsigned slot);

#endif
