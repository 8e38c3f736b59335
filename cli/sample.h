/* sample.h - one answer of a node's /stats as plain data, and what came since another one.
 *
 * Each count is there twice: `all` since the node started, `since` in the time that is looked at.
 * Read by itself that time is all of it; cli_sample_since narrows it to what came after an earlier
 * answer.  A count that went back began anew in between, so all of it came since.
 *
 * Nothing in an answer is trusted: what is missing or of another type is 0 or "?".
 */
#ifndef MILLRACE_CLI_SAMPLE_H
#define MILLRACE_CLI_SAMPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hist.h"

struct cli_count {
	uint64_t all, since;
};

/* Of the time that is looked at, ns; count 0: there were none. */
struct cli_times {
	uint64_t             count, p50, p99, max;
	struct mr_hist_view *hist; /* owned; since the start; NULL: the answer has no buckets */
};

struct cli_drop {
	const char      *name;
	bool             edge; /* at a full edge, and name is that of the output */
	struct cli_count n;
};

struct cli_stage {
	const char      *name, *kind, *worker;
	unsigned         replica;
	bool             several; /* there are other replicas                   */
	struct cli_count packets; /* taken in and made                          */
	struct cli_count in, out; /* taken in alone; handed on and taken        */
	struct cli_count vectors; /* of those taken in                          */
	uint64_t         held;    /* packets that it keeps now                  */
	struct cli_count bytes;   /* taken in or handed on, whichever is more   */
	struct cli_count dropped, busy_ns;
	struct cli_times wait, call, transit;
	struct cli_drop *drop;    /* owned, [drops]                             */
	unsigned         drops;
};

struct cli_worker {
	const char      *name;
	struct cli_count busy_ns, held_ns, idle_ns, lost;
	uint64_t         pool, pool_free; /* packet buffers */
};

struct cli_edge {
	const char      *from, *to; /* "rx.frames" */
	bool             ring;
	uint64_t         depth, queued, high_water;
	struct cli_count packets, bytes, dropped;
};

struct cli_sample {
	json_t            *doc; /* owned; all names are borrowed from it */
	const char        *version, *graph, *aead;
	uint64_t           pid, uptime_ns;
	uint64_t           elapsed_ns; /* the time that is looked at       */
	bool               whole;      /* ... which is all since the start */
	bool               conserved;  /* every packet is accounted for    */
	struct cli_stage  *stage;      /* owned, like the next two         */
	struct cli_worker *worker;
	struct cli_edge   *edge;
	unsigned           stages, workers, edges;
};

/* False: this is no answer of /stats, or there is no memory.  To be closed either way. */
bool cli_sample_read(struct cli_sample *s, const char *body, size_t len);
void cli_sample_close(struct cli_sample *s);

/* Look at what came after an earlier answer.  False, and nothing changed: that was another run of
 * the node. */
bool cli_sample_since(struct cli_sample *s, const struct cli_sample *before);

#endif
