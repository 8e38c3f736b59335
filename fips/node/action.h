/* action.h - what a node wants done: one queue, first in, first out.
 *
 * The caller does the actions in order.  At one that fips_action_holds() names it waits until
 * every thread concerned has acknowledged before it goes on, since what follows may make the other
 * side use what was installed.  Several calls of fips_node_handle may fill the queue meanwhile.
 *
 *   kind                 fields                         meaning
 *   SEND_RAW             via, bytes                     a handshake packet, as it is
 *   SEND_LINK            peer, bytes                    a link message from its type byte, sealed
 *                                                       under the link's current send key
 *   SEND_SESSION         peer, bytes                    type byte and body, sealed under the
 *                                                       session's current send key.  CoordsWarmup:
 *                                                       behind the type byte stand the two lists
 *                                                       that go in clear; the body is empty
 *   EXPECT_INDEX         peer, ours                     frames for this index may come before its
 *                                                       key: keep a few for the install
 *   FORGET_INDEX         ours                           no key will come for it
 *   INSTALL_LINK         peer, key, ours, theirs,       receive from now on; the send key is kept
 *                        send_key, recv_key             for USE_LINK.  holds
 *   USE_LINK             peer, key, k, clock_zero, via, send with this key from now on; the first
 *                        mtu                            one makes the link entry
 *   LINK_PROVEN          peer                           the other end is known to be who it is:
 *                                                       others' datagrams may go there from now on
 *   SET_VIA              peer, via                      send to this address from now on
 *   RETIRE_LINK_KEY      peer, key, ours                forget the key and free its index
 *   LINK_DOWN            peer                           the link entry goes; its keys are retired
 *                                                       before, one by one
 *   EXPECT_SESSION       peer                           messages may come before their key
 *   INSTALL_SESSION      peer, key, send_key, recv_key, receive from now on, as the current key
 *                        k, pending                     (there is none) or the pending one (there
 *                                                       is none); k is what we send with it. holds
 *   USE_SESSION          peer, key, k, clock_zero       send with this key from now on
 *   RETIRE_SESSION_KEY   peer, key                      forget the key, in whichever slot it is
 *   SESSION_DOWN         peer                           entry, expected or live, and live route go;
 *                                                       what is parked stays.  Its keys are
 *                                                       retired before, one by one
 *   ROUTE                peer, via_peer, mtu            packets for peer leave by the link to
 *                                                       via_peer; mtu is the path's, in link units
 *   UNROUTE              peer                           the session stays, its live route goes;
 *                                                       packets are parked again
 *   UNREACHABLE          peer.b[0..15)                  answer packets parked for it
 *   FORWARD              peer, via_peer, route          datagrams of others for peer leave by the
 *                                                       link to via_peer; route is for who counts
 *                                                       them
 *   UNFORWARD            peer                           ... no more: the next one asks again.  What
 *                                                       is parked is looked at again
 *   NO_FORWARD           peer                           there is no next hop: what is parked, and
 *                                                       what comes in the next second, gets none
 *   CONGESTION           peer, congested                frames that carry others' datagrams to peer
 *                                                       have CE set, or not any more
 *   ASK_LINK_REPORT      peer, key, reports             send a LINK_SNAPSHOT; key is the one we
 *                                                       send with
 *   ASK_SESSION_REPORT   peer, key, reports             send a SESSION_SNAPSHOT
 *   RESOLVE_NAME         peer                           resolve the peer's names again, send VIAS
 *   LOG                  level, source, peer, via,      a line of text without its end, not NUL
 *                        bytes                          terminated; peer: whom it concerns, or
 *                                                       zeroes; via: where it came from, or len 0
 *
 * Keys are wiped from the queue when their action is popped.
 */
#ifndef FIPS_NODE_ACTION_H
#define FIPS_NODE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/path/via.h"

#define FIPS_ACT_BYTES    1244 /* a link message that fits the smallest usual MTU, 1280 */
#define FIPS_ACTIONS_TURN 64   /* the most one call of fips_node_handle adds            */

enum fips_action_kind {
	FIPS_ACT_SEND_RAW,
	FIPS_ACT_SEND_LINK,
	FIPS_ACT_SEND_SESSION,
	FIPS_ACT_EXPECT_INDEX,
	FIPS_ACT_FORGET_INDEX,
	FIPS_ACT_INSTALL_LINK,
	FIPS_ACT_USE_LINK,
	FIPS_ACT_LINK_PROVEN,
	FIPS_ACT_SET_VIA,
	FIPS_ACT_RETIRE_LINK_KEY,
	FIPS_ACT_LINK_DOWN,
	FIPS_ACT_EXPECT_SESSION,
	FIPS_ACT_INSTALL_SESSION,
	FIPS_ACT_USE_SESSION,
	FIPS_ACT_RETIRE_SESSION_KEY,
	FIPS_ACT_SESSION_DOWN,
	FIPS_ACT_ROUTE,
	FIPS_ACT_UNROUTE,
	FIPS_ACT_UNREACHABLE,
	FIPS_ACT_FORWARD,
	FIPS_ACT_UNFORWARD,
	FIPS_ACT_NO_FORWARD,
	FIPS_ACT_CONGESTION,
	FIPS_ACT_ASK_LINK_REPORT,
	FIPS_ACT_ASK_SESSION_REPORT,
	FIPS_ACT_RESOLVE_NAME,
	FIPS_ACT_LOG,
	FIPS_ACT_KINDS,
};

enum fips_log { FIPS_LOG_WARN, FIPS_LOG_INFO, FIPS_LOG_DEBUG };

/* Which reports a question is about: bits. */
enum { FIPS_REPORT_SENDER = 1, FIPS_REPORT_RECEIVER = 2 };

struct fips_action {
	enum fips_action_kind kind;
	struct fips_addr      peer;
	struct fips_addr      via_peer;
	uint64_t              key;        /* id, never 0, never used again           */
	uint64_t              clock_zero; /* ns; timestamps sent are ms since        */
	uint32_t              ours;       /* index we receive on                     */
	uint32_t              theirs;     /* index the peer receives on              */
	uint8_t               k;          /* 0 or 1                                  */
	bool                  pending;
	bool                  congested;
	uint8_t               route;      /* enum fips_route (nexthop.h)             */
	uint8_t               reports;    /* FIPS_REPORT_ bits                       */
	enum fips_log         level;
	const char           *source;     /* the literal that a line was made by; not owned */
	uint16_t              mtu;
	uint16_t              len;        /* of bytes, [0, FIPS_ACT_BYTES]           */
	struct fips_via       via;
	uint8_t               send_key[32];
	uint8_t               recv_key[32];
	uint8_t               bytes[FIPS_ACT_BYTES];
};

struct fips_actions {
	struct fips_action *ring; /* owned, cap of them                             */
	unsigned            cap;  /* const after open                               */
	unsigned            head; /* [0, cap): the next to be done                  */
	unsigned            n;    /* [0, cap]                                       */
};

/* Room for cap actions, at least FIPS_ACTIONS_TURN.  Set-up only; false when memory is gone. */
bool fips_actions_open(struct fips_actions *q, unsigned cap);
void fips_actions_close(struct fips_actions *q);

/* May fips_node_handle be called? */
static inline bool fips_actions_ready(const struct fips_actions *q)
{
	return q->cap - q->n >= FIPS_ACTIONS_TURN;
}

/* The action to be done next, or NULL.  It stays valid until it is popped. */
static inline struct fips_action *fips_actions_head(const struct fips_actions *q)
{
	return q->n ? &q->ring[q->head] : NULL;
}

/* It is done.  Wipes it. */
void fips_actions_pop(struct fips_actions *q);

/* For fips_node_handle: a cleared action at the tail, to be filled in.  Room is the caller's
 * promise and asserted. */
struct fips_action *fips_actions_push(struct fips_actions *q, enum fips_action_kind kind);

/* Must this one be acknowledged before the next is done? */
bool fips_action_holds(enum fips_action_kind kind);

/* "send-raw", "install-link", ... */
const char *fips_action_name(enum fips_action_kind kind);

#endif
