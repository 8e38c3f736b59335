/* Turns (R6): completions before new input, downstream before upstream, and an end to each, however
 * much there is. */

#include <check.h>
#include <stdlib.h>

#include "core/clock.h"
#include "t/lib/actors.h"

#define EDGE(a, b) "{\"from\":\"" a "\",\"to\":\"" b "\",\"full\":\"wait\"}"

/* The sink hears from afar and from a stage beside it; the second source is on its worker too. */
static const char graph[] =
	"{\"graph\":\"g\",\"stages\":{\"boss\":{},\"afar\":{\"kind\":\"source\"},\"source\":{},"
	"\"mid\":{},\"sink\":{}},\"edges\":["
	EDGE("afar.a", "mid.in") "," EDGE("afar.b", "sink.side") ","
	EDGE("source.a", "mid.side") "," EDGE("mid.out", "sink.in")
	"],\"workers\":{\"w\":{\"stages\":[\"afar\"]},"
	"\"v\":{\"stages\":[\"source\",\"mid\",\"sink\"]}}}";

/* `pulls` times 10 packets for each output of a source that is ready. */
static void offer(struct stand *s, const char *source, unsigned pulls)
{
	struct actor *a = stand_actor(s, source);

	a->give[0] = 10;
	a->give[1] = source[0] == 'a' ? 10 : 0;
	a->pulls = pulls;
	stand_stage(s, source)->ready = true;
}

static void turns(struct mr_worker *w)
{
	while (mr_worker_turn(w))
		;
}

/* Both rings have 20 vectors and the source as many:
 * a turn takes four of each ring and pulls once. */
START_TEST(a_turn_has_an_end)
{
	struct stand s;
	struct mr_worker *v;

	stand_open(&s, graph);
	v = stand_worker(&s, "sink");
	offer(&s, "afar", 20);
	turns(stand_worker(&s, "afar"));
	offer(&s, "source", 20);
	for (unsigned turn = 1; turn <= 5; turn++) {
		ck_assert(mr_worker_turn(v));
		ck_assert_uint_eq(stand_actor(&s, "source")->pulled, turn);
		ck_assert_uint_eq(stand_actor(&s, "mid")->vectors,
		                  turn * (MR_RING_VECTORS + 1));
		ck_assert_uint_eq(stand_actor(&s, "sink")->vectors,
		                  turn * (2 * MR_RING_VECTORS + 1));
	}
	turns(v);
	ck_assert_uint_eq(stand_word(&s, "sink", MR_W_TAKEN), 600);
	stand_close(&s);
}
END_TEST

/* What is for the sink itself goes first, then what the stage before it has, then what the source
 * reads; and each vector goes all the way before the next is taken. */
START_TEST(downstream_first)
{
	struct stand s;
	struct actor *sink;
	uint64_t before = 0;

	stand_open(&s, graph);
	sink = stand_actor(&s, "sink");
	sink->keep = 2 * MR_RING_VECTORS + 1;
	offer(&s, "afar", 20);
	turns(stand_worker(&s, "afar"));
	offer(&s, "source", 1);
	mr_worker_turn(stand_worker(&s, "sink"));
	ck_assert_uint_eq(sink->n, 10 * (2 * MR_RING_VECTORS + 1));
	/* afar gives each pull's numbers to `a` first, then to `b`:
	 * those for the sink come later */
	for (unsigned i = 0; i < sink->n; i++) {
		uint64_t seq = sink->kept[i]->seq;
		unsigned from = i / (10 * MR_RING_VECTORS); /* side, mid, source */

		if (i % (10 * MR_RING_VECTORS))
			ck_assert_uint_gt(seq, before);
		else if (from == 1)
			ck_assert_uint_eq(seq + 10, sink->kept[0]->seq);
		else if (from == 2)
			ck_assert_uint_ge(seq, sink->kept[0]->seq + 10 * 39);
		before = seq;
	}
	stand_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("turns");
	TCase *tc = tcase_create("turns");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, a_turn_has_an_end);
	tcase_add_test(tc, downstream_first);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
