/* fuzz_signal.c - bytes as an error signal; what is read is written back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *out = malloc(n + 1);
	struct fips_signal s;

	assert(out);
	if (fips_signal_parse(data, n, &s)) {
		size_t len = fips_signal_build(out, n, &s);

		assert(len >= FIPS_SIGNAL_COORDS_REQUIRED_LEN && len <= n);
		assert(out[4] == data[4] && memcmp(out + 6, data + 6, len - 6) == 0);
	}
	free(out);
	return 0;
}
