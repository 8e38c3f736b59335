/* Public-key work is control's alone and done in portions, with timers in between (R15).
 *
 * That one call of the node stays within FIPS_NODE_CURVE_OPS is asserted by the node itself, and by
 * the bench that its own tests run on (node_bench.c). */

#include <check.h>
#include <stdio.h>

#include "stages/control/state.h"
#include "t/lib/neighbour.h"

static struct neighbour nb;

#define CALLERS  60
#define TURN_OPS (4 * FIPS_NODE_CURVE_OPS) /* a turn has a few calls: a timer, inputs, a pull */

static uint64_t work(void)
{
	const struct control *c = mr_engine_host_state(node[0].engine);

	return fips_node_curve_ops(c->node);
}

/* Sixty strangers call at once, just when the neighbour is owed a heartbeat.  No turn of control
 * does more than a few portions, and the heartbeat does not wait for the last stranger. */
START_TEST(key_work_is_done_in_portions)
{
	struct mr_worker *host;
	uint64_t before, frames;
	unsigned turns = 0, beat_after = 0;

	whole_reset();
	whole_open(0, ",\"mmp\":{\"mode\":\"minimal\"}", "");
	neighbour_open(&nb, 0);
	neighbour_link(&nb);
	host = node[0].engine->host;
	whole_run(9900);
	for (unsigned i = 0; i < CALLERS; i++)
		neighbour_stranger(&nb, i);
	for (unsigned i = 0; i < air.n; i++)
		air.flight[i].due = air.now;
	whole_data_turns(0, 2);
	air.now += 200 * MS;
	before = work();
	frames = nb.by_link.frames;
	while (control_count(0, "node-answered") < 1 + CALLERS) {
		uint64_t ops = work();

		mr_worker_turn(host);
		ck_assert_uint_le(work() - ops, TURN_OPS);
		ck_assert_uint_lt(++turns, 1000);
		whole_data_turns(0, 1);
		for (unsigned i = 0; i < air.n; i++)
			beat_after = beat_after || air.flight[i].to != HAND ? beat_after : turns;
	}
	ck_assert_uint_ge(work() - before, 3 * CALLERS);
	ck_assert_uint_ge(turns, 3 * CALLERS / TURN_OPS);
	ck_assert_uint_gt(beat_after, 0);
	ck_assert_uint_le(beat_after, 2);
	whole_run(2);
	ck_assert_uint_gt(nb.by_link.frames, frames);
	neighbour_close(&nb);
	whole_close_all();
}
END_TEST

/* The same work asked for by one timer: fifty peers to be dialled at once. */
START_TEST(dials_are_begun_in_portions)
{
	struct fips_curve curve = fips_curve_secp256k1();
	char peers[50 * 160] = "";
	unsigned turns = 0;

	whole_reset();
	for (unsigned i = 0, at = 0; i < 50; i++) {
		uint8_t secret[FIPS_SECRET_LEN] = { 1, (uint8_t)i };
		struct fips_identity id;

		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		at += (unsigned)snprintf(peers + at, sizeof peers - at,
		                         "%s{\"npub\":\"%s\",\"addresses\":[{\"transport\":\"udp\","
		                         "\"addr\":\"10.0.0.3:%u\"}]}",
		                         i ? "," : "", id.npub, 1000 + i);
	}
	fips_curve_close(&curve);
	whole_open(0, "", peers);
	for (uint64_t before = 0; air.sent[0] < 50; before = work()) {
		mr_worker_turn(node[0].engine->host);
		ck_assert_uint_le(work() - before, TURN_OPS);
		ck_assert_uint_lt(++turns, 1000);
		whole_data_turns(0, 1);
	}
	ck_assert_uint_ge(turns, 2 * 50 / TURN_OPS);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("key work");
	TCase *tc = tcase_create("portions");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, key_work_is_done_in_portions);
	tcase_add_test(tc, dials_are_begun_in_portions);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
