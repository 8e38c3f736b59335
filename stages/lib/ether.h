/* ether.h - the Ethernet transport's instances: an interface and a packet socket each.
 *
 * The socket (packet(7), SOCK_DGRAM) is opened at set-up, before privileges are dropped: it takes
 * CAP_NET_RAW.  A transport address is the six bytes of an Ethernet address in a struct fips_via,
 * with the instance it belongs to (transports.h).
 */
#ifndef MR_STAGES_ETHER_H
#define MR_STAGES_ETHER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/stage.h"

#define MR_ETHER_MAX 8
#define MR_ETHER_MAC 6
#define MR_MAC_TEXT  18 /* bytes of such an address as text, with its NUL */

/* Settings of one instance, transports.ethernet of the node file. */
struct mr_ether_conf {
	char    *name;      /* NULL when there is only one                  */
	char    *interface;
	uint32_t ethertype;
	uint32_t mtu;       /* largest FMP frame, bytes; 0: what the interface has room for */
	uint32_t recv_buf_size, send_buf_size; /* bytes                     */
	bool     listen, discovery; /* to beacons: both; the latter is the older word      */
	bool     announce, auto_connect, accept;
	uint32_t beacon;    /* s between two of ours                        */
};

struct mr_ether_socket {
	const struct mr_ether_conf *conf; /* borrowed                       */
	const char *name;     /* borrowed; "ethernet" if unnamed            */
	int         fd;
	uint16_t    most;     /* largest FMP frame, bytes, as it was found at set-up */
	/* the stage's */
	_Atomic uint16_t mtu; /* [0, most]: what the interface has room for now; others read it */
	int         index;    /* of the interface; another one when that is made anew */
	uint64_t    look_at;  /* ns: see whether it has been; MR_NEVER: nothing is wrong */
	uint32_t    lost;     /* the overflow count seen last               */
	uint64_t    beacon_at; /* ns: the next one of ours; MR_NEVER: none  */
};

struct mr_ether {
	struct mr_ether_socket socket[MR_ETHER_MAX];
	unsigned               n;   /* instances                                       */
	uint16_t               mtu; /* smallest of their MTUs; UINT16_MAX: there are none */
	_Atomic uint64_t       overflows; /* frames the kernel has dropped for want of room: the
	                                   * stage adds */
};

extern const struct mr_resource mr_resource_ether;

/* The interface of this name may be another by now: bind to that. */
enum mr_ether_found { MR_ETHER_SAME, MR_ETHER_GONE, MR_ETHER_ANEW };
enum mr_ether_found mr_ether_rebind(struct mr_ether_socket *sock);

/* It may have another MTU: sets sock->mtu.  The stage's alone. */
void mr_ether_fit(struct mr_ether_socket *sock);

static inline uint16_t mr_ether_mtu(const struct mr_ether_socket *sock)
{
	return atomic_load_explicit(&sock->mtu, memory_order_relaxed);
}

/* "aa:bb:cc:dd:ee:ff" to bytes, false: it is none; and back. */
bool mr_mac_parse(const char *text, uint8_t mac[MR_ETHER_MAC]);
void mr_mac_text(const uint8_t mac[MR_ETHER_MAC], char text[MR_MAC_TEXT]);

#endif
