#include "t/lib/mock_seal.h"

#include <assert.h>
#include <string.h>

#include "t/lib/stand_in_tag.h"

static void tag(const uint8_t key[32], const uint8_t *head, size_t nhead, const uint8_t *text,
                size_t n, uint8_t out[FIPS_TAG])
{
	struct stand_in_tag t;
	uint64_t words[4];

	for (unsigned i = 0; i < 4; i++)
		words[i] = mr_le64(key + 8 * i);
	t = stand_in_begin(words, 0);
	stand_in_bytes(&t, head, nhead);
	stand_in_bytes(&t, text, n);
	stand_in_end(&t, words, out);
}

size_t mock_link_seal(uint8_t out[MOCK_FRAME_MAX], const uint8_t key[32], uint32_t index,
                      uint64_t counter, uint8_t flags, uint32_t stamp, const uint8_t *message,
                      size_t n)
{
	struct fips_link_head head = {
		.flags = flags,
		.payload_len = (uint16_t)(FIPS_LINK_STAMP + n),
		.receiver_idx = index,
		.counter = counter,
	};
	uint8_t *text = out + FIPS_LINK_HEAD;

	assert(n + FIPS_LINK_OVERHEAD <= MOCK_FRAME_MAX);
	fips_link_head_build(out, &head);
	mr_to_le32(text, stamp);
	memcpy(text + FIPS_LINK_STAMP, message, n);
	tag(key, out, FIPS_LINK_HEAD, text, FIPS_LINK_STAMP + n, text + FIPS_LINK_STAMP + n);
	return n + FIPS_LINK_OVERHEAD;
}

bool mock_link_open(const uint8_t *frame, size_t n, const uint8_t key[32])
{
	uint8_t want[FIPS_TAG];
	size_t len = n - FIPS_LINK_HEAD - FIPS_TAG;

	tag(key, frame, FIPS_LINK_HEAD, frame + FIPS_LINK_HEAD, len, want);
	return memcmp(want, frame + n - FIPS_TAG, FIPS_TAG) == 0;
}

size_t mock_session_seal(uint8_t out[MOCK_FRAME_MAX], const uint8_t key[32],
                         const struct fips_addr *src, const struct fips_addr *dest,
                         uint64_t counter, uint8_t k, uint32_t stamp, const uint8_t *view,
                         size_t n)
{
	struct fips_datagram d = { .ttl = FIPS_DATAGRAM_TTL, .path_mtu = FIPS_UDP_MTU,
		                   .src = *src, .dest = *dest };
	bool warmup = view[0] == FIPS_FSP_COORDS_WARMUP;
	size_t lists = warmup ? n - 1 : 0, body = n - 1 - lists;
	uint8_t *head = out + FIPS_DATAGRAM_HEAD, *text = head + FIPS_FSP_HEAD + lists;
	uint8_t flags = (uint8_t)((k ? FIPS_FSP_K : 0) | (warmup ? FIPS_FSP_CP : 0));

	assert(n + 128 <= MOCK_FRAME_MAX);
	fips_datagram_build(out, &d);
	fips_fsp_head_build(head, flags, body, counter);
	memcpy(head + FIPS_FSP_HEAD, view + 1, lists);
	fips_fsp_inner_build(text, stamp, view[0], 0);
	memcpy(text + FIPS_FSP_INNER, view + 1 + lists, body);
	tag(key, head, FIPS_FSP_HEAD, text, FIPS_FSP_INNER + body, text + FIPS_FSP_INNER + body);
	return (size_t)(text - out) + FIPS_FSP_INNER + body + FIPS_TAG;
}

bool mock_session_open(const uint8_t *fsp, const struct fips_fsp_sealed *m, const uint8_t key[32])
{
	uint8_t want[FIPS_TAG];

	tag(key, fsp, FIPS_FSP_HEAD, m->sealed, m->sealed_len - FIPS_TAG, want);
	return memcmp(want, m->sealed + m->sealed_len - FIPS_TAG, FIPS_TAG) == 0;
}
