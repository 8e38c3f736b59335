/* aead.refuse: which provider a node uses, and what the log says of the others. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cli/aead.h"
#include "core/clock.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Later readings are closer together, so whoever is measured later is faster. */
static uint64_t later_is_faster(void)
{
	static uint64_t t, step = UINT64_C(1) << 22;
	static unsigned k;

	if (++k % 8 == 0 && step > 1)
		step -= step / 64 + 1;
	return t += step;
}

/* Four providers that work, the first one built in. */
static struct mr_aead like[4];
static const struct mr_aead *all[] = { &like[0], &like[1], &like[2], &like[3], NULL };

static void set_up(void)
{
	static const char *const name[] = { "mbedtls", "libcrypto", "lanes", "lanes-avx2" };

	for (unsigned i = 0; i < COUNT(like); i++) {
		like[i] = mr_aead_mbedtls;
		like[i].name = name[i];
	}
}

static const struct {
	const char *refuse;
	const char *chosen;
	const char *lines; /* of the log, one that must be in it */
} choices[] = {
	{ NULL, "lanes-avx2", "AEAD lanes-avx2: " },
	{ "", "lanes-avx2", "AEAD lanes: " },
	{ "lanes", "lanes-avx2", "AEAD lanes is not used: aead.refuse names it" },
	{ "lanes-avx2", "lanes", "AEAD lanes-avx2 is not used: aead.refuse names it" },
	{ "lanes-avx2,lanes", "libcrypto", "AEAD lanes is not used: aead.refuse names it" },
	{ " lanes ,\tlanes-avx2, ", "libcrypto", "AEAD lanes is not used: aead.refuse names it" },
	{ "lanes lanes-avx2 libcrypto", "mbedtls", "AEAD mbedtls: " },
	{ "lanes-avx2 lanes-avx512", "lanes", "AEAD lanes-avx2 is not used: aead.refuse names it" },
};

START_TEST(choice)
{
	char text[4096] = "";
	int ends[2];
	struct mr_log log = { .level = MR_LOG_INFO, .wall = mr_clock_wall };
	const struct mr_aead *p;

	ck_assert_int_eq(pipe(ends), 0);
	log.fd = ends[1];
	p = cli_aead_choose(all, choices[_i].refuse, later_is_faster, &log);
	close(ends[1]);
	ck_assert_int_gt((int)read(ends[0], text, sizeof text - 1), 0);
	ck_assert_str_eq(p->name, choices[_i].chosen);
	ck_assert_msg(strstr(text, choices[_i].lines), "\"%s\" is not in\n%s", choices[_i].lines,
	              text);
}
END_TEST

static const struct {
	const char *refuse, *said;
} unknown[] = {
	{ NULL, "" },
	{ "", "" },
	{ "lanes, libcrypto", "" },
	{ "lane", "warning: f.json: aead.refuse: names lane, and there is no such provider\n" },
	{ "lanes-avx2 lanes-avx512,LANES",
	  "warning: f.json: aead.refuse: names lanes-avx512, and there is no such provider\n"
	  "warning: f.json: aead.refuse: names LANES, and there is no such provider\n" },
};

START_TEST(names_that_nobody_has)
{
	struct mr_report report = { 0 };
	char *said = NULL;
	size_t n;
	FILE *out = open_memstream(&said, &n);

	cli_aead_warn_unknown(all, unknown[_i].refuse,
	                      (struct mr_where){ .file = "f.json", .path = "aead.refuse" },
	                      &report);
	mr_report_print(&report, out);
	fclose(out);
	ck_assert_str_eq(said, unknown[_i].said);
	ck_assert_uint_eq(report.errors, 0);
	mr_report_free(&report);
	free(said);
}
END_TEST

static bool never(void)
{
	return false;
}

static void seal_nothing(struct mr_aead_op *ops, unsigned n)
{
	(void)ops;
	(void)n;
}

/* A wrong answer is warned of, a processor that lacks something is not. */
START_TEST(what_is_warned_of)
{
	char text[4096] = "";
	int ends[2];
	struct mr_log log = { .level = MR_LOG_WARN, .wall = mr_clock_wall };

	like[2].usable = never;
	like[3].seal = seal_nothing;
	ck_assert_int_eq(pipe(ends), 0);
	log.fd = ends[1];
	ck_assert_str_eq(cli_aead_choose(all, NULL, later_is_faster, &log)->name, "libcrypto");
	close(ends[1]);
	ck_assert_int_gt((int)read(ends[0], text, sizeof text - 1), 0);
	ck_assert_ptr_null(strstr(text, "AEAD lanes is"));
	ck_assert_ptr_nonnull(strstr(text, "AEAD lanes-avx2 is not used: sealing does not give"));
}
END_TEST

START_TEST(the_built_in_one_stays)
{
	static const char *const bad[] = { "mbedtls", "lanes, mbedtls", "mbedtls,libcrypto" };
	static const char *const good[] = { NULL, "", "lanes", "mbedtls-2 lanes", " , " };

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_ptr_nonnull(cli_aead_refuse_rule(&bad[i]));
	for (size_t i = 0; i < COUNT(good); i++)
		ck_assert_ptr_null(cli_aead_refuse_rule(&good[i]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli aead");
	TCase *tc = tcase_create("cli aead");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, choice, 0, COUNT(choices));
	tcase_add_loop_test(tc, names_that_nobody_has, 0, COUNT(unknown));
	tcase_add_test(tc, what_is_warned_of);
	tcase_add_test(tc, the_built_in_one_stays);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
