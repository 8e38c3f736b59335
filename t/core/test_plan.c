/* What a plan makes of a graph: rings, room rules, gates, depths, pools. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/plan.h"
#include "t/lib/actors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define VIEW 1600

#define STAGES(s)    "{\"graph\":\"g\",\"stages\":{" s "},\"edges\":["
#define WORKERS(w)   "],\"workers\":{" w "}}"
#define ON(w, s)     "\"" w "\":{\"stages\":[" s "]}"
#define DEEP(a, b, full, depth) \
	"{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"" full "\",\"depth\":" depth "}"
#define EDGE(a, b, full) DEEP(a, b, full, "512")

struct desk {
	struct mr_json   *doc;
	struct mr_graph  *graph;
	struct mr_plan   *plan;
	struct mr_report  report;
};

static void lay_out(struct desk *d, const char *text)
{
	*d = (struct desk){ 0 };
	d->doc = mr_json_parse("g", text, strlen(text), &d->report);
	d->graph = mr_graph_parse(d->doc, actor_kinds, &d->report);
	if (!d->graph)
		mr_report_print(&d->report, stderr);
	ck_assert_ptr_nonnull(d->graph);
}

static void plan(struct desk *d, const char *text)
{
	lay_out(d, text);
	d->plan = mr_plan_make(d->graph, VIEW, &d->report);
	if (!d->plan)
		mr_report_print(&d->report, stderr);
	ck_assert_ptr_nonnull(d->plan);
}

static void clear(struct desk *d)
{
	mr_plan_free(d->plan);
	mr_graph_free(d->graph);
	mr_json_free(d->doc);
	mr_report_free(&d->report);
}

static unsigned stage(const struct desk *d, const char *name)
{
	for (unsigned i = 0; i < d->graph->stages; i++) {
		if (!strcmp(d->graph->stage[i].name, name))
			return i;
	}
	ck_abort_msg("no stage %s", name);
}

/* ---- room rules ---- */

/* A call's needs and gates as text: "sink.in:2 | b.in b.side". */
static void show_needs(const struct desk *d, const struct mr_needs *needs, char *text, size_t n)
{
	const struct mr_graph *g = d->graph;
	FILE *f = fmemopen(text, n, "w");

	for (unsigned i = 0; i < needs->n; i++) {
		const struct mr_edge *e = &g->edge[d->plan->ring[needs->need[i].ring].edge];

		fprintf(f, "%s.%s:%u ", g->stage[e->to].name,
		        g->stage[e->to].kind->inputs[e->input].name, needs->need[i].vectors);
	}
	fputc('|', f);
	for (unsigned i = 0; i < needs->gates; i++) {
		const struct mr_stage *s =
			&g->stage[d->plan->replica[needs->gate[i].replica].stage];

		fprintf(f, " %s.%s", s->name, s->kind->inputs[needs->gate[i].input].name);
	}
	fclose(f);
}

#define MIDS "\"source\":{},\"a\":{\"kind\":\"mid\"},\"b\":{\"kind\":\"mid\"},\"sink\":{}"
#define APART WORKERS(ON("w", "\"source\",\"a\",\"b\"") "," ON("v", "\"sink\""))
#define TOGETHER WORKERS(ON("w", "\"source\",\"a\",\"b\",\"sink\""))

static const struct {
	const char *graph, *stage;
	unsigned    input;
	const char *needs;
} rules[] = {
	/* inline all the way: nothing but gates */
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("b.out", "sink.in", "wait") TOGETHER, "source", MR_PORTS_MAX, "| a.in b.in sink.in" },
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("b.out", "sink.in", "wait") TOGETHER, "b", 0, "| sink.in" },
	/* the ring at the end */
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("b.out", "sink.in", "wait") APART, "source", MR_PORTS_MAX, "sink.in:1 | a.in b.in" },
	/* two ways to one ring */
	{ STAGES(MIDS) EDGE("source.a", "a.fan", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("a.aside", "b.side", "wait") "," EDGE("b.out", "sink.in", "wait") APART,
	  "source", MR_PORTS_MAX, "sink.in:2 | a.fan b.in b.side" },
	/* two ways to one input: it is one gate, called twice */
	{ STAGES(MIDS) EDGE("source.a", "a.fan", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("a.aside", "b.in", "wait") "," EDGE("b.out", "sink.in", "wait") APART,
	  "source", MR_PORTS_MAX, "sink.in:2 | a.fan b.in" },
	/* an input reaches what it says, pull reaches all */
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "sink.in", "wait") ","
	  EDGE("a.aside", "sink.side", "wait") "," EDGE("source.b", "b.in", "wait") APART,
	  "a", 0, "sink.in:1 |" },
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "sink.in", "wait") ","
	  EDGE("a.aside", "sink.side", "wait") "," EDGE("source.b", "b.in", "wait") APART,
	  "a", MR_PORTS_MAX, "sink.in:1 sink.side:1 |" },
	/* nothing is needed of what drops, nor behind it */
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "drop") ","
	  EDGE("b.out", "sink.in", "wait") APART, "source", MR_PORTS_MAX, "| a.in" },
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("b.out", "sink.in", "drop") APART, "source", MR_PORTS_MAX, "| a.in b.in" },
	/* a ring's far side is another worker's affair */
	{ STAGES(MIDS) EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("b.out", "sink.in", "wait")
	  WORKERS(ON("w", "\"source\"") "," ON("v", "\"a\",\"b\"") "," ON("u", "\"sink\"")),
	  "source", MR_PORTS_MAX, "a.in:1 |" },
};

START_TEST(a_call_needs_what_it_may_fill)
{
	struct desk d;
	char text[256];

	plan(&d, rules[_i].graph);
	show_needs(&d, &d.plan->needs[stage(&d, rules[_i].stage)][rules[_i].input][MR_LANE_BULK],
	           text, sizeof text);
	ck_assert_str_eq(text, rules[_i].needs);
	clear(&d);
}
END_TEST

/* ---- replicas ---- */

#define PAIR(a, b) STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"" a "},\"b\":{\"kind\":\"mid\"" b \
	"},\"sink\":{}") EDGE("source.a", "a.in", "wait") "," EDGE("a.out", "b.in", "wait") "," \
	EDGE("b.out", "sink.in", "wait")
#define HASHED ",\"affinity\":\"destination\""
#define TWO    ON("w", "\"source\"") ",\"p\":{\"stages\":[\"a\",\"b\"],\"threads\":2}"

static const struct {
	const char *graph, *stage;
	unsigned    index, input;
	const char *needs; /* as above, with the replica behind each name */
} spread[] = {
	{ PAIR(HASHED ",\"threads\":2", HASHED ",\"threads\":3") "]}", "source", 0, MR_PORTS_MAX,
	  "a.in.0:1 a.in.1:1 |" },
	{ PAIR(HASHED ",\"threads\":2", HASHED ",\"threads\":3") "]}", "a", 1, 0,
	  "b.in.0:1 b.in.1:1 b.in.2:1 |" },
	{ PAIR(HASHED ",\"threads\":2", HASHED ",\"threads\":3") "]}", "b", 2, 0, "sink.in.0:1 |" },
	/* one's own inline, the other's by ring; and behind the inline one its ring */
	{ PAIR(HASHED, HASHED) WORKERS(TWO), "a", 0, 0, "b.in.1:1 sink.in.0:1 | b.in.0" },
	{ PAIR(HASHED, HASHED) WORKERS(TWO), "a", 1, 0, "b.in.0:1 sink.in.0:1 | b.in.1" },
	/* the affinity that is taken when none is given */
	{ PAIR("", "") WORKERS(TWO), "source", 0, MR_PORTS_MAX, "a.in.0:1 a.in.1:1 |" },
};

static void show_spread(const struct desk *d, const struct mr_needs *needs, char *text, size_t n)
{
	const struct mr_graph *g = d->graph;
	FILE *f = fmemopen(text, n, "w");

	for (unsigned i = 0; i < needs->n; i++) {
		const struct mr_plan_ring *r = &d->plan->ring[needs->need[i].ring];
		const struct mr_stage *s = &g->stage[d->plan->replica[r->consumer].stage];

		fprintf(f, "%s.%s.%u:%u ", s->name, s->kind->inputs[g->edge[r->edge].input].name,
		        d->plan->replica[r->consumer].index, needs->need[i].vectors);
	}
	fputc('|', f);
	for (unsigned i = 0; i < needs->gates; i++) {
		const struct mr_plan_replica *r = &d->plan->replica[needs->gate[i].replica];
		const struct mr_stage *s = &g->stage[r->stage];

		fprintf(f, " %s.%s.%u", s->name, s->kind->inputs[needs->gate[i].input].name,
		        r->index);
	}
	fclose(f);
}

START_TEST(a_call_needs_room_at_each_replica_it_may_reach)
{
	struct desk d;
	char text[256];
	unsigned replica;

	plan(&d, spread[_i].graph);
	replica = d.plan->first[stage(&d, spread[_i].stage)] + spread[_i].index;
	show_spread(&d, &d.plan->needs[replica][spread[_i].input][MR_LANE_BULK], text, sizeof text);
	ck_assert_str_eq(text, spread[_i].needs);
	clear(&d);
}
END_TEST

/* Every worker has its own pool; each covers all rings its packets may lie in. */
START_TEST(replicas_have_workers_of_their_own)
{
	static const char *const want[] = { "w", "p.0", "p.1", "sink" };
	struct desk d;

	plan(&d, PAIR(HASHED, HASHED) WORKERS(TWO));
	ck_assert_uint_eq(d.plan->workers, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_str_eq(d.plan->worker[i].name, want[i]);
	ck_assert_uint_eq(d.plan->replicas, 1 + 2 + 2 + 1);
	ck_assert_uint_eq(d.plan->rings, 2 + 2 + 2); /* in, across, out */
	ck_assert_uint_ge(d.plan->pool[0].packets, 6 * 512 + ACTOR_KEEPS);
	ck_assert_uint_eq(d.plan->pool[1].packets, d.plan->pool[2].packets);
	ck_assert_uint_eq(mr_plan_ring_of(d.plan, 1, d.plan->first[stage(&d, "a")],
	                                  d.plan->first[stage(&d, "b")], MR_LANE_BULK),
	                  MR_NO_RING);
	clear(&d);
}
END_TEST

/* ---- depths ---- */

#define TWICE(depth, first) \
	STAGES(MIDS) EDGE("source.a", "a.fan", "wait") "," EDGE("a.out", "b.in", first) "," \
	EDGE("a.aside", "b.side", "wait") "," DEEP("b.out", "sink.in", "wait", depth) APART

static const struct {
	const char *graph, *complaint;
} depths[] = {
	{ TWICE("128", "wait"), NULL },
	{ TWICE("127", "wait"),
	  "g: edges[3].depth: 127 packets from b to sink is below the 128 that one call may put "
	  "there\n" },
	/* what comes by an edge that drops must find room too when the ring is empty */
	{ TWICE("128", "drop"), NULL },
	{ TWICE("64", "drop"),
	  "g: edges[3].depth: 64 packets from b to sink is below the 128 that one call may put "
	  "there\n" },
	/* a ring that drops may be as small as a vector */
	{ STAGES(MIDS) EDGE("source.a", "a.fan", "wait") "," EDGE("a.out", "b.in", "wait") ","
	  EDGE("a.aside", "b.side", "wait") "," DEEP("b.out", "sink.in", "drop", "64") APART,
	  NULL },
};

START_TEST(a_ring_holds_what_one_call_puts_there)
{
	char *text = stand_refusal(depths[_i].graph);

	ck_assert_pstr_eq(text, depths[_i].complaint);
	free(text);
}
END_TEST

/* ---- several replicas that number under one key ---- */

#define NUMBERED(num, sink, depth) STAGES("\"source\":{},\"num\":{" num "},\"sink\":{" sink "}") \
	EDGE("source.a", "num.in", "wait") "," DEEP("num.out", "sink.in", "wait", depth)
#define PIPED(num, pipe, depth) STAGES("\"source\":{},\"num\":{" num "},\"pipe\":{" pipe "}," \
	"\"sink\":{}") EDGE("source.a", "num.in", "wait") "," \
	DEEP("num.out", "pipe.in", "wait", depth) "," DEEP("pipe.out", "sink.in", "wait", depth)
#define ANY "\"affinity\":\"any\""
#define BY_PEER "\"affinity\":\"peer\""
#define THREADS(n) ",\"threads\":" n
#define LATE(threads, most, remedy) \
	"g: stages.num.affinity: \"any\" lets " threads " replicas number what has one key, and up to " \
	most " packets of it could be on the way behind them; a receiver looks back 2048, so no more " \
	"than 1024 may be: it takes " remedy ", or an affinity that keeps a key with one replica\n"

static const struct {
	const char *graph, *complaint;
} late[] = {
	/* 4 in hand, 4 rings, the sink's hand and what it keeps */
	{ NUMBERED(ANY THREADS("4"), "", "112") "]}", NULL },
	{ NUMBERED(ANY THREADS("4"), "", "113") "]}",
	  LATE("4", "1028", "a depth of at most 112 on the edges behind num") },
	{ NUMBERED(ANY THREADS("2"), "", "1024") "]}",
	  LATE("2", "2496", "a depth of at most 288 on the edges behind num") },
	/* one replica numbers what has one key */
	{ NUMBERED(BY_PEER THREADS("4"), "", "1024") "]}", NULL },
	{ NUMBERED(ANY, "", "1024") "]}", NULL },
	/* by hash a key goes on by one replica; by number it may be in all of them */
	{ NUMBERED(ANY THREADS("2"), BY_PEER THREADS("3"), "288") "]}", NULL },
	{ NUMBERED(ANY THREADS("2"), BY_PEER THREADS("3"), "289") "]}",
	  LATE("2", "1026", "a depth of at most 288 on the edges behind num") },
	{ PIPED(ANY THREADS("3"), ANY THREADS("2"), "64") "]}", NULL },
	{ PIPED(ANY THREADS("3"), ANY THREADS("2"), "77") "]}",
	  LATE("3", "1025", "a depth of at most 76 on the edges behind num") },
	/* whatever the depth */
	{ NUMBERED(ANY THREADS("12"), "", "64") "]}", LATE("12", "1856", "fewer threads") },
	/* inline in one's own worker, a ring to the other's */
	{ NUMBERED(ANY, BY_PEER, "576") WORKERS(
	  "\"w\":{\"stages\":[\"num\",\"sink\"],\"threads\":2}"), NULL },
	{ NUMBERED(ANY, BY_PEER, "577") WORKERS(
	  "\"w\":{\"stages\":[\"num\",\"sink\"],\"threads\":2}"),
	  LATE("2", "1025", "a depth of at most 576 on the edges behind num") },
};

/* Half of what a receiver looks back, and no more, may be on the way. */
START_TEST(what_is_numbered_side_by_side_stays_close)
{
	char *text = stand_refusal(late[_i].graph);

	ck_assert_pstr_eq(text, late[_i].complaint);
	free(text);
}
END_TEST

#define TWINS 14 /* each hands on twice to the next: 2^14 ways to the ring */

/* The rules are found by counting, not by walking every way. */
START_TEST(many_ways_are_counted)
{
	char *text = NULL, *complaint;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	fputs("{\"graph\":\"g\",\"stages\":{\"source\":{},\"sink\":{}", f);
	for (unsigned i = 0; i < TWINS; i++)
		fprintf(f, ",\"m%u\":{\"kind\":\"mid\"}", i);
	fputs("},\"edges\":[" EDGE("source.a", "m0.fan", "wait"), f);
	for (unsigned i = 0; i + 1 < TWINS; i++)
		fprintf(f, ",{\"from\":\"m%u.out\",\"to\":\"m%u.fan\",\"full\":\"wait\"}"
		        ",{\"from\":\"m%u.aside\",\"to\":\"m%u.fan\",\"full\":\"wait\"}",
		        i, i + 1, i, i + 1);
	fprintf(f, ",{\"from\":\"m%u.out\",\"to\":\"sink.in\",\"full\":\"wait\"}]", TWINS - 1);
	fputs(",\"workers\":{\"v\":{\"stages\":[\"sink\"]},\"w\":{\"stages\":[\"source\"", f);
	for (unsigned i = 0; i < TWINS; i++)
		fprintf(f, ",\"m%u\"", i);
	fputs("]}}}", f);
	fclose(f);
	complaint = stand_refusal(text);
	ck_assert_str_eq(complaint, "g: edges[27].depth: 1024 packets from m13 to sink is below "
	                            "the 524288 that one call may put there\n");
	free(complaint);
	free(text);
}
END_TEST

/* Graphs from a file cannot have one (graph_check.c); a plan looks for itself all the same. */
START_TEST(a_cycle_inside_a_worker_is_refused)
{
	struct desk d;

	lay_out(&d, STAGES(MIDS) EDGE("source.a", "a.in", "wait") ","
	        EDGE("a.out", "b.in", "drop") "," EDGE("b.out", "a.side", "drop") ","
	        EDGE("b.aside", "sink.in", "wait")
	        WORKERS(ON("w", "\"source\",\"a\"") "," ON("v", "\"b\",\"sink\"")));
	d.graph->stage[stage(&d, "b")].worker = d.graph->stage[stage(&d, "a")].worker;
	ck_assert_ptr_null(mr_plan_make(d.graph, VIEW, &d.report));
	ck_assert_uint_eq(d.report.errors, 1);
	ck_assert_ptr_nonnull(strstr(d.report.list[0].text, "cycle of edges inside one worker"));
	clear(&d);
}
END_TEST

/* ---- pools (R7) ---- */

START_TEST(a_pool_covers_all_that_its_packets_may_fill)
{
	struct desk d;
	uint32_t out, back;

	/* source -512-> a -256-> sink (keeps 256); b is not reached from here */
	plan(&d, STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"},\"sink\":{},"
	                "\"other\":{\"kind\":\"source\"},\"end\":{\"kind\":\"sink\"}")
	     EDGE("source.a", "a.in", "wait") "," DEEP("a.out", "sink.in", "drop", "256") ","
	     DEEP("other.a", "end.in", "wait", "4096")
	     WORKERS(ON("w", "\"source\"") "," ON("v", "\"a\"") "," ON("u", "\"sink\"") ","
	             ON("t", "\"other\"") "," ON("s", "\"end\"")));
	out = 512 + 256 + ACTOR_KEEPS;
	ck_assert_uint_ge(d.plan->pool[0].packets, out + 3 * MR_VECTOR);
	ck_assert_uint_lt(d.plan->pool[0].packets, out + 4096); /* not the other source's ring */
	ck_assert_uint_ge(d.plan->pool[1].packets, 256 + ACTOR_KEEPS); /* mids make packets too */
	ck_assert_uint_eq(d.plan->pool[2].packets, 0);
	ck_assert_uint_ge(d.plan->pool[3].packets, 4096 + ACTOR_KEEPS);
	ck_assert_uint_eq(d.plan->pool[4].packets, 0);
	ck_assert_uint_ge(d.plan->pool[0].size, MR_HEADROOM + VIEW + MR_TAILROOM);
	ck_assert_uint_eq(d.plan->pool[0].size % 64, 0);
	clear(&d);

	/* two makers on a worker share a pool that is large enough for both at once */
	plan(&d, STAGES("\"source\":{},\"more\":{\"kind\":\"source\"},\"sink\":{}")
	     EDGE("source.a", "sink.in", "wait") "," EDGE("more.a", "sink.side", "wait")
	     WORKERS(ON("w", "\"source\",\"more\"") "," ON("v", "\"sink\"")));
	back = d.plan->pool[0].packets;
	ck_assert_uint_ge(back, 2 * 512 + ACTOR_KEEPS + 2 * MR_VECTOR);
	clear(&d);
}
END_TEST

/* Packets of `source` in a wide graph, by a's edge to b and that to the sink. */
#define WIDE(full, last) STAGES("\"source\":{},\"a\":{\"kind\":\"mid\",\"threads\":4," \
	"\"affinity\":\"peer\"},\"b\":{\"kind\":\"mid\",\"threads\":4,\"affinity\":\"peer\"},\"sink\":{}") \
	DEEP("source.a", "a.in", "wait", "4096") "," DEEP("a.out", "b.in", full, "4096") "," \
	DEEP("b.out", "sink.in", last, "4096") "]}"
#define HAND ((1 + 4 + 4 + 1) * 2 * MR_VECTOR + 4 * MR_VECTOR + ACTOR_KEEPS)

/* What is beyond the ways that flow is for the one place whose standing still fills most. */
static const struct {
	const char *graph;
	uint32_t    packets;
} wide[] = {
	/* whoever stands still, the source does too */
	{ WIDE("wait", "wait"), HAND + 4096 },
	/* the sink: what lies before it */
	{ WIDE("wait", "drop"), HAND + 4096 + 4 * 4096 },
	/* b: what lies before it; the sink: that as well, since b waits for it */
	{ WIDE("drop", "wait"), HAND + 4096 + (16 + 4) * 4096 },
	{ WIDE("drop", "drop"), HAND + 4096 + 16 * 4096 },
	/* never more than there is room for */
	{ STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"},\"sink\":{}")
	  DEEP("source.a", "a.in", "wait", "512") "," DEEP("a.out", "sink.in", "drop", "512") "]}",
	  512 + 512 + 3 * 2 * MR_VECTOR + 4 * MR_VECTOR + ACTOR_KEEPS },
	/* a.side does not reach b */
	{ STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"},\"b\":{\"kind\":\"mid\"},\"sink\":{}")
	  EDGE("source.a", "a.side", "wait") "," EDGE("a.out", "sink.in", "wait") ","
	  EDGE("a.aside", "b.in", "wait") "," EDGE("b.out", "sink.side", "wait") "]}",
	  512 + 512 + 3 * 2 * MR_VECTOR + 4 * MR_VECTOR + ACTOR_KEEPS },
};

START_TEST(a_pool_is_for_one_place_that_stands_still)
{
	struct desk d;

	plan(&d, wide[_i].graph);
	ck_assert_uint_eq(d.plan->pool[0].packets, wide[_i].packets);
	clear(&d);
}
END_TEST

/* Of a kind that makes few packets: those, and all that may be kept of them. */
START_TEST(few_packets_are_a_small_pool)
{
	const struct mr_kind *kinds[16] = { NULL };
	struct mr_kind few;
	struct desk d = { 0 };

	for (unsigned i = 0; actor_kinds[i]; i++) {
		kinds[i] = actor_kinds[i];
		if (!strcmp(kinds[i]->name, "mid")) {
			few = *kinds[i];
			few.few = 100;
			kinds[i] = &few;
		}
	}
	d.doc = mr_json_parse("g", WIDE("drop", "drop"), sizeof WIDE("drop", "drop") - 1,
	                      &d.report);
	d.graph = mr_graph_parse(d.doc, kinds, &d.report);
	ck_assert_ptr_nonnull(d.graph);
	d.plan = mr_plan_make(d.graph, VIEW, &d.report);
	ck_assert_ptr_nonnull(d.plan);
	/* a.0: itself, four bs and the sink have some in hand */
	ck_assert_str_eq(d.plan->worker[1].name, "a.0");
	ck_assert_uint_eq(d.plan->pool[1].packets,
	                  100 + 4 * MR_VECTOR + 6 * 2 * MR_VECTOR + ACTOR_KEEPS);
	ck_assert_uint_eq(d.plan->pool[0].packets, HAND + 4096 + 16 * 4096);
	clear(&d);
}
END_TEST

START_TEST(memory_has_an_end)
{
	struct mr_report report = { 0 };
	struct desk d;
	uint64_t bytes = 0;

	plan(&d, WIDE("drop", "drop"));
	for (unsigned w = 0; w < d.plan->workers; w++)
		bytes += (uint64_t)d.plan->pool[w].packets * d.plan->pool[w].size;
	ck_assert_uint_gt(mr_plan_bytes(d.plan), bytes);
	ck_assert_uint_lt(mr_plan_bytes(d.plan), bytes + bytes / 2);
	mr_plan_fits(d.plan, 2 * mr_plan_bytes(d.plan), &report);
	ck_assert_uint_eq(report.errors, 0);
	mr_plan_fits(d.plan, 256u << 20, &report);
	ck_assert_uint_eq(report.errors, 2);
	ck_assert_ptr_nonnull(strstr(report.list[0].text, "more than half of this machine's 256 MiB"));
	ck_assert_ptr_nonnull(strstr(report.list[0].text, "edges[1].depth"));
	ck_assert_ptr_nonnull(strstr(report.list[1].text, "the 16 rings of 4096 packets from a to b"));
	ck_assert_uint_gt(mr_plan_memory(), 64u << 20);
	mr_report_free(&report);
	clear(&d);
}
END_TEST

/* Everything full, everything kept: the source still has a packet when room comes. */
START_TEST(a_source_outlives_full_rings)
{
	struct stand s;
	struct actor *sink;
	struct mr_worker *w, *v;

	stand_open(&s, STAGES("\"source\":{},\"sink\":{}")
	           DEEP("source.a", "sink.in", "wait", "128")
	           WORKERS(ON("w", "\"source\"") "," ON("v", "\"sink\"")));
	sink = stand_actor(&s, "sink");
	w = stand_worker(&s, "source");
	v = stand_worker(&s, "sink");
	sink->keep = 4;
	sink->hold = true;
	stand_actor(&s, "source")->give[0] = 64;
	stand_actor(&s, "source")->pulls = 100;
	stand_stage(&s, "source")->ready = true;
	for (unsigned i = 0; i < 4; i++) { /* its keeps are full, then its ring */
		while (mr_worker_turn(w))
			;
		mr_worker_turn(v);
		mr_hold(&v->turn, 0, i == 3);
	}
	while (mr_worker_turn(w))
		;
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_HELD), ACTOR_KEEPS);
	ck_assert_uint_eq(mr_ring_depth(s.engine->ring[0]), 128);
	ck_assert(!w->short_of_packets);
	ck_assert_ptr_nonnull(w->pool->top ? w->pool : NULL);
	stand_close(&s);
}
END_TEST

/* ---- printing ---- */

START_TEST(a_plan_reads_like_this)
{
	struct desk d;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	plan(&d, STAGES("\"source\":{},\"a\":{\"kind\":\"mid\"},\"sink\":{}")
	     EDGE("source.a", "a.in", "wait") "," DEEP("a.out", "sink.in", "drop", "64")
	     WORKERS(ON("w", "\"a\",\"source\"") "," ON("v", "\"sink\"")));
	d.plan->pool[0].packets = 1000;
	mr_plan_print(d.plan, f);
	fclose(f);
	ck_assert_str_eq(text, "worker w: source a; pool of 1000 packets, 1792 bytes each\n"
	                       "worker v: sink\n"
	                       "pools of 1.8 MiB in all\n"
	                       "ring a.out -> sink.in: 64 packets, full: drop, sojourn: 5 ms over "
	                       "100 ms\n");
	free(text);
	clear(&d);

	f = open_memstream(&text, &n);
	plan(&d, STAGES("\"source\":{},\"sink\":{\"threads\":2,\"affinity\":\"peer\"}")
	     EDGE("source.a", "sink.in", "wait") "]}");
	d.plan->pool[0].packets = 0;
	mr_plan_print(d.plan, f);
	fclose(f);
	ck_assert_str_eq(text, "worker source: source\n"
	                       "worker sink.0: sink\n"
	                       "worker sink.1: sink\n"
	                       "2 rings source.a -> sink.in: 512 packets each, full: wait, "
	                       "sojourn: 5 ms over 100 ms\n");
	free(text);
	clear(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *tc = tcase_create("plan");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_call_needs_what_it_may_fill, 0, COUNT(rules));
	tcase_add_loop_test(tc, a_ring_holds_what_one_call_puts_there, 0, COUNT(depths));
	tcase_add_loop_test(tc, what_is_numbered_side_by_side_stays_close, 0, COUNT(late));
	tcase_add_test(tc, many_ways_are_counted);
	tcase_add_test(tc, a_cycle_inside_a_worker_is_refused);
	tcase_add_test(tc, a_pool_covers_all_that_its_packets_may_fill);
	tcase_add_loop_test(tc, a_pool_is_for_one_place_that_stands_still, 0, COUNT(wide));
	tcase_add_test(tc, few_packets_are_a_small_pool);
	tcase_add_test(tc, memory_has_an_end);
	tcase_add_test(tc, a_source_outlives_full_rings);
	tcase_add_test(tc, a_plan_reads_like_this);
	tcase_add_test(tc, replicas_have_workers_of_their_own);
	tcase_add_loop_test(tc, a_call_needs_room_at_each_replica_it_may_reach, 0, COUNT(spread));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
