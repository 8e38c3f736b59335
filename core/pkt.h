/* pkt.h - a packet: 64 bytes of description and a view into a buffer.
 *
 *   base        data                         data + len          base + room
 *    |           |                                |                   |
 *    v           v                                v                   v
 *    +-----------+--------------------------------+-------------------+
 *    | headroom  |              view              |     tailroom      |
 *    +-----------+--------------------------------+-------------------+
 *
 * A stage that adds a header grows the view to the left, one that strips it moves `data` right; the
 * payload never moves.  The buffer belongs to the pool that made it (pool.h) or is a slice of one
 * of its slabs, with no more headroom and tailroom than the slice has; whoever holds the descriptor
 * owns the view, and exactly one place holds it: a stage, a ring, a kept list or the pool.
 *
 * Right behind each descriptor lies a side area, for what belongs to the packet and is too long for
 * a field.  It travels with the descriptor and says nothing until somebody has written it.
 *
 * The names are protocol-neutral.  What `near`, `far`, `limit`, `mark` and the side area mean is
 * the business of the stages that share an edge.
 */
#ifndef MR_CORE_PKT_H
#define MR_CORE_PKT_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define MR_VECTOR   64     /* packets in a vector, at most                            */
#define MR_HEADROOM 128    /* bytes before the view of a packet fresh from its pool   */
#define MR_TAILROOM 64     /* bytes a pool keeps behind the largest view it promises  */
#define MR_SIDE     64     /* bytes of the side area                                  */
#define MR_NO_SLAB  0xffff /* pkt->slab of a packet with a buffer of its own          */
#define MR_POOLS    32     /* there can be; pkt->pool from here on tells more          */
#define MR_NO_HANDLE UINT64_MAX

struct mr_pkt {
	uint8_t *data;  /* first byte of the view; base <= data                        */
	uint8_t *base;  /* start of the buffer or slice                                */
	uint32_t len;   /* bytes in the view; data + len <= base + room                */
	uint32_t room;  /* bytes from base to the end of the buffer or slice           */
	uint64_t stamp; /* ns, when it entered the node; 0 for packets made inside     */
	uint64_t near;  /* handle of the relation with a neighbour, or MR_NO_HANDLE    */
	uint64_t far;   /* handle of the relation with an endpoint, or MR_NO_HANDLE    */
	uint64_t seq;   /* counter or ticket                                           */
	uint16_t pool;  /* index of the pool it goes home to, and a trace's mark; the runtime's */
	uint16_t slab;  /* slab of that pool, or MR_NO_SLAB                            */
	uint16_t limit; /* a size limit found on the way, bytes                        */
	uint8_t  mark;  /* which of an edge's packet shapes this is                    */
	uint8_t  flags; /* bits that travel with the packet                            */
};

_Static_assert(sizeof(struct mr_pkt) == 64, "a packet descriptor is one cache line");

/* What pools are made of; every descriptor is the beginning of one. */
struct mr_pkt_slot {
	struct mr_pkt pkt;
	uint8_t       side[MR_SIDE];
};

/* The unit that moves: packets in arrival order, of mixed targets. */
struct mr_vector {
	unsigned       n;     /* [0, MR_VECTOR]                                                 */
	uint32_t       bytes; /* their lengths together as they were handed on: the runtime's own,
			       * added up once an edge; no stage reads or writes it              */
	struct mr_pkt *pkt[MR_VECTOR];
};

/* What the packets of one relation have in common, whichever table a handle of it is from
 * (table.h): the bits that pick a replica.  [0, 4096). */
static inline unsigned mr_handle_hash(uint64_t handle)
{
	return (unsigned)(handle >> 20) & 0xfff;
}

/* The pool it goes home to: the low bits are its index, the others a mark of somebody who follows
 * the packet (trace.h), 0: nobody does. */
static inline uint16_t mr_pkt_home(const struct mr_pkt *p)
{
	return p->pool % MR_POOLS;
}

/* The side area: MR_SIDE bytes, as aligned as the descriptor. */
static inline uint8_t *mr_pkt_side(const struct mr_pkt *p)
{
	return ((struct mr_pkt_slot *)(uintptr_t)p)->side;
}

static inline uint32_t mr_pkt_headroom(const struct mr_pkt *p)
{
	return (uint32_t)(p->data - p->base);
}

static inline uint32_t mr_pkt_tailroom(const struct mr_pkt *p)
{
	return p->room - mr_pkt_headroom(p) - p->len;
}

/* Grow the view to the left and return its new start. */
static inline uint8_t *mr_pkt_push(struct mr_pkt *p, uint32_t n)
{
	assert(mr_pkt_headroom(p) >= n);
	p->data -= n;
	p->len += n;
	return p->data;
}

/* Shrink the view from the left and return its new start. */
static inline uint8_t *mr_pkt_pull(struct mr_pkt *p, uint32_t n)
{
	assert(p->len >= n);
	p->data += n;
	p->len -= n;
	return p->data;
}

/* Grow the view to the right and return the first new byte. */
static inline uint8_t *mr_pkt_put(struct mr_pkt *p, uint32_t n)
{
	uint8_t *at = p->data + p->len;

	assert(mr_pkt_tailroom(p) >= n);
	p->len += n;
	return at;
}

static inline void mr_pkt_trim(struct mr_pkt *p, uint32_t len)
{
	assert(len <= p->len);
	p->len = len;
}

/* Place an empty view `headroom` bytes into the buffer and forget all that was learnt. */
static inline void mr_pkt_reset(struct mr_pkt *p, uint32_t headroom)
{
	assert(headroom <= p->room);
	p->data = p->base + headroom;
	p->len = 0;
	p->stamp = 0;
	p->near = p->far = MR_NO_HANDLE;
	p->seq = 0;
	p->limit = 0;
	p->mark = p->flags = 0;
}

/* All that was learnt about `of`, its side area with it, holds for p too.
 * The view is not touched. */
static inline void mr_pkt_learn(struct mr_pkt *p, const struct mr_pkt *of)
{
	p->stamp = of->stamp;
	p->near = of->near;
	p->far = of->far;
	p->seq = of->seq;
	p->limit = of->limit;
	p->mark = of->mark;
	p->flags = of->flags;
	memcpy(mr_pkt_side(p), mr_pkt_side(of), MR_SIDE);
}

static inline void mr_vector_add(struct mr_vector *v, struct mr_pkt *p)
{
	assert(v->n < MR_VECTOR);
	v->pkt[v->n++] = p;
}

#endif
