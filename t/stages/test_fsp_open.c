/* fsp-open, alone: what becomes of datagrams to us, which key opens them, what control is told.
 *
 * Messages are made by hand from session.md 2.5 or are the stored ones.  The stage runs with every
 * AEAD provider that this machine can run. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/ip.h"
#include "fips/wire/shim.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fsp_open;

#define S(n) ((n) * MR_NS_PER_S)

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 }, other[MR_AEAD_KEY] = { 9 };

/* Node B with a session with A: its first key, and perhaps a second one. */
struct bench {
	struct rig              *rig;
	const struct mr_aead    *provider;
	struct keys             *keys[2];
	struct fips_session_recv recv;
};

static bool bench_open(struct bench *b, int provider, const char *node)
{
	*b = (struct bench){ .provider = keys_provider(provider) };
	if (!b->provider)
		return false;
	rig_aead(b->provider);
	b->rig = rig_open(&mr_kind_fsp_open, "{}", node);
	fips_session_recv_init(&b->recv);
	craft_session(b->rig, &craft_a, NULL, &b->recv, FIPS_PATH_MTU_UNKNOWN);
	return true;
}

static bool bench_plain(struct bench *b, int provider)
{
	return bench_open(b, provider, CRAFT_NODE(CRAFT_B, CRAFT_UDP));
}

/* Install a key as control does; its id is i + 1. */
static void install(struct bench *b, unsigned i, const uint8_t key[MR_AEAD_KEY])
{
	struct mr_order order = { .kind = MR_ORD_SESSION_INSTALL, .p = &b->recv };

	b->keys[i] = keys_open(b->provider, key, i + 1, 0);
	order.q = &b->keys[i]->recv;
	rig_order(b->rig, &order);
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	for (unsigned i = 0; i < 2; i++)
		if (b->keys[i])
			keys_close(b->keys[i]);
}

static struct mr_pkt *feed(struct bench *b, const void *datagram, size_t n)
{
	return rig_feed(b->rig, "datagrams", datagram, n);
}

/* An FSP message from A in its envelope. */
static void feed_message(struct bench *b, const struct bytes *message)
{
	uint8_t datagram[VECTORS_BYTES_MAX];

	feed(b, datagram,
	     craft_datagram(datagram, &craft_a, &craft_b, 1472, message->at, message->n));
}

/* A text sealed by A under `key`. */
static void feed_text(struct bench *b, const uint8_t key[MR_AEAD_KEY], uint64_t counter,
                      uint8_t flags, const void *text, size_t n)
{
	uint8_t datagram[VECTORS_BYTES_MAX];

	feed(b, datagram,
	     craft_sealed(datagram, &craft_a, &craft_b, key, counter, flags, text, n));
}

/* A PathMtuNotification: the shortest message that has a place to go. */
static const uint8_t note[8] = { 0xe8, 3, 0, 0, FIPS_FSP_PATH_MTU, 0, 0, 5 };

static void expect_event(struct bench *b, unsigned kind, uint64_t id, uint32_t k)
{
	struct mr_event event;

	ck_assert(rig_event(b->rig, &event));
	ck_assert_uint_eq(event.kind, kind);
	ck_assert_uint_eq(event.a, id);
	ck_assert_uint_eq(event.u, k);
}

/* ---- the stored messages ---- */

/* The IPv6 packet whose shim is this body's, behind its ports. */
static struct bytes packet_of(const json_t *root, const struct bytes *body)
{
	const json_t *pairs = vectors_get(vectors_get(root, "ipv6_shim"), "pairs"), *v;
	size_t at;

	json_array_foreach(pairs, at, v) {
		struct bytes shim = vectors_bytes(v, "compressed");

		if (shim.n == body->n - 4 && !memcmp(shim.at, body->at + 4, shim.n))
			return vectors_bytes(v, "ipv6");
	}
	ck_abort_msg("no pair with this shim");
}

static void check_data(struct bench *b, const json_t *root, const json_t *v, const char *went)
{
	struct bytes body = vectors_bytes(v, "body"), want;
	struct mr_pkt *p;

	if (mr_le16(body.at + 2) != FIPS_PORT_IPV6) {
		ck_assert_str_eq(went, "unknown-port");
		return;
	}
	ck_assert_str_eq(went, "ip");
	p = rig_out(b->rig, "ip");
	want = packet_of(root, &body);
	vectors_same(vectors_name(v), p->data, p->len, want.at, want.n);
	ck_assert_uint_eq(p->mark, MR_SHAPE_IP);
}

static void check_body(struct bench *b, const json_t *v, const char *went)
{
	struct bytes body = vectors_bytes(v, "body");
	struct mr_pkt *p;

	ck_assert_str_eq(went, "control");
	p = rig_out(b->rig, "control");
	ck_assert_uint_eq(p->data[0], vectors_u64(v, "msg_type"));
	vectors_same(vectors_name(v), p->data + 1, p->len - 1, body.at, body.n);
	ck_assert_uint_eq(p->mark, MR_SHAPE_BODY);
	ck_assert_uint_eq(p->seq, 1);
}

START_TEST(stored_messages_open)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "fsp_frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "frame");
		uint8_t key[MR_AEAD_KEY];
		const char *went;
		struct bench b;

		vectors_exact(v, "key", key, sizeof key);
		if (!bench_plain(&b, _i))
			break;
		install(&b, 0, key);
		feed_message(&b, &frame);
		went = rig_run(b.rig);
		if (vectors_u64(v, "msg_type") == FIPS_FSP_DATA)
			check_data(&b, root, v, went);
		else
			check_body(&b, v, went);
		expect_event(&b, MR_EV_CONFIRMED_SESSION, 1,
		             (vectors_u64(v, "flags") & FIPS_FSP_K) != 0);
		craft_silent(b.rig);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 1);
		ck_assert_uint_eq(fips_word_get(&b.recv.bytes), vectors_bytes(v, "plaintext").n);
		ck_assert_uint_eq(fips_word_get(&b.recv.path_mtu), 1472);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* What the receive state looks like but for the count of messages that opened under no key; byte for
 * byte, so that it can be compared with memcmp. */
static void but_missed(struct fips_session_recv *copy, const struct fips_session_recv *recv)
{
	memcpy(copy, recv, sizeof *copy);
	fips_word_set(&copy->missed, 0);
	fips_word_set(&copy->missed_at, 0);
}

/* Every truncation and every flipped bit of what the tag covers; returns how many. */
static unsigned feed_forgeries(struct bench *b, const struct bytes *frame)
{
	struct fips_fsp_sealed m;
	unsigned fed = 0;

	for (size_t n = 0; n < frame->n; n++, fed++) {
		struct bytes cut = *frame;

		cut.n = n;
		feed_message(b, &cut);
	}
	rig_run(b->rig);
	ck_assert(fips_fsp_sealed_parse(frame->at, frame->n, &m));
	for (size_t bit = 0; bit < 8 * frame->n; bit++) {
		struct bytes bad = *frame;

		if (bit / 8 >= FIPS_FSP_HEAD && frame->at + bit / 8 < m.sealed)
			continue; /* coordinates: not under the tag */
		bad.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		feed_message(b, &bad);
		if (++fed % 512 == 0)
			rig_run(b->rig);
	}
	rig_run(b->rig);
	return fed;
}

/* Each ends as a named drop; key, window, slots and figures stay, control hears nothing; the
 * genuine message still opens (R5, R13).  A flipped phase or U bit makes another message of it,
 * which control gets as it came. */
START_TEST(nothing_forged_leaves_a_trace)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "fsp_frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "frame");
		struct fips_session_recv before, after;
		struct fips_recv_key key_before[2];
		uint8_t key[MR_AEAD_KEY];
		struct mr_pkt *p;
		struct bench b;
		unsigned fed;

		vectors_exact(v, "key", key, sizeof key);
		if (!bench_plain(&b, _i))
			break;
		install(&b, 0, other);
		install(&b, 1, key);
		but_missed(&before, &b.recv);
		for (unsigned i = 0; i < 2; i++)
			memcpy(&key_before[i], &b.keys[i]->recv, sizeof key_before[i]);
		fed = feed_forgeries(&b, &frame);
		ck_assert_uint_eq(rig_count(b.rig, "out"), 3);
		ck_assert_uint_eq(rig_count(b.rig, "malformed") + rig_count(b.rig, "forged"),
		                  fed - 3);
		ck_assert_uint_eq(fips_word_get(&b.recv.missed), rig_count(b.rig, "forged"));
		while ((p = rig_out(b.rig, "control"))) {
			ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
			ck_assert_uint_eq(p->len, FIPS_DATAGRAM_HEAD + frame.n);
			ck_assert_mem_eq(p->data + FIPS_DATAGRAM_HEAD + 2, frame.at + 2,
			                 frame.n - 2);
		}
		but_missed(&after, &b.recv);
		ck_assert_mem_eq(&before, &after, sizeof before);
		for (unsigned i = 0; i < 2; i++)
			ck_assert_mem_eq(&key_before[i], &b.keys[i]->recv, sizeof key_before[i]);
		craft_silent(b.rig);
		feed_message(&b, &frame);
		rig_run(b.rig);
		expect_event(&b, MR_EV_CONFIRMED_SESSION, 2,
		             (vectors_u64(v, "flags") & FIPS_FSP_K) != 0);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 1);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

START_TEST(stored_bad_messages)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	size_t at;

	json_array_foreach(vectors_get(root, "fsp_bad_frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "frame");
		bool signal = frame.n > 1 && frame.at[0] == 0 && frame.at[1] & FIPS_FSP_U;
		uint8_t key[MR_AEAD_KEY];
		const char *went;
		struct bench b;

		vectors_exact(v, "key", key, sizeof key);
		if (!bench_plain(&b, _i))
			break;
		install(&b, 0, key);
		feed_message(&b, &frame);
		went = rig_run(b.rig);
		if (signal)
			ck_assert_str_eq(went, "control");
		else
			ck_assert_msg(!strcmp(went, "malformed") || !strcmp(went, "forged"),
			              "%s: %s", vectors_name(v), went);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 0);
		craft_silent(b.rig);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* Coordinates are skipped: one altered on the way changes nothing. */
START_TEST(coordinates_are_not_authenticated)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v = vectors_get(root, "fsp_unauthenticated_coords");
	struct bytes frame = vectors_bytes(v, "frame");
	uint8_t key[MR_AEAD_KEY];
	struct bench b;

	vectors_exact(v, "key", key, sizeof key);
	if (bench_plain(&b, _i)) {
		install(&b, 0, key);
		feed_message(&b, &frame);
		ck_assert_str_eq(rig_run(b.rig), "ip");
		ck_assert_uint_eq(rig_out(b.rig, "ip")->len, 58);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* ---- slots ---- */

static const char *slot_of(const struct bench *b, unsigned i)
{
	static const char *const name[] = { "current", "pending", "previous" };

	for (unsigned slot = 0; slot < FIPS_SESSION_KEYS; slot++)
		if (b->keys[i] && b->recv.slot[slot] == &b->keys[i]->recv)
			return name[slot];
	return "none";
}

/* The stored cut-over, in order (R13, R14). */
START_TEST(stored_rekey)
{
	static const struct {
		const char *went, *old, *new;
		uint8_t     confirmed, retried;
	} step[] = {
		{ "unknown-port", "current",  "pending", 1, 0 }, /* opened: data to port 0 */
		{ "unknown-port", "previous", "current", 2, 0 },
		{ "unknown-port", "previous", "current", 0, 1 },
		{ "unknown-port", "previous", "current", 0, 1 },
		{ "unknown-port", "previous", "current", 0, 1 },
		{ "forged", "previous", "current", 0, 1 }, /* current refuses the counter, previous
		                                            * the tag */
	};
	json_t *root = vectors_load("session_vectors");
	const json_t *rekey = vectors_get(root, "rekey"), *v;
	uint8_t old[MR_AEAD_KEY], new[MR_AEAD_KEY];
	struct bench b;
	size_t at;

	vectors_exact(rekey, "old_key", old, sizeof old);
	vectors_exact(rekey, "new_key", new, sizeof new);
	if (!bench_plain(&b, _i)) {
		json_decref(root);
		return;
	}
	install(&b, 0, old);
	install(&b, 1, new);
	json_array_foreach(vectors_get(rekey, "frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "frame");

		ck_assert_uint_lt(at, COUNT(step));
		feed_message(&b, &frame);
		ck_assert_str_eq(rig_run(b.rig), step[at].went);
		ck_assert_str_eq(slot_of(&b, 0), step[at].old);
		ck_assert_str_eq(slot_of(&b, 1), step[at].new);
		ck_assert_uint_eq(b.recv.k, at > 0);
		if (step[at].confirmed)
			expect_event(&b, MR_EV_CONFIRMED_SESSION, step[at].confirmed, at > 0);
		craft_silent(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "keys-retried"), step[at].retried);
	}
	ck_assert_uint_eq(at, COUNT(step));
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 5);
	bench_close(&b);
	json_decref(root);
}
END_TEST

/* R13: K alone promotes nothing.  A forged flip, then the genuine one three times in one vector:
 * one cut-over, told once, delivered once; what else is in the vector goes on under the new key. */
START_TEST(only_an_opened_message_promotes)
{
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	if (!bench_plain(&b, _i))
		return;
	install(&b, 0, secret);
	install(&b, 1, other);
	n = craft_sealed(datagram, &craft_a, &craft_b, other, 0, FIPS_FSP_K, note, sizeof note);
	datagram[n - 1] ^= 1;
	feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	ck_assert_str_eq(slot_of(&b, 1), "pending");
	craft_silent(b.rig);
	datagram[n - 1] ^= 1;
	for (unsigned i = 0; i < 3; i++)
		feed(&b, datagram, n);
	feed_text(&b, other, 1, FIPS_FSP_K, note, sizeof note);
	feed_text(&b, secret, 7, 0, note, sizeof note);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "duplicate"), 2);
	ck_assert_uint_eq(rig_count(b.rig, "out"), 3);
	ck_assert_str_eq(slot_of(&b, 0), "previous");
	ck_assert_str_eq(slot_of(&b, 1), "current");
	expect_event(&b, MR_EV_CONFIRMED_SESSION, 2, 1);
	expect_event(&b, MR_EV_CONFIRMED_SESSION, 1, 0);
	craft_silent(b.rig);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 2);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 2);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 1);
	bench_close(&b);
}
END_TEST

/* R14: the previous key opens until 10 s after the cut-over and its last message. */
START_TEST(previous_retires_by_time)
{
	struct bench b;

	if (!bench_plain(&b, _i))
		return;
	install(&b, 0, secret);
	install(&b, 1, other);
	rig_at(b.rig, S(2));
	feed_text(&b, other, 0, FIPS_FSP_K, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(11));
	feed_text(&b, secret, 0, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(21) - 1);
	feed_text(&b, secret, 1, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(31) + S(1));
	feed_text(&b, secret, 2, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "forged"); /* the only key left is the new one */
	bench_close(&b);
}
END_TEST

START_TEST(control_names_keys_by_id)
{
	struct mr_order promote = { .kind = MR_ORD_SESSION_PROMOTE }, retire = {
		.kind = MR_ORD_SESSION_RETIRE };
	struct bench b;

	ck_assert(bench_plain(&b, 0));
	promote.p = retire.p = &b.recv;
	feed_text(&b, secret, 0, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "no-key");
	install(&b, 0, secret);
	install(&b, 1, other);
	promote.a = 1; /* not pending */
	rig_order(b.rig, &promote);
	ck_assert_str_eq(slot_of(&b, 0), "current");
	promote.a = 2;
	rig_order(b.rig, &promote);
	rig_order(b.rig, &promote); /* done already */
	ck_assert_str_eq(slot_of(&b, 0), "previous");
	ck_assert_str_eq(slot_of(&b, 1), "current");
	retire.a = 1;
	rig_order(b.rig, &retire);
	feed_text(&b, secret, 0, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	retire.a = 2;
	rig_order(b.rig, &retire);
	feed_text(&b, other, 0, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "no-key");
	bench_close(&b);
}
END_TEST

/* One vector, two sessions, A T A. */
START_TEST(runs_keep_their_keys)
{
	struct fips_session_recv recv;
	struct keys *keys;
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	if (!bench_plain(&b, _i))
		return;
	install(&b, 0, secret);
	keys = keys_open(b.provider, other, 7, 0);
	fips_session_recv_init(&recv);
	fips_session_install(&recv, &keys->recv, 0);
	craft_session(b.rig, &craft_t, NULL, &recv, 1280);
	for (unsigned i = 0; i < 3; i++) {
		n = craft_sealed(datagram, i == 1 ? &craft_t : &craft_a, &craft_b,
		                 i == 1 ? other : secret, i, 0, note, sizeof note);
		feed(&b, datagram, n);
	}
	rig_run(b.rig);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(rig_out(b.rig, "control")->seq, i == 1 ? 7 : 1);
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

START_TEST(counters_pass_once)
{
	struct bench b;

	if (!bench_plain(&b, _i))
		return;
	install(&b, 0, secret);
	feed_text(&b, secret, 3000, 0, note, sizeof note);
	feed_text(&b, secret, 3000, 0, note, sizeof note);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fsp_open, "duplicate", 1);
	feed_text(&b, secret, 3000, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "duplicate");
	feed_text(&b, secret, 952, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "stale");
	feed_text(&b, secret, 953, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	bench_close(&b);
}
END_TEST

/* ---- what goes to control as it came ---- */

static void same_as_fed(struct bench *b, const uint8_t *datagram, size_t n)
{
	struct mr_pkt *p = rig_out(b->rig, "control");

	ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
	ck_assert_uint_eq(p->len, n);
	ck_assert_mem_eq(p->data, datagram, n);
}

START_TEST(handshakes_and_signals_go_to_control)
{
	static const char *const sections[] = { "handshake_messages", "signals" };
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct bench b;
	size_t at;

	ck_assert(bench_plain(&b, 0));
	for (size_t i = 0; i < COUNT(sections); i++) {
		json_array_foreach(vectors_get(root, sections[i]), at, v) {
			struct bytes fsp = vectors_bytes(v, "fsp");
			uint8_t datagram[VECTORS_BYTES_MAX];
			size_t n = craft_datagram(datagram, &craft_t, &craft_b, 1280, fsp.at,
			                          fsp.n);

			feed(&b, datagram, n);
			ck_assert_str_eq(rig_run(b.rig), "control");
			same_as_fed(&b, datagram, n);
		}
		ck_assert_uint_ge(at, 3);
	}
	craft_silent(b.rig);
	bench_close(&b);
	json_decref(root);
}
END_TEST

/* A sealed message of a session whose handshake is under way waits with control. */
START_TEST(expected_sessions_wait_with_control)
{
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	ck_assert(bench_plain(&b, 0));
	craft_session(b.rig, &craft_a, NULL, NULL, 0);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 0, 0, note, sizeof note);
	feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "control");
	same_as_fed(&b, datagram, n);
	craft_session(b.rig, &craft_a, NULL, &b.recv, 1472);
	install(&b, 0, secret);
	feed(&b, datagram, n); /* given back by control */
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(rig_out(b.rig, "control")->mark, MR_SHAPE_BODY);
	bench_close(&b);
}
END_TEST

/* What control looks at is limited an endpoint, and so is what waits with control for its key (R7). */
START_TEST(talk_is_limited)
{
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	ck_assert(bench_plain(&b, 0));
	craft_session(b.rig, &craft_a, NULL, NULL, 0);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 9999, 0, note, sizeof note);
	for (unsigned i = 0; i < 100; i++) {
		feed(&b, datagram, n);
		ck_assert_str_eq(rig_run(b.rig), i < 64 ? "control" : "over-rate");
	}
	craft_session(b.rig, &craft_a, NULL, &b.recv, 1472);
	install(&b, 0, secret);
	for (unsigned i = 0; i < 900; i++) {
		feed_text(&b, secret, i, 0, note, sizeof note);
		ck_assert_str_eq(rig_run(b.rig), i < FIPS_TALK_BURST ? "control" : "over-rate");
	}
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 900);
	rig_at(b.rig, 2 * MR_NS_PER_S);
	feed_text(&b, secret, 900, 0, note, sizeof note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	bench_close(&b);
}
END_TEST

/* ---- drops ---- */

START_TEST(strangers_are_told_of)
{
	struct mr_event event;
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	ck_assert(bench_plain(&b, 0));
	n = craft_sealed(datagram, &craft_t, &craft_b, secret, 0, 0, note, sizeof note);
	feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "no-session");
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_NO_SESSION);
	ck_assert_mem_eq(event.bytes, craft_t.b, 16);
	craft_silent(b.rig);
	n = craft_sealed(datagram, &craft_b, &craft_b, secret, 0, 0, note, sizeof note);
	feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "own-source");
	craft_silent(b.rig);
	bench_close(&b);
}
END_TEST

/* However many messages there are: one in 100 ms is told of. */
START_TEST(strangers_are_told_of_now_and_then)
{
	struct mr_event event;
	uint8_t datagram[256];
	unsigned told = 0;
	struct bench b;

	ck_assert(bench_plain(&b, 0));
	for (uint64_t i = 0; i < 201; i++) {
		size_t n = craft_sealed(datagram, &craft_t, &craft_b, secret, i, 0, note,
		                        sizeof note);

		rig_at(b.rig, MR_NS_PER_S + i * MR_NS_PER_MS);
		feed(&b, datagram, n);
		ck_assert_str_eq(rig_run(b.rig), "no-session");
		while (rig_event(b.rig, &event))
			told++;
	}
	ck_assert_uint_eq(told, 3);
	bench_close(&b);
}
END_TEST

/* Envelopes and messages cut short, and link messages of other types. */
START_TEST(short_datagrams_are_malformed)
{
	uint8_t datagram[256];
	struct bench b;
	size_t n;

	ck_assert(bench_plain(&b, 0));
	install(&b, 0, secret);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 0, 0, NULL, 0);
	ck_assert_uint_eq(n, FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN);
	for (size_t cut = 0; cut < n; cut++)
		feed(&b, datagram, cut);
	datagram[0] = FIPS_LINK_HEARTBEAT;
	feed(&b, datagram, n);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fsp_open, "malformed", n + 1);
	bench_close(&b);
}
END_TEST

/* What an authentic text of this many bytes and these first ones is: R17 asks for 4 to 11. */
static const struct {
	uint8_t     type, port_low, format;
	size_t      from, to; /* bytes of text */
	const char *went;
} texts[] = {
	{ FIPS_FSP_DATA, 0, 0, 0, 5, "short" },            /* no inner header        */
	{ FIPS_FSP_DATA, 0, 0, 6, 9, "short" },            /* no ports               */
	{ FIPS_FSP_DATA, 0, 0, 10, 16, "bad-shim" },       /* no shim                */
	{ FIPS_FSP_DATA, 0, 0, 17, 20, "ip" },             /* an IPv6 header alone   */
	{ FIPS_FSP_DATA, 0, 1, 17, 20, "bad-shim" },       /* format 01              */
	{ FIPS_FSP_DATA, 7, 0, 10, 30, "unknown-port" },
	{ FIPS_FSP_SENDER_REPORT, 0, 0, 6, 51, "short" },
	{ FIPS_FSP_SENDER_REPORT, 0, 0, 52, 54, "control" },
	{ FIPS_FSP_RECEIVER_REPORT, 0, 0, 6, 71, "short" },
	{ FIPS_FSP_RECEIVER_REPORT, 0, 0, 72, 72, "control" },
	{ FIPS_FSP_PATH_MTU, 0, 0, 6, 7, "short" },
	{ FIPS_FSP_PATH_MTU, 0, 0, 8, 9, "control" },
	{ FIPS_FSP_COORDS_WARMUP, 0, 0, 6, 11, "control" },
	{ 0x20, 0, 0, 6, 11, "unknown-type" },
	{ 0xff, 0, 0, 6, 60, "unknown-type" },
};

START_TEST(texts_by_length)
{
	uint8_t text[80] = { 0 };
	struct bench b;

	if (!bench_plain(&b, _i))
		return;
	install(&b, 0, secret);
	for (size_t i = 0, counter = 0; i < COUNT(texts); i++) {
		for (size_t n = texts[i].from; n <= texts[i].to; n++) {
			memset(text, 0, sizeof text);
			text[4] = texts[i].type;
			mr_to_le16(text + 6, FIPS_PORT_IPV6);
			mr_to_le16(text + 8, (uint16_t)(FIPS_PORT_IPV6 | texts[i].port_low));
			if (texts[i].type == FIPS_FSP_DATA)
				text[10] = texts[i].format;
			feed_text(&b, secret, counter++, 0, text, n);
			ck_assert_str_eq(rig_run(b.rig), texts[i].went);
		}
	}
	ck_assert_uint_eq(b.keys[0]->recv.window.highest, rig_count(b.rig, "in") - 1);
	bench_close(&b);
}
END_TEST

/* ---- what the IPv6 packet looks like ---- */

/* The plaintext of a DataPacket with this IPv6 packet. */
static struct bytes data_of(const struct bytes *ip)
{
	struct bytes text = { .n = 10 + ip->n - 33 };

	ck_assert_uint_ge(ip->n, 40);
	text.at[4] = FIPS_FSP_DATA;
	mr_to_le16(text.at + 6, FIPS_PORT_IPV6);
	mr_to_le16(text.at + 8, FIPS_PORT_IPV6);
	memcpy(text.at + 11, ip->at, 4);
	text.at[15] = ip->at[6];
	text.at[16] = ip->at[7];
	memcpy(text.at + 17, ip->at + 40, ip->n - 40);
	return text;
}

/* CE on the last link is told to the packet (R4, session.md 5.7). */
START_TEST(congestion_reaches_the_packet)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct bench b;
	size_t at;

	if (bench_plain(&b, _i)) {
		install(&b, 0, secret);
		json_array_foreach(vectors_get(root, "ecn_mark"), at, v) {
			struct bytes in = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");
			struct bytes text = data_of(&in);
			uint8_t datagram[VECTORS_BYTES_MAX];
			size_t n;

			for (unsigned ce = 0; ce < 2; ce++) {
				struct mr_pkt *p;

				n = craft_sealed(datagram, &craft_a, &craft_b, secret, 2 * at + ce,
				                 0, text.at, text.n);
				p = feed(&b, datagram, n);
				p->flags = ce ? MR_FLAG_CE : 0;
				ck_assert_str_eq(rig_run(b.rig), "ip");
				p = rig_out(b.rig, "ip");
				mr_to_be16(in.at + 4, (uint16_t)(in.n - 40));
				mr_to_be16(want.at + 4, (uint16_t)(want.n - 40));
				vectors_same(vectors_name(v), p->data, p->len, ce ? want.at : in.at,
				             in.n);
			}
		}
		ck_assert_uint_eq(b.keys[0]->recv.received.ce, at);
		ck_assert_uint_eq(rig_count(b.rig, "ce-received"), at);
		bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* A SYN that comes in is clamped to what fits the way back (session.md 5.6). */
START_TEST(segments_are_clamped)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct bench b;
	size_t at;

	ck_assert(bench_open(&b, 0, CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\","
	                                                "\"mtu\":9000}")));
	install(&b, 0, secret);
	json_array_foreach(vectors_get(root, "tcp_mss"), at, v) {
		struct bytes in = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");
		struct bytes text = data_of(&in);
		uint16_t mss = (uint16_t)vectors_u64(v, "max_mss");
		struct mr_pkt *p;

		if (mss == 0)
			continue; /* no path has that limit */
		craft_session(b.rig, &craft_a, NULL, &b.recv,
		              (uint16_t)(mss + FIPS_IPV6_OVERHEAD + 60));
		feed_text(&b, secret, at, 0, text.at, text.n);
		ck_assert_str_eq(rig_run(b.rig), "ip");
		p = rig_out(b.rig, "ip");
		fips_addr_to_ipv6(&craft_a, want.at + 8); /* some are stored the other way round */
		fips_addr_to_ipv6(&craft_b, want.at + 24);
		vectors_same(vectors_name(v), p->data, p->len, want.at, want.n);
	}
	bench_close(&b);
	json_decref(root);
}
END_TEST

/* ---- figures ---- */

START_TEST(reports_are_filled_in_by_order)
{
	static const uint64_t counter[] = { 0, 2, 3, 6 };
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SESSION_REPORT } };
	struct bench b;

	ck_assert(bench_plain(&b, 0));
	snapshot.order.p = &b.recv;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	install(&b, 0, secret);
	for (unsigned i = 0; i < COUNT(counter); i++)
		feed_text(&b, secret, counter[i], 0, note, sizeof note);
	rig_run(b.rig);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.receiver.highest, 6);
	ck_assert_uint_eq(snapshot.receiver.frames, 4);
	ck_assert_uint_eq(snapshot.receiver.bytes, 4 * sizeof note);
	ck_assert_uint_eq(snapshot.receiver.bursts, 2);
	ck_assert_uint_eq(snapshot.receiver.echo, 1000);
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	bench_close(&b);
}
END_TEST

static TCase *with_every_provider(void)
{
	TCase *tc = tcase_create("with every provider");
	int n = keys_providers();

	tcase_add_loop_test(tc, stored_messages_open, 0, n);
	tcase_add_loop_test(tc, nothing_forged_leaves_a_trace, 0, n);
	tcase_add_loop_test(tc, stored_bad_messages, 0, n);
	tcase_add_loop_test(tc, coordinates_are_not_authenticated, 0, n);
	tcase_add_loop_test(tc, stored_rekey, 0, n);
	tcase_add_loop_test(tc, only_an_opened_message_promotes, 0, n);
	tcase_add_loop_test(tc, previous_retires_by_time, 0, n);
	tcase_add_loop_test(tc, runs_keep_their_keys, 0, n);
	tcase_add_loop_test(tc, counters_pass_once, 0, n);
	tcase_add_loop_test(tc, texts_by_length, 0, n);
	tcase_add_loop_test(tc, congestion_reaches_the_packet, 0, n);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("fsp-open");
	TCase *tc = tcase_create("fsp-open");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, control_names_keys_by_id);
	tcase_add_test(tc, handshakes_and_signals_go_to_control);
	tcase_add_test(tc, expected_sessions_wait_with_control);
	tcase_add_test(tc, talk_is_limited);
	tcase_add_test(tc, strangers_are_told_of);
	tcase_add_test(tc, strangers_are_told_of_now_and_then);
	tcase_add_test(tc, short_datagrams_are_malformed);
	tcase_add_test(tc, segments_are_clamped);
	tcase_add_test(tc, reports_are_filled_in_by_order);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, with_every_provider());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
