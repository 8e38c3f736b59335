/* filter.h - FilterAnnounce, which addresses can be reached through the sender (mesh.md 3.1).
 *
 *     type 20 (1) | sequence (8, LE) | hash_count 05 (1) | size_class 01 (1) | 1024 bytes of bits
 *
 * Exactly 1035 bytes: one byte more or less is refused.  What the bits mean is in
 * fips/node/bloom.h.
 */
#ifndef FIPS_WIRE_FILTER_H
#define FIPS_WIRE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIPS_FILTER_BYTES  1024
#define FIPS_FILTER_HASHES 5
#define FIPS_FILTER_CLASS  1 /* 512 << class bytes */
#define FIPS_FILTER_HEAD   11
#define FIPS_FILTER_LEN    (FIPS_FILTER_HEAD + FIPS_FILTER_BYTES) /* type byte included */

struct fips_filter {
	uint64_t       seq;
	const uint8_t *bits; /* FIPS_FILTER_BYTES, borrowed */
};

enum fips_filter_parsed {
	FIPS_FILTER_PARSED,
	FIPS_FILTER_MALFORMED, /* length, size class, or no hashes at all (3.3, 1 to 4)       */
	FIPS_FILTER_FOREIGN,   /* well-formed with other than five hashes: refused (ours, 11) */
};

/* Take a link message of n bytes apart, type byte first.  *out is written when it is parsed. */
enum fips_filter_parsed fips_filter_parse(const uint8_t *message, size_t n,
                                          struct fips_filter *out);

/* Write the whole message.  bits may lie where they belong in out already. */
void fips_filter_build(uint8_t out[FIPS_FILTER_LEN], const struct fips_filter *filter);

#endif
