/* icmp6.c - ICMPv6 errors, when they are due and what they look like. */
#include "fips/path/icmp6.h"

#include <string.h>

#include "core/wire.h"
#include "fips/wire/shim.h"

#define ICMP6        58
#define ICMP6_HEAD   8
#define QUOTE_MAX    (FIPS_ICMP6_MAX - FIPS_IPV6_HEAD - ICMP6_HEAD)
#define HOP_LIMIT    64
#define INFORMATION  128 /* types below it are errors */
#define SRC(ip)      ((ip) + 8)
#define DST(ip)      ((ip) + 24)

static bool is_group(const uint8_t *addr)
{
	return addr[0] == 0xff;
}

static bool is_unspecified(const uint8_t *addr)
{
	static const uint8_t none[FIPS_IPV6_LEN];

	return memcmp(addr, none, sizeof none) == 0;
}

/* Does a packet deserve an error at all?  An ICMPv6 packet without a type may be one itself. */
static bool deserves(const uint8_t *packet, size_t n)
{
	if (!fips_shim_fits(packet, n) || is_group(SRC(packet)) || is_unspecified(SRC(packet)))
		return false;
	if (packet[6] == ICMP6)
		return n > FIPS_IPV6_HEAD && packet[FIPS_IPV6_HEAD] >= INFORMATION;
	return true;
}

/* One's complement sum of n bytes, big-endian words, folded by the caller. */
static uint32_t sum(const uint8_t *at, size_t n)
{
	uint32_t s = 0;

	for (; n > 1; at += 2, n -= 2)
		s += mr_be16(at);
	return n ? s + (uint32_t)at[0] * 256 : s;
}

/* Over the pseudo header and the message: addresses, length, next header (RFC 8200 8.1). */
static uint16_t checksum(const uint8_t *ip, size_t len)
{
	uint32_t s = sum(SRC(ip), 2 * FIPS_IPV6_LEN) + (uint32_t)len + ICMP6 +
		     sum(ip + FIPS_IPV6_HEAD, len);

	while (s > UINT16_MAX)
		s = (s & UINT16_MAX) + (s >> 16);
	return (uint16_t)~s;
}

static size_t build(uint8_t *out, uint8_t type, uint32_t word, const uint8_t *from,
                    const uint8_t *packet, size_t n)
{
	size_t quote = n < QUOTE_MAX ? n : QUOTE_MAX;
	uint8_t *icmp = out + FIPS_IPV6_HEAD;

	mr_to_be32(out, UINT32_C(6) << 28);
	mr_to_be16(out + 4, (uint16_t)(ICMP6_HEAD + quote));
	out[6] = ICMP6;
	out[7] = HOP_LIMIT;
	memcpy(SRC(out), from, FIPS_IPV6_LEN);
	memcpy(DST(out), SRC(packet), FIPS_IPV6_LEN);
	mr_to_be32(icmp, (uint32_t)type << 24);
	mr_to_be32(icmp + 4, word);
	memcpy(icmp + ICMP6_HEAD, packet, quote);
	mr_to_be16(icmp + 2, checksum(out, ICMP6_HEAD + quote));
	return FIPS_IPV6_HEAD + ICMP6_HEAD + quote;
}

size_t fips_icmp6_too_big(uint8_t out[FIPS_ICMP6_MAX], const uint8_t *packet, size_t n,
                          uint32_t mtu)
{
	return deserves(packet, n) ? build(out, 2, mtu, DST(packet), packet, n) : 0;
}

size_t fips_icmp6_unreachable(uint8_t out[FIPS_ICMP6_MAX], const uint8_t *packet, size_t n,
                              const uint8_t own[FIPS_IPV6_LEN])
{
	if (!deserves(packet, n) || is_group(DST(packet)))
		return 0;
	return build(out, 1, 0, own, packet, n);
}

bool fips_icmp6_allow(struct fips_icmp6_limiter *limiter, const uint8_t *packet, uint64_t now)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < FIPS_ICMP6_SOURCES; i++) {
		if (limiter->seen[i].at != 0 &&
		    memcmp(limiter->seen[i].source, SRC(packet), FIPS_IPV6_LEN) == 0) {
			if (now - limiter->seen[i].at < FIPS_ICMP6_GAP)
				return false;
			limiter->seen[i].at = now;
			return true;
		}
		if (limiter->seen[i].at < limiter->seen[oldest].at)
			oldest = i;
	}
	memcpy(limiter->seen[oldest].source, SRC(packet), FIPS_IPV6_LEN);
	limiter->seen[oldest].at = now;
	return true;
}
