/* Two lanes before the numbering (R19): who gets one, what a full bulk lane cannot stop, what each
 * keeps in order, and that there is one FIFO behind. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "t/lib/actors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define STAGES(s)  "{\"graph\":\"g\",\"stages\":{" s "},\"edges\":["
#define WORKERS(w) "],\"workers\":{" w "}}"
#define ON(w, s)   "\"" w "\":{\"stages\":[" s "]}"
#define EDGE(a, b, full) \
	"{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"" full "\",\"depth\":128}"
#define BOSS(out, b) "{\"from\":\"boss." out "\",\"to\":\"" b "\",\"depth\":128}"
#define CAST "\"boss\":{},\"source\":{},\"mid\":{},\"num\":{},\"sink\":{}"

/* ---- who gets lanes ---- */

static const struct {
	const char *graph;
	unsigned    edge;
	const char *lanes;
} edges[] = {
	/* what boss sends by `out` goes on in lane control, from the inputs that reach it */
	{ STAGES(CAST) BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "num.in", "wait") "," EDGE("num.out", "sink.in", "wait") "]}", 0, "control" },
	{ STAGES(CAST) BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "num.in", "wait") "," EDGE("num.out", "sink.in", "wait") "]}", 1, "bulk" },
	{ STAGES(CAST) BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "num.in", "wait") "," EDGE("num.out", "sink.in", "wait") "]}", 2, "both" },
	/* numbered: one FIFO */
	{ STAGES(CAST) BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "num.in", "wait") "," EDGE("num.out", "sink.in", "wait") "]}", 3, "none" },
	/* numbered where it is passed on, in lanes where it is not yet */
	{ STAGES(CAST ",\"pipe\":{}") BOSS("out", "mid.side") ","
	  EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "num.in", "wait") "," EDGE("num.out", "pipe.in", "wait") ","
	  EDGE("pipe.out", "sink.in", "wait") "]}", 4, "none" },
	{ STAGES(CAST ",\"pipe\":{}") BOSS("out", "mid.side") ","
	  EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "pipe.in", "wait") "," EDGE("pipe.out", "num.in", "wait") ","
	  EDGE("num.out", "sink.in", "wait") "]}", 3, "both" },
	/* side reaches out only */
	{ STAGES(CAST) BOSS("out", "mid.side") "," EDGE("source.a", "mid.fan", "wait") ","
	  EDGE("mid.aside", "sink.side", "wait") "," EDGE("mid.out", "num.in", "wait") ","
	  EDGE("num.out", "sink.in", "wait") "]}", 2, "bulk" },
	/* what boss sends by `other` is bulk, by whatever call */
	{ STAGES(CAST) BOSS("other", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "boss.in", "wait") "," EDGE("source.b", "num.in", "wait") ","
	  EDGE("num.out", "sink.in", "wait") "]}", 0, "bulk" },
	{ STAGES(CAST) BOSS("other", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	  EDGE("mid.out", "boss.in", "wait") "," EDGE("source.b", "num.in", "wait") ","
	  EDGE("num.out", "sink.in", "wait") "]}", 2, "bulk" },
	/* by way of several stages, the farther one first in the file */
	{ STAGES(CAST ",\"far\":{\"kind\":\"mid\"}") EDGE("far.out", "num.in", "wait") ","
	  EDGE("mid.out", "far.in", "wait") "," EDGE("source.a", "mid.in", "wait") ","
	  BOSS("out", "mid.side") "," EDGE("num.out", "sink.in", "wait") "]}", 0, "both" },
};

static const char *lanes_of(const struct mr_edge *e)
{
	if (e->lanes == (MR_OUT(MR_LANE_BULK) | MR_OUT(MR_LANE_CONTROL)))
		return "both";
	return e->lanes == MR_OUT(MR_LANE_BULK)    ? "bulk" :
	       e->lanes == MR_OUT(MR_LANE_CONTROL) ? "control" :
	                                             "none";
}

START_TEST(lanes_follow_from_the_descriptors)
{
	struct stand s;

	stand_open(&s, edges[_i].graph);
	ck_assert_str_eq(lanes_of(&s.graph->edge[edges[_i].edge]), edges[_i].lanes);
	stand_close(&s);
}
END_TEST

/* ---- a stand: boss and source into mid on one worker, sink on another ---- */

#define SPLIT STAGES("\"boss\":{},\"source\":{},\"mid\":{},\"sink\":{}") \
	BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") "," \
	EDGE("mid.out", "sink.in", "wait") \
	WORKERS(ON("w", "\"source\",\"mid\"") "," ON("v", "\"sink\""))

static unsigned turns(struct mr_worker *w)
{
	unsigned n = 0;

	while (mr_worker_turn(w))
		ck_assert_uint_lt(++n, 1000);
	return n;
}

static struct mr_ring *ring(struct stand *s, unsigned edge, enum mr_lane lane)
{
	const struct mr_plan *p = s->engine->plan;

	for (unsigned i = 0; i < p->rings; i++) {
		if (p->ring[i].edge == edge && p->ring[i].lane == lane)
			return s->engine->ring[i];
	}
	ck_abort_msg("edge %u has no such lane", edge);
}

static void flood(struct stand *s, const char *worker_of)
{
	struct actor *a = stand_actor(s, "source");

	a->give[0] = 40;
	a->pulls = 100;
	stand_stage(s, "source")->ready = true;
	turns(stand_worker(s, worker_of));
}

static void speak(struct stand *s, unsigned packets)
{
	struct actor *a = stand_actor(s, "boss");

	a->give[0] = packets;
	a->due = 1;
	turns(s->engine->host);
}

/* R19: the bulk lane is full, its consumer serves nothing, and still what control sends goes on to
 * the same consumer; it is what that serves first. */
START_TEST(a_full_bulk_lane_lets_control_pass)
{
	struct stand s;
	struct actor *sink;
	uint64_t spoken;

	stand_open(&s, SPLIT);
	sink = stand_actor(&s, "sink");
	flood(&s, "mid");
	ck_assert_uint_gt(mr_ring_depth(ring(&s, 2, MR_LANE_BULK)), 128 - MR_VECTOR);
	ck_assert(stand_worker(&s, "mid")->held);
	for (unsigned i = 0; i < 2; i++) {
		speak(&s, 3);
		turns(stand_worker(&s, "mid"));
	}
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 2, MR_LANE_CONTROL)), 6);
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 0, MR_LANE_CONTROL)), 0);
	ck_assert_uint_eq(stand_edge(&s, "boss", 0), 0);

	sink->keep = 4; /* two calls a lane, to be looked at */
	mr_worker_turn(stand_worker(&s, "sink"));
	ck_assert_uint_gt(sink->n, 6 + 40);
	spoken = sink->kept[0]->seq;
	for (unsigned i = 0; i < sink->n; i++) {
		const struct mr_pkt *p = sink->kept[i];

		/* control's are the later numbers: all the bulk was there before they were made */
		ck_assert(i < 6 ? p->seq == spoken + i : p->seq < spoken);
		if (i != 0 && i != 6)
			ck_assert_uint_gt(p->seq, sink->kept[i - 1]->seq);
	}
	stand_close(&s);
}
END_TEST

/* The other way about: a full control lane holds what is in lane control, and nothing else. */
START_TEST(a_full_control_lane_lets_bulk_pass)
{
	struct stand s;
	unsigned bulk;

	stand_open(&s, SPLIT);
	for (unsigned i = 0; i < 8; i++) {
		speak(&s, 60);
		turns(stand_worker(&s, "mid"));
	}
	ck_assert_uint_gt(mr_ring_depth(ring(&s, 2, MR_LANE_CONTROL)), 128 - MR_VECTOR);
	ck_assert_uint_gt(mr_ring_depth(ring(&s, 0, MR_LANE_CONTROL)), 0);
	ck_assert_uint_gt(stand_edge(&s, "boss", 0), 0); /* a host never waits */
	stand_actor(&s, "source")->give[0] = 40;
	stand_stage(&s, "source")->ready = true;
	turns(stand_worker(&s, "mid"));
	bulk = mr_ring_depth(ring(&s, 2, MR_LANE_BULK));
	ck_assert_uint_eq(bulk, 40);
	turns(stand_worker(&s, "sink"));
	turns(stand_worker(&s, "mid"));
	turns(stand_worker(&s, "sink"));
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), stand_word(&s, "mid", MR_W_OUT));
	ck_assert_uint_eq(stand_word(&s, "mid", MR_W_OUT), 8 * 60 + 40 - stand_edge(&s, "boss", 0));
	stand_close(&s);
}
END_TEST

/* A worker that waits for room in one lane is woken by that lane. */
START_TEST(a_starved_lane_wakes_its_producer)
{
	struct stand s;
	struct mr_worker *w, *v;

	stand_open(&s, SPLIT);
	w = stand_worker(&s, "mid");
	v = stand_worker(&s, "sink");
	for (unsigned i = 0; i < 8; i++) {
		speak(&s, 60);
		turns(w);
	}
	ck_assert(mr_worker_may_sleep(w));
	stand_rung(w);
	mr_worker_turn(v);
	ck_assert(stand_rung(w));
	ck_assert_uint_gt(turns(w), 0);
	stand_close(&s);
}
END_TEST

/* ---- behind the numbering ---- */

/* The FIFO to the socket is full: now both wait, each in its lane before the numbering.  When there
 * is room, control's packet is numbered before the bulk that came earlier. */
START_TEST(numbered_packets_have_one_fifo)
{
	struct stand s;
	struct actor *sink;
	uint64_t numbered;

	stand_open(&s, STAGES(CAST) BOSS("out", "mid.side") "," EDGE(
			       "source.a", "mid.in",
			       "wait") "," EDGE("mid.out", "num.in",
	                                        "wait") "," EDGE("num.out", "sink.in", "wait")
	                       WORKERS(ON("w", "\"source\",\"mid\"") "," ON("u", "\"num\"") "," ON(
				       "v", "\"sink\"")));
	sink = stand_actor(&s, "sink");
	for (unsigned i = 0; i < 8; i++) {
		flood(&s, "mid");
		turns(stand_worker(&s, "num"));
	}
	speak(&s, 3);
	turns(stand_worker(&s, "mid"));
	turns(stand_worker(&s, "num"));
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 2, MR_LANE_CONTROL)), 3);
	ck_assert_uint_gt(mr_ring_depth(ring(&s, 2, MR_LANE_BULK)), 0);
	numbered = stand_word(&s, "num", MR_W_OUT);
	turns(stand_worker(&s, "sink")); /* all that is numbered so far */
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), numbered);
	sink->keep = 1;
	turns(stand_worker(&s, "num"));
	mr_worker_turn(stand_worker(&s, "sink"));
	ck_assert_uint_ge(sink->n, 3);
	ck_assert_uint_gt(sink->kept[0]->seq, sink->last - 3);
	stand_close(&s);
}
END_TEST

/* Inline on the way: a call keeps its lane through the stages of one worker. */
START_TEST(a_lane_goes_through_inline_stages)
{
	struct stand s;

	stand_open(&s, STAGES("\"boss\":{},\"source\":{},\"mid\":{},\"far\":{\"kind\":\"mid\"},"
	                      "\"sink\":{}")
	           BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") ","
	           EDGE("mid.out", "far.in", "drop") "," EDGE("far.out", "sink.in", "wait")
	           WORKERS(ON("w", "\"source\",\"mid\",\"far\"") "," ON("v", "\"sink\"")));
	flood(&s, "mid");
	ck_assert_uint_gt(stand_edge(&s, "mid", 0), 0); /* bulk has no room, */
	speak(&s, 5);
	turns(stand_worker(&s, "mid"));
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 3, MR_LANE_CONTROL)), 5); /* control has */
	turns(stand_worker(&s, "sink"));
	stand_close(&s);
}
END_TEST

/* What a stage sends when no packet has called it goes in lane bulk. */
START_TEST(other_calls_are_bulk)
{
	struct stand s;
	struct actor *mid;
	struct mr_order order = { .a = 1 };

	stand_open(&s, SPLIT);
	mid = stand_actor(&s, "mid");
	mid->talk = true;
	mid->due = 1;
	speak(&s, 1);
	mr_worker_turn(stand_worker(&s, "mid"));
	mr_call_order(stand_worker(&s, "mid"), stand_stage(&s, "mid"), &order);
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 2, MR_LANE_CONTROL)), 1);
	ck_assert_uint_eq(mr_ring_depth(ring(&s, 2, MR_LANE_BULK)), 2);
	turns(stand_worker(&s, "sink"));
	stand_close(&s);
}
END_TEST

/* ---- depths ---- */

#define DEEP(depth) STAGES("\"boss\":{},\"source\":{},\"mid\":{},\"sink\":{}") \
	BOSS("out", "mid.side") "," EDGE("source.a", "mid.in", "wait") "," \
	"{\"from\":\"mid.out\",\"to\":\"sink.in\",\"full\":\"wait\",\"depth\":" depth "}]}"

static const struct {
	const char *graph;
	unsigned    edge;
	uint32_t    control, bulk;
} depths[] = {
	{ DEEP("4096"), 2, MR_LANE_DEPTH, 4096 },
	{ DEEP("256"), 2, 256, 256 },
	{ DEEP("64"), 2, 64, 64 },
	{ DEEP("4096"), 0, 128, 0 }, /* an edge of control's alone is as deep as it says */
};

START_TEST(control_needs_less_room)
{
	struct stand s;

	stand_open(&s, depths[_i].graph);
	ck_assert_uint_eq(ring(&s, depths[_i].edge, MR_LANE_CONTROL)->depth, depths[_i].control);
	if (depths[_i].bulk)
		ck_assert_uint_eq(ring(&s, depths[_i].edge, MR_LANE_BULK)->depth, depths[_i].bulk);
	stand_close(&s);
}
END_TEST

#define DOUBLE(i, j) EDGE("m" #i ".out", "m" #j ".fan", "wait") "," \
	EDGE("m" #i ".aside", "m" #j ".fan", "wait")

/* 2^3 vectors a call may reach the ring: more than lane control's usual 256 packets. */
START_TEST(control_gets_the_room_one_call_needs)
{
	struct stand s;

	stand_open(&s, STAGES("\"boss\":{},\"source\":{},\"m0\":{\"kind\":\"mid\"},\"m1\":{\"kind\":\"mid\"},"
	                      "\"m2\":{\"kind\":\"mid\"},\"m3\":{\"kind\":\"mid\"},\"sink\":{}")
	           BOSS("out", "m0.fan") "," EDGE("source.a", "m0.fan", "wait") ","
	           DOUBLE(0, 1) "," DOUBLE(1, 2) "," DOUBLE(2, 3)
	           ",{\"from\":\"m3.out\",\"to\":\"sink.in\",\"full\":\"wait\",\"depth\":512}"
	           WORKERS(ON("w", "\"source\",\"m0\",\"m1\",\"m2\",\"m3\"") "," ON("v", "\"sink\"")));
	ck_assert_uint_eq(ring(&s, 8, MR_LANE_CONTROL)->depth, 512);
	speak(&s, 60);
	turns(stand_worker(&s, "m0"));
	turns(stand_worker(&s, "sink"));
	ck_assert_uint_gt(stand_word(&s, "sink", MR_W_TAKEN), 0);
	stand_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lanes");
	TCase *tc = tcase_create("lanes");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, lanes_follow_from_the_descriptors, 0, COUNT(edges));
	tcase_add_test(tc, a_full_bulk_lane_lets_control_pass);
	tcase_add_test(tc, a_full_control_lane_lets_bulk_pass);
	tcase_add_test(tc, a_starved_lane_wakes_its_producer);
	tcase_add_test(tc, numbered_packets_have_one_fifo);
	tcase_add_test(tc, a_lane_goes_through_inline_stages);
	tcase_add_test(tc, other_calls_are_bulk);
	tcase_add_loop_test(tc, control_needs_less_room, 0, COUNT(depths));
	tcase_add_test(tc, control_gets_the_room_one_call_needs);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
