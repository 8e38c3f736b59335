/* complete - what may stand next on a command line, for the shells.
 *
 *   millrace complete -- WORD...     the words behind `millrace`, the last of them not yet finished
 *
 * prints one candidate a line, with a tab and its description where there is one, and a last line
 * ":files" where any file may stand.  All comes from the table of commands and their options, so
 * the files in contrib/completions know no command by name and are never out of date. */
#include "cli/args.h"

#include <stdio.h>
#include <string.h>

#include "cli/nodefile.h"
#include "core/plugins.h"
#include "core/stage.h"

static void offer(const char *typed, const char *word, const char *help)
{
	if (!strncmp(word, typed, strlen(typed)))
		printf("%s%s%s\n", word, help ? "\t" : "", help ? help : "");
}

static void offer_graph(void *typed, const char *name)
{
	offer(typed, name, "shipped graph");
}

/* Kinds of stages, those of plugins too: what `millrace kinds` says, without the refusals. */
static void offer_kinds(const char *typed)
{
	struct mr_report unsaid = { 0 };
	struct mr_plugins *plugins = cli_plugins_open(&unsaid);

	for (unsigned i = 0; plugins && plugins->kinds[i]; i++)
		offer(typed, plugins->kinds[i]->name, plugins->kinds[i]->summary);
	if (plugins)
		mr_plugins_close(plugins);
	mr_report_free(&unsaid);
}

static bool is_file(const char *arg)
{
	return !strcmp(arg, "FILE") || !strcmp(arg, "PATH") || !strcmp(arg, "DIR");
}

/* "dot|json": one of these. */
static void offer_each(const char *typed, const char *arg)
{
	char word[64];

	for (size_t n; *arg; arg += n + (arg[n] == '|')) {
		n = strcspn(arg, "|");
		snprintf(word, sizeof word, "%.*s", (int)n, arg);
		offer(typed, word, NULL);
	}
}

/* What stands for a value in the help says what it may be. */
static void offer_value(const char *typed, const char *arg)
{
	if (strchr(arg, '|'))
		offer_each(typed, arg);
	if (!strcmp(arg, "GRAPH")) {
		offer(typed, "auto", "by the number of cores");
		cli_graph_each(offer_graph, (void *)typed);
	}
	if (is_file(arg) || !strcmp(arg, "GRAPH"))
		printf(":files\n");
}

/* The option that this word names, and which wants a value, or NULL. */
static const struct cli_option *wants_value(const struct cli_command *c, const char *word)
{
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		if (!o->arg)
			continue;
		if (word[0] == '-' && word[1] == '-' && !strcmp(word + 2, o->name))
			return o;
		if (word[0] == '-' && o->letter && word[1] == o->letter && !word[2])
			return o;
	}
	return NULL;
}

static void offer_options(const struct cli_command *c, const char *typed)
{
	char word[64];

	for (const struct cli_option *o = c->options; o && o->name; o++) {
		snprintf(word, sizeof word, "--%s", o->name);
		offer(typed, word, o->help);
	}
	offer(typed, "--help", "print what the command does, and exit");
}

/* Is what is typed the first word that is neither an option nor the value of one? */
static bool is_first(const struct cli_command *c, int n, char **words)
{
	for (int i = 1; i < n - 1; i++)
		if (words[i][0] != '-' && !wants_value(c, words[i - 1]))
			return false;
	return true;
}

static void offer_words(const struct cli_command *c, int n, char **words)
{
	const char *const *choice = is_first(c, n, words) ? c->choices : NULL;

	for (; choice && *choice; choice++)
		offer(words[n - 1], *choice, NULL);
	if (c->words && strstr(c->words, "KIND") && is_first(c, n, words))
		offer_kinds(words[n - 1]);
	else if (c->words && strstr(c->words, "GRAPH"))
		offer_value(words[n - 1], "GRAPH");
	else if (c->words && (strstr(c->words, "FILE") || strstr(c->words, "PATH")))
		printf(":files\n");
}

static void complete_command(const struct cli_command *c, int n, char **words)
{
	const char *typed = words[n - 1];
	const struct cli_option *o = n > 2 ? wants_value(c, words[n - 2]) : NULL;

	if (o)
		offer_value(typed, o->arg);
	else if (*typed == '-')
		offer_options(c, typed);
	else
		offer_words(c, n, words);
}

int cli_complete(const struct cli_command *const *commands, int n, char **words)
{
	if (n > 0 && !strcmp(words[0], "--"))
		n--, words++;
	if (n == 1) {
		for (; *commands; commands++)
			offer(words[0], (*commands)->name, (*commands)->summary);
		offer(words[0], "--help", "print the commands, and exit");
		offer(words[0], "--version", "print the version, and exit");
	}
	for (; n > 1 && *commands; commands++)
		if (!strcmp((*commands)->name, words[0]))
			complete_command(*commands, n, words);
	return CLI_OK;
}
