/* pages.h - what `millrace run` shows over HTTP: /stats, /metrics, /graph, /peers, /ready,
 * /live. */
#ifndef MILLRACE_CLI_PAGES_H
#define MILLRACE_CLI_PAGES_H

#include <stdbool.h>

#include "core/engine.h"
#include "core/loop.h"

/* The handlers' argument; main only. */
struct cli_pages {
	struct mr_engine      *engine; /* borrowed; open as long as HTTP is            */
	const struct mr_graph *graph;  /* borrowed                                     */
	bool                   ready;  /* every worker runs, nothing is being stopped  */
};

extern const struct mr_route cli_routes[];

#endif
