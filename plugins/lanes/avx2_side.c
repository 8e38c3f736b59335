/* avx2_side - the tags of four packets side by side: lane i of everything belongs to packet i.
 *
 * As avx512_side.c, which tells it: steps of four blocks of each packet with the powers of each
 * lane's own r under one carry chain, then one last step in which what is left of each text, and
 * its block of lengths, stand at the end of the four slots.
 */
#include "plugins/lanes/avx2.h"

struct side {
	struct fe h;
	struct mult power[4]; /* r^1 .. r^4 */
	const uint8_t *text[LANES_SIDE];
	uint32_t len[LANES_SIDE];
};

/* Two blocks of each packet to columns of words. */
INLINE void transpose(vec col[4], const vec row[4])
{
	vec ab0 = _mm256_unpacklo_epi64(row[0], row[1]);
	vec ab1 = _mm256_unpackhi_epi64(row[0], row[1]);
	vec cd0 = _mm256_unpacklo_epi64(row[2], row[3]);
	vec cd1 = _mm256_unpackhi_epi64(row[2], row[3]);

	col[0] = _mm256_permute2x128_si256(ab0, cd0, 0x20);
	col[1] = _mm256_permute2x128_si256(ab1, cd1, 0x20);
	col[2] = _mm256_permute2x128_si256(ab0, cd0, 0x31);
	col[3] = _mm256_permute2x128_si256(ab1, cd1, 0x31);
}

INLINE void begin(struct side *s, const struct lanes_mac *m, unsigned n)
{
	vec row[4], col[4];
	struct fe r;

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		const struct lanes_mac *of = &m[i < n ? i : 0];

		s->text[i] = of->text;
		s->len[i] = of->len;
		row[i] = load(of->key);
	}
	transpose(col, row);
	r = block(both(col[0], _mm256_set1_epi64x(0x0ffffffc0fffffff)),
	          both(col[1], _mm256_set1_epi64x(0x0ffffffc0ffffffc)), _mm256_setzero_si256());
	s->power[0] = multiplier(&r);
	for (int i = 1; i < 4; i++) {
		r = times(&r, &s->power[0]);
		s->power[i] = multiplier(&r);
	}
}

/* Associated data is one block padded with zeros, or none. */
INLINE void absorb_aad(struct side *s, const struct lanes_mac *m, unsigned n)
{
	_Alignas(32) uint64_t w[2][LANES_SIDE] = { { 0 } }, top[LANES_SIDE];
	struct fe b;

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		const struct lanes_mac *of = &m[i < n ? i : 0];
		uint8_t bytes[16] = { 0 };

		if (of->aad_len > 0)
			memcpy(bytes, of->aad, of->aad_len);
		w[0][i] = lanes_le64(bytes);
		w[1][i] = lanes_le64(bytes + 8);
		top[i] = (uint64_t)(of->aad_len > 0) << 24;
	}
	b = block(load(w[0]), load(w[1]), load(top));
	s->h = times(&b, &s->power[0]);
}

INLINE struct fe sum(const struct fe *a, const struct fe *b)
{
	return (struct fe){ { plus(a->l[0], b->l[0]), plus(a->l[1], b->l[1]),
		              plus(a->l[2], b->l[2]), plus(a->l[3], b->l[3]),
		              plus(a->l[4], b->l[4]) } };
}

INLINE struct fe absorb4(const struct side *s, const vec row[2][4])
{
	struct acc d = nothing();
	struct fe b;
	vec c[4];

	transpose(c, row[1]);
	b = block(c[2], c[3], BIT128);
	accumulate(&d, &b, &s->power[0]);
	b = block(c[0], c[1], BIT128);
	accumulate(&d, &b, &s->power[1]);
	transpose(c, row[0]);
	b = block(c[2], c[3], BIT128);
	accumulate(&d, &b, &s->power[2]);
	b = block(c[0], c[1], BIT128);
	b = sum(&b, &s->h);
	accumulate(&d, &b, &s->power[3]);
	return reduce(d);
}

static uint32_t steps_of(uint32_t len)
{
	return (len + 15) / 64;
}

/* From the step on that not all packets have in full. */
static void absorb_some(struct side *s, uint32_t step, uint32_t most)
{
	for (; step < most; step++) {
		_Alignas(32) uint64_t active[LANES_SIDE];
		vec row[2][4];
		struct fe h;

		for (unsigned i = 0; i < LANES_SIDE; i++) {
			_Alignas(32) uint8_t bytes[64] = { 0 };
			uint32_t left = s->len[i] - 64 * step;

			active[i] = step < steps_of(s->len[i]) ? UINT64_MAX : 0;
			if (active[i])
				memcpy(bytes, s->text[i] + 64 * (size_t)step,
				       left < 64 ? left : 64);
			row[0][i] = load(bytes);
			row[1][i] = load(bytes + 32);
		}
		h = absorb4(s, row);
		s->h = choose(load(active), &s->h, &h);
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
		vec row[2][4];

		for (unsigned i = 0; i < LANES_SIDE; i++) {
			row[0][i] = load(s->text[i] + 64 * (size_t)step);
			row[1][i] = load(s->text[i] + 64 * (size_t)step + 32);
		}
		s->h = absorb4(s, row);
	}
	absorb_some(s, step, most);
}

/* What is left of a text and its lengths, at the end of four slots; returns how many are unused. */
static uint32_t last_slots(uint8_t slots[64], const uint8_t *text, uint32_t len, uint32_t aad_len)
{
	uint32_t at = 64 * steps_of(len), left = len > at ? len - at : 0;
	uint32_t unused = 3 - (left + 15) / 16;
	uint64_t lengths[2] = { aad_len, len };

	memset(slots, 0, 64);
	if (left > 0)
		memcpy(slots + 16 * unused, text + at, left);
	memcpy(slots + 48, lengths, sizeof lengths);
	return unused;
}

/* h joins at slot `skip` of its lane; what is before it does not count. */
static void absorb_last(struct side *s, const struct lanes_mac *m, unsigned n)
{
	_Alignas(32) uint64_t skip[LANES_SIDE];
	struct acc d = nothing();
	vec row[2][4], c[4];

	for (unsigned i = 0; i < LANES_SIDE; i++) {
		_Alignas(32) uint8_t slots[64];

		skip[i] = last_slots(slots, s->text[i], s->len[i], m[i < n ? i : 0].aad_len);
		row[0][i] = load(slots);
		row[1][i] = load(slots + 32);
	}
	for (int slot = 0; slot < 4; slot++) {
		vec at = _mm256_set1_epi64x(slot), unused = _mm256_cmpgt_epi64(load(skip), at);
		struct fe b, with;

		if (slot % 2 == 0)
			transpose(c, row[slot / 2]);
		b = block(c[slot % 2 * 2], c[slot % 2 * 2 + 1],
		          _mm256_andnot_si256(unused, BIT128));
		with = sum(&b, &s->h);
		b = choose(_mm256_cmpeq_epi64(load(skip), at), &b, &with);
		accumulate(&d, &b, &s->power[3 - slot]);
	}
	s->h = reduce(d);
}

/* The residue of a carried value, as limbs of 64 bits, and the tag. */
static void finish(const uint64_t l[5], const uint8_t s[16], uint64_t tag[2])
{
	typedef unsigned __int128 wide;
	wide lo = (wide)l[0] + ((wide)l[1] << 26) + ((wide)l[2] << 52);
	wide hi = (wide)l[3] + ((wide)l[4] << 26); /* of 2^78 */
	uint64_t h0, h1, h2;

	hi = (lo >> 64) + (hi << 14);
	h0 = (uint64_t)lo;
	h1 = (uint64_t)hi;
	h2 = (uint64_t)(hi >> 64);
	lanes_plain_finish(h0, h1, h2, s, tag);
}

void lanes_avx2_side(struct lanes_mac *m, unsigned n)
{
	_Alignas(32) uint64_t limb[5][LANES_SIDE];
	struct side s;

	begin(&s, m, n);
	absorb_aad(&s, m, n);
	absorb_texts(&s);
	absorb_last(&s, m, n);
	for (int i = 0; i < 5; i++)
		store(limb[i], s.h.l[i]);
	for (unsigned k = 0; k < n; k++) {
		const uint64_t l[5] = { limb[0][k], limb[1][k], limb[2][k], limb[3][k],
			                limb[4][k] };

		finish(l, m[k].key + 16, m[k].tag);
	}
}
