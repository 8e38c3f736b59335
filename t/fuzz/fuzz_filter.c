/* fuzz_filter.c - a sequence in force, then bytes as a FilterAnnounce; what is taken is written as
 * it was read. */
#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/node/filters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fips_addr me = { { 1 } };
	struct fips_filters_settings settings = fips_filters_settings_default();
	uint8_t out[FIPS_FILTER_LEN];
	struct fips_filters_info info;
	struct fips_filters f;
	struct fips_filter got;

	assert(fips_filters_open(&f, &me, 2, &settings, 0));
	fips_filters_peer_up(&f, 1);
	fips_filters_tree_peer(&f, 1, true);
	if (fips_filters_received(&f, 1, data, n) == FIPS_FILTERS_ACCEPTED) {
		assert(fips_filter_parse(data, n, &got) == FIPS_FILTER_PARSED);
		fips_filter_build(out, &got);
		assert(n == sizeof out && memcmp(out, data, n) == 0);
		assert(fips_filters_info(&f, 1, &info) && info.ones <= f.cap && info.seq > 0);
	}
	assert(fips_filters_received(&f, 1, data, n) != FIPS_FILTERS_ACCEPTED);
	fips_filters_tick(&f, 0);
	assert(fips_filters_take(&f, 1, 0, out));
	fips_filters_close(&f);
	return 0;
}
