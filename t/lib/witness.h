/* witness.h - remembers every established frame that passed, to find an AEAD nonce used twice.
 *
 * A frame's nonce is its counter under the key that receiver_idx names at its receiver.  Of each
 * frame 32 bits are kept, a digest of all its bytes, in pages of 256 counters: 4 bytes a frame,
 * 1 KiB for a key that was hardly used.  Two different frames under one nonce are taken for one and
 * the same with a chance of 2^-32.
 */
#ifndef T_LIB_WITNESS_H
#define T_LIB_WITNESS_H

#include <stddef.h>
#include <stdint.h>

#define WITNESS_PAGE  256        /* counters a page                                   */
#define WITNESS_PAGES (1u << 18) /* at most: 256 MiB, 67 million frames, for one run  */

enum witness_verdict {
	WITNESS_FRESH,
	WITNESS_REPEAT, /* the same bytes passed before              */
	WITNESS_CLASH,  /* other bytes passed under this nonce       */
	WITNESS_FULL,   /* more than it can remember: judged nothing */
};

struct witness_page {
	uint64_t counter; /* the first, a multiple of WITNESS_PAGE */
	uint32_t to, index;
	uint32_t digest[WITNESS_PAGE]; /* 0: did not pass          */
};

struct witness {
	struct witness_page **slot;  /* owned, as are the pages; NULL: empty          */
	unsigned              slots; /* power of two, at least twice the pages, or 0  */
	unsigned              pages;
	unsigned              most;  /* pages allowed; 0: WITNESS_PAGES               */
	unsigned              keys;  /* pages that begin with counter 0: keys in use  */
};

/* One frame of n bytes towards the receiver `to`. */
enum witness_verdict witness_see(struct witness *w, uint32_t to, uint32_t index, uint64_t counter,
                                 const uint8_t *bytes, size_t n);

void witness_free(struct witness *w);

#endif
