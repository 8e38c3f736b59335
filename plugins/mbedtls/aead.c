/* mbedtls - the built-in AEAD provider: ChaCha20 and Poly1305 of mbedTLS, put together here.
 *
 * mbedTLS's own one-call decrypt zeroes the buffer when the tag does not hold, and decrypts before
 * it knows.  This provider uses the two primitives instead: an open computes Poly1305 over the
 * ciphertext, compares in constant time, and only then decrypts.  A packet with a bad tag costs no
 * decryption and changes nothing.
 *
 * A context is a ChaCha20 state with the key set.  Per packet it gets a nonce, yields block 0 as
 * the one-time Poly1305 key, and stands at block 1 for the text (RFC 8439 2.6, 2.8).  The same
 * functions exist in mbedTLS 2.28 and 3.
 */
#include "core/aead_op.h"
#include "core/hash.h"
#include "core/secret.h"

#include <mbedtls/chacha20.h>
#include <mbedtls/poly1305.h>
#include <stdlib.h>

struct mr_aead_ctx {
	mbedtls_chacha20_context chacha; /* key set at prepare; position per packet */
};

/* An error here is an argument the library cannot object to, or a failed accelerator. */
static void must(int err)
{
	if (err != 0)
		abort();
}

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	struct mr_aead_ctx *ctx = mr_secret_alloc(sizeof *ctx);

	if (!ctx)
		return NULL;
	mbedtls_chacha20_init(&ctx->chacha);
	must(mbedtls_chacha20_setkey(&ctx->chacha, key));
	return ctx;
}

static void release(struct mr_aead_ctx *ctx)
{
	if (!ctx)
		return;
	mbedtls_chacha20_free(&ctx->chacha);
	mr_secret_free(ctx);
}

static void mac_padded(mbedtls_poly1305_context *mac, const struct mr_aead_piece piece[2])
{
	static const uint8_t zeros[16];
	uint32_t over = (piece[0].len + piece[1].len) % 16;

	for (int i = 0; i < 2; i++)
		if (piece[i].len > 0)
			must(mbedtls_poly1305_update(mac, piece[i].at, piece[i].len));
	if (over > 0)
		must(mbedtls_poly1305_update(mac, zeros, 16 - over));
}

/* Set the nonce, start the MAC with block 0 and feed it the associated data. */
static void begin(const struct mr_aead_op *op, mbedtls_poly1305_context *mac)
{
	uint8_t nonce[MR_AEAD_NONCE];
	uint8_t block[64] = { 0 };
	struct mr_aead_piece aad[2] = { { op->aad, op->aad_len }, { NULL, 0 } };

	mr_aead_nonce(nonce, op->counter);
	must(mbedtls_chacha20_starts(&op->ctx->chacha, nonce, 0));
	must(mbedtls_chacha20_update(&op->ctx->chacha, sizeof block, block, block));
	mbedtls_poly1305_init(mac);
	must(mbedtls_poly1305_starts(mac, block)); /* takes the first 32 bytes */
	mr_wipe(block, sizeof block);
	mac_padded(mac, aad);
}

/* Feed ciphertext and lengths; 16 bytes of tag out. */
static void tag_of(const struct mr_aead_op *op, mbedtls_poly1305_context *mac,
                   const struct mr_aead_piece piece[2], uint8_t tag[MR_AEAD_TAG])
{
	uint8_t lengths[16];

	mac_padded(mac, piece);
	mr_aead_lengths(lengths, op->aad_len, piece[0].len + piece[1].len);
	must(mbedtls_poly1305_update(mac, lengths, sizeof lengths));
	must(mbedtls_poly1305_finish(mac, tag));
	mbedtls_poly1305_free(mac);
}

/* Apply the keystream to both pieces, in place or not. */
static void stream(const struct mr_aead_op *op, const struct mr_aead_text *t)
{
	for (int i = 0; i < 2; i++)
		if (t->piece[i].len > 0)
			must(mbedtls_chacha20_update(&op->ctx->chacha, t->piece[i].len,
			                             t->piece[i].at, t->to[i]));
}

static void seal(struct mr_aead_op *ops, unsigned n)
{
	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		mbedtls_poly1305_context mac;
		struct mr_aead_text t;
		struct mr_aead_piece sealed[2] = { 0 };

		mr_aead_seal_text(op, &t);
		begin(op, &mac);
		stream(op, &t);
		sealed[0] = (struct mr_aead_piece){ op->dst, t.len };
		tag_of(op, &mac, sealed, op->dst + t.len);
		op->ok = true;
	}
}

static unsigned open_ops(struct mr_aead_op *ops, unsigned n)
{
	unsigned good = 0;

	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		mbedtls_poly1305_context mac;
		struct mr_aead_text t;
		uint8_t tag[MR_AEAD_TAG];

		op->ok = false;
		if (!mr_aead_open_text(op, &t))
			continue;
		begin(op, &mac);
		tag_of(op, &mac, t.piece, tag);
		op->ok = mr_equal_secret(tag, t.tag, sizeof tag);
		if (!op->ok)
			continue;
		stream(op, &t);
		good++;
	}
	return good;
}

const struct mr_aead mr_aead_mbedtls = {
	.name = "mbedtls",
	.summary = "built in, portable C",
	.prepare = prepare,
	.release = release,
	.seal = seal,
	.open = open_ops,
};
