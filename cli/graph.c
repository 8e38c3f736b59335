/* graph - `millrace graph`: a graph file, or the graph that runs, as a drawing, dot or JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/drawing.h"
#include "cli/fetch.h"
#include "cli/planned.h"
#include "cli/sheet.h"
#include "cli/top.h"
#include "cli/watch.h"
#include "cli/where.h"

enum { OPT_SET = CLI_WHERE_OPTIONS, OPT_DOT, OPT_JSON, OPT_LIVE, OPT_INTERVAL };

#define FILE_WIDTH 100 /* of the drawing of a file */

static const struct cli_option options[] = {
	CLI_WHERE_OPTION_ROWS,
	{ 's', "set", "KEY=VALUE", "with GRAPH: change one setting of the node file or of it" },
	{ 'd', "dot", NULL, "for graphviz" },
	{ 'j', "json", NULL, "checked, with all defaults filled in" },
	{ 'l', "live", NULL, "of the running node, with rates, again and again" },
	{ 'i', "interval", "SECONDS", "time that rates are of (default: 1)" },
	{ 0 },
};

static int print_safe(const char *text, size_t len)
{
	cli_text_print(stdout, text, len);
	return ferror(stdout) ? CLI_FAILED : CLI_OK;
}

/* ---- a file ---- */

static char *dot_text(const struct mr_graph *g, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	mr_graph_print_dot(g, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static int draw_file(const struct mr_graph *g, const char *json)
{
	json_t *graph = json_loads(json, 0, NULL);
	struct cli_sheet sheet;
	int code = CLI_FAILED;

	cli_sheet_open(&sheet, FILE_WIDTH);
	cli_sheet_format(&sheet, 0, 0, CLI_PLAIN, "graph %s%s%s", g->name, *g->summary ? ": " : "",
	                 g->summary);
	if (graph && cli_draw_graph(&sheet, 1, graph, NULL) && !sheet.failed) {
		cli_sheet_print(&sheet, false, stdout);
		code = ferror(stdout) ? CLI_FAILED : CLI_OK;
	}
	cli_sheet_close(&sheet);
	json_decref(graph);
	return code;
}

static int print_graph(const struct cli_args *args, const struct mr_graph *g)
{
	size_t len = 0;
	char *text = cli_has(args, OPT_DOT) ? dot_text(g, &len) : mr_graph_json(g);
	int code = CLI_FAILED;

	if (!text) {
		fprintf(stderr, "millrace %s: no memory\n", args->command->name);
		return CLI_FAILED;
	}
	if (cli_has(args, OPT_DOT)) {
		code = print_safe(text, len);
	} else if (cli_has(args, OPT_JSON)) {
		code = print_safe(text, strlen(text));
		putchar('\n');
	} else {
		code = draw_file(g, text);
	}
	free(text);
	return code;
}

/* Checked as `millrace check` does; nothing is printed of a graph with mistakes. */
static int of_file(const struct cli_args *args, struct cli_node_options *o)
{
	struct mr_report report = { 0 };
	struct cli_planned p;
	int code = CLI_USAGE;

	if (!cli_planned_open(&p, o, &report))
		return CLI_FAILED;
	mr_report_print(&report, stderr);
	if (!report.errors && p.plan)
		code = print_graph(args, p.node.graph);
	cli_planned_close(&p);
	mr_report_free(&report);
	return code;
}

static int file(const struct cli_args *args)
{
	const char **sets = calloc(args->n + 1, sizeof *sets);
	struct cli_node_options o = { .file = cli_value(args, CLI_WHERE_CONFIG),
		                      .graph = args->words[0], .sets = sets, .bare = true };
	int code;

	if (!sets)
		return CLI_FAILED;
	for (unsigned i = 0; i < args->n; i++)
		if (args->given[i].option == OPT_SET)
			sets[o.nsets++] = args->given[i].value;
	code = of_file(args, &o);
	free(sets);
	return code;
}

/* ---- the running node ---- */

static void draw_live(struct cli_sheet *sheet, const struct cli_news *news,
                      const struct cli_look *look)
{
	cli_top_head(sheet, news, look);
	if (!cli_draw_graph(sheet, sheet->head, news->more, &news->sample))
		cli_sheet_format(sheet, sheet->head, 0, CLI_RED,
				 "The node does not show its graph.");
}

static const struct cli_view live = {
	.more = "/graph",
	.keys = "q quit  space pause  arrows scroll",
	.draw = draw_live,
};

static int fetch(const char *where, const char *path)
{
	char why[1024], said[1024];
	size_t len;
	char *body = cli_fetch(where, path, &len, why, sizeof why);
	int code;

	if (!body) {
		fprintf(stderr, "millrace: %s\n", cli_printable(said, sizeof said, why));
		return CLI_FAILED;
	}
	code = print_safe(body, len);
	if (len > 0 && body[len - 1] != '\n')
		putchar('\n');
	free(body);
	return code;
}

static int node(const struct cli_args *args)
{
	unsigned interval_ms = cli_interval(args, cli_value(args, OPT_INTERVAL), 1000);
	char where[CLI_WHERE_MAX];
	int code;

	if (!interval_ms)
		return CLI_USAGE;
	if (cli_has(args, OPT_SET))
		return cli_usage_error(args, "--set changes what a GRAPH says, and none is named");
	code = cli_where(args, where);
	if (code != CLI_OK)
		return code;
	if (cli_has(args, OPT_DOT))
		return fetch(where, "/graph?format=dot");
	if (cli_has(args, OPT_JSON))
		return fetch(where, "/graph");
	return cli_watch(&live, where, interval_ms, !cli_has(args, OPT_LIVE));
}

/* ---- the command ---- */

static int run(const struct cli_args *args)
{
	if (cli_has(args, OPT_DOT) + cli_has(args, OPT_JSON) + cli_has(args, OPT_LIVE) > 1)
		return cli_usage_error(args, "--dot, --json and --live exclude one another");
	if (args->n_words == 0)
		return node(args);
	if (args->n_words > 1)
		return cli_usage_error(args, "\"%s\" is one word too many", args->words[1]);
	if (cli_has(args, OPT_LIVE) || cli_has(args, OPT_INTERVAL) ||
	    cli_has(args, CLI_WHERE_URL) || cli_has(args, CLI_WHERE_UNIX))
		return cli_usage_error(args,
				       "--live, --interval, --url and --unix are of a running "
				       "node, and \"%s\" is a file", args->words[0]);
	return file(args);
}

static const char details[] =
	"GRAPH is the name of a shipped graph or the path of one, read and checked as `millrace check`\n"
	"does, with the node file of --config (or the millrace.json that is here).  Without GRAPH it is\n"
	"that of the running node that is shown, with the rates of one interval on its edges.\n"
	"\n"
	"In the drawing a worker is a box, divided into its stages, with a row for each output.  The\n"
	"line to the right of an output, = to a ring and - within the worker, joins at a + the column\n"
	"of the stage that it leads to, and passes below the others.  Drops are red.";

const struct cli_command cli_graph = {
	.name = "graph",
	.summary = "draw a graph file, or the graph of a running node with its rates",
	.details = details,
	.options = options,
	.words = "[GRAPH]",
	.run = run,
};
