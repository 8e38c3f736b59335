/* reference.h - the decisions of the reference daemon towards one neighbour, as an actor.
 *
 * Written from link.md 6 and session.md 3: what it does on its one-second tick, including what it
 * does badly.  It cuts over without proof at the next tick after a rekey handshake, matches
 * frames by index and K, removes a peer after 20 bad frames, keeps the message 2 of first contact
 * for ever, sends a rekey SessionSetup once.  Reports are sent, the mesh layer is not there.
 */
#ifndef T_LIB_REFERENCE_H
#define T_LIB_REFERENCE_H

#include "fips/noise/ik.h"
#include "fips/noise/xk.h"
#include "fips/path/window.h"
#include "t/lib/two_nodes.h"

struct ref_key {
	bool               on;
	uint32_t           ours, theirs; /* links                       */
	uint8_t            send[32], recv[32];
	uint64_t           counter;      /* next to be sent             */
	struct fips_window window;
};

struct reference_config {
	unsigned secret, peer;    /* numbers of world_identity               */
	bool     dials;
	uint64_t link_messages;   /* rekey by count                          */
	uint64_t session_messages;
	unsigned link_age, session_age; /* rekey by age, s; jitter is +-15   */
	bool     k_out_of_phase;  /* start with K = 1 at both layers         */
};

struct reference {
	struct reference_config config;
	struct sim_node     *node;
	struct fips_identity peer;
	struct fips_curve    curve;
	struct mr_rand       rand;
	uint8_t              epoch[FIPS_EPOCH_LEN];
	struct fips_via      via;       /* of the peer                       */
	uint64_t             next_tick;

	/* link */
	bool           active;
	struct ref_key cur, prev, pend;
	uint8_t        k;
	uint64_t       started;         /* link-up or cut-over               */
	uint64_t       drain_at, heard, beat_at;
	unsigned       bad;             /* frames in a row                   */
	uint8_t        peer_epoch[FIPS_EPOCH_LEN];
	bool           stored;          /* we were responder at first contact */
	uint8_t        msg2[FIPS_MSG2_LEN];
	bool           calling;         /* a message 1 of ours is out        */
	bool           rekeying;        /* ... and it is a rekey             */
	uint32_t       call_index;
	struct fips_ik ik;
	uint8_t        msg1[FIPS_MSG1_LEN];
	uint64_t       call_at, resend_at;
	unsigned       resends, retries;
	uint64_t       dial_at, suppress_until, rekey_age;

	/* session */
	enum { REF_NONE, REF_INITIATING, REF_AWAITING, REF_ESTABLISHED } state;
	struct ref_key s_cur, s_prev, s_pend;
	uint8_t        s_k;
	uint64_t       s_started, s_drain, s_data, s_made, s_resend, s_suppress, s_age;
	unsigned       s_resends;
	struct fips_xk xk;              /* first handshake, or the rekey in flight */
	bool           in_flight, ours; /* of a rekey                        */
	uint64_t       flight_at;
	uint64_t       pend_at;
	uint8_t        stored_fsp[200]; /* setup or ack                      */
	size_t         stored_len;
	uint8_t        msg3[FIPS_FSP_MSG3_LEN];
	bool           msg3_kept;
	uint64_t       msg3_at;
	unsigned       msg3_resends, queued;

	/* tallies */
	unsigned       links, lost, link_rekeys, sessions, session_rekeys, undecryptable;
	uint64_t       longest_gap; /* between data received, while linked   */
	uint64_t       s_rx_highest, s_rx_frames, rx_frames;
	uint32_t       s_echo, echo;
};

/* Puts it into the world; it lives until the world closes. */
struct reference *reference_open(struct world *w, const struct reference_config *config);

/* Its process ends and a new one begins. */
void reference_restart(struct reference *r);

/* A packet of data for the peer: queued until there is a session. */
void reference_data(struct reference *r);

/* reference_session.c, for reference.c: what comes in a SessionDatagram, each tick,
 * the link went. */
void reference_fsp(struct reference *r, const uint8_t *fsp, size_t n);
void reference_session_tick(struct reference *r);
void reference_session_gone(struct reference *r);
/* reference.c, for reference_session.c */
void reference_link_send(struct reference *r, const uint8_t *message, size_t n);

#endif
