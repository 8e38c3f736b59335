/* csum.c - 32-bit words added into 64-bit lanes, folded at the end. */
#include "fips/path/csum.h"

#define BLOCK 64 /* bytes: two vectors */

typedef uint64_t lanes __attribute__((vector_size(32)));

/* n a multiple of BLOCK.  No lane overflows below 2^31 blocks. */
static inline __attribute__((always_inline)) uint64_t blocks(const uint8_t *p, size_t n)
{
	const lanes low = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	lanes a = { 0 }, b = { 0 };

	for (const uint8_t *end = p + n; p < end; p += BLOCK) {
		lanes x, y;

		memcpy(&x, p, sizeof x);
		memcpy(&y, p + sizeof x, sizeof y);
		a += (x & low) + (x >> 32);
		b += (y & low) + (y >> 32);
	}
	a += b;
	return (a[0] + a[1]) + (a[2] + a[3]);
}

static uint64_t blocks_any(const uint8_t *p, size_t n)
{
	return blocks(p, n);
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2"))) static uint64_t blocks_avx2(const uint8_t *p, size_t n)
{
	return blocks(p, n);
}

static uint64_t blocks_here(const uint8_t *p, size_t n)
{
	return __builtin_cpu_supports("avx2") ? blocks_avx2(p, n) : blocks_any(p, n);
}
#else
static uint64_t blocks_here(const uint8_t *p, size_t n)
{
	return blocks_any(p, n);
}
#endif

/* n < BLOCK */
static uint64_t rest(const uint8_t *p, size_t n)
{
	uint64_t s = 0, w;
	uint32_t half;

	for (; n >= sizeof w; p += sizeof w, n -= sizeof w) {
		memcpy(&w, p, sizeof w);
		s += (w & UINT32_MAX) + (w >> 32);
	}
	for (; n >= sizeof half; p += sizeof half, n -= sizeof half) {
		memcpy(&half, p, sizeof half);
		s += half;
	}
	half = 0;
	memcpy(&half, p, n);
	return s + half;
}

uint16_t fips_csum(const void *at, size_t n, uint64_t with)
{
	const uint8_t *p = at;
	size_t whole = n - n % BLOCK;
	uint64_t s = with;

	if (whole)
		s += blocks_here(p, whole);
	s += rest(p + whole, n - whole);
	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT32_MAX) + (s >> 32);
	s = (s & UINT16_MAX) + (s >> 16);
	s = (s & UINT16_MAX) + (s >> 16);
	return (uint16_t)s;
}
