/* avx512_side - the tags of eight packets side by side: lane i of everything belongs to packet i.
 *
 * A step takes four blocks of each packet: eight loads of 64 bytes, transposed to columns of words,
 * and with the powers of each lane's own r
 *
 *   h = (h + c0) r^4 + c1 r^3 + c2 r^2 + c3 r
 *
 * under one carry chain.  Lengths differ: first come the steps that all packets have in full, then
 * those that only some have, whose lanes alone take the result, then one last step.  It holds what
 * is left of each text, 0 to 3 blocks, and the block of lengths, at the end of the four slots; h
 * joins at each lane's own first slot.
 *
 *   slots of the last step     -   -   -  len      text of a multiple of 64 bytes, or up to 15 less
 *                              -   -  c0  len      1 to 16 bytes more
 *                              -  c0  c1  len
 *                             c0  c1  c2  len      33 to 48 bytes more
 *
 * Lanes without a packet repeat the first one.
 */
#include "plugins/lanes/avx512.h"

struct side {
	struct fe h;
	struct mult power[4]; /* r^1 .. r^4 */
	vec s_lo, s_hi;       /* second half of the one-time keys */
	const uint8_t *text[LANES_SIDE];
	uint32_t len[LANES_SIDE];
};

/* Rows of 64 bytes, one a packet, to columns of words. */
INLINE void transpose(vec col[8], const vec row[8])
{
	vec t[8];

	for (int i = 0; i < 8; i += 2) {
		t[i] = _mm512_unpacklo_epi64(row[i], row[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi64(row[i], row[i + 1]);
	}
	for (int odd = 0; odd < 2; odd++) {
		vec a = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0x88);
		vec b = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0x88);
		vec c = _mm512_shuffle_i64x2(t[odd], t[2 + odd], 0xdd);
		vec d = _mm512_shuffle_i64x2(t[4 + odd], t[6 + odd], 0xdd);

		col[0 + odd] = _mm512_shuffle_i64x2(a, b, 0x88);
		col[2 + odd] = _mm512_shuffle_i64x2(c, d, 0x88);
		col[4 + odd] = _mm512_shuffle_i64x2(a, b, 0xdd);
		col[6 + odd] = _mm512_shuffle_i64x2(c, d, 0xdd);
	}
}

/* One-time keys, and the powers of r. */
INLINE void begin(struct side *s, const struct lanes_mac *m, unsigned n)
{
	vec row[8], col[8];
	struct fe r;

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		const struct lanes_mac *of = &m[i < n ? i : 0];

		s->text[i] = of->text;
		s->len[i] = of->len;
		row[i] = _mm512_loadu_si512(of->key);
	}
	transpose(col, row);
	s->s_lo = col[2];
	s->s_hi = col[3];
	r = clamp(col[0], col[1]);
	s->power[0] = multiplier(r);
	for (int i = 1; i < 4; i++) {
		r = times(r, &s->power[0]);
		s->power[i] = multiplier(r);
	}
}

/* Associated data is one block padded with zeros, or none. */
INLINE void absorb_aad(struct side *s, const struct lanes_mac *m, unsigned n)
{
	_Alignas(64) uint64_t w[2][LANES_SIDE];
	__mmask8 present = 0;

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		const struct lanes_mac *of = &m[i < n ? i : 0];
		__m128i x = load_short(of->aad, of->aad_len);

		w[0][i] = (uint64_t)_mm_cvtsi128_si64(x);
		w[1][i] = (uint64_t)_mm_extract_epi64(x, 1);
		present |= (__mmask8)((of->aad_len > 0) << i);
	}
	s->h = block(_mm512_load_si512(w[0]), _mm512_load_si512(w[1]),
	             _mm512_maskz_mov_epi64(present, BIT128));
	s->h = times(s->h, &s->power[0]);
}

INLINE struct fe absorb4(const struct side *s, const vec row[8])
{
	struct acc d = nothing();
	vec c[8];

	transpose(c, row);
	accumulate(&d, block(c[6], c[7], BIT128), &s->power[0]);
	accumulate(&d, block(c[4], c[5], BIT128), &s->power[1]);
	accumulate(&d, block(c[2], c[3], BIT128), &s->power[2]);
	accumulate(&d, sum(s->h, block(c[0], c[1], BIT128)), &s->power[3]);
	return reduce(&d);
}

/* Steps of a text: those of four whole blocks, and one whose fourth block is short. */
static uint32_t steps_of(uint32_t len)
{
	return (len + 15) / 64;
}

/* From the step on that not all packets have in full. */
static void absorb_some(struct side *s, uint32_t step, uint32_t most)
{
	for (; step < most; step++) {
		__mmask8 active = 0;
		vec row[8];

		for (unsigned i = 0; i < LANES_SIDE; i++) {
			uint32_t left = s->len[i] - 64 * step;

			row[i] = _mm512_setzero_si512();
			if (step < steps_of(s->len[i])) {
				row[i] = load_part(s->text[i] + 64 * (size_t)step,
				                   left < 64 ? left : 64);
				active |= (__mmask8)(1u << i);
			}
		}
		s->h = choose(active, s->h, absorb4(s, row));
	}
}

INLINE void absorb_texts(struct side *s)
{
	uint32_t full = UINT32_MAX, most = 0, step = 0;

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		full = s->len[i] / 64 < full ? s->len[i] / 64 : full;
		most = steps_of(s->len[i]) > most ? steps_of(s->len[i]) : most;
	}
	for (; step < full; step++) {
		vec row[8];

		for (unsigned i = 0; i < LANES_SIDE; i++)
			row[i] = _mm512_loadu_si512(s->text[i] + 64 * (size_t)step);
		s->h = absorb4(s, row);
	}
	absorb_some(s, step, most);
}

/* The last slots of one packet; returns how many are not used. */
INLINE unsigned last_slots(const struct side *s, const struct lanes_mac *of, unsigned i, vec *row)
{
	const vec iota = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
	uint32_t at = 64 * steps_of(s->len[i]);
	uint32_t left = s->len[i] > at ? s->len[i] - at : 0;
	uint32_t skip = 3 - (left + 15) / 16;
	vec x = _mm512_setzero_si512();

	if (left > 0)
		x = load_part(s->text[i] + at, left);
	x = _mm512_maskz_permutexvar_epi64((__mmask8)(0xff << (2 * skip)),
	                                   _mm512_sub_epi64(iota, _mm512_set1_epi64(2 * skip)), x);
	*row = _mm512_inserti64x2(x, _mm_set_epi64x(s->len[i], of->aad_len), 3);
	return skip;
}

INLINE void absorb_last(struct side *s, const struct lanes_mac *m, unsigned n)
{
	_Alignas(64) uint64_t skip[LANES_SIDE];
	struct acc d = nothing();
	vec row[8], c[8], skips;

	for (unsigned i = 0; i < LANES_SIDE; i++)
		skip[i] = last_slots(s, &m[i < n ? i : 0], i, &row[i]);
	skips = _mm512_load_si512(skip);
	transpose(c, row);
	for (int j = 0; j < 4; j++) {
		vec slot = _mm512_set1_epi64(j);
		__mmask8 used = _mm512_cmple_epu64_mask(skips, slot);
		__mmask8 first = _mm512_cmpeq_epu64_mask(skips, slot);
		struct fe b = block(c[2 * j], c[2 * j + 1], _mm512_maskz_mov_epi64(used, BIT128));

		accumulate(&d, choose(first, b, sum(b, s->h)), &s->power[3 - j]);
	}
	s->h = reduce(&d);
}

void lanes_avx512_side(struct lanes_mac *m, unsigned n)
{
	_Alignas(64) uint64_t tag[2][LANES_SIDE];
	struct side s;
	vec lo, hi;

	begin(&s, m, n);
	absorb_aad(&s, m, n);
	absorb_texts(&s);
	absorb_last(&s, m, n);
	finish(s.h, &lo, &hi, s.s_lo, s.s_hi);
	_mm512_store_si512(tag[0], lo);
	_mm512_store_si512(tag[1], hi);
	for (unsigned i = 0; i < n; i++) {
		m[i].tag[0] = tag[0][i];
		m[i].tag[1] = tag[1][i];
	}
}
