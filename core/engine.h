/* engine.h - a graph running.
 *
 * open builds everything on the calling (main) thread: resources, stages, rings, pools, workers.
 * start begins the worker threads.  The host stage's worker has no thread: main calls
 * mr_engine_host_turn from its event loop whenever mr_engine_host_fd is readable or the time
 * mr_engine_host_deadline has come.  stop ends the threads in the order data flows, then close
 * frees everything and checks that every packet came home.
 */
#ifndef MR_CORE_ENGINE_H
#define MR_CORE_ENGINE_H

#include "core/graph.h"
#include "core/hist.h"

#define MR_VIEW_MIN 1600 /* bytes; no buffer holds a smaller view */

struct mr_engine;

struct mr_engine_options {
	const struct mr_graph *graph;   /* borrowed until close                             */
	const struct mr_json  *node;    /* node file; may be NULL                           */
	const struct mr_aead  *aead;
	struct mr_rand         rand;
	uint64_t             (*now)(void);
	uint32_t               view_max; /* 0: from the resources' settings                  */
};

/* NULL after complaining.  Main only, as is all here. */
struct mr_engine *mr_engine_open(const struct mr_engine_options *options, struct mr_report *report);
/* 0, or -1 after complaining: some threads may run, stop it. */
int  mr_engine_start(struct mr_engine *e, struct mr_report *report);
void mr_engine_stop(struct mr_engine *e);  /* returns when every thread has been joined */
/* Returns the number of packets that did not come home (0 unless something is broken). */
unsigned mr_engine_close(struct mr_engine *e);

/* The host's worker, driven by main's loop. */
int      mr_engine_host_fd(struct mr_engine *e);       /* readable: there is work          */
uint64_t mr_engine_host_deadline(struct mr_engine *e); /* ns or MR_NEVER                   */
void     mr_engine_host_turn(struct mr_engine *e);     /* runs until nothing is left or 16 turns */

/* State of the one host stage, for the program's own calls between turns (main only). */
void *mr_engine_host_state(struct mr_engine *e);

/* State of a resource that is open, or NULL.
 * Main only; what is const after open may be looked at. */
void *mr_engine_resource(const struct mr_engine *e, const struct mr_resource *resource);

/* ---- do the workers turn?  (pulse.c) ----
 *
 * Main asks, every worker's thread answers when it has completed a turn that began after the
 * question.  One that sleeps is woken by it, so a worker with nothing to do answers as well as a
 * busy one; one that is in a stage that does not return, or whose thread is not run,
 * does not.  Main only. */

/* Ask all anew; those who have not answered yet go on owing it. */
void mr_engine_ask_turns(struct mr_engine *e);

/* The name of a worker that owes an answer, NULL when none does.  Workers that a reload has put in
 * place since the last question owe one. */
const char *mr_engine_owes_turn(const struct mr_engine *e);

/* ---- reload: another graph or node file in the place of those that run (swap.c) ---- */

enum mr_swap {
	MR_SWAP_REFUSED, /* complained; everything runs on as before                        */
	MR_SWAP_SAME,    /* both say what is said already: nothing was done                 */
	MR_SWAP_HOST,    /* the host took the node file's settings; data workers ran on     */
	MR_SWAP_ALL,     /* all workers were replaced                                       */
};

struct mr_swapped {
	uint64_t rest_ns; /* time in which no source was pulled; 0 unless MR_SWAP_ALL, or refused
	                   * because it did not come to rest                                */
	unsigned moved;   /* packets that stages kept, carried over                         */
	unsigned lost;    /* ... for which there was no place; each counted as a drop       */
	unsigned missing; /* packets that did not come home (0 unless something is broken)  */
};

/* Between two turns of the host.  Of the options graph and node are read, in the rest nothing may
 * have changed.  Afterwards the engine borrows: both as before (REFUSED, SAME); the new node file
 * and the graph it had (HOST); both new ones (ALL).  *done is filled in. */
enum mr_swap mr_engine_swap(struct mr_engine *e, const struct mr_engine_options *next,
                            struct mr_swapped *done, struct mr_report *report);

/* How reloads went, for whoever looks at the engine.  Main only. */
enum mr_reload_result { MR_RELOAD_DONE, MR_RELOAD_UNCHANGED, MR_RELOAD_REFUSED, MR_RELOAD_RESULTS };
extern const char *const mr_reload_words[]; /* "done", "unchanged", "refused" */

#define MR_RELOAD_TEXT 2048

struct mr_reload {
	uint64_t              count[MR_RELOAD_RESULTS];
	enum mr_reload_result last;  /* valid when there was one                          */
	uint64_t              at;    /* ns since 1970, of the last; 0: there was none     */
	uint64_t              rest_ns, rest_max_ns; /* of the last exchange; of all       */
	uint64_t              moved, lost;   /* kept packets, of all exchanges            */
	char                  text[MR_RELOAD_TEXT]; /* what was said of the last          */
};

/* done: of the exchange, or NULL when there was none. */
void mr_engine_note_reload(struct mr_engine *e, enum mr_reload_result result,
                           const struct mr_swapped *done, uint64_t wall, const char *text);

/* ---- what a reader may see ---- */

struct mr_stage_view {
	const char           *name;
	const struct mr_kind *kind;
	unsigned              worker, replica;
	uint64_t              word[MR_WORDS];
	const uint64_t       *drop;    /* one per kind->drops; owned by the view, as those below */
	const uint64_t       *edge;    /* one per output: packets its full edge dropped */
	const uint64_t       *counter; /* one per kind->counters   */
	const uint64_t       *handed;  /* two per output: packets and bytes handed on there */
	struct mr_hist_view  *wait, *service, *size, *transit; /* ns, ns, packets, ns */
};

struct mr_worker_view {
	const char *name;
	bool        host;
	uint64_t    busy_ns, held_ns, idle_ns, turns, wakes, sleeps, events_lost;
	uint64_t    stuck_ns; /* since it was asked for a turn that it has not completed */
	uint32_t    pool_packets, pool_free;
};

struct mr_ring_view {
	unsigned edge; /* index in graph->edge */
	enum mr_lane lane;
	uint32_t depth, queued, high_water; /* packets; queued <= depth */
};

struct mr_view {
	const struct mr_graph *graph;
	const char            *aead;
	uint64_t               started_ns, now_ns;
	struct mr_reload       reload;
	uint64_t               log_held, log_lost; /* lines; the program's, 0 unless it fills them
	                                            * in */
	struct mr_stage_view  *stage;  unsigned stages;
	struct mr_worker_view *worker; unsigned workers;
	struct mr_ring_view   *ring;   unsigned rings;
};

/* A snapshot: of each replica and worker as it last published its counters, so that packets are
 * conserved in each.  Names and graph are borrowed from the engine until it is exchanged or closed.
 * Free with mr_view_free.  NULL: no memory.  Main only, between two turns of the host. */
struct mr_view *mr_engine_view(struct mr_engine *e);
void mr_view_free(struct mr_view *v);

#endif
