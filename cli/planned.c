/* planned.c - see planned.h. */
#include "cli/planned.h"

#include "core/plugins.h"

bool cli_planned_open(struct cli_planned *p, struct cli_node_options *options,
                      struct mr_report *report)
{
	*p = (struct cli_planned){ .plugins = cli_plugins_open(report) };
	if (!p->plugins)
		return false;
	options->kinds = p->plugins->kinds;
	options->plugins = p->plugins;
	cli_node_load(&p->node, options, report);
	if (p->node.graph)
		p->plan = mr_plan_make(p->node.graph, cli_node_view_max(&p->node), report);
	return true;
}

void cli_planned_close(struct cli_planned *p)
{
	mr_plan_free(p->plan);
	cli_node_free(&p->node);
	mr_plugins_close(p->plugins);
}
