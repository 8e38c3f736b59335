/* oneline.h - a server for local programs: one line in, one line out, goodbye.
 *
 *     {"command":"show_status"}\n   --->
 *                                   <---   {"status":"ok","data":{...}}\n
 *
 * It runs on main's loop and waits for nobody.  A client has MR_ONELINE_PATIENCE to say its line
 * and as long again to take the answer.  At most MR_ONELINE_CLIENTS are served at a time; one more
 * sends away whoever has been silent longest, so that idle clients cannot keep others out.  Answers
 * that nobody takes are bounded in bytes too, the oldest going first.
 */
#ifndef MR_CORE_ONELINE_H
#define MR_CORE_ONELINE_H

#include <stddef.h>

#include "core/clock.h"
#include "core/loop.h"
#include "core/unix_listen.h"

#define MR_ONELINE_MAX      4096 /* bytes of a line with its newline, at most      */
#define MR_ONELINE_CLIENTS  64
#define MR_ONELINE_PATIENCE (5 * MR_NS_PER_S)
#define MR_ONELINE_PENDING  ((size_t)64 << 20) /* bytes of answers that wait for their readers */

/* What became of a line. */
enum mr_oneline_fate {
	MR_ONELINE_READ,  /* it is there: `line` of n bytes without its newline, anything in it  */
	MR_ONELINE_EMPTY, /* the client ended without a byte                               */
	MR_ONELINE_LONG,  /* more than MR_ONELINE_MAX                                      */
	MR_ONELINE_LATE,  /* not there in time                                             */
};

/* The answer with its newline, malloc'd, its length in *len;
 * NULL: none, the client is sent away. */
typedef char *mr_oneline_handler(void *arg, enum mr_oneline_fate fate, const char *line, size_t n,
                                 size_t *len);

struct mr_oneline;

/* Listen as wished and answer by the handler.  NULL after complaining.
 * Main only, as is all here. */
struct mr_oneline *mr_oneline_open(struct mr_loop *l, const struct mr_unix_wish *wish,
                                   mr_oneline_handler *handler, void *arg,
                                   struct mr_report *report);
const char *mr_oneline_path(const struct mr_oneline *s);
void mr_oneline_close(struct mr_oneline *s); /* NULL is fine; the socket file goes */

#endif
