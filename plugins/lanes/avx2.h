/* avx2.h - Poly1305 arithmetic (RFC 8439 2.5) with the 32-bit multiplier, four lanes at a time.
 *
 * A value is the sum of l[i] 2^26i in each 64-bit lane, mod p = 2^130 - 5.
 *
 * Bounds.  "Carried" means limbs below 2^26, l[1] and l[4] below 2^26 + 2^11.  A multiplicand is
 * carried plus one block of a message: below 2^27.1.  A multiplier is carried, and five times that,
 * which stands for what lies from 2^130 up, below 2^28.4.  A sum takes at most 4 x 5 products:
 * below 20 * 2^55.5 < 2^60, and no sum of reduce() reaches 2^64.
 */
#ifndef MR_PLUGINS_LANES_AVX2_H
#define MR_PLUGINS_LANES_AVX2_H

#include "plugins/lanes/lanes.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

typedef __m256i vec;

/* Values, multipliers (s = 5 r; s[0] is not used), and sums of products not yet carried. */
struct fe {
	vec l[5];
};
struct mult {
	vec r[5], s[5];
};
struct acc {
	vec d[5];
};

#define MASK26 _mm256_set1_epi64x((1 << 26) - 1)
#define BIT128 _mm256_set1_epi64x(1 << 24) /* 2^128, in l[4] */

INLINE vec load(const void *p)
{
	return _mm256_loadu_si256(p);
}

INLINE void store(void *p, vec x)
{
	_mm256_storeu_si256(p, x);
}

INLINE vec plus(vec x, vec y)
{
	return _mm256_add_epi64(x, y);
}

INLINE vec both(vec x, vec y)
{
	return _mm256_and_si256(x, y);
}

INLINE struct mult multiplier(const struct fe *a)
{
	struct mult m;

	for (int i = 0; i < 5; i++) {
		m.r[i] = a->l[i];
		m.s[i] = plus(a->l[i], _mm256_slli_epi64(a->l[i], 2));
	}
	return m;
}

INLINE struct acc nothing(void)
{
	vec z = _mm256_setzero_si256();

	return (struct acc){ { z, z, z, z, z } };
}

INLINE void product(vec *d, vec x, vec y)
{
	*d = plus(*d, _mm256_mul_epu32(x, y));
}

/* One limb times those of a multiplier, from its own place on; written out, for the registers. */
INLINE void row(struct acc *d, vec limb, vec m0, vec m1, vec m2, vec m3, vec m4)
{
	product(&d->d[0], limb, m0);
	product(&d->d[1], limb, m1);
	product(&d->d[2], limb, m2);
	product(&d->d[3], limb, m3);
	product(&d->d[4], limb, m4);
}

/* d += a m */
INLINE void accumulate(struct acc *d, const struct fe *a, const struct mult *m)
{
	row(d, a->l[0], m->r[0], m->r[1], m->r[2], m->r[3], m->r[4]);
	row(d, a->l[1], m->s[4], m->r[0], m->r[1], m->r[2], m->r[3]);
	row(d, a->l[2], m->s[3], m->s[4], m->r[0], m->r[1], m->r[2]);
	row(d, a->l[3], m->s[2], m->s[3], m->s[4], m->r[0], m->r[1]);
	row(d, a->l[4], m->s[1], m->s[2], m->s[3], m->s[4], m->r[0]);
}

/* Carry what is above 26 bits of one limb to the next. */
INLINE void carry(vec *from, vec *to)
{
	*to = plus(*to, _mm256_srli_epi64(*from, 26));
	*from = both(*from, MASK26);
}

/* From the last one to the first it counts five times. */
INLINE void carry_round(vec *from, vec *to)
{
	vec over = _mm256_srli_epi64(*from, 26);

	*to = plus(*to, plus(over, _mm256_slli_epi64(over, 2)));
	*from = both(*from, MASK26);
}

/* Two chains at once: 0 1 2 3 4 and 3 4 0 1. */
INLINE struct fe reduce(struct acc d)
{
	carry(&d.d[0], &d.d[1]);
	carry(&d.d[3], &d.d[4]);
	carry(&d.d[1], &d.d[2]);
	carry_round(&d.d[4], &d.d[0]);
	carry(&d.d[2], &d.d[3]);
	carry(&d.d[0], &d.d[1]);
	carry(&d.d[3], &d.d[4]);
	return (struct fe){ { d.d[0], d.d[1], d.d[2], d.d[3], d.d[4] } };
}

INLINE struct fe times(const struct fe *a, const struct mult *m)
{
	struct acc d = nothing();

	accumulate(&d, a, m);
	return reduce(d);
}

/* Blocks of 16 bytes as two words; top: BIT128, or zero where there is no block. */
INLINE struct fe block(vec lo, vec hi, vec top)
{
	vec across = _mm256_or_si256(_mm256_srli_epi64(lo, 52), _mm256_slli_epi64(hi, 12));

	return (struct fe){ { both(lo, MASK26), both(_mm256_srli_epi64(lo, 26), MASK26),
		              both(across, MASK26), both(_mm256_srli_epi64(hi, 14), MASK26),
		              _mm256_or_si256(_mm256_srli_epi64(hi, 40), top) } };
}

/* b where `lanes` is set, else a. */
INLINE struct fe choose(vec lanes, const struct fe *a, const struct fe *b)
{
	struct fe c;

	for (int i = 0; i < 5; i++)
		c.l[i] = _mm256_blendv_epi8(a->l[i], b->l[i], lanes);
	return c;
}

/* avx2_chacha.c: lanes_isa.pass. */
void lanes_avx2_pass(uint8_t *out, uint8_t state[LANES_PASS * LANES_BLOCK],
                     const struct lanes_seg *seg, unsigned segs, unsigned blocks);

/* avx2_side.c: the tags of up to four messages side by side. */
#define LANES_SIDE 4
void lanes_avx2_side(struct lanes_mac *m, unsigned n);

#endif
