/* Settings of control: those that are refused, and those that get by with a warning. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "fips/wire/link.h"
#include "stages/control/state.h"
#include "t/lib/whole.h"

#define UDP(a)  "\"addresses\":[{\"transport\":\"udp\",\"addr\":\"" a "\"}]"
#define TO_C    "{\"npub\":\"C\"," UDP("10.0.0.4:1") "}"
#define HOP(p)  "{\"npub\":\"C\",\"alias\":\"h\"," UDP("10.0.0.4:1") "}," p
#define LIMITS(key, value) ",\"rate_limit\":{\"" key "\":" value "}", "", NULL, true
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
	  "peers[0].via: control: a peer is reached by addresses or through another, not both",
	  false },
	{ "", "{\"npub\":\"B\",\"alias\":\"b\",\"via\":\"b\"}",
	  "peers[0].via: control: \"b\" is no neighbour: it has a via itself", false },
	{ "", "{\"npub\":\"B\",\"via\":\"me\"},{\"npub\":\"A\",\"alias\":\"me\","
	      UDP("10.0.0.1:1") "}",
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
	  "transports.tcp is not configured; this address is left out", true },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"tor\",\"addr\":\"10.0.0.1:1\"}]}",
	  "the tor transport is not built yet", true },
	{ "", "{\"npub\":\"B\",\"addresses\":[{\"transport\":\"tcp/lan\","
	      "\"addr\":\"10.0.0.1:1\"}]}",
	  "transports.tcp has no instance \"lan\"", false },
	{ LIMITS("handshake_burst", "1") },
	{ LIMITS("handshake_rate", "0.5") },
	{ LIMITS("handshake_resend_backoff", "1.5") },
	{ LIMITS("established_handshake_burst", "0") },
	{ LIMITS("established_handshake_rate", "0") },
	{ ",\"limits\":{\"max_peers\":0,\"max_connections\":0,\"max_links\":0,"
	  "\"max_pending_inbound\":0}", "", NULL, true },
	{ ",\"link_dead_timeout_secs\":5", "",
	  "node.link_dead_timeout_secs: control: 5 s are not longer", false },
	{ ",\"rekey\":{\"enabled\":false,\"after_secs\":16,\"after_messages\":1}", "", NULL, true },
	{ ",\"rekey\":{\"after_secs\":15}", "",
	  "node.rekey.after_secs: control: 15 s are not longer than the jitter, which is 15000 ms",
	  false },
	{ ",\"rekey\":{\"after_secs\":1,\"hurry\":20}", "", NULL, true },
	{ ",\"tree\":{\"hold_down_secs\":0,\"reeval_interval_secs\":0,\"parent_hysteresis\":0}",
	  "", NULL, true },
	{ ",\"tree\":{\"flap_dampening_secs\":31536000}", "", NULL, true },
	{ ",\"bloom\":{\"update_debounce_ms\":0,\"max_inbound_fpr\":1}", "", NULL, true },
	{ ",\"cache\":{\"coord_size\":64,\"coord_ttl_secs\":1,\"identity_size\":1}",
	  "", NULL, true },
	{ ",\"lookup\":{\"ttl\":1,\"attempt_timeouts_secs\":[1],\"forward_min_interval_secs\":0}",
	  "", NULL, true },
	{ ",\"discovery\":{\"attempt_timeouts_secs\":[1,1,1,1,1,1,1,1],\"backoff_base_secs\":1}",
	  "", NULL, true },
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

/* Limits and rates (operations.md 3.3): what each may be, and what is said of a value that it may
 * not be.  Every default is taken as it is. */
static const struct {
	const char *key, *bad, *says;
} limits[] = {
	{ "limits.max_peers", "5000", "is above 1024" },
	{ "limits.max_peers", "-1", "is below 0" },
	{ "limits.max_connections", "1000001", "is above 1000000" },
	{ "limits.max_connections", "\"many\"", "is not a whole number" },
	{ "limits.max_links", "1.5", "is not a whole number" },
	{ "limits.max_pending_inbound", "-1", "is below 0" },
	{ "limits.max_sessions", "3", "is below 4" },
	{ "rate_limit.handshake_burst", "0", "is below 1" },
	{ "rate_limit.handshake_burst", "1000001", "is above 1000000" },
	{ "rate_limit.handshake_rate", "0", "is below 0.001" },
	{ "rate_limit.handshake_rate", "\"fast\"", "is not a number" },
	{ "rate_limit.handshake_resend_backoff", "0.99", "is below 1" },
	{ "rate_limit.handshake_resend_backoff", "10.5", "is above 10" },
	{ "rate_limit.established_handshake_burst", "-1", "is below 0" },
	{ "rate_limit.established_handshake_rate", "-0.5", "is below 0" },
	{ "rate_limit.established_handshake_rate", "1000001", "is above" },
	{ "rate_limit.session_setup_burst", "0", "is below 1" },
	{ "rate_limit.session_setup_rate", "0", "is below 0.001" },
	{ "rate_limit.session_setup_rate", "true", "is not a number" },
	{ "ecn.enabled", "1", "is not true or false" },
	{ "ecn.loss_threshold", "1.01", "is above 1" },
	{ "ecn.loss_threshold", "-0.01", "is below 0" },
	{ "ecn.etx_threshold", "0.9", "is below 1" },
	{ "ecn.etx_threshold", "101", "is above 100" },
	{ "tree.announce_min_interval_ms", "60001", "is above 60000" },
	{ "tree.parent_hysteresis", "1.1", "is above 1" },
	{ "tree.parent_hysteresis", "-0.1", "is below 0" },
	{ "tree.hold_down_secs", "86401", "is above 86400" },
	{ "tree.reeval_interval_secs", "-1", "is below 0" },
	{ "tree.flap_threshold", "0", "is below 1" },
	{ "tree.flap_dampening_secs", "31536001", "is above 31536000" },
	{ "bloom.update_debounce_ms", "60001", "is above 60000" },
	{ "bloom.max_inbound_fpr", "1.1", "is above 1" },
	{ "bloom.max_inbound_fpr", "-0.1", "is below 0" },
	{ "cache.coord_size", "63", "is below 64" },
	{ "cache.coord_size", "1000001", "is above 1000000" },
	{ "cache.coord_ttl_secs", "0", "is below 1" },
	{ "cache.coord_ttl_secs", "86401", "is above 86400" },
	{ "cache.identity_size", "0", "is below 1" },
	{ "cache.identity_size", "1000001", "is above 1000000" },
	{ "lookup.ttl", "0", "is below 1" },
	{ "lookup.ttl", "256", "is above 255" },
	{ "lookup.attempt_timeouts_secs", "[]", "has not from 1 to 8 numbers" },
	{ "lookup.attempt_timeouts_secs", "[1,2,3,4,5,6,7,8,9]", "has not from 1 to 8 numbers" },
	{ "lookup.attempt_timeouts_secs", "[1,0]", "is below 1" },
	{ "lookup.attempt_timeouts_secs", "[3601]", "is above 3600" },
	{ "lookup.recent_expiry_secs", "0", "is below 1" },
	{ "lookup.backoff_base_secs", "86401", "is above 86400" },
	{ "lookup.backoff_max_secs", "-1", "is below 0" },
	{ "lookup.forward_min_interval_secs", "3601", "is above 3600" },
	{ "discovery.ttl", "256", "is above 255" },
};

START_TEST(limits_have_bounds)
{
	static const char empty[] = "{\"node\":{\"limits\":{},\"rate_limit\":{},\"tree\":{},"
	                            "\"bloom\":{},\"cache\":{},"
	                            "\"lookup\":{},\"discovery\":{}}}";
	const struct mr_section *node_section = &mr_control_sections[0];
	void *out = calloc(1, mr_section_size(node_section));
	struct mr_report report = { 0 };
	struct mr_json *doc;
	char path[128];

	ck_assert_ptr_nonnull(out);
	doc = mr_json_parse("f", empty, sizeof empty - 1, &report);
	ck_assert_ptr_nonnull(doc);
	mr_section_fill(node_section, out, doc, &report);
	ck_assert_uint_eq(report.n, 0);
	mr_section_free(node_section, out);
	snprintf(path, sizeof path, "node.%s", limits[_i].key);
	mr_json_set(doc, path, limits[_i].bad, &report);
	mr_section_fill(node_section, out, doc, &report);
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_msg(strstr(report.list[0].text, path) &&
	                      strstr(report.list[0].text, limits[_i].says),
	              "%s", report.list[0].text);
	mr_section_free(node_section, out);
	free(out);
	mr_json_free(doc);
	mr_report_free(&report);
}
END_TEST

/* Who may call how often is what the file says:
 * of ten strangers' handshakes three are looked into. */
START_TEST(rates_are_obeyed)
{
	struct fips_via to = via_of(1);
	uint8_t packet[FIPS_MSG1_LEN] = { 1, 0, FIPS_MSG1_LEN - FIPS_LINK_PREFIX };

	whole_reset();
	whole_open(0, ",\"rate_limit\":{\"handshake_burst\":3,\"handshake_rate\":1}", "");
	for (unsigned again = 0; again < 2; again++) {
		for (unsigned i = 0; i < 10; i++) {
			packet[8] = 2;
			packet[20] = (uint8_t)i;
			air_send(1, &to, packet, sizeof packet);
		}
		whole_run(2000);
	}
	ck_assert_uint_eq(control_count(0, "node-forged"), 3 + 2);
	ck_assert_uint_eq(control_count(0, "node-limited"), 20 - 5);
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
	tcase_add_loop_test(tc, limits_have_bounds, 0, sizeof limits / sizeof limits[0]);
	tcase_add_test(tc, rates_are_obeyed);
	tcase_add_test(tc, addresses_are_dialled_by_priority);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
