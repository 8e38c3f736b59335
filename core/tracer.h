/* tracer.h - a worker's part of a trace (trace.h): marks on packets, and records of calls.
 *
 * A worker that is told of a trace has a tracer; else its pointer is NULL, which is all that a call
 * looks at.  Two more words of the worker are compared with a packet's home when it ends: `home`,
 * the number of its own pool, and `foreign`, from which on a home tells more than a pool.  While
 * there is a tracer they are such that every packet that ends is looked at.
 *
 * The tracer belongs to the worker's thread from the order that brings it to the acknowledgement of
 * the one that takes it away; between them control reads from its mail alone.
 */
#ifndef MR_CORE_TRACER_H
#define MR_CORE_TRACER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mail.h"
#include "core/pkt.h"

#define MR_TRACE_RECORDS 8192u /* a mail has room for                                     */
#define MR_TRACE_BURST   900u  /* while so many wait to be read, no packet is marked      */
#define MR_TRACE_MARKS   (UINT16_MAX / MR_POOLS - 1) /* different ones; no home is UINT16_MAX */
#define MR_TRACE_ENDS    320u  /* marked packets that one call may end                    */
#define MR_NO_WORD       0xffff

/* From its end on a packet's mark may be given to the next;
 * its story is told at the second reading. */
_Static_assert(2 * MR_TRACE_BURST < MR_TRACE_MARKS, "no two packets of one mark have stories at a time");

struct mr_worker;
struct mr_replica;
struct mr_order;

enum mr_record_what { MR_RECORD_OUT, MR_RECORD_KEPT, MR_RECORD_END, MR_RECORD_MOVED };

#define MR_RECORD_MADE 0x80 /* with the above: the packet was made in this call           */

struct mr_record {
	uint64_t pkt;     /* the descriptor's address: with `home`, which packet this is  */
	uint64_t at;      /* ns, when the call began                                      */
	uint64_t served;  /* ns                                                           */
	uint64_t waited;  /* ns, of one made in this call: what its source says           */
	uint64_t near;    /* of MOVED: the new descriptor                                 */
	uint64_t far;     /* of MOVED: its home                                           */
	uint32_t len;
	uint32_t none;    /* 0                                                            */
	uint16_t home;
	uint16_t replica; /* index in the engine's                                        */
	uint16_t arg;     /* OUT: output; END: word of its block, or MR_NO_WORD           */
	uint8_t  what;
	uint8_t  vector;
};
_Static_assert(sizeof(struct mr_record) == MR_LETTER, "a record travels as one letter");

struct mr_tracer {
	struct mr_mail *records; /* owned by the trace                                    */
	uint32_t        every;   /* const                                                 */
	uint32_t        skip;    /* packets made that are not marked, before the next is  */
	uint32_t        budget;  /* packets that may still be marked                      */
	uint32_t        marked;
	uint32_t        lost;    /* records                                               */
	/* the call under way */
	struct mr_replica *call; /* NULL: none                                            */
	bool            pulls;   /* it is pull()                                          */
	bool            makes;   /* it may make packets, or, once it is over, has made some */
	uint64_t        began, made, held; /* ns; words before it                         */
	unsigned        came;    /* packets handed in                                     */
	unsigned        marks;   /* ... marked ones that are still in it                  */
	unsigned        ends;
	unsigned        next;    /* where to look for the one that leaves next            */
	const struct mr_pkt *in[MR_VECTOR];   /* [came], if it makes                      */
	const struct mr_pkt *mark[MR_VECTOR]; /* [marks], NULL where one has gone         */
	struct mr_record end[MR_TRACE_ENDS];
};

/* The worker takes up the tracer, or with NULL lays it down.  Own thread, or nobody's. */
void mr_tracer_set(struct mr_worker *w, struct mr_tracer *tracer);

/* An order to all workers: p is an array of tracers by worker, or NULL. */
void mr_tracer_order(struct mr_worker *w, const struct mr_order *order);

/* Around a callback of r, while there is a tracer.  v: what it is handed, or NULL.  `called` after
 * its time has been booked, before what it emitted goes on. */
void mr_tracer_begin(struct mr_worker *w, struct mr_replica *r, const struct mr_vector *v,
                     bool pulls);
void mr_tracer_called(struct mr_worker *w, struct mr_replica *r);

/* A packet ends by this word of r, or goes home without one (MR_NO_WORD): it loses its mark.
 * Whether there is a tracer or not. */
void mr_tracer_ended(struct mr_worker *w, struct mr_replica *r, unsigned word, struct mr_pkt *p);

/* What p was, c is from now on: the mark goes over. */
void mr_tracer_moved(struct mr_worker *w, struct mr_pkt *p, struct mr_pkt *c);

#endif
