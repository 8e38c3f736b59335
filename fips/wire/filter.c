/* filter.c - FilterAnnounce. */
#include "fips/wire/filter.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/link.h"

#define AT_SEQ    1
#define AT_HASHES 9
#define AT_CLASS  10

static_assert(FIPS_FILTER_LEN == 1035, "the size of mesh.md 3.1");
static_assert(512 << FIPS_FILTER_CLASS == FIPS_FILTER_BYTES, "the size class of mesh.md 3.1");

enum fips_filter_parsed fips_filter_parse(const uint8_t *message, size_t n,
                                          struct fips_filter *out)
{
	if (n < FIPS_FILTER_HEAD || message[0] != FIPS_LINK_FILTER_ANNOUNCE ||
	    message[AT_CLASS] != FIPS_FILTER_CLASS || n != FIPS_FILTER_LEN ||
	    message[AT_HASHES] == 0)
		return FIPS_FILTER_MALFORMED;
	if (message[AT_HASHES] != FIPS_FILTER_HASHES)
		return FIPS_FILTER_FOREIGN;
	out->seq = mr_le64(message + AT_SEQ);
	out->bits = message + FIPS_FILTER_HEAD;
	return FIPS_FILTER_PARSED;
}

void fips_filter_build(uint8_t out[FIPS_FILTER_LEN], const struct fips_filter *filter)
{
	out[0] = FIPS_LINK_FILTER_ANNOUNCE;
	mr_to_le64(out + AT_SEQ, filter->seq);
	out[AT_HASHES] = FIPS_FILTER_HASHES;
	out[AT_CLASS] = FIPS_FILTER_CLASS;
	memmove(out + FIPS_FILTER_HEAD, filter->bits, FIPS_FILTER_BYTES);
}
