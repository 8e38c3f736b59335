/* number_session.h - numbering for sessions: what fsp-seal seals at once, and fsp-number has others
 * seal.
 *
 *   1. each session of the vector is looked up once and takes its counters in one go
 *   2. headers are written over the used-up IPv6 header, one operation a packet
 *
 * Afterwards a packet is a SessionDatagram from its type byte, whole but for its seal, and
 * batch->op says how to set it.  Whatever has a counter is in the batch; what has none was dropped.
 */
#ifndef MR_STAGES_NUMBER_SESSION_H
#define MR_STAGES_NUMBER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stage.h"
#include "fips/path/entry.h"
#include "stages/lib/numberer.h"
#include "stages/lib/targets.h"

/* Drops of both kinds, in this order. */
enum { MR_SESSION_GONE, MR_SESSION_KEY_USED_UP };
extern const struct mr_named mr_session_drops[];

/* One session of the vector. */
struct mr_session_target {
	const struct fips_session_entry *entry; /* NULL: its packets are dropped for `why` */
	unsigned why;
	unsigned n;     /* its packets            */
	uint64_t first; /* its counters: n of them */
	uint64_t next;  /* of which this is the next */
	uint64_t bytes; /* that reports count     */
	bool     data;
};

/* What steps 1 and 2 leave: op[i] seals pkt[i], which is of target[sessions.of[i]]. */
struct mr_session_batch {
	struct mr_targets         sessions;
	struct mr_session_target  target[MR_VECTOR]; /* [sessions.n] */
	unsigned                  n;
	struct mr_aead_op         op[MR_VECTOR];
	struct mr_pkt            *pkt[MR_VECTOR];
};

/* Steps 1 and 2; the batch need not be prepared.  The stage's process(), on its worker. */
void mr_number_sessions(struct mr_numberer *self, const struct mr_vector *v,
                        struct mr_session_batch *b, struct mr_turn *t);

#endif
