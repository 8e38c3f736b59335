/* test_vectors_link.c - link_vectors.json: identities, key texts, signatures, handshakes with every
 * intermediate value, sealed frames and what has to be refused.  Frames are sealed and opened with
 * every AEAD provider, and refused after every single-bit flip and every truncation. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/hash.h"
#include "core/wire.h"
#include "fips/noise/ik.h"
#include "fips/wire/datagram.h"
#include "fips/wire/link.h"
#include "fips/wire/report.h"
#include "fips/wire/stream.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"

static const struct vectors_account account[] = {
	{ "identities", NULL },
	{ "public_only", NULL },
	{ "key_strings", NULL },
	{ "bip340", NULL },
	{ "ik_transcripts", NULL },
	{ "frames", NULL },
	{ "frame_negatives", NULL },
	{ "datagram_prechecks", NULL },
	{ "tie_break", NULL },
	{ "stream", NULL },
	{ "replay", "run by the tests of the replay window" },
	{ "mmp_script", "run by the tests of the link metrics" },
	{ "timers", "schedules belong to the node's state machine" },
};

static struct fips_curve curve;
static json_t *root;

static void open_file(void)
{
	curve = fips_curve_secp256k1();
	root = vectors_load("link_vectors");
}

static void close_file(void)
{
	json_decref(root);
	fips_curve_close(&curve);
}

START_TEST(sections_are_run_or_skipped)
{
	vectors_account("link_vectors", root, account, COUNT(account));
}
END_TEST

/* Everything that follows from x. */
static void check_names(const json_t *v, const uint8_t xonly[32])
{
	struct fips_addr addr = fips_addr_of_key(xonly);
	char npub[FIPS_KEY_TEXT], text[FIPS_IPV6_TEXT], hex[FIPS_ADDR_TEXT];
	uint8_t ip[16], pub[FIPS_PUB_LEN];

	fips_npub_format(xonly, npub);
	ck_assert_str_eq(npub, vectors_text(v, "npub"));
	ck_assert_ptr_null(fips_npub_parse(npub, &curve, pub));
	ck_assert_uint_eq(pub[0], 2);
	vectors_same("npub back", pub + 1, 32, xonly, 32);
	vectors_same_member(v, "node_addr_hex", addr.b, sizeof addr.b);
	fips_addr_text(&addr, hex);
	ck_assert_str_eq(hex, vectors_text(v, "node_addr_hex"));
	fips_addr_to_ipv6(&addr, ip);
	ck_assert(fips_ipv6_is_mesh(ip));
	if (json_object_get(v, "ipv6_bytes_hex"))
		vectors_same_member(v, "ipv6_bytes_hex", ip, sizeof ip);
	fips_ipv6_text(ip, text);
	ck_assert_str_eq(text, vectors_text(v, "ipv6"));
}

START_TEST(identities)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "identities"), index, v) {
		struct fips_identity id, again;
		char nsec[FIPS_KEY_TEXT];

		ck_assert_ptr_null(fips_identity_parse(&id, &curve, vectors_text(v, "secret_hex")));
		ck_assert_ptr_null(fips_identity_parse(&again, &curve, vectors_text(v, "nsec")));
		ck_assert_mem_eq(id.secret, again.secret, 32);
		vectors_same_member(v, "secret_hex", id.secret, 32);
		vectors_same_member(v, "pubkey_compressed_hex", id.pub, 33);
		vectors_same_member(v, "pubkey_xonly_hex", id.pub + 1, 32);
		vectors_same_member(v, "node_addr_hex", id.addr.b, 16);
		ck_assert_str_eq(id.npub, vectors_text(v, "npub"));
		fips_nsec_format(id.secret, nsec);
		ck_assert_str_eq(nsec, vectors_text(v, "nsec"));
		check_names(v, id.pub + 1);
	}
	ck_assert_uint_eq(index, 12);
}
END_TEST

START_TEST(public_only)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "public_only"), index, v) {
		struct bytes xonly = vectors_bytes(v, "pubkey_xonly_hex");

		check_names(v, xonly.at);
	}
	ck_assert_uint_eq(index, 2);
}
END_TEST

START_TEST(key_strings)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "key_strings"), index, v) {
		const json_t *ok = vectors_get(v, "ok");
		const char *text = vectors_text(v, "text"), *wrong;
		struct fips_identity id;
		uint8_t pub[FIPS_PUB_LEN];

		if (strcmp(vectors_text(v, "kind"), "npub") == 0)
			wrong = fips_npub_parse(text, &curve, pub);
		else
			wrong = fips_identity_parse(&id, &curve, text);
		if (json_is_true(ok))
			ck_assert_msg(!wrong, "%s %s", text, wrong);
		else /* "optional", the bech32m checksum, is refused here */
			ck_assert_msg(wrong, "%s was accepted: %s", text, vectors_name(v));
		if (json_is_true(ok) && json_object_get(v, "secret_hex"))
			vectors_same_member(v, "secret_hex", id.secret, 32);
	}
	ck_assert_uint_eq(index, 14);
}
END_TEST

static const json_t *identity_named(const char *name)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "identities"), index, v)
		if (strcmp(vectors_text(v, "name"), name) == 0)
			return v;
	ck_abort_msg("no identity %s", name);
	return NULL;
}

START_TEST(signatures)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "bip340"), index, v) {
		const json_t *who = identity_named(vectors_text(v, "identity"));
		struct bytes message = vectors_bytes(v, "message_hex");
		uint8_t secret[32], xonly[32], digest[32], aux[32], sig[64];

		vectors_exact(who, "secret_hex", secret, 32);
		vectors_exact(who, "pubkey_xonly_hex", xonly, 32);
		vectors_exact(v, "aux_rand_hex", aux, 32);
		mr_sha256(message.at, message.n, digest);
		vectors_same_member(v, "digest_hex", digest, 32);
		ck_assert(curve.sign(curve.self, secret, digest, aux, sig));
		vectors_same_member(v, "signature_hex", sig, 64);
		ck_assert(curve.verify(curve.self, xonly, digest, sig));
		for (unsigned bit = 0; bit < 8 * 64; bit++) {
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert(!curve.verify(curve.self, xonly, digest, sig));
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		digest[0] ^= 1;
		ck_assert(!curve.verify(curve.self, xonly, digest, sig));
	}
	ck_assert_uint_eq(index, 3);
}
END_TEST

/* One end of a transcript. */
struct end {
	struct fips_identity id;
	uint8_t ephemeral[32], epoch[8];
	uint32_t index;
};

static void read_end(const json_t *v, struct end *e)
{
	uint8_t secret[32], pub[33];

	vectors_exact(v, "static_secret_hex", secret, 32);
	ck_assert_ptr_null(fips_identity_of_secret(&e->id, &curve, secret));
	vectors_same_member(v, "static_pubkey_hex", e->id.pub, 33);
	vectors_exact(v, "ephemeral_secret_hex", e->ephemeral, 32);
	ck_assert(curve.public_key(curve.self, e->ephemeral, pub));
	vectors_same_member(v, "ephemeral_pubkey_hex", pub, 33);
	vectors_exact(v, "epoch_hex", e->epoch, 8);
	e->index = (uint32_t)vectors_u64(v, "index");
}

/* The key schedule by hand, against every intermediate value. */
static void check_schedule(const json_t *v, const struct end *i, const struct end *r)
{
	static const struct { const char *dh, *after; } steps[] = {
		{ "es", "after_es" }, { "ss", "after_ss" },
		{ "ee", "after_ee" }, { "third_msg2_dh", "after_se" },
	};
	const uint8_t *secret[] = { i->ephemeral, i->id.secret, i->ephemeral, i->ephemeral };
	const uint8_t *point[] = { r->id.pub, r->id.pub, NULL, r->id.pub };
	struct fips_symmetric s;
	uint8_t dh[32], e_r[33];

	ck_assert(curve.public_key(curve.self, r->ephemeral, e_r));
	point[2] = e_r;
	fips_symmetric_init(&s, "Noise_IK_secp256k1_ChaChaPoly_SHA256", r->id.pub);
	vectors_same_member(v, "initial_ck_hex", s.ck, 32);
	vectors_same_member(v, "initial_h_after_premessage_hex", s.h, 32);
	for (size_t n = 0; n < COUNT(steps); n++) {
		const json_t *after = vectors_get(v, steps[n].after);

		ck_assert(curve.ecdh(curve.self, secret[n], point[n], dh));
		vectors_same_member(vectors_get(v, "dh"), steps[n].dh, dh, 32);
		fips_symmetric_mix_key(&s, dh);
		vectors_same_member(after, "ck", s.ck, 32);
		vectors_same_member(after, "k", s.k, 32);
	}
}

/* Both ends, over the whole packets of the wire. */
static void check_transcript(const json_t *v, const struct end *i, const struct end *r)
{
	uint8_t packet1[FIPS_MSG1_LEN], packet2[FIPS_MSG2_LEN], send[32], recv[32];
	struct fips_msg1 m1 = { .sender_idx = i->index, .noise = packet1 + 8 };
	struct fips_msg2 m2 = { .sender_idx = r->index, .receiver_idx = i->index };
	struct fips_ik a, b;
	uint8_t noise2[FIPS_IK_MSG2];

	fips_ik_init_initiator(&a, &curve, &i->id, r->id.pub, i->ephemeral, i->epoch);
	fips_ik_init_responder(&b, &curve, &r->id, r->ephemeral, r->epoch);
	ck_assert(fips_ik_write1(&a, packet1 + 8));
	fips_msg1_build(packet1, &m1);
	vectors_same_member(v, "noise_msg1_hex", packet1 + 8, FIPS_IK_MSG1);
	vectors_same_member(v, "wire_msg1_hex", packet1, sizeof packet1);
	vectors_same_member(v, "h_after_msg1_hex", a.sym.h, 32);

	ck_assert_int_eq(fips_frame_check(packet1, sizeof packet1), FIPS_FRAME_MSG1);
	fips_msg1_parse(packet1, &m1);
	ck_assert_uint_eq(m1.sender_idx, i->index);
	ck_assert(fips_ik_read1(&b, m1.noise));
	vectors_same_member(v, "h_after_msg1_hex", b.sym.h, 32);
	vectors_same("caller", b.remote_pub, 33, i->id.pub, 33);
	ck_assert(fips_ik_write2(&b, noise2));
	m2.noise = noise2;
	fips_msg2_build(packet2, &m2);
	vectors_same_member(v, "noise_msg2_hex", noise2, sizeof noise2);
	vectors_same_member(v, "wire_msg2_hex", packet2, sizeof packet2);

	ck_assert_int_eq(fips_frame_check(packet2, sizeof packet2), FIPS_FRAME_MSG2);
	fips_msg2_parse(packet2, &m2);
	ck_assert_uint_eq(m2.sender_idx, r->index);
	ck_assert_uint_eq(m2.receiver_idx, i->index);
	ck_assert(fips_ik_read2(&a, m2.noise));
	vectors_same("epoch", a.remote_epoch, 8, r->epoch, 8);
	vectors_same("epoch", b.remote_epoch, 8, i->epoch, 8);
	vectors_same_member(v, "h_final_hex", a.sym.h, 32);
	vectors_same_member(v, "h_final_hex", b.sym.h, 32);
	fips_ik_split(&a, send, recv);
	vectors_same_member(v, "k_initiator_to_responder_hex", send, 32);
	vectors_same_member(v, "k_responder_to_initiator_hex", recv, 32);
	fips_ik_split(&b, send, recv);
	vectors_same_member(v, "k_responder_to_initiator_hex", send, 32);
	vectors_same_member(v, "k_initiator_to_responder_hex", recv, 32);
}

START_TEST(ik_transcripts)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "ik_transcripts"), index, v) {
		struct end i, r;

		read_end(vectors_get(v, "initiator"), &i);
		read_end(vectors_get(v, "responder"), &r);
		check_schedule(v, &i, &r);
		check_transcript(v, &i, &r);
	}
	ck_assert_uint_eq(index, 3);
}
END_TEST

/* A message built again from what its own parser made of it.  False: no parser for it here. */
static bool rebuild(const uint8_t *message, size_t n, uint8_t *out)
{
	struct fips_sender_report sender;
	struct fips_receiver_report receiver;
	struct fips_datagram datagram;
	enum fips_disconnect reason;

	ck_assert_uint_ge(n, fips_link_message_min(message[0]));
	switch (message[0]) {
	case FIPS_LINK_DATAGRAM:
		ck_assert(fips_datagram_parse(message, n, &datagram));
		fips_datagram_build(out, &datagram);
		memcpy(out + FIPS_DATAGRAM_HEAD, datagram.payload, datagram.payload_len);
		return true;
	case FIPS_LINK_SENDER_REPORT:
		ck_assert(fips_link_sender_parse(message, n, &sender));
		fips_link_sender_build(out, &sender);
		return true;
	case FIPS_LINK_RECEIVER_REPORT:
		ck_assert(fips_link_receiver_parse(message, n, &receiver));
		fips_link_receiver_build(out, &receiver);
		return true;
	case FIPS_LINK_DISCONNECT:
		ck_assert(fips_disconnect_parse(message, n, &reason));
		fips_disconnect_build(out, reason);
		return true;
	case FIPS_LINK_HEARTBEAT: fips_heartbeat_build(out); return true;
	default:                  return false;
	}
}

/* A received frame, checked and opened: the length of its plaintext, or -1. */
static int open_frame(const struct mr_aead *p, const uint8_t key[32], const uint8_t *frame,
		      size_t n, uint8_t *text)
{
	struct fips_link_head head;

	if (fips_frame_check(frame, n) != FIPS_FRAME_ESTABLISHED)
		return -1;
	fips_link_head_parse(frame, &head);
	if (!provider_open(p, key, head.counter, frame, FIPS_LINK_HEAD, frame + FIPS_LINK_HEAD,
	                   n - FIPS_LINK_HEAD, text))
		return -1;
	return head.payload_len;
}

/* No truncation and no single flipped bit of a sealed frame is let through. */
static void refuse_damage(const struct mr_aead *p, const uint8_t key[32], struct bytes frame)
{
	uint8_t text[VECTORS_BYTES_MAX] = { 0 };

	for (size_t n = 0; n < frame.n; n++)
		ck_assert_msg(open_frame(p, key, frame.at, n, text) < 0, "%zu of %zu bytes", n,
			      frame.n);
	for (size_t bit = 0; bit < 8 * frame.n; bit++) {
		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(open_frame(p, key, frame.at, frame.n, text) < 0, "bit %zu", bit);
		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void check_frame(const struct mr_aead *p, const json_t *v)
{
	struct bytes message = vectors_bytes(v, "message_hex"),
		     want = vectors_bytes(v, "packet_hex");
	struct fips_link_head head = {
		.flags = (uint8_t)vectors_u64(v, "flags"),
		.payload_len = (uint16_t)(FIPS_LINK_STAMP + message.n),
		.receiver_idx = (uint32_t)vectors_u64(v, "receiver_index"),
		.counter = vectors_u64(v, "counter"),
	}, back;
	uint8_t key[32], frame[256], text[256], again[256];
	struct fips_link_text inner;

	vectors_exact(v, "key_hex", key, 32);
	fips_link_head_build(frame, &head);
	mr_to_le32(text, (uint32_t)vectors_u64(v, "timestamp_ms"));
	memcpy(text + FIPS_LINK_STAMP, message.at, message.n);
	provider_seal(p, key, head.counter, frame, FIPS_LINK_HEAD, text,
		      FIPS_LINK_STAMP + message.n, frame + FIPS_LINK_HEAD);
	vectors_same(vectors_name(v), frame, message.n + FIPS_LINK_OVERHEAD, want.at, want.n);

	fips_link_head_parse(want.at, &back);
	ck_assert_uint_eq(back.flags, head.flags);
	ck_assert_uint_eq(back.payload_len, head.payload_len);
	ck_assert_uint_eq(back.receiver_idx, head.receiver_idx);
	ck_assert_uint_eq(back.counter, head.counter);
	ck_assert_int_eq(open_frame(p, key, want.at, want.n, text), head.payload_len);
	ck_assert(fips_link_text_parse(text, head.payload_len, &inner));
	ck_assert_uint_eq(inner.timestamp, vectors_u64(v, "timestamp_ms"));
	vectors_same("message", inner.message, inner.len, message.at, message.n);
	ck_assert(rebuild(inner.message, inner.len, again));
	vectors_same("message built again", again, message.n, message.at, message.n);
	refuse_damage(p, key, want);
}

START_TEST(frames)
{
	const struct mr_aead *p;
	const json_t *v;
	size_t index;

	for (unsigned i = 0; (p = provider_next(&i));) {
		json_array_foreach(vectors_get(root, "frames"), index, v)
			check_frame(p, v);
		ck_assert_uint_eq(index, 9);
	}
}
END_TEST

START_TEST(frame_negatives)
{
	const struct mr_aead *p;
	const json_t *v;
	size_t index;

	for (unsigned i = 0; (p = provider_next(&i));) {
		json_array_foreach(vectors_get(root, "frame_negatives"), index, v) {
			struct bytes frame = vectors_bytes(v, "packet_hex");
			uint8_t key[32], text[VECTORS_BYTES_MAX] = { 0 };
			struct fips_link_head head;

			ck_assert(json_is_true(vectors_get(v, "aead_must_fail")));
			vectors_exact(v, "key_hex", key, 32);
			fips_link_head_parse(frame.at, &head);
			ck_assert_msg(!provider_open(p, key, head.counter, frame.at, FIPS_LINK_HEAD,
			                             frame.at + FIPS_LINK_HEAD,
			                             frame.n - FIPS_LINK_HEAD, text),
			              "%s: %s", p->name, vectors_name(v));
		}
		ck_assert_uint_eq(index, 7);
	}
}
END_TEST

START_TEST(datagram_prechecks)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "datagram_prechecks"), index, v) {
		struct bytes in = vectors_bytes(v, "hex");
		const char *want = vectors_text(v, "verdict");
		enum fips_frame got = fips_frame_check(in.at, in.n);
		bool good = got == FIPS_FRAME_ESTABLISHED || got == FIPS_FRAME_MSG1 ||
		            got == FIPS_FRAME_MSG2;
		const char *verdict = good                       ? fips_frame_name(got)
		                      : got == FIPS_FRAME_PUNCH ? "ignore"
		                                                : "drop";

		ck_assert_msg(strcmp(verdict, want) == 0, "%s: %s (%s), not %s", vectors_name(v),
		              verdict, fips_frame_name(got), want);
	}
	ck_assert_uint_eq(index, 17);
}
END_TEST

START_TEST(tie_breaks)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "tie_break"), index, v) {
		const char *a = vectors_text(v, "a"), *b = vectors_text(v, "b");
		struct fips_addr x, y;

		vectors_exact(identity_named(a), "node_addr_hex", x.b, sizeof x.b);
		vectors_exact(identity_named(b), "node_addr_hex", y.b, sizeof y.b);
		ck_assert_str_eq(fips_addr_cmp(&x, &y) < 0 ? a : b, vectors_text(v, "smaller"));
		ck_assert(!fips_addr_eq(&x, &y));
		ck_assert((fips_addr_cmp(&x, &y) < 0) == (fips_addr_cmp(&y, &x) > 0));
	}
	ck_assert_uint_eq(index, 15);
}
END_TEST

/* However far the chunks have come, packets end where the vector says; then more is needed, or all
 * is wrong. */
START_TEST(streams)
{
	const json_t *v, *packet;
	size_t index, k;

	json_array_foreach(vectors_get(root, "stream"), index, v) {
		struct bytes in = vectors_concat(vectors_get(v, "chunks_hex"));
		uint16_t mtu = (uint16_t)vectors_u64(v, "mtu");
		size_t at = 0, len;

		json_array_foreach(json_object_get(v, "packets_hex"), k, packet) {
			struct bytes want = vectors_hex(json_string_value(packet));

			len = fips_stream_packet(in.at + at, in.n - at, mtu);
			ck_assert_uint_le(len, in.n - at);
			vectors_same("packet", in.at + at, len, want.at, want.n);
			at += len;
		}
		len = fips_stream_packet(in.at + at, in.n - at, mtu);
		if (json_object_get(v, "error"))
			ck_assert_uint_eq(len, FIPS_STREAM_WRONG);
		else if (json_object_get(v, "need_more_bytes"))
			ck_assert_uint_eq(len, in.n - at + vectors_u64(v, "need_more_bytes"));
		else
			ck_assert_uint_eq(len, FIPS_STREAM_MORE);
	}
	ck_assert_uint_eq(index, 6);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("link_vectors");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, sections_are_run_or_skipped);
	tcase_add_test(t, identities);
	tcase_add_test(t, public_only);
	tcase_add_test(t, key_strings);
	tcase_add_test(t, signatures);
	tcase_add_test(t, ik_transcripts);
	tcase_add_test(t, frames);
	tcase_add_test(t, frame_negatives);
	tcase_add_test(t, datagram_prechecks);
	tcase_add_test(t, tie_breaks);
	tcase_add_test(t, streams);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
