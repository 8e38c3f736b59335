/* query_requests.c - requests that are none, and what is said to them. */
#include <stdlib.h>
#include <string.h>

#include "stages/control/query/request.h"
#include "t/stages/query_bench.h"

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
	{ "{\"command\":\"trace_start\",\"params\":{\"count\":0}}", "'count' is not a number in [1, 1000]" },
	{ "{\"command\":\"trace_start\",\"params\":{\"count\":1001}}", "'count' is not a number" },
	{ "{\"command\":\"trace_start\",\"params\":{\"count\":\"1\"}}", "'count' is not a number" },
	{ "{\"command\":\"trace_start\",\"params\":{\"every\":-1}}", "'every' is not a number" },
	{ "{\"command\":\"trace_start\",\"params\":{\"every\":1.5}}", "'every' is not a number" },
	{ "{\"command\":\"trace_start\",\"params\":{\"seconds\":601}}", "'seconds' is not a number in [1, 600]" },
	{ "{\"command\":\"trace_start\",\"params\":{\"stage\":\"tx\"}}", "the graph has no stage \"tx\"; there are " },
	{ "{\"command\":\"trace_start\",\"params\":{\"stage\":\"\"}}", "the graph has no stage \"\"" },
	{ "{\"command\":\"trace_start\",\"params\":{\"drop\":\"forgd\"}}", "no packet ends by \"forgd\"; there are any, and " },
	{ "{\"command\":\"trace_start\",\"params\":{\"drop\":\"fmp-open.forged\"}}", "no packet ends by " },
	{ "{\"command\":\"trace_start\",\"params\":{\"peer\":\"\"}}", "no node is called ''" },
	{ "{\"command\":\"trace_start\",\"params\":{\"peer\":\"fe80::1\"}}", "no node is called 'fe80::1'" },
	{ "{\"command\":\"trace_start\",\"params\":{\"peer\":\"0123456789abcdef0123456789abcdeg\"}}",
	  "no node is called '0123" },
	{ "{\"command\":\"trace_poll\"}", "missing 'trace_id' parameter" },
	{ "{\"command\":\"trace_poll\",\"params\":{\"trace_id\":0}}", "unknown trace id: 0" },
	{ "{\"command\":\"trace_poll\",\"params\":{\"trace_id\":1}}", "unknown trace id: 1" },
	{ "{\"command\":\"trace_stop\",\"params\":{\"trace_id\":\"1\"}}", "missing 'trace_id' parameter" },
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

TCase *query_requests(void)
{
	TCase *tc = tcase_create("requests");

	tcase_add_test(tc, requests_that_are_none);
	tcase_add_test(tc, truncated_requests);
	tcase_add_test(tc, fates);
	tcase_add_loop_test(tc, duration, 0, sizeof durations / sizeof durations[0]);
	return tc;
}
