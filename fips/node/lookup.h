/* lookup.h - finding nodes: requests that pass by, answers that go back, and lookups of our own
 * (mesh.md 4).
 *
 *     origin ---- request ----> us ----> ... ----> target   along filters that contain the target
 *     origin <--- response ---- us <---- ... <---- target   the way the request came
 *
 * recent     every request that came: by whom, and whether it was answered.  10 s, 4096 of them.
 *            It makes one of many copies, and it is the way back.  A neighbour may hold as many as
 *            there are free: a flood of new ids by one leaves room for the others (lookup.c)
 * forwarded  targets: one request for each every two seconds goes on
 * own        targets we look for, and ids of ours.  An answer counts when we asked for just that
 *            target by that id in the last 20 s (lookup_own.c)
 *
 * This module decides; who calls it parses, signs, verifies and sends (mesh_lookup.c).  A neighbour
 * is named by its slot, its filter is asked through what is handed in.  All memory is taken at
 * open.
 */
#ifndef FIPS_NODE_LOOKUP_H
#define FIPS_NODE_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rand.h"
#include "fips/node/aging.h"
#include "fips/node/treepath.h"
#include "fips/path/bucket.h"
#include "fips/wire/lookup.h"

#define FIPS_LOOKUP_WAYS     8   /* neighbours one request is sent to, at most        */
#define FIPS_LOOKUP_ATTEMPTS 8   /* of one lookup, at most                            */
#define FIPS_LOOKUPS_PENDING 256 /* targets looked for at a time                      */
#define FIPS_LOOKUPS_OWN     512 /* ... or in back-off                                */

/* By the names of the control socket (operations.md 4.3); those from RESP_UNASKED on are ours.
 * What comes before a message parses and after a response is found to be ours,
 * the caller counts. */
enum fips_lookup_count {
	FIPS_LOOKUP_REQ_RECEIVED,
	FIPS_LOOKUP_REQ_DECODE_ERROR,
	FIPS_LOOKUP_REQ_DUPLICATE,
	FIPS_LOOKUP_REQ_DEDUP_CACHE_FULL,
	FIPS_LOOKUP_REQ_TARGET_IS_US,
	FIPS_LOOKUP_REQ_FORWARDED,
	FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED,
	FIPS_LOOKUP_REQ_TTL_EXHAUSTED,
	FIPS_LOOKUP_REQ_NO_TREE_PEER,       /* nobody to send it on to                     */
	FIPS_LOOKUP_REQ_FALLBACK_FORWARDED, /* of those forwarded: to others than tree peers */
	FIPS_LOOKUP_REQ_INITIATED,
	FIPS_LOOKUP_REQ_DEDUPLICATED,       /* asked for what is looked for already        */
	FIPS_LOOKUP_REQ_BACKOFF_SUPPRESSED,
	FIPS_LOOKUP_REQ_BLOOM_MISS,         /* no filter contains what is asked for        */
	FIPS_LOOKUP_RESP_RECEIVED,
	FIPS_LOOKUP_RESP_DECODE_ERROR,
	FIPS_LOOKUP_RESP_FORWARDED,
	FIPS_LOOKUP_RESP_IDENTITY_MISS,
	FIPS_LOOKUP_RESP_PROOF_FAILED,
	FIPS_LOOKUP_RESP_ACCEPTED,
	FIPS_LOOKUP_RESP_NO_ROUTE,          /* the one who asked is gone                    */
	FIPS_LOOKUP_RESP_TIMED_OUT,         /* lookups of ours that nobody answered         */
	FIPS_LOOKUP_RESP_UNASKED,           /* an id neither ours nor remembered            */
	FIPS_LOOKUP_RESP_DUPLICATE,         /* to a request answered before                 */
	FIPS_LOOKUP_RESP_FOREIGN,           /* ours, with another target or its coordinates */
	FIPS_LOOKUP_RESP_LIMITED,           /* more proofs than one neighbour may have checked */
	FIPS_LOOKUP_REQ_OWN,                /* of ours, come back                           */
	FIPS_LOOKUP_REQ_ANSWER_LIMITED,     /* for us, more than one neighbour may have answered */
	FIPS_LOOKUP_REQ_TABLE_FULL,         /* no room for one more lookup of ours          */
	FIPS_LOOKUP_REQ_TOO_BIG,            /* coordinates that no link takes               */
	FIPS_LOOKUP_RESP_TOO_BIG,
	FIPS_LOOKUP_COUNTS,
};

/* "req_received", ... */
const char *fips_lookup_count_name(enum fips_lookup_count count);

/* Times in ms. */
struct fips_lookup_config {
	uint8_t  ttl;                            /* of our requests                        */
	uint32_t attempts[FIPS_LOOKUP_ATTEMPTS]; /* how long each is waited for            */
	unsigned n_attempts;                     /* [1, FIPS_LOOKUP_ATTEMPTS]              */
	uint32_t recent;                         /* life of a request that came            */
	uint32_t forward;                        /* between requests for one target sent on */
	uint32_t backoff, backoff_max;           /* after a failure; backoff 0: none       */
};

struct fips_lookup_config fips_lookup_config_default(void); /* 64; 1, 2, 4, 8 s; 10 s; 2 s; none */

/* Whom filters name.  contains is asked for slots below n_peers,
 * and says no for who is not linked. */
struct fips_lookup_filters {
	const void *self;
	unsigned    n_peers;
	bool (*contains)(const void *self, unsigned peer, const struct fips_addr *target);
	bool (*tree)(const void *self, unsigned peer); /* our parent, or it names us its own */
};

/* Neighbours to send a request to. */
struct fips_lookup_ways {
	unsigned n; /* [0, FIPS_LOOKUP_WAYS] */
	unsigned peer[FIPS_LOOKUP_WAYS];
	bool     fallback; /* no tree peer's filter contains the target: these are others */
};

/* Tree peers whose filter contains the target, or if there are none all others whose does; never
 * who it came from (FIPS_NO_PEER: it is ours).  Where there are more than FIPS_LOOKUP_WAYS the id
 * says where among them to begin, so that other attempts reach others. */
void fips_lookup_choose(const struct fips_lookup_filters *f, const struct fips_addr *target,
                        uint64_t id, unsigned from, struct fips_lookup_ways *ways);

/* What one neighbour may cause. */
struct fips_lookup_peer {
	bool               up;
	uint32_t           held;    /* entries of recent that came by it                  */
	struct fips_bucket answers; /* signatures of ours                                 */
	struct fips_bucket proofs;  /* signatures of others that are checked              */
};

/* A request that came, beside its entry in recent. */
struct fips_lookup_came {
	uint32_t from;     /* slot; FIPS_NO_PEER when that link is gone                  */
	bool     answered;
};

/* A request of ours, beside its entry in ids. */
struct fips_lookup_asked {
	struct fips_addr target;
	bool             answered; /* by a proof that is good                           */
};

/* A target of ours. */
struct fips_lookup_own {
	bool             used;
	bool             pending;  /* else in back-off                                   */
	bool             waits;    /* nobody's filter has had it yet: nothing was sent   */
	struct fips_addr target;
	unsigned         attempt;  /* [0, n_attempts), of what waits                     */
	unsigned         failures; /* in a row                                           */
	uint64_t         first;    /* ns, when the lookup began                          */
	uint64_t         end;      /* ns, of the last attempt; valid if !waits           */
	uint32_t         spare;    /* ms that attempts may still be put off; valid if !waits */
	uint64_t         sent;     /* ns, the last attempt                               */
	uint64_t         due;      /* ns, end of the attempt or of the back-off          */
};

struct fips_lookups {
	struct fips_lookup_config config;
	struct mr_rand            rand;      /* const after open                         */
	struct fips_aging         recent;    /* by id                                    */
	struct fips_lookup_came  *came;      /* owned, by slot of recent                 */
	uint32_t                  orphans;   /* entries of recent whose link is gone     */
	struct fips_aging         forwarded; /* by target                                */
	struct fips_lookup_peer  *peers;     /* owned, n_peers of them                   */
	unsigned                  n_peers;
	struct fips_aging         ids;       /* ours                                     */
	struct fips_lookup_asked *asked;     /* owned, by slot of ids                    */
	struct fips_lookup_own   *own;       /* owned, FIPS_LOOKUPS_OWN of them          */
	unsigned                  n_pending; /* of those, [0, FIPS_LOOKUPS_PENDING]      */
	uint64_t                  due;       /* ns: the first own lookup's; MR_NEVER     */
	uint64_t                  counts[FIPS_LOOKUP_COUNTS];
};

/* Set-up.  False when memory is gone; what was opened is closed then.
 * rand is borrowed for good. */
bool fips_lookups_open(struct fips_lookups *l, const struct fips_lookup_config *config,
                       unsigned n_peers, const struct mr_rand *rand);
void fips_lookups_close(struct fips_lookups *l);

/* Other settings; what is under way goes on. */
void fips_lookups_configure(struct fips_lookups *l, const struct fips_lookup_config *config);

/* Room for n_peers slots; there is room for as many as before in any case.  Set-up only. */
bool fips_lookups_reserve(struct fips_lookups *l, unsigned n_peers);

/* A link came up or went away; the slot may then be another neighbour's.
 * Up also ends all back-off. */
void fips_lookups_peer_up(struct fips_lookups *l, unsigned peer, uint64_t now);
void fips_lookups_peer_down(struct fips_lookups *l, unsigned peer);

static inline void fips_lookup_count(struct fips_lookups *l, enum fips_lookup_count count)
{
	l->counts[count]++;
}

/* ---- requests and responses of others: lookup.c ---- */

enum fips_lookup_verdict {
	FIPS_LOOKUP_DROP,
	FIPS_LOOKUP_FORWARD, /* to all of ways, with ttl one lower; or the response, to *peer   */
	FIPS_LOOKUP_RESPOND, /* it is for us: sign, and send the response back                  */
	FIPS_LOOKUP_OWN,     /* an answer to us: its proof is to be verified, if that is good:
	                      * accept                                                          */
};

/* A request that parsed came by a linked neighbour: steps 2 to 9 of mesh.md 4.3, counted. */
enum fips_lookup_verdict fips_lookups_request(struct fips_lookups *l, unsigned from,
                                              const struct fips_lookup_request *request,
                                              const struct fips_addr *me,
                                              const struct fips_lookup_filters *f, uint64_t now,
                                              struct fips_lookup_ways *ways);

/* A response that parsed came by a linked neighbour: mesh.md 4.5 up to the proof, counted.  *peer
 * is valid with FORWARD: path_mtu is to be lowered to that link's. */
enum fips_lookup_verdict fips_lookups_response(struct fips_lookups *l, unsigned from,
                                               const struct fips_lookup_response *response,
                                               uint64_t now, unsigned *peer);

/* ---- lookups of our own: lookup_own.c ---- */

enum fips_lookup_ask {
	FIPS_LOOKUP_STARTED,   /* send a request with *id to ways, which may be empty         */
	FIPS_LOOKUP_PENDING,   /* one is under way                                            */
	FIPS_LOOKUP_NOWHERE,   /* no filter contains it: a failure, unreachable               */
	FIPS_LOOKUP_SUPPRESSED, /* in back-off, or too many others: unreachable               */
};

/* Somebody wants to know where target is.  early: filters may still be on their way, so that a
 * target in none of them is waited for, as long as a lookup takes;
 * its attempts begin when one has it. */
enum fips_lookup_ask fips_lookups_ask(struct fips_lookups *l, const struct fips_addr *target,
                                      const struct fips_lookup_filters *f, bool early, uint64_t now,
                                      uint64_t *id, struct fips_lookup_ways *ways);

/* Is the time of one of ours over by now?  *target is whom it is for. */
bool fips_lookups_overdue(const struct fips_lookups *l, uint64_t now, struct fips_addr *target);

/* What becomes of that one; f is about its target.  STARTED: another attempt, as after ask.
 * NOWHERE: it has failed for good, *target is unreachable.  PENDING: none is due. */
enum fips_lookup_ask fips_lookups_next(struct fips_lookups *l, const struct fips_lookup_filters *f,
                                       uint64_t now, struct fips_addr *target, uint64_t *id,
                                       struct fips_lookup_ways *ways);

/* The proof of a response that was OWN is good:
 * the lookup of its target, and that id, are done with. */
void fips_lookups_accept(struct fips_lookups *l, const struct fips_lookup_response *response);

/* Nobody wants it any more. */
void fips_lookups_cancel(struct fips_lookups *l, const struct fips_addr *target);

/* Forget all back-off: our parent is another, or a first round trip is known. */
void fips_lookups_hope(struct fips_lookups *l);

/* Is a lookup of it under way? */
bool fips_lookups_pending(const struct fips_lookups *l, const struct fips_addr *target);

#endif
