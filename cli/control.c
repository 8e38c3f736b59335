/* control - find the socket, send a request, print what comes. */
#include "cli/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "cli/identity.h"
#include "cli/nodefile.h"
#include "cli/sheet.h"
#include "core/json.h"
#include "stages/control/query/query.h"

#define DEFAULT_FILE "millrace.json"

#define PATH_ROOM 108 /* of a socket's path and its NUL */

/* Where to ask. */
struct place {
	char        path[PATH_ROOM];
	const char *file; /* the node file that was looked at; NULL: none */
};

static bool take_path(struct place *at, const char *path)
{
	if (strlen(path) < PATH_ROOM)
		strcpy(at->path, path);
	else
		fprintf(stderr, "millrace: %s is too long for a socket's path\n", path);
	return strlen(path) < PATH_ROOM;
}

/* What the node file says, if it says so; false after complaining. */
static bool take_file(struct place *at, const char *file)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = cli_node_read(file, &report);
	const char *path =
		doc ? json_string_value(mr_json_at(doc, "node.control.socket_path")) : NULL;
	bool off = doc && json_is_false(mr_json_at(doc, "node.control.enabled"));

	at->file = file;
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	if (off)
		fprintf(stderr, "millrace: %s: node.control.enabled is false: the node answers nobody\n",
		        file);
	off = !doc || off || (path && !take_path(at, path));
	mr_json_free(doc);
	return !off;
}

static bool find_place(const struct cli_args *args, struct place *at)
{
	const char *file = cli_value(args, CLI_SOCKET_CONFIG);

	*at = (struct place){ 0 };
	mr_query_default_path(at->path);
	if (cli_has(args, CLI_SOCKET))
		return take_path(at, cli_value(args, CLI_SOCKET));
	if (file || access(DEFAULT_FILE, R_OK) == 0)
		return take_file(at, file ? file : DEFAULT_FILE);
	return true;
}

/* Text of others is escaped: it may go to a terminal. */
int cli_control_print(json_t *data)
{
	json_dumpf(data, stdout,
	           JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	return putchar('\n') != EOF && !ferror(stdout) ? CLI_OK : CLI_FAILED;
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

/* The data of the answer; NULL after complaining.  params is used up. */
static json_t *ask(const char *path, const char *command, json_t *params)
{
	json_t *request = json_pack("{s:s}", "command", command), *data = NULL;
	char why[1024], *line, *text;
	size_t len;

	if (params)
		json_object_set_new(request, "params", params);
	line = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(request);
	text = line ? cli_fetch_line(path, line, &len, why, sizeof why) : NULL;
	if (text)
		data = take_data(text, len, path);
	else
		fprintf(stderr, "millrace: %s\n", line ? why : "no memory");
	free(text);
	free(line);
	return data;
}

/* ---- is it the node of this file? ---- */

/* Several nodes may have the default path in common, and one of them has it.  Another one is looked
 * at with a warning, and is not told to do anything. */
static bool is_right_node(const struct place *at, const char *command)
{
	bool changes = !strcmp(command, "connect") || !strcmp(command, "disconnect");
	size_t n = strlen(command);
	char npub[FIPS_KEY_TEXT];
	const char *other;
	json_t *status;
	bool right;

	if (!at->file ||
	    (n > 5 && (!strcmp(command + n - 5, "_poll") || !strcmp(command + n - 5, "_stop"))) ||
	    !cli_identity_npub(at->file, npub))
		return true;
	status = ask(at->path, "show_status", NULL);
	other = json_string_value(json_object_get(status, "npub"));
	right = status && (!other || !strcmp(other, npub));
	if (status && !right) {
		char said[FIPS_KEY_TEXT];

		fprintf(stderr, "millrace: %s%s is of %s, and at %s another node answers, %s%s\n",
		        changes ? "" : "warning: ", at->file, npub, at->path,
		        cli_printable(said, sizeof said, other),
		        changes ? "; --socket PATH tells that one" : "");
	}
	json_decref(status);
	return right || (status && !changes);
}

json_t *cli_control_data(const struct cli_args *args, const char *command, json_t *params,
                         int *code)
{
	struct place at;

	*code = CLI_USAGE;
	if (find_place(args, &at)) {
		*code = CLI_FAILED;
		if (is_right_node(&at, command))
			return ask(at.path, command, params);
	}
	json_decref(params);
	return NULL;
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
