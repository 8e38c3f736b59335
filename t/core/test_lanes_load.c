/* Two lanes between threads (R19): while a consumer stands still in a call and lane bulk is full,
 * what control sends comes through to its lane, is served first when the consumer goes on, and
 * nothing of either lane is lost, doubled or overtaken within its lane. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/worker.h"

enum { BULK, SPOKEN, KINDS }; /* what a packet is: its mark */

enum { WORDS = 10, CALLS = 4, ROUNDS = 25, DEPTH = 2048 };

static struct {
	int              ready;          /* always readable                          */
	_Atomic bool     stop;           /* no more bulk                             */
	_Atomic bool     shut;           /* whoever takes bulk waits in its call     */
	_Atomic bool     waits;          /* ... and does                             */
	_Atomic uint64_t made[KINDS], taken[KINDS];
	_Atomic uint64_t bulk_before;    /* taken when the newest of SPOKEN came     */
	_Atomic unsigned wrong;          /* numbers that were not the next one       */
	unsigned         speak;          /* main only: packets boss is to send       */
} world;

/* ---- the cast ---- */

static void emit_next(unsigned kind, struct mr_pkt *p, struct mr_turn *t)
{
	p->mark = (uint8_t)kind;
	p->seq = ++world.made[kind];
	memcpy(mr_pkt_put(p, 8), &p->seq, 8);
	mr_made(t, 1);
	mr_emit(t, 0, p);
}

static int source_open(void *self, struct mr_setup *s)
{
	(void)self;
	return mr_setup_watch(s, world.ready, MR_WATCH_READ) < 0 ? -1 : 0;
}

static bool source_pull(void *self, struct mr_turn *t)
{
	(void)self;
	if (world.stop) {
		mr_watch(t, 0, 0);
		return false;
	}
	for (unsigned i = 0; i < MR_VECTOR; i++) {
		struct mr_pkt *p = mr_spare(t);

		if (!p)
			return false;
		emit_next(BULK, p, t);
	}
	return true;
}

static void mid_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	(void)self;
	(void)input;
	for (unsigned i = 0; i < v->n; i++)
		mr_emit(t, 0, v->pkt[i]);
}

static void stand_still(void)
{
	const struct timespec tick = { .tv_nsec = 20000 };

	world.waits = true;
	while (world.shut)
		nanosleep(&tick, NULL);
	world.waits = false;
}

static void sink_process(void *self, unsigned input, struct mr_vector *v, struct mr_turn *t)
{
	unsigned kind = v->pkt[0]->mark;

	(void)self;
	(void)input;
	if (kind == BULK && world.shut)
		stand_still();
	for (unsigned i = 0; i < v->n; i++) {
		struct mr_pkt *p = v->pkt[i];
		uint64_t number;

		memcpy(&number, p->data, 8);
		world.wrong += p->mark != kind || number != p->seq ||
		               number != world.taken[kind] + 1;
		if (kind == SPOKEN)
			world.bulk_before = world.taken[BULK];
		world.taken[kind]++;
		mr_take(t, p);
	}
}

static uint64_t boss_deadline(void *self)
{
	(void)self;
	return world.speak ? 0 : MR_NEVER;
}

static void boss_timeout(void *self, struct mr_turn *t)
{
	(void)self;
	for (; world.speak; world.speak--) {
		struct mr_pkt *p = mr_room(t, 0) ? mr_spare(t) : NULL;

		if (!p)
			return; /* later */
		emit_next(SPOKEN, p, t);
	}
}

static void boss_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	(void)self;
	(void)event;
	(void)t;
}

#define NONE   (const struct mr_named[]){ { 0 } }
#define NOPORT (const struct mr_port[]){ { 0 } }

static const struct mr_kind source = {
	.abi = MR_ABI, .name = "source", .summary = "makes", .size = 8, .inputs = NOPORT,
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } }, .drops = NONE,
	.counters = NONE, .makes = true, .single = true, .affinities = 1 << MR_ANY,
	.open = source_open, .pull = source_pull,
};
static const struct mr_kind mid = {
	.abi = MR_ABI, .name = "mid", .summary = "hands on", .size = 8,
	.inputs = (const struct mr_port[]){ { "in", .view = "number", .reaches = MR_OUT(0) },
	                                    { "side", .view = "number", .reaches = MR_OUT(0) },
	                                    { 0 } },
	.outputs = (const struct mr_port[]){ { "out", .view = "number" }, { 0 } }, .drops = NONE,
	.counters = NONE, .affinities = 1 << MR_ANY, .process = mid_process,
};
static const struct mr_kind sink = {
	.abi = MR_ABI, .name = "sink", .summary = "takes", .size = 8,
	.inputs = (const struct mr_port[]){ { "in", .view = "number" }, { 0 } }, .outputs = NOPORT,
	.drops = NONE, .counters = NONE, .affinities = 1 << MR_ANY, .process = sink_process,
};
static const struct mr_kind boss = {
	.abi = MR_ABI, .name = "boss", .summary = "the host", .size = 8, .inputs = NOPORT,
	.outputs = (const struct mr_port[]){ { "out", .view = "number", .control = true }, { 0 } },
	.drops = NONE, .counters = NONE, .host = true, .once = true, .makes = true, .few = 256,
	.affinities = 1 << MR_ANY, .deadline = boss_deadline, .timeout = boss_timeout,
	.event = boss_event,
};
static const struct mr_kind *const kinds[] = { &source, &mid, &sink, &boss, NULL };

/* ---- the stand ---- */

#define GRAPH(workers) \
	"{\"graph\":\"lanes\",\"stages\":{\"source\":{},\"mid\":{},\"sink\":{},\"boss\":{}},\"edges\":[" \
	"{\"from\":\"source.out\",\"to\":\"mid.in\",\"full\":\"wait\",\"depth\":2048}," \
	"{\"from\":\"boss.out\",\"to\":\"mid.side\",\"depth\":256}," \
	"{\"from\":\"mid.out\",\"to\":\"sink.in\",\"full\":\"wait\",\"depth\":2048}]," \
	"\"workers\":{" workers "}}"

static const char *const graphs[] = {
	GRAPH("\"w\":{\"stages\":[\"source\",\"mid\"]},\"v\":{\"stages\":[\"sink\"]}"),
	GRAPH(""), /* each on a thread of its own */
	GRAPH("\"w\":{\"stages\":[\"source\",\"mid\"],\"idle\":{\"spin\":50}},\"v\":{\"stages\":[\"sink\"]}"),
};

static struct mr_ring *ring(struct mr_engine *e, enum mr_lane lane)
{
	for (unsigned i = 0; i < e->plan->rings; i++) {
		if (e->plan->ring[i].edge == 2 && e->plan->ring[i].lane == lane)
			return e->ring[i];
	}
	ck_abort_msg("no such lane");
}

static void host_runs(struct mr_engine *e)
{
	const struct timespec pause = { .tv_nsec = 100000 };

	mr_engine_host_turn(e);
	nanosleep(&pause, NULL);
}

static void speak(struct mr_engine *e)
{
	world.speak = WORDS;
	while (world.speak)
		host_runs(e);
}

/* Who waits for room is woken when there is a good deal of it, which nobody makes now: those who
 * sleep before the last of it are. */
static void fill_up(struct mr_engine *e)
{
	while (!world.waits || mr_ring_depth(ring(e, MR_LANE_BULK)) <= DEPTH - MR_VECTOR) {
		for (unsigned i = 0; i < e->workers; i++)
			mr_worker_wake(&e->worker[i]);
		host_runs(e);
	}
}

/* The consumer stands still, its bulk lane is full:
 * control's words come through, and come first. */
static void one_round(struct mr_engine *e)
{
	uint64_t before, spoken = world.taken[SPOKEN];

	world.shut = true;
	fill_up(e);
	before = world.taken[BULK];
	ck_assert_uint_eq(mr_ring_depth(ring(e, MR_LANE_CONTROL)), 0);
	for (unsigned i = 1; i <= CALLS; i++) {
		speak(e);
		while (mr_ring_depth(ring(e, MR_LANE_CONTROL)) < i * WORDS)
			host_runs(e);
	}
	ck_assert_uint_eq(world.taken[BULK], before);
	ck_assert_uint_eq(world.taken[SPOKEN], spoken);
	world.shut = false;
	while (world.taken[SPOKEN] < spoken + CALLS * WORDS)
		host_runs(e);
	/* what is left of the turn in which it stood still, and no turn's worth more */
	ck_assert_uint_le(world.bulk_before - before, 2 * MR_RING_VECTORS * MR_VECTOR);
}

static void check_books(struct mr_engine *e)
{
	for (unsigned i = 0; i < e->replicas; i++) {
		const struct mr_replica *r = &e->replica[i];
		const uint64_t *w = r->block->live;

		ck_assert_msg(w[MR_W_IN] + w[MR_W_MADE] == w[MR_W_OUT] + w[MR_W_TAKEN], "%s",
		              r->name);
		for (unsigned d = 0; d < r->ndrop + r->noutput; d++)
			ck_assert_uint_eq(w[MR_WORDS + d], 0);
	}
}

START_TEST(a_full_bulk_lane_between_threads)
{
	struct mr_report report = { 0 };
	struct mr_json *doc = mr_json_parse("g", graphs[_i], strlen(graphs[_i]), &report);
	struct mr_graph *g = mr_graph_parse(doc, kinds, &report);
	struct mr_engine *e;
	int fd[2];

	if (!g)
		mr_report_print(&report, stderr);
	ck_assert_ptr_nonnull(g);
	if (pipe(fd) || write(fd[1], "x", 1) != 1)
		ck_abort_msg("no pipe");
	world.ready = fd[0];
	e = mr_engine_open(&(struct mr_engine_options){ .graph = g, .aead = &mr_aead_mbedtls,
	                                                .now = mr_clock_now,
	                                                .rand = mr_rand_system() }, &report);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(mr_engine_start(e, &report), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		one_round(e);
		for (unsigned n = 0; n < 20; n++) /* and both flow */
			speak(e);
		while (world.taken[SPOKEN] < world.made[SPOKEN])
			host_runs(e);
	}
	world.stop = true;
	while (world.taken[BULK] < world.made[BULK])
		host_runs(e);
	mr_engine_stop(e);
	check_books(e);
	ck_assert_uint_eq(world.wrong, 0);
	ck_assert_uint_eq(world.taken[SPOKEN], ROUNDS * (CALLS + 20) * WORDS);
	ck_assert_uint_eq(world.taken[BULK], world.made[BULK]);
	ck_assert_uint_gt(world.taken[BULK], ROUNDS * MR_VECTOR);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	mr_graph_free(g);
	mr_json_free(doc);
	mr_report_free(&report);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lanes under load");
	TCase *tc = tcase_create("load");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 600); /* a busy machine, with ThreadSanitizer */
	tcase_add_loop_test(tc, a_full_bulk_lane_between_threads, 0,
	                    sizeof graphs / sizeof graphs[0]);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
