/* fmp-open, alone: what becomes of frames, and what a forged one may change.  Keys and where their
 * link is are the matter of test_fmp_open_keys.c.
 *
 * Frames are made by hand from link.md 3.4 or are the stored ones.  The stage runs with every AEAD
 * provider that this machine can run. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/words.h"
#include "t/lib/fmp_bench.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fmp_open;

/* ---- the stored frames ---- */

START_TEST(stored_frames_open)
{
	json_t *root = vectors_load("link_vectors");
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");
		struct bytes message = vectors_bytes(v, "message_hex");
		uint64_t flags = vectors_u64(v, "flags");
		uint8_t key[MR_AEAD_KEY];
		struct mr_event event;
		struct mr_pkt *p;
		struct fmp_bench b;
		const char *went;

		vectors_exact(v, "key_hex", key, sizeof key);
		if (!fmp_bench_open(&b, _i, key, (uint32_t)vectors_u64(v, "receiver_index")))
			break;
		fmp_bench_feed(&b, frame.at, frame.n, &fmp_bench_home);
		went = rig_run(b.rig);
		ck_assert_str_eq(went, message.at[0] ? "control" : "transit");
		p = rig_out(b.rig, went);
		vectors_same(vectors_name(v), p->data, p->len, message.at, message.n);
		ck_assert_uint_eq(p->near, FMP_BENCH_LINK);
		ck_assert_uint_eq(p->seq, 1);
		ck_assert_uint_eq(p->mark, message.at[0] ? MR_SHAPE_MESSAGE : MR_SHAPE_DATAGRAM);
		ck_assert_uint_eq(p->flags, flags & FIPS_LINK_CE ? MR_FLAG_CE : 0);
		ck_assert(rig_event(b.rig, &event));
		ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
		ck_assert_uint_eq(event.a, 1);
		ck_assert_uint_eq(event.u, flags & FIPS_LINK_K);
		craft_silent(b.rig);
		fmp_bench_close(&b);
	}
	json_decref(root);
}
END_TEST

static void feed_negatives(struct fmp_bench *b, json_t *root, const char *base)
{
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "frame_negatives"), at, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");

		if (!strcmp(vectors_text(v, "base"), base))
			fmp_bench_feed(b, frame.at, frame.n, &fmp_bench_away);
	}
}

/* Every truncation and every single flipped bit of a frame, and the stored negatives: each ends as
 * a named drop and leaves key, window, figures and control as they were; then the genuine frame
 * opens (R5, R29). */
START_TEST(nothing_forged_leaves_a_trace)
{
	json_t *root = vectors_load("link_vectors");
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");
		struct fips_recv_key key_before;
		struct fips_link_recv recv_before;
		uint8_t key[MR_AEAD_KEY];
		struct fmp_bench b;

		vectors_exact(v, "key_hex", key, sizeof key);
		if (!fmp_bench_open(&b, _i, key, (uint32_t)vectors_u64(v, "receiver_index")))
			break;
		memcpy(&key_before, &b.keys->recv, sizeof key_before);
		memcpy(&recv_before, &b.recv, sizeof recv_before);
		for (size_t n = 0; n < frame.n; n++)
			fmp_bench_feed(&b, frame.at, n, &fmp_bench_away);
		rig_run(b.rig);
		craft_drops(b.rig, &mr_kind_fmp_open, "malformed", frame.n);
		for (size_t bit = 0; bit < 8 * frame.n; bit++) {
			struct bytes bad = frame;

			bad.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			fmp_bench_feed(&b, bad.at, bad.n, &fmp_bench_away);
			if (bit % 512 == 511)
				rig_run(b.rig);
		}
		rig_run(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "unknown-index"), 8 * 4);
		ck_assert_uint_eq(rig_count(b.rig, "malformed"), frame.n + 8 * 3);
		ck_assert_uint_eq(rig_count(b.rig, "forged"), 8 * (frame.n - 7));
		feed_negatives(&b, root, vectors_name(v));
		rig_run(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "in"),
		                  rig_count(b.rig, "forged") + rig_count(b.rig, "unknown-index") +
		                          rig_count(b.rig, "malformed"));
		ck_assert_mem_eq(&key_before, &b.keys->recv, sizeof key_before);
		ck_assert_mem_eq(&recv_before, &b.recv, sizeof recv_before);
		craft_silent(b.rig);
		fmp_bench_feed(&b, frame.at, frame.n, &fmp_bench_home);
		rig_run(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "out"), 1);
		fmp_bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* R29: however many forged frames carry a live index, the link goes on as before. */
START_TEST(a_forger_never_tears_a_link_down)
{
	uint8_t frame[128];
	struct mr_event event;
	struct fmp_bench b;
	size_t n;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	n = fmp_bench_frame(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	for (unsigned i = 0; i < 200; i++) {
		n = fmp_bench_frame(frame, 1 + i, 0, FIPS_LINK_HEARTBEAT);
		frame[n - 1] ^= 1;
		fmp_bench_feed(&b, frame, n, &fmp_bench_away);
	}
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "forged", 200);
	craft_silent(b.rig);
	n = fmp_bench_frame(frame, 1, 0, FIPS_LINK_HEARTBEAT);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	fmp_bench_close(&b);
}
END_TEST

/* ---- where an opened message goes ---- */

static const struct {
	const char *name;
	size_t      n;    /* message, type byte included */
	uint8_t     type;
	bool        to_us;
	const char *went;
	uint8_t     mark;
} ways[] = {
	{ "datagram to us", 60, FIPS_LINK_DATAGRAM, true,  "session", MR_SHAPE_DATAGRAM },
	{ "datagram to another", 60, FIPS_LINK_DATAGRAM, false, "transit", MR_SHAPE_DATAGRAM },
	{ "envelope alone", 36, FIPS_LINK_DATAGRAM, true,  "session", MR_SHAPE_DATAGRAM },
	{ "envelope cut", 35, FIPS_LINK_DATAGRAM, true,  "malformed", 0 },
	{ "type byte alone", 1, FIPS_LINK_DATAGRAM, false, "malformed", 0 },
	{ "heartbeat", 1, FIPS_LINK_HEARTBEAT, false, "control", MR_SHAPE_MESSAGE },
	{ "disconnect", 2, FIPS_LINK_DISCONNECT, false, "control", MR_SHAPE_MESSAGE },
	{ "report", 48, FIPS_LINK_SENDER_REPORT, false, "control", MR_SHAPE_MESSAGE },
	{ "unknown type", 10, 0x99, false, "control", MR_SHAPE_MESSAGE },
};

START_TEST(the_type_says_where)
{
	uint8_t text[100], frame[200];
	struct mr_pkt *p;
	struct fmp_bench b;
	size_t n;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	fmp_bench_text(text, 4 + ways[_i].n, ways[_i].type);
	if (ways[_i].n >= 36)
		memcpy(text + 4 + 20, ways[_i].to_us ? craft_b.b : craft_t.b, 16);
	n = craft_frame(frame, fmp_bench_secret, FMP_BENCH_INDEX, 3, 0, text, 4 + ways[_i].n);
	fmp_bench_feed(&b, frame, n, &fmp_bench_home);
	ck_assert_str_eq(rig_run(b.rig), ways[_i].went);
	if (strcmp(ways[_i].went, "malformed")) {
		p = rig_out(b.rig, ways[_i].went);
		ck_assert_uint_eq(p->mark, ways[_i].mark);
		ck_assert_uint_eq(p->near, FMP_BENCH_LINK);
		ck_assert_uint_eq(p->seq, 1);
		ck_assert_uint_eq(p->len, ways[_i].n);
		ck_assert_mem_eq(p->data, text + 4, ways[_i].n);
		ck_assert_mem_eq(mr_pkt_via(p), &fmp_bench_home, sizeof fmp_bench_home);
	}
	fmp_bench_close(&b);
}
END_TEST

/* What control looks at is limited a neighbour, be it a link message or a handshake inside a
 * datagram; what it does not look at is not, and another neighbour has a bucket of its own (R7). */
static const struct {
	const char *name;
	uint8_t     type;
	bool        to_us;
	uint8_t     phase, flags; /* of the datagram's payload */
	const char *went;
	bool        talk;
} talks[] = {
	{ "heartbeat", FIPS_LINK_HEARTBEAT, false, 0, 0, "control", true },
	{ "unknown type", 0x99, false, 0, 0, "control", true },
	{ "setup", FIPS_LINK_DATAGRAM, true, 1, 0, "session", true },
	{ "ack", FIPS_LINK_DATAGRAM, true, 2, 0, "session", true },
	{ "message 3", FIPS_LINK_DATAGRAM, true, 3, 0, "session", true },
	{ "signal", FIPS_LINK_DATAGRAM, true, 0, FIPS_FSP_U, "session", true },
	{ "sealed", FIPS_LINK_DATAGRAM, true, 0, 0, "session", false },
	{ "no phase there is", FIPS_LINK_DATAGRAM, true, 9, 0, "session", false },
	{ "for others", FIPS_LINK_DATAGRAM, false, 1, 0, "transit", false },
};

enum { HEARTBEAT_ROW = 0, SIGNAL_ROW = 5 };

/* Frames from counter `from` on; how many of n went on. */
static unsigned talk(struct fmp_bench *b, unsigned row, uint32_t index, uint64_t from, unsigned n)
{
	uint8_t text[100] = { 0 }, frame[200];
	unsigned passed = 0;

	text[4] = talks[row].type;
	memcpy(text + 4 + 20, talks[row].to_us ? craft_b.b : craft_t.b, 16);
	text[4 + 36] = talks[row].phase;
	text[4 + 37] = talks[row].flags;
	for (unsigned i = 0; i < n; i++) {
		size_t len =
			craft_frame(frame, fmp_bench_secret, index, from + i, 0, text, sizeof text);

		fmp_bench_feed(b, frame, len, &fmp_bench_home);
		if (!strcmp(rig_run(b->rig), talks[row].went))
			passed += rig_out(b->rig, talks[row].went) != NULL;
	}
	return passed;
}

START_TEST(talk_is_limited)
{
	unsigned burst = talks[_i].talk ? FIPS_TALK_BURST : 600;
	struct fips_link_recv recv;
	struct keys *keys;
	struct fmp_bench b;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	keys = keys_open(keys_provider(0), fmp_bench_secret, 2, 0);
	fips_link_recv_init(&recv, &fmp_bench_home);
	craft_index(b.rig, 5, &craft_t, FMP_BENCH_LINK + 1, &recv, &keys->recv);
	ck_assert_uint_eq(talk(&b, (unsigned)_i, FMP_BENCH_INDEX, 0, 600), burst);
	craft_drops(b.rig, &mr_kind_fmp_open, "over-rate", 600 - burst);
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 600); /* signs of life all the same */
	ck_assert_uint_eq(talk(&b, (unsigned)_i, 5, 0, 100), 100);
	rig_at(b.rig, 2 * MR_NS_PER_S);
	ck_assert_uint_eq(talk(&b, (unsigned)_i, FMP_BENCH_INDEX, 600, 400),
	                  talks[_i].talk ? FIPS_TALK_RATE / 1000 : 400);
	keys_close(keys);
	fmp_bench_close(&b);
}
END_TEST

/* What strangers have a neighbour bring us does not count as its own: its link messages are heard
 * however much there is of it. */
START_TEST(strangers_do_not_talk_for_a_neighbour)
{
	struct fmp_bench b;
	uint64_t at = 0;

	ck_assert(fmp_bench_open(&b, 0, fmp_bench_secret, FMP_BENCH_INDEX));
	for (unsigned s = 1; s <= 10; s++) {
		rig_at(b.rig, s * MR_NS_PER_S);
		ck_assert_uint_ge(talk(&b, SIGNAL_ROW, FMP_BENCH_INDEX, at, 600),
		                  FIPS_TALK_RATE / 1000);
		ck_assert_uint_eq(talk(&b, HEARTBEAT_ROW, FMP_BENCH_INDEX, at + 600, 10), 10);
		at += 610;
	}
	fmp_bench_close(&b);
}
END_TEST

/* R17: an authentic frame with nothing in it is a named drop; its counter is used up, no figure
 * moves.  Five bytes are a message. */
START_TEST(runts_have_a_name)
{
	uint8_t text[8], frame[64];
	struct fmp_bench b;
	size_t n;

	if (!fmp_bench_open(&b, _i, fmp_bench_secret, FMP_BENCH_INDEX))
		return;
	for (size_t len = 0; len <= 5; len++) {
		fmp_bench_text(text, len, FIPS_LINK_HEARTBEAT);
		n = craft_frame(frame, fmp_bench_secret, FMP_BENCH_INDEX, len, 0, text, len);
		fmp_bench_feed(&b, frame, n, &fmp_bench_home);
		ck_assert_str_eq(rig_run(b.rig), len < 5 ? "runt" : "control");
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), len == 5);
		ck_assert_uint_eq(b.keys->recv.window.highest, len);
		fmp_bench_feed(&b, frame, n, &fmp_bench_home);
		ck_assert_str_eq(rig_run(b.rig), "duplicate");
	}
	fmp_bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmp-open");
	TCase *tc = tcase_create("fmp-open");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, stored_frames_open, 0, keys_providers());
	tcase_add_loop_test(tc, nothing_forged_leaves_a_trace, 0, keys_providers());
	tcase_add_loop_test(tc, a_forger_never_tears_a_link_down, 0, keys_providers());
	tcase_add_loop_test(tc, the_type_says_where, 0, (int)COUNT(ways));
	tcase_add_loop_test(tc, talk_is_limited, 0, (int)COUNT(talks));
	tcase_add_test(tc, strangers_do_not_talk_for_a_neighbour);
	tcase_add_loop_test(tc, runts_have_a_name, 0, keys_providers());
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
