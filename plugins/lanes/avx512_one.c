/* avx512_one - the tag of one long packet, eight blocks a step.
 *
 * What is authenticated (associated data, text, lengths, each padded to blocks of 16 bytes) is
 * preceded by zero blocks, which leave h = 0 as it is, so that it ends with a step:
 *
 *   first step                 steps straight from the text     last step
 *   0 .. 0  aad  c0  c1 ..     .. .. .. .. .. .. .. ..          .. .. ck  lengths
 *   |-- lead --|
 *
 * Lane by lane this is a polynomial in R = r^8.  Two steps share a carry chain: the sum so far is
 * kept multiplied by R, and steps a, b make it (h + a) R^2 + b R.  At the end each lane has its own
 * power: r^8 .. r^1 for the last step, R times that for the one before; then lanes are added up.
 * Lanes hold blocks 0 4 1 5 2 6 3 7 of a step, because that is how two loads unpack.
 */
#include "plugins/lanes/avx512.h"

struct one {
	const struct lanes_mac *m;
	uint32_t steps;              /* at least 2                                  */
	uint32_t lead;               /* blocks before the text, [0, 8]              */
	__mmask8 real;               /* lanes of the first step that hold a block   */
	struct mult last, before;    /* powers by lane, of the last two steps       */
	struct mult every, pair;     /* R and R^2 in all lanes                      */
	_Alignas(64) uint8_t head[128]; /* the first step                           */
	_Alignas(64) uint8_t tail[128]; /* the last one                             */
};

INLINE vec in_all(uint64_t x)
{
	return _mm512_set1_epi64((int64_t)x);
}

INLINE vec lane0(vec x)
{
	return _mm512_broadcastq_epi64(_mm512_castsi512_si128(x));
}

INLINE struct mult multiplier_of_lane0(struct fe a)
{
	return multiplier((struct fe){ lane0(a.l0), lane0(a.l1), lane0(a.l2) });
}

INLINE void lay(struct one *o, const struct lanes_mac *m)
{
	static const uint8_t block_of_lane[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };
	uint32_t aad = m->aad_len > 0, blocks = aad + (m->len + 15) / 16 + 1, pad, at;

	o->m = m;
	o->steps = (blocks + 7) / 8;
	pad = 8 * o->steps - blocks;
	o->lead = pad + aad;
	o->real = 0;
	for (unsigned i = 0; i < 8; i++)
		o->real |= (__mmask8)((block_of_lane[i] >= pad) << i);
	memset(o->head, 0, sizeof o->head);
	memset(o->tail, 0, sizeof o->tail);
	if (aad)
		_mm_store_si128((__m128i *)(o->head + 16 * pad), load_short(m->aad, m->aad_len));
	memcpy(o->head + 16 * o->lead, m->text, 128 - 16 * o->lead);
	at = 128 * (o->steps - 1) - 16 * o->lead;
	memcpy(o->tail, m->text + at, m->len - at);
	_mm_store_si128((__m128i *)(o->tail + 112), _mm_set_epi64x(m->len, m->aad_len));
}

/* In lanes: r^8 r^4 r^7 r^3 r^6 r^2 r^5 r^1. */
INLINE void powers(struct one *o)
{
	struct fe r = clamp(in_all(lanes_le64(o->m->key)), in_all(lanes_le64(o->m->key + 8)));
	struct mult by = multiplier(r);
	struct fe r2 = times(r, &by), w;

	by = multiplier(r2);
	w = times(choose(0x0c, r2, r), &by);            /* 4 4 3 3 . . . . */
	w = choose(0xc0, choose(0x30, w, r2), r);       /* 4 4 3 3 2 2 1 1 */
	by = multiplier_of_lane0(w);
	w = choose(0xaa, times(w, &by), w);             /* 8 4 7 3 6 2 5 1 */
	o->last = multiplier(w);
	o->every = multiplier_of_lane0(w);
	w = times(w, &o->every);
	o->before = multiplier(w);
	o->pair = multiplier_of_lane0(w);
}

INLINE struct fe load8(const uint8_t *p, vec top)
{
	vec a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 64);

	return block(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b), top);
}

/* Any step but the last. */
INLINE struct fe step(const struct one *o, uint32_t k)
{
	if (k == 0)
		return load8(o->head, _mm512_maskz_mov_epi64(o->real, BIT128));
	return load8(o->m->text + (128 * (size_t)k - 16 * o->lead), BIT128);
}

INLINE struct fe absorb(const struct one *o)
{
	vec zero = _mm512_setzero_si512();
	struct fe h = { zero, zero, zero };
	struct acc d = nothing();
	uint32_t k = o->steps & 1;

	if (k == 1)
		h = times(step(o, 0), &o->every);
	for (; k + 2 < o->steps; k += 2) {
		d = nothing();
		accumulate(&d, step(o, k + 1), &o->every);
		accumulate(&d, sum(h, step(o, k)), &o->pair);
		h = reduce(&d);
	}
	d = nothing();
	accumulate(&d, load8(o->tail, BIT128), &o->last);
	accumulate(&d, sum(h, step(o, k)), &o->before);
	return reduce(&d);
}

void lanes_avx512_one(struct lanes_mac *m)
{
	struct one o;
	struct fe h;
	vec lo, hi;

	lay(&o, m);
	powers(&o);
	h = absorb(&o);
	h.l0 = _mm512_set1_epi64(_mm512_reduce_add_epi64(h.l0));
	h.l1 = _mm512_set1_epi64(_mm512_reduce_add_epi64(h.l1));
	h.l2 = _mm512_set1_epi64(_mm512_reduce_add_epi64(h.l2));
	finish(h, &lo, &hi, in_all(lanes_le64(m->key + 16)), in_all(lanes_le64(m->key + 24)));
	m->tag[0] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(lo));
	m->tag[1] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(hi));
}
