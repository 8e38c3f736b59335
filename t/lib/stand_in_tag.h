/* stand_in_tag.h - an authentication tag that simulations of hours can afford: it tells keys,
 * counters and bytes apart and protects nothing. */
#ifndef T_LIB_STAND_IN_TAG_H
#define T_LIB_STAND_IN_TAG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/wire.h"

#define STAND_IN_ODD  UINT64_C(0x9e3779b97f4a7c15)
#define STAND_IN_STEP UINT64_C(0xd1342543de82ef95)

struct stand_in_tag {
	uint64_t a, b;
};

static inline uint64_t stand_in_mix(uint64_t x)
{
	x = (x ^ x >> 32) * STAND_IN_ODD;
	x = (x ^ x >> 29) * STAND_IN_STEP;
	return x ^ x >> 32;
}

static inline struct stand_in_tag stand_in_begin(const uint64_t key[4], uint64_t counter)
{
	return (struct stand_in_tag){ key[0] ^ stand_in_mix(counter ^ key[2]),
		                      key[1] ^ stand_in_mix(counter + key[3]) };
}

static inline void stand_in_word(struct stand_in_tag *t, uint64_t word)
{
	t->a = stand_in_mix(t->a ^ word);
	t->b = (t->b ^ word) * STAND_IN_ODD + (t->b >> 31);
}

/* The last word is padded with zeros: the length is absorbed too. */
static inline void stand_in_bytes(struct stand_in_tag *t, const uint8_t *at, size_t n)
{
	uint8_t rest[8] = { 0 };

	stand_in_word(t, n);
	for (; n >= 8; n -= 8, at += 8)
		stand_in_word(t, mr_le64(at));
	if (n) {
		memcpy(rest, at, n);
		stand_in_word(t, mr_le64(rest));
	}
}

static inline void stand_in_end(const struct stand_in_tag *t, const uint64_t key[4],
                                uint8_t out[16])
{
	mr_to_le64(out, stand_in_mix(t->a ^ key[2]));
	mr_to_le64(out + 8, stand_in_mix(t->b ^ t->a ^ key[3]));
}

#endif
