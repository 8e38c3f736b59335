/* rig.c - the bench a stage is tested on; see rig.h. */

#include "t/lib/rig_state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLABS 8

/* ---- the three helpers of the graph ---- */

void rig_put(struct queue *q, struct mr_pkt *p)
{
	ck_assert_uint_lt(q->n, QUEUE);
	q->pkt[(q->head + q->n++) % QUEUE] = p;
}

struct mr_pkt *rig_get(struct queue *q)
{
	struct mr_pkt *p;

	if (q->n == 0)
		return NULL;
	p = q->pkt[q->head];
	q->head = (q->head + 1) % QUEUE;
	q->n--;
	return p;
}

static bool feed_pull(void *self, struct mr_turn *t)
{
	struct feed *feed = self;
	bool more = false;

	for (unsigned i = 0; i < MR_PORTS_MAX; i++) {
		while (feed->input[i].n && mr_room(t, i)) {
			mr_emit(t, i, rig_get(&feed->input[i]));
			mr_made(t, 1);
		}
		more |= feed->input[i].n > 0;
	}
	return more;
}

static void catch_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct catch *catch = self;

	for (unsigned i = 0; i < v->n; i++)
		rig_put(&catch->output[input], v->pkt[i]);
	mr_keep(t, (int)v->n);
}

static void catch_flush(void *self, struct mr_turn *t)
{
	struct catch *catch = self;
	struct mr_pkt *p;

	for (unsigned i = 0; i < MR_PORTS_MAX; i++) {
		while ((p = rig_get(&catch->output[i]))) {
			mr_take(t, p);
			mr_keep(t, -1);
		}
	}
}

static void ears_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	struct ears *ears = self;

	(void)t;
	ck_assert_uint_lt(ears->n, QUEUE);
	ears->heard[(ears->head + ears->n++) % QUEUE] = *event;
}

#define PORT(n) { n, .view = "anything", .optional = true }
#define PORTS \
	(const struct mr_port[]){ PORT("p0"), PORT("p1"), PORT("p2"), PORT("p3"), PORT("p4"), \
		                  PORT("p5"), PORT("p6"), PORT("p7"), { 0 } }
#define NONE (const struct mr_named[]){ { 0 } }

static const struct mr_kind kind_feed = {
	.abi = MR_ABI, .name = "rig-feed", .summary = "hands in", .size = sizeof(struct feed),
	.inputs = (const struct mr_port[]){ { 0 } }, .outputs = PORTS, .drops = NONE,
	.counters = NONE, .makes = true, .keeps = QUEUE, .slabs = SLABS, .affinities = 1 << MR_ANY,
	.pull = feed_pull,
};
static const struct mr_kind kind_catch = {
	.abi = MR_ABI, .name = "rig-catch", .summary = "keeps", .size = sizeof(struct catch),
	.inputs = PORTS, .outputs = (const struct mr_port[]){ { 0 } }, .drops = NONE,
	.counters = NONE, .keeps = QUEUE, .affinities = 1 << MR_ANY, .process = catch_process,
	.flush = catch_flush,
};
static const struct mr_kind kind_ears = {
	.abi = MR_ABI, .name = "rig-ears", .summary = "hears", .size = sizeof(struct ears),
	.inputs = (const struct mr_port[]){ { 0 } }, .outputs = (const struct mr_port[]){ { 0 } },
	.drops = NONE, .counters = NONE, .host = true, .once = true, .affinities = 1 << MR_ANY,
	.event = ears_event,
};

/* ---- building ---- */

/* Chosen by rig_aead. */
static const struct mr_aead *rig_provider;

/* Chosen by rig_clock. */
static uint64_t (*rig_asks)(void);

/* The engine asks this for the time; a test runs in one thread of its own process. */
uint64_t rig_time;

static uint64_t rig_now(void)
{
	return rig_time;
}

static void write_edges(FILE *f, const struct mr_kind *kind)
{
	const char *comma = "";

	for (unsigned i = 0; kind->inputs[i].name; i++, comma = ",")
		fprintf(f, "%s{\"from\":\"feed.p%u\",\"to\":\"under.%s\",\"full\":\"wait\"}", comma,
		        i, kind->inputs[i].name);
	for (unsigned i = 0; kind->outputs[i].name; i++, comma = ",")
		fprintf(f, "%s{\"from\":\"under.%s\",\"to\":\"catch.p%u\",\"full\":\"%s\"}", comma,
		        kind->outputs[i].name, i, kind->outputs[i].aside ? "drop" : "wait");
}

static char *write_graph(const struct mr_kind *kind, const char *settings)
{
	char *text = NULL, members[512] = "";
	size_t n = 0, len = strlen(settings);
	FILE *f = open_memstream(&text, &n);

	/* the settings' own members, after the kind */
	if (len > 2)
		snprintf(members, sizeof members, ",%.*s", (int)len - 2, settings + 1);
	fprintf(f, "{\"graph\":\"rig\",\"stages\":{\"under\":{\"kind\":\"%s\"%s},"
	        "\"feed\":{\"kind\":\"rig-feed\"},\"catch\":{\"kind\":\"rig-catch\"},"
	        "\"ears\":{\"kind\":\"rig-ears\"}},\"edges\":[", kind->name, members);
	write_edges(f, kind);
	fprintf(f, "],\"workers\":{\"w\":{\"stages\":[\"feed\",\"under\",\"catch\"]}}}");
	fclose(f);
	return text;
}

static void dispose(struct rig *rig)
{
	mr_graph_free(rig->graph);
	mr_json_free(rig->graph_doc);
	mr_json_free(rig->node_doc);
	mr_report_free(&rig->report);
	free(rig);
}

/* feed and catch, whose ports are of the sorts that the stage's are. */
static void fit_helpers(struct rig *rig)
{
	memcpy(rig->in, kind_catch.inputs, sizeof rig->in);
	memcpy(rig->out, kind_feed.outputs, sizeof rig->out);
	for (unsigned i = 0; rig->kind->inputs[i].name; i++)
		rig->out[i].sort = rig->kind->inputs[i].sort;
	for (unsigned i = 0; rig->kind->outputs[i].name; i++)
		rig->in[i].sort = rig->kind->outputs[i].sort;
	rig->feed = kind_feed;
	rig->feed.outputs = rig->out;
	rig->catch = kind_catch;
	rig->catch.inputs = rig->in;
}

static struct rig *try_open(const struct mr_kind *kind, const char *settings, const char *node)
{
	struct rig *rig = calloc(1, sizeof *rig);
	char *text = write_graph(kind, settings);

	rig->kind = kind;
	rig->slab = MR_NO_SLAB;
	rig->kinds[0] = kind;
	fit_helpers(rig);
	rig->kinds[1] = &rig->feed;
	rig->kinds[2] = &rig->catch;
	rig->kinds[3] = &kind_ears;
	rig_time = MR_NS_PER_S;
	rig->graph_doc = mr_json_parse("graph", text, strlen(text), &rig->report);
	if (node)
		rig->node_doc = mr_json_parse("node", node, strlen(node), &rig->report);
	if (rig->graph_doc && (!node || rig->node_doc))
		rig->graph = mr_graph_parse(rig->graph_doc, rig->kinds, &rig->report);
	if (rig->graph)
		rig->engine = mr_engine_open(&(struct mr_engine_options){
			.graph = rig->graph, .node = rig->node_doc,
			.aead = rig_provider ? rig_provider : &mr_aead_mbedtls,
			.rand = mr_rand_system(),
			.now = rig_asks ? rig_asks : rig_now }, &rig->report);
	free(text);
	return rig;
}

struct rig *rig_open(const struct mr_kind *kind, const char *settings, const char *node)
{
	struct rig *rig = try_open(kind, settings, node);

	if (!rig->engine)
		mr_report_print(&rig->report, stderr);
	ck_assert_ptr_nonnull(rig->engine);
	return rig;
}

void rig_aead(const struct mr_aead *aead)
{
	rig_provider = aead;
}

void rig_clock(uint64_t (*now)(void))
{
	rig_asks = now;
}

static char *print_report(const struct mr_report *report)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	mr_report_print(report, f);
	fclose(f);
	return text;
}

char *rig_warnings(struct rig *rig)
{
	return print_report(&rig->report);
}

char *rig_refusal(const struct mr_kind *kind, const char *settings, const char *node)
{
	struct rig *rig = try_open(kind, settings, node);
	char *text = NULL;

	if (rig->engine)
		mr_engine_close(rig->engine);
	else
		text = print_report(&rig->report);
	dispose(rig);
	return text;
}

char *rig_swap(struct rig *rig, const char *settings)
{
	char *text = write_graph(rig->kind, settings), *why;
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("graph", text, strlen(text), &report);
	struct mr_graph *graph = mr_graph_parse(doc, rig->kinds, &report);
	struct mr_swapped done;
	enum mr_swap what;

	ck_assert_ptr_nonnull(graph);
	free(text);
	what = mr_engine_swap(rig->engine, &(struct mr_engine_options){ .graph = graph,
	                                                                .node = rig->node_doc },
	                      &done, &report);
	ck_assert_uint_eq(done.missing, 0);
	why = what == MR_SWAP_ALL ? NULL : print_report(&report);
	if (!why) {
		struct mr_graph *old = rig->graph;
		struct mr_json *old_doc = rig->graph_doc;

		rig->graph = graph;
		rig->graph_doc = doc;
		graph = old;
		doc = old_doc;
	}
	mr_graph_free(graph);
	mr_json_free(doc);
	mr_report_free(&report);
	return why;
}

/* ---- looking inside ---- */

struct mr_pool *rig_pool(struct rig *rig)
{
	return rig_worker(rig)->pool;
}

void *rig_use(struct rig *rig, const struct mr_resource *resource)
{
	for (unsigned i = 0; i < rig->engine->useds; i++) {
		if (rig->engine->used[i].resource == resource)
			return rig->engine->used[i].state;
	}
	ck_abort_msg("no resource %s", resource->name);
}

void *rig_state(struct rig *rig)
{
	return rig->engine->replica[UNDER].state;
}

ck_epoch_record_t *rig_epoch(struct rig *rig)
{
	return rig->engine->host->epoch;
}

struct mr_engine *rig_engine(struct rig *rig)
{
	return rig->engine;
}

void rig_conserved(const struct rig *rig)
{
	const struct mr_replica *r = &rig->engine->replica[UNDER];
	const uint64_t *w = r->block->live;
	uint64_t ended = w[MR_W_SOJOURN];

	if (!MR_MEASURE) /* bench cost: half of the sum is left out */
		return;
	for (unsigned i = 0; i < r->ndrop + r->noutput; i++)
		ended += w[MR_WORDS + i];
	ck_assert_uint_eq(w[MR_W_IN] + w[MR_W_MADE],
	                  w[MR_W_OUT] + w[MR_W_TAKEN] + ended + w[MR_W_HELD]);
}

void rig_stop(struct rig *rig)
{
	rig_conserved(rig);
	rig_slabs_done(rig);
	mr_engine_stop(rig->engine);
	rig_conserved(rig);
	rig->stopped = true;
}

void rig_close(struct rig *rig)
{
	if (!rig->stopped)
		rig_stop(rig);
	ck_assert_uint_eq(rig->engine->replica[UNDER].block->live[MR_W_HELD], 0);
	ck_assert_uint_eq(mr_engine_close(rig->engine), 0);
	dispose(rig);
}
