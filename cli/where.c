/* where - which node, is it that one, how often. */
#include "cli/where.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch.h"
#include "cli/identity.h"
#include "cli/sheet.h"

#define DEFAULT_FILE "millrace.json"

bool cli_where_is_of(const char *file, const char *where, char npub[FIPS_KEY_TEXT],
                     char other[FIPS_KEY_TEXT])
{
	char why[1024];
	size_t len;
	char *body = cli_identity_npub(file, npub) ?
	                     cli_fetch(where, "/peers", &len, why, sizeof why) : NULL;
	json_t *doc = body ? json_loads(body, 0, NULL) : NULL;
	const char *said = json_string_value(json_object_get(json_object_get(doc, "node"), "npub"));
	bool right = !said || !strcmp(said, npub);

	if (!right)
		cli_printable(other, FIPS_KEY_TEXT, said);
	json_decref(doc);
	free(body);
	return right;
}

static int of_file(const char *file, char *out)
{
	struct mr_report report = { 0 };
	char npub[FIPS_KEY_TEXT], other[FIPS_KEY_TEXT];
	bool off = false, read = cli_where_of_file(file, out, CLI_WHERE_MAX, &off, &report);

	mr_report_print(&report, stderr);
	mr_report_free(&report);
	if (off)
		fprintf(stderr, "millrace: %s: http.listen is off: the node shows nothing\n", file);
	if (!read || off)
		return CLI_USAGE;
	if (!cli_where_is_of(file, out, npub, other))
		fprintf(stderr, "millrace: warning: %s is of %s, and at %s another node answers, %s\n",
		        file, npub, out, other);
	return CLI_OK;
}

int cli_where(const struct cli_args *args, char *out)
{
	if (cli_has(args, CLI_WHERE_URL) + cli_has(args, CLI_WHERE_UNIX) +
	            cli_has(args, CLI_WHERE_CONFIG) > 1)
		return cli_usage_error(args, "--url, --unix and --config exclude one another");
	if (cli_has(args, CLI_WHERE_URL))
		snprintf(out, CLI_WHERE_MAX, "%s", cli_value(args, CLI_WHERE_URL));
	else if (cli_has(args, CLI_WHERE_UNIX))
		snprintf(out, CLI_WHERE_MAX, "unix:%s", cli_value(args, CLI_WHERE_UNIX));
	else if (cli_has(args, CLI_WHERE_CONFIG))
		return of_file(cli_value(args, CLI_WHERE_CONFIG), out);
	else if (access(DEFAULT_FILE, R_OK) == 0)
		return of_file(DEFAULT_FILE, out);
	else
		snprintf(out, CLI_WHERE_MAX, "%s", FETCH_DEFAULT);
	return CLI_OK;
}

unsigned cli_interval(const struct cli_args *args, const char *value, unsigned def_ms)
{
	char *end = NULL;
	double seconds;

	if (!value)
		return def_ms;
	seconds = strtod(value, &end);
	if (end != value && !*end && seconds >= 0.1 && seconds <= 86400)
		return (unsigned)(seconds * 1000 + 0.5);
	cli_usage_error(args, "--interval: %s is not a number of seconds in [0.1, 86400]", value);
	return 0;
}
