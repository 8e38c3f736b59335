/* fuzz_lookup.c - bytes as a lookup message; what is read is written back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/lookup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *out = malloc(n + 1), digest[32];
	struct fips_lookup_response response;
	struct fips_lookup_request request;
	size_t len = 0;

	assert(out);
	if (fips_lookup_request_parse(data, n, &request))
		len = fips_lookup_request_build(out, n, &request);
	if (fips_lookup_response_parse(data, n, &response)) {
		assert(len == 0);
		len = fips_lookup_response_build(out, n, &response);
		fips_lookup_digest(&response, digest);
		fips_lookup_fold(out, UINT16_MAX);
	}
	assert(len <= n && (len == 0 || memcmp(out, data, len) == 0));
	free(out);
	return 0;
}
