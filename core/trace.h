/* trace.h - one packet's story: where it waited, who served it, and what became of it.
 *
 *   control                          each worker                          control
 *   mr_trace_start -- order --->     packets that its stages make         mr_trace_next
 *                                    get a mark, and each call that
 *                                    meets a mark writes a record  --->   records become stories
 *   mr_trace_stop --- order --->     no marks and no records any more
 *
 * A mark is a number in the packet's home (pkt.h) and travels with it from stage to stage and from
 * thread to thread.  It is put on where a packet is made, when the call that made it hands it on,
 * and taken off where the packet ends.  Records go to control by a mail for each worker (mail.h);
 * one that finds it full is lost and counted, and stories that were under way then say so.  So that
 * this is rare no packet is marked while many records wait to be read: under load a trace takes its
 * samples in bursts.
 *
 * Waiting and serving leave nothing out: a packet is served while a call that it came to, or was
 * let go by, runs (with what its thread did before it since it last read the clock); all other time
 * it waits.  The first wait is what its source says of it (mr_waited).
 *
 * Nothing of a packet's content is looked at.  While no trace is under way a call costs one
 * comparison more than without all this, and so does a packet that ends on another thread than its
 * own.
 *
 * All functions are main's, between turns of the host.
 */
#ifndef MR_CORE_TRACE_H
#define MR_CORE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"

#define MR_TRACE_COUNT 1000              /* stories a trace may be asked for              */
#define MR_TRACE_TIME  (600 * MR_NS_PER_S)
#define MR_TRACE_LEASE (2 * MR_NS_PER_S) /* whom nobody asks for so long has nobody left  */
#define MR_TRACE_STEPS 48                /* steps of a story that are kept                */
#define MR_TRACE_WRONG 4096

struct mr_engine;
struct mr_kind;

enum mr_trace_what {
	MR_STEP_OUT,   /* handed on by `port` to `to`                                     */
	MR_STEP_KEPT,  /* the stage keeps it                                              */
	MR_STEP_TAKEN, /* it left the node, or was meant for this stage                   */
	MR_STEP_DROP,  /* ended by `port`, the name of a drop                             */
	MR_STEP_FULL,  /* ended at `port`, an output whose edge was full or leads nowhere */
	MR_STEP_STOOD, /* ended before the stage: it had waited for too long in its queue */
	MR_STEP_GONE,  /* the stage gave the buffer back and said nothing                 */
};

/* One call, or the end of a packet between two.  Names are the trace's, or const. */
struct mr_trace_step {
	enum mr_trace_what what;
	const char       *stage, *worker;
	unsigned          replica;
	const struct mr_kind *kind;
	const char       *port; /* of OUT, DROP and FULL, else NULL                       */
	const char       *to;   /* of OUT: the next stage, or NULL                        */
	uint64_t          at;      /* ns, when the call began                             */
	uint64_t          waited;  /* ns since the step before ended                      */
	uint64_t          served;  /* ns the call took, with all that was in its vector   */
	unsigned          vector;  /* packets that came with it, itself included; 0: it was not
	                            * handed in                                           */
	uint32_t          len;     /* bytes of the view when the call was over            */
	uint64_t          near, far; /* handles then                                      */
};

struct mr_story {
	bool     ended;    /* the last step says how                                      */
	bool     complete; /* no record of it has been lost                               */
	uint64_t total;    /* ns from the first wait to the end of the last step          */
	unsigned steps;
	struct mr_trace_step step[MR_TRACE_STEPS]; /* the first `steps` are there         */
};

/* What is wanted.  Borrowed while mr_trace_start runs, `arg` until the trace is forgotten. */
struct mr_trace_wish {
	unsigned    count;  /* stories, [1, MR_TRACE_COUNT]                               */
	unsigned    every;  /* of so many packets made one is followed, >= 1              */
	uint64_t    time;   /* ns, at most MR_TRACE_TIME                                  */
	const char *stage;  /* stories that pass the stage of this name; NULL: any        */
	const char *drop;   /* that end so: `forged`, `fmp-open forged`, `rx.frames` (its edge was
	                     * full), `route sojourn`, `any`; NULL: any end               */
	bool      (*wanted)(void *arg, const struct mr_story *story); /* and this; NULL: all */
	void       *arg;
};

/* 0, or -1 with a sentence in wrong: a trace is under way, a name is not known, no memory. */
int mr_trace_start(struct mr_engine *e, const struct mr_trace_wish *wish,
                   char wrong[MR_TRACE_WRONG]);

/* Its number, or 0: there is none, or none that may be asked for. */
uint64_t mr_trace_id(const struct mr_engine *e);

/* How it goes.  Asking keeps it alive. */
struct mr_trace_state {
	uint64_t    id;       /* 0: there is none                                         */
	const char *over;     /* why no more stories come; NULL: they do                  */
	uint64_t    followed; /* packets marked; known when it is over                    */
	uint64_t    ended;    /* ... whose story was put together                         */
	uint64_t    matched;
	uint64_t    lost;     /* records: for full tables, and when it is over for full mails */
};
struct mr_trace_state mr_trace_ask(struct mr_engine *e);

/* The next story, valid until the next call of any of these; NULL: none yet. */
const struct mr_story *mr_trace_next(struct mr_engine *e);

/* No more marks and records; what is there can still be asked for. */
void mr_trace_stop(struct mr_engine *e, const char *why);

/* Away with what is there, as soon as no worker writes any more. */
void mr_trace_forget(struct mr_engine *e);

/* ---- for the engine ---- */

/* Take in what workers wrote, when it is time; MR_NEVER: no trace. */
void     mr_trace_tend(struct mr_engine *e);
uint64_t mr_trace_due(const struct mr_engine *e);

/* Every thread has ended, or waits at its gate: the workers forget the trace at once. */
void mr_trace_cut(struct mr_engine *e, const char *why);
void mr_trace_close(struct mr_engine *e);

#endif
