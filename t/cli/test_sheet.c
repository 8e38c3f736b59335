/* A sheet of characters and what a screen shows of it, text of others, numbers in five places, and
 * keys. */
#include "cli/terminal.h"
#include "cli/units.h"
#include "cli/watch.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a screen ---- */

static const struct {
	unsigned    height, scroll, at; /* of the window; asked for; shown from */
	const char *rows;               /* first letters of what is shown       */
	const char *where;
} screens[] = {
	{ 24, 0, 0, "hHabcdef", " 1-6 of 6" },
	{ 24, 9, 0, "hHabcdef", " 1-6 of 6" },
	{ 6, 0, 0, "hHabc", " 1-3 of 6" },
	{ 6, 2, 2, "hHcde", " 3-5 of 6" },
	{ 6, 1u << 20, 3, "hHdef", " 4-6 of 6" },
	{ 2, 0, 0, "h", " 1-0 of 6" },
	{ 1, 0, 0, "", " 1-0 of 6" },
};

START_TEST(a_screen)
{
	struct cli_look look = { .height = screens[_i].height, .scroll = screens[_i].scroll };
	struct cli_sheet sheet;
	char *text, seen[32];
	const char *at;
	unsigned n = 0;
	size_t len;

	cli_sheet_open(&sheet, 30);
	for (unsigned i = 0; i < 8; i++)
		cli_sheet_text(&sheet, i, 0, 30, CLI_PLAIN, &"h\0H\0a\0b\0c\0d\0e\0f"[2 * i]);
	sheet.head = 2;
	text = cli_screen(&sheet, &look, "keys", false, &len);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_uint_eq(look.scroll, screens[_i].at);
	ck_assert_int_eq(strncmp(text, "\033[H", 3), 0);
	for (at = text + 3; strstr(at, "\033[K\r\n"); at = strstr(at, "\033[K\r\n") + 5)
		if (*at != '\033')
			seen[n++] = *at;
	seen[n] = '\0';
	ck_assert_str_eq(seen, screens[_i].rows);
	ck_assert_int_eq(strncmp(at, "keys", 4), 0);
	ck_assert_ptr_nonnull(strstr(at, screens[_i].where));
	free(text);
	cli_sheet_close(&sheet);
}
END_TEST

/* Each style is begun and ended, and only where it changes. */
START_TEST(colours)
{
	struct cli_sheet sheet;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cli_sheet_open(&sheet, 12);
	cli_sheet_text(&sheet, 0, 0, 12, CLI_RED, "ab");
	cli_sheet_text(&sheet, 0, 2, 12, CLI_PLAIN, "c");
	cli_sheet_text(&sheet, 0, 4, 3, CLI_BOLD, "defgh");
	cli_sheet_right(&sheet, 1, 12, 12, CLI_PLAIN, "right");
	cli_sheet_row(&sheet, 0, true, f);
	putc('|', f);
	cli_sheet_row(&sheet, 0, false, f);
	putc('|', f);
	cli_sheet_row(&sheet, 1, true, f);
	putc('|', f);
	cli_sheet_row(&sheet, 7, true, f);
	fclose(f);
	ck_assert_str_eq(text, "\033[0;31mab\033[0mc \033[0;1mde~\033[0m|abc de~|       right|");
	free(text);
	cli_sheet_close(&sheet);
}
END_TEST

static const struct {
	const char *text;
	size_t      room;
	const char *shown;
} texts[] = {
	{ "plain", 32, "plain" },       { "cut off", 4, "cut" },   { "", 32, "" },
	{ "a\033[2Jb\n\t\r\177", 32, "a?[2Jb????" }, { "\302\233x", 32, "?x" }, /* CSI in one */
	{ "\303\251\342\202\254\360\237\230\200", 32, "???" },
	{ "\200\277\303", 32, "???" }, { "\303(", 32, "?(" },     { "x", 1, "" },
};

START_TEST(printable)
{
	char out[32];

	ck_assert_str_eq(cli_printable(out, texts[_i].room, texts[_i].text), texts[_i].shown);
}
END_TEST

/* What is printed whole, a file's summary or what a node says, keeps its lines and its letters. */
static const struct {
	const char *text, *shown;
} whole_texts[] = {
	{ "two\nlines\tand a tab", "two\nlines\tand a tab" },
	{ "a\033[2Jb\r\b\177", "a?[2Jb???" },
	{ "\302\233x\302\200\302\237", "?x??" }, /* CSI in one, and its neighbours */
	{ "\302\240\302\251\303\251", "\302\240\302\251\303\251" },
	{ "\302", "\302" },
};

START_TEST(printable_whole)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	cli_text_print(f, whole_texts[_i].text, strlen(whole_texts[_i].text));
	fclose(f);
	ck_assert_str_eq(out, whole_texts[_i].shown);
	free(out);
}
END_TEST

/* ---- units ---- */

static const struct {
	double      n;
	const char *text;
} counts[] = {
	{ 0, "0" },         { -1, "0" },        { 0.001, "0.1" },    { 0.26, "0.3" },
	{ 1, "1" },         { 1.5, "1.5" },     { 9.94, "9.9" },     { 9.96, "10" },
	{ 999, "999" },     { 999.4, "999" },   { 999.5, "1.00k" },  { 1000, "1.00k" },
	{ 9994, "9.99k" },  { 9996, "10.0k" },  { 99940, "99.9k" },  { 99960, "100k" },
	{ 999499, "999k" }, { 999501, "1.00M" }, { 1.5e9, "1.50G" }, { 1.8e19, "18.0E" },
};

START_TEST(count_units)
{
	char cell[CLI_CELL];

	ck_assert_str_eq(cli_units_count(cell, counts[_i].n), counts[_i].text);
	ck_assert_uint_le(strlen(cell), 5);
}
END_TEST

START_TEST(other_units)
{
	char cell[CLI_CELL];

	ck_assert_str_eq(cli_units_ns(cell, 0), "0n");
	ck_assert_str_eq(cli_units_ns(cell, 999), "999n");
	ck_assert_str_eq(cli_units_ns(cell, 1000), "1.00u");
	ck_assert_str_eq(cli_units_ns(cell, 12800), "12.8u");
	ck_assert_str_eq(cli_units_ns(cell, 999600), "1.00m");
	ck_assert_str_eq(cli_units_ns(cell, UINT64_C(2050000000)), "2.05s");
	ck_assert_str_eq(cli_units_ns(cell, UINT64_C(68000000000)), "68.0s");
	ck_assert_str_eq(cli_units_rate(cell, 5, 0), "-");
	ck_assert_str_eq(cli_units_rate(cell, 5, UINT64_C(2000000000)), "2.5");
	ck_assert_str_eq(cli_units_rate(cell, 1, UINT64_C(3600000000000)), "0.1");
	ck_assert_str_eq(cli_units_share(cell, 1, 0), "-");
	ck_assert_str_eq(cli_units_share(cell, 1, 3), "33%");
	ck_assert_str_eq(cli_units_span(cell, 0), "0s");
	ck_assert_str_eq(cli_units_span(cell, 59), "59s");
	ck_assert_str_eq(cli_units_span(cell, 61), "1m01s");
	ck_assert_str_eq(cli_units_span(cell, 7384), "2h03m");
	ck_assert_str_eq(cli_units_span(cell, 446400), "5d04h");
}
END_TEST

/* ---- keys ---- */

static const struct {
	const char  *typed;
	enum cli_key key;
	size_t       took;
} typed[] = {
	{ "q", CLI_KEY_QUIT, 1 },           { "Q", CLI_KEY_QUIT, 1 },
	{ "s", CLI_KEY_SORT, 1 },           { "d", CLI_KEY_DROPS, 1 },
	{ " ", CLI_KEY_PAUSE, 1 },          { "\033[A", CLI_KEY_UP, 3 },
	{ "\033OB", CLI_KEY_DOWN, 3 },      { "\033[5~q", CLI_KEY_PAGE_UP, 4 },
	{ "\033[6~", CLI_KEY_PAGE_DOWN, 4 }, { "\033[H", CLI_KEY_HOME, 3 },
	{ "\033[4~", CLI_KEY_END, 4 },      { "jq", CLI_KEY_DOWN, 1 },
	{ "x", CLI_KEY_OTHER, 1 },          { "\303\251", CLI_KEY_OTHER, 1 },
	{ "\033", CLI_KEY_OTHER, 1 },       { "\033q", CLI_KEY_OTHER, 2 },  /* Alt-q */
	{ "\033[1;5Aq", CLI_KEY_OTHER, 6 }, { "\033[", CLI_KEY_OTHER, 2 },
	{ "\033[99", CLI_KEY_OTHER, 4 },
};

START_TEST(keys)
{
	size_t took = 0;

	ck_assert_int_eq(cli_key_of(typed[_i].typed, strlen(typed[_i].typed), &took),
			 typed[_i].key);
	ck_assert_uint_eq(took, typed[_i].took);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sheet");
	TCase *t = tcase_create("sheet");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_screen, 0, (int)COUNT(screens));
	tcase_add_test(t, colours);
	tcase_add_loop_test(t, printable, 0, (int)COUNT(texts));
	tcase_add_loop_test(t, printable_whole, 0, (int)COUNT(whole_texts));
	tcase_add_loop_test(t, count_units, 0, (int)COUNT(counts));
	tcase_add_test(t, other_units);
	tcase_add_loop_test(t, keys, 0, (int)COUNT(typed));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
