/* lanes.h - ChaCha20-Poly1305 (RFC 8439) over whole vectors of packets: how the work is cut.
 *
 * Vector instructions do the same to 8, 16 or 32 things at once.  One packet alone fills such lanes
 * badly: its last blocks leave some idle, its one-time key is a block of its own, and Poly1305 goes
 * through a text step by step.  A vector of packets fills them:
 *
 *   keystream    packet 0         packet 1      packet 2
 *                K 1 2 ... 22     K 1           K 1 2 ... 5        K: block 0, the one-time key
 *                |----- pass ------|---- pass ------|---- pass --  full, whosesoever they are
 *
 *   authenticator, one packet a lane
 *                packet 0   c0 c1 c2 ...
 *                packet 1   c0 c1             as many packets side by side as there are lanes
 *                packet 2   c0 c1 c2 ...
 *
 * The blocks of up to LANES_BATCH packets are laid end to end and computed pass by pass into a
 * buffer (engine.c); then sealing XORs the text to its place and authenticates what is there, and
 * opening authenticates the source and XORs only what proved genuine.  So a packet refused has not
 * been touched, wherever its text was to go.
 *
 * What an instruction set has to offer is a table of three functions (struct lanes_isa).  All else
 * is shared: plain.c authenticates what the tables do not, with 64-bit arithmetic.
 *
 * Nothing secret decides a branch or an address: lengths, counters, the addresses of keys and the
 * verdict do.
 */
#ifndef MR_PLUGINS_LANES_H
#define MR_PLUGINS_LANES_H

#include "core/aead.h"

#include <string.h>

#define LANES_BLOCK 64 /* bytes of a ChaCha20 block                                    */
#define LANES_PASS  32 /* blocks that one pass computes at most                        */
#define LANES_BATCH 16 /* packets whose keystream is computed in one go                */
#define LANES_AAD   16 /* longest associated data that the tables authenticate, bytes  */

struct mr_aead_ctx {
	uint8_t key[MR_AEAD_KEY]; /* const after prepare, in memory for keys */
};

/* Lanes of a pass that belong to one packet: from `lane` to the next segment's, or to the end.
 * Lane i computes block number `block` + i; what is below `lane` does not count. */
struct lanes_seg {
	const uint8_t *key; /* equal addresses are cheaper than equal contents */
	uint64_t counter;   /* of the nonce                                    */
	uint32_t block;     /* may have wrapped below 0                        */
	uint32_t lane;      /* [0, blocks of the pass), ascending, first one 0 */
};

/* One packet to be authenticated. */
struct lanes_mac {
	const uint8_t *key;  /* one-time key, 32 bytes                          */
	const uint8_t *text; /* ciphertext in one piece                         */
	const uint8_t *aad;
	uint32_t len;        /* of the text, bytes                              */
	uint32_t aad_len;    /* [0, LANES_AAD]                                  */
	uint64_t tag[2];     /* written; as little-endian words                 */
};

/* What an instruction set has to offer.  Nothing is read or written beyond what is named here. */
struct lanes_isa {
	unsigned lanes; /* blocks of a full pass, at most LANES_PASS */

	/* Compute `blocks` blocks, at least one, as the segments say; writes to out (aligned to 64)
	 * up to a full pass of them.  state: room for the inputs of the rounds, which hold keys;
	 * aligned, and wiped by whoever lends it. */
	void (*pass)(uint8_t *out, uint8_t state[LANES_PASS * LANES_BLOCK],
	             const struct lanes_seg *seg, unsigned segs, unsigned blocks);

	/* to = from ^ ks, n bytes; to == from or apart. */
	void (*xor)(uint8_t *to, const uint8_t *from, const uint8_t *ks, uint32_t n);

	/* Tags of n packets, 1 to LANES_BATCH, by whichever way is quickest. */
	void (*mac)(struct lanes_mac *m, unsigned n);
};

/* AVX-512 with F, BW, VL, DQ, IFMA and VBMI2: 32 blocks, 8 packets side by side. */
extern const struct lanes_isa lanes_avx512;

/* AVX2 alone: 8 blocks, 4 packets side by side. */
extern const struct lanes_isa lanes_avx2;

/* The two calls of a provider (core/aead.h) by an instruction set that is there. */
void lanes_seal(const struct lanes_isa *isa, struct mr_aead_op *ops, unsigned n);
unsigned lanes_open(const struct lanes_isa *isa, struct mr_aead_op *ops, unsigned n);

/* Loads and stores of this processor, which is little-endian. */
static inline uint32_t lanes_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t lanes_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* ---- plain.c: Poly1305 in 64-bit arithmetic, RFC 8439 2.5 and 2.8 ---- */

/* The tag of any associated data and a ciphertext in two pieces. */
void lanes_plain_mac(uint64_t tag[2], const uint8_t key[32], struct mr_aead_piece aad,
                     const struct mr_aead_piece text[2]);

/* (h mod p) + s mod 2^128, for h = h0 + 2^64 h1 + 2^128 h2 below 2 p. */
void lanes_plain_finish(uint64_t h0, uint64_t h1, uint64_t h2, const uint8_t s[16],
                        uint64_t tag[2]);

#endif
