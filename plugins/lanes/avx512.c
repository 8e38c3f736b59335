/* avx512 - the table of AVX-512: XOR, and which way a tag is computed. */
#include "plugins/lanes/avx512.h"

static void xor_bytes(uint8_t *to, const uint8_t *from, const uint8_t *ks, uint32_t n)
{
	for (; n >= 64; n -= 64, to += 64, from += 64, ks += 64)
		_mm512_storeu_si512(to, _mm512_xor_si512(_mm512_loadu_si512(from),
		                                         _mm512_loadu_si512(ks)));
	if (n > 0)
		_mm512_mask_storeu_epi8(to, _bzhi_u64(UINT64_MAX, n),
		                        _mm512_xor_si512(load_part(from, n), load_part(ks, n)));
}

static void plain(struct lanes_mac *m)
{
	const struct mr_aead_piece text[2] = { { m->text, m->len }, { NULL, 0 } };

	lanes_plain_mac(m->tag, m->key, (struct mr_aead_piece){ m->aad, m->aad_len }, text);
}

/* Up to eight packets one by one, or side by side?  The figures are times as measured, roughly. */
static void mac_some(struct lanes_mac *m, unsigned n)
{
	uint32_t alone = 0, most = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t chunks = m[i].len / 64;

		alone += m[i].len < LANES_ONE ? 26 + 46 * chunks : 90 + 6 * chunks;
		most = chunks > most ? chunks : most;
	}
	if (alone >= 180 + 52 * most) {
		lanes_avx512_side(m, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		if (m[i].len < LANES_ONE)
			plain(&m[i]);
		else
			lanes_avx512_one(&m[i]);
}

static void mac(struct lanes_mac *m, unsigned n)
{
	for (; n > LANES_SIDE; m += LANES_SIDE, n -= LANES_SIDE)
		mac_some(m, LANES_SIDE);
	mac_some(m, n);
}

const struct lanes_isa lanes_avx512 = {
	.lanes = LANES_PASS,
	.pass = lanes_avx512_pass,
	.xor = xor_bytes,
	.mac = mac,
};
