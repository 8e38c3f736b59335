/* identity.c - whose node is it?  From the node file's settings to a secret key. */
#include "cli/identity.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/keyfile.h"
#include "cli/nodefile.h"

struct settings {
	char *nsec, *key_file; /* owned */
	bool  persistent;
};

static const char *nsec_wrong(const void *member)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct fips_identity id;
	const char *wrong = fips_identity_parse(&id, &curve, *(char *const *)member);

	if (!wrong)
		fips_identity_wipe(&id);
	fips_curve_close(&curve);
	return wrong;
}

#define HEX60 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
#define ZERO16 "0000000000000000"

static const struct mr_field_rule nsec_rule = {
	.wrong = nsec_wrong, .type = "nsec1... or 64 hex digits", .good = HEX60 "1f20",
	.bad = (const char *const[]){ "", "nsec1", HEX60, HEX60 "1f2g", HEX60 "1f2021",
	                              "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m",
	                              NULL },
	.unseen = (const char *const[]){ ZERO16 ZERO16 ZERO16 ZERO16, NULL },
	.schema = "{ \"pattern\": \"^(nsec1[02-9ac-hj-np-z]{58}|[0-9A-Fa-f]{64})$\" }",
};

static const struct mr_field identity_fields[] = {
	{ .name = "nsec", .type = MR_TEXT, MR_AT(struct settings, nsec), .secret = true,
	  .rule = &nsec_rule,
	  .help = "the secret key: nsec1... or 64 hex digits" },
	{ .name = "key_file", .type = MR_TEXT, MR_AT(struct settings, key_file),
	  .help = "file that holds the secret key, mode 0600; relative to the node file" },
	{ .name = "persistent", .type = MR_BOOL, MR_AT(struct settings, persistent),
	  .help = "keep the key in fips.key beside the node file, made when missing" },
	{ 0 }
};

const struct mr_section cli_identity_section = {
	.path = "node.identity", .fields = identity_fields, .size = sizeof(struct settings),
	.help = "the node's secret key"
};

/* A path relative to the folder of the node file. */
static bool beside(char out[PATH_MAX], const char *file, const char *name)
{
	const char *slash = file && *name != '/' ? strrchr(file, '/') : NULL;
	int n = slash ? snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - file), file, name) :
			snprintf(out, PATH_MAX, "%s", name);

	return n < PATH_MAX;
}

/* `what` begins the sentence of a complaint;
 * that of a setting is the one its rule has made already. */
static enum cli_identity parsed(struct fips_identity *id, const struct fips_curve *curve,
                                const char *text, const char *what, struct mr_where where,
                                struct mr_report *report)
{
	const char *wrong = fips_identity_parse(id, curve, text);

	if (!wrong)
		return CLI_IDENTITY_FOUND;
	mr_complain(report, where, "%s%s", what, wrong);
	return CLI_IDENTITY_WRONG;
}

static enum cli_identity from_file(struct fips_identity *id, const struct fips_curve *curve,
                                   const char *file, struct mr_report *report)
{
	char text[CLI_KEY_MAX];
	enum cli_identity found;

	if (!cli_key_read(file, text, report))
		return CLI_IDENTITY_WRONG;
	found = parsed(id, curve, text, "", (struct mr_where){ .file = file }, report);
	explicit_bzero(text, sizeof text);
	return found;
}

static enum cli_identity persistent(struct fips_identity *id, const struct fips_curve *curve,
                                    const char *file, bool make, struct mr_report *report)
{
	char secret[PATH_MAX], public[PATH_MAX];

	if (!beside(secret, file, "fips.key") || !beside(public, file, "fips.pub")) {
		mr_complain(report, (struct mr_where){ .file = file }, "the path is too long");
		return CLI_IDENTITY_WRONG;
	}
	if (faccessat(AT_FDCWD, secret, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return from_file(id, curve, secret, report);
	if (!make)
		return CLI_IDENTITY_NONE;
	cli_key_fresh(id, curve);
	return cli_key_write(secret, public, id, report) ? CLI_IDENTITY_FOUND : CLI_IDENTITY_WRONG;
}

enum cli_identity cli_identity_find(const struct mr_json *doc, const char *file, bool make,
                                    struct fips_identity *id, struct mr_report *report)
{
	struct fips_curve curve = fips_curve_secp256k1();
	enum cli_identity found = CLI_IDENTITY_NONE;
	char path[PATH_MAX];
	struct settings s;

	mr_section_decode(&cli_identity_section, &s, doc);
	if (s.nsec)
		found = parsed(id, &curve, s.nsec, "the value ",
		               mr_json_where(doc, "node.identity.nsec"), report);
	else if (s.key_file && beside(path, file, s.key_file))
		found = from_file(id, &curve, path, report);
	else if (s.persistent)
		found = persistent(id, &curve, file, make, report);
	mr_fields_free(identity_fields, &s);
	fips_curve_close(&curve);
	return found;
}

bool cli_identity_npub(const char *file, char npub[FIPS_KEY_TEXT])
{
	struct mr_report unsaid = { 0 };
	struct mr_json *doc = cli_node_read(file, &unsaid);
	struct fips_identity id;
	bool found = doc && cli_identity_find(doc, file, false, &id, &unsaid) == CLI_IDENTITY_FOUND;

	if (found) {
		memcpy(npub, id.npub, FIPS_KEY_TEXT);
		fips_identity_wipe(&id);
	}
	mr_report_free(&unsaid);
	mr_json_free(doc);
	return found;
}

/* As node.identity.nsec, quoted: all digits would read as a number. */
static void put(struct mr_json *doc, const struct fips_identity *id, struct mr_report *report)
{
	char nsec[FIPS_KEY_TEXT], quoted[FIPS_KEY_TEXT + 2];

	fips_nsec_format(id->secret, nsec);
	snprintf(quoted, sizeof quoted, "\"%s\"", nsec);
	mr_json_set(doc, "node.identity.nsec", quoted, report);
	explicit_bzero(nsec, sizeof nsec);
	explicit_bzero(quoted, sizeof quoted);
}

bool cli_identity_take(struct mr_json *doc, const char *file, struct fips_identity *id,
                       struct mr_report *report)
{
	enum cli_identity found = cli_identity_find(doc, file, true, id, report);
	struct fips_curve curve;

	if (found == CLI_IDENTITY_WRONG)
		return false;
	if (found == CLI_IDENTITY_NONE) {
		curve = fips_curve_secp256k1();
		cli_key_fresh(id, &curve);
		fips_curve_close(&curve);
	}
	put(doc, id, report);
	return true;
}

static json_t *said(const struct mr_json *doc, const char *path)
{
	json_t *value = mr_json_at(doc, path);

	return json_is_null(value) ? NULL : value;
}

static bool same_value(const struct mr_json *a, const struct mr_json *b, const char *path)
{
	json_t *in_a = said(a, path), *in_b = said(b, path);

	return in_a == in_b || (in_a && in_b && json_equal(in_a, in_b));
}

/* Where the key comes from is told as before. */
static bool same_source(const struct mr_json *doc, const struct mr_json *started, bool nsec)
{
	return !nsec && !said(doc, "node.identity.nsec") &&
	       same_value(doc, started, "node.identity.key_file") &&
	       same_value(doc, started, "node.identity.persistent");
}

static bool is_key_of(const struct fips_identity *id, const struct mr_json *doc, const char *file,
                      bool *same, struct mr_report *report)
{
	struct fips_identity found;

	switch (cli_identity_find(doc, file, false, &found, report)) {
	case CLI_IDENTITY_WRONG: return false;
	case CLI_IDENTITY_NONE:  *same = false; return true;
	case CLI_IDENTITY_FOUND: break;
	}
	*same = !strcmp(found.npub, id->npub);
	fips_identity_wipe(&found);
	return true;
}

bool cli_identity_again(struct mr_json *doc, const char *file, const struct mr_json *started,
                        bool nsec, const struct fips_identity *id, struct mr_report *report)
{
	static const char path[] = "node.identity";
	struct mr_where where = mr_json_where(doc, path);
	bool same = same_source(doc, started, nsec);

	if (!same && !is_key_of(id, doc, file, &same, report))
		return false;
	where.path = path;
	if (!same)
		mr_complain(report, where, "a change here needs a restart");
	else
		cli_identity_hide(doc, id, report);
	return same;
}

void cli_identity_hide(struct mr_json *doc, const struct fips_identity *id,
                       struct mr_report *report)
{
	mr_json_set(doc, "node.identity.nsec", id->npub, report);
}
