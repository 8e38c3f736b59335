/* What whoever started us is told: where to, in which words, and that nothing waits for it. */
#include "core/clock.h"
#include "core/notify.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Somebody who listens at this address, '@' for a name in no folder. */
static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path == '/');

	memcpy(at.sun_path, path, strlen(path) + 1);
	if (*path == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, (socklen_t)len), 0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[1024];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static char folder[] = "/tmp/notify-XXXXXX", path[64];

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/sock", folder);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
	strcpy(folder, "/tmp/notify-XXXXXX");
}

START_TEST(each_word)
{
	char name[64];
	struct mr_notify n;
	int fd;

	snprintf(name, sizeof name, "@millrace-test-%d", (int)getpid());
	fd = listen_at(_i ? name : path);
	setenv("NOTIFY_SOCKET", _i ? name : path, 1);
	ck_assert_ptr_null(mr_notify_open(&n));
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET")); /* nobody we start is to speak for us */
	mr_notify_ready(&n, NULL);
	ck_assert_str_eq(heard(fd), "READY=1");
	mr_notify_ready(&n, "all is open\nWATCHDOG=1");
	ck_assert_str_eq(heard(fd), "READY=1\nSTATUS=all is open");
	mr_notify_reloading(&n, 1234567891);
	ck_assert_str_eq(heard(fd), "RELOADING=1\nMONOTONIC_USEC=1234567");
	mr_notify_status(&n, "two\nlines");
	ck_assert_str_eq(heard(fd), "STATUS=two");
	mr_notify_alive(&n);
	ck_assert_str_eq(heard(fd), "WATCHDOG=1");
	mr_notify_stopping(&n, "bye");
	ck_assert_str_eq(heard(fd), "STOPPING=1\nSTATUS=bye");
	ck_assert_str_eq(heard(fd), "");
	mr_notify_close(&n);
	close(fd);
}
END_TEST

static const struct { const char *usec, *pid; uint64_t watchdog; bool wrong; } times[] = {
	{ NULL, NULL, 0, false },
	{ "30000000", NULL, 30 * MR_NS_PER_S, false },
	{ "30000000", "self", 30 * MR_NS_PER_S, false },
	{ "30000000", "1", 0, false },         /* meant for another */
	{ "30000000", "junk", 0, false },
	{ "0", NULL, 0, true },
	{ "-1", NULL, 0, true },
	{ "12x", NULL, 0, true },
	{ "18446744073709551615", NULL, 0, true },
	{ "99999999999999999999", NULL, 0, true },
};

/* Who has not listened for long takes no more; READY=1 comes all the same when he does, once. */
START_TEST(ready_is_not_lost)
{
	struct mr_notify n;
	int fd = listen_at(path);

	setenv("NOTIFY_SOCKET", path, 1);
	ck_assert_ptr_null(mr_notify_open(&n));
	for (unsigned i = 0; i < 10000; i++)
		mr_notify_status(&n, "still here");
	mr_notify_ready(&n, NULL);
	mr_notify_alive(&n);
	while (*heard(fd))
		;
	mr_notify_alive(&n);
	ck_assert_str_eq(heard(fd), "READY=1");
	ck_assert_str_eq(heard(fd), "WATCHDOG=1");
	mr_notify_alive(&n);
	ck_assert_str_eq(heard(fd), "WATCHDOG=1");
	ck_assert_str_eq(heard(fd), "");
	mr_notify_close(&n);
	close(fd);
}
END_TEST

START_TEST(the_watchdog_s_time)
{
	char pid[16];
	struct mr_notify n;

	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("NOTIFY_SOCKET", path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (times[_i].usec)
		setenv("WATCHDOG_USEC", times[_i].usec, 1);
	if (times[_i].pid)
		setenv("WATCHDOG_PID", !strcmp(times[_i].pid, "self") ? pid : times[_i].pid, 1);
	ck_assert_int_eq(mr_notify_open(&n) != NULL, times[_i].wrong);
	ck_assert_uint_eq(n.watchdog, times[_i].watchdog);
	ck_assert_int_eq(n.fd < 0, times[_i].wrong);
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	mr_notify_close(&n);
}
END_TEST

/* Addresses that are none, and nobody at those that are: nothing is sent, nothing waits. */
START_TEST(nobody_listens)
{
	static const char *const none[] = { "", "relative", "@", "/", "vsock:2:1" };
	char long_path[200];
	struct mr_notify n;
	int fd;

	for (size_t i = 0; i < COUNT(none); i++) {
		setenv("NOTIFY_SOCKET", none[i], 1);
		ck_assert_int_eq(mr_notify_open(&n) == NULL, i == 0);
		ck_assert_int_lt(n.fd, 0);
		mr_notify_ready(&n, "to nobody");
	}
	memset(long_path, '/', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_path, 1);
	ck_assert_ptr_nonnull(mr_notify_open(&n));
	setenv("NOTIFY_SOCKET", path, 1);
	ck_assert_ptr_null(mr_notify_open(&n));
	mr_notify_ready(&n, "the socket is not there");
	fd = listen_at(path);
	for (unsigned i = 0; i < 10000; i++) /* more than it holds: the rest is let go */
		mr_notify_alive(&n);
	ck_assert_str_eq(heard(fd), "READY=1"); /* it was owed */
	ck_assert_str_eq(heard(fd), "WATCHDOG=1");
	close(fd);
	mr_notify_alive(&n);
	mr_notify_close(&n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("notify");
	TCase *t = tcase_create("notify");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_loop_test(t, each_word, 0, 2);
	tcase_add_loop_test(t, the_watchdog_s_time, 0, COUNT(times));
	tcase_add_test(t, ready_is_not_lost);
	tcase_add_test(t, nobody_listens);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
