/* actors.c - made-up stages whose conduct a test sets; see actors.h. */

#include "t/lib/actors.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

_Atomic uint64_t stand_time;
uint64_t stand_tick;
int stand_fd;

static uint64_t stand_now(void)
{
	stand_time += stand_tick;
	return stand_time;
}

/* ---- source ---- */

static uint64_t numbers; /* of the process: numbers grow along every way */

static int source_open(void *self, struct mr_setup *s)
{
	struct actor *a = self;

	a->fd = stand_fd;
	if (a->fd)
		a->watch = mr_setup_watch(s, a->fd, MR_WATCH_READ);
	return a->watch < 0 ? -1 : 0;
}

static struct mr_pkt *make(struct mr_turn *t)
{
	struct mr_pkt *p = mr_spare(t);

	if (!p)
		return NULL;
	p->seq = ++numbers;
	mr_pkt_put(p, 8);
	mr_made(t, 1);
	return p;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	struct actor *a = self;

	stand_time += a->work;
	a->pulled++;
	for (unsigned o = 0; o < 2; o++) {
		for (unsigned i = 0; i < a->give[o]; i++) {
			struct mr_pkt *p = make(t);

			if (!p)
				return false;
			mr_emit(t, o, p);
		}
	}
	return a->pulls && --a->pulls;
}

/* ---- mid ---- */

enum { MID_IN, MID_SIDE, MID_FAN };

static void mid_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct actor *a = self;

	stand_time += a->work;
	a->vectors++;
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, input == MID_FAN && i % 2, v->pkt[i]);
}

static void talk(struct actor *a, struct mr_turn *t)
{
	struct mr_pkt *p = a->talk ? make(t) : NULL;

	stand_time += a->work;
	if (p)
		mr_emit(t, 0, p);
}

static void any_order(void *self, struct mr_order *order, struct mr_turn *t)
{
	struct actor *a = self;

	a->disorder |= a->orders && order->a <= a->last;
	a->last = order->a;
	a->orders++;
	talk(a, t);
}

static uint64_t any_deadline(void *self)
{
	const struct actor *a = self;

	return a->due ? a->due : MR_NEVER;
}

static void any_timeout(void *self, struct mr_turn *t)
{
	struct actor *a = self;

	a->timeouts++;
	a->due = 0;
	talk(a, t);
}

/* ---- sink ---- */

static void sink_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct actor *a = self;

	stand_time += a->work;
	a->vectors++;
	for (unsigned i = 0; i < v->n; i++) {
		a->disorder |= v->pkt[i]->seq <= a->last;
		a->last = v->pkt[i]->seq;
		if (!a->keep) {
			mr_take(t, v->pkt[i]);
			continue;
		}
		ck_assert_uint_lt(a->n, ACTOR_KEEPS);
		a->kept[a->n++] = v->pkt[i];
		mr_keep(t, 1);
	}
	a->keep -= a->keep > 0;
	if (a->hold)
		mr_hold(t, input, a->n > 0);
}

static void let_go(struct actor *a, unsigned most, struct mr_turn *t)
{
	for (; most && a->n; most--) {
		mr_keep(t, -1);
		mr_take(t, a->kept[--a->n]);
	}
}

static bool sink_pull(void *self, struct mr_turn *t)
{
	struct actor *a = self;

	a->pulled++;
	let_go(a, a->release, t);
	if (a->hold && a->n == 0) {
		mr_hold(t, 0, false);
		mr_hold(t, 1, false);
	}
	return a->release && a->n;
}

static void sink_flush(void *self, struct mr_turn *t)
{
	let_go(self, ACTOR_KEEPS, t);
}

/* ---- boss ---- */

static void boss_timeout(void *self, struct mr_turn *t)
{
	struct actor *a = self;

	a->timeouts++;
	a->due = 0;
	for (unsigned o = 0; o < 2; o++) {
		for (unsigned i = 0; i < a->give[o]; i++)
			mr_emit(t, o, make(t));
	}
}

static void boss_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	struct actor *a = self;

	(void)t;
	a->disorder |= a->events && event->a <= a->last;
	a->last = event->a;
	a->events++;
}

#define NONE    (const struct mr_named[]){ { 0 } }
#define BY_HASH (1 << MR_DESTINATION | 1 << MR_PEER)
#define SHARDED (1 << MR_ANY | BY_HASH)

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "makes", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){ { 0 } },
	.outputs = (const struct mr_port[]){ { "a", .view = "number", .optional = true },
	                                     { "b", .view = "number", .optional = true }, { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull, .order = any_order,
};
static const struct mr_kind mid = {
	.abi = MR_ABI, .name = "mid", .summary = "hands on", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){
		{ "in", .view = "number", .reaches = MR_OUT(0), .optional = true },
		{ "side", .view = "number", .reaches = MR_OUT(0), .optional = true },
		{ "fan", .view = "number", .reaches = MR_OUT(0) | MR_OUT(1), .optional = true },
		{ 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number", .optional = true },
	                                     { "aside", .view = "number", .optional = true },
	                                     { 0 } },
	.drops = NONE, .counters = NONE, .makes = true, .affinities = SHARDED, .shards = BY_HASH,
	.process = mid_process, .order = any_order, .deadline = any_deadline,
	.timeout = any_timeout,
};
static const struct mr_kind sink = {
	.abi = MR_ABI, .name = "sink", .summary = "takes", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){ { "in", .view = "number", .optional = true },
	                                    { "side", .view = "number", .optional = true }, { 0 } },
	.outputs = (const struct mr_port[]){ { 0 } },
	.drops = NONE, .counters = NONE, .keeps = ACTOR_KEEPS, .affinities = SHARDED,
	.shards = BY_HASH,
	.process = sink_process, .pull = sink_pull, .order = any_order, .deadline = any_deadline,
	.timeout = any_timeout, .flush = sink_flush,
};
static const struct mr_kind boss = {
	.abi = MR_ABI, .name = "boss", .summary = "the host", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){ { "in", .view = "number", .optional = true }, { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "number", .optional = true, .control = true },
		{ "other", .view = "number", .optional = true }, { 0 } },
	.drops = NONE, .counters = NONE, .host = true, .once = true, .makes = true,
	.keeps = ACTOR_KEEPS, .affinities = 1 << MR_ANY, .process = sink_process,
	.pull = sink_pull, .deadline = any_deadline, .timeout = boss_timeout, .event = boss_event,
	.flush = sink_flush,
};
static const struct mr_kind num = {
	.abi = MR_ABI, .name = "num", .summary = "numbers", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){
		{ "in", .view = "number", .reaches = MR_OUT(0), .optional = true },
		{ "side", .view = "number", .reaches = MR_OUT(0), .optional = true }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number", .numbered = true }, { 0 } },
	.drops = NONE, .counters = NONE, .affinities = SHARDED, .shards = BY_HASH, .window = 2048,
	.process = mid_process,
};
static const struct mr_kind pipe_kind = {
	.abi = MR_ABI, .name = "pipe", .summary = "passes on", .size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){
		{ "in", .view = "number", .reaches = MR_OUT(0), .passes = true }, { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number", .passes = true }, { 0 } },
	.drops = NONE, .counters = NONE, .affinities = SHARDED, .shards = SHARDED,
	.process = mid_process,
};

static void hand_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	struct actor *a = self;

	(void)input;
	a->vectors++;
	for (unsigned i = 0; i < v->n; i++) {
		a->last = v->pkt[i]->seq;
		if (a->drop_of && a->last % a->drop_of == 0)
			mr_drop(t, 0, v->pkt[i]);
		else
			mr_emit(t, 0, v->pkt[i]);
	}
}

static const struct mr_kind hand = {
	.abi = MR_ABI, .name = "hand", .summary = "hands on what it is dealt",
	.size = sizeof(struct actor),
	.inputs = (const struct mr_port[]){
		{ "in", .view = "number", .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ "more", .view = "number", .reaches = MR_ALL_OUTPUTS, .optional = true },
		{ "blind", .view = "number", .reaches = MR_OUT(2), .optional = true }, { 0 } },
	.outputs = (const struct mr_port[]){
		{ "out", .view = "number" },
		{ "more", .view = "number", .optional = true },
		{ "aside", .view = "number", .optional = true, .aside = true }, { 0 } },
	.drops = (const struct mr_named[]){ { "divided", .help = "as the test says" }, { 0 } },
	.counters = NONE, .makes = true,
	.affinities = 1 << MR_ANY | 1 << MR_DEAL | 1 << MR_PEER,
	.shards = 1 << MR_ANY | 1 << MR_DEAL | 1 << MR_PEER, .process = hand_process,
	.order = any_order,
};

const struct mr_kind *const actor_kinds[] = { &source, &mid, &sink, &num, &pipe_kind, &hand, &boss,
	                                      NULL };

/* ---- the stand ---- */

static void try_open(struct stand *s, const char *graph)
{
	*s = (struct stand){ 0 };
	stand_time = MR_NS_PER_S;
	s->doc = mr_json_parse("g", graph, strlen(graph), &s->report);
	s->graph = s->doc ? mr_graph_parse(s->doc, actor_kinds, &s->report) : NULL;
	if (s->graph)
		s->engine = mr_engine_open(&(struct mr_engine_options){
			.graph = s->graph, .aead = &mr_aead_mbedtls,
			.rand = mr_rand_system(), .now = stand_now }, &s->report);
	for (unsigned i = 0; s->engine && i < s->engine->workers; i++)
		s->engine->worker[i].booked = stand_time;
}

static void dispose(struct stand *s)
{
	mr_graph_free(s->graph);
	mr_json_free(s->doc);
	mr_report_free(&s->report);
}

void stand_open(struct stand *s, const char *graph)
{
	try_open(s, graph);
	if (!s->engine)
		mr_report_print(&s->report, stderr);
	ck_assert_ptr_nonnull(s->engine);
}

char *stand_refusal(const char *graph)
{
	struct stand s;
	char *text = NULL;
	size_t n = 0;
	FILE *f;

	try_open(&s, graph);
	if (s.engine) {
		mr_engine_close(s.engine);
	} else {
		f = open_memstream(&text, &n);
		mr_report_print(&s.report, f);
		fclose(f);
	}
	dispose(&s);
	return text;
}

struct mr_replica *stand_stage(struct stand *s, const char *name)
{
	for (unsigned i = 0; i < s->engine->replicas; i++) {
		if (!strcmp(s->engine->replica[i].name, name))
			return &s->engine->replica[i];
	}
	ck_abort_msg("no stage %s", name);
}

struct actor *stand_actor(struct stand *s, const char *name)
{
	return stand_stage(s, name)->state;
}

struct mr_worker *stand_worker(struct stand *s, const char *stage)
{
	return stand_stage(s, stage)->worker;
}

uint64_t stand_edge(struct stand *s, const char *stage, unsigned output)
{
	const struct mr_replica *r = stand_stage(s, stage);

	return r->block->live[MR_WORDS + r->ndrop + output];
}

uint64_t stand_word(struct stand *s, const char *stage, enum mr_word word)
{
	return stand_stage(s, stage)->block->live[word];
}

bool stand_rung(struct mr_worker *w)
{
	struct pollfd p = { .fd = w->wake_fd, .events = POLLIN };
	bool rung = poll(&p, 1, 0) == 1;

	mr_worker_eat_wakes(w);
	return rung;
}

void stand_balance(struct stand *s)
{
	for (unsigned i = 0; i < s->engine->replicas; i++) {
		const struct mr_replica *r = &s->engine->replica[i];
		const uint64_t *w = r->block->live;
		uint64_t dropped = w[MR_W_SOJOURN], packets = 0, bytes = 0;

		for (unsigned d = 0; d < r->ndrop + r->noutput; d++)
			dropped += w[MR_WORDS + d];
		ck_assert_uint_eq(w[MR_W_IN] + w[MR_W_MADE],
		                  w[MR_W_OUT] + w[MR_W_TAKEN] + dropped + w[MR_W_HELD]);
		for (unsigned o = 0; o < r->noutput; o++) {
			packets += w[r->handed + 2 * o];
			bytes += w[r->handed + 2 * o + 1];
		}
		ck_assert_uint_eq(w[MR_W_OUT], packets);
		ck_assert_uint_eq(w[MR_W_OUT_BYTES], bytes);
	}
}

void stand_close(struct stand *s)
{
	stand_balance(s);
	mr_engine_stop(s->engine);
	stand_balance(s);
	ck_assert_uint_eq(mr_engine_close(s->engine), 0);
	dispose(s);
}
