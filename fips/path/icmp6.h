/* icmp6.h - the two ICMPv6 errors a host gets from its own node (session.md 5.5, RFC 4443).
 *
 *     IPv6 header (40) | type, code, checksum, word (8) | offending packet, at most 1232 bytes
 *
 * Packet Too Big comes from the offending packet's destination, because a host ignores one that
 * seems to come from itself; Destination Unreachable comes from our own mesh address.  Errors are
 * never answers to errors or to packets from or to groups.
 */
#ifndef FIPS_PATH_ICMP6_H
#define FIPS_PATH_ICMP6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "fips/noise/address.h"

#define FIPS_ICMP6_MAX     1280 /* largest answer                                */
#define FIPS_ICMP6_GAP     (100 * MR_NS_PER_MS) /* Packet Too Big, per source    */
#define FIPS_ICMP6_SOURCES 16   /* sources remembered; most often there is one   */

/* Build the answer to the packet of n bytes into out, which must not overlap it.  Returns its
 * length, or 0 when this packet gets none. */
size_t fips_icmp6_too_big(uint8_t out[FIPS_ICMP6_MAX], const uint8_t *packet, size_t n,
                          uint32_t mtu);
size_t fips_icmp6_unreachable(uint8_t out[FIPS_ICMP6_MAX], const uint8_t *packet, size_t n,
                              const uint8_t own[FIPS_IPV6_LEN]);

/* Who was told last, and when.  All zero is empty.  One owner. */
struct fips_icmp6_limiter {
	struct {
		uint8_t  source[FIPS_IPV6_LEN];
		uint64_t at; /* ns; 0: unused */
	} seen[FIPS_ICMP6_SOURCES];
};

/* One Packet Too Big a source and 100 ms.  packet has 40 bytes or more.  A source that is not
 * remembered takes the place of the one told longest ago. */
bool fips_icmp6_allow(struct fips_icmp6_limiter *limiter, const uint8_t *packet, uint64_t now);

#endif
