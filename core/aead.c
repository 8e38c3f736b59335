/* aead - the providers' entrance examination: known answers, the failed-open contract, speed.
 *
 * In the order they run at start: mr_aead_choose tests every provider of the list it is given,
 * measures those that passed and names the fastest.  The examination is the same for all and knows
 * nothing of their insides.  At the end stand the two one-packet calls of the handshakes.
 */
#include "core/aead.h"

#include "core/clock.h"
#include "core/hash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR     16   /* operations a call, as the packet path makes them */
#define TEXT_MAX   1600 /* longest text tried, bytes                        */
#define TEXT_SPEED 1400 /* text of a measured packet, bytes                 */
#define AAD_SPEED  16   /* its associated data, as links have it            */
#define SEALED_MAX (TEXT_MAX + MR_AEAD_TAG)

/* A provider under examination. */
struct rig {
	const struct mr_aead *p;
	struct mr_aead_ctx *ctx[2]; /* prepared with key_of(0), key_of(1)       */
	uint8_t buf[VECTOR][SEALED_MAX];
	uint8_t aad[64];
};

const struct mr_aead *const mr_aead_builtin[] = { &mr_aead_mbedtls, NULL };

const struct mr_aead *mr_aead_find(const struct mr_aead *const *list, const char *name)
{
	for (const struct mr_aead *const *p = list; *p; p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

/* RFC 8439 A.5: its nonce begins with four zero bytes, so it is ours with counter
 * 0x0807060504030201.  The expected 265 + 16 bytes are held as their SHA-256. */
static const char rfc_text[] =
	"Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
	"replaced, or obsoleted by other documents at any time. It is inappropriate to use "
	"Internet-Drafts as reference material or to cite them other than as "
	"/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
static const uint8_t rfc_aad[12] = { 0xf3, 0x33, 0x88, 0x86, 0, 0, 0, 0, 0, 0, 0x4e, 0x91 };
static const uint8_t rfc_key[MR_AEAD_KEY] = {
	0x1c, 0x92, 0x40, 0xa5, 0xeb, 0x55, 0xd3, 0x8a,
	0xf3, 0x33, 0x88, 0x86, 0x04, 0xf6, 0xb5, 0xf0,
	0x47, 0x39, 0x17, 0xc1, 0x40, 0x2b, 0x80, 0x09,
	0x9d, 0xca, 0x5c, 0xbc, 0x20, 0x70, 0x75, 0xc0,
};
static const uint8_t rfc_digest[MR_SHA256_LEN] = {
	0x62, 0x53, 0x6b, 0x1c, 0x55, 0x66, 0xc0, 0x08,
	0x44, 0x4f, 0xee, 0x00, 0xfe, 0x22, 0xfd, 0xb1,
	0x37, 0xde, 0x99, 0x2d, 0x8a, 0xfc, 0x84, 0x87,
	0x46, 0x31, 0x3b, 0x40, 0x14, 0x40, 0x09, 0x42,
};

static const char *known_answer(struct rig *r)
{
	const uint32_t n = sizeof rfc_text - 1;
	struct mr_aead_ctx *ctx = r->p->prepare(rfc_key);
	struct mr_aead_op op = { .ctx = ctx, .counter = UINT64_C(0x0807060504030201),
		                 .aad = rfc_aad, .aad_len = sizeof rfc_aad,
		                 .src = { { (const uint8_t *)rfc_text, n } }, .dst = r->buf[0] };
	uint8_t digest[MR_SHA256_LEN];
	bool opened;

	if (!ctx)
		return "no memory for a key";
	r->p->seal(&op, 1);
	mr_sha256(r->buf[0], n + MR_AEAD_TAG, digest);
	op.src[0] = (struct mr_aead_piece){ r->buf[0], n + MR_AEAD_TAG };
	opened = r->p->open(&op, 1) == 1 && op.ok;
	r->p->release(ctx);
	if (memcmp(digest, rfc_digest, sizeof digest) != 0)
		return "sealing does not give the known answer of RFC 8439 A.5";
	if (!opened || memcmp(r->buf[0], rfc_text, n) != 0)
		return "opening does not give back the text of RFC 8439 A.5";
	return NULL;
}

/* Keys, texts and associated data of the remaining tests follow from a few numbers, so that
 * another program can compute the same answers. */
static void key_of(unsigned k, uint8_t key[MR_AEAD_KEY])
{
	for (unsigned i = 0; i < MR_AEAD_KEY; i++)
		key[i] = (uint8_t)(3 * i + 101 * k);
}

static void text_of(uint32_t len, uint8_t *text)
{
	for (uint32_t i = 0; i < len; i++)
		text[i] = (uint8_t)(7 * i + len);
}

static bool text_holds(uint32_t len, const uint8_t *text)
{
	for (uint32_t i = 0; i < len; i++)
		if (text[i] != (uint8_t)(7 * i + len))
			return false;
	return true;
}

static uint32_t next_len(uint32_t len)
{
	return len + (len < 288 ? 1 : 41);
}

/* An operation in place on buf[i]; text_len does not count the tag that an opening source has. */
static struct mr_aead_op op_for(struct rig *r, unsigned i, uint32_t text_len, bool opening)
{
	return (struct mr_aead_op){ .ctx = r->ctx[text_len % 2],
		                    .counter = UINT64_C(0xfedcba9800000000) + text_len,
		                    .aad = r->aad,
		                    .aad_len = text_len % 37,
		                    .src = { { r->buf[i],
		                               text_len + (opening ? MR_AEAD_TAG : 0) } },
		                    .dst = r->buf[i] };
}

/* Seal the lengths of one vector with two keys in turn; aad depends on the length too, so each
 * operation gets its own. */
static unsigned fill_vector(struct rig *r, uint32_t *len, uint8_t aad[VECTOR][64],
                            struct mr_aead_op ops[VECTOR], uint32_t lens[VECTOR])
{
	unsigned n = 0;

	for (; n < VECTOR && *len <= TEXT_MAX; n++, *len = next_len(*len)) {
		lens[n] = *len;
		for (uint32_t i = 0; i < *len % 37; i++)
			aad[n][i] = (uint8_t)(5 * i + *len);
		text_of(*len, r->buf[n]);
		ops[n] = op_for(r, n, *len, false);
		ops[n].aad = aad[n];
	}
	return n;
}

/* SHA-256 folded over all sealed packets; computed with an independent program. */
static const uint8_t lengths_digest[MR_SHA256_LEN] = {
	0x92, 0x43, 0xba, 0xc0, 0xad, 0xc4, 0xdf, 0x43,
	0x95, 0xef, 0x60, 0x50, 0x33, 0x0a, 0x8c, 0xd2,
	0x7d, 0xdb, 0x0f, 0x0e, 0xb0, 0x1d, 0x4b, 0x37,
	0x7f, 0xad, 0x0b, 0xc6, 0x38, 0x9e, 0x12, 0xef,
};

static const char *many_lengths(struct rig *r)
{
	struct mr_aead_op ops[VECTOR];
	uint8_t aad[VECTOR][64];
	uint32_t lens[VECTOR];
	uint8_t fold[MR_SHA256_LEN] = { 0 };

	for (uint32_t len = 0; len <= TEXT_MAX;) {
		unsigned n = fill_vector(r, &len, aad, ops, lens);

		r->p->seal(ops, n);
		for (unsigned i = 0; i < n; i++) {
			mr_sha256_pair(fold, sizeof fold, r->buf[i], lens[i] + MR_AEAD_TAG, fold);
			ops[i].src[0].len += MR_AEAD_TAG;
		}
		if (r->p->open(ops, n) != n)
			return "a packet it sealed does not open";
		for (unsigned i = 0; i < n; i++)
			if (!ops[i].ok || !text_holds(lens[i], r->buf[i]))
				return "a packet it sealed opens to another text";
	}
	if (memcmp(fold, lengths_digest, sizeof fold) != 0)
		return "sealing texts of many lengths does not give the known answers";
	return NULL;
}

/* Wrong key, then right key, on one buffer; and sources cut short of a tag. */
static const char *failed_open(struct rig *r)
{
	static const uint32_t lens[] = { 0, 1, 16, 63, 64, 65, 333, 1400 };
	uint8_t before[SEALED_MAX];

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		uint32_t sealed = lens[i] + MR_AEAD_TAG;
		struct mr_aead_op op = op_for(r, 0, lens[i], false);

		text_of(lens[i], r->buf[0]);
		r->p->seal(&op, 1);
		memcpy(before, r->buf[0], sealed);
		op = op_for(r, 0, lens[i], true);
		op.ctx = r->ctx[(lens[i] + 1) % 2];
		if (r->p->open(&op, 1) != 0 || op.ok)
			return "a packet opens under the wrong key";
		if (memcmp(before, r->buf[0], sealed) != 0)
			return "a failed open changes the buffer";
		op = op_for(r, 0, lens[i], true);
		op.src[0].len -= 1;
		if (r->p->open(&op, 1) != 0 || op.ok || memcmp(before, r->buf[0], sealed) != 0)
			return "a packet opens with a truncated tag, or the attempt changes it";
		op.src[0].len = MR_AEAD_TAG - 1;
		if (r->p->open(&op, 1) != 0 || op.ok)
			return "a source shorter than a tag opens";
		op = op_for(r, 0, lens[i], true);
		if (r->p->open(&op, 1) != 1 || !op.ok || !text_holds(lens[i], r->buf[0]))
			return "the right key does not open what the wrong key was tried on";
	}
	return NULL;
}

static const char *rig_up(struct rig *r, const struct mr_aead *p)
{
	uint8_t key[MR_AEAD_KEY];

	memset(r, 0, sizeof *r);
	r->p = p;
	for (unsigned k = 0; k < 2; k++) {
		key_of(k, key);
		r->ctx[k] = p->prepare(key);
	}
	return r->ctx[0] && r->ctx[1] ? NULL : "no memory for a key";
}

static void rig_down(struct rig *r)
{
	for (unsigned k = 0; k < 2; k++)
		r->p->release(r->ctx[k]);
}

const char *mr_aead_self_test(const struct mr_aead *p)
{
	struct rig r;
	const char *wrong;

	if (p->usable && !p->usable())
		return "this processor cannot run it";
	wrong = rig_up(&r, p);
	if (!wrong)
		wrong = known_answer(&r);
	if (!wrong)
		wrong = many_lengths(&r);
	if (!wrong)
		wrong = failed_open(&r);
	rig_down(&r);
	return wrong;
}

/* Fresh operations, and the packets they open: as sealed before, since opening uses them up. */
static void load(struct rig *r, struct mr_aead_op ops[VECTOR], const uint8_t *sealed)
{
	for (unsigned i = 0; i < VECTOR; i++) {
		ops[i] = op_for(r, i, TEXT_SPEED, sealed != NULL);
		ops[i].aad_len = AAD_SPEED;
		if (sealed)
			memcpy(r->buf[i], sealed, TEXT_SPEED + MR_AEAD_TAG);
	}
}

/* Nanoseconds of the quickest vector seen in 10 ms, per packet: the quickest, because whatever
 * else the machine does only adds.  At most 2048 vectors, should the clock stand still. */
static uint64_t quickest(struct rig *r, const uint8_t *sealed, uint64_t (*now)(void))
{
	struct mr_aead_op ops[VECTOR];
	uint64_t start = now(), after = start, best = UINT64_MAX;

	for (unsigned round = 0; round < 2048 && after - start < 10 * MR_NS_PER_MS; round++) {
		uint64_t before;

		load(r, ops, sealed);
		before = now();
		if (sealed)
			r->p->open(ops, VECTOR);
		else
			r->p->seal(ops, VECTOR);
		after = now();
		if (after - before < best)
			best = after - before;
	}
	return best / VECTOR;
}

static void measure(struct mr_aead_score *score, uint64_t (*now)(void))
{
	struct rig r;
	uint8_t sealed[TEXT_SPEED + MR_AEAD_TAG] = { 0 };

	score->refused = rig_up(&r, score->provider);
	if (!score->refused) {
		struct mr_aead_op op = op_for(&r, 0, TEXT_SPEED, false);

		score->ns_seal = quickest(&r, NULL, now);
		op.aad_len = AAD_SPEED;
		op.dst = sealed;
		score->provider->seal(&op, 1);
		score->ns_open = quickest(&r, sealed, now);
	}
	rig_down(&r);
}

static uint64_t sum(const struct mr_aead_score *s)
{
	return s->ns_seal + s->ns_open;
}

const struct mr_aead *mr_aead_choose(const struct mr_aead *const *list, uint64_t (*now)(void),
                                     struct mr_aead_score *scores, unsigned *count)
{
	struct mr_aead_score own[MR_AEAD_MAX];
	const struct mr_aead_score *best = NULL;
	unsigned n = 0;

	if (!scores)
		scores = own;
	for (; n < MR_AEAD_MAX && list[n]; n++) {
		struct mr_aead_score *s = &scores[n];

		*s = (struct mr_aead_score){ .provider = list[n] };
		s->refused = mr_aead_self_test(s->provider);
		if (!s->refused)
			measure(s, now);
		if (n == 0 && s->refused) {
			fprintf(stderr, "millrace: %s: %s\n", s->provider->name, s->refused);
			abort();
		}
		if (!s->refused && (!best || sum(s) < sum(best)))
			best = s;
	}
	if (count)
		*count = n;
	assert(best); /* the built-in one, or this has ended */
	return best->provider;
}

static struct mr_aead_op one(const uint8_t key[MR_AEAD_KEY], uint64_t counter, const void *aad,
                             size_t naad, const void *in, size_t n, uint8_t *out)
{
	struct mr_aead_ctx *ctx = mr_aead_mbedtls.prepare(key);

	if (!ctx || naad > UINT32_MAX || n > UINT32_MAX - MR_AEAD_TAG)
		abort();
	return (struct mr_aead_op){ .ctx = ctx, .counter = counter, .aad = aad,
		                    .aad_len = (uint32_t)naad, .src = { { in, (uint32_t)n } },
		                    .dst = out };
}

void mr_aead_seal_one(const uint8_t key[MR_AEAD_KEY], uint64_t counter, const void *aad,
                      size_t naad, const void *in, size_t n, uint8_t *out)
{
	struct mr_aead_op op = one(key, counter, aad, naad, in, n, out);

	mr_aead_mbedtls.seal(&op, 1);
	mr_aead_mbedtls.release(op.ctx);
}

bool mr_aead_open_one(const uint8_t key[MR_AEAD_KEY], uint64_t counter, const void *aad,
                      size_t naad, const void *in, size_t n, uint8_t *out)
{
	struct mr_aead_op op = one(key, counter, aad, naad, in, n, out);

	mr_aead_mbedtls.open(&op, 1);
	mr_aead_mbedtls.release(op.ctx);
	return op.ok;
}
