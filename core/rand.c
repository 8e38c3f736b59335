/* rand - the kernel's generator, and bytes that repeat for a seed. */
#include "core/rand.h"

#include "core/hash.h"
#include "core/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* getrandom gives up to 256 bytes whole once the generator is seeded, and may be interrupted
 * before that or for more. */
static void fill_system(void *self, void *out, size_t n)
{
	uint8_t *at = out;

	(void)self;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		n -= (size_t)got;
	}
}

struct mr_rand mr_rand_system(void)
{
	return (struct mr_rand){ .fill = fill_system };
}

/* Each call takes whole blocks SHA-256(LE64(seed) || LE64(block)); what a call leaves over of its
 * last block is not used. */
static void fill_seeded(void *self, void *out, size_t n)
{
	struct mr_rand_state *state = self;
	uint8_t *at = out;

	while (n > 0) {
		uint8_t in[16];
		uint8_t block[MR_SHA256_LEN];
		size_t take = n < sizeof block ? n : sizeof block;

		mr_to_le64(in, state->seed);
		mr_to_le64(in + 8, state->block++);
		mr_sha256(in, sizeof in, block);
		memcpy(at, block, take);
		at += take;
		n -= take;
	}
}

struct mr_rand mr_rand_seeded(struct mr_rand_state *state)
{
	return (struct mr_rand){ .fill = fill_seeded, .self = state };
}
