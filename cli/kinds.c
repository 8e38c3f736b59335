/* kinds.c - millrace kinds: what stages can be made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/plugins.h"
#include "core/reference.h"

enum { JSON, MARKDOWN, MDOC };

static const struct cli_option options[] = {
	{ 'j', "json", NULL, "all there is to say, as JSON" },
	{ 'm', "markdown", NULL, "the same as a page" },
	{ 'M', "mdoc", NULL, "settings and ports as a part of a manual page" },
	{ 0 }
};

static const char *module_of(const struct mr_plugins *plugins, const struct mr_kind *kind)
{
	const struct mr_module *m = mr_plugins_of_kind(plugins, kind);

	return m ? m->plugin->name : NULL;
}

static int print_json(json_t *o)
{
	int failed = json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	putchar('\n');
	json_decref(o);
	return failed ? CLI_FAILED : CLI_OK;
}

static enum mr_form form_of(const struct cli_args *args)
{
	return cli_has(args, MARKDOWN) ? MR_MARKDOWN : cli_has(args, MDOC) ? MR_MDOC : MR_PLAIN;
}

/* ---- all of them ---- */

static json_t *all_json(const struct mr_plugins *plugins)
{
	json_t *list = json_array();

	for (const struct mr_kind *const *k = plugins->kinds; *k; k++)
		json_array_append_new(list, mr_kind_json(*k, module_of(plugins, *k)));
	return list;
}

static int print_all(const struct cli_args *args, const struct mr_plugins *plugins)
{
	if (cli_has(args, JSON))
		return print_json(all_json(plugins));
	for (const struct mr_kind *const *k = plugins->kinds; *k; k++) {
		const char *from = module_of(plugins, *k);

		if (form_of(args) != MR_PLAIN)
			mr_reference_kind(*k, from, form_of(args), stdout);
		else
			printf("%-12s %s%s%s%s\n", (*k)->name, (*k)->summary,
			       from ? " (plugin " : "", from ? from : "", from ? ")" : "");
	}
	return CLI_OK;
}

/* ---- one ---- */

static int print_one(const struct cli_args *args, const struct mr_plugins *plugins,
                     const struct mr_kind *kind)
{
	const char *from = module_of(plugins, kind);

	if (cli_has(args, JSON))
		return print_json(mr_kind_json(kind, from));
	mr_reference_kind(kind, from, form_of(args), stdout);
	return CLI_OK;
}

static int print_named(const struct cli_args *args, const struct mr_plugins *plugins,
                       const char *name)
{
	const char *names[MR_KINDS_MAX];
	char hint[MR_HINT];
	unsigned n = 0;

	for (; plugins->kinds[n]; n++) {
		if (!strcmp(plugins->kinds[n]->name, name))
			return print_one(args, plugins, plugins->kinds[n]);
		names[n] = plugins->kinds[n]->name;
	}
	return cli_usage_error(args, "there is no kind \"%s\"%s", name,
	                       mr_hint(hint, name, names, n));
}

static int run(const struct cli_args *args)
{
	struct mr_report report = { 0 };
	struct mr_plugins *plugins;
	int code;

	if (args->n_words > 1)
		return cli_usage_error(args, "\"%s\" is one word too many", args->words[1]);
	plugins = cli_plugins_open(&report);
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	if (!plugins)
		return CLI_FAILED;
	code = args->n_words ? print_named(args, plugins, args->words[0]) :
	                       print_all(args, plugins);
	mr_plugins_close(plugins);
	return code;
}

const struct cli_command cli_kinds = {
	.name = "kinds",
	.summary = "list the kinds that stages can be of, or all of one",
	.details = "With KIND its settings, ports, drops, counters, and what it needs.  Kinds of plugins\n"
	           "are among them.",
	.options = options,
	.words = "[KIND]",
	.run = run,
};
