/* avx2_chacha - ChaCha20 (RFC 8439 2.3) on 8 blocks at a time.
 *
 * Word w of all blocks lies in one register, a block a lane.  16 registers do not hold a state and
 * what its rotations need beside it, so the third row lives in memory: each of its words is fetched
 * and put back once a round.  That it is volatile keeps compilers from spilling others as well.
 */
#include "plugins/lanes/avx2.h"

typedef uint32_t word __attribute__((vector_size(32), may_alias)); /* one state word of 8 blocks */

/* Words a, b, d of column i, or with turn 1 of diagonal i; word c is c[C(i)]. */
#define A(i) x[i]
#define B(i) x[4 + ((i) + turn) % 4]
#define C(i) ((i) + 2 * turn) % 4
#define D(i) x[12 + ((i) + 3 * turn) % 4]

INLINE word rotate(word x, int n)
{
	return (x << n) | (x >> (32 - n));
}

/* By whole bytes it is one instruction. */
INLINE word rotate16(word x)
{
	const __m256i by = _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2,
	                                   13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);

	return (word)_mm256_shuffle_epi8((__m256i)x, by);
}

INLINE word rotate8(word x)
{
	const __m256i by = _mm256_set_epi8(14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3,
	                                   14, 13, 12, 15, 10, 9, 8, 11, 6, 5, 4, 7, 2, 1, 0, 3);

	return (word)_mm256_shuffle_epi8((__m256i)x, by);
}

/* Quarter rounds of columns, or diagonals, i and j. */
INLINE void quarters(word x[16], volatile word c[4], int i, int j, int turn)
{
	word ci = c[C(i)], cj = c[C(j)];

	A(i) += B(i), A(j) += B(j);
	D(i) = rotate16(D(i) ^ A(i)), D(j) = rotate16(D(j) ^ A(j));
	ci += D(i), cj += D(j);
	B(i) = rotate(B(i) ^ ci, 12), B(j) = rotate(B(j) ^ cj, 12);
	A(i) += B(i), A(j) += B(j);
	D(i) = rotate8(D(i) ^ A(i)), D(j) = rotate8(D(j) ^ A(j));
	ci += D(i), cj += D(j);
	B(i) = rotate(B(i) ^ ci, 7), B(j) = rotate(B(j) ^ cj, 7);
	c[C(i)] = ci, c[C(j)] = cj;
}

/* Words w and w + 1 of blocks q and q + 4, and so on, to words w to w + 3 of them. */
INLINE void transpose4(__m256i r[4], const word x[4])
{
	__m256i a = (__m256i)x[0], b = (__m256i)x[1], c = (__m256i)x[2], d = (__m256i)x[3];
	__m256i ab0 = _mm256_unpacklo_epi32(a, b), ab1 = _mm256_unpackhi_epi32(a, b);
	__m256i cd0 = _mm256_unpacklo_epi32(c, d), cd1 = _mm256_unpackhi_epi32(c, d);

	r[0] = _mm256_unpacklo_epi64(ab0, cd0);
	r[1] = _mm256_unpackhi_epi64(ab0, cd0);
	r[2] = _mm256_unpacklo_epi64(ab1, cd1);
	r[3] = _mm256_unpackhi_epi64(ab1, cd1);
}

/* Half blocks: words x[0] to x[7] of eight blocks, 64 bytes apart. */
INLINE void store8(uint8_t *out, const word x[8])
{
	__m256i lo[4], hi[4];

	transpose4(lo, x);
	transpose4(hi, x + 4);
	for (int q = 0; q < 4; q++) {
		store(out + 64 * q, _mm256_permute2x128_si256(lo[q], hi[q], 0x20));
		store(out + 64 * (q + 4), _mm256_permute2x128_si256(lo[q], hi[q], 0x31));
	}
}

static void chacha8(uint8_t *out, const word in[16])
{
	volatile word c[4] = { in[8], in[9], in[10], in[11] };
	word x[16];

	x[0] = in[0], x[1] = in[1], x[2] = in[2], x[3] = in[3];
	x[4] = in[4], x[5] = in[5], x[6] = in[6], x[7] = in[7];
	x[12] = in[12], x[13] = in[13], x[14] = in[14], x[15] = in[15];
	for (int i = 0; i < 10; i++) {
		quarters(x, c, 0, 1, 0);
		quarters(x, c, 2, 3, 0);
		quarters(x, c, 0, 1, 1);
		quarters(x, c, 2, 3, 1);
	}
	__asm__ volatile("" : : : "memory"); /* fetch the inputs again, do not keep them */
	x[0] += in[0], x[1] += in[1], x[2] += in[2], x[3] += in[3];
	x[4] += in[4], x[5] += in[5], x[6] += in[6], x[7] += in[7];
	store8(out, x);
	x[8] = c[0] + in[8], x[9] = c[1] + in[9], x[10] = c[2] + in[10], x[11] = c[3] + in[11];
	x[12] += in[12], x[13] += in[13], x[14] += in[14], x[15] += in[15];
	store8(out + 32, x + 8);
}

INLINE word set(word x, __m256i lanes, uint32_t value)
{
	return (word)_mm256_blendv_epi8((__m256i)x, _mm256_set1_epi32((int)value), lanes);
}

/* Each segment sets its lanes and those above. */
static void lay(word in[16], const struct lanes_seg *seg, unsigned segs)
{
	const word iota = { 0, 1, 2, 3, 4, 5, 6, 7 };
	const word zero = { 0 };
	const uint8_t *key = NULL;

	in[0] = zero + 0x61707865;
	in[1] = zero + 0x3320646e;
	in[2] = zero + 0x79622d32;
	in[3] = zero + 0x6b206574;
	in[13] = zero; /* the nonce's first four bytes */
	for (const struct lanes_seg *s = seg; s < seg + segs; s++) {
		__m256i lanes = (__m256i)(iota >= s->lane);

		for (int w = 0; w < 8 && s->key != key; w++)
			in[4 + w] = set(in[4 + w], lanes, lanes_le32(s->key + 4 * w));
		key = s->key;
		in[12] = (word)_mm256_blendv_epi8((__m256i)in[12], (__m256i)(iota + s->block),
		                                  lanes);
		in[14] = set(in[14], lanes, (uint32_t)s->counter);
		in[15] = set(in[15], lanes, (uint32_t)(s->counter >> 32));
	}
}

void lanes_avx2_pass(uint8_t *out, uint8_t state[LANES_PASS * LANES_BLOCK],
                     const struct lanes_seg *seg, unsigned segs, unsigned blocks)
{
	word *in = (word *)state;

	(void)blocks; /* a pass of fewer takes as long */
	lay(in, seg, segs);
	chacha8(out, in);
}
