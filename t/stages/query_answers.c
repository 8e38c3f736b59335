/* query_answers.c - what is said of peers, links, the tree, the past; names and lists. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stages/control/query/history.h"
#include "stages/control/state.h"
#include "t/stages/query_bench.h"

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

/* Neighbours of which there is a history: those that are there first, each half by its name. */
START_TEST(who_is_there_comes_first)
{
	static const struct { uint8_t first_byte; bool gone; } kept[] = {
		{ 0x33, true }, { 0x99, false }, { 0x11, true }, { 0x55, false },
	};
	static const char *const want[] = { "55", "99", "11", "33" };
	struct control *c;
	json_t *o, *peers;

	whole_link_up();
	c = mr_engine_host_state(node[0].engine);
	for (unsigned sample = 0; sample < 2; sample++) {
		for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++) {
			struct history_link link = { .bytes_in = 100 };

			memset(&link.addr, kept[i].first_byte, sizeof link.addr);
			if (sample == 0 || !kept[i].gone)
				mr_history_link(c->history, &link, air.now);
		}
		mr_history_sample(c->history, &(struct history_gauges){ .peers = 4 }, air.now);
	}
	o = ask(0, "show_stats_history_all_peers", "{\"metric\":\"bytes_in\",\"window\":\"2s\"}");
	peers = json_incref(at(o, "peers"));
	json_decref(o);
	o = ask(0, "show_stats_peers", NULL);
	for (unsigned i = 0, n = 0; n < 4; i++) {
		const char *addr = json_string_value(at(json_array_get(peers, i), "node_addr"));

		ck_assert_ptr_nonnull(addr);
		ck_assert_str_eq(addr, json_string_value(
			                         at(json_array_get(at(o, "peers"), i), "node_addr")));
		if (strspn(addr, addr + 30) != 32 || addr[0] != addr[1])
			continue; /* the neighbour that it has */
		ck_assert_msg(!strncmp(addr, want[n], 2), "%u: %s", n, addr);
		ck_assert_int_eq(json_is_true(at(json_array_get(peers, i), "is_active")), n < 2);
		n++;
	}
	json_decref(peers);
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
	         ",\"acl\":{\"allow_file\":\"%s\",\"deny_file\":\"%s\"},\"hosts_file\":\"%s\"",
	         allow, deny, hosts);
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

TCase *query_answers(void)
{
	TCase *tc = tcase_create("answers");

	tcase_add_test(tc, status);
	tcase_add_test(tc, peers_and_sessions);
	tcase_add_test(tc, tree_and_filters);
	tcase_add_test(tc, connections);
	tcase_add_test(tc, history);
	tcase_add_test(tc, who_is_there_comes_first);
	tcase_add_test(tc, samples_as_text);
	tcase_add_test(tc, names_and_lists);
	tcase_add_test(tc, odd_names);
	return tc;
}
