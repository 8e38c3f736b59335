/* fmp-open, alone: what becomes of frames, what control is told, what a forged one may change.
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
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fmp_open;

#define NODE  CRAFT_NODE(CRAFT_B, CRAFT_UDP)
#define INDEX 0xa1b2c3d4u
#define LINK  77

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 };
static const struct fips_via home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };
static const struct fips_via away = { .len = 16, .sock = { 2, 0, 8, 73, 11 } };

/* One live index on a fresh rig. */
struct bench {
	struct rig           *rig;
	struct keys          *keys;
	struct fips_link_recv recv;
};

static bool bench_open(struct bench *b, int provider, const uint8_t key[MR_AEAD_KEY],
                       uint32_t index)
{
	const struct mr_aead *p = keys_provider(provider);

	if (!p)
		return false;
	rig_aead(p);
	b->rig = rig_open(&mr_kind_fmp_open, "{}", NODE);
	b->keys = keys_open(p, key, 1, 0);
	fips_link_recv_init(&b->recv, &home);
	b->recv.sending = 1;
	craft_index(b->rig, index, &craft_a, LINK, &b->recv, &b->keys->recv);
	return true;
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	keys_close(b->keys);
}

/* A frame as if it had come from `via`. */
static void feed(struct bench *b, const void *frame, size_t n, const struct fips_via *via)
{
	struct mr_pkt *p = rig_feed(b->rig, "frames", frame, n);

	*mr_pkt_via(p) = *via;
}

/* A text of n bytes: timestamp 1000, then this type and filler. */
static void text_of(uint8_t *text, size_t n, uint8_t type)
{
	memset(text, 0x5a, n);
	if (n >= 4)
		mr_to_le32(text, 1000);
	if (n > 4)
		text[4] = type;
}

static size_t frame_of(uint8_t *out, uint64_t counter, uint8_t flags, uint8_t type)
{
	uint8_t text[40];

	text_of(text, sizeof text, type);
	return craft_frame(out, secret, INDEX, counter, flags, text, sizeof text);
}

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
		struct bench b;
		const char *went;

		vectors_exact(v, "key_hex", key, sizeof key);
		if (!bench_open(&b, _i, key, (uint32_t)vectors_u64(v, "receiver_index")))
			break;
		feed(&b, frame.at, frame.n, &home);
		went = rig_run(b.rig);
		ck_assert_str_eq(went, message.at[0] ? "control" : "transit");
		p = rig_out(b.rig, went);
		vectors_same(vectors_name(v), p->data, p->len, message.at, message.n);
		ck_assert_uint_eq(p->near, LINK);
		ck_assert_uint_eq(p->seq, 1);
		ck_assert_uint_eq(p->mark, message.at[0] ? MR_SHAPE_MESSAGE : MR_SHAPE_DATAGRAM);
		ck_assert_uint_eq(p->flags, flags & FIPS_LINK_CE ? MR_FLAG_CE : 0);
		ck_assert(rig_event(b.rig, &event));
		ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
		ck_assert_uint_eq(event.a, 1);
		ck_assert_uint_eq(event.u, flags & FIPS_LINK_K);
		craft_silent(b.rig);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

static void feed_negatives(struct bench *b, json_t *root, const char *base)
{
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "frame_negatives"), at, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");

		if (!strcmp(vectors_text(v, "base"), base))
			feed(b, frame.at, frame.n, &away);
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
		struct bench b;

		vectors_exact(v, "key_hex", key, sizeof key);
		if (!bench_open(&b, _i, key, (uint32_t)vectors_u64(v, "receiver_index")))
			break;
		memcpy(&key_before, &b.keys->recv, sizeof key_before);
		memcpy(&recv_before, &b.recv, sizeof recv_before);
		for (size_t n = 0; n < frame.n; n++)
			feed(&b, frame.at, n, &away);
		rig_run(b.rig);
		craft_drops(b.rig, &mr_kind_fmp_open, "malformed", frame.n);
		for (size_t bit = 0; bit < 8 * frame.n; bit++) {
			struct bytes bad = frame;

			bad.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			feed(&b, bad.at, bad.n, &away);
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
		feed(&b, frame.at, frame.n, &home);
		rig_run(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "out"), 1);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* R29: however many forged frames carry a live index, the link goes on as before. */
START_TEST(a_forger_never_tears_a_link_down)
{
	uint8_t frame[128];
	struct mr_event event;
	struct bench b;
	size_t n;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	n = frame_of(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	feed(&b, frame, n, &home);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	for (unsigned i = 0; i < 200; i++) {
		n = frame_of(frame, 1 + i, 0, FIPS_LINK_HEARTBEAT);
		frame[n - 1] ^= 1;
		feed(&b, frame, n, &away);
	}
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "forged", 200);
	craft_silent(b.rig);
	n = frame_of(frame, 1, 0, FIPS_LINK_HEARTBEAT);
	feed(&b, frame, n, &home);
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	bench_close(&b);
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
	struct bench b;
	size_t n;

	ck_assert(bench_open(&b, 0, secret, INDEX));
	text_of(text, 4 + ways[_i].n, ways[_i].type);
	if (ways[_i].n >= 36)
		memcpy(text + 4 + 20, ways[_i].to_us ? craft_b.b : craft_t.b, 16);
	n = craft_frame(frame, secret, INDEX, 3, 0, text, 4 + ways[_i].n);
	feed(&b, frame, n, &home);
	ck_assert_str_eq(rig_run(b.rig), ways[_i].went);
	if (strcmp(ways[_i].went, "malformed")) {
		p = rig_out(b.rig, ways[_i].went);
		ck_assert_uint_eq(p->mark, ways[_i].mark);
		ck_assert_uint_eq(p->near, LINK);
		ck_assert_uint_eq(p->seq, 1);
		ck_assert_uint_eq(p->len, ways[_i].n);
		ck_assert_mem_eq(p->data, text + 4, ways[_i].n);
		ck_assert_mem_eq(mr_pkt_via(p), &home, sizeof home);
	}
	bench_close(&b);
}
END_TEST

/* What control looks at is limited a neighbour, be it a link message or a handshake inside a datagram; what
 * it does not look at is not, and another neighbour has a bucket of its own (R7). */
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

/* Frames from counter `from` on; how many of n went on. */
static unsigned talk(struct bench *b, unsigned row, uint32_t index, uint64_t from, unsigned n)
{
	uint8_t text[100] = { 0 }, frame[200];
	unsigned passed = 0;

	text[4] = talks[row].type;
	memcpy(text + 4 + 20, talks[row].to_us ? craft_b.b : craft_t.b, 16);
	text[4 + 36] = talks[row].phase;
	text[4 + 37] = talks[row].flags;
	for (unsigned i = 0; i < n; i++) {
		size_t len = craft_frame(frame, secret, index, from + i, 0, text, sizeof text);

		feed(b, frame, len, &home);
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
	struct bench b;

	ck_assert(bench_open(&b, 0, secret, INDEX));
	keys = keys_open(keys_provider(0), secret, 2, 0);
	fips_link_recv_init(&recv, &home);
	craft_index(b.rig, 5, &craft_t, LINK + 1, &recv, &keys->recv);
	ck_assert_uint_eq(talk(&b, (unsigned)_i, INDEX, 0, 600), burst);
	craft_drops(b.rig, &mr_kind_fmp_open, "over-rate", 600 - burst);
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 600); /* signs of life all the same */
	ck_assert_uint_eq(talk(&b, (unsigned)_i, 5, 0, 100), 100);
	rig_at(b.rig, 2 * MR_NS_PER_S);
	ck_assert_uint_eq(talk(&b, (unsigned)_i, INDEX, 600, 400),
	                  talks[_i].talk ? FIPS_TALK_RATE / 1000 : 400);
	keys_close(keys);
	bench_close(&b);
}
END_TEST

/* R17: an authentic frame with nothing in it is a named drop; its counter is used up, no figure
 * moves.  Five bytes are a message. */
/* mesh.md 6.2: coordinates that a sealed message to us carries in clear are told to control, where we are left out;
 * those of handshakes are not, since control reads the whole of them.  The message goes on in any case. */
static const struct {
	uint8_t     phase, flags;
	unsigned    cut; /* bytes at the end that are missing */
	unsigned    told;
	const char *counted;
} lists[] = {
	{ 0, FIPS_FSP_CP, 0, 1, "learned" },
	{ 0, FIPS_FSP_CP | FIPS_FSP_K, 0, 1, "learned" },
	{ 0, 0, 0, 0, "delivered-packets" },
	{ 1, 0, 0, 0, "delivered-packets" },
	{ 2, 0, 0, 0, "delivered-packets" },
	{ 0, FIPS_FSP_CP, 60, 0, "warm-malformed-packets" },
};

START_TEST(coordinates_are_told)
{
	const struct fips_addr path[2] = { craft_a, craft_t };
	struct fips_coords theirs = fips_coords_of(path, 2), us = fips_coords_of(&craft_b, 1);
	uint8_t text[300] = { 0 }, fsp[150] = { lists[_i].phase, lists[_i].flags }, frame[400];
	struct mr_wire w = mr_wire_write(fsp + (lists[_i].phase ? 5 : FIPS_FSP_HEAD), 60);
	struct bench b;

	fips_coords_put(&w, &theirs);
	fips_coords_put(&w, &us);
	ck_assert(mr_wire_ok(&w));
	ck_assert(bench_open(&b, 0, secret, INDEX));
	for (unsigned i = 0; i < 2; i++) { /* the second time it is no news */
		size_t n = craft_datagram(text + 4, &craft_a, &craft_b, 1472, fsp, 100 - lists[_i].cut);
		const struct mr_pkt *p;

		n = craft_frame(frame, secret, INDEX, i, 0, text, 4 + n);
		feed(&b, frame, n, &home);
		rig_run(b.rig);
		p = rig_out(b.rig, "session");
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq(p->len, FIPS_DATAGRAM_HEAD + 100 - lists[_i].cut);
		p = rig_out(b.rig, "control");
		ck_assert_int_eq(p != NULL, i == 0 && lists[_i].told);
		if (!p)
			continue;
		ck_assert_uint_eq(p->mark, MR_SHAPE_LEARNED);
		ck_assert_uint_eq(p->len, FIPS_ADDR_LEN + FIPS_COORDS_LEN(2));
		ck_assert_mem_eq(p->data, craft_a.b, FIPS_ADDR_LEN);
		ck_assert_mem_eq(p->data + FIPS_ADDR_LEN, fsp + FIPS_FSP_HEAD, FIPS_COORDS_LEN(2));
		ck_assert_ptr_null(rig_out(b.rig, "control"));
	}
	ck_assert_uint_ge(rig_count(b.rig, lists[_i].counted), 1);
	ck_assert_uint_eq(rig_count(b.rig, "received-packets"), 2);
	bench_close(&b);
}
END_TEST

START_TEST(runts_have_a_name)
{
	uint8_t text[8], frame[64];
	struct bench b;
	size_t n;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	for (size_t len = 0; len <= 5; len++) {
		text_of(text, len, FIPS_LINK_HEARTBEAT);
		n = craft_frame(frame, secret, INDEX, len, 0, text, len);
		feed(&b, frame, n, &home);
		ck_assert_str_eq(rig_run(b.rig), len < 5 ? "runt" : "control");
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), len == 5);
		ck_assert_uint_eq(b.keys->recv.window.highest, len);
		feed(&b, frame, n, &home);
		ck_assert_str_eq(rig_run(b.rig), "duplicate");
	}
	bench_close(&b);
}
END_TEST

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
	struct bench b;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	for (size_t i = 0; i < COUNT(walk); i++) {
		feed(&b, frame, frame_of(frame, walk[i].counter, 0, FIPS_LINK_HEARTBEAT), &home);
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
	bench_close(&b);
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
	struct bench b;
	size_t n = 0;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	keys = keys_open(b.keys->provider, other, 2, 0);
	fips_link_recv_init(&recv, &away);
	craft_index(b.rig, INDEX + 1, &craft_t, 78, &recv, &keys->recv);
	for (unsigned i = 0; i < 3; i++)
		n = craft_frame(frame[i], i == 1 ? other : secret, INDEX + (i == 1), i, 0, text,
		                sizeof text);
	for (unsigned i = 0; i < 6; i++)
		feed(&b, frame[i % 3], n, i % 3 == 1 ? &away : &home);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "duplicate", 3);
	for (unsigned i = 0; i < 3; i++) {
		p = rig_out(b.rig, "control");
		ck_assert_uint_eq(p->near, i == 1 ? 78 : LINK);
		ck_assert_uint_eq(p->seq, i == 1 ? 2 : 1);
	}
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* The first frame under a key is told once, with its K; the frames of one vector are one first. */
START_TEST(confirmation_is_told_once)
{
	struct mr_event event;
	uint8_t frame[128];
	struct bench b;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	feed(&b, frame, frame_of(frame, 0, FIPS_LINK_K, FIPS_LINK_HEARTBEAT), &home);
	feed(&b, frame, frame_of(frame, 1, 0, FIPS_LINK_HEARTBEAT), &home);
	rig_run(b.rig);
	feed(&b, frame, frame_of(frame, 2, 0, FIPS_LINK_HEARTBEAT), &home);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
	ck_assert_uint_eq(event.a, 1);
	ck_assert_uint_eq(event.u, FIPS_LINK_K);
	craft_silent(b.rig);
	ck_assert_uint_eq(fips_word_get(&b.keys->recv.confirmed), FIPS_KEY_CONFIRMED | FIPS_KEY_K);
	ck_assert_uint_eq(fips_word_get(&b.recv.k_seen), 0);
	bench_close(&b);
}
END_TEST

/* The newest frame under the sending key says where the peer is; an older one, or one under
 * another key, does not (link.md 7.2). */
START_TEST(roaming_is_told_once)
{
	static const struct {
		uint64_t counter;
		bool     away, told;
	} walk[] = {
		{ 0, false, false }, { 5, true, true },  { 6, true, false },
		{ 4, false, false }, { 7, false, true }, { 8, false, false },
	};
	struct fips_via via;
	struct mr_event event;
	uint8_t frame[128];
	uint64_t moves;
	struct bench b;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	for (size_t i = 0; i < COUNT(walk); i++) {
		rig_at(b.rig, MR_NS_PER_S + i * MR_NUDGE_GAP);
		feed(&b, frame, frame_of(frame, walk[i].counter, 0, FIPS_LINK_HEARTBEAT),
		     walk[i].away ? &away : &home);
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
		ck_assert_mem_eq(event.bytes, walk[i].away ? &away : &home, sizeof home);
		ck_assert(fips_link_via(&b.recv, &via, &moves));
		ck_assert(fips_via_eq(&via, walk[i].away ? &away : &home));
	}
	bench_close(&b);
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
	struct bench b;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	for (uint64_t i = 0; i < 201; i++) {
		rig_at(b.rig, MR_NS_PER_S + i * MR_NS_PER_MS);
		feed(&b, frame, frame_of(frame, i, 0, FIPS_LINK_HEARTBEAT), i % 2 ? &away : &home);
		rig_run(b.rig);
		while (rig_event(b.rig, &event))
			told += event.kind == MR_EV_ROAMED;
	}
	ck_assert_uint_eq(told, 2);
	ck_assert(fips_link_via(&b.recv, &via, &moves));
	ck_assert(fips_via_eq(&via, &home));
	bench_close(&b);
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
	struct bench b;

	ck_assert(bench_open(&b, 0, secret, INDEX));
	b.recv.sending = 99; /* another key */
	feed(&b, frame, frame_of(frame, 0, 0, FIPS_LINK_HEARTBEAT), &away);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_CONFIRMED_LINK);
	craft_silent(b.rig);

	promote.p = &b.recv;
	promote.q = &b.keys->recv;
	promote.a = 1;
	rig_order(b.rig, &promote);
	ck_assert_uint_eq(b.recv.sending, 1);
	feed(&b, frame, frame_of(frame, 1, 0, FIPS_LINK_HEARTBEAT), &away);
	rig_run(b.rig);
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_ROAMED);

	move.p = &b.recv;
	move.q = (void *)(uintptr_t)&home;
	rig_order(b.rig, &move);
	ck_assert(fips_link_via(&b.recv, &via, &moves));
	ck_assert(fips_via_eq(&via, &home));
	retire.q = &b.keys->recv;
	rig_order(b.rig, &retire);
	craft_silent(b.rig);
	bench_close(&b);
}
END_TEST

START_TEST(reports_are_filled_in_by_order)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_LINK_REPORT } };
	uint8_t frame[128];
	struct bench b;
	size_t n = 0;

	ck_assert(bench_open(&b, 0, secret, INDEX));
	snapshot.order.p = &b.recv;
	snapshot.order.q = &b.keys->recv;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	for (unsigned i = 0; i < 3; i++) {
		n = frame_of(frame, i, i == 1 ? FIPS_LINK_CE : 0, FIPS_LINK_HEARTBEAT);
		feed(&b, frame, n, &home);
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
	bench_close(&b);
}
END_TEST

/* R10: whatever an index meant before, only the entry that is there now counts. */
START_TEST(a_recycled_index_finds_no_old_key)
{
	static const uint8_t other[MR_AEAD_KEY] = { 9 };
	uint8_t text[5] = { 0, 0, 0, 0, FIPS_LINK_HEARTBEAT }, frame[128], newer[64];
	struct fips_link_recv recv;
	struct keys *keys;
	struct bench b;
	size_t n, m;

	if (!bench_open(&b, _i, secret, INDEX))
		return;
	keys = keys_open(b.keys->provider, other, 2, 0);
	fips_link_recv_init(&recv, &home);
	n = frame_of(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	m = craft_frame(newer, other, INDEX, 0, 0, text, sizeof text);
	craft_index_gone(b.rig, INDEX);
	feed(&b, frame, n, &home);
	ck_assert_str_eq(rig_run(b.rig), "unknown-index");
	craft_index(b.rig, INDEX, &craft_t, 0, NULL, NULL);
	feed(&b, frame, n, &home);
	ck_assert_str_eq(rig_run(b.rig), "not-yet");
	craft_index(b.rig, INDEX, &craft_t, 79, &recv, &keys->recv);
	feed(&b, frame, n, &home);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	ck_assert_uint_eq(fips_word_get(&b.keys->recv.heard), 0);
	feed(&b, newer, m, &home);
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(rig_out(b.rig, "control")->near, 79);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* What is no established frame of the right length never reaches a cipher, whoever wired it. */
START_TEST(other_packets_are_malformed)
{
	static const uint8_t ip[40] = { 0x60 }, msg1[FIPS_MSG1_LEN] = { 1, 0, 110 };
	uint8_t frame[200], longer[1600];
	struct bench b;
	size_t n;

	ck_assert(bench_open(&b, 0, secret, INDEX));
	n = frame_of(frame, 0, 0, FIPS_LINK_HEARTBEAT);
	feed(&b, frame, n - 1, &home);
	feed(&b, frame, n + 1, &home);
	feed(&b, ip, sizeof ip, &home);
	feed(&b, msg1, sizeof msg1, &home);
	memcpy(longer, frame, n);
	mr_to_le16(longer + 2, 0xffff);
	feed(&b, longer, sizeof longer, &home);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_open, "malformed", 5);
	bench_close(&b);
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
	tcase_add_loop_test(tc, coordinates_are_told, 0, (int)COUNT(lists));
	tcase_add_loop_test(tc, runts_have_a_name, 0, keys_providers());
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
