/* Complaints: their text, their order, and the nearest word. */
#include "core/err.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	struct mr_where where;
	const char     *text;
} places[] = {
	{ { "a.json", 12, 18, "tun.mtu" }, "a.json:12:18: tun.mtu: 70 is below 576" },
	{ { "a.json", 12, 0, "tun.mtu" }, "a.json:12: tun.mtu: 70 is below 576" },
	{ { "a.json", 0, 0, "tun.mtu" }, "a.json: tun.mtu: 70 is below 576" },
	{ { "a.json", 0, 7, NULL }, "a.json: 70 is below 576" },
	{ { "a.json", 3, 4, "" }, "a.json:3:4: 70 is below 576" },
	{ { NULL, 3, 4, "tun.mtu" }, "tun.mtu: 70 is below 576" },
	{ { NULL, 0, 0, NULL }, "70 is below 576" },
};

START_TEST(text_says_what_is_known)
{
	struct mr_report r = { 0 };

	mr_complain(&r, places[_i].where, "%d is below %d", 70, 576);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_str_eq(r.list[0].text, places[_i].text);
	mr_report_free(&r);
	ck_assert_ptr_null(r.list);
	ck_assert_uint_eq(r.n + r.errors, 0);
}
END_TEST

/* What a report prints, malloc'd. */
static char *printed(const struct mr_report *r)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(out);
	mr_report_print(r, out);
	fclose(out);
	return text;
}

START_TEST(warnings_are_no_errors)
{
	struct mr_report r = { 0 };
	char *text;

	mr_warn(&r, (struct mr_where){ .file = "f" }, "careful");
	mr_complain(&r, (struct mr_where){ .file = "f" }, "wrong");
	ck_assert_uint_eq(r.n, 2);
	ck_assert_uint_eq(r.errors, 1);
	text = printed(&r);
	ck_assert_str_eq(text, "warning: f: careful\nf: wrong\n");
	free(text);
	mr_report_free(&r);
}
END_TEST

/* Keys and values stand in it as a file has them; what a terminal would obey does not. */
START_TEST(text_is_harmless)
{
	struct mr_report r = { 0 };

	mr_complain(&r, (struct mr_where){ "a\033[2J.json", 1, 2, "n\303\274.\302\2331m" }, "\"%s\" is wrong",
	            "x\033]0;y\a\r\n\200\342\200\256z");
	ck_assert_str_eq(r.list[0].text, "a?[2J.json:1:2: n\303\274.?1m: \"x?]0;y?????z\" is wrong");
	mr_report_free(&r);
}
END_TEST

START_TEST(the_same_is_said_once)
{
	struct mr_report r = { 0 };

	for (int i = 0; i < 3; i++)
		mr_complain(&r, (struct mr_where){ .file = "f" }, "wrong");
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.errors, 1);
	mr_report_free(&r);
}
END_TEST

/* R7 */
START_TEST(too_many_are_counted)
{
	struct mr_report r = { 0 };
	char *text;

	for (int i = 0; i < 2000; i++) {
		ck_assert_int_eq(mr_report_full(&r), i >= 500);
		mr_complain(&r, (struct mr_where){ 0 }, "mistake %d", i);
	}
	ck_assert_uint_eq(r.errors, 2000);
	ck_assert_uint_lt(r.n, 2000);
	text = printed(&r);
	ck_assert_ptr_nonnull(strstr(text, "\nand 1500 more\n"));
	free(text);
	mr_report_free(&r);
}
END_TEST

static const char *const words[] = { "rx", "fmp-open", "fsp-open", "tun-read", "tun-write", "route",
				     "threads" };

static const struct {
	const char *word, *nearest;
} near[] = {
	{ "rx", "rx" },          { "xr", "rx" },          { "tx", "rx" },
	{ "fmp_open", "fmp-open" }, { "FMP-open", "fmp-open" }, { "fpm-open", "fmp-open" },
	{ "fmp", "fmp-open" },   { "thread", "threads" }, { "rout", "route" },
	{ "tun-wrte", "tun-write" }, { "zebra", NULL },   { "", NULL },
	{ "q", NULL },           { "tunread", "tun-read" },
};

START_TEST(nearest_word)
{
	const char *found = mr_nearest(near[_i].word, words, COUNT(words));

	if (near[_i].nearest)
		ck_assert_str_eq(found, near[_i].nearest);
	else
		ck_assert_ptr_null(found);
}
END_TEST

START_TEST(hints)
{
	char buf[MR_HINT], lengthy[200];
	const char *const longs[] = { lengthy, lengthy, lengthy };

	ck_assert_str_eq(mr_hint(buf, "rout", words, 7), "; did you mean \"route\"?");
	ck_assert_str_eq(mr_hint(buf, "zebra", words, 2), "; there are rx, fmp-open");
	ck_assert_str_eq(mr_hint(buf, "zebra", words, 1), "; there is rx");
	ck_assert_str_eq(mr_hint(buf, "zebra", words, 0), "");
	memset(lengthy, 'x', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	ck_assert_uint_lt(strlen(mr_hint(buf, "zebra", longs, 3)), MR_HINT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, text_says_what_is_known, 0, COUNT(places));
	tcase_add_test(t, text_is_harmless);
	tcase_add_test(t, warnings_are_no_errors);
	tcase_add_test(t, the_same_is_said_once);
	tcase_add_test(t, too_many_are_counted);
	tcase_add_loop_test(t, nearest_word, 0, COUNT(near));
	tcase_add_test(t, hints);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
