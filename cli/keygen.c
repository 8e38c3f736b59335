/* keygen.c - millrace keygen: a key nobody has had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/keyfile.h"

enum { OUT };

static const struct cli_option options[] = {
	{ 'o', "out", "FILE", "write the secret key to FILE and the public one to FILE.pub" },
	{ 0 }
};

static int write_files(const struct fips_identity *id, const char *file)
{
	struct mr_report report = { 0 };
	char *public = malloc(strlen(file) + sizeof ".pub");
	bool ok = false;

	if (public) {
		strcat(strcpy(public, file), ".pub");
		ok = cli_key_write(file, public, id, &report);
	}
	mr_report_print(&report, stderr);
	mr_report_free(&report);
	free(public);
	if (ok)
		cli_key_print(id);
	return ok ? CLI_OK : CLI_FAILED;
}

static int run(const struct cli_args *args)
{
	struct fips_curve curve = fips_curve_secp256k1();
	const char *file = cli_value(args, OUT);
	char nsec[FIPS_KEY_TEXT];
	struct fips_identity id;
	int code = CLI_OK;

	if (file && !*file)
		return cli_usage_error(args, "--out needs the name of a file");
	cli_key_fresh(&id, &curve);
	fips_curve_close(&curve);
	if (file) {
		code = write_files(&id, file);
	} else {
		fips_nsec_format(id.secret, nsec);
		printf("nsec  %s\nnpub  %s\n", nsec, id.npub);
		explicit_bzero(nsec, sizeof nsec);
	}
	fips_identity_wipe(&id);
	return code;
}

static const char details[] =
	"Prints the secret key (nsec) and the public key (npub).  With --out both go to files that\n"
	"must not be there yet, the secret one readable by its owner only.";

const struct cli_command cli_keygen = {
	.name = "keygen",
	.summary = "make a new key pair",
	.details = details,
	.options = options,
	.run = run,
};
