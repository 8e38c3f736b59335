/* link_recv.h - receiving on a link: the replay test, the open, and what an authentic frame does.
 *
 *   1. fips_frame_check, fips_link_head_parse   (wire)       any order
 *   2. the index table gives recv and key                    any order
 *   3. fips_link_check          replay test                  any order
 *   4. fips_link_open_op        then the provider's open     parallel
 *   5. fips_link_accept         commit and count             ordered, the owner
 *
 * The index alone selects the key, without trials; K and the source address play no part
 * (link.md 7.2).  A frame that fails in 3 or 4 is dropped and changes nothing: anyone who saw an
 * index could send it.
 *
 * Keys come and go with rekeys; struct fips_link_recv lives as long as the peer.  Its `sending` key
 * is the one control sends under: its frames in counter order say where the peer is (roaming).
 */
#ifndef FIPS_PATH_LINK_RECV_H
#define FIPS_PATH_LINK_RECV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/path/bucket.h"
#include "fips/path/key.h"
#include "fips/path/via.h"
#include "fips/wire/link.h"

/* What accepting a frame brought about: bits.  Without FIPS_ACCEPTED drop it. */
enum {
	FIPS_ACCEPTED  = 0x01, /* go on with the message                              */
	FIPS_REPLAYED  = 0x02, /* stale or a duplicate after all: nothing changed     */
	FIPS_RUNT      = 0x04, /* authentic but too short to say anything             */
	FIPS_CONFIRMED = 0x08, /* first frame under this key: nudge control           */
	FIPS_ROAMED    = 0x10, /* links: the peer's address is another now: nudge     */
	FIPS_PROMOTED  = 0x20, /* sessions: pending became current: nudge             */
};

struct fips_link_recv {
	/* words: written by the owning fmp-open replica, read by control */
	fips_word frames; /* accepted since link-up, over all keys                 */
	fips_word bytes;  /* whole frames                                          */
	fips_word heard;  /* ns, last accepted frame                               */
	fips_word k_seen; /* K flag of the newest frame under the sending key      */
	fips_word moves;  /* changes of via; odd while via is being written        */
	fips_word via[4]; /* struct fips_via, read by fips_link_via                */

	/* owner only */
	uint64_t sending; /* id of the key control sends under; 0: none yet        */
	struct fips_bucket talk; /* messages of its own for control                */
	struct fips_bucket brought; /* ... of whom it may only have forwarded them */
};

/* A new peer at `via`.  Control only, before the object is published. */
void fips_link_recv_init(struct fips_link_recv *recv, const struct fips_via *via);

/* Replay test of a frame's counter.  Owner; with `deal` the stage that holds the window. */
static inline enum fips_replay fips_link_check(const struct fips_recv_key *key,
                                               const struct fips_link_head *head)
{
	return fips_window_test(&key->window, head->counter);
}

/* The operation that opens a frame in place.  frame is the whole packet of
 * FIPS_LINK_MIN + head->payload_len bytes (fips_frame_check has said so) and stays readable until
 * the open is done; the text then begins at frame + FIPS_LINK_HEAD.  Worker `worker` only. */
void fips_link_open_op(const struct fips_recv_key *key, unsigned worker, uint8_t *frame,
                       const struct fips_link_head *head, struct mr_aead_op *op);

/* A frame opened: commit its counter, count it, and say what else it means.  text is the plaintext
 * of head->payload_len bytes; via is where the datagram came from.  Owner, in arrival order.
 * Below FIPS_LINK_STAMP + 1 bytes the counter is committed and the result is FIPS_RUNT. */
unsigned fips_link_accept(struct fips_link_recv *recv, struct fips_recv_key *key,
                          const struct fips_link_head *head, const uint8_t *text, uint64_t now,
                          const struct fips_via *via);

/* Control sends under key `id` from now on.  Owner, by order (INSTALL of a link's first key,
 * PROMOTE).  key may be NULL when the owner no longer has it. */
void fips_link_promote(struct fips_link_recv *recv, struct fips_recv_key *key, uint64_t id,
                       uint64_t now);

/* Control sets the address itself (a handshake came from elsewhere).  Owner, by order. */
void fips_link_move(struct fips_link_recv *recv, const struct fips_via *via);

/* Where the peer is.  Any thread.  False when the owner is just writing it: ask again later.
 * *moves tells whether anything changed since the last time. */
bool fips_link_via(const struct fips_link_recv *recv, struct fips_via *via, uint64_t *moves);

#endif
