/* The node file: its keys, --set, which graph, whose key. */
#include "cli/nodefile.h"
#include "t/cli/nodefile_bench.h"
#include "t/lib/toys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the document ---- */

static const struct {
	const char *text, *said;
} files[] = {
	{ "{}", "" },
	{ "{ \"node\": { \"identity\": { \"nsec\": \"" HEX "\" } },\n"
	  "  \"transports\": { \"udp\": { \"size\": 1472 } }, \"peers\": [],\n"
	  "  \"graph\": \"auto\", \"http\": { \"listen\": \"off\" }, \"log\": { \"level\": \"debug\" } }",
	  "" },
	{ "{ \"transports\": { \"udp\": { \"lan\": { \"size\": 0 } } } }",
	  "f.json:1:37: transports.udp.lan.size: 0 is below 1\n" },
	{ "{ \"grpah\": \"auto\" }",
	  "f.json:1:3: grpah: there is no such key; did you mean \"graph\"?\n" },
	{ "{ \"node\": { \"identity\": { \"nsek\": 1, \"key_file\": 2, \"persistent\": 3 } } }",
	  "f.json:1:38: node.identity.key_file: 2 is not a string\n"
	  "f.json:1:53: node.identity.persistent: 3 is not true or false\n"
	  "f.json:1:27: node.identity.nsek: there is no such key; did you mean \"nsec\"?\n" },
	{ "{ \"node\": 5 }", "f.json:1:3: node: 5 is not an object\n" },
	{ "{ \"node\": { \"identity\": { \"nsec\": 12 } } }",
	  "f.json:1:27: node.identity.nsec: the value is not a string\n" },
	{ "{ \"graph\": \"\" }", "f.json:1:3: graph: \"\" is neither auto nor a name nor a path\n" },
	{ "{ \"log\": { \"level\": \"loud\" } }",
	  "f.json:1:12: log.level: \"loud\" is not one of error, warn, info, debug, trace\n" },
	/* parts that are not built */
	{ "{ \"dns\": { \"port\": 53 } }",
	  "warning: f.json:1:3: dns: the DNS responder is not part of this version yet; the key has "
	  "no effect\n" },
	{ "{ \"dns\": { \"prot\": 53 } }",
	  "warning: f.json:1:3: dns: the DNS responder is not part of this version yet; the key has "
	  "no effect\n"
	  "f.json:1:12: dns.prot: there is no such key; did you mean \"port\"?\n" },
	{ "{ \"transports\": { \"tcp\": { \"lan\": { \"mtu\": 1400 } } } }",
	  "warning: f.json:1:19: transports.tcp: the TCP transport is not part of this version yet; "
	  "the key has no effect\n" },
	{ "{ \"transports\": { \"ucp\": {} } }",
	  "f.json:1:19: transports.ucp: there is no such key; did you mean \"udp\"?\n" },
	{ "{ \"peers\": [ {}, { \"npbu\": 1 } ] }",
	  "f.json:1:20: peers[1].npbu: there is no such key; did you mean \"npub\"?\n" },
	{ "{ \"node\": { \"discovery\": { \"tll\": 1 } } }",
	  "f.json:1:28: node.discovery.tll: there is no such key; did you mean \"ttl\"?\n" },
	{ "{ \"node\": { \"rendezvous\": { \"nostr\": {} } } }",
	  "warning: f.json:1:13: node.rendezvous: rendezvous by mDNS and Nostr is not part of this "
	  "version yet; the key has no effect\n" },
};

START_TEST(keys)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("f.json", files[_i].text, strlen(files[_i].text), &r);
	struct cli_settings s;
	char *said;

	ck_assert_ptr_nonnull(doc);
	cli_node_check(doc, toys, &s, &r);
	said = printed(&r);
	ck_assert_str_eq(said, files[_i].said);
	free(said);
	cli_settings_free(&s);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

START_TEST(own_settings)
{
	static const char text[] = "{ \"http\": { \"listen\": \"off\" }, \"log\": { \"level\": \"warn\" } }";
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("f.json", text, strlen(text), &r);
	struct cli_settings s;

	cli_node_check(doc, toys, &s, &r);
	ck_assert_str_eq(s.graph, "auto");
	ck_assert_str_eq(s.http.listen, "off");
	ck_assert(!s.http.insecure_bind);
	ck_assert_uint_eq(s.log.level, MR_LOG_WARN);
	cli_settings_free(&s);
	mr_json_free(doc);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

/* node.log_level is the reference's word for log.level, which goes before it. */
START_TEST(level_by_either_name)
{
	static const struct {
		const char *text;
		unsigned    level;
	} levels[] = {
		{ "{ \"node\": { \"log_level\": \"debug\" } }", MR_LOG_DEBUG },
		{ "{ \"node\": { \"log_level\": \"debug\" }, \"log\": { \"level\": \"error\" } }",
		  MR_LOG_ERROR },
		{ "{ \"node\": {} }", MR_LOG_INFO },
	};

	for (size_t i = 0; i < COUNT(levels); i++) {
		struct mr_report r = { 0 };
		struct cli_settings s = { 0 };
		struct mr_json *doc =
			mr_json_parse("f.json", levels[i].text, strlen(levels[i].text), &r);

		cli_node_check(doc, toys, &s, &r);
		ck_assert_uint_eq(r.n, 0);
		ck_assert_uint_eq(s.log.level, levels[i].level);
		cli_settings_free(&s);
		mr_json_free(doc);
	}
}
END_TEST

/* Every key of the reference's configuration (operations.md 3): "prefix: key key ...". */
static const char *const reference[] = {
	"node: leaf_only tick_interval_secs base_rtt_ms heartbeat_interval_secs log_level "
	"link_dead_timeout_secs drain_timeout_secs",
	"node.identity: nsec persistent",
	"node.limits: max_connections max_peers max_links max_pending_inbound",
	"node.rate_limit: handshake_burst handshake_rate handshake_timeout_secs "
	"handshake_resend_interval_ms handshake_resend_backoff handshake_max_resends "
	"established_handshake_burst established_handshake_rate session_setup_burst "
	"session_setup_rate",
	"node.retry: max_retries base_interval_secs max_backoff_secs",
	"node.cache: coord_size coord_ttl_secs identity_size",
	"node.buffers: packet_channel tun_channel dns_channel",
	"node.lookup: ttl attempt_timeouts_secs recent_expiry_secs backoff_base_secs "
	"backoff_max_secs forward_min_interval_secs",
	"node.discovery: ttl",
	"node.tree: announce_min_interval_ms parent_hysteresis hold_down_secs reeval_interval_secs "
	"flap_threshold flap_window_secs flap_dampening_secs",
	"node.bloom: update_debounce_ms max_inbound_fpr",
	"node.session: default_ttl pending_packets_per_dest pending_max_destinations "
	"idle_timeout_secs coords_warmup_packets coords_response_interval_ms",
	"node.mmp: mode log_interval_secs owd_window_size",
	"node.session_mmp: mode log_interval_secs owd_window_size",
	"node.ecn: enabled loss_threshold etx_threshold",
	"node.rekey: enabled after_secs after_messages",
	"node.control: enabled socket_path",
	"node.native_api: enabled socket_path pending_per_flow backlog max_flows debug_commands",
	"node.rendezvous.lan: enabled",
	"node.rendezvous.nostr: enabled",
	"tun: enabled name mtu",
	"dns: enabled bind_addr port ttl",
	"transports.udp: bind_addr mtu recv_buf_size send_buf_size outbound_only "
	"accept_connections advertise_on_nostr public external_addr",
	"transports.udp.lan: bind_addr mtu",
	"transports.tcp: bind_addr mtu connect_timeout_ms nodelay keepalive_secs recv_buf_size "
	"send_buf_size max_inbound_connections",
	"transports.tcp.lan: bind_addr",
	"transports.ethernet: interface ethertype mtu recv_buf_size send_buf_size listen discovery "
	"announce auto_connect accept_connections beacon_interval_secs",
	"transports.tor: mode socks5_addr control_addr control_auth connect_timeout_ms mtu "
	"max_inbound_connections advertised_port",
	"transports.nym: socks5_addr connect_timeout_ms mtu startup_timeout_secs",
	"transports.ble: adapter psm mtu max_connections connect_timeout_ms advertise scan "
	"auto_connect accept_connections probe_cooldown_secs",
	"peers[0]: npub alias connect_policy auto_reconnect via_nostr",
	"peers[0].addresses[0]: transport addr priority",
	"gateway: enabled pool lan_interface pool_grace_period",
	"gateway.dns: listen upstream ttl",
	"gateway.conntrack: tcp_established udp_timeout udp_assured icmp_timeout",
	"gateway.port_forwards[0]: listen_port proto target",
};

START_TEST(keys_of_the_reference)
{
	static const char bare[] = "{ \"peers\": [ { \"addresses\": [ {} ] } ],"
				   "  \"gateway\": { \"port_forwards\": [ {} ] } }";
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("f.json", bare, sizeof bare - 1, &r);
	const char *rest = strchr(reference[_i], ':');
	struct cli_settings s;
	char path[256], key[64];
	int used;

	for (rest++; sscanf(rest, " %63s%n", key, &used) == 1; rest += used) {
		snprintf(path, sizeof path, "%.*s.%s", (int)strcspn(reference[_i], ":"),
			 reference[_i], key);
		mr_json_set(doc, path, "1", &r);
		ck_assert_ptr_nonnull(mr_json_at(doc, path));
	}
	cli_node_check(doc, toys, &s, &r);
	for (unsigned i = 0; i < r.n; i++)
		ck_assert_msg(!strstr(r.list[i].text, "no such key"), "%s", r.list[i].text);
	cli_settings_free(&s);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* ---- http.listen ---- */

static const struct {
	const char *listen;
	bool        insecure, fine;
} listens[] = {
	{ "127.0.0.1:9180", false, true }, { "unix:/run/m.sock", false, true },
	{ "off", false, true },            { "0.0.0.0:80", false, false },
	{ "0.0.0.0:80", true, true },      { "nonsense", false, false },
};

START_TEST(listen_is_checked)
{
	struct mr_report r = { 0 };
	struct mr_json *doc;
	struct cli_settings s;
	char text[128];

	snprintf(text, sizeof text, "{ \"http\": { \"listen\": \"%s\", \"insecure_bind\": %s } }",
		 listens[_i].listen, listens[_i].insecure ? "true" : "false");
	doc = mr_json_parse("f.json", text, strlen(text), &r);
	cli_node_check(doc, toys, &s, &r);
	ck_assert_msg((r.errors == 0) == listens[_i].fine, "%s", r.n ? r.list[0].text : "none");
	if (r.n)
		ck_assert_ptr_eq(strstr(r.list[0].text, "f.json:1:13: http.listen: "),
		                 r.list[0].text);
	cli_settings_free(&s);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

/* ---- which graph ---- */

static const struct {
	unsigned    cores;
	const char *graph;
} autos[] = {
	{ 1, "fused" },    { 2, "two-core" }, { 3, "two-core" }, { 4, "two-core" },
	{ 7, "two-core" }, { 8, "staged" },   { 64, "staged" },
};

START_TEST(cores_pick_a_graph)
{
	const char *why = NULL;

	ck_assert_str_eq(cli_graph_auto(autos[_i].cores, &why), autos[_i].graph);
	ck_assert_ptr_nonnull(why);
}
END_TEST

#define GRAPH "{ \"stages\": { \"host\": {}, \"source\": { \"batch\": 4 } }, \"edges\": [ " \
	      "{ \"from\": \"source.a\", \"to\": \"host\", \"full\": \"drop\" } ] }"

/* A node file's graph, --graph, --set; the graph's file, or what is said. */
static const struct {
	const char *node, *graph, *set, *set2;
	const char *file, *said;
} loads[] = {
	{ "{ \"graph\": \"mine\" }", NULL, NULL, NULL, "graphs/mine.json", NULL },
	{ "{ \"graph\": \"./own.json\" }", NULL, NULL, NULL, "sub/./own.json", NULL },
	{ "{ \"graph\": \"own.json\" }", NULL, NULL, NULL, "sub/own.json", NULL },
	{ "{}", "sub/own.json", NULL, NULL, "sub/own.json", NULL },
	{ "{ \"graph\": \"nowhere\" }", "mine", NULL, NULL, "graphs/mine.json", NULL },
	{ "{}", NULL, NULL, NULL, "graphs/two-core.json", NULL },
	{ "{}", NULL, "graph=mine", NULL, "graphs/mine.json", NULL },
	{ "{}", "mine", "source.batch=64", "stages.source.label=\"x\"", "graphs/mine.json", NULL },
	{ "{}", "mine", "transports.udp.size=9", "edges[0].full=wait", "graphs/mine.json", NULL },
	{ "{}", "mine", "workers.w={\"stages\":[\"host\"]}", "log.level=error",
	  "graphs/mine.json", NULL },
	{ "{}", "mine", "node.identity.nsec=" HEX, NULL, "graphs/mine.json", NULL },

	{ "{ \"graph\": \"mien\" }", NULL, NULL, NULL, NULL,
	  "sub/n.json:1:3: graph: there is no graph \"mien\"; did you mean \"mine\"?\n" },
	{ "{}", "zebra.json", NULL, NULL, NULL, "--graph: cannot read the graph file zebra.json\n" },
	{ "{}", "mine", "source.batch=65", NULL, NULL,
	  "--set: stages.source.batch: 65 is above 64\n" },
	{ "{}", "mine", "sorce.batch=6", NULL, NULL,
	  "--set: sorce.batch: \"sorce\" is neither a key of the node file nor a stage of the graph; "
	  "did you mean \"source\"?\n" },
	{ "{}", "mine", "source", "=5", NULL,
	  "--set: \"source\" is not of the form key=value, such as tun.mtu=1400\n"
	  "--set: \"=5\" is not of the form key=value, such as tun.mtu=1400\n" },
	{ "{}", "mine", "[0].a=5", "transports.udp.sise=9", NULL,
	  "--set: [0].a: is not a key such as tun.mtu or rx.batch\n"
	  "--set: transports.udp.sise: there is no such key; did you mean \"size\"?\n" },
	{ "{ \"lgo\": 1 }", "bad", NULL, NULL, NULL,
	  "sub/n.json:1:3: lgo: there is no such key; did you mean \"log\"?\n"
	  "graphs/bad.json:1:1: stages: is missing\n" },
	{ "{", "bad", NULL, NULL, NULL,
	  "sub/n.json:1:1: string or '}' expected near end of file\n"
	  "graphs/bad.json:1:1: stages: is missing\n" },
};

START_TEST(loading)
{
	const char *sets[2] = { loads[_i].set, loads[_i].set2 };
	struct cli_node_options o = { .file = "sub/n.json", .graph = loads[_i].graph, .sets = sets,
				      .nsets = sets[1] ? 2 : sets[0] ? 1 : 0,
				      .cores = 4, .kinds = toys };
	struct mr_report r = { 0 };
	struct cli_node node;
	char *said;
	bool ok;

	ck_assert_int_eq(mkdir("sub", 0700), 0);
	ck_assert_int_eq(mkdir("graphs", 0700), 0);
	setenv("MILLRACE_GRAPHS", "graphs", 1);
	write_file("sub/n.json", loads[_i].node, 0600);
	write_file("sub/own.json", GRAPH, 0600);
	write_file("graphs/mine.json", GRAPH, 0600);
	write_file("graphs/two-core.json", GRAPH, 0600);
	write_file("graphs/bad.json", "{}", 0600);

	ok = cli_node_load(&node, &o, &r);
	said = printed(&r);
	ck_assert_str_eq(said, loads[_i].said ? loads[_i].said : "");
	ck_assert_int_eq(ok, !loads[_i].said);
	if (ok)
		ck_assert_str_eq(node.graph->file, loads[_i].file);
	free(said);
	cli_node_free(&node);
	mr_report_free(&r);
}
END_TEST

START_TEST(no_file_and_yaml)
{
	struct cli_node_options o = { .kinds = toys };
	struct mr_report r = { 0 };
	struct cli_node node;

	setenv("MILLRACE_GRAPHS", folder, 1);
	write_file("mine.json", GRAPH, 0600);
	ck_assert(!cli_node_load(&node, &o, &r));
	ck_assert_ptr_nonnull(strstr(r.list[0].text, "there is no millrace.json here"));
	cli_node_free(&node);
	mr_report_free(&r);

	o.bare = true;
	o.graph = "mine";
	ck_assert(cli_node_load(&node, &o, &r));
	ck_assert_ptr_null(node.file);
	ck_assert_uint_ge(cli_node_view_max(&node), 1500);
	cli_node_free(&node);

	o.file = "fips.yaml";
	write_file("fips.yaml", "graph: 5\n", 0600);
	ck_assert(!cli_node_load(&node, &o, &r));
	ck_assert_str_eq(r.list[0].text, "fips.yaml:1:1: graph: 5 is not a string");
	cli_node_free(&node);
	mr_report_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nodefile");
	TCase *plain = tcase_create("plain"), *disk = tcase_create("disk");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(plain, keys, 0, COUNT(files));
	tcase_add_loop_test(plain, keys_of_the_reference, 0, COUNT(reference));
	tcase_add_test(plain, own_settings);
	tcase_add_test(plain, level_by_either_name);
	tcase_add_loop_test(plain, listen_is_checked, 0, COUNT(listens));
	tcase_add_loop_test(plain, cores_pick_a_graph, 0, COUNT(autos));
	suite_add_tcase(s, plain);
	tcase_add_checked_fixture(disk, in_folder, out_of_folder);
	tcase_add_loop_test(disk, loading, 0, COUNT(loads));
	tcase_add_test(disk, no_file_and_yaml);
	nodefile_keys(disk);
	suite_add_tcase(s, disk);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
