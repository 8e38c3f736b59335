/* node.h - a FIPS node as a state machine: peers, links, sessions, and nothing under them.
 *
 *     fips_node_handle(node, input, now, actions)      something happened; here is what to do
 *     fips_node_deadline(node)                         give me a TIMER no later than this
 *
 * The node decides and the rest of the program does: data threads number, seal, open and forward
 * on their own, and tell the node only what changes what it decides (input.h).  It answers with
 * actions (action.h), done strictly in order.  Two rules give that order its meaning:
 *
 *   - a receive key is installed before the message leaves that lets the peer use it;
 *   - sending moves to a new key once the peer is known to hold its other side: for a link when a
 *     frame authenticates under it, for a session when message 3 was read.  On first contact there
 *     is no older key, and sending begins at once.
 *
 * A link is provisional until a frame authenticated under one of its keys.  Nothing in message 1
 * is fresh, so anybody can replay an old one; what such a message sets up must not stand in the
 * way of the true peer.  So a provisional link answers every message 1 (a proven one treats them as
 * link.md 7.3 says), keeps nobody from dialling, and is told nothing of its own accord; and a
 * restart told by a new epoch replaces the old link only when a frame has come under the new key.
 * Superseded epochs are remembered.  Handshakes are told apart by the x coordinate of the ephemeral
 * key, since the byte in front of it is protected by nothing.
 *
 * Sessions are held with anybody whose key is known: neighbours, peers that the configuration puts
 * behind one of them, and whoever the mesh leads to (hops.c, mesh.h).  The source of a datagram is
 * a plain field; what it proves is what the handshake in it proves.
 *
 * All tables are allocated by fips_node_open.  One call costs at most FIPS_NODE_CURVE_OPS
 * public-key operations; a call that had more to do leaves a deadline that has passed.  The owner
 * is one thread.
 */
#ifndef FIPS_NODE_NODE_H
#define FIPS_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/node/access.h"
#include "fips/node/action.h"
#include "fips/node/config.h"
#include "fips/node/input.h"
#include "fips/node/lookup.h"
#include "fips/node/signals.h"
#include "fips/node/tree.h"
#include "fips/node/mesh.h"

#define FIPS_NODE_CURVE_OPS 8

struct fips_node;

/* Set-up.  Returns NULL on success, else a sentence; *out is written on success only.  Draws the
 * epoch. */
const char *fips_node_open(struct fips_node **out, const struct fips_node_config *config,
                           const struct fips_node_env *env);

/* May this configuration take the place of the node's?  NULL: it may, and there is room for it from
 * now on; the input CONFIGURE then brings it.  Else a sentence, and nothing has changed.  me and
 * link_mtu stay what they are.  Set-up only, between inputs. */
const char *fips_node_reserve(struct fips_node *node, const struct fips_node_config *config);

/* Wipes all secrets.  NULL is fine. */
void fips_node_close(struct fips_node *node);

/* Take one input at time now (ns, never running backwards).  fips_actions_ready(out) is the
 * caller's promise and asserted. */
void fips_node_handle(struct fips_node *node, const struct fips_input *in, uint64_t now,
                      struct fips_actions *out);

/* When the next TIMER is wanted, in ns; in the past: at once; MR_NEVER: not at all. */
uint64_t fips_node_deadline(const struct fips_node *node);

/* The same, found by looking at everything there is: what tests compare it with. */
uint64_t fips_node_deadline_by_looking(const struct fips_node *node);

/* No link is left after STOP: the last Disconnect is in the queue. */
bool fips_node_stopped(const struct fips_node *node);

/* Inputs that changed nothing, and the few events worth counting, by name. */
enum fips_node_count {
	FIPS_NODE_MALFORMED,     /* handshake packet that is none                       */
	FIPS_NODE_LIMITED,       /* over a token bucket                                 */
	FIPS_NODE_NO_HANDSHAKE,  /* message 2 for no handshake of ours                  */
	FIPS_NODE_FORGED,        /* a handshake message that does not open              */
	FIPS_NODE_REPLAYED,      /* message 1 seen before, or of a superseded epoch     */
	FIPS_NODE_DUPLICATE,     /* another message 1 on a young link                   */
	FIPS_NODE_REFUSED,       /* strangers not accepted, ourselves, or table full    */
	FIPS_NODE_LINK_MESSAGE,  /* link message unknown, short, or of the mesh layer   */
	FIPS_NODE_DATAGRAM,      /* session datagram short, not for us, or malformed    */
	FIPS_NODE_NO_ROUTE,      /* from or to a node that no neighbour leads to        */
	FIPS_NODE_SESSION_STATE, /* session handshake message in the wrong state        */
	FIPS_NODE_SIGNAL,        /* error signal not to be believed                     */
	FIPS_NODE_BODY,          /* session message unknown or short                    */
	FIPS_NODE_REPORT,        /* report stale or under a key we do not send with     */
	FIPS_NODE_GONE,          /* about a link, session or key that is gone           */
	FIPS_NODE_ANSWERED,      /* message 1 answered with a new key                   */
	FIPS_NODE_REPEATED,      /* message 1 answered with the stored message 2        */
	FIPS_NODE_LINK_REKEYS,   /* rekeys of links begun ...                           */
	FIPS_NODE_LINK_REKEYS_ANSWERED, /* ... by the other side                        */
	FIPS_NODE_LINK_REKEYS_FAILED,   /* ours that nobody answered                    */
	FIPS_NODE_SESSION_REKEYS, /* rekeys of sessions begun ...                       */
	FIPS_NODE_SESSION_REKEYS_ANSWERED, /* ... by the other side, to its message 3   */
	FIPS_NODE_SESSION_REKEYS_FAILED,   /* ours that came to nothing                 */
	FIPS_NODE_LINK_CUTS,     /* link cut-overs                                      */
	FIPS_NODE_SESSION_CUTS,  /* session cut-overs                                   */
	FIPS_NODE_RESTARTS,      /* peers seen to have restarted                        */
	FIPS_NODE_LOST,          /* links removed for silence                           */
	FIPS_NODE_DENIED,        /* refused by the access lists                         */
	FIPS_NODE_FORWARDS_GIVEN, /* questions for a next hop of others' datagrams answered ... */
	FIPS_NODE_FORWARDS_REFUSED, /* ... with none                                    */
	FIPS_NODE_FORWARDS_EVICTED, /* next hops taken back to make room                */
	FIPS_NODE_UNDELIVERED,   /* datagrams of others that go no further, told here   */
	FIPS_NODE_CAME_BACK,     /* datagrams of ours that came back, acted on          */
	FIPS_NODE_KERNEL_DROP_EVENTS, /* times that the kernel began to drop what came  */
	FIPS_NODE_RECOVERIES,    /* handshakes begun since messages could not be read   */
	FIPS_NODE_SESSIONS_EVICTED, /* sessions with others that made way               */
	FIPS_NODE_SESSIONS_FULL, /* sessions that found no place                        */
	FIPS_NODE_COUNTS,
};

const uint64_t *fips_node_counts(const struct fips_node *node); /* FIPS_NODE_COUNTS of them */
const char     *fips_node_count_name(enum fips_node_count count);

/* Public-key operations so far. */
uint64_t fips_node_curve_ops(const struct fips_node *node);

/* Which way a figure goes: its quick average against the slow one, more than 5 % apart. */
enum fips_trend { FIPS_TREND_UNKNOWN, FIPS_TREND_STABLE, FIPS_TREND_RISING, FIPS_TREND_FALLING };

/* What operators see of the metrics; zero where nothing is known (forward, reverse, etx: 1). */
struct fips_metrics_info {
	bool     rtt_known, loss_known, etx_known; /* the averages are those of reports */
	uint32_t srtt_us;
	uint32_t rttvar_us;
	double   loss;    /* long average, [0, 1]                     */
	double   forward; /* delivery ratios, [0, 1]                  */
	double   reverse;
	double   etx;     /* [1, 100]                                 */
	double   etx_average;
	double   goodput; /* bytes a second                           */
	uint32_t jitter_us;
	uint32_t ce;      /* frames with CE, as the other side says   */
	uint64_t reports, samples, zeros; /* that came; round trips in them; too short ones */
	uint32_t rtt_us;  /* the last round trip                      */
	enum fips_trend rtt_trend, loss_trend, goodput_trend, jitter_trend, etx_trend;
};

enum fips_peer_state {
	FIPS_PEER_IDLE,
	FIPS_PEER_BEHIND,      /* reached through another, and not linked         */
	FIPS_PEER_DIALLING,
	FIPS_PEER_PROVISIONAL,
	FIPS_PEER_UP,
};

struct fips_peer_info {
	unsigned             slot;       /* in the table: its own as long as it is there */
	struct fips_addr     addr;
	uint8_t              xonly[FIPS_XONLY_LEN];
	char                 alias[FIPS_ALIAS_LEN]; /* empty for a stranger         */
	char                 name[FIPS_HOST_LEN]; /* by the hosts file, else alias, else address */
	bool                 configured;
	bool                 reconnects; /* dialled again after a loss              */
	bool                 initiator;  /* our dial made the key we send with      */
	enum fips_peer_state state;
	struct fips_via      via;        /* valid when provisional or up            */
	uint64_t             since;      /* ns, link-up; 0 when there is no link    */
	uint64_t             key;        /* id of the key we send with              */
	uint64_t             key_since;  /* ns, sent with since                     */
	uint32_t             ours, theirs; /* its indices                           */
	uint8_t              k;
	unsigned             keys;       /* receiving, retiring ones included       */
	bool                 cost_known; /* what a datagram costs by its link ...   */
	double               cost;       /* ... valid then                          */
	bool                 rekeying;   /* a rekey of ours waits for its answer    */
	bool                 draining;   /* an older key still receives             */
	unsigned             retries;
	uint64_t             retry_at;   /* ns, MR_NEVER: not to be dialled         */
	struct fips_metrics_info metrics;
};

enum fips_session_state {
	FIPS_SESSION_ANSWERED,   /* half-open, waiting for message 3 */
	FIPS_SESSION_INITIATING,
	FIPS_SESSION_ESTABLISHED,
};

struct fips_session_info {
	struct fips_addr        addr;
	uint8_t                 xonly[FIPS_XONLY_LEN]; /* all zero: not known yet   */
	enum fips_session_state state;
	bool                    initiator;
	bool                    confirmed; /* something opened under its keys     */
	uint64_t                since;     /* ns, established; else created       */
	uint64_t                key;
	uint64_t                key_since; /* ns, sent with since; 0: not established */
	uint8_t                 k;
	bool                    draining;  /* an older key still receives         */
	unsigned                resends;   /* of the handshake message under way  */
	unsigned                warmups;   /* coordinates are still to be sent so often */
	uint16_t                path_mtu;  /* of what we send, in link units      */
	uint16_t                path_mtu_in; /* of what comes, by its last envelope; 0: none yet */
	bool                    routed;    /* it has a way now ...                */
	struct fips_addr        hop;       /* ... which begins at this neighbour  */
	struct fips_metrics_info metrics;
};

/* A message 1 of ours that waits for its answer. */
struct fips_dial_info {
	unsigned         slot;    /* of the peer                            */
	unsigned         which;   /* of its dials, [0, FIPS_VIAS_MAX)       */
	struct fips_addr addr;
	uint8_t          xonly[FIPS_XONLY_LEN];
	struct fips_via  via;
	uint64_t         since;   /* ns, first sending                      */
	unsigned         resends;
};

/* Walk: index from 0 until false.  The order is stable between inputs. */
bool fips_node_peer(const struct fips_node *node, unsigned index, struct fips_peer_info *out);
bool fips_node_session(const struct fips_node *node, unsigned index,
                       struct fips_session_info *out);

/* The same where there may be many: *at from 0, moved on, until false. */
bool fips_node_peer_next(const struct fips_node *node, unsigned *at, struct fips_peer_info *out);
bool fips_node_session_next(const struct fips_node *node, unsigned *at,
                            struct fips_session_info *out);
bool fips_node_dial_next(const struct fips_node *node, unsigned *at, struct fips_dial_info *out);

/* The one with this address, if it is one that is shown. */
bool fips_node_peer_of(const struct fips_node *node, const struct fips_addr *addr,
                       struct fips_peer_info *out);
bool fips_node_session_of(const struct fips_node *node, const struct fips_addr *addr,
                          struct fips_session_info *out);

/* A node that is no configured peer and whose key is known. */
struct fips_known_info {
	struct fips_addr addr;
	uint8_t          xonly[FIPS_XONLY_LEN];
	uint64_t         seen; /* ns, its key was used last */
};

/* Walk over them, those used last first; and how many there may be. */
bool fips_node_known_next(const struct fips_node *node, unsigned *at, struct fips_known_info *out);
unsigned fips_node_known_max(const struct fips_node *node);

/* Is the key of the node with this address known? */
bool fips_node_knows(const struct fips_node *node, const struct fips_addr *addr);

/* Where a datagram to a node would leave by; hop is filled in when there is one.  Counts as a use
 * of what is known of it.  Between inputs. */
void fips_node_next_hop(struct fips_node *node, const struct fips_addr *dest,
                        struct fips_nexthop *out, struct fips_addr *hop);

/* Destinations that packets wait for. */
unsigned fips_node_wanted(const struct fips_node *node);

/* What the mesh layer knows, to be read; valid until the next input. */
const struct fips_mesh *fips_node_mesh(const struct fips_node *node);

/* Its place in the spanning tree, and what its neighbours announced: to be read between inputs. */
const struct fips_tree *fips_node_tree(const struct fips_node *node);

/* Its neighbours' filters by slot, and where other nodes are; likewise. */
const struct fips_filters *fips_node_filters(const struct fips_node *node);
const struct fips_cache   *fips_node_cache(const struct fips_node *node);
/* Lookups that pass by and its own, and what became of datagrams that went no further: likewise. */
const struct fips_lookups *fips_node_lookups(const struct fips_node *node);
const struct fips_signals *fips_node_signals(const struct fips_node *node);

/* The peer with this address: is its link up, provisional counted? */
bool fips_node_has_link(const struct fips_node *node, const struct fips_addr *addr);
bool fips_node_has_session(const struct fips_node *node, const struct fips_addr *addr);

#endif
