/* config.h - what a node is told when it is opened, and what it is handed to live on.
 *
 * The node has no clock, no generator, no network and no names of its own.  The curve and the
 * random bytes are handed in here; time comes with every input; addresses of the transport are
 * opaque and resolved by the caller.
 *
 * Timers are milliseconds, their defaults those of the reference (link.md 11, session.md 3.9), but
 * for rekeys: those of links are left to a reference that is there to begin (link.md 7.5).
 */
#ifndef FIPS_NODE_CONFIG_H
#define FIPS_NODE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rand.h"
#include "fips/noise/curve.h"
#include "fips/noise/identity.h"
#include "fips/node/cache.h"
#include "fips/node/filters.h"
#include "fips/node/known.h"
#include "fips/node/tree.h"
#include "fips/node/lookup.h"
#include "fips/path/via.h"

#define FIPS_VIAS_MAX  4  /* transport addresses of one peer, dialled in parallel   */
#define FIPS_ALIAS_LEN 64 /* the NUL included: names in .fips are no longer (RFC 1035) */

enum fips_mmp { FIPS_MMP_FULL, FIPS_MMP_LIGHTWEIGHT, FIPS_MMP_MINIMAL };

/* A peer of the node file. */
struct fips_peer_config {
	uint8_t          pub[FIPS_PUB_LEN]; /* 02 and x, on the curve                 */
	struct fips_addr addr;              /* == fips_addr_of_key(pub + 1)           */
	char             alias[FIPS_ALIAS_LEN];
	struct fips_via  vias[FIPS_VIAS_MAX]; /* resolved, in order of priority       */
	unsigned         n_vias;            /* [0, FIPS_VIAS_MAX]; 0 until a name is resolved */
	bool             named;             /* ask for RESOLVE_NAME at each dial      */
	uint64_t         names;             /* if so, a hash of all its addresses as they are
	                                     * configured, names unresolved: same, same peer */
	bool             auto_connect;      /* dialled at start                       */
	bool             auto_reconnect;    /* dialled again after a loss             */
	bool             behind;            /* reached through a neighbour, never dialled ... */
	struct fips_addr hop;               /* ... which is a configured peer, itself not behind */
};

struct fips_node_timers {
	uint32_t resend;           /* first gap between handshake sendings             */
	uint32_t backoff;          /* each gap to the one before, thousandths, 1000 and more */
	uint32_t resends;          /* at most so many after the first, count           */
	uint32_t handshake;        /* a dial, a setup or a half-open answer ends       */
	uint32_t retry;            /* first delay before dialling again; doubles       */
	uint32_t retry_max;
	uint32_t retries;          /* dials in a row, of a peer that is not auto_reconnect, count */
	uint32_t heartbeat;
	uint32_t dead;             /* nothing authenticated for so long                */
	uint32_t duplicate;        /* link key younger: another message 1 is a duplicate */
	uint32_t link_pending;     /* an unconfirmed link key is discarded             */
	uint32_t link_drain;       /* older link keys keep receiving after a cut-over  */
	uint32_t session_idle;     /* no DataPacket either way; 0: never               */
	uint32_t session_pending;  /* a pending key this young refuses another rekey   */
	uint32_t session_drain;    /* previous key, after its last use                 */
	uint32_t unresolved;       /* a destination may wait for its link so long      */
	uint32_t path_mtu;         /* least time between two notifications             */

	/* rekeys of ours (link.md 7.5, session.md 3.6) */
	uint32_t link_rekey;       /* a key this old is replaced, give or take the jitter */
	uint32_t session_rekey;
	uint32_t rekey_jitter;     /* [0, the smaller of the two)                      */
	uint32_t rekey_messages;   /* ... or when so many were numbered under it, count; 0: never */
	uint32_t rekey_calm;       /* none after one of the peer's: link, cut over to; session,
	                            * answered                                         */
	uint32_t link_guard;       /* none this soon after link-up or a cut-over (R21):
	                            * longer than the peer's `duplicate`               */
	uint32_t session_guard;    /* the same: the key before has drained by then     */
	uint32_t link_cut_over;    /* the new key is sent with so long after message 2 */
	uint32_t session_cut_over; /* ... message 3, at least, unless heard under it   */
	uint32_t session_setup;    /* a rekey's setup without an ack ends              */
};

/* A token bucket's measures. */
struct fips_rate {
	uint32_t burst; /* tokens, [1, 10^6]                                           */
	uint32_t milli; /* thousandths of a token a second                             */
};

/* How much of us others, and our own dials, may take up at a time (link.md 6.9,
 * session.md 3.10). */
struct fips_node_limits {
	unsigned calls;            /* message 1s of ours without an answer; 0: any number */
	unsigned links;            /* those, and links up; 0: any number               */
	unsigned pending;          /* links whose other end has not been heard; 0: any number */
	struct fips_rate strangers; /* message 1s from addresses we do not know        */
	struct fips_rate known;    /* message 1s from those of peers, all together     */
	struct fips_rate setups;   /* SessionSetups by one link that name no session there is */
	unsigned sessions;         /* with nodes that are neither neighbours nor configured,
	                            * 4 and more                                       */
};

/* When the way out to a neighbour counts as congested (mesh.md 5.6). */
struct fips_node_ecn {
	bool   enabled;
	double loss; /* of the last report interval, (0, 1]: from there on          */
	double etx;  /* [1, 100]                                                    */
};

struct fips_node_config {
	const struct fips_identity    *me;      /* borrowed until close                */
	const struct fips_peer_config *peers;   /* copied                              */
	unsigned                       n_peers;
	unsigned                       max_peers;  /* links up at a time, 1 and more   */
	uint16_t                       link_mtu;   /* largest FMP frame, at least 256  */
	uint32_t                       accept;     /* bit i: answer strangers by transport i */
	struct fips_node_limits        limits;
	bool                           rekey;      /* begin rekeys; those of others are answered */
	enum fips_mmp                  link_mmp;
	enum fips_mmp                  session_mmp;
	struct fips_node_timers        timers;
	struct fips_tree_settings      tree;
	struct fips_node_ecn           ecn;
	struct fips_filters_settings   filters;
	struct fips_cache_settings     cache;
	unsigned                       known;      /* nodes besides peers whose key is kept, 1 and
	                                            * more; that of open stays              */
	struct fips_lookup_config      lookup;
};

/* Defaults for everything but me and peers. */
struct fips_node_config fips_node_config_default(void);

/* Words the data threads keep and the timers read.  Times are nanoseconds of the node's clock, 0
 * for never.  A value may lag; none ever runs backwards while its link or session lives. */
struct fips_link_words {
	uint64_t heard; /* last authenticated frame, under whichever key           */
	uint64_t sent;  /* frames numbered so far under the current send key       */
	uint8_t  k;     /* K flag of the newest frame under the current send key   */
};

struct fips_session_words {
	uint64_t heard;          /* last authenticated message, under whichever key */
	uint64_t previous_heard; /* ... under the previous key                      */
	uint64_t data_sent;      /* last DataPacket sent                            */
	uint64_t data_heard;     /* last DataPacket received, body of 4 and more    */
	uint64_t sent;           /* messages numbered so far under the current send key */
	uint64_t current;        /* id of the newest key that is first or was heard; 0: none yet */
	uint16_t path_mtu;       /* of the last authenticated message's envelope; 0: none yet */
};

struct fips_words {
	/* False when there is no such link or session (yet): the words read as zero. */
	bool (*link)(void *self, const struct fips_addr *peer, struct fips_link_words *out);
	bool (*session)(void *self, const struct fips_addr *peer, struct fips_session_words *out);
	void *self;
	/* When a datagram was last sent on to dest by what FORWARD said, ns; 0: never.
	 * NULL: never. */
	uint64_t (*forward)(void *self, const struct fips_addr *dest);
	/* Datagrams that the kernel has dropped for want of room, so far.  NULL: none. */
	uint64_t (*overflows)(void *self);
};

/* What files say of nodes, which may change at any time (FIPS_IN_NAMES tells of names).  Either may
 * be NULL: everybody is admitted, nobody has a name. */
struct fips_gate {
	bool (*admits)(void *self, const struct fips_addr *addr);
	const char *(*name)(void *self, const struct fips_addr *addr); /* NULL: none */
	void *self;
};

struct fips_node_env {
	struct fips_curve curve; /* borrowed: the caller closes it, after the node */
	struct mr_rand    rand;
	struct fips_words words;
	struct fips_gate  gate;
	/* The time of day, ms since 1970: for what outlives this process on the wire, never for
	 * deadlines.  It may jump. */
	uint64_t (*unix_ms)(void *self);
	void *self;
};

#endif
