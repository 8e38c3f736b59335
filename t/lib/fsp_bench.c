/* fsp_bench.c - see fsp_bench.h. */
#include "t/lib/fsp_bench.h"

#include <check.h>

#include "fips/wire/fsp.h"
#include "stages/lib/words.h"

extern const struct mr_kind mr_kind_fsp_open;

const uint8_t fsp_bench_note[8] = { 0xe8, 3, 0, 0, FIPS_FSP_PATH_MTU, 0, 0, 5 };

bool fsp_bench_open(struct fsp_bench *b, int provider, const char *node)
{
	*b = (struct fsp_bench){ .provider = keys_provider(provider) };
	if (!b->provider)
		return false;
	rig_aead(b->provider);
	b->rig = rig_open(&mr_kind_fsp_open, "{}", node);
	fips_session_recv_init(&b->recv);
	craft_session(b->rig, &craft_a, NULL, &b->recv, FIPS_PATH_MTU_UNKNOWN);
	return true;
}

bool fsp_bench_plain(struct fsp_bench *b, int provider)
{
	return fsp_bench_open(b, provider, CRAFT_NODE(CRAFT_B, CRAFT_UDP));
}

void fsp_bench_install(struct fsp_bench *b, unsigned i, const uint8_t key[MR_AEAD_KEY])
{
	struct mr_order order = { .kind = MR_ORD_SESSION_INSTALL, .p = &b->recv };

	b->keys[i] = keys_open(b->provider, key, i + 1, 0);
	order.q = &b->keys[i]->recv;
	rig_order(b->rig, &order);
}

void fsp_bench_close(struct fsp_bench *b)
{
	rig_close(b->rig);
	for (unsigned i = 0; i < 2; i++)
		if (b->keys[i])
			keys_close(b->keys[i]);
}

struct mr_pkt *fsp_bench_feed(struct fsp_bench *b, const void *datagram, size_t n)
{
	return rig_feed(b->rig, "datagrams", datagram, n);
}

void fsp_bench_message(struct fsp_bench *b, const struct bytes *message)
{
	uint8_t datagram[VECTORS_BYTES_MAX];

	fsp_bench_feed(b, datagram,
	               craft_datagram(datagram, &craft_a, &craft_b, 1472, message->at, message->n));
}

void fsp_bench_text(struct fsp_bench *b, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                    uint8_t flags, const void *text, size_t n)
{
	uint8_t datagram[VECTORS_BYTES_MAX];

	fsp_bench_feed(b, datagram,
	               craft_sealed(datagram, &craft_a, &craft_b, key, counter, flags, text, n));
}

void fsp_bench_event(struct fsp_bench *b, unsigned kind, uint64_t id, uint32_t k)
{
	struct mr_event event;

	ck_assert(rig_event(b->rig, &event));
	ck_assert_uint_eq(event.kind, kind);
	ck_assert_uint_eq(event.a, id);
	ck_assert_uint_eq(event.u, k);
}
