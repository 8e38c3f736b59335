/* rand.h - random bytes as a thing that is handed in.
 *
 * Nothing below stages/ and cli/ asks the machine for randomness: it gets a struct mr_rand.  The
 * program hands in mr_rand_system(); tests and simulations hand in mr_rand_seeded(), whose bytes
 * repeat for a seed.
 */
#ifndef MR_CORE_RAND_H
#define MR_CORE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct mr_rand {
	void (*fill)(void *self, void *out, size_t n); /* always succeeds or aborts */
	void *self;                                    /* borrowed                  */
};

/* The kernel's generator (getrandom).  Any thread. */
struct mr_rand mr_rand_system(void);

/* Deterministic bytes for tests: SHA-256 of the seed and a counter.  The state is the caller's;
 * one thread at a time. */
struct mr_rand_state {
	uint64_t seed;
	uint64_t block;
};
struct mr_rand mr_rand_seeded(struct mr_rand_state *state);

static inline void mr_rand_bytes(const struct mr_rand *r, void *out, size_t n)
{
	r->fill(r->self, out, n);
}

static inline uint32_t mr_rand_u32(const struct mr_rand *r)
{
	uint32_t v;

	r->fill(r->self, &v, sizeof v);
	return v;
}

/* Uniform in [0, bound), bound > 0; the bias of under 2^-32 is of no account for timers. */
static inline uint32_t mr_rand_below(const struct mr_rand *r, uint32_t bound)
{
	return (uint32_t)(((uint64_t)mr_rand_u32(r) * bound) >> 32);
}

#endif
