/* test_vectors_golden.c - golden_vectors.json: primitives, complete handshakes, transport keys.
 * Every entry is recomputed from its inputs and, where there are two directions, read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/aead.h"
#include "core/hash.h"
#include "fips/noise/ik.h"
#include "fips/noise/xk.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"

static struct fips_curve curve;

static void run_pubkey(const json_t *v)
{
	struct bytes secret = vectors_bytes(v, "secret_hex"), want = vectors_bytes(v, "pubkey_hex");
	uint8_t pub[FIPS_PUB_LEN];

	ck_assert(curve.public_key(curve.self, secret.at, pub));
	vectors_same(vectors_name(v), pub, sizeof pub, want.at, want.n);
}

static void run_ecdh(const json_t *v)
{
	struct bytes secret = vectors_bytes(v, "initiator_secret_hex");
	struct bytes pub = vectors_bytes(v, "responder_pubkey_hex");
	struct bytes want = vectors_bytes(v, "shared_secret_hex");
	uint8_t out[FIPS_DH_LEN];

	for (unsigned parity = 2; parity <= 3; parity++) {
		pub.at[0] = (uint8_t)parity;
		ck_assert(curve.ecdh(curve.self, secret.at, pub.at, out));
		vectors_same(vectors_name(v), out, sizeof out, want.at, want.n);
	}
}

static void run_hkdf(const json_t *v)
{
	struct bytes ikm = vectors_bytes(v, "ikm_hex"), want = vectors_bytes(v, "output_hex");
	uint8_t salt[32], out[64];

	vectors_exact(v, "salt_hex", salt, sizeof salt);
	mr_hkdf2(salt, ikm.at, ikm.n, out, out + 32);
	vectors_same(vectors_name(v), out, sizeof out, want.at, want.n);
}

/* Seal the text and open the result with every provider, the handshakes' one-packet calls too. */
static void seal_and_open(const char *name, const uint8_t key[32], uint64_t nonce,
                          const struct bytes *aad, const struct bytes *text,
                          const struct bytes *want)
{
	const struct mr_aead *p;
	uint8_t out[VECTORS_BYTES_MAX];

	for (unsigned i = 0; (p = provider_next(&i));) {
		provider_seal(p, key, nonce, aad->at, aad->n, text->at, text->n, out);
		vectors_same(name, out, text->n + MR_AEAD_TAG, want->at, want->n);
		ck_assert(provider_open(p, key, nonce, aad->at, aad->n, out, want->n, out));
		vectors_same(name, out, text->n, text->at, text->n);
	}
	mr_aead_seal_one(key, nonce, aad->at, aad->n, text->at, text->n, out);
	vectors_same(name, out, text->n + MR_AEAD_TAG, want->at, want->n);
	ck_assert(mr_aead_open_one(key, nonce, aad->at, aad->n, out, want->n, out));
	vectors_same(name, out, text->n, text->at, text->n);
}

static void run_aead(const json_t *v)
{
	struct bytes aad = vectors_bytes(v, "aad_hex"), text = vectors_bytes(v, "plaintext_hex");
	struct bytes want = vectors_bytes(v, "ciphertext_hex");
	uint8_t key[32];

	vectors_exact(v, "key_hex", key, sizeof key);
	seal_and_open(vectors_name(v), key, vectors_u64(v, "nonce"), &aad, &text, &want);
}

static void run_mix_key(const json_t *v)
{
	struct bytes ck = vectors_bytes(v, "new_chaining_key_hex"),
		     k = vectors_bytes(v, "new_key_hex");
	struct fips_symmetric s = { .n = 7 };
	uint8_t dh[32];

	vectors_exact(v, "chaining_key_hex", s.ck, sizeof s.ck);
	vectors_exact(v, "dh_output_hex", dh, sizeof dh);
	fips_symmetric_mix_key(&s, dh);
	vectors_same(vectors_name(v), s.ck, 32, ck.at, ck.n);
	vectors_same(vectors_name(v), s.k, 32, k.at, k.n);
	ck_assert_uint_eq(s.n, 0);
}

static void run_split(const json_t *v)
{
	struct bytes want1 = vectors_bytes(v, "k1_hex"), want2 = vectors_bytes(v, "k2_hex");
	struct fips_symmetric s = { 0 };
	uint8_t k1[32], k2[32];

	vectors_exact(v, "chaining_key_hex", s.ck, sizeof s.ck);
	fips_symmetric_split(&s, k1, k2);
	vectors_same(vectors_name(v), k1, 32, want1.at, want1.n);
	vectors_same(vectors_name(v), k2, 32, want2.at, want2.n);
}

/* One end of a handshake, from its members "<role>_...". */
struct end {
	struct fips_identity id;
	uint8_t ephemeral[32], epoch[8], send[32], recv[32];
};

static void read_end(const json_t *v, const char *role, struct end *e)
{
	static const struct { const char *member; size_t at, n; } parts[] = {
		{ "ephemeral_secret_hex",   offsetof(struct end, ephemeral), 32 },
		{ "epoch_hex",              offsetof(struct end, epoch),     8  },
		{ "transport_send_key_hex", offsetof(struct end, send),      32 },
		{ "transport_recv_key_hex", offsetof(struct end, recv),      32 },
	};
	uint8_t secret[32], pub[33], made[33];
	char key[64];

	for (size_t i = 0; i < COUNT(parts); i++) {
		snprintf(key, sizeof key, "%s_%s", role, parts[i].member);
		vectors_exact(v, key, (uint8_t *)e + parts[i].at, parts[i].n);
	}
	snprintf(key, sizeof key, "%s_static_secret_hex", role);
	vectors_exact(v, key, secret, sizeof secret);
	ck_assert_ptr_null(fips_identity_of_secret(&e->id, &curve, secret));
	snprintf(key, sizeof key, "%s_static_pubkey_hex", role);
	vectors_exact(v, key, pub, sizeof pub);
	vectors_same(key, e->id.pub, sizeof pub, pub, sizeof pub);
	snprintf(key, sizeof key, "%s_ephemeral_pubkey_hex", role);
	vectors_exact(v, key, pub, sizeof pub);
	ck_assert(curve.public_key(curve.self, e->ephemeral, made));
	vectors_same(key, made, sizeof made, pub, sizeof pub);
}

static void run_ik(const json_t *v)
{
	struct end i, r;
	struct fips_ik a, b;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2], send[32], recv[32];

	read_end(v, "initiator", &i);
	read_end(v, "responder", &r);
	fips_ik_init_initiator(&a, &curve, &i.id, r.id.pub, i.ephemeral, i.epoch);
	fips_ik_init_responder(&b, &curve, &r.id, r.ephemeral, r.epoch);
	ck_assert(fips_ik_write1(&a, msg1));
	vectors_same_member(v, "msg1_hex", msg1, sizeof msg1);
	ck_assert(fips_ik_read1(&b, msg1));
	vectors_same_member(v, "msg1_payload_hex", b.remote_epoch, 8);
	vectors_same("caller", b.remote_pub, 33, i.id.pub, 33);
	ck_assert(fips_ik_write2(&b, msg2));
	vectors_same_member(v, "msg2_hex", msg2, sizeof msg2);
	ck_assert(fips_ik_read2(&a, msg2));
	vectors_same_member(v, "msg2_payload_hex", a.remote_epoch, 8);

	vectors_same_member(v, "handshake_hash_hex", a.sym.h, 32);
	vectors_same_member(v, "handshake_hash_hex", b.sym.h, 32);
	fips_ik_split(&a, send, recv);
	vectors_same("initiator sends", send, 32, i.send, 32);
	vectors_same("initiator receives", recv, 32, i.recv, 32);
	fips_ik_split(&b, send, recv);
	vectors_same("responder sends", send, 32, r.send, 32);
	vectors_same("responder receives", recv, 32, r.recv, 32);
}

static void run_xk(const json_t *v)
{
	struct end i, r;
	struct fips_xk a, b;
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3], send[32], recv[32];

	read_end(v, "initiator", &i);
	read_end(v, "responder", &r);
	fips_xk_init_initiator(&a, &curve, &i.id, r.id.pub, i.ephemeral, i.epoch);
	fips_xk_init_responder(&b, &curve, &r.id, r.ephemeral, r.epoch);
	ck_assert(fips_xk_write1(&a, msg1));
	vectors_same_member(v, "msg1_hex", msg1, sizeof msg1);
	ck_assert(fips_xk_read1(&b, msg1));
	ck_assert(fips_xk_write2(&b, msg2));
	vectors_same_member(v, "msg2_hex", msg2, sizeof msg2);
	ck_assert(fips_xk_read2(&a, msg2));
	vectors_same_member(v, "msg2_payload_hex", a.remote_epoch, 8);
	ck_assert(fips_xk_write3(&a, msg3));
	vectors_same_member(v, "msg3_hex", msg3, sizeof msg3);
	ck_assert(fips_xk_read3(&b, msg3));
	vectors_same_member(v, "msg3_payload_hex", b.remote_epoch, 8);
	vectors_same("caller", b.remote_pub, 33, i.id.pub, 33);

	vectors_same_member(v, "handshake_hash_hex", a.sym.h, 32);
	vectors_same_member(v, "handshake_hash_hex", b.sym.h, 32);
	fips_xk_split(&a, send, recv);
	vectors_same("initiator sends", send, 32, i.send, 32);
	vectors_same("initiator receives", recv, 32, i.recv, 32);
	fips_xk_split(&b, send, recv);
	vectors_same("responder sends", send, 32, r.send, 32);
	vectors_same("responder receives", recv, 32, r.recv, 32);
}

static void run_transport(const json_t *v)
{
	const json_t *frames = vectors_get(v, "frames"), *f;
	size_t index;

	json_array_foreach(frames, index, f) {
		bool from_initiator =
			strcmp(vectors_text(f, "direction"), "initiator_to_responder") == 0;
		struct bytes aad = vectors_bytes(f, "aad_hex"),
			     text = vectors_bytes(f, "plaintext_hex");
		struct bytes want = vectors_bytes(f, "ciphertext_hex");
		uint8_t key[32];

		vectors_exact(v,
		              from_initiator ? "initiator_transport_send_key_hex"
		                             : "responder_transport_send_key_hex",
		              key, sizeof key);
		seal_and_open(vectors_name(v), key, vectors_u64(f, "nonce"), &aad, &text, &want);
	}
}

static const struct {
	const char *type;
	void (*run)(const json_t *v);
	unsigned entries;
} types[] = {
	{ "pubkey", run_pubkey, 5 },	   { "ecdh", run_ecdh, 4 },
	{ "hkdf", run_hkdf, 4 },	   { "aead", run_aead, 4 },
	{ "mix_key", run_mix_key, 4 },	   { "split", run_split, 4 },
	{ "ik_handshake", run_ik, 11 },	   { "xk_handshake", run_xk, 7 },
	{ "transport", run_transport, 4 },
};

/* One loop test a type, so that a failure names it. */
START_TEST(entries_of_a_type)
{
	json_t *root = vectors_load("golden_vectors");
	const json_t *vectors = vectors_get(root, "vectors"), *v;
	unsigned run = 0;
	size_t index;

	curve = fips_curve_secp256k1();
	json_array_foreach(vectors, index, v) {
		if (strcmp(vectors_text(v, "type"), types[_i].type) != 0)
			continue;
		types[_i].run(v);
		run++;
	}
	ck_assert_uint_eq(run, types[_i].entries);
	fips_curve_close(&curve);
	json_decref(root);
}
END_TEST

START_TEST(nothing_is_left_out)
{
	static const struct vectors_account account[] = { { "vectors", NULL } };
	json_t *root = vectors_load("golden_vectors");
	const struct mr_aead *p;
	unsigned entries = 0;

	for (unsigned i = 0; (p = provider_next(&i));)
		printf("sealed and opened with %s\n", p->name);
	vectors_account("golden_vectors", root, account, COUNT(account));
	for (size_t i = 0; i < COUNT(types); i++)
		entries += types[i].entries;
	ck_assert_uint_eq(entries, json_array_size(vectors_get(root, "vectors")));
	json_decref(root);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("golden_vectors");
	TCase *t = tcase_create("entries");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, entries_of_a_type, 0, (int)COUNT(types));
	tcase_add_test(t, nothing_is_left_out);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
