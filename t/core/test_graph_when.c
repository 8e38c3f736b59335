/* Stages that wait for a key of the node file: there with it, else not there; their mistakes are
 * found either way. */
#include "core/graph.h"
#include "core/json.h"
#include "t/lib/toys.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A stage that waits for something in the node file is there with it, and else none of it is: no
 * edge of it, no place, and no worker that it would have to itself. */
static const char awaits[] =
	"{ \"stages\": { \"source\": {}, \"filter\": { \"when\": \"transports.tcp\" }, \"cross\": {},\n"
	"              \"host\": {} },\n"
	"  \"edges\": [ { \"from\": \"source.b\", \"to\": \"filter.in\", \"full\": \"wait\" },\n"
	"             { \"from\": \"source.a\", \"to\": \"cross.x\", \"full\": \"drop\" },\n"
	"             { \"from\": \"filter.out\", \"to\": \"cross.y\", \"full\": \"drop\" },\n"
	"             { \"from\": \"host\", \"to\": \"cross.y\" },\n"
	"             { \"from\": \"cross.p\", \"to\": \"host\", \"full\": \"drop\" },\n"
	"             { \"from\": \"cross.q\", \"to\": \"host\", \"full\": \"drop\" } ],\n"
	"  \"workers\": { \"in\": { \"stages\": [ \"source\", \"cross\" ] },\n"
	"               \"more\": { \"stages\": [ \"filter\" ] } } }";

static const struct {
	const char *node; /* NULL: none */
	unsigned    stages, edges, places;
} waits[] = {
	{ NULL, 3, 4, 2 },
	{ "{}", 3, 4, 2 },
	{ "{\"transports\":{\"udp\":{}}}", 3, 4, 2 },
	{ "{\"transports\":{\"tcp\":null}}", 3, 4, 2 },
	{ "{\"transports\":{\"tcp\":{}}}", 4, 6, 3 },
};

START_TEST(a_stage_may_wait_for_the_node_file)
{
	const char *text = waits[_i].node;
	struct mr_report r = { 0 };
	struct mr_json *doc = mr_json_parse("g.json", awaits, strlen(awaits), &r);
	struct mr_json *node = text ? mr_json_parse("n.json", text, strlen(text), &r) : NULL;
	struct mr_graph *g = mr_graph_parse_for(doc, node, toys, &r);

	ck_assert_msg(g && r.n == 0, "%s", r.n ? r.list[0].text : "");
	ck_assert_uint_eq(g->stages, waits[_i].stages);
	ck_assert_uint_eq(g->edges, waits[_i].edges);
	ck_assert_uint_eq(g->places, waits[_i].places);
	mr_graph_free(g);
	mr_json_free(doc);
	mr_json_free(node);
}
END_TEST

/* What they say is looked at all the same: each row is one change to the text above. */
static const struct {
	const char *old, *new, *said;
} unseen[] = {
	{ "{ \"when\"", "{ \"thread\": 1, \"when\"",
	  "stages.filter.thread: there is no such key; did you mean \"threads\"?" },
	{ "{ \"when\"", "{ \"threads\": 0, \"when\"", "stages.filter.threads: 0 is below 1" },
	{ "{ \"when\"", "{ \"kind\": \"filtre\", \"when\"",
	  "stages.filter.kind: there is no kind \"filtre\"; did you mean \"filter\"?" },
	{ "filter.in\", \"full\": \"wait\"", "filter.in\", \"full\": \"wat\"",
	  "edges[0].full: \"wat\" is not one of wait, drop; did you mean \"wait\"?" },
	{ "{ \"from\": \"filter.out\"", "{ \"dept\": 64, \"from\": \"filter.out\"",
	  "edges[2].dept: there is no such key; did you mean \"depth\"?" },
	{ "\"filter.in\"", "\"filter.inn\"",
	  "edges[0].to: filter has no input \"inn\"; did you mean \"in\"?" },
	{ "\"to\": \"cross.y\", \"full\": \"drop\"", "\"to\": \"crosss.y\", \"full\": \"drop\"",
	  "edges[2].to: there is no stage \"crosss\"; did you mean \"cross\"?" },
	{ "\"more\": {", "\"more\": { \"threads\": 17,", "workers.more.threads: 17 is above 16" },
	{ "\"more\": {", "\"more\": { \"cpu\": -1,",
	  "workers.more.cpu: -1 is not the number of a core, 0 to 4095" },
	{ "\"more\": {", "\"more\": { \"cpu\": [ 1, 2 ], \"idle\": { \"spin\": 0 },",
	  "workers.more.idle.spin: 0 is below 1" },
};

START_TEST(what_is_absent_is_checked)
{
	const char *old = unseen[_i].old, *at = strstr(awaits, old);
	struct mr_report r = { 0 };
	struct mr_json *doc;
	char text[1024], *said;
	int n;

	ck_assert_ptr_nonnull(at);
	n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - awaits), awaits, unseen[_i].new,
		     at + strlen(old));
	doc = mr_json_parse("g.json", text, (size_t)n, &r);
	ck_assert_ptr_null(mr_graph_parse_for(doc, NULL, toys, &r));
	ck_assert_uint_eq(r.errors, 1);
	said = strstr(r.list[0].text, ": ");
	ck_assert_ptr_nonnull(said);
	ck_assert_str_eq(said + 2, unseen[_i].said);
	mr_report_free(&r);
	mr_json_free(doc);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("graph_when");
	TCase *t = tcase_create("when");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, a_stage_may_wait_for_the_node_file, 0, (int)COUNT(waits));
	tcase_add_loop_test(t, what_is_absent_is_checked, 0, (int)COUNT(unseen));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
