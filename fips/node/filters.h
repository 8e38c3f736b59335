/* filters.h - who can be reached through which neighbour, and what each is told (mesh.md 3).
 *
 * Every neighbour's latest filter is kept.  Of those, the filters of tree peers (our parent, and
 * those who name us theirs) make up what we announce:
 *
 *     F(Q) = { us } with the filters of all tree peers except Q
 *
 * so that a child's filter is its subtree and a parent's is everything outside that.  All F(Q) are
 * computed at once, from the unions of the tree peers before and behind each: O(neighbours), at
 * most once a tick.
 *
 *     accepted filter, a tree peer comes or goes -> dirty --.
 *     link-up; link-down, new parent: to all -----> marked -+- tick -> due -> take: a new sequence
 *                                                                       '- 1, 5, 15, 35,
 *                                                                          every 60 s: the same
 *
 * A tick computes what is dirty and marks who would be told something else than last time.  Marked
 * neighbours get due no sooner than the debounce after the last announcement.  Repeating an
 * announcement with its sequence costs a neighbour that has it nothing and heals one that lost it
 * (3.6, ours).
 *
 * Neighbours are slots.  All memory is taken at open; one owner, one thread.
 */
#ifndef FIPS_NODE_FILTERS_H
#define FIPS_NODE_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/node/bloom.h"
#include "fips/noise/address.h"
#include "fips/wire/filter.h"

/* By the names of show_bloom (operations.md 4.3). */
enum fips_filters_count {
	FIPS_FILTERS_ACCEPTED,
	FIPS_FILTERS_DEBOUNCE_SUPPRESSED, /* marked at a tick, and not due by the debounce      */
	FIPS_FILTERS_DECODE_ERROR,
	FIPS_FILTERS_FILL_EXCEEDED,
	FIPS_FILTERS_INVALID,             /* other than five hashes                             */
	FIPS_FILTERS_NON_V1,              /* 0: other size classes do not decode                */
	FIPS_FILTERS_RECEIVED,
	FIPS_FILTERS_SEND_FAILED,         /* 0: nothing says so to the node                     */
	FIPS_FILTERS_SENT,                /* repetitions included                               */
	FIPS_FILTERS_STALE,
	FIPS_FILTERS_UNKNOWN_PEER,
	FIPS_FILTERS_FLOODED,             /* ours: more than a neighbour may announce     */
	FIPS_FILTERS_COUNTS,
};

const char *fips_filters_count_name(enum fips_filters_count count);

/* Defaults are those of mesh.md 10. */
struct fips_filters_settings {
	double   max_fpr;  /* [0, 1]: fuller filters are refused                          */
	uint32_t debounce; /* ms between new announcements to one neighbour               */
};

struct fips_filters_settings fips_filters_settings_default(void);

struct fips_filters_peer; /* filters.c */

struct fips_filters {
	/* const after open */
	struct fips_addr  me;
	struct fips_probe own;

	/* settings */
	struct fips_filters_settings settings;
	unsigned cap;        /* bits that may be set in a filter that is taken             */
	uint64_t debounce;   /* ns                                                         */

	uint64_t seq;        /* of the last announcement sent                              */
	uint64_t generation; /* grows when what any neighbour's filter says changes        */
	bool     dirty;      /* F is to be computed again                                  */
	unsigned n_peers;    /* const after open and reserve                               */
	struct fips_filters_peer *peers; /* owned, n_peers                                 */
	uint64_t counts[FIPS_FILTERS_COUNTS];
};

/* Room for so many peers.  Sequences begin above seq: the Unix time in ms (1.4, ours).  False: no
 * memory; *f is then closed. */
bool fips_filters_open(struct fips_filters *f, const struct fips_addr *me, unsigned peers,
                       const struct fips_filters_settings *settings, uint64_t seq);
void fips_filters_close(struct fips_filters *f); /* one that was never opened, zeroed, too */

/* Set-up: room for so many peers, if that is more.  False: no memory, nothing changed. */
bool fips_filters_reserve(struct fips_filters *f, unsigned peers);

/* Other settings from now on. */
void fips_filters_configure(struct fips_filters *f, const struct fips_filters_settings *settings);

/* A link is up (proven): nothing is known of the neighbour, and it is to be told; down: all others
 * are. */
void fips_filters_peer_up(struct fips_filters *f, unsigned peer);
void fips_filters_peer_down(struct fips_filters *f, unsigned peer);

/* Is it a tree peer (3.4)?  Said after anything that may change it; saying the same again costs
 * nothing. */
void fips_filters_tree_peer(struct fips_filters *f, unsigned peer, bool is);

/* We declared another parent (FIPS_NO_PEER: ourselves root): all neighbours get a new sequence
 * (3.6).  The parent gets new ones in place of the first two repetitions too: it looks at its own
 * filters only when it accepts one of ours, and the declaration that makes us its child may have
 * been lost on the way the first time. */
void fips_filters_parent_changed(struct fips_filters *f, unsigned parent);

/* A FilterAnnounce of n bytes came from a neighbour: 3.3 in its order.  Returns what was counted:
 * FIPS_FILTERS_ACCEPTED or the reason it was dropped for. */
enum fips_filters_count fips_filters_received(struct fips_filters *f, unsigned peer,
                                              const uint8_t *message, size_t n);

/* Once a second. */
void fips_filters_tick(struct fips_filters *f, uint64_t now);

/* When something is to be sent to a neighbour: ns, or MR_NEVER. */
uint64_t fips_filters_due(const struct fips_filters *f, unsigned peer);

/* Write the announcement that is due to a neighbour by now; it counts as sent.  False: none is. To
 * be held back while a TreeAnnounce to the same neighbour is (3.6: the filter comes after it). */
bool fips_filters_take(struct fips_filters *f, unsigned peer, uint64_t now,
                       uint8_t out[FIPS_FILTER_LEN]);

/* Does the filter of a neighbour have the address?  One without a filter has none. */
bool fips_filters_has(const struct fips_filters *f, unsigned peer, const struct fips_probe *probe);

/* Does any?  Of tree peers alone, if tree. */
bool fips_filters_any(const struct fips_filters *f, const struct fips_probe *probe, bool tree);

/* What operators see of a neighbour's filter; false: there is none. */
struct fips_filters_info {
	uint64_t seq;
	unsigned ones;
	bool     tree;      /* a tree peer                          */
	bool     estimated; /* count is valid                       */
	double   count;     /* addresses in it, about               */
};
bool fips_filters_info(const struct fips_filters *f, unsigned peer, struct fips_filters_info *out);

/* The same of what it was told last; false: nothing yet. */
bool fips_filters_told(const struct fips_filters *f, unsigned peer, struct fips_filters_info *out);

/* Nodes of the mesh, about: what all filters and we add up to (3.7).  False: too full to tell. */
bool fips_filters_mesh_size(const struct fips_filters *f, double *count);

#endif
