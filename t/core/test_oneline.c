/* One line in, one line out, over real sockets: what is a line, clients that mean no good, and the
 * socket file. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/oneline.h"
#include "t/lib/accepts.h"

#define BIG (4u << 20) /* an answer that no socket buffer holds */

struct server {
	pthread_t          thread;
	struct mr_loop    *loop;
	struct mr_oneline *lines;
	int                stop[2];
	char               folder[64], path[108];
};

static struct server server;

/* "read 3 abc", or what became of it; a line of "big" gets a long answer, "none" none. */
static char *answer(void *arg, enum mr_oneline_fate fate, const char *line, size_t n, size_t *len)
{
	static const char *const word[] = { "read", "empty", "long", "late" };
	char *text = calloc(1, BIG);
	int at;

	ck_assert_ptr_eq(arg, &server);
	if (fate == MR_ONELINE_READ && n == 3 && !memcmp(line, "big", 3)) {
		memset(text, 'x', BIG);
		*len = BIG;
		return text;
	}
	if (fate == MR_ONELINE_READ && n == 4 && !memcmp(line, "none", 4)) {
		free(text);
		return NULL;
	}
	at = sprintf(text, "%s %zu ", word[fate], n);
	memcpy(text + at, n ? line : "", n);
	*len = (size_t)at + n;
	text[(*len)++] = '\n';
	return text;
}

static void on_stop(void *arg)
{
	mr_loop_stop(arg);
}

static void *serve(void *arg)
{
	mr_loop_run(arg);
	return NULL;
}

static struct mr_unix_wish wish_at(const char *path)
{
	return (struct mr_unix_wish){ .path = path, .called = path, .setting = "socket",
		                      .mode = 0770, .group = "no such group", .folder = 0750 };
}

static void start(void)
{
	struct mr_report report = { 0 };
	struct mr_unix_wish wish;

	strcpy(server.folder, "/tmp/millrace-oneline-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(server.folder));
	snprintf(server.path, sizeof server.path, "%s/its/socket", server.folder);
	wish = wish_at(server.path);
	server.loop = mr_loop_open();
	ck_assert_int_eq(pipe(server.stop), 0);
	ck_assert_int_eq(mr_loop_watch(server.loop, server.stop[0], on_stop, server.loop), 0);
	server.lines = mr_oneline_open(server.loop, &wish, answer, &server, &report);
	ck_assert_msg(server.lines != NULL, "%s", report.n ? report.list[0].text : "silence");
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, server.loop), 0);
}

static void stop(void)
{
	char folder[128];

	ck_assert_int_eq(write(server.stop[1], "x", 1), 1);
	ck_assert_int_eq(pthread_join(server.thread, NULL), 0);
	mr_oneline_close(server.lines);
	mr_loop_close(server.loop);
	close(server.stop[0]);
	close(server.stop[1]);
	ck_assert_int_eq(access(server.path, F_OK), -1);
	snprintf(folder, sizeof folder, "%s/its", server.folder);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(rmdir(server.folder), 0);
}

static int dial(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, server.path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* All that comes until the end, at most `room`. */
static size_t hear(int fd, char *out, size_t room)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, out + n, room - n);

		if (got <= 0)
			return n;
		n += (size_t)got;
	}
}

static void say(int fd, const void *text, size_t n)
{
	ck_assert_int_eq(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Somebody who asks and gets what is right, whatever others do. */
static void honest(void)
{
	char heard[64];
	int fd = dial();
	size_t n;

	say(fd, "hello\n", 6);
	n = hear(fd, heard, sizeof heard);
	ck_assert_uint_eq(n, 13);
	ck_assert_mem_eq(heard, "read 5 hello\n", n);
	close(fd);
}

/* ---- what is a line ---- */

static const struct {
	const char *text; /* before the filling; its length when there are NULs */
	size_t      n, fill;
	const char *end;
	bool        half; /* the sending side is closed after it */
	const char *answer; /* as far as it is compared */
} lines[] = {
	{ "hello", 5, 0, "\n", false, "read 5 hello\n" },
	{ "hello", 5, 0, "", true, "read 5 hello\n" },
	{ "hello", 5, 0, "\n", true, "read 5 hello\n" },
	{ "hello\r", 6, 0, "\n", false, "read 6 hello\r\n" },
	{ "", 0, 0, "\n", false, "read 0 \n" },
	{ "", 0, 0, "", true, "empty 0 \n" },
	{ "one\ntwo\n", 8, 0, "three\n", false, "read 3 one\n" },
	{ "a\0b", 3, 0, "\n", false, "read 3 a\0b\n" },
	{ "\xff\xfe", 2, 0, "\n", false, "read 2 \xff\xfe\n" },
	{ "", 0, MR_ONELINE_MAX - 1, "\n", false, "read 4095 .." },
	{ "", 0, MR_ONELINE_MAX, "", true, "read 4096 .." },
	{ "", 0, MR_ONELINE_MAX, "\n", false, "long 0 \n" },
	{ "", 0, MR_ONELINE_MAX + 1, "", false, "long 0 \n" },
	{ "", 0, 65536, "\n", false, "long 0 \n" },
	{ "none", 4, 0, "\n", false, "" },
};

START_TEST(a_line_is_answered)
{
	size_t n = lines[_i].n, end = strlen(lines[_i].end), len = strlen(lines[_i].answer);
	char *text = malloc(n + lines[_i].fill + end + 1), heard[8192];
	int fd;

	start();
	memcpy(text, lines[_i].text, n);
	memset(text + n, '.', lines[_i].fill);
	memcpy(text + n + lines[_i].fill, lines[_i].end, end);
	fd = dial();
	say(fd, text, n + lines[_i].fill + end);
	if (lines[_i].half)
		shutdown(fd, SHUT_WR);
	n = hear(fd, heard, sizeof heard);
	ck_assert_uint_ge(n, len);
	ck_assert_mem_eq(heard, lines[_i].answer, len);
	ck_assert(len || n == 0);
	close(fd);
	free(text);
	stop();
}
END_TEST

/* A line comes in pieces as small as there are. */
START_TEST(a_line_byte_by_byte)
{
	char heard[64];
	int fd;

	start();
	fd = dial();
	for (const char *p = "hello\n"; *p; p++)
		say(fd, p, 1);
	ck_assert_uint_eq(hear(fd, heard, sizeof heard), 13);
	close(fd);
	stop();
}
END_TEST

/* ---- clients that mean no good ---- */

/* Whoever says nothing is told so in the end. */
START_TEST(silence_ends)
{
	char heard[64];
	int fd;

	start();
	fd = dial();
	say(fd, "half a li", 9);
	ck_assert_uint_eq(hear(fd, heard, sizeof heard), 8);
	ck_assert_mem_eq(heard, "late 0 \n", 8);
	close(fd);
	stop();
}
END_TEST

/* R7: a thousand that say nothing keep nobody out, and have no more than their number of places. */
START_TEST(a_thousand_idle)
{
	static int fd[1000];
	unsigned open = 0;
	char byte;

	start();
	for (unsigned i = 0; i < 1000; i++) {
		fd[i] = dial();
		if (i % 50 == 49)
			honest();
	}
	honest();
	for (unsigned i = 0; i < 1000; i++) {
		open += recv(fd[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
		close(fd[i]);
	}
	ck_assert_uint_gt(open, 0);
	ck_assert_uint_lt(open, MR_ONELINE_CLIENTS);
	honest();
	stop();
}
END_TEST

/* R7: answers that nobody takes go in the end, those asked for last being there whole. */
START_TEST(slow_readers)
{
	enum { READERS = 24, FIT = MR_ONELINE_PENDING / BIG };
	char *heard = malloc(BIG + 1);
	unsigned cut = 0;
	int fd[READERS];

	start();
	for (unsigned i = 0; i < READERS; i++) {
		fd[i] = dial();
		say(fd[i], "big\n", 4);
		honest(); /* its turn comes after that answer was made */
	}
	for (unsigned i = READERS; i-- > 0;) {
		size_t n = hear(fd[i], heard, BIG + 1);

		if (i >= READERS - FIT + 1)
			ck_assert_uint_eq(n, BIG);
		cut += n < BIG;
		close(fd[i]);
	}
	ck_assert_uint_ge(cut, READERS - FIT - 1);
	honest();
	free(heard);
	stop();
}
END_TEST

/* Ten million bytes without an end, by somebody who goes on whatever he is told. */
START_TEST(a_line_without_end)
{
	static char much[65536];
	char heard[64];
	size_t sent = 0;
	ssize_t n = 0;
	int fd;

	start();
	memset(much, 'x', sizeof much);
	fd = dial();
	while (sent < 10000000 && (n = send(fd, much, sizeof much, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	ck_assert_uint_lt(sent, 10000000);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	ck_assert_uint_eq(hear(fd, heard, sizeof heard), 8);
	ck_assert_mem_eq(heard, "long 0 \n", 8);
	close(fd);
	honest();
	stop();
}
END_TEST

/* R11: without a descriptor for who calls it looks again now and then;
 * he is answered once there is one. */
START_TEST(no_descriptors)
{
	char heard[64];
	int fd;

	start();
	accepts_refused = true;
	fd = dial();
	say(fd, "hello\n", 6);
	accepts_look();
	accepts_refused = false;
	ck_assert_uint_eq(hear(fd, heard, sizeof heard), 13);
	close(fd);
	honest();
	stop();
}
END_TEST

/* They go away in the middle of it, each in another place. */
START_TEST(leaving_early)
{
	int fd;

	start();
	for (unsigned i = 0; i < 200; i++) {
		fd = dial();
		if (i % 4 > 0)
			say(fd, "bi", 2);
		if (i % 4 > 1)
			say(fd, "g\n", 2);
		if (i % 4 > 2)
			honest();
		close(fd);
	}
	honest();
	stop();
}
END_TEST

/* ---- the socket file ---- */

static bool opens(const char *path, const char *why)
{
	struct mr_report report = { 0 };
	struct mr_unix_wish wish = wish_at(path);
	struct mr_unix_place place;
	bool opened = mr_unix_listen(&wish, &place, &report) == 0;

	if (opened) {
		mr_unix_unlisten(&place);
		close(place.fd);
	} else {
		ck_assert_uint_eq(report.n, 1);
		ck_assert_msg(why && strstr(report.list[0].text, why), "%s", report.list[0].text);
	}
	mr_report_free(&report);
	return opened;
}

START_TEST(the_file)
{
	char path[256], target[256];
	struct stat st;

	start();
	ck_assert_int_eq(stat(server.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0770);
	snprintf(path, sizeof path, "%s/its", server.folder);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	ck_assert_str_eq(mr_oneline_path(server.lines), server.path);

	ck_assert(!opens(server.path, "in use"));
	honest();
	snprintf(path, sizeof path, "%s/its/file", server.folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ck_assert(!opens(path, "not a socket"));
	ck_assert_int_eq(unlink(path), 0);
	snprintf(target, sizeof target, "%s/its/target", server.folder);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert(!opens(path, "not a socket"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!opens("relative", "absolute path"));
	ck_assert(!opens("/proc/no folder/b", "cannot make its folder"));
	stop();
}
END_TEST

/* One that a process left behind which is no more. */
START_TEST(a_stale_file_makes_room)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	start();
	snprintf(at.sun_path, sizeof at.sun_path, "%s/its/stale", server.folder);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	ck_assert(opens(at.sun_path, NULL));
	ck_assert_int_eq(access(at.sun_path, F_OK), -1);
	stop();
}
END_TEST

/* The file is somebody else's by now: it stays. */
START_TEST(another_file_stays)
{
	struct stat st;

	start();
	ck_assert_int_eq(unlink(server.path), 0);
	close(open(server.path, O_CREAT | O_WRONLY, 0600));
	mr_oneline_close(server.lines);
	server.lines = NULL;
	ck_assert_int_eq(stat(server.path, &st), 0);
	ck_assert_int_eq(unlink(server.path), 0);
	stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oneline");
	TCase *good = tcase_create("lines"), *bad = tcase_create("clients"), *file = tcase_create("file");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(good, a_line_is_answered, 0, sizeof lines / sizeof lines[0]);
	tcase_add_test(good, a_line_byte_by_byte);
	suite_add_tcase(s, good);
	tcase_add_test(bad, silence_ends);
	tcase_add_test(bad, a_thousand_idle);
	tcase_add_test(bad, slow_readers);
	tcase_add_test(bad, a_line_without_end);
	tcase_add_test(bad, no_descriptors);
	tcase_add_test(bad, leaving_early);
	tcase_set_timeout(bad, 120);
	suite_add_tcase(s, bad);
	tcase_add_test(file, the_file);
	tcase_add_test(file, a_stale_file_makes_room);
	tcase_add_test(file, another_file_stays);
	suite_add_tcase(s, file);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
