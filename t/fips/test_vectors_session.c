/* test_vectors_session.c - session_vectors.json: names, coordinates, handshakes with every state
 * and handshake messages, each built from its fields and parsed back into them.  What is sealed is
 * looked at by test_vectors_fsp.c, reports and envelopes by test_vectors_envelope.c. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/noise/xk.h"
#include "fips/wire/fsp.h"
#include "t/lib/vectors.h"
#include "t/lib/vectors_coords.h"

static const struct vectors_account account[] = {
	{ "identities", NULL },
	{ "coords", NULL },
	{ "xk", NULL },
	{ "xk_negative", NULL },
	{ "handshake_messages", NULL },
	{ "ipv6_shim", "run by test_vectors_envelope" },
	{ "fsp_frames", "run by test_vectors_fsp" },
	{ "fsp_bad_frames", "run by test_vectors_fsp" },
	{ "fsp_unauthenticated_coords", "run by test_vectors_fsp" },
	{ "reports", "run by test_vectors_envelope" },
	{ "signals", "run by test_vectors_envelope" },
	{ "signals_reject", "run by test_vectors_envelope" },
	{ "session_datagrams", "run by test_vectors_envelope" },
	{ "pmtu_table", "run by test_vectors_envelope" },
	{ "overhead", "run by test_vectors_envelope" },
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
		vectors_same_member(v, "pubkey33", id.pub, 33);
		vectors_same_member(v, "pubkey_xonly", id.pub + 1, 32);
		ck_assert_str_eq(id.npub, vectors_text(v, "npub"));
		vectors_same_member(v, "node_addr", id.addr.b, 16);
		fips_addr_to_ipv6(&id.addr, ip);
		vectors_same_member(v, "ipv6", ip, 16);
		fips_ipv6_text(ip, text);
		ck_assert_str_eq(text, vectors_text(v, "ipv6_text"));
	}
}
END_TEST

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
		c = vectors_coords(&list);
		fips_coords_put(&w, &c);
		ck_assert(mr_wire_ok(&w));
		vectors_same(lists[i][1], out, (size_t)(w.at - out), want.at, want.n);
		w = mr_wire_read(want.at, want.n);
		fips_coords_get(&w, 0, &back);
		ck_assert(mr_wire_ok(&w) && mr_wire_left(&w) == 0);
		vectors_same_coords(lists[i][1], &back, &list);
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
		vectors_same_member(state, "ck", s->ck, 32);
		vectors_same_member(state, "h", s->h, 32);
		if (!json_is_null(vectors_get(state, "k")))
			vectors_same_member(state, "k", s->k, 32);
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
	vectors_same_member(v, "initiator_static_pub", p->initiator.pub, 33);
	vectors_exact(v, "responder_static_secret", secret, 32);
	ck_assert_ptr_null(fips_identity_of_secret(&p->responder, &curve, secret));
	vectors_same_member(v, "responder_static_pub", p->responder.pub, 33);
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
	vectors_same_member(v, key, dh, 32);
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
		vectors_same_member(v, "msg1", msg1, sizeof msg1);
		same_state(v, "msg1 es", &p.i.sym);
		check_inner_states(v, &p);
		ck_assert(fips_xk_read1(&p.r, msg1));
		same_state(v, "msg1 es", &p.r.sym);
		ck_assert(fips_xk_write2(&p.r, msg2));
		vectors_same_member(v, "msg2", msg2, sizeof msg2);
		same_state(v, "msg2 end", &p.r.sym);
		ck_assert(fips_xk_read2(&p.i, msg2));
		same_state(v, "msg2 end", &p.i.sym);
		vectors_same_member(v, "responder_epoch", p.i.remote_epoch, 8);
		ck_assert(fips_xk_write3(&p.i, msg3));
		vectors_same_member(v, "msg3", msg3, sizeof msg3);
		same_state(v, "msg3 end", &p.i.sym);
		ck_assert(fips_xk_read3(&p.r, msg3));
		same_state(v, "msg3 end", &p.r.sym);
		vectors_same_member(v, "initiator_static_pub", p.r.remote_pub, 33);
		vectors_same_member(v, "initiator_epoch", p.r.remote_epoch, 8);
		vectors_same_member(v, "final_hash", p.i.sym.h, 32);
		fips_xk_split(&p.i, send, recv);
		vectors_same_member(v, "initiator_send_key", send, 32);
		vectors_same_member(v, "initiator_recv_key", recv, 32);
		fips_xk_split(&p.r, send, recv);
		vectors_same_member(v, "responder_send_key", send, 32);
		vectors_same_member(v, "responder_recv_key", recv, 32);
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
	struct fips_fsp_setup in = { .src = vectors_coords(&src), .dest = vectors_coords(&dest),
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
	vectors_same_coords("source list", &out.src, &src);
	vectors_same_coords("destination list", &out.dest, &dest);
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
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
