/* libcrypto - ChaCha20 and Poly1305 of OpenSSL 3, put together here.
 *
 * EVP's own ChaCha20-Poly1305 decrypts before it knows whether the tag holds, runs the cipher once
 * for the one-time key and again for the text, and walks an unfinished last block byte by byte.
 * Here instead
 *
 *   1. block 0 (the one-time Poly1305 key, RFC 8439 2.6) and the first HEAD bytes of the text go
 *      through ChaCha20 in one call of whole blocks, in a scratch area;
 *   2. an open computes Poly1305 over the ciphertext and compares in constant time;
 *   3. only then the head is copied to its place, and what lies beyond it goes through ChaCha20.
 *
 * For an ordinary packet step 3 is the copy alone.  A failed open has touched nothing but the
 * scratch, which is on the stack: one hot piece of memory for all keys.
 *
 * A context keeps an EVP_CIPHER_CTX with the key set (a packet only gives it an IV) and an
 * EVP_MAC_CTX.  Where their insides lie is the library's choice, so the library is given memory for
 * keys (core/secret.h) for all it allocates.  It takes that only before its first allocation: in a
 * program that used OpenSSL before, its contexts are wiped by it when released, but not locked.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead_op.h"
#include "core/hash.h"
#include "core/plugin.h"
#include "core/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define BLOCK 64           /* bytes of a ChaCha20 block                  */
#define HEAD  (24 * BLOCK) /* bytes of text that may ride with block 0   */

struct mr_aead_ctx {
	EVP_CIPHER_CTX *chacha; /* owned; key set at prepare               */
	EVP_MAC_CTX *poly;      /* owned; keyed per packet                 */
};

/* Where a packet's first blocks are worked on. */
struct scratch {
	uint8_t bytes[BLOCK + HEAD]; /* block 0, whose first 32 bytes key Poly1305, then text */
	uint32_t len;                /* of text in bytes, [0, HEAD]                           */
};

/* With good arguments and no allocation these calls cannot fail. */
static void must(int ok)
{
	if (ok <= 0)
		abort();
}

static void *library_alloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mr_secret_alloc(n);
}

static void *library_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return mr_secret_realloc(p, n);
}

static void library_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	mr_secret_free(p);
}

/* The first call of all to the library, so that it is in time. */
static bool usable(void)
{
	EVP_CIPHER *chacha;
	EVP_MAC *poly;
	bool both;

	CRYPTO_set_mem_functions(library_alloc, library_realloc, library_free);
	chacha = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
	poly = EVP_MAC_fetch(NULL, "Poly1305", NULL);
	both = chacha && poly;

	EVP_CIPHER_free(chacha);
	EVP_MAC_free(poly);
	return both;
}

static void release(struct mr_aead_ctx *ctx)
{
	if (!ctx)
		return;
	EVP_CIPHER_CTX_free(ctx->chacha);
	EVP_MAC_CTX_free(ctx->poly);
	mr_secret_free(ctx);
}

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	static const uint8_t iv[16];
	struct mr_aead_ctx *ctx = mr_secret_alloc(sizeof *ctx);
	EVP_CIPHER *chacha = EVP_CIPHER_fetch(NULL, "ChaCha20", NULL);
	EVP_MAC *poly = EVP_MAC_fetch(NULL, "Poly1305", NULL);

	if (ctx && chacha && poly) {
		ctx->chacha = EVP_CIPHER_CTX_new();
		ctx->poly = EVP_MAC_CTX_new(poly);
		if (!ctx->chacha || !ctx->poly ||
		    EVP_EncryptInit_ex2(ctx->chacha, chacha, key, iv, NULL) <= 0) {
			release(ctx);
			ctx = NULL;
		}
	} else {
		release(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(chacha); /* the contexts hold their own references */
	EVP_MAC_free(poly);
	return ctx;
}

/* Step 1: set the nonce; leave the one-time key and the ciphered head in the scratch. */
static void begin(const struct mr_aead_op *op, const struct mr_aead_text *t, struct scratch *s)
{
	EVP_CIPHER_CTX *chacha = op->ctx->chacha;
	uint8_t iv[16] = { 0 }; /* LE32 block counter, then the nonce */
	uint32_t first = t->piece[0].len < HEAD ? t->piece[0].len : HEAD;
	uint32_t second = t->piece[1].len < HEAD - first ? t->piece[1].len : HEAD - first;
	uint32_t fill;

	mr_aead_nonce(iv + 4, op->counter);
	must(EVP_EncryptInit_ex2(chacha, NULL, NULL, iv, NULL));
	memset(s->bytes, 0, BLOCK);
	if (first > 0)
		memcpy(s->bytes + BLOCK, t->piece[0].at, first);
	if (second > 0)
		memcpy(s->bytes + BLOCK + first, t->piece[1].at, second);
	s->len = first + second;
	fill = -s->len % BLOCK;
	memset(s->bytes + BLOCK + s->len, 0, fill);
	must(EVP_Cipher(chacha, s->bytes, s->bytes, BLOCK + s->len + fill));
}

/* Step 3: the head to its place, then the rest of each piece. */
static void finish(const struct mr_aead_op *op, const struct mr_aead_text *t,
                   const struct scratch *s)
{
	uint32_t done = s->len;

	if (s->len > 0)
		memcpy(op->dst, s->bytes + BLOCK, s->len);
	for (int i = 0; i < 2; i++) {
		uint32_t skip = t->piece[i].len < done ? t->piece[i].len : done;

		done -= skip;
		if (t->piece[i].len > skip)
			must(EVP_Cipher(op->ctx->chacha, t->to[i] + skip, t->piece[i].at + skip,
			                t->piece[i].len - skip));
	}
}

static void mac_padded(EVP_MAC_CTX *poly, const struct mr_aead_piece piece[2])
{
	static const uint8_t zeros[16];
	uint32_t over = (piece[0].len + piece[1].len) % 16;

	for (int i = 0; i < 2; i++)
		if (piece[i].len > 0)
			must(EVP_MAC_update(poly, piece[i].at, piece[i].len));
	if (over > 0)
		must(EVP_MAC_update(poly, zeros, 16 - over));
}

/* Step 2: the tag of aad and ciphertext under the one-time key in the scratch, which is wiped. */
static void tag_of(const struct mr_aead_op *op, struct scratch *s,
                   const struct mr_aead_piece piece[2], uint8_t tag[MR_AEAD_TAG])
{
	EVP_MAC_CTX *poly = op->ctx->poly;
	struct mr_aead_piece aad[2] = { { op->aad, op->aad_len }, { NULL, 0 } };
	uint8_t lengths[16];
	size_t written;

	must(EVP_MAC_init(poly, s->bytes, 32, NULL));
	mr_wipe(s->bytes, BLOCK);
	mac_padded(poly, aad);
	mac_padded(poly, piece);
	mr_aead_lengths(lengths, op->aad_len, piece[0].len + piece[1].len);
	must(EVP_MAC_update(poly, lengths, sizeof lengths));
	must(EVP_MAC_final(poly, tag, &written, MR_AEAD_TAG));
}

static void seal(struct mr_aead_op *ops, unsigned n)
{
	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		struct scratch s;
		struct mr_aead_text t;
		struct mr_aead_piece sealed[2] = { 0 };

		mr_aead_seal_text(op, &t);
		begin(op, &t, &s);
		finish(op, &t, &s);
		sealed[0] = (struct mr_aead_piece){ op->dst, t.len };
		tag_of(op, &s, sealed, op->dst + t.len);
		op->ok = true;
	}
}

static unsigned open_ops(struct mr_aead_op *ops, unsigned n)
{
	unsigned good = 0;

	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		struct scratch s;
		struct mr_aead_text t;
		uint8_t tag[MR_AEAD_TAG];

		op->ok = false;
		if (!mr_aead_open_text(op, &t))
			continue;
		begin(op, &t, &s);
		tag_of(op, &s, t.piece, tag);
		op->ok = mr_equal_secret(tag, t.tag, sizeof tag);
		if (!op->ok)
			continue;
		finish(op, &t, &s);
		good++;
	}
	return good;
}

static const struct mr_aead libcrypto = {
	.name = "libcrypto",
	.summary = "OpenSSL 3, vector instructions within a packet",
	.usable = usable,
	.prepare = prepare,
	.release = release,
	.seal = seal,
	.open = open_ops,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "libcrypto",
	.version = PACKAGE_VERSION,
	.summary = "ChaCha20-Poly1305 of OpenSSL 3",
	.aeads = (const struct mr_aead *const[]){ &libcrypto, NULL },
};
