/* query_probes.c - probes of a node: what each step found, and that they end. */
#include <string.h>

#include "t/stages/query_bench.h"

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

/* The neighbour hears no more: its session is waited for, so many at a time,
 * and one is called off. */
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
	snprintf(line, sizeof line, "{\"command\":\"probe_start\",\"params\":{\"npub\":\"%s\"}}",
	         npub);
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

/* The other end begins anew in the midst of it, and so does what its session has counted. */
START_TEST(a_new_life_is_probed)
{
	char peer[512];
	bool over = false;
	json_int_t id;

	busy_pair();
	id = begin_probe(0, 1);
	whole_close(1);
	whole_life++;
	whole_open(1, "", whole_dial(0, peer));
	whole_run(100);
	for (unsigned i = 0; i < 200 && !over; i++) {
		json_t *o;

		whole_say(1, &whole_mesh(0)->me.addr, 300, 1);
		whole_run(100);
		o = poll_probe(0, id);
		ck_assert_int_le(number(o, "report.rtt.reports_seen"), 100);
		ck_assert_int_le(number(o, "report.rtt.samples"), 100);
		ck_assert_int_le(number(o, "report.rtt.zero_samples"), 100);
		over = !strcmp(json_string_value(at(o, "state")), "done");
		json_decref(o);
	}
	ck_assert(over);
	whole_life = 0;
	whole_close_all();
}
END_TEST

TCase *query_probes(void)
{
	TCase *tc = tcase_create("probes");

	tcase_add_test(tc, a_neighbour_is_probed);
	tcase_add_test(tc, a_far_node_is_probed);
	tcase_add_test(tc, what_is_looked_for_is_shown);
	tcase_add_test(tc, nobody_is_probed);
	tcase_add_test(tc, probes_have_an_end);
	tcase_add_test(tc, a_new_life_is_probed);
	return tc;
}
