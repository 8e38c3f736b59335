/* Replicas under load: what belongs together meets one replica and stays in order, whatever the
 * thread counts; nothing is lost where edges wait, and nothing uncounted where they drop. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/worker.h"
#include "core/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MOST  60000u /* packets a source makes, at most */
#define FLOWS 61u    /* ... of so many pairs of near and far */

/* ---- source: numbered packets of many flows, mixed ---- */

static unsigned most; /* const while threads run */

struct source {
	uint64_t next;
	int      watch[2];
};

static int source_open(void *self, struct mr_setup *s)
{
	struct source *src = self;

	/* a pipe with a byte in it is always readable */
	if (pipe(src->watch) || write(src->watch[1], "x", 1) != 1)
		return mr_setup_error(s, NULL, "no pipe");
	return mr_setup_watch(s, src->watch[0], MR_WATCH_READ) < 0 ? -1 : 0;
}

static uint64_t handle_of(uint64_t hash)
{
	return (hash % 4095) << 20 | 0xfffff | (uint64_t)UINT32_MAX << 32;
}

/* Which flow a number is of; neighbours mostly of different ones, at times of one. */
static uint64_t flow_of(uint64_t number)
{
	return number * number / 5 % FLOWS;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	struct source *src = self;

	for (unsigned i = 0; i < 1 + src->next % MR_VECTOR && src->next < most && mr_room(t, 0);
	     i++) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return false;
		memcpy(mr_pkt_put(p, 8), &src->next, 8);
		p->seq = src->next++;
		p->far = handle_of(flow_of(p->seq) * 1117);
		p->near = handle_of(flow_of(p->seq) * 2503 + 77);
		p->stamp = t->now;
		mr_made(t, 1);
		mr_emit(t, 0, p);
	}
	if (src->next == most)
		mr_watch(t, 0, 0);
	return src->next < most;
}

static void source_close(void *self)
{
	struct source *src = self;

	close(src->watch[0]);
	close(src->watch[1]);
}

#define NONE    (const struct mr_named[]){ { 0 } }
#define BY_HASH (1 << MR_DESTINATION | 1 << MR_PEER)

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "numbered packets",
	.size = sizeof(struct source), .inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .single = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull, .close = source_close,
};

/* ---- pass and sink: is the packet ours, and behind the last of its flow? ---- */

enum { MISPLACED, DISORDERED };

struct pass {
	char    *by; /* setting: "far", "near", "flow", or none of them      */
	unsigned replica, replicas;
	uint64_t last[FLOWS]; /* number + 1 */
};

static const struct mr_field pass_fields[] = {
	{ "by", MR_TEXT, MR_AT(struct pass, by), .help = "what brings packets here" }, { 0 }
};

static int pass_open(void *self, struct mr_setup *s)
{
	struct pass *pass = self;

	pass->replica = s->replica;
	pass->replicas = s->replicas;
	return 0;
}

/* As a kind may find it in the packet. */
static unsigned flow_of_pkt(const struct mr_pkt *p)
{
	uint64_t number;

	memcpy(&number, p->data, 8);
	return (unsigned)flow_of(number) * 7;
}

static bool is_ours(const struct pass *pass, const struct mr_pkt *p)
{
	if (!pass->by)
		return true;
	if (!strcmp(pass->by, "flow"))
		return flow_of_pkt(p) % pass->replicas == pass->replica;
	return mr_handle_hash(*pass->by == 'f' ? p->far : p->near) % pass->replicas ==
	       pass->replica;
}

static void look(struct pass *pass, const struct mr_pkt *p, struct mr_turn *t)
{
	uint64_t *last = &pass->last[flow_of(p->seq)], number;

	memcpy(&number, p->data, 8);
	if (!is_ours(pass, p))
		mr_count(t, MISPLACED, 1);
	if (number != p->seq || number < *last)
		mr_count(t, DISORDERED, 1);
	*last = number + 1;
}

static void pass_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		look(self, v->pkt[i], t);
		mr_emit(t, 0, v->pkt[i]);
	}
}

static void sink_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		look(self, v->pkt[i], t);
		mr_take(t, v->pkt[i]);
	}
}

#define COUNTERS (const struct mr_named[]){ { "misplaced", .help = "another replica's" }, \
	                                    { "disordered", .help = "behind a later one" }, { 0 } }

static const struct mr_kind pass = {
	.abi = MR_ABI, .name = "pass", .summary = "hands on", .size = sizeof(struct pass),
	.fields = pass_fields,
	.inputs = (const struct mr_port[]){ { "in", .reaches = MR_ALL_OUTPUTS }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = NONE, .counters = COUNTERS,
	.affinities = 1 << MR_ANY | 1 << MR_FLOW | BY_HASH,
	.shards = 1 << MR_ANY | 1 << MR_FLOW | BY_HASH,
	.open = pass_open, .process = pass_process, .flow = flow_of_pkt,
};

static const struct mr_kind sink = {
	.abi = MR_ABI, .name = "sink", .summary = "checks order", .size = sizeof(struct pass),
	.fields = pass_fields,
	.inputs = (const struct mr_port[]){ { "in", .view = "number" }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = NONE, .counters = COUNTERS,
	.affinities = 1 << MR_ANY | BY_HASH, .shards = BY_HASH,
	.open = pass_open, .process = sink_process,
};

static const struct mr_kind *const kinds[] = { &source, &pass, &sink, NULL };

/* ---- graphs ---- */

#define FAR      "\"affinity\":\"destination\",\"by\":\"far\""
#define NEAR     "\"affinity\":\"peer\",\"by\":\"near\""
#define NUMBERED "\"affinity\":\"any\""
#define FLOW     "\"affinity\":\"flow\",\"by\":\"flow\""
#define ON(n)    ",\"threads\":" #n
#define PASSES(one, two, end) "{\"graph\":\"g\",\"stages\":{\"source\":{}," \
	"\"one\":{\"kind\":\"pass\"," one "},\"two\":{\"kind\":\"pass\"," two "},\"sink\":{" end "}},"
/* Packets wait as long as it takes: threads that share a core with others may be away for long. */
#define EDGE(a, b, depth, full) \
	"{\"from\":\"" a "\",\"to\":\"" b "\",\"depth\":" #depth ",\"full\":\"" full "\",\"sojourn\":0}"
#define EDGES(a, b, c) "\"edges\":[" EDGE("source.out", "one.in", 64, a) "," \
	EDGE("one.out", "two.in", 128, b) "," EDGE("two.out", "sink.in", 64, c) "]"
#define WAIT EDGES("wait", "wait", "wait")

static const struct {
	const char *text;
	unsigned    workers, rings, used; /* used: replicas that must have seen packets */
} graphs[] = {
	{ PASSES(FAR ON(2), FAR, FAR) WAIT "}", 5, 2 + 2 + 1, 5 },
	{ PASSES(FAR ON(3), NEAR ON(4), FAR) WAIT "}", 9, 3 + 12 + 4, 9 },
	{ PASSES(NEAR ON(2), FAR ON(3), NEAR ON(2)) WAIT "}", 8, 2 + 6 + 6, 8 },
	/* by number: each producer has one consumer */
	{ PASSES(FAR ON(4), NUMBERED ON(2), FAR) WAIT "}", 8, 4 + 4 + 2, 8 },
	{ PASSES(FAR ON(2), NUMBERED ON(4), FAR) WAIT "}", 8, 2 + 2 + 4, 6 },
	/* by what the kind finds in them */
	{ PASSES(FLOW ON(3), FLOW ON(4), FAR) WAIT "}", 9, 3 + 12 + 4, 9 },
	/* side by side: inline for one's own, a ring to the other's */
	{ PASSES(FAR, NEAR, FAR) WAIT ",\"workers\":{\"w\":{\"stages\":[\"one\",\"two\"],\"threads\":3}}}",
	  5, 3 + 6 + 3, 8 },
	{ PASSES(FAR, NUMBERED, NEAR) WAIT
	  ",\"workers\":{\"w\":{\"stages\":[\"one\",\"two\",\"sink\"],\"threads\":4}}}",
	  5, 4 + 0 + 12, 13 },
	/* moved out of its worker */
	{ PASSES(FAR, NEAR ON(3), FAR) WAIT
	  ",\"workers\":{\"w\":{\"stages\":[\"source\",\"one\",\"two\",\"sink\"]}}}", 4, 3 + 3, 6 },
	/* whatever is dropped is counted */
	{ PASSES(FAR ON(2), NEAR ON(2), FAR) EDGES("wait", "drop", "drop") "}", 6, 2 + 4 + 2, 6 },
	{ PASSES(FAR, NEAR, FAR) EDGES("drop", "drop", "drop")
	  ",\"workers\":{\"w\":{\"stages\":[\"one\",\"two\"],\"threads\":2}}}", 4, 2 + 2 + 2, 6 },
};

static uint64_t ended(const struct mr_view *v)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < v->stages; i++) {
		n += v->stage[i].word[MR_W_TAKEN];
		n += v->stage[i].kind != &sink ? v->stage[i].edge[0] : 0;
	}
	return n;
}

/* Wait until all that was made has ended somewhere; bounded by the test's own time limit. */
static struct mr_view *settle(struct mr_engine *e)
{
	struct timespec tick = { .tv_nsec = 2000000 };

	for (;;) {
		struct mr_view *v = mr_engine_view(e);

		if (v->stage[0].word[MR_W_MADE] == most && ended(v) == most)
			return v;
		mr_view_free(v);
		nanosleep(&tick, NULL);
	}
}

static void check_stages(const struct mr_view *v, unsigned want)
{
	bool drops = false;
	unsigned used = 0;

	for (unsigned i = 0; i < v->graph->edges; i++)
		drops |= v->graph->edge[i].full == MR_DROP;
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];
		uint64_t lost = s->kind != &sink ? s->edge[0] : 0;

		ck_assert_uint_eq(s->word[MR_W_IN] + s->word[MR_W_MADE],
		                  s->word[MR_W_OUT] + s->word[MR_W_TAKEN] + lost);
		used += s->word[MR_W_IN] + s->word[MR_W_MADE] > 0;
		ck_assert(drops || lost == 0);
		if (s->kind == &source)
			continue;
		ck_assert_uint_eq(s->counter[MISPLACED], 0);
		ck_assert_uint_eq(s->counter[DISORDERED], 0);
	}
	ck_assert_uint_eq(used, want);
}

/* R7: of every pool so many packets are left at the start.  One is enough: a source that finds none
 * waits until it comes home. */
static const unsigned left[] = { 0, 1, 3, MR_VECTOR }; /* 0: all */

static void take_away(struct mr_engine *e, unsigned leave, struct mr_pkt ***away)
{
	for (unsigned i = 0; i < e->workers; i++) {
		struct mr_pool *pool = e->worker[i].pool;

		if (!pool)
			continue;
		away[i] = calloc(pool->n + 1, sizeof **away);
		for (unsigned n = 0; leave && pool->top > leave; n++)
			away[i][n] = mr_pool_get(pool);
	}
}

static void give_back(struct mr_engine *e, struct mr_pkt ***away)
{
	for (unsigned i = 0; i < e->workers; i++) {
		for (unsigned n = 0; away[i] && away[i][n]; n++)
			mr_pool_put(e->worker[i].pool, away[i][n]);
		free(away[i]);
	}
}

START_TEST(a_flow_keeps_its_replica_and_its_order)
{
	const unsigned row = (unsigned)_i % COUNT(graphs),
		       leave = left[(unsigned)_i / COUNT(graphs)];
	struct mr_pkt **away[MR_WORKERS_MAX] = { NULL };
	struct mr_report report = { 0 };
	struct mr_json *doc =
		mr_json_parse("g", graphs[row].text, strlen(graphs[row].text), &report);
	struct mr_graph *g = mr_graph_parse(doc, kinds, &report);
	struct mr_engine *e;
	struct mr_view *v;

	if (!g)
		mr_report_print(&report, stderr);
	ck_assert_ptr_nonnull(g);
	e = mr_engine_open(&(struct mr_engine_options){ .graph = g, .aead = &mr_aead_mbedtls,
	                                                .now = mr_clock_now,
	                                                .rand = mr_rand_system() }, &report);
	ck_assert_ptr_nonnull(e);
	most = leave ? MOST / 12 : MOST;
	take_away(e, leave, away);
	ck_assert_int_eq(mr_engine_start(e, &report), 0);
	v = settle(e);
	ck_assert_uint_eq(v->workers, graphs[row].workers);
	ck_assert_uint_eq(v->rings, graphs[row].rings);
	check_stages(v, graphs[row].used);
	mr_view_free(v);
	mr_engine_stop(e);
	give_back(e, away);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	mr_graph_free(g);
	mr_json_free(doc);
	mr_report_free(&report);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("replicas");
	TCase *tc = tcase_create("load");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, a_flow_keeps_its_replica_and_its_order, 0,
	                    (int)(COUNT(graphs) * COUNT(left)));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
