/* neighbour.h - somebody at the place behind whole nodes (whole.h) who speaks both layers by hand.
 *
 * It does nothing of its own accord but answer an ack with a message 3 and keep its link alive; it
 * calls, sets up and moves to new keys when a test says so.  All keys of its handshakes are kept:
 * what a node seals under any of them it opens and counts, and it may seal under any of them.
 */
#ifndef T_LIB_NEIGHBOUR_H
#define T_LIB_NEIGHBOUR_H

#include "fips/noise/ik.h"
#include "fips/noise/xk.h"
#include "fips/wire/report.h"
#include "t/lib/whole.h"

#define NEIGHBOUR_KEYS 8

/* One handshake. */
struct neighbour_key {
	uint32_t ours, theirs; /* links                           */
	uint8_t  send[32], recv[32];
	uint64_t counter;      /* next to be sent                 */
	uint64_t opened;       /* frames or messages heard by it  */
};

/* What it has heard at one layer. */
struct neighbour_heard {
	uint64_t                  frames, bytes; /* under all keys, as a sender report counts */
	unsigned                  reports;       /* sender reports                            */
	struct fips_sender_report report;        /* the last one                              */
	uint64_t                  frames_then, bytes_then; /* heard before it came            */
};

struct neighbour {
	struct fips_identity me;
	struct fips_curve    curve;
	struct mr_rand_state seed;
	uint8_t              epoch[FIPS_EPOCH_LEN];
	unsigned             node;           /* whom it talks to; const               */
	struct neighbour_key link[NEIGHBOUR_KEYS], session[NEIGHBOUR_KEYS];
	unsigned             links, sessions; /* handshakes done                      */
	unsigned             link_at, session_at; /* which it sends with              */
	bool                 no_msg3;        /* an ack gets no answer                 */
	uint64_t             beat_at;        /* ns                                    */
	uint32_t             index;          /* of the call that is out               */
	struct fips_ik       ik;
	struct fips_xk       xk;
	struct neighbour_heard by_link, by_session;
	unsigned             signals;        /* error signals heard ...               */
	uint8_t              signal[600];    /* ... the last one, from its prefix     */
	size_t               signal_len;
};

/* It takes the place behind the nodes and talks to this one. */
void neighbour_open(struct neighbour *nb, unsigned n);
void neighbour_close(struct neighbour *nb);

/* A message 1, a SessionSetup: when time passes link[links] or session[sessions] is made. */
void neighbour_call(struct neighbour *nb);
void neighbour_setup(struct neighbour *nb);

/* A link message from its type byte; a session message of this type; both under the keys it is at,
 * K told by their number. */
void neighbour_message(struct neighbour *nb, const void *message, size_t n);
void neighbour_body(struct neighbour *nb, uint8_t type, const void *body, size_t n);

/* A heartbeat, and data that is for nobody: both only show that it is there. */
void neighbour_beat(struct neighbour *nb);
void neighbour_data(struct neighbour *nb);

/* A message 1 of somebody else somewhere else: number i of as many as there may be. */
void neighbour_stranger(struct neighbour *nb, unsigned i);

/* Call, or set up, wait, move to the new key and say something under it. */
void neighbour_link(struct neighbour *nb);
void neighbour_session(struct neighbour *nb);

#endif
