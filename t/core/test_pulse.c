/* Do the workers turn?  Sleeping, busy and stuck ones are asked. */
#include "core/engine.h"
#include "core/clock.h"
#include "core/json.h"
#include "t/lib/vectors.h"

#include <check.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static atomic_bool stick;
static atomic_uint stuck;
static sem_t release;

static bool never(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
	return false;
}

static bool always(void *self, struct mr_turn *t)
{
	(void)self;
	(void)t;
	return true;
}

struct gate { uint64_t next; };

static uint64_t gate_deadline(void *self)
{
	const struct gate *g = self;

	return g->next;
}

static void gate_timeout(void *self, struct mr_turn *t)
{
	struct gate *g = self;

	g->next = t->now + MR_NS_PER_MS;
	if (!atomic_load(&stick))
		return;
	atomic_fetch_add(&stuck, 1);
	sem_wait(&release);
}

static void no_event(void *self, const struct mr_event *event, struct mr_turn *t)
{
	(void)self;
	(void)event;
	(void)t;
}

#define NONE (const struct mr_port[]){ { 0 } }
#define NO_DROPS (const struct mr_named[]){ { 0 } }
#define OUT (const struct mr_port[]){ { "out", .view = "nothing", .optional = true }, { 0 } }

static int awake_open(void *self, struct mr_setup *s)
{
	(void)self;
	(void)s;
	return 0;
}

/* Nothing to do; always something to do; stuck when it is told to be. */
static const struct mr_kind idle = {
	.abi = MR_ABI, .name = "idle", .summary = "sleep", .size = 1, .inputs = NONE,
	.outputs = OUT, .drops = NO_DROPS,
	.affinities = MR_OUT(MR_ANY), .open = awake_open, .pull = never,
};
static const struct mr_kind busy = {
	.abi = MR_ABI, .name = "busy", .summary = "never sleep", .size = 1, .inputs = NONE,
	.outputs = OUT, .drops = NO_DROPS,
	.affinities = MR_OUT(MR_ANY), .open = awake_open, .pull = always,
};
static const struct mr_kind gate = {
	.abi = MR_ABI, .name = "gate", .summary = "hang when told", .size = sizeof(struct gate),
	.inputs = NONE, .outputs = OUT, .drops = NO_DROPS, .affinities = MR_OUT(MR_ANY),
	.open = awake_open, .pull = never, .deadline = gate_deadline, .timeout = gate_timeout,
};
static const struct mr_kind host = {
	.abi = MR_ABI, .name = "host", .summary = "the program's loop", .size = 1, .inputs = NONE,
	.outputs = OUT, .drops = NO_DROPS, .affinities = MR_OUT(MR_ANY), .host = true,
	.open = awake_open, .event = no_event,
};
static const struct mr_kind *const kinds[] = { &idle, &busy, &gate, &host, NULL };

static struct mr_json *doc;
static struct mr_graph *graph;

static struct mr_engine *started(const char *text)
{
	struct mr_report report = { 0 };
	struct mr_engine_options o = { .aead = &mr_aead_mbedtls, .rand = mr_rand_system(),
		                       .now = mr_clock_now };
	struct mr_engine *e;

	doc = mr_json_parse("graph", text, strlen(text), &report);
	graph = doc ? mr_graph_parse(doc, kinds, &report) : NULL;
	mr_report_print(&report, stderr);
	ck_assert_ptr_nonnull(graph);
	o.graph = graph;
	e = mr_engine_open(&o, &report);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(mr_engine_start(e, &report), 0);
	mr_report_free(&report);
	return e;
}

static void ended(struct mr_engine *e)
{
	mr_engine_stop(e);
	ck_assert_uint_eq(mr_engine_close(e), 0);
	mr_graph_free(graph);
	mr_json_free(doc);
}

/* Who owes an answer after so many looks of a millisecond; NULL as soon as nobody does. */
static const char *owes(const struct mr_engine *e, unsigned looks)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	const char *who = mr_engine_owes_turn(e);

	for (; who && looks; looks--) {
		nanosleep(&ms, NULL);
		who = mr_engine_owes_turn(e);
	}
	return who;
}

/* A worker that sleeps, one that spins and one that never rests answer each question. */
static const char *const graphs[] = {
	"{\"graph\":\"g\",\"stages\":{\"a\":{\"kind\":\"idle\"},\"b\":{\"kind\":\"gate\"}},\"edges\":[]}",
	"{\"graph\":\"g\",\"stages\":{\"a\":{\"kind\":\"busy\"}},\"edges\":[]}",
	("{\"graph\":\"g\",\"stages\":{\"a\":{\"kind\":\"idle\"}},\"edges\":[],"
	 "\"workers\":{\"w\":{\"stages\":[\"a\"],\"idle\":{\"spin\":1000}}}}"),
};

START_TEST(who_turns_answers)
{
	struct mr_engine *e = started(graphs[_i]);

	for (unsigned n = 0; n < 200; n++) {
		mr_engine_ask_turns(e);
		ck_assert_ptr_null(owes(e, 5000));
	}
	ended(e);
}
END_TEST

/* The host has no thread and owes nothing: its loop asks,
 * and is not kept awake by its own question. */
START_TEST(the_host_is_not_asked)
{
	struct mr_engine *e = started("{\"graph\":\"g\",\"stages\":{\"a\":{\"kind\":\"idle\"},"
	                              "\"h\":{\"kind\":\"host\"}},\"edges\":[]}");
	struct pollfd p = { .fd = mr_engine_host_fd(e), .events = POLLIN };

	mr_engine_ask_turns(e);
	ck_assert_ptr_null(owes(e, 5000));
	for (unsigned n = 0; n < 3; n++)
		mr_engine_host_turn(e);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ended(e);
}
END_TEST

/* What readers see of a worker's debt. */
static uint64_t shown(struct mr_engine *e, const char *worker)
{
	struct mr_view *v = mr_engine_view(e);
	uint64_t ns = UINT64_MAX;

	for (unsigned i = 0; i < v->workers; i++)
		if (!strcmp(v->worker[i].name, worker))
			ns = v->worker[i].stuck_ns;
	mr_view_free(v);
	return ns;
}

/* One is stuck in its stage: it owes an answer however often it is asked, the other does not; let
 * go, it answers. */
START_TEST(who_is_stuck_does_not)
{
	struct mr_engine *e = started(graphs[0]);
	const struct timespec ms = { .tv_nsec = 1000000 };
	uint64_t longest = 0;

	sem_init(&release, 0, 0);
	atomic_store(&stick, true);
	for (unsigned n = 0; n < 5000 && !atomic_load(&stuck); n++)
		nanosleep(&ms, NULL);
	ck_assert_uint_eq(atomic_load(&stuck), 1);
	for (unsigned n = 0; n < 5; n++) {
		mr_engine_ask_turns(e);
		ck_assert_ptr_nonnull(owes(e, 20));
		ck_assert_str_eq(owes(e, 0), "b");
		ck_assert_uint_gt(shown(e, "b"), longest);
		longest = shown(e, "b");
		ck_assert_uint_eq(shown(e, "a"), 0);
	}
	atomic_store(&stick, false);
	sem_post(&release);
	ck_assert_ptr_null(owes(e, 5000));
	ck_assert_uint_eq(shown(e, "b"), 0);
	ended(e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pulse");
	TCase *t = tcase_create("pulse");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, who_turns_answers, 0, COUNT(graphs));
	tcase_add_test(t, who_is_stuck_does_not);
	tcase_add_test(t, the_host_is_not_asked);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
