/* mtu.h - what fits into what (session.md 5.3, 5.4, 5.6).
 *
 * A link MTU is the largest whole FMP frame a transport carries, and every path MTU has that unit.
 * Around an IPv6 packet both layers put 77 bytes more than they save (FIPS_IPV6_OVERHEAD):
 *
 *     link header 16, timestamp 4, envelope 36, FSP header 12, inner header 6, ports 4,
 *     shim 7 for the 40 of the IPv6 header, two tags of 16
 */
#ifndef FIPS_PATH_MTU_H
#define FIPS_PATH_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/wire/fsp.h"
#include "fips/wire/shim.h"

#define FIPS_MSS_HEADERS 60   /* IPv6 and TCP header                  */
#define FIPS_MSS_SAFE    1143 /* when nothing is known about the path */
#define FIPS_TUN_MTU_MIN 1280 /* IPv6 demands it of a device          */

/* Largest IPv6 packet over a link or path MTU; 0 when none fits. */
static inline uint16_t fips_mtu_ipv6(uint16_t link_mtu)
{
	return link_mtu > FIPS_IPV6_OVERHEAD ? (uint16_t)(link_mtu - FIPS_IPV6_OVERHEAD) : 0;
}

/* Largest TCP segment. */
static inline uint16_t fips_mtu_mss(uint16_t link_mtu)
{
	uint16_t ip = fips_mtu_ipv6(link_mtu);

	return ip > FIPS_MSS_HEADERS ? (uint16_t)(ip - FIPS_MSS_HEADERS) : 0;
}

/* Largest payload of a datagram to a port of its own. */
static inline uint16_t fips_mtu_native(uint16_t link_mtu)
{
	return link_mtu > FIPS_DATA_OVERHEAD ? (uint16_t)(link_mtu - FIPS_DATA_OVERHEAD) : 0;
}

/* Is a path MTU that others claim to be believed? */
static inline bool fips_mtu_credible(uint16_t claim)
{
	return claim >= FIPS_PATH_MTU_MIN;
}

/* What a TUN device should be given. */
static inline uint16_t fips_mtu_tun(uint16_t link_mtu)
{
	uint16_t ip = fips_mtu_ipv6(link_mtu);

	return ip > FIPS_TUN_MTU_MIN ? ip : FIPS_TUN_MTU_MIN;
}

/* Largest IPv6 packet to a destination: node_mtu is the smallest MTU of our transports, path_mtu
 * the session's (FIPS_PATH_MTU_UNKNOWN before anything is known). */
static inline uint16_t fips_mtu_packet(uint16_t node_mtu, uint16_t path_mtu)
{
	return fips_mtu_ipv6(node_mtu < path_mtu ? node_mtu : path_mtu);
}

/* The limit fips_mss_clamp is given: path_mtu is what is known for the address, 0 for nothing.  A
 * path too small for any segment is treated as not known. */
static inline uint16_t fips_mss_limit(uint16_t node_mtu, uint16_t path_mtu)
{
	uint16_t node = fips_mtu_mss(node_mtu);
	uint16_t path = fips_mtu_mss(path_mtu);

	if (path == 0)
		path = FIPS_MSS_SAFE;
	return node < path ? node : path;
}

#endif
