/* counter.h - per-replica counters: one writer, published whole.
 *
 * Each stage replica counts in plain words that only its worker touches.  At the end of a turn (at
 * most once a millisecond while busy, always before sleeping) the worker copies them to a public
 * block under a sequence word, so that a reader sees a set in which packets are conserved:
 *
 *     in + made = out + taken + dropped + held
 *
 * The layout of a block comes from the kind's descriptor: the common words below, then one word
 * per named drop, then one per edge (packets its full edge dropped), then one per counter of the
 * kind's own, then two per edge (packets and bytes handed on by it).
 */
#ifndef MR_CORE_COUNTER_H
#define MR_CORE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* 0 in a build that leaves out what the runtime measures of itself: packet, byte, vector and call
 * counts at every hand-over, stages' own counters, all histograms, and the clock readings between
 * two calls.  What ends a packet (drops, made, taken, held) is counted all the same.  Only for
 * contrib/bench/stage, to see what measuring costs: configure --enable-unmeasured. */
#ifndef MR_MEASURE
#define MR_MEASURE 1
#endif

static inline void mr_tally(uint64_t *word, uint64_t n)
{
	if (MR_MEASURE)
		*word += n;
}

enum mr_word {
	MR_W_IN,         /* packets handed to process()                                    */
	MR_W_IN_BYTES,
	MR_W_OUT,        /* packets handed on by an edge                                   */
	MR_W_OUT_BYTES,
	MR_W_MADE,       /* packets this stage brought into being (read from a descriptor) */
	MR_W_TAKEN,      /* packets that left the node or ended here in good order         */
	MR_W_TAKEN_BYTES,
	MR_W_HELD,       /* packets the stage keeps right now; the only word that falls    */
	MR_W_VECTORS,    /* vectors taken in                                               */
	MR_W_CALLS,      /* calls of its callbacks while it runs                           */
	MR_W_BUSY_NS,    /* time spent in this replica's calls                             */
	MR_W_SOJOURN,    /* packets that ended before process() because their wait stood;
	                  * counted as in, and as dropped by the stage                     */
	MR_WORDS
};

/* A block of n words and its public copy.  Padded apart by the allocator (64-byte lines). */
struct mr_block {
	unsigned          n;    /* const after open                                        */
	uint64_t         *live; /* owner worker only                                       */
	_Atomic uint64_t *seen; /* written by the owner under seq, read by anybody         */
	_Atomic uint32_t  seq;  /* odd while the owner copies                              */
};

/* NULL or a zeroed block.  Setup only. */
struct mr_block *mr_block_open(unsigned n);
void mr_block_close(struct mr_block *b);

/* Copy live to seen.  Owner only. */
void mr_block_publish(struct mr_block *b);

/* A consistent copy of the last published words, out[n].  Any thread. */
void mr_block_read(const struct mr_block *b, uint64_t *out);

#endif
