/* A whole node tells whoever started it how it is: ready, alive while every worker turns, not when
 * one hangs, reloading, stopping.  No device, no neighbour: nothing here needs rights. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHDOG_MS 400 /* fed four times in it               */
#define PATIENCE_MS 60000
#define FEEDS_MOST  50  /* what is to come is said at a feed, or soon after one */

static char  folder[] = "/tmp/alive-XXXXXX";
static int   sock = -1;
static pid_t node;
static int   living = -1; /* a pipe whose other end the node alone has: it is closed when the node
                           * ends */
static int   unread[2] = { -1, -1 }; /* a full pipe in the place of the log, when there is one */
static const char *program, *source;

/* ---- a node in a folder ---- */

static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned n;

	snprintf(paths[n %= 4], sizeof paths[0], "%s/%s", folder, name);
	return paths[n++];
}

static void write_file(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void write_file(const char *name, const char *fmt, ...)
{
	FILE *f = fopen(at(name), "w");
	va_list ap;

	ck_assert_ptr_nonnull(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	ck_assert_int_eq(fclose(f), 0);
}

/* The shipped graph with a stage that hangs while the file "hang" is there, on a worker of its own;
 * by another name, and with one more such stage, which does while "hang-too" is. */
static void write_graph(const char *name)
{
	char path[512], line[512];
	FILE *in, *out = fopen(at("graph.json"), "w");

	snprintf(path, sizeof path, "%s/graphs/fused.json", source);
	in = fopen(path, "r");
	ck_assert(in && out);
	while (fgets(line, sizeof line, in)) {
		if (strstr(line, "\"graph\":"))
			snprintf(line, sizeof line, "\"graph\": \"%s\",\n", name);
		fputs(line, out);
		if (!strstr(line, "\"stages\": {") || strstr(line, "["))
			continue;
		fprintf(out, "\"stall\": { \"file\": \"%s\" },\n", at("hang"));
		if (strcmp(name, "fused"))
			fprintf(out, "\"%s\": { \"kind\": \"stall\", \"file\": \"%s\" },\n", name,
			        at("hang-too"));
	}
	fclose(in);
	ck_assert_int_eq(fclose(out), 0);
}

static void write_node(unsigned heartbeat)
{
	write_file("node.json",
	           "{ \"node\": { \"heartbeat_interval_secs\": %u, \"control\": { \"enabled\": false },\n"
	           "  \"identity\": { \"nsec\": \"%064x\" } }, \"dns\": { \"enabled\": false },\n"
	           "  \"transports\": { \"udp\": { \"bind_addr\": \"127.0.0.1:0\", \"mtu\": 1472 } },\n"
	           "  \"graph\": \"graph.json\", \"http\": { \"listen\": \"off\" } }\n",
	           heartbeat, 7);
}

static void begin(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char plugins[512];
	const char *slash;
	int life[2];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
	living = life[0];
	write_graph("fused");
	write_node(10);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", at("notify"));
	sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&to, sizeof to), 0);
	slash = strrchr(program, '/');
	snprintf(plugins, sizeof plugins, "%.*s/t/modules/stall", (int)(slash - program), program);
	node = fork();
	ck_assert_int_ge(node, 0);
	if (node > 0) {
		close(life[1]);
		return;
	}
	fcntl(life[1], F_SETFD, 0);
	setenv("MILLRACE_PLUGINS", plugins, 1);
	setenv("NOTIFY_SOCKET", at("notify"), 1);
	snprintf(plugins, sizeof plugins, "%u", WATCHDOG_MS * 1000);
	setenv("WATCHDOG_USEC", plugins, 1);
	dup2(unread[1] >= 0 ? unread[1] : open(at("log"), O_WRONLY | O_CREAT, 0600), 2);
	if (unread[1] >= 0)
		dup2(unread[1], 1);
	execl(program, program, "run", "-c", at("node.json"),
	      unread[1] >= 0 ? "--report=1" : (char *)NULL, (char *)NULL);
	_exit(127);
}

/* The same with a log and a report that go into a pipe which is full, and which nobody reads. */
static void begin_unread(void)
{
	ck_assert_int_eq(pipe2(unread, O_CLOEXEC), 0);
	ck_assert_int_gt(fcntl(unread[1], F_SETPIPE_SZ, 4096), 0);
	fcntl(unread[1], F_SETFL, O_NONBLOCK);
	while (write(unread[1], "x", 1) == 1)
		;
	fcntl(unread[1], F_SETFL, 0);
	begin();
	close(unread[1]);
}

static void end(void)
{
	if (node > 0 && waitpid(node, NULL, WNOHANG) == 0) {
		kill(node, SIGKILL);
		waitpid(node, NULL, 0);
	}
	close(sock);
	close(living);
	for (const char *const *name = (const char *const[]){ "graph.json", "node.json", "notify",
	                                                      "log", "hang", "hang-too", NULL };
	     *name; name++)
		unlink(at(*name));
	rmdir(folder);
	strcpy(folder, "/tmp/alive-XXXXXX");
}

static void show_log(void)
{
	FILE *f = fopen(at("log"), "r");
	char line[1024];

	while (f && fgets(line, sizeof line, f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

/* ---- what it says ---- */

/* The next thing said within so many ms; "" when nothing was, or the node has ended. */
static const char *next(int ms)
{
	static char text[1024];
	struct pollfd p[] = { { .fd = sock, .events = POLLIN }, { .fd = living } };
	ssize_t n = poll(p, 2, ms) > 0 && p[0].revents ? recv(sock, text, sizeof text - 1, 0) : 0;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Wait until this is said. */
static void until(const char *what)
{
	const char *said;
	unsigned fed = 0;

	do {
		said = next(PATIENCE_MS);
		fed += !strcmp(said, "WATCHDOG=1");
		if (!*said || fed > FEEDS_MOST)
			show_log();
		ck_assert_msg(*said, "it does not say %s", what);
		ck_assert_msg(fed <= FEEDS_MOST, "it is well and does not say %s", what);
	} while (strncmp(said, what, strlen(what)) != 0);
}

START_TEST(a_life)
{
	int status;

	until("READY=1");
	until("WATCHDOG=1");
	until("WATCHDOG=1");
	write_node(11);
	kill(node, SIGHUP);
	until("RELOADING=1\nMONOTONIC_USEC=");
	until("READY=1");
	until("WATCHDOG=1"); /* of workers that ran on */
	kill(node, SIGTERM);
	until("STOPPING=1");
	ck_assert_int_eq(waitpid(node, &status, 0), node);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	node = 0;
}
END_TEST

/* One worker of several hangs in its stage: no feed from then on, and it is said which; when it
 * turns again so is that, and the node is fed. */
START_TEST(a_worker_hangs)
{
	unsigned fed = 0;

	until("READY=1");
	until("WATCHDOG=1");
	write_file("hang", "x");
	until("STATUS=worker stall does not turn");
	for (const char *said; *(said = next(WATCHDOG_MS));)
		fed += !strcmp(said, "WATCHDOG=1");
	ck_assert_uint_eq(fed, 0);
	unlink(at("hang"));
	until("WATCHDOG=1");
	until("STATUS=graph fused, 0 of 0 peers linked");
	until("WATCHDOG=1");
}
END_TEST

/* One that hangs is named although another did before it, and turned again meanwhile. */
START_TEST(the_one_that_hangs_is_named)
{
	until("READY=1");
	write_graph("other");
	kill(node, SIGHUP);
	until("STATUS=graph other");
	write_file("hang-too", "x");
	until("STATUS=worker other does not turn");
	write_file("hang", "x");
	unlink(at("hang-too"));
	until("STATUS=worker stall does not turn");
	unlink(at("hang"));
	until("WATCHDOG=1");
	until("STATUS=graph other");
}
END_TEST

/* R17: the log and the report go into a full pipe: nothing waits for its reader.  When there is
 * room again, what was lost is told. */
START_TEST(a_log_that_nobody_reads)
{
	static char text[1 << 16];
	int status;
	ssize_t n;

	until("READY=1");
	for (unsigned i = 0; i < 12; i++) /* more than a second: a report is due too */
		until("WATCHDOG=1");
	ck_assert_int_eq((int)read(unread[0], text, sizeof text), 4096);
	kill(node, SIGHUP);
	until("RELOADING=1");
	until("READY=1");
	n = read(unread[0], text, sizeof text - 1);
	ck_assert_int_gt((int)n, 0);
	text[n] = '\0';
	ck_assert_msg(strstr(text, " lines lost: nobody took them in time\n") != NULL, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "reading the configuration again\n"));
	kill(node, SIGTERM);
	until("STOPPING=1");
	ck_assert_int_eq(waitpid(node, &status, 0), node);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	node = 0;
	close(unread[0]);
}
END_TEST

/* Another graph takes its place: the new workers are asked like the old ones. */
START_TEST(a_worker_of_another_graph_hangs)
{
	until("READY=1");
	write_graph("other");
	kill(node, SIGHUP);
	until("RELOADING=1");
	until("READY=1");
	until("STATUS=graph other");
	until("WATCHDOG=1");
	write_file("hang", "x");
	until("STATUS=worker stall does not turn");
	unlink(at("hang"));
	until("WATCHDOG=1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("alive");
	TCase *t = tcase_create("alive");
	SRunner *r;
	int failed;

	program = getenv("MILLRACE");
	source = getenv("srcdir");
	if (!program || !source || access(program, X_OK)) {
		puts("there is no program to start: MILLRACE");
		return 77;
	}
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_life);
	tcase_add_test(t, a_worker_hangs);
	tcase_add_test(t, a_worker_of_another_graph_hangs);
	tcase_add_test(t, the_one_that_hangs_is_named);
	suite_add_tcase(s, t);
	t = tcase_create("unread");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin_unread, end);
	tcase_add_test(t, a_log_that_nobody_reads);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
