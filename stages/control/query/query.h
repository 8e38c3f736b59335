/* query.h - what operators ask a running node by its control socket (operations.md 4).
 *
 *     {"command":"show_peers"}    {"status":"ok","data":{"peers":[...]}}
 *     {"command":"nonsense"}      {"status":"error","message":"unknown command: nonsense"}
 *
 * Commands, their parameters and the keys of their answers are those of the reference daemon, so
 * that its clients work here.  An answer is made at once, between two turns of control, from what
 * control and its node know and from the counters that stages publish: no data thread is asked
 * anything.  Text that comes from files or from other nodes is escaped, and plain ASCII.
 */
#ifndef MR_STAGES_CONTROL_QUERY_H
#define MR_STAGES_CONTROL_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/oneline.h"

struct mr_engine;

/* What the program knows and control does not.  Borrowed for a call. */
struct mr_query_host {
	struct mr_engine *engine;     /* open                                         */
	const char       *version;
	const char       *socket;     /* path                                         */
	bool              persistent; /* the node will be the same one after a restart */
	bool              running;    /* every worker runs, nothing is being stopped  */
	uint64_t          now;        /* ns                                           */
	uint64_t          started;    /* ns                                           */
	uint64_t          wall;       /* ns since 1970, the same moment as now        */
};

/* The answer to a line, with its newline; malloc'd, NULL: no memory.  Main only, between turns of
 * the host; a command may have given control something to do, so give it a turn. */
char *mr_query_answer(const struct mr_query_host *host, enum mr_oneline_fate fate, const char *line,
                      size_t n, size_t *len);

/* Where the socket is unless the node file says where (operations.md 4.1);
 * out has room for 108 bytes. */
void mr_query_default_path(char out[108]);

/* Settings of the socket, node.control; path "": where it is by default. */
struct mr_query_settings {
	bool        enabled;
	const char *path;
};
struct mr_query_settings mr_query_settings(const void *control);

/* What a socket at this path is like; called and path are borrowed. */
struct mr_unix_wish mr_query_wish(const char *path);

#endif
