/* tcp.h - what the files of the TCP transport share: a call's bytes, and what is done to
 * connections (stages/lib/tcp_pool.h).
 *
 * A receive call's bytes lie behind what had come before of a frame, in a slab, and become slices
 * of it:
 *
 *     | part of a frame |  received ...                                   |
 *     | frame                      | frame         | frame | part of one  |
 *
 * Who has connected by himself and is silent, or stops in the midst of a frame, or reads nothing,
 * is cut off after TCP_PATIENCE; and earlier, when there are too many, if he has said nothing yet.
 */
#ifndef MR_STAGES_TCP_H
#define MR_STAGES_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "core/stage.h"
#include "fips/wire/link.h"
#include "stages/lib/mesh.h"
#include "stages/lib/tcp.h"
#include "stages/lib/tcp_pool.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"

#define TCP_READY    MR_VECTOR /* sockets that one call tells of                 */
#define TCP_PATIENCE (30 * MR_NS_PER_S) /* for a first frame, the rest of one, room to write */
#define TCP_YOUNG    MR_NS_PER_S        /* a dial is not repeated sooner         */
#define TCP_TRIAL    (5 * MR_NS_PER_S)  /* to show a live key; then it makes room for others */
#define TCP_STALE    (60 * MR_NS_PER_S) /* ... as does who has shown none for so long */

#define TCP_AGAIN    MR_NS_PER_S        /* control is told again that a connection is narrow */

enum { TCP_FRAMES, TCP_HANDSHAKES }; /* outputs */
enum { TCP_NO_ADDRESS, TCP_NO_CONNECTION, TCP_UNREACHED, TCP_TOO_BIG, TCP_FULL, TCP_LOST,
       TCP_FRAMING, TCP_PARTIAL, TCP_FLAGS, TCP_UNKNOWN_INDEX, TCP_STOPPED }; /* drops */
enum { TCP_ACCEPTED, TCP_REFUSED, TCP_EVICTED, TCP_DIALLED, TCP_FAILED, TCP_TIMED_OUT, TCP_CLOSED,
       TCP_CUT, TCP_RECEIVE_CALLS, TCP_SEND_CALLS, TCP_COPIED }; /* counters */

struct tcp {
	struct mr_mesh  *mesh;   /* borrowed */
	struct mr_tcp_pool *pool;   /* borrowed: the resource's                           */
	/* sockets to be served: [at, readies) */
	unsigned           next, readies;
	struct epoll_event ready[TCP_READY];
	/* what the last call brought, whole frames, and has not gone */
	struct mr_tcp_conn *conn;   /* who brought it; NULL: is gone                      */
	struct fips_via  from;
	uint8_t         *base;   /* of the slab or of bounce                           */
	uint32_t         at, end; /* bytes                                             */
	unsigned         left;   /* frames in [at, end)                                */
	unsigned         brought; /* frames in all                                     */
	uint16_t         slab;   /* or MR_NO_SLAB                                      */
	bool             sliced; /* slices of it are out                               */
	uint8_t          bounce[MR_SLAB_BYTES]; /* where there is no slab              */
};

/* ---- pool.c ---- */

struct mr_tcp_conn *tcp_find(const struct mr_tcp_pool *pool, const struct fips_via *via);

/* A free place becomes a connection's by this descriptor; NULL: there is none, and fd is closed. */
struct mr_tcp_conn *tcp_place(struct mr_tcp_pool *pool, const struct fips_via *via, int fd,
                              uint64_t now);

/* It is there: how large may frames be? */
void tcp_is_open(struct mr_tcp_conn *c);

/* It is over, or the dial is.  What waited in it is lost by name. */
void tcp_end(struct tcp *tcp, struct mr_tcp_conn *c, unsigned counter, struct mr_turn *t);

/* Have epoll tell when it can be written to, or not. */
void tcp_await_room(const struct mr_tcp_pool *pool, struct mr_tcp_conn *c, bool await);

/* Something is due then. */
static inline void tcp_due(struct mr_tcp_pool *pool, uint64_t at)
{
	pool->due = at < pool->due ? at : pool->due;
}

/* End what is due. */
void tcp_look_after(struct tcp *tcp, struct mr_turn *t);

/* ---- calls.c: connections begin ---- */

void tcp_accept(struct tcp *tcp, unsigned listener, struct mr_turn *t);
void tcp_listen(struct mr_tcp_pool *pool, bool on);

/* A new connection to an address, or NULL with the name of the drop in *why. */
struct mr_tcp_conn *tcp_dial(struct tcp *tcp, const struct fips_via *via, unsigned *why,
                          struct mr_turn *t);

/* Something is known of the dial. */
void tcp_dialled(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t);

/* ---- send.c ---- */

/* Frames for one address: each leaves, waits in part or for the connection,
 * or is dropped by name. */
void tcp_send(struct tcp *tcp, const struct fips_via *via, struct mr_pkt *const *pkt, unsigned n,
              struct mr_turn *t);

/* What waits, as far as the socket takes it. */
void tcp_flush_tail(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t);

/* ---- receive.c ---- */

/* One call; whole frames are this stage's from here on (tcp->left). */
void tcp_receive(struct tcp *tcp, struct mr_tcp_conn *c, struct mr_turn *t);

/* The next of them, with its source; NULL: none is left, or there is no packet for it. */
struct mr_pkt *tcp_next(struct tcp *tcp, struct mr_turn *t);

#endif
