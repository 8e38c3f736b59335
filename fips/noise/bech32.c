/* bech32.c - BIP-173 for four-letter prefixes and 32 bytes of data. */
#include "fips/noise/bech32.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/hash.h"

enum {
	PREFIX   = 4,  /* letters in front of the 1            */
	SYMBOLS  = 52, /* 256 bits in fives, 4 bits of padding */
	CHECKSUM = 6,
	LENGTH   = PREFIX + 1 + SYMBOLS + CHECKSUM,
};
static_assert(LENGTH + 1 == FIPS_BECH32_TEXT, "a key's text is as long as its parts");

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Feed one symbol to the checksum's polynomial. */
static uint32_t step(uint32_t sum, unsigned symbol)
{
	static const uint32_t generator[5] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
		                               0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ symbol;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

/* The checksum's state after prefix and n symbols. */
static uint32_t checksum(const char *prefix, const uint8_t *symbol, size_t n)
{
	uint32_t sum = 1;

	for (unsigned i = 0; i < PREFIX; i++)
		sum = step(sum, (unsigned char)prefix[i] >> 5);
	sum = step(sum, 0);
	for (unsigned i = 0; i < PREFIX; i++)
		sum = step(sum, (unsigned char)prefix[i] & 31);
	for (size_t i = 0; i < n; i++)
		sum = step(sum, symbol[i]);
	return sum;
}

void fips_bech32_format(const char *prefix, const uint8_t data[FIPS_BECH32_DATA],
                        char text[FIPS_BECH32_TEXT])
{
	uint8_t symbol[SYMBOLS + CHECKSUM] = { 0 };
	uint32_t sum;

	assert(strlen(prefix) == PREFIX);
	for (unsigned bit = 0; bit < 8 * FIPS_BECH32_DATA; bit++)
		if (data[bit / 8] >> (7 - bit % 8) & 1)
			symbol[bit / 5] |= (uint8_t)(1 << (4 - bit % 5));
	sum = checksum(prefix, symbol, sizeof symbol) ^ 1;
	for (unsigned i = 0; i < CHECKSUM; i++)
		symbol[SYMBOLS + i] = sum >> 5 * (CHECKSUM - 1 - i) & 31;

	memcpy(text, prefix, PREFIX);
	text[PREFIX] = '1';
	for (unsigned i = 0; i < sizeof symbol; i++)
		text[PREFIX + 1 + i] = alphabet[symbol[i]];
	text[LENGTH] = '\0';
	mr_wipe(symbol, sizeof symbol); /* of a secret, perhaps */
}

/* Copy the text in lower case.  NULL, or what is wrong with its letters. */
static const char *lower(const char *text, char low[FIPS_BECH32_TEXT])
{
	bool small = false, large = false;

	for (unsigned i = 0; i <= LENGTH; i++) {
		char c = text[i];

		small = small || (c >= 'a' && c <= 'z');
		large = large || (c >= 'A' && c <= 'Z');
		low[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return small && large ? "mixes upper and lower case" : NULL;
}

/* The symbols behind the prefix, checksum included.  False: a character that is none. */
static bool read_symbols(const char *at, uint8_t symbol[SYMBOLS + CHECKSUM])
{
	for (unsigned i = 0; i < SYMBOLS + CHECKSUM; i++) {
		const char *found = memchr(alphabet, at[i], sizeof alphabet - 1);

		if (!found)
			return false;
		symbol[i] = (uint8_t)(found - alphabet);
	}
	return true;
}

/* The 32 bytes of a text of the right length in lower case; `symbol` is room to work in. */
static const char *read_low(const char *prefix, const char *low,
                            uint8_t symbol[SYMBOLS + CHECKSUM], uint8_t data[FIPS_BECH32_DATA])
{
	if (memcmp(low, prefix, PREFIX) != 0 || low[PREFIX] != '1')
		return "has the wrong prefix";
	if (!read_symbols(low + PREFIX + 1, symbol))
		return "has a character that bech32 does not use";
	if (checksum(prefix, symbol, SYMBOLS + CHECKSUM) != 1)
		return "fails its checksum; a character is mistyped";
	if (symbol[SYMBOLS - 1] & 15)
		return "has padding bits that are not zero";
	memset(data, 0, FIPS_BECH32_DATA);
	for (unsigned bit = 0; bit < 8 * FIPS_BECH32_DATA; bit++)
		if (symbol[bit / 5] >> (4 - bit % 5) & 1)
			data[bit / 8] |= (uint8_t)(1 << (7 - bit % 8));
	return NULL;
}

/* The text may be that of a secret: neither its letters nor its symbols stay on the stack. */
const char *fips_bech32_parse(const char *prefix, const char *text, uint8_t data[FIPS_BECH32_DATA])
{
	uint8_t symbol[SYMBOLS + CHECKSUM];
	char low[FIPS_BECH32_TEXT];
	const char *wrong;

	assert(strlen(prefix) == PREFIX);
	if (strnlen(text, LENGTH + 1) != LENGTH)
		return "is not 63 characters long";
	wrong = lower(text, low);
	if (!wrong)
		wrong = read_low(prefix, low, symbol, data);
	mr_wipe(low, sizeof low);
	mr_wipe(symbol, sizeof symbol);
	return wrong;
}
