/* fuzz_stream.c - bytes as a stream in which packets follow one another: all that lies in one piece
 * is what comes out when it is cut in two anywhere, each packet is one,
 * and what is wrong stays wrong. */
#include <assert.h>

#include "fips/wire/link.h"
#include "fips/wire/stream.h"

#define MTU 1400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Ends of whole packets in n bytes, mixed into one number; *wrong: so end they for good. */
static uint64_t walk(const uint8_t *data, size_t n, size_t *at, size_t *wrong)
{
	uint64_t ends = 0;
	size_t len;

	for (;; *at += len) {
		len = fips_stream_packet(data + *at, n - *at, MTU);
		*wrong = len == FIPS_STREAM_WRONG;
		if (*wrong || len == FIPS_STREAM_MORE || len > n - *at)
			return ends;
		assert(len >= FIPS_LINK_MIN && len <= MTU);
		assert(fips_frame_check(data + *at, len) <= FIPS_FRAME_MSG2 ||
		       fips_frame_check(data + *at, len) == FIPS_FRAME_FLAGS);
		ends = (ends + *at + len) * 31;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t at = 0, wrong, cut = n ? data[n - 1] % (n + 1) : 0, at_cut = 0, wrong_cut;
	uint64_t ends = walk(data, n, &at, &wrong), first, second;

	first = walk(data, cut, &at_cut, &wrong_cut);
	assert(!wrong_cut || (wrong && at_cut == at));
	if (at_cut == 0) { /* else the mixtures differ by what came before */
		second = walk(data, n, &at_cut, &wrong_cut);
		assert(first == 0 && second == ends);
	} else {
		walk(data, n, &at_cut, &wrong_cut);
	}
	assert(at_cut == at && wrong_cut == wrong);
	return 0;
}
