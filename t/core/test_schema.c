/* Settings as JSON Schema and as pages: every type, every shape, tables that meet in one object. */
#include "core/reference.h"
#include "core/schema.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- one field ---- */

static const char *const words[] = { "wait", "drop", NULL };

static const struct mr_field_rule odd_rule = {
	.type = "odd number", .schema = "{ \"not\": { \"multipleOf\": 2 } }",
	.bad = (const char *const[]){ "2", NULL },
};

static const struct {
	struct mr_field field;
	const char     *schema;
} types[] = {
	{ { .type = MR_BOOL, .def = 1 }, "{\"type\":[\"boolean\",\"null\"],\"default\":true}" },
	{ { .type = MR_U32, .min = 576, .max = 9000, .def = 1280, .unit = "bytes", .help = "a size" },
	  "{\"description\":\"a size (bytes)\",\"type\":[\"integer\",\"null\"],\"minimum\":576,"
	  "\"maximum\":9000,\"default\":1280}" },
	{ { .type = MR_U32, .required = true },
	  "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}" },
	{ { .type = MR_U64 },
	  "{\"type\":[\"integer\",\"null\"],\"minimum\":0,\"maximum\":9223372036854775807,\"default\":0}" },
	{ { .type = MR_POW2, .min = 3, .max = 20, .def = 8 }, "{\"enum\":[4,8,16,null],\"default\":8}" },
	{ { .type = MR_REAL, .real_min = 0.5, .real_max = 2, .real_def = 1 },
	  "{\"type\":[\"number\",\"null\"],\"minimum\":0.5,\"maximum\":2.0,\"default\":1.0}" },
	{ { .type = MR_REAL }, "{\"type\":[\"number\",\"null\"],\"default\":0.0}" },
	{ { .type = MR_WORD, .words = words, .def = 1 },
	  "{\"enum\":[\"wait\",\"drop\",null],\"default\":\"drop\"}" },
	{ { .type = MR_TEXT, .text = "a" }, "{\"type\":[\"string\",\"null\"],\"default\":\"a\"}" },
	{ { .type = MR_TEXT, .required = true, .secret = true },
	  "{\"type\":\"string\",\"writeOnly\":true}" },
	{ { .type = MR_NUMBERS, .min = 1, .max = 63 },
	  "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":63}}" },
	{ { .type = MR_RAW }, "{}" },
	{ { .type = MR_RAW, .rule = &odd_rule }, "{\"not\":{\"multipleOf\":2}}" },
	{ { .type = MR_LATER, .help = "the odd part is" },
	  "{\"description\":\"the odd part is not part of this version yet; the key has no effect\","
	  "\"deprecated\":true}" },
};

static char *dumped(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(o);
	return text;
}

START_TEST(each_type)
{
	struct mr_field fields[2] = { types[_i].field, { 0 } };
	struct mr_setting *s = mr_settings_new();
	json_t *defs = json_object();
	char *text;

	fields[0].name = "x";
	mr_settings_add_fields(s, fields);
	text = dumped(mr_schema_value(s->below[0], defs));
	ck_assert_str_eq(text, types[_i].schema);
	ck_assert_uint_eq(json_object_size(defs), 0);
	free(text);
	json_decref(defs);
	mr_settings_free(s);
}
END_TEST

/* ---- tables that meet ---- */

struct one {
	char    *name;
	uint32_t n;
};

static const struct mr_field group_fields[] = {
	{ .name = "n", .type = MR_U32, MR_AT(struct one, n), .max = 9, .help = "how | many" }, { 0 }
};
static const struct mr_field a_fields[] = {
	{ .name = "g", .type = MR_GROUP, .of = group_fields, .help = "a group" },
	{ .name = "l", .type = MR_LIST, .of = group_fields, .item = sizeof(struct one),
	  .required = true, .help = "list: a few" },
	{ 0 }
};
/* the same object by another path, and a key for later that the first has */
static const struct mr_field more_fields[] = {
	{ .name = "m", .type = MR_BOOL, .help = "more" }, { 0 }
};
static const struct mr_field later_fields[] = {
	{ .name = "n", .type = MR_LATER }, { .name = "old", .type = MR_LATER }, { 0 }
};
static const struct mr_field root_later[] = {
	{ .name = "p", .type = MR_GROUP, .of = (const struct mr_field[]){
		{ .name = "g", .type = MR_GROUP, .of = later_fields }, { 0 } } },
	{ 0 }
};
static const struct mr_section sections[] = {
	{ "p", a_fields, .size = sizeof(struct one), .help = "the parts" },
	{ "p.g", more_fields, .size = sizeof(struct one), .help = "of others" },
	{ .path = "", .fields = root_later },
	{ "t.u", group_fields, .size = sizeof(struct one), .instances = true, .most = 2,
	  .help = "the ways" },
	{ "v.u", more_fields, .size = sizeof(struct one), .instances = true, .help = "" },
	{ "t.gone", later_fields, .instances = true, .help = "the gone way is" },
};

static struct mr_setting *met(void)
{
	const struct mr_section *list[COUNT(sections)];

	for (unsigned i = 0; i < COUNT(sections); i++)
		list[i] = &sections[i];
	return mr_settings_of(list, COUNT(sections));
}

START_TEST(tables_meet)
{
	struct mr_setting *root = met(), *p = mr_settings_find(root, "p"),
			  *g = mr_settings_find(p, "g"), *n = mr_settings_find(g, "n");

	ck_assert_uint_eq(root->n, 3);
	ck_assert_uint_eq(p->n, 2);
	ck_assert_uint_eq(g->n, 3);
	ck_assert(p->leads && p->known && !p->later);
	ck_assert(n->known && n->later);
	ck_assert_ptr_eq(n->field, &group_fields[0]);
	ck_assert_str_eq(g->below[1]->key, "m");
	ck_assert(!mr_settings_find(g, "old")->known);
	ck_assert(!mr_setting_is_checked(mr_settings_find(mr_settings_find(root, "t"), "gone")));
	ck_assert_uint_eq(mr_setting_most(mr_settings_find(mr_settings_find(root, "t"), "u")), 2);
	mr_settings_free(root);
}
END_TEST

#define N       "\"n\":{\"description\":\"how | many\",\"type\":[\"integer\",\"null\"],\"minimum\":0," \
	        "\"maximum\":9,\"default\":0}"
#define LATER   "{\"description\":\"What it sets is not part of this version yet; the key has no effect\"," \
	        "\"deprecated\":true}"
#define END     "\"additionalProperties\":false}"

START_TEST(shapes)
{
	static const struct {
		const char *part, *key, *schema;
	} parts[] = {
		{ "p", "g", "{\"description\":\"a group\",\"type\":[\"object\",\"null\"],\"properties\":{" N
		  ",\"m\":{\"description\":\"more\",\"type\":[\"boolean\",\"null\"],\"default\":false},"
		  "\"old\":" LATER "}," END },
		{ "p", "l", "{\"description\":\"list: a few\",\"type\":\"array\",\"items\":{\"type\":"
		  "\"object\",\"properties\":{" N "}," END "}" },
		{ "t", "u", "{\"description\":\"the ways\",\"type\":[\"object\",\"null\"],\"if\":{"
		  "\"minProperties\":1,\"propertyNames\":{\"not\":{\"enum\":[\"n\"]}},"
		  "\"additionalProperties\":{\"type\":\"object\"}},\"then\":{\"additionalProperties\":"
		  "{\"$ref\":\"#/$defs/u\"},\"propertyNames\":{\"maxLength\":63},\"maxProperties\":2},\"else\":{\"$ref\":\"#/$defs/u\"}}" },
	};
	struct mr_setting *root = met();

	for (size_t i = 0; i < COUNT(parts); i++) {
		json_t *defs = json_object();
		const struct mr_setting *part = mr_settings_find(root, parts[i].part);
		char *text = dumped(mr_schema_value(mr_settings_find(part, parts[i].key), defs));

		ck_assert_str_eq(text, parts[i].schema);
		ck_assert_uint_eq(json_object_size(defs), !strcmp(parts[i].key, "u"));
		free(text);
		json_decref(defs);
	}
	mr_settings_free(root);
}
END_TEST

/* Objects of one key at two paths: each is defined. */
START_TEST(two_of_a_name)
{
	struct mr_setting *root = met();
	json_t *schema = mr_schema_root(root, json_object(), "x", "X"), *defs, *u;

	defs = json_object_get(schema, "$defs");
	ck_assert_uint_eq(json_object_size(defs), 3);
	ck_assert_ptr_nonnull(
		json_object_get(json_object_get(json_object_get(defs, "u"), "properties"), "n"));
	ck_assert_ptr_nonnull(
		json_object_get(json_object_get(json_object_get(defs, "u-2"), "properties"), "m"));
	u = json_object_get(json_object_get(schema, "properties"), "v");
	u = json_object_get(json_object_get(u, "properties"), "u");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(u, "else"), "$ref")),
			 "#/$defs/u-2");
	json_decref(schema);
	mr_settings_free(root);
}
END_TEST

/* ---- pages ---- */

static const struct {
	enum mr_form form;
	const char  *page;
} pages[] = {
	{ MR_PLAIN, "p:\n"
		    "p.g:\n"
		    "  n: whole number from 0 to 9; default 0. how | many\n"
		    "  m: true or false; default false. more\n"
		    "  Known, and without effect in this version: p.g.old.\n"
		    "p.l (required):\n"
		    "  n: whole number from 0 to 9; default 0. how | many\n" },
	{ MR_MARKDOWN, "\n## `p`\n\nThe parts.\n"
		       "\n## `p.g`\n\nA group.\n"
		       "\n| Key | Value | Default | |\n| --- | --- | --- | --- |\n"
		       "| `n` | whole number from 0 to 9 | 0 | how \\| many |\n"
		       "| `m` | true or false | false | more |\n"
		       "\nKnown, and without effect in this version: `p.g.old`.\n"
		       "\n## `p.l`\n\nList: a few.\nAn array of objects with these keys.\nRequired.\n"
		       "\n| Key | Value | Default | |\n| --- | --- | --- | --- |\n"
		       "| `n` | whole number from 0 to 9 | 0 | how \\| many |\n" },
	{ MR_MDOC, ".Ss p\nThe parts.\n"
		   ".Ss p.g\nA group.\n"
		   ".Bl -tag -width 4n\n"
		   ".It Cm n Pq whole number from 0 to 9; default 0\nHow | many.\n"
		   ".It Cm m Pq true or false; default false\nMore.\n"
		   ".El\n.Pp\nKnown, and without effect in this version: p.g.old.\n"
		   ".Ss p.l\nList: a few.\nAn array of objects with these keys.\nRequired.\n"
		   ".Bl -tag -width 4n\n"
		   ".It Cm n Pq whole number from 0 to 9; default 0\nHow | many.\n"
		   ".El\n" },
};

START_TEST(each_form)
{
	struct mr_setting *root = met();
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_reference_object(mr_settings_find(root, "p"), "p", pages[_i].form, false, out);
	fclose(out);
	ck_assert_str_eq(text, pages[_i].page);
	free(text);
	mr_settings_free(root);
}
END_TEST

/* A part that has nothing said of it. */
START_TEST(nothing_said)
{
	struct mr_setting *root = met();
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_reference_object(mr_settings_find(mr_settings_find(root, "v"), "u"), "v.u", MR_MARKDOWN,
	                    false, out);
	fclose(out);
	ck_assert_str_eq(text, "\n## `v.u`\n\n"
			       "An object with these keys; or several of them, each under a name of its own.\n"
			       "\n| Key | Value | Default | |\n| --- | --- | --- | --- |\n"
			       "| `m` | true or false | false | more |\n");
	ck_assert_uint_eq(n, strlen(text));
	free(text);
	mr_settings_free(root);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schema");
	TCase *tc = tcase_create("schema");
	SRunner *sr = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, each_type, 0, COUNT(types));
	tcase_add_test(tc, tables_meet);
	tcase_add_test(tc, shapes);
	tcase_add_test(tc, two_of_a_name);
	tcase_add_test(tc, nothing_said);
	tcase_add_loop_test(tc, each_form, 0, COUNT(pages));
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
