/* avx512.h - Poly1305 arithmetic (RFC 8439 2.5) with the 52-bit multiplier, eight lanes at a time.
 *
 * A value is l0 + 2^44 l1 + 2^88 l2 in each 64-bit lane, mod p = 2^130 - 5.  The multiplier takes
 * the low 52 bits of its operands and adds the low or the high 52 bits of the product.
 *
 * Bounds.  "Carried" means l0 < 2^44, l1 < 2^44 + 2^13, l2 < 2^42.  A multiplier is carried, and so
 * s1 = 20 l1 and s2 = 20 l2 are below 2^49; they stand for what lies from 2^132 up, as
 * 2^132 = 20 (mod p).  A multiplicand is carried plus one block of a message: below 2^45.1, l2 with
 * the block's 2^128 below 2^43.
 *
 * An accumulator takes at most 4 x 3 products, so its low halves stay below 12 * 2^52 < 2^55.6, hi0
 * and hi1 below 12 * 2^42.1 < 2^45.7, and hi2, which has no factor s, below 12 * 2^37.2 < 2^40.8.
 * In reduce() then d1, d2 < 2^56, top < 2^51, d0 < 2^56, and what is carried into l1 is < 2^12.
 */
#ifndef MR_PLUGINS_LANES_AVX512_H
#define MR_PLUGINS_LANES_AVX512_H

#include "plugins/lanes/lanes.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

typedef __m512i vec;

/* Values, multipliers, and sums of products not yet carried; one in each lane. */
struct fe {
	vec l0, l1, l2;
};
struct mult {
	vec r0, r1, r2, s1, s2;
};
struct acc {
	vec lo0, lo1, lo2, hi0, hi1, hi2;
};

#define MASK44 _mm512_set1_epi64((INT64_C(1) << 44) - 1)
#define MASK42 _mm512_set1_epi64((INT64_C(1) << 42) - 1)
#define BIT128 _mm512_set1_epi64(INT64_C(1) << 40) /* 2^128, in l2 */

INLINE vec plus(vec x, vec y)
{
	return _mm512_add_epi64(x, y);
}

INLINE vec both(vec x, vec y)
{
	return _mm512_and_si512(x, y);
}

INLINE struct mult multiplier(struct fe a)
{
	struct mult m = { a.l0, a.l1, a.l2, a.l1, a.l2 };

	m.s1 = plus(_mm512_slli_epi64(a.l1, 4), _mm512_slli_epi64(a.l1, 2));
	m.s2 = plus(_mm512_slli_epi64(a.l2, 4), _mm512_slli_epi64(a.l2, 2));
	return m;
}

INLINE struct acc nothing(void)
{
	vec z = _mm512_setzero_si512();

	return (struct acc){ z, z, z, z, z, z };
}

/* lo += low half of x y, hi += high half. */
INLINE void product(vec *lo, vec *hi, vec x, vec y)
{
	*lo = _mm512_madd52lo_epu64(*lo, x, y);
	*hi = _mm512_madd52hi_epu64(*hi, x, y);
}

/* d += a m */
INLINE void accumulate(struct acc *d, struct fe a, const struct mult *m)
{
	product(&d->lo1, &d->hi1, a.l0, m->r1);
	product(&d->lo1, &d->hi1, a.l1, m->r0);
	product(&d->lo1, &d->hi1, a.l2, m->s2);
	product(&d->lo0, &d->hi0, a.l0, m->r0);
	product(&d->lo0, &d->hi0, a.l1, m->s2);
	product(&d->lo0, &d->hi0, a.l2, m->s1);
	product(&d->lo2, &d->hi2, a.l0, m->r2);
	product(&d->lo2, &d->hi2, a.l1, m->r1);
	product(&d->lo2, &d->hi2, a.l2, m->r0);
}

/* Carry 1, 2, 0, 1.  A high half weighs 2^52, which is 2^8 of the next limb, and 2^10 of l0's unit
 * 2^130 = 5 behind the last one. */
INLINE struct fe reduce(const struct acc *d)
{
	vec d1 = plus(d->lo1, _mm512_slli_epi64(d->hi0, 8));
	vec d2 = plus(d->lo2, _mm512_slli_epi64(d->hi1, 8));
	vec top = _mm512_slli_epi64(d->hi2, 10), d0;
	struct fe h;

	d2 = plus(d2, _mm512_srli_epi64(d1, 44));
	top = plus(top, _mm512_srli_epi64(d2, 42));
	d0 = plus(plus(d->lo0, top), _mm512_slli_epi64(top, 2));
	h.l0 = both(d0, MASK44);
	h.l1 = plus(both(d1, MASK44), _mm512_srli_epi64(d0, 44));
	h.l2 = both(d2, MASK42);
	return h;
}

INLINE struct fe times(struct fe a, const struct mult *m)
{
	struct acc d = nothing();

	accumulate(&d, a, m);
	return reduce(&d);
}

INLINE struct fe sum(struct fe a, struct fe b)
{
	return (struct fe){ plus(a.l0, b.l0), plus(a.l1, b.l1), plus(a.l2, b.l2) };
}

/* Lanes of b where `lanes` says so, else of a. */
INLINE struct fe choose(__mmask8 lanes, struct fe a, struct fe b)
{
	return (struct fe){ _mm512_mask_blend_epi64(lanes, a.l0, b.l0),
		            _mm512_mask_blend_epi64(lanes, a.l1, b.l1),
		            _mm512_mask_blend_epi64(lanes, a.l2, b.l2) };
}

/* Blocks of 16 bytes as two words; top: BIT128, or zero where there is no block. */
INLINE struct fe block(vec lo, vec hi, vec top)
{
	return (struct fe){ both(lo, MASK44), both(_mm512_shrdi_epi64(lo, hi, 44), MASK44),
		            _mm512_or_si512(_mm512_srli_epi64(hi, 24), top) };
}

/* The multiplier r of one-time keys, clamped. */
INLINE struct fe clamp(vec lo, vec hi)
{
	return block(both(lo, _mm512_set1_epi64(0x0ffffffc0fffffff)),
	             both(hi, _mm512_set1_epi64(0x0ffffffc0ffffffc)), _mm512_setzero_si512());
}

/* Sums of up to eight carried values to less than 2^130 + 2^48: l0 < 2^44, l1 < 2^44 + 9,
 * l2 < 2^42. */
INLINE struct fe carry(struct fe h)
{
	vec top;

	h.l2 = plus(h.l2, _mm512_srli_epi64(h.l1, 44));
	top = _mm512_srli_epi64(h.l2, 42);
	h.l2 = both(h.l2, MASK42);
	h.l0 = plus(h.l0, plus(top, _mm512_slli_epi64(top, 2)));
	h.l1 = plus(both(h.l1, MASK44), _mm512_srli_epi64(h.l0, 44));
	h.l0 = both(h.l0, MASK44);
	return h;
}

/* (h mod p) + s mod 2^128 as two words; s likewise.  After carry() h is below 2 p, so p is taken
 * away once or not at all; an l1 of 45 bits is added in as it is. */
INLINE void finish(struct fe h, vec *lo, vec *hi, vec s_lo, vec s_hi)
{
	vec g0, g1, g2; /* h - p = h + 5 - 2^130 */
	__mmask8 reached, over;

	h = carry(h);
	g0 = plus(h.l0, _mm512_set1_epi64(5));
	g1 = plus(h.l1, _mm512_srli_epi64(g0, 44));
	g2 = _mm512_sub_epi64(plus(h.l2, _mm512_srli_epi64(g1, 44)),
	                      _mm512_set1_epi64(INT64_C(1) << 42));
	reached = _mm512_cmpge_epi64_mask(g2, _mm512_setzero_si512());
	h = choose(reached, h, (struct fe){ both(g0, MASK44), both(g1, MASK44), g2 });
	*lo = plus(plus(h.l0, _mm512_slli_epi64(h.l1, 44)), s_lo);
	*hi = plus(plus(_mm512_srli_epi64(h.l1, 20), _mm512_slli_epi64(h.l2, 24)), s_hi);
	over = _mm512_cmplt_epu64_mask(*lo, s_lo);
	*hi = _mm512_mask_add_epi64(*hi, over, *hi, _mm512_set1_epi64(1));
}

/* The low n bytes, n at most 16 or 64, and nothing beyond them read. */
INLINE __m128i load_short(const uint8_t *p, uint32_t n)
{
	return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, n), p);
}

INLINE vec load_part(const uint8_t *p, uint32_t n)
{
	return _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, n), p);
}

/* avx512_chacha.c: lanes_isa.pass. */
void lanes_avx512_pass(uint8_t *out, uint8_t state[LANES_PASS * LANES_BLOCK],
                       const struct lanes_seg *seg, unsigned segs, unsigned blocks);

/* avx512_side.c: the tags of up to eight messages side by side. */
#define LANES_SIDE 8
void lanes_avx512_side(struct lanes_mac *m, unsigned n);

/* avx512_one.c: the tag of one message of at least LANES_ONE bytes. */
#define LANES_ONE 192
void lanes_avx512_one(struct lanes_mac *m);

#endif
