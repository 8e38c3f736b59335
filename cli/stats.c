/* stats - `millrace stats`: ask a running node for /stats, print the table.
 *
 *   1 where     --url, --unix, or http.listen of the node file
 *   2 fetch     the JSON document of core/stats.c, as plain data (sample.h)
 *   3 since     with --watch, what came after the answer before
 *   4 print     the table of core/stats_table.c, and what was dropped by name
 */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "cli/sample.h"
#include "cli/sheet.h"
#include "cli/where.h"
#include "core/clock.h"
#include "core/stats.h"

enum { OPT_WATCH = CLI_WHERE_OPTIONS, OPT_INTERVAL, OPT_COUNTERS, OPT_JSON };

static const struct cli_option options[] = {
	CLI_WHERE_OPTION_ROWS,
	{ 'w', "watch", NULL, "go on, showing what came since the table before" },
	{ 'i', "interval", "SECONDS", "time between two tables of --watch (default: 2)" },
	{ 0, "counters", NULL, "and what each stage counts beside packets, since the start" },
	{ 'j', "json", NULL, "print the document as it is" },
	{ 0 },
};

/* ---- printing ---- */

static void print_head(const struct cli_sample *s)
{
	char graph[64], aead[64], version[64];

	printf("millrace %s   graph %s   aead %s   up %" PRIu64 " s   %s\n\n",
	       cli_printable(version, sizeof version, s->version),
	       cli_printable(graph, sizeof graph, s->graph),
	       cli_printable(aead, sizeof aead, s->aead), s->uptime_ns / MR_NS_PER_S,
	       s->conserved ? "every packet accounted for" : "PACKETS MISSING: see balance in --json");
}

/* Drops that happened, by stage and reason; an edge is told by its output. */
static void print_drops(const struct cli_sample *s)
{
	bool first = true;

	for (unsigned i = 0; i < s->stages; i++)
		for (unsigned k = 0; k < s->stage[i].drops; k++) {
			const struct cli_drop *d = &s->stage[i].drop[k];
			char stage[64], name[64];

			if (d->n.all == 0)
				continue;
			printf("%s%12" PRIu64 "  %s: %s%s%s\n",
			       first ? "\ndropped since the start:\n" : "", d->n.all,
			       cli_printable(stage, sizeof stage, s->stage[i].name),
			       d->edge ? "edge at " : "", cli_printable(name, sizeof name, d->name),
			       d->edge ? " full or nowhere" : "");
			first = false;
		}
}

/* What stages count beside packets, those of plugins too.  A replica is told by its number. */
static void print_counters(const struct cli_sample *s)
{
	bool first = true;

	for (unsigned i = 0; i < s->stages; i++) {
		json_t *counters = json_object_get(
			       json_array_get(json_object_get(s->doc, "stages"), i), "counters"),
		       *value;
		char stage[64], name[64], replica[16] = "";
		const char *key;

		if (s->stage[i].several)
			snprintf(replica, sizeof replica, "/%u", s->stage[i].replica);
		json_object_foreach(counters, key, value) {
			if (json_integer_value(value) <= 0)
				continue;
			printf("%s%12" JSON_INTEGER_FORMAT "  %s%s: %s\n",
			       first ? "\ncounted since the start:\n" : "",
			       json_integer_value(value),
			       cli_printable(stage, sizeof stage, s->stage[i].name), replica,
			       cli_printable(name, sizeof name, key));
			first = false;
		}
	}
}

/* A time without values shows as none. */
static uint64_t shown(const struct cli_times *t, uint64_t value)
{
	return t->count ? value : 0;
}

static struct mr_stats_row row_of(const struct cli_stage *s, const char *name)
{
	return (struct mr_stats_row){
		.name = name,
		.replica = s->replica,
		.in = s->packets.since,
		.out = s->out.since,
		.drops = s->dropped.since,
		.vectors = s->vectors.since,
		.vector_packets = s->in.since,
		.busy_ns = s->busy_ns.since,
		.wait_p50 = shown(&s->wait, s->wait.p50),
		.wait_p99 = shown(&s->wait, s->wait.p99),
		.call_p50 = shown(&s->call, s->call.p50),
		.call_p99 = shown(&s->call, s->call.p99),
		.transit_count = s->transit.count,
		.transit_p50 = s->transit.p50,
		.transit_p99 = s->transit.p99,
	};
}

static bool print_table(const struct cli_sample *s)
{
	struct mr_stats_row *rows = calloc(s->stages + 1, sizeof *rows);
	char (*names)[64] = calloc(s->stages + 1, sizeof *names), *table = NULL;

	for (unsigned i = 0; rows && names && i < s->stages; i++)
		rows[i] = row_of(&s->stage[i],
		                 cli_printable(names[i], sizeof names[i], s->stage[i].name));
	if (rows && names)
		table = mr_stats_rows(rows, s->stages, s->elapsed_ns, !s->whole);
	if (table)
		fputs(table, stdout);
	if (table && !s->whole)
		printf("in the last %.1f s\n", (double)s->elapsed_ns / 1e9);
	free(rows);
	free(names);
	free(table);
	return table != NULL;
}

/* ---- the command ---- */

static int print_json(const char *body, size_t len)
{
	cli_text_print(stdout, body, len);
	putchar('\n');
	return ferror(stdout) ? CLI_FAILED : CLI_OK;
}

/* Print a table of this answer, or of what came since the one before, which it replaces.
 * False: it is none. */
static bool print_answer(const char *body, size_t len, bool counters, struct cli_sample *last)
{
	struct cli_sample s;

	if (!cli_sample_read(&s, body, len)) {
		cli_sample_close(&s);
		return false;
	}
	cli_sample_since(&s, last);
	cli_sample_close(last);
	*last = s;
	print_head(last);
	if (!print_table(last))
		return false;
	print_drops(last);
	if (counters)
		print_counters(last);
	return true;
}

/* Fetch and print once. */
static int show(const struct cli_args *args, const char *where, struct cli_sample *last)
{
	bool as_json = cli_has(args, OPT_JSON);
	char why[1024], said[1024];
	size_t len;
	char *body = cli_fetch(where, as_json ? "/stats" : "/stats?hist=1", &len, why, sizeof why);
	int code = CLI_OK;

	if (!body) {
		fprintf(stderr, "millrace: %s\n", cli_printable(said, sizeof said, why));
		return CLI_FAILED;
	}
	if (as_json) {
		code = print_json(body, len);
	} else if (!print_answer(body, len, cli_has(args, OPT_COUNTERS), last)) {
		fprintf(stderr, "millrace: what %s answers is not a node's /stats\n", where);
		code = CLI_FAILED;
	}
	if (cli_has(args, OPT_WATCH) && fflush(stdout) != 0)
		code = CLI_FAILED; /* main says it */
	free(body);
	return code;
}

static int run(const struct cli_args *args)
{
	const char *interval = cli_value(args, OPT_INTERVAL);
	bool watch = cli_has(args, OPT_WATCH), clear = watch && isatty(STDOUT_FILENO);
	struct cli_sample last = { 0 };
	char where[CLI_WHERE_MAX], *end = NULL;
	long seconds = interval ? strtol(interval, &end, 10) : 2;
	int code;

	if (interval && (end == interval || *end || seconds < 1 || seconds > 86400))
		return cli_usage_error(args, "--interval: %s is not a number of seconds in [1, 86400]",
		                       interval);
	code = cli_where(args, where);
	if (code != CLI_OK)
		return code;
	do {
		if (clear)
			fputs("\033[H\033[J", stdout);
		code = show(args, where, &last);
	} while (watch && code == CLI_OK && sleep((unsigned)seconds) == 0);
	cli_sample_close(&last);
	return code;
}

const struct cli_command cli_stats = {
	.name = "stats",
	.summary = "show what a running node's stages do: packets, drops, waits, times",
	.details = "A line a stage: packets in (read and made ones included) and out (taken ones\n"
	           "included), drops, packets a vector, time in the ring before it, time of a call,\n"
	           "time a packet, share of a core.  Times are the median and the 99th percentile.",
	.options = options,
	.run = run,
};
