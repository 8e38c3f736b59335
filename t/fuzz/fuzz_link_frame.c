/* fuzz_link_frame.c - any datagram through the link's parsers; what is read is written back. */
#include <assert.h>
#include <string.h>

#include "fips/wire/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void established(const uint8_t *data, size_t n)
{
	struct fips_link_head head;
	struct fips_link_text text;
	enum fips_disconnect reason;
	uint8_t out[FIPS_LINK_HEAD];

	fips_link_head_parse(data, &head);
	fips_link_head_build(out, &head);
	assert(memcmp(out, data, sizeof out) == 0 && n == (size_t)FIPS_LINK_MIN + head.payload_len);
	if (fips_link_text_parse(data + FIPS_LINK_HEAD, head.payload_len, &text)) {
		assert(text.message + text.len == data + n - FIPS_TAG);
		if (text.len >= fips_link_message_min(text.message[0]))
			fips_disconnect_parse(text.message, text.len, &reason);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t out[FIPS_MSG1_LEN];
	struct fips_msg1 m1;
	struct fips_msg2 m2;

	switch (fips_frame_check(data, n)) {
	case FIPS_FRAME_ESTABLISHED: established(data, n); break;
	case FIPS_FRAME_MSG1:
		fips_msg1_parse(data, &m1);
		fips_msg1_build(out, &m1);
		assert(n == FIPS_MSG1_LEN && memcmp(out, data, n) == 0);
		break;
	case FIPS_FRAME_MSG2:
		fips_msg2_parse(data, &m2);
		fips_msg2_build(out, &m2);
		assert(n == FIPS_MSG2_LEN && memcmp(out, data, n) == 0);
		break;
	default: break;
	}
	return 0;
}
