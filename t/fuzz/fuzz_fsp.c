/* fuzz_fsp.c - a session message through the parser its prefix names, and through all others. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fips/wire/fsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Built again, the fields are the same bytes (flags and payload_len of the prefix apart). */
static void check_setup(const uint8_t *data, const struct fips_fsp_setup *s, bool ack)
{
	size_t len = ack ? FIPS_FSP_ACK_LEN(s->src.count, s->dest.count)
	                 : FIPS_FSP_SETUP_LEN(s->src.count, s->dest.count);
	uint8_t *out = malloc(len);

	assert(out);
	assert((ack ? fips_fsp_ack_build : fips_fsp_setup_build)(out, len, s) == len);
	assert(out[0] == data[0] &&
	       memcmp(out + FIPS_FSP_PREFIX, data + FIPS_FSP_PREFIX, len - FIPS_FSP_PREFIX) == 0);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum fips_fsp is = fips_fsp_check(data, n);
	struct fips_fsp_sealed sealed;
	struct fips_fsp_setup setup;
	struct fips_fsp_text text;
	uint16_t a, b;

	if (fips_fsp_sealed_parse(data, n, &sealed)) {
		assert(is == FIPS_FSP_ENCRYPTED && sealed.sealed + sealed.sealed_len == data + n);
		if (fips_fsp_text_parse(sealed.sealed, sealed.sealed_len - FIPS_TAG, &text) &&
		    text.len >= fips_fsp_body_min(text.type)) {
			fips_fsp_ports_parse(text.body, text.len, &a, &b);
			fips_fsp_path_mtu_parse(text.body, text.len, &a);
		}
	}
	if (fips_fsp_setup_parse(data, n, &setup)) {
		assert(is == FIPS_FSP_SETUP);
		check_setup(data, &setup, false);
	}
	if (fips_fsp_ack_parse(data, n, &setup)) {
		assert(is == FIPS_FSP_ACK);
		check_setup(data, &setup, true);
	}
	if (fips_fsp_msg3_parse(data, n))
		assert(is == FIPS_FSP_MSG3 && n >= FIPS_FSP_MSG3_LEN);
	return 0;
}
