/* bech32.h - text form of 32-byte keys (BIP-173).
 *
 * A key's text is a human-readable prefix, the digit 1, the 32 bytes regrouped into 52 symbols of
 * five bits, and six symbols of checksum.  The checksum constant is that of bech32 (1); bech32m
 * is refused.  Text in mixed case is refused, all upper case is read.
 */
#ifndef FIPS_NOISE_BECH32_H
#define FIPS_NOISE_BECH32_H

#include <stdint.h>

#define FIPS_BECH32_DATA 32
#define FIPS_BECH32_TEXT 64 /* of a four-letter prefix: 4 + 1 + 52 + 6, and the NUL */

/* Write the text of 32 bytes under a prefix of four lower-case letters. */
void fips_bech32_format(const char *prefix, const uint8_t data[FIPS_BECH32_DATA],
                        char text[FIPS_BECH32_TEXT]);

/* Read it back.  NULL on success, else a sentence saying what is wrong with the text; data is
 * written only on success. */
const char *fips_bech32_parse(const char *prefix, const char *text,
                              uint8_t data[FIPS_BECH32_DATA]);

#endif
