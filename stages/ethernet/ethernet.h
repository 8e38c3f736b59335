/* ethernet.h - what the files of the Ethernet transport share: messages of one call, each way. */
#ifndef MR_STAGES_ETHERNET_H
#define MR_STAGES_ETHERNET_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/stage.h"
#include "fips/path/bucket.h"
#include "fips/wire/ether.h"
#include "fips/wire/link.h"
#include "stages/lib/ether.h"
#include "stages/lib/mesh.h"
#include "stages/lib/transports.h"
#include "stages/lib/words.h"

#define ETH_AGAIN (10 * MR_NS_PER_S) /* an interface that has become narrow is looked at */

#define ETH_ANCILLARY CMSG_SPACE(sizeof(uint32_t))

enum { ETH_FRAMES, ETH_HANDSHAKES }; /* outputs */
enum { ETH_NO_ADDRESS, ETH_TOO_BIG, ETH_FULL, ETH_SEND_ERROR, /* sending */
       ETH_RUNT, ETH_LONG, ETH_KIND, ETH_BEACON_VERSION, ETH_CAST, /* of Ethernet frames */
       ETH_SHORT, ETH_PUNCH, ETH_VERSION, ETH_PHASE, ETH_LENGTH, ETH_FLAGS, /* enum fips_frame's */
       ETH_UNKNOWN_INDEX }; /* drops */
enum { ETH_RECEIVE_CALLS, ETH_OVERFLOWS, ETH_RECEIVE_ERRORS, ETH_SEND_CALLS, ETH_BEACONS_SENT,
       ETH_BEACONS_FAILED, ETH_BEACONS_HEARD, ETH_FOUND, ETH_REBOUND }; /* counters */

struct eth {
	struct mr_ether *ether; /* borrowed */
	struct mr_mesh  *mesh;  /* borrowed */
	uint32_t         view;  /* bytes that are received of a frame              */
	unsigned         next;  /* socket to be asked next                         */
	struct fips_bucket found; /* events about beacons: so many and no more      */
	unsigned         spares; /* [0, MR_VECTOR] */
	struct mr_pkt   *spare[MR_VECTOR];
	/* of the call under way */
	struct mmsghdr     msg[MR_VECTOR];
	struct sockaddr_ll name[MR_VECTOR];
	struct iovec       iov[MR_VECTOR][2];
	uint8_t            head[MR_VECTOR][FIPS_ETHER_HEAD];
	_Alignas(8) char   ancillary[MR_VECTOR][ETH_ANCILLARY];
};

/* A call has failed: is the interface still the one it was?  That is looked at once a second. */
static inline void eth_doubt(struct mr_ether_socket *sock, const struct mr_turn *t)
{
	if (sock->look_at == MR_NEVER)
		sock->look_at = t->now + MR_NS_PER_S;
}

/* ---- hear.c ---- */

/* One receive call; what it brought is emitted, taken or dropped.  Was it all it asked for? */
bool eth_hear(struct eth *eth, unsigned socket, struct mr_turn *t);

/* ---- say.c ---- */

/* n frames, at most MR_VECTOR, each to its address by this socket. */
void eth_say(struct eth *eth, unsigned socket, struct mr_pkt *const *pkt, unsigned n,
             struct mr_turn *t);

/* A beacon to all. */
void eth_announce(struct eth *eth, unsigned socket, struct mr_turn *t);

#endif
