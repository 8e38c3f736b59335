/* Names: what needs no server is answered at once, and closing ends what is under way.  No test
 * depends on a name server being there. */

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/name.h"

struct heard {
	unsigned               times, n;
	struct mr_name_address first;
};

static void found(void *arg, const struct mr_name_address *list, unsigned n)
{
	struct heard *heard = arg;

	heard->times++;
	heard->n = n;
	if (n)
		heard->first = list[0];
}

static const struct {
	const char *host, *port, *text;
	uint16_t    number;
	int         family;
} numeric[] = {
	{ "10.1.2.3", "2121", "10.1.2.3", 2121, AF_INET },
	{ "fd00::1", "1", "fd00::1", 1, AF_INET6 },
	{ "255.255.255.255", "65535", "255.255.255.255", 65535, AF_INET },
};

START_TEST(addresses_are_their_own_answer)
{
	struct mr_names *names = mr_names_open(NULL, NULL);
	struct heard heard = { 0 };
	char text[INET6_ADDRSTRLEN];

	ck_assert(mr_names_ask(names, numeric[_i].host, numeric[_i].port, found, &heard));
	ck_assert_uint_eq(heard.times, 1);
	ck_assert_uint_eq(heard.n, 1);
	if (numeric[_i].family == AF_INET) {
		struct sockaddr_in in;

		ck_assert_uint_eq(heard.first.len, sizeof in);
		memcpy(&in, heard.first.sock, sizeof in);
		ck_assert_int_eq(in.sin_family, AF_INET);
		ck_assert_uint_eq(ntohs(in.sin_port), numeric[_i].number);
		inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
	} else {
		struct sockaddr_in6 in6;

		ck_assert_uint_eq(heard.first.len, sizeof in6);
		memcpy(&in6, heard.first.sock, sizeof in6);
		ck_assert_int_eq(in6.sin6_family, AF_INET6);
		ck_assert_uint_eq(ntohs(in6.sin6_port), numeric[_i].number);
		inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
	}
	ck_assert_str_eq(text, numeric[_i].text);
	mr_names_close(names);
}
END_TEST

/* Ports that are none, hosts that are none: no address, told once and at once. */
START_TEST(nonsense_has_no_address)
{
	static const struct { const char *host, *port; } none[] = {
		{ "10.1.2.3", "x" }, { "10.1.2.3", "70000" },
	};
	struct mr_names *names = mr_names_open(NULL, NULL);
	struct heard heard = { 0 };

	ck_assert(mr_names_ask(names, none[_i].host, none[_i].port, found, &heard));
	ck_assert_uint_eq(heard.times, 1);
	ck_assert_uint_eq(heard.n, 0);
	mr_names_close(names);
}
END_TEST

START_TEST(closing_ends_questions_unheard)
{
	struct mr_names *names = mr_names_open(NULL, NULL);
	struct heard heard = { 0 };

	mr_names_poll(names);
	for (unsigned i = 0; i < 20; i++)
		mr_names_ask(names, "name.invalid", "1", found, &heard);
	heard.times = 0; /* a machine without a name server says so at once */
	mr_names_close(names);
	ck_assert_uint_eq(heard.times, 0);
	mr_names_close(NULL);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

/* The last byte of an IPv4 address; 0: no such name. */
static unsigned last_byte(struct mr_names *names, const char *host)
{
	struct heard heard = { 0 };
	struct sockaddr_in in = { 0 };

	ck_assert(mr_names_ask(names, host, "1", found, &heard));
	ck_assert_uint_eq(heard.times, 1);
	if (heard.n)
		memcpy(&in, heard.first.sock, sizeof in);
	return ntohl(in.sin_addr.s_addr) & 0xff;
}

/* A node that starts before the network does not stay without names for ever: what the files say
 * when somebody asks counts, not what they said first. */
START_TEST(files_that_change_are_read_again)
{
	char dir[] = "/tmp/test_name.XXXXXX", servers[64], hosts[64];
	struct mr_names *names;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(servers, sizeof servers, "%s/resolv.conf", dir);
	snprintf(hosts, sizeof hosts, "%s/hosts", dir);
	names = mr_names_open(servers, hosts);
	write_file(hosts, "10.0.0.1 one.test\n");
	ck_assert_uint_eq(last_byte(names, "one.test"), 1);
	write_file(hosts, "10.0.0.22 one.test\n10.0.0.33 two.test\n");
	write_file(servers, "nameserver 127.0.0.9\n");
	ck_assert_uint_eq(last_byte(names, "one.test"), 22);
	ck_assert_uint_eq(last_byte(names, "two.test"), 33);
	mr_names_close(names);
	unlink(servers);
	unlink(hosts);
	rmdir(dir);
}
END_TEST

/* A socket that is a name server, and the file that names it. */
static int serve(const char *path)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char text[64];

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	snprintf(text, sizeof text, "nameserver 127.0.0.1:%u\n", ntohs(in.sin_port));
	write_file(path, text);
	return fd;
}

/* Also while a question to the old one is under way. */
START_TEST(servers_that_change_are_asked)
{
	char path[] = "/tmp/test_name.XXXXXX", byte;
	int file = mkstemp(path), before, after;
	struct mr_names *names = mr_names_open(path, "/dev/null");
	struct heard heard = { 0 };

	ck_assert_int_ge(file, 0);
	before = serve(path);
	ck_assert(mr_names_ask(names, "one.test", "1", found, &heard));
	mr_names_poll(names);
	ck_assert_int_eq(recv(before, &byte, 1, 0), 1);
	after = serve(path);
	ck_assert(mr_names_ask(names, "two.test", "1", found, &heard));
	mr_names_poll(names);
	ck_assert_int_eq(recv(after, &byte, 1, 0), 1);
	mr_names_close(names);
	ck_assert_uint_eq(heard.times, 0);
	close(before);
	close(after);
	close(file);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("name");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, addresses_are_their_own_answer, 0,
	                    sizeof numeric / sizeof numeric[0]);
	tcase_add_loop_test(tc, nonsense_has_no_address, 0, 2);
	tcase_add_test(tc, closing_ends_questions_unheard);
	tcase_add_test(tc, files_that_change_are_read_again);
	tcase_add_test(tc, servers_that_change_are_asked);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
