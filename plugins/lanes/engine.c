/* engine - a vector of operations cut into batches, and the order of work within each.
 *
 *   lay       as many operations as fit the buffer of keystream, LANES_BATCH at most
 *   compute   all their blocks, in full passes, whosesoever they are
 *   seal      XOR to the place, authenticate what is there, write the tag
 *   open      authenticate the source, compare, and XOR only what is genuine
 *
 * A text that does not fit the buffer is worked on alone, piece of keystream by piece.
 *
 * The scratch lies on the stack, one hot piece of memory for all keys.  What is left of it is wiped
 * where it would tell more than the packets that lie in the buffers anyway: one-time keys, and the
 * inputs of the rounds.
 */
#include "plugins/lanes/lanes.h"

#include "core/aead_op.h"
#include "core/hash.h"

#define BLOCKS 448 /* of keystream in the buffer: 16 packets of 1728 bytes, or one of 28608 */

/* Blocks of one packet, from `first` on. */
struct run {
	const struct mr_aead_op *op;
	uint32_t first;
	uint32_t blocks;
	uint8_t *ks; /* where the first one is, set when laid */
};

struct batch {
	const struct lanes_isa *isa;
	unsigned n;                            /* [0, LANES_BATCH]                         */
	uint32_t blocks;                       /* of the buffer that are taken             */
	struct mr_aead_op *op[LANES_BATCH];
	struct mr_aead_text text[LANES_BATCH]; /* of op[i]                                 */
	struct run run[LANES_BATCH];           /* of op[i]; of a long text block 0 alone   */
	uint64_t tag[LANES_BATCH][2];          /* of op[i], computed                       */
	_Alignas(64) uint8_t onetime[LANES_BLOCK]; /* block 0 of a long text               */
	_Alignas(64) uint8_t state[LANES_PASS * LANES_BLOCK];
	_Alignas(64) uint8_t ks[(BLOCKS + LANES_PASS) * LANES_BLOCK]; /* a last pass writes more */
};

static void begin(struct batch *b, const struct lanes_isa *isa)
{
	b->isa = isa;
	b->n = 0;
	b->blocks = 0;
}

/* What a batch leaves is overwritten by the next one; mr_wipe keeps the stores before it. */
static void end(struct batch *b)
{
	mr_wipe(b->state, sizeof b->state);
}

/* ---- lay ---- */

static uint32_t blocks_of(const struct mr_aead_text *t)
{
	return 1 + t->len / LANES_BLOCK + (t->len % LANES_BLOCK != 0);
}

static bool has_room(const struct batch *b, const struct mr_aead_text *t)
{
	return b->n < LANES_BATCH && blocks_of(t) <= BLOCKS - b->blocks;
}

static void lay(struct batch *b, struct mr_aead_op *op, const struct mr_aead_text *t)
{
	uint32_t need = blocks_of(t);
	struct run *r = &b->run[b->n];

	b->op[b->n] = op;
	b->text[b->n++] = *t;
	if (need > BLOCKS) {
		*r = (struct run){ op, 0, 1, b->onetime };
		b->blocks = BLOCKS;
	} else {
		*r = (struct run){ op, 0, need, b->ks + (size_t)b->blocks * LANES_BLOCK };
		b->blocks += need;
	}
}

/* ---- compute ---- */

/* Blocks of n runs, end to end into the buffer. */
static void compute(struct batch *b, const struct run *run, unsigned n)
{
	struct lanes_seg seg[LANES_PASS];
	unsigned lane = 0, segs = 0;
	uint8_t *out = b->ks;

	for (const struct run *r = run; r < run + n; r++) {
		for (uint32_t done = 0, take; done < r->blocks; done += take, lane += take) {
			if (lane == b->isa->lanes) {
				b->isa->pass(out, b->state, seg, segs, lane);
				out += (size_t)lane * LANES_BLOCK;
				lane = segs = 0;
			}
			take = b->isa->lanes - lane;
			if (take > r->blocks - done)
				take = r->blocks - done;
			seg[segs++] = (struct lanes_seg){ r->op->ctx->key, r->op->counter,
				                          r->first + done - lane, lane };
		}
	}
	b->isa->pass(out, b->state, seg, segs, lane);
}

static void compute_batch(struct batch *b)
{
	compute(b, b->run, b->n);
	if (b->run[0].ks == b->onetime)
		memcpy(b->onetime, b->ks, sizeof b->onetime);
}

/* XOR bytes [from, from + n) of a text to their place. */
static void xor_range(const struct batch *b, const struct mr_aead_text *t, uint32_t from,
                      uint32_t n, const uint8_t *ks)
{
	uint32_t start = 0; /* of the piece, in the text */

	for (int i = 0; i < 2; i++) {
		uint32_t end = start + t->piece[i].len;
		uint32_t lo = from > start ? from : start;
		uint32_t hi = from + n < end ? from + n : end;

		if (lo < hi)
			b->isa->xor(t->to[i] + (lo - start), t->piece[i].at + (lo - start),
			            ks + (lo - from), hi - lo);
		start = end;
	}
}

/* XOR the text of op[i] to its place. */
static void xor_text(struct batch *b, unsigned i)
{
	const struct mr_aead_text *t = &b->text[i];
	uint32_t whole = blocks_of(t);

	if (b->run[i].blocks == whole) {
		xor_range(b, t, 0, t->len, b->run[i].ks + LANES_BLOCK);
		return;
	}
	for (uint32_t block = 1, take; block < whole; block += take) {
		uint32_t from = (block - 1) * LANES_BLOCK, n = t->len - from;
		struct run part = { b->op[i], block, 0, b->ks };

		take = whole - block < BLOCKS ? whole - block : BLOCKS;
		part.blocks = take;
		compute(b, &part, 1);
		xor_range(b, t, from, n < take * LANES_BLOCK ? n : take * LANES_BLOCK, b->ks);
	}
}

/* ---- authenticate ---- */

static bool one_piece(const struct mr_aead_piece text[2])
{
	return text[0].len == 0 || text[1].len == 0 || text[0].at + text[0].len == text[1].at;
}

/* Tags of the ciphertexts that lie where text[i].piece says; the one-time keys are wiped. */
static void authenticate(struct batch *b)
{
	struct lanes_mac mac[LANES_BATCH];
	unsigned whose[LANES_BATCH], n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		const struct mr_aead_op *op = b->op[i];
		const struct mr_aead_piece *text = b->text[i].piece;

		if (op->aad_len > LANES_AAD || !one_piece(text)) {
			lanes_plain_mac(b->tag[i], b->run[i].ks,
			                (struct mr_aead_piece){ op->aad, op->aad_len }, text);
			continue;
		}
		whose[n] = i;
		mac[n++] = (struct lanes_mac){ .key = b->run[i].ks, .aad = op->aad,
			                       .text = text[text[0].len == 0].at,
			                       .len = b->text[i].len, .aad_len = op->aad_len };
	}
	if (n > 0)
		b->isa->mac(mac, n);
	for (unsigned k = 0; k < n; k++)
		memcpy(b->tag[whose[k]], mac[k].tag, MR_AEAD_TAG);
	for (unsigned i = 0; i < b->n; i++)
		memset(b->run[i].ks, 0, LANES_BLOCK);
}

/* ---- the provider's calls ---- */

static void seal_batch(struct batch *b)
{
	if (b->n == 0)
		return;
	compute_batch(b);
	for (unsigned i = 0; i < b->n; i++) {
		struct mr_aead_text *t = &b->text[i];

		xor_text(b, i);
		t->piece[0] = (struct mr_aead_piece){ b->op[i]->dst, t->len };
		t->piece[1] = (struct mr_aead_piece){ NULL, 0 };
	}
	authenticate(b);
	for (unsigned i = 0; i < b->n; i++) {
		memcpy(b->op[i]->dst + b->text[i].len, b->tag[i], MR_AEAD_TAG);
		b->op[i]->ok = true;
	}
	begin(b, b->isa);
}

static unsigned open_batch(struct batch *b)
{
	unsigned good = 0;

	if (b->n == 0)
		return 0;
	compute_batch(b);
	authenticate(b);
	for (unsigned i = 0; i < b->n; i++) {
		bool ok = mr_equal_secret(b->tag[i], b->text[i].tag, MR_AEAD_TAG);

		b->op[i]->ok = ok;
		if (ok)
			xor_text(b, i);
		good += ok;
	}
	begin(b, b->isa);
	return good;
}

void lanes_seal(const struct lanes_isa *isa, struct mr_aead_op *ops, unsigned n)
{
	struct batch b;

	begin(&b, isa);
	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		struct mr_aead_text t;

		mr_aead_seal_text(op, &t);
		if (!has_room(&b, &t))
			seal_batch(&b);
		lay(&b, op, &t);
	}
	seal_batch(&b);
	end(&b);
}

unsigned lanes_open(const struct lanes_isa *isa, struct mr_aead_op *ops, unsigned n)
{
	struct batch b;
	unsigned good = 0;

	begin(&b, isa);
	for (struct mr_aead_op *op = ops; op < ops + n; op++) {
		struct mr_aead_text t;

		op->ok = false;
		if (!mr_aead_open_text(op, &t))
			continue;
		if (!has_room(&b, &t))
			good += open_batch(&b);
		lay(&b, op, &t);
	}
	good += open_batch(&b);
	end(&b);
	return good;
}
