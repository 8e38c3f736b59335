/* fuzz_shim.c - bytes as a shim, and as an IPv6 packet; one turned into the other and back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/shim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct fips_addr src = { { 1 } }, dest = { { 2 } };
	uint8_t *room = malloc(FIPS_SHIM_SAVED + n + 1), *shim = room + FIPS_SHIM_SAVED;

	assert(room);
	memcpy(shim, data, n);
	if (fips_shim_decompress(shim, n, &src, &dest)) {
		assert(fips_shim_fits(room, n + FIPS_SHIM_SAVED));
		assert(fips_shim_compress(room, n + FIPS_SHIM_SAVED));
		shim[1] = data[1]; /* its version nibble is overwritten with 6 */
	}
	assert(memcmp(shim, data, n) == 0);
	if (fips_shim_compress(shim, n))
		assert(memcmp(shim + FIPS_IPV6_HEAD, data + FIPS_IPV6_HEAD, n - FIPS_IPV6_HEAD) ==
		       0);
	free(room);
	return 0;
}
