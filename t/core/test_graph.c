/* Graph files: what a good one becomes, and every complaint about a bad one. */
#include "core/graph.h"
#include "core/json.h"
#include "t/lib/toys.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct mr_graph *parse(const char *text, struct mr_report *r)
{
	struct mr_json *doc = mr_json_parse("g.json", text, strlen(text), r);
	struct mr_graph *g;

	ck_assert_msg(doc != NULL, "%s", r->n ? r->list[0].text : "");
	g = mr_graph_parse(doc, toys, r);
	mr_json_free(doc);
	ck_assert(!g == (r->errors > 0));
	return g;
}

static struct mr_graph *parse_good(const char *text)
{
	struct mr_report r = { 0 };
	struct mr_graph *g = parse(text, &r);

	ck_assert_msg(g && r.n == 0, "%s", r.n ? r.list[0].text : "");
	return g;
}

/* ---- a good one ---- */

static const char whole[] =
	"{ \"graph\": \"whole\", \"summary\": \"all \\\"parts\\\"\",\n"
	"  \"stages\": { \"host\": {}, \"tx\": { \"kind\": \"send\", \"affinity\": \"flow\" }, \"number\": {},\n"
	"              \"source\": { \"batch\": 8, \"threads\": 1 }, \"filter\": {} },\n"
	"  \"edges\": [ { \"from\": \"source.a\", \"to\": \"filter.in\", \"full\": \"wait\" },\n"
	"             { \"from\": \"filter.out\", \"to\": \"number\", \"full\": \"drop\", \"depth\": 64 },\n"
	"             { \"from\": \"number\", \"to\": \"tx.frames\", \"full\": \"wait\", \"depth\": 65536 },\n"
	"             { \"from\": \"filter.extra\", \"to\": \"host\", \"full\": \"drop\" },\n"
	"             { \"from\": \"host\", \"to\": \"filter.side\" } ],\n"
	"  \"workers\": { \"in\": { \"stages\": [ \"source\", \"filter\" ], \"cpu\": 3, \"idle\": { \"spin\": 50 } },\n"
	"               \"out\": { \"stages\": [ \"tx\" ], \"cpu\": [ 1, 2 ], \"idle\": \"park\" } } }";

START_TEST(a_whole_graph)
{
	struct mr_graph *g = parse_good(whole);

	ck_assert_str_eq(g->name, "whole");
	ck_assert_str_eq(g->summary, "all \"parts\"");
	ck_assert_str_eq(g->file, "g.json");
	ck_assert_uint_eq(g->stages, 5);
	ck_assert_uint_eq(g->edges, 5);

	ck_assert_str_eq(g->stage[1].name, "tx");
	ck_assert_str_eq(g->stage[1].kind->name, "send");
	ck_assert_int_eq(g->stage[1].affinity, MR_FLOW);
	ck_assert_uint_eq(g->stage[3].threads, 1);
	ck_assert_uint_eq(((struct toy *)g->stage[3].conf)->batch, 8);
	ck_assert_str_eq(((struct toy *)g->stage[3].conf)->label, "none");
	ck_assert_int_eq(g->stage[3].affinity, MR_ANY);

	ck_assert_uint_eq(g->edge[0].depth, MR_DEPTH);
	ck_assert_int_eq(g->edge[0].full, MR_WAIT);
	ck_assert_uint_eq(g->edge[1].depth, 64);
	ck_assert_int_eq(g->edge[1].full, MR_DROP);
	ck_assert_int_eq(g->edge[4].full, MR_DROP);
	ck_assert_uint_eq(g->edge[4].to, 4);
	ck_assert_uint_eq(g->edge[4].input, 1);
	ck_assert_int_eq(mr_graph_edge_at(g, 4, 1), 3);
	ck_assert_int_eq(mr_graph_edge_at(g, 3, 1), -1);

	ck_assert_uint_eq(g->places, 4);
	ck_assert_str_eq(g->place[0].name, "in");
	ck_assert_int_eq(g->place[0].cpu, MR_CPU_LIST);
	ck_assert_uint_eq(g->place[0].ncpu, 1);
	ck_assert_uint_eq(g->place[0].cpus[0], 3);
	ck_assert_uint_eq(g->place[0].spin_us, 50);
	ck_assert_uint_eq(g->place[1].ncpu, 2);
	ck_assert_uint_eq(g->place[1].spin_us, 0);
	ck_assert_str_eq(g->place[2].name, "host");
	ck_assert(g->place[2].host && !g->place[0].host && !g->place[3].host);
	ck_assert_str_eq(g->place[3].name, "number");
	ck_assert_uint_eq(g->stage[2].worker, 3);

	ck_assert(mr_graph_inline(g, &g->edge[0]));
	ck_assert(!mr_graph_inline(g, &g->edge[1]));
	ck_assert(!mr_graph_inline(g, &g->edge[3]));
	mr_graph_free(g);
}
END_TEST

START_TEST(order_is_the_way_of_packets)
{
	static const char *const want[] = { "source", "filter", "host", "number", "tx" };
	struct mr_graph *g = parse_good(whole);

	for (unsigned i = 0; i < g->stages; i++)
		ck_assert_str_eq(g->stage[g->order[i]].name, want[i]);
	mr_graph_free(g);
}
END_TEST

/* Printing a graph as JSON and reading that back changes nothing. */
START_TEST(json_and_back)
{
	struct mr_graph *g = parse_good(whole), *again;
	char *first = mr_graph_json(g), *second;

	ck_assert_ptr_nonnull(strstr(first, "\"label\": \"none\""));
	again = parse_good(first);
	second = mr_graph_json(again);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	mr_graph_free(g);
	mr_graph_free(again);
}
END_TEST

START_TEST(dot)
{
	struct mr_graph *g = parse_good(whole);
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_graph_print_dot(g, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "label=\"all \\\"parts\\\"\""));
	ck_assert_ptr_nonnull(strstr(text, "\"source\" -> \"filter\" [label=\"a > in\", style=\"solid\"]"));
	ck_assert_ptr_nonnull(strstr(text, "\"filter\" -> \"number\" [label=\"out > in\\n64\", style=\"dashed,bold\"]"));
	free(text);
	mr_graph_free(g);
}
END_TEST

/* A stage that asks for threads has workers to itself; what it shared keeps its own. */
START_TEST(threads_move_a_stage_out)
{
	static const char *const stages =
		"{ \"stages\": { \"source\": {}, \"filter\": { \"threads\": 4 }, \"f2\": { \"kind\": \"filter\" },"
		" \"number\": {}, \"send\": {} },"
		" \"edges\": [ { \"from\": \"source.a\", \"to\": \"filter.in\", \"full\": \"wait\" },"
		" { \"from\": \"filter.out\", \"to\": \"f2.in\", \"full\": \"wait\" },"
		" { \"from\": \"f2.out\", \"to\": \"number\", \"full\": \"wait\" },"
		" { \"from\": \"number\", \"to\": \"send.frames\", \"full\": \"wait\" } ], \"workers\": {"
		" \"w\": { \"stages\": [ \"source\", \"filter\" ] },"
		" \"v\": { \"stages\": [ \"f2\" ], \"threads\": 2, \"cpu\": \"auto\" } } }";
	static const unsigned replicas[] = { 1, 4, 2, 1, 1 };
	struct mr_graph *g = parse_good(stages), *again;
	char *first = mr_graph_json(g), *second;

	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(mr_graph_replicas(g, i), replicas[i]);
	ck_assert_str_eq(g->place[g->stage[1].worker].name, "filter");
	ck_assert_int_eq(g->stage[1].affinity, MR_DESTINATION);
	ck_assert_str_eq(g->place[g->stage[2].worker].name, "v");
	ck_assert_int_eq(g->place[g->stage[2].worker].cpu, MR_CPU_AUTO);
	again = parse_good(first);
	second = mr_graph_json(again);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	mr_graph_free(g);
	mr_graph_free(again);
}
END_TEST

/* Small good ones: unnamed, unplaced, with nulls for what is absent. */
static const char *const fine[] = {
	"{ \"stages\": { \"host\": {} } }",
	"{ \"stages\": { \"host\": {} }, \"edges\": null, \"workers\": null }",
	"{ \"stages\": { \"host\": null, \"source\": null, \"filter\": { \"kind\": \"filter\", \"threads\": null } },"
	"  \"edges\": [ { \"from\": \"source.a\", \"to\": \"filter.in\", \"full\": \"drop\" },"
	"             { \"from\": \"filter.out\", \"to\": \"host\", \"full\": \"drop\", \"depth\": null } ],"
	"  \"workers\": { \"h\": { \"stages\": [ \"host\" ], \"cpu\": null, \"idle\": null },"
	"               \"w\": { \"stages\": [ \"source\" ], \"cpu\": \"auto\" },"
	"               \"v\": { \"stages\": [ \"filter\" ], \"cpu\": \"any\" } } }",
};

START_TEST(small_ones)
{
	struct mr_graph *g = parse_good(fine[_i]);

	ck_assert_str_eq(g->name, "g");
	ck_assert_uint_eq(g->place[0].spin_us, 0);
	ck_assert(g->place[0].host);
	mr_graph_free(g);
}
END_TEST

/* ---- bad ones: everything that is said, a line each ---- */

#define STAGES "{ \"stages\": { \"source\": {}, \"filter\": {}, \"number\": {}, \"send\": {}, \"host\": {} },\n"
#define A      "{ \"from\": \"source.a\", \"to\": \"filter.in\", \"full\": \"wait\" }"
#define B      "{ \"from\": \"filter.out\", \"to\": \"number.in\", \"full\": \"drop\" }"
#define C      "{ \"from\": \"number.out\", \"to\": \"send.frames\", \"full\": \"wait\" }"
#define EDGES  "\"edges\": [ " A ", " B ", " C " ]"

static const struct {
	const char *text, *said;
} bad[] = {
	/* the file itself */
	{ "{}", "g.json:1:1: stages: is missing\n" },
	{ "{ \"stages\": {} }", "g.json:1:3: stages: a graph needs a stage\n" },
	{ "{ \"stages\": [], \"edges\": {}, \"workers\": 5, \"graph\": 6 }",
	  "g.json:1:44: graph: 6 is not a string\n"
	  "g.json:1:3: stages: an array is not an object\n"
	  "g.json:1:17: edges: an object is not an array\n"
	  "g.json:1:30: workers: 5 is not an object\n" },
	{ "{ \"stages\": { \"host\": {} }, \"egdes\": [] }",
	  "g.json:1:29: egdes: there is no such key; did you mean \"edges\"?\n" },
	{ "[]", "g.json:1:1: an array is not an object\ng.json:1:1: stages: is missing\n" },

	/* stages */
	{ "{ \"stages\": { \"hots\": {}, \"x\": { \"kind\": \"zebra\" } } }",
	  "g.json:1:15: stages.hots: there is no kind \"hots\"; did you mean \"host\"?\n"
	  "g.json:1:34: stages.x.kind: there is no kind \"zebra\"; there are source, filter, cross, "
	  "number, send, courier, host\n" },
	{ "{ \"stages\": { \"host\": 5 } }", "g.json:1:15: stages.host: 5 is not an object\n" },
	{ "{ \"stages\": { \"a b\": { \"kind\": \"host\" }, \"\": { \"kind\": \"host\" } } }",
	  "g.json:1:15: stages[\"a b\"]: the name of a stage is up to 31 letters, digits, '-' and '_'\n"
	  "g.json:1:42: stages[\"\"]: the name of a stage is up to 31 letters, digits, '-' and '_'\n" },
	{ "{ \"stages\": { \"host\": { \"threads\": 4, \"thread\": 1, \"affinity\": \"peer\" } } }",
	  "g.json:1:52: stages.host.affinity: \"peer\" is not for host, which takes any\n"
	  "g.json:1:39: stages.host.thread: there is no such key; did you mean \"threads\"?\n"
	  "g.json:1:25: stages.host.threads: 4 are too many: host runs on one thread\n" },
	{ "{ \"stages\": { \"host\": { \"threads\": 0, \"affinity\": \"deal\" } } }",
	  "g.json:1:25: stages.host.threads: 0 is below 1\n"
	  "g.json:1:39: stages.host.affinity: \"deal\" is not for host, which takes any\n" },

	/* settings of a kind */
	{ "{ \"stages\": { \"source\": { \"batch\": 65, \"bach\": 1 }, \"filter\": { \"batch\": 1 } },"
	  " \"edges\": [ " A ", { \"from\": \"filter\", \"to\": \"filter.side\", \"full\": \"drop\" } ] }",
	  "g.json:1:27: stages.source.batch: 65 is above 64\n"
	  "g.json:1:40: stages.source.bach: there is no such key; did you mean \"batch\"?\n"
	  "g.json:1:65: stages.filter.batch: there is no such key; there are kind, when, threads, affinity\n"
	  "g.json:1:153: edges[1].from: filter has 2 outputs: say which, as in \"filter.out\"; there are out, extra\n" },

	/* ports */
	{ STAGES "\"edges\": [] }",
	  "g.json:1:15: stages.source: no edge leads away from its output a\n"
	  "g.json:1:29: stages.filter: no edge leads to its input in\n"
	  "g.json:1:29: stages.filter: no edge leads away from its output out\n"
	  "g.json:1:43: stages.number: no edge leads to its input in\n"
	  "g.json:1:43: stages.number: no edge leads away from its output out\n"
	  "g.json:1:57: stages.send: no edge leads to its input frames\n" },
	{ STAGES "\"edges\": [ " A ",\n" B ",\n{ \"from\": \"number.uot\", \"to\": \"sned.frames\", \"full\": \"wait\" } ] }",
	  "g.json:4:3: edges[2].from: number has no output \"uot\"; did you mean \"out\"?\n"
	  "g.json:4:25: edges[2].to: there is no stage \"sned\"; did you mean \"send\"?\n" },
	/* a misspelt stage hides nothing but itself */
	{ STAGES "\"edges\": [ " A ",\n{ \"from\": \"filter.out\", \"to\": \"nubmer.in\", \"full\": \"drop\" } ] }",
	  "g.json:3:25: edges[1].to: there is no stage \"nubmer\"; did you mean \"number\"?\n"
	  "g.json:1:57: stages.send: no edge leads to its input frames\n" },
	{ STAGES EDGES ",\n\"x\": 1, \"workers\": { } }", "g.json:3:1: x: there is no such key; there are graph, summary, stages, edges, workers, $schema\n" },
	{ STAGES "\"edges\": [ " A ", " B ", " C ",\n{ \"from\": \"source.a\", \"to\": \"send.raw\", \"full\": \"drop\" },\n"
	  "{ \"from\": \"send\", \"to\": \"source\", \"full\": \"drop\" },\n"
	  "{ \"from\": \"zebra.a\", \"to\": \"filter.side\" },\n"
	  "{ \"to\": 5 },\n7 ] }",
	  "g.json:3:3: edges[3].from: output a of source feeds edges[0] already\n"
	  "g.json:4:3: edges[4].from: send has no output\n"
	  "g.json:4:19: edges[4].to: source has no input\n"
	  "g.json:5:3: edges[5].from: there is no stage \"zebra\"; there are source, filter, number, send, host\n"
	  "g.json:6:1: edges[6].from: is missing\n"
	  "g.json:6:3: edges[6].to: 5 is not a string\n"
	  "g.json:7:1: edges[7]: 7 is not an object\n" },

	/* full and depth */
	{ STAGES "\"edges\": [ " A ", " B ", " C ",\n{ \"from\": \"filter.extra\", \"to\": \"host\" },\n"
	  "{ \"from\": \"host\", \"to\": \"filter.side\", \"full\": \"drop\" } ] }",
	  "g.json:3:1: edges[3].full: is missing: say \"wait\" (hold the producer until there is room) "
	  "or \"drop\" (drop and count)\n"
	  "g.json:4:40: edges[4].full: edges out of host always drop what does not fit; leave full out\n" },
	{ STAGES "\"edges\": [ " A ", " B ", " C ",\n{ \"from\": \"filter.extra\", \"to\": \"host\", \"full\": \"wit\", \"depth\": 63 },\n"
	  "{ \"from\": \"source.b\", \"to\": \"host\", \"full\": \"drop\", \"depth\": 65537, \"dept\": 1 } ] }",
	  "g.json:3:56: edges[3].depth: 63 is below 64\n"
	  "g.json:3:41: edges[3].full: \"wit\" is not one of wait, drop; did you mean \"wait\"?\n"
	  "g.json:4:53: edges[4].depth: 65537 is above 65536\n"
	  "g.json:4:69: edges[4].dept: there is no such key; did you mean \"depth\"?\n" },

	/* numbers */
	{ STAGES "\"edges\": [ " A ", " B ",\n{ \"from\": \"number\", \"to\": \"send.frames\", \"full\": \"drop\" } ] }",
	  "g.json:3:42: edges[2].full: packets from number.out have their numbers already and cannot "
	  "be dropped on purpose: this edge must \"wait\"\n" },

	/* once, and hosts */
	{ "{ \"stages\": { \"send\": {}, \"s2\": { \"kind\": \"send\" }, \"host\": {}, \"h2\": { \"kind\": \"host\" },"
	  " \"number\": {} }, \"edges\": [ { \"from\": \"number\", \"to\": \"send.frames\", \"full\": \"wait\" },"
	  " { \"from\": \"host\", \"to\": \"s2.frames\" }, { \"from\": \"h2\", \"to\": \"number\" } ] }",
	  "g.json:1:27: stages.s2: send is of kind send already, of which a graph has one stage\n"
	  "g.json:1:65: stages.h2: host is the host of this graph already\n" },

	{ "{ \"stages\": { \"send\": {}, \"courier\": {}, \"number\": {}, \"source\": {} }, \"edges\": [ "
	  "{ \"from\": \"number\", \"to\": \"send.frames\", \"full\": \"wait\" }, "
	  "{ \"from\": \"source.a\", \"to\": \"courier.frames\", \"full\": \"wait\" }, "
	  "{ \"from\": \"source.b\", \"to\": \"number\", \"full\": \"wait\" } ] }",
	  "g.json:1:27: stages.courier: send sends already, and a graph has one stage for that\n" },

	/* replicas */
	{ "{ \"stages\": {\n\"source\": { \"threads\": 2 },\n"
	  "\"filter\": { \"threads\": 3, \"affinity\": \"any\" },\n"
	  "\"number\": { \"threads\": 2 },\n\"send\": { \"threads\": 17 } },\n" EDGES " }",
	  "g.json:5:11: stages.send.threads: 17 is above 16\n"
	  "g.json:2:13: stages.source.threads: 2 are too many: source runs on one thread\n"
	  "g.json:3:27: stages.filter.affinity: \"any\" does not pick among 3 replicas of filter, "
	  "which takes destination, peer then\n"
	  "g.json:4:13: stages.number.threads: 2 are too many: no affinity picks among several replicas of number\n" },
	{ "{ \"stages\": { \"source\": {}, \"filter\": {\n\"affinity\": \"flow\", \"threads\": 2 }, \"number\": {},"
	  " \"send\": {} },\n" EDGES ", \"workers\": {\n"
	  "\"w\": { \"stages\": [ \"source\" ], \"threads\": 2 } } }",
	  "g.json:4:32: workers.w.threads: 2 are too many for a worker that holds source, which runs on "
	  "one thread\n"
	  "g.json:2:1: stages.filter.affinity: \"flow\" does not pick among 2 replicas of filter, which "
	  "takes destination, peer then\n" },
	{ "{ \"stages\": { \"source\": {}, \"filter\": { \"threads\": 16 }, \"number\": {}, \"send\": {},"
	  " \"f2\": {\n\"kind\": \"filter\", \"threads\": 16 } }, \"edges\": [ " A ", " C ","
	  " { \"from\": \"filter.out\", \"to\": \"f2.in\", \"full\": \"wait\" },"
	  " { \"from\": \"f2.out\", \"to\": \"number\", \"full\": \"wait\" } ] }",
	  "g.json:1:41: stages.filter.threads: 16 make 35 workers in all, more than the 32 that a graph "
	  "may have\n" },
	{ "{ \"stages\": { \"source\": {},\n\"filter\": { \"threads\": 2 }, \"number\": {}, \"send\": {} },\n"
	  EDGES ", \"workers\": {\n\"filter\": { \"stages\": [ \"source\", \"filter\" ] } } }",
	  "g.json:2:1: stages.filter: asks for threads of its own and would get workers of its own, but "
	  "there is a worker named filter that holds other stages\n" },

	{ "{ \"stages\": { \"source\": {}, \"filter\": {\n\"affinity\": \"deal\", \"threads\": 2 }, \"number\": {},"
	  " \"send\": {} },\n" EDGES " }",
	  "g.json:2:1: stages.filter.affinity: \"deal\" is not for filter, which takes any, destination, peer, "
	  "flow\n" },

	/* workers */
	{ STAGES EDGES ", \"workers\": {\n\"w\": { \"stages\": [ \"source\", \"host\" ], \"idle\": { \"spin\": 9 } } } }",
	  "g.json:3:8: workers.w.stages: source cannot share a worker with the host, which runs on "
	  "the program's event loop\n"
	  "g.json:3:40: workers.w.idle: the host's worker cannot spin: it waits in the program's event loop\n" },
	{ STAGES EDGES ", \"workers\": {\n\"w\": { \"stages\": [ \"source\", \"fitler\", 5 ], \"treads\": 1 },\n"
	  "\"v\": { \"stages\": [ \"source\", \"number\" ], \"threads\": 2 },\n\"u\": {}, \"t\": 5,\n\"b c\": {} } }",
	  "g.json:3:45: workers.w.treads: there is no such key; did you mean \"threads\"?\n"
	  "g.json:3:30: workers.w.stages[1]: there is no stage \"fitler\"; did you mean \"filter\"?\n"
	  "g.json:3:40: workers.w.stages[2]: 5 is not the name of a stage\n"
	  "g.json:4:20: workers.v.stages[0]: source is on worker w already\n"
	  "g.json:5:1: workers.u.stages: a worker needs an array with at least one stage\n"
	  "g.json:5:10: workers.t: 5 is not an object\n"
	  "g.json:6:1: workers[\"b c\"]: the name of a worker is up to 31 letters, digits, '-' and '_'\n"
	  "g.json:4:42: workers.v.threads: 2 are too many: no affinity picks among several replicas of number\n" },
	{ STAGES EDGES ", \"workers\": {\n\"source\": { \"stages\": [ \"filter\" ] } } }",
	  "g.json:1:15: stages.source: is on no worker and would get one of its own, but there is a "
	  "worker named source that holds other stages\n" },
	{ STAGES EDGES ", \"workers\": {\n\"a\": { \"stages\": [ \"source\" ], \"cpu\": \"atuo\", \"idle\": \"spin\" },\n"
	  "\"b\": { \"stages\": [ \"filter\" ], \"cpu\": -1, \"idle\": { \"spin\": 0 } },\n"
	  "\"c\": { \"stages\": [ \"number\" ], \"cpu\": [], \"idle\": { \"spun\": 5 } },\n"
	  "\"d\": { \"stages\": [ \"send\" ], \"cpu\": [ 1, 5000, \"x\" ], \"idle\": 7 },\n"
	  "\"e\": { \"stages\": [ \"host\" ], \"cpu\": 1.5 } } }",
	  "g.json:3:32: workers.a.cpu: \"atuo\" is not a core, a list of cores, any or auto; did you mean \"auto\"?\n"
	  "g.json:3:47: workers.a.idle: \"spin\" is neither \"park\" nor {\"spin\": microseconds}\n"
	  "g.json:4:32: workers.b.cpu: -1 is not the number of a core, 0 to 4095\n"
	  "g.json:4:53: workers.b.idle.spin: 0 is below 1\n"
	  "g.json:5:32: workers.c.cpu: an empty list leaves no core to run on\n"
	  "g.json:5:43: workers.c.idle.spin: is missing\n"
	  "g.json:5:53: workers.c.idle.spun: there is no such key; did you mean \"spin\"?\n"
	  "g.json:6:42: workers.d.cpu[1]: 5000 is not the number of a core, 0 to 4095\n"
	  "g.json:6:48: workers.d.cpu[2]: \"x\" is not the number of a core, 0 to 4095\n"
	  "g.json:6:55: workers.d.idle: 7 is neither \"park\" nor {\"spin\": microseconds}\n"
	  "g.json:7:30: workers.e.cpu: 1.5 is not the number of a core, 0 to 4095\n" },
};

static char *printed(const struct mr_report *r)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	mr_report_print(r, out);
	fclose(out);
	return text;
}

START_TEST(mistakes)
{
	struct mr_report r = { 0 };
	char *said;

	ck_assert_ptr_null(parse(bad[_i].text, &r));
	said = printed(&r);
	ck_assert_str_eq(said, bad[_i].said);
	free(said);
	mr_report_free(&r);
}
END_TEST

/* ---- cycles: edges as "from>to/full", and the cycle that is reported, NULL: none ---- */

#define RING_STAGES "\"f\": { \"kind\": \"filter\" }, \"g\": { \"kind\": \"filter\" }, \"h\": { \"kind\": \"filter\" }, " \
		    "\"x\": { \"kind\": \"cross\" }, \"s\": { \"kind\": \"source\" }, \"host\": {}"

static const struct {
	const char *edges, *workers, *cycle;
} cycles[] = {
	/* f > g > h > f, all wait, on rings */
	{ "f.out>g.in/wait g.out>h.in/wait h.out>f.in/wait", "", "f.out -> g.in, g.out -> h.in, h.out -> f.in; one" },
	{ "f.out>g.in/wait g.out>h.in/drop h.out>f.in/wait", "", NULL },
	/* inline edges wait as well */
	{ "f.out>g.in/wait g.out>h.in/wait h.out>f.in/wait", "f g", "f.out -> g.in, g.out -> h.in, h.out -> f.in; one" },
	/* a cycle reached from outside is told without the way to it */
	{ "s.a>f.in/wait f.out>g.in/wait g.out>g.in/wait", "", "g.out -> g.in; one" },
	/* side does not reach out, so nothing waits for itself */
	{ "f.out>g.side/wait g.out>f.in/wait", "", NULL },
	{ "f.extra>g.side/wait g.extra>f.side/wait", "", "g.extra -> f.side, f.extra -> g.side; one" },
	/* two ways through one stage */
	{ "x.p>g.in/wait g.out>x.y/wait", "", NULL },
	{ "x.p>g.in/wait g.out>x.x/wait", "", "g.out -> x.x, x.p -> g.in; one" },
	{ "x.p>x.y/drop", "", "x.p -> x.y; move" },
	/* the host's edges drop */
	{ "f.out>host.msg/wait host.order>f.in/-", "", NULL },
	/* within one worker, drop does not help */
	{ "f.out>g.in/drop g.out>f.in/drop", "f g", "f.out -> g.in, g.out -> f.in; move" },
	{ "f.out>g.in/drop g.out>f.in/drop", "", NULL },
	{ "f.out>g.in/drop g.out>h.in/drop h.out>f.in/drop", "f g", NULL },
};

/* The graph text for one row of cycles; unconnected ports are none of its business. */
static char *cycle_text(const char *edges, const char *workers)
{
	char *text = NULL, from[32], to[32], full[32];
	size_t n;
	FILE *out = open_memstream(&text, &n);
	int used;

	fprintf(out, "{ \"stages\": { " RING_STAGES " }, \"edges\": [ ");
	for (const char *sep = "";
	     sscanf(edges, " %31[^>]>%31[^/]/%31s%n", from, to, full, &used) == 3;
	     edges += used, sep = ", ") {
		fprintf(out, "%s{ \"from\": \"%s\", \"to\": \"%s\"", sep, from, to);
		if (*full != '-')
			fprintf(out, ", \"full\": \"%s\"", full);
		fprintf(out, " }");
	}
	fprintf(out, " ]");
	if (*workers)
		fprintf(out, ", \"workers\": { \"w\": { \"stages\": [ \"%c\", \"%c\" ] } }",
		        workers[0], workers[2]);
	fprintf(out, " }");
	fclose(out);
	return text;
}

START_TEST(cycle_search)
{
	char *text = cycle_text(cycles[_i].edges, cycles[_i].workers), *said;
	struct mr_report r = { 0 };
	unsigned found = 0;

	mr_graph_free(parse(text, &r));
	said = printed(&r);
	for (unsigned i = 0; i < r.n; i++)
		found += strstr(r.list[i].text, "cycle") != NULL;
	if (cycles[_i].cycle)
		ck_assert_msg(strstr(said, cycles[_i].cycle) != NULL, "%s", said);
	ck_assert_msg((found > 0) == (cycles[_i].cycle != NULL), "%s", said);
	free(said);
	free(text);
	mr_report_free(&r);
}
END_TEST

/* ---- limits ---- */

START_TEST(limits)
{
	struct mr_report r = { 0 };
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	fprintf(out, "{ \"stages\": { ");
	for (int i = 0; i <= MR_STAGES_MAX; i++)
		fprintf(out, "%s\"f%d\": { \"kind\": \"cross\" }", i ? ", " : "", i);
	fprintf(out, " }, \"edges\": [ ");
	for (int i = 0; i <= MR_EDGES_MAX; i++)
		fprintf(out, "%s{}", i ? ", " : "");
	fprintf(out, " ], \"workers\": { ");
	for (int i = 0; i <= MR_WORKERS_MAX; i++)
		fprintf(out, "%s\"w%d\": { \"stages\": [ \"f%d\" ] }", i ? ", " : "", i, i);
	fprintf(out, " } }");
	fclose(out);
	ck_assert_ptr_null(parse(text, &r));
	ck_assert_uint_eq(r.n, 3);
	ck_assert_ptr_nonnull(strstr(r.list[0].text, "33 stages are more than the 32"));
	ck_assert_ptr_nonnull(strstr(r.list[1].text, "97 edges are more than the 96"));
	ck_assert_ptr_nonnull(strstr(r.list[2].text, "33 workers are more than the 32"));
	free(text);
	mr_report_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("graph");
	TCase *t = tcase_create("graph");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, a_whole_graph);
	tcase_add_test(t, order_is_the_way_of_packets);
	tcase_add_test(t, json_and_back);
	tcase_add_test(t, threads_move_a_stage_out);
	tcase_add_test(t, dot);
	tcase_add_loop_test(t, small_ones, 0, COUNT(fine));
	tcase_add_loop_test(t, mistakes, 0, COUNT(bad));
	tcase_add_loop_test(t, cycle_search, 0, COUNT(cycles));
	tcase_add_test(t, limits);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
