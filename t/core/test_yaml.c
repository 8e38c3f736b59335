/* YAML as documents: what scalars mean, where values stand, what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/yaml.h"
#include "t/lib/vectors.h"

static struct mr_json *parse(const char *text, struct mr_report *r)
{
	return mr_yaml_parse("f.yaml", text, strlen(text), r);
}

static const struct {
	const char *text, *json; /* of the whole document */
} documents[] = {
	{ "", "{}" },
	{ "# nothing\n", "{}" },
	{ "---\n", "{}" },
	{ "a: 1\n", "{\"a\":1}" },
	{ "a: -7\nb: +7\nc: 0x1F\nd: 0o17\ne: 017\n", "{\"a\":-7,\"b\":7,\"c\":31,\"d\":15,\"e\":17}" },
	{ "a: 1.5\nb: .5\nc: 1e3\nd: -2.\n", "{\"a\":1.5,\"b\":0.5,\"c\":1000.0,\"d\":-2.0}" },
	{ "a: true\nb: False\nc: TRUE\nd: yes\ne: no\nf: on\n",
	  "{\"a\":true,\"b\":false,\"c\":true,\"d\":\"yes\",\"e\":\"no\",\"f\":\"on\"}" },
	{ "a:\nb: ~\nc: null\nd: Null\ne: nul\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":\"nul\"}" },
	{ "a: \"1\"\nb: '2'\nc: \"true\"\nd: ''\n", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"true\",\"d\":\"\"}" },
	{ "a: 0.0.0.0:2121\nb: 10.0.0.1\nc: ::1\nd: 1-2\ne: .inf\nf: 1e\ng: 0x\nh: .\n",
	  "{\"a\":\"0.0.0.0:2121\",\"b\":\"10.0.0.1\",\"c\":\"::1\",\"d\":\"1-2\",\"e\":\".inf\",\"f\":\"1e\",\"g\":\"0x\","
	  "\"h\":\".\"}" },
	{ "a: 99999999999999999999\n", "{\"a\":1e20}" },
	{ "a: -0x10\n", "{\"a\":\"-0x10\"}" },
	{ "a: [ 1, [ x, ~ ], { b: c } ]\n", "{\"a\":[1,[\"x\",null],{\"b\":\"c\"}]}" },
	{ "a:\n  - 1\n  - b: 2\n    c: 3\n", "{\"a\":[1,{\"b\":2,\"c\":3}]}" },
	{ "a: |\n  two\n  lines\nb: >\n  one\n  line\n", "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\\n\"}" },
	{ "a: &x { b: 1 }\nc: *x\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}" },
	{ "{\"a\": [1, 2.5, \"x\", null, false]}", "{\"a\":[1,2.5,\"x\",null,false]}" },
	{ "a: \"\\u00e9\"\n", "{\"a\":\"\\u00E9\"}" },
	{ "1: x\ntrue: y\n", "{\"1\":\"x\",\"true\":\"y\"}" },
	{ "- 1\n", "[1]" },
	{ "a: 5 # five\n", "{\"a\":5}" },
	{ "a: 1\n...\n", "{\"a\":1}" },
};

START_TEST(what_it_means)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(documents[_i].text, &r);
	char *json;

	ck_assert_msg(doc != NULL, "%s: %s", documents[_i].text, r.n ? r.list[0].text : "");
	json = json_dumps(mr_json_root(doc),
	                  JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	ck_assert_str_eq(json, documents[_i].json);
	free(json);
	mr_json_free(doc);
}
END_TEST

static const char placed[] = "node:\n"
			     "  identity:\n"
			     "    nsec: \"x\"\n"
			     "tun: { mtu: 70,\n"
			     "       name: f }\n"
			     "peers:\n"
			     "  - npub: a\n"
			     "    addresses:\n"
			     "      - { transport: udp }\n"
			     "  - b\n";

static const struct {
	const char *path;
	unsigned    line, column;
} places[] = {
	{ "", 1, 1 },
	{ "node", 1, 1 },
	{ "node.identity.nsec", 3, 5 },
	{ "node.identity.key_file", 2, 3 },
	{ "tun.mtu", 4, 8 },
	{ "tun.name", 5, 8 },
	{ "tun.name.more", 5, 8 },
	{ "peers[0]", 7, 5 },
	{ "peers[0].addresses[0].transport", 9, 11 },
	{ "peers[1]", 10, 5 },
	{ "peers[2]", 6, 1 },
	{ "graph", 1, 1 },
};

START_TEST(where_it_stands)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(placed, &r);
	struct mr_where w;

	ck_assert_ptr_nonnull(doc);
	w = mr_json_where(doc, places[_i].path);
	ck_assert_str_eq(w.file, "f.yaml");
	ck_assert_uint_eq(w.line, places[_i].line);
	ck_assert_uint_eq(w.column, places[_i].column);
	mr_json_free(doc);
}
END_TEST

/* --set goes over what the file says, as in JSON. */
START_TEST(overlaid)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(placed, &r);

	mr_json_set(doc, "tun.mtu", "1300", &r);
	mr_json_set(doc, "http.listen", "off", &r);
	ck_assert_uint_eq(r.errors, 0);
	ck_assert_int_eq(json_integer_value(mr_json_at(doc, "tun.mtu")), 1300);
	ck_assert_str_eq(json_string_value(mr_json_at(doc, "http.listen")), "off");
	ck_assert_str_eq(mr_json_where(doc, "tun.mtu").file, "--set");
	ck_assert_str_eq(mr_json_where(doc, "tun.name").file, "f.yaml");
	mr_json_free(doc);
}
END_TEST

static const struct {
	const char *text, *wrong;
} bad[] = {
	{ "a: 1\na: 2\n", "f.yaml:2:1: a: stands here twice" },
	{ "a:\n  b: 1\n  b: 1\n", "f.yaml:3:3: a.b: stands here twice" },
	{ "a: [1\n", "f.yaml:2:1: did not find expected ',' or ']'" },
	{ "a: 1\n b: 2\n", "f.yaml:2:3: mapping values are not allowed in this context" },
	{ "\ta: 1\n", "f.yaml:1:1: found character that cannot start any token" },
	{ "a: *x\n", "f.yaml:1:4: found undefined alias" },
	{ "a: 1\n---\nb: 2\n", "f.yaml:3:1: is a second document" },
	{ "? [1]\n: 2\n", "f.yaml:1:3: holds a key that is no text" },
	{ "a: \"x\\0y\"\n", "f.yaml:1:4: a: holds a NUL" },
	{ "a: \xff\n", "f.yaml:1:1: invalid leading UTF-8 octet" },
	{ "a: \"x\n", "f.yaml:2:1: found unexpected end of stream" },
};

static void complaint_of(const char *text, char *out, size_t room)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = parse(text, &r);

	ck_assert_ptr_null(doc);
	ck_assert_uint_eq(r.n, 1);
	snprintf(out, room, "%s", r.list[0].text);
	mr_report_free(&r);
}

START_TEST(refused)
{
	char said[300];

	complaint_of(bad[_i].text, said, sizeof said);
	ck_assert_str_eq(said, bad[_i].wrong);
}
END_TEST

/* A few bytes may name very many values, or very deep ones. */
START_TEST(bounds)
{
	char text[2000] = "a: ", said[300];

	for (unsigned i = 0; i < 70; i++)
		strcat(text, "[");
	for (unsigned i = 0; i < 70; i++)
		strcat(text, "]");
	complaint_of(text, said, sizeof said);
	ck_assert_ptr_nonnull(strstr(said, "is nested too deep"));
	complaint_of("a: &x [ *x ]\n", said, sizeof said); /* it holds itself */
	ck_assert_ptr_nonnull(strstr(said, "is nested too deep"));
	strcpy(text, "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
	for (unsigned i = 1; i < 9; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n,
		         "a%u: &a%u [*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u,*a%u]\n",
		         i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
		         i - 1, i - 1, i - 1, i - 1);
	}
	complaint_of(text, said, sizeof said);
	ck_assert_ptr_nonnull(strstr(said, "is one value too many"));
}
END_TEST

/* A long text that is named again and again, as a value or as a key, would be copied each time; and
 * brackets that nobody closes would keep the parser for hours. */
START_TEST(long_bounds)
{
	enum { LONG = 100000, TIMES = 150 };
	static char text[2 * LONG + TIMES * 16];
	static const char *const again[] = { "- *a\n", "- *a : 1\n" };
	char said[300];

	for (unsigned k = 0; k < 2; k++) {
		size_t n = (size_t)sprintf(text, "- &a ");

		memset(text + n, 'x', LONG);
		n += LONG;
		text[n++] = '\n';
		for (unsigned i = 0; i < TIMES; i++)
			n += (size_t)sprintf(text + n, "%s", again[k]);
		complaint_of(text, said, sizeof said);
		ck_assert_ptr_nonnull(strstr(said, "makes more text than any configuration needs"));
	}
	memset(text, '[', 2 * LONG);
	text[70] = '\n';
	text[2 * LONG] = '\0';
	complaint_of(text, said, sizeof said);
	ck_assert_str_eq(said, "f.yaml:2:931: is nested too deep");
}
END_TEST

START_TEST(from_a_file)
{
	char path[] = "/tmp/millrace-yaml-XXXXXX";
	struct mr_report r = { 0 };
	struct mr_json *doc;
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "a: 1\n", 5), 5);
	close(fd);
	doc = mr_yaml_load(path, &r);
	ck_assert_int_eq(json_integer_value(mr_json_at(doc, "a")), 1);
	mr_json_free(doc);
	unlink(path);
	ck_assert_ptr_null(mr_yaml_load(path, &r));
	ck_assert_ptr_nonnull(strstr(r.list[0].text, "cannot read it: No such file or directory"));
	mr_report_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("yaml");
	TCase *tc = tcase_create("documents");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, what_it_means, 0, COUNT(documents));
	tcase_add_loop_test(tc, where_it_stands, 0, COUNT(places));
	tcase_add_test(tc, overlaid);
	tcase_add_loop_test(tc, refused, 0, COUNT(bad));
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, long_bounds);
	tcase_add_test(tc, from_a_file);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
