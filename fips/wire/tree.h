/* tree.h - TreeAnnounce, by which a node tells a neighbour its place in the tree (mesh.md 1.1,
 * 1.2).
 *
 *   10 01 | sequence (8) | timestamp (8) | parent (16) | count (2) | count entries | signature (64)
 *
 *   entry: address (16) | sequence (8) | timestamp (8)
 *
 * The entries are the way from the sender up to the root: entry 0 is the sender, entry 1 its
 * parent, the last the root.  A parent that is the sender itself says "I am root".  Everything is
 * little-endian; sizes below count the type byte.
 *
 * Signed are entry 0's address, the parent, the sequence and the time, 48 bytes, and nothing else:
 * what lies above the parent is hearsay.  The signature is BIP-340 over their SHA-256.
 */
#ifndef FIPS_WIRE_TREE_H
#define FIPS_WIRE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/noise/curve.h"
#include "fips/noise/identity.h"

#define FIPS_TREE_VERSION 1
#define FIPS_TREE_HEAD    36 /* in front of the entries                        */
#define FIPS_TREE_ENTRY   32
#define FIPS_TREE_SIGNED  48
#define FIPS_TREE_LEN(n)  (FIPS_TREE_HEAD + (size_t)FIPS_TREE_ENTRY * (n) + FIPS_SIG_LEN)

/* What a node says of itself, and signs. */
struct fips_declaration {
	struct fips_addr node;
	struct fips_addr parent;    /* == node: it is root                      */
	uint64_t         sequence;  /* grows with every declaration of the node */
	uint64_t         timestamp; /* Unix seconds; never judged               */
};

struct fips_tree_announce {
	struct fips_declaration says;      /* its node is that of entry 0             */
	unsigned                n;         /* entries, [1, 65535]                     */
	const uint8_t          *entries;   /* n * FIPS_TREE_ENTRY bytes, borrowed     */
	const uint8_t          *signature; /* FIPS_SIG_LEN bytes, borrowed            */
};

/* Entry i < n of a list of entries: its address, or all of it. */
static inline const uint8_t *fips_tree_entry(const uint8_t *entries, unsigned i)
{
	return entries + (size_t)FIPS_TREE_ENTRY * i;
}

/* Take a message apart, from its type byte (mesh.md 1.3, 1 to 4).  Bytes behind the signature are
 * ignored.  False: version, count or length is wrong; drop. */
bool fips_tree_announce_parse(const uint8_t *message, size_t n, struct fips_tree_announce *out);

/* Does the message make sense (mesh.md 1.3, 8)?  A root shows itself alone, everybody else its
 * parent next, and the last address is the smallest. */
bool fips_tree_announce_sound(const struct fips_tree_announce *a);

/* Write into room bytes; a->says.node must be in entry 0 already.  Returns the length, or 0 when it
 * does not fit or has no entries or more than 65535. */
size_t fips_tree_announce_build(uint8_t *out, size_t room, const struct fips_tree_announce *a);

/* The bytes that are signed. */
void fips_declaration_bytes(const struct fips_declaration *d, uint8_t out[FIPS_TREE_SIGNED]);

/* One public-key operation each.  Sign: me is d->node; aux is fresh random bytes.  False: bad
 * secret.  Verify: xonly is the key of d->node. */
bool fips_declaration_sign(const struct fips_declaration *d, const struct fips_curve *curve,
                           const struct fips_identity *me, const uint8_t aux[32],
                           uint8_t signature[FIPS_SIG_LEN]);
bool fips_declaration_verify(const struct fips_declaration *d, const struct fips_curve *curve,
                             const uint8_t xonly[FIPS_XONLY_LEN],
                             const uint8_t signature[FIPS_SIG_LEN]);

#endif
