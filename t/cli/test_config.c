/* /config: what it shows is a node file that means the same, with nothing secret in it. */
#include "cli/config_page.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEX  "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define NPUB "npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d"

static struct mr_json *parsed(const char *text, struct cli_settings *settings)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("node", text, strlen(text), &report);

	memset(settings, 0, sizeof *settings);
	ck_assert_ptr_nonnull(doc);
	cli_node_check(doc, mr_kinds, settings, &report);
	ck_assert_msg(report.errors == 0, "%s: %s", text, report.n ? report.list[0].text : "");
	mr_report_free(&report);
	return doc;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "(none)", b ? b : "(none)");
}

static void same_settings(const struct cli_settings *a, const struct cli_settings *b)
{
	ck_assert(same_text(a->graph, b->graph));
	ck_assert(same_text(a->user, b->user));
	ck_assert(same_text(a->aead.refuse, b->aead.refuse));
	ck_assert(same_text(a->http.listen, b->http.listen));
	ck_assert_int_eq(a->http.insecure_bind, b->http.insecure_bind);
	ck_assert_uint_eq(a->log.level, b->log.level);
}

static void same_sections(const struct mr_json *a, const struct mr_json *b)
{
	struct cli_sections sections;
	char at[MR_PATH];

	cli_sections_of(&sections, mr_kinds);
	for (unsigned i = 0; i < sections.n; i++)
		if (sections.list[i] != &cli_root_section && sections.list[i] != &cli_level_section)
			ck_assert_msg(mr_section_same(sections.list[i], a, b, at), "%s: %s",
			              sections.list[i]->path, at);
}

/* A node file, and a value that what is shown of it has. */
static const struct {
	const char *file, *path, *value;
} files[] = {
	{ "{}", "http.listen", "\"127.0.0.1:9180\"" },
	{ "{}", "graph", "\"auto\"" },
	{ "{}", "tun.enabled", "false" },
	{ "{}", "transports.ethernet", NULL },
	{ "{}", "user", NULL },
	{ "{ \"node\": { \"log_level\": \"debug\" } }", "log.level", "\"debug\"" },
	{ "{ \"log\": { \"level\": \"warn\" }, \"node\": { \"log_level\": \"debug\" } }", "log.level",
	  "\"warn\"" },
	{ "{ \"node\": { \"identity\": { \"key_file\": \"a.key\" } } }", "node.identity.key_file",
	  "\"a.key\"" },
	{ "{ \"graph\": \"./my \\\"graph\\\" <b>.json\", \"http\": { \"listen\": \"off\" } }", "graph",
	  "\"./my \\\"graph\\\" <b>.json\"" },
	{ "{ \"transports\": { \"udp\": { \"bind_addr\": \"10.0.0.1:1\", \"mtu\": 1472 } } }",
	  "transports.udp.mtu", "1472" },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"bind_addr\": \"10.0.0.1:1\" },"
	  " \"wan\": { \"bind_addr\": \"10.0.0.2:1\" } } } }", "transports.udp.wan.bind_addr",
	  "\"10.0.0.2:1\"" },
	{ "{ \"transports\": { \"tcp\": { \"bind_addr\": \"10.0.0.1:1\" } },"
	  " \"tun\": { \"enabled\": true, \"name\": \"mesh7\" } }", "tun.name", "\"mesh7\"" },
	{ "{ \"peers\": [ { \"npub\": \"" NPUB "\", \"alias\": \"b <i>\", \"addresses\": [ {"
	  " \"transport\": \"udp\", \"addr\": \"10.0.0.2:1\" } ] } ] }", "peers[0].addresses[0].addr",
	  "\"10.0.0.2:1\"" },
};

START_TEST(means_the_same)
{
	struct cli_settings settings, again_settings;
	struct mr_json *doc = parsed(files[_i].file, &settings), *again;
	char *text = cli_config_json(doc, &settings, mr_kinds), *got;
	const json_t *value;

	ck_assert_ptr_nonnull(text);
	again = parsed(text, &again_settings);
	value = mr_json_at(again, files[_i].path);
	got = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	ck_assert_msg(same_text(got, files[_i].value), "%s: %s", files[_i].path, got);
	same_settings(&settings, &again_settings);
	same_sections(doc, again);
	free(got);
	free(text);
	cli_settings_free(&settings);
	cli_settings_free(&again_settings);
	mr_json_free(doc);
	mr_json_free(again);
}
END_TEST

/* Whatever is marked secret in any section. */
START_TEST(no_secret)
{
	static const char file[] = "{ \"node\": { \"identity\": { \"nsec\": \"" HEX "\" } } }";
	struct cli_settings settings;
	struct mr_json *doc = parsed(file, &settings);
	char *text = cli_config_json(doc, &settings, mr_kinds);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text, "0102030405"));
	ck_assert_ptr_null(strstr(text, "\"nsec\""));
	ck_assert_ptr_nonnull(strstr(text, "\"identity\""));
	free(text);
	cli_settings_free(&settings);
	mr_json_free(doc);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, means_the_same, 0, (int)COUNT(files));
	tcase_add_test(t, no_secret);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
