/* trace - `millrace trace`: follow packets through the stages of a running node.
 *
 *   1 ask       what packets: the node says whether it knows these names
 *   2 poll      ten times a second; what has come is printed at once
 *   3 end       enough packets, the time is over, or somebody pressed ^C: the node is told
 *
 * A node that hears nothing of us for two seconds stops by itself. */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/control.h"
#include "core/clock.h"

#define COUNT_MAX   1000
#define SECONDS_MAX 600
#define EVERY_MAX   1000000
#define CELL        32
#define TEXT        260

enum { OPT_COUNT = CLI_SOCKET_OPTIONS, OPT_PEER, OPT_DROP, OPT_STAGE, OPT_EVERY, OPT_SECONDS,
       OPT_JSON };

static const struct cli_option options[] = {
	CLI_SOCKET_OPTION_ROWS,
	{ 'n', "count", "N", "packets to show (default: 1, at most 1000)" },
	{ 'p', "peer", "PEER", "only those from or to a node: an npub, a name or an address" },
	{ 'd', "drop", "REASON", "only those that end so: a name that stats shows, or any" },
	{ 0, "stage", "NAME", "only those that pass a stage" },
	{ 0, "every", "K", "follow one of so many packets (default: 1)" },
	{ 't', "seconds", "S", "look for so long (default: 30, at most 600)" },
	{ 'j', "json", NULL, "print a JSON object a line" },
	{ 0 },
};

/* ---- printing ---- */

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

/* Text of others is escaped: it may go to a terminal.  "-" for none. */
static const char *text(const json_t *o, const char *key, char out[TEXT])
{
	const char *s = json_string_value(json_object_get(o, key));
	size_t n = 0;

	for (; s && *s && n < TEXT - 1; s++)
		out[n++] = *s < ' ' || *s > '~' ? '?' : *s;
	out[n] = '\0';
	return n ? out : "-";
}

static const char *time_of(uint64_t ns, char out[CELL])
{
	if (ns < 1000)
		snprintf(out, CELL, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		snprintf(out, CELL, "%.1f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(out, CELL, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(out, CELL, "%.1f s", (double)ns / 1e9);
	return out;
}

static bool is(const json_t *step, const char *what)
{
	const char *s = json_string_value(json_object_get(step, "what"));

	return s && !strcmp(s, what);
}

static void print_what(const json_t *step)
{
	char port[TEXT], to[TEXT];

	text(step, "port", port);
	if (is(step, "out"))
		printf("to %s", text(step, "to", to));
	else if (is(step, "kept"))
		printf("kept");
	else if (is(step, "taken"))
		printf("%s", text(step, "how", to));
	else if (is(step, "drop"))
		printf("dropped: %s", port);
	else if (is(step, "full"))
		printf("dropped: the edge at %s is full or leads nowhere", port);
	else if (is(step, "stood"))
		printf("dropped: sojourn, its queue stood for too long");
	else
		printf("gone without a word");
}

static void print_step(const json_t *step)
{
	char name[TEXT], worker[TEXT], stage[TEXT + 24], waited[CELL], served[CELL];

	snprintf(stage, sizeof stage, "%s", text(step, "stage", name));
	if (number(step, "replica"))
		snprintf(stage, sizeof stage, "%s/%" PRIu64, text(step, "stage", name),
		         number(step, "replica"));
	printf("  %-14s %-10s %10s %10s %6" PRIu64 " %7" PRIu64 "  ", stage,
	       text(step, "worker", worker), time_of(number(step, "waited_ns"), waited),
	       time_of(number(step, "served_ns"), served), number(step, "vector"),
	       number(step, "bytes"));
	print_what(step);
	putchar('\n');
}

static void print_story(const json_t *story, unsigned nth)
{
	time_t at = (time_t)(number(story, "began_ms") / 1000);
	char node[TEXT], clock[CELL] = "", total[CELL];
	const json_t *step;
	struct tm tm;
	size_t i;

	if (localtime_r(&at, &tm))
		strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	printf("packet %u at %s.%03u", nth, clock, (unsigned)(number(story, "began_ms") % 1000));
	printf("   link %s", text(story, "link", node));
	printf("   session %s", text(story, "session", node));
	printf("   %s in all%s\n", time_of(number(story, "total_ns"), total),
	       !json_is_true(json_object_get(story, "ended"))      ? "; still there"
	       : !json_is_true(json_object_get(story, "complete")) ? "; steps are missing"
	                                                           : "");
	printf("  %-14s %-10s %10s %10s %6s %7s  %s\n", "stage", "worker", "waited", "served", "vector",
	       "bytes", "what");
	json_array_foreach(json_object_get(story, "steps"), i, step)
		print_step(step);
	putchar('\n');
}

static void print_line(json_t *story)
{
	json_dumpf(story, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
}

/* ---- asking ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int signo)
{
	(void)signo;
	interrupted = 1;
}

/* What became of it, when no more stories come. */
struct outcome {
	unsigned shown;
	uint64_t followed, lost;
	char     why[TEXT];
};

static void take_in(json_t *data, bool lines, struct outcome *out)
{
	json_t *story;
	size_t i;

	json_array_foreach(json_object_get(data, "stories"), i, story) {
		out->shown++;
		if (lines)
			print_line(story);
		else
			print_story(story, out->shown);
	}
	fflush(stdout);
	out->followed = number(data, "followed");
	out->lost = number(data, "lost");
	text(data, "why", out->why);
}

/* Until it is over; an exit code. */
static int follow(const struct cli_args *args, json_t *id, struct outcome *out)
{
	static const struct timespec pause = { 0, 100000000 };
	bool running = true;
	json_t *data;
	int code;

	while (running) {
		data = cli_control_data(args, interrupted ? "trace_stop" : "trace_poll",
		                        json_pack("{s:O}", "trace_id", id), &code);
		if (!data)
			return code;
		take_in(data, cli_has(args, OPT_JSON), out);
		running = json_is_string(json_object_get(data, "state")) &&
		          !strcmp(json_string_value(json_object_get(data, "state")), "running");
		json_decref(data);
		if (running && !interrupted)
			nanosleep(&pause, NULL);
	}
	return CLI_OK;
}

/* ---- the command ---- */

/* The value of an option among the parameters; false after complaining. */
static bool add_number(const struct cli_args *args, json_t *params, unsigned option, long max)
{
	const char *value = cli_value(args, option), *name = options[option].name;
	char *end = NULL;
	long n = value ? strtol(value, &end, 10) : 1;

	if (value && (end == value || *end || n < 1 || n > max)) {
		cli_usage_error(args, "--%s: %s is not a number in [1, %ld]", name, value, max);
		return false;
	}
	if (value)
		json_object_set_new(params, name, json_integer(n));
	return true;
}

static void add_text(const struct cli_args *args, json_t *params, unsigned option)
{
	if (cli_has(args, option))
		json_object_set_new(params, options[option].name,
		                    json_string(cli_value(args, option)));
}

static json_t *read_wish(const struct cli_args *args)
{
	json_t *params = json_object();

	if (!add_number(args, params, OPT_COUNT, COUNT_MAX) ||
	    !add_number(args, params, OPT_EVERY, EVERY_MAX) ||
	    !add_number(args, params, OPT_SECONDS, SECONDS_MAX)) {
		json_decref(params);
		return NULL;
	}
	add_text(args, params, OPT_PEER);
	add_text(args, params, OPT_DROP);
	add_text(args, params, OPT_STAGE);
	return params;
}

static int run(const struct cli_args *args)
{
	const struct sigaction stop = { .sa_handler = on_signal };
	json_t *wish = read_wish(args), *start;
	struct outcome out = { 0 };
	unsigned wanted = 1;
	int code;

	if (!wish)
		return CLI_USAGE;
	if (cli_has(args, OPT_COUNT))
		wanted = (unsigned)strtol(cli_value(args, OPT_COUNT), NULL, 10);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	start = cli_control_data(args, "trace_start", wish, &code);
	if (!start)
		return code;
	code = follow(args, json_object_get(start, "trace_id"), &out);
	json_decref(start);
	if (code != CLI_OK || out.shown >= wanted)
		return code;
	fprintf(stderr, "millrace: %u of %u: %s; %" PRIu64 " packets were followed, %" PRIu64
	        " records lost\n", out.shown, wanted, interrupted ? "interrupted" : out.why,
	        out.followed, out.lost);
	return CLI_FAILED;
}

const struct cli_command cli_trace = {
	.name = "trace",
	.summary = "follow packets of a running node from stage to stage, with times",
	.details = "The next packets that fit are shown, a block each: where they waited, how long the\n"
	           "call took that served them, and what became of them.  Nothing of what is in them.\n"
	           "REASON is a drop (forged, \"fmp-open forged\"), a full edge (rx.frames) or any.\n"
	           "Exit code 1 when the time was over before there were as many.  doc/trace.md tells\n"
	           "how to read it.",
	.options = options,
	.run = run,
};
