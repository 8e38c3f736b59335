/* ceiling.h - the model tunnel of ceiling.c: what its three files share. */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <stdbool.h>
#include <stdint.h>

#define OUTER    16                  /* header of the outer layer, its AAD                  */
#define INNER    (OUTER + 17)        /* header of the inner layer, 12 bytes, its AAD        */
#define IP       (INNER + 12)        /* the packet                                          */
#define TAG      16
#define AROUND   (IP + 2 * TAG)
#define SLOT     2048                /* a packet's buffer                                   */
#define SLOTS    128
#define BATCH    64                  /* packets that are enough for one round               */

enum { FLAGS = OUTER, SUM_AT = OUTER + 1, SUM_IN = OUTER + 3 }; /* in the envelope */

/* One AEAD operation, in place; the tag stands behind the text. */
struct op {
	const uint8_t *key;
	const uint8_t *aad;
	unsigned       aad_len;
	uint64_t       counter;
	uint8_t       *text;
	unsigned       len;
	bool           ok;
};

struct ceiling {
	int            tun, udp;
	const uint8_t *seal[2], *open[2];   /* keys: outer, inner                    */
	uint64_t       counter;
	uint8_t        slot[SLOTS][SLOT];   /* packets on the way out                */
	unsigned       len[SLOTS];          /* of the IPv6 packet in it              */
	unsigned       head, size;          /* the guess: header and segment of TCP  */
	uint8_t        spill[65536];        /* what a super-packet has beyond it     */
	uint8_t        in[65536 + 64];      /* datagrams, as the kernel joined them  */
	struct op      op[BATCH * 2];
	uint64_t       packets_out, packets_in, reads, wrong, sends, receives, writes, forged;
};

/* ---- ceiling_aead.c ---- */

/* What seals, for people. */
extern const char ceiling_aead[];

/* Once; ends the program when there is no memory. */
void ceiling_aead_open(void);

/* All of n operations, n <= 2 * BATCH; opening sets ok of each. */
void ceiling_aead_run(struct op *op, unsigned n, bool sealing);

/* ---- ceiling_tun.c ---- */

/* A device of this name; ends the program when it cannot be had. */
int ceiling_tun_open(const char *name);

/* One read to slots from `at` on, of which BATCH are free; how many packets that is, 0: there is
 * nothing to read. */
unsigned ceiling_tun_read(struct ceiling *c, unsigned at);

/* One write: the first of n opened packets, and all behind it that may be joined with it.
 * How many. */
unsigned ceiling_tun_write(struct ceiling *c, struct op *op, unsigned n);

/* Ends the program with a sentence when a call has failed (result < 0). */
void ceiling_must(int result, const char *what);

#endif
