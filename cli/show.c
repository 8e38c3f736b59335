/* show - `millrace show peers`: what a running node knows, as its control socket tells it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/control.h"
#include "core/err.h"

static const struct cli_option options[] = { CLI_SOCKET_OPTION_ROWS, { 0 } };

static const char *const topics[] = {
	"status",	"peers",	  "links",	  "tree",	   "sessions",
	"bloom",	"mmp",		  "cache",	  "connections",   "transports",
	"routing",	"identity-cache", "acl",	  "listening-sockets", "native-flows",
	"metrics",	"stats-list",	  "stats-peers",  "stats-history", "stats-all-history",
	"stats-history-all-peers", NULL,
};

enum { TOPICS = sizeof topics / sizeof topics[0] - 1 };

static bool is_topic(const char *word)
{
	for (unsigned i = 0; i < TOPICS; i++)
		if (!strcmp(topics[i], word))
			return true;
	return false;
}

/* "window=1h" among the parameters. */
static bool add_param(json_t *params, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[64];

	if (!equals || equals == word || (size_t)(equals - word) >= sizeof name)
		return false;
	snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
	return json_object_set_new(params, name, json_string(equals + 1)) == 0;
}

static int run(const struct cli_args *args)
{
	json_t *params = NULL;
	char command[64], hint[MR_HINT];

	if (args->n_words == 0)
		return cli_usage_error(args, "show what?");
	if (!is_topic(args->words[0]))
		return cli_usage_error(args, "there is no \"%s\" to show%s", args->words[0],
		                       mr_hint(hint, args->words[0], topics, TOPICS));
	snprintf(command, sizeof command, "show_%s", args->words[0]);
	for (char *p = command; *p; p++) {
		if (*p == '-')
			*p = '_';
	}
	for (unsigned i = 1; i < args->n_words; i++) {
		params = params ? params : json_object();
		if (add_param(params, args->words[i]))
			continue;
		json_decref(params);
		return cli_usage_error(args, "\"%s\" is not NAME=VALUE", args->words[i]);
	}
	return cli_control_ask(args, command, params);
}

const struct cli_command cli_show = {
	.name = "show",
	.summary = "show what a running node knows: status, peers, sessions and more (JSON)",
	.details = "WHAT is status, peers, links, tree, sessions, bloom, mmp, cache, connections,\n"
	           "transports, routing, identity-cache, acl, listening-sockets, native-flows,\n"
	           "metrics, stats-list, stats-peers, stats-history (metric=, and as it is wanted\n"
	           "peer=, window=10m, granularity=1s), stats-all-history (the same but metric) or\n"
	           "stats-history-all-peers (the same but peer).  doc/control-socket.md says what\n"
	           "each shows.",
	.options = options,
	.words = "WHAT [NAME=VALUE]...", .choices = topics,
	.run = run,
};
