/* link_seal.c - the 20 bytes in front of a link message and the operation that seals it. */
#include "fips/path/link_seal.h"

#include <assert.h>

#include "core/wire.h"

uint8_t *fips_link_seal_op(const struct fips_send_key *key, unsigned worker, uint64_t counter,
                           bool ce, uint64_t now, uint8_t *message, size_t n,
                           struct mr_aead_op *op)
{
	uint8_t *frame = message - FIPS_LINK_FRONT;
	uint8_t *text = message - FIPS_LINK_STAMP;
	const struct fips_link_head head = {
		.flags = (uint8_t)((key->k ? FIPS_LINK_K : 0) | (ce ? FIPS_LINK_CE : 0)),
		.payload_len = (uint16_t)(n + FIPS_LINK_STAMP),
		.receiver_idx = key->peer_index,
		.counter = counter,
	};

	assert(worker < key->nctx && key->ctx[worker]);
	assert(n >= 1 && n <= UINT16_MAX - FIPS_LINK_STAMP);
	fips_link_head_build(frame, &head);
	mr_to_le32(text, fips_send_stamp(key, now));
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = counter,
		.aad = frame,
		.aad_len = FIPS_LINK_HEAD,
		.src = { { text, (uint32_t)(n + FIPS_LINK_STAMP) }, { NULL, 0 } },
		.dst = text,
	};
	return frame;
}
