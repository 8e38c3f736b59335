/* avx512_chacha - ChaCha20 (RFC 8439 2.3) on 16 blocks at a time, or on twice 16.
 *
 * Word w of all blocks lies in one register, a block a lane.  One round of 16 blocks is a chain of
 * twelve dependent instructions, four registers wide; a processor that takes two cycles for one of
 * them, or begins more than two in a cycle, waits for its own results.  Two such states, whose 32
 * registers are all there are, fill those gaps.
 *
 * A pass reads its inputs from `state`: they are wanted again when the rounds are over.
 */
#include "plugins/lanes/lanes.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

typedef uint32_t word __attribute__((vector_size(64), may_alias)); /* one state word of 16 blocks */

/* Words a, b, c, d of column i, or with turn 1 of diagonal i. */
#define A(i) x[i]
#define B(i) x[4 + ((i) + turn) % 4]
#define C(i) x[8 + ((i) + 2 * turn) % 4]
#define D(i) x[12 + ((i) + 3 * turn) % 4]

/* As instructions that work in place: 32 registers hold two states and nothing beside them, which
 * compilers do not find out by themselves. */
#define ADD(x, y)    __asm__("vpaddd %1, %0, %0" : "+v"(x) : "v"(y))
#define XOR(x, y)    __asm__("vpxord %1, %0, %0" : "+v"(x) : "v"(y))
#define ROTATE(x, n) __asm__("vprold $" #n ", %0, %0" : "+v"(x))

/* A step of four quarter rounds: a += b, d ^= a, d <<<= n. */
#define STEP(a, b, d, n) \
	ADD(a(0), b(0)); ADD(a(1), b(1)); ADD(a(2), b(2)); ADD(a(3), b(3)); \
	XOR(d(0), a(0)); XOR(d(1), a(1)); XOR(d(2), a(2)); XOR(d(3), a(3)); \
	ROTATE(d(0), n); ROTATE(d(1), n); ROTATE(d(2), n); ROTATE(d(3), n)

INLINE void step1(word x[16], int turn)
{
	STEP(A, B, D, 16);
}

INLINE void step2(word x[16], int turn)
{
	STEP(C, D, B, 12);
}

INLINE void step3(word x[16], int turn)
{
	STEP(A, B, D, 8);
}

INLINE void step4(word x[16], int turn)
{
	STEP(C, D, B, 7);
}

INLINE void round16(word x[16], int turn)
{
	step1(x, turn);
	step2(x, turn);
	step3(x, turn);
	step4(x, turn);
}

INLINE void round32(word x[16], word y[16], int turn)
{
	step1(x, turn), step1(y, turn);
	step2(x, turn), step2(y, turn);
	step3(x, turn), step3(y, turn);
	step4(x, turn), step4(y, turn);
}

/* Words w to w + 3 of sixteen blocks: r[q] has them of blocks q, q + 4, q + 8, q + 12. */
INLINE void transpose4(__m512i r[4], const word x[4])
{
	__m512i a = (__m512i)x[0], b = (__m512i)x[1], c = (__m512i)x[2], d = (__m512i)x[3];
	__m512i ab0 = _mm512_unpacklo_epi32(a, b), ab1 = _mm512_unpackhi_epi32(a, b);
	__m512i cd0 = _mm512_unpacklo_epi32(c, d), cd1 = _mm512_unpackhi_epi32(c, d);

	r[0] = _mm512_unpacklo_epi64(ab0, cd0);
	r[1] = _mm512_unpackhi_epi64(ab0, cd0);
	r[2] = _mm512_unpacklo_epi64(ab1, cd1);
	r[3] = _mm512_unpackhi_epi64(ab1, cd1);
}

/* Blocks q, q + 4, q + 8, q + 12 from their quarters. */
INLINE void store4(uint8_t *out, __m512i a, __m512i b, __m512i c, __m512i d)
{
	__m512i lo_ab = _mm512_shuffle_i32x4(a, b, 0x44), hi_ab = _mm512_shuffle_i32x4(a, b, 0xee);
	__m512i lo_cd = _mm512_shuffle_i32x4(c, d, 0x44), hi_cd = _mm512_shuffle_i32x4(c, d, 0xee);

	_mm512_store_si512(out, _mm512_shuffle_i32x4(lo_ab, lo_cd, 0x88));
	_mm512_store_si512(out + 4 * 64, _mm512_shuffle_i32x4(lo_ab, lo_cd, 0xdd));
	_mm512_store_si512(out + 8 * 64, _mm512_shuffle_i32x4(hi_ab, hi_cd, 0x88));
	_mm512_store_si512(out + 12 * 64, _mm512_shuffle_i32x4(hi_ab, hi_cd, 0xdd));
}

INLINE void store16(uint8_t *out, const word x[16])
{
	__m512i a[4], b[4], c[4], d[4];

	transpose4(a, x);
	transpose4(b, x + 4);
	transpose4(c, x + 8);
	transpose4(d, x + 12);
	store4(out, a[0], b[0], c[0], d[0]);
	store4(out + 64, a[1], b[1], c[1], d[1]);
	store4(out + 128, a[2], b[2], c[2], d[2]);
	store4(out + 192, a[3], b[3], c[3], d[3]);
}

/* Written out, as is all that touches a state: an index that varies would keep it in memory. */
INLINE void load(word x[16], const word in[16])
{
	x[0] = in[0], x[1] = in[1], x[2] = in[2], x[3] = in[3];
	x[4] = in[4], x[5] = in[5], x[6] = in[6], x[7] = in[7];
	x[8] = in[8], x[9] = in[9], x[10] = in[10], x[11] = in[11];
	x[12] = in[12], x[13] = in[13], x[14] = in[14], x[15] = in[15];
}

/* The barrier makes the compiler fetch the inputs again, instead of keeping them all along. */
INLINE void add_inputs(word x[16], const word in[16])
{
	__asm__ volatile("" : : : "memory");
	x[0] += in[0], x[1] += in[1], x[2] += in[2], x[3] += in[3];
	x[4] += in[4], x[5] += in[5], x[6] += in[6], x[7] += in[7];
	x[8] += in[8], x[9] += in[9], x[10] += in[10], x[11] += in[11];
	x[12] += in[12], x[13] += in[13], x[14] += in[14], x[15] += in[15];
}

static void chacha16(uint8_t *out, const word in[16])
{
	word x[16];

	load(x, in);
	for (int i = 0; i < 10; i++) {
		round16(x, 0);
		round16(x, 1);
	}
	add_inputs(x, in);
	store16(out, x);
}

static void chacha32(uint8_t *out, const word in[32])
{
	word x[16], y[16];

	load(x, in);
	load(y, in + 16);
	for (int i = 0; i < 10; i++) {
		round32(x, y, 0);
		round32(x, y, 1);
	}
	add_inputs(x, in);
	store16(out, x);
	add_inputs(y, in + 16);
	store16(out + 16 * LANES_BLOCK, y);
}

INLINE word set(word x, __mmask16 lanes, uint32_t value)
{
	return (word)_mm512_mask_set1_epi32((__m512i)x, lanes, (int)value);
}

/* Inputs of the 16 lanes from `from` on: each segment sets its lanes and those above. */
static void lay(word in[16], const struct lanes_seg *seg, unsigned segs, unsigned from)
{
	const word iota = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	const word zero = { 0 };
	const uint8_t *key = NULL;

	in[0] = zero + 0x61707865;
	in[1] = zero + 0x3320646e;
	in[2] = zero + 0x79622d32;
	in[3] = zero + 0x6b206574;
	in[13] = zero; /* the nonce's first four bytes */
	for (unsigned i = 0; i < segs && seg[i].lane < from + 16; i++) {
		const struct lanes_seg *s = &seg[i];
		unsigned skip = s->lane > from ? s->lane - from : 0;
		__mmask16 lanes = (__mmask16)(0xffffu << skip);

		for (int w = 0; w < 8 && s->key != key; w++)
			in[4 + w] = set(in[4 + w], lanes, lanes_le32(s->key + 4 * w));
		key = s->key;
		in[12] = (word)_mm512_mask_mov_epi32((__m512i)in[12], lanes,
		                                     (__m512i)(iota + (s->block + from)));
		in[14] = set(in[14], lanes, (uint32_t)s->counter);
		in[15] = set(in[15], lanes, (uint32_t)(s->counter >> 32));
	}
}

void lanes_avx512_pass(uint8_t *out, uint8_t state[LANES_PASS * LANES_BLOCK],
                       const struct lanes_seg *seg, unsigned segs, unsigned blocks)
{
	word *in = (word *)state;

	lay(in, seg, segs, 0);
	if (blocks <= 16) {
		chacha16(out, in);
		return;
	}
	lay(in + 16, seg, segs, 16);
	chacha32(out, in);
}
