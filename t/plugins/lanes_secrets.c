/* lanes_secrets - the code of the module lanes on keys and texts that valgrind holds to be
 * undefined: fresh memory of malloc, never written.  Every branch and every address that depends on
 * them is an error there.  AVX2, as valgrind has no AVX-512; the engine and the 64-bit arithmetic
 * are those of both.  `lanes_secrets planted` branches on a key, to show that it would be seen.
 *
 * Ends with 77 where the processor, as valgrind shows it, has no AVX2.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "plugins/lanes/lanes.h"

#include <stdio.h>
#include <stdlib.h>

#define VECTOR 16
#define STRIDE 40000 /* one packet is longer than the buffer of keystream */

static const uint32_t lens[] = { 0,   1,   15,  16,  17,  63,   64,  65,
	                         100, 255, 256, 300, 576, 1280, 1400 };

/* The compiler is not to know that nobody has written them. */
static uint8_t *secret(size_t n)
{
	uint8_t *p = malloc(n);

	if (!p)
		abort();
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static void seal_and_open(struct mr_aead_op *ops, unsigned n)
{
	lanes_seal(&lanes_avx2, ops, n);
	for (unsigned i = 0; i < n; i++) {
		uint32_t sealed = ops[i].src[0].len + ops[i].src[1].len + MR_AEAD_TAG;

		ops[i].src[0] = (struct mr_aead_piece){ ops[i].dst, sealed };
		ops[i].src[1] = (struct mr_aead_piece){ NULL, 0 };
	}
	lanes_open(&lanes_avx2, ops, n);
}

/* n packets of this length and of shorter ones, keys in turn, one or two pieces. */
static void vector(unsigned n, uint32_t len, uint32_t aad_len)
{
	struct mr_aead_op ops[VECTOR];
	struct mr_aead_ctx *ctx[2] = { (void *)secret(32), (void *)secret(32) };
	uint8_t *aad = secret(64), *bufs = secret((size_t)n * STRIDE);

	for (unsigned i = 0; i < n; i++) {
		uint8_t *at = bufs + (size_t)i * STRIDE;
		uint32_t own = n % 2 ? len : len - len * i / 64, cut = i % 3 ? own : own / 2;

		ops[i] = (struct mr_aead_op){ .ctx = ctx[i % 2], .counter = i, .aad = aad,
			                      .aad_len = aad_len, .dst = at,
			                      .src = { { at, cut }, { at + cut, own - cut } } };
	}
	seal_and_open(ops, n);
	free(ctx[0]);
	free(ctx[1]);
	free(aad);
	free(bufs);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (!__builtin_cpu_supports("avx2"))
		return 77;
	if (argc > 1) {
		uint8_t *key = secret(32);

		puts(key[7] & 1 ? "odd" : "even");
		free(key);
		return 0;
	}
	for (size_t l = 0; l < sizeof lens / sizeof *lens; l++)
		for (unsigned n = 1; n <= VECTOR; n += n < 5 ? 1 : 11)
			vector(n, lens[l], n % 3 ? 16 : 12);
	vector(3, 500, 37);
	vector(2, STRIDE - MR_AEAD_TAG, 16);
	return 0;
}
