/* state.h - what control keeps between its turns, for the files of this folder.
 *
 *     control --- relations     one for each link and each session that has keys
 *             |     '--- keys     both directions of one handshake, with their AEAD contexts
 *             |--- orders       under way to stages, each holding on to what it names
 *             |--- inbox        packets the node has no room for yet; our inputs are held meanwhile
 *             '--- kept         frames and messages that came before their key
 *
 * Every object here is freed in the same way: it leaves its table, the stages that may hold it by
 * an order acknowledge one, and then it waits for the readers of this moment (mr_retire).
 *
 * Without memory for such an object nothing can be kept safe: control then ends the process.
 */
#ifndef MR_STAGES_CONTROL_STATE_H
#define MR_STAGES_CONTROL_STATE_H

#include "core/graph.h"
#include "core/log.h"
#include "core/name.h"
#include "core/stage.h"
#include "fips/path/bucket.h"
#include "fips/node/mesh.h"
#include "fips/node/node.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/ether.h"
#include "stages/lib/tcp.h"
#include "stages/lib/transports.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

enum { IN_HANDSHAKES, IN_MESSAGES, IN_BODIES, IN_DATAGRAMS, INPUTS };
enum { OUT_RAW, OUT_LINK, OUT_SESSION, OUT_TUN, OUT_FRAMES, OUT_DATAGRAMS };

enum control_drop {
	DROP_GONE,       /* about a link, session or key that is gone     */
	DROP_MALFORMED,
	DROP_NO_ROUTE,   /* a datagram of others without a next hop       */
	DROP_TOO_BIG,    /* ... larger than the link out                  */
	DROP_ROUND,      /* ... that went round, or one of ours that did  */
	DROP_KEPT_OVER,  /* too many came before their key                */
	DROP_KEPT_LATE,  /* the key did not come in time                  */
	DROP_NO_KEY,     /* the handshake it waited for came to nothing   */
	DROP_STOPPED,
};

enum control_count {
	COUNT_ORDERS,
	COUNT_LATE_EVENTS, /* the node had no room for what they would bring about    */
	COUNT_MISSED,      /* found by the tick: their event was lost                 */
	COUNT_UNSENT,      /* the link or session they were for is gone               */
	COUNT_TABLE_FULL,
	COUNT_NAMES,       /* questions to the name service                           */
	COUNT_SOCKETS,     /* connected ones, opened                                  */
	COUNT_SOCKETS_CLOSED,
	COUNT_SOCKETS_CAPPED, /* not opened for want of descriptors                   */
	COUNT_SOCKETS_FAILED, /* ... or for anything else                             */
	COUNT_NODE,        /* from here on, enum fips_node_count                      */
	COUNT_TREE = COUNT_NODE + FIPS_NODE_COUNTS,    /* ... fips_tree_count         */
	COUNT_FILTERS = COUNT_TREE + FIPS_TREE_COUNTS, /* ... fips_filters_count      */
	COUNT_LOOKUPS = COUNT_FILTERS + FIPS_FILTERS_COUNTS, /* ... fips_lookup_count */
	COUNT_SIGNALS = COUNT_LOOKUPS + FIPS_LOOKUP_COUNTS,  /* ... fips_signal_count */
	COUNTS_CONTROL = COUNT_SIGNALS + FIPS_SIGNALS_COUNTS,
};

extern const struct mr_named mr_control_counters[]; /* counts.c */

/* program.c: states as words, by enum fips_peer_state and fips_session_state */
extern const char *const mr_control_peer_states[], *const mr_control_session_states[];

#define CONTROL_TICK     MR_NS_PER_S
#define CONTROL_ACTIONS  512  /* actions that may wait, at most                     */
#define CONTROL_PACKETS  (2 * CONTROL_ACTIONS) /* of its own on the way: all that waited a moment
                               * ago and as many again; an action without a packet stays in the
                               * queue                                              */
#define CONTROL_BUCKETS  256  /* of the maps below; a power of two                  */
#define CONTROL_KEPT     64   /* packets kept for all keys                          */
#define CONTROL_KEPT_EACH 4   /* ... for one                                        */
#define CONTROL_KEPT_NS  MR_NS_PER_S
#define CONTROL_REFUSALS 256  /* destinations answered as unreachable at a time: of local packets,
                               * and as many of others' datagrams                   */
#define CONTROL_REFUSAL_NS MR_NS_PER_S
#define CONTROL_ADDRESSES FIPS_VIAS_MAX
#define CONTROL_GUESTS   64   /* peers that the operator may add while the node runs */
#define CONTROL_WISHES   64   /* of the operator that wait at a time                */
#define CONTROL_ASK_NS   (20 * MR_NS_PER_MS) /* between looks for the name service's answers */

struct control;
struct history; /* query/history.h */
struct probes;  /* query/probe.h   */

/* One handshake's two keys.  What the stages see of it comes first, on lines of its own. */
struct control_key {
	struct fips_send_key send;
	struct fips_recv_key recv;

	struct relation     *of;      /* const                                          */
	const struct mr_aead *aead;   /* const, owns the contexts                       */
	uint32_t             ours;    /* links: receive index                           */
	bool                 pending; /* sessions: not the first key                    */
	bool                 told;    /* the node knows that it is confirmed            */
	bool                 started; /* sent with: K and the clock of send are set     */
	bool                 retired; /* to be freed when no order names it             */
	unsigned             orders;  /* that name it                                   */
	struct control_key  *next_id; /* in the map by id, unless retired               */
	struct control_key  *next;    /* of the same relation                           */
	/* by worker; NULL where there is none.  The bytes are for workers to come. */
	struct mr_aead_ctx  *send_ctx[MR_WORKERS_MAX], *recv_ctx[MR_WORKERS_MAX];
	uint8_t              send_bytes[MR_AEAD_KEY], recv_bytes[MR_AEAD_KEY];
};

/* A link or a session, from its first key until it is down and nobody names it any more. */
struct relation {
	union {
		struct fips_link_recv    link;
		struct fips_session_recv session;
	} recv;                       /* seen by the stage that opens                   */

	bool                 link;    /* else a session; const                          */
	bool                 gone;    /* to be freed when it has no keys and no orders  */
	struct fips_addr     peer;    /* const                                          */
	uint64_t             handle;  /* in links or sessions, or FIPS_NO_HANDLE        */
	struct control_key  *keys;    /* retired ones included                          */
	struct control_key  *using;   /* one of them, to send with; NULL: none          */
	struct fips_via      via;     /* links: as in the entry                         */
	unsigned             moving;  /* links: orders under way that set the address   */
	uint16_t             mtu;     /* of the entry, link units                       */
	uint16_t             wide;    /* what the node says of that                     */
	uint16_t             narrow;  /* links: ... and what the connection at narrow_via takes;
	                               * 0: all                                         */
	struct fips_via      narrow_via;
	bool                 proven, congested; /* links: as in the entry               */
	unsigned             orders;  /* that name it                                   */
	uint64_t             frames, bytes; /* sent under keys that have been freed     */
	uint64_t             data_at; /* ns, last data sent under those                 */
	uint64_t             missed[2]; /* sessions: the word at the last two ticks, newest first */
	struct relation     *next;    /* in its map, or among those that are gone       */
};

/* An order under way. */
struct control_order {
	struct mr_order       order;  /* first */
	struct relation      *relation; /* held on to; may be NULL                      */
	struct control_key   *key;    /* held on to; may be NULL                        */
	void                (*then)(struct control *c, struct control_order *o, struct mr_turn *t);
	struct fips_via       via;    /* argument of LINK_MOVE                          */
	uint8_t               prefix[FIPS_ADDR_LEN]; /* argument of ROUTE and FORWARD   */
	struct control_order *next, **at; /* all that are under way                     */
};

/* A report asked for: up to two orders, then one input. */
struct control_report {
	struct mr_fips_snapshot sender, receiver;
	struct relation        *relation; /* held on to */
	struct control_key     *key;      /* held on to */
	uint8_t                 asked;    /* FIPS_REPORT_ bits of orders that were sent */
	uint8_t                 waits;    /* ... and not acknowledged                   */
	struct control_report  *next;     /* all of them, in the order asked            */
};

struct control_kept {
	struct mr_pkt   *pkt;
	uint64_t         until;
	bool             session;
	uint32_t         index; /* links                                                */
	struct fips_addr peer;  /* sessions                                             */
};

/* A destination whose route entry says unreachable, to be taken out again. */
struct control_refusal {
	uint8_t  prefix[FIPS_ROUTE_KEY];
	uint64_t until;
};

/* A destination of others' datagrams that has no next hop, to be taken out again. */
struct control_refused {
	struct fips_addr dest;
	uint64_t         until;
};

/* One address of a peer that is a name. */
struct control_name {
	struct control_named *of; /* const                                              */
	char    *host, *port; /* owned                                                  */
	bool     missing;     /* the last question found nothing, and that has been said */
	uint32_t which;       /* instances of transports, any that fits (transports.h)  */
};

/* A configured peer with names among its addresses: in their order, numeric ones as they are. */
struct control_named {
	struct fips_addr    addr;
	unsigned            n;
	struct control_name name[CONTROL_ADDRESSES]; /* host NULL: numeric              */
	struct fips_via     via[CONTROL_ADDRESSES];  /* found, or numeric; len 0: none  */
	unsigned            waits; /* questions under way                               */
	bool                answered; /* all came back: to be told to the node          */
	bool                gone;  /* no peer's any more: a free place when nothing waits */
	struct control     *control; /* NULL: the place is free                         */
};

/* What the node file says. */
/* The files of access.c. */
enum control_file { CONTROL_ALLOW, CONTROL_DENY, CONTROL_HOSTS, CONTROL_FILES };

struct control_stamp { /* a file as it was when it was read; all zero: not there */
	uint64_t there, device, inode, size;
	int64_t  s, ns, changed_s, changed_ns; /* last change of what it says, and of who may
	                                        * read it */
};

struct control_access {
	struct control_stamp stamp[CONTROL_FILES]; /* of what is in force */
	int                  wrong[CONTROL_FILES]; /* why it cannot be read, an errno; 0: it can */
	struct fips_hosts    hosts;
	struct fips_access   allow, deny;
};

/* A peer that the operator has added while the node runs; all owned. */
struct control_guest {
	char *npub, *transport, *addr;
};

/* What the operator wants of the node. */
struct control_wish {
	enum fips_input_kind kind; /* CONNECT, DISCONNECT, RESOLVE or KNOWN */
	struct fips_addr     peer; /* not of KNOWN */
	uint8_t              pub[FIPS_PUB_LEN]; /* of KNOWN */
};

struct control_settings {
	bool                     dns;    /* names of .fips are answered ...             */
	char                    *dns_bind; /* ... here, owned                           */
	uint16_t                 dns_port;
	uint32_t                 dns_ttl; /* s                                          */
	bool                     socket; /* the control socket is wanted ...            */
	char                    *socket_path; /* ... here, owned; "": where it is by default */
	char                    *file[CONTROL_FILES]; /* owned paths; "": none          */
	struct fips_node_config  config;  /* its peers are those below                  */
	struct fips_peer_config *peers;   /* [config.n_peers], owned                    */
	uint64_t                 drain;   /* ns                                         */
	struct control_named    *named;   /* [n_named], owned, free ones among them     */
	unsigned                 room;    /* in peers and named, those of guests included */
	unsigned                 n_listed; /* peers of the node file; those behind are guests */
	unsigned                 n_named;
	struct mr_names         *names;   /* owned; NULL: no peer has a name            */
};

struct control {
	/* const after open */
	struct mr_mesh       *mesh;    /* borrowed */
	const struct mr_udp  *udp;     /* borrowed */
	struct mr_transports  transports; /* that one and the others */
	const struct mr_aead *aead;

	/* reload.c */
	unsigned                workers;  /* that there are */
	unsigned                workers_next; /* that a prepared reload brings; 0: none is */
	struct control_settings set;      /* in force */
	struct control_settings next;     /* prepared */
	bool                    unset;    /* the node is to be told of them */

	unsigned             n_guests;
	struct control_guest guest[CONTROL_GUESTS];
	unsigned             n_wishes;
	struct control_wish  wish[CONTROL_WISHES]; /* oldest first */
	struct history      *history;     /* owned */
	struct probes       *probes;      /* owned */
	struct fips_addr     trace_peer;  /* whose packets are followed, if those of one are; its
	                                   * last byte may be anything */

	struct control_access access;
	bool                  renamed; /* the node is to be told */
	uint64_t              hosts_at; /* ... of the keys in the hosts file, again       */

	struct mr_log      log;

	struct fips_node   *node;      /* owned */
	struct fips_actions actions;
	uint64_t            counted[COUNTS_CONTROL - COUNT_NODE]; /* already in our counters */
	bool started, stop, stop_told;
	bool installing;               /* an install waits to be acknowledged */
	bool held;                     /* our inputs are */
	uint16_t room[MR_VIA_END];     /* bytes a frame by this instance may have; 0: as set */
	unsigned asking;               /* questions to the name service */
	uint64_t now;                  /* ns, last turn */
	uint64_t tick_at;

	struct relation       *links[CONTROL_BUCKETS], *sessions[CONTROL_BUCKETS];
	struct relation       *gone;
	struct control_key    *keys[CONTROL_BUCKETS];
	struct control_order  *orders;
	struct control_report *reports, **reports_end;

	struct control_socket *sockets; /* connected ones, of whatever state */
	uint64_t               slots[MR_UDP_PEERS_MAX / 64]; /* those that are taken */
	bool                   sockets_said; /* that one could not be opened */

	unsigned       inbox_at, inbox_n; /* [inbox_at, inbox_n) waits */
	struct mr_pkt *inbox[MR_VECTOR];
	unsigned       inbox_input;

	unsigned               n_kept;
	struct control_kept    kept[CONTROL_KEPT]; /* oldest first */
	unsigned               n_refusals;
	struct control_refusal refusal[CONTROL_REFUSALS]; /* oldest first */
	unsigned               n_refused;
	struct control_refused refused[CONTROL_REFUSALS]; /* oldest first */
};

/* ---- control.c ---- */

/* The node may be told something. */
static inline bool mr_control_ready(const struct control *c)
{
	return fips_actions_ready(&c->actions);
}

/* Tell it; what it wants done is queued. */

/* counts.c: what the node has counted since becomes ours. */
void mr_control_count(struct control *c, struct mr_turn *t);
void mr_control_tell(struct control *c, const struct fips_input *in, struct mr_turn *t);

/* Do what can be done now, and see to it that the rest is not forgotten.  The last act of every
 * callback. */
void mr_control_go_on(struct control *c, struct mr_turn *t);

/* Zeroed memory on a line of its own; ends the process when there is none. */
void *mr_control_memory(size_t bytes);

/* ---- settings.c: the node file ---- */

extern const struct mr_section mr_control_sections[];

/* Decode our sections.  Complains and returns -1; close what is there either way. */
int mr_control_configure(struct control *c, struct control_settings *set, struct mr_setup *s);
void mr_settings_close(struct control_settings *set);

/* ---- reload.c ---- */

int mr_control_prepare(void *self, struct mr_setup *s);
void mr_control_commit(void *self, bool go, struct mr_turn *t);
unsigned mr_control_give(void *self, unsigned *input, struct mr_vector *v);
/* Tell the node its new settings; false: it has been told. */
bool mr_control_settings_tell(struct control *c, struct mr_turn *t);

/* ---- actions.c ---- */

/* Do what the node wants done, as far as possible: true when nothing is left or an acknowledgement
 * is waited for, false when an output or the pool had no room. */
bool mr_control_act(struct control *c, struct mr_turn *t);

/* ---- relations.c: keys and what they belong to ---- */

struct relation *mr_relation_find(struct control *c, bool link, const struct fips_addr *peer);
struct relation *mr_relation_make(struct control *c, bool link, const struct fips_addr *peer);
struct control_key *mr_control_key(struct control *c, uint64_t id); /* NULL: gone */
struct control_key *mr_control_key_make(struct control *c, struct relation *r,
                                        const struct fips_action *a, struct mr_turn *t);
/* It is sent with from now on.  A session may go back to a key and forward again: what stages read
 * of it is set once. */
void mr_control_key_start(struct control_key *key, const struct fips_action *a);
/* Contexts for those workers that have none yet. */
void mr_control_key_prepare(const struct control *c, struct control_key *key);
/* No more of this key, of this relation: out of the maps; freed when no order names them.  A key is
 * retired while an order of the caller's names it. */
void mr_control_key_retire(struct control *c, struct control_key *key, struct mr_turn *t);
void mr_relation_end(struct control *c, struct relation *r, struct mr_turn *t);
/* An order that named them is done; either may be NULL.  Whoever names a key names its relation. */
void mr_control_release(struct control *c, struct relation *r, struct control_key *key,
                        struct mr_turn *t);
void mr_relations_close(struct control *c); /* everything, when no other thread is left */

/* ---- orders.c ---- */

/* An order that holds on to r and key (either may be NULL); fill it in and post it.  False from
 * post: the graph has no such stage; the order is then over and `then` has been called. */
struct control_order *mr_control_order(struct control *c, unsigned kind, struct relation *r,
                                       struct control_key *key);
bool mr_control_post(struct control *c, const char *stage, struct control_order *o,
                     struct mr_turn *t);
/* The same to the replica that owns what belongs to this node; `prefix`: 15 address bytes. */
bool mr_control_post_to(struct control *c, const char *stage, const uint8_t *prefix,
                        struct control_order *o, struct mr_turn *t);

/* A handle with nothing but the hash of a node's 15 address bytes: picks the replica that owns what
 * belongs to it. */
static inline uint64_t mr_control_owner(const struct control *c, const uint8_t *prefix)
{
	return mr_table_unresolved(c->mesh->routes, prefix);
}
void mr_control_orders_close(struct control *c);

/* ---- links.c, sessions.c: the actions about them ---- */

void mr_link_expect(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_forget(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_install(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_use(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_proven(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_set_via(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_retire(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_link_end(struct control *c, const struct fips_action *a, struct mr_turn *t);
/* A connection takes only frames of so many bytes:
 * so do the link that goes by it, and ways by that link. */
void mr_link_narrow(struct control *c, const struct mr_event *event, struct mr_turn *t);
void mr_link_room(struct control *c, const struct mr_event *event, struct mr_turn *t);
/* The link's entry as it should be now. */
void mr_link_put(struct control *c, struct relation *r, struct mr_turn *t);

void mr_session_expect(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_session_install(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_session_use(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_session_retire(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_session_end(struct control *c, const struct fips_action *a, struct mr_turn *t);

/* ---- routes.c ---- */

void mr_control_route(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_control_unroute(struct control *c, const struct fips_addr *peer, struct mr_turn *t);
/* Ways by this link are as narrow as it is now. */
void mr_control_narrow(struct control *c, const struct relation *link, struct mr_turn *t);
void mr_control_refuse(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_refusals_expire(struct control *c, struct mr_turn *t);

/* ---- forwards.c: datagrams of others ---- */

void mr_control_forward(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_control_unforward(struct control *c, const struct fips_addr *dest, struct mr_turn *t);
void mr_control_no_forward(struct control *c, const struct fips_addr *dest, struct mr_turn *t);
void mr_link_congested(struct control *c, const struct fips_action *a, struct mr_turn *t);
void mr_refused_expire(struct control *c, struct mr_turn *t);
/* A datagram that route cannot send on, or a word of route's or fmp-open's about nodes. */
void mr_control_others(struct control *c, struct mr_pkt *p, struct mr_turn *t);

/* ---- inputs.c: packets and events for the node ---- */

/* Do with a packet what is to be done; false when there is no room for that now. */
bool mr_control_take_in(struct control *c, unsigned input, struct mr_pkt *p, struct mr_turn *t);
/* Tell the node that a key is in use, if it is and the node has not been told; true: told now.
 * There must be room for it. */
bool mr_control_confirm(struct control *c, struct control_key *key, struct mr_turn *t);
void mr_control_event(void *self, const struct mr_event *event, struct mr_turn *t);

/* ---- kept.c: packets that came before their key ---- */

/* Keep it, give it back, or drop it; false when the output it goes back by has no room. */
bool mr_control_keep_frame(struct control *c, struct mr_pkt *p, struct mr_turn *t);
bool mr_control_keep_message(struct control *c, const struct fips_addr *peer, struct mr_pkt *p,
                             struct mr_turn *t);
/* Give back those whose key has come, drop those whose time is over.  False when an output had no
 * room. */
bool mr_kept_release(struct control *c, struct mr_turn *t);
uint64_t mr_kept_deadline(const struct control *c);

/* ---- reports.c ---- */

void mr_control_ask_report(struct control *c, const struct fips_action *a, struct mr_turn *t);
/* Tell the node one report that has been answered; false when there is none. */
bool mr_control_report_tell(struct control *c, struct mr_turn *t);
void mr_control_reports_close(struct control *c);
/* Link and session words for the node. */
struct fips_words mr_control_words(struct control *c);

/* ---- names.c ---- */

void mr_control_ask_name(struct control *c, const struct fips_action *a, struct mr_turn *t);
/* Look for answers. */
void mr_control_names_poll(struct control *c);
/* Tell the node the addresses of one peer; false when there are none new. */
bool mr_control_names_tell(struct control *c, struct mr_turn *t);

/* ---- guests.c: what the operator wants while the node runs ---- */

/* All borrowed. */
struct mr_guest {
	const char *npub, *transport, *addr;
};

/* Add a peer and dial it, or dial one that is there by another way; addr is its node address.
 * False, and nothing has changed, with a sentence in wrong.  Between turns. */
bool mr_guest_connect(struct control *c, const struct mr_guest *g, const struct fips_addr *addr,
                      char *wrong, size_t room);
/* Say goodbye to a peer and dial it no more; false: it is no neighbour.  Between turns. */
bool mr_guest_disconnect(struct control *c, const char *npub, const struct fips_addr *addr);
/* Want a node as a packet of a program does; there must be room for two wishes.  Between turns. */
void mr_guest_want(struct control *c, const uint8_t pub[FIPS_PUB_LEN],
                   const struct fips_addr *addr);
/* Tell the node one wish; false: there is none. */
bool mr_guests_tell(struct control *c, struct mr_turn *t);
/* Guests are peers of these settings too. */
void mr_guests_take_along(struct control *c, struct control_settings *next);
void mr_guests_close(struct control *c);

/* ---- domain.c ---- */

/* x of the key that the hosts file, or else the node file, has for a name; NULL: neither has it. */
const uint8_t *mr_control_key_of(const struct control *c, const char *name);

/* ---- access.c ---- */

/* Read the files that have changed; true: nodes may be called otherwise now. */
bool mr_access_look(struct control *c);
/* The first look: -1 after complaining about a file that is there and cannot be read.
 * Set-up only. */
int mr_access_open(struct control *c, struct mr_setup *s);
struct fips_gate mr_access_gate(struct control *c);
void mr_access_close(struct control *c);

/* ---- sockets.c ---- */

/* Open and close connected sockets as the links want it. */
void mr_sockets_tick(struct control *c, struct mr_turn *t);
void mr_sockets_close(struct control *c);

/* ---- tick.c ---- */

/* What events should have told and did not. */
void mr_control_tick(struct control *c, struct mr_turn *t);

#endif
