/* fuzz_datagram.c - a link message as a SessionDatagram, taken apart and put together. */
#include <assert.h>
#include <string.h>

#include "fips/wire/datagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t out[FIPS_DATAGRAM_HEAD];
	struct fips_datagram d;

	if (!fips_datagram_parse(data, n, &d))
		return 0;
	fips_datagram_build(out, &d);
	assert(memcmp(out, data, sizeof out) == 0);
	assert(d.payload == data + sizeof out && d.payload_len == n - sizeof out);
	return 0;
}
