/* pool.h - the packets of one worker, and their way home.
 *
 * A pool is a fixed number of descriptors, each with a buffer of its own, allocated once.  Its
 * worker takes packets from a stack.  A packet freed by another worker goes home through a return
 * ring of that (worker, pool) pair, which holds the whole pool, so that returning cannot fail.
 * Slabs are large buffers that several descriptors share as slices; a slice goes home the same way,
 * and only the owner counts how many are out: no atomics.
 */
#ifndef MR_CORE_POOL_H
#define MR_CORE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/pkt.h"

#define MR_SLAB_BYTES  65536
#define MR_SLAB_SLICES 32 /* descriptors for slices, for each slab of a pool */

struct mr_slab {
	uint8_t *base; /* MR_SLAB_BYTES; owned by the pool                       */
	uint32_t out;  /* slices not yet home; the slab is reused at 0           */
	bool     open; /* taken by mr_slab_get and not yet given to mr_slab_done */
};

struct mr_pool {
	uint16_t        index;  /* == pkt->pool of all its packets; const            */
	uint16_t        homes;  /* return rings, one per worker; const               */
	uint32_t        n;      /* packets; const                                    */
	uint32_t        size;   /* bytes of a packet's buffer; const                 */
	uint32_t        nslab;  /* const                                             */
	uint32_t        nslice; /* descriptors reserved for slices; const            */
	struct mr_pkt_slot *pkt; /* n + nslice descriptors, each with its side area  */
	uint8_t        *mem;
	struct mr_slab *slab;
	struct mr_pkt **stack;  /* free packets; owner only                          */
	uint32_t        top;    /* free packets on the stack                         */
	struct mr_pkt **slices; /* free slice descriptors; owner only                */
	uint32_t        slices_top;
	uint32_t       *slab_stack;
	uint32_t        slab_top;
	struct mr_home *home;   /* [homes]; the ring at the owner's own index is unused */
	_Alignas(64) _Atomic bool hungry; /* the owner waits for packets to come home   */
};

/* n packets with buffers of `size` bytes (headroom and tailroom included), nslab slabs with
 * nslice descriptors, return rings for `workers` workers.  NULL: no memory.  Setup only. */
struct mr_pool *mr_pool_open(uint16_t index, uint32_t n, uint32_t size, uint32_t nslab,
                             uint32_t nslice, uint16_t workers);
void mr_pool_close(struct mr_pool *pool);

/* Bytes that such a pool takes. */
uint64_t mr_pool_bytes(uint32_t n, uint32_t size, uint32_t nslab, uint32_t nslice,
                       unsigned workers);

/* A packet reset to MR_HEADROOM, or NULL when none is left.  Owner only. */
struct mr_pkt *mr_pool_get(struct mr_pool *pool);

/* An open slab's index, or MR_NO_SLAB when none is left.  Owner only. */
uint16_t mr_slab_get(struct mr_pool *pool);
/* A packet whose buffer is [at, at + len) of the slab, or NULL when descriptors are out. */
struct mr_pkt *mr_slab_slice(struct mr_pool *pool, uint16_t slab, uint32_t at, uint32_t len);
/* No further slices: the slab is reused once the last slice is home. */
void mr_slab_done(struct mr_pool *pool, uint16_t slab);

/* Put a packet of this pool back.  Owner only. */
void mr_pool_put(struct mr_pool *pool, struct mr_pkt *p);

/* Send a packet home from worker `from` (not the owner).  That worker only; wait-free.  The caller
 * looks at `hungry` once a turn, after a full fence, and wakes the owner. */
void mr_pool_return(struct mr_pool *pool, uint16_t from, struct mr_pkt *p);

/* Take in what came home; returns how many.  Owner only. */
uint32_t mr_pool_collect(struct mr_pool *pool);

/* Packets and slices at home (collected or not).  Only exact while all workers stand still: the
 * test of conservation at the end. */
uint32_t mr_pool_home(struct mr_pool *pool);

/* What has not come home, slabs as well as packets and slices.  As above. */
uint32_t mr_pool_missing(struct mr_pool *pool);

#endif
