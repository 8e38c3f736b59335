/* tx.h - what waits to be sent, and how it becomes messages of one call.
 *
 * Each socket has a line of packets.  The first of them, a window, are put together target by target,
 * in the order in which each target's first came; those of one target stay in order.  A message is
 * a run for one target: datagrams of one size, of which only the last may be shorter, and which the
 * kernel cuts apart again as late as it can (udp(7), UDP_SEGMENT); each lies where it was sealed.
 *
 *     line      A1400 B90 A1400 A700 A1400 B90      window
 *     messages  A: 1400 1400 700 | A: 1400 | B: 90 90      one sendmmsg
 *
 * A target to which the kernel will not send so gets its frames one by one for a time.
 */
#ifndef MR_STAGES_TX_H
#define MR_STAGES_TX_H

#include <sys/socket.h>

#include "core/stage.h"
#include "stages/lib/udp.h"
#include "stages/lib/words.h"

#define TX_HELD     (2 * MR_VECTOR)           /* more waiting than this, and both inputs are held */
#define TX_KEPT     (TX_HELD + 2 * MR_VECTOR) /* what was on its way then fits as well            */
#define TX_WINDOW   (2 * MR_VECTOR)
#define TX_REFUSALS 16
#define TX_SEGMENT_NOTE CMSG_SPACE(sizeof(uint16_t))

struct tx_line {
	unsigned       n;     /* packets waiting, the oldest first, [0, TX_KEPT]         */
	int            watch;
	bool           full;  /* the socket takes no more until it is ready for writing  */
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
	unsigned       n;        /* packets waiting in all lines, [0, TX_KEPT]        */
	struct tx_line line[MR_UDP_MAX];
	unsigned       refusals; /* [0, TX_REFUSALS]; some may be over                */
	struct tx_refusal refusal[TX_REFUSALS];
	/* messages of the call under way */
	struct mmsghdr msg[TX_WINDOW];
	unsigned       datagrams[TX_WINDOW]; /* in each, >= 1 */
	struct iovec   iov[TX_WINDOW];
	_Alignas(8) char note[TX_WINDOW][TX_SEGMENT_NOTE];
};

/* Describe what is to be sent next of a socket's line, from the packet `at` on, which it may bring
 * into another order.  Returns the number of messages, at least 1. */
unsigned tx_gather(struct tx *tx, unsigned socket, unsigned at, uint64_t now);

/* No segments for this target for a time. */
void tx_refuse(struct tx *tx, const struct fips_via *via, uint64_t now);

#endif
