/* address.c - node addresses and their text. */
#include "fips/noise/address.h"

#include "core/hash.h"

static const char digits[] = "0123456789abcdef";

struct fips_addr fips_addr_of_key(const uint8_t xonly[32])
{
	uint8_t hash[MR_SHA256_LEN];

	mr_sha256(xonly, 32, hash);
	return fips_addr_at(hash);
}

void fips_addr_to_ipv6(const struct fips_addr *addr, uint8_t ip[FIPS_IPV6_LEN])
{
	ip[0] = 0xfd;
	memcpy(ip + 1, addr->b, FIPS_IPV6_LEN - 1);
}

void fips_addr_text(const struct fips_addr *addr, char text[FIPS_ADDR_TEXT])
{
	for (unsigned i = 0; i < FIPS_ADDR_LEN; i++) {
		text[2 * i] = digits[addr->b[i] >> 4];
		text[2 * i + 1] = digits[addr->b[i] & 15];
	}
	text[2 * FIPS_ADDR_LEN] = '\0';
}

/* The first longest run of two or more zero groups, as [*from, *to); 8, 8 when there is none. */
static void longest_zero_run(const unsigned group[8], unsigned *from, unsigned *to)
{
	unsigned start = 0;

	*from = *to = 8;
	for (unsigned i = 0; i < 8; i++) {
		if (group[i]) {
			start = i + 1;
			continue;
		}
		unsigned run = i + 1 - start;
		if (run >= 2 && run > *to - *from) {
			*from = start;
			*to = i + 1;
		}
	}
}

/* Hex without leading zeros. */
static char *put_group(char *at, unsigned group)
{
	bool begun = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = group >> shift & 15;

		begun = begun || digit || shift == 0;
		if (begun)
			*at++ = digits[digit];
	}
	return at;
}

void fips_ipv6_text(const uint8_t ip[FIPS_IPV6_LEN], char text[FIPS_IPV6_TEXT])
{
	unsigned group[8], from, to;
	char *at = text;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	longest_zero_run(group, &from, &to);
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			*at++ = ':';
			*at++ = ':';
			i = to - 1;
			continue;
		}
		if (i && i != to)
			*at++ = ':';
		at = put_group(at, group[i]);
	}
	*at = '\0';
}
