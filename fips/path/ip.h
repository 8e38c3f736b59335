/* ip.h - the two ends of the IPv6 adapter: what may enter a session, what comes out of one.
 *
 * Outbound (session.md 5.3) a packet from the TUN device is judged by its header alone.  Inbound
 * (session.md 2.7, 2.8, 5.7) an opened text is taken apart down to the IPv6 packet, which is
 * written in place: over the headers that are used up, in front of a payload that stays.
 */
#ifndef FIPS_PATH_IP_H
#define FIPS_PATH_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/address.h"
#include "fips/wire/fsp.h"

enum fips_ip {
	FIPS_IP_MESH,     /* to a mesh address: clamp, find its route                     */
	FIPS_IP_SELF,     /* to ourselves: back into the device                           */
	FIPS_IP_FOREIGN,  /* not from our own mesh address: it would arrive as if it were */
	FIPS_IP_OUTSIDE,  /* to no mesh address: unreachable                              */
	FIPS_IP_NOT_IPV6, /* below 40 bytes or another version: drop                      */
};

/* Judge n bytes from the device.  own is our mesh address. */
enum fips_ip fips_ip_check(const uint8_t *ip, size_t n, const uint8_t own[FIPS_IPV6_LEN]);

/* The 15 bytes of a node address that a packet's destination shows: the key of `routes`. */
static inline const uint8_t *fips_ip_dest_key(const uint8_t *ip)
{
	return ip + 25;
}

/* A hash of addresses and protocol, and of the ports where TCP or UDP stands right behind the IPv6
 * header: the same for all packets of one connection and direction.  For kinds that take affinity
 * `flow` where views are IPv6 packets; those that are none have flow 0.  It is no secret and guards
 * nothing. */
unsigned fips_ip_flow(const uint8_t *ip, size_t n);

enum fips_delivery {
	FIPS_DELIVER_IP,       /* ip and len are set                                      */
	FIPS_DELIVER_CONTROL,  /* a report, path MTU or warm-up: text.type and body       */
	FIPS_DELIVER_NATIVE,   /* data to a port that is not the shim's: drop, counted    */
	FIPS_DELIVER_SHORT,    /* body shorter than its type needs: drop                  */
	FIPS_DELIVER_UNKNOWN,  /* unknown type: drop                                      */
	FIPS_DELIVER_BAD_SHIM, /* drop                                                    */
};

struct fips_delivered {
	struct fips_fsp_text text; /* set unless the text had no inner header             */
	uint8_t             *ip;   /* FIPS_DELIVER_IP: the packet, in place               */
	size_t               len;
};

/* Take apart the n bytes of text that opened under peer's session.  FIPS_SHIM_SAVED bytes in front
 * of the shim must be writable, which they are where both layers' headers were.  own is our node
 * address; ce marks the packet; mss is fips_mss_limit's. */
enum fips_delivery fips_ip_deliver(uint8_t *text, size_t n, const struct fips_addr *peer,
                                   const struct fips_addr *own, bool ce, uint16_t mss,
                                   struct fips_delivered *out);

#endif
