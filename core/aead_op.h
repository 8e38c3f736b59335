/* aead_op.h - what every AEAD provider does with an operation: nonce, length block, pieces.
 *
 * For providers (plugins/) and core/aead.c only.  RFC 8439 2.8 authenticates
 *
 *     aad || pad16 || ciphertext || pad16 || LE64(aad length) || LE64(ciphertext length)
 *
 * and the source of an open is ciphertext || tag, cut anywhere into two pieces.  A provider sees
 * the pieces of the ciphertext, and the tag as a copy of 16 bytes: the tag may lie across the cut.
 */
#ifndef MR_CORE_AEAD_OP_H
#define MR_CORE_AEAD_OP_H

#include "core/aead.h"
#include "core/wire.h"

#define MR_AEAD_NONCE 12

/* An operation's text, piece by piece, and where each piece's result goes. */
struct mr_aead_text {
	struct mr_aead_piece piece[2]; /* second one may be empty                         */
	uint8_t *to[2];                /* == dst, dst + piece[0].len                      */
	uint32_t len;                  /* == sum of the pieces                            */
	uint8_t tag[MR_AEAD_TAG];      /* open: copied from the source                    */
};

static inline void mr_aead_nonce(uint8_t nonce[MR_AEAD_NONCE], uint64_t counter)
{
	mr_to_le32(nonce, 0);
	mr_to_le64(nonce + 4, counter);
}

/* The last 16 authenticated bytes. */
static inline void mr_aead_lengths(uint8_t block[16], uint32_t aad_len, uint32_t text_len)
{
	mr_to_le64(block, aad_len);
	mr_to_le64(block + 8, text_len);
}

static inline void mr_aead_seal_text(const struct mr_aead_op *op, struct mr_aead_text *t)
{
	t->piece[0] = op->src[0];
	t->piece[1] = op->src[1];
	t->to[0] = op->dst;
	t->to[1] = op->dst + op->src[0].len;
	t->len = op->src[0].len + op->src[1].len;
}

/* false when the source is too short to hold a tag. */
static inline bool mr_aead_open_text(const struct mr_aead_op *op, struct mr_aead_text *t)
{
	uint32_t have = op->src[1].len < MR_AEAD_TAG ? op->src[1].len : MR_AEAD_TAG;
	uint32_t want = MR_AEAD_TAG - have; /* bytes of the tag in the first piece */

	if (op->src[0].len < want)
		return false;
	t->piece[0] = op->src[0];
	t->piece[1] = op->src[1];
	t->piece[0].len -= want;
	t->piece[1].len -= have;
	if (want > 0)
		memcpy(t->tag, t->piece[0].at + t->piece[0].len, want);
	if (have > 0)
		memcpy(t->tag + want, t->piece[1].at + t->piece[1].len, have);
	t->to[0] = op->dst;
	t->to[1] = op->dst + t->piece[0].len;
	t->len = t->piece[0].len + t->piece[1].len;
	return true;
}

#endif
