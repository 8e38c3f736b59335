/* planned.h - a configuration as far as it can be known without running: its files read, its graph
 * planned.  For the commands that look at one. */
#ifndef MILLRACE_CLI_PLANNED_H
#define MILLRACE_CLI_PLANNED_H

#include "cli/nodefile.h"
#include "core/plan.h"

struct cli_planned {
	struct mr_plugins *plugins;
	struct cli_node    node;
	struct mr_plan    *plan; /* owned; NULL when the graph has mistakes or its plan has */
};

/* Read the plugins, the node file and the graph that the options name, and plan it; the options get
 * the plugins' kinds.  What is wrong is in the report.  False, and nothing to close: no memory. */
bool cli_planned_open(struct cli_planned *p, struct cli_node_options *options,
                      struct mr_report *report);
void cli_planned_close(struct cli_planned *p);

#endif
