/* module.c - tiny loadable modules, one for each way to be refused and one that is fine: built once
 * for each with another CASE (local.mk here), loaded by t/core/test_plugins.c. */
#include "core/plugin.h"

#define GOOD       0
#define TWIN       1  /* the good one again, its kind and provider called otherwise */
#define OLD        2  /* another ABI                                                */
#define LOOSE      3  /* refers to what the program has not                         */
#define BARE       4  /* no mr_plugin                                               */
#define EMPTY      5  /* neither kind nor provider                                  */
#define NAMELESS   6  /* a name that is none                                        */
#define CROOKED    7  /* a kind that reaches an output it does not have             */
#define KNOWN_KIND 8  /* a kind that is built in                                    */
#define KNOWN_AEAD 9  /* a provider that is built in                                */
#define HALF       10 /* two kinds that are fine, a provider that cannot seal       */

#if CASE == LOOSE
void nobody_has_this(void);
#endif

static void toy_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)self;
	(void)input;
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, 0, v->pkt[i]);
#if CASE == LOOSE
	nobody_has_this();
#endif
}

static const struct mr_kind toy = {
	.abi = MR_ABI,
	.name = CASE == KNOWN_KIND ? "builtin" : CASE == TWIN ? "twin" : "toy",
	.summary = "hand packets on",
	.inputs = (const struct mr_port[]){
		{ "in", .view = "anything", .reaches = CASE == CROOKED ? MR_OUT(1) : MR_OUT(0) },
		{ 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "anything" }, { 0 } },
	.process = toy_process,
};

#if CASE == HALF
static const struct mr_kind another = {
	.abi = MR_ABI, .name = "another", .summary = "hand packets on",
	.inputs = (const struct mr_port[]){
		{ "in", .view = "anything", .reaches = MR_OUT(0) }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "anything" }, { 0 } },
	.process = toy_process,
};
#define KINDS &toy, &another, NULL
#else
#define KINDS &toy, NULL
#endif

/* As good as the one built in, which it asks. */
static struct mr_aead_ctx *toy_prepare(const uint8_t key[MR_AEAD_KEY])
{
	return mr_aead_mbedtls.prepare(key);
}

static void toy_release(struct mr_aead_ctx *ctx)
{
	mr_aead_mbedtls.release(ctx);
}

static void toy_seal(struct mr_aead_op *ops, unsigned n)
{
	mr_aead_mbedtls.seal(ops, n);
}

static unsigned toy_open(struct mr_aead_op *ops, unsigned n)
{
	return mr_aead_mbedtls.open(ops, n);
}

static const struct mr_aead toy_aead = {
	.name = CASE == KNOWN_AEAD ? "mbedtls" : CASE == TWIN ? "twin" : "toy",
	.summary = "mbedTLS by another name",
	.prepare = toy_prepare,
	.release = toy_release,
	.seal = CASE == HALF ? NULL : toy_seal,
	.open = toy_open,
};

#if CASE == BARE
extern const struct mr_plugin another __attribute__((visibility("default")));
#define SYMBOL another
#else
#define SYMBOL mr_plugin
#endif

const struct mr_plugin SYMBOL = {
	.abi = CASE == OLD ? MR_ABI + 1 : MR_ABI,
	.name = CASE == NAMELESS ? "Not a name" : "toy",
	.version = "7",
	.summary = "toys for tests",
	.kinds = CASE == EMPTY ? NULL : (const struct mr_kind *const[]){ KINDS },
	.aeads = CASE == EMPTY ? NULL : (const struct mr_aead *const[]){ &toy_aead, NULL },
};
