/* lanes.h - the providers of the module lanes, each beside one that is right, for their tests.
 *
 * Right is what libcrypto computes, or the built-in provider in a build without it. */
#ifndef T_LIB_LANES_H
#define T_LIB_LANES_H

#include "core/aead.h"

#define LANES_SETS 2 /* instruction sets the module has code for */

/* The provider for the i-th instruction set; NULL, said aloud, where it cannot be run. */
const struct mr_aead *lanes_own(int i);

/* One key for both. */
struct lanes_key {
	struct mr_aead_ctx *own, *right;
};
struct lanes_key lanes_key(const struct mr_aead *own, const uint8_t bytes[MR_AEAD_KEY]);
struct lanes_key lanes_any_key(const struct mr_aead *own);
void lanes_release(const struct mr_aead *own, struct lanes_key key);

/* n + 16 bytes: the right result for a text in one piece, with the operation's counter and
 * associated data. */
void lanes_right(struct lanes_key key, const struct mr_aead_op *like, const uint8_t *text,
                 uint32_t n, uint8_t *sealed);

/* Chance from a seed: a number below n, and bytes. */
void lanes_seed(uint64_t seed);
uint32_t lanes_below(uint32_t n);
void lanes_fill(void *to, size_t n);

/* Are they all of one value? */
bool lanes_all(const uint8_t *p, size_t n, uint8_t value);

#endif
