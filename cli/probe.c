/* probe - `millrace probe`: can a node be reached from a running one, and if not,
 * where does it end? */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/control.h"

static const struct cli_option options[] = { CLI_SOCKET_OPTION_ROWS, { 0 } };

/* Ask how it goes until it is over; the answer, or NULL after complaining. */
static json_t *await_end(const struct cli_args *args, json_t *id, int *code)
{
	static const struct timespec pause = { 0, 250000000 };
	const char *state;
	json_t *data;

	for (;;) {
		data = cli_control_data(args, "probe_poll", json_pack("{s:O}", "probe_id", id),
		                        code);
		state = json_string_value(json_object_get(data, "state"));
		if (!data || !state || strcmp(state, "running"))
			return data;
		json_decref(data);
		nanosleep(&pause, NULL);
	}
}

static bool is(const json_t *report, const char *member, const char *text)
{
	const char *said = json_string_value(json_object_get(report, member));

	return said && !strcmp(said, text);
}

/* Everything is well; and so it is where the round trip was too short for the milliseconds in which
 * reports tell it. */
static bool is_well(const json_t *report)
{
	return is(report, "overall", "ok") ||
	       (is(report, "overall", "partial") &&
	        is(json_object_get(report, "rtt"), "reason", "sub_millisecond"));
}

static int run(const struct cli_args *args)
{
	json_t *start, *end, *report;
	int code;

	if (args->n_words != 1)
		return cli_usage_error(args, "one node is wanted");
	start = cli_control_data(args, "probe_start", json_pack("{s:s}", "npub", args->words[0]),
	                         &code);
	end = start ? await_end(args, json_object_get(start, "probe_id"), &code) : NULL;
	report = json_object_get(end, "report");
	if (end)
		code = cli_control_print(report);
	if (code == CLI_OK && !is_well(report))
		code = CLI_FAILED;
	json_decref(start);
	json_decref(end);
	return code;
}

const struct cli_command cli_probe = {
	.name = "probe",
	.summary = "see how a node is reached from a running one, or why not (JSON)",
	.details = "NODE is an npub or a name that the node knows.  Filters, coordinates, the way,\n"
	           "the session and the round trip are looked at in turn; exit code 0 when all is well,\n"
	           "also when the round trip is too short for milliseconds.",
	.options = options,
	.words = "NODE",
	.run = run,
};
