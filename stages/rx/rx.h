/* rx.h - what a receive call brings, and how it becomes packets.
 *
 * Each message of a call has two places to lie in, one behind the other: the view of a spare
 * packet, and the rest of a slab.
 *
 *     spare packet                slab, from its start
 *     | headroom | view bytes |   | view bytes | what is left of 64 KiB |
 *                 1st place                      2nd place
 *
 * A lone datagram lies whole in its packet, and the slab is there for the next call.  A message of
 * several datagrams of equal size, the last may be shorter (udp(7), UDP_GRO), spills: the first
 * stays in the packet, what lies behind it there is moved to the slab, right before the second
 * place, and then the k-th lies at k times the size, as if the slab held them all.  From there they
 * leave as slices; a few alone are copied, since a slice keeps its whole slab from being used
 * again.  Without a slab the second place is a buffer of the stage's own, and all are copied: to
 * receive needs packets and nothing else.
 */
#ifndef MR_STAGES_RX_H
#define MR_STAGES_RX_H

#include <sys/socket.h>
#include <time.h>

#include "core/sojourn.h"
#include "core/stage.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp_peer.h"
#include "stages/lib/words.h"

#define RX_READY MR_VECTOR /* sockets with datagrams that one call tells of */
#define RX_PATIENCE 64 /* calls that empty the largest buffer of the usual size */
#define RX_ANCILLARY                                              \
	(CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(int)) + \
	 CMSG_SPACE(sizeof(struct timespec)))

enum { RX_FRAMES, RX_HANDSHAKES }; /* outputs */
enum { RX_SHORT, RX_PUNCH, RX_VERSION, RX_PHASE, RX_LENGTH, RX_FLAGS, RX_TRUNCATED,
       RX_UNKNOWN_INDEX, RX_STOPPED, RX_SOJOURN };
enum { RX_CALLS, RX_OVERFLOWS, RX_ERRORS, RX_TRAINS, RX_TRAIN_DATAGRAMS, RX_COPIED, RX_MOVED,
       RX_CONNECTED };

/* A message asked for or received. */
struct rx_message {
	struct mr_pkt *pkt;    /* its first place; NULL once it has gone        */
	uint16_t       slab;   /* its second, or MR_NO_SLAB                     */
	uint8_t       *spill;  /* the same as memory; NULL: it has none         */
	uint32_t       len;    /* bytes received                                */
	uint32_t       each;   /* bytes of each datagram but the last, >= 1, or 0 if it is
	                        * one alone                                     */
	bool           cut;    /* received longer than there was room           */
	uint64_t       came;   /* ns, wall clock, when the kernel had it; 0: it does not say */
	bool           sliced; /* slices of its slab are out                    */
	struct fips_via from;
};

struct rx {
	uint32_t        batch;  /* setting                                           */
	bool            gro;    /* setting                                           */
	uint32_t        sojourn, interval; /* settings, us                           */
	struct mr_udp  *udp;    /* borrowed */
	struct mr_mesh *mesh;   /* borrowed */
	uint32_t        view;   /* bytes a datagram may have                         */
	unsigned        number; /* among those that have been opened, from 1; const  */
	unsigned        next;   /* socket to begin with in the next call             */
	unsigned        readies; /* of connected sockets: [next, readies) are still to be asked */
	struct mr_udp_socket *ready[RX_READY]; /* which those are                    */
	struct mr_udp_socket *socket; /* that the last call read                     */
	bool            drained; /* it brought less than was asked for               */
	uint64_t        wall;   /* ns, wall clock behind the last call               */
	/* ready to be filled, the one used last on top */
	unsigned        spares, slabs; /* [0, MR_VECTOR] */
	struct mr_pkt  *spare[MR_VECTOR];
	uint16_t        slab[MR_VECTOR];
	/* what the last call brought and has not gone */
	unsigned        got, at; /* messages, and the one under way                  */
	uint32_t        off;     /* bytes of that one that are gone                  */
	unsigned        left;    /* datagrams in all                                 */
	struct rx_message message[MR_VECTOR];
	struct mmsghdr  msg[MR_VECTOR];
	struct iovec    iov[MR_VECTOR][2];
	_Alignas(8) char ancillary[MR_VECTOR][RX_ANCILLARY];
	uint8_t         bounce[MR_SLAB_BYTES]; /* a second place without a slab      */
};

/* ---- call.c ---- */

/* A socket that this rx has not read yet.  At the first one's open() nothing waits in it. */
void rx_make_ready(const struct rx *rx, struct mr_udp_socket *sock);

/* One receive call.  Returns the number of messages it asked for; 0: there is no packet for any. */
unsigned rx_receive(struct rx *rx, struct mr_udp_socket *sock, struct mr_turn *t);

/* Take stock of it: every datagram is this stage's from here on. */
void rx_take_in(struct rx *rx, struct mr_udp_socket *sock, struct mr_turn *t);

/* ---- train.c ---- */

/* Datagrams in a message. */
unsigned rx_datagrams(const struct rx_message *m);

/* The next datagram of what was received, with its source address and nothing else said of it;
 * NULL: there is none left (rx->left == 0), or no packet for it. */
struct mr_pkt *rx_next(struct rx *rx, struct mr_turn *t);

/* ---- wait.c ---- */

/* Have the kernel note when datagrams come by this socket, or not, as the settings say. */
void rx_wait_open(const struct rx *rx, struct mr_udp_socket *sock);

/* The time in a note of type SO_TIMESTAMPNS, ns of the wall clock. */
uint64_t rx_came(const struct cmsghdr *c);

/* What has just been emitted as frames came then; `last`: nothing more waits in the socket.  Drops
 * what is overdue (core/sojourn.h) out of it: who has most pays, by link. */
void rx_wait(struct rx *rx, uint64_t came, bool last, struct mr_turn *t);

#endif
