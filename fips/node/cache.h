/* cache.h - coordinates of nodes that are no neighbours: where they are in the tree (mesh.md 6).
 *
 * Coordinates come with verified answers to lookups and, unsigned, with packets in transit, so
 * anybody may write here.  What a stranger can do is bounded: 50 000 entries and a fixed store of
 * addresses; the hash is keyed; what a verified answer said stands for 10 s against what is learned
 * in passing; and a list must begin with the address it is about.
 *
 * An entry lives for the time to live since it was last written or used for a next hop.  Both bring
 * it to the front of one list, whose end is therefore both the first to expire and the least
 * recently used: what is evicted.  Every operation costs a few memory accesses.
 *
 * When our place in the tree changes, whole classes of entries are void (6.1).  They are not
 * searched for: each event has a number, an entry remembers the number current when it was written,
 * whether its path passes through us, and its root; that is enough to see later that it is void.
 */
#ifndef FIPS_NODE_CACHE_H
#define FIPS_NODE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/rand.h"
#include "fips/node/treepath.h"

#define FIPS_CACHE_SURE (10 * MR_NS_PER_S) /* how long a verified entry stands           */
#define FIPS_CACHE_NONE UINT32_MAX

/* Defaults are those of mesh.md 10. */
struct fips_cache_settings {
	uint32_t entries; /* taken at open                                           */
	uint32_t ttl;     /* s                                                       */
};

struct fips_cache_settings fips_cache_settings_default(void);

enum fips_cache_source {
	FIPS_CACHE_PASSING, /* from a packet on its way: a hint                            */
	FIPS_CACHE_ANSWER,  /* from a verified answer to a lookup of ours                  */
};

/* An entry.  Read only for all but cache.c and nexthop.c; valid until the next put, drop or
 * sweep. */
struct fips_cache_entry {
	struct fips_addr addr;
	struct fips_addr root;  /* of its path                                        */
	uint64_t written;       /* ns                                                 */
	uint64_t used;          /* ns, last written or used for a next hop            */
	uint64_t event;         /* the last one before it was written                 */
	uint64_t decided;       /* generation of hop and route, nexthop.c; 0: none    */
	unsigned hop;           /* slot of a neighbour; FIPS_NO_PEER: there is none   */
	uint8_t  route;         /* enum fips_route                                    */
	uint8_t  source;        /* enum fips_cache_source                             */
	uint8_t  n;             /* addresses of the path; 0: the place is free        */
	bool     through;       /* the path has our own address                       */
	uint16_t mtu;           /* of the path, 0: not known                          */
	uint32_t chunk;         /* first of the path                                  */
	uint32_t chain;         /* next of the bucket, or of the free places          */
	uint32_t newer, older;  /* by use                                             */
};

struct fips_cache_chunk; /* cache.c */

struct fips_cache {
	struct fips_cache_settings settings;

	/* const after open */
	struct fips_addr me;
	unsigned         max;     /* entries                                          */
	uint64_t         keys[5]; /* secret, of the hash                              */
	uint32_t         mask;    /* buckets - 1                                      */

	uint64_t ttl;             /* ns                                               */
	unsigned n;               /* places taken, void and expired entries included  */
	uint64_t event;           /* number of the last event                         */
	uint64_t through_event;   /* last one that voids paths through us             */
	uint64_t root_event;      /* last one that voids paths to other roots than    */
	struct fips_addr root;    /* ... this                                         */
	uint64_t other_event;     /* last one of those that named another root        */

	struct fips_cache_entry *entries; /* owned, max                               */
	uint32_t                *buckets; /* owned, mask + 1                          */
	struct fips_cache_chunk *chunks;  /* owned                                    */
	uint32_t free_entry, free_chunk;   /* that were used before; FIPS_CACHE_NONE: none */
	uint32_t fresh_entry, fresh_chunk; /* from there on none ever was             */
	unsigned n_free_chunks;
	uint32_t newest, oldest;  /* FIPS_CACHE_NONE: empty                           */
	uint32_t swept;           /* where the sweep goes on                          */
};

/* False: no memory; *c is then closed. */
bool fips_cache_open(struct fips_cache *c, const struct fips_addr *me,
                     const struct fips_cache_settings *settings, const struct mr_rand *rand);
void fips_cache_close(struct fips_cache *c); /* one that was never opened, zeroed, too */

/* Another time to live, for the entries that are there too.  Their number is that of open. */
void fips_cache_configure(struct fips_cache *c, const struct fips_cache_settings *settings);

/* Coordinates of addr.  False: not taken - they do not begin with addr, are too long, addr is our
 * own, or a verified entry stands.  mtu: of the path, 0: not known, what was known stays. */
bool fips_cache_put(struct fips_cache *c, const struct fips_addr *addr,
                    const struct fips_coords *list, enum fips_cache_source source, uint16_t mtu,
                    uint64_t now);

/* The entry of an address, neither expired nor void; NULL: none. */
const struct fips_cache_entry *fips_cache_find(const struct fips_cache *c,
                                               const struct fips_addr *addr, uint64_t now);

/* The same for a next hop: it lives another time to live. */
struct fips_cache_entry *fips_cache_use(struct fips_cache *c, const struct fips_addr *addr,
                                        uint64_t now);

/* Its path. */
void fips_cache_path(const struct fips_cache *c, const struct fips_cache_entry *e,
                     struct fips_treepath *path);

/* A smaller MTU of the path is known than the entry has, if there is one (0 is larger than all). */
void fips_cache_mtu(struct fips_cache *c, const struct fips_addr *addr, uint16_t mtu, uint64_t now);

/* What is known of addr has not led there: whatever is said of it from now on is as good,
 * be this a verified answer. */
void fips_cache_doubt(struct fips_cache *c, const struct fips_addr *addr);

/* Forget one; those whose path passes through us (Switch, AncestryUpdate); those with another root
 * than this (SelfRoot).  LoopDrop and a lost parent call for both (6.1). */
void fips_cache_drop(struct fips_cache *c, const struct fips_addr *addr);
void fips_cache_drop_through(struct fips_cache *c);
void fips_cache_drop_roots(struct fips_cache *c, const struct fips_addr *root);

/* Free some of what has expired or is void; bounded, once a second. */
void fips_cache_sweep(struct fips_cache *c, uint64_t now);

/* For operators: entry i in [0, max), NULL when the place is free or the entry void.  One that has
 * expired is there until it is swept. */
const struct fips_cache_entry *fips_cache_at(const struct fips_cache *c, unsigned i);

static inline bool fips_cache_expired(const struct fips_cache *c, const struct fips_cache_entry *e,
                                      uint64_t now)
{
	return now - e->used > c->ttl;
}

#endif
