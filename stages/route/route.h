/* route.h - the route stage's private state; see route.c. */
#ifndef MR_STAGES_ROUTE_H
#define MR_STAGES_ROUTE_H

#include "core/stage.h"
#include "fips/node/nexthop.h"
#include "fips/path/icmp6.h"
#include "stages/lib/learn.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/udp.h"

#define MR_PARK_DESTS 256 /* destinations that are waited for, at most: of our own packets, and as
                           * many of others                                     */
#define MR_PARK_EACH  16  /* packets parked for one destination, at most        */
#define MR_PARK_ALL   256 /* packets parked in all: our own, and as many of others */
#define ROUTE_SEEN    16  /* entries of this call remembered                    */
#define ROUTE_ANSWERING 256 /* ICMPv6 errors on their way to the device: four of its vectors; beyond
                             * that programs are not told, and try again            */
#define ROUTE_TELLING 256 /* words to control on their way: questions are asked again, what was
                           * learnt is learnt again                                */
#define ROUTE_ASKERS  64  /* neighbours told apart that bring datagrams for unknown nodes */
#define ROUTE_ASK_BURST 128   /* questions that one of them may cause at once ...  */
#define ROUTE_ASK_RATE  512000 /* ... and thousandths a second                     */

enum { ROUTE_SEAL, ROUTE_FORWARD, ROUTE_TUN, ROUTE_CONTROL };
enum { ROUTE_NOT_IPV6, ROUTE_FOREIGN, ROUTE_OUTSIDE, ROUTE_UNREACHABLE, ROUTE_TOO_BIG,
       ROUTE_PARK_FULL, ROUTE_PARK_OVER, ROUTE_EXPIRED, ROUTE_TTL, ROUTE_MALFORMED,
       ROUTE_NO_SESSION, ROUTE_STOPPED, ROUTE_OWN_SOURCE, ROUTE_NO_ROUTE, ROUTE_OVER_RATE,
       ROUTE_TRANSIT_FULL, ROUTE_TRANSIT_OVER, ROUTE_TRANSIT_LATE };
enum { ROUTE_PARKED, ROUTE_ANSWERS, ROUTE_ASKED, ROUTE_LEARNED, ROUTE_WARM_MALFORMED,
       ROUTE_WARM_MALFORMED_BYTES, ROUTE_FORWARDED, ROUTE_FORWARDED_BYTES, ROUTE_TTL_EXHAUSTED,
       ROUTE_TTL_EXHAUSTED_BYTES, ROUTE_DROP_NO_ROUTE, ROUTE_DROP_NO_ROUTE_BYTES, ROUTE_DROP_MTU,
       ROUTE_DROP_MTU_BYTES, ROUTE_CE_FORWARDED, ROUTE_CONGESTED,
       ROUTE_CLASS /* from here on, enum fips_route */ };

struct route;

/* Packets that wait for a way to one destination. */
struct route_lot {
	uint8_t        key[FIPS_ADDR_LEN]; /* the first rules->key bytes count           */
	bool           used;
	bool           go;    /* a way was found, or there is none: look again       */
	uint64_t       since; /* ns, the first packet                                */
	uint64_t       asked; /* ns, control was told last                           */
	unsigned       n;     /* [0, MR_PARK_EACH]                                   */
	struct mr_pkt *pkt[MR_PARK_EACH];
};

/* What is waited for, and what then becomes of those that wait. */
struct route_rules {
	unsigned key;       /* bytes of one                                          */
	uint64_t expiry;    /* ns: none waits longer                                 */
	unsigned full, over; /* drops: no place at all; the oldest of too many for one */
	unsigned outs[2];   /* one that leaves takes at most one place at each of these */
	void (*ask)(struct route *r, const uint8_t *key, struct mr_turn *t);
	bool (*answered)(struct route *r, const uint8_t *key);
	void (*leave)(struct route *r, struct mr_pkt *p, struct mr_turn *t); /* by the answer */
	void (*expire)(struct route *r, struct mr_pkt *p, struct mr_turn *t);
};

struct route_park {
	const struct route_rules *rules;
	unsigned                  parked; /* packets in all lots */
	unsigned                  lots;   /* lots in use         */
	uint16_t                  waiting[256]; /* of these by a byte of the key,
	                                         * [0, MR_PARK_DESTS] */
	struct route_lot          lot[MR_PARK_DESTS];
};

/* Where others' datagrams to one node go, as it was when this call met the first of them. */
struct route_way {
	struct fips_addr dest;
	uint64_t         call;  /* that looked it up; 0: none                        */
	const struct fips_link_entry *link; /* NULL: there is none                   */
	uint64_t         near;  /* its handle; valid with link                       */
	uint8_t          class; /* enum fips_route; valid with link                  */
	bool             refused; /* there is none, and control has said so          */
};

struct route {
	struct mr_mesh           *mesh; /* borrowed */
	const struct mr_udp      *udp;  /* borrowed */
	const struct fips_route_entry *seen[ROUTE_SEEN]; /* by a byte of the key; NULL: none
	                                                  * yet.  Empty when a call begins      */
	struct fips_icmp6_limiter told;
	struct route_park         local, transit;

	/* others' datagrams */
	uint64_t                  call; /* number of this one */
	struct route_way          way[ROUTE_SEEN]; /* by a byte of the address */
	struct mr_learner         learner;
	struct mr_nudges          signals; /* destinations whose senders control is to tell */
	struct fips_bucket        asker[ROUTE_ASKERS]; /* by the hash of the link */
	bool                      open; /* they have been filled */
	unsigned                  left; /* packets of this call's vector behind the one under way:
	                                 * each may need a place at `control` */
};

/* transit.c: a datagram of another node. */
void mr_route_transit(struct route *r, struct mr_pkt *p, struct mr_turn *t);
extern const struct route_rules mr_route_transit_rules;

/* answer.c: tell the program that a packet goes nowhere, and drop it for that reason. */
void mr_route_unreachable(struct route *r, struct mr_pkt *p, unsigned why, struct mr_turn *t);
void mr_route_too_big(struct route *r, struct mr_pkt *p, uint16_t mtu, struct mr_turn *t);

/* park.c: keep a packet until control has found a way; ask control if it is the first. */
void mr_route_park(struct route *r, struct route_park *park, const uint8_t *key, struct mr_pkt *p,
                   struct mr_turn *t);
/* Does any packet wait for this key already? */
bool mr_route_parked(const struct route_park *park, const uint8_t *key);
/* There is an answer: who goes now, in a packet's place?  Itself, or if others wait for the same
 * destination, the oldest of them, and it waits behind the rest. */
struct mr_pkt *mr_route_queue(struct route_park *park, const uint8_t *key, struct mr_pkt *p,
                              struct mr_turn *t);
/* Control has an answer for this destination. */
void mr_route_unpark(struct route_park *park, const uint8_t *key, struct mr_turn *t);
/* Look at what may go; true when some of it had no room in this call. */
bool mr_route_release(struct route *r, struct route_park *park, struct mr_turn *t);
/* Earliest time at which parked packets expire or control is asked again. */
uint64_t mr_route_park_deadline(const struct route_park *park);
void mr_route_park_tick(struct route *r, struct route_park *park, struct mr_turn *t);
unsigned mr_route_park_give(struct route_park *park, struct mr_vector *v);
void mr_route_park_flush(struct route_park *park, struct mr_turn *t);

#endif
