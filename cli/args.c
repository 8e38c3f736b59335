/* args.c - reading options by a command's table. */
#include "cli/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 16
#define LONG        256 /* getopt's value of option i is LONG + i */
#define HELP        (LONG - 1)

static unsigned count(const struct cli_option *options)
{
	unsigned n = 0;

	while (options && options[n].name && n < OPTIONS_MAX)
		n++;
	return n;
}

/* ---- --help ---- */

static void print_option(const struct cli_option *o)
{
	char left[64];

	snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	printf("  %-25s %s\n", left, o->help);
}

static void print_help(const struct cli_command *c)
{
	static const struct cli_option help = { 'h', "help", NULL, "print this and exit" };
	unsigned n = count(c->options);

	printf("usage: millrace %s%s%s%s\n\n%s\n", c->name, n ? " [OPTION]..." : "",
	       c->words ? " " : "", c->words ? c->words : "", c->summary);
	if (c->details)
		printf("\n%s\n", c->details);
	printf("\noptions:\n");
	for (unsigned i = 0; i < n; i++)
		print_option(&c->options[i]);
	print_option(&help);
}

/* ---- reading ---- */

struct table {
	struct option longs[OPTIONS_MAX + 2];
	char          shorts[2 * OPTIONS_MAX + 4];
};

/* getopt's two forms of the table. */
static void build(struct table *t, const struct cli_option *options)
{
	unsigned n = count(options);
	size_t at = 0;

	memset(t, 0, sizeof *t);
	t->shorts[at++] = ':';
	for (unsigned i = 0; i < n; i++) {
		const struct cli_option *o = &options[i];

		t->longs[i] = (struct option){ .name = o->name,
					       .has_arg = o->arg ? required_argument : no_argument,
					       .val = LONG + (int)i };
		if (o->letter)
			t->shorts[at++] = o->letter;
		if (o->letter && o->arg)
			t->shorts[at++] = ':';
	}
	t->longs[n] = (struct option){ .name = "help", .has_arg = no_argument, .val = HELP };
	t->shorts[at] = 'h';
}

/* Index of the option that getopt found, or -1. */
static int index_of(const struct cli_option *options, int value)
{
	if (value >= LONG)
		return value - LONG;
	for (unsigned i = 0; i < count(options); i++)
		if (options[i].letter == value)
			return (int)i;
	return -1;
}

/* "--grap" is no option, and it means --graph. */
static int unknown_option(const struct cli_args *args, char **argv)
{
	const char *names[OPTIONS_MAX + 1];
	const char *word = argv[optind - 1];
	char hint[MR_HINT];
	unsigned n = 0;

	for (; n < count(args->command->options); n++)
		names[n] = args->command->options[n].name;
	names[n++] = "help";
	if (optopt >= HELP)
		return cli_usage_error(args, "%s: the option takes no value", word);
	if (optopt > 0)
		return cli_usage_error(args, "there is no option -%c", optopt);
	return cli_usage_error(args, "there is no option %s%s", word,
			       mr_nearest(word + strspn(word, "-"), names, n) ?
				       mr_hint(hint, word + strspn(word, "-"), names, n) :
				       "");
}

/* Fill in args; CLI_OK, or an exit code after complaining, or -1 when help is wanted. */
static int read_options(struct cli_args *args, int argc, char **argv)
{
	const struct cli_option *options = args->command->options;
	struct table t;
	int value;

	build(&t, options);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		int i = index_of(options, value);

		if (value == HELP || value == 'h')
			return -1;
		if (value == ':')
			return cli_usage_error(args, "%s needs a value", argv[optind - 1]);
		if (i < 0)
			return unknown_option(args, argv);
		args->given[args->n++] = (struct cli_given){ .option = (unsigned)i,
							     .value = optarg ? optarg : "" };
	}
	args->words = argv + optind;
	args->n_words = (unsigned)(argc - optind);
	if (args->n_words && !args->command->words)
		return cli_usage_error(args, "\"%s\" is one word too many", argv[optind]);
	return CLI_OK;
}

/* Options there can be at most: a letter may be one. */
static size_t most(int argc, char **argv)
{
	size_t n = 1;

	for (int i = 0; i < argc; i++)
		n += strlen(argv[i]);
	return n;
}

int cli_run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_args args = { .command = command,
				 .given = calloc(most(argc, argv), sizeof *args.given) };
	int code;

	if (!args.given) {
		fprintf(stderr, "millrace: %s\n", strerror(errno));
		return CLI_FAILED;
	}
	code = read_options(&args, argc, argv);
	if (code == CLI_OK) {
		code = command->run(&args);
	} else if (code < 0) {
		print_help(command);
		code = CLI_OK;
	}
	free(args.given);
	return code;
}

/* ---- asking ---- */

bool cli_has(const struct cli_args *args, unsigned option)
{
	return cli_value(args, option) != NULL;
}

const char *cli_value(const struct cli_args *args, unsigned option)
{
	const char *value = NULL;

	for (unsigned i = 0; i < args->n; i++)
		if (args->given[i].option == option)
			value = args->given[i].value;
	return value;
}

int cli_usage_error(const struct cli_args *args, const char *fmt, ...)
{
	va_list list;

	fprintf(stderr, "millrace %s: ", args->command->name);
	va_start(list, fmt);
	vfprintf(stderr, fmt, list);
	va_end(list);
	fprintf(stderr, "\nTry `millrace %s --help`.\n", args->command->name);
	return CLI_USAGE;
}
