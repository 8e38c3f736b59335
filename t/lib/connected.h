/* connected.h - a neighbour with a socket of its own at a node (stages/lib/udp_peer.h): what
 * control does for it, by hand.
 */
#ifndef T_LIB_CONNECTED_H
#define T_LIB_CONNECTED_H

#include "stages/lib/udp_peer.h"
#include "t/lib/craft.h"
#include "t/lib/rig.h"

#define CONNECTED_NODE \
	CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"127.0.0.1:0\",\"mtu\":1472,\"connected\":true}")
#define CONNECTED_NODE_6 \
	CRAFT_NODE(CRAFT_A, "{\"bind_addr\":\"[::1]:0\",\"mtu\":1472,\"connected\":true}")
#define CONNECTED_SIZE 114 /* bytes: those of message 1 */

struct connected {
	int                fd;  /* its own            */
	struct fips_via    via; /* where that is      */
	struct mr_udp_peer peer;
};

struct mr_udp *connected_udp(struct rig *rig);

/* It begins, with no socket at the node yet; over IPv4. */
void connected_meet_at(struct connected *n, int family);
void connected_meet(struct connected *n);

/* The node has a socket for it, which is known, or becomes known. */
void connected_open(struct rig *rig, struct connected *n, unsigned slot);
void connected_publish(struct rig *rig, struct connected *n);

/* The socket is known no more and let go of; or was forgotten before, and is let go of. */
void connected_forget(struct rig *rig, struct connected *n);
void connected_gone(struct rig *rig, struct connected *n);

/* Both ends are closed. */
void connected_part(struct rig *rig, struct connected *n);

#endif
