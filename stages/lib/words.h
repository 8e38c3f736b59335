/* words.h - what the stages of a FIPS graph say to each other besides packets.
 *
 * What a packet's view is depends on the port (architecture: "What a packet's view is, by port").
 * Where a port carries two shapes, pkt->mark tells them apart.  pkt->near is a handle in the links
 * table, pkt->far one in the sessions table; either may be unresolved (mr_table_unresolved) and
 * then says no more than which replica is to have the packet.  pkt->limit is the path MTU of the
 * first hop, in link frames, or of the link that a datagram of others is too big for (0: it has
 * none); pkt->seq is the id of the receive key that opened the packet, where one did.  A transport
 * address (struct fips_via) lies in the side area of every received frame and of every frame to be
 * sent.
 */
#ifndef MR_STAGES_WORDS_H
#define MR_STAGES_WORDS_H

#include "core/pkt.h"
#include "fips/path/via.h"

/* pkt->mark */
enum mr_shape {
	MR_SHAPE_FRAME,    /* FMP frame                                              */
	MR_SHAPE_IP,       /* IPv6 packet                                            */
	MR_SHAPE_MESSAGE,  /* link message from its type byte                        */
	MR_SHAPE_DATAGRAM, /* SessionDatagram from its type byte                     */
	MR_SHAPE_BODY,     /* FSP message: type byte and body                        */
	MR_SHAPE_CLEAR,    /* FMP frame, its session's message still to be sealed as well */
	MR_SHAPE_LEARNED,  /* node address, and a coordinate list as on the wire     */
	MR_SHAPE_WANTED,   /* node address: others' datagrams for it wait for a next hop */
};

/* pkt->flags */
enum {
	MR_FLAG_CE = 0x01, /* the link frame that brought it carried CE              */
	MR_FLAG_OPENED = 0x02, /* the session layer was opened too, by the key with id pkt->seq */
};

_Static_assert(sizeof(struct fips_via) <= MR_SIDE, "a side area holds a transport address");

/* The transport address in a packet's side area. */
static inline struct fips_via *mr_pkt_via(const struct mr_pkt *p)
{
	return (struct fips_via *)(void *)mr_pkt_side(p);
}

/* Events to control.  a, b, c, u and bytes as said. */
enum mr_fips_event {
	/* fmp-open: first frame under a key.  a: key id, u: K, bytes:
	 * struct fips_via of its source */
	MR_EV_CONFIRMED_LINK = 1,
	MR_EV_ROAMED,             /* fmp-open: a: key id, bytes: struct fips_via                */
	MR_EV_CONFIRMED_SESSION,  /* fsp-open: first message under a key.  a: key id, u: K      */
	MR_EV_NO_SESSION,         /* fsp-open: bytes: node address of the sender                */
	MR_EV_RESOLVE,            /* route: bytes: the 15 address bytes an IPv6 address shows   */
	/* ethernet: somebody who would be a neighbour.  a: instance of his address (struct
	 * fips_via), b: its 6 bytes, bytes: the x-only key he says is his */
	MR_EV_FOUND,
	/* tcp: a frame has come by a connection that takes none larger than u bytes.  a: id of its
	 * key, which nobody has tried yet, bytes: struct fips_via of its far end */
	MR_EV_NARROW,
	/* ethernet: an instance takes frames of u bytes and no larger ones, and did not.  a: its
	 * number in a struct fips_via */
	MR_EV_ROOM,
};

/* Orders from control.  p, q, a and b as said; objects are control's and outlive the order.  Those
 * about one link, session or destination go to the replica that owns it, by the hash of its handle;
 * LINK_RETIRE and NOTHING go to all. */
enum mr_fips_order {
	/* fmp-open: the link of p (struct fips_link_recv) is sent on with key q (struct
	 * fips_recv_key, may be NULL), whose id is a. */
	MR_ORD_LINK_PROMOTE = 1,
	/* fmp-open: no more of key q; nothing to do but be acknowledged, since the table entry is
	 * gone. */
	MR_ORD_LINK_RETIRE,
	/* fmp-open: p link_recv, q recv_key: fill the struct mr_fips_snapshot that embeds the
	 * order */
	MR_ORD_LINK_REPORT,
	/* fmp-open: p link_recv, q struct fips_via: the peer is reached there now */
	MR_ORD_LINK_MOVE,
	/* fsp-open: p session_recv, q recv_key: receive with it, as current or pending */
	MR_ORD_SESSION_INSTALL,
	/* fsp-open: p session_recv: the key with id a becomes current, if it is pending */
	MR_ORD_SESSION_PROMOTE,
	/* fsp-open: p session_recv: forget the key with id a */
	MR_ORD_SESSION_RETIRE,
	MR_ORD_SESSION_REPORT, /* fsp-open: as LINK_REPORT, p session_recv */
	/* fmp-seal, fsp-seal: p send_key: fill the sender part of the snapshot */
	MR_ORD_SENT_REPORT,
	/* route: packets parked for the 15 address bytes at p are to be looked at again */
	MR_ORD_ROUTE,
	/* route: datagrams of others parked for the node address at p are to be looked at again */
	MR_ORD_FORWARD,
	/* tx-gso, rx: p struct mr_udp_peer: it is in no table and no epoll any more;
	 * let go of it */
	MR_ORD_SOCKET_GONE,
	/* any: acknowledge; whoever is behind in its orders holds up what comes next */
	MR_ORD_NOTHING,
};

#endif
