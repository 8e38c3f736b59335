/* query_traces.c - packets followed at an operator's wish:
 * whose they are, how they end, and that a trace ends too. */
#include <string.h>

#include "t/stages/query_bench.h"

static json_int_t begin_trace(unsigned i, const char *params)
{
	json_t *o = ask(i, "trace_start", params);
	json_int_t id;

	check_keys(o, &(struct shape){ "trace_start", NULL, "", "trace_id" });
	id = number(o, "trace_id");
	json_decref(o);
	whole_run(2);
	return id;
}

static json_t *poll_trace(unsigned i, json_int_t id)
{
	char params[64];

	snprintf(params, sizeof params, "{\"trace_id\":%lld}", (long long)id);
	return ask(i, "trace_poll", params);
}

/* Until it is over, all its stories in one answer. */
static json_t *end_trace(unsigned i, json_int_t id)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		json_t *o = poll_trace(i, id);

		if (!strcmp(json_string_value(at(o, "state")), "done"))
			return o;
		is_text(o, "state", "running");
		ck_assert(json_is_null(at(o, "why")));
		ck_assert_uint_eq(json_array_size(at(o, "stories")), 0);
		json_decref(o);
		whole_run(20);
	}
	ck_abort_msg("the trace does not end");
}

static const struct shape shapes[] = {
	{ "trace_poll", NULL, "", "stories state why followed ended lost" },
	{ "trace_poll", NULL, "stories[]", "began_ms total_ns ended complete link session steps" },
	{ "trace_poll", NULL, "stories[].steps[]",
	  "stage replica worker at_ns waited_ns served_ns vector bytes what port? to? how?" },
};

/* "wire-in fmp-open ..." */
static void check_story(json_t *story, const char *stages, const char *what)
{
	json_t *steps = json_object_get(story, "steps"), *step = NULL;
	char got[256] = "";
	size_t i;

	json_array_foreach(steps, i, step)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "",
		         json_string_value(json_object_get(step, "stage")));
	ck_assert_str_eq(got, stages);
	ck_assert_str_eq(json_string_value(json_object_get(step, "what")), what);
	ck_assert(json_is_true(json_object_get(story, "ended")));
	ck_assert(json_is_true(json_object_get(story, "complete")));
}

/* How a peer may be called. */
static void name_of(unsigned i, unsigned how, char out[FIPS_KEY_TEXT])
{
	const struct fips_addr *addr = &whole_mesh(i)->me.addr;
	uint8_t ip[FIPS_IPV6_LEN];

	switch (how) {
	case 0: whole_npub(i, out); break;
	case 1: fips_addr_text(addr, out); break;
	case 2:
		fips_addr_to_ipv6(addr, ip);
		fips_ipv6_text(ip, out);
		break;
	}
}

/* A message out at the one node and in at the other,
 * whose name is each time that of the other end. */
START_TEST(a_message_is_followed)
{
	char params[256], name[FIPS_KEY_TEXT];
	json_int_t out, in;
	json_t *o;

	busy_pair();
	name_of(1, (unsigned)_i, name);
	snprintf(params, sizeof params, "{\"stage\":\"app-out\",\"peer\":\"%s\"}", name);
	out = begin_trace(0, params);
	name_of(0, (unsigned)_i, name);
	snprintf(params, sizeof params, "{\"stage\":\"app-in\",\"peer\":\"%s\",\"every\":1}", name);
	in = begin_trace(1, params);
	whole_say(0, &whole_mesh(1)->me.addr, 300, 1);
	o = end_trace(0, out);
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		check_keys(at(o, shapes[i].at), &shapes[i]);
	check_story(at(o, "stories[]"), "app-out route fsp-seal fmp-seal wire-out", "taken");
	ck_assert_int_eq(number(o, "stories[].steps[].bytes"), 300);
	ck_assert(json_is_string(at(o, "stories[].link")));
	ck_assert_str_eq(json_string_value(at(o, "stories[].link")),
	                 json_string_value(at(o, "stories[].session")));
	is_text(o, "why", "all that were asked for were found");
	json_decref(o);
	o = end_trace(1, in);
	check_story(at(o, "stories[]"), "wire-in sort fmp-open fsp-open app-in", "taken");
	ck_assert(json_is_string(at(o, "stories[].session")));
	json_decref(o);
	whole_close_all();
}
END_TEST

/* Of somebody who is not there nothing is shown, whatever others send;
 * nothing else ends as wanted either. */
START_TEST(others_are_not_shown)
{
	json_int_t id;
	json_t *o;

	busy_pair();
	id = begin_trace(0, "{\"peer\":\"0123456789abcdef0123456789abcdef\",\"seconds\":1,\"count\":3}");
	for (unsigned i = 0; i < 10; i++) {
		whole_say(0, &whole_mesh(1)->me.addr, 300, 1);
		whole_run(10);
	}
	o = end_trace(0, id);
	ck_assert_uint_eq(json_array_size(at(o, "stories")), 0);
	is_text(o, "why", "the time is over");
	ck_assert_int_ge(number(o, "followed"), 10);
	ck_assert_int_eq(number(o, "lost"), 0);
	json_decref(o);
	id = begin_trace(0, "{\"drop\":\"any\",\"seconds\":1}");
	whole_say(0, &whole_mesh(1)->me.addr, 300, 1);
	o = end_trace(0, id);
	ck_assert_uint_eq(json_array_size(at(o, "stories")), 0);
	json_decref(o);
	whole_close_all();
}
END_TEST

/* A frame that has been changed on its way ends as forged,
 * and has come from the neighbour it names. */
static uint64_t change(const struct flight *f)
{
	struct flight *changed = &air.flight[f - air.flight];

	if (f->to == 1 && f->len > 300)
		changed->bytes[f->len - 1] ^= 1;
	return MS;
}

START_TEST(a_forgery_has_a_story)
{
	json_int_t id;
	json_t *o;

	busy_pair();
	id = begin_trace(1, "{\"drop\":\"fmp-open forged\"}");
	air.fate = change;
	whole_say(0, &whole_mesh(1)->me.addr, 300, 1);
	o = end_trace(1, id);
	air.fate = NULL;
	check_story(at(o, "stories[]"), "wire-in sort fmp-open", "drop");
	is_text(json_array_get(at(o, "stories[].steps"), 2), "port", "forged");
	json_decref(o);
	whole_close_all();
}
END_TEST

/* One at a time; who does not ask any more has none; one is stopped. */
START_TEST(traces_have_an_end)
{
	json_int_t id;
	char line[128];

	whole_link_up();
	id = begin_trace(0, "{}");
	refused(0, "{\"command\":\"trace_start\"}", "somebody else is following packets");
	whole_run(3000);
	snprintf(line, sizeof line, "{\"command\":\"trace_poll\",\"params\":{\"trace_id\":%lld}}",
	         (long long)id);
	refused(0, line, "unknown trace id: 1");
	id = begin_trace(0, "{\"drop\":\"any\"}");
	snprintf(line, sizeof line, "{\"trace_id\":%lld}", (long long)id);
	json_decref(ask(0, "trace_stop", line));
	whole_run(10);
	snprintf(line, sizeof line, "{\"command\":\"trace_stop\",\"params\":{\"trace_id\":%lld}}",
	         (long long)id);
	refused(0, line, "unknown trace id: 2");
	whole_close_all();
}
END_TEST

TCase *query_traces(void)
{
	TCase *tc = tcase_create("traces");

	tcase_add_loop_test(tc, a_message_is_followed, 0, 3);
	tcase_add_test(tc, others_are_not_shown);
	tcase_add_test(tc, a_forgery_has_a_story);
	tcase_add_test(tc, traces_have_an_end);
	return tc;
}
