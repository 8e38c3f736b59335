/* Access lists and names in whole nodes: who is refused and when, files that change while the node
 * runs, what a neighbour is called (link.md 6.10, operations.md 6 and 9.3). */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;
static char             dir[64], files[512];

/* ---- files ---- */

static void write_file(const char *name, const char *text)
{
	static unsigned version;
	char path[128], next[144];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	snprintf(next, sizeof next, "%s.%u", path, version++);
	f = fopen(next, "w"); /* another file each time, so that it differs at once */
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
	ck_assert_int_eq(rename(next, path), 0);
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
}

static void setup(void)
{
	strcpy(dir, "/tmp/millrace-access-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(files, sizeof files,
	         ",\"acl\":{\"allow_file\":\"%s/allow\",\"deny_file\":\"%s/deny\"},"
	         "\"hosts_file\":\"%s/hosts\"", dir, dir, dir);
	whole_life = 0;
	whole_reset();
}

static void teardown(void)
{
	whole_close_all();
	whole_files = WHOLE_NO_FILES;
	remove_file("allow");
	remove_file("deny");
	remove_file("hosts");
	rmdir(dir);
}

/* Only node 0 has files. */
static void open_guarded(const char *peers)
{
	whole_files = files;
	whole_open(0, "", peers);
	whole_files = WHOLE_NO_FILES;
}

static char *shown_name(void)
{
	static char name[64];
	char *text = mr_control_peers_json(mr_engine_host_state(node[0].engine), air.now);
	json_t *o = json_loads(text, 0, NULL);
	json_t *peer = json_array_get(json_object_get(o, "peers"), 0);

	snprintf(name, sizeof name, "%s", json_string_value(json_object_get(peer, "name")));
	json_decref(o);
	free(text);
	return name;
}

/* ---- who comes in ---- */

static const struct {
	const char *allow, *deny, *hosts; /* B becomes node 1's npub; NULL: no such file */
	bool        in;
} doors[] = {
	{ NULL, NULL, NULL, true },
	{ "", "", "", true },
	{ NULL, "B\n", NULL, false },
	{ "B\n", "ALL\n", NULL, true },
	{ "ALL\n", "B\n", NULL, true },
	{ NULL, "all # nobody\n", NULL, false },
	{ NULL, "bert\n", "bert B\n", false },
	{ "bert\n", "ALL\n", "bert B\n", true },
	{ "bert\n", "ALL\n", NULL, false },
};

static void write_for(const char *name, const char *text)
{
	char out[512], npub[FIPS_KEY_TEXT];
	const char *b;

	if (!text)
		return;
	whole_npub(1, npub);
	b = strchr(text, 'B');
	if (b)
		snprintf(out, sizeof out, "%.*s%s%s", (int)(b - text), text, npub, b + 1);
	else
		snprintf(out, sizeof out, "%s", text);
	write_file(name, out);
}

START_TEST(who_comes_in)
{
	char peers[512];

	write_for("allow", doors[_i].allow);
	write_for("deny", doors[_i].deny);
	write_for("hosts", doors[_i].hosts);
	open_guarded("");
	whole_open(1, "", whole_dial(0, peers));
	whole_run(500);
	ck_assert_int_eq(whole_peer_state(1) == FIPS_PEER_UP, doors[_i].in);
	ck_assert_uint_eq(control_count(0, "node-denied"), !doors[_i].in);
	ck_assert_uint_eq(air.sent[0] == 0, !doors[_i].in); /* who is refused hears nothing */
	if (doors[_i].in)
		ck_assert_int_eq(strcmp(shown_name(), "bert") == 0,
		                 doors[_i].hosts && *doors[_i].hosts);
}
END_TEST

/* ---- who is called, and when a file changes ---- */

START_TEST(who_is_called)
{
	char peers[512];

	write_for("deny", "B");
	open_guarded(whole_dial(1, peers));
	whole_open(1, "", "");
	whole_run(20000);
	ck_assert_uint_eq(air.sent[0], 0);
	ck_assert_uint_ge(control_count(0, "node-denied"), 3); /* asked again each 5 s */
	remove_file("deny");
	whole_run(5100);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	write_for("deny", "B"); /* who is here may stay */
	whole_run(5000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close(1);
	whole_run(45000);
	whole_open(1, "", "");
	whole_run(20000); /* but not come again */
	ck_assert_int_ne(whole_peer_state(0), FIPS_PEER_UP);
}
END_TEST

/* A rekey of one who has come in goes on; its next life does not. */
START_TEST(a_rekey_is_no_new_peer)
{
	open_guarded("");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	write_file("deny", "ALL\n");
	whole_run(31000);
	neighbour_link(&nb);
	ck_assert_uint_eq(control_count(0, "node-link-cuts"), 1);
	ck_assert_uint_eq(control_count(0, "node-denied"), 0);
	nb.epoch[0]++;
	neighbour_call(&nb);
	whole_run(20);
	ck_assert_uint_eq(nb.links, 2);
	ck_assert_uint_eq(control_count(0, "node-denied"), 1);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP); /* the old life is not harmed */
	neighbour_close(&nb);
}
END_TEST

/* The hosts file, then the alias, then the address; a change is seen within a second. */
START_TEST(names_change)
{
	char peers[512], npub[FIPS_KEY_TEXT], address[FIPS_ADDR_TEXT];

	whole_npub(1, npub);
	snprintf(peers, sizeof peers,
	         "{\"npub\":\"%s\",\"alias\":\"b-ey\",\"addresses\":[{\"transport\":\"udp\","
	         "\"addr\":\"10.0.0.2:2121\"}]}", npub);
	open_guarded(peers);
	whole_run(20);
	ck_assert_str_eq(shown_name(), "b-ey");
	write_for("hosts", "bert B\n");
	whole_run(20);
	ck_assert_str_eq(shown_name(), "b-ey");
	whole_run(1100);
	ck_assert_str_eq(shown_name(), "bert");
	write_for("hosts", "carl B\n");
	whole_run(1100);
	ck_assert_str_eq(shown_name(), "carl");
	remove_file("hosts");
	whole_run(1100);
	ck_assert_str_eq(shown_name(), "b-ey");
	whole_close(0);
	open_guarded(whole_dial(1, peers));
	whole_run(20);
	whole_open(1, "", "");
	fips_addr_text(&whole_mesh(1)->me.addr, address);
	ck_assert_str_eq(shown_name(), address);
}
END_TEST

/* A file that is there and cannot be read changes nothing (R17), nor does one of which that cannot
 * be told. */
static const char *const unreadable[] = {
	"/dev/zero", /* without an end */
	"deny",      /* points at itself */
	"pipe",      /* nobody writes to it */
};

START_TEST(a_file_that_cannot_be_read)
{
	char path[128], peers[512];

	write_for("deny", "ALL\n");
	open_guarded("");
	remove_file("deny");
	snprintf(path, sizeof path, "%s/deny", dir);
	ck_assert_int_eq(symlink(unreadable[_i], path), 0);
	snprintf(path, sizeof path, "%s/pipe", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	whole_open(1, "", whole_dial(0, peers));
	whole_run(1500);
	ck_assert_int_ne(whole_peer_state(1), FIPS_PEER_UP);
	ck_assert_uint_ge(control_count(0, "node-denied"), 1);
	remove_file("pipe");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control access");
	TCase *tc = tcase_create("lists and names");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, who_comes_in, 0, sizeof doors / sizeof doors[0]);
	tcase_add_test(tc, who_is_called);
	tcase_add_test(tc, a_rekey_is_no_new_peer);
	tcase_add_test(tc, names_change);
	tcase_add_loop_test(tc, a_file_that_cannot_be_read, 0,
	                    sizeof unreadable / sizeof unreadable[0]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
