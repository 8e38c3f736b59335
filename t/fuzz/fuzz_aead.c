/* Every AEAD provider on one input: byte 0 says whether results go elsewhere, bytes 1 and 2 where
 * the source is cut, byte 3 how much of the rest is associated data.  What is left is first opened
 * as it is (refused, nothing changed), then sealed (all providers alike) and opened again. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead.h"
#include "core/wire.h"
#include "t/lib/provider.h"

#include <stdlib.h>

#define TEXT_MAX 4096

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void run(const struct mr_aead *p, struct mr_aead_op op, const uint8_t *text, uint32_t n,
                uint32_t cut, bool away, uint8_t sealed[TEXT_MAX + MR_AEAD_TAG])
{
	static uint8_t in[TEXT_MAX + MR_AEAD_TAG], out[TEXT_MAX + MR_AEAD_TAG];

	memcpy(in, text, n);
	cut = n ? cut % (n + 1) : 0;
	op.src[0] = (struct mr_aead_piece){ in, cut };
	op.src[1] = (struct mr_aead_piece){ in + cut, n - cut };
	op.dst = away ? out : in;
	require(p->open(&op, 1) == 0 && !op.ok && memcmp(in, text, n) == 0);
	p->seal(&op, 1);
	memcpy(sealed, op.dst, n + MR_AEAD_TAG);
	memcpy(in, sealed, n + MR_AEAD_TAG);
	op.src[1].len += MR_AEAD_TAG;
	require(p->open(&op, 1) == 1 && op.ok && memcmp(op.dst, text, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[MR_AEAD_KEY] = { 7 };
	static uint8_t sealed[MR_AEAD_MAX][TEXT_MAX + MR_AEAD_TAG];
	struct mr_wire w = mr_wire_read(data, size);
	bool away = mr_get_u8(&w) & 1;
	uint32_t cut = mr_get_le16(&w), aad_len = mr_get_u8(&w);
	const uint8_t *aad = mr_get_view(&w, aad_len);
	uint32_t n = (uint32_t)mr_wire_left(&w);
	struct mr_aead_op op = { .counter = size, .aad = aad, .aad_len = aad_len };

	if (!mr_wire_ok(&w) || n > TEXT_MAX)
		return 0;
	for (unsigned i = 0; provider_all()[i]; i++) {
		const struct mr_aead *p = provider_all()[i];

		if (p->usable && !p->usable())
			continue;
		op.ctx = p->prepare(key);
		run(p, op, w.at, n, cut, away, sealed[i]);
		require(memcmp(sealed[i], sealed[0], n + MR_AEAD_TAG) == 0);
		p->release(op.ctx);
	}
	return 0;
}
