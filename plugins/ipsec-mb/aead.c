/* ipsec-mb - ChaCha20-Poly1305 of Intel's libipsec-mb 1.3 by its direct calls.
 *
 * The library offers jobs and direct calls.  Jobs go through a manager: 200 KB that one thread at a
 * time may use.  A context cannot own one (a node has hundreds of contexts), the packet path may
 * not make one, and control, which prepares contexts, does not know the thread.  The direct calls
 * init, update, finalize need no manager: their state is 192 bytes that belong to the context.  A
 * manager only tells which of their variants suits the processor.  So prepare makes one, copies
 * four function pointers into the context and frees it; packets call through those.  Side by side
 * the library has nothing to offer here: it works on ChaCha20-Poly1305 jobs one after the other.
 *
 * The direct open decrypts while it authenticates.  A packet opened in place, the usual case, is
 * sealed again when its tag does not hold, which restores every byte.  Where the text goes
 * elsewhere, a first pass whose text is thrown away proves the tag, and a second one writes.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead_op.h"
#include "core/hash.h"
#include "core/plugin.h"
#include "core/secret.h"

#include <intel-ipsec-mb.h>
#include <stdlib.h>

struct mr_aead_ctx {
	struct chacha20_poly1305_context_data state; /* of the packet at hand        */
	uint8_t key[MR_AEAD_KEY];                    /* const after prepare          */
	chacha_poly_init_t init;                     /* const after prepare, as ...  */
	chacha_poly_enc_dec_update_t seal;
	chacha_poly_enc_dec_update_t open;
	chacha_poly_finalize_t finalize;
};

/* A manager set up for this processor, or NULL. */
static IMB_MGR *manager(void)
{
	IMB_MGR *m = alloc_mb_mgr(0);

	if (!m)
		return NULL;
	init_mb_mgr_auto(m, NULL);
	if (imb_get_errno(m) == 0 && m->chacha20_poly1305_init && m->chacha20_poly1305_finalize)
		return m;
	free_mb_mgr(m);
	return NULL;
}

static bool usable(void)
{
	IMB_MGR *m = manager();

	if (!m)
		return false;
	free_mb_mgr(m);
	return true;
}

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	struct mr_aead_ctx *ctx = mr_secret_alloc(sizeof *ctx);
	IMB_MGR *m = manager();

	if (ctx && m) {
		memcpy(ctx->key, key, MR_AEAD_KEY);
		ctx->init = m->chacha20_poly1305_init;
		ctx->seal = m->chacha20_poly1305_enc_update;
		ctx->open = m->chacha20_poly1305_dec_update;
		ctx->finalize = m->chacha20_poly1305_finalize;
	} else {
		mr_secret_free(ctx);
		ctx = NULL;
	}
	if (m)
		free_mb_mgr(m);
	return ctx;
}

static void release(struct mr_aead_ctx *ctx)
{
	if (!ctx)
		return;
	mr_secret_free(ctx);
}

static void begin(const struct mr_aead_op *op)
{
	struct mr_aead_ctx *ctx = op->ctx;
	uint8_t nonce[MR_AEAD_NONCE];

	mr_aead_nonce(nonce, op->counter);
	/* The library refuses a NULL address even for no bytes. */
	ctx->init(ctx->key, &ctx->state, nonce, op->aad ? op->aad : nonce, op->aad_len);
}

/* One pass over a packet: `update` is the context's seal or open; its tag out. */
static void pass(const struct mr_aead_op *op, const struct mr_aead_text *t,
                 chacha_poly_enc_dec_update_t update, uint8_t tag[MR_AEAD_TAG])
{
	struct mr_aead_ctx *ctx = op->ctx;

	begin(op);
	for (int i = 0; i < 2; i++)
		if (t->piece[i].len > 0)
			update(ctx->key, &ctx->state, t->to[i], t->piece[i].at, t->piece[i].len);
	ctx->finalize(&ctx->state, tag, MR_AEAD_TAG);
}

/* The tag of what is to be opened; changes nothing. */
static void prove(const struct mr_aead_op *op, const struct mr_aead_text *t,
                  uint8_t tag[MR_AEAD_TAG])
{
	struct mr_aead_ctx *ctx = op->ctx;
	uint8_t thrown_away[1024];

	begin(op);
	for (int i = 0; i < 2; i++) {
		const uint8_t *at = t->piece[i].at;
		uint32_t left = t->piece[i].len, n;

		for (; left > 0; at += n, left -= n) {
			n = left < sizeof thrown_away ? left : sizeof thrown_away;
			ctx->open(ctx->key, &ctx->state, thrown_away, at, n);
		}
	}
	ctx->finalize(&ctx->state, tag, MR_AEAD_TAG);
}

static void seal(struct mr_aead_op *ops, unsigned n)
{
	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		struct mr_aead_text t;

		mr_aead_seal_text(op, &t);
		pass(op, &t, op->ctx->seal, op->dst + t.len);
		op->ok = true;
	}
}

static bool in_place(const struct mr_aead_text *t)
{
	return (t->piece[0].len == 0 || t->piece[0].at == t->to[0]) &&
	       (t->piece[1].len == 0 || t->piece[1].at == t->to[1]);
}

static bool open_one(const struct mr_aead_op *op)
{
	struct mr_aead_text t;
	uint8_t tag[MR_AEAD_TAG], again[MR_AEAD_TAG];
	bool here, ok;

	if (!mr_aead_open_text(op, &t))
		return false;
	here = in_place(&t);
	if (here)
		pass(op, &t, op->ctx->open, tag);
	else
		prove(op, &t, tag);
	ok = mr_equal_secret(tag, t.tag, sizeof tag);
	if (here && !ok)
		pass(op, &t, op->ctx->seal, again);
	else if (!here && ok)
		pass(op, &t, op->ctx->open, again);
	return ok;
}

static unsigned open_ops(struct mr_aead_op *ops, unsigned n)
{
	unsigned good = 0;

	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		op->ok = open_one(op);
		good += op->ok;
	}
	return good;
}

static const struct mr_aead ipsec_mb = {
	.name = "ipsec-mb",
	.summary = "Intel's library for x86, cipher and authenticator in one pass",
	.usable = usable,
	.prepare = prepare,
	.release = release,
	.seal = seal,
	.open = open_ops,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "ipsec-mb",
	.version = PACKAGE_VERSION,
	.summary = "ChaCha20-Poly1305 of libipsec-mb",
	.aeads = (const struct mr_aead *const[]){ &ipsec_mb, NULL },
};
