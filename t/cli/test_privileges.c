/* Rights given up: who the process is afterwards, what it may do, who may look into it. */
#include "cli/privileges.h"

#include <check.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct { const char *user; bool good; } users[] = {
	{ "millrace", true },      { "millrace:millrace", true }, { "0", true },
	{ "65534:65534", true },   { "nobody:65534", true },
	{ "", false },             { ":", false },                { "a:", false },
	{ ":a", false },           { "a:b:c", false },
	{ "a234567890123456789012345678901234567890123456789012345678901234", false },
	{ "a:a23456789012345678901234567890123456789012345678901234567890123", true },
	{ "a:a234567890123456789012345678901234567890123456789012345678901234", false },
};

START_TEST(texts)
{
	ck_assert_msg((cli_user_wrong(users[_i].user) == NULL) == users[_i].good, "%s",
	              users[_i].user);
}
END_TEST

/* A line of /proc/self/status behind its name, as a number of this base. */
static uint64_t status(const char *name, int base)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	uint64_t v = UINT64_MAX;

	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof line, in))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			v = strtoull(line + strlen(name) + 1, NULL, base);
	fclose(in);
	return v;
}

static void no_rights(void)
{
	ck_assert_uint_eq(status("CapInh", 16), 0);
	ck_assert_uint_eq(status("CapPrm", 16), 0);
	ck_assert_uint_eq(status("CapEff", 16), 0);
	ck_assert_uint_eq(status("CapAmb", 16), 0);
	ck_assert_uint_eq(status("NoNewPrivs", 10), 1);
}

/* Root of the machine, or of a user namespace in which there are these ids. */
static bool may_become(uid_t uid, gid_t gid)
{
	pid_t child = fork();
	int how = 1;

	if (child == 0)
		_exit(setgroups(1, &gid) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid));
	return child > 0 && waitpid(child, &how, 0) == child && how == 0;
}

static const struct mr_where here = { .file = "node.json", .line = 3, .path = "user" };

START_TEST(without_a_user)
{
	struct mr_report report = { 0 };
	uid_t uid = getuid();

	ck_assert(cli_privileges_shed(NULL, here, &report));
	ck_assert_uint_eq(report.n, 0);
	ck_assert_uint_eq(getuid(), uid);
	ck_assert_uint_eq(geteuid(), uid);
	no_rights();
	mr_report_free(&report);
}
END_TEST

/* Whoever runs the test names itself: that takes no right. */
START_TEST(as_oneself)
{
	struct mr_report report = { 0 };
	char self[64];

	snprintf(self, sizeof self, "%u:%u", (unsigned)getuid(), (unsigned)getgid());
	ck_assert_msg(cli_privileges_shed(self, here, &report), "%s",
	              report.n ? report.list[0].text : "");
	no_rights();
	mr_report_free(&report);
}
END_TEST

START_TEST(as_another)
{
	struct mr_report report = { 0 };
	gid_t groups[8];

	if (!may_become(65534, 65533)) {
		printf("skipped: may not become another user here\n");
		return;
	}
	ck_assert_msg(cli_privileges_shed("65534:65533", here, &report), "%s",
	              report.n ? report.list[0].text : "");
	ck_assert_uint_eq(getuid(), 65534);
	ck_assert_uint_eq(geteuid(), 65534);
	ck_assert_uint_eq(getgid(), 65533);
	ck_assert_uint_eq(getegid(), 65533);
	ck_assert_int_eq(getgroups(8, groups), 1);
	ck_assert_uint_eq(groups[0], 65533);
	ck_assert_int_eq(setresuid(0, 0, 0), -1);
	no_rights();
	mr_report_free(&report);
}
END_TEST

static const struct { const char *user, *says; } unknown[] = {
	{ "no-such-user-here", "is no user of this machine" },
	{ "4294967295:1", "is no user of this machine" },
	{ "1234567", "give the group too" },
	{ "0:no-such-group-here", "names a group that this machine does not know" },
	{ "0:4294967295", "names a group that this machine does not know" },
};

START_TEST(nobody_there)
{
	struct mr_report report = { 0 };

	ck_assert(!cli_privileges_shed(unknown[_i].user, here, &report));
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_ptr_nonnull(strstr(report.list[0].text, "node.json:3"));
	ck_assert_msg(strstr(report.list[0].text, unknown[_i].says) != NULL, "%s",
	              report.list[0].text);
	mr_report_free(&report);
}
END_TEST

START_TEST(closed_to_others)
{
	struct rlimit core;
	struct mr_report report = { 0 };

	cli_privileges_close(false);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
	ck_assert_uint_eq(core.rlim_max, 0);
	ck_assert(cli_privileges_shed(NULL, here, &report));
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	cli_privileges_reopen();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

START_TEST(open_when_asked)
{
	struct rlimit before, core;
	struct mr_report report = { 0 };

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &before), 0);
	cli_privileges_close(true);
	ck_assert(cli_privileges_shed(NULL, here, &report));
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, before.rlim_cur);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("privileges");
	TCase *c = tcase_create("privileges");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(c, texts, 0, sizeof users / sizeof *users);
	tcase_add_test(c, without_a_user);
	tcase_add_test(c, as_oneself);
	tcase_add_test(c, as_another);
	tcase_add_loop_test(c, nobody_there, 0, sizeof unknown / sizeof *unknown);
	tcase_add_test(c, closed_to_others);
	tcase_add_test(c, open_when_asked);
	suite_add_tcase(s, c);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
