/* address.h - what a node is called on the mesh (link.md 1.3).
 *
 * A node address is the first 16 bytes of SHA-256 over the node's x-only public key.  Its mesh
 * IPv6 address is fd followed by the first 15 of those bytes, so two node addresses that differ
 * in the last byte alone share one IPv6 address.  Neither step can be undone: to talk to an
 * address one has to know its key already.
 *
 * Every tie-break of the protocol asks for the "smaller" address: unsigned order of the bytes,
 * the first one most significant.
 */
#ifndef FIPS_NOISE_ADDRESS_H
#define FIPS_NOISE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FIPS_ADDR_LEN  16
#define FIPS_ADDR_TEXT 33 /* 32 hex digits and the NUL          */
#define FIPS_IPV6_LEN  16
#define FIPS_IPV6_TEXT 40 /* 8 groups of 4, 7 colons and the NUL */

struct fips_addr {
	uint8_t b[FIPS_ADDR_LEN];
};

/* Below, at or above zero as a is smaller than, equal to or larger than b. */
static inline int fips_addr_cmp(const struct fips_addr *a, const struct fips_addr *b)
{
	return memcmp(a->b, b->b, FIPS_ADDR_LEN);
}

static inline bool fips_addr_eq(const struct fips_addr *a, const struct fips_addr *b)
{
	return fips_addr_cmp(a, b) == 0;
}

/* Copy an address out of a message. */
static inline struct fips_addr fips_addr_at(const uint8_t at[FIPS_ADDR_LEN])
{
	struct fips_addr a;

	memcpy(a.b, at, FIPS_ADDR_LEN);
	return a;
}

/* Is this IPv6 address one of fd00::/8?  Nothing else is a mesh address. */
static inline bool fips_ipv6_is_mesh(const uint8_t ip[FIPS_IPV6_LEN])
{
	return ip[0] == 0xfd;
}

/* Node address of an x-only public key. */
struct fips_addr fips_addr_of_key(const uint8_t xonly[32]);

/* Mesh IPv6 address of a node address, network order. */
void fips_addr_to_ipv6(const struct fips_addr *addr, uint8_t ip[FIPS_IPV6_LEN]);

/* 32 lower-case hex digits and a NUL. */
void fips_addr_text(const struct fips_addr *addr, char text[FIPS_ADDR_TEXT]);

/* RFC 5952 text: no leading zeros, the first longest run of two or more zero groups as "::",
 * lower case.  Never the mixed IPv4 notation, which no mesh address calls for. */
void fips_ipv6_text(const uint8_t ip[FIPS_IPV6_LEN], char text[FIPS_IPV6_TEXT]);

#endif
