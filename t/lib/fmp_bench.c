/* fmp_bench.c - see fmp_bench.h. */
#include "t/lib/fmp_bench.h"

#include <string.h>

#include "core/wire.h"
#include "stages/lib/words.h"

extern const struct mr_kind mr_kind_fmp_open;

const uint8_t fmp_bench_secret[MR_AEAD_KEY] = { 5, 6, 7 };
const struct fips_via fmp_bench_home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };
const struct fips_via fmp_bench_away = { .len = 16, .sock = { 2, 0, 8, 73, 11 } };

bool fmp_bench_open(struct fmp_bench *b, int provider, const uint8_t key[MR_AEAD_KEY],
                    uint32_t index)
{
	const struct mr_aead *p = keys_provider(provider);

	if (!p)
		return false;
	rig_aead(p);
	b->rig = rig_open(&mr_kind_fmp_open, "{}", CRAFT_NODE(CRAFT_B, CRAFT_UDP));
	b->keys = keys_open(p, key, 1, 0);
	fips_link_recv_init(&b->recv, &fmp_bench_home);
	b->recv.sending = 1;
	craft_index(b->rig, index, &craft_a, FMP_BENCH_LINK, &b->recv, &b->keys->recv);
	return true;
}

void fmp_bench_close(struct fmp_bench *b)
{
	rig_close(b->rig);
	keys_close(b->keys);
}

void fmp_bench_feed(struct fmp_bench *b, const void *frame, size_t n, const struct fips_via *via)
{
	struct mr_pkt *p = rig_feed(b->rig, "frames", frame, n);

	*mr_pkt_via(p) = *via;
}

void fmp_bench_text(uint8_t *text, size_t n, uint8_t type)
{
	memset(text, 0x5a, n);
	if (n >= 4)
		mr_to_le32(text, 1000);
	if (n > 4)
		text[4] = type;
}

size_t fmp_bench_frame(uint8_t *out, uint64_t counter, uint8_t flags, uint8_t type)
{
	uint8_t text[40];

	fmp_bench_text(text, sizeof text, type);
	return craft_frame(out, fmp_bench_secret, FMP_BENCH_INDEX, counter, flags, text,
			   sizeof text);
}
