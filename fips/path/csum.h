/* csum.h - the Internet checksum (RFC 1071), whose one's complement sum knows no byte order.
 *
 * Sums are in the order of memory: what fips_csum returns is stored as it is, by memcpy, and what
 * is added to it was loaded so or came from fips_csum_be.  A sum of anything but zeros is never 0.
 */
#ifndef FIPS_PATH_CSUM_H
#define FIPS_PATH_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/wire.h"

/* The sum of `with` (below 2^48: a few sums) and of n bytes at any address, not complemented.  An
 * odd byte at the end counts as if a zero followed. */
uint16_t fips_csum(const void *at, size_t n, uint64_t with);

/* A sum or checksum as it lies at p. */
static inline uint16_t fips_csum_load(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline void fips_csum_store(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof v);
}

/* A number that stands in the packet with its high byte first. */
static inline uint16_t fips_csum_be(uint16_t v)
{
	uint8_t b[2];

	mr_to_be16(b, v);
	return fips_csum_load(b);
}

/* The sum of an IPv6 pseudo header (RFC 8200 8.1): both addresses, upper-layer length, next
 * header. */
static inline uint16_t fips_csum_pseudo(const uint8_t *ip, uint16_t len, uint8_t next)
{
	return fips_csum(ip + 8, 32, (uint64_t)fips_csum_be(len) + fips_csum_be(next));
}

#endif
