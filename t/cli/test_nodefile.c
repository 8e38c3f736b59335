/* The node file: its keys, --set, which graph, whose key. */
#include "cli/identity.h"
#include "cli/keyfile.h"
#include "cli/nodefile.h"
#include "t/lib/toys.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A secret of the specification's examples, and its npub (operations.md 11). */
#define HEX  "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static char folder[] = "/tmp/test_nodefile.XXXXXX";

static void in_folder(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void out_of_folder(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static char *printed(const struct mr_report *r)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_report_print(r, out);
	fclose(out);
	return text;
}

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
	{ "{ \"graph\": \"\" }", "f.json:1:3: graph: \"\" is empty\n" },
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
		{ "{ \"node\": { \"log_level\": \"debug\" }, \"log\": { \"level\": \"error\" } }", MR_LOG_ERROR },
		{ "{ \"node\": {} }", MR_LOG_INFO },
	};

	for (size_t i = 0; i < COUNT(levels); i++) {
		struct mr_report r = { 0 };
		struct cli_settings s = { 0 };
		struct mr_json *doc = mr_json_parse("f.json", levels[i].text, strlen(levels[i].text), &r);

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
		ck_assert_ptr_eq(strstr(r.list[0].text, "f.json:1:13: http.listen: "), r.list[0].text);
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
	{ "{}", "mine", "workers.w={\"stages\":[\"host\"]}", "log.level=error", "graphs/mine.json", NULL },
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
				      .nsets = sets[1] ? 2 : sets[0] ? 1 : 0, .cores = 4, .kinds = toys };
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

/* ---- whose key ---- */

static enum cli_identity find(const char *text, bool make, struct fips_identity *id,
                              struct mr_report *r)
{
	struct mr_json *doc = mr_json_parse("n.json", text, strlen(text), r);
	enum cli_identity found = cli_identity_find(doc, "./n.json", make, id, r);

	mr_json_free(doc);
	return found;
}

static const uint8_t secret[3] = { 1, 2, 3 };

START_TEST(identity_from_settings)
{
	struct mr_report r = { 0 };
	struct fips_identity id;

	ck_assert_int_eq(find("{}", true, &id, &r), CLI_IDENTITY_NONE);
	ck_assert_int_eq(find("{\"node\":{\"identity\":{\"nsec\":\"" HEX "\"}}}", false, &id, &r),
			 CLI_IDENTITY_FOUND);
	ck_assert_mem_eq(id.secret, secret, sizeof secret);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_int_eq(find("{\"node\":{\"identity\":{\"nsec\":\"nsec1x\"}}}", false, &id, &r),
			 CLI_IDENTITY_WRONG);
	ck_assert_ptr_eq(strstr(r.list[0].text, "n.json:1:22: node.identity.nsec: "), r.list[0].text);
	mr_report_free(&r);
}
END_TEST

START_TEST(identity_from_a_file)
{
	static const char text[] = "{\"node\":{\"identity\":{\"key_file\":\"k\"}}}";
	struct mr_report r = { 0 };
	struct fips_identity id;

	write_file("k", "  " HEX "\r\n\n", 0600);
	ck_assert_int_eq(find(text, false, &id, &r), CLI_IDENTITY_FOUND);
	ck_assert_mem_eq(id.secret, secret, sizeof secret);
	ck_assert_uint_eq(r.n, 0);
	write_file("k", "zebra", 0600);
	ck_assert_int_eq(find(text, false, &id, &r), CLI_IDENTITY_WRONG);
	ck_assert_ptr_eq(strstr(r.list[0].text, "./k: "), r.list[0].text);
	mr_report_free(&r);
}
END_TEST

/* Made when missing, then the same for ever; not made by a check. */
START_TEST(identity_that_persists)
{
	static const char text[] = "{\"node\":{\"identity\":{\"persistent\":true}}}";
	struct mr_report r = { 0 };
	struct fips_identity first, again;
	struct stat st;

	ck_assert_int_eq(find(text, false, &first, &r), CLI_IDENTITY_NONE);
	ck_assert_int_ne(access("fips.key", F_OK), 0);
	ck_assert_int_eq(find(text, true, &first, &r), CLI_IDENTITY_FOUND);
	ck_assert_int_eq(find(text, true, &again, &r), CLI_IDENTITY_FOUND);
	ck_assert_str_eq(first.npub, again.npub);
	ck_assert_int_eq(stat("fips.key", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat("fips.pub", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

START_TEST(taking_puts_it_into_the_document)
{
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("n.json", "{}", 2, &r);
	struct fips_identity id, again;
	char nsec[FIPS_KEY_TEXT];

	ck_assert(cli_identity_take(doc, NULL, &id, &r));
	fips_nsec_format(id.secret, nsec);
	ck_assert_str_eq(json_string_value(mr_json_at(doc, "node.identity.nsec")), nsec);
	ck_assert_int_eq(cli_identity_find(doc, NULL, false, &again, &r), CLI_IDENTITY_FOUND);
	ck_assert_str_eq(id.npub, again.npub);
	ck_assert_uint_eq(r.n, 0);
	mr_json_free(doc);
}
END_TEST

/* ---- key files ---- */

static const struct {
	const char *text;
	mode_t      mode;
	const char *said; /* NULL: read */
} keys_on_disk[] = {
	{ "abc\n", 0600, "" },
	{ "\t abc \n\n", 0400, "" },
	{ "abc", 0640, "warning: k: mode 640 lets others at the secret key; chmod 600 takes that away\n" },
	{ "abc", 0601, "warning: k: mode 601 lets others at the secret key; chmod 600 takes that away\n" },
	{ "", 0600, "k: the key file: is empty\n" },
	{ " \n\t\r\n", 0600, "k: the key file: is empty\n" },
};

START_TEST(key_files)
{
	struct mr_report r = { 0 };
	char text[CLI_KEY_MAX], *said;
	bool read;

	write_file("k", keys_on_disk[_i].text, keys_on_disk[_i].mode);
	read = cli_key_read("k", text, &r);
	said = printed(&r);
	ck_assert_str_eq(said, keys_on_disk[_i].said);
	ck_assert_int_eq(read, r.errors == 0);
	if (read)
		ck_assert_str_eq(text, "abc");
	free(said);
	mr_report_free(&r);
}
END_TEST

START_TEST(odd_key_files)
{
	char text[CLI_KEY_MAX], lengthy[CLI_KEY_MAX + 1];
	struct mr_report r = { 0 };

	write_file("k", "abc", 0600);
	ck_assert_int_eq(symlink("k", "link"), 0);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	memset(lengthy, 'a', CLI_KEY_MAX);
	lengthy[CLI_KEY_MAX] = '\0';
	write_file("long", lengthy, 0600);

	ck_assert(!cli_key_read("link", text, &r));
	ck_assert_str_eq(r.list[0].text,
	                 "link: the key file: is a symbolic link, which a key file may not be");
	ck_assert(!cli_key_read(".", text, &r));
	ck_assert(!cli_key_read("pipe", text, &r));
	ck_assert_str_eq(r.list[2].text, "pipe: the key file: is not a regular file");
	ck_assert(!cli_key_read("long", text, &r));
	ck_assert_str_eq(r.list[3].text, "long: the key file: is too long for a secret key");
	ck_assert(!cli_key_read("gone", text, &r));
	ck_assert_uint_eq(r.errors, 5);
	mr_report_free(&r);
}
END_TEST

/* Nothing is overwritten, nothing half-done stays. */
START_TEST(keys_are_written_once)
{
	struct fips_curve curve = fips_curve_secp256k1();
	struct mr_report r = { 0 };
	struct fips_identity id;
	char text[CLI_KEY_MAX];

	cli_key_fresh(&id, &curve);
	umask(0);
	ck_assert(cli_key_write("k", "k.pub", &id, &r));
	ck_assert(cli_key_read("k", text, &r));
	ck_assert_int_eq(strncmp(text, "nsec1", 5), 0);
	ck_assert(cli_key_read("k.pub", text, &r));
	ck_assert_str_eq(text, id.npub);
	ck_assert_uint_eq(r.errors, 0);
	mr_report_free(&r);

	ck_assert(!cli_key_write("k", "other.pub", &id, &r));
	ck_assert_str_eq(r.list[0].text, "k: is there already, and keys are never overwritten");
	ck_assert_int_ne(access("other.pub", F_OK), 0);
	ck_assert(!cli_key_write("other", "k.pub", &id, &r));
	ck_assert_int_ne(access("other", F_OK), 0);
	ck_assert_int_eq(symlink("target", "dangling"), 0);
	ck_assert(!cli_key_write("dangling", "d.pub", &id, &r));
	ck_assert_int_ne(access("target", F_OK), 0);
	ck_assert(!cli_key_write("no/such/k", "e.pub", &id, &r));
	ck_assert_uint_eq(r.errors, 4);
	mr_report_free(&r);
	fips_curve_close(&curve);
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
	tcase_add_test(disk, identity_from_settings);
	tcase_add_test(disk, identity_from_a_file);
	tcase_add_test(disk, identity_that_persists);
	tcase_add_test(disk, taking_puts_it_into_the_document);
	tcase_add_loop_test(disk, key_files, 0, COUNT(keys_on_disk));
	tcase_add_test(disk, odd_key_files);
	tcase_add_test(disk, keys_are_written_once);
	suite_add_tcase(s, disk);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
