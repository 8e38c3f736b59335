/* number_link.h - numbering for links: what fmp-seal seals at once, and fmp-number has others seal.
 *
 *   1. each link of the vector is looked up once; what is too big for it is dropped, before it has
 *      a counter; the rest takes its counters in one go
 *   2. headers and operations are written, and the neighbour's address beside each
 *
 * Afterwards a packet is a frame, whole but for its seal, and batch->op says how to set it.
 */
#ifndef MR_STAGES_NUMBER_LINK_H
#define MR_STAGES_NUMBER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stage.h"
#include "fips/path/entry.h"
#include "stages/lib/numberer.h"
#include "stages/lib/targets.h"

/* Drops of both kinds, in this order. */
enum { MR_LINK_GONE, MR_LINK_TOO_BIG, MR_LINK_KEY_USED_UP };
extern const struct mr_named mr_link_drops[];

/* One link of the vector. */
struct mr_link_target {
	const struct fips_link_entry *entry; /* NULL: its packets are dropped for `why` */
	unsigned why;
	unsigned n;     /* its packets that fit    */
	size_t   most;  /* bytes of a message      */
	uint64_t first; /* its counters: n of them */
	uint64_t next;  /* of which this is the next */
	uint64_t bytes; /* of whole frames         */
};

struct mr_link_batch {
	struct mr_targets links;
	struct mr_link_target     target[MR_VECTOR]; /* [links.n] */
	unsigned          n;                 /* packets that are not too big */
	struct mr_pkt    *pkt[MR_VECTOR];
	unsigned          ops;
	struct mr_aead_op op[MR_VECTOR];
};

/* Steps 1 and 2; the batch need not be prepared.  forwarded: datagrams of others, which may carry
 * CE.  b->links.of[i] is the target of pkt[i].  The stage's process(), on its worker. */
void mr_number_links(struct mr_numberer *self, bool forwarded, const struct mr_vector *v,
                     struct mr_link_batch *b, struct mr_turn *t);

#endif
