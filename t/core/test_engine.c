/* The runtime under load: graphs of made-up stages, one to four workers.  Every packet arrives once
 * and in order where edges wait; where they drop, every packet is either there or counted. */

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/engine.h"
#include "core/json.h"
#include "core/worker.h"

#define MOST 200000u /* packets a source makes */

/* ---- source: numbered packets, as fast as there is room ---- */

struct source {
	uint32_t total; /* setting */
	uint64_t next;
	int      watch[2];
};

static const struct mr_field source_fields[] = {
	{ "total", MR_U32, MR_AT(struct source, total), .max = MOST, .def = MOST,
	  .help = "packets to make" },
	{ 0 }
};

static int source_open(void *self, struct mr_setup *s)
{
	struct source *src = self;

	/* a pipe with a byte in it is always readable */
	if (pipe(src->watch) || write(src->watch[1], "x", 1) != 1)
		return mr_setup_error(s, NULL, "no pipe");
	return mr_setup_watch(s, src->watch[0], MR_WATCH_READ) < 0 ? -1 : 0;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	struct source *src = self;

	for (unsigned i = 0; i < 1 + src->next % MR_VECTOR && src->next < src->total; i++) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return false;
		memcpy(mr_pkt_put(p, 8 + (uint32_t)(src->next % 57)), &src->next, 8);
		p->seq = src->next++;
		p->stamp = t->now;
		mr_made(t, 1);
		mr_emit(t, 0, p);
	}
	if (src->next == src->total)
		mr_watch(t, 0, 0);
	return src->next < src->total;
}

static void source_close(void *self)
{
	struct source *src = self;

	close(src->watch[0]);
	close(src->watch[1]);
}

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "numbered packets",
	.size = sizeof(struct source), .fields = source_fields,
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = (const struct mr_named[]){ { 0 } }, .counters = (const struct mr_named[]){ { 0 } },
	.makes = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull, .close = source_close,
};

/* ---- pass: in at one end, out at the other; every seventh is dropped when told so ---- */

struct pass {
	bool lossy;
};

static const struct mr_field pass_fields[] = {
	{ "lossy", MR_BOOL, MR_AT(struct pass, lossy), .help = "drop every seventh packet" }, { 0 }
};

static void pass_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	const struct pass *pass = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		if (pass->lossy && v->pkt[i]->seq % 7 == 6)
			mr_drop(t, 0, v->pkt[i]);
		else
			mr_emit(t, 0, v->pkt[i]);
	}
}

static const struct mr_kind pass = {
	.abi = MR_ABI, .name = "pass", .summary = "hands on", .size = sizeof(struct pass),
	.fields = pass_fields,
	.inputs = (const struct mr_port[]){ { "in", .reaches = MR_ALL_OUTPUTS }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = (const struct mr_named[]){ { "seventh", .help = "told to" }, { 0 } },
	.counters = (const struct mr_named[]){ { 0 } }, .affinities = 1 << MR_ANY,
	.process = pass_process,
};

/* ---- pause: as pass, but every eighth vector is kept for a moment and the input held ---- */

#define MOMENT (100 * MR_NS_PER_US)

struct pause {
	unsigned         vectors;
	uint64_t         due; /* ns; 0: nothing kept */
	struct mr_vector kept;
};

static void pause_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct pause *pause = self;

	if (++pause->vectors % 8 == 0) {
		pause->kept = *v;
		pause->due = t->now + MOMENT;
		mr_keep(t, (int)v->n);
		mr_hold(t, input, true);
		return;
	}
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, 0, v->pkt[i]);
}

static uint64_t pause_deadline(void *self)
{
	const struct pause *pause = self;

	return pause->due ? pause->due : MR_NEVER;
}

static void pause_timeout(void *self, struct mr_turn *t)
{
	struct pause *pause = self;

	pause->due = 0;
	mr_pull_again(t);
}

static bool pause_pull(void *self, struct mr_turn *t)
{
	struct pause *pause = self;

	for (unsigned i = 0; i < pause->kept.n; i++)
		mr_emit(t, 0, pause->kept.pkt[i]);
	mr_keep(t, -(int)pause->kept.n);
	pause->kept.n = 0;
	mr_hold(t, 0, false);
	return false;
}

static const struct mr_kind pause_kind = {
	.abi = MR_ABI, .name = "pause", .summary = "hands on, and pauses",
	.size = sizeof(struct pause),
	.inputs = (const struct mr_port[]){ { "in", .reaches = MR_ALL_OUTPUTS }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = (const struct mr_named[]){ { "never", .help = "does not happen" }, { 0 } },
	.counters = (const struct mr_named[]){ { 0 } }, .affinities = 1 << MR_ANY,
	.keeps = MR_VECTOR, .process = pause_process, .pull = pause_pull,
	.deadline = pause_deadline, .timeout = pause_timeout,
};

/* ---- sink: order and content are checked ---- */

struct sink {
	uint64_t seen, last;
	bool     wrong;
};

static void sink_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct sink *sink = self;

	(void)input;
	for (unsigned i = 0; i < v->n; i++) {
		uint64_t number;

		memcpy(&number, v->pkt[i]->data, 8);
		if (number != v->pkt[i]->seq || (sink->seen && number <= sink->last))
			sink->wrong = true;
		sink->last = number;
		sink->seen++;
	}
	mr_transit(t, v);
	for (unsigned i = 0; i < v->n; i++)
		mr_take(t, v->pkt[i]);
	mr_count(t, 0, sink->wrong);
}

static const struct mr_kind sink = {
	.abi = MR_ABI, .name = "sink", .summary = "checks order", .size = sizeof(struct sink),
	.inputs = (const struct mr_port[]){ { "in", .view = "number" }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = (const struct mr_named[]){ { 0 } },
	.counters = (const struct mr_named[]){ { "wrong", .help = "out of order" }, { 0 } },
	.affinities = 1 << MR_ANY, .process = sink_process,
};

/* ---- jam: takes one vector and never lets go of it ---- */

struct jam {
	struct mr_vector kept;
};

static void jam_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct jam *jam = self;

	jam->kept = *v;
	mr_keep(t, (int)v->n);
	mr_hold(t, input, true);
}

static void jam_flush(void *self, struct mr_turn *t)
{
	struct jam *jam = self;

	for (unsigned i = 0; i < jam->kept.n; i++) {
		mr_keep(t, -1);
		mr_drop(t, 0, jam->kept.pkt[i]);
	}
	jam->kept.n = 0;
}

static const struct mr_kind jam = {
	.abi = MR_ABI, .name = "jam", .summary = "is stuck", .size = sizeof(struct jam),
	.inputs = (const struct mr_port[]){ { "in", .reaches = MR_ALL_OUTPUTS }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } },
	.drops = (const struct mr_named[]){ { "stopped", .help = "still here at the end" }, { 0 } },
	.counters = (const struct mr_named[]){ { 0 } }, .affinities = 1 << MR_ANY,
	.keeps = MR_VECTOR, .process = jam_process, .flush = jam_flush,
};

static const struct mr_kind *const kinds[] = { &source, &pass, &pause_kind, &jam, &sink, NULL };

/* ---- graphs ---- */

#define STAGES(lossy) "\"stages\":{\"source\":{},\"pass\":{\"lossy\":" lossy "},\"sink\":{}}"
#define PAUSES "\"stages\":{\"source\":{},\"pass\":{\"kind\":\"pause\"},\"sink\":{}}"
#define EDGES(one, two)                                                                       \
	"\"edges\":[{\"from\":\"source.out\",\"to\":\"pass.in\",\"depth\":64,\"full\":\"" one \
	"\"},{\"from\":\"pass.out\",\"to\":\"sink.in\",\"depth\":64,\"full\":\"" two "\"}]"

static const struct {
	const char *name, *text;
	bool        waits; /* nothing may be lost at an edge */
} graphs[] = {
	{ "fused", "{\"graph\":\"g\"," STAGES("false") "," EDGES("wait", "wait")
	  ",\"workers\":{\"w\":{\"stages\":[\"source\",\"pass\",\"sink\"]}}}", true },
	{ "staged", "{\"graph\":\"g\"," STAGES("false") "," EDGES("wait", "wait") "}", true },
	{ "lossy stage", "{\"graph\":\"g\"," STAGES("true") "," EDGES("wait", "wait") "}", true },
	{ "split", "{\"graph\":\"g\"," STAGES("true") "," EDGES("wait", "wait")
	  ",\"workers\":{\"a\":{\"stages\":[\"source\",\"pass\"]},\"b\":{\"stages\":[\"sink\"]}}}",
	  true },
	{ "pausing", "{\"graph\":\"g\"," PAUSES "," EDGES("wait", "wait") "}", true },
	{ "pausing inline", "{\"graph\":\"g\"," PAUSES "," EDGES("wait", "wait")
	  ",\"workers\":{\"a\":{\"stages\":[\"source\",\"pass\"]},\"b\":{\"stages\":[\"sink\"]}}}",
	  true },
	{ "pausing, dropping", "{\"graph\":\"g\"," PAUSES "," EDGES("drop", "wait")
	  ",\"workers\":{\"a\":{\"stages\":[\"source\",\"pass\"]},\"b\":{\"stages\":[\"sink\"]}}}",
	  false },
	{ "dropping", "{\"graph\":\"g\"," STAGES("true") "," EDGES("wait", "drop") "}", false },
	{ "all dropping", "{\"graph\":\"g\"," STAGES("false") "," EDGES("drop", "drop") "}",
	  false },
	{ "dropping inline", "{\"graph\":\"g\"," STAGES("true") "," EDGES("drop", "drop")
	  ",\"workers\":{\"a\":{\"stages\":[\"source\",\"pass\"]},\"b\":{\"stages\":[\"sink\"]}}}",
	  false },
};

static uint64_t sum(const uint64_t *word, unsigned n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all += word[i];
	return all;
}

static void check_balance(const struct mr_view *v)
{
	for (unsigned i = 0; i < v->stages; i++) {
		const struct mr_stage_view *s = &v->stage[i];
		unsigned drops = s->kind == &pass || s->kind == &pause_kind,
			 edges = s->kind == &sink ? 0 : 1;

		ck_assert_uint_eq(s->word[MR_W_IN] + s->word[MR_W_MADE],
		                  s->word[MR_W_OUT] + s->word[MR_W_TAKEN] + s->word[MR_W_HELD] +
		                          sum(s->drop, drops) + sum(s->edge, edges) +
		                          s->word[MR_W_SOJOURN]);
		/* added up at the edge, and here one by one as they are taken */
		if (i)
			ck_assert_uint_eq(s->word[MR_W_IN_BYTES],
			                  v->stage[i - 1].word[MR_W_OUT_BYTES]);
	}
	ck_assert_uint_eq(v->stage[2].word[MR_W_IN_BYTES], v->stage[2].word[MR_W_TAKEN_BYTES]);
}

static uint64_t lost_at_edges(const struct mr_view *v)
{
	return v->stage[0].edge[0] + v->stage[1].edge[0];
}

/* Wait until all that was made has ended somewhere; bounded by the test's own time limit. */
static struct mr_view *settle(struct mr_engine *e)
{
	struct timespec tick = { .tv_nsec = 2000000 };

	for (;;) {
		struct mr_view *v = mr_engine_view(e);

		if (v->stage[0].word[MR_W_MADE] == MOST &&
		    v->stage[2].word[MR_W_TAKEN] + lost_at_edges(v) + v->stage[1].drop[0] == MOST)
			return v;
		mr_view_free(v);
		nanosleep(&tick, NULL);
	}
}

static struct mr_report report;
static struct mr_json *doc;
static struct mr_graph *graph;

static struct mr_engine *started(const char *text)
{
	struct mr_engine *e = NULL;

	report = (struct mr_report){ 0 };
	doc = mr_json_parse("g", text, strlen(text), &report);
	graph = mr_graph_parse(doc, kinds, &report);
	if (graph)
		e = mr_engine_open(&(struct mr_engine_options){
			.graph = graph, .aead = &mr_aead_mbedtls, .now = mr_clock_now,
			.rand = mr_rand_system() }, &report);
	if (!e)
		mr_report_print(&report, stderr);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(mr_engine_start(e, &report), 0);
	return e;
}

/* Every packet has to come home. */
static void ended(struct mr_engine *e)
{
	mr_engine_stop(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	mr_graph_free(graph);
	mr_json_free(doc);
	mr_report_free(&report);
}

START_TEST(every_packet_is_accounted_for)
{
	struct mr_engine *e = started(graphs[_i].text);
	struct mr_view *v = settle(e);

	check_balance(v);
	ck_assert_uint_eq(v->stage[2].counter[0], 0);
	if (graphs[_i].waits)
		ck_assert_uint_eq(lost_at_edges(v), 0);
	ck_assert_uint_eq(v->stage[2].transit->count, v->stage[2].word[MR_W_TAKEN]);
	mr_view_free(v);
	ended(e);
}
END_TEST

/* R12: workers that wait for each other, each for ever, are ended by main: the source waits for
 * room in a ring whose consumer is stuck, and its neighbour waits for packets that never come. */
START_TEST(who_waits_for_ever_is_joined_by_main)
{
	static const char text[] = "{\"graph\":\"g\",\"stages\":{\"source\":{},\"pass\":{\"kind\":\"jam\"},"
				   "\"sink\":{}}," EDGES("wait", "wait") "}";
	struct timespec tick = { .tv_nsec = 1000000 };
	struct mr_engine *e = started(text);
	uint64_t made = 0, before = 0;
	unsigned same = 0;

	while (same < 20) { /* nothing has moved for so many looks */
		struct mr_view *v = mr_engine_view(e);

		before = made;
		made = v->stage[0].word[MR_W_MADE];
		same = made > MR_VECTOR && made == before ? same + 1 : 0;
		mr_view_free(v);
		nanosleep(&tick, NULL);
	}
	ck_assert_uint_lt(made, MOST);
	ended(e);
}
END_TEST

/* What was said of a reload is cut to a text again: JSON says nothing of half a character. */
START_TEST(a_long_story_is_cut_between_characters)
{
	struct mr_engine *e = calloc(1, sizeof *e);
	char text[2 * MR_RELOAD_TEXT];

	for (size_t i = 0; i < sizeof text - 2; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof text - 2] = '\0';
	mr_engine_note_reload(e, MR_RELOAD_REFUSED, NULL, 1, text + _i);
	ck_assert_uint_eq(strlen(e->reload.text), MR_RELOAD_TEXT - 2u + (unsigned)_i);
	mr_engine_note_reload(e, MR_RELOAD_REFUSED, NULL, 1, "short");
	ck_assert_str_eq(e->reload.text, "short");
	free(e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine");
	TCase *tc = tcase_create("load");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_packet_is_accounted_for, 0, sizeof graphs / sizeof graphs[0]);
	tcase_add_test(tc, who_waits_for_ever_is_joined_by_main);
	tcase_add_loop_test(tc, a_long_story_is_cut_between_characters, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
