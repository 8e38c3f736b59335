/* version.c - millrace version: what this program is made of. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "core/aead.h"
#include "core/clock.h"
#include "stages/kinds.h"

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

static int run(const struct cli_args *args)
{
	struct mr_aead_score scores[MR_AEAD_MAX];
	const struct mr_aead *chosen;
	unsigned n = 0;

	(void)args;
	printf("millrace %s\n\n%s\nkinds\n ", PACKAGE_VERSION, MR_BUILD);
	for (const struct mr_kind *const *k = mr_kinds; *k; k++)
		printf(" %s", (*k)->name);
	printf("\n\nAEAD providers\n");
	fflush(stdout);
	chosen = mr_aead_choose(mr_clock_now, scores, &n);
	for (unsigned i = 0; i < n; i++)
		print_score(&scores[i], chosen);
	return CLI_OK;
}

static const char details[] =
	"Every provider is tested against known answers and measured on this machine, as at the\n"
	"start of a node.";

const struct cli_command cli_version = {
	.name = "version",
	.summary = "print the version, what was built in, and the AEAD providers",
	.details = details,
	.options = options,
	.run = run,
};
