/* A link's frames from seal to accept, with every AEAD provider: the stored frames byte for byte,
 * everything that must be refused, confirmation, roaming, vectors with a frame in them twice. */
#include "fips/path/link_recv.h"
#include "fips/path/link_seal.h"

#include <pthread.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/keys.h"
#include "t/lib/vectors.h"

#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

static const struct fips_via home = { .instance = 1, .len = 16, .sock = { 2, 0, 8, 73, 10 } };
static const struct fips_via away = { .instance = 1, .len = 16, .sock = { 2, 0, 8, 73, 11 } };

static const struct mr_aead *provider;
static json_t *root;
static struct fips_link_recv recv;

static void set_up(void)
{
	root = vectors_load("link_vectors");
	fips_link_recv_init(&recv, &home);
}

static void tear_down(void)
{
	json_decref(root);
}

static struct keys *keys_of(const json_t *v, uint64_t id)
{
	const json_t *index = json_object_get(v, "receiver_index");

	return keys_stored(provider, v, "key_hex", id,
	                   index ? (uint32_t)json_integer_value(index) : 0);
}

/* All steps of receiving n bytes, as a stage takes them.  0: refused before the accept. */
static unsigned receive(struct keys *keys, uint8_t *frame, size_t n, uint64_t now,
                        const struct fips_via *via)
{
	struct fips_link_head head;
	struct mr_aead_op op;

	if (fips_frame_check(frame, n) != FIPS_FRAME_ESTABLISHED)
		return 0;
	fips_link_head_parse(frame, &head);
	if (fips_link_check(&keys->recv, &head) != FIPS_REPLAY_FRESH)
		return 0;
	fips_link_open_op(&keys->recv, 0, frame, &head, &op);
	if (!keys_try(keys, &op, frame, n))
		return 0;
	return fips_link_accept(&recv, &keys->recv, &head, frame + FIPS_LINK_HEAD, now, via);
}

/* Seal a link message under the next counter into `frame`, which has room for it. */
static size_t seal(struct keys *keys, uint64_t now, const void *message, size_t n, uint8_t *frame)
{
	struct mr_aead_op op;
	uint64_t counter;

	memcpy(frame + FIPS_LINK_FRONT, message, n);
	ck_assert(fips_number(&keys->send, 1, &counter));
	ck_assert_ptr_eq(fips_link_seal_op(&keys->send, 0, counter, false, now,
	                                   frame + FIPS_LINK_FRONT, n, &op),
	                 frame);
	keys_seal(keys, &op);
	return n + FIPS_LINK_OVERHEAD;
}

/* ---- the stored frames ---- */

static void check_seal(const json_t *v)
{
	struct keys *keys = keys_of(v, 1);
	struct bytes want = vectors_bytes(v, "packet_hex");
	struct bytes message = vectors_bytes(v, "message_hex");
	uint64_t flags = vectors_u64(v, "flags"), counter;
	uint8_t buffer[VECTORS_BYTES_MAX];
	struct mr_aead_op op;

	memset(buffer, 0xa5, sizeof buffer);
	memcpy(buffer + 64, message.at, message.n);
	fips_send_key_start(&keys->send, flags & FIPS_LINK_K ? 1 : 0, MS(5000));
	atomic_store(&keys->send.next, vectors_u64(v, "counter"));
	ck_assert(fips_number(&keys->send, 1, &counter));
	fips_link_seal_op(&keys->send, 0, counter, flags & FIPS_LINK_CE,
	                  MS(5000 + vectors_u64(v, "timestamp_ms")), buffer + 64, message.n, &op);
	keys_seal(keys, &op);
	vectors_same(vectors_name(v), buffer + 64 - FIPS_LINK_FRONT, message.n + FIPS_LINK_OVERHEAD,
	             want.at, want.n);
	ck_assert_uint_eq(buffer[64 - FIPS_LINK_FRONT - 1], 0xa5);
	ck_assert_uint_eq(buffer[64 + message.n + FIPS_LINK_BACK], 0xa5);
	keys_close(keys);
}

static void check_open(const json_t *v)
{
	struct keys *keys = keys_of(v, 1);
	struct bytes frame = vectors_bytes(v, "packet_hex");
	struct bytes message = vectors_bytes(v, "message_hex");
	uint64_t flags = vectors_u64(v, "flags");

	ck_assert_uint_eq(receive(keys, frame.at, frame.n, 7, &home),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	vectors_same(vectors_name(v), frame.at + FIPS_LINK_FRONT, frame.n - FIPS_LINK_OVERHEAD,
	             message.at, message.n);
	ck_assert_uint_eq(fips_word_get(&keys->recv.confirmed),
	                  FIPS_KEY_CONFIRMED | (flags & FIPS_LINK_K ? FIPS_KEY_K : 0u));
	ck_assert_uint_eq(fips_word_get(&keys->recv.highest), vectors_u64(v, "counter"));
	ck_assert_uint_eq(keys->recv.received.last_stamp, vectors_u64(v, "timestamp_ms"));
	ck_assert_uint_eq(keys->recv.received.ce, flags & FIPS_LINK_CE ? 1 : 0);
	keys_close(keys);
}

START_TEST(frames)
{
	unsigned sealed = 0;
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "frames"), index, v) {
		fips_link_recv_init(&recv, &home);
		check_open(v);
		ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
		ck_assert_uint_eq(fips_word_get(&recv.bytes), vectors_bytes(v, "packet_hex").n);
		/* Frames with the spin bit are opened only: it is always sent 0. */
		if (!(vectors_u64(v, "flags") & FIPS_LINK_SP)) {
			check_seal(v);
			sealed++;
		}
	}
	ck_assert_uint_eq(index, 9);
	ck_assert_uint_eq(sealed, 6);
}
END_TEST

/* ---- what is refused ---- */

static void refuse(struct keys *keys, uint8_t *frame, size_t n, const char *why)
{
	static struct fips_recv_key before;
	static struct fips_link_recv recv_before;

	memcpy(&before, &keys->recv, sizeof before);
	memcpy(&recv_before, &recv, sizeof recv);
	ck_assert_msg(receive(keys, frame, n, 7, &away) == 0, "%s: %s", provider->name, why);
	ck_assert_msg(memcmp(&before, &keys->recv, sizeof before) == 0, "%s: key changed", why);
	ck_assert_msg(memcmp(&recv_before, &recv, sizeof recv) == 0, "%s: state changed", why);
}

/* Every bit of a frame is authenticated or decides what the frame is. */
START_TEST(every_flip_and_truncation)
{
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "frames"), index, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");
		struct keys *keys = keys_of(v, 1);

		for (size_t bit = 0; bit < 8 * frame.n; bit++) {
			frame.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			refuse(keys, frame.at, frame.n, vectors_name(v));
			frame.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < frame.n; n++)
			refuse(keys, frame.at, n, vectors_name(v));
		ck_assert_uint_ne(receive(keys, frame.at, frame.n, 7, &home), 0);
		keys_close(keys);
	}
}
END_TEST

/* Truncated, with a payload_len that says so. */
START_TEST(honest_truncation)
{
	const json_t *v = json_array_get(vectors_get(root, "frames"), 2);
	struct bytes frame = vectors_bytes(v, "packet_hex");
	struct keys *keys;

	WITH_PROVIDER(_i);
	keys = keys_of(v, 1);
	for (size_t n = FIPS_LINK_MIN; n < frame.n; n++) {
		mr_to_le16(frame.at + 2, (uint16_t)(n - FIPS_LINK_MIN));
		refuse(keys, frame.at, n, "honest truncation");
	}
	keys_close(keys);
}
END_TEST

START_TEST(frame_negatives)
{
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "frame_negatives"), index, v) {
		struct bytes frame = vectors_bytes(v, "packet_hex");
		struct keys *keys = keys_of(v, 1);

		ck_assert(json_is_true(vectors_get(v, "aead_must_fail")));
		refuse(keys, frame.at, frame.n, vectors_name(v));
		keys_close(keys);
	}
	ck_assert_uint_eq(index, 7);
}
END_TEST

/* ---- what a frame means ---- */

static const uint8_t secret[MR_AEAD_KEY] = { 1, 2, 3 };
static const uint8_t heartbeat[FIPS_HEARTBEAT_LEN] = { FIPS_LINK_HEARTBEAT };

START_TEST(replays)
{
	uint8_t frame[37], copy[37];
	struct keys *keys;
	size_t n;

	WITH_PROVIDER(_i);
	keys = keys_open(provider, secret, 1, 77);
	n = seal(keys, 0, heartbeat, 1, frame);
	memcpy(copy, frame, n);
	ck_assert_uint_eq(receive(keys, frame, n, 7, &home), FIPS_ACCEPTED | FIPS_CONFIRMED);
	refuse(keys, copy, n, "second time");
	keys_close(keys);
}
END_TEST

/* Both copies of a frame pass the test and open before the first is accepted. */
START_TEST(twice_in_one_vector)
{
	uint8_t frame[2][37];
	struct fips_link_head head;
	struct mr_aead_op op[2];
	struct keys *keys;
	size_t n;

	WITH_PROVIDER(_i);
	keys = keys_open(provider, secret, 1, 77);
	n = seal(keys, 0, heartbeat, 1, frame[0]);
	memcpy(frame[1], frame[0], n);
	for (unsigned i = 0; i < 2; i++) {
		fips_link_head_parse(frame[i], &head);
		ck_assert_int_eq(fips_link_check(&keys->recv, &head), FIPS_REPLAY_FRESH);
		fips_link_open_op(&keys->recv, 0, frame[i], &head, &op[i]);
	}
	ck_assert_uint_eq(provider->open(op, 2), 2);
	ck_assert_uint_eq(fips_link_accept(&recv, &keys->recv, &head, frame[0] + 16, 7, &home),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	ck_assert_uint_eq(fips_link_accept(&recv, &keys->recv, &head, frame[1] + 16, 7, &home),
	                  FIPS_REPLAYED);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	keys_close(keys);
}
END_TEST

/* Plaintexts of 0 to 4 bytes have no type: the counter is used up, nothing else happens. */
START_TEST(runts)
{
	struct keys *keys;

	WITH_PROVIDER(_i);
	keys = keys_open(provider, secret, 1, 77);
	for (uint16_t n = 0; n <= FIPS_LINK_STAMP; n++) {
		uint8_t frame[FIPS_LINK_MIN + FIPS_LINK_STAMP] = { 0 };
		const struct fips_link_head head = { .payload_len = n, .counter = n };
		struct mr_aead_op op = { .ctx = keys->ctx[0], .counter = n, .aad = frame,
			                 .aad_len = 16, .src = { { frame + 16, n } },
			                 .dst = frame + 16 };

		fips_link_head_build(frame, &head);
		keys_seal(keys, &op);
		ck_assert_uint_eq(receive(keys, frame, FIPS_LINK_MIN + (size_t)n, 7, &away),
		                  n ? FIPS_RUNT : FIPS_RUNT | FIPS_CONFIRMED);
		refuse(keys, frame, FIPS_LINK_MIN + (size_t)n, "runt again");
	}
	ck_assert_uint_eq(fips_word_get(&recv.frames), 0);
	ck_assert_uint_eq(fips_word_get(&recv.heard), 0);
	keys_close(keys);
}
END_TEST

static bool is_at(const struct fips_via *want)
{
	struct fips_via via;
	uint64_t moves;

	ck_assert(fips_link_via(&recv, &via, &moves));
	return fips_via_eq(&via, want);
}

/* The address follows the highest counter of the key control sends under, and nothing else. */
START_TEST(roaming)
{
	uint8_t frame[6][37];
	struct keys *old, *new;
	uint64_t before, after;
	struct fips_via via;
	size_t n = 37;

	WITH_PROVIDER(_i);
	old = keys_open(provider, secret, 1, 77);
	new = keys_open(provider, secret, 2, 78);
	for (unsigned i = 0; i < 4; i++)
		seal(old, 0, heartbeat, 1, frame[i]);
	for (unsigned i = 4; i < 6; i++)
		seal(new, 0, heartbeat, 1, frame[i]);

	ck_assert_uint_eq(receive(old, frame[0], n, 7, &away), FIPS_ACCEPTED | FIPS_CONFIRMED);
	ck_assert(is_at(&home)); /* control does not send under any key yet */
	fips_link_promote(&recv, &old->recv, 1, 7);
	ck_assert(fips_link_via(&recv, &via, &before));
	ck_assert_uint_eq(receive(old, frame[2], n, 7, &away), FIPS_ACCEPTED | FIPS_ROAMED);
	ck_assert(is_at(&away));
	ck_assert(fips_link_via(&recv, &via, &after));
	ck_assert_uint_gt(after, before);
	ck_assert_uint_eq(receive(old, frame[1], n, 7, &home), FIPS_ACCEPTED); /* late */
	ck_assert(is_at(&away));
	ck_assert_uint_eq(receive(old, frame[3], n, 7, &away), FIPS_ACCEPTED); /* no news */
	ck_assert_uint_eq(receive(new, frame[4], n, 7, &home), FIPS_ACCEPTED | FIPS_CONFIRMED);
	ck_assert(is_at(&away)); /* pending keys do not move the peer */
	fips_link_promote(&recv, &new->recv, 2, 7);
	ck_assert_uint_eq(receive(new, frame[5], n, 7, &home), FIPS_ACCEPTED | FIPS_ROAMED);
	ck_assert(is_at(&home));
	fips_link_move(&recv, &away);
	ck_assert(is_at(&away));
	keys_close(old);
	keys_close(new);
}
END_TEST

/* A rekeyed link: its first frame is confirmed with its K; totals go on, figures begin anew, and
 * jitter waits. */
START_TEST(rekey)
{
	uint8_t frame[37];
	struct keys *old, *new;

	WITH_PROVIDER(_i);
	old = keys_open(provider, secret, 1, 77);
	new = keys_open(provider, secret, 2, 78);
	fips_send_key_start(&new->send, 1, MS(1000));
	fips_link_promote(&recv, &old->recv, 1, MS(0));
	for (unsigned i = 0; i < 5; i++) {
		seal(old, MS(i), heartbeat, 1, frame);
		receive(old, frame, 37, MS(10 * i), &home);
	}
	ck_assert_uint_gt(old->recv.received.jitter16, 0);
	ck_assert_uint_eq(fips_word_get(&recv.k_seen), 0);
	seal(new, MS(1000), heartbeat, 1, frame);
	ck_assert_uint_eq(receive(new, frame, 37, MS(1000), &home),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	ck_assert_uint_eq(fips_word_get(&new->recv.confirmed), FIPS_KEY_CONFIRMED | FIPS_KEY_K);
	seal(new, MS(1000), heartbeat, 1, frame);
	ck_assert_uint_eq(receive(new, frame, 37, MS(1001), &home), FIPS_ACCEPTED);
	fips_link_promote(&recv, &new->recv, 2, MS(1001));
	seal(new, MS(1000), heartbeat, 1, frame);
	ck_assert_uint_eq(receive(new, frame, 37, MS(15999), &home), FIPS_ACCEPTED);
	ck_assert_uint_eq(new->recv.received.jitter16, 0);
	ck_assert_uint_eq(fips_word_get(&recv.k_seen), 1);
	seal(new, MS(1000), heartbeat, 1, frame);
	ck_assert_uint_eq(receive(new, frame, 37, MS(16001), &home), FIPS_ACCEPTED);
	ck_assert_uint_eq(new->recv.received.jitter16, 2000);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 9);
	ck_assert_uint_eq(new->recv.received.seen, 4);
	ck_assert_uint_eq(fips_word_get(&recv.heard), MS(16001));
	keys_close(old);
	keys_close(new);
}
END_TEST

#define MOVES 2000000

static void *wander(void *arg)
{
	for (unsigned i = 1; i <= MOVES; i++) {
		struct fips_via via;

		memset(&via, (int)(i % 251), sizeof via);
		fips_link_move(arg, &via);
	}
	return NULL;
}

/* A reader on another thread gets whole addresses or none, and ends up with the last one. */
START_TEST(address_is_never_torn)
{
	struct fips_via via, zero = { 0 };
	uint64_t word[4], moves = 0, seen;
	unsigned whole = 0;
	pthread_t writer;

	fips_link_recv_init(&recv, &zero);
	ck_assert_int_eq(pthread_create(&writer, NULL, wander, &recv), 0);
	while (moves < 2 + 2 * (uint64_t)MOVES) {
		if (!fips_link_via(&recv, &via, &seen))
			continue;
		memcpy(word, &via, sizeof word);
		if (word[0] != word[1] || word[0] != word[2] || word[0] != word[3] || seen < moves)
			ck_abort_msg("torn after %ju moves", (uintmax_t)seen);
		moves = seen;
		whole++;
	}
	pthread_join(writer, NULL);
	ck_assert_uint_gt(whole, 0);
	ck_assert_uint_eq(*(const uint8_t *)&via, MOVES % 251);
}
END_TEST

/* While the owner is writing there is no answer. */
START_TEST(address_half_written)
{
	struct fips_via via;
	uint64_t moves;

	atomic_fetch_add(&recv.moves, 1);
	ck_assert(!fips_link_via(&recv, &via, &moves));
	atomic_fetch_add(&recv.moves, 1);
	ck_assert(fips_link_via(&recv, &via, &moves));
	ck_assert(fips_via_eq(&via, &home));
}
END_TEST

START_TEST(message_limits)
{
	ck_assert_uint_eq(fips_link_message_max(1280), 1244);
	ck_assert_uint_eq(fips_link_message_max(37), 1);
	ck_assert_uint_eq(fips_link_message_max(36), 0);
	ck_assert_uint_eq(fips_link_message_max(0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/link");
	TCase *t = tcase_create("link");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, frames, 0, keys_providers());
	tcase_add_loop_test(t, every_flip_and_truncation, 0, keys_providers());
	tcase_add_loop_test(t, honest_truncation, 0, keys_providers());
	tcase_add_loop_test(t, frame_negatives, 0, keys_providers());
	tcase_add_loop_test(t, replays, 0, keys_providers());
	tcase_add_loop_test(t, twice_in_one_vector, 0, keys_providers());
	tcase_add_loop_test(t, runts, 0, keys_providers());
	tcase_add_loop_test(t, roaming, 0, keys_providers());
	tcase_add_loop_test(t, rekey, 0, keys_providers());
	tcase_add_test(t, address_is_never_torn);
	tcase_add_test(t, address_half_written);
	tcase_add_test(t, message_limits);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
