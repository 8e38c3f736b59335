/* Settings tables: defaults, every type's values and refusals, nesting, unknown keys. */
#include "core/field.h"
#include "core/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- one table with every type ---- */

struct inner {
	uint32_t depth;
	char    *name;
};

struct all {
	bool           on;
	uint32_t       small, pow2;
	uint64_t       big;
	double         ratio;
	unsigned       word;
	char          *text, *secret;
	struct inner   inner;
	struct mr_list list, numbers;
};

static const char *const words[] = { "wait", "drop", NULL };

static const char *not_even(const void *member)
{
	return *(const uint32_t *)member % 2 ? "is odd" : NULL;
}

static const struct mr_field_rule even = {
	.wrong = not_even, .bad = (const char *const[]){ "577", NULL },
	.schema = "{ \"multipleOf\": 2 }",
};

static const struct mr_field inner_fields[] = {
	{ .name = "depth", .type = MR_U32, MR_AT(struct inner, depth), .min = 1, .max = 9,
	  .def = 3 },
	{ .name = "name", .type = MR_TEXT, MR_AT(struct inner, name), .required = true },
	{ 0 }
};

static const struct mr_field fields[] = {
	{ .name = "on", .type = MR_BOOL, MR_AT(struct all, on), .def = 1 },
	{ .name = "small", .type = MR_U32, MR_AT(struct all, small), .min = 576, .max = 9000,
	  .def = 1280, .unit = "bytes", .rule = &even, .help = "a size" },
	{ .name = "pow2", .type = MR_POW2, MR_AT(struct all, pow2), .min = 64, .max = 8192,
	  .def = 1024 },
	{ .name = "big", .type = MR_U64, MR_AT(struct all, big), .def = 7 },
	{ .name = "ratio", .type = MR_REAL, MR_AT(struct all, ratio), .real_min = 0.5,
	  .real_max = 2, .real_def = 1 },
	{ .name = "word", .type = MR_WORD, MR_AT(struct all, word), .words = words, .def = 1 },
	{ .name = "text", .type = MR_TEXT, MR_AT(struct all, text), .text = "default" },
	{ .name = "secret", .type = MR_TEXT, MR_AT(struct all, secret), .secret = true },
	{ .name = "inner", .type = MR_GROUP, MR_AT(struct all, inner), .of = inner_fields },
	{ .name = "list", .type = MR_LIST, MR_AT(struct all, list), .of = inner_fields,
	  .item = sizeof(struct inner) },
	{ .name = "numbers", .type = MR_NUMBERS, MR_AT(struct all, numbers), .max = 63 },
	{ .name = "raw", .type = MR_RAW },
	{ .name = "later", .type = MR_LATER, .help = "the later part is", .of = inner_fields },
	{ 0 }
};

static struct mr_json *parse(const char *text)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("t.json", text, strlen(text), &r);

	ck_assert_msg(doc != NULL, "%s", r.n ? r.list[0].text : "");
	return doc;
}

static void free_all(struct all *a)
{
	mr_fields_free(fields, a);
	ck_assert_ptr_null(a->text);
	ck_assert_ptr_null(a->list.items);
}

static void assert_defaults(const struct all *a)
{
	ck_assert(a->on);
	ck_assert_uint_eq(a->small, 1280);
	ck_assert_uint_eq(a->pow2, 1024);
	ck_assert_uint_eq(a->big, 7);
	ck_assert_double_eq(a->ratio, 1);
	ck_assert_uint_eq(a->word, 1);
	ck_assert_str_eq(a->text, "default");
	ck_assert_ptr_null(a->secret);
	ck_assert_uint_eq(a->inner.depth, 3);
	ck_assert_ptr_null(a->inner.name);
	ck_assert_uint_eq(a->list.n, 0);
	ck_assert_uint_eq(a->numbers.n, 0);
}

/* Documents that leave everything at its default. */
static const struct {
	const char *text, *path;
} absent[] = {
	{ NULL, "" },
	{ "{}", "" },
	{ "{}", "a.b[3]" },
	{ "{ \"a\": {} }", "a" },
	{ "{ \"a\": null }", "a" },
	{ "{ \"on\": null, \"small\": null, \"text\": null, \"list\": null, \"inner\": null }", "" },
};

START_TEST(defaults)
{
	struct mr_json *doc = absent[_i].text ? parse(absent[_i].text) : NULL;
	struct mr_report r = { 0 };
	struct all a;

	memset(&a, 0xee, sizeof a);
	mr_fields_decode(fields, &a, sizeof a, doc, absent[_i].path, &r);
	assert_defaults(&a);
	ck_assert_uint_eq(r.n, 0);
	free_all(&a);
	mr_json_free(doc);
}
END_TEST

START_TEST(values)
{
	struct mr_json *doc = parse("{ \"on\": false, \"small\": 576, \"pow2\": 8192, \"big\": 9223372036854775807,"
				    "  \"ratio\": 2, \"word\": \"wait\", \"text\": \"\", \"secret\": \"s\","
				    "  \"inner\": { \"depth\": 9, \"name\": \"i\" },"
				    "  \"list\": [ { \"name\": \"x\" }, { \"name\": \"y\", \"depth\": 1 } ],"
				    "  \"numbers\": [ 0, 63 ], \"raw\": [ { \"any\": 1 } ] }");
	struct mr_report r = { 0 };
	struct all a;

	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_msg(r.n == 0, "%s", r.n ? r.list[0].text : "");
	ck_assert(!a.on);
	ck_assert_uint_eq(a.small, 576);
	ck_assert_uint_eq(a.pow2, 8192);
	ck_assert_uint_eq(a.big, INT64_MAX);
	ck_assert_double_eq(a.ratio, 2);
	ck_assert_uint_eq(a.word, 0);
	ck_assert_str_eq(a.text, "");
	ck_assert_str_eq(a.secret, "s");
	ck_assert_uint_eq(a.inner.depth, 9);
	ck_assert_str_eq(a.inner.name, "i");
	ck_assert_uint_eq(a.list.n, 2);
	ck_assert_str_eq(((struct inner *)a.list.items)[1].name, "y");
	ck_assert_uint_eq(((struct inner *)a.list.items)[0].depth, 3);
	ck_assert_uint_eq(a.numbers.n, 2);
	ck_assert_uint_eq(((uint32_t *)a.numbers.items)[1], 63);
	free_all(&a);
	mr_json_free(doc);
}
END_TEST

/* One mistake each, and what is said of it. */
static const struct {
	const char *text, *complaint;
} bad[] = {
	{ "{ \"on\": 1 }", "t.json:1:3: on: 1 is not true or false" },
	{ "{ \"on\": \"true\" }", "t.json:1:3: on: \"true\" is not true or false" },
	{ "{ \"small\": 70 }", "t.json:1:3: small: 70 is below 576" },
	{ "{ \"small\": 575 }", "t.json:1:3: small: 575 is below 576" },
	{ "{ \"small\": -1 }", "t.json:1:3: small: -1 is below 576" },
	{ "{ \"small\": 9001 }", "t.json:1:3: small: 9001 is above 9000" },
	{ "{ \"small\": 1000.5 }", "t.json:1:3: small: 1000.5 is not a whole number" },
	{ "{ \"small\": \"1000\" }", "t.json:1:3: small: \"1000\" is not a whole number" },
	{ "{ \"small\": {} }", "t.json:1:3: small: an object is not a whole number" },
	{ "{ \"small\": 1001 }", "t.json:1:3: small: 1001 is odd" },
	{ "{ \"pow2\": 1000 }", "t.json:1:3: pow2: 1000 is not a power of two" },
	{ "{ \"pow2\": 0 }", "t.json:1:3: pow2: 0 is below 64" },
	{ "{ \"pow2\": 16384 }", "t.json:1:3: pow2: 16384 is above 8192" },
	{ "{ \"big\": -5 }", "t.json:1:3: big: -5 is below 0" },
	{ "{ \"ratio\": 0.25 }", "t.json:1:3: ratio: 0.25 is below 0.5" },
	{ "{ \"ratio\": 3 }", "t.json:1:3: ratio: 3 is above 2" },
	{ "{ \"ratio\": [] }", "t.json:1:3: ratio: an array is not a number" },
	{ "{ \"word\": \"drip\" }",
	  "t.json:1:3: word: \"drip\" is not one of wait, drop; did you mean \"drop\"?" },
	{ "{ \"word\": \"zebra\" }", "t.json:1:3: word: \"zebra\" is not one of wait, drop" },
	{ "{ \"word\": 1 }", "t.json:1:3: word: 1 is not one of wait, drop" },
	{ "{ \"text\": 5 }", "t.json:1:3: text: 5 is not a string" },
	{ "{ \"secret\": 12345 }", "t.json:1:3: secret: the value is not a string" },
	{ "{ \"inner\": 5 }", "t.json:1:3: inner: 5 is not an object" },
	{ "{ \"inner\": {} }", "t.json:1:3: inner.name: is missing" },
	{ "{ \"inner\": { \"name\": \"n\",\n\"depth\": 10 } }", "t.json:2:1: inner.depth: 10 is above 9" },
	{ "{ \"inner\": { \"name\": \"n\", \"dept\": 1 } }",
	  "t.json:1:27: inner.dept: there is no such key; did you mean \"depth\"?" },
	{ "{ \"list\": {} }", "t.json:1:3: list: an object is not an array" },
	{ "{ \"list\": [ 5 ] }", "t.json:1:13: list[0]: 5 is not an object" },
	{ "{ \"list\": [ { \"name\": \"a\" }, { \"depth\": 1 } ] }",
	  "t.json:1:30: list[1].name: is missing" },
	{ "{ \"list\": [ { \"name\": \"a\", \"zz\": 1 } ] }",
	  "t.json:1:28: list[0].zz: there is no such key; there are depth, name" },
	{ "{ \"numbers\": [ 1, 64 ] }", "t.json:1:19: numbers[1]: 64 is above 63" },
	{ "{ \"numbers\": [ \"1\" ] }", "t.json:1:16: numbers[0]: \"1\" is not a whole number" },
	{ "{ \"numbers\": 1 }", "t.json:1:3: numbers: 1 is not an array" },
	{ "{ \"smal\": 1 }", "t.json:1:3: smal: there is no such key; did you mean \"small\"?" },
	{ "{ \"x y\": 1 }", "t.json:1:3: [\"x y\"]: there is no such key" },
	{ "{ \"later\": { \"depht\": 1 } }",
	  "t.json:1:14: later.depht: there is no such key; did you mean \"depth\"?" },
	{ "[]", "t.json:1:1: an array is not an object" },
};

START_TEST(mistakes)
{
	struct mr_json *doc = parse(bad[_i].text);
	struct mr_report r = { 0 };
	struct all a;
	bool said = false;

	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_uint_eq(r.errors, 1);
	for (unsigned i = 0; i < r.n; i++)
		said |= !strncmp(r.list[i].text, bad[_i].complaint, strlen(bad[_i].complaint));
	ck_assert_msg(said, "%s", r.list[0].text);
	free_all(&a);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* Nothing is no power of two, where the range has it. */
START_TEST(no_power)
{
	static const struct mr_field any_pow2[] = {
		{ .name = "n", .type = MR_POW2, .max = 8, .def = 1 }, { 0 }
	};
	struct mr_json *doc = parse("{ \"n\": 0 }");
	struct mr_report r = { 0 };
	uint32_t n;

	mr_fields_decode(any_pow2, &n, sizeof n, doc, "", &r);
	ck_assert_uint_eq(r.errors, 1);
	ck_assert_str_eq(r.list[0].text, "t.json:1:3: n: 0 is not a power of two");
	ck_assert_uint_eq(n, 1);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* A file of nothing else: to find the places of those that are only counted would take hours. */
START_TEST(very_many_mistakes)
{
	enum { MANY = 100000 };
	static const char *const files[][2] = { { "{\"numbers\":[", "64" },
	                                        { "{\"list\":[", "{}" } };
	char *text = malloc(32 + 3 * MANY), *at = stpcpy(text, files[_i][0]);
	struct mr_report r = { 0 };
	struct mr_json *doc;
	struct all a;

	for (unsigned i = 0; i < MANY; i++)
		at = stpcpy(stpcpy(at, i ? "," : ""), files[_i][1]);
	strcpy(at, "]}");
	doc = parse(text);
	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_uint_eq(r.errors, MANY);
	ck_assert_uint_lt(r.n, MANY);
	free_all(&a);
	mr_report_free(&r);
	mr_json_free(doc);
	free(text);
}
END_TEST

/* All at once, and a wrong value leaves the default. */
START_TEST(every_mistake_is_reported)
{
	struct mr_json *doc = parse("{ \"on\": 1, \"small\": 1, \"pow2\": 65, \"big\": \"x\", \"ratio\": 9,"
				    "  \"word\": 0, \"text\": 0, \"nope\": 0 }");
	struct mr_report r = { 0 };
	struct all a;

	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_uint_eq(r.errors, 8);
	assert_defaults(&a);
	free_all(&a);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

START_TEST(later_keys_warn_once)
{
	struct mr_json *doc = parse("{ \"later\": { \"depth\": \"anything\", \"name\": 5 } }");
	struct mr_report r = { 0 };
	struct all a;

	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.errors, 0);
	ck_assert_str_eq(r.list[0].text, "t.json:1:3: later: the later part is not part of this "
					 "version yet; the key has no effect");
	free_all(&a);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

START_TEST(set_values_are_blamed_on_the_command_line)
{
	struct mr_json *doc = parse("{ \"small\": 1000 }");
	struct mr_report r = { 0 };
	struct all a;

	mr_json_set(doc, "small", "70", &r);
	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	ck_assert_str_eq(r.list[0].text, "--set: small: 70 is below 576");
	free_all(&a);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* ---- printing ---- */

START_TEST(reference_and_json)
{
	struct mr_json *doc = parse("{ \"secret\": \"hush\", \"numbers\": [ 4 ], \"list\": [ { \"name\": \"n\" } ] }");
	struct mr_report r = { 0 };
	struct all a;
	json_t *json;
	char *text = NULL, buf[1024];
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_fields_print(fields, out, 2);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "  small: whole number from 576 to 9000, in bytes; default 1280. a size\n"));
	ck_assert_ptr_nonnull(strstr(text, "  word: one of wait, drop; default drop\n"));
	ck_assert_ptr_nonnull(strstr(text, "    name: string; required\n"));
	free(text);

	mr_fields_decode(fields, &a, sizeof a, doc, "", &r);
	json = mr_fields_json(fields, &a);
	n = json_dumpb(json, buf, sizeof buf - 1, JSON_COMPACT);
	buf[n] = '\0';
	ck_assert_str_eq(buf, "{\"on\":true,\"small\":1280,\"pow2\":1024,\"big\":7,\"ratio\":1.0,"
			      "\"word\":\"drop\",\"text\":\"default\",\"inner\":{\"depth\":3},"
			      "\"list\":[{\"depth\":3,\"name\":\"n\"}],\"numbers\":[4]}");
	json_decref(json);
	free_all(&a);
	mr_json_free(doc);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("field");
	TCase *t = tcase_create("field");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, defaults, 0, COUNT(absent));
	tcase_add_test(t, values);
	tcase_add_loop_test(t, mistakes, 0, COUNT(bad));
	tcase_add_test(t, no_power);
	tcase_add_loop_test(t, very_many_mistakes, 0, 2);
	tcase_set_timeout(t, 30); /* they take a minute and more if each is looked for */
	tcase_add_test(t, every_mistake_is_reported);
	tcase_add_test(t, later_keys_warn_once);
	tcase_add_test(t, set_values_are_blamed_on_the_command_line);
	tcase_add_test(t, reference_and_json);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
