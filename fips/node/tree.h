/* tree.h - the node's place in the spanning tree, as a state machine (mesh.md 1.3 to 1.10).
 *
 * Every node declares one neighbour its parent, or itself the root.  Nobody sees the tree as a
 * whole: a node knows the way to the root that each neighbour announced, and its own is the
 * parent's with itself in front.
 *
 *     neighbours' paths ---.
 *     costs of links ------+--> choice (tree_choose.c) --> declaration, own path --> announcements
 *     brakes (tree_flap.h) '                                                         (tree_send.c)
 *
 * The root is the smallest address that anybody shows a way to; depth and cost choose among those
 * that lead there.  The state machine is handed time, costs and what neighbours say, and answers
 * with an outcome: what was decided, and so what caches and filters must do about it.  It signs,
 * sends and verifies nothing itself.
 *
 * Neighbours are named by slot, [0, n_peers), stable while their link is up.  All memory is taken
 * by open and reserve; every operation is one pass over the slots at most.  One thread.
 */
#ifndef FIPS_NODE_TREE_H
#define FIPS_NODE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/node/tree_flap.h"
#include "fips/node/treepath.h"
#include "fips/wire/tree.h"

/* Defaults are those of mesh.md 10. */
struct fips_tree_settings {
	uint32_t announce_min;   /* ms between two announcements to one peer           */
	double   hysteresis;     /* [0, 1): by how much a better parent must be better */
	uint32_t hold_down;      /* ms, 0: off                                         */
	uint32_t reeval;         /* ms between evaluations without a cause, 0: never   */
	uint32_t flap_threshold; /* 1 and more                                         */
	uint32_t flap_window;    /* ms                                                 */
	uint64_t flap_dampening; /* ms                                                 */
	bool     strict_costs;   /* unmeasured peers are no parents once any peer is measured, not
	                          * even where they alone lead to the root: what the reference
	                          * does */
};

struct fips_tree_settings fips_tree_settings_default(void);

/* What the link to a peer costs (mesh.md 0); false: it is unmeasured.
 * Asked for peers that are up. */
struct fips_tree_costs {
	bool (*of)(void *self, unsigned peer, double *cost);
	void *self;
};

struct fips_tree_clocks {
	uint64_t now;     /* ns, never running backwards        */
	uint64_t unix_ms; /* wall clock; goes into declarations */
};

/* What an entry of a path carries besides its address; passed on and never looked at. */
struct fips_tree_stamp {
	uint64_t sequence, timestamp;
};

struct fips_tree_way {
	struct fips_treepath   path;
	struct fips_tree_stamp stamps[FIPS_PATH_MAX]; /* those from path.n on mean nothing */
};

struct fips_tree_peer {
	bool             up;
	struct fips_addr addr;     /* valid if up                                 */

	/* the latest declaration accepted; way.path.n == 0: none since its link is up */
	struct fips_tree_way way;
	struct fips_addr parent;   /* == addr: it is root                         */
	uint64_t         sequence, timestamp;
	unsigned         collapses; /* times its root gave way to a larger one    */

	/* announcements to it */
	bool             pending;  /* something it has not been told              */
	bool             told;     /* sent_at is valid                            */
	uint64_t         sent_at;  /* ns                                          */
	unsigned         repeats;  /* of the last news; how often it has been said again */
};

/* As show_tree names them; the last is ours. */
enum fips_tree_count {
	FIPS_TREE_ACCEPTED,
	FIPS_TREE_ADDR_MISMATCH,
	FIPS_TREE_ANCESTRY_CHANGED,    /* the parent's news changed our path             */
	FIPS_TREE_ANCESTRY_INVALID,
	FIPS_TREE_DECODE_ERROR,
	FIPS_TREE_FLAP_DAMPENED,       /* episodes of dampening                          */
	FIPS_TREE_LOOP_DETECTED,
	FIPS_TREE_OUTBOUND_SIGN_FAILED,
	FIPS_TREE_PARENT_LOSSES,
	FIPS_TREE_PARENT_SWITCHES,
	FIPS_TREE_RATE_LIMITED,        /* announcements put off by the least interval    */
	FIPS_TREE_RECEIVED,
	FIPS_TREE_SEND_FAILED,         /* too long a path for a message: with strict_costs */
	FIPS_TREE_SENT,
	FIPS_TREE_SIG_FAILED,
	FIPS_TREE_STALE,
	FIPS_TREE_UNKNOWN_PEER,
	FIPS_TREE_FLOODED,             /* more than a peer may have us verify            */
	FIPS_TREE_COUNTS,
};

struct fips_tree {
	/* const after open, but for reserve */
	struct fips_addr          me;
	struct fips_tree_settings settings;
	struct fips_tree_costs    costs;
	unsigned                  longest; /* entries of a path that can be announced,
	                                    * [1, FIPS_PATH_MAX]                    */
	struct fips_tree_peer    *peers; /* owned, n_peers slots                   */
	unsigned                  n_peers;

	/* our declaration and the path that goes with it */
	struct fips_declaration says; /* says.node == me                           */
	unsigned             parent;  /* its slot, which is up; FIPS_NO_PEER: we are root */
	struct fips_tree_way way;     /* own address first; never empty            */
	bool                 is_signed; /* signature is that of says               */
	uint8_t              signature[FIPS_SIG_LEN];

	struct fips_tree_flap flap;
	uint64_t generation; /* grows whenever our path, a peer's path or the set of peers
	                      * does change */
	uint64_t counts[FIPS_TREE_COUNTS];
};

/* Set-up: room for n_peers neighbours; root of a tree of its own.  sequence is that of the first
 * declaration: the Unix time in ms, so that it is above all that an earlier process said (mesh.md
 * 1.4).  False: no memory. */
bool fips_tree_open(struct fips_tree *t, const struct fips_addr *me, unsigned n_peers,
                    const struct fips_tree_settings *settings, const struct fips_tree_costs *costs,
                    uint64_t sequence, uint64_t unix_ms);
void fips_tree_close(struct fips_tree *t); /* one that was never opened, zeroed, too */

/* Set-up: room for n_peers, if that is more.  Slots keep their numbers.
 * False: no memory, nothing changed. */
bool fips_tree_reserve(struct fips_tree *t, unsigned n_peers);

/* Set-up: announcements have so many bytes at most; FIPS_TREE_LEN(1) and more. */
void fips_tree_fit(struct fips_tree *t, size_t room);

/* Other settings; times that run go on. */
void fips_tree_configure(struct fips_tree *t, const struct fips_tree_settings *settings);

/* --- what happens ----------------------------------------------------------------------------- */

enum fips_tree_decision {
	FIPS_TREE_NO_CHANGE,
	FIPS_TREE_SWITCH,          /* another parent                                     */
	FIPS_TREE_SELF_ROOT,       /* nobody shows a way to a smaller address than ours  */
	FIPS_TREE_LOOP_DROP,       /* the parent's path contains us                      */
	FIPS_TREE_ANCESTRY_UPDATE, /* the parent's declaration was taken over            */
	FIPS_TREE_PARENT_LOST,     /* its link is gone                                   */
	FIPS_TREE_REBROADCAST,     /* nothing; say it to everybody again                 */
};

/* What to do about it (mesh.md 1.7, 6.1, 3.6).  Announcements are pending already, fips_tree_due
 * tells; a declaration that is not signed is to be signed before the first of them. */
struct fips_tree_outcome {
	enum fips_tree_decision decision;
	bool announce;      /* pending for all peers                                         */
	bool declared;      /* a new declaration: back-off of lookups is reset               */
	bool path_changed;  /* our own address path                                          */
	bool drop_through;  /* drop cached coordinates that pass through us                  */
	bool drop_foreign;  /* drop cached coordinates with another root than ours           */
	bool mark_filters;  /* a FilterAnnounce with a new sequence to all peers             */
	bool check_filters; /* look which outgoing filters changed: also when a peer became or
	                     * ceased to be a tree peer                                       */
	bool dampened;      /* an episode of dampening began: worth a warning                */
};

/* The peer's link is up and proven; nothing of it is known.  It is to be told at once. */
void fips_tree_peer_up(struct fips_tree *t, unsigned peer, const struct fips_addr *addr);

/* Its link is gone, or its process was replaced: forget what it said (mesh.md 1.9).
 * Any time the peer is up. */
struct fips_tree_outcome fips_tree_peer_down(struct fips_tree *t, unsigned peer,
                                             const struct fips_tree_clocks *at);

/* Look at an announcement that parsed, before its signature is verified (mesh.md 1.3, 5, 6, 9;
 * ours: the sequence before the signature, so that what was heard before costs nothing).
 * FIPS_TREE_ACCEPTED: go on; else the count it is to be dropped under.  Counts nothing. */
enum fips_tree_count fips_tree_check(const struct fips_tree *t, unsigned peer,
                                     const struct fips_tree_announce *a);

/* ... and when its signature holds: may this be a path (1.3, 8; ours: without repeated addresses,
 * and not longer than FIPS_PATH_MAX)?  Else it is ancestry_invalid. */
bool fips_tree_credible(const struct fips_tree_announce *a);

/* Take over an announcement that has passed all of that.  Counted. */
struct fips_tree_outcome fips_tree_accept(struct fips_tree *t, unsigned peer,
                                          const struct fips_tree_announce *a,
                                          const struct fips_tree_clocks *at);

/* Every settings.reeval ms; when a peer's cost became known for the first time. */
struct fips_tree_outcome fips_tree_reevaluate(struct fips_tree *t,
                                              const struct fips_tree_clocks *at);
struct fips_tree_outcome fips_tree_measured(struct fips_tree *t, const struct fips_tree_clocks *at);

/* --- announcing (tree_send.c) ----------------------------------------------------------------- */

/* When the peer is to be told our declaration: at once when it is up and pending, but not within
 * settings.announce_min of the last time; again 1, 5, 15 and 35 s after news,
 * and then every 60 s.  MR_NEVER: not up. */
uint64_t fips_tree_due(const struct fips_tree *t, unsigned peer);

/* It has been told, or it could not be.  now: ns. */
void fips_tree_sent(struct fips_tree *t, unsigned peer, uint64_t now);

/* Sign the declaration, if it is not: one public-key operation, with 32 fresh random bytes.  False:
 * it could not be signed, which is counted. */
bool fips_tree_sign(struct fips_tree *t, const struct fips_curve *curve,
                    const struct fips_identity *me, const uint8_t aux[32]);

/* Our announcement, signed before.  Returns its length,
 * or 0 when the path is too long for room bytes. */
size_t fips_tree_write(const struct fips_tree *t, uint8_t *out, size_t room);

/* --- what is known; any time ------------------------------------------------------------------ */

static inline bool fips_tree_is_root(const struct fips_tree *t)
{
	return t->parent == FIPS_NO_PEER;
}

/* Our path. */
static inline const struct fips_treepath *fips_tree_path(const struct fips_tree *t)
{
	return &t->way.path;
}

/* A neighbour's; NULL when it has announced none. */
static inline const struct fips_treepath *fips_tree_peer_path(const struct fips_tree *t,
                                                              unsigned peer)
{
	const struct fips_tree_peer *p = &t->peers[peer];

	return p->up && p->way.path.n ? &p->way.path : NULL;
}

/* It declared us its parent. */
static inline bool fips_tree_is_child(const struct fips_tree *t, unsigned peer)
{
	return fips_tree_peer_path(t, peer) && fips_addr_eq(&t->peers[peer].parent, &t->me);
}

/* Do its filter and ours belong to one tree (mesh.md 3.4)?  Our parent, or a child. */
static inline bool fips_tree_is_tree_peer(const struct fips_tree *t, unsigned peer)
{
	return peer == t->parent || fips_tree_is_child(t, peer);
}

/* "accepted", "addr_mismatch", ... */
const char *fips_tree_count_name(enum fips_tree_count count);
const char *fips_tree_decision_name(enum fips_tree_decision decision); /* "switch", ... */

#endif
