/* aging.h - a table that forgets in the order it learned.
 *
 *     oldest [ key, when ] [ key, when ] ... [ key, when ] newest        a ring, found by hash
 *            <- forget                                  add ->
 *
 * Rules of the mesh that say "not again within so many seconds" remember keys that strangers
 * choose.  Here such a key costs one slot of a table that is allocated once; what is older than the
 * rule looks back is forgotten from the end of the ring, at most one entry a newer one in the long
 * run.  The hash is keyed with random numbers, so that nobody can choose keys that meet in one
 * chain.
 *
 * A key is 16 bytes: an address, or an id and zeros.  What else is known of an entry its user keeps
 * in an array of its own, by the entry's slot.  Times never run backwards.
 */
#ifndef FIPS_NODE_AGING_H
#define FIPS_NODE_AGING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rand.h"
#include "fips/noise/address.h"

#define FIPS_AGING_NONE UINT32_MAX /* in place of a slot */

struct fips_aging_entry {
	struct fips_addr key;
	uint64_t         at;   /* ns, when it was added              */
	uint32_t         next; /* of the same chain, or none         */
};

struct fips_aging {
	struct fips_aging_entry *ring;   /* owned, cap of them                       */
	uint32_t                *chains; /* owned, cap of them: the newest, or none  */
	uint32_t cap;      /* const after open: a power of two                       */
	uint32_t oldest;   /* [0, cap)                                               */
	uint32_t n;        /* [0, cap]                                               */
	uint64_t salt[5];  /* const after open                                       */
};

/* Room for cap entries, a power of two.  Set-up only; false when memory is gone. */
bool fips_aging_open(struct fips_aging *t, uint32_t cap, const struct mr_rand *rand);
void fips_aging_close(struct fips_aging *t);

/* The key of an id. */
struct fips_addr fips_aging_id(uint64_t id);

/* The oldest entry's slot, if it was added more than age before now; else none. */
uint32_t fips_aging_overdue(const struct fips_aging *t, uint64_t now, uint64_t age);

/* Forget the oldest entry; there is one. */
void fips_aging_forget(struct fips_aging *t);

/* ... and all that are overdue. */
void fips_aging_purge(struct fips_aging *t, uint64_t now, uint64_t age);

/* The slot of a key, or none. */
uint32_t fips_aging_find(const struct fips_aging *t, const struct fips_addr *key);

/* Add a key that is not there and return its slot; none when the table is full. */
uint32_t fips_aging_add(struct fips_aging *t, const struct fips_addr *key, uint64_t now);

#endif
