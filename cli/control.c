/* control - find the socket, send a request, print what comes. */
#include "cli/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "core/json.h"
#include "stages/control/query/query.h"

#define DEFAULT_FILE "millrace.json"

/* What the node file says, if it says so; false after complaining that it cannot be read. */
static bool path_from_file(const char *file, char out[108])
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_load(file, &report);
	const char *path = NULL;

	if (doc)
		path = json_string_value(mr_json_at(doc, "node.control.socket_path"));
	if (path)
		snprintf(out, 108, "%s", path);
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	mr_json_free(doc);
	return doc != NULL;
}

static bool find_path(const struct cli_args *args, char out[108])
{
	const char *file = cli_value(args, CLI_SOCKET_CONFIG);

	mr_query_default_path(out);
	if (cli_has(args, CLI_SOCKET))
		snprintf(out, 108, "%s", cli_value(args, CLI_SOCKET));
	else if (file || access(DEFAULT_FILE, R_OK) == 0)
		return path_from_file(file ? file : DEFAULT_FILE, out);
	return true;
}

/* Text of others is escaped: it may go to a terminal. */
int cli_control_print(json_t *data)
{
	json_dumpf(data, stdout,
	           JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	return putchar('\n') != EOF && fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* The data of an answer, or NULL after saying what is said instead. */
static json_t *take_data(const char *text, size_t len, const char *path)
{
	json_t *answer = json_loadb(text, len, 0, NULL);
	const char *status = json_string_value(json_object_get(answer, "status"));
	const char *message = json_string_value(json_object_get(answer, "message"));
	json_t *said = json_string(message ? message : "");
	json_t *data = NULL;

	if (status && !strcmp(status, "ok")) {
		data = json_incref(json_object_get(answer, "data"));
	} else if (status && message) {
		fprintf(stderr, "millrace: the node says ");
		json_dumpf(said, stderr, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
		fputc('\n', stderr);
	} else {
		fprintf(stderr, "millrace: what %s answers is no node's\n", path);
	}
	json_decref(said);
	json_decref(answer);
	return data;
}

json_t *cli_control_data(const struct cli_args *args, const char *command, json_t *params, int *code)
{
	json_t *request = json_pack("{s:s}", "command", command), *data = NULL;
	char path[108], why[1024], *line, *text = NULL;
	size_t len;

	if (params)
		json_object_set_new(request, "params", params);
	line = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(request);
	*code = CLI_USAGE;
	if (line && find_path(args, path)) {
		*code = CLI_FAILED;
		text = cli_fetch_line(path, line, &len, why, sizeof why);
		if (text)
			data = take_data(text, len, path);
		else
			fprintf(stderr, "millrace: %s\n", why);
	}
	free(text);
	free(line);
	return data;
}

int cli_control_ask(const struct cli_args *args, const char *command, json_t *params)
{
	int code;
	json_t *data = cli_control_data(args, command, params, &code);

	if (!data)
		return code;
	code = cli_control_print(data);
	json_decref(data);
	return code;
}
