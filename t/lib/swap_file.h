/* swap_file.h - graphs of those stages, engines that run them, and the books at the end. */
#ifndef T_LIB_SWAP_FILE_H
#define T_LIB_SWAP_FILE_H

#include "core/build.h"
#include "core/engine.h"
#include "core/json.h"
#include "t/lib/swap_kinds.h"

struct swap_plan {
	const char *shape;   /* "one", "two", "staged"       */
	unsigned    threads; /* of pass and end              */
	uint32_t    park;
	const char *more;    /* further settings of pass     */
	const char *name;    /* of the stage pass            */
};

/* A document and its graph, and a node document; owned by the test until it ends. */
struct swap_file {
	struct mr_json  *doc, *node;
	struct mr_graph *graph;
};

/* A graph of this plan, with node as its node file (JSON text), and a shorter one, from the source
 * to the end without the stage that uses the box.  Fails the test when it is none. */
void swap_make(struct swap_file *f, const struct swap_plan *p, const char *node);
void swap_make_short(struct swap_file *f, const char *node);
void swap_free(struct swap_file *f);

/* A fresh world, and an engine in it; start: with its threads. */
struct mr_engine_options swap_options(const struct swap_file *f);
struct mr_engine        *swap_open(const struct swap_file *f, bool start);

/* Exchange the graph for this one. */
enum mr_swap swap_to(struct mr_engine *e, const struct swap_file *f, struct mr_swapped *done,
                     struct mr_report *report);

/* The same where it should be done: what did not come to rest in time, as on a busy machine, is as
 * it was before, and is tried again; fails the test when that happens for the fourth time. */
enum mr_swap swap_until_done(struct mr_engine *e, const struct swap_file *f,
                             struct mr_swapped *done, struct mr_report *report);

/* Does the report say this? */
bool swap_says(const struct mr_report *report, const char *what);

/* Give the host its turns for so many milliseconds. */
void swap_host_runs(struct mr_engine *e, unsigned ms);

/* Of an engine without threads: n turns of everybody. */
void swap_turn(struct mr_engine *e, unsigned n);

/* Each replica's packets went exactly one way, and the sum of a word over a stage's replicas. */
void     swap_check_books(struct mr_engine *e);
uint64_t swap_total(struct mr_engine *e, const char *name, unsigned word);

/* No more is made; what is inside comes out, and every packet is there, in order. */
void swap_finish(struct mr_engine *e);

#endif
