/* fmp-open, alone: keys and their counters, and what control is told of a link.  The stage runs
 * with every AEAD provider that this machine can run. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/fmp_bench.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fmp_open;

/* ---- keys ---- */

/* A counter passes once: twice in one vector, twice in two, and below the window. */
START_TEST(counters_pass_once)
{
	static const struct {
		uint64_t    counter;
		bool        run; /* a vector ends here */
		const char *went;
	} walk[] = {
		{ 0, true, "control" },      { 0, true, "duplicate" },   { 5, false, "" },
		{ 5, true, "duplicate" },    { 4, true, "control" },     { 2053, true, "control" },
		{ 5, true, "stale" },        { 6, true, "control" },     { 6, true, "duplicate" },
		{ UINT64_MAX, true, "control" }, { 2053, true, "stale" },
	};
	uint8_t frame[128];
	struct fmp_bench b;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	for (size_t i = 0; i < COUNT(walk); i++) {
		fmp_bench_feed(&b, frame,
			       fmp_bench_frame(frame, walk[i].counter, 0, FIPS_LINK_HEARTBEAT),
			       &fmp_bench_home);
		if (walk[i].run) {
			const char *went = rig_run(b.rig);

			if (strcmp(walk[i].went, "duplicate"))
				ck_assert_str_eq(went, walk[i].went);
		}
	}
	ck_assert_uint_eq(rig_count(b.rig, "out"), 6);
	ck_assert_uint_eq(rig_count(b.rig, "duplicate"), 3);
	ck_assert_uint_eq(rig_count(b.rig, "stale"), 2);
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 6);
	fmp_bench_close(&b);
}
END_TEST

/* One vector, two links, A B A, each frame once more: every frame under the key of its index. */
START_TEST(runs_keep_their_keys)
{
	static const uint8_t other[MR_AEAD_KEY] = { 9 };
	uint8_t text[5] = { 0, 0, 0, 0, FIPS_LINK_HEARTBEAT }, frame[3][64];
	struct fips_link_recv recv;
	struct keys *keys;
	struct mr_pkt *p;
	struct fmp_bench b;
	size_t n = 0;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	keys = keys_open(b.keys->provider, other, 2, 0);
	fips_link_recv_init(&recv, &fmp_bench_away);
	craft_index(b.rig, FMP_BENCH_INDEX + 1, &craft_t, 78, &recv, &keys->recv);
	for (unsigned i = 0; i < 3; i++)
		n = craft_frame(frame[i], i == 1 ? other : fmp_bench_secret,
				FMP_BENCH_INDEX + (i == 1), i, 0, text, sizeof text);
	for (unsigned i = 0; i < 6; i++)
		fmp_bench_feed(&b, frame[i % 3], n, i % 3 == 1 ? &fmp_bench_away : &fmp_bench_home);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "duplicate", 3);
	for (unsigned i = 0; i < 3; i++) {
		p = rig_out(b.rig, "control");
		ck_assert_uint_eq(p->near, i == 1 ? 78 : FMP_BENCH_LINK);
		ck_assert_uint_eq(p->seq, i == 1 ? 2 : 1);
	}
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	fmp_bench_close(&b);
	keys_close(keys);
}
END_TEST

/* The first frame under a key is told once, with its K; the frames of one vector are one first. */
START_TEST(confirmation_is_told_once)
{
	struct mr_event event;
	uint8_t frame[128];
	struct fmp_bench b;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	fmp_bench_feed(&b, frame, fmp_bench_frame(frame, 0, FIPS_LINK_K, FIPS_LINK_HEARTBEAT),
		       &fmp_bench_home);
	fmp_bench_feed(&b, frame, fmp_bench_frame(frame, 1, 0, FIPS_LINK_HEARTBEAT),
		       &fmp_bench_home);
	rig_run(b.rig);
	fmp_bench_feed(&b, frame, fmp_bench_frame(frame, 2, 0, FIPS_LINK_HEARTBEAT),
		       &fmp_bench_home);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
	ck_assert_uint_eq(event.a, 1);
	ck_assert_uint_eq(event.u, FIPS_LINK_K);
	craft_silent(b.rig);
	ck_assert_uint_eq(fips_word_get(&b.keys->recv.confirmed), FIPS_KEY_CONFIRMED | FIPS_KEY_K);
	ck_assert_uint_eq(fips_word_get(&b.recv.k_seen), 0);
	fmp_bench_close(&b);
}
END_TEST

/* The newest frame under the sending key says where the peer is; an older one, or one under
 * another key, does not (link.md 7.2). */
START_TEST(roaming_is_told_once)
{
	static const struct {
		uint64_t counter;
		bool     fmp_bench_away, told;
	} walk[] = {
		{ 0, false, false }, { 5, true, true },  { 6, true, false },
		{ 4, false, false }, { 7, false, true }, { 8, false, false },
	};
	struct fips_via via;
	struct mr_event event;
	uint8_t frame[128];
	uint64_t moves;
	struct fmp_bench b;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	for (size_t i = 0; i < COUNT(walk); i++) {
		rig_at(b.rig, MR_NS_PER_S + i * MR_NUDGE_GAP);
		fmp_bench_feed(&b, frame,
			       fmp_bench_frame(frame, walk[i].counter, 0, FIPS_LINK_HEARTBEAT),
			       walk[i].fmp_bench_away ? &fmp_bench_away : &fmp_bench_home);
		rig_run(b.rig);
		if (i == 0)
			ck_assert(rig_event(b.rig, &event)); /* confirmed */
		if (!walk[i].told) {
			craft_silent(b.rig);
			continue;
		}
		ck_assert(rig_event(b.rig, &event));
		ck_assert_uint_eq(event.kind, MR_EV_ROAMED);
		ck_assert_uint_eq(event.a, 1);
		ck_assert_mem_eq(event.bytes,
				 walk[i].fmp_bench_away ? &fmp_bench_away : &fmp_bench_home,
				 sizeof fmp_bench_home);
		ck_assert(fips_link_via(&b.recv, &via, &moves));
		ck_assert(fips_via_eq(&via,
				      walk[i].fmp_bench_away ? &fmp_bench_away : &fmp_bench_home));
	}
	fmp_bench_close(&b);
}
END_TEST

/* A peer that moves with every frame does not drown what others have to tell: the words say where
 * it is, control looks at them. */
START_TEST(moves_are_told_now_and_then)
{
	struct mr_event event;
	unsigned told = 0;
	struct fips_via via;
	uint8_t frame[128];
	uint64_t moves;
	struct fmp_bench b;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	for (uint64_t i = 0; i < 201; i++) {
		rig_at(b.rig, MR_NS_PER_S + i * MR_NS_PER_MS);
		fmp_bench_feed(&b, frame, fmp_bench_frame(frame, i, 0, FIPS_LINK_HEARTBEAT),
			       i % 2 ? &fmp_bench_away : &fmp_bench_home);
		rig_run(b.rig);
		while (rig_event(b.rig, &event))
			told += event.kind == MR_EV_ROAMED;
	}
	ck_assert_uint_eq(told, 2);
	ck_assert(fips_link_via(&b.recv, &via, &moves));
	ck_assert(fips_via_eq(&via, &fmp_bench_home));
	fmp_bench_close(&b);
}
END_TEST

/* A new key's frames say nothing about the address until control sends under it (PROMOTE); MOVE
 * is control's own word. */
START_TEST(promotion_and_moves_come_by_order)
{
	struct mr_order promote = { .kind = MR_ORD_LINK_PROMOTE };
	struct mr_order move = { .kind = MR_ORD_LINK_MOVE };
	struct mr_order retire = { .kind = MR_ORD_LINK_RETIRE };
	struct fips_via via;
	struct mr_event event;
	uint8_t frame[128];
	uint64_t moves;
	struct fmp_bench b;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	b.recv.sending = 99; /* another key */
	fmp_bench_feed(&b, frame, fmp_bench_frame(frame, 0, 0, FIPS_LINK_HEARTBEAT),
		       &fmp_bench_away);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
	craft_silent(b.rig);

	promote.p = &b.recv;
	promote.q = &b.keys->recv;
	promote.a = 1;
	rig_order(b.rig, &promote);
	ck_assert_uint_eq(b.recv.sending, 1);
	fmp_bench_feed(&b, frame, fmp_bench_frame(frame, 1, 0, FIPS_LINK_HEARTBEAT),
		       &fmp_bench_away);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_ROAMED);

	move.p = &b.recv;
	move.q = (void *)(uintptr_t)&fmp_bench_home;
	rig_order(b.rig, &move);
	ck_assert(fips_link_via(&b.recv, &via, &moves));
	ck_assert(fips_via_eq(&via, &fmp_bench_home));
	retire.q = &b.keys->recv;
	rig_order(b.rig, &retire);
	craft_silent(b.rig);
	fmp_bench_close(&b);
}
END_TEST

START_TEST(reports_are_filled_in_by_order)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_LINK_REPORT } };
	uint8_t frame[128];
	struct fmp_bench b;
	size_t n = 0;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	snapshot.order.p = &b.recv;
	snapshot.order.q = &b.keys->recv;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	for (unsigned i = 0; i < 3; i++) {
		n = fmp_bench_frame(frame, i, i == 1 ? FIPS_LINK_CE : 0, FIPS_LINK_HEARTBEAT);
		fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	}
	rig_run(b.rig);
	rig_at(b.rig, MR_NS_PER_S + 250 * MR_NS_PER_MS);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.receiver.highest, 2);
	ck_assert_uint_eq(snapshot.receiver.frames, 3);
	ck_assert_uint_eq(snapshot.receiver.bytes, 3 * n);
	ck_assert_uint_eq(snapshot.receiver.ce, 1);
	ck_assert_uint_eq(snapshot.receiver.echo, 1000);
	ck_assert_uint_eq(snapshot.receiver.dwell, 250);
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	fmp_bench_close(&b);
}
END_TEST

/* R10: whatever an index meant before, only the entry that is there now counts. */
START_TEST(a_recycled_index_finds_no_old_key)
{
	static const uint8_t other[MR_AEAD_KEY] = { 9 };
	uint8_t text[5] = { 0, 0, 0, 0, FIPS_LINK_HEARTBEAT }, frame[128], newer[64];
	struct fips_link_recv recv;
	struct keys *keys;
	struct fmp_bench b;
	size_t n, m;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	keys = keys_open(b.keys->provider, other, 2, 0);
	fips_link_recv_init(&recv, &fmp_bench_home);
	n = fmp_bench_frame(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	m = craft_frame(newer, other, FMP_BENCH_INDEX, 0, 0, text, sizeof text);
	craft_index_gone(b.rig, FMP_BENCH_INDEX);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), "unknown-index");
	craft_index(b.rig, FMP_BENCH_INDEX, &craft_t, 0, NULL, NULL);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), "not-yet");
	craft_index(b.rig, FMP_BENCH_INDEX, &craft_t, 79, &recv, &keys->recv);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	ck_assert_uint_eq(fips_word_get(&b.keys->recv.heard), 0);
	fmp_bench_feed(&b, newer, m, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(rig_out(b.rig, "control")->near, 79);
	fmp_bench_close(&b);
	keys_close(keys);
}
END_TEST

/* What is no established frame of the right length never reaches a cipher, whoever wired it. */
START_TEST(other_packets_are_malformed)
{
	static const uint8_t ip[40] = { 0x60 }, msg1[FIPS_MSG1_LEN] = { 1, 0, 110 };
	uint8_t frame[200], longer[1600];
	struct fmp_bench b;
	size_t n;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	n = fmp_bench_frame(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	fmp_bench_feed(&b, frame, n - 1, &fmp_bench_home);
	fmp_bench_feed(&b, frame, n + 1, &fmp_bench_home);
	fmp_bench_feed(&b, ip, sizeof ip, &fmp_bench_home);
	fmp_bench_feed(&b, msg1, sizeof msg1, &fmp_bench_home);
	memcpy(longer, frame, n);
	mr_to_le16(longer + 2, 0xffff);
	fmp_bench_feed(&b, longer, sizeof longer, &fmp_bench_home);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "malformed", 5);
	fmp_bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmp-open-keys");
	TCase *tc = tcase_create("fmp-open-keys");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, counters_pass_once, 0, keys_providers());
	tcase_add_loop_test(tc, runs_keep_their_keys, 0, keys_providers());
	tcase_add_loop_test(tc, confirmation_is_told_once, 0, keys_providers());
	tcase_add_loop_test(tc, roaming_is_told_once, 0, keys_providers());
	tcase_add_loop_test(tc, moves_are_told_now_and_then, 0, keys_providers());
	tcase_add_test(tc, promotion_and_moves_come_by_order);
	tcase_add_test(tc, reports_are_filled_in_by_order);
	tcase_add_loop_test(tc, a_recycled_index_finds_no_old_key, 0, keys_providers());
	tcase_add_test(tc, other_packets_are_malformed);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
