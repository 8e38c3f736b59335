/* connect - `millrace connect` and `millrace disconnect`: neighbours of a running node. */
#include <jansson.h>

#include "cli/control.h"

static const struct cli_option options[] = { CLI_SOCKET_OPTION_ROWS, { 0 } };

static int run_connect(const struct cli_args *args)
{
	if (args->n_words < 2 || args->n_words > 3)
		return cli_usage_error(args, "a peer, its address and perhaps a transport are wanted");
	return cli_control_ask(args, "connect",
	                       json_pack("{s:s s:s s:s}", "npub", args->words[0], "address",
	                                 args->words[1], "transport",
	                                 args->n_words > 2 ? args->words[2] : "udp"));
}

static int run_disconnect(const struct cli_args *args)
{
	if (args->n_words != 1)
		return cli_usage_error(args, "one peer is wanted");
	return cli_control_ask(args, "disconnect", json_pack("{s:s}", "npub", args->words[0]));
}

const struct cli_command cli_connect = {
	.name = "connect",
	.summary = "add a peer to a running node, for as long as it runs, and dial it",
	.details = "PEER is an npub or a name that the node knows.  TRANSPORT is udp unless it is\n"
	           "said, or udp/ and the name of an instance.",
	.options = options,
	.words = "PEER ADDRESS [TRANSPORT]",
	.run = run_connect,
};

const struct cli_command cli_disconnect = {
	.name = "disconnect",
	.summary = "let a running node say goodbye to a peer, and dial it no more",
	.details = "PEER is an npub or a name that the node knows.",
	.options = options,
	.words = "PEER",
	.run = run_disconnect,
};
