/* check.c - millrace check: is the configuration right, and what would run? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/identity.h"
#include "cli/planned.h"

enum { PRINT = CLI_NODE_OPTIONS };

static const struct cli_option options[] = {
	CLI_NODE_OPTION_ROWS,
	{ 'p', "print", "dot|json", "print the graph in place of the summary" },
	{ 0 }
};

static void print_summary(const struct cli_node *node, const struct mr_plan *plan)
{
	const struct mr_graph *g = node->graph;

	if (node->why)
		printf("%s\n", node->why);
	printf("graph %s (%s)%s%s\n", g->name, g->file, *g->summary ? ": " : "", g->summary);
	mr_plan_print(plan, stdout);
	printf("%s\n", node->file ? "The node file and the graph are fine." :
				    "The graph is fine; no node file was checked.");
}

static int print_form(const struct cli_args *args, const struct mr_graph *g, const char *form)
{
	char *text;

	if (form[0] == 'd') {
		mr_graph_print_dot(g, stdout);
		return CLI_OK;
	}
	text = mr_graph_json(g);
	if (!text) {
		fprintf(stderr, "millrace %s: no memory\n", args->command->name);
		return CLI_FAILED;
	}
	puts(text);
	free(text);
	return CLI_OK;
}

/* ---- what a node warns of when it starts ---- */

static void warn_self(const struct mr_json *doc, const char *npub, struct mr_report *report)
{
	json_t *peers = mr_json_at(doc, "peers"), *peer;
	char at[MR_PATH];
	size_t i;

	json_array_foreach(peers, i, peer) {
		const char *other = json_string_value(json_object_get(peer, "npub"));

		snprintf(at, sizeof at, "peers[%zu].npub", i);
		if (other && !strcasecmp(other, npub))
			mr_warn(report, mr_json_place(doc, at, report), "this is the node itself; it is left out");
	}
}

static void warn_address(const struct mr_json *doc, const json_t *address, const char *path,
                         struct mr_report *report)
{
	static const char *const built[] = { "udp", "tcp", "ethernet" };
	const char *transport = json_string_value(json_object_get(address, "transport"));
	char at[MR_PATH];

	for (unsigned i = 0; transport && i < sizeof built / sizeof built[0]; i++) {
		json_t *conf = mr_json_at(doc, mr_path_key(at, "transports", built[i]));

		if (!strcmp(transport, built[i]) && (!conf || json_is_null(conf)))
			mr_warn(report,
			        mr_json_place(doc, mr_path_key(at, path, "transport"), report),
			        "transports.%s is not configured; this address is left out",
			        transport);
	}
}

static void warn_addresses(const struct mr_json *doc, struct mr_report *report)
{
	json_t *peers = mr_json_at(doc, "peers"), *peer, *address;
	char at[MR_PATH];
	size_t i, k;

	json_array_foreach(peers, i, peer)
		json_array_foreach(json_object_get(peer, "addresses"), k, address) {
			snprintf(at, sizeof at, "peers[%zu].addresses[%zu]", i, k);
			warn_address(doc, address, at, report);
		}
}

/* The key must be readable if there is one; none is made. */
static void check_identity(const struct cli_node *node, struct mr_report *report)
{
	struct fips_identity id;

	if (cli_identity_find(node->doc, node->file, false, &id, report) != CLI_IDENTITY_FOUND)
		return;
	warn_self(node->doc, id.npub, report);
	fips_identity_wipe(&id);
}

static int check(const struct cli_args *args, struct cli_node_options *o)
{
	const char *form = cli_value(args, PRINT);
	struct mr_report report = { 0 };
	struct cli_planned p;
	int code = CLI_USAGE;

	if (!cli_planned_open(&p, o, &report))
		return CLI_FAILED;
	if (p.node.doc) {
		check_identity(&p.node, &report);
		warn_addresses(p.node.doc, &report);
	}
	mr_report_print(&report, stderr);
	if (!report.errors && p.plan) {
		code = CLI_OK;
		if (form)
			code = print_form(args, p.node.graph, form);
		else
			print_summary(&p.node, p.plan);
	}
	cli_planned_close(&p);
	mr_report_free(&report);
	return code;
}

static int run(const struct cli_args *args)
{
	static const char *const forms[] = { "dot", "json" };
	const char **sets = calloc(args->n + 1, sizeof *sets);
	const char *form = cli_value(args, PRINT);
	struct cli_node_options o;
	char hint[MR_HINT];
	int code;

	if (!sets)
		return CLI_FAILED;
	o = cli_node_options_of(args, sets);
	o.bare = o.graph != NULL;
	if (form && strcmp(form, forms[0]) != 0 && strcmp(form, forms[1]) != 0)
		code = cli_usage_error(args, "there is no form \"%s\"%s", form,
				       mr_hint(hint, form, forms, 2));
	else
		code = check(args, &o);
	free(sets);
	return code;
}

static const char details[] =
	"Reads files, opens nothing else, starts nothing and needs no privileges.  Every mistake\n"
	"is reported at once, with its place in the file.  With --graph and without a node file\n"
	"only the graph is checked.";

const struct cli_command cli_check = {
	.name = "check",
	.summary = "check the node file and the graph, and say what would run",
	.details = details,
	.options = options,
	.run = run,
};
