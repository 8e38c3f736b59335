/* test_vectors_session.c - session_vectors.json: names, coordinates, handshakes with every state,
 * handshake messages, encrypted messages, reports, signals, envelopes and the IPv6 shim, each built
 * from its fields and parsed back into them.  Encrypted messages are sealed and opened with every
 * AEAD provider, and refused after every flip of a bit that is authenticated. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/noise/xk.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/report.h"
#include "fips/wire/shim.h"
#include "fips/wire/signal.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"

static const struct vectors_account account[] = {
	{ "identities", NULL },
	{ "coords", NULL },
	{ "xk", NULL },
	{ "xk_negative", NULL },
	{ "handshake_messages", NULL },
	{ "ipv6_shim", NULL },
	{ "fsp_frames", NULL },
	{ "fsp_bad_frames", NULL },
	{ "fsp_unauthenticated_coords", NULL },
	{ "reports", NULL },
	{ "signals", NULL },
	{ "signals_reject", NULL },
	{ "session_datagrams", NULL },
	{ "pmtu_table", NULL },
	{ "overhead", NULL },
	{ "session_datagram_transit", "run by the tests of the transit rules" },
	{ "rekey", "run by the tests of the session receive state" },
	{ "ecn_mark", "run by the tests of the ECN marking" },
	{ "tcp_mss", "run by the tests of the MSS clamp" },
	{ "icmpv6", "run by the tests of the ICMPv6 answers" },
	{ "pmtu_state", "run by the tests of the node's metrics" },
	{ "replay", "run by the tests of the replay window" },
	{ "full_stack", "run by the tests of the send path" },
};

static struct fips_curve curve;
static json_t *root;

static void open_file(void)
{
	curve = fips_curve_secp256k1();
	root = vectors_load("session_vectors");
}

static void close_file(void)
{
	json_decref(root);
	fips_curve_close(&curve);
}

static void same_member(const json_t *v, const char *key, const void *got, size_t n)
{
	struct bytes want = vectors_bytes(v, key);

	vectors_same(key, got, n, want.at, want.n);
}

START_TEST(sections_are_run_or_skipped)
{
	vectors_account("session_vectors", root, account, COUNT(account));
}
END_TEST

START_TEST(identities)
{
	const json_t *v;
	const char *who;

	json_object_foreach((json_t *)(uintptr_t)vectors_get(root, "identities"), who, v) {
		struct fips_identity id;
		char text[FIPS_IPV6_TEXT];
		uint8_t ip[16];

		ck_assert_ptr_null(fips_identity_parse(&id, &curve, vectors_text(v, "secret")));
		same_member(v, "pubkey33", id.pub, 33);
		same_member(v, "pubkey_xonly", id.pub + 1, 32);
		ck_assert_str_eq(id.npub, vectors_text(v, "npub"));
		same_member(v, "node_addr", id.addr.b, 16);
		fips_addr_to_ipv6(&id.addr, ip);
		same_member(v, "ipv6", ip, 16);
		fips_ipv6_text(ip, text);
		ck_assert_str_eq(text, vectors_text(v, "ipv6_text"));
	}
}
END_TEST

static struct fips_coords coords_of(const struct bytes *list)
{
	return (struct fips_coords){ .at = list->n ? list->at : NULL,
		                     .count = (unsigned)(list->n / FIPS_ADDR_LEN) };
}

static void same_coords(const char *what, const struct fips_coords *got, const struct bytes *want)
{
	vectors_same(what, got->count ? (const void *)got->at : "",
		     (size_t)got->count * FIPS_ADDR_LEN, want->at, want->n);
}

START_TEST(coords)
{
	static const char *const lists[][2] = { { "A", "encoded_A" }, { "B", "encoded_B" },
		                                { NULL, "encoded_empty" } };
	const json_t *v = vectors_get(root, "coords");

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct bytes list = { 0 }, want = vectors_bytes(v, lists[i][1]);
		struct fips_coords c, back;
		uint8_t out[256];
		struct mr_wire w = mr_wire_write(out, sizeof out);

		if (lists[i][0])
			list = vectors_concat(vectors_get(v, lists[i][0]));
		c = coords_of(&list);
		fips_coords_put(&w, &c);
		ck_assert(mr_wire_ok(&w));
		vectors_same(lists[i][1], out, (size_t)(w.at - out), want.at, want.n);
		w = mr_wire_read(want.at, want.n);
		fips_coords_get(&w, 0, &back);
		ck_assert(mr_wire_ok(&w) && mr_wire_left(&w) == 0);
		same_coords(lists[i][1], &back, &list);
	}
}
END_TEST

/* The state the vector has under this step. */
static void same_state(const json_t *v, const char *step, const struct fips_symmetric *s)
{
	const json_t *state;
	size_t index;

	json_array_foreach(vectors_get(v, "states"), index, state) {
		if (strcmp(vectors_text(state, "step"), step) != 0)
			continue;
		same_member(state, "ck", s->ck, 32);
		same_member(state, "h", s->h, 32);
		if (!json_is_null(vectors_get(state, "k")))
			same_member(state, "k", s->k, 32);
		return;
	}
	ck_abort_msg("no state %s", step);
}

/* Both ends of one vector, before message 1. */
struct pair {
	struct fips_identity initiator, responder;
	struct fips_xk i, r;
};

static void begin(const json_t *v, struct pair *p)
{
	uint8_t secret[32], ephemeral[32], epoch[8], known[33];

	vectors_exact(v, "initiator_static_secret", secret, 32);
	ck_assert_ptr_null(fips_identity_of_secret(&p->initiator, &curve, secret));
	same_member(v, "initiator_static_pub", p->initiator.pub, 33);
	vectors_exact(v, "responder_static_secret", secret, 32);
	ck_assert_ptr_null(fips_identity_of_secret(&p->responder, &curve, secret));
	same_member(v, "responder_static_pub", p->responder.pub, 33);
	vectors_exact(v, "responder_pub_as_known_by_initiator", known, 33);
	vectors_exact(v, "initiator_ephemeral_secret", ephemeral, 32);
	vectors_exact(v, "initiator_epoch", epoch, 8);
	fips_xk_init_initiator(&p->i, &curve, &p->initiator, known, ephemeral, epoch);
	vectors_exact(v, "responder_ephemeral_secret", ephemeral, 32);
	vectors_exact(v, "responder_epoch", epoch, 8);
	fips_xk_init_responder(&p->r, &curve, &p->responder, ephemeral, epoch);
	same_state(v, "init", &p->i.sym);
	same_state(v, "init", &p->r.sym);
}

static void check_dh(const json_t *v, const char *key, const uint8_t secret[32],
                     const uint8_t pub[33])
{
	uint8_t dh[32];

	ck_assert(curve.ecdh(curve.self, secret, pub, dh));
	same_member(v, key, dh, 32);
}

static void check_dhs(const json_t *v, const struct pair *p)
{
	struct bytes e_i = vectors_bytes(v, "initiator_ephemeral_secret");
	struct bytes e_r = vectors_bytes(v, "responder_ephemeral_secret");
	struct bytes E_i = vectors_bytes(v, "initiator_ephemeral_pub");
	struct bytes E_r = vectors_bytes(v, "responder_ephemeral_pub");

	check_dh(v, "dh_es", e_i.at, p->responder.pub);
	check_dh(v, "dh_es", p->responder.secret, E_i.at);
	check_dh(v, "dh_ee", e_i.at, E_r.at);
	check_dh(v, "dh_ee", e_r.at, E_i.at);
	check_dh(v, "dh_se", p->initiator.secret, E_r.at);
	check_dh(v, "dh_se", e_r.at, p->initiator.pub);
}

/* The two key changes that happen inside a message. */
static void check_inner_states(const json_t *v, const struct pair *p)
{
	struct bytes E_r = vectors_bytes(v, "responder_ephemeral_pub");
	struct fips_symmetric s = p->i.sym; /* after message 1 */
	uint8_t dh[32], msg3[FIPS_XK_MSG3], epoch[8];

	fips_symmetric_mix_hash(&s, E_r.at, E_r.n);
	vectors_exact(v, "dh_ee", dh, 32);
	fips_symmetric_mix_key(&s, dh);
	same_state(v, "msg2 ee", &s);
	vectors_exact(v, "responder_epoch", epoch, 8);
	fips_symmetric_seal(&s, epoch, 8, msg3);
	same_state(v, "msg2 end", &s);
	fips_symmetric_seal(&s, p->initiator.pub, 33, msg3);
	same_state(v, "msg3 s", &s);
	vectors_exact(v, "dh_se", dh, 32);
	fips_symmetric_mix_key(&s, dh);
	same_state(v, "msg3 se", &s);
}

START_TEST(xk)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "xk"), index, v) {
		uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3], send[32],
			recv[32];
		struct pair p;

		begin(v, &p);
		check_dhs(v, &p);
		ck_assert(fips_xk_write1(&p.i, msg1));
		same_member(v, "msg1", msg1, sizeof msg1);
		same_state(v, "msg1 es", &p.i.sym);
		check_inner_states(v, &p);
		ck_assert(fips_xk_read1(&p.r, msg1));
		same_state(v, "msg1 es", &p.r.sym);
		ck_assert(fips_xk_write2(&p.r, msg2));
		same_member(v, "msg2", msg2, sizeof msg2);
		same_state(v, "msg2 end", &p.r.sym);
		ck_assert(fips_xk_read2(&p.i, msg2));
		same_state(v, "msg2 end", &p.i.sym);
		same_member(v, "responder_epoch", p.i.remote_epoch, 8);
		ck_assert(fips_xk_write3(&p.i, msg3));
		same_member(v, "msg3", msg3, sizeof msg3);
		same_state(v, "msg3 end", &p.i.sym);
		ck_assert(fips_xk_read3(&p.r, msg3));
		same_state(v, "msg3 end", &p.r.sym);
		same_member(v, "initiator_static_pub", p.r.remote_pub, 33);
		same_member(v, "initiator_epoch", p.r.remote_epoch, 8);
		same_member(v, "final_hash", p.i.sym.h, 32);
		fips_xk_split(&p.i, send, recv);
		same_member(v, "initiator_send_key", send, 32);
		same_member(v, "initiator_recv_key", recv, 32);
		fips_xk_split(&p.r, send, recv);
		same_member(v, "responder_send_key", send, 32);
		same_member(v, "responder_recv_key", recv, 32);
	}
	ck_assert_uint_eq(index, 3);
}
END_TEST

START_TEST(xk_negative)
{
	const json_t *pattern = json_array_get(vectors_get(root, "xk"), 0), *v;
	uint8_t msg1[FIPS_XK_MSG1], bad[FIPS_XK_MSG2], good[FIPS_XK_MSG2];
	size_t index;

	ck_assert_str_eq(vectors_name(pattern), "xk-pattern");
	vectors_exact(pattern, "msg2", good, sizeof good);
	json_array_foreach(vectors_get(root, "xk_negative"), index, v) {
		struct fips_xk before;
		struct pair p;

		begin(pattern, &p);
		ck_assert(fips_xk_write1(&p.i, msg1));
		before = p.i;
		vectors_exact(v, "msg2", bad, sizeof bad);
		ck_assert(!fips_xk_read2(&p.i, bad));
		ck_assert_mem_eq(&before, &p.i, sizeof before);
		ck_assert(fips_xk_read2(&p.i, good));
	}
	ck_assert_uint_eq(index, 1);
}
END_TEST

/* SessionSetup or SessionAck, built and parsed. */
static void check_setup(const json_t *v, bool ack)
{
	struct bytes src = vectors_concat(vectors_get(v, "src_coords"));
	struct bytes dest = vectors_concat(vectors_get(v, "dest_coords"));
	struct bytes noise = vectors_bytes(v, "noise"), want = vectors_bytes(v, "fsp");
	struct fips_fsp_setup in = { .src = coords_of(&src), .dest = coords_of(&dest),
		                     .noise = noise.at }, out;
	uint8_t made[512];
	size_t n;

	if (ack) {
		n = fips_fsp_ack_build(made, sizeof made, &in);
		ck_assert_uint_eq(n, FIPS_FSP_ACK_LEN(in.src.count, in.dest.count));
		ck_assert(fips_fsp_ack_parse(want.at, want.n, &out));
		ck_assert(!fips_fsp_setup_parse(want.at, want.n, &out));
	} else {
		n = fips_fsp_setup_build(made, sizeof made, &in);
		ck_assert_uint_eq(n, FIPS_FSP_SETUP_LEN(in.src.count, in.dest.count));
		ck_assert(fips_fsp_setup_parse(want.at, want.n, &out));
		ck_assert(!fips_fsp_ack_parse(want.at, want.n, &out));
	}
	vectors_same(vectors_name(v), made, n, want.at, want.n);
	same_coords("source list", &out.src, &src);
	same_coords("destination list", &out.dest, &dest);
	vectors_same("Noise", out.noise, noise.n, noise.at, noise.n);
}

START_TEST(handshake_messages)
{
	static const enum fips_fsp kinds[] = { 0, FIPS_FSP_SETUP, FIPS_FSP_ACK, FIPS_FSP_MSG3 };
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "handshake_messages"), index, v) {
		struct bytes want = vectors_bytes(v, "fsp"), noise = vectors_bytes(v, "noise");
		uint64_t phase = vectors_u64(v, "phase");
		uint8_t made[FIPS_FSP_MSG3_LEN];

		ck_assert_uint_eq(want.n, vectors_u64(v, "fsp_len"));
		ck_assert_int_eq(fips_fsp_check(want.at, want.n), kinds[phase]);
		if (phase != 3) {
			check_setup(v, phase == 2);
			continue;
		}
		ck_assert_uint_eq(noise.n, FIPS_XK_MSG3);
		fips_fsp_msg3_build(made, noise.at);
		vectors_same("SessionMsg3", made, sizeof made, want.at, want.n);
		const uint8_t *back = fips_fsp_msg3_parse(want.at, want.n);
		ck_assert_ptr_nonnull(back);
		vectors_same("Noise", back, FIPS_XK_MSG3, noise.at, noise.n);
	}
	ck_assert_uint_eq(index, 3);
}
END_TEST

/* A received message, parsed and opened: the length of its plaintext, or -1. */
static int open_message(const struct mr_aead *p, const uint8_t key[32], const uint8_t *at, size_t n,
                        uint8_t *text)
{
	struct fips_fsp_sealed m;
	uint8_t mine[VECTORS_BYTES_MAX];

	if (!fips_fsp_sealed_parse(at, n, &m))
		return -1;
	memset(mine, 0, sizeof mine);
	if (!provider_open(p, key, m.counter, at, FIPS_FSP_HEAD, m.sealed, m.sealed_len, mine))
		return -1;
	memcpy(text, mine, m.sealed_len - FIPS_TAG);
	return (int)(m.sealed_len - FIPS_TAG);
}

/* Does byte i lie in an address of a clear list?  Nothing authenticates those. */
static bool is_coordinate(const struct fips_fsp_sealed *m, const struct bytes *frame, size_t i)
{
	size_t src = FIPS_FSP_HEAD + 2, dest;

	if (!(frame->at[1] & FIPS_FSP_CP))
		return false;
	dest = src + FIPS_ADDR_LEN * (size_t)m->src.count + 2;
	return (i >= src && i < dest - 2) ||
	       (i >= dest && i < dest + FIPS_ADDR_LEN * (size_t)m->dest.count);
}

/* Every truncation is refused, and every flip of a bit that is not a coordinate's. */
static void refuse_damage(const struct mr_aead *p, const uint8_t key[32], struct bytes frame)
{
	struct fips_fsp_sealed m;
	uint8_t text[VECTORS_BYTES_MAX], plain[VECTORS_BYTES_MAX];
	int len = open_message(p, key, frame.at, frame.n, plain);

	ck_assert(fips_fsp_sealed_parse(frame.at, frame.n, &m));
	for (size_t n = 0; n < frame.n; n++)
		ck_assert_msg(open_message(p, key, frame.at, n, text) < 0, "%zu bytes", n);
	for (size_t bit = 0; bit < 8 * frame.n; bit++) {
		bool open = is_coordinate(&m, &frame, bit / 8);
		int got;

		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		got = open_message(p, key, frame.at, frame.n, text);
		if (open) {
			ck_assert_int_eq(got, len);
			ck_assert_mem_eq(text, plain, (size_t)len);
		} else {
			ck_assert_msg(got < 0, "bit %zu of %zu", bit, 8 * frame.n);
		}
		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static struct bytes coords_member(const json_t *v, const char *key)
{
	const json_t *list = vectors_get(v, key);

	return json_is_null(list) ? (struct bytes){ 0 } : vectors_concat(list);
}

/* The message from its fields. */
static size_t seal_message(const struct mr_aead *p, const json_t *v, const uint8_t key[32],
                           uint8_t *out)
{
	struct bytes body = vectors_bytes(v, "body");
	struct bytes src = coords_member(v, "src_coords"), dest = coords_member(v, "dest_coords");
	struct fips_coords lists[2] = { coords_of(&src), coords_of(&dest) };
	uint8_t flags = (uint8_t)vectors_u64(v, "flags"), text[VECTORS_BYTES_MAX];
	uint64_t counter = vectors_u64(v, "counter");
	struct mr_wire w = mr_wire_write(out, VECTORS_BYTES_MAX);
	uint8_t *head = mr_put_room(&w, FIPS_FSP_HEAD);

	fips_fsp_head_build(head, flags, body.n, counter);
	same_member(v, "header_aad", head, FIPS_FSP_HEAD);
	if (flags & FIPS_FSP_CP) {
		fips_coords_put(&w, &lists[0]);
		fips_coords_put(&w, &lists[1]);
	}
	fips_fsp_inner_build(text, (uint32_t)vectors_u64(v, "timestamp_ms"),
	                     (uint8_t)vectors_u64(v, "msg_type"),
	                     (uint8_t)vectors_u64(v, "inner_flags"));
	memcpy(text + FIPS_FSP_INNER, body.at, body.n);
	same_member(v, "plaintext", text, FIPS_FSP_INNER + body.n);
	provider_seal(p, key, counter, head, FIPS_FSP_HEAD, text, FIPS_FSP_INNER + body.n, w.at);
	return (size_t)(w.at - out) + FIPS_FSP_INNER + body.n + FIPS_TAG;
}

static void check_message(const struct mr_aead *p, const json_t *v)
{
	struct bytes want = vectors_bytes(v, "frame"), body = vectors_bytes(v, "body");
	struct bytes src = coords_member(v, "src_coords"), dest = coords_member(v, "dest_coords");
	uint8_t key[32], made[VECTORS_BYTES_MAX], text[VECTORS_BYTES_MAX];
	struct fips_fsp_sealed m;
	struct fips_fsp_text inner;
	int len;

	vectors_exact(v, "key", key, 32);
	vectors_same(vectors_name(v), made, seal_message(p, v, key, made), want.at, want.n);
	ck_assert_uint_eq(want.n, vectors_u64(v, "frame_len"));

	ck_assert(fips_fsp_sealed_parse(want.at, want.n, &m));
	ck_assert_uint_eq(m.flags, vectors_u64(v, "flags"));
	ck_assert_uint_eq(m.counter, vectors_u64(v, "counter"));
	ck_assert_uint_eq(m.payload_len, FIPS_FSP_INNER + body.n);
	same_coords("source list", &m.src, &src);
	same_coords("destination list", &m.dest, &dest);
	len = open_message(p, key, want.at, want.n, text);
	ck_assert_int_ge(len, 0);
	same_member(v, "plaintext", text, (size_t)len);
	ck_assert(fips_fsp_text_parse(text, (size_t)len, &inner));
	ck_assert_uint_eq(inner.timestamp, vectors_u64(v, "timestamp_ms"));
	ck_assert_uint_eq(inner.type, vectors_u64(v, "msg_type"));
	ck_assert_uint_eq(inner.inner_flags, vectors_u64(v, "inner_flags"));
	vectors_same("body", inner.body, inner.len, body.at, body.n);
	ck_assert_uint_ge(inner.len, fips_fsp_body_min(inner.type));
	refuse_damage(p, key, want);
}

START_TEST(fsp_frames)
{
	const struct mr_aead *p;
	const json_t *v;
	size_t index;

	for (unsigned i = 0; (p = provider_next(&i));) {
		json_array_foreach(vectors_get(root, "fsp_frames"), index, v)
			check_message(p, v);
		ck_assert_uint_eq(index, 10);
	}
}
END_TEST

START_TEST(fsp_bad_frames)
{
	const struct mr_aead *p;
	const json_t *v;
	size_t index;

	for (unsigned i = 0; (p = provider_next(&i));) {
		json_array_foreach(vectors_get(root, "fsp_bad_frames"), index, v) {
			struct bytes frame = vectors_bytes(v, "frame");
			uint8_t key[32], text[VECTORS_BYTES_MAX];
			struct fips_signal signal;

			vectors_exact(v, "key", key, 32);
			ck_assert_msg(open_message(p, key, frame.at, frame.n, text) < 0, "%s",
			              vectors_name(v));
			ck_assert(!fips_signal_parse(frame.at, frame.n, &signal));
		}
		ck_assert_uint_eq(index, 9);
	}
}
END_TEST

START_TEST(fsp_unauthenticated_coords)
{
	const json_t *v = vectors_get(root, "fsp_unauthenticated_coords");
	struct bytes frame = vectors_bytes(v, "frame");
	const struct mr_aead *p;
	uint8_t key[32], text[VECTORS_BYTES_MAX];

	ck_assert_str_eq(vectors_text(v, "expect"), "accept");
	vectors_exact(v, "key", key, 32);
	for (unsigned i = 0; (p = provider_next(&i));)
		ck_assert_int_gt(open_message(p, key, frame.at, frame.n, text), 0);
}
END_TEST

START_TEST(sender_report)
{
	const json_t *v = vectors_get(vectors_get(root, "reports"), "sender");
	const json_t *f = vectors_get(v, "fields");
	struct bytes body = vectors_bytes(v, "body");
	uint8_t out[FIPS_SESSION_SENDER_LEN];
	struct fips_sender_report r;

	ck_assert(fips_session_sender_parse(body.at, body.n, &r));
	ck_assert_uint_eq(r.first, vectors_u64(f, "startCounter"));
	ck_assert_uint_eq(r.last, vectors_u64(f, "endCounter"));
	ck_assert_uint_eq(r.first_timestamp, vectors_u64(f, "startTs"));
	ck_assert_uint_eq(r.last_timestamp, vectors_u64(f, "endTs"));
	ck_assert_uint_eq(r.interval_bytes, vectors_u64(f, "intervalBytes"));
	ck_assert_uint_eq(r.frames, vectors_u64(f, "cumPackets"));
	ck_assert_uint_eq(r.bytes, vectors_u64(f, "cumBytes"));
	fips_session_sender_build(out, &r);
	vectors_same("SenderReport", out, sizeof out, body.at, body.n);
}
END_TEST

START_TEST(receiver_report)
{
	const json_t *v = vectors_get(vectors_get(root, "reports"), "receiver");
	const json_t *f = vectors_get(v, "fields");
	struct bytes body = vectors_bytes(v, "body");
	uint8_t out[FIPS_SESSION_RECEIVER_LEN];
	struct fips_receiver_report r;

	ck_assert(fips_session_receiver_parse(body.at, body.n, &r));
	ck_assert_uint_eq(r.highest, vectors_u64(f, "highest"));
	ck_assert_uint_eq(r.frames, vectors_u64(f, "cumPackets"));
	ck_assert_uint_eq(r.bytes, vectors_u64(f, "cumBytes"));
	ck_assert_uint_eq(r.echo, vectors_u64(f, "tsEcho"));
	ck_assert_uint_eq(r.dwell, vectors_u64(f, "dwell"));
	ck_assert_uint_eq(r.burst_max, vectors_u64(f, "maxBurst"));
	ck_assert_uint_eq(r.burst_mean, vectors_u64(f, "meanBurst"));
	ck_assert_uint_eq(r.jitter, vectors_u64(f, "jitter"));
	ck_assert_uint_eq(r.ce, vectors_u64(f, "ce"));
	ck_assert_int_eq(r.trend, (int64_t)vectors_u64(f, "owd"));
	ck_assert_uint_eq(r.bursts, vectors_u64(f, "bursts"));
	ck_assert_uint_eq(r.reordered, vectors_u64(f, "reorder"));
	ck_assert_uint_eq(r.interval_frames, vectors_u64(f, "ivPackets"));
	ck_assert_uint_eq(r.interval_bytes, vectors_u64(f, "ivBytes"));
	fips_session_receiver_build(out, &r);
	vectors_same("ReceiverReport", out, sizeof out, body.at, body.n);
}
END_TEST

START_TEST(signals)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "signals"), index, v) {
		struct bytes want = vectors_bytes(v, "fsp"), list = { 0 };
		struct fips_signal s;
		uint8_t made[256];

		ck_assert_int_eq(fips_fsp_check(want.at, want.n), FIPS_FSP_SIGNAL);
		ck_assert(fips_signal_parse(want.at, want.n, &s));
		same_member(v, "dest", s.dest.b, 16);
		same_member(v, "reporter", s.reporter.b, 16);
		if (json_object_get(v, "coords"))
			list = vectors_concat(vectors_get(v, "coords"));
		same_coords("coords", &s.coords, &list);
		if (json_object_get(v, "mtu"))
			ck_assert_uint_eq(s.mtu, vectors_u64(v, "mtu"));
		vectors_same(vectors_name(v), made, fips_signal_build(made, sizeof made, &s),
			     want.at, want.n);
	}
	ck_assert_uint_eq(index, 4);
}
END_TEST

START_TEST(signals_reject)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "signals_reject"), index, v) {
		struct bytes in = vectors_bytes(v, "fsp");
		struct fips_signal s;

		ck_assert_msg(!fips_signal_parse(in.at, in.n, &s), "%s", vectors_name(v));
	}
	ck_assert_uint_eq(index, 5);
}
END_TEST

START_TEST(session_datagrams)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "session_datagrams"), index, v) {
		struct bytes want = vectors_bytes(v, "encoded"),
			     payload = vectors_bytes(v, "payload");
		struct fips_datagram d;
		uint8_t made[FIPS_DATAGRAM_HEAD];

		ck_assert_uint_eq(want.n, vectors_u64(v, "encoded_len"));
		ck_assert(fips_datagram_parse(want.at, want.n, &d));
		ck_assert_uint_eq(d.ttl, vectors_u64(v, "ttl"));
		ck_assert_uint_eq(d.path_mtu, vectors_u64(v, "path_mtu"));
		same_member(v, "src", d.src.b, 16);
		same_member(v, "dest", d.dest.b, 16);
		vectors_same("payload", d.payload, d.payload_len, payload.at, payload.n);
		fips_datagram_build(made, &d);
		vectors_same(vectors_name(v), made, sizeof made, want.at, sizeof made);
	}
	ck_assert_uint_eq(index, 4);
}
END_TEST

/* The node address whose mesh address this is; the byte the mesh address lacks is of no matter. */
static struct fips_addr node_of(const json_t *v, const char *key)
{
	struct fips_addr addr = { { 0 } };
	uint8_t ip[16];

	vectors_exact(v, key, ip, 16);
	memcpy(addr.b, ip + 1, 15);
	return addr;
}

static void decompress(const json_t *shim, const json_t *v)
{
	struct fips_addr src = node_of(shim, "src"), dest = node_of(shim, "dst");
	struct bytes want = vectors_bytes(v, "ipv6"), in = vectors_bytes(v, "compressed");
	uint8_t room[VECTORS_BYTES_MAX];

	memset(room, 0xa5, sizeof room);
	memcpy(room + 100, in.at, in.n);
	ck_assert(fips_shim_decompress(room + 100, in.n, &src, &dest));
	vectors_same(vectors_name(v), room + 100 - FIPS_SHIM_SAVED, in.n + FIPS_SHIM_SAVED, want.at,
	             want.n);
	ck_assert_uint_eq(room[100 - FIPS_SHIM_SAVED - 1], 0xa5);
}

START_TEST(ipv6_shim)
{
	const json_t *shim = vectors_get(root, "ipv6_shim"), *v;
	size_t index;

	json_array_foreach(vectors_get(shim, "pairs"), index, v) {
		struct bytes ip = vectors_bytes(v, "ipv6"), want = vectors_bytes(v, "compressed");
		struct bytes before = ip;

		ck_assert(fips_shim_compress(ip.at, ip.n));
		vectors_same(vectors_name(v), ip.at + FIPS_SHIM_SAVED, ip.n - FIPS_SHIM_SAVED,
			     want.at, want.n);
		ck_assert_uint_eq(vectors_u64(v, "saved"), FIPS_SHIM_SAVED);
		vectors_same("bytes in front", ip.at, FIPS_SHIM_SAVED, before.at, FIPS_SHIM_SAVED);
		decompress(shim, v);
	}
	ck_assert_uint_eq(index, 7);
	json_array_foreach(vectors_get(shim, "decompress_only"), index, v) {
		decompress(shim, v);
		if (json_object_get(v, "sender_ipv6")) {
			struct bytes ip = vectors_bytes(v, "sender_ipv6");

			ck_assert(fips_shim_compress(ip.at, ip.n));
			same_member(v, "compressed", ip.at + FIPS_SHIM_SAVED,
				    ip.n - FIPS_SHIM_SAVED);
		}
	}
	ck_assert_uint_eq(index, 2);
}
END_TEST

START_TEST(ipv6_shim_reject)
{
	const json_t *shim = vectors_get(root, "ipv6_shim"), *v;
	struct fips_addr src = node_of(shim, "src"), dest = node_of(shim, "dst");
	size_t index;

	json_array_foreach(vectors_get(shim, "compress_reject"), index, v) {
		struct bytes in = vectors_bytes(v, "input"), before = in;

		ck_assert_msg(!fips_shim_compress(in.at, in.n), "%s", vectors_name(v));
		vectors_same("untouched", in.at, in.n, before.at, before.n);
	}
	json_array_foreach(vectors_get(shim, "decompress_reject"), index, v) {
		struct bytes in = vectors_bytes(v, "input");
		uint8_t room[256], before[256];

		memset(room, 0xa5, sizeof room);
		memcpy(room + 100, in.at, in.n);
		memcpy(before, room, sizeof room);
		ck_assert_msg(!fips_shim_decompress(room + 100, in.n, &src, &dest), "%s",
		              vectors_name(v));
		ck_assert_mem_eq(room, before, sizeof room);
	}
}
END_TEST

static uint64_t less(uint64_t mtu, uint64_t cost)
{
	return mtu > cost ? mtu - cost : 0;
}

START_TEST(sizes)
{
	const json_t *o = vectors_get(root, "overhead"), *v;
	size_t index;

	ck_assert_uint_eq(vectors_u64(o, "fixed"), FIPS_IPV6_OVERHEAD);
	ck_assert_uint_eq(vectors_u64(o, "headroom_before_ipv6"), FIPS_IPV6_HEADROOM);
	ck_assert_uint_eq(vectors_u64(o, "tailroom_after_ipv6"), FIPS_IPV6_TAILROOM);
	json_array_foreach(vectors_get(o, "table"), index, v) {
		uint64_t n = vectors_u64(v, "src_entries"), m = vectors_u64(v, "dest_entries");
		uint64_t lists = n + m ? FIPS_COORDS_LEN(n) + FIPS_COORDS_LEN(m) : 0;

		ck_assert_uint_eq(vectors_u64(v, "coords_bytes"), lists);
		ck_assert_uint_eq(vectors_u64(v, "headroom"), FIPS_IPV6_HEADROOM + lists);
		ck_assert_uint_eq(vectors_u64(v, "tailroom"), FIPS_IPV6_TAILROOM);
		ck_assert_uint_eq(vectors_u64(v, "total"), FIPS_IPV6_OVERHEAD + lists);
	}
	json_array_foreach(vectors_get(root, "pmtu_table"), index, v) {
		uint64_t mtu = vectors_u64(v, "transport_mtu");
		uint64_t ip = less(mtu, FIPS_IPV6_OVERHEAD);

		ck_assert_uint_eq(vectors_u64(v, "max_ipv6_packet"), ip);
		ck_assert_uint_eq(vectors_u64(v, "tcp_mss_ceiling"), less(ip, FIPS_IPV6_HEAD + 20));
		ck_assert_uint_eq(vectors_u64(v, "native_max_payload"),
				  less(mtu, FIPS_DATA_OVERHEAD));
		ck_assert_int_eq(json_is_true(vectors_get(v, "actionable_from_remote")),
		                 mtu >= FIPS_PATH_MTU_MIN);
	}
	ck_assert_uint_eq(index, 19);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("session_vectors");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, sections_are_run_or_skipped);
	tcase_add_test(t, identities);
	tcase_add_test(t, coords);
	tcase_add_test(t, xk);
	tcase_add_test(t, xk_negative);
	tcase_add_test(t, handshake_messages);
	tcase_add_test(t, fsp_frames);
	tcase_add_test(t, fsp_bad_frames);
	tcase_add_test(t, fsp_unauthenticated_coords);
	tcase_add_test(t, sender_report);
	tcase_add_test(t, receiver_report);
	tcase_add_test(t, signals);
	tcase_add_test(t, signals_reject);
	tcase_add_test(t, session_datagrams);
	tcase_add_test(t, ipv6_shim);
	tcase_add_test(t, ipv6_shim_reject);
	tcase_add_test(t, sizes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
