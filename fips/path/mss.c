/* mss.c - find the MSS option of a SYN, lower it, mend the checksum. */
#include "fips/path/mss.h"

#include "core/wire.h"
#include "fips/wire/shim.h"

#define TCP          6
#define TCP_HEAD     20
#define TCP_AT_OFF   12 /* data offset in the high nibble, in words of 4 */
#define TCP_AT_FLAGS 13
#define TCP_AT_SUM   16
#define TCP_SYN      0x02

enum { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_MSS_LEN = 4 };

/* The two bytes of the MSS value among the n bytes of options, or NULL. */
static uint8_t *find(uint8_t *opt, size_t n)
{
	while (n > 0 && opt[0] != OPT_END) {
		size_t len = 1;

		if (opt[0] != OPT_NOP) {
			if (n < 2 || opt[1] < 2 || opt[1] > n)
				return NULL;
			len = opt[1];
		}
		if (opt[0] == OPT_MSS && len == OPT_MSS_LEN)
			return opt + 2;
		opt += len;
		n -= len;
	}
	return NULL;
}

/* RFC 1624: a 16-bit word under the checksum changed from one value to another. */
static void mend(uint8_t *at, uint16_t from, uint16_t to)
{
	uint32_t s = (uint16_t)~mr_be16(at);

	s += (uint32_t)(uint16_t)~from + to;
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	mr_to_be16(at, (uint16_t)~s);
}

static uint16_t swapped(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

bool fips_mss_clamp(uint8_t *ip, size_t n, uint16_t limit)
{
	uint8_t *tcp = ip + FIPS_IPV6_HEAD, *value;
	uint16_t from;
	size_t head;
	bool odd;

	if (limit == 0 || n < FIPS_IPV6_HEAD + TCP_HEAD || ip[0] >> 4 != 6 || ip[6] != TCP ||
	    !(tcp[TCP_AT_FLAGS] & TCP_SYN))
		return false;
	head = (size_t)(tcp[TCP_AT_OFF] >> 4) * 4;
	if (head < TCP_HEAD || head > n - FIPS_IPV6_HEAD)
		return false;
	value = find(tcp + TCP_HEAD, head - TCP_HEAD);
	if (value == NULL || mr_be16(value) <= limit)
		return false;

	/* An odd offset puts the bytes into two words; their swapped value has the same weight. */
	odd = (value - tcp) % 2 != 0;
	from = mr_be16(value);
	mr_to_be16(value, limit);
	mend(tcp + TCP_AT_SUM, odd ? swapped(from) : from, odd ? swapped(limit) : limit);
	return true;
}
