/* trace_parts.h - what the files of a trace share; private to core/trace*.c.
 *
 *     trace.c         its life: orders to workers, taking in, the queue of stories
 *     trace_wish.c    names: those of the graph, copied, and the ends that a wish means
 *     trace_story.c   records, by packet, until it has ended
 */
#ifndef MR_CORE_TRACE_PARTS_H
#define MR_CORE_TRACE_PARTS_H

#include "core/graph.h"
#include "core/trace.h"
#include "core/tracer.h"

#define TRACE_ENDS_MAX 1024 /* ends that a wish can mean */

/* ---- trace_wish.c ---- */

/* A replica, as the trace knows it: the graph may be gone when its story is told. */
struct trace_place {
	const char           *stage, *worker;      /* the names' */
	const char           *to[MR_PORTS_MAX];    /* stage behind an output, or NULL */
	const struct mr_kind *kind;
	unsigned              number;  /* of the stage, in the graph        */
	unsigned              replica;
	unsigned              drops;   /* how many names of drops it has    */
};

struct trace_names {
	struct trace_place *place; /* [replicas], owned */
	unsigned            replicas;
	char               *stage[MR_STAGES_MAX], *worker[MR_WORKERS_MAX]; /* owned */
};

bool trace_names_open(struct trace_names *n, const struct mr_engine *e);
void trace_names_close(struct trace_names *n);

/* What stories have to be like. */
struct trace_filter {
	int      stage; /* that they pass, number in the graph; -1: any            */
	bool     any;   /* that they end by some drop                              */
	unsigned ends;  /* ... by one of these; 0 and not any: they end as they like */
	struct { uint16_t stage, word; } end[TRACE_ENDS_MAX];
};

/* False with a sentence in wrong. */
bool trace_filter_read(struct trace_filter *f, const struct mr_engine *e,
                       const struct mr_trace_wish *wish, char wrong[MR_TRACE_WRONG]);

/* Does a packet that ended by this word of that stage fit?  word MR_NO_WORD, or not an end: no. */
bool trace_filter_ends(const struct trace_filter *f, unsigned stage, unsigned word);

/* ---- trace_story.c ---- */

struct trace_stories;

/* The names are borrowed.  NULL: no memory. */
struct trace_stories *trace_stories_open(const struct trace_names *names);
void trace_stories_close(struct trace_stories *s);

/* A record that a worker sent, in its order.  False: there was no place for it. */
bool trace_stories_add(struct trace_stories *s, const struct mr_record *record, uint64_t now);

/* The next story that has ended before the pass before this one began, or of which nothing has been
 * written since `stale` (0: such ones wait); *by is the word it ended by, or MR_NO_WORD.  NULL:
 * none; then a pass is over.  Valid until the next call. */
const struct mr_story *trace_stories_next(struct trace_stories *s, uint64_t stale, unsigned *by);

#endif
