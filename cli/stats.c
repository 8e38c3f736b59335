/* stats - `millrace stats`: ask a running node for /stats, print the table.
 *
 *   1 where     --url, --unix, or http.listen of the node file
 *   2 fetch     the JSON document of core/stats.c
 *   3 rows      one a stage; with --watch the difference to the document before
 *   4 print     the table of core/stats_table.c, and what was dropped by name
 */
#include "cli/cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "cli/where.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/stats.h"

enum { OPT_WATCH = CLI_WHERE_OPTIONS, OPT_INTERVAL, OPT_JSON };

static const struct cli_option options[] = {
	CLI_WHERE_OPTION_ROWS,
	{ 'w', "watch", NULL, "go on, showing what came since the table before" },
	{ 'i', "interval", "SECONDS", "time between two tables of --watch (default: 2)" },
	{ 'j', "json", NULL, "print the document as it is" },
	{ 0 },
};

/* ---- rows from the document ---- */

/* One answer; rows borrow names from doc. */
struct sample {
	json_t              *doc;
	struct mr_stats_row *rows;
	unsigned             n;
	uint64_t             uptime_ns;
};

static uint64_t number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "?";
}

static struct mr_stats_row row_of(const json_t *stage)
{
	const json_t *packets = json_object_get(stage, "packets");
	const json_t *wait = json_object_get(stage, "wait_ns");
	const json_t *service = json_object_get(stage, "service_ns");
	const json_t *transit = json_object_get(stage, "transit_ns");

	return (struct mr_stats_row){
		.name = text(stage, "name"),
		.replica = (unsigned)number(stage, "replica"),
		.in = number(packets, "in") + number(packets, "made"),
		.out = number(packets, "out") + number(packets, "taken"),
		.drops = number(packets, "dropped"),
		.vectors = number(stage, "vectors"),
		.vector_packets = number(packets, "in"),
		.busy_ns = number(stage, "busy_ns"),
		.wait_p50 = number(wait, "p50"),
		.wait_p99 = number(wait, "p99"),
		.call_p50 = number(service, "p50"),
		.call_p99 = number(service, "p99"),
		.transit_count = number(transit, "count"),
		.transit_p50 = number(transit, "p50"),
		.transit_p99 = number(transit, "p99"),
	};
}

static void sample_free(struct sample *s)
{
	json_decref(s->doc);
	free(s->rows);
	*s = (struct sample){ 0 };
}

static bool sample_parse(struct sample *s, const char *body, size_t len)
{
	const json_t *stages, *stage;
	size_t i;

	*s = (struct sample){ .doc = json_loadb(body, len, 0, NULL) };
	stages = json_object_get(s->doc, "stages");
	if (!json_is_array(stages))
		return false;
	s->rows = calloc(json_array_size(stages) + 1, sizeof *s->rows);
	if (!s->rows)
		return false;
	json_array_foreach(stages, i, stage)
		s->rows[s->n++] = row_of(stage);
	s->uptime_ns = (uint64_t)(json_number_value(json_object_get(s->doc, "uptime_s")) * 1e9);
	return true;
}

/* ---- printing ---- */

static void print_head(const struct sample *s)
{
	const json_t *graph = json_object_get(s->doc, "graph");

	printf("millrace %s   graph %s   aead %s   up %" PRIu64 " s   %s\n\n", text(s->doc, "version"),
	       text(graph, "name"), text(s->doc, "aead"), s->uptime_ns / MR_NS_PER_S,
	       json_is_true(json_object_get(s->doc, "conservation"))
	               ? "every packet accounted for"
	               : "PACKETS MISSING: see balance in --json");
}

static void print_reason(const char *stage, const char *name, uint64_t n, bool *first)
{
	if (n == 0)
		return;
	if (*first)
		printf("\ndropped since the start:\n");
	*first = false;
	printf("%12" PRIu64 "  %s: %s\n", n, stage, name);
}

/* Drops that happened, by stage and reason; an edge is told by its output. */
static void print_drops(const struct sample *s)
{
	const json_t *stage;
	size_t i;
	bool first = true;

	json_array_foreach(json_object_get(s->doc, "stages"), i, stage) {
		json_t *drops = json_object_get(stage, "drops");
		json_t *edges = json_object_get(stage, "edges");
		const char *name;
		json_t *value;
		char edge[128];

		json_object_foreach(drops, name, value)
			print_reason(text(stage, "name"), name, number(drops, name), &first);
		json_object_foreach(edges, name, value) {
			snprintf(edge, sizeof edge, "edge at %s full or nowhere", name);
			print_reason(text(stage, "name"), edge, number(value, "dropped"), &first);
		}
	}
}

static bool print_table(const struct mr_stats_row *rows, unsigned n, uint64_t elapsed_ns,
                        bool rates)
{
	char *table = mr_stats_rows(rows, n, elapsed_ns, rates);

	if (table)
		fputs(table, stdout);
	free(table);
	return table != NULL;
}

static uint64_t less(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* Counts since `before`; times stay those since the start, as a document has no more of them. */
static bool print_since(const struct sample *s, const struct sample *before)
{
	struct mr_stats_row *rows = calloc(s->n + 1, sizeof *rows);
	bool done;

	for (unsigned i = 0; rows && i < s->n; i++) {
		const struct mr_stats_row *b = &before->rows[i];

		rows[i] = s->rows[i];
		rows[i].in = less(rows[i].in, b->in);
		rows[i].out = less(rows[i].out, b->out);
		rows[i].drops = less(rows[i].drops, b->drops);
		rows[i].vectors = less(rows[i].vectors, b->vectors);
		rows[i].vector_packets = less(rows[i].vector_packets, b->vector_packets);
		rows[i].busy_ns = less(rows[i].busy_ns, b->busy_ns);
	}
	done = rows && print_table(rows, s->n, s->uptime_ns - before->uptime_ns, true);
	free(rows);
	printf("counts of the last %.1f s, times since the start\n",
	       (double)(s->uptime_ns - before->uptime_ns) / 1e9);
	return done;
}

/* The same run of the same node, and the same stages? */
static bool comparable(const struct sample *s, const struct sample *before)
{
	bool same = before->doc && before->n == s->n && s->uptime_ns > before->uptime_ns;

	for (unsigned i = 0; same && i < s->n; i++) /* a reload may have changed the graph */
		same = s->rows[i].replica == before->rows[i].replica &&
		       !strcmp(s->rows[i].name, before->rows[i].name);
	return same;
}

static bool print_sample(const struct sample *s, const struct sample *before)
{
	bool done;

	print_head(s);
	if (comparable(s, before))
		done = print_since(s, before);
	else
		done = print_table(s->rows, s->n, s->uptime_ns, false);
	print_drops(s);
	return done;
}

/* ---- the command ---- */

static int print_json(const char *body)
{
	printf("%s\n", body);
	return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* Fetch and print once.  *last is replaced by what was fetched. */
static int show(const char *where, bool as_json, struct sample *last)
{
	char why[1024];
	size_t len;
	char *body = cli_fetch(where, "/stats", &len, why, sizeof why);
	struct sample s;
	int code = CLI_FAILED;

	if (!body) {
		fprintf(stderr, "millrace: %s\n", why);
		return CLI_FAILED;
	}
	if (as_json) {
		code = print_json(body);
		free(body);
		return code;
	}
	if (sample_parse(&s, body, len) && print_sample(&s, last) && fflush(stdout) == 0)
		code = CLI_OK;
	else
		fprintf(stderr, "millrace: what %s answers is not a node's /stats\n", where);
	free(body);
	sample_free(last);
	*last = s;
	return code;
}

static int run(const struct cli_args *args)
{
	const char *interval = cli_value(args, OPT_INTERVAL);
	bool watch = cli_has(args, OPT_WATCH), clear = watch && isatty(STDOUT_FILENO);
	struct sample last = { 0 };
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
		code = show(where, cli_has(args, OPT_JSON), &last);
	} while (watch && code == CLI_OK && sleep((unsigned)seconds) == 0);
	sample_free(&last);
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
