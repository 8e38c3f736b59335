/* tcp_pool.h - the connections of the TCP transport.
 *
 *                   dial                      accept
 *                    |                          |
 *     RESTING <-- CONNECTING ----> OPEN <-------'
 *        |                          |
 *        '-----------> FREE <-------'
 *
 * Every connection that there may be has its place and its two buffers from the start: nothing is
 * allocated for who calls.  A dial that failed, and a connection that came to an end at once, rest
 * for a moment, so that frames for an address where nobody is do not become as many calls.
 *
 * A buffer each way holds less than one frame, but while a connection is being made: what has come
 * of the next one, and what the socket has not taken of the last.  All else is in the kernel, or
 * lost by name.
 *
 * Made and closed with the transport, so that connections outlive a graph that is exchanged.  In
 * between all of it belongs to the stage tcp.
 */
#ifndef MR_STAGES_TCP_POOL_H
#define MR_STAGES_TCP_POOL_H

#include "fips/path/via.h"
#include "stages/lib/tcp.h"

#define MR_TCP_OUTBOUND 256 /* connections that we made, and dials, at a time      */
#define MR_TCP_BUCKETS  512 /* of the map from address to connection               */

enum mr_tcp_state { MR_TCP_FREE, MR_TCP_CONNECTING, MR_TCP_OPEN, MR_TCP_RESTING };

struct mr_tcp_conn {
	enum mr_tcp_state   state;
	int              fd;    /* -1: none                                            */
	uint16_t         mtu;   /* largest frame that is sent, bytes; [1, of->conf->mtu], which is
	                         * the largest that may come                           */
	struct fips_via  via;   /* what it is found by                                 */
	const struct mr_tcp_listener *of;
	bool             came;  /* the other end made it                               */
	bool             spoke; /* a whole frame has come                              */
	bool             awaits_room; /* told of by epoll when it may be written to    */
	uint64_t         since; /* ns, accepted or dialled                             */
	uint64_t         heard; /* ns, last frame of a live key; 0: none               */
	uint64_t         told;  /* ns, that frames are smaller than they may be; 0: never */
	uint64_t         read_due, write_due; /* ns, or MR_NEVER: cut off then         */
	uint32_t         part;  /* bytes of a frame that have come, [0, mtu)           */
	uint8_t         *parts; /* [mtu]; they                                         */
	uint32_t         tail;  /* bytes still to be written, [0, mtu_max]             */
	unsigned         tail_frames; /* in them, the first may have gone in part      */
	uint8_t         *tails; /* [mtu_max]; they                                     */
	struct mr_tcp_conn *next;  /* in its bucket, or free                              */
};

/* All of them.  Outlives a graph that is exchanged. */
struct mr_tcp_pool {
	const struct mr_tcp *tcp;    /* borrowed                                       */
	int                  epoll;  /* const; its data is a place in conn, or behind them a
	                              * listener's                                     */
	unsigned             places; /* const                                          */
	struct mr_tcp_conn     *conn;   /* [places], owned                                */
	uint8_t             *bytes;  /* their buffers, owned                           */
	struct mr_tcp_conn     *free;
	struct mr_tcp_conn     *bucket[MR_TCP_BUCKETS];
	unsigned             in[MR_TCP_MAX]; /* connections that came, by listener     */
	unsigned             out;    /* others, resting ones among them                */
	uint64_t             seed;   /* of the map                                     */
	uint64_t             due;    /* ns: nothing is due before                      */
	bool                 deaf;   /* listeners are not looked at: not yet, or no descriptor was
	                              * left                                           */
};

/* Places for all that the settings allow, and an epoll without descriptors.
 * NULL after mr_setup_error. */
struct mr_tcp_pool *mr_tcp_pool_open(const struct mr_tcp *tcp, struct mr_setup *s);
void mr_tcp_pool_close(struct mr_tcp_pool *pool); /* NULL: nothing */

#endif
