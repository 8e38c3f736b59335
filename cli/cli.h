/* cli.h - the millrace program: one command a file, one table of options a command.
 *
 * main.c finds the command, reads its options by its table, answers --help from the same table and
 * calls run.  A command never parses argv itself: it asks for the values it was given by their
 * index in its own table.
 */
#ifndef MILLRACE_CLI_CLI_H
#define MILLRACE_CLI_CLI_H

#include <stdbool.h>

/* Exit codes. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* An option.  Tables end with { 0 }. */
struct cli_option {
	char        letter; /* 0: long form only */
	const char *name;   /* without the dashes */
	const char *arg;    /* what stands for its value in the help; NULL: a switch */
	const char *help;
};

struct cli_given {
	unsigned    option; /* index in the command's options */
	const char *value;  /* "" for a switch; borrowed from argv */
};

struct cli_args {
	const struct cli_command *command;
	struct cli_given         *given; /* in the order of the command line */
	unsigned                  n;
	char *const              *words; /* that are no options; borrowed from argv */
	unsigned                  n_words;
};

struct cli_command {
	const char              *name;
	const char              *summary; /* one line */
	const char              *details; /* printed below the summary by --help; may be NULL */
	const struct cli_option *options;
	const char              *words; /* what stands for its words in the help; NULL: it takes
	                                 * none */
	const char *const       *choices; /* what its first word is one of; NULL: anything; for
	                                   * shells */
	int (*run)(const struct cli_args *args); /* an exit code */
};

/* Was this option given? */
bool cli_has(const struct cli_args *args, unsigned option);

/* Value of the last one given, or NULL. */
const char *cli_value(const struct cli_args *args, unsigned option);

/* A complaint about the command line on stderr, with a pointer to --help; always CLI_USAGE. */
int cli_usage_error(const struct cli_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The registry of kinds and AEAD providers (core/plugins.h): what is built in, and the modules of
 * one folder: MILLRACE_PLUGINS when it is set, else the folder beside a program that lies in its
 * build tree, else the installed one.  Refusals are warnings in the report.  NULL: no memory.  To
 * be closed with mr_plugins_close after everything else. */
struct mr_plugins;
struct mr_report;
struct mr_plugins *cli_plugins_open(struct mr_report *report);

/* The first options of every command that reads the node file (nodefile.h). */
enum { CLI_CONFIG, CLI_GRAPH, CLI_SET, CLI_NODE_OPTIONS };

/* clang-format off */
#define CLI_NODE_OPTION_ROWS                                                                   \
	{ 'c', "config", "FILE", "node file (default: millrace.json)" },                       \
	{ 'g', "graph", "GRAPH", "stage graph: auto, the name of a shipped one, or a path" }, \
	{ 's', "set", "KEY=VALUE", "change one setting of the node file or the graph" }
/* clang-format on */

extern const struct cli_command cli_run, cli_check, cli_connect, cli_disconnect, cli_doctor,
	cli_graph, cli_keygen, cli_kinds, cli_probe, cli_pubkey, cli_reload, cli_schema, cli_show,
	cli_stats, cli_top, cli_trace, cli_version;

#endif
