/* pubkey.c - millrace pubkey: what a secret key is called on the mesh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/identity.h"
#include "cli/keyfile.h"
#include "cli/nodefile.h"

enum { CONFIG, KEY_FILE };

static const struct cli_option options[] = {
	{ 'c', "config", "FILE", "the key of this node file" },
	{ 'f', "nsec-file", "FILE", "the key in this file" },
	{ 0 }
};

static bool from_text(const char *text, struct mr_where where, struct fips_identity *id,
                      struct mr_report *report)
{
	struct fips_curve curve = fips_curve_secp256k1();
	const char *wrong = fips_identity_parse(id, &curve, text);

	if (wrong)
		mr_complain(report, where, "%s", wrong);
	fips_curve_close(&curve);
	return !wrong;
}

static bool from_config(const char *file, struct fips_identity *id, struct mr_report *report)
{
	struct mr_json *doc = cli_node_read(file, report);
	enum cli_identity found = CLI_IDENTITY_WRONG;

	if (doc)
		found = cli_identity_find(doc, file, false, id, report);
	if (found == CLI_IDENTITY_NONE)
		mr_complain(report, (struct mr_where){ .file = file, .path = "node.identity" },
			    "names no key: the node gets a fresh one when it starts");
	mr_json_free(doc);
	return found == CLI_IDENTITY_FOUND;
}

static bool from_file(const char *file, struct fips_identity *id, struct mr_report *report)
{
	char text[CLI_KEY_MAX];
	bool ok = cli_key_read(file, text, report) &&
		  from_text(text, (struct mr_where){ .file = file }, id, report);

	explicit_bzero(text, sizeof text);
	return ok;
}

/* The first word of standard input. */
static bool from_input(struct fips_identity *id, struct mr_report *report)
{
	struct mr_where where = { .file = "standard input" };
	char text[CLI_KEY_MAX];
	bool ok = scanf("%255s", text) == 1;

	if (!ok)
		mr_complain(report, where, "holds no key");
	ok = ok && from_text(text, where, id, report);
	explicit_bzero(text, sizeof text);
	return ok;
}

static int run(const struct cli_args *args)
{
	const char *config = cli_value(args, CONFIG), *file = cli_value(args, KEY_FILE);
	struct mr_report report = { 0 };
	struct fips_identity id;
	bool ok;

	if (config && file)
		return cli_usage_error(args, "--config and --nsec-file exclude each other");
	if (config)
		ok = from_config(config, &id, &report);
	else
		ok = file ? from_file(file, &id, &report) : from_input(&id, &report);
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	if (!ok)
		return CLI_USAGE;
	cli_key_print(&id);
	fips_identity_wipe(&id);
	return CLI_OK;
}

static const char details[] =
	"The secret key (nsec1... or 64 hex digits) comes from a node file, a key file, or\n"
	"standard input.";

const struct cli_command cli_pubkey = {
	.name = "pubkey",
	.summary = "print the public key and the addresses of a secret key",
	.details = details,
	.options = options,
	.run = run,
};
