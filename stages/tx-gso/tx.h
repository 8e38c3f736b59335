/* tx.h - what waits to be sent, and how it becomes messages of one call.
 *
 * Each socket has a line of packets.  The first of them, a window, are put together target by
 * target, in the order in which each target's first came; those of one target stay in order.  A
 * message is a run for one target: datagrams of one size, of which only the last may be shorter,
 * and which the kernel cuts apart again as late as it can (udp(7), UDP_SEGMENT); each lies where it
 * was sealed.
 *
 *     line      A1400 B90 A1400 A700 A1400 B90      window
 *     messages  A: 1400 1400 700 | A: 1400 | B: 90 90      one sendmmsg
 *
 * A target to which the kernel will not send so gets its frames one by one for a time.
 *
 * A target that has a connected socket (udp_peer.h) shares the line, and its messages go by that
 * one, in calls of their own.  What is for a full one is parked at the line's head until some
 * socket has room, then all of the line is gone through again from there: so frames of one target
 * leave in the order they came, whichever socket it has meanwhile.
 *
 *     line      | parked: P P Q P | A P B ...       P and Q are full
 */
#ifndef MR_STAGES_TX_H
#define MR_STAGES_TX_H

#include <sys/socket.h>

#include "core/stage.h"
#include "stages/lib/transports.h"
#include "stages/lib/udp_peer.h"
#include "stages/lib/words.h"

enum { TX_TCP, TX_ETHERNET }; /* outputs */
enum { TX_CALLS, TX_FULL, TX_RETRIES, TX_SEGMENTED, TX_SEGMENTS, TX_FALLBACKS, TX_CONNECTED,
       TX_FAILED }; /* counters */

#define TX_HELD     (2 * MR_VECTOR)           /* more waiting than this, and both inputs are held */
#define TX_KEPT     (TX_HELD + 2 * MR_VECTOR) /* what was on its way then fits as well            */
#define TX_WINDOW   (2 * MR_VECTOR)
#define TX_REFUSALS 16
#define TX_SEGMENT_NOTE CMSG_SPACE(sizeof(uint16_t))

struct tx_line {
	unsigned       n;     /* packets waiting, the oldest first, [0, TX_KEPT]         */
	int            watch;
	bool           full;  /* the socket takes no more until it is ready for writing  */
	unsigned       parked; /* of them, for full sockets while others are served, [0, n] */
	struct mr_pkt *wait[TX_KEPT];
};

/* A target that is sent to without segments until then. */
struct tx_refusal {
	struct fips_via via;
	uint64_t        until; /* ns; 0: free */
};

struct tx {
	bool           gso;      /* setting                                           */
	uint32_t       segments; /* setting                                           */
	struct mr_udp *udp;      /* borrowed */
	int            room;     /* epoll: connected sockets that have room again; -1: there
	                          * are none                                          */
	unsigned       n;        /* packets waiting in all lines, [0, TX_KEPT]        */
	struct tx_line line[MR_UDP_MAX];
	unsigned       refusals; /* [0, TX_REFUSALS]; some may be over                */
	struct tx_refusal refusal[TX_REFUSALS];
	uint64_t       full[MR_UDP_PEERS_MAX / 64]; /* connected sockets that take no more, by
	                                             * slot */
	/* messages of the call under way */
	struct mr_udp_peer *to;  /* by whose socket; NULL: the line's */
	struct mmsghdr msg[TX_WINDOW];
	unsigned       datagrams[TX_WINDOW]; /* in each, >= 1 */
	struct iovec   iov[TX_WINDOW];
	_Alignas(8) char note[TX_WINDOW][TX_SEGMENT_NOTE];
};

/* ---- gather.c ---- */

/* Describe what is to be sent next of a socket's line, from the packet `at` on, which it may bring
 * into another order, and by which socket.  Returns the number of messages, at least 1. */
unsigned tx_gather(struct tx *tx, unsigned socket, unsigned at, uint64_t now);

/* No segments for this target for a time. */
void tx_refuse(struct tx *tx, const struct fips_via *via, uint64_t now);

/* ---- full.c; "the socket" is that of tx->to, or the line's ---- */

/* With connected sockets: a watch for those that have room again.
 * 0, or -1 after mr_setup_error. */
int  tx_full_open(struct tx *tx, struct mr_setup *s);
void tx_full_close(struct tx *tx);

/* Does the socket take no more, as far as is known? */
bool tx_full(const struct tx *tx, const struct tx_line *line);
void tx_note_full(struct tx *tx, struct tx_line *line, struct mr_turn *t);

/* tx->to is not sent by any more; control closes it. */
void tx_give_up(const struct tx *tx, struct mr_turn *t);

/* The packets of these messages, from `at` on, wait at the line's head.  Returns how many. */
unsigned tx_park(const struct tx *tx, struct tx_line *line, unsigned at, unsigned messages);

/* None is parked any more if one of them has another socket by now: what follows must not overtake
 * it. */
void tx_unpark(struct tx *tx, struct tx_line *line);

/* Whoever was full may have room, and nothing is parked. */
void tx_try_again(struct tx *tx);

#endif
