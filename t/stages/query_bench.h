/* query_bench.h - asking a node as an operator does, and looking at what it answers.  Nodes are
 * those of whole.h; what is not as it should be fails the test. */
#ifndef T_STAGES_QUERY_BENCH_H
#define T_STAGES_QUERY_BENCH_H

#include <check.h>
#include <jansson.h>

#include "core/oneline.h"
#include "t/lib/whole.h"

#define WALL (UINT64_C(1700000000) * MR_NS_PER_S) /* the Unix time at which the air's is 0 */

/* Each object of an answer: where it is, and what it has.  A key with '?' may be absent; "..."
 * stands for counters of our own.  "[]" is the first item. */
struct shape {
	const char *command, *params, *at, *keys;
};

/* What node i answers to a line of n bytes, or to one that met this fate:
 * *len bytes, the caller's to free. */
char *ask_text(unsigned i, enum mr_oneline_fate fate, const char *line, size_t n, size_t *len);

/* An answer, which is one line of plain ASCII.  The caller's. */
json_t *ask_raw(unsigned i, const char *line, size_t n);

/* The data of a query that is answered; NULL params: none.  The caller's. */
json_t *ask(unsigned i, const char *command, const char *params);

/* The query is refused with a message that begins so. */
void refused(unsigned i, const char *line, const char *message);

/* The object at a path such as "peers[].stats"; borrowed, NULL where there is none. */
json_t *at(json_t *o, const char *path);

/* What is at a path: an integer, this text. */
json_int_t number(json_t *o, const char *path);
void is_text(json_t *o, const char *path, const char *want);

/* It has the keys of the shape, and no others. */
void check_keys(json_t *o, const struct shape *s);

/* Two nodes with a link, a session and some seconds behind them; the first dialled. */
void busy_pair(void);

/* The test's parts. */
TCase *query_answers(void);
TCase *query_requests(void);
TCase *query_commands(void);
TCase *query_probes(void);
TCase *query_traces(void);

#endif
