/* entry.h - what the tables hold that stages look things up in.
 *
 * Control builds an entry, puts it into its table and never changes it again: to change anything
 * it replaces the entry whole (core/table.h).  A stage reads one inside its epoch section and may
 * follow the pointers until the turn ends.
 *
 *   index     4 bytes   receiver_idx, little-endian as on the wire   -> fips_index_entry
 *   links    16 bytes   node address of the neighbour                -> fips_link_entry
 *   sessions 16 bytes   node address of the endpoint                 -> fips_session_entry
 *   routes   15 bytes   what a mesh IPv6 address shows of it         -> fips_route_entry
 *   forwards 16 bytes   node address of a destination of others      -> fips_forward_entry
 *   keys      8 bytes   id of a key                                  -> fips_key_entry
 *
 * An `expected` entry stands for a handshake that is under way: its frames take the handshake's
 * road to control.
 */
#ifndef FIPS_PATH_ENTRY_H
#define FIPS_PATH_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/path/key.h"
#include "fips/path/link_recv.h"
#include "fips/path/session_recv.h"
#include "fips/path/via.h"

#define FIPS_NO_HANDLE UINT64_MAX
#define FIPS_ROUTE_KEY 15

/* A session index of ours: which key opens the frames that carry it. */
struct fips_index_entry {
	uint32_t               index;
	bool                   live; /* else expected: no keys yet              */
	struct fips_addr       peer; /* valid if live                           */
	uint64_t               link; /* handle in `links`; unresolved until there is one */
	struct fips_link_recv *recv; /* NULL unless live                        */
	struct fips_recv_key  *key;  /* NULL unless live                        */
};

/* A neighbour: how frames to it are sealed and where they go. */
struct fips_link_entry {
	struct fips_addr      peer;
	struct fips_send_key *send;      /* current                             */
	struct fips_via       via;
	uint16_t              mtu;       /* largest whole frame, bytes          */
	bool                  proven;    /* it is known to be there: others' datagrams
	                                  * may go there                        */
	bool                  congested; /* set CE on what is forwarded to it   */
};

/* An endpoint: the session with it. */
struct fips_session_entry {
	struct fips_addr          peer;
	bool                      live;     /* else expected                    */
	uint8_t                   k;        /* our K, == send->k                */
	uint16_t                  path_mtu; /* largest link frame, session.md 4.5 `current` */
	struct fips_send_key     *send;     /* NULL unless live                 */
	struct fips_session_recv *recv;     /* NULL unless live                 */
	struct fips_recv_key     *key[FIPS_SESSION_KEYS]; /* that it may be sealed to us under,
	                                     * newest first, NULLs behind: for those who open before
	                                     * recv's owner accepts             */
};

/* A destination that datagrams of others go to, and that is no neighbour:
 * the link they leave by. */
struct fips_forward_entry {
	struct fips_addr dest;
	bool             refused; /* there is no next hop                               */
	uint8_t          route;   /* enum fips_route (node/nexthop.h)                   */
	uint64_t         link;    /* handle; FIPS_NO_HANDLE if refused                  */
	fips_word       *used;    /* ns, sent on last: written by the stage that sends them on, at
	                           * most once a second; 0: never.  Points to `word`     */
	fips_word        word;
};

/* A key by itself: packets that were numbered under it, and are still to be sealed,
 * carry its handle. */
struct fips_key_entry {
	struct fips_send_key *send;
};

enum fips_route_state {
	FIPS_ROUTE_RESOLVING,   /* park packets, control is at work             */
	FIPS_ROUTE_LIVE,
	FIPS_ROUTE_UNREACHABLE, /* answer packets with ICMPv6                   */
};

/* A destination: the session to seal with and the link to leave by. */
struct fips_route_entry {
	struct fips_addr      dest;
	enum fips_route_state state;
	uint64_t              link;    /* handles; FIPS_NO_HANDLE unless live   */
	uint64_t              session;
	uint16_t              mtu;     /* largest link frame on the way known   */
	uint16_t              first;   /* MTU of the link itself: what envelopes leave with, so
	                                * that the far end sees the path and not our belief of it */
};

#endif
