/* state.h - what a node remembers, for the files of this folder only.
 *
 *     node --- peers      everybody we may dial, are linked with, or were linked with
 *           |    |--- dials      message 1 packets of ours that wait for a message 2
 *           |    '--- keys       of the link: one we send with, newer unproven ones, retiring ones
 *           |- known      keys of nodes that are no peers
 *           |- wanted     destinations that packets wait for
 *           |- sessions   one for each endpoint, peer or not
 *           |    |--- halves     setups we answered, that wait for a message 3
 *           |    '--- keys       current, pending, previous, as fsp-open names them
 *           '- mesh       who is where, and which neighbour leads there
 *
 * Times are ns.  A deadline that does not come is MR_NEVER.
 */
#ifndef FIPS_NODE_STATE_H
#define FIPS_NODE_STATE_H

#include "core/clock.h"
#include "fips/path/bucket.h"
#include "fips/node/access.h"
#include "fips/node/directory.h"
#include "fips/node/known.h"
#include "fips/node/mesh.h"
#include "fips/node/metrics.h"
#include "fips/node/node.h"
#include "fips/node/pmtu.h"
#include "fips/noise/ik.h"
#include "fips/noise/xk.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"

#define FIPS_LINK_KEYS 8  /* of one link, all states                                */
#define FIPS_EPOCHS    4  /* superseded ones remembered of a peer                   */
#define FIPS_SEEN      16 /* message 1s remembered of a peer, beyond their keys     */
#define FIPS_HALVES    2  /* setups of one endpoint answered at a time              */
#define FIPS_ACKS      8  /* answers to one setup of ours taken, at most            */
#define FIPS_CALLS     32 /* message 1s from a peer's addresses in a burst ...      */
#define FIPS_CALL_RATE 2000 /* ... and thousandths a second: four paths, all resends */
#define FIPS_TELLS     3    /* lines about message 1s that do not open in a burst ...   */
#define FIPS_TELL_RATE 2    /* ... and thousandths a second: 172 a day, whoever asks for it */
#define FIPS_EPHEMERAL 32 /* x of an ephemeral key: names a handshake               */
#define FIPS_LOOK      MR_NS_PER_S /* between looks at how much a key has been used   */
#define FIPS_PAPER_MAX (FIPS_ACT_BYTES - FIPS_DATAGRAM_HEAD) /* of a setup or ack   */
#define FIPS_WANTED    256 /* destinations that packets wait for                    */
#define FIPS_STRAYS    64  /* nodes that recovery was tried with of late            */

/* When the stored bytes of a handshake are sent again. */
struct fips_resend {
	uint64_t start; /* first sending                                          */
	uint64_t next;  /* MR_NEVER when there are no more                        */
	unsigned count; /* sendings after the first                               */
};

/* A message 1 of ours to one address of a peer. */
struct fips_dial {
	bool               on;
	uint32_t           ours; /* index announced                               */
	struct fips_via    via;
	struct fips_ik     ik;
	struct fips_resend resend;
	uint8_t            packet[FIPS_MSG1_LEN];
};

struct fips_link_key {
	uint64_t        id;        /* 0: slot is free                             */
	uint32_t        ours, theirs;
	bool            initiator; /* our message 1                               */
	bool            proven;    /* the peer is known to hold it                */
	bool            heard;     /* a frame authenticated under it              */
	bool            loser;     /* of a crossing: receives, is not moved to    */
	bool            home;      /* responder: came from an address of the peer's */
	uint64_t        made;
	uint64_t        retire_at;
	uint64_t        use_at;    /* of a rekey of ours: send with it            */
	struct fips_via via;       /* where its handshake came from               */
	uint8_t         epoch[FIPS_EPOCH_LEN]; /* the peer's                      */
	uint8_t         ephemeral[FIPS_EPHEMERAL]; /* responder: of the message 1 */
	uint8_t         msg2[FIPS_MSG2_LEN];       /* responder: our answer       */
};

/* The two reports of a link or session. */
struct fips_reporting {
	uint64_t sender_at, receiver_at; /* not before                            */
	uint64_t sent, heard;            /* words when last asked                 */
};

struct fips_peer {
	/* who: const while the slot is used */
	bool             used;
	bool             configured;
	bool             named, auto_connect, auto_reconnect;
	uint64_t         names; /* if named: of its configuration                 */
	struct fips_addr addr;
	uint8_t          pub[FIPS_PUB_LEN];
	char             alias[FIPS_ALIAS_LEN];
	char             host[FIPS_HOST_LEN]; /* by the hosts file, or empty  */
	bool             unanswered; /* has been said; until its link is proven   */
	bool             denied; /* not dialled for the access lists: has been said */
	bool             behind;
	struct fips_addr hop;  /* valid if behind                                 */
	struct fips_via  vias[FIPS_VIAS_MAX]; /* not const: VIAS replaces them     */
	unsigned         n_vias;

	bool             changed; /* its configuration did: to be seen to            */
	bool             moved;   /* ... and so did the places to dial               */

	/* dialling */
	bool             dialling;
	uint64_t         dial_since;
	struct fips_dial dials[FIPS_VIAS_MAX];
	unsigned         retries;  /* in a row                                    */
	uint64_t         retry_at;

	/* message 1s from its addresses */
	struct fips_bucket calls;
	struct fips_bucket unread; /* lines about those that do not open          */

	/* memory that outlives links */
	bool     epoch_known;
	uint8_t  epoch[FIPS_EPOCH_LEN];    /* newest proven one                   */
	uint8_t  superseded[FIPS_EPOCHS][FIPS_EPOCH_LEN];
	unsigned n_superseded;             /* written so far                      */
	uint8_t  seen[FIPS_SEEN][FIPS_EPHEMERAL];
	unsigned n_seen;                   /* written so far                      */
	uint64_t touched;                  /* last link-up or link-down           */

	/* link */
	bool                  up;
	bool                  carries; /* those behind it are reached by it       */
	bool                  meshed;  /* takes part in the mesh: proven, its process known */
	struct fips_link_key  keys[FIPS_LINK_KEYS];
	struct fips_link_key *send;        /* one of keys; NULL when down         */
	uint8_t               link_epoch[FIPS_EPOCH_LEN]; /* of what we send with */
	uint8_t               k;
	uint64_t              clock_zero;
	uint64_t              up_at, cut_at;
	struct fips_via       via;
	uint64_t              heartbeat_at;
	uint64_t              dead_at;     /* look at the words again             */
	uint64_t              close_at;    /* Disconnect is sent: removal         */
	bool                  told;        /* stopping: Disconnect is sent        */
	struct fips_reporting reporting;
	struct fips_metrics   metrics;

	/* its rekeys */
	struct fips_dial rekey;      /* message 1 of ours that waits for a message 2 */
	uint64_t         rekey_due;  /* by age                                    */
	uint64_t         rekey_count; /* by count, not before                      */
	uint64_t         rekey_at;   /* look whether one is to begin              */
	uint64_t         rekey_calm; /* we cut over to one of theirs: none before */

	/* what came by this link */
	struct fips_bucket setups;  /* setups that name no established session    */
	struct fips_bucket rekeys;  /* setups that do                             */
	struct fips_bucket acks;
	struct fips_bucket msg3s;   /* beyond those that a setup has paid for     */
	struct fips_bucket announces; /* TreeAnnounces to be verified             */
	struct fips_bucket filters; /* FilterAnnounces                            */
	bool               overfull; /* too full a one: has been said             */
	bool               misannounced; /* one that cannot be: has been said     */

	/* the way out to it */
	bool congested; /* by its last look                                       */
	bool congested_told; /* as CONGESTION was last said of this link          */
};

/* A destination that packets wait for. */
struct fips_wanted {
	bool             used;
	bool             again;     /* look for a way to it now                   */
	bool             stray;     /* no packet waits: it seems to have a session
	                             * that we have not                           */
	struct fips_addr addr;
	uint64_t         since;
	uint64_t         until;     /* unreachable then                           */
};

/* Somebody sends what we cannot read, since a session is gone or broken (session.md 3.12). */
struct fips_stray {
	struct fips_addr addr;
	uint64_t         again_at; /* nothing is begun with it before this        */
};

/* A setup we answered. */
struct fips_half {
	bool               on;
	bool               own;  /* came by the link that leads to the endpoint   */
	unsigned           tries; /* message 3s tried on it, as far as they are free  */
	struct fips_xk     xk;   /* waits for message 3                           */
	struct fips_resend resend;
	uint8_t            ephemeral[FIPS_EPHEMERAL];
	uint16_t           ack_len; /* of the ack in the session's papers         */
};

/* What a session may have to say again, with places as they are then.  None of it is secret. */
struct fips_papers {
	uint8_t setup[FIPS_PAPER_MAX];
	uint8_t ack[FIPS_HALVES][FIPS_PAPER_MAX]; /* by half                      */
};

struct fips_session_key {
	uint64_t id;     /* 0: none                                               */
	uint64_t made;
	uint64_t clock_zero; /* 0: not sent with yet                              */
	uint8_t  k;      /* when we send with it                                  */
	bool     heard;  /* a message opened under it                             */
	uint8_t  ephemeral[FIPS_EPHEMERAL]; /* responder: of the setup            */
};

/* Where a rekey of ours is. */
enum fips_rekey_step {
	FIPS_REKEY_NONE,
	FIPS_REKEY_SETUP, /* sent, no ack yet; the state after message 1 is in start   */
	FIPS_REKEY_MSG3,  /* sent, the pending key has not been heard                  */
};

struct fips_session {
	bool                    used;
	enum fips_session_state state;
	bool                    initiator;
	struct fips_addr        addr;
	uint8_t                 pub[FIPS_PUB_LEN]; /* not before message 3, as responder */
	struct fips_addr        by;    /* the neighbour that brought its setup, if it is not ours */
	uint64_t                made;  /* slot taken                              */
	bool                    kin;   /* with a neighbour, or a configured peer  */
	bool                    ours;  /* somebody here wanted it                 */
	bool                    expected; /* EXPECT_SESSION was said              */

	/* as initiator, at first or of a rekey: until something opens under the keys */
	enum fips_rekey_step step;
	struct fips_xk     start; /* after message 1                              */
	struct fips_resend resend; /* of the setup, then of message 3             */
	uint16_t           setup_len; /* of the setup in the session's papers     */
	uint8_t            msg3[FIPS_FSP_MSG3_LEN]; /* answers acks[n_acks - 1]   */
	uint8_t            acks[FIPS_ACKS][FIPS_EPHEMERAL]; /* all that were taken */
	unsigned           n_acks;

	/* as responder, at first or of a rekey */
	struct fips_half halves[FIPS_HALVES];
	uint64_t yield_until; /* a first setup of ours is held back for theirs; 0: none came,
	                       * MR_NEVER: for none any more                      */

	/* established */
	struct fips_session_key current, pending, previous;
	uint64_t send;         /* id of the key we send with: current or pending  */
	uint8_t  k;
	bool     confirmed;    /* something opened under the key we send with     */
	uint64_t clock_zero;
	uint64_t since;        /* established                                     */
	uint64_t confirm_until; /* initiator: no ack, or unconfirmed until then, is a failure */
	uint64_t cut_at;       /* the key we send with was first sent with        */
	uint64_t rekey_due, rekey_count, rekey_at, rekey_calm; /* as of a peer    */
	uint64_t rekey_by;     /* it is due, and begins then whatever setups came; 0: none came */
	uint64_t turn_at;      /* MSG3: move to the pending key, or look whether that was wrong */
	uint64_t turned_at;    /* ... we moved to it unheard; 0: not yet          */
	uint64_t drain_at;     /* look at the previous key again                  */
	uint64_t idle_at;      /* look at the words again                         */
	uint64_t warmup_at;
	unsigned warmups;      /* sent after the first                            */
	uint64_t place_at;     /* our place in the tree, or theirs, is another: say so */
	uint64_t placed_at;    /* ... and when that was said last                 */
	uint64_t answer_at;    /* no CoordsWarmup for a signal before this        */
	uint64_t forget_at;    /* ... and its place not forgotten                 */
	bool     reported;     /* the other side sends reports ...                */
	uint64_t report_at;    /* ... and this is when the last came, ns; valid if reported */
	uint64_t doubt_at;     /* that it stops to is not acted on before this    */
	uint16_t route_mtu;    /* as last given to ROUTE                          */
	bool     routed;       /* ROUTE was said and not taken back               */
	bool     hop_known;
	struct fips_addr      hop; /* as last given to ROUTE; valid if hop_known  */
	uint64_t              reroute_at; /* look for the hop again               */
	uint64_t              recover_at; /* none for what cannot be read before this */
	struct fips_pmtu      pmtu;
	uint64_t              mtu_at;    /* look at what the other side's envelopes say */
	struct fips_reporting reporting;
	struct fips_metrics   metrics;
};

/* When each slot of the tables is to be served, peers first, then sessions, then what is wanted:
 * kept, because there may be thousands.  Whatever is touched is marked,
 * and looked at anew when the call ends. */
#define FIPS_DUES_BLOCK 32

struct fips_dues {
	uint64_t *at;     /* owned, by slot: ns; MR_NEVER: not at all              */
	uint64_t *least;  /* of each FIPS_DUES_BLOCK of them                       */
	bool     *marked; /* by slot                                              */
	unsigned *list;   /* those that are marked                                */
	unsigned  n_marked;
	unsigned  room_for; /* slots                                              */
	bool      all;    /* each of them is to be looked at                      */
	bool      room;   /* was there room to dial when they were?               */
	unsigned  walk;   /* where the timers go on                               */
};

struct fips_node {
	/* const after open */
	struct fips_identity    me;
	uint8_t                 epoch[FIPS_EPOCH_LEN];
	struct fips_node_env    env;
	struct fips_node_timers timers;
	unsigned                max_peers;
	uint16_t                link_mtu;
	uint32_t                accept; /* bit i: strangers by transport i        */
	struct fips_node_limits limits;
	bool                    rekey;
	enum fips_mmp           link_mmp, session_mmp;
	struct fips_node_ecn    ecn;

	struct fips_peer    *peers;    /* owned, n_peers slots                    */
	unsigned             n_peers;
	struct fips_session *sessions; /* owned, n_sessions slots                 */
	struct fips_papers  *papers;   /* owned, one a session                    */
	unsigned             n_sessions; /* one a link and a configured peer, and limits.sessions */
	struct fips_directory peer_at, session_at; /* slots of those that are used */
	struct fips_known    known;     /* configured peers are not in it   */
	struct fips_wanted   wanted[FIPS_WANTED];
	struct fips_stray    strays[FIPS_STRAYS];
	unsigned             n_up;     /* peers that are                          */
	unsigned             n_calls;  /* dials that are on, rekeys left out      */
	struct fips_mesh     mesh;
	struct fips_bucket   strangers; /* message 1 from addresses we do not know */
	struct fips_bucket   callers;  /* ... from those of peers                 */
	struct fips_bucket   unread;   /* lines about strangers' that do not open */
	struct fips_bucket   answers;   /* message 2                              */
	struct fips_bucket   found;    /* nodes that say they are there           */
	uint64_t             last_key; /* id                                      */
	bool                 stopping;
	struct fips_dues     dues;
	uint64_t             deadline;
	uint64_t             ops;
	uint64_t             counts[FIPS_NODE_COUNTS];

	/* valid inside fips_node_handle */
	uint64_t             now;
	struct fips_actions *out;
	unsigned             pushed; /* actions of this call                      */
	unsigned             served; /* slots that had something due, in this call */
	uint64_t             ops_before;
	bool                 unmoved; /* nothing was done that a deadline depends on */
};

static inline uint64_t fips_ms(uint32_t ms)
{
	return ms * MR_NS_PER_MS;
}

static inline uint64_t fips_sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline void fips_count(struct fips_node *n, enum fips_node_count count)
{
	n->counts[count]++;
}

#endif
