# t: the tests, mirroring the tree.  Each test_x.c is a program of its own.

AM_TESTS_ENVIRONMENT = srcdir='$(abs_top_srcdir)'; export srcdir; \
	MILLRACE='$(abs_top_builddir)/millrace'; export MILLRACE; \
	CK_DEFAULT_TIMEOUT=120; export CK_DEFAULT_TIMEOUT; \
	TSAN_OPTIONS='suppressions=$(abs_top_srcdir)/t/tsan.supp'; export TSAN_OPTIONS;

LDADD = t/lib/librig.a $(MR_LIBS) $(LIBS_NEEDED) $(CHECK_LIBS)

check_LIBRARIES += t/lib/librig.a
t_lib_librig_a_SOURCES = \
	t/lib/accepts.c \
	t/lib/accepts.h \
	t/lib/actors.c \
	t/lib/actors.h \
	t/lib/always.h \
	t/lib/arrivals.c \
	t/lib/arrivals.h \
	t/lib/connected.c \
	t/lib/connected.h \
	t/lib/craft.c \
	t/lib/craft.h \
	t/lib/descriptors.c \
	t/lib/descriptors.h \
	t/lib/fate.c \
	t/lib/fate.h \
	t/lib/flow.c \
	t/lib/flow.h \
	t/lib/fmp_bench.c \
	t/lib/fmp_bench.h \
	t/lib/fsp_bench.c \
	t/lib/fsp_bench.h \
	t/lib/ip6.c \
	t/lib/ip6.h \
	t/lib/ipv4.c \
	t/lib/ipv4.h \
	t/lib/kept.c \
	t/lib/kept.h \
	t/lib/keys.c \
	t/lib/keys.h \
	t/lib/lanes.c \
	t/lib/lanes.h \
	t/lib/later.c \
	t/lib/later.h \
	t/lib/ledger.c \
	t/lib/ledger.h \
	t/lib/links.c \
	t/lib/links.h \
	t/lib/merged.c \
	t/lib/merged.h \
	t/lib/mock_seal.c \
	t/lib/mock_seal.h \
	t/lib/modules.c \
	t/lib/modules.h \
	t/lib/neighbour.c \
	t/lib/neighbour.h \
	t/lib/node_bench.c \
	t/lib/node_bench.h \
	t/lib/node_plane.c \
	t/lib/node_plane.h \
	t/lib/node_plane_acts.c \
	t/lib/node_plane_state.h \
	t/lib/node_plane_tables.c \
	t/lib/node_puppets.c \
	t/lib/node_transit.c \
	t/lib/node_transit.h \
	t/lib/pcapng.c \
	t/lib/pcapng.h \
	t/lib/plane_facts.c \
	t/lib/plane_facts.h \
	t/lib/provider.c \
	t/lib/provider.h \
	t/lib/reference.c \
	t/lib/reference.h \
	t/lib/reference_session.c \
	t/lib/refuse.c \
	t/lib/refuse.h \
	t/lib/stand_in_tag.h \
	t/lib/streams.c \
	t/lib/streams.h \
	t/lib/tun_pair.c \
	t/lib/tun_pair.h \
	t/lib/rig.c \
	t/lib/rig.h \
	t/lib/rig_run.c \
	t/lib/rig_state.h \
	t/lib/ring_mesh.c \
	t/lib/ring_mesh.h \
	t/lib/sanitized.h \
	t/lib/scan.c \
	t/lib/scan.h \
	t/lib/settings_all.c \
	t/lib/settings_all.h \
	t/lib/settings_cases.c \
	t/lib/settings_cases.h \
	t/lib/settings_docs.c \
	t/lib/settings_values.c \
	t/lib/settings_walk.h \
	t/lib/small_curve.c \
	t/lib/small_curve.h \
	t/lib/swap_file.c \
	t/lib/swap_file.h \
	t/lib/swap_kinds.c \
	t/lib/swap_kinds.h \
	t/lib/toys.c \
	t/lib/toys.h \
	t/lib/two_nodes.c \
	t/lib/two_nodes.h \
	t/lib/vectors.c \
	t/lib/vectors.h \
	t/lib/vectors_coords.c \
	t/lib/vectors_coords.h \
	t/lib/whole.c \
	t/lib/whole.h \
	t/lib/whole_air.c \
	t/lib/witness.c \
	t/lib/witness.h

test_programs = \
	t/cli/test_aead \
	t/cli/test_alive \
	t/cli/test_drawing \
	t/cli/test_doctor \
	t/cli/test_config \
	t/cli/test_fetch \
	t/cli/test_nodefile \
	t/cli/test_privileges \
	t/cli/test_sheet \
	t/cli/test_top \
	t/cli/test_settings \
	t/core/test_aead \
	t/core/test_aead_choice \
	t/core/test_cores \
	t/core/test_engine \
	t/core/test_err \
	t/core/test_field \
	t/core/test_graph \
	t/core/test_graph_flow \
	t/core/test_graph_when \
	t/core/test_hash \
	t/core/test_hist \
	t/core/test_http \
	t/core/test_http_server \
	t/core/test_json \
	t/core/test_deal \
	t/core/test_dns \
	t/core/test_lanes \
	t/core/test_lanes_load \
	t/core/test_log \
	t/core/test_loop \
	t/core/test_name \
	t/core/test_notify \
	t/core/test_oneline \
	t/core/test_orders \
	t/core/test_plan \
	t/core/test_plugins \
	t/core/test_pool \
	t/core/test_pulse \
	t/core/test_rand \
	t/core/test_replicas \
	t/core/test_ring \
	t/core/test_schema \
	t/core/test_secret \
	t/core/test_section \
	t/core/test_sojourn \
	t/core/test_stats \
	t/core/test_swap \
	t/core/test_swap_refused \
	t/core/test_table \
	t/core/test_trace \
	t/core/test_tsan \
	t/core/test_turns \
	t/core/test_wire \
	t/core/test_worker \
	t/core/test_yaml \
	t/fips/test_access \
	t/fips/test_cache \
	t/fips/test_filters \
	t/fips/test_forwards \
	t/fips/test_identity \
	t/fips/test_mesh_lookup \
	t/fips/test_mesh_signals \
	t/fips/test_nexthop \
	t/fips/test_node_aging \
	t/fips/test_node_chain \
	t/fips/test_node_configure \
	t/fips/test_node_found \
	t/fips/test_node_filters \
	t/fips/test_node_hostile \
	t/fips/test_node_known \
	t/fips/test_node_limits \
	t/fips/test_node_links \
	t/fips/test_node_lookup \
	t/fips/test_node_mesh5 \
	t/fips/test_node_metrics \
	t/fips/test_node_mtu \
	t/fips/test_node_pair \
	t/fips/test_node_reference \
	t/fips/test_node_rekey \
	t/fips/test_node_rekey_pair \
	t/fips/test_node_sessions \
	t/fips/test_node_signals \
	t/fips/test_node_strangers \
	t/fips/test_node_tree \
	t/fips/test_node_words \
	t/fips/test_noise \
	t/fips/test_path_csum \
	t/fips/test_path_icmp6 \
	t/fips/test_path_ip \
	t/fips/test_path_key \
	t/fips/test_path_learn \
	t/fips/test_path_link \
	t/fips/test_path_mss \
	t/fips/test_path_received \
	t/fips/test_path_session \
	t/fips/test_path_slots \
	t/fips/test_path_transit \
	t/fips/test_path_window \
	t/fips/test_path_written \
	t/fips/test_tree \
	t/fips/test_tree_mesh \
	t/fips/test_vectors_envelope \
	t/fips/test_vectors_fsp \
	t/fips/test_vectors_golden \
	t/fips/test_vectors_link \
	t/fips/test_vectors_lookup \
	t/fips/test_vectors_routing \
	t/fips/test_vectors_session \
	t/fips/test_vectors_tree \
	t/fips/test_wire_filter \
	t/fips/test_wire_ether \
	t/fips/test_wire_fsp \
	t/fips/test_wire_link \
	t/fips/test_wire_lookup \
	t/fips/test_wire_report \
	t/fips/test_wire_shim \
	t/fips/test_wire_stream \
	t/fips/test_wire_tree \
	t/lib/test_arrivals \
	t/lib/test_fate \
	t/lib/test_ipv4 \
	t/lib/test_later \
	t/lib/test_witness \
	t/plugins/test_impair \
	t/plugins/test_lanes \
	t/plugins/test_lanes_edges \
	t/plugins/test_lanes_mixed \
	t/plugins/test_pcapng \
	t/plugins/test_tap \
	t/stages/test_behind \
	t/stages/test_bounds \
	t/stages/test_bounds_control \
	t/stages/test_chain \
	t/stages/test_connected \
	t/stages/test_connected_send \
	t/stages/test_control \
	t/stages/test_control_access \
	t/stages/test_control_domain \
	t/stages/test_control_kept \
	t/stages/test_control_keys \
	t/stages/test_control_moves \
	t/stages/test_control_orders \
	t/stages/test_control_reports \
	t/stages/test_control_settings \
	t/stages/test_crowd \
	t/stages/test_data_path \
	t/stages/test_dealt \
	t/stages/test_ethernet \
	t/stages/test_fmp_number \
	t/stages/test_fmp_open \
	t/stages/test_fmp_open_keys \
	t/stages/test_fmp_seal \
	t/stages/test_fsp_number \
	t/stages/test_fsp_open \
	t/stages/test_fsp_open_keys \
	t/stages/test_fsp_seal \
	t/stages/test_history \
	t/stages/test_key_hygiene \
	t/stages/test_key_work \
	t/stages/test_merge \
	t/stages/test_open \
	t/stages/test_pages \
	t/stages/test_rekey \
	t/stages/test_query \
	t/stages/test_reload \
	t/stages/test_route \
	t/stages/test_rx \
	t/stages/test_rx_gro \
	t/stages/test_seal \
	t/stages/test_split \
	t/stages/test_targets \
	t/stages/test_through \
	t/stages/test_transit \
	t/stages/test_transports \
	t/stages/test_tun \
	t/stages/test_tun_device \
	t/stages/test_tun_offload \
	t/stages/test_tcp \
	t/stages/test_tcp_hostile \
	t/stages/test_tun_queues \
	t/stages/test_tx \
	t/stages/test_tx_gso \
	t/stages/test_udp
check_PROGRAMS += $(test_programs)
TESTS += $(test_programs)

# Tests of several subjects: a file each, and what they share.
t_cli_test_nodefile_SOURCES = \
	t/cli/nodefile_bench.c \
	t/cli/nodefile_bench.h \
	t/cli/nodefile_keys.c \
	t/cli/test_nodefile.c
t_core_test_aead_SOURCES = \
	t/core/aead_bench.c \
	t/core/aead_bench.h \
	t/core/aead_refused.c \
	t/core/aead_shapes.c \
	t/core/test_aead.c
t_core_test_stats_SOURCES = \
	t/core/stats_bench.c \
	t/core/stats_bench.h \
	t/core/stats_metrics.c \
	t/core/test_stats.c
t_core_test_trace_SOURCES = \
	t/core/test_trace.c \
	t/core/trace_bench.c \
	t/core/trace_bench.h \
	t/core/trace_life.c \
	t/core/trace_told.c
t_fips_test_node_tree_SOURCES = \
	t/fips/node_tree_ring.c \
	t/fips/node_tree_ring.h \
	t/fips/test_node_tree.c
t_fips_test_node_filters_SOURCES = \
	t/fips/node_filters_ring.c \
	t/fips/node_filters_ring.h \
	t/fips/test_node_filters.c
t_fips_test_tree_SOURCES = \
	t/fips/test_tree.c \
	t/fips/tree_announcing.c \
	t/fips/tree_bench.c \
	t/fips/tree_bench.h
t_fips_test_node_lookup_SOURCES = \
	t/fips/lookup_bench.c \
	t/fips/lookup_bench.h \
	t/fips/lookup_own.c \
	t/fips/test_node_lookup.c
t_fips_test_mesh_lookup_SOURCES = \
	t/fips/mesh_lookup_bench.c \
	t/fips/mesh_lookup_bench.h \
	t/fips/mesh_lookup_own.c \
	t/fips/mesh_lookup_signals.c \
	t/fips/test_mesh_lookup.c
t_stages_test_chain_SOURCES = \
	t/stages/chain_bench.c \
	t/stages/chain_bench.h \
	t/stages/test_chain.c
t_stages_test_query_SOURCES = \
	t/stages/query_answers.c \
	t/stages/query_bench.c \
	t/stages/query_bench.h \
	t/stages/query_commands.c \
	t/stages/query_probes.c \
	t/stages/query_traces.c \
	t/stages/query_requests.c \
	t/stages/test_query.c
t_stages_test_transit_SOURCES = \
	t/stages/test_transit.c \
	t/stages/transit_bench.c \
	t/stages/transit_bench.h \
	t/stages/transit_told.c

# These load modules with stages, which need all of the runtime in the program.
LDADD_STAGES = t/lib/librig.a $(MR_LIBS_WHOLE) $(LIBS_NEEDED) $(CHECK_LIBS)
t_plugins_test_impair_LDADD = $(LDADD_STAGES)
t_plugins_test_pcapng_LDADD = $(LDADD_STAGES)
t_plugins_test_tap_LDADD = $(LDADD_STAGES)
t_stages_test_pages_LDADD = $(LDADD_STAGES)
t_cli_test_settings_LDADD = $(LDADD_STAGES)
check_PROGRAMS += t/cli/settings_print
t_cli_settings_print_LDADD = $(LDADD_STAGES)

# These stand on the insides of a module.
lanes_tests = \
	t/plugins/test_lanes_mac \
	t/plugins/test_lanes_steps
if LANES
check_PROGRAMS += $(lanes_tests) t/plugins/lanes_secrets
TESTS += $(lanes_tests)
endif
t_plugins_lanes_secrets_LDADD = $(LIBS_LANES) $(LDADD)
t_plugins_test_lanes_mac_LDADD = $(LIBS_LANES) $(LDADD)
t_plugins_test_lanes_steps_LDADD = $(LIBS_LANES) $(LDADD)

test_scripts = \
	t/check_tree.sh \
	t/cli/test_cli.sh \
	t/cli/test_complete.sh \
	t/cli/test_exports.sh \
	t/cli/test_grafana.sh \
	t/cli/test_graphs_page.sh \
	t/cli/test_kind_pages.sh \
	t/cli/test_manual.sh \
	t/cli/test_reference.sh \
	t/cli/test_pages.sh \
	t/cli/test_reload.sh \
	t/cli/test_stage_page.sh \
	t/cli/test_top.sh \
	t/cli/test_troubles.sh \
	t/cli/test_schema.sh \
	t/cli/test_service.sh \
	t/lib/test_ends.sh \
	t/plugins/test_lanes_secrets.sh \
	t/stages/test_objects.sh
TESTS += $(test_scripts)
EXTRA_DIST += $(test_scripts) t/cli/alerts.yml t/cli/schema_check.py t/lib/lines.sh t/lib/page.sh t/lib/program.sh t/tsan.supp
