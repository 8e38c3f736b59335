/* The names in .fips of a whole node: whom they mean (session.md 5.8),
 * and that who was asked for may be sent to. */

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/control/domain.h"
#include "t/lib/neighbour.h"
#include "t/lib/vectors.h"

static char path[64], files[300], npub[2][FIPS_KEY_TEXT];

static void setup(void)
{
	FILE *f;
	int fd;

	strcpy(path, "/tmp/millrace-hosts-XXXXXX");
	fd = mkstemp(path);
	f = fdopen(fd, "w");
	ck_assert_ptr_nonnull(f);
	whole_life = 0;
	whole_reset();
	whole_npub(1, npub[0]);
	whole_npub(2, npub[1]);
	fprintf(f, "# ours\nbert %s\nBeta %s\n", npub[0], npub[1]);
	fclose(f);
	snprintf(files, sizeof files,
	         ",\"acl\":{\"allow_file\":\"\",\"deny_file\":\"\"},\"hosts_file\":\"%s\"", path);
	whole_files = files;
}

static void teardown(void)
{
	whole_close_all();
	whole_files = WHOLE_NO_FILES;
	unlink(path);
}

#define LONGEST "raspberry-pi-in-the-attic-of-the-old-house-behind-the-orchard-x" /* label */

/* Node 1 is "bert" in the hosts file and "beta" in the node file, where node 2 is "carl"; the hosts
 * file says that node 2 is "beta".  1 and 2 stand for their npubs,
 * lower case or as it is written. */
static const struct {
	const char *name;
	int         who; /* 0: nobody; -1: the domain itself */
} names[] = {
	{ "bert.fips", 1 },
	{ "BERT.FIPS", 1 },
	{ "beta.fips", 2 },
	{ "beTA.fIPs", 2 },
	{ LONGEST ".fips", 2 },
	{ "1.fips", 1 },
	{ "2.fips", 2 },
	{ "^1.fips", 1 },
	{ "bert", 0 },
	{ "bert.fip", 0 },
	{ "bert.fips.org", 0 },
	{ "bertfips", 0 },
	{ "www.bert.fips", 0 },
	{ "www.1.fips", 0 },
	{ ".fips", 0 },
	{ "fips", -1 },
	{ "FIPS", -1 },
	{ "", 0 },
	{ ".", 0 },
	{ "nobody.fips", 0 },
	{ "npub1.fips", 0 },
	{ "1x.fips", 0 },
	{ "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq.fips", 0 },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  ".fips", 0 },
};

/* The text with the npub instead of the digit; ^ before it: in upper case. */
static const char *spelt(const char *text)
{
	static char out[300];
	bool up = *text == '^';
	const char *digit = strpbrk(text += up, "12");

	if (!digit || strstr(text, "npub"))
		return text;
	snprintf(out, sizeof out, "%.*s%s%s", (int)(digit - text), text, npub[*digit - '1'],
	         digit + 1);
	for (char *c = out; up && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return out;
}

START_TEST(who_is_meant)
{
	struct fips_curve curve = fips_curve_secp256k1();
	uint8_t ip[16] = { 0 }, want[16], pub[FIPS_PUB_LEN];
	char peers[600];
	struct fips_addr addr;
	enum mr_dns_answer answer;

	snprintf(peers, sizeof peers,
	         "{\"npub\":\"%s\",\"alias\":\"beta\",\"addresses\":[{\"transport\":\"udp\",\"addr\":\"10.0.0.2:2121\"}]},"
	         "{\"npub\":\"%s\",\"alias\":\"" LONGEST "\",\"addresses\":[{\"transport\":\"udp\",\"addr\":\"10.0.0.3:2121\"}]}",
	         npub[0], npub[1]);
	whole_open(0, "", peers);
	whole_run(20);
	answer = mr_domain_find(mr_engine_host_state(node[0].engine), spelt(names[_i].name), ip);
	ck_assert_int_eq(answer, names[_i].who > 0 ? MR_DNS_ADDRESS :
	                         names[_i].who     ? MR_DNS_EMPTY :
	                                             MR_DNS_NONE);
	if (names[_i].who <= 0) {
		fips_curve_close(&curve);
		return;
	}
	ck_assert_ptr_null(fips_npub_parse(npub[names[_i].who - 1], &curve, pub));
	fips_curve_close(&curve);
	addr = fips_addr_of_key(pub + 1);
	fips_addr_to_ipv6(&addr, want);
	ck_assert_mem_eq(ip, want, 16);
}
END_TEST

/* Names are told as long as control can be told them. */
START_TEST(no_more_than_control_takes)
{
	uint8_t ip[16];
	char name[100];
	unsigned told = 0;

	whole_open(0, "", "");
	whole_run(20);
	snprintf(name, sizeof name, "%s.fips", npub[0]);
	while (told < 1000 &&
	       mr_domain_find(mr_engine_host_state(node[0].engine), name, ip) == MR_DNS_ADDRESS)
		told++;
	ck_assert_uint_lt(told, 1000);
	ck_assert_uint_gt(told, 0);
	whole_run(20);
	ck_assert_int_eq(mr_domain_find(mr_engine_host_state(node[0].engine), name, ip),
	                 MR_DNS_ADDRESS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control domain");
	TCase *tc = tcase_create("names");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, who_is_meant, 0, COUNT(names));
	tcase_add_test(tc, no_more_than_control_takes);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
