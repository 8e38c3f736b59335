/* nodekeys.c - what may stand in a node file.
 *
 * The sections come from the kinds and resources, plus the program's own.  Beside them stand the
 * keys of the reference's configuration (operations.md 3): one that no section has is known all the
 * same, and gets a warning in place of an error, so that an operator's file need not be cut down.
 */
#include "cli/nodefile.h"

#include <stdlib.h>
#include <string.h>

#include "cli/aead.h"
#include "cli/identity.h"
#include "cli/privileges.h"
#include "core/http_listen.h"

/* clang-format off */
#define LATER(word)        { .name = word, .type = MR_LATER }
#define PART(word, what)   { .name = word, .type = MR_LATER, .help = what }
#define PARTS(word, what, table) { .name = word, .type = MR_LATER, .of = table, .help = what }
#define BELOW(word, table) { .name = word, .type = MR_GROUP, .of = table }

/* ---- node: operations.md 3.2 to 3.4, 3.8 ---- */

static const struct mr_field identity_keys[] = { LATER("nsec"), LATER("persistent"), { 0 } };

static const struct mr_field limits_keys[] = {
	LATER("max_connections"), LATER("max_peers"), LATER("max_links"),
	LATER("max_pending_inbound"), { 0 }
};

static const struct mr_field rate_limit_keys[] = {
	LATER("handshake_burst"), LATER("handshake_rate"), LATER("handshake_timeout_secs"),
	LATER("handshake_resend_interval_ms"), LATER("handshake_resend_backoff"),
	LATER("handshake_max_resends"), LATER("established_handshake_burst"),
	LATER("established_handshake_rate"), LATER("session_setup_burst"),
	LATER("session_setup_rate"), { 0 }
};

static const struct mr_field retry_keys[] = {
	LATER("max_retries"), LATER("base_interval_secs"), LATER("max_backoff_secs"), { 0 }
};

static const struct mr_field cache_keys[] = {
	LATER("coord_size"), LATER("coord_ttl_secs"), LATER("identity_size"), { 0 }
};

static const struct mr_field buffers_keys[] = {
	LATER("packet_channel"), LATER("tun_channel"), LATER("dns_channel"), { 0 }
};

static const struct mr_field lookup_keys[] = {
	LATER("ttl"), LATER("attempt_timeouts_secs"), LATER("recent_expiry_secs"),
	LATER("backoff_base_secs"), LATER("backoff_max_secs"), LATER("forward_min_interval_secs"),
	{ 0 }
};

static const struct mr_field discovery_keys[] = {
	LATER("ttl"), LATER("attempt_timeouts_secs"), LATER("recent_expiry_secs"),
	LATER("backoff_base_secs"), LATER("backoff_max_secs"), LATER("forward_min_interval_secs"),
	PART("nostr", "rendezvous by mDNS and Nostr is"),
	PART("lan", "rendezvous by mDNS and Nostr is"), { 0 }
};

static const struct mr_field tree_keys[] = {
	LATER("announce_min_interval_ms"), LATER("parent_hysteresis"), LATER("hold_down_secs"),
	LATER("reeval_interval_secs"), LATER("flap_threshold"), LATER("flap_window_secs"),
	LATER("flap_dampening_secs"), { 0 }
};

static const struct mr_field bloom_keys[] = {
	LATER("update_debounce_ms"), LATER("max_inbound_fpr"), { 0 }
};

static const struct mr_field session_keys[] = {
	LATER("default_ttl"), LATER("pending_packets_per_dest"), LATER("pending_max_destinations"),
	LATER("idle_timeout_secs"), LATER("coords_warmup_packets"),
	LATER("coords_response_interval_ms"), { 0 }
};

static const struct mr_field mmp_keys[] = {
	LATER("mode"), LATER("log_interval_secs"), LATER("owd_window_size"), { 0 }
};

static const struct mr_field ecn_keys[] = {
	LATER("enabled"), LATER("loss_threshold"), LATER("etx_threshold"), { 0 }
};

static const struct mr_field rekey_keys[] = {
	LATER("enabled"), LATER("after_secs"), LATER("after_messages"), { 0 }
};

static const struct mr_field control_keys[] = { LATER("enabled"), LATER("socket_path"), { 0 } };

static const struct mr_field native_api_keys[] = {
	LATER("enabled"), LATER("socket_path"), LATER("pending_per_flow"), LATER("backlog"),
	LATER("max_flows"), LATER("debug_commands"), { 0 }
};

static const struct mr_field node_keys[] = {
	BELOW("identity", identity_keys),
	LATER("leaf_only"),
	LATER("tick_interval_secs"),
	LATER("base_rtt_ms"),
	LATER("heartbeat_interval_secs"),
	LATER("link_dead_timeout_secs"),
	LATER("drain_timeout_secs"),
	LATER("log_level"),
	BELOW("limits", limits_keys),
	BELOW("rate_limit", rate_limit_keys),
	BELOW("retry", retry_keys),
	BELOW("cache", cache_keys),
	BELOW("buffers", buffers_keys),
	BELOW("lookup", lookup_keys),
	BELOW("discovery", discovery_keys),
	BELOW("tree", tree_keys),
	BELOW("bloom", bloom_keys),
	BELOW("session", session_keys),
	BELOW("mmp", mmp_keys),
	BELOW("session_mmp", mmp_keys),
	BELOW("ecn", ecn_keys),
	BELOW("rekey", rekey_keys),
	PARTS("control", "the control socket is", control_keys),
	PARTS("native_api", "the datagram API is", native_api_keys),
	PART("rendezvous", "rendezvous by mDNS and Nostr is"),
	{ 0 }
};

/* ---- transports: 3.6; sections, since each may have named instances ---- */

static const struct mr_field udp_keys[] = {
	LATER("bind_addr"), LATER("mtu"), LATER("recv_buf_size"), LATER("send_buf_size"),
	LATER("outbound_only"), LATER("accept_connections"),
	PART("advertise_on_nostr", "rendezvous by Nostr is"), LATER("public"),
	LATER("external_addr"), { 0 }
};

static const struct mr_field tcp_keys[] = {
	LATER("bind_addr"), LATER("mtu"), LATER("connect_timeout_ms"), LATER("nodelay"),
	LATER("keepalive_secs"), LATER("recv_buf_size"), LATER("send_buf_size"),
	LATER("max_inbound_connections"), { 0 }
};

static const struct mr_field ethernet_keys[] = {
	LATER("interface"), LATER("ethertype"), LATER("mtu"), LATER("recv_buf_size"),
	LATER("send_buf_size"), LATER("listen"), LATER("discovery"), LATER("announce"),
	LATER("auto_connect"), LATER("accept_connections"), LATER("beacon_interval_secs"), { 0 }
};

static const struct mr_field tor_keys[] = {
	LATER("mode"), LATER("socks5_addr"), LATER("control_addr"), LATER("control_auth"),
	LATER("connect_timeout_ms"), LATER("mtu"), LATER("max_inbound_connections"),
	LATER("advertised_port"), { 0 }
};

static const struct mr_field nym_keys[] = {
	LATER("socks5_addr"), LATER("connect_timeout_ms"), LATER("mtu"),
	LATER("startup_timeout_secs"), { 0 }
};

static const struct mr_field ble_keys[] = {
	LATER("adapter"), LATER("psm"), LATER("mtu"), LATER("max_connections"),
	LATER("connect_timeout_ms"), LATER("advertise"), LATER("scan"), LATER("auto_connect"),
	LATER("accept_connections"), LATER("probe_cooldown_secs"), { 0 }
};

static const struct mr_section later_sections[] = {
	{ "transports.udp", udp_keys, .instances = true, .help = "the UDP transport is" },
	{ "transports.tcp", tcp_keys, .instances = true, .help = "the TCP transport is" },
	{ "transports.ethernet", ethernet_keys, .instances = true,
	  .help = "the Ethernet transport is" },
	{ "transports.tor", tor_keys, .instances = true, .help = "the Tor transport is" },
	{ "transports.nym", nym_keys, .instances = true, .help = "the Nym transport is" },
	{ "transports.ble", ble_keys, .instances = true, .help = "the Bluetooth transport is" },
	{ 0 }
};

/* ---- the rest: 3.5, 3.7, 3.9 ---- */

static const struct mr_field tun_keys[] = {
	LATER("enabled"), LATER("name"), LATER("mtu"), { 0 }
};

static const struct mr_field dns_keys[] = {
	LATER("enabled"), LATER("bind_addr"), LATER("port"), LATER("ttl"), { 0 }
};

static const struct mr_field address_keys[] = {
	LATER("transport"), LATER("addr"), LATER("priority"), { 0 }
};

static const struct mr_field peer_keys[] = {
	LATER("npub"), LATER("alias"), { .name = "addresses", .type = MR_LIST, .of = address_keys },
	LATER("connect_policy"), LATER("auto_reconnect"),
	PART("via_nostr", "rendezvous by Nostr is"), { 0 }
};

static const struct mr_field gateway_dns_keys[] = {
	LATER("listen"), LATER("upstream"), LATER("ttl"), { 0 }
};

static const struct mr_field conntrack_keys[] = {
	LATER("tcp_established"), LATER("udp_timeout"), LATER("udp_assured"),
	LATER("icmp_timeout"), { 0 }
};

static const struct mr_field forward_keys[] = {
	LATER("listen_port"), LATER("proto"), LATER("target"), { 0 }
};

static const struct mr_field gateway_keys[] = {
	LATER("enabled"), LATER("pool"), LATER("lan_interface"), LATER("pool_grace_period"),
	BELOW("dns", gateway_dns_keys), BELOW("conntrack", conntrack_keys),
	{ .name = "port_forwards", .type = MR_LIST, .of = forward_keys }, { 0 }
};

static const struct mr_field top_keys[] = {
	BELOW("node", node_keys),
	PARTS("tun", "the TUN device is", tun_keys),
	{ .name = "peers", .type = MR_LIST, .of = peer_keys },
	PARTS("dns", "the DNS responder is", dns_keys),
	PARTS("gateway", "the LAN gateway is", gateway_keys),
	{ 0 }
};
/* clang-format on */

const char *const cli_top_keys[] = {
	"node", "transports", "tun", "peers", "dns", "gateway", "graph", "aead", "http", "log", "user",
	NULL,
};

/* ---- the program's own ---- */

static const char *graph_wrong(const void *member)
{
	return **(char *const *)member ? NULL : "is neither auto nor a name nor a path";
}

static const struct mr_field_rule graph_rule = {
	.wrong = graph_wrong, .good = "two-core", .bad = (const char *const[]){ "", NULL },
	.schema = "{ \"minLength\": 1 }",
};

static const struct mr_field_rule refuse_rule = {
	.wrong = cli_aead_refuse_rule, .good = "lanes, libcrypto",
	.bad = (const char *const[]){ "mbedtls", "lanes mbedtls", "lanes,mbedtls,libcrypto", NULL },
	.schema = "{ \"pattern\": \"^(?!(.*[, \\t])?mbedtls(?![^, \\t]))\" }",
};

static const char *user_wrong(const void *member)
{
	return cli_user_wrong(*(char *const *)member);
}

#define SIXTEEN "sixteen-letters-"

static const struct mr_field_rule user_rule = {
	.wrong = user_wrong, .type = "USER or USER:GROUP", .good = "millrace",
	.bad = (const char *const[]){ "", ":", "millrace:", ":network", "a:b:c",
	                              SIXTEEN SIXTEEN SIXTEEN SIXTEEN, NULL },
	.schema = "{ \"pattern\": \"^[^:]{1,63}(:[^:]{1,63})?$\" }",
};

static const char *listen_wrong(const void *member)
{
	struct mr_report said = { 0 };
	bool fine = mr_http_listen_valid(*(char *const *)member, true, &said);

	mr_report_free(&said);
	return fine ? NULL :
	              "is not an address and port such as 127.0.0.1:9180 or [::1]:9180, unix: and "
	              "an absolute path of at most 107 bytes, or off";
}

static const struct mr_field_rule listen_rule = {
	.wrong = listen_wrong, .type = "address:port, unix:/path or off", .good = "[::1]:9180",
	.bad = (const char *const[]){ "", "9180", "127.0.0.1", "on", "unix", "unix:http.sock",
	                              "127.0.0.1:http", "::1:9180", NULL },
	.unseen = (const char *const[]){ "127.0.0.1:65536", "millrace.example:9180", NULL },
	.schema = "{ \"pattern\": \"^(off$|unix:/|\\\\[.+\\\\]:[0-9]+$|[^:\\\\[]+:[0-9]+$)\" }",
};

static const struct mr_field aead_fields[] = {
	{ .name = "refuse", .type = MR_TEXT, MR_AT(struct cli_settings, aead.refuse),
	  .rule = &refuse_rule,
	  .help = "names of AEAD providers not to use, separated by commas" },
	{ 0 }
};

static const struct mr_field http_fields[] = {
	{ .name = "listen", .type = MR_TEXT, MR_AT(struct cli_settings, http.listen),
	  .text = "127.0.0.1:9180", .rule = &listen_rule,
	  .help = "where statistics are served: host:port, unix:/path or off" },
	{ .name = "insecure_bind", .type = MR_BOOL, MR_AT(struct cli_settings, http.insecure_bind),
	  .help = "let it listen on an address that other machines reach" },
	{ 0 }
};

static const struct mr_field log_fields[] = {
	{ .name = "level", .type = MR_WORD, MR_AT(struct cli_settings, log.level),
	  .words = mr_log_levels, .def = MR_LOG_INFO, .help = "the least important lines written" },
	{ .name = "format", .type = MR_WORD, MR_AT(struct cli_settings, log.format),
	  .words = mr_log_formats, .def = MR_LOG_AUTO,
	  .help = "form of a line: text, journal, json; auto: journal where systemd reads them, else text" },
	{ 0 }
};

static const struct mr_field root_fields[] = {
	{ .name = "graph", .type = MR_TEXT, MR_AT(struct cli_settings, graph), .text = "auto",
	  .rule = &graph_rule,
	  .help = "stage graph: auto, the name of a shipped one, or a path" },
	{ .name = "aead", .type = MR_GROUP, .of = aead_fields,
	  .help = "what seals and opens packets" },
	{ .name = "http", .type = MR_GROUP, .of = http_fields, .help = "the pages and statistics" },
	{ .name = "log", .type = MR_GROUP, .of = log_fields, .help = "what the program writes of itself" },
	{ .name = "user", .type = MR_TEXT, MR_AT(struct cli_settings, user), .rule = &user_rule,
	  .help = "who to be once all is open: USER or USER:GROUP" },
	{ .name = "$schema", .type = MR_TEXT, MR_AT(struct cli_settings, schema),
	  .help = "where the JSON Schema of this file lies, for editors; not looked at" },
	{ 0 }
};

const struct mr_section cli_root_section = {
	.path = "", .fields = root_fields, .size = sizeof(struct cli_settings),
	.help = "the program itself"
};

static const struct mr_field level_fields[] = {
	{ .name = "log_level", .type = MR_WORD, MR_AT(struct cli_level, level),
	  .words = mr_log_levels, .def = MR_LOG_INFO,
	  .help = "log.level, as the reference calls it; log.level goes before it" },
	{ 0 }
};

const struct mr_section cli_level_section = {
	.path = "node", .fields = level_fields, .size = sizeof(struct cli_level),
	.help = "what the reference keeps here and we elsewhere"
};

static const struct mr_section known_section = { .path = "", .fields = top_keys };

static void add(struct cli_sections *s, const struct mr_section *section)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->list[i] == section)
			return;
	if (s->n < CLI_SECTIONS_MAX)
		s->list[s->n++] = section;
}

static void add_all(struct cli_sections *s, const struct mr_section *sections)
{
	for (; sections && sections->path; sections++)
		add(s, sections);
}

void cli_sections_of(struct cli_sections *s, const struct mr_kind *const *kinds)
{
	s->n = 0;
	for (; *kinds; kinds++) {
		add_all(s, (*kinds)->sections);
		for (const struct mr_resource *const *r = (*kinds)->uses; r && *r; r++)
			add_all(s, (*r)->sections);
	}
	add(s, &cli_root_section);
	add(s, &cli_level_section);
	add(s, &cli_identity_section);
	add(s, &known_section);
	add_all(s, later_sections);
}
