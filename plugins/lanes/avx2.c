/* avx2 - the table of AVX2: XOR, and which way a tag is computed. */
#include "plugins/lanes/avx2.h"

static void xor_bytes(uint8_t *to, const uint8_t *from, const uint8_t *ks, uint32_t n)
{
	uint8_t rest[32];

	for (; n >= 32; n -= 32, to += 32, from += 32, ks += 32)
		store(to, _mm256_xor_si256(load(from), load(ks)));
	if (n == 0)
		return;
	memcpy(rest, from, n);
	for (uint32_t i = 0; i < n; i++)
		rest[i] ^= ks[i];
	memcpy(to, rest, n);
}

static void plain(struct lanes_mac *m)
{
	const struct mr_aead_piece text[2] = { { m->text, m->len }, { NULL, 0 } };

	lanes_plain_mac(m->tag, m->key, (struct mr_aead_piece){ m->aad, m->aad_len }, text);
}

/* Up to four packets one by one, or side by side?  The figures are cycles, roughly. */
static void mac_some(struct lanes_mac *m, unsigned n)
{
	uint32_t alone = 0, most = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t chunks = m[i].len / 64;

		alone += 80 + 70 * chunks;
		most = chunks > most ? chunks : most;
	}
	if (alone >= 450 + 110 * most) {
		lanes_avx2_side(m, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		plain(&m[i]);
}

static void mac(struct lanes_mac *m, unsigned n)
{
	for (; n > LANES_SIDE; m += LANES_SIDE, n -= LANES_SIDE)
		mac_some(m, LANES_SIDE);
	mac_some(m, n);
}

const struct lanes_isa lanes_avx2 = {
	.lanes = 8,
	.pass = lanes_avx2_pass,
	.xor = xor_bytes,
	.mac = mac,
};
