/* pages.h - what `millrace run` shows over HTTP: the live page, /stats, /metrics, /graph, /peers,
 * /config, /ready, /live. */
#ifndef MILLRACE_CLI_PAGES_H
#define MILLRACE_CLI_PAGES_H

#include <stdbool.h>

#include "cli/nodefile.h"
#include "core/engine.h"
#include "core/loop.h"

/* The handlers' argument; main only. */
struct cli_pages {
	struct mr_engine      *engine; /* borrowed; open as long as HTTP is            */
	const struct mr_graph *graph;  /* borrowed                                     */
	const struct cli_node *node;   /* borrowed; what is in force                   */
	const struct mr_kind *const *kinds; /* borrowed; NULL-terminated               */
	const struct mr_log_keeper *keeper; /* borrowed; of the log; or NULL           */
	bool                   ready;  /* every worker runs, nothing is being stopped  */
};

extern const struct mr_route cli_routes[];

#endif
