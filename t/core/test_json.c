/* Documents that know where everything stands: paths, positions, overlays. */
#include "core/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char text[] = "{ \"tun\": { \"mtu\": 70, \"name\": \"f\\\"}i\" },\n"
			   "  \"list\": [ 1, [ 2, 3 ], { \"a\": true },\n"
			   "\t{ \"b\": null } ],\n"
			   "  \"\xc3\xa9\": \"\xc3\xbc\", \"x y\": { \"q.r\": 1 },\n"
			   "  \"es\\u0063ape\": 5, \"empty\": {} }\n";

static struct mr_json *parse(const char *bytes, struct mr_report *r)
{
	return mr_json_parse("t.json", bytes, strlen(bytes), r);
}

static const struct {
	const char *path, *value; /* compact JSON, or NULL: not there */
	unsigned    line, column;
} values[] = {
	{ "", NULL, 1, 1 },
	{ "tun", NULL, 1, 3 },
	{ "tun.mtu", "70", 1, 12 },
	{ "tun.name", "\"f\\\"}i\"", 1, 23 },
	{ "tun.nam", NULL, 1, 3 },
	{ "tun.mtu.deep", NULL, 1, 12 },
	{ "list", NULL, 2, 3 },
	{ "list[0]", "1", 2, 13 },
	{ "list[1]", "[2,3]", 2, 16 },
	{ "list[1][1]", "3", 2, 21 },
	{ "list[1][2]", NULL, 2, 16 },
	{ "list[2].a", "true", 2, 28 },
	{ "list[3].b", "null", 3, 4 },
	{ "list[4]", NULL, 2, 3 },
	{ "[\"\xc3\xa9\"]", "\"\\u00fc\"", 4, 3 },
	{ "[\"x y\"][\"q.r\"]", "1", 4, 22 },
	{ "escape", "5", 5, 3 },
	{ "empty", "{}", 5, 21 },
	{ "empty.more", NULL, 5, 21 },
	{ "gone.far", NULL, 1, 1 },
	{ "tun..mtu", NULL, 1, 1 },
	{ "list[x]", NULL, 2, 3 },
	{ "list[99999999999]", NULL, 2, 3 },
};

START_TEST(values_and_their_places)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(text, &r);
	json_t *value;
	struct mr_where w;

	ck_assert_ptr_nonnull(doc);
	value = mr_json_at(doc, values[_i].path);
	if (values[_i].value) {
		char *shown = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

		ck_assert_ptr_nonnull(shown);
		ck_assert_int_eq(strcasecmp(shown, values[_i].value), 0);
		free(shown);
	}
	w = mr_json_where(doc, values[_i].path);
	ck_assert_str_eq(w.file, "t.json");
	ck_assert_str_eq(w.path, values[_i].path);
	ck_assert_uint_eq(w.line, values[_i].line);
	ck_assert_uint_eq(w.column, values[_i].column);
	mr_json_free(doc);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

/* Texts that are refused, and the beginning of the complaint. */
static const struct {
	const char *text, *complaint;
} bad[] = {
	{ "", "t.json:1:1: " },
	{ "{ \"a\": 1,\n  \"b\" 2 }", "t.json:2:7: ':' expected near '2'" },
	{ "{ \"a\": 1, \"a\": 2 }", "t.json:1:13: duplicate object key" },
	{ "{ \"a\": 01 }", "t.json:1:" },
	{ "{} x", "t.json:1:4: end of file expected" },
	{ "{ \"a\": \"\xff\" }", "t.json:1:" },
	{ "5", "t.json:1:1: " },
	{ "{ \"a\": \"\\u0000\" }", "t.json:1:" },
};

START_TEST(syntax_errors_have_places)
{
	struct mr_report r = { 0 };

	ck_assert_ptr_null(parse(bad[_i].text, &r));
	ck_assert_uint_eq(r.errors, 1);
	ck_assert_msg(!strncmp(r.list[0].text, bad[_i].complaint, strlen(bad[_i].complaint)), "%s",
		      r.list[0].text);
	mr_report_free(&r);
}
END_TEST

/* Every truncation is refused, none crashes; so is a document nested without end. */
START_TEST(truncations_and_depth)
{
	static char deep[200000];
	struct mr_report r = { 0 };

	for (size_t n = 0; n + 2 < sizeof text; n++)
		ck_assert_ptr_null(mr_json_parse("t.json", text, n, &r));
	memset(deep, '[', sizeof deep);
	ck_assert_ptr_null(mr_json_parse("t.json", deep, sizeof deep, &r));
	mr_report_free(&r);
}
END_TEST

START_TEST(files)
{
	struct mr_report r = { 0 };
	char name[] = "/tmp/test_json.XXXXXX";
	int fd = mkstemp(name);
	struct mr_json *doc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "{\"a\":1}", 7), 7);
	doc = mr_json_load(name, &r);
	ck_assert_ptr_nonnull(doc);
	ck_assert_int_eq(json_integer_value(mr_json_at(doc, "a")), 1);
	mr_json_free(doc);

	ck_assert_int_eq(ftruncate(fd, MR_JSON_MAX + 1), 0);
	ck_assert_ptr_null(mr_json_load(name, &r));
	ck_assert_ptr_nonnull(strstr(r.list[0].text, "is larger than 4 MiB"));
	close(fd);
	unlink(name);
	ck_assert_ptr_null(mr_json_load(name, &r));
	ck_assert_ptr_nonnull(strstr(r.list[1].text, "cannot read it: No such file"));
	ck_assert_uint_eq(r.n, 2);
	mr_report_free(&r);
}
END_TEST

static const struct {
	const char *path, *set, *value; /* compact JSON afterwards, or NULL */
	const char *complaint;
} sets[] = {
	{ "tun.mtu", "1400", "1400", NULL },
	{ "tun.mtu", "fast", "\"fast\"", NULL },
	{ "tun.mtu", "", "\"\"", NULL },
	{ "tun.mtu", "\"12\"", "\"12\"", NULL },
	{ "tun.mtu", "1.5", "1.5", NULL },
	{ "tun.mtu", "127.0.0.1:80", "\"127.0.0.1:80\"", NULL },
	{ "tun.mtu", "{\"a\":[1]}", "{\"a\":[1]}", NULL },
	{ "new.deep.key", "true", "true", NULL },
	{ "list[2].a", "false", "false", NULL },
	{ "[\"x y\"].z", "1", "1", NULL },
	{ "tun.mtu", "{oops", NULL, "--set: tun.mtu: {oops is not JSON" },
	{ "tun.mtu", "[1,", NULL, "--set: tun.mtu: [1, is not JSON" },
	{ "tun.mtu.deep", "1", NULL, "--set: tun.mtu.deep: what holds it is not an object" },
	{ "list[9].a", "1", NULL, "--set: list[9].a: there is no such item to change" },
	{ "tun..mtu", "1", NULL, "--set: tun..mtu: is not a path such as tun.mtu or peers[0].alias" },
	{ "", "1", NULL, "--set: is not a path such as tun.mtu or peers[0].alias" },
};

START_TEST(overlays)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(text, &r);
	struct mr_where w;
	char *shown;

	mr_json_set(doc, sets[_i].path, sets[_i].set, &r);
	if (sets[_i].complaint) {
		ck_assert_uint_eq(r.n, 1);
		ck_assert_str_eq(r.list[0].text, sets[_i].complaint);
	} else {
		ck_assert_uint_eq(r.n, 0);
		shown = json_dumps(mr_json_at(doc, sets[_i].path), JSON_COMPACT | JSON_ENCODE_ANY);
		ck_assert_str_eq(shown, sets[_i].value);
		free(shown);
		w = mr_json_where(doc, sets[_i].path);
		ck_assert_str_eq(w.file, "--set");
		ck_assert_uint_eq(w.line, 0);
		ck_assert_str_eq(mr_json_where(doc, "tun.name").file, "t.json");
	}
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* Places below an overlay, and another spelling of the same path. */
START_TEST(overlaid_places)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(text, &r);

	mr_json_set(doc, "[\"tun\"]", "{\"mtu\":1}", &r);
	ck_assert_str_eq(mr_json_where(doc, "tun.mtu").file, "--set");
	ck_assert_str_eq(mr_json_where(doc, "tun").file, "--set");
	ck_assert_str_eq(mr_json_where(doc, "tunx").file, "t.json");
	ck_assert_str_eq(mr_json_where(doc, "list").file, "t.json");
	ck_assert_uint_eq(r.n, 0);
	mr_json_free(doc);
}
END_TEST

START_TEST(paths_are_built_and_read_back)
{
	static const char *const keys[] = { "a", "a-b_9", "", "x y", "q\"uo\\te", "d.o.t", "[0]" };
	char path[MR_PATH], lengthy[2 * MR_PATH];
	const char *at = path;
	struct mr_step step;

	mr_path_item(path, "p", 7);
	for (size_t i = 0; i < COUNT(keys); i++)
		mr_path_key(path, path, keys[i]);
	ck_assert_str_eq(path, "p[7].a.a-b_9[\"\"][\"x y\"][\"q\\\"uo\\\\te\"][\"d.o.t\"][\"[0]\"]");
	ck_assert(mr_path_step(&at, &step) && !strcmp(step.name, "p") && !step.item);
	ck_assert(mr_path_step(&at, &step) && step.item && step.index == 7);
	for (size_t i = 0; i < COUNT(keys); i++) {
		ck_assert(mr_path_step(&at, &step));
		ck_assert_str_eq(step.name, keys[i]);
	}
	ck_assert(!mr_path_step(&at, &step));
	ck_assert_int_eq(*at, '\0');

	memset(lengthy, '"', sizeof lengthy);
	lengthy[sizeof lengthy - 1] = '\0';
	ck_assert_uint_lt(strlen(mr_path_key(path, "", lengthy)), MR_PATH);
	memset(lengthy, 'a', sizeof lengthy - 1);
	ck_assert_uint_lt(strlen(mr_path_key(path, lengthy, lengthy)), MR_PATH);
	ck_assert_uint_lt(strlen(mr_path_item(path, lengthy, 5)), MR_PATH);
}
END_TEST

static const struct {
	const char *json, *shown;
} shows[] = {
	{ "70", "70" },
	{ "1.5", "1.5" },
	{ "\"fast\"", "\"fast\"" },
	{ "null", "null" },
	{ "{\"a\":1}", "an object" },
	{ "[1]", "an array" },
	{ "\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
	  "\"0123456789012345678901234567890123456789012345678901234...\"" },
};

START_TEST(values_are_shown_short)
{
	char buf[MR_SHOWN];
	json_t *value = json_loads(shows[_i].json, JSON_DECODE_ANY, NULL);

	ck_assert_str_eq(mr_json_shown(buf, value), shows[_i].shown);
	json_decref(value);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, values_and_their_places, 0, COUNT(values));
	tcase_add_loop_test(t, syntax_errors_have_places, 0, COUNT(bad));
	tcase_add_test(t, truncations_and_depth);
	tcase_add_test(t, files);
	tcase_add_loop_test(t, overlays, 0, COUNT(sets));
	tcase_add_test(t, overlaid_places);
	tcase_add_test(t, paths_are_built_and_read_back);
	tcase_add_loop_test(t, values_are_shown_short, 0, COUNT(shows));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
