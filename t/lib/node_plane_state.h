/* node_plane_state.h - what the files of the simulated data plane share (node_plane.h). */
#ifndef T_LIB_NODE_PLANE_STATE_H
#define T_LIB_NODE_PLANE_STATE_H

#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"
#include "t/lib/node_plane.h"
#include "t/lib/node_transit.h"

#define LINKS   16
#define EXPECTS 64
#define HELD    4
#define PARKED  16

/* Both directions of one handshake. */
struct key {
	struct fips_send_key send;
	struct fips_recv_key recv;
	uint8_t              send_bytes[32], recv_bytes[32];
	uint32_t             ours;
	struct key          *next;
};

struct held {
	uint64_t        at;
	struct fips_via from;
	size_t          n;
	uint8_t         bytes[MOCK_FRAME_MAX];
};

struct waiting {
	struct held frame[HELD];
	unsigned    n;
};

struct link {
	bool                  used;
	struct fips_addr      peer;
	struct fips_link_recv recv;
	struct key           *keys, *send;
	struct fips_via       via;
	uint64_t              sent_before; /* frames under keys that are gone */
};

struct session {
	bool                     used, live;
	struct fips_addr         peer;
	struct fips_session_recv recv;
	struct key              *keys, *send;
	struct waiting           waiting;
	uint64_t                 data_at;
};

struct expect {
	bool           used;
	uint32_t       index;
	struct waiting waiting;
};

/* A destination of data. */
struct dest {
	bool             used, routed;
	struct fips_addr addr;
	struct fips_addr hop;    /* valid if routed */
	uint16_t         mtu;    /* ... as is this  */
	unsigned         parked;
	uint64_t         since; /* asked */
};

struct plane {
	struct sim_node *node;
	struct link      links[LINKS];
	struct session   sessions[LINKS];
	struct dest      dests[LINKS];
	struct expect    expects[EXPECTS];
	struct transit   transit;
};

/* ---- node_plane_tables.c ---- */

/* NULL: there is none. */
struct link *plane_link(struct plane *p, const struct fips_addr *peer);
struct session *plane_session(struct plane *p, const struct fips_addr *peer);
struct dest *plane_dest(struct plane *p, const struct fips_addr *addr);
struct expect *plane_expect(struct plane *p, uint32_t index);
struct key *plane_index(struct plane *p, uint32_t index, struct link **link);
struct key *plane_key(struct key *list, uint64_t id);

/* A place for another one; NULL: there is none. */
struct link *plane_link_slot(struct plane *p);
struct session *plane_session_slot(struct plane *p);
struct dest *plane_dest_slot(struct plane *p);
struct expect *plane_expect_slot(struct plane *p);

/* Keys of the action, into a list; and one of the list, which must be there, to nowhere. */
struct key *plane_key_new(struct plane *p, const struct fips_action *act, struct key **list);
void plane_key_free(struct key **list, uint64_t id);

/* Keep for later what comes too early, if there is room. */
void plane_hold(struct plane *p, struct waiting *w, const struct fips_via *from,
                const uint8_t *bytes, size_t n);

/* ---- node_plane.c ---- */

void plane_send_link(struct plane *p, struct link *l, const uint8_t *message, size_t n);

/* False: there is no link to send it by. */
bool plane_send_session(struct plane *p, struct session *s, const uint8_t *view, size_t n);
void plane_send_data(struct plane *p, struct session *s);

/* What came by a link, or waited until it could be opened. */
void plane_session_message(struct plane *p, const struct fips_addr *src, uint16_t path_mtu,
                           const uint8_t *fsp, size_t n);
void plane_established(struct plane *p, const struct fips_via *from, const uint8_t *frame,
                       size_t n);

#endif
