/* input.h - what happens to a node.
 *
 * Links and sessions are named by the address of the node at the other end, keys by an id that is
 * never used again.  An input about a link, session or key that is gone is ignored: events may
 * cross the action that removed their subject.
 *
 *   kind                 fields                      comes from
 *   START                                            the program: dial who is to be dialled
 *   HANDSHAKE            bytes, via                  rx: a datagram of phase 1 or 2, unchecked
 *   LINK_MESSAGE         peer, key, bytes, rx        fmp-open: from the type byte; no datagrams
 *   DATAGRAM             peer, bytes                 fmp-open or route: a SessionDatagram from its
 *                                                    type byte, addressed to us, that holds no
 *                                                    sealed message; peer is the link it came by
 *   BODY                 peer, key, bytes, rx        fsp-open: type byte and body, DataPackets out
 *   CONFIRMED_LINK       peer, key, k, via           fmp-open: first frame under key; its K flag,
 *                                                    and where it came from (len 0: not known)
 *   CONFIRMED_SESSION    peer, key, k                fsp-open: first message under key.  A pending
 *                                                    key has been made current there
 *   ROAMED               peer, key, via              fmp-open: the newest frame under the key we
 *                                                    send with came from another address.  key 0:
 *                                                    not known
 *   RESOLVE              peer.b[0..15)               route: first packet to an unknown address
 *   NO_SESSION           peer                        fsp-open: sealed message, no session
 *   FORWARD              peer                        route: first datagram of others for a node
 *                                                    that no next hop is known of
 *   LEARNED              peer, bytes                 route, fsp-open: what a datagram said of where
 *                                                    peer is, nobody vouches for it: a coordinate
 *                                                    list as on the wire
 *   UNDELIVERED          peer, bytes, mtu            route: a datagram of others that goes no
 *                                                    further; peer is the link it came by, zeros:
 *                                                    not known.  mtu: of the link it is too big
 *                                                    for; 0: there is no next hop, its ttl is used
 *                                                    up, or it is one of ours that came back
 *   UNREADABLE           peer                        fsp-open: several messages in a row that open
 *                                                    under no key of their session
 *   KNOWN                bytes: FIPS_PUB_LEN         a public key, on the curve: names that were
 *                                                    resolved
 *   LINK_SNAPSHOT        peer, key, sender,          answer to ASK_LINK_REPORT, key as asked; NULL
 *                        receiver                    for what was not asked or is not due.  sender
 *                                                    totals count all keys since link-up
 *   SESSION_SNAPSHOT     the same                    answer to ASK_SESSION_REPORT
 *   VIAS                 peer, vias, n_vias          answer to RESOLVE_NAME; none: no such name
 *   NAMES                                            nodes may be called otherwise now
 *   TIMER                                            the deadline has come
 *   CONNECT, DISCONNECT  peer                        the operator; CONNECT wants a configured peer
 *   FOUND                bytes, via                  a beacon: the x-only key of somebody who may
 *                                                    be there, and asks to be called
 *   CONFIGURE            config                      the operator's settings have changed; reserved
 *                                                    before (fips_node_reserve)
 *   STOP                                             Disconnect to all; nothing is dialled again
 */
#ifndef FIPS_NODE_INPUT_H
#define FIPS_NODE_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "fips/node/config.h"
#include "fips/noise/address.h"
#include "fips/path/via.h"
#include "fips/wire/report.h"

enum fips_input_kind {
	FIPS_IN_START,
	FIPS_IN_HANDSHAKE,
	FIPS_IN_LINK_MESSAGE,
	FIPS_IN_DATAGRAM,
	FIPS_IN_BODY,
	FIPS_IN_CONFIRMED_LINK,
	FIPS_IN_CONFIRMED_SESSION,
	FIPS_IN_ROAMED,
	FIPS_IN_RESOLVE,
	FIPS_IN_NO_SESSION,
	FIPS_IN_FORWARD,
	FIPS_IN_LEARNED,
	FIPS_IN_UNDELIVERED,
	FIPS_IN_UNREADABLE,
	FIPS_IN_KNOWN,
	FIPS_IN_LINK_SNAPSHOT,
	FIPS_IN_SESSION_SNAPSHOT,
	FIPS_IN_VIAS,
	FIPS_IN_NAMES,
	FIPS_IN_TIMER,
	FIPS_IN_CONNECT,
	FIPS_IN_DISCONNECT,
	FIPS_IN_FOUND,
	FIPS_IN_CONFIGURE,
	FIPS_IN_STOP,
	FIPS_IN_KINDS,
};

struct fips_input {
	enum fips_input_kind   kind;
	struct fips_addr       peer;
	uint64_t               key;
	uint64_t               rx;    /* ns, when the datagram was received            */
	const uint8_t         *bytes; /* borrowed for the call                         */
	size_t                 len;
	struct fips_via        via;
	uint8_t                k;     /* 0 or 1                                        */
	uint16_t               mtu;   /* link units                                    */
	const struct fips_via *vias;  /* borrowed for the call                         */
	unsigned               n_vias;
	const struct fips_sender_report   *sender;   /* borrowed for the call, or NULL */
	const struct fips_receiver_report *receiver;
	const struct fips_node_config     *config;   /* borrowed for the call          */
};

#endif
