/* A session's three keys: which are tried and in which order, promotion by a message and by order,
 * the drain, orders by key id, and what is noted of each message.  With every AEAD provider. */
#include "fips/path/session_recv.h"
#include "fips/path/session_seal.h"
#include "fips/path/snapshot.h"

#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/keys.h"
#include "t/lib/vectors.h"

#define S(n) ((uint64_t)(n) * MR_NS_PER_S)

static const struct mr_aead *provider;
static json_t *root;
static struct fips_session_recv recv;

static void set_up(void)
{
	root = vectors_load("session_vectors");
	fips_session_recv_init(&recv);
}

static void tear_down(void)
{
	json_decref(root);
}

static const char *slot_of(const struct fips_recv_key *key)
{
	static const char *const names[] = { "current", "pending", "previous" };

	for (unsigned i = 0; i < FIPS_SESSION_KEYS; i++)
		if (recv.slot[i] == key)
			return names[i];
	return "none";
}

static const struct {
	const char *slot; /* of the key that opens it, before */
	unsigned    what;
	unsigned    k;    /* ours, afterwards                 */
} steps[] = {
	{ "current", FIPS_ACCEPTED | FIPS_CONFIRMED, 0 },
	{ "pending", FIPS_ACCEPTED | FIPS_CONFIRMED | FIPS_PROMOTED, 1 },
	{ "previous", FIPS_ACCEPTED, 1 },
	{ "current", FIPS_ACCEPTED, 1 },
	{ "current", FIPS_ACCEPTED, 1 },
	{ "current", 0, 1 },
};

START_TEST(rekey_vectors)
{
	const json_t *v = vectors_get(root, "rekey"), *f;
	struct keys *old, *new;
	size_t index;

	WITH_PROVIDER(_i);
	old = keys_stored(provider, v, "old_key", 1, 0);
	new = keys_stored(provider, v, "new_key", 2, 0);
	fips_session_install(&recv, &old->recv, 0);
	fips_session_install(&recv, &new->recv, 0);
	json_array_foreach(vectors_get(v, "frames"), index, f) {
		bool is_new = strcmp(vectors_text(f, "key_used"), "new") == 0;
		struct keys *used = is_new ? new : old;
		struct bytes frame = vectors_bytes(f, "frame");
		struct fips_fsp_sealed m;
		uint64_t now = S(index + 1);

		ck_assert_str_eq(slot_of(&used->recv), steps[index].slot);
		ck_assert_uint_eq(keys_receive(&recv, used, frame.at, frame.n, now, &m),
		                  steps[index].what);
		ck_assert_uint_eq(m.counter, vectors_u64(f, "counter"));
		ck_assert_uint_eq(recv.k, steps[index].k);
		if (steps[index].what) {
			ck_assert_uint_eq(fips_word_get(&used->recv.heard), now);
			ck_assert_int_eq(fips_window_test(&used->recv.window, m.counter),
			                 FIPS_REPLAY_DUPLICATE);
		}
	}
	ck_assert_uint_eq(index, COUNT(steps));
	/* The straggler counted towards the totals and left the new key's figures alone. */
	ck_assert_uint_eq(fips_word_get(&recv.frames), 5);
	ck_assert_uint_eq(old->recv.received.seen, 1);
	ck_assert_uint_eq(new->recv.received.seen, 3);
	ck_assert_uint_eq(new->recv.received.highest, 2);
	ck_assert_uint_eq(new->recv.received.reordered, 0);
	keys_close(old);
	keys_close(new);
}
END_TEST

/* Which keys are tried and in which order: slots filled (c, p, v), our K, the message's K. */
static const struct {
	const char *filled;
	unsigned    ours, theirs;
	const char *order;
} orders[] = {
	{ "", 0, 0, "" },        { "c", 0, 0, "c" },      { "c", 0, 1, "c" },
	{ "cp", 0, 0, "cp" },    { "cp", 0, 2, "pc" },    { "cp", 1, 0, "pc" },
	{ "cp", 1, 2, "cp" },    { "cv", 1, 0, "cv" },    { "cv", 1, 2, "cv" },
	{ "cpv", 0, 0, "cpv" },  { "cpv", 0, 2, "pcv" },  { "cpv", 1, 2, "cpv" },
	{ "cpv", 1, 0, "pcv" },
};

START_TEST(trial_order)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[FIPS_SESSION_KEYS];
	static const char letters[] = "cpv";

	for (unsigned i = 0; i < COUNT(key); i++)
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct fips_recv_key *out[FIPS_SESSION_KEYS];
		enum fips_replay why;
		char got[4] = "";
		unsigned n;

		fips_session_recv_init(&recv);
		recv.k = (uint8_t)orders[i].ours;
		for (unsigned k = 0; k < COUNT(key); k++)
			if (strchr(orders[i].filled, letters[k]))
				recv.slot[k] = &key[k];
		n = fips_session_candidates(&recv, orders[i].theirs, 5, S(1), out, &why);
		for (unsigned k = 0; k < n; k++)
			got[k] = letters[out[k]->id - 1];
		ck_assert_str_eq(got, orders[i].order);
		ck_assert_int_eq(why, FIPS_REPLAY_FRESH);
	}
}
END_TEST

/* A window that refuses is no answer: the other keys are still tried. */
START_TEST(replay_is_no_answer)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[2];
	struct fips_recv_key *out[FIPS_SESSION_KEYS];
	enum fips_replay why;

	for (unsigned i = 0; i < 2; i++) {
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
		fips_session_install(&recv, &key[i], 0);
	}
	fips_window_commit(&key[0].window, 5000);
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 5000, 1, out, &why), 1);
	ck_assert_ptr_eq(out[0], &key[1]);
	ck_assert_int_eq(why, FIPS_REPLAY_DUPLICATE);
	fips_window_commit(&key[1].window, 10000);
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 5000, 1, out, &why), 0);
	ck_assert_int_eq(why, FIPS_REPLAY_DUPLICATE);
	ck_assert_uint_eq(fips_session_candidates(&recv, FIPS_FSP_K, 5000, 1, out, &why), 0);
	ck_assert_int_eq(why, FIPS_REPLAY_STALE);
}
END_TEST

/* The previous key lasts 10 s from the cut-over and from each of its messages. */
START_TEST(drain)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[2];
	struct fips_recv_key *out[FIPS_SESSION_KEYS];
	enum fips_replay why;

	for (unsigned i = 0; i < 2; i++) {
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
		fips_session_install(&recv, &key[i], 0);
	}
	fips_word_set(&key[0].heard, S(50));
	ck_assert(fips_session_promote(&recv, 2, S(100)));
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(100), out, &why), 2);
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(110) - 1, out, &why), 2);
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(110), out, &why), 1);
	ck_assert_ptr_eq(out[0], &key[1]);
	fips_word_set(&key[0].heard, S(109));
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(119) - 1, out, &why), 2);
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(119), out, &why), 1);
	/* A turn that began before the cut-over was read. */
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(99), out, &why), 2);
}
END_TEST

/* Orders name keys; whatever slot the key is in by then, they do the right thing. */
START_TEST(orders_by_id)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[5];

	for (unsigned i = 0; i < COUNT(key); i++)
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
	ck_assert(!fips_session_promote(&recv, 1, S(1)));
	fips_session_install(&recv, &key[0], S(1));
	fips_session_install(&recv, &key[0], S(1));
	ck_assert_str_eq(slot_of(&key[0]), "current");
	ck_assert_ptr_null(recv.slot[FIPS_PENDING]);
	ck_assert(!fips_session_promote(&recv, 1, S(1)));

	fips_session_install(&recv, &key[1], S(2));
	fips_session_install(&recv, &key[2], S(3)); /* a newer handshake replaces it */
	ck_assert_str_eq(slot_of(&key[1]), "none");
	ck_assert(!fips_session_promote(&recv, 2, S(3)));
	ck_assert(fips_session_promote(&recv, 3, S(4)));
	ck_assert(!fips_session_promote(&recv, 3, S(4)));
	ck_assert_uint_eq(recv.k, 1);
	ck_assert_str_eq(slot_of(&key[0]), "previous");
	ck_assert_str_eq(slot_of(&key[2]), "current");

	fips_session_install(&recv, &key[3], S(5));
	ck_assert(fips_session_promote(&recv, 4, S(6))); /* pushes the first one out */
	ck_assert_uint_eq(recv.k, 0);
	ck_assert_str_eq(slot_of(&key[0]), "none");
	ck_assert_str_eq(slot_of(&key[2]), "previous");

	fips_session_retire(&recv, 1);
	fips_session_retire(&recv, 3);
	ck_assert_str_eq(slot_of(&key[2]), "none");
	ck_assert_str_eq(slot_of(&key[3]), "current");
	fips_session_install(&recv, &key[4], S(7));
	fips_session_retire(&recv, 5);
	ck_assert_ptr_null(recv.slot[FIPS_PENDING]);
	fips_session_retire(&recv, 4);
	ck_assert_ptr_null(recv.slot[FIPS_CURRENT]);
}
END_TEST

/* Control gives up a key in the moment its first message opens: the key before goes on. */
START_TEST(a_retired_current_key_gives_way)
{
	static _Alignas(FIPS_LINE) struct fips_recv_key key[3];
	struct fips_recv_key *out[FIPS_SESSION_KEYS];
	enum fips_replay why;

	for (unsigned i = 0; i < COUNT(key); i++)
		fips_recv_key_init(&key[i], i + 1, NULL, 0);
	fips_session_install(&recv, &key[0], S(1));
	fips_session_install(&recv, &key[1], S(2));
	ck_assert(fips_session_promote(&recv, 2, S(3)));
	ck_assert_uint_eq(recv.k, 1);
	fips_session_retire(&recv, 2);
	ck_assert_str_eq(slot_of(&key[1]), "none");
	ck_assert_str_eq(slot_of(&key[0]), "current");
	ck_assert_ptr_null(recv.slot[FIPS_PREVIOUS]);
	ck_assert_uint_eq(recv.k, 0);
	/* No drain: it is tried an hour later too, and the next key goes beside it. */
	ck_assert_uint_eq(fips_session_candidates(&recv, 0, 1, S(3600), out, &why), 1);
	ck_assert_ptr_eq(out[0], &key[0]);
	fips_session_install(&recv, &key[2], S(3600));
	ck_assert_str_eq(slot_of(&key[2]), "pending");
	ck_assert(fips_session_promote(&recv, 3, S(3601)));
	ck_assert_str_eq(slot_of(&key[0]), "previous");
	ck_assert_uint_eq(recv.k, 1);
}
END_TEST

/* ---- vectors of messages, and what is noted ---- */

static const uint8_t secret[2][MR_AEAD_KEY] = { { 1 }, { 2 } };

/* Seal type and body under the next counter; returns the FSP message in buffer. */
static uint8_t *message(struct keys *keys, uint64_t now, uint8_t type, size_t body, uint8_t *buffer,
                        size_t *n)
{
	static const struct fips_envelope envelope = { .path_mtu = 1280 };
	uint8_t *view = buffer + FIPS_SESSION_BODY_FRONT;
	struct fips_sealing sealing;
	struct mr_aead_op op;
	uint64_t counter;

	memset(view, 0, 1 + body);
	view[0] = type;
	ck_assert(fips_number(&keys->send, 1, &counter));
	sealing = fips_session_seal_body(&keys->send, 0, counter, now, &envelope, view, 1 + body,
	                                 &op);
	keys_seal(keys, &op);
	ck_assert_ptr_eq(sealing.at, buffer);
	*n = sealing.len - FIPS_DATAGRAM_HEAD;
	return sealing.at + FIPS_DATAGRAM_HEAD;
}

/* Three messages under the pending key, one of them twice, all opened before the first is
 * accepted: one cut-over, each delivered once. */
START_TEST(promotion_inside_a_vector)
{
	uint8_t buffer[4][256], *at[4];
	struct fips_fsp_sealed m[4];
	struct fips_recv_key *key[4][FIPS_SESSION_KEYS];
	struct mr_aead_op op[4];
	struct keys *old, *new;
	enum fips_replay why;
	size_t n;

	WITH_PROVIDER(_i);
	old = keys_open(provider, secret[0], 1, 0);
	new = keys_open(provider, secret[1], 2, 0);
	fips_session_install(&recv, &old->recv, 0);
	fips_session_install(&recv, &new->recv, 0);
	fips_send_key_start(&new->send, 1, 0);
	for (unsigned i = 0; i < 3; i++)
		at[i] = message(new, 0, FIPS_FSP_DATA, 4, buffer[i], &n);
	memcpy(buffer[3], buffer[0], sizeof buffer[0]);
	at[3] = buffer[3] + FIPS_DATAGRAM_HEAD;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert(fips_fsp_sealed_parse(at[i], n, &m[i]));
		ck_assert_uint_eq(fips_session_candidates(&recv, m[i].flags & FIPS_FSP_K,
		                                          m[i].counter, S(1), key[i], &why),
		                  2);
		ck_assert_ptr_eq(key[i][0], &new->recv);
		fips_session_open_op(key[i][0], 0, at[i], &m[i], &op[i]);
	}
	ck_assert_uint_eq(provider->open(op, 4), 4);
	ck_assert_uint_eq(fips_session_accept(&recv, key[0][0], &m[0], 1280, false, S(1)),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED | FIPS_PROMOTED);
	for (unsigned i = 1; i < 3; i++)
		ck_assert_uint_eq(fips_session_accept(&recv, key[i][0], &m[i], 1280, false, S(1)),
		                  FIPS_ACCEPTED);
	ck_assert_uint_eq(fips_session_accept(&recv, key[3][0], &m[3], 1280, false, S(1)),
	                  FIPS_REPLAYED);
	ck_assert_str_eq(slot_of(&old->recv), "previous");
	ck_assert_str_eq(slot_of(&new->recv), "current");
	ck_assert_uint_eq(recv.k, 1);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 3);
	keys_close(old);
	keys_close(new);
}
END_TEST

static const struct {
	uint8_t  type;
	size_t   body;
	bool     data; /* resets the idle timer */
} noted[] = {
	{ FIPS_FSP_DATA, 4, true },
	{ FIPS_FSP_DATA, 90, true },
	{ FIPS_FSP_DATA, 3, false },
	{ FIPS_FSP_DATA, 0, false },
	{ FIPS_FSP_SENDER_REPORT, 46, false },
	{ FIPS_FSP_RECEIVER_REPORT, 66, false },
	{ FIPS_FSP_PATH_MTU, 2, false },
	{ 0x77, 9, false },
};

START_TEST(words)
{
	uint8_t buffer[256], *at;
	struct fips_fsp_sealed m;
	struct keys *keys;
	uint64_t bytes = 0, data_at = 0;
	size_t n;

	WITH_PROVIDER(_i);
	keys = keys_open(provider, secret[0], 1, 0);
	fips_session_install(&recv, &keys->recv, 0);
	ck_assert_uint_eq(fips_word_get(&recv.path_mtu), FIPS_PATH_MTU_UNKNOWN);
	for (unsigned i = 0; i < COUNT(noted); i++) {
		uint64_t now = S(i + 1);

		fips_session_missed(&recv, now);
		at = message(keys, now, noted[i].type, noted[i].body, buffer, &n);
		ck_assert_uint_ne(keys_receive(&recv, keys, at, n, now, &m) & FIPS_ACCEPTED, 0);
		bytes += 6 + noted[i].body;
		data_at = noted[i].data ? now : data_at;
		ck_assert_uint_eq(fips_word_get(&recv.bytes), bytes);
		ck_assert_uint_eq(fips_word_get(&recv.heard), now);
		ck_assert_uint_eq(fips_word_get(&recv.data_at), data_at);
		ck_assert_uint_eq(fips_word_get(&recv.missed), 0);
	}
	ck_assert_uint_eq(fips_word_get(&recv.path_mtu), 1280);
	fips_session_missed(&recv, S(50));
	fips_session_missed(&recv, S(60));
	ck_assert_uint_eq(fips_word_get(&recv.missed), 2);
	ck_assert_uint_eq(fips_word_get(&recv.missed_at), S(50));
	keys_close(keys);
}
END_TEST

/* A text below its inner header is authentic, and even promotes, but says nothing. */
START_TEST(runts)
{
	struct keys *old, *new;

	WITH_PROVIDER(_i);
	old = keys_open(provider, secret[0], 1, 0);
	new = keys_open(provider, secret[1], 2, 0);
	fips_session_install(&recv, &old->recv, 0);
	fips_session_install(&recv, &new->recv, 0);
	for (uint16_t n = 0; n < FIPS_FSP_INNER; n++) {
		uint8_t frame[FIPS_FSP_HEAD + FIPS_FSP_INNER + FIPS_TAG] = { 0 };
		struct mr_aead_op op = { .ctx = new->ctx[0], .counter = n, .aad = frame,
			                 .aad_len = 12, .src = { { frame + 12, n } },
			                 .dst = frame + 12 };
		struct fips_fsp_sealed m;

		mr_to_le64(frame + 4, n);
		keys_seal(new, &op);
		ck_assert_uint_eq(keys_receive(&recv, new, frame, 28u + n, S(1), &m),
		                  n ? FIPS_RUNT : FIPS_RUNT | FIPS_CONFIRMED | FIPS_PROMOTED);
	}
	ck_assert_uint_eq(fips_word_get(&recv.frames), 0);
	keys_close(old);
	keys_close(new);
}
END_TEST

/* Reports: totals over all keys, the rest of the current one. */
START_TEST(snapshots)
{
	struct fips_receiver_report report;
	uint8_t buffer[256], *at;
	struct fips_fsp_sealed m;
	struct keys *old, *new;
	size_t n;

	WITH_PROVIDER(_i);
	old = keys_open(provider, secret[0], 1, 0);
	new = keys_open(provider, secret[1], 2, 0);
	ck_assert(!fips_session_snapshot(&recv, S(1), &report));
	fips_session_install(&recv, &old->recv, 0);
	ck_assert(!fips_session_snapshot(&recv, S(1), &report));
	for (unsigned i = 0; i < 9; i++) {
		at = message(old, S(1), FIPS_FSP_DATA, 10, buffer, &n);
		keys_receive(&recv, old, at, n, S(1), &m);
	}
	ck_assert(fips_session_snapshot(&recv, S(1), &report));
	ck_assert_uint_eq(report.highest, 8);
	ck_assert_uint_eq(report.frames, 9);
	ck_assert_uint_eq(report.bytes, 9 * 16);
	fips_session_install(&recv, &new->recv, 0);
	at = message(new, S(2), FIPS_FSP_DATA, 10, buffer, &n);
	keys_receive(&recv, new, at, n, S(2), &m);
	ck_assert(fips_session_snapshot(&recv, S(3), &report));
	ck_assert_uint_eq(report.highest, 0);
	ck_assert_uint_eq(report.frames, 10);
	ck_assert_uint_eq(report.bytes, 10 * 16);
	ck_assert_uint_eq(report.interval_frames, 1);
	ck_assert_uint_eq(report.interval_bytes, 16);
	ck_assert_uint_eq(report.echo, 2000);
	ck_assert_uint_eq(report.dwell, 1000);
	ck_assert(!fips_session_snapshot(&recv, S(3), &report));
	/* Jitter waits for 15 s after the cut-over. */
	at = message(new, S(2), FIPS_FSP_DATA, 10, buffer, &n);
	keys_receive(&recv, new, at, n, S(17) - 1, &m);
	ck_assert(fips_session_snapshot(&recv, S(17), &report));
	ck_assert_uint_eq(report.jitter, 0);
	at = message(new, S(2), FIPS_FSP_DATA, 10, buffer, &n);
	keys_receive(&recv, new, at, n, S(18), &m);
	ck_assert(fips_session_snapshot(&recv, S(18), &report));
	ck_assert_uint_eq(report.jitter, 1000000 / 16);
	keys_close(old);
	keys_close(new);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/slots");
	TCase *t = tcase_create("slots");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, rekey_vectors, 0, keys_providers());
	tcase_add_test(t, trial_order);
	tcase_add_test(t, replay_is_no_answer);
	tcase_add_test(t, drain);
	tcase_add_test(t, orders_by_id);
	tcase_add_test(t, a_retired_current_key_gives_way);
	tcase_add_loop_test(t, promotion_inside_a_vector, 0, keys_providers());
	tcase_add_loop_test(t, words, 0, keys_providers());
	tcase_add_loop_test(t, runts, 0, keys_providers());
	tcase_add_loop_test(t, snapshots, 0, keys_providers());
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
