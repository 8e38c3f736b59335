/* Control in whole nodes: links and sessions come, move and go. */

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "fips/wire/link.h"
#include "stages/control/state.h"
#include "t/lib/whole.h"

START_TEST(a_link_comes_up)
{
	whole_link_up();
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	ck_assert_int_eq(whole_peer_state(1), FIPS_PEER_UP);
	for (unsigned i = 0; i < PAIR; i++) {
		ck_assert_uint_eq(mr_table_count(whole_mesh(i)->index), 1);
		ck_assert_uint_eq(mr_table_count(whole_mesh(i)->links), 1);
		ck_assert_uint_eq(control_count(i, "missed-events"), 0);
	}
	whole_close_all();
}
END_TEST

START_TEST(packets_go_both_ways)
{
	uint8_t sent[300];

	whole_link_up();
	for (unsigned k = 0; k < 4; k++) {
		unsigned from = k % 2;

		whole_say(from, &whole_mesh(!from)->me.addr, sizeof sent, (uint8_t)(k + 1));
		memcpy(sent, air.packet, sizeof sent);
		whole_run(50);
		ck_assert_uint_eq(air.got[!from], k / 2 + 1);
		ck_assert_uint_eq(air.got_len[!from], sizeof sent);
		ck_assert_mem_eq(air.got_bytes[!from] + 8, sent + 8, sizeof sent - 8);
	}
	for (unsigned i = 0; i < PAIR; i++) {
		ck_assert(whole_in_session(i));
		ck_assert_uint_eq(mr_table_count(whole_mesh(i)->routes), 1);
	}
	whole_close_all();
}
END_TEST

/* Both have dialled: one link is left in the end. */
START_TEST(a_crossing_leaves_one_link)
{
	char peers[512];

	whole_reset();
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", whole_dial(0, peers));
	whole_run(20000);
	for (unsigned i = 0; i < PAIR; i++) {
		ck_assert_int_eq(whole_peer_state(i), FIPS_PEER_UP);
		ck_assert_uint_eq(mr_table_count(whole_mesh(i)->index), 1);
	}
	whole_say(0, &whole_mesh(1)->me.addr, 100, 7);
	whole_run(50);
	ck_assert_uint_eq(air.got[1], 1);
	whole_close_all();
}
END_TEST

START_TEST(a_peer_that_moves_is_followed)
{
	whole_link_up();
	air.host[0] = 77;
	whole_say(0, &whole_mesh(1)->me.addr, 100, 1);
	whole_run(50);
	ck_assert_uint_eq(air.got[1], 1);
	whole_say(1, &whole_mesh(0)->me.addr, 100, 1);
	whole_run(50);
	ck_assert_uint_eq(air.got[0], 1);
	ck_assert_uint_eq(control_count(1, "missed-events"), 0);
	whole_close_all();
}
END_TEST

START_TEST(stop_leaves_nothing_behind_at_the_neighbour)
{
	void *control;

	whole_link_up();
	whole_say(0, &whole_mesh(1)->me.addr, 100, 1);
	whole_run(50);
	control = mr_engine_host_state(node[0].engine);
	ck_assert(!mr_control_stopped(control));
	mr_control_stop(control);
	ck_assert_uint_eq(mr_engine_host_deadline(node[0].engine), 0);
	whole_run(50);
	ck_assert(mr_control_stopped(control));
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->index), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->links), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->sessions), 0);
	ck_assert_uint_eq(mr_table_count(whole_mesh(1)->routes), 0);
	whole_close_all();
}
END_TEST

/* Links that come and go: all that belonged to them is given back (a leak check sees the rest). */
START_TEST(a_silent_link_goes_and_comes_back)
{
	char peers[512];

	whole_reset();
	whole_open(0, ",\"heartbeat_interval_secs\":1,\"link_dead_timeout_secs\":3",
	           whole_dial(1, peers));
	whole_open(1, "", "");
	whole_run(50);
	for (unsigned k = 0; k < 3; k++) {
		whole_say(0, &whole_mesh(1)->me.addr, 100, 1);
		whole_run(50);
		ck_assert_uint_eq(air.got[1], k + 1);
		whole_close(1);
		whole_run(4000);
		ck_assert_int_ne(whole_peer_state(0), FIPS_PEER_UP);
		ck_assert_uint_eq(mr_table_count(whole_mesh(0)->links), 0);
		ck_assert_uint_eq(mr_table_count(whole_mesh(0)->sessions), 0);
		whole_open(1, "", "");
		node[1].seed.seed = 100 + k; /* another life */
		whole_run(30000);
		ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	}
	whole_close_all();
}
END_TEST

/* Nobody has that address: the program is told, and the table remembers it for a second. */
START_TEST(an_unknown_destination_is_unreachable)
{
	struct fips_addr nobody = { { 0xee, 1, 2, 3 } };

	whole_link_up();
	whole_say(0, &nobody, 100, 1);
	whole_run(10);
	ck_assert_uint_eq(air.got[0], 1);
	ck_assert_uint_eq(air.got_bytes[0][6], 58);
	ck_assert_uint_eq(air.got_bytes[0][40], 1);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->routes), 1);
	whole_run(1100);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->routes), 0);
	whole_close_all();
}
END_TEST

/* More handshakes than the node takes at once: nothing is lost uncounted, and it stays itself. */
START_TEST(a_flood_of_handshakes_is_limited)
{
	struct fips_via via = via_of(1);
	uint8_t packet[FIPS_MSG1_LEN] = { 0x01, 0, FIPS_MSG1_LEN - FIPS_LINK_PREFIX };

	whole_link_up();
	for (unsigned k = 0; k < 400; k++) {
		packet[8] = 2;
		packet[20] = (uint8_t)k;
		packet[21] = (uint8_t)(k >> 8);
		air_send(1, &via, packet, sizeof packet);
	}
	whole_run(200);
	ck_assert_uint_eq(control_count(0, "node-forged") + control_count(0, "node-limited"), 400);
	ck_assert_uint_gt(control_count(0, "node-limited"), 200);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close_all();
}
END_TEST

/* R17: a log that cannot be written to stops nothing. */
START_TEST(a_full_log_stops_nothing)
{
	int full = open("/dev/full", O_WRONLY);
	char peers[512];

	whole_reset();
	ck_assert_int_ge(full, 0);
	ck_assert_int_lt(write(full, "", 1), 0);
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	for (unsigned i = 0; i < PAIR; i++)
		mr_control_log(mr_engine_host_state(node[i].engine),
		               &(struct mr_log){ .level = MR_LOG_DEBUG, .fd = full,
		                                 .wall = mr_clock_wall });
	whole_run(50);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_say(0, &whole_mesh(1)->me.addr, 100, 1);
	whole_run(50);
	ck_assert_uint_eq(air.got[1], 1);
	close(full);
	for (unsigned i = 0; i < PAIR; i++)
		mr_control_log(mr_engine_host_state(node[i].engine),
		               &(struct mr_log){ .level = MR_LOG_ERROR });
	whole_close_all();
}
END_TEST

START_TEST(peers_are_shown_as_json)
{
	char npub[FIPS_KEY_TEXT], *text;
	json_t *o, *peer, *self;

	whole_link_up();
	whole_npub(1, npub);
	text = mr_control_peers_json(mr_engine_host_state(node[0].engine), air.now);
	o = json_loads(text, 0, NULL);
	peer = json_array_get(json_object_get(o, "peers"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(peer, "npub")), npub);
	whole_npub(0, npub);
	self = json_object_get(o, "node");
	ck_assert_str_eq(json_string_value(json_object_get(self, "npub")), npub);
	ck_assert_int_eq(strncmp(json_string_value(json_object_get(self, "ipv6")), "fd", 2), 0);
	ck_assert_str_eq(json_string_value(json_object_get(peer, "state")), "up");
	ck_assert_str_eq(json_string_value(json_object_get(peer, "via")), "10.0.0.2:2121");
	json_decref(o);
	free(text);
	whole_close_all();
}
END_TEST

/* A counter's name is this and the count's, with hyphens. */
static void same_name(unsigned counter, const char *part, const char *count)
{
	char name[64];

	snprintf(name, sizeof name, "%s%s", part, count);
	for (char *p = name; *p; p++)
		*p = *p == '_' ? '-' : *p;
	ck_assert_str_eq(mr_control_counters[counter].name, name);
	ck_assert_ptr_nonnull(mr_control_counters[counter].help);
}

START_TEST(every_count_of_the_node_is_a_counter)
{
	for (unsigned i = 0; i < FIPS_NODE_COUNTS; i++)
		same_name(COUNT_NODE + i, "node-", fips_node_count_name((enum fips_node_count)i));
	for (unsigned i = 0; i < FIPS_TREE_COUNTS; i++)
		same_name(COUNT_TREE + i, "tree-", fips_tree_count_name((enum fips_tree_count)i));
	for (unsigned i = 0; i < FIPS_FILTERS_COUNTS; i++)
		same_name(COUNT_FILTERS + i, "bloom-",
		          fips_filters_count_name((enum fips_filters_count)i));
	for (unsigned i = 0; i < FIPS_LOOKUP_COUNTS; i++)
		same_name(COUNT_LOOKUPS + i, "lookup-",
		          fips_lookup_count_name((enum fips_lookup_count)i));
	for (unsigned i = 0; i < FIPS_SIGNALS_COUNTS; i++)
		same_name(COUNT_SIGNALS + i, "sig-",
		          fips_signal_count_name((enum fips_signal_count)i));
	ck_assert_ptr_null(mr_control_counters[COUNTS_CONTROL].name);
	whole_link_up();
	whole_run(6000);
	for (unsigned i = 0; i < PAIR; i++) {
		ck_assert_uint_eq(control_count(i, "tree-accepted") + control_count(i, "tree-stale"),
		                  control_count(i, "tree-received"));
		ck_assert_uint_ge(control_count(i, "tree-accepted"), 1);
		ck_assert_uint_ge(control_count(i, "bloom-sent"), 1);
	}
	whole_close_all();
}
END_TEST

static void spread(void)
{
	whole_spread = true;
}

static TCase *all(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_link_comes_up);
	tcase_add_test(tc, packets_go_both_ways);
	tcase_add_test(tc, a_crossing_leaves_one_link);
	tcase_add_test(tc, a_peer_that_moves_is_followed);
	tcase_add_test(tc, stop_leaves_nothing_behind_at_the_neighbour);
	tcase_add_test(tc, a_silent_link_goes_and_comes_back);
	tcase_add_test(tc, an_unknown_destination_is_unreachable);
	tcase_add_test(tc, a_flood_of_handshakes_is_limited);
	tcase_add_test(tc, a_full_log_stops_nothing);
	tcase_add_test(tc, peers_are_shown_as_json);
	tcase_add_test(tc, every_count_of_the_node_is_a_counter);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("control");
	TCase *several = all("nodes, several replicas of a stage");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, all("nodes"));
	tcase_add_checked_fixture(several, spread, NULL);
	suite_add_tcase(s, several);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
