/* One flow on several threads: vectors are dealt out in turn, and come out behind in the order in
 * which they were dealt, whatever is dropped between and whoever is late. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/rand.h"
#include "t/lib/actors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define STAGES(s)  "{\"graph\":\"g\",\"stages\":{" s "},\"edges\":["
#define WORKERS(w) "],\"workers\":{" w "}}"
#define ON(w, s)   "\"" w "\":{\"stages\":[" s "]}"
#define HANDS(s, n) "\"hands\":{\"stages\":[" s "],\"threads\":" #n "}"
#define EDGE(a, b, full) \
	"{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"" full "\",\"depth\":256}"
#define DEALT "\"hand\":{\"affinity\":\"deal\"}"
#define CAST  "\"source\":{}," DEALT ",\"sink\":{}"
#define EDGES EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "sink.in", "wait")

#define WITH(n)  STAGES(CAST) EDGES WORKERS(ON("w", "\"source\"") "," HANDS("\"hand\"", n) "," \
                                            ON("v", "\"sink\""))
/* two stages a section, with something beside the way */
#define LONG(n) STAGES(CAST ",\"second\":{\"kind\":\"hand\"},\"show\":{\"kind\":\"sink\"}") \
	EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "second.in", "wait") "," \
	EDGE("second.out", "sink.in", "wait") "," EDGE("second.aside", "show.in", "drop") \
	WORKERS(ON("w", "\"source\"") "," HANDS("\"hand\",\"second\"", n) "," ON("v", "\"sink\""))

static struct mr_replica *replica(struct stand *s, const char *name, unsigned index)
{
	for (unsigned i = 0; i < s->engine->replicas; i++) {
		struct mr_replica *r = &s->engine->replica[i];

		if (!strcmp(r->name, name) && r->index == index)
			return r;
	}
	ck_abort_msg("no %s.%u", name, index);
}

static void drop_of(struct stand *s, const char *name, unsigned index, unsigned n)
{
	struct actor *a = replica(s, name, index)->state;

	a->drop_of = n;
}

/* A pull of n packets. */
static void give(struct stand *s, unsigned n)
{
	struct actor *a = stand_actor(s, "source");

	a->give[0] = n;
	a->pulls = 1;
	stand_stage(s, "source")->ready = true;
	mr_worker_turn(stand_worker(s, "source"));
}

static void run_out(struct stand *s)
{
	bool any = true;

	while (any) {
		any = false;
		for (unsigned i = 0; i < s->engine->workers; i++)
			any |= mr_worker_turn(&s->engine->worker[i]);
	}
}

static uint64_t dropped(struct stand *s, const char *name)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->engine->replicas; i++) {
		if (!strcmp(s->engine->replica[i].name, name))
			n += s->engine->replica[i].block->live[MR_WORDS];
	}
	return n;
}

/* ---- order ---- */

static const struct {
	const char *graph;
	unsigned    threads;
	bool        second;
} stands[] = {
	{ WITH(1), 1, false }, { WITH(2), 2, false }, { WITH(3), 3, false },
	{ WITH(16), 16, false },
	{ LONG(1), 1, true },  { LONG(2), 2, true },  { LONG(4), 4, true },
};

/* Workers turn as a seed has it; every replica drops other packets, the first one nearly all. */
START_TEST(what_comes_out_is_in_order)
{
	struct mr_rand_state seed = { .seed = (uint64_t)_i + 1 };
	struct mr_rand rnd = mr_rand_seeded(&seed);
	uint64_t made, lost;
	struct stand s;

	stand_open(&s, stands[_i].graph);
	for (unsigned i = 0; i < stands[_i].threads; i++) {
		drop_of(&s, "hand", i, i + 1 < 3 ? i + 2 : 0);
		if (stands[_i].second)
			drop_of(&s, "second", i, i == 0 ? 1 : 5);
	}
	for (unsigned i = 0; i < 20000; i++) {
		unsigned who = mr_rand_below(&rnd, s.engine->workers);

		if (&s.engine->worker[who] == stand_worker(&s, "source"))
			give(&s, mr_rand_below(&rnd, MR_VECTOR + 1));
		else
			mr_worker_turn(&s.engine->worker[who]);
	}
	run_out(&s);
	made = stand_word(&s, "source", MR_W_MADE);
	lost = dropped(&s, "hand") + (stands[_i].second ? dropped(&s, "second") : 0);
	ck_assert_uint_gt(made, 1000);
	ck_assert_uint_gt(lost, 100);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), made - lost);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* Nobody overtakes a thread that is late, and nobody is forgotten. */
START_TEST(who_is_late_is_waited_for)
{
	struct stand s;

	stand_open(&s, WITH(3));
	for (unsigned i = 0; i < 6; i++)
		give(&s, 10);
	mr_worker_turn(replica(&s, "hand", 1)->worker);
	mr_worker_turn(replica(&s, "hand", 2)->worker);
	mr_worker_turn(stand_worker(&s, "sink"));
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 0);
	/* and that is no work, though rings are not empty */
	ck_assert(mr_worker_may_sleep(stand_worker(&s, "sink")));
	mr_worker_turn(replica(&s, "hand", 0)->worker);
	ck_assert(stand_rung(stand_worker(&s, "sink")));
	mr_worker_turn(stand_worker(&s, "sink"));
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 60);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* A vector of which nothing is left still passes the turn on. */
START_TEST(nothing_is_one_vector_too)
{
	struct stand s;

	stand_open(&s, WITH(2));
	drop_of(&s, "hand", 0, 1);
	for (unsigned i = 0; i < 8; i++)
		give(&s, 5);
	run_out(&s);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 20);
	ck_assert_uint_eq(dropped(&s, "hand"), 20);
	ck_assert_uint_eq(replica(&s, "hand", 0)->block->live[MR_W_VECTORS], 4);
	ck_assert_uint_eq(replica(&s, "hand", 1)->block->live[MR_W_VECTORS], 4);
	stand_close(&s);
}
END_TEST

/* Rings full of nothing are full: who fills them waits, and the dealer, and nothing is lost. */
START_TEST(full_rings_hold_the_dealer)
{
	struct stand s;
	struct actor *sink;

	stand_open(&s, WITH(2));
	sink = stand_actor(&s, "sink");
	drop_of(&s, "hand", 0, 2);
	sink->hold = true;
	sink->keep = 1;
	for (unsigned i = 0; i < 2000; i++) {
		give(&s, 1 + i % 3);
		for (unsigned w = 0; w < s.engine->workers; w++)
			mr_worker_turn(&s.engine->worker[w]);
	}
	ck_assert(stand_worker(&s, "source")->held);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 0);
	sink->hold = false;
	sink->release = ACTOR_KEEPS;
	stand_stage(&s, "sink")->held = 0;
	stand_stage(&s, "sink")->ready = true;
	run_out(&s);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN) + dropped(&s, "hand"),
	                  stand_word(&s, "source", MR_W_MADE));
	ck_assert(!sink->disorder);
	stand_close(&s);
}
END_TEST

/* A dealing edge that drops loses vectors before they have a turn. */
START_TEST(what_is_dropped_at_the_dealer_has_no_turn)
{
	struct stand s;

	stand_open(&s, STAGES(CAST) EDGE("source.a", "hand.in", "drop") ","
	           EDGE("hand.out", "sink.in", "wait")
	           WORKERS(ON("w", "\"source\"") "," HANDS("\"hand\"", 2) "," ON("v", "\"sink\"")));
	for (unsigned i = 0; i < 40; i++)
		give(&s, 30);
	ck_assert_uint_gt(stand_edge(&s, "source", 0), 0);
	run_out(&s);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN) + stand_edge(&s, "source", 0),
	                  40 * 30);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* What a stage emits between two calls has no place in the order: its edge drops it. */
START_TEST(what_comes_between_has_no_turn)
{
	struct mr_order order = { .a = 1 };
	struct mr_replica *hand;
	struct stand s;

	stand_open(&s, WITH(2));
	hand = replica(&s, "hand", 1);
	((struct actor *)hand->state)->talk = true;
	for (unsigned i = 0; i < 6; i++) {
		give(&s, 4);
		mr_call_order(hand->worker, hand, &order);
	}
	run_out(&s);
	ck_assert_uint_eq(hand->block->live[MR_W_MADE], 6);
	ck_assert_uint_eq(hand->block->live[MR_WORDS + hand->ndrop], 6);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 24);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* What has waited too long in front of the hands is dropped there, whole vectors too, and every
 * turn is passed on all the same. */
START_TEST(what_waits_too_long_has_its_turn)
{
	uint64_t gone = 0;
	struct stand s;

	stand_open(&s, WITH(2));
	for (unsigned i = 0; i < 300; i++) {
		for (unsigned k = 0; k < 40; k++) /* more than they take in a turn */
			give(&s, 1 + k % 9);
		stand_time += 20 * MR_NS_PER_MS;
		for (unsigned w = 0; w < s.engine->workers; w++)
			if (&s.engine->worker[w] != stand_worker(&s, "source"))
				mr_worker_turn(&s.engine->worker[w]);
	}
	run_out(&s);
	for (unsigned i = 0; i < 2; i++)
		gone += replica(&s, "hand", i)->block->live[MR_W_SOJOURN];
	ck_assert_uint_gt(gone, 1000);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN) + stand_word(&s, "sink", MR_W_SOJOURN),
	                  stand_word(&s, "source", MR_W_MADE) - gone);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* What sinks and hands have done with, as last published. */
static uint64_t done(struct stand *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->engine->replicas; i++) {
		const struct mr_replica *r = &s->engine->replica[i];
		uint64_t *word = calloc(r->block->n, sizeof *word);

		mr_block_read(r->block, word);
		n += word[MR_W_TAKEN] + (r->ndrop ? word[MR_WORDS] : 0);
		free(word);
	}
	return n;
}

/* Threads, as they come. */
START_TEST(threads)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct actor *source;
	struct stand s;

	stand_open(&s, stands[_i].graph);
	source = stand_actor(&s, "source");
	source->give[0] = 7;
	source->pulls = 20000;
	for (unsigned i = 0; i < stands[_i].threads; i++)
		drop_of(&s, "hand", i, 3 + i);
	stand_stage(&s, "source")->ready = true;
	ck_assert_int_eq(mr_engine_start(s.engine, &s.report), 0);
	for (unsigned i = 0; i < 100000 && done(&s) < 140000; i++)
		nanosleep(&pause, NULL);
	mr_engine_stop(s.engine);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN) + dropped(&s, "hand"), 140000);
	ck_assert(!stand_actor(&s, "sink")->disorder);
	stand_close(&s);
}
END_TEST

/* ---- graphs that are refused ---- */

static const struct {
	const char *graph, *complaint;
} refused[] = {
	{ STAGES(CAST) EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "sink.in", "drop")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[1].full: order is restored behind this edge, so it must \"wait\"" },
	{ STAGES(CAST ",\"two\":{\"kind\":\"source\"}") EDGES "," EDGE("two.a", "hand.more", "wait")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[2].to: hand is dealt vectors that are put in order again behind it, so no other edge may "
	  "lead to hand" },
	{ STAGES(CAST ",\"two\":{\"kind\":\"source\"},\"h\":{\"kind\":\"hand\"}")
	  EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "h.in", "wait") ","
	  EDGE("h.out", "sink.in", "wait") "," EDGE("two.a", "h.more", "wait")
	  WORKERS(HANDS("\"hand\",\"h\"", 2)),
	  "edges[3].to: hand is dealt vectors that are put in order again behind it, so no other edge may "
	  "lead to h" },
	{ STAGES(CAST) EDGES "," EDGE("hand.more", "sink.side", "wait")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[2].from: a second edge leads away from what hand is dealt, and only one can have the order "
	  "restored" },
	{ STAGES("\"source\":{},\"pipe\":{}," DEALT ",\"sink\":{}")
	  EDGE("source.a", "pipe.in", "wait") "," EDGE("pipe.out", "hand.in", "wait") ","
	  EDGE("hand.out", "sink.in", "wait")
	  WORKERS("\"p\":{\"stages\":[\"pipe\"],\"threads\":3}," HANDS("\"hand\"", 2)),
	  "edges[1].from: pipe has 3 replicas, and only one can deal vectors out to hand" },
	{ STAGES(CAST) EDGES WORKERS(HANDS("\"hand\"", 2) ",\"v\":{\"stages\":[\"sink\"],\"threads\":2}"),
	  "edges[1].to: sink has 2 replicas, and only one can put in order again what hand was dealt" },
	{ STAGES("\"source\":{}," DEALT ",\"h\":{\"kind\":\"hand\",\"affinity\":\"peer\"},\"sink\":{}")
	  EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "h.in", "wait") ","
	  EDGE("h.out", "sink.in", "wait") WORKERS(HANDS("\"hand\",\"h\"", 2)),
	  "stages.h.affinity: \"peer\" would take vectors apart that hand is dealt: a stage behind it on the "
	  "same worker takes \"any\", or belongs on another worker" },
	{ STAGES("\"boss\":{}," DEALT ",\"sink\":{}")
	  "{\"from\":\"boss.out\",\"to\":\"hand.in\"}," EDGE("hand.out", "sink.in", "wait")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[0].from: boss is the host, which deals nothing out" },
	{ STAGES("\"boss\":{},\"source\":{},\"mid\":{}," DEALT ",\"sink\":{}")
	  "{\"from\":\"boss.out\",\"to\":\"mid.side\"}," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "hand.in", "wait") "," EDGE("hand.out", "sink.in", "wait")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[2].from: packets come here in both lanes, which have no order between them to restore "
	  "behind hand" },
	{ STAGES(CAST ",\"h\":{\"kind\":\"hand\"}")
	  EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "h.in", "drop") ","
	  EDGE("h.out", "sink.in", "wait") WORKERS(HANDS("\"hand\",\"h\"", 2)),
	  "edges[1].full: order is restored behind this edge, so it must \"wait\"" },
	{ STAGES(CAST ",\"h\":{\"kind\":\"hand\"}")
	  EDGE("source.a", "hand.in", "wait") "," EDGE("hand.out", "h.in", "wait") ","
	  EDGE("hand.more", "h.more", "wait") "," EDGE("h.out", "sink.in", "wait")
	  WORKERS(HANDS("\"hand\",\"h\"", 2)),
	  "edges[2].from: a second edge leads away from what hand is dealt" },
	{ STAGES(CAST) EDGE("source.a", "hand.blind", "wait") "," EDGE("hand.out", "sink.in", "wait")
	  WORKERS(HANDS("\"hand\"", 2)),
	  "edges[1].from: nothing that hand is dealt by blind leaves by out" },
	{ STAGES(CAST ",\"mid\":{}") EDGE("source.a", "hand.in", "wait") ","
	  EDGE("hand.out", "mid.in", "wait") "," EDGE("mid.out", "sink.in", "wait")
	  WORKERS("\"h\":{\"stages\":[\"hand\",\"mid\"],\"threads\":2}"),
	  "stages.mid: may keep what hand is dealt and hand it on out of turn" },
	{ STAGES(CAST) EDGES WORKERS("\"w\":{\"stages\":[\"source\",\"hand\",\"sink\"]}"),
	  "edges[0].to: hand is dealt vectors that come from its own worker" },
};

START_TEST(mistakes_are_sentences)
{
	char *text = stand_refusal(refused[_i].graph);

	ck_assert_msg(text != NULL, "row %d is not refused", _i);
	ck_assert_msg(strstr(text, refused[_i].complaint) != NULL, "row %d says: %s", _i, text);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deal");
	TCase *order = tcase_create("order"), *files = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(order, what_comes_out_is_in_order, 0, (int)COUNT(stands));
	tcase_add_test(order, who_is_late_is_waited_for);
	tcase_add_test(order, nothing_is_one_vector_too);
	tcase_add_test(order, full_rings_hold_the_dealer);
	tcase_add_test(order, what_is_dropped_at_the_dealer_has_no_turn);
	tcase_add_test(order, what_comes_between_has_no_turn);
	tcase_add_test(order, what_waits_too_long_has_its_turn);
	tcase_add_loop_test(order, threads, 0, (int)COUNT(stands));
	tcase_set_timeout(order, 120);
	tcase_add_loop_test(files, mistakes_are_sentences, 0, (int)COUNT(refused));
	suite_add_tcase(suite, order);
	suite_add_tcase(suite, files);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
