/* Parts of the node file: tables that share a document, instances with names, and whether a part
 * says the same in two documents. */
#include "core/field.h"
#include "core/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct mr_json *parse(const char *text)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("t.json", text, strlen(text), &r);

	ck_assert_msg(doc != NULL, "%s", r.n ? r.list[0].text : "");
	return doc;
}

/* ---- keys that no table has ---- */

struct one {
	uint32_t a;
};

struct named {
	char    *name;
	uint32_t mtu;
	char    *addr;
};

static const struct mr_field a_fields[] = {
	{ .name = "a", .type = MR_U32, MR_AT(struct one, a), .def = 1 }, { 0 }
};
static const struct mr_field b_fields[] = {
	{ .name = "b", .type = MR_U32, MR_AT(struct one, a), .def = 2 }, { 0 }
};
static const struct mr_field udp_fields[] = {
	{ .name = "mtu", .type = MR_U32, MR_AT(struct named, mtu), .def = 1280 },
	{ .name = "addr", .type = MR_TEXT, MR_AT(struct named, addr), .text = "any" },
	{ 0 }
};
static const struct mr_field old_fields[] = {
	{ .name = "mtu", .type = MR_LATER },
	{ .name = "old", .type = MR_LATER, .help = "the old part is" },
	{ 0 }
};
static const struct mr_field node_later[] = {
	{ .name = "a", .type = MR_LATER }, { .name = "c", .type = MR_LATER }, { 0 }
};
static const struct mr_field root_fields[] = {
	{ .name = "graph", .type = MR_TEXT },
	{ .name = "node", .type = MR_GROUP, .of = node_later },
	{ 0 }
};

static const struct mr_section node_a = { .path = "node", .fields = a_fields,
                                          .size = sizeof(struct one) };
static const struct mr_section node_b = { .path = "node", .fields = b_fields,
                                          .size = sizeof(struct one) };
static const struct mr_section node_sub = { .path = "node.sub", .fields = b_fields,
                                            .size = sizeof(struct one) };
static const struct mr_section udp = { .path = "transports.udp", .fields = udp_fields,
				       .size = sizeof(struct named), .instances = true };
static const struct mr_section udp_old = { .path = "transports.udp", .fields = old_fields,
                                           .instances = true };
static const struct mr_section tcp_old = { .path = "transports.tcp", .fields = old_fields,
					   .instances = true, .help = "the TCP part is" };
static const struct mr_section root = { .path = "", .fields = root_fields };
static const struct mr_section *const all[] = { &node_a,  &node_b,  &node_sub, &udp,
	                                        &udp_old, &tcp_old, &root };

static const struct {
	const char *text, *said; /* all complaints, a line each */
} unions[] = {
	{ "{}", "" },
	{ "{ \"node\": { \"a\": 1, \"b\": 2, \"sub\": { \"b\": 1 } }, \"graph\": \"g\" }", "" },
	{ "{ \"node\": { \"c\": 1 } }",
	  "warning: t.json:1:13: node.c: what it sets is not part of this version yet; the key has no effect\n" },
	{ "{ \"node\": { \"aa\": 1 } }",
	  "t.json:1:13: node.aa: there is no such key; did you mean \"a\"?\n" },
	{ "{ \"node\": { \"suv\": 1 } }",
	  "t.json:1:13: node.suv: there is no such key; did you mean \"sub\"?\n" },
	{ "{ \"node\": { \"sub\": { \"a\": 1 } } }",
	  "t.json:1:22: node.sub.a: there is no such key; there is b\n" },
	{ "{ \"transports\": 5 }", "t.json:1:3: transports: 5 is not an object\n" },
	{ "{ \"transports\": { \"udp\": {} } }", "" },
	{ "{ \"transports\": { \"udp\": { \"mtu\": 5 } } }", "" },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"mtu\": 5 }, \"wan\": {} } } }", "" },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"mtv\": 5 } } } }",
	  "t.json:1:37: transports.udp.lan.mtv: there is no such key; did you mean \"mtu\"?\n" },
	{ "{ \"transports\": { \"udp\": { \"lan\": {}, \"mtu\": 5 } } }",
	  "t.json:1:28: transports.udp.lan: there is no such key; there are mtu, addr, old\n" },
	{ "{ \"transports\": { \"udp\": { \"old\": 1 } } }",
	  "warning: t.json:1:28: transports.udp.old: the old part is not part of this version yet; "
	  "the key has no effect\n" },
	{ "{ \"transports\": { \"tcp\": { \"lan\": { \"old\": 1 } } } }",
	  "warning: t.json:1:19: transports.tcp: the TCP part is not part of this version yet; the "
	  "key has no effect\n" },
	{ "{ \"transports\": { \"tcp\": [ { \"x\": 1 } ] } }",
	  "warning: t.json:1:19: transports.tcp: the TCP part is not part of this version yet; the "
	  "key has no effect\n" },
	{ "{ \"transports\": { \"tdp\": {} } }",
	  "t.json:1:19: transports.tdp: there is no such key; did you mean \"udp\"?\n" },
	{ "{ \"grph\": 1, \"nod\": 2 }",
	  "t.json:1:3: grph: there is no such key; did you mean \"graph\"?\n"
	  "t.json:1:14: nod: there is no such key; did you mean \"node\"?\n" },
};

START_TEST(keys_of_all_sections)
{
	struct mr_json *doc = parse(unions[_i].text);
	struct mr_report r = { 0 };
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_sections_known(all, COUNT(all), doc, "", NULL, &r);
	mr_report_print(&r, out);
	fclose(out);
	ck_assert_str_eq(text, unions[_i].said);
	free(text);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

#define NAME21 "a-name-of-twenty-one-"
#define NAME63 NAME21 NAME21 NAME21

/* What a section with instances decodes to: "name:mtu:addr" each. */
static const struct {
	const char *text, *items;
	unsigned    errors;
} instances[] = {
	{ "{}", "", 0 },
	{ "{ \"transports\": { \"udp\": null } }", "", 0 },
	{ "{ \"transports\": { \"udp\": {} } }", "-:1280:any ", 0 },
	{ "{ \"transports\": { \"udp\": { \"mtu\": 9 } } }", "-:9:any ", 0 },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"mtu\": 9 }, \"x y\": { \"addr\": \"b\" } } } }",
	  "lan:9:any x y:1280:b ", 0 },
	{ "{ \"transports\": { \"udp\": { \"lan\": {}, \"mtu\": 8 } } }", "-:8:any ", 0 },
	{ "{ \"transports\": { \"udp\": { \"mtu\": {} } } }", "-:1280:any ", 1 },
	{ "{ \"transports\": { \"udp\": 5 } }", "-:1280:any ", 1 },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"mtu\": -1 } } } }", "lan:1280:any ", 1 },
	{ "{ \"transports\": { \"udp\": { \"" NAME63 "\": { \"mtu\": 7 } } } }",
	  NAME63 ":7:any ", 0 },
	{ "{ \"transports\": { \"udp\": { \"" NAME63 "x\": { \"mtu\": 7 } } } }",
	  NAME63 "x:7:any ", 1 },
};

START_TEST(instances_of_a_section)
{
	struct mr_json *doc = parse(instances[_i].text);
	struct mr_report r = { 0 };
	struct mr_list list;
	char text[256] = "";
	size_t at = 0;

	ck_assert_uint_eq(mr_section_size(&udp), sizeof list);
	mr_section_fill(&udp, &list, doc, &r);
	for (unsigned i = 0; i < list.n; i++) {
		const struct named *item = (const struct named *)list.items + i;

		at += (size_t)snprintf(text + at, sizeof text - at, "%s:%u:%s ",
				       item->name ? item->name : "-", item->mtu, item->addr);
	}
	ck_assert_str_eq(text, instances[_i].items);
	ck_assert_uint_eq(r.errors, instances[_i].errors);
	mr_section_free(&udp, &list);
	ck_assert_ptr_null(list.items);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* ---- the same in two documents? ---- */

struct kept {
	char          *name;
	uint32_t       n;
	char          *key;
	struct mr_list list;
};

static const struct mr_field kept_item[] = {
	{ .name = "key", .type = MR_TEXT, MR_AT(struct kept, key), .secret = true }, { 0 }
};
static const struct mr_field kept_fields[] = {
	{ .name = "n", .type = MR_U32, MR_AT(struct kept, n), .def = 3 },
	{ .name = "in", .type = MR_GROUP, .of = kept_item },
	{ .name = "list", .type = MR_LIST, MR_AT(struct kept, list), .of = kept_item,
	  .item = sizeof(struct kept) },
	{ .name = "raw", .type = MR_RAW },
	{ .name = "later", .type = MR_LATER },
	{ 0 }
};
static const struct mr_section kept_one = { .path = "k", .fields = kept_fields,
					    .size = sizeof(struct kept) };
static const struct mr_section kept_many = { .path = "k", .fields = kept_fields,
					     .size = sizeof(struct kept), .instances = true };

static const struct {
	const char *a, *b, *at; /* NULL: they are the same */
} pairs[] = {
	{ "{}", "{}", NULL },
	{ "{}", "{ \"n\": 3, \"raw\": null, \"list\": [] }", NULL },
	{ "{ \"later\": 1 }", "{ \"later\": 2 }", NULL },
	{ "{ \"n\": 4 }", "{}", "n" },
	{ "{ \"in\": { \"key\": \"a\" } }", "{ \"in\": { \"key\": \"a\" } }", NULL },
	{ "{ \"in\": { \"key\": \"a\" } }", "{ \"in\": { \"key\": \"b\" } }", "in.key" },
	{ "{ \"in\": { \"key\": \"a\" } }", "{}", "in.key" },
	{ "{ \"list\": [ {}, { \"key\": \"a\" } ] }", "{ \"list\": [ {}, { \"key\": \"a\" } ] }",
	  NULL },
	{ "{ \"list\": [ {}, { \"key\": \"a\" } ] }", "{ \"list\": [ {}, { \"key\": \"b\" } ] }",
	  "list[1].key" },
	{ "{ \"list\": [ {} ] }", "{ \"list\": [ {}, {} ] }", "list[1]" },
	{ "{ \"raw\": [ 1 ] }", "{ \"raw\": [ 1 ] }", NULL },
	{ "{ \"raw\": [ 1 ] }", "{ \"raw\": [ 2 ] }", "raw" },
};

static void assert_same(const struct mr_section *s, const char *name, int pair)
{
	char text[2][256], at[MR_PATH] = "", want[MR_PATH];
	struct mr_json *doc[2];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(text[i], sizeof text[i], *name ? "{ \"k\": { \"%s\": %s } }" : "{ \"k\": %s%s }",
			 name, i ? pairs[pair].b : pairs[pair].a);
		doc[i] = parse(text[i]);
	}
	snprintf(want, sizeof want, "k%s%s.%s", *name ? "." : "", name, pairs[pair].at);
	ck_assert_msg(mr_section_same(s, doc[0], doc[1], at) == !pairs[pair].at, "%s and %s: %s",
		      text[0], text[1], at);
	if (pairs[pair].at)
		ck_assert_str_eq(at, want);
	mr_json_free(doc[0]);
	mr_json_free(doc[1]);
}

START_TEST(what_is_the_same)
{
	assert_same(&kept_one, "", _i);
	assert_same(&kept_many, "", _i);
	assert_same(&kept_many, "lan", _i);
}
END_TEST

/* A name so long that no path holds it hides nothing of what is below it. */
START_TEST(a_name_beyond_all_bounds)
{
	static const char head[] = "{ \"transports\": { \"udp\": { \"", tail[] = "\": { \"mtu\": -1 } } } }";
	char text[2 * MR_PATH] = "";
	struct mr_report r = { 0 };
	struct mr_json *doc;
	struct mr_list list;

	memset(text, 'x', sizeof text - 64);
	memcpy(text, head, sizeof head - 1);
	strcat(text, tail);
	doc = parse(text);
	mr_section_fill(&udp, &list, doc, &r);
	ck_assert_uint_eq(r.errors, 1);
	ck_assert_ptr_nonnull(strstr(r.list[0].text, "the name of an instance is up to 63 bytes"));
	mr_section_free(&udp, &list);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

START_TEST(top_keys)
{
	ck_assert(mr_sections_have(all, COUNT(all), "node"));
	ck_assert(mr_sections_have(all, COUNT(all), "transports"));
	ck_assert(mr_sections_have(all, COUNT(all), "graph"));
	ck_assert(!mr_sections_have(all, COUNT(all), "udp"));
	ck_assert(!mr_sections_have(all, COUNT(all), ""));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("section");
	TCase *t = tcase_create("section");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, keys_of_all_sections, 0, COUNT(unions));
	tcase_add_loop_test(t, instances_of_a_section, 0, COUNT(instances));
	tcase_add_loop_test(t, what_is_the_same, 0, COUNT(pairs));
	tcase_add_test(t, a_name_beyond_all_bounds);
	tcase_add_test(t, top_keys);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
