/* ipv4.h - as much of IPv4 and UDP as somebody on the wire needs: who to whom, and other names.
 *
 * Addresses and ports are in network byte order.  A packet without options, as Linux makes them by
 * itself; anything else is not looked into.
 */
#ifndef T_LIB_IPV4_H
#define T_LIB_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_HEAD 20
#define IPV4_UDP  8

struct ipv4 {
	uint32_t from, to;
	bool     udp; /* whole and unfragmented; else the following say nothing */
	uint16_t from_port, to_port;
	uint8_t *payload; /* borrowed */
	size_t   n;
};

/* False: no IPv4 packet whose length is n. */
bool ipv4_parse(uint8_t *packet, size_t n, struct ipv4 *out);

/* Another source, or destination, in a UDP packet; checksums stay right (UDP's is left out, as it
 * may be over IPv4). */
void ipv4_set_from(uint8_t *packet, uint32_t from, uint16_t port);
void ipv4_set_to(uint8_t *packet, uint32_t to, uint16_t port);

/* After the payload has been changed. */
void ipv4_no_udp_sum(uint8_t *packet);

#endif
