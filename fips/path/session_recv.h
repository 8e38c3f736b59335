/* session_recv.h - receiving on a session: three key slots and what an authentic message does.
 *
 *   1. fips_fsp_check, fips_fsp_sealed_parse  (wire)
 *   2. the session table, by the datagram's src, gives recv
 *   3. fips_session_candidates   the keys worth trying, in order, replay tested
 *   4. fips_session_open_op      then the provider's open; on failure the next candidate
 *   5. fips_session_accept       commit, promote, count
 *
 * A session has no index, so up to three keys are tried (session.md 3.7).  K only decides which
 * one is tried first.  A failed open leaves the bytes as they were, and a message that fails under
 * every key changes nothing but a counter.
 *
 *     install -> pending -- first frame, or promote --> current --> previous -- drained --> gone
 *
 * The owner promotes by itself on the first frame that opens under the pending key; that frame is
 * delivered like any other.  Control names keys by id, never by slot: whatever has happened in
 * between, an order finds the right key or nothing.
 */
#ifndef FIPS_PATH_SESSION_RECV_H
#define FIPS_PATH_SESSION_RECV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/path/bucket.h"
#include "fips/path/key.h"
#include "fips/path/link_recv.h"
#include "fips/wire/fsp.h"

#define FIPS_SESSION_KEYS     3
#define FIPS_SESSION_DRAIN    (10 * MR_NS_PER_S) /* previous, after its last frame   */
#define FIPS_PATH_MTU_UNKNOWN 65535              /* nothing smaller was met or seen  */

enum fips_slot { FIPS_CURRENT, FIPS_PENDING, FIPS_PREVIOUS };

struct fips_session_recv {
	/* words: written by the owning fsp-open replica, read by control */
	fips_word frames;    /* messages accepted since the session began, over all keys */
	fips_word bytes;     /* their text, inner header included, without tag            */
	fips_word heard;     /* ns, last accepted message of any type; 0: none            */
	fips_word data_at;   /* ns, last data received; 0: never (session.md 2.5 step 8)  */
	fips_word path_mtu;  /* of the last accepted message's envelope                   */
	fips_word missed;    /* messages in a row that opened under no key                */
	fips_word missed_at; /* ns, the first of them                                     */

	/* owner only */
	struct fips_recv_key *slot[FIPS_SESSION_KEYS]; /* by enum fips_slot; NULL: empty  */
	uint64_t              promoted; /* ns, when current became current                */
	uint8_t               k;        /* our K: 0 at first, inverted by each promotion  */
	struct fips_bucket    talk;     /* messages for control                           */
};

/* A new session without keys.  Control only, before the object is published. */
void fips_session_recv_init(struct fips_session_recv *recv);

/* Orders, for the owner, between vectors.
 * install: the session's first key becomes current, every further one pending (replacing one that
 *   is pending).  A key that is in a slot already stays where it is.
 * promote: cut over to the key if it is pending; true if it did.
 * retire: forget the key, whatever slot it is in; afterwards control may free it.  If it was
 * current
 *   and there is a previous one, that promotion is undone. */
void fips_session_install(struct fips_session_recv *recv, struct fips_recv_key *key, uint64_t now);
bool fips_session_promote(struct fips_session_recv *recv, uint64_t id, uint64_t now);
void fips_session_retire(struct fips_session_recv *recv, uint64_t id);

/* Has the previous key drained: 10 s since the cut-over and its last frame?  Control may ask from
 * the words of the key and its own note of the cut-over by the same rule. */
static inline bool fips_session_drained(uint64_t cut_over, uint64_t heard, uint64_t now)
{
	uint64_t since = heard > cut_over ? heard : cut_over;

	return now > since && now - since >= FIPS_SESSION_DRAIN;
}

/* The keys to try for a message with this K flag (nonzero: set) and counter, best first, those
 * left out whose window refuses it or that have drained.  Returns how many, 0 to 3; 0 is a drop:
 * *why is FIPS_REPLAY_FRESH when there was no key, else the best key's verdict.  Owner. */
unsigned fips_session_candidates(const struct fips_session_recv *recv, unsigned k_flag,
                                 uint64_t counter, uint64_t now,
                                 struct fips_recv_key *out[FIPS_SESSION_KEYS],
                                 enum fips_replay *why);

/* The key with this id, unless it has drained: of a message that was opened under it elsewhere.
 * NULL: there is none.  Owner. */
struct fips_recv_key *fips_session_key(const struct fips_session_recv *recv, uint64_t id,
                                       uint64_t now);

/* The operation that opens a message in place.  message is the FSP message m was parsed from; its
 * header stays readable until the open is done.  The text is then at m->sealed, m->sealed_len -
 * FIPS_TAG bytes.  Worker `worker` only. */
void fips_session_open_op(const struct fips_recv_key *key, unsigned worker, uint8_t *message,
                          const struct fips_fsp_sealed *m, struct mr_aead_op *op);

/* A message opened under key: commit, promote if the key is pending, count, note the path MTU.
 * Bits as for links.  path_mtu is the envelope's, ce the link frame's flag.  Owner, in arrival
 * order.  Frames of the previous key count towards the totals only (session.md 4.6). */
unsigned fips_session_accept(struct fips_session_recv *recv, struct fips_recv_key *key,
                             const struct fips_fsp_sealed *m, uint16_t path_mtu, bool ce,
                             uint64_t now);

/* A message opened under no key.  Owner. */
void fips_session_missed(struct fips_session_recv *recv, uint64_t now);

#endif
