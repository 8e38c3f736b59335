/* A session's messages from seal to delivery, with every AEAD provider: the stored messages byte
 * for byte, a packet through both layers, everything that must be refused, slots and cut-overs. */
#include "fips/path/link_recv.h"
#include "fips/path/link_seal.h"
#include "fips/path/ip.h"
#include "fips/path/session_recv.h"
#include "fips/path/session_seal.h"
#include "fips/path/snapshot.h"

#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/keys.h"
#include "t/lib/vectors.h"

#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)
#define S(n)  ((uint64_t)(n) * MR_NS_PER_S)

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

#define WITH_PROVIDER(i)                            \
	do {                                        \
		if (!(provider = keys_provider(i))) \
			return;                     \
	} while (0)

static struct keys *keys_of(const json_t *v, const char *member, uint64_t id)
{
	uint8_t key[MR_AEAD_KEY];

	vectors_exact(v, member, key, sizeof key);
	return keys_open(provider, key, id, 0);
}

/* All steps of receiving an FSP message, as a stage takes them.  0: refused before the accept.
 * *text is then the opened text. */
static unsigned receive(const struct keys *any, uint8_t *message, size_t n, uint64_t now,
                        struct fips_fsp_sealed *m)
{
	struct fips_recv_key *key[FIPS_SESSION_KEYS];
	enum fips_replay why;
	struct mr_aead_op op;
	unsigned keys;

	if (fips_fsp_check(message, n) != FIPS_FSP_ENCRYPTED ||
	    !fips_fsp_sealed_parse(message, n, m))
		return 0;
	keys = fips_session_candidates(&recv, m->flags & FIPS_FSP_K, m->counter, now, key, &why);
	for (unsigned i = 0; i < keys; i++) {
		fips_session_open_op(key[i], 0, message, m, &op);
		if (keys_try(any, &op, message, n))
			return fips_session_accept(&recv, key[i], m, 1280, false, now);
	}
	return 0;
}

/* ---- the stored messages ---- */

/* Built here: no spin, and coordinates only where they are the message. */
static bool is_sent(const json_t *v)
{
	uint64_t flags = vectors_u64(v, "flags"), type = vectors_u64(v, "msg_type");

	return vectors_u64(v, "inner_flags") == 0 &&
	       (type == FIPS_FSP_COORDS_WARMUP || !(flags & FIPS_FSP_CP));
}

static size_t put_list(const json_t *v, const char *member, uint8_t *at)
{
	struct bytes list = vectors_concat(vectors_get(v, member));

	mr_to_le16(at, (uint16_t)(list.n / FIPS_ADDR_LEN));
	memcpy(at + 2, list.at, list.n);
	return 2 + list.n;
}

static void check_seal(const json_t *v)
{
	static const struct fips_envelope envelope = { .path_mtu = 1472 };
	struct keys *keys = keys_of(v, "key", 1);
	struct bytes want = vectors_bytes(v, "frame"), body = vectors_bytes(v, "body");
	uint8_t buffer[VECTORS_BYTES_MAX], *view = buffer + 64;
	struct fips_sealing sealing;
	uint64_t counter;
	struct mr_aead_op op;
	size_t len = 1;

	memset(buffer, 0xa5, sizeof buffer);
	view[0] = (uint8_t)vectors_u64(v, "msg_type");
	memcpy(view + 1, body.at, body.n);
	len += body.n;
	if (view[0] == FIPS_FSP_COORDS_WARMUP) {
		len += put_list(v, "src_coords", view + len);
		len += put_list(v, "dest_coords", view + len);
	}
	fips_send_key_start(&keys->send, vectors_u64(v, "flags") & FIPS_FSP_K ? 1 : 0, MS(9000));
	atomic_store(&keys->send.next, vectors_u64(v, "counter"));
	ck_assert(fips_number(&keys->send, 1, &counter));
	sealing = fips_session_seal_body(&keys->send, 0, counter,
	                                 MS(9000 + vectors_u64(v, "timestamp_ms")), &envelope, view,
	                                 len, &op);
	keys_seal(keys, &op);
	vectors_same(vectors_name(v), sealing.at + FIPS_DATAGRAM_HEAD,
	             sealing.len - FIPS_DATAGRAM_HEAD, want.at, want.n);
	ck_assert_uint_eq(sealing.count, vectors_bytes(v, "plaintext").n + FIPS_TAG);
	ck_assert(sealing.at >= view - FIPS_SESSION_BODY_FRONT);
	ck_assert(sealing.at + sealing.len <= view + len + FIPS_SESSION_BODY_BACK);
	ck_assert_uint_eq(sealing.at[-1], 0xa5);
	ck_assert_uint_eq(sealing.at[sealing.len], 0xa5);
	keys_close(keys);
}

static void check_open(const json_t *v)
{
	struct keys *keys = keys_of(v, "key", 1);
	struct bytes frame = vectors_bytes(v, "frame"), plain = vectors_bytes(v, "plaintext");
	uint64_t type = vectors_u64(v, "msg_type");
	struct fips_fsp_sealed m;

	fips_session_recv_init(&recv);
	fips_session_install(&recv, &keys->recv, 0);
	ck_assert_uint_eq(receive(keys, frame.at, frame.n, 77, &m),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	vectors_same(vectors_name(v), m.sealed, m.sealed_len - FIPS_TAG, plain.at, plain.n);
	ck_assert_uint_eq(fips_word_get(&recv.frames), 1);
	ck_assert_uint_eq(fips_word_get(&recv.bytes), plain.n);
	ck_assert_uint_eq(fips_word_get(&recv.heard), 77);
	ck_assert_uint_eq(fips_word_get(&recv.data_at), type == FIPS_FSP_DATA ? 77 : 0);
	ck_assert_uint_eq(fips_word_get(&recv.path_mtu), 1280);
	ck_assert_uint_eq(keys->recv.received.highest, vectors_u64(v, "counter"));
	ck_assert_uint_eq(keys->recv.received.last_stamp, vectors_u64(v, "timestamp_ms"));
	keys_close(keys);
}

START_TEST(fsp_frames)
{
	unsigned sealed = 0;
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "fsp_frames"), index, v) {
		check_open(v);
		if (is_sent(v)) {
			check_seal(v);
			sealed++;
		}
	}
	ck_assert_uint_eq(index, 10);
	ck_assert_uint_eq(sealed, 8);
}
END_TEST

/* ---- what is refused ---- */

static void refuse(struct keys *keys, uint8_t *frame, size_t n, const char *why)
{
	static struct fips_recv_key before;
	static struct fips_session_recv recv_before;
	struct fips_fsp_sealed m;

	memcpy(&before, &keys->recv, sizeof before);
	memcpy(&recv_before, &recv, sizeof recv);
	ck_assert_msg(receive(keys, frame, n, 7, &m) == 0, "%s: %s", provider->name, why);
	ck_assert_msg(memcmp(&before, &keys->recv, sizeof before) == 0, "%s: key changed", why);
	ck_assert_msg(memcmp(&recv_before, &recv, sizeof recv) == 0, "%s: state changed", why);
}

/* Every bit is authenticated or decides what the message is, but for the addresses of coordinate
 * lists: those may be altered by anyone on the way, and the message still opens. */
START_TEST(every_flip_and_truncation)
{
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "fsp_frames"), index, v) {
		struct bytes frame = vectors_bytes(v, "frame"), copy;
		struct keys *keys = keys_of(v, "key", 1);
		struct fips_fsp_sealed m;

		fips_session_recv_init(&recv);
		fips_session_install(&recv, &keys->recv, 0);
		ck_assert(fips_fsp_sealed_parse(frame.at, frame.n, &m));
		for (size_t bit = 0; bit < 8 * frame.n; bit++) {
			const uint8_t *at = &frame.at[bit / 8];
			bool in_src = m.src.count && at >= m.src.at &&
			              at < m.src.at + 16 * (size_t)m.src.count;
			bool in_dest = m.dest.count && at >= m.dest.at &&
			               at < m.dest.at + 16 * (size_t)m.dest.count;

			frame.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (in_src || in_dest) {
				struct keys *again = keys_of(v, "key", 1);
				struct fips_fsp_sealed altered;

				copy = frame;
				fips_session_recv_init(&recv);
				fips_session_install(&recv, &again->recv, 0);
				ck_assert_uint_ne(receive(again, copy.at, copy.n, 7, &altered), 0);
				keys_close(again);
				fips_session_recv_init(&recv);
				fips_session_install(&recv, &keys->recv, 0);
			} else {
				refuse(keys, frame.at, frame.n, vectors_name(v));
			}
			frame.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < frame.n; n++)
			refuse(keys, frame.at, n, vectors_name(v));
		ck_assert_uint_ne(receive(keys, frame.at, frame.n, 7, &m), 0);
		keys_close(keys);
	}
}
END_TEST

START_TEST(fsp_bad_frames)
{
	const json_t *v;
	size_t index;

	WITH_PROVIDER(_i);
	json_array_foreach(vectors_get(root, "fsp_bad_frames"), index, v) {
		struct bytes frame = vectors_bytes(v, "frame");
		struct keys *keys = keys_of(v, "key", 1);

		fips_session_recv_init(&recv);
		fips_session_install(&recv, &keys->recv, 0);
		refuse(keys, frame.at, frame.n, vectors_name(v));
		keys_close(keys);
	}
	ck_assert_uint_eq(index, 9);
}
END_TEST

START_TEST(unauthenticated_coords)
{
	const json_t *v = vectors_get(root, "fsp_unauthenticated_coords");
	struct bytes frame = vectors_bytes(v, "frame");
	struct fips_fsp_sealed m;
	struct keys *keys;

	WITH_PROVIDER(_i);
	ck_assert_str_eq(vectors_text(v, "expect"), "accept");
	keys = keys_of(v, "key", 1);
	fips_session_install(&recv, &keys->recv, 0);
	ck_assert_uint_eq(receive(keys, frame.at, frame.n, 7, &m), FIPS_ACCEPTED | FIPS_CONFIRMED);
	keys_close(keys);
}
END_TEST

/* ---- one packet through both layers ---- */

static const json_t *named(const char *section, const char *member, const char *name)
{
	const json_t *list = vectors_get(root, section), *v;
	size_t index;

	if (member)
		list = vectors_get(list, member);
	json_array_foreach(list, index, v) {
		if (strcmp(vectors_name(v), name) == 0)
			return v;
	}
	ck_abort_msg("no %s in %s", name, section);
}

struct stack {
	struct keys         *fsp, *fmp;
	struct fips_envelope envelope;
	struct bytes         ip;   /* the packet at both ends   */
	struct bytes         wire; /* the UDP payload           */
};

static struct stack stack_open(const json_t *v)
{
	const json_t *ids = vectors_get(root, "identities");
	struct stack s = { .envelope = { .path_mtu = 1472 } };
	uint8_t key[MR_AEAD_KEY];

	s.fsp = keys_of(json_array_get(vectors_get(root, "xk"), 0), "initiator_send_key", 1);
	vectors_exact(v, "fmp_key", key, sizeof key);
	s.fmp = keys_open(provider, key, 2, (uint32_t)vectors_u64(v, "fmp_receiver_idx"));
	vectors_exact(vectors_get(ids, "A"), "node_addr", s.envelope.src.b, 16);
	vectors_exact(vectors_get(ids, "B"), "node_addr", s.envelope.dest.b, 16);
	s.ip = vectors_bytes(named("ipv6_shim", "pairs", "udp"), "ipv6");
	s.wire = vectors_bytes(v, "udp_payload");
	return s;
}

static void stack_close(struct stack *s)
{
	keys_close(s->fsp);
	keys_close(s->fmp);
}

/* The link's seal around a link message, compared with the stored datagram. */
static void link_seal(const json_t *v, struct stack *s, uint8_t *message, size_t n)
{
	uint64_t counter;
	struct mr_aead_op op;
	uint8_t *frame;

	atomic_store(&s->fmp->send.next, vectors_u64(v, "fmp_counter"));
	ck_assert(fips_number(&s->fmp->send, 1, &counter));
	frame = fips_link_seal_op(&s->fmp->send, 0, counter, false,
	                          MS(vectors_u64(v, "fmp_timestamp_ms")), message, n, &op);
	keys_seal(s->fmp, &op);
	vectors_same(vectors_name(v), frame, n + FIPS_LINK_OVERHEAD, s->wire.at, s->wire.n);
}

/* From the TUN's packet, with exactly the room that is promised. */
static void check_send(const json_t *v)
{
	struct stack s = stack_open(v);
	size_t len = s.ip.n, whole = FIPS_IPV6_HEADROOM + len + FIPS_IPV6_TAILROOM;
	uint8_t buffer[VECTORS_BYTES_MAX], *ip = buffer + FIPS_IPV6_HEADROOM;
	struct fips_sealing sealing;
	struct mr_aead_op op;
	uint64_t counter;

	memset(buffer, 0xa5, sizeof buffer);
	memcpy(ip, s.ip.at, len);
	ck_assert(fips_number(&s.fsp->send, 1, &counter));
	sealing = fips_session_seal_ip(&s.fsp->send, 0, counter, 0, &s.envelope, ip, len, &op);
	keys_seal(s.fsp, &op);
	ck_assert_ptr_eq(sealing.at, ip - FIPS_SESSION_FRONT);
	ck_assert_uint_eq(sealing.len, vectors_u64(v, "session_datagram_len"));
	ck_assert_uint_eq(sealing.count, len - 23 + FIPS_TAG);
	link_seal(v, &s, sealing.at, sealing.len);
	ck_assert_uint_eq(whole, s.wire.n);
	ck_assert_uint_eq(whole - len, vectors_u64(v, "overhead"));
	ck_assert_uint_eq(buffer[whole], 0xa5);
	stack_close(&s);
}

/* Coordinates on data are a matter of the codec: only the link's layer is sealed here. */
static void check_send_link(const json_t *v)
{
	struct stack s = stack_open(v);
	struct bytes fsp = vectors_bytes(v, "fsp_frame");
	uint8_t buffer[VECTORS_BYTES_MAX], *message = buffer + FIPS_LINK_FRONT;
	const struct fips_datagram d = { .ttl = 64, .path_mtu = 1472,
		                         .src = s.envelope.src, .dest = s.envelope.dest };

	fips_datagram_build(message, &d);
	memcpy(message + FIPS_DATAGRAM_HEAD, fsp.at, fsp.n);
	link_seal(v, &s, message, FIPS_DATAGRAM_HEAD + fsp.n);
	stack_close(&s);
}

/* To the packet the peer's TUN gets. */
static void check_receive(const json_t *v)
{
	struct stack s = stack_open(v);
	struct fips_link_recv link;
	struct fips_link_head head;
	struct fips_datagram d;
	struct fips_fsp_sealed m;
	struct fips_delivered out;
	struct mr_aead_op op;
	const struct fips_via via = { .len = 16 };
	uint8_t *text;

	fips_link_recv_init(&link, &via);
	ck_assert_int_eq(fips_frame_check(s.wire.at, s.wire.n), FIPS_FRAME_ESTABLISHED);
	fips_link_head_parse(s.wire.at, &head);
	fips_link_open_op(&s.fmp->recv, 0, s.wire.at, &head, &op);
	ck_assert(keys_try(s.fmp, &op, s.wire.at, s.wire.n));
	ck_assert_uint_eq(fips_link_accept(&link, &s.fmp->recv, &head, s.wire.at + 16, 5, &via),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	ck_assert(fips_datagram_parse(s.wire.at + 20, head.payload_len - 4u, &d));
	ck_assert(fips_addr_eq(&d.src, &s.envelope.src) && d.path_mtu == 1472);
	fips_session_recv_init(&recv);
	fips_session_install(&recv, &s.fsp->recv, 0);
	ck_assert_uint_eq(receive(s.fsp, s.wire.at + 56, d.payload_len, 5, &m),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
	text = s.wire.at + (m.sealed - s.wire.at);
	ck_assert_int_eq(fips_ip_deliver(text, m.sealed_len - FIPS_TAG, &d.src, &d.dest, false, 0,
	                                 &out),
	                 FIPS_DELIVER_IP);
	vectors_same(vectors_name(v), out.ip, out.len, s.ip.at, s.ip.n);
	stack_close(&s);
}

START_TEST(full_stack)
{
	const json_t *list = vectors_get(root, "full_stack");

	WITH_PROVIDER(_i);
	ck_assert_uint_eq(json_array_size(list), 2);
	check_send(json_array_get(list, 0));
	check_send_link(json_array_get(list, 1));
	check_receive(json_array_get(list, 0));
	check_receive(json_array_get(list, 1));
}
END_TEST

START_TEST(overhead)
{
	const json_t *v = vectors_get(root, "overhead");

	ck_assert_uint_eq(FIPS_SESSION_FRONT + FIPS_LINK_FRONT,
	                  vectors_u64(v, "headroom_before_ipv6"));
	ck_assert_uint_eq(FIPS_SESSION_BACK + FIPS_LINK_BACK, vectors_u64(v, "tailroom_after_ipv6"));
}
END_TEST

/* ---- slots ---- */

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
	old = keys_of(v, "old_key", 1);
	new = keys_of(v, "new_key", 2);
	fips_session_install(&recv, &old->recv, 0);
	fips_session_install(&recv, &new->recv, 0);
	json_array_foreach(vectors_get(v, "frames"), index, f) {
		bool is_new = strcmp(vectors_text(f, "key_used"), "new") == 0;
		struct keys *used = is_new ? new : old;
		struct bytes frame = vectors_bytes(f, "frame");
		struct fips_fsp_sealed m;
		uint64_t now = S(index + 1);

		ck_assert_str_eq(slot_of(&used->recv), steps[index].slot);
		ck_assert_msg(receive(used, frame.at, frame.n, now, &m) == steps[index].what, "%s",
		              vectors_name(f));
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
		ck_assert_uint_ne(receive(keys, at, n, now, &m) & FIPS_ACCEPTED, 0);
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
		ck_assert_uint_eq(receive(new, frame, 28u + n, S(1), &m),
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
		receive(old, at, n, S(1), &m);
	}
	ck_assert(fips_session_snapshot(&recv, S(1), &report));
	ck_assert_uint_eq(report.highest, 8);
	ck_assert_uint_eq(report.frames, 9);
	ck_assert_uint_eq(report.bytes, 9 * 16);
	fips_session_install(&recv, &new->recv, 0);
	at = message(new, S(2), FIPS_FSP_DATA, 10, buffer, &n);
	receive(new, at, n, S(2), &m);
	ck_assert(fips_session_snapshot(&recv, S(3), &report));
	ck_assert_uint_eq(report.highest, 0);
	ck_assert_uint_eq(report.frames, 10);
	ck_assert_uint_eq(report.bytes, 10 * 16);
	ck_assert_uint_eq(report.interval_frames, 1);
	ck_assert_uint_eq(report.interval_bytes, 16);
	ck_assert_uint_eq(report.echo, 2000);
	ck_assert_uint_eq(report.dwell, 1000);
	ck_assert(!fips_session_snapshot(&recv, S(3), &report));
	keys_close(old);
	keys_close(new);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/session");
	TCase *t = tcase_create("session");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, fsp_frames, 0, keys_providers());
	tcase_add_loop_test(t, every_flip_and_truncation, 0, keys_providers());
	tcase_add_loop_test(t, fsp_bad_frames, 0, keys_providers());
	tcase_add_loop_test(t, unauthenticated_coords, 0, keys_providers());
	tcase_add_loop_test(t, full_stack, 0, keys_providers());
	tcase_add_test(t, overhead);
	tcase_add_loop_test(t, rekey_vectors, 0, keys_providers());
	tcase_add_test(t, trial_order);
	tcase_add_test(t, replay_is_no_answer);
	tcase_add_test(t, drain);
	tcase_add_test(t, orders_by_id);
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
