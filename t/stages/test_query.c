/* What operators are told: the keys of every answer (operations.md 4.3), messages that clients match, requests
 * that are none, and the few commands that change something. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stages/control/query/history.h"
#include "stages/control/query/query.h"
#include "stages/control/query/request.h"
#include "stages/control/state.h"
#include "t/lib/whole.h"

#define WALL (UINT64_C(1700000000) * MR_NS_PER_S) /* the Unix time at which the air's is 0 */

/* ---- asking ---- */

static char *ask_text(unsigned i, enum mr_oneline_fate fate, const char *line, size_t n, size_t *len)
{
	const struct mr_query_host host = {
		.engine = node[i].engine, .version = "millrace test", .socket = "/run/fips/control.sock",
		.running = true, .now = air.now, .started = 5 * MR_NS_PER_S, .wall = WALL + air.now,
	};

	return mr_query_answer(&host, fate, line, n, len);
}

/* An answer, which is one line of plain ASCII. */
static json_t *ask_raw(unsigned i, const char *line, size_t n)
{
	size_t len;
	char *text = ask_text(i, MR_ONELINE_READ, line, n, &len);
	json_t *answer;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_gt(len, 1);
	for (size_t k = 0; k + 1 < len; k++)
		ck_assert_msg(text[k] >= 0x20 && text[k] < 0x7f, "byte %zu of %s", k, text);
	ck_assert_int_eq(text[len - 1], '\n');
	answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(answer != NULL, "%s", text);
	free(text);
	return answer;
}

/* The data of a query that is answered; NULL params: none. */
static json_t *ask(unsigned i, const char *command, const char *params)
{
	char line[2048];
	json_t *answer, *data;

	snprintf(line, sizeof line, "{\"command\":\"%s\"%s%s}", command, params ? ",\"params\":" : "",
	         params ? params : "");
	answer = ask_raw(i, line, strlen(line));
	ck_assert_msg(!strcmp(json_string_value(json_object_get(answer, "status")), "ok"), "%s: %s",
	              command, json_string_value(json_object_get(answer, "message")));
	ck_assert_uint_eq(json_object_size(answer), 2);
	data = json_incref(json_object_get(answer, "data"));
	ck_assert_ptr_nonnull(data);
	json_decref(answer);
	return data;
}

/* The message of one that is refused. */
static void refused(unsigned i, const char *line, const char *message)
{
	json_t *answer = ask_raw(i, line, strlen(line));
	const char *said = json_string_value(json_object_get(answer, "message"));

	ck_assert_msg(!strcmp(json_string_value(json_object_get(answer, "status")), "error"),
	              "%s is answered", line);
	ck_assert_uint_eq(json_object_size(answer), 2);
	ck_assert_msg(said && !strncmp(said, message, strlen(message)), "%s: %s", line, said);
	json_decref(answer);
}

/* Two nodes with a link, a session and some seconds behind them; the first dialled. */
static void busy_pair(void)
{
	whole_link_up();
	for (unsigned k = 0; k < 4; k++) {
		whole_say(k % 2, &whole_mesh(!(k % 2))->me.addr, 300, 1);
		whole_run(3000);
	}
	ck_assert(whole_in_session(0));
}

/* ---- keys ---- */

#define LOOKUP                                                                                 \
	"req_received req_decode_error req_duplicate req_dedup_cache_full req_target_is_us "   \
	"req_forwarded req_forward_rate_limited req_ttl_exhausted req_no_tree_peer "           \
	"req_fallback_forwarded req_initiated req_deduplicated req_backoff_suppressed "        \
	"req_bloom_miss resp_received resp_decode_error resp_forwarded resp_identity_miss "    \
	"resp_proof_failed resp_accepted resp_no_route resp_timed_out ..."

/* Each object of an answer: where it is, and what it has.  A key with '?' may be absent; "..." stands for
 * counters of our own.  "[]" is the first item. */
static const struct shape {
	const char *command, *params, *at, *keys;
} shapes[] = {
	{ "show_status", NULL, "",
	  "version npub node_addr ipv6_addr state is_leaf_only is_root root persistent peer_count "
	  "session_count link_count transport_count connection_count transport_peer_counts "
	  "tun_state tun_name effective_ipv6_mtu control_socket pid exe_path uptime_secs "
	  "estimated_mesh_size forwarding sparklines" },
	{ "show_status", NULL, "sparklines",
	  "mesh_size tree_depth peer_count bytes_in bytes_out loss_rate" },
	{ "show_status", NULL, "transport_peer_counts", "udp tcp? ethernet?" },
	{ "show_status", NULL, "forwarding",
	  "received_packets received_bytes delivered_packets delivered_bytes forwarded_packets "
	  "forwarded_bytes originated_packets originated_bytes decode_error_packets "
	  "decode_error_bytes ttl_exhausted_packets ttl_exhausted_bytes drop_no_route_packets "
	  "drop_no_route_bytes drop_mtu_exceeded_packets drop_mtu_exceeded_bytes "
	  "drop_send_error_packets drop_send_error_bytes warm_malformed_packets "
	  "warm_malformed_bytes route_direct_peer route_tree_up route_tree_down "
	  "route_tree_down_cross route_crosslink_descend route_crosslink_ascend" },
	{ "show_peers", NULL, "", "peers" },
	{ "show_peers", NULL, "peers[]",
	  "node_addr npub display_name ipv6_addr connectivity link_id authenticated_at_ms "
	  "last_seen_ms has_tree_position has_bloom_filter filter_sequence is_parent is_child "
	  "transport_addr direction transport_type tree_depth? effective_depth stats "
	  "replay_suppressed consecutive_decrypt_failures nostr_traversal noise "
	  "our_session_index rekey_in_progress? rekey_draining? current_k_bit mmp" },
	{ "show_peers", NULL, "peers[].stats", "packets_sent packets_recv bytes_sent bytes_recv" },
	{ "show_peers", NULL, "peers[].noise", "send_counter highest_recv_counter" },
	{ "show_peers", NULL, "peers[].nostr_traversal",
	  "consecutive_failures in_cooldown cooldown_until_ms last_observed_skew_ms" },
	{ "show_peers", NULL, "peers[].mmp",
	  "mode srtt_ms loss_rate etx goodput_bps delivery_ratio_forward delivery_ratio_reverse "
	  "smoothed_loss? smoothed_etx? lqi?" },
	{ "show_links", NULL, "links[]",
	  "link_id transport_id remote_addr direction state created_at_ms stats" },
	{ "show_links", NULL, "links[].stats",
	  "packets_sent packets_recv bytes_sent bytes_recv last_recv_ms" },
	{ "show_sessions", NULL, "sessions[]",
	  "remote_addr display_name state is_initiator last_activity_ms npub stats "
	  "session_start_ms current_k_bit coords_warmup_remaining is_draining mmp" },
	{ "show_sessions", NULL, "sessions[].stats",
	  "packets_sent packets_recv bytes_sent bytes_recv" },
	{ "show_sessions", NULL, "sessions[].mmp",
	  "mode loss_rate etx goodput_bps delivery_ratio_forward delivery_ratio_reverse path_mtu "
	  "srtt_ms? smoothed_loss? smoothed_etx? sqi?" },
	{ "show_mmp", NULL, "", "peers sessions" },
	{ "show_mmp", NULL, "peers[]", "peer display_name mode link_layer" },
	{ "show_mmp", NULL, "peers[].link_layer",
	  "loss_rate etx goodput_bps spin_bit_role smoothed_loss? smoothed_etx? srtt_ms? lqi? "
	  "rtt_trend? loss_trend? goodput_trend? jitter_trend? delivery_ratio_forward "
	  "delivery_ratio_reverse ecn_ce_count" },
	{ "show_mmp", NULL, "sessions[]", "remote display_name mode session_layer" },
	{ "show_mmp", NULL, "sessions[].session_layer",
	  "loss_rate etx path_mtu smoothed_loss? smoothed_etx? srtt_ms? sqi? rtt_trend? "
	  "loss_trend? etx_trend?" },
	{ "show_connections", NULL, "", "connections" },
	{ "show_transports", NULL, "transports[]",
	  "transport_id type state mtu name? local_addr? stats" },
	{ "show_transports", NULL, "transports[].stats",
	  "packets_sent bytes_sent packets_recv bytes_recv send_errors recv_errors mtu_exceeded "
	  "kernel_drops" },
	{ "show_identity_cache", NULL, "", "entries count max_entries" },
	{ "show_identity_cache", NULL, "entries[]",
	  "node_addr npub display_name ipv6_addr last_seen_ms age_ms" },
	{ "show_acl", NULL, "",
	  "allow_file deny_file enforcement_active effective_mode default_decision allow_all "
	  "deny_all allow_file_entries deny_file_entries allow_entries deny_entries" },
	{ "show_tree", NULL, "",
	  "my_node_addr root root_npub is_root depth my_coords parent parent_display_name "
	  "declaration_sequence declaration_signed peer_tree_count peers stats" },
	{ "show_tree", NULL, "peers[]", "node_addr display_name depth root coords distance_to_us" },
	{ "show_tree", NULL, "stats",
	  "accepted addr_mismatch ancestry_changed ancestry_invalid decode_error flap_dampened "
	  "loop_detected outbound_sign_failed parent_losses parent_switches rate_limited received "
	  "send_failed sent sig_failed stale unknown_peer ..." },
	{ "show_bloom", NULL, "",
	  "own_node_addr is_leaf_only sequence leaf_dependent_count leaf_dependents peer_filters "
	  "uptree_fill_ratio uptree_estimated_count stats" },
	{ "show_bloom", NULL, "peer_filters[]",
	  "peer display_name has_filter filter_sequence estimated_count set_bits fill_ratio" },
	{ "show_bloom", NULL, "stats",
	  "accepted debounce_suppressed decode_error fill_exceeded invalid non_v1 received "
	  "send_failed sent stale unknown_peer ..." },
	{ "show_cache", NULL, "",
	  "count max_entries fill_ratio default_ttl_ms expired avg_age_ms entries" },
	{ "show_routing", NULL, "",
	  "coord_cache_entries identity_cache_entries pending_lookups pending_tun_destinations "
	  "pending_tun_packets recent_requests retries forwarding lookup discovery error_signals "
	  "congestion" },
	{ "show_routing", NULL, "lookup", LOOKUP },
	{ "show_metrics", NULL, "",
	  "forwarding lookup discovery tree bloom congestion errors native" },
	{ "show_metrics", NULL, "discovery", LOOKUP },
	{ "show_metrics", NULL, "errors",
	  "coords_required path_broken mtu_exceeded unbound_coords unbound_broken unbound_mtu "
	  "unbound_forged mtu_exceeded_below_floor path_mtu_notif_below_floor "
	  "lookup_resp_mtu_below_floor ..." },
	{ "show_listening_sockets", NULL, "", "fips0_addr firewall_active sockets" },
	{ "show_native_flows", NULL, "", "flows listeners stats" },
	{ "show_native_flows", NULL, "stats",
	  "flows_opened flows_accepted flows_closed flows_expired sent_datagrams sent_bytes "
	  "received_datagrams received_bytes drop_no_port drop_backlog_full drop_too_many_flows "
	  "drop_pending_queue_full drop_flow_queue_full drop_arrival_queue_full "
	  "drop_listener_not_reading drop_listener_gone drop_oversize" },
	{ "show_metrics", NULL, "congestion",
	  "ce_forwarded ce_received congestion_detected kernel_drop_events" },
	{ "show_stats_list", NULL, "",
	  "metrics fast_ring_seconds slow_ring_minutes peer_retention_seconds" },
	{ "show_stats_list", NULL, "metrics[]", "name unit scope" },
	{ "show_stats_peers", NULL, "", "peers count" },
	{ "show_stats_peers", NULL, "peers[]",
	  "npub node_addr display_name is_active first_seen_secs_ago last_contact_secs_ago" },
	{ "show_stats_history", "{\"metric\":\"bytes_in\"}", "",
	  "metric unit granularity_seconds values" },
	{ "show_stats_all_history", NULL, "", "granularity_seconds window_seconds peer series" },
	{ "show_stats_all_history", "{\"window\":\"5s\"}", "series[]",
	  "metric unit granularity_seconds values" },
	{ "show_stats_history_all_peers", "{\"metric\":\"srtt_ms\",\"window\":\"5s\"}", "",
	  "metric unit granularity_seconds window_seconds peers" },
	{ "show_stats_history_all_peers", "{\"metric\":\"srtt_ms\",\"window\":\"5s\"}", "peers[]",
	  "node_addr display_name is_active values" },
};

/* The object at a path such as "peers[].stats"; borrowed. */
static json_t *at(json_t *o, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, ".[");
		char key[64];

		snprintf(key, sizeof key, "%.*s", (int)n, path);
		o = json_object_get(o, key);
		path += n;
		if (!strncmp(path, "[]", 2)) {
			o = json_array_get(o, 0);
			path += 2;
		}
		path += *path == '.';
	}
	return o;
}

static bool listed(const char *keys, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = keys; (p = strstr(p, key)); p++)
		if ((p == keys || p[-1] == ' ') && strchr(" ?", p[n]))
			return true;
	return false;
}

static void check_keys(json_t *o, const struct shape *s)
{
	const char *name;
	json_t *value;

	ck_assert_msg(json_is_object(o), "%s has no %s", s->command, s->at);
	json_object_foreach(o, name, value)
		ck_assert_msg(strstr(s->keys, "...") || listed(s->keys, name), "%s %s: %s", s->command, s->at, name);
	for (const char *p = s->keys; *p;) {
		size_t n = strcspn(p, " ");
		char key[64];

		snprintf(key, sizeof key, "%.*s", (int)n, p);
		if (key[n - 1] != '?' && strcmp(key, "..."))
			ck_assert_msg(json_object_get(o, key) != NULL, "%s %s: no %s", s->command,
			              s->at, key);
		p += n + (p[n] == ' ');
	}
}

START_TEST(keys)
{
	busy_pair();
	for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		for (unsigned side = 0; side < PAIR; side++) {
			json_t *data = ask(side, shapes[i].command, shapes[i].params);

			check_keys(at(data, shapes[i].at), &shapes[i]);
			json_decref(data);
		}
	}
	whole_close_all();
}
END_TEST

/* ---- values ---- */

static json_int_t number(json_t *o, const char *path)
{
	json_t *v = at(o, path);

	ck_assert_msg(json_is_integer(v), "%s", path);
	return json_integer_value(v);
}

static void is_text(json_t *o, const char *path, const char *want)
{
	const char *text = json_string_value(at(o, path));

	ck_assert_msg(text && !strcmp(text, want), "%s: %s", path, text ? text : "no text");
}

START_TEST(status)
{
	json_t *o;

	busy_pair();
	o = ask(0, "show_status", NULL);
	is_text(o, "npub", whole_mesh(0)->me.npub);
	is_text(o, "state", "running");
	is_text(o, "tun_state", "disabled");
	is_text(o, "tun_name", "-");
	is_text(o, "version", "millrace test");
	ck_assert_int_eq(number(o, "peer_count"), 1);
	ck_assert_int_eq(number(o, "link_count"), 1);
	ck_assert_int_eq(number(o, "session_count"), 1);
	ck_assert_int_eq(number(o, "connection_count"), 0);
	ck_assert_int_eq(number(o, "transport_peer_counts.udp"), 1);
	ck_assert_int_eq(number(o, "effective_ipv6_mtu"), 1472 - 77);
	ck_assert_int_eq(number(o, "pid"), getpid());
	ck_assert_uint_ge(json_array_size(at(o, "sparklines.peer_count")), 12);
	json_decref(o);
	mr_control_stop(mr_engine_host_state(node[0].engine));
	o = ask(0, "show_status", NULL);
	is_text(o, "state", "draining");
	json_decref(o);
	whole_run(50);
	whole_close_all();
}
END_TEST

START_TEST(peers_and_sessions)
{
	char npub[FIPS_KEY_TEXT];
	json_t *o;

	busy_pair();
	whole_npub(1, npub);
	o = ask(0, "show_peers", NULL);
	is_text(o, "peers[].npub", npub);
	is_text(o, "peers[].direction", "outbound");
	is_text(o, "peers[].connectivity", "connected");
	is_text(o, "peers[].transport_addr", "10.0.0.2:2121");
	ck_assert_int_ge(number(o, "peers[].authenticated_at_ms"), (json_int_t)(WALL / MS) + 5000);
	ck_assert_int_le(number(o, "peers[].last_seen_ms"),
	                 (json_int_t)((WALL + air.now) / MS));
	ck_assert_int_gt(number(o, "peers[].stats.packets_sent"), 4);
	ck_assert_int_gt(number(o, "peers[].noise.highest_recv_counter"), 4);
	json_decref(o);
	o = ask(1, "show_peers", NULL);
	is_text(o, "peers[].direction", "inbound");
	json_decref(o);
	o = ask(0, "show_sessions", NULL);
	is_text(o, "sessions[].npub", npub);
	is_text(o, "sessions[].state", "established");
	ck_assert_int_gt(number(o, "sessions[].mmp.path_mtu"), 1000);
	ck_assert_int_ge(number(o, "sessions[].stats.packets_sent"), 2);
	json_decref(o);
	o = ask(0, "show_stats_peers", NULL);
	is_text(o, "peers[].npub", npub);
	ck_assert_int_eq(number(o, "count"), 1);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* Where both stand in their tree of two, as each of them says. */
START_TEST(tree_and_filters)
{
	struct fips_addr me[PAIR];
	char text[PAIR][FIPS_ADDR_TEXT];
	unsigned root;
	json_t *o;

	busy_pair();
	for (unsigned i = 0; i < PAIR; i++) {
		me[i] = whole_mesh(i)->me.addr;
		fips_addr_text(&me[i], text[i]);
	}
	root = fips_addr_cmp(&me[0], &me[1]) > 0;
	for (unsigned i = 0; i < PAIR; i++) {
		o = ask(i, "show_tree", NULL);
		is_text(o, "root", text[root]);
		is_text(o, "parent", text[root]);
		is_text(o, "my_coords[]", text[i]);
		is_text(o, "root_npub", whole_mesh(root)->me.npub);
		is_text(o, "peers[].node_addr", text[!i]);
		ck_assert_int_eq(number(o, "depth"), i != root);
		ck_assert_int_eq(json_is_true(at(o, "is_root")), i == root);
		ck_assert_int_eq(number(o, "peers[].distance_to_us"), 1);
		ck_assert_int_eq(number(o, "peer_tree_count"), 1);
		ck_assert_uint_eq(json_array_size(at(o, "my_coords")), i == root ? 1 : 2);
		ck_assert_int_gt(number(o, "declaration_sequence"), 0);
		ck_assert_int_gt(number(o, "stats.accepted"), 0);
		json_decref(o);
		o = ask(i, "show_peers", NULL);
		ck_assert_int_eq(json_is_true(at(o, "peers[].is_parent")), i != root);
		ck_assert_int_eq(json_is_true(at(o, "peers[].is_child")), i == root);
		ck_assert(json_is_true(at(o, "peers[].has_tree_position")));
		ck_assert(json_is_true(at(o, "peers[].has_bloom_filter")));
		ck_assert_int_eq(number(o, "peers[].tree_depth"), i == root);
		ck_assert(json_is_real(at(o, "peers[].effective_depth")));
		json_decref(o);
		o = ask(i, "show_bloom", NULL);
		ck_assert_int_eq(json_is_null(at(o, "uptree_fill_ratio")), i == root);
		ck_assert_int_eq(number(o, "peer_filters[].set_bits"), 5);
		json_decref(o);
		o = ask(i, "show_status", NULL);
		ck_assert_int_eq(number(o, "estimated_mesh_size"), 2);
		ck_assert_int_eq(json_is_true(at(o, "is_root")), i == root);
		json_decref(o);
	}
	whole_close_all();
}
END_TEST

/* A handshake that nobody answers. */
START_TEST(connections)
{
	char peers[512], npub[FIPS_KEY_TEXT];
	json_t *o;

	whole_reset();
	whole_npub(1, npub);
	whole_open(0, "", whole_dial(1, peers));
	whole_run(3500);
	o = ask(0, "show_connections", NULL);
	check_keys(at(o, "connections[]"),
	           &(struct shape){ "show_connections", NULL, "connections[]",
	                            "link_id direction handshake_state started_at_ms idle_ms "
	                            "resend_count expected_peer" });
	is_text(o, "connections[].direction", "outbound");
	is_text(o, "connections[].handshake_state", "sent_msg1");
	is_text(o, "connections[].expected_peer", npub);
	ck_assert_int_eq(number(o, "connections[].resend_count"), 2);
	json_decref(o);
	o = ask(0, "show_links", NULL);
	is_text(o, "links[].state", "connecting");
	json_decref(o);
	o = ask(0, "show_peers", NULL);
	ck_assert_uint_eq(json_array_size(at(o, "peers")), 0);
	json_decref(o);
	whole_run(28000); /* it has given up, and will dial again */
	o = ask(0, "show_routing", NULL);
	check_keys(at(o, "retries[]"),
	           &(struct shape){ "show_routing", NULL, "retries[]",
	                            "node_addr display_name retry_count retry_after_ms "
	                            "auto_reconnect" });
	ck_assert_int_ge(number(o, "retries[].retry_count"), 1);
	ck_assert_int_gt(number(o, "retries[].retry_after_ms"),
	                 (json_int_t)((WALL + air.now) / MS));
	ck_assert(json_is_true(at(o, "retries[].auto_reconnect")));
	json_decref(o);
	whole_close_all();
}
END_TEST

/* As long as it was asked for, newest last, null where there is nothing. */
START_TEST(history)
{
	char npub[FIPS_KEY_TEXT], params[256];
	json_t *o, *values;

	busy_pair();
	o = ask(0, "show_stats_history", "{\"metric\":\"peer_count\",\"window\":\"1m\"}");
	values = at(o, "values");
	ck_assert_uint_eq(json_array_size(values), 60);
	ck_assert(json_is_null(json_array_get(values, 0)));
	ck_assert(json_is_real(json_array_get(values, 59)));
	ck_assert_double_eq(json_real_value(json_array_get(values, 59)), 1);
	is_text(o, "unit", "peers");
	json_decref(o);
	o = ask(0, "show_stats_history",
	        "{\"metric\":\"peer_count\",\"window\":\"24h\",\"granularity\":\"1m\"}");
	ck_assert_uint_eq(json_array_size(at(o, "values")), 1440);
	ck_assert_int_eq(number(o, "granularity_seconds"), 60);
	json_decref(o);
	o = ask(0, "show_stats_history", "{\"metric\":\"peer_count\",\"window\":\"24h\"}");
	ck_assert_uint_eq(json_array_size(at(o, "values")), 3600);
	json_decref(o);
	whole_npub(1, npub);
	snprintf(params, sizeof params, "{\"metric\":\"srtt_ms\",\"peer\":\"%s\"}", npub);
	o = ask(0, "show_stats_history", params);
	ck_assert_uint_eq(json_array_size(at(o, "values")), 600);
	ck_assert(json_is_real(json_array_get(at(o, "values"), 599)));
	json_decref(o);
	snprintf(params, sizeof params, "{\"peer\":\"%s\",\"window\":\"3s\"}", npub);
	o = ask(0, "show_stats_all_history", params);
	is_text(o, "peer", npub);
	ck_assert_uint_eq(json_array_size(at(o, "series")), 7);
	json_decref(o);
	o = ask(0, "show_stats_all_history", NULL);
	ck_assert_uint_eq(json_array_size(at(o, "series")), 10);
	ck_assert(json_is_null(at(o, "peer")));
	json_decref(o);
	whole_close_all();
}
END_TEST

/* Samples as they are written: to six decimals, what is none of them null. */
START_TEST(samples_as_text)
{
	static const struct {
		double      v;
		const char *text;
	} table[] = {
		{ 0, "0.0" },	      { 1, "1.0" },	     { 10, "10.0" },
		{ 0.5, "0.5" },	      { 0.25, "0.25" },	     { 0.000001, "0.000001" },
		{ 0.0000001, "0.0" }, { 1234.5625, "1234.5625" }, { 999999.5, "999999.5" },
		{ 4294967296, "4294967296.0" }, { -1, "null" },	     { 1e13, "null" },
		{ NAN, "null" },      { INFINITY, "null" },  { 0.99999999, "1.0" },
	};
	struct control *c;

	whole_link_up();
	c = mr_engine_host_state(node[0].engine);
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
		static const char line[] = "{\"command\":\"show_stats_history\",\"params\":"
					   "{\"metric\":\"mesh_size\",\"window\":\"1s\"}}";
		char want[64], *text;
		size_t len;

		mr_history_sample(c->history, &(struct history_gauges){ .mesh_size = table[i].v },
		                  air.now);
		text = ask_text(0, MR_ONELINE_READ, line, strlen(line), &len);
		snprintf(want, sizeof want, "\"values\":[%s]}}\n", table[i].text);
		ck_assert_msg(strstr(text, want) != NULL, "%s: %s", table[i].text, text);
		free(text);
	}
	whole_close_all();
}
END_TEST

/* ---- names, and what files may say ---- */

static void write_file(char path[64], const char *text)
{
	int fd;

	strcpy(path, "/tmp/millrace-query-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(names_and_lists)
{
	static char files[512];
	char hosts[64], allow[64], deny[64], text[512], npub[2][FIPS_KEY_TEXT], peers[512];
	json_t *o;

	whole_reset();
	whole_npub(1, npub[1]);
	whole_npub(0, npub[0]);
	snprintf(text, sizeof text, "Bee %s\n", npub[1]);
	write_file(hosts, text);
	snprintf(text, sizeof text, "# nobody\nbee\nbee\n%s\n", npub[0]);
	write_file(allow, text);
	write_file(deny, "ALL\n");
	snprintf(files, sizeof files,
	         ",\"acl\":{\"allow_file\":\"%s\",\"deny_file\":\"%s\"},\"hosts_file\":\"%s\"", allow,
	         deny, hosts);
	whole_files = files;
	whole_open(0, "", whole_dial(1, peers));
	whole_files = WHOLE_NO_FILES;
	whole_open(1, "", "");
	whole_run(1000);
	o = ask(0, "show_peers", NULL);
	is_text(o, "peers[].display_name", "bee");
	json_decref(o);
	o = ask(1, "show_peers", NULL);
	snprintf(text, sizeof text, "%.9s...%s", npub[0], npub[0] + strlen(npub[0]) - 4);
	is_text(o, "peers[].display_name", text);
	json_decref(o);
	o = ask(0, "show_acl", NULL);
	is_text(o, "effective_mode", "allow_then_deny_all");
	is_text(o, "default_decision", "deny");
	ck_assert(json_is_true(at(o, "deny_all")));
	ck_assert_uint_eq(json_array_size(at(o, "allow_file_entries")), 2);
	is_text(o, "allow_file_entries[]", "bee");
	ck_assert_uint_eq(json_array_size(at(o, "allow_entries")), 2);
	ck_assert_uint_eq(json_array_size(at(o, "deny_entries")), 0);
	json_decref(o);
	unlink(hosts);
	unlink(allow);
	unlink(deny);
	whole_close_all();
}
END_TEST

/* An alias with all that a terminal or JSON might choke on, cut in the middle of a letter. */
START_TEST(odd_names)
{
	static const char odd[] = "\\u001b[31m\\\"\\\\<\\u2028\\u009baaaaaaaaaaaa\xc3\xa4\xc3\xa4";
	char peers[1024], npub[FIPS_KEY_TEXT];
	const char *name;
	json_t *o;

	whole_reset();
	whole_npub(1, npub);
	snprintf(peers, sizeof peers,
	         "{\"npub\":\"%s\",\"alias\":\"%s\",\"addresses\":[{\"transport\":\"udp\","
	         "\"addr\":\"10.0.0.2:2121\"}]}", npub, odd);
	whole_open(0, "", peers);
	whole_open(1, "", "");
	whole_run(1000);
	o = ask(0, "show_peers", NULL);
	name = json_string_value(at(o, "peers[].display_name"));
	ck_assert_ptr_nonnull(name);
	ck_assert_int_eq(strncmp(name, "\x1b[31m\"\\<", 8), 0);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* ---- requests that are none ---- */

static const struct {
	const char *line, *message;
} wrong[] = {
	{ "", "invalid request: " },
	{ " ", "invalid request: " },
	{ "show_status", "invalid request: " },
	{ "{", "invalid request: " },
	{ "[]", "invalid request: missing field `command`" },
	{ "{}", "invalid request: missing field `command`" },
	{ "null", "invalid request: " },
	{ "{\"command\":null}", "invalid request: " },
	{ "{\"command\":7}", "invalid request: " },
	{ "{\"command\":[\"show_status\"]}", "invalid request: " },
	{ "{\"command\":\"show_status\"", "invalid request: " },
	{ "{\"command\":\"show_status\"}}", "invalid request: " },
	{ "{\"command\":\"show_status\"} {}", "invalid request: " },
	{ "{\"command\":\"show_status\",\"command\":\"show_peers\"}", "invalid request: " },
	{ "{\"command\":\"show_\\u0000status\"}", "invalid request: " },
	{ "{\"command\":\"\xff\"}", "invalid request: " },
	{ "{\"command\":\"\"}", "unknown command: " },
	{ "{\"command\":\"a\x7f" "b\"}", "unknown command: a?b" },
	{ "{\"command\":\"Show_status\"}", "unknown command: Show_status" },
	{ "{\"command\":\"show_gateway\"}", "unknown command: show_gateway" },
	{ "{\"command\":\"\\u001b[31m\\u00e4\"}", "unknown command: \x1b[31m\xc3\xa4" },
	{ "{\"command\":\"show_stats_history\"}", "missing params for show_stats_history" },
	{ "{\"command\":\"show_stats_history\",\"params\":null}",
	  "missing params for show_stats_history" },
	{ "{\"command\":\"show_stats_history\",\"params\":{}}", "missing 'metric' parameter" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":1}}",
	  "missing 'metric' parameter" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"srtt_ms\"}}",
	  "unknown metric: srtt_ms" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"bytes_in\",\"window\":\"\"}}",
	  "empty duration" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"bytes_in\",\"window\":\"10\"}}",
	  "invalid duration: 10" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"bytes_in\",\"window\":\"10d\"}}",
	  "unknown duration unit: d" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"bytes_in\","
	  "\"granularity\":\"2s\"}}", "unknown granularity: 2s (expected 1s or 1m)" },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"srtt_ms\",\"peer\":\"npub1\"}}",
	  "invalid peer npub: " },
	{ "{\"command\":\"show_stats_history\",\"params\":{\"metric\":\"bytes\",\"peer\":\"npub1\"}}",
	  "unknown peer metric: bytes" },
	{ "{\"command\":\"show_stats_all_history\",\"params\":{\"peer\":"
	  "\"npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m\"}}",
	  "peer not tracked in stats history: " },
	{ "{\"command\":\"show_stats_history_all_peers\"}",
	  "missing params for show_stats_history_all_peers" },
	{ "{\"command\":\"connect\"}", "missing params for connect" },
	{ "{\"command\":\"connect\",\"params\":7}", "missing params for connect" },
	{ "{\"command\":\"connect\",\"params\":{}}", "missing 'npub' parameter" },
	{ "{\"command\":\"connect\",\"params\":{\"npub\":\"x\"}}", "missing 'address' parameter" },
	{ "{\"command\":\"connect\",\"params\":{\"npub\":\"x\",\"address\":\"y\"}}",
	  "missing 'transport' parameter" },
	{ "{\"command\":\"connect\",\"params\":{\"npub\":\"x\",\"address\":\"y\",\"transport\":\"udp\"}}",
	  "invalid npub 'x': " },
	{ "{\"command\":\"disconnect\"}", "missing params for disconnect" },
	{ "{\"command\":\"probe_start\"}", "missing params for probe_start" },
	{ "{\"command\":\"probe_start\",\"params\":{}}", "missing 'npub' parameter" },
	{ "{\"command\":\"probe_start\",\"params\":{\"npub\":\"npub1\"}}", "invalid peer npub: " },
	{ "{\"command\":\"probe_start\",\"params\":{\"npub\":"
	  "\"npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m\"}}",
	  "cannot probe this node" },
	{ "{\"command\":\"probe_poll\"}", "missing 'probe_id' parameter" },
	{ "{\"command\":\"probe_poll\",\"params\":{\"probe_id\":\"1\"}}",
	  "missing 'probe_id' parameter" },
	{ "{\"command\":\"probe_poll\",\"params\":{\"probe_id\":-1}}",
	  "missing 'probe_id' parameter" },
	{ "{\"command\":\"probe_poll\",\"params\":{\"probe_id\":0}}", "unknown probe id: 0" },
	{ "{\"command\":\"probe_cancel\",\"params\":{\"probe_id\":7}}", "unknown probe id: 7" },
	{ "{\"command\":\"disconnect\",\"params\":{\"npub\":\"npub1\"}}", "invalid npub 'npub1': " },
	{ "{\"command\":\"disconnect\",\"params\":{\"npub\":"
	  "\"npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m\"}}",
	  "peer not found: npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m" },
};

START_TEST(requests_that_are_none)
{
	static const char deep[] = "{\"command\":\"show_status\",\"params\":[[[[[[[[[[[[[[[[[]]]]";
	json_t *o;

	whole_link_up();
	for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		refused(0, wrong[i].line, wrong[i].message);
	refused(0, deep, "invalid request: nested too deep");
	o = ask_raw(0, "{\"command\":\"show\0status\"}", 24);
	ck_assert_str_eq(json_string_value(json_object_get(o, "status")), "error");
	json_decref(o);
	/* what is not asked about does not matter, nor blanks around it */
	o = ask_raw(0, " {\"command\":\"show_acl\",\"id\":7,\"params\":null} \r", 46);
	ck_assert_str_eq(json_string_value(json_object_get(o, "status")), "ok");
	json_decref(o);
	whole_close_all();
}
END_TEST

/* All truncations of a good request are refused. */
START_TEST(truncated_requests)
{
	static const char good[] = "{\"command\":\"show_acl\",\"params\":{\"a\":[1,\"\\u00e4\"]}}";

	for (size_t n = 0; n < sizeof good; n++) {
		char *exact = malloc(n + 1), why[REQUEST_WRONG];
		struct request r;

		memcpy(exact, good, n);
		ck_assert_int_eq(mr_request_parse(&r, exact, n, why), n == sizeof good - 1);
		mr_request_close(&r);
		free(exact);
	}
}
END_TEST

START_TEST(fates)
{
	static const struct {
		enum mr_oneline_fate fate;
		const char          *answer;
	} table[] = {
		{ MR_ONELINE_EMPTY, "{\"status\":\"error\",\"message\":\"empty request\"}\n" },
		{ MR_ONELINE_LONG,
		  "{\"status\":\"error\",\"message\":\"read error: request too large\"}\n" },
		{ MR_ONELINE_LATE, "{\"status\":\"error\",\"message\":\"read timeout\"}\n" },
	};
	size_t len;

	whole_link_up();
	for (unsigned i = 0; i < 3; i++) {
		char *text = ask_text(0, table[i].fate, NULL, 0, &len);

		ck_assert_str_eq(text, table[i].answer);
		ck_assert_uint_eq(len, strlen(text));
		free(text);
	}
	whole_close_all();
}
END_TEST

static const struct {
	const char *text;
	uint64_t    seconds; /* 0: refused, unless it says 0 */
} durations[] = {
	{ "0s", 0 }, { "1s", 1 }, { "90s", 90 }, { "10m", 600 }, { "24h", 86400 }, { "007m", 420 },
	{ "", 0 }, { "s", 0 }, { "10", 0 }, { "1.5m", 0 }, { "-1s", 0 }, { " 1s", 0 }, { "1s ", 0 },
	{ "1 s", 0 }, { "1S", 0 }, { "99999999999999999999s", 0 }, { "18446744073709551617s", 0 },
};

START_TEST(duration)
{
	char why[REQUEST_WRONG];
	uint64_t seconds = 0;
	bool good = mr_request_duration(durations[_i].text, &seconds, why);

	ck_assert_int_eq(good, durations[_i].seconds || !strcmp(durations[_i].text, "0s"));
	if (good)
		ck_assert_uint_eq(seconds, durations[_i].seconds);
}
END_TEST

/* ---- commands ---- */

static const char *connect_to(unsigned n, const char *address, char line[512])
{
	char npub[FIPS_KEY_TEXT];

	whole_npub(n, npub);
	snprintf(line, 512,
	         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":\"%s\","
	         "\"transport\":\"udp\"}}", npub, address);
	return line;
}

static void accepted(unsigned i, const char *line)
{
	json_t *o = ask_raw(i, line, strlen(line));

	ck_assert_msg(!strcmp(json_string_value(json_object_get(o, "status")), "ok"), "%s",
	              json_string_value(json_object_get(o, "message")));
	json_decref(o);
}

/* A peer comes, goes, and comes again at another place; a reload takes it along. */
START_TEST(connect_and_disconnect)
{
	char line[512], npub[FIPS_KEY_TEXT], bye[256];
	struct mr_swapped swapped;

	whole_reset();
	whole_open(0, "", "");
	whole_open(1, "", "");
	whole_run(100);
	accepted(0, connect_to(1, "10.0.0.2:2121", line));
	ck_assert_uint_eq(mr_engine_host_deadline(node[0].engine), 0);
	whole_run(1000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	ck_assert_int_eq(whole_peer_state(1), FIPS_PEER_UP);

	ck_assert_int_ne(whole_swap(0, ",\"heartbeat_interval_secs\":7", "", &swapped),
	                 MR_SWAP_REFUSED);
	whole_run(5000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);

	whole_npub(1, npub);
	snprintf(bye, sizeof bye, "{\"command\":\"disconnect\",\"params\":{\"npub\":\"%s\"}}", npub);
	accepted(0, bye);
	whole_run(5000);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->links), 0);
	refused(0, bye, "peer not found: ");

	air.host[1] = 42;
	accepted(0, connect_to(1, "10.0.0.42:2121", line));
	whole_run(1000);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close_all();
}
END_TEST

static const struct {
	const char *address, *message;
} places[] = {
	{ "fd00::1", "'fd00::1' is a FIPS mesh address (fd00::/8), not a reachable udp endpoint" },
	{ "fd00::1:2121", "'fd00::1:2121' is a FIPS mesh address" },
	{ "[fdab:cdef::1]:2121", "'[fdab:cdef::1]:2121' is a FIPS mesh address" },
	{ "[fd00::1]", "'[fd00::1]' is a FIPS mesh address" },
	{ "FD12::1", "'FD12::1' is a FIPS mesh address" },
	{ "", "\"\" " },
	{ "10.0.0.2", "\"10.0.0.2\" " },
	{ "10.0.0.2:99999", "\"10.0.0.2:99999\" " },
	{ "[fc00::1]:2121", "\"[fc00::1]:2121\" " }, /* no socket of that family */
};

START_TEST(places_that_are_none)
{
	char line[512];

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
		refused(0, connect_to(1, places[i].address, line), places[i].message);
	refused(0, connect_to(0, "10.0.0.2:2121", line), "this is the node itself");
	whole_run(1000);
	ck_assert_uint_eq(air.sent[0], 0);
	whole_close_all();
}
END_TEST

/* R7: whoever is let near the socket adds no more peers than there is room for. */
START_TEST(guests_have_an_end)
{
	struct fips_curve curve = fips_curve_secp256k1();
	unsigned added = 0;

	whole_reset();
	whole_open(0, "", "");
	whole_run(100);
	for (unsigned i = 0; i < 200; i++) {
		uint8_t secret[FIPS_SECRET_LEN] = { 1, 2, (uint8_t)(i + 1) };
		struct fips_identity id;
		char line[512];
		json_t *o;

		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		snprintf(line, sizeof line,
		         "{\"command\":\"connect\",\"params\":{\"npub\":\"%s\",\"address\":"
		         "\"10.0.0.3:2121\",\"transport\":\"udp\"}}", id.npub);
		o = ask_raw(0, line, strlen(line));
		added += !strcmp(json_string_value(json_object_get(o, "status")), "ok");
		json_decref(o);
		whole_run(10);
	}
	ck_assert_uint_eq(added, 64);
	fips_curve_close(&curve);
	whole_close_all();
}
END_TEST

/* A node that is about to leave takes no more orders. */
START_TEST(nothing_at_the_end)
{
	char line[512];

	whole_link_up();
	mr_control_stop(mr_engine_host_state(node[0].engine));
	refused(0, connect_to(2, "10.0.0.4:2121", line), "node shutting down");
	whole_run(50);
	whole_close_all();
}
END_TEST

/* ---- probes ---- */

static json_int_t begin_probe(unsigned i, unsigned target)
{
	char params[256], npub[FIPS_KEY_TEXT];
	json_int_t id;
	json_t *o;

	whole_npub(target, npub);
	snprintf(params, sizeof params, "{\"npub\":\"%s\"}", npub);
	o = ask(i, "probe_start", params);
	check_keys(o, &(struct shape){ "probe_start", NULL, "",
	                               "probe_id npub node_addr display_name budget_ms" });
	is_text(o, "npub", npub);
	id = number(o, "probe_id");
	json_decref(o);
	return id;
}

static json_t *poll_probe(unsigned i, json_int_t id)
{
	char params[64];

	snprintf(params, sizeof params, "{\"probe_id\":%lld}", (long long)id);
	return ask(i, "probe_poll", params);
}

/* Let time pass until it is over; its report. */
static json_t *end_probe(unsigned i, json_int_t id)
{
	for (unsigned tries = 0; tries < 40; tries++) {
		json_t *o = poll_probe(i, id);

		if (!strcmp(json_string_value(at(o, "state")), "done"))
			return o;
		is_text(o, "report.overall", "running");
		json_decref(o);
		whole_run(500);
	}
	ck_abort_msg("the probe does not end");
}

static void stage_is(json_t *o, const char *stage, const char *verdict, const char *reason)
{
	char path[64];

	snprintf(path, sizeof path, "report.%s.verdict", stage);
	is_text(o, path, verdict);
	snprintf(path, sizeof path, "report.%s.reason", stage);
	if (reason)
		is_text(o, path, reason);
	else
		ck_assert(json_is_null(at(o, path)));
}

static const struct shape report_shapes[] = {
	{ "probe_poll", NULL, "report",
	  "probe_id target overall elapsed_ms tick_ms bloom discovery path session rtt cleanup" },
	{ "probe_poll", NULL, "report.target", "npub node_addr display_name ipv6_addr" },
	{ "probe_poll", NULL, "report.bloom", "verdict reason detail elapsed_ms fanout" },
	{ "probe_poll", NULL, "report.discovery",
	  "verdict reason detail elapsed_ms source attempts attempt_timeouts_secs" },
	{ "probe_poll", NULL, "report.path",
	  "verdict reason detail elapsed_ms computed_locally observed coords_known our_coords "
	  "their_coords our_depth their_depth same_root lca lca_depth tree_hops_up "
	  "tree_hops_down tree_distance next_hop no_hop_reason" },
	{ "probe_poll", NULL, "report.session",
	  "verdict reason detail elapsed_ms preexisting established path_mtu?" },
	{ "probe_poll", NULL, "report.rtt",
	  "verdict reason detail elapsed_ms rtt_ms? srtt_ms? reports_seen samples zero_samples "
	  "arith_failures" },
	{ "probe_poll", NULL, "report.cleanup",
	  "session_created_and_torn_down session_left_intact left_intact_reason lookup_issued "
	  "coords_were_cached identity_was_cached warmups_sent" },
};

static void check_report(json_t *o)
{
	for (unsigned i = 0; i < sizeof report_shapes / sizeof report_shapes[0]; i++)
		check_keys(at(o, report_shapes[i].at), &report_shapes[i]);
}

START_TEST(a_neighbour_is_probed)
{
	json_t *o;

	whole_link_up();
	whole_run(3000);
	o = end_probe(0, begin_probe(0, 1));
	check_report(o);
	is_text(o, "report.overall", "ok");
	stage_is(o, "bloom", "skipped", "cached");
	stage_is(o, "discovery", "skipped", "cached");
	stage_is(o, "path", "ok", NULL);
	stage_is(o, "session", "ok", NULL);
	stage_is(o, "rtt", "ok", NULL);
	is_text(o, "report.path.next_hop.class", "direct_peer");
	ck_assert_int_eq(number(o, "report.path.tree_distance"), 1);
	ck_assert_int_gt(number(o, "report.rtt.samples"), 0);
	json_decref(o);
	o = end_probe(0, begin_probe(0, 1));
	is_text(o, "report.overall", "ok");
	stage_is(o, "session", "skipped", "preexisting");
	ck_assert_int_eq(number(o, "report.probe_id"), 2);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* 0 - 1 - 2: its coordinates are looked for, and the way leads through the one between. */
START_TEST(a_far_node_is_probed)
{
	char hop[FIPS_ADDR_TEXT], peers[2][512], both[1100];
	json_t *o;

	whole_reset();
	snprintf(both, sizeof both, "%s,%s", whole_dial(0, peers[0]), whole_dial(2, peers[1]));
	whole_open(0, "", "");
	whole_open(1, "", both);
	whole_open(2, "", "");
	whole_run(8000);
	o = end_probe(0, begin_probe(0, 2));
	check_report(o);
	is_text(o, "report.overall", "ok");
	stage_is(o, "bloom", "ok", NULL);
	stage_is(o, "discovery", "ok", NULL);
	stage_is(o, "path", "ok", NULL);
	stage_is(o, "session", "ok", NULL);
	stage_is(o, "rtt", "ok", NULL);
	is_text(o, "report.discovery.source", "lookup");
	ck_assert_int_eq(number(o, "report.bloom.fanout"), 1);
	ck_assert_int_eq(number(o, "report.path.tree_distance"), 2);
	fips_addr_text(&whole_mesh(1)->me.addr, hop);
	is_text(o, "report.path.next_hop.node_addr", hop);
	ck_assert(json_is_false(at(o, "report.path.next_hop.direct_peer")));
	json_decref(o);
	o = ask(0, "show_cache", NULL);
	check_keys(at(o, "entries[]"),
	           &(struct shape){ "show_cache", NULL, "entries[]",
	                            "node_addr display_name ipv6_addr depth coords age_ms "
	                            "last_used_ms path_mtu?" });
	ck_assert_int_eq(number(o, "count"), 1);
	ck_assert_uint_eq(json_array_size(at(o, "entries[].coords")),
	                  (size_t)number(o, "entries[].depth") + 1);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* It has gone, and filters have not: what asks for it is shown, and ends. */
START_TEST(what_is_looked_for_is_shown)
{
	char peers[2][512], both[1100], target[FIPS_ADDR_TEXT];
	json_int_t id;
	json_t *o;

	whole_reset();
	snprintf(both, sizeof both, "%s,%s", whole_dial(0, peers[0]), whole_dial(2, peers[1]));
	whole_open(0, "", "");
	whole_open(1, "", both);
	whole_open(2, "", "");
	whole_run(8000);
	fips_addr_text(&whole_mesh(2)->me.addr, target);
	whole_close(2);
	id = begin_probe(0, 2);
	whole_run(500);
	o = ask(0, "show_routing", NULL);
	check_keys(at(o, "pending_lookups[]"),
	           &(struct shape){ "show_routing", NULL, "pending_lookups[]",
	                            "target display_name initiated_ms last_sent_ms attempt age_ms" });
	is_text(o, "pending_lookups[].target", target);
	ck_assert_int_eq(number(o, "pending_lookups[].attempt"), 1);
	ck_assert_int_eq(number(o, "lookup.req_initiated"), 1);
	json_decref(o);
	o = end_probe(0, id);
	is_text(o, "report.overall", "failed");
	stage_is(o, "bloom", "ok", NULL);
	stage_is(o, "discovery", "failed", "bloom_unconfirmed");
	ck_assert_int_gt(number(o, "report.discovery.attempts"), 1);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* Nobody's filter has it: over at once, told once. */
START_TEST(nobody_is_probed)
{
	json_int_t id;
	char line[128];
	json_t *o;

	whole_link_up();
	whole_run(3000);
	id = begin_probe(0, 2);
	o = poll_probe(0, id);
	check_report(o);
	is_text(o, "state", "done");
	is_text(o, "report.overall", "failed");
	stage_is(o, "bloom", "failed", "bloom_miss");
	stage_is(o, "session", "skipped", "not_reached");
	ck_assert(json_is_null(at(o, "report.session.elapsed_ms")));
	json_decref(o);
	snprintf(line, sizeof line, "{\"command\":\"probe_poll\",\"params\":{\"probe_id\":%lld}}",
	         (long long)id);
	refused(0, line, "unknown probe id: 1");
	whole_close_all();
}
END_TEST

/* The neighbour hears no more: its session is waited for, so many at a time, and one is called off. */
START_TEST(probes_have_an_end)
{
	char npub[FIPS_KEY_TEXT], line[256];
	json_int_t id[4];
	json_t *o;

	whole_link_up();
	whole_run(3000);
	whole_close(1);
	for (unsigned i = 0; i < 4; i++)
		id[i] = begin_probe(0, 1);
	whole_npub(1, npub);
	snprintf(line, sizeof line, "{\"command\":\"probe_start\",\"params\":{\"npub\":\"%s\"}}", npub);
	refused(0, line, "too many probes in flight");
	snprintf(line, sizeof line, "{\"probe_id\":%lld}", (long long)id[0]);
	json_decref(ask(0, "probe_cancel", line));
	o = poll_probe(0, id[0]);
	is_text(o, "report.overall", "cancelled");
	json_decref(o);
	o = end_probe(0, id[1]);
	is_text(o, "report.overall", "failed");
	stage_is(o, "session", "failed", "handshake_timeout");
	stage_is(o, "rtt", "skipped", "not_reached");
	json_decref(o);
	whole_run(31000); /* nobody asks for the others: they are forgotten */
	snprintf(line, sizeof line, "{\"command\":\"probe_poll\",\"params\":{\"probe_id\":%lld}}",
	         (long long)id[2]);
	refused(0, line, "unknown probe id: ");
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("query");
	TCase *tc = tcase_create("answers"), *none = tcase_create("requests"),
	      *commands = tcase_create("commands"), *probes = tcase_create("probes");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, keys);
	tcase_add_test(tc, status);
	tcase_add_test(tc, peers_and_sessions);
	tcase_add_test(tc, tree_and_filters);
	tcase_add_test(tc, connections);
	tcase_add_test(tc, history);
	tcase_add_test(tc, samples_as_text);
	tcase_add_test(tc, names_and_lists);
	tcase_add_test(tc, odd_names);
	suite_add_tcase(s, tc);
	tcase_add_test(none, requests_that_are_none);
	tcase_add_test(none, truncated_requests);
	tcase_add_test(none, fates);
	tcase_add_loop_test(none, duration, 0, sizeof durations / sizeof durations[0]);
	suite_add_tcase(s, none);
	tcase_add_test(commands, connect_and_disconnect);
	tcase_add_test(commands, places_that_are_none);
	tcase_add_test(commands, guests_have_an_end);
	tcase_add_test(commands, nothing_at_the_end);
	suite_add_tcase(s, commands);
	tcase_add_test(probes, a_neighbour_is_probed);
	tcase_add_test(probes, a_far_node_is_probed);
	tcase_add_test(probes, what_is_looked_for_is_shown);
	tcase_add_test(probes, nobody_is_probed);
	tcase_add_test(probes, probes_have_an_end);
	suite_add_tcase(s, probes);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
