/* nodefile_keys.c - whose key a node has, by its file; key files as such. */
#include "cli/identity.h"
#include "cli/keyfile.h"
#include "t/cli/nodefile_bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cli_identity find(const char *text, bool make, struct fips_identity *id,
                              struct mr_report *r)
{
	struct mr_json *doc = mr_json_parse("n.json", text, strlen(text), r);
	enum cli_identity found = cli_identity_find(doc, "./n.json", make, id, r);

	mr_json_free(doc);
	return found;
}

static const uint8_t secret[3] = { 1, 2, 3 };

START_TEST(identity_from_settings)
{
	struct mr_report r = { 0 };
	struct fips_identity id;

	ck_assert_int_eq(find("{}", true, &id, &r), CLI_IDENTITY_NONE);
	ck_assert_int_eq(find("{\"node\":{\"identity\":{\"nsec\":\"" HEX "\"}}}", false, &id, &r),
			 CLI_IDENTITY_FOUND);
	ck_assert_mem_eq(id.secret, secret, sizeof secret);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_int_eq(find("{\"node\":{\"identity\":{\"nsec\":\"nsec1x\"}}}", false, &id, &r),
			 CLI_IDENTITY_WRONG);
	ck_assert_ptr_eq(strstr(r.list[0].text, "n.json:1:22: node.identity.nsec: "),
	                 r.list[0].text);
	mr_report_free(&r);
}
END_TEST

START_TEST(identity_from_a_file)
{
	static const char text[] = "{\"node\":{\"identity\":{\"key_file\":\"k\"}}}";
	struct mr_report r = { 0 };
	struct fips_identity id;

	write_file("k", "  " HEX "\r\n\n", 0600);
	ck_assert_int_eq(find(text, false, &id, &r), CLI_IDENTITY_FOUND);
	ck_assert_mem_eq(id.secret, secret, sizeof secret);
	ck_assert_uint_eq(r.n, 0);
	write_file("k", "zebra", 0600);
	ck_assert_int_eq(find(text, false, &id, &r), CLI_IDENTITY_WRONG);
	ck_assert_ptr_eq(strstr(r.list[0].text, "./k: "), r.list[0].text);
	mr_report_free(&r);
}
END_TEST

/* Made when missing, then the same for ever; not made by a check. */
START_TEST(identity_that_persists)
{
	static const char text[] = "{\"node\":{\"identity\":{\"persistent\":true}}}";
	struct mr_report r = { 0 };
	struct fips_identity first, again;
	struct stat st;

	ck_assert_int_eq(find(text, false, &first, &r), CLI_IDENTITY_NONE);
	ck_assert_int_ne(access("fips.key", F_OK), 0);
	ck_assert_int_eq(find(text, true, &first, &r), CLI_IDENTITY_FOUND);
	ck_assert_int_eq(find(text, true, &again, &r), CLI_IDENTITY_FOUND);
	ck_assert_str_eq(first.npub, again.npub);
	ck_assert_int_eq(stat("fips.key", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat("fips.pub", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

START_TEST(taking_puts_it_into_the_document)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("n.json", "{}", 2, &r);
	struct fips_identity id, again;
	char nsec[FIPS_KEY_TEXT];

	ck_assert(cli_identity_take(doc, NULL, &id, &r));
	fips_nsec_format(id.secret, nsec);
	ck_assert_str_eq(json_string_value(mr_json_at(doc, "node.identity.nsec")), nsec);
	ck_assert_int_eq(cli_identity_find(doc, NULL, false, &again, &r), CLI_IDENTITY_FOUND);
	ck_assert_str_eq(id.npub, again.npub);
	ck_assert_uint_eq(r.n, 0);
	mr_json_free(doc);
}
END_TEST

/* ---- key files ---- */

static const struct {
	const char *text;
	mode_t      mode;
	const char *said; /* NULL: read */
} keys_on_disk[] = {
	{ "abc\n", 0600, "" },
	{ "\t abc \n\n", 0400, "" },
	{ "abc", 0640, "warning: k: mode 640 lets others at the secret key; chmod 600 takes that away\n" },
	{ "abc", 0601, "warning: k: mode 601 lets others at the secret key; chmod 600 takes that away\n" },
	{ "", 0600, "k: the key file: is empty\n" },
	{ " \n\t\r\n", 0600, "k: the key file: is empty\n" },
};

START_TEST(key_files)
{
	struct mr_report r = { 0 };
	char text[CLI_KEY_MAX], *said;
	bool read;

	write_file("k", keys_on_disk[_i].text, keys_on_disk[_i].mode);
	read = cli_key_read("k", text, &r);
	said = printed(&r);
	ck_assert_str_eq(said, keys_on_disk[_i].said);
	ck_assert_int_eq(read, r.errors == 0);
	if (read)
		ck_assert_str_eq(text, "abc");
	free(said);
	mr_report_free(&r);
}
END_TEST

START_TEST(odd_key_files)
{
	char text[CLI_KEY_MAX], lengthy[CLI_KEY_MAX + 1];
	struct mr_report r = { 0 };

	write_file("k", "abc", 0600);
	ck_assert_int_eq(symlink("k", "link"), 0);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	memset(lengthy, 'a', CLI_KEY_MAX);
	lengthy[CLI_KEY_MAX] = '\0';
	write_file("long", lengthy, 0600);

	ck_assert(!cli_key_read("link", text, &r));
	ck_assert_str_eq(r.list[0].text,
	                 "link: the key file: is a symbolic link, which a key file may not be");
	ck_assert(!cli_key_read(".", text, &r));
	ck_assert(!cli_key_read("pipe", text, &r));
	ck_assert_str_eq(r.list[2].text, "pipe: the key file: is not a regular file");
	ck_assert(!cli_key_read("long", text, &r));
	ck_assert_str_eq(r.list[3].text, "long: the key file: is too long for a secret key");
	ck_assert(!cli_key_read("gone", text, &r));
	ck_assert_str_eq(r.list[4].text,
	                 "gone: the key file: is not there; `millrace keygen --out FILE` makes one");
	ck_assert_uint_eq(r.errors, 5);
	mr_report_free(&r);
}
END_TEST

/* Nothing is overwritten, nothing half-done stays. */
START_TEST(keys_are_written_once)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct mr_report r = { 0 };
	struct fips_identity id;
	char text[CLI_KEY_MAX];

	cli_key_fresh(&id, &curve);
	umask(0);
	ck_assert(cli_key_write("k", "k.pub", &id, &r));
	ck_assert(cli_key_read("k", text, &r));
	ck_assert_int_eq(strncmp(text, "nsec1", 5), 0);
	ck_assert(cli_key_read("k.pub", text, &r));
	ck_assert_str_eq(text, id.npub);
	ck_assert_uint_eq(r.errors, 0);
	mr_report_free(&r);

	ck_assert(!cli_key_write("k", "other.pub", &id, &r));
	ck_assert_str_eq(r.list[0].text, "k: is there already, and keys are never overwritten");
	ck_assert_int_ne(access("other.pub", F_OK), 0);
	ck_assert(!cli_key_write("other", "k.pub", &id, &r));
	ck_assert_int_ne(access("other", F_OK), 0);
	ck_assert_int_eq(symlink("target", "dangling"), 0);
	ck_assert(!cli_key_write("dangling", "d.pub", &id, &r));
	ck_assert_int_ne(access("target", F_OK), 0);
	ck_assert(!cli_key_write("no/such/k", "e.pub", &id, &r));
	ck_assert_uint_eq(r.errors, 4);
	mr_report_free(&r);
	fips_curve_close(&curve);
}
END_TEST

void nodefile_keys(TCase *disk)
{
	tcase_add_test(disk, identity_from_settings);
	tcase_add_test(disk, identity_from_a_file);
	tcase_add_test(disk, identity_that_persists);
	tcase_add_test(disk, taking_puts_it_into_the_document);
	tcase_add_loop_test(disk, key_files, 0, COUNT(keys_on_disk));
	tcase_add_test(disk, odd_key_files);
	tcase_add_test(disk, keys_are_written_once);
}
