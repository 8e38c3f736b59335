/* udp_peer.h - a UDP socket for one neighbour, beside the one that all share.
 *
 * It is bound to the same port (SO_REUSEPORT) and connected to the neighbour's address: the kernel
 * gives it what comes from there, and knows the way there without being told each time.  All that
 * it does not get comes by the shared socket as before, so it may come and go at any time, and a
 * neighbour without one is served just the same.
 *
 *     opened     bound, for a moment everybody's (so each datagram has its own source), then
 *                connected
 *     known      in the table: frames for that address go by it; tx-gso has nothing else to be told
 *     forgotten  out of the table, and each tx-gso has acknowledged it: nobody sends by it
 *     turned     connected to itself: what the neighbour sends comes by the shared socket again
 *     closed     when it has been read empty, and rx has acknowledged that it is gone
 *
 * Made and closed by control, for whom most functions here are; other stages use what the table
 * shows.
 */
#ifndef MR_STAGES_UDP_PEER_H
#define MR_STAGES_UDP_PEER_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "core/table.h"
#include "stages/lib/udp.h"

#define MR_UDP_RESERVE 64 /* descriptors, of those the process may have, that are left to others */

struct mr_udp_peer {
	struct mr_udp_socket    socket; /* first; rx's fields are rx's                    */
	struct fips_via         via;    /* const: where it is connected to                */
	unsigned                slot;   /* const, [0, MR_UDP_PEERS_MAX), of those open alone */
	struct sockaddr_storage local;  /* const: the address it sends from               */
	atomic_bool             failed; /* by a tx-gso: frames go by the shared socket from
	                                 * now on                                         */
};

struct mr_udp_peer_entry {
	struct mr_udp_peer *peer; /* lives until every tx-gso and rx have let go of it */
};

/* tx-gso, inside its epoch section: the socket that frames for this address go by; NULL: the one
 * that all share. */
static inline struct mr_udp_peer *mr_udp_peer_of(const struct mr_udp *udp,
                                                 const struct fips_via *via)
{
	const struct mr_udp_peer_entry *e = udp->peers ? mr_table_find(udp->peers, via) : NULL;

	return e && !atomic_load_explicit(&e->peer->failed, memory_order_relaxed) ? e->peer : NULL;
}

/* An epoll that says when connected sockets have room, for one tx-gso: a descriptor, or -1
 * (complained).  To close none (-1) is fine. */
int  mr_udp_room_open(struct mr_setup *s);
void mr_udp_room_close(int fd);

/* rx has this socket to receive by from now on; 0, or -1 with errno. */
int mr_udp_listen(const struct mr_udp *udp, struct mr_udp_socket *sock);

/* May we open one more?  False: no more than MR_UDP_RESERVE descriptors would be left. */
bool mr_udp_peer_room(void);

/* The address that datagrams for `via` leave from now; 0, or -1 with errno: there is no way. */
int mr_udp_source(const struct mr_udp *udp, const struct fips_via *via,
                  struct sockaddr_storage *source);

/* Open a socket for p->via, of an instance that is connected; all else in p is zero but its slot.
 * 0, or -1 with errno and nothing is open.  What others send in the meantime is received by it. */
int mr_udp_peer_open(const struct mr_udp *udp, struct mr_udp_peer *p);

/* It hears the neighbour no more. */
void mr_udp_peer_turn(struct mr_udp_peer *p);

/* Is there nothing left in it to be received? */
bool mr_udp_peer_empty(const struct mr_udp_peer *p);

/* rx does not find it any more; and it is closed. */
void mr_udp_peer_unlisten(const struct mr_udp *udp, struct mr_udp_peer *p);
void mr_udp_peer_close(struct mr_udp_peer *p);

#endif
