/* What operators are told: the keys of every answer (operations.md 4.3), messages that clients
 * match, requests that are none, and the few commands that change something. */
#include "t/stages/query_bench.h"

#define LOOKUP                                                                                 \
	"req_received req_decode_error req_duplicate req_dedup_cache_full req_target_is_us "   \
	"req_forwarded req_forward_rate_limited req_ttl_exhausted req_no_tree_peer "           \
	"req_fallback_forwarded req_initiated req_deduplicated req_backoff_suppressed "        \
	"req_bloom_miss resp_received resp_decode_error resp_forwarded resp_identity_miss "    \
	"resp_proof_failed resp_accepted resp_no_route resp_timed_out ..."

static const struct shape shapes[] = {
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

int main(void)
{
	Suite *s = suite_create("query");
	TCase *tc = tcase_create("keys");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, keys);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, query_answers());
	suite_add_tcase(s, query_requests());
	suite_add_tcase(s, query_commands());
	suite_add_tcase(s, query_probes());
	suite_add_tcase(s, query_traces());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
