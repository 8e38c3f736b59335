/* known.h - whose address is which key: the nodes we have heard of (session.md 5.2).
 *
 * Neither an IPv6 address nor a node address says what key it was made of, and without the key no
 * session can be begun and no answer to a lookup be verified.  So keys are kept from wherever they
 * show themselves: names that were resolved, neighbours, endpoints that have proven theirs.
 * Configured peers are remembered elsewhere and never forgotten.
 *
 * Who was used longest ago makes way.  Nothing here is a secret.  One owner, one thread.
 */
#ifndef FIPS_NODE_KNOWN_H
#define FIPS_NODE_KNOWN_H

#include "fips/node/directory.h"
#include "fips/noise/curve.h"

#define FIPS_KNOWN_MAX 10000 /* by default */

struct fips_acquaintance {
	struct fips_addr addr;
	uint8_t          pub[FIPS_PUB_LEN]; /* its parity may be made up: compare x        */
	unsigned         newer, older;      /* in order of use; FIPS_NO_PLACE at the ends  */
	uint64_t         seen;              /* ns, last use                                */
};

struct fips_known {
	struct fips_acquaintance *list; /* owned, cap of them, n used                     */
	unsigned                  cap;  /* const after open                               */
	unsigned                  n;    /* [0, cap]                                       */
	unsigned                  newest, oldest; /* valid if n > 0                       */
	uint64_t                  now;  /* ns, set by the owner: when an entry is used     */
	struct fips_directory     where;
};

/* Set-up.  cap is 1 and more.  False when memory is gone. */
bool fips_known_open(struct fips_known *k, unsigned cap, const struct mr_rand *rand);
void fips_known_close(struct fips_known *k);

/* This key exists, and its address is addr.  It is in use now. */
void fips_known_put(struct fips_known *k, const struct fips_addr *addr,
                    const uint8_t pub[FIPS_PUB_LEN]);

/* Who has this address, or one that begins like this; NULL: nobody we know.  It is in use now.
 * Valid until the next put. */
const struct fips_acquaintance *fips_known_find(struct fips_known *k, const struct fips_addr *addr);
const struct fips_acquaintance *fips_known_find_prefix(struct fips_known *k,
                                                       const uint8_t prefix[FIPS_PREFIX]);

#endif
