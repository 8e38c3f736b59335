/* main.c - find the command, read its options by its table, answer --help, run it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "core/json.h"

static const struct cli_command *const commands[] = {
	&cli_run,        &cli_check,  &cli_doctor,  &cli_reload,     &cli_stats, &cli_top,
	&cli_graph,      &cli_show,   &cli_connect, &cli_disconnect, &cli_probe, &cli_trace,
	&cli_keygen,     &cli_pubkey, &cli_kinds,   &cli_schema,     &cli_version, NULL,
};

static void usage(FILE *out)
{
	fprintf(out,
	        "usage: millrace COMMAND [OPTION]...\n\n"
	        "A FIPS mesh node whose data plane is a pipeline of stages, wired by a file.\n\n"
	        "commands:\n");
	for (const struct cli_command *const *c = commands; *c; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(out,
	        "\n`millrace COMMAND --help` describes a command.\n"
	        "Exit codes: 0 done, 1 failed while running, 2 wrong usage or configuration.\n");
}

static int unknown(const char *name)
{
	const char *names[sizeof commands / sizeof commands[0]];
	char hint[MR_HINT];
	unsigned n = 0;

	for (; commands[n]; n++)
		names[n] = commands[n]->name;
	fprintf(stderr, "millrace: there is no command \"%s\"%s\n", name,
		mr_hint(hint, name, names, n));
	return CLI_USAGE;
}

/* A program started without its three descriptors would have a socket or the device in their place,
 * and write its log there.  What stands in for them fails as a closed one does. */
static void fill_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(CLI_FAILED);
}

/* What was printed is out, or the command has failed: a disk may be full, or nobody listens. */
static int finish(int code)
{
	bool before = ferror(stdout) != 0;

	errno = 0;
	if (fflush(stdout) == 0 && !before)
		return code;
	fprintf(stderr, "millrace: standard output: %s\n",
	        errno ? strerror(errno) : "not all could be written");
	return code == CLI_OK ? CLI_FAILED : code;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return CLI_OK;
	}
	if (!strcmp(name, "--version"))
		name = "version";
	if (!strcmp(name, "complete"))
		return cli_complete(commands, argc - 2, argv + 2);
	for (const struct cli_command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return cli_run_command(*c, argc - 1, argv + 1);
	return unknown(name);
}

int main(int argc, char **argv)
{
	fill_descriptors();
	mr_json_wipe_values();
	return finish(run(argc, argv));
}
