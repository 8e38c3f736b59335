/* written.c - operations from what is written; see written.h. */
#include "fips/path/written.h"

#include <assert.h>

#include "fips/path/link_seal.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"

bool fips_link_written_op(const struct fips_send_key *key, unsigned worker, uint8_t *frame,
                          size_t n, struct mr_aead_op *op)
{
	uint8_t *text = frame + FIPS_LINK_HEAD;
	struct fips_link_head head;

	assert(worker < key->nctx && key->ctx[worker]);
	if (fips_frame_check(frame, n) != FIPS_FRAME_ESTABLISHED)
		return false;
	fips_link_head_parse(frame, &head);
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = head.counter,
		.aad = frame,
		.aad_len = FIPS_LINK_HEAD,
		.src = { { text, head.payload_len }, { NULL, 0 } },
		.dst = text,
	};
	return true;
}

bool fips_session_written_op(const struct fips_send_key *key, unsigned worker, uint8_t *frame,
                             size_t n, struct mr_aead_op *op)
{
	const size_t before = FIPS_LINK_FRONT + FIPS_DATAGRAM_HEAD;
	uint8_t *message = frame + before, *text;
	struct fips_fsp_sealed m;

	assert(worker < key->nctx && key->ctx[worker]);
	if (n < before + FIPS_LINK_BACK || frame[FIPS_LINK_FRONT] != FIPS_LINK_DATAGRAM ||
	    fips_fsp_check(message, n - before - FIPS_LINK_BACK) != FIPS_FSP_ENCRYPTED ||
	    !fips_fsp_sealed_parse(message, n - before - FIPS_LINK_BACK, &m) ||
	    m.sealed_len != (size_t)m.payload_len + FIPS_TAG)
		return false;
	text = message + (m.sealed - message);
	*op = (struct mr_aead_op){
		.ctx = key->ctx[worker],
		.counter = m.counter,
		.aad = message,
		.aad_len = FIPS_FSP_HEAD,
		.src = { { text, (uint32_t)m.sealed_len - FIPS_TAG }, { NULL, 0 } },
		.dst = text,
	};
	return true;
}
