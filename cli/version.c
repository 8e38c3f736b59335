/* version.c - millrace version: what this program is made of. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/plugins.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(built without configure)"
#endif
#ifndef MR_BUILD
#define MR_BUILD ""
#endif

static const struct cli_option options[] = { { 0 } };

static void print_score(const struct mr_aead_score *s, const struct mr_aead *chosen)
{
	printf("  %-10s ", s->provider->name);
	if (s->refused)
		printf("refused: %s", s->refused);
	else
		printf("known answers hold; 1400 bytes: seal %" PRIu64 " ns, open %" PRIu64 " ns%s",
		       s->ns_seal, s->ns_open, s->provider == chosen ? "; fastest here" : "");
	printf("\n%13s%s\n", "", s->provider->summary);
}

static void print_kinds(const struct mr_plugins *p)
{
	printf("kinds\n ");
	for (const struct mr_kind *const *k = p->kinds; *k; k++)
		printf(" %s", (*k)->name);
	printf("\n\n");
}

static void print_plugins(const struct mr_plugins *p)
{
	printf("plugins from %s, ABI %d\n", p->folder, MR_ABI);
	if (p->refused)
		printf("  none: %s\n", p->refused);
	else if (!p->modules)
		printf("  none\n");
	for (unsigned i = 0; i < p->modules; i++) {
		const struct mr_module *m = &p->module[i];
		const char *slash = strrchr(m->file, '/'), *base = slash ? slash + 1 : m->file;

		if (m->plugin)
			printf("  %-10s %s, version %s: %s\n", m->plugin->name, base,
			       m->plugin->version, m->plugin->summary);
		else
			printf("  %s refused: %s\n", base, m->refused);
	}
	printf("\n");
}

static void print_aeads(const struct mr_plugins *p)
{
	struct mr_aead_score scores[MR_AEAD_MAX];
	const struct mr_aead *chosen;
	unsigned n = 0;

	printf("AEAD providers\n");
	fflush(stdout);
	chosen = mr_aead_choose(p->aeads, mr_clock_now, scores, &n);
	for (unsigned i = 0; i < n; i++)
		print_score(&scores[i], chosen);
}

static int run(const struct cli_args *args)
{
	struct mr_report report = { 0 };
	struct mr_plugins *p = cli_plugins_open(&report);

	(void)args;
	if (!p)
		return CLI_FAILED;
	printf("millrace %s\n\n%s\n", PACKAGE_VERSION, MR_BUILD);
	print_kinds(p);
	print_plugins(p);
	print_aeads(p);
	mr_plugins_close(p);
	mr_report_free(&report);
	return CLI_OK;
}

static const char details[] =
	"Plugins are loaded from the folder that MILLRACE_PLUGINS names, else from the installed one (or\n"
	"the build tree's); one that cannot be used is listed with the reason.\n"
	"Every provider is tested against known answers and measured on this machine, as at the\n"
	"start of a node.";

const struct cli_command cli_version = {
	.name = "version",
	.summary = "print the version, what was built in, plugins, and the AEAD providers",
	.details = details,
	.options = options,
	.run = run,
};
