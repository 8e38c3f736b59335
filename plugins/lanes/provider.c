/* provider - the module: keys, and which instruction sets the processor has. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "plugins/lanes/lanes.h"

#include "core/plugin.h"
#include "core/secret.h"

static struct mr_aead_ctx *prepare(const uint8_t key[MR_AEAD_KEY])
{
	struct mr_aead_ctx *ctx = mr_secret_alloc(sizeof *ctx);

	if (ctx)
		memcpy(ctx->key, key, MR_AEAD_KEY);
	return ctx;
}

static void release(struct mr_aead_ctx *ctx)
{
	mr_secret_free(ctx);
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vbmi2") &&
	       __builtin_cpu_supports("bmi2");
}

static void seal_avx512(struct mr_aead_op *ops, unsigned n)
{
	lanes_seal(&lanes_avx512, ops, n);
}

static unsigned open_avx512(struct mr_aead_op *ops, unsigned n)
{
	return lanes_open(&lanes_avx512, ops, n);
}

static const struct mr_aead avx512 = {
	.name = "lanes",
	.summary = "millrace's own for AVX-512, whole vectors of packets side by side",
	.usable = has_avx512,
	.prepare = prepare,
	.release = release,
	.seal = seal_avx512,
	.open = open_avx512,
};

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static void seal_avx2(struct mr_aead_op *ops, unsigned n)
{
	lanes_seal(&lanes_avx2, ops, n);
}

static unsigned open_avx2(struct mr_aead_op *ops, unsigned n)
{
	return lanes_open(&lanes_avx2, ops, n);
}

static const struct mr_aead avx2 = {
	.name = "lanes-avx2",
	.summary = "the same for AVX2",
	.usable = has_avx2,
	.prepare = prepare,
	.release = release,
	.seal = seal_avx2,
	.open = open_avx2,
};

const struct mr_plugin mr_plugin = {
	.abi = MR_ABI,
	.name = "lanes",
	.version = PACKAGE_VERSION,
	.summary = "ChaCha20-Poly1305 over vectors of packets",
	.aeads = (const struct mr_aead *const[]){ &avx512, &avx2, NULL },
};
