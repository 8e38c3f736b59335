/* plain - Poly1305 in 64-bit arithmetic: short packets alone, and whatever has an odd shape.
 *
 * The accumulator h0 + 2^64 h1 + 2^128 h2 is kept congruent mod p = 2^130 - 5, with h2 <= 4 between
 * blocks.  r1 is a multiple of 4, so 2^128 r1 = 2^130 (r1 / 4) = 5 (r1 / 4) = s1 (mod p), and no
 * factor of a product exceeds 64 bits:
 *
 *   (h0 + 2^64 h1 + 2^128 h2) (r0 + 2^64 r1)
 *     = h0 r0 + h1 s1 + 2^64 (h0 r1 + h1 r0 + h2 s1) + 2^128 h2 r0      (mod p)
 */
#include "plugins/lanes/lanes.h"

#include <string.h>

typedef unsigned __int128 wide;

struct poly {
	uint64_t h0, h1, h2;
	uint64_t r0, r1, s1; /* r0, r1 < 2^60: 64 bits hold h2 s1 and h2 r0 */
};

static inline void absorb(struct poly *st, uint64_t m0, uint64_t m1)
{
	wide lo = (wide)st->h0 + m0, mid = (wide)st->h1 + m1 + (uint64_t)(lo >> 64), top;
	uint64_t h0 = (uint64_t)lo, h1 = (uint64_t)mid;
	uint64_t h2 = st->h2 + 1 + (uint64_t)(mid >> 64); /* the 1 is 2^128 of the block */

	lo = (wide)h0 * st->r0 + (wide)h1 * st->s1;
	mid = (wide)h0 * st->r1 + (wide)h1 * st->r0 + h2 * st->s1;
	mid += (uint64_t)(lo >> 64);
	top = (wide)(h2 * st->r0) + (uint64_t)(mid >> 64);

	/* What is from 2^130 up counts five times: x / 4 * 5 = (x >> 2) + (x & ~3). */
	h2 = (uint64_t)top;
	lo = (wide)(uint64_t)lo + (h2 >> 2) + (h2 & ~UINT64_C(3));
	mid = (wide)(uint64_t)mid + (uint64_t)(lo >> 64);
	st->h0 = (uint64_t)lo;
	st->h1 = (uint64_t)mid;
	st->h2 = (h2 & 3) + (uint64_t)(mid >> 64);
}

static inline void absorb_block(struct poly *st, const uint8_t *p)
{
	absorb(st, lanes_le64(p), lanes_le64(p + 8));
}

/* n bytes below 16, padded with zeros, and nothing beyond them read. */
static void absorb_short(struct poly *st, const uint8_t *p, uint32_t n)
{
	uint64_t m0 = 0, m1 = 0;

	if (n > 8) {
		m0 = lanes_le64(p);
		m1 = lanes_le64(p + n - 8) >> (8 * (16 - n));
	} else if (n >= 4) {
		m0 = lanes_le32(p) | (uint64_t)lanes_le32(p + n - 4) << (8 * (n - 4));
	} else {
		m0 = p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) |
		     (uint64_t)p[n - 1] << (8 * (n - 1));
	}
	absorb(st, m0, m1);
}

static void absorb_padded(struct poly *st, const uint8_t *p, uint32_t n)
{
	for (; n >= 16; n -= 16, p += 16)
		absorb_block(st, p);
	if (n > 0)
		absorb_short(st, p, n);
}

/* Two pieces as one string: a block may lie across the cut. */
static void absorb_pieces(struct poly *st, const struct mr_aead_piece text[2])
{
	uint32_t over = text[0].len % 16, fill = 16 - over;
	uint32_t whole = text[0].len - over;
	uint8_t across[16];

	if (over == 0 || text[1].len == 0) {
		absorb_padded(st, text[0].at, text[0].len);
		absorb_padded(st, text[1].at, text[1].len);
		return;
	}
	if (fill > text[1].len)
		fill = text[1].len;
	absorb_padded(st, text[0].at, whole);
	memcpy(across, text[0].at + whole, over);
	memcpy(across + over, text[1].at, fill);
	absorb_padded(st, across, over + fill);
	absorb_padded(st, text[1].at + fill, text[1].len - fill);
}

void lanes_plain_finish(uint64_t h0, uint64_t h1, uint64_t h2, const uint8_t s[16],
                        uint64_t tag[2])
{
	wide lo = (wide)h0 + 5, mid = (wide)h1 + (uint64_t)(lo >> 64);
	uint64_t g2 = h2 + (uint64_t)(mid >> 64);
	uint64_t beyond = 0 - (uint64_t)(g2 > 3); /* h + 5 >= 2^130: h - p is the residue */

	h0 = (h0 & ~beyond) | ((uint64_t)lo & beyond);
	h1 = (h1 & ~beyond) | ((uint64_t)mid & beyond);
	lo = (wide)h0 + lanes_le64(s);
	tag[0] = (uint64_t)lo;
	tag[1] = h1 + lanes_le64(s + 8) + (uint64_t)(lo >> 64);
}

void lanes_plain_mac(uint64_t tag[2], const uint8_t key[32], struct mr_aead_piece aad,
                     const struct mr_aead_piece text[2])
{
	struct poly st = { .r0 = lanes_le64(key) & UINT64_C(0x0ffffffc0fffffff),
		           .r1 = lanes_le64(key + 8) & UINT64_C(0x0ffffffc0ffffffc) };

	st.s1 = st.r1 + (st.r1 >> 2);
	absorb_padded(&st, aad.at, aad.len);
	absorb_pieces(&st, text);
	absorb(&st, aad.len, (uint64_t)text[0].len + text[1].len);
	lanes_plain_finish(st.h0, st.h1, st.h2, key + 16, tag);
}
