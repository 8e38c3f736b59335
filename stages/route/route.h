/* route.h - the route stage's private state; see route.c. */
#ifndef MR_STAGES_ROUTE_H
#define MR_STAGES_ROUTE_H

#include "core/stage.h"
#include "fips/path/icmp6.h"
#include "stages/lib/mesh.h"
#include "stages/lib/udp.h"

#define MR_PARK_DESTS 256 /* destinations that are waited for, at most          */
#define MR_PARK_EACH  16  /* packets parked for one destination, at most        */
#define MR_PARK_ALL   256 /* packets parked in all                              */
#define ROUTE_SEEN    16  /* entries of this call remembered                    */
#define ROUTE_ANSWERING 256 /* ICMPv6 errors on their way to the device: four of its vectors; beyond
                             * that programs are not told, and try again            */

enum { ROUTE_SEAL, ROUTE_FORWARD, ROUTE_TUN, ROUTE_CONTROL };
enum { ROUTE_NOT_IPV6, ROUTE_FOREIGN, ROUTE_OUTSIDE, ROUTE_UNREACHABLE, ROUTE_TOO_BIG, ROUTE_PARK_FULL,
       ROUTE_PARK_OVER, ROUTE_EXPIRED, ROUTE_TTL, ROUTE_MALFORMED, ROUTE_NO_SESSION, ROUTE_STOPPED };
enum { ROUTE_PARKED, ROUTE_ANSWERS };

/* Packets that wait for a way to one destination. */
struct route_lot {
	uint8_t        key[FIPS_ROUTE_KEY];
	bool           used;
	bool           go;    /* a way was found, or there is none: look again       */
	uint64_t       since; /* ns, the first packet                                */
	uint64_t       asked; /* ns, control was told last                           */
	unsigned       n;     /* [0, MR_PARK_EACH]                                   */
	struct mr_pkt *pkt[MR_PARK_EACH];
};

struct route {
	struct mr_mesh           *mesh; /* borrowed */
	const struct mr_udp      *udp;  /* borrowed */
	const struct fips_route_entry *seen[ROUTE_SEEN]; /* by a byte of the key; NULL: none
	                                                  * yet.  Empty when a call begins      */
	struct fips_icmp6_limiter told;
	unsigned                  parked; /* packets in all lots */
	unsigned                  lots;   /* lots in use         */
	uint16_t                  waiting[256]; /* of these by a byte of the key, [0, MR_PARK_DESTS] */
	struct route_lot          lot[MR_PARK_DESTS];
};

/* route.c: on by a live entry, or away by one that says there is no way. */
void mr_route_by(struct route *r, const struct fips_route_entry *e, struct mr_pkt *p,
                 struct mr_turn *t);

/* answer.c: tell the program that a packet goes nowhere, and drop it for that reason. */
void mr_route_unreachable(struct route *r, struct mr_pkt *p, unsigned why, struct mr_turn *t);
void mr_route_too_big(struct route *r, struct mr_pkt *p, uint16_t mtu, struct mr_turn *t);

/* park.c: keep a packet until control has found a way; ask control if it is the first. */
void mr_route_park(struct route *r, const uint8_t *key, struct mr_pkt *p, struct mr_turn *t);
/* There is an answer: who goes now, in a packet's place?  Itself, or if others wait for the same
 * destination, the oldest of them, and it waits behind the rest. */
struct mr_pkt *mr_route_queue(struct route *r, const uint8_t *key, struct mr_pkt *p,
                              struct mr_turn *t);
/* Control has an answer for this destination. */
void mr_route_unpark(struct route *r, const uint8_t *key, struct mr_turn *t);
/* Look at what may go; true when some of it had no room in this call. */
bool mr_route_release(struct route *r, struct mr_turn *t);
/* Earliest time at which parked packets expire or control is asked again. */
uint64_t mr_route_park_deadline(const struct route *r);
void mr_route_park_tick(struct route *r, struct mr_turn *t);
unsigned mr_route_park_give(struct route *r, struct mr_vector *v);
void mr_route_park_flush(struct route *r, struct mr_turn *t);

#endif
