/* directory.h - where in a table a node address is: an open hash of addresses to numbers.
 *
 * Addresses come from strangers, so the hash is seeded with random bytes.  It covers the 15 bytes
 * that an IPv6 address shows, since packets name their destination by those alone; nobody can make
 * two keys whose addresses share them.
 *
 * The table beside it decides who is in; the directory never holds more than it was opened for
 * and never allocates after that.  One owner, one thread.
 */
#ifndef FIPS_NODE_DIRECTORY_H
#define FIPS_NODE_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/rand.h"
#include "fips/noise/address.h"

#define FIPS_PREFIX   15       /* bytes of a node address that an IPv6 address shows */
#define FIPS_NO_PLACE UINT_MAX

struct fips_place {
	struct fips_addr addr;
	unsigned         at; /* FIPS_NO_PLACE: nobody's */
};

struct fips_directory {
	struct fips_place *place; /* owned, mask + 1 of them, at most half in use */
	unsigned           mask;  /* const after open                             */
	unsigned           n;     /* [0, (mask + 1) / 2]                          */
	uint64_t           key[3]; /* const after open                            */
};

/* Set-up.  Room for cap addresses, at least one.  False when memory is gone. */
bool fips_directory_open(struct fips_directory *x, unsigned cap, const struct mr_rand *rand);
void fips_directory_close(struct fips_directory *x);

/* addr, which is not in it, is at `at`; and is in it no more.
 * Taking out who is not there is fine. */
void fips_directory_put(struct fips_directory *x, const struct fips_addr *addr, unsigned at);
void fips_directory_take(struct fips_directory *x, const struct fips_addr *addr);

/* Where addr is; FIPS_NO_PLACE: nowhere. */
unsigned fips_directory_find(const struct fips_directory *x, const struct fips_addr *addr);
/* Where one is that begins with these FIPS_PREFIX bytes. */
unsigned fips_directory_find_prefix(const struct fips_directory *x,
                                    const uint8_t prefix[FIPS_PREFIX]);

#endif
