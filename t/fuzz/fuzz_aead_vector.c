/* Whole vectors of packets on every AEAD provider: eight bytes say what a packet is like (length,
 * associated data, key, place, cut, damage), and texts are made of the input's bytes.  All
 * providers seal alike, open what is whole and refuse what is not; a packet refused is as it was,
 * wherever its text was to go, and opens once it is mended. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "core/aead.h"
#include "core/wire.h"
#include "t/lib/provider.h"

#include <stdlib.h>

#define VECTOR   64
#define TEXT_MAX 4096
#define ROOM     (TEXT_MAX + MR_AEAD_TAG)
#define FILL     0xa5

struct packet {
	uint32_t len, aad_len, cut; /* cut: of what is opened, [0, len + 16] */
	uint64_t counter;
	const uint8_t *aad;
	uint8_t key;      /* 0 to 3                                         */
	bool away;        /* result elsewhere                               */
	bool damaged;
	uint32_t flipped; /* bit of text or tag, when damaged               */
	uint8_t text[TEXT_MAX], right[ROOM], in[ROOM], out[ROOM];
};
static struct packet packets[VECTOR];

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The vector that the input describes; how many packets. */
static unsigned read_vector(const uint8_t *data, size_t size)
{
	static const uint8_t nothing[256];
	struct mr_wire w = mr_wire_read(data, size);
	unsigned n = mr_get_u8(&w) % (VECTOR + 1);

	for (unsigned i = 0; i < n && mr_wire_left(&w) >= 8; i++) {
		struct packet *k = &packets[i];
		uint8_t kind;

		k->len = mr_get_le16(&w) % (TEXT_MAX + 1);
		k->aad_len = mr_get_u8(&w) % 48;
		kind = mr_get_u8(&w);
		k->cut = mr_get_le16(&w) % (k->len + MR_AEAD_TAG + 1);
		k->flipped = mr_get_le16(&w) % (8 * (k->len + MR_AEAD_TAG));
		k->counter = i | (uint64_t)kind << 40;
		k->key = kind & 3;
		k->away = kind & 4;
		k->damaged = kind & 8;
		k->aad = size >= k->aad_len ? data + size - k->aad_len : nothing;
	}
	for (unsigned i = 0; i < n; i++)
		for (uint32_t at = 0; at < packets[i].len; at++)
			packets[i].text[at] = size ? data[(at * 7 + i) % size] : 0;
	return mr_wire_ok(&w) && size >= 1 + 8 * (size_t)n ? n : 0;
}

static void lay(struct packet *k, struct mr_aead_ctx *const ctx[4], const uint8_t *bytes,
                uint32_t n, struct mr_aead_op *op)
{
	uint32_t cut = k->cut < n ? k->cut : n;

	memcpy(k->in, bytes, n);
	memset(k->out, FILL, sizeof k->out);
	*op = (struct mr_aead_op){ .ctx = ctx[k->key], .counter = k->counter, .aad = k->aad,
		                   .aad_len = k->aad_len, .dst = k->away ? k->out : k->in,
		                   .src = { { k->in, cut }, { k->in + cut, n - cut } } };
}

static void seal(const struct mr_aead *p, struct mr_aead_ctx *const ctx[4], unsigned n, bool first)
{
	struct mr_aead_op ops[VECTOR];

	for (unsigned i = 0; i < n; i++)
		lay(&packets[i], ctx, packets[i].text, packets[i].len, &ops[i]);
	p->seal(ops, n);
	for (unsigned i = 0; i < n; i++) {
		struct packet *k = &packets[i];

		if (first)
			memcpy(k->right, ops[i].dst, k->len + MR_AEAD_TAG);
		require(ops[i].ok && memcmp(ops[i].dst, k->right, k->len + MR_AEAD_TAG) == 0);
	}
}

static void flip(struct packet *k)
{
	k->right[k->flipped / 8] ^= (uint8_t)(1 << k->flipped % 8);
}

static void opened(const struct packet *k, const struct mr_aead_op *op)
{
	require(op->ok == !k->damaged);
	if (op->ok)
		require(memcmp(op->dst, k->text, k->len) == 0);
	else
		require(memcmp(k->in, k->right, k->len + MR_AEAD_TAG) == 0);
	for (uint32_t i = op->ok && k->away ? k->len : 0; i < sizeof k->out; i++)
		require(k->out[i] == FILL);
}

static void open_all(const struct mr_aead *p, struct mr_aead_ctx *const ctx[4], unsigned n)
{
	struct mr_aead_op ops[VECTOR];
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++) {
		struct packet *k = &packets[i];

		if (k->damaged)
			flip(k);
		lay(k, ctx, k->right, k->len + MR_AEAD_TAG, &ops[i]);
		good += !k->damaged;
	}
	require(p->open(ops, n) == good);
	for (unsigned i = 0; i < n; i++) {
		struct packet *k = &packets[i];

		opened(k, &ops[i]);
		if (!k->damaged)
			continue;
		flip(k);
		memcpy(k->in, k->right, k->len + MR_AEAD_TAG);
		require(p->open(&ops[i], 1) == 1 && memcmp(ops[i].dst, k->text, k->len) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n = read_vector(data, size), at = 0;
	const struct mr_aead *p;

	while (n > 0 && (p = provider_next(&at))) {
		struct mr_aead_ctx *ctx[4];

		for (uint8_t k = 0; k < 4; k++)
			ctx[k] = p->prepare((const uint8_t[MR_AEAD_KEY]){ k, 7 });
		seal(p, ctx, n, p == provider_all()[0]);
		open_all(p, ctx, n);
		for (unsigned k = 0; k < 4; k++)
			p->release(ctx[k]);
	}
	return 0;
}
