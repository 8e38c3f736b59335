/* numbered.h - the flows of t/net/numbered, and what it says of them. */
#ifndef T_NET_NUMBERED_H
#define T_NET_NUMBERED_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

#include "t/lib/arrivals.h"

#define NUMBERED_NODES  16
#define NUMBERED_FLOWS  256
#define NUMBERED_HEAD   32   /* magic, flow, run, number, time sent, sum      */
#define NUMBERED_SIZE   8192 /* a packet's bytes are at most this             */
#define NUMBERED_SHAPES 251  /* what the bytes behind the head may look like  */
#define NUMBERED_QUIETS 32   /* silences remembered of a flow                 */

struct numbered_node {
	const char             *name;
	struct sockaddr_storage at;
	socklen_t               at_len;
	int                     space; /* its network namespace */
};

struct numbered_flow {
	/* const after start */
	const struct numbered_node *from, *to;
	struct sockaddr_storage     there; /* where its packets go to */
	uint32_t                    id;
	int                         out, in;

	uint64_t        slots;    /* places in the schedule used up or given up     */
	uint64_t        sent;     /* numbers [0, sent) have left                    */
	uint64_t        unsent;   /* refused by the socket, without a number        */
	uint64_t        changed;  /* came with other bytes than were sent           */
	uint64_t        overflow; /* of those lost, dropped by the receiving socket */
	uint64_t        last;     /* when a packet came; 0: none yet                */
	uint64_t        slowest;  /* ns on the way                                  */
	struct arrivals got;
	struct {
		uint64_t since, ns; /* since: from the start */
	} quiet[NUMBERED_QUIETS];
	unsigned quiets;
};

struct numbered {
	/* const after start; times in ns */
	uint64_t             rate, count, patience, silence;
	size_t               size;
	unsigned             port, per_pair;
	const char          *progress;
	uint64_t             started;
	uint32_t             id;
	struct numbered_node node[NUMBERED_NODES];
	unsigned             nodes;
	uint8_t              pattern[NUMBERED_SIZE + NUMBERED_SHAPES];

	struct numbered_flow flow[NUMBERED_FLOWS];
	unsigned             flows;
	uint64_t             last; /* when a packet came or was sent */
};

/* How many numbers have been sent and have not come. */
uint64_t numbered_missing(const struct numbered *r);

/* The report as JSON.  True: something was sent, and all of it came once, in order, unchanged. */
bool numbered_report(const struct numbered *r, FILE *to);

#endif
