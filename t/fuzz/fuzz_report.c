/* fuzz_report.c - bytes as each of the four reports; what is read is written back. */
#include <assert.h>
#include <string.h>

#include "fips/wire/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t out[FIPS_LINK_RECEIVER_LEN];
	struct fips_sender_report s;
	struct fips_receiver_report r;

	if (fips_link_sender_parse(data, n, &s)) {
		fips_link_sender_build(out, &s);
		assert(memcmp(out + 4, data + 4, FIPS_LINK_SENDER_LEN - 4) == 0);
	}
	if (fips_session_sender_parse(data, n, &s)) {
		fips_session_sender_build(out, &s);
		assert(memcmp(out + 2, data + 2, FIPS_SESSION_SENDER_LEN - 2) == 0);
	}
	if (fips_link_receiver_parse(data, n, &r)) {
		fips_link_receiver_build(out, &r);
		assert(memcmp(out + 4, data + 4, 34) == 0 && memcmp(out + 40, data + 40, 28) == 0);
	}
	if (fips_session_receiver_parse(data, n, &r)) {
		fips_session_receiver_build(out, &r);
		assert(memcmp(out + 2, data + 2, 34) == 0 && memcmp(out + 38, data + 38, 28) == 0);
	}
	return 0;
}
