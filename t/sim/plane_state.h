/* plane_state.h - the tables of a simulated data plane, for the files plane*.c only. */
#ifndef T_SIM_PLANE_STATE_H
#define T_SIM_PLANE_STATE_H

#include "core/aead.h"
#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"
#include "t/sim/plane.h"

#define ROWS   64 /* lists of a table                                        */
#define HELD   4  /* frames kept for a key that is being made ...            */
#define HOLD   MR_NS_PER_S /* ... and how long                               */
#define PARKED 16 /* packets that wait for a way to one destination          */
#define ASKED  SIM_S(120) /* within this every question is answered          */

struct link;

/* Both directions of one handshake. */
struct key {
	struct fips_send_key send;
	struct fips_recv_key recv;
	struct mr_aead_ctx  *send_ctx, *recv_ctx; /* owned; what the keys' ctx point to */
	uint32_t             book; /* in the world's books of keys            */
	uint32_t             ours;
	struct link         *link; /* NULL: of a session                      */
	struct key          *next; /* of its link or session                  */
	struct key          *next_index;
};

struct bytes {
	uint64_t         at;
	bool             ce;
	struct fips_via  from;
	struct fips_addr peer; /* the same, of a datagram of others */
	struct sim_trail trail;
	size_t           n;
	uint8_t          b[];
};

struct waiting {
	struct bytes *frame[HELD]; /* owned */
	unsigned      n;
};

struct link {
	struct fips_addr      peer;
	struct fips_link_recv recv;
	struct key           *keys, *send;
	struct fips_via       via;
	bool                  proven, congested;
	struct link          *next;
};

struct session {
	struct fips_addr         peer;
	bool                     live;
	struct fips_session_recv recv;
	struct key              *keys, *send;
	struct waiting           waiting;
	uint64_t                 data_at;
	uint64_t                 missed[2]; /* messages that no key opened, by the last ticks */
	struct session          *next;
};

struct expect {
	uint32_t       index;
	struct waiting waiting;
	struct expect *next;
};

/* A destination of data. */
struct dest {
	struct fips_addr addr;   /* 15 bytes of it until it is routed */
	bool             routed;
	struct fips_addr hop;    /* valid if routed */
	uint16_t         mtu;    /* ... as is this  */
	struct bytes    *parked[PARKED]; /* owned, n_parked of them, oldest first */
	unsigned         n_parked;
	uint64_t         since;  /* asked           */
	struct dest     *next;
};

/* A destination of others' datagrams that is no neighbour. */
struct forward {
	struct fips_addr dest;
	bool             live;
	struct fips_addr hop;           /* valid if live                         */
	uint64_t         refused_until; /* there is no next hop                  */
	uint64_t         used;          /* sent on last                          */
	struct bytes    *parked[PARKED]; /* owned, n_parked of them, oldest first */
	unsigned         n_parked;
	uint64_t         asked;
	struct forward  *next;
};

/* A coordinate list that the brain was told. */
struct told {
	struct fips_addr node;
	uint64_t         at;
};

struct sim_plane {
	struct sim_node *node;
	uint64_t         ticked;
	struct link     *links[ROWS];
	struct session  *sessions[ROWS];
	struct dest     *dests[ROWS];
	struct expect   *expects[ROWS];
	struct forward  *forwards[ROWS];
	struct told      told[256];      /* by a byte of an address            */
	uint64_t         signalled[256]; /* ns; the same                       */
	struct key      *indices[ROWS];
	unsigned         n_links, n_sessions, n_dests, n_expects, n_forwards, n_keys;
};

/* plane.c: tables. */
struct link    *sim_link(struct sim_plane *p, const struct fips_addr *peer);
struct session *sim_session(struct sim_plane *p, const struct fips_addr *peer);
struct dest    *sim_dest(struct sim_plane *p, const uint8_t prefix[15]);
struct expect  *sim_expect(struct sim_plane *p, uint32_t index);
struct key     *sim_index(struct sim_plane *p, uint32_t index);
struct key     *sim_key(struct key *list, uint64_t id);
struct forward *sim_forward(struct sim_plane *p, const struct fips_addr *dest);
struct forward *sim_forward_add(struct sim_plane *p, const struct fips_addr *dest);
struct link    *sim_link_add(struct sim_plane *p, const struct fips_addr *peer);
struct session *sim_session_add(struct sim_plane *p, const struct fips_addr *peer);
struct dest    *sim_dest_add(struct sim_plane *p, const struct fips_addr *addr);
struct expect  *sim_expect_add(struct sim_plane *p, uint32_t index);
struct key     *sim_key_add(struct sim_plane *p, const struct fips_action *act, struct key **list,
                            struct link *link);
void sim_link_free(struct sim_plane *p, struct link *l);
void sim_session_free(struct sim_plane *p, struct session *s);
void sim_dest_free(struct sim_plane *p, struct dest *d);
void sim_expect_free(struct sim_plane *p, struct expect *e);
void sim_forward_free(struct sim_plane *p, struct forward *f);
void sim_key_free(struct sim_plane *p, struct key **list, struct key *k);
void sim_hold(struct sim_plane *p, struct waiting *w, const struct fips_via *from,
              const uint8_t *bytes, size_t n, const struct sim_trail *trail);
void sim_waiting_free(struct waiting *w);

/* plane_out.c.  message: FIPS_LINK_FRONT bytes before it and FIPS_LINK_BACK behind are written
 * too. */
void sim_send_link(struct sim_plane *p, struct link *l, uint8_t *message, size_t n, bool ce,
                   const struct sim_trail *trail);
bool sim_send_body(struct sim_plane *p, struct session *s, const uint8_t *view, size_t n);
void sim_send_ip(struct sim_plane *p, struct dest *d, const uint8_t *ip, size_t n);

/* plane_transit.c.  datagram: as message above. */
void     sim_transit(struct sim_plane *p, uint8_t *datagram, size_t n, bool ce,
                     const struct fips_addr *from, const struct sim_trail *trail);
void     sim_learn(struct sim_plane *p, const uint8_t *datagram, size_t n);
void     sim_act_forward(struct sim_plane *p, const struct fips_action *act);
uint64_t sim_forward_used(void *self, const struct fips_addr *dest);
void     sim_forwards_check(struct sim_plane *p);

/* plane_in.c */
void sim_established(struct sim_plane *p, const struct fips_via *from, uint8_t *frame, size_t n,
                     const struct sim_trail *trail);
void sim_session_message(struct sim_plane *p, uint8_t *datagram, size_t n, bool ce,
                         const struct sim_trail *trail);

#endif
