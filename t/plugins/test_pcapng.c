/* pcapng: what is in the file, for every shape and size; limits, several files, a full disk; which
 * files it refuses.  A reader of our own (t/lib/pcapng.h) checks each block. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire.h"
#include "plugins/tap/note.h"
#include "stages/lib/words.h"
#include "t/lib/modules.h"
#include "t/lib/pcapng.h"
#include "t/lib/rig.h"

static char folder[64], file[96];

static void setup(void)
{
	strcpy(folder, "/tmp/millrace-test-pcapng.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/x.pcapng", folder);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static const struct mr_kind *kind(void)
{
	return modules_kind("tap", "pcapng");
}

static const char *settings(const char *more)
{
	static char text[256];

	snprintf(text, sizeof text, "{\"file\":\"%s\"%s}", file, more);
	return text;
}

/* A copy of `len` bytes of a packet that had 10 more. */
static struct mr_pkt *feed(struct rig *rig, const char *tap, unsigned mark, size_t len,
                           uint64_t time, unsigned direction)
{
	struct tap_note note = { .time = time, .len = (uint32_t)len + 10, .direction = direction };
	uint8_t bytes[1500];
	struct mr_pkt *p;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i + len);
	p = rig_feed(rig, "copies", bytes, len);
	strcpy(note.name, tap);
	p->mark = (uint8_t)mark;
	tap_note_put(p, &note);
	return p;
}

static void has_bytes(const struct pcapng_packet *p, uint32_t skip, size_t len)
{
	ck_assert_uint_eq(p->len, skip + len);
	ck_assert_uint_eq(p->original, skip + len + 10);
	for (size_t i = 0; i < len; i++)
		ck_assert_uint_eq(p->data[skip + i], (uint8_t)(i + len));
}

/* ---- what is in the file ---- */

static const struct {
	unsigned mark, link;
} shapes[] = {
	{ MR_SHAPE_FRAME, 147 }, { MR_SHAPE_IP, 229 },  { MR_SHAPE_MESSAGE, 148 },
	{ MR_SHAPE_DATAGRAM, 149 }, { MR_SHAPE_BODY, 150 }, { 77, 147 },
};
#define SHAPES (sizeof shapes / sizeof *shapes)

START_TEST(every_shape_and_size)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	struct pcapng_file *f;
	uint64_t zero;

	for (unsigned i = 0; i < 400; i++)
		feed(rig, i % 2 ? "one" : "two", shapes[i % SHAPES].mark, i, i * 1000 + 7, i % 3);
	ck_assert_str_eq(rig_run(rig), "taken");
	f = pcapng_read(file);
	ck_assert_uint_eq(f->packets, 400);
	ck_assert_uint_eq(f->interfaces, 6); /* each shape comes from one of the two */
	zero = f->packet[0].time - 7;
	ck_assert_uint_gt(zero, 1500000000 * MR_NS_PER_S); /* it says when, not since when */
	for (unsigned i = 0; i < 400; i++) {
		const struct pcapng_packet *p = &f->packet[i];
		const struct pcapng_interface *in = &f->interface[p->interface];

		has_bytes(p, 0, i);
		ck_assert_uint_eq(p->time, zero + i * 1000 + 7);
		ck_assert_uint_eq(p->flags, i % 3);
		ck_assert_uint_eq(in->link, shapes[i % SHAPES].link);
		ck_assert_str_eq(in->name, i % 2 ? "one" : "two");
		ck_assert_uint_eq(in->resolution, 9);
	}
	pcapng_free(f);
	rig_close(rig);
}
END_TEST

START_TEST(frames_ride_in_udp)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(2121) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(4242) };
	struct fips_via via4 = { .len = sizeof four }, via6 = { .len = sizeof six };
	struct pcapng_file *f;
	const uint8_t *d;

	inet_pton(AF_INET, "10.1.2.3", &four.sin_addr);
	inet_pton(AF_INET6, "fe80::7", &six.sin6_addr);
	memcpy(via4.sock, &four, sizeof four);
	memcpy(via6.sock, &six, sizeof six);
	*mr_pkt_via(feed(rig, "t", MR_SHAPE_FRAME, 50, 1, TAP_IN)) = via4;
	*mr_pkt_via(feed(rig, "t", MR_SHAPE_FRAME, 51, 2, TAP_OUT)) = via4;
	*mr_pkt_via(feed(rig, "t", MR_SHAPE_FRAME, 52, 3, TAP_OUT)) = via6;
	*mr_pkt_via(feed(rig, "t", MR_SHAPE_FRAME, 53, 4, TAP_UNSAID)) = via6;
	rig_run(rig);
	f = pcapng_read(file);
	ck_assert_uint_eq(f->packets, 4);
	ck_assert_uint_eq(f->interfaces, 1);
	ck_assert_uint_eq(f->interface[0].link, 101);
	has_bytes(&f->packet[0], 28, 50);
	d = f->packet[0].data;
	ck_assert_uint_eq(d[0], 0x45);
	ck_assert_uint_eq(mr_be16(d + 2), 28 + 60); /* of the whole packet, not of the copy */
	ck_assert_uint_eq(d[9], IPPROTO_UDP);
	ck_assert_mem_eq(d + 12, &four.sin_addr, 4);
	ck_assert_uint_eq(mr_be32(d + 16), 0);
	ck_assert_uint_eq(mr_be16(d + 20), 2121);
	ck_assert_uint_eq(mr_be16(d + 22), 0);
	ck_assert_uint_eq(mr_be16(d + 24), 8 + 60);
	has_bytes(&f->packet[1], 28, 51);
	d = f->packet[1].data;
	ck_assert_uint_eq(mr_be32(d + 12), 0);
	ck_assert_mem_eq(d + 16, &four.sin_addr, 4);
	ck_assert_uint_eq(mr_be16(d + 22), 2121);
	has_bytes(&f->packet[2], 48, 52);
	d = f->packet[2].data;
	ck_assert_uint_eq(d[0], 0x60);
	ck_assert_uint_eq(mr_be16(d + 4), 8 + 62);
	ck_assert_uint_eq(d[6], IPPROTO_UDP);
	ck_assert_mem_eq(d + 24, &six.sin6_addr, 16);
	ck_assert_uint_eq(mr_be16(d + 42), 4242);
	has_bytes(&f->packet[3], 48, 53);
	d = f->packet[3].data;
	ck_assert_mem_eq(d + 8, &six.sin6_addr, 16);
	ck_assert_uint_eq(mr_be16(d + 40), 4242);
	pcapng_free(f);
	rig_close(rig);
}
END_TEST

START_TEST(too_many_taps)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	struct pcapng_file *f;
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "tap%u", i);
		feed(rig, name, MR_SHAPE_IP, 20, i, 0);
	}
	feed(rig, "tap31", MR_SHAPE_IP, 20, 99, 0);
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "too-many"), 8);
	f = pcapng_read(file);
	ck_assert_uint_eq(f->interfaces, 32);
	ck_assert_uint_eq(f->packets, 33);
	pcapng_free(f);
	rig_close(rig);
}
END_TEST

/* ---- limits ---- */

static size_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

START_TEST(one_file_stops_at_its_limit)
{
	struct rig *rig = rig_open(kind(), settings(",\"limit\":8192"), NULL);
	struct pcapng_file *f;
	unsigned stored;

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 100; i++)
			feed(rig, "t", MR_SHAPE_IP, 100, i, 0);
		rig_run(rig);
	}
	ck_assert_uint_le(size_of(file), 8192);
	ck_assert_uint_gt(size_of(file), 8192 - 500);
	f = pcapng_read(file);
	stored = f->packets;
	pcapng_free(f);
	ck_assert_uint_gt(stored, 40);
	ck_assert_uint_eq(rig_count(rig, "taken"), stored);
	ck_assert_uint_eq(rig_count(rig, "limit"), 500 - stored);
	ck_assert_uint_eq(rig_count(rig, "files"), 0);
	rig_close(rig);
}
END_TEST

START_TEST(several_files_take_turns)
{
	struct rig *rig = rig_open(kind(), settings(",\"limit\":8192,\"files\":3"), NULL);
	uint64_t first[3], last[3];
	char path[128];

	for (unsigned i = 0; i < 500; i++) {
		feed(rig, "t", MR_SHAPE_IP, 100, i, 0);
		if (i % 70 == 0)
			rig_run(rig);
	}
	rig_run(rig);
	ck_assert_uint_eq(rig_count(rig, "taken"), 500);
	ck_assert_uint_gt(rig_count(rig, "files"), 5);
	for (unsigned n = 0; n < 3; n++) {
		struct pcapng_file *f;

		snprintf(path, sizeof path, n ? "%s.%u" : "%s", file, n);
		ck_assert_uint_le(size_of(path), 8192);
		f = pcapng_read(path);
		ck_assert_uint_gt(f->packets, 0);
		first[n] = f->packet[0].time;
		last[n] = f->packet[f->packets - 1].time;
		for (unsigned i = 1; i < f->packets; i++)
			ck_assert_uint_eq(f->packet[i].time, f->packet[i - 1].time + 1);
		pcapng_free(f);
	}
	/* together they hold an unbroken end of the capture */
	for (unsigned n = 0, joints = 0; n < 3; n++) {
		joints += last[n] + 1 == first[(n + 1) % 3];
		ck_assert(n < 2 || joints == 2);
	}
	rig_close(rig);
}
END_TEST

/* Run with a limit of the process in place of a full disk: the write that crosses it is cut short.
 * The assertions write a file too, so they stay outside. */
static const char *run_full(struct rig *rig, rlim_t bytes)
{
	struct rlimit full = { bytes, RLIM_INFINITY }, roomy = { RLIM_INFINITY, RLIM_INFINITY };
	const char *went;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &full) != 0)
		return "no limit";
	went = rig_run(rig);
	setrlimit(RLIMIT_FSIZE, &roomy);
	return went;
}

START_TEST(a_full_disk_costs_what_did_not_fit)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	struct pcapng_file *f;
	unsigned stored;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 60; i++)
			feed(rig, "t", MR_SHAPE_IP, 100, i, 0);
		ck_assert_str_eq(run_full(rig, 5000), "no-space");
		rig_conserved(rig);
	}
	f = pcapng_read(file);
	stored = f->packets;
	pcapng_free(f);
	ck_assert_uint_gt(stored, 20);
	ck_assert_uint_lt(stored, 60);
	ck_assert_uint_eq(rig_count(rig, "taken"), stored);
	ck_assert_uint_eq(rig_count(rig, "no-space"), 180 - stored);
	/* room again */
	for (unsigned i = 0; i < 60; i++)
		feed(rig, "later", MR_SHAPE_IP, 100, i, 0);
	rig_run(rig);
	f = pcapng_read(file);
	ck_assert_uint_eq(f->packets, stored + 60);
	ck_assert_uint_eq(f->interfaces, 2);
	pcapng_free(f);
	rig_close(rig);
}
END_TEST

START_TEST(a_disk_full_from_the_start)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);

	for (unsigned i = 0; i < 60; i++)
		feed(rig, "t", MR_SHAPE_IP, 100, i, 0);
	ck_assert_str_eq(run_full(rig, 10), "no-space");
	ck_assert_uint_eq(rig_count(rig, "no-space"), 60);
	ck_assert_uint_eq(size_of(file), 0);
	rig_close(rig);
}
END_TEST

/* ---- files ---- */

START_TEST(nobody_else_may_read_it)
{
	struct rig *rig;
	struct stat st;
	FILE *f = fopen(file, "w");

	fputs("what was there before", f);
	fclose(f);
	ck_assert_int_eq(chmod(file, 0666), 0);
	umask(0);
	rig = rig_open(kind(), settings(",\"files\":2"), NULL);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 0);
	strcat(file, ".1");
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	rig_close(rig);
}
END_TEST

static void refused(const char *says)
{
	char *text = rig_refusal(kind(), settings(""), NULL);

	ck_assert_msg(text && strstr(text, says), "%s", text ? text : "taken");
	free(text);
}

static void other_program_writes(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600), ready[2];
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (fcntl(fd, F_SETLK, &all) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
	refused("is being written by another program");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

/* Another program that takes captures: none of ours begins beside it. */
static void other_capture_runs(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		rig_open(kind(), settings(""), NULL);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
	refused("is being written by another program");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* May another program lock the file? */
static bool is_free(const char *path)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_WRONLY);

		_exit(fd >= 0 && fcntl(fd, F_SETLK, &all) == 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A graph that is refused had opened the file too, and has closed it:
 * others are still locked out. */
START_TEST(a_refused_graph_takes_no_lock_away)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	char second[128], *why;

	snprintf(second, sizeof second, "%s.1", file);
	ck_assert_int_eq(mkdir(second, 0700), 0);
	ck_assert(!is_free(file));
	why = rig_refusal(kind(), settings(",\"files\":2"), NULL);
	ck_assert_msg(why && strstr(why, "cannot open"), "%s", why ? why : "taken");
	free(why);
	ck_assert(!is_free(file));
	feed(rig, "one", MR_SHAPE_IP, 30, 1, 0);
	ck_assert_str_eq(rig_run(rig), "taken");
	rig_close(rig);
	ck_assert(is_free(file));
}
END_TEST

/* A stage that takes the place of another, as when a graph is exchanged:
 * nothing is written over. */
START_TEST(a_capture_goes_on)
{
	struct rig *old = rig_open(kind(), settings(""), NULL), *heir;
	struct pcapng_file *f;

	feed(old, "one", MR_SHAPE_IP, 30, 1, 0);
	rig_run(old);
	heir = rig_open(kind(), settings(""), NULL);
	feed(old, "one", MR_SHAPE_IP, 31, 2, 0);
	rig_run(old);
	feed(heir, "two", MR_SHAPE_IP, 32, 3, 0); /* too early: the other has the file */
	ck_assert_str_eq(rig_run(heir), "no-space");
	rig_close(old);
	feed(heir, "two", MR_SHAPE_IP, 33, 4, 0);
	feed(heir, "one", MR_SHAPE_IP, 34, 5, 0);
	ck_assert_str_eq(rig_run(heir), "taken");
	f = pcapng_read(file);
	ck_assert_uint_eq(f->sections, 2);
	ck_assert_uint_eq(f->packets, 4);
	has_bytes(&f->packet[1], 0, 31);
	has_bytes(&f->packet[2], 0, 33);
	ck_assert_str_eq(f->interface[f->packet[2].interface].name, "two");
	ck_assert_str_eq(f->interface[f->packet[3].interface].name, "one");
	pcapng_free(f);
	rig_close(heir);
}
END_TEST

START_TEST(files_that_are_refused)
{
	char other[128];
	struct rig *rig;

	ck_assert_int_eq(mkfifo(file, 0600), 0);
	refused("cannot open");
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkdir(file, 0700), 0);
	refused("cannot open");
	ck_assert_int_eq(rmdir(file), 0);
	snprintf(other, sizeof other, "%s/other", folder);
	ck_assert_int_eq(symlink(other, file), 0);
	refused("cannot open");
	ck_assert_int_eq(access(other, F_OK), -1);
	ck_assert_int_eq(unlink(file), 0);
	other_program_writes(file);
	other_capture_runs();
	rig = rig_open(kind(), settings(""), NULL);
	rig_close(rig);
	if (chown(file, 12345, (gid_t)-1) == 0)
		refused("belongs to another user");
	strcpy(file, "/nowhere/at/all");
	refused("cannot open /nowhere/at/all");
	strcpy(file, "");
	refused("is no path");
}
END_TEST

/* The graph is exchanged: the file goes on, with what it says of its interfaces. */
START_TEST(the_file_goes_on)
{
	struct rig *rig = rig_open(kind(), settings(""), NULL);
	struct pcapng_file *f;
	char first[96], *why;

	for (unsigned again = 0; again < 3; again++) {
		feed(rig, "one", MR_SHAPE_IP, 100 + again, again, TAP_IN);
		ck_assert_str_eq(rig_run(rig), "taken");
		why = rig_swap(rig, settings(again % 2 ? "" : ",\"limit\":8192"));
		ck_assert_msg(!why, "%s", why ? why : "");
	}
	feed(rig, "one", MR_SHAPE_IP, 103, 3, TAP_IN);
	ck_assert_str_eq(rig_run(rig), "taken");
	f = pcapng_read(file);
	ck_assert_uint_eq(f->packets, 4);
	ck_assert_uint_eq(f->interfaces, 1);
	for (unsigned i = 0; i < 4; i++)
		has_bytes(&f->packet[i], 0, 100 + i);
	pcapng_free(f);
	/* another file is begun, and the first let go */
	strcpy(first, file);
	strcat(file, "2");
	why = rig_swap(rig, settings(""));
	ck_assert_msg(!why, "%s", why ? why : "");
	feed(rig, "one", MR_SHAPE_IP, 5, 4, TAP_IN);
	ck_assert_str_eq(rig_run(rig), "taken");
	f = pcapng_read(file);
	ck_assert_uint_eq(f->packets, 1);
	pcapng_free(f);
	strcpy(file, first);
	rig_close(rig_open(kind(), settings(""), NULL));
	rig_close(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pcapng");
	TCase *tc = tcase_create("pcapng");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_shape_and_size);
	tcase_add_test(tc, frames_ride_in_udp);
	tcase_add_test(tc, too_many_taps);
	tcase_add_test(tc, one_file_stops_at_its_limit);
	tcase_add_test(tc, several_files_take_turns);
	tcase_add_test(tc, a_full_disk_costs_what_did_not_fit);
	tcase_add_test(tc, a_disk_full_from_the_start);
	tcase_add_test(tc, nobody_else_may_read_it);
	tcase_add_test(tc, a_refused_graph_takes_no_lock_away);
	tcase_add_test(tc, a_capture_goes_on);
	tcase_add_test(tc, files_that_are_refused);
	tcase_add_test(tc, the_file_goes_on);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
