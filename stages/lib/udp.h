/* udp.h - the UDP sockets that rx and tx-gso share: one per configured instance.
 *
 * Opened at set-up, before privileges are dropped.  A transport address is a sockaddr image in a
 * struct fips_via, with the instance it belongs to (transports.h).
 *
 * Where an instance says `connected`, neighbours have sockets of their own beside it (udp_peer.h).
 */
#ifndef MR_STAGES_UDP_H
#define MR_STAGES_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sojourn.h"
#include "core/stage.h"
#include "fips/path/via.h"

struct mmsghdr;
struct mr_udp_peer;

#define MR_UDP_MAX      8
#define MR_UDP_SEGMENTS 128 /* the most that any kernel cuts one message into */
#define MR_UDP_PEERS_MAX 1024 /* connected sockets at a time */

/* Settings of one instance, transports.udp of the node file. */
struct mr_udp_conf {
	char    *name;      /* NULL when there is only one */
	char    *bind_addr; /* host:port                   */
	uint32_t mtu;       /* largest FMP frame, bytes    */
	uint32_t recv_buf_size, send_buf_size; /* bytes    */
	bool     outbound_only;
	bool     accept_connections;
	bool     connected;
};

struct mr_udp_socket {
	int         fd;
	int         family;  /* AF_INET or AF_INET6                         */
	uint16_t    mtu;     /* largest FMP frame, bytes                    */
	bool        accept;  /* message 1 of strangers is answered          */
	uint16_t    segments; /* that the kernel cuts one message into, at most; 0: it does not */
	const char *name;    /* borrowed from the settings; "udp" if unnamed */
	uint16_t    instance; /* [0, n)                                     */
	bool        connected; /* neighbours get sockets of their own       */
	uint32_t    recv_buf_size, send_buf_size; /* bytes, asked for       */
	const struct mr_udp_peer *peer; /* whose alone it is; NULL: everybody's */
	/* rx's */
	unsigned    receiver; /* which rx it was made ready for; 0: none    */
	unsigned    patience; /* rounds that it lets the shared one go first, at most */
	unsigned    ask;     /* messages that the next call asks for, [1, batch] */
	uint32_t    lost;    /* the overflow count seen last                */
	bool        gro;     /* UDP_GRO is on                               */
	bool        no_gro;  /* the kernel refused it                       */
	struct mr_sojourn rule;
};

struct mr_udp {
	struct mr_udp_socket socket[MR_UDP_MAX];
	unsigned             n;   /* instances                              */
	uint16_t             mtu; /* smallest of their MTUs; UINT16_MAX: there are none */
	unsigned             receivers; /* rx that have been opened; main's */
	_Atomic uint64_t     overflows; /* datagrams the kernel has dropped for want of room:
	                                 * rx adds */
	/* ---- where an instance is connected, else -1 and NULL; const after open ---- */
	int                  ready; /* epoll: all sockets to be received by; its data is the
	                             * struct mr_udp_socket                 */
	struct mr_table     *peers; /* struct fips_via -> struct mr_udp_peer_entry */
	/* sendmmsg, or what a test has in its place; const after open */
	int                (*send)(int fd, struct mmsghdr *msg, unsigned n, int flags);
};

extern const struct mr_resource mr_resource_udp;

/* Make a via of numeric "host:port" or "[v6]:port".  NULL, or what is wrong with the text.  The
 * instance is the first whose family fits. */
const char *mr_udp_parse(const struct mr_udp *udp, const char *text, struct fips_via *via);

/* "10.0.0.1:2121"; text has room for 64 bytes. */
void mr_udp_text(const struct fips_via *via, char text[64]);

#endif
