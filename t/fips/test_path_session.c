/* A session's messages from seal to delivery, with every AEAD provider: the stored messages byte
 * for byte, a packet through both layers, everything that must be refused. */
#include "fips/path/link_recv.h"
#include "fips/path/link_seal.h"
#include "fips/path/ip.h"
#include "fips/path/session_recv.h"
#include "fips/path/session_seal.h"

#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "t/lib/keys.h"
#include "t/lib/vectors.h"

#define MS(n) ((uint64_t)(n) * MR_NS_PER_MS)

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
	struct keys *keys = keys_stored(provider, v, "key", 1, 0);
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
	struct keys *keys = keys_stored(provider, v, "key", 1, 0);
	struct bytes frame = vectors_bytes(v, "frame"), plain = vectors_bytes(v, "plaintext");
	uint64_t type = vectors_u64(v, "msg_type");
	struct fips_fsp_sealed m;

	fips_session_recv_init(&recv);
	fips_session_install(&recv, &keys->recv, 0);
	ck_assert_uint_eq(keys_receive(&recv, keys, frame.at, frame.n, 77, &m),
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
	ck_assert_msg(keys_receive(&recv, keys, frame, n, 7, &m) == 0, "%s: %s", provider->name,
	              why);
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
		struct keys *keys = keys_stored(provider, v, "key", 1, 0);
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
				struct keys *again = keys_stored(provider, v, "key", 1, 0);
				struct fips_fsp_sealed altered;

				copy = frame;
				fips_session_recv_init(&recv);
				fips_session_install(&recv, &again->recv, 0);
				ck_assert_uint_ne(keys_receive(&recv, again, copy.at, copy.n, 7,
				                               &altered),
				                  0);
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
		ck_assert_uint_ne(keys_receive(&recv, keys, frame.at, frame.n, 7, &m), 0);
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
		struct keys *keys = keys_stored(provider, v, "key", 1, 0);

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
	keys = keys_stored(provider, v, "key", 1, 0);
	fips_session_install(&recv, &keys->recv, 0);
	ck_assert_uint_eq(keys_receive(&recv, keys, frame.at, frame.n, 7, &m),
	                  FIPS_ACCEPTED | FIPS_CONFIRMED);
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

	s.fsp = keys_stored(provider, json_array_get(vectors_get(root, "xk"), 0),
	                    "initiator_send_key", 1, 0);
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
	ck_assert_uint_eq(keys_receive(&recv, s.fsp, s.wire.at + 56, d.payload_len, 5, &m),
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
	ck_assert_uint_eq(FIPS_SESSION_BACK + FIPS_LINK_BACK,
	                  vectors_u64(v, "tailroom_after_ipv6"));
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
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
