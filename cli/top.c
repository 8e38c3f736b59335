/* top - `millrace top`: a running node, live, in a terminal. */
#include "cli/top.h"

#include "cli/cli.h"
#include "cli/where.h"

enum { OPT_INTERVAL = CLI_WHERE_OPTIONS, OPT_ONCE };

static const struct cli_option options[] = {
	CLI_WHERE_OPTION_ROWS,
	{ 'i', "interval", "SECONDS", "time that rates and quantiles are of (default: 1)" },
	{ '1', "once", NULL, "print one frame as plain text, also on a terminal" },
	{ 0 },
};

static const struct cli_view view = {
	.more = "/peers",
	.sorts = cli_top_sorts,
	.keys = "q quit  s sort  d drops alone  space pause  arrows scroll",
	.draw = cli_top_draw,
};

static int run(const struct cli_args *args)
{
	unsigned interval_ms = cli_interval(args, cli_value(args, OPT_INTERVAL), 1000);
	char where[CLI_WHERE_MAX];
	int code;

	if (!interval_ms)
		return CLI_USAGE;
	code = cli_where(args, where);
	if (code != CLI_OK)
		return code;
	return cli_watch(&view, where, interval_ms, cli_has(args, OPT_ONCE));
}

static const char details[] =
	"Workers with the shares of their time that were busy, held by full rings and idle; stages\n"
	"with packets, bits and drops a second and the median, 99th percentile and largest wait and\n"
	"call; what was dropped, by name, in red; rings; peers.  All of the last interval.  Times\n"
	"end in n, u, m or s, for nanoseconds to seconds.\n"
	"\n"
	"Keys: q quits, s sorts by the next column, d shows drops alone, space stops and goes on,\n"
	"arrows, page up and down, home and end scroll.  Where output is no terminal one frame is\n"
	"printed; COLUMNS says how wide (100).  NO_COLOR turns colours off.";

const struct cli_command cli_top = {
	.name = "top",
	.summary = "watch a running node: stages, drops, rings, peers, live",
	.details = details,
	.options = options,
	.run = run,
};
