/* Settings of control: those that are refused, and those that get by with a warning. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t/lib/whole.h"

#define UDP(a)  "\"addresses\":[{\"transport\":\"udp\",\"addr\":\"" a "\"}]"
#define TO_C    "{\"npub\":\"C\"," UDP("10.0.0.4:1") "}"
#define HOP(p)  "{\"npub\":\"C\",\"alias\":\"h\"," UDP("10.0.0.4:1") "}," p
#define ONE(a)  "{\"npub\":\"B\"," UDP(a) "}"

static const struct {
	const char *more, *peers, *says; /* A (the node itself), B and C stand for their npubs */
	bool        opens;
} settings[] = {
	{ "", ONE("10.0.0.1:1"), NULL, true },
	{ "", "{\"npub\":\"npub1qqqq\"," UDP("10.0.0.1:1") "}", "peers[0].npub", false },
	{ "", ONE("10.0.0.1:1") "," ONE("10.0.0.1:1"),
	  "peers[1].npub: control: this peer is listed twice", false },
	{ "", "{\"npub\":\"A\"," UDP("10.0.0.1:1") "}",
	  "peers[0].npub: control: this is the node itself", true },
	{ "", "{\"npub\":\"B\"}", "peers[0]: control: has no address", false },
	{ "", "{\"npub\":\"B\",\"via_nostr\":true}", "Nostr is not built yet", true },
	{ "", HOP("{\"npub\":\"B\",\"via\":\"h\"}"), NULL, true },
	{ "", "{\"npub\":\"B\",\"via\":\"C\"}," TO_C, NULL, true },
	{ "", "{\"npub\":\"A\",\"via\":\"C\"}," TO_C, "this is the node itself", true },
	{ "", HOP("{\"npub\":\"B\",\"via\":\"g\"}"),
	  "peers[1].via: control: no peer has the alias or npub \"g\"", false },
	{ "", "{\"npub\":\"B\",\"via\":\"h\"," UDP("10.0.0.1:1") "}," TO_C,
	  "peers[0].via: control: a peer is reached by addresses or through another, not both", false },
	{ "", "{\"npub\":\"B\",\"alias\":\"b\",\"via\":\"b\"}",
	  "peers[0].via: control: \"b\" is no neighbour: it has a via itself", false },
	{ "", "{\"npub\":\"B\",\"via\":\"me\"},{\"npub\":\"A\",\"alias\":\"me\"," UDP("10.0.0.1:1") "}",
	  "peers[0].via: control: \"me\" is the node itself", false },
	{ "", ONE("10.0.0.1"),
	  "peers[0].addresses[0].addr: control: \"10.0.0.1\" is not a host:port", false },
	{ "", ONE("10.0.0.1:0x1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("10.0.0.300:1"), "\"10.0.0.300:1\" is not a numeric host:port", false },
	{ "", ONE(":1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("[fd00::1]:1"), "address family", false },
	{ "", ONE("no name:1"), "peers[0].addresses[0].addr", false },
	{ "", ONE("name:70000"), "peers[0].addresses[0].addr", false },
	{ "", ONE("name.example:2121"), NULL, true },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"udb\",\"addr\":\"10.0.0.1:1\"}]}",
	  "peers[0].addresses[0].transport: control: there is no transport \"udb\"", false },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"udp/lan\","
	      "\"addr\":\"10.0.0.1:1\"}]}",
	  "transports.udp has no instance \"lan\"", false },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"tcp\",\"addr\":\"10.0.0.1:1\"}]}",
	  "the tcp transport is not built yet", true },
	{ ",\"link_dead_timeout_secs\":5", "",
	  "node.link_dead_timeout_secs: control: 5 s are not longer", false },
	{ ",\"rekey\":{\"enabled\":false,\"after_secs\":16,\"after_messages\":1}", "", NULL, true },
	{ ",\"rekey\":{\"after_secs\":15}", "",
	  "node.rekey.after_secs: control: 15 s are not longer than the jitter, which is 15000 ms",
	  false },
	{ ",\"rekey\":{\"after_secs\":1,\"hurry\":20}", "", NULL, true },
};

/* A, B and C become npubs. */
static void expand(char out[2048], const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'C' && text[1] == '"')
			whole_npub((unsigned)(*text - 'A'), out + n), n += strlen(out + n);
		else
			out[n++] = *text;
	}
	out[n] = '\0';
}

START_TEST(settings_are_checked)
{
	char peers[2048], *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	whole_reset();
	expand(peers, settings[_i].peers);
	ck_assert_int_eq(whole_try(0, settings[_i].more, peers), settings[_i].opens);
	mr_report_print(&node[0].report, f);
	fclose(f);
	if (settings[_i].says)
		ck_assert_msg(strstr(text, settings[_i].says) != NULL, "%s", text);
	else
		ck_assert_str_eq(text, "");
	free(text);
	whole_close_all();
}
END_TEST

/* The lower value comes first, and no more than four are dialled. */
START_TEST(addresses_are_dialled_by_priority)
{
	char peers[2048];
	const char *five =
		"{\"npub\":\"B\",\"addresses\":["
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.9:1\",\"priority\":900},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.8:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.7:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.6:1\"},"
		"{\"transport\":\"udp\",\"addr\":\"10.0.0.2:1\",\"priority\":1}]}";

	whole_reset();
	expand(peers, five);
	whole_open(0, "", peers);
	whole_run(20);
	ck_assert_uint_eq(air.sent[0], 4);
	ck_assert_uint_eq(air.n, 1); /* the one node that has one of them */
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control settings");
	TCase *tc = tcase_create("settings");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, settings_are_checked, 0, sizeof settings / sizeof settings[0]);
	tcase_add_test(tc, addresses_are_dialled_by_priority);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
