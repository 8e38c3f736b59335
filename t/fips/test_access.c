/* Access lists and the hosts file (link.md 6.10, operations.md 6 and 9.3): what each line means,
 * what is told of bad ones, and who is admitted. */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fips/node/access.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Nodes A, C and E of operations.md 11.1. */
#define A "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"
#define C "npub1cld9yay0u24davpu6c35l4vldrhzvaq66pcqtg9a0j2cnjrn9rtsxx2pe6"
#define E "npub1wf8akf8lu2zdkjkmwhl75pqvven654mpv4sz2x2tprl5265mgrzq8nhak4"
#define BAD "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57n"

static struct fips_curve curve;
static struct fips_addr  addr[3];
static char              told[1024];

static void setup(void)
{
	static const char *const npub[] = { A, C, E };
	uint8_t pub[FIPS_PUB_LEN];

	curve = fips_curve_secp256k1();
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_ptr_null(fips_npub_parse(npub[i], &curve, pub));
		addr[i] = fips_addr_of_key(pub + 1);
	}
	told[0] = '\0';
}

static void teardown(void)
{
	fips_curve_close(&curve);
}

static void wrong(void *self, unsigned line, const char *what)
{
	size_t n = strlen(told);

	(void)self;
	snprintf(told + n, sizeof told - n, "%u:%s|", line, what);
}

static const struct fips_addr *whose(void *self, const char *name)
{
	(void)self;
	return fips_same_name(name, "clara") ? &addr[1] : NULL;
}

static struct fips_reader reader(void)
{
	return (struct fips_reader){ .curve = &curve, .wrong = wrong, .whose = whose };
}

/* Who of A, C, E is admitted. */
static const struct {
	const char *allow, *deny, *admitted;
} verdicts[] = {
	{ "", "", "ACE" },
	{ A "\n", "", "ACE" },
	{ "", A "\n", "CE" },
	{ A "\n", A "\n", "ACE" },
	{ A "\n", "ALL\n", "A" },
	{ A "\n" E, "all", "AE" },
	{ "", "aLL\r\n", "" },
	{ "All", "ALL\n" A "\n", "ACE" },
	{ "", "clara\n", "AE" },
	{ "CLARA", "ALL", "C" },
	{ "# ALL\n  \t" C "   # clara's key\n\n", "ALL # nobody else", "C" },
	{ "", "#" A "\n" C "#" E, "AE" },
};

START_TEST(listed_ones)
{
	struct fips_access allow = { 0 }, deny = { 0 };
	struct fips_reader r = reader();
	char got[4] = "";
	unsigned n = 0;

	ck_assert(fips_access_parse(&allow, verdicts[_i].allow, strlen(verdicts[_i].allow), &r));
	ck_assert(fips_access_parse(&deny, verdicts[_i].deny, strlen(verdicts[_i].deny), &r));
	for (unsigned i = 0; i < 3; i++)
		if (fips_access_admits(&allow, &deny, &addr[i]))
			got[n++] = "ACE"[i];
	ck_assert_str_eq(got, verdicts[_i].admitted);
	ck_assert_str_eq(told, "");
	fips_access_free(&allow);
	fips_access_free(&deny);
}
END_TEST

/* A line that says nothing sensible is left out; those around it count. */
static const struct {
	const char *line, *says;
	size_t      n; /* 0: its length */
} bad_entries[] = {
	{ A " " C, "2:has more than one word|", 0 },
	{ A " ALL", "2:has more than one word|", 0 },
	{ "nobody", "2:is a name that nobody has|", 0 },
	{ BAD, "2:", 0 },
	{ "npub1", "2:", 0 },
	{ "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
	  "2:is a name that nobody has|", 0 },
	{ "a/b", "2:is neither an npub nor a name nor ALL|", 0 },
	{ "a.b", "2:is neither an npub nor a name nor ALL|", 0 },
	{ "*", "2:is neither an npub nor a name nor ALL|", 0 },
	{ "\xff\xfe", "2:is neither an npub nor a name nor ALL|", 0 },
	{ "x\0y", "2:is no line of text, or too long|", 3 },
};

START_TEST(bad_lines_of_lists)
{
	size_t n = bad_entries[_i].n ? bad_entries[_i].n : strlen(bad_entries[_i].line);
	struct fips_access list = { 0 };
	struct fips_reader r = reader();
	char text[512] = A "\n";
	size_t at = strlen(text);

	memcpy(text + at, bad_entries[_i].line, n);
	memcpy(text + at + n, "\n" E, sizeof E + 1);
	ck_assert(fips_access_parse(&list, text, at + n + sizeof E, &r));
	ck_assert_uint_eq(list.n, 2);
	ck_assert(!list.all);
	ck_assert(fips_addr_eq(&list.addr[0], &addr[0]) && fips_addr_eq(&list.addr[1], &addr[2]));
	ck_assert_msg(strncmp(told, bad_entries[_i].says, strlen(bad_entries[_i].says)) == 0, "%s",
	              told);
	ck_assert_ptr_eq(strchr(told, '|'), told + strlen(told) - 1);
	fips_access_free(&list);
}
END_TEST

static const struct {
	const char *text, *says;
	unsigned    n;
} host_files[] = {
	{ "", "", 0 },
	{ "anna " A "\nclara\t" C " # she\n", "", 2 },
	{ "  # names\n\nanna " A "\r\n", "", 1 },
	{ "anna\nclara " C, "1:is not a name and an npub|", 1 },
	{ A " anna\n", "1:", 0 },
	{ "anna " A " " C, "1:is not a name and an npub|", 0 },
	{ "an/na " A, "1:begins with what is no name|", 0 },
	{ "anna " BAD, "1:", 0 },
	{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx " A,
	  "1:begins with what is no name|", 0 },
	{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx " A, "", 1 },
};

START_TEST(names_of_nodes)
{
	struct fips_hosts hosts = { 0 };
	struct fips_reader r = reader();

	ck_assert(fips_hosts_parse(&hosts, host_files[_i].text, strlen(host_files[_i].text), &r));
	ck_assert_uint_eq(hosts.n, host_files[_i].n);
	ck_assert_msg(strncmp(told, host_files[_i].says, strlen(host_files[_i].says)) == 0, "%s",
	              told);
	ck_assert_int_eq(told[0] == '\0', host_files[_i].says[0] == '\0');
	fips_hosts_free(&hosts);
}
END_TEST

/* The first of two names of a node, and the first of two nodes of a name, in any case. */
START_TEST(the_first_line_counts)
{
	static const char text[] = "Anna " A "\nann " A "\nANNA " C "\n";
	struct fips_hosts hosts = { 0 };
	struct fips_reader r = reader();

	ck_assert(fips_hosts_parse(&hosts, text, sizeof text - 1, &r));
	ck_assert_str_eq(fips_hosts_name(&hosts, &addr[0]), "anna");
	ck_assert_str_eq(fips_hosts_name(&hosts, &addr[1]), "anna");
	ck_assert_ptr_null(fips_hosts_name(&hosts, &addr[2]));
	ck_assert(fips_addr_eq(fips_hosts_addr(&hosts, "aNNA"), &addr[0]));
	ck_assert(fips_addr_eq(fips_hosts_addr(&hosts, "ann"), &addr[0]));
	ck_assert_ptr_null(fips_hosts_addr(&hosts, "an"));
	ck_assert_ptr_null(fips_hosts_addr(&hosts, "annaa"));
	fips_hosts_free(&hosts);
}
END_TEST

/* R7: so many entries and no more, told of once. */
START_TEST(entries_have_an_end)
{
	static char text[(FIPS_ACCESS_MAX + 100) * 6 + 1];
	struct fips_access list = { 0 };
	struct fips_reader r = reader();

	for (unsigned i = 0; i < FIPS_ACCESS_MAX + 100; i++)
		memcpy(text + i * 6, "clara\n", 6);
	ck_assert(fips_access_parse(&list, text, sizeof text - 1, &r));
	ck_assert_uint_eq(list.n, FIPS_ACCESS_MAX);
	ck_assert_ptr_eq(strchr(told, '|'), told + strlen(told) - 1);
	fips_access_free(&list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("access");
	TCase *tc = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, listed_ones, 0, (int)COUNT(verdicts));
	tcase_add_loop_test(tc, bad_lines_of_lists, 0, (int)COUNT(bad_entries));
	tcase_add_loop_test(tc, names_of_nodes, 0, (int)COUNT(host_files));
	tcase_add_test(tc, the_first_line_counts);
	tcase_add_test(tc, entries_have_an_end);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
