/* fsp-open, alone: what opens and what does not, and which key opens it.  The stage runs with every
 * AEAD provider that this machine can run. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/shim.h"
#include "stages/lib/words.h"
#include "t/lib/fsp_bench.h"

extern const struct mr_kind mr_kind_fsp_open;

#define S(n) ((n) * MR_NS_PER_S)

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 }, other[MR_AEAD_KEY] = { 9 };

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

static void check_data(struct fsp_bench *b, const json_t *root, const json_t *v, const char *went)
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

static void check_body(struct fsp_bench *b, const json_t *v, const char *went)
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

/* Coordinates that it carries in clear are told in front of it. */
static const char *but_learned(struct fsp_bench *b, const json_t *v, const char *went)
{
	const struct mr_pkt *p;

	if (!(vectors_u64(v, "flags") & FIPS_FSP_CP))
		return went;
	p = rig_out(b->rig, "control");
	ck_assert_uint_eq(p->mark, MR_SHAPE_LEARNED);
	return vectors_u64(v, "msg_type") == FIPS_FSP_DATA ? "ip" : went;
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
		struct fsp_bench b;

		vectors_exact(v, "key", key, sizeof key);
		if (!fsp_bench_plain(&b, _i))
			break;
		fsp_bench_install(&b, 0, key);
		fsp_bench_message(&b, &frame);
		went = but_learned(&b, v, rig_run(b.rig));
		if (vectors_u64(v, "msg_type") == FIPS_FSP_DATA)
			check_data(&b, root, v, went);
		else
			check_body(&b, v, went);
		fsp_bench_event(&b, MR_EV_CONFIRMED_SESSION, 1,
		             (vectors_u64(v, "flags") & FIPS_FSP_K) != 0);
		craft_silent(b.rig);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 1);
		ck_assert_uint_eq(fips_word_get(&b.recv.bytes), vectors_bytes(v, "plaintext").n);
		ck_assert_uint_eq(fips_word_get(&b.recv.path_mtu), 1472);
		fsp_bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* What the receive state looks like but for the count of messages that opened under no key; byte
 * for byte, so that it can be compared with memcmp. */
static void but_missed(struct fips_session_recv *copy, const struct fips_session_recv *recv)
{
	memcpy(copy, recv, sizeof *copy);
	fips_word_set(&copy->missed, 0);
	fips_word_set(&copy->missed_at, 0);
}

/* Every truncation and every flipped bit of what the tag covers; returns how many. */
static unsigned feed_forgeries(struct fsp_bench *b, const struct bytes *frame)
{
	struct fips_fsp_sealed m;
	unsigned fed = 0;

	for (size_t n = 0; n < frame->n; n++, fed++) {
		struct bytes cut = *frame;

		cut.n = n;
		fsp_bench_message(b, &cut);
	}
	rig_run(b->rig);
	ck_assert(fips_fsp_sealed_parse(frame->at, frame->n, &m));
	for (size_t bit = 0; bit < 8 * frame->n; bit++) {
		struct bytes bad = *frame;

		if (bit / 8 >= FIPS_FSP_HEAD && frame->at + bit / 8 < m.sealed)
			continue; /* coordinates: not under the tag */
		bad.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		fsp_bench_message(b, &bad);
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
		struct fsp_bench b;
		unsigned fed;

		vectors_exact(v, "key", key, sizeof key);
		if (!fsp_bench_plain(&b, _i))
			break;
		fsp_bench_install(&b, 0, other);
		fsp_bench_install(&b, 1, key);
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
		fsp_bench_message(&b, &frame);
		rig_run(b.rig);
		fsp_bench_event(&b, MR_EV_CONFIRMED_SESSION, 2,
		             (vectors_u64(v, "flags") & FIPS_FSP_K) != 0);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 1);
		fsp_bench_close(&b);
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
		struct fsp_bench b;

		vectors_exact(v, "key", key, sizeof key);
		if (!fsp_bench_plain(&b, _i))
			break;
		fsp_bench_install(&b, 0, key);
		fsp_bench_message(&b, &frame);
		went = rig_run(b.rig);
		if (signal)
			ck_assert_str_eq(went, "control");
		else
			ck_assert_msg(!strcmp(went, "malformed") || !strcmp(went, "forged"),
			              "%s: %s", vectors_name(v), went);
		ck_assert_uint_eq(fips_word_get(&b.recv.frames), 0);
		craft_silent(b.rig);
		fsp_bench_close(&b);
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
	struct fsp_bench b;

	vectors_exact(v, "key", key, sizeof key);
	if (fsp_bench_plain(&b, _i)) {
		fsp_bench_install(&b, 0, key);
		fsp_bench_message(&b, &frame);
		ck_assert_str_eq(rig_run(b.rig), "ip");
		ck_assert_uint_eq(rig_out(b.rig, "ip")->len, 58);
		fsp_bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* ---- slots ---- */

static const char *slot_of(const struct fsp_bench *b, unsigned i)
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
	struct fsp_bench b;
	size_t at;

	vectors_exact(rekey, "old_key", old, sizeof old);
	vectors_exact(rekey, "new_key", new, sizeof new);
	if (!fsp_bench_plain(&b, _i)) {
		json_decref(root);
		return;
	}
	fsp_bench_install(&b, 0, old);
	fsp_bench_install(&b, 1, new);
	json_array_foreach(vectors_get(rekey, "frames"), at, v) {
		struct bytes frame = vectors_bytes(v, "frame");

		ck_assert_uint_lt(at, COUNT(step));
		fsp_bench_message(&b, &frame);
		ck_assert_str_eq(rig_run(b.rig), step[at].went);
		ck_assert_str_eq(slot_of(&b, 0), step[at].old);
		ck_assert_str_eq(slot_of(&b, 1), step[at].new);
		ck_assert_uint_eq(b.recv.k, at > 0);
		if (step[at].confirmed)
			fsp_bench_event(&b, MR_EV_CONFIRMED_SESSION, step[at].confirmed, at > 0);
		craft_silent(b.rig);
		ck_assert_uint_eq(rig_count(b.rig, "keys-retried"), step[at].retried);
	}
	ck_assert_uint_eq(at, COUNT(step));
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 5);
	fsp_bench_close(&b);
	json_decref(root);
}
END_TEST

/* R13: K alone promotes nothing.  A forged flip, then the genuine one three times in one vector:
 * one cut-over, told once, delivered once; what else is in the vector goes on under the new key. */
START_TEST(only_an_opened_message_promotes)
{
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	if (!fsp_bench_plain(&b, _i))
		return;
	fsp_bench_install(&b, 0, secret);
	fsp_bench_install(&b, 1, other);
	n = craft_sealed(datagram, &craft_a, &craft_b, other, 0, FIPS_FSP_K, fsp_bench_note,
			 sizeof fsp_bench_note);
	datagram[n - 1] ^= 1;
	fsp_bench_feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	ck_assert_str_eq(slot_of(&b, 1), "pending");
	craft_silent(b.rig);
	datagram[n - 1] ^= 1;
	for (unsigned i = 0; i < 3; i++)
		fsp_bench_feed(&b, datagram, n);
	fsp_bench_text(&b, other, 1, FIPS_FSP_K, fsp_bench_note, sizeof fsp_bench_note);
	fsp_bench_text(&b, secret, 7, 0, fsp_bench_note, sizeof fsp_bench_note);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "duplicate"), 2);
	ck_assert_uint_eq(rig_count(b.rig, "out"), 3);
	ck_assert_str_eq(slot_of(&b, 0), "previous");
	ck_assert_str_eq(slot_of(&b, 1), "current");
	fsp_bench_event(&b, MR_EV_CONFIRMED_SESSION, 2, 1);
	fsp_bench_event(&b, MR_EV_CONFIRMED_SESSION, 1, 0);
	craft_silent(b.rig);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 2);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 2);
	ck_assert_uint_eq(rig_out(b.rig, "control")->seq, 1);
	fsp_bench_close(&b);
}
END_TEST

/* R14: the previous key opens until 10 s after the cut-over and its last message. */
START_TEST(previous_retires_by_time)
{
	struct fsp_bench b;

	if (!fsp_bench_plain(&b, _i))
		return;
	fsp_bench_install(&b, 0, secret);
	fsp_bench_install(&b, 1, other);
	rig_at(b.rig, S(2));
	fsp_bench_text(&b, other, 0, FIPS_FSP_K, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(11));
	fsp_bench_text(&b, secret, 0, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(21) - 1);
	fsp_bench_text(&b, secret, 1, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	rig_at(b.rig, S(31) + S(1));
	fsp_bench_text(&b, secret, 2, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "forged"); /* the only key left is the new one */
	fsp_bench_close(&b);
}
END_TEST

START_TEST(control_names_keys_by_id)
{
	struct mr_order promote = { .kind = MR_ORD_SESSION_PROMOTE }, retire = {
		.kind = MR_ORD_SESSION_RETIRE };
	struct fsp_bench b;

	ck_assert(fsp_bench_plain(&b, 0));
	promote.p = retire.p = &b.recv;
	fsp_bench_text(&b, secret, 0, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "no-key");
	fsp_bench_install(&b, 0, secret);
	fsp_bench_install(&b, 1, other);
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
	fsp_bench_text(&b, secret, 0, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "forged");
	retire.a = 2;
	rig_order(b.rig, &retire);
	fsp_bench_text(&b, other, 0, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "no-key");
	fsp_bench_close(&b);
}
END_TEST

/* One vector, two sessions, A T A. */
START_TEST(runs_keep_their_keys)
{
	struct fips_session_recv recv;
	struct keys *keys;
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	if (!fsp_bench_plain(&b, _i))
		return;
	fsp_bench_install(&b, 0, secret);
	keys = keys_open(b.provider, other, 7, 0);
	fips_session_recv_init(&recv);
	fips_session_install(&recv, &keys->recv, 0);
	craft_session(b.rig, &craft_t, NULL, &recv, 1280);
	for (unsigned i = 0; i < 3; i++) {
		n = craft_sealed(datagram, i == 1 ? &craft_t : &craft_a, &craft_b,
				 i == 1 ? other : secret, i, 0, fsp_bench_note,
				 sizeof fsp_bench_note);
		fsp_bench_feed(&b, datagram, n);
	}
	rig_run(b.rig);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(rig_out(b.rig, "control")->seq, i == 1 ? 7 : 1);
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 2);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	fsp_bench_close(&b);
	keys_close(keys);
}
END_TEST

START_TEST(counters_pass_once)
{
	struct fsp_bench b;

	if (!fsp_bench_plain(&b, _i))
		return;
	fsp_bench_install(&b, 0, secret);
	fsp_bench_text(&b, secret, 3000, 0, fsp_bench_note, sizeof fsp_bench_note);
	fsp_bench_text(&b, secret, 3000, 0, fsp_bench_note, sizeof fsp_bench_note);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fsp_open, "duplicate", 1);
	fsp_bench_text(&b, secret, 3000, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "duplicate");
	fsp_bench_text(&b, secret, 952, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "stale");
	fsp_bench_text(&b, secret, 953, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	fsp_bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fsp-open-keys");
	TCase *tc = tcase_create("fsp-open-keys");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, stored_messages_open, 0, keys_providers());
	tcase_add_loop_test(tc, nothing_forged_leaves_a_trace, 0, keys_providers());
	tcase_add_loop_test(tc, stored_bad_messages, 0, keys_providers());
	tcase_add_loop_test(tc, coordinates_are_not_authenticated, 0, keys_providers());
	tcase_add_loop_test(tc, stored_rekey, 0, keys_providers());
	tcase_add_loop_test(tc, only_an_opened_message_promotes, 0, keys_providers());
	tcase_add_loop_test(tc, previous_retires_by_time, 0, keys_providers());
	tcase_add_loop_test(tc, runs_keep_their_keys, 0, keys_providers());
	tcase_add_loop_test(tc, counters_pass_once, 0, keys_providers());
	tcase_add_test(tc, control_names_keys_by_id);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
