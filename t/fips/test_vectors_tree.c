/* test_vectors_tree.c - mesh_vectors.json, the spanning tree: announcements built and received, 24
 * nodes that choose parents, and flap dampening.
 *
 * The simulations are the reference's, which keeps a worse root when only unmeasured neighbours
 * lead to a better one: strict_costs.  Where we differ otherwise, the difference is named here. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/wire.h"
#include "fips/node/tree.h"
#include "t/lib/vectors.h"

static const struct vectors_account account[] = {
	{ "conventions", "prose" },
	{ "identities", "run by the tests of the golden vectors" },
	{ "signing", NULL },
	{ "tree_announce", NULL },
	{ "coords", "run by the tests of filters" },
	{ "distance", "run by the tests of filters" },
	{ "bloom", "run by the tests of filters" },
	{ "filter_announce", "run by the tests of filters" },
	{ "lookup_request", "run by the tests of lookups" },
	{ "lookup_response", "run by the tests of lookups" },
	{ "lookup_request_timeline", "run by the tests of lookups" },
	{ "session_datagram", "run by the tests of transit" },
	{ "error_signals", "run by the tests of lookups" },
	{ "error_signal_limiter", "run by the tests of lookups" },
	{ "coord_cache_warming", "run by the tests of lookups" },
	{ "parent_selection", NULL },
	{ "flap_dampening", NULL },
	{ "next_hop", "run by the tests of filters" },
	{ "mesh5", "run by the tests of filters" },
};

static struct fips_curve curve;
static json_t *root;

static void open_file(void)
{
	curve = fips_curve_secp256k1();
	root = vectors_load("mesh_vectors");
}

static void close_file(void)
{
	json_decref(root);
	fips_curve_close(&curve);
}

START_TEST(sections_are_run_or_skipped)
{
	vectors_account("mesh_vectors", root, account, COUNT(account));
}
END_TEST

static struct fips_addr address(const json_t *v, const char *key)
{
	struct fips_addr a;

	vectors_exact(v, key, a.b, sizeof a.b);
	return a;
}

static struct fips_addr address_text(const json_t *text)
{
	struct bytes b = vectors_hex(json_string_value(text));

	ck_assert_uint_eq(b.n, FIPS_ADDR_LEN);
	return fips_addr_at(b.at);
}

/* --- announcements ---------------------------------------------------------------------------- */

static struct fips_identity identity_named(const char *name)
{
	struct fips_identity id = { 0 };
	uint8_t secret[FIPS_SECRET_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach(vectors_get(root, "identities"), i, v) {
		if (strcmp(vectors_text(v, "name"), name) != 0)
			continue;
		vectors_exact(v, "seckey", secret, sizeof secret);
		ck_assert_ptr_null(fips_identity_of_secret(&id, &curve, secret));
		return id;
	}
	ck_abort_msg("no identity %s", name);
	return id;
}

/* From its fields to the message, signature and all. */
static void check_built(const json_t *v)
{
	static const uint8_t aux[32];
	const json_t *list = vectors_get(v, "entries"), *e;
	struct bytes want = vectors_bytes(v, "message");
	struct fips_identity me = identity_named(vectors_text(v, "signer"));
	struct fips_declaration says = { .node = me.addr, .parent = address(v, "parent"),
		                         .sequence = vectors_u64(v, "seq"),
		                         .timestamp = vectors_u64(v, "ts") };
	uint8_t entries[40 * FIPS_TREE_ENTRY], sig[FIPS_SIG_LEN], out[VECTORS_BYTES_MAX];
	uint8_t bytes[FIPS_TREE_SIGNED];
	struct mr_wire to = mr_wire_write(entries, sizeof entries);
	struct fips_tree_announce a = { .says = says, .entries = entries, .signature = sig,
		                        .n = (unsigned)json_array_size(list) };
	size_t i;

	json_array_foreach(list, i, e) {
		struct fips_addr node = address(e, "node_addr");

		mr_put_bytes(&to, node.b, sizeof node.b);
		mr_put_le64(&to, vectors_u64(e, "seq"));
		mr_put_le64(&to, vectors_u64(e, "ts"));
	}
	ck_assert(mr_wire_ok(&to));
	fips_declaration_bytes(&says, bytes);
	vectors_same("signing_bytes", bytes, sizeof bytes, vectors_bytes(v, "signing_bytes").at,
	             48);
	ck_assert(fips_declaration_sign(&says, &curve, &me, aux, sig));
	vectors_same("signature", sig, sizeof sig, vectors_bytes(v, "signature").at, 64);
	ck_assert(fips_declaration_verify(&says, &curve, me.pub + 1, sig));
	ck_assert_uint_eq(fips_tree_announce_build(out, sizeof out, &a), want.n);
	vectors_same(vectors_name(v), out, want.n, want.at, want.n);
	for (size_t room = 0; room < want.n; room++)
		ck_assert_uint_eq(fips_tree_announce_build(out, room, &a), 0);
}

/* ... and back. */
static void check_parsed(const json_t *v)
{
	const json_t *list = vectors_get(v, "entries"), *e;
	struct bytes message = vectors_bytes(v, "message");
	struct fips_addr parent = address(v, "parent"), node;
	struct fips_tree_announce a;
	size_t i;

	ck_assert(fips_tree_announce_parse(message.at, message.n, &a));
	ck_assert(fips_tree_announce_sound(&a));
	ck_assert_uint_eq(a.n, json_array_size(list));
	ck_assert_uint_eq(a.says.sequence, vectors_u64(v, "seq"));
	ck_assert_uint_eq(a.says.timestamp, vectors_u64(v, "ts"));
	ck_assert(fips_addr_eq(&a.says.parent, &parent));
	json_array_foreach(list, i, e) {
		const uint8_t *entry = fips_tree_entry(a.entries, (unsigned)i);

		node = address(e, "node_addr");
		ck_assert_mem_eq(entry, node.b, FIPS_ADDR_LEN);
		ck_assert_uint_eq(mr_le64(entry + 16), vectors_u64(e, "seq"));
		ck_assert_uint_eq(mr_le64(entry + 24), vectors_u64(e, "ts"));
		if (i == 0)
			ck_assert(fips_addr_eq(&a.says.node, &node));
	}
	for (size_t n = 0; n < message.n; n++)
		ck_assert(!fips_tree_announce_parse(message.at, n, &a));
}

START_TEST(signing)
{
	static const uint8_t aux[32];
	const json_t *v = vectors_get(vectors_get(root, "signing"), "example");
	struct fips_identity me = identity_named(vectors_text(v, "signer"));
	struct bytes data = vectors_bytes(v, "data");
	uint8_t digest[MR_SHA256_LEN], sig[FIPS_SIG_LEN];

	mr_sha256(data.at, data.n, digest);
	vectors_same("digest", digest, sizeof digest, vectors_bytes(v, "digest").at, 32);
	ck_assert(curve.sign(curve.self, me.secret, digest, aux, sig));
	vectors_same("sig", sig, sizeof sig, vectors_bytes(v, "sig").at, 64);
	ck_assert(curve.verify(curve.self, me.pub + 1, digest, sig));
}
END_TEST

START_TEST(announcements)
{
	const json_t *v;
	size_t i;

	json_array_foreach(vectors_get(vectors_get(root, "tree_announce"), "valid"), i, v) {
		check_built(v);
		check_parsed(v);
	}
	ck_assert_uint_ge(i, 8);
}
END_TEST

static bool unmeasured(void *self, unsigned peer, double *cost)
{
	(void)self;
	(void)peer;
	*cost = 0;
	return false;
}

static struct fips_tree open_tree(const struct fips_addr *me,
                                  const struct fips_tree_settings *settings,
                                  struct fips_tree_costs costs)
{
	struct fips_tree t;

	ck_assert(fips_tree_open(&t, me, 16, settings, &costs, 1, 0));
	return t;
}

/* The whole of mesh.md 1.3, as the node does it: the sequence before the signature. */
static const char *receive(struct fips_tree *t, struct bytes message, const uint8_t xonly[32])
{
	struct fips_tree_clocks at = { .now = MR_NS_PER_S };
	struct fips_tree_announce a;
	enum fips_tree_count verdict;

	if (!fips_tree_announce_parse(message.at, message.n, &a))
		return fips_tree_count_name(FIPS_TREE_DECODE_ERROR);
	verdict = fips_tree_check(t, 3, &a);
	if (verdict == FIPS_TREE_ACCEPTED &&
	    !fips_declaration_verify(&a.says, &curve, xonly, a.signature))
		verdict = FIPS_TREE_SIG_FAILED;
	if (verdict == FIPS_TREE_ACCEPTED && !fips_tree_credible(&a))
		verdict = FIPS_TREE_ANCESTRY_INVALID;
	if (verdict == FIPS_TREE_ACCEPTED) {
		fips_tree_accept(t, 3, &a, &at);
		ck_assert_uint_eq(t->peers[3].way.path.n, a.n);
		ck_assert_int_eq(fips_tree_check(t, 3, &a), FIPS_TREE_STALE);
	}
	return fips_tree_count_name(verdict);
}

START_TEST(received)
{
	struct fips_tree_settings settings = fips_tree_settings_default();
	const json_t *v;
	size_t i;

	json_array_foreach(vectors_get(vectors_get(root, "tree_announce"), "receive_cases"), i, v) {
		struct fips_addr me = { { 0 } }, peer = address(v, "link_peer");
		struct fips_tree t =
			open_tree(&me, &settings, (struct fips_tree_costs){ unmeasured, NULL });
		const char *want = vectors_text(v, "expect"), *got;
		uint8_t xonly[32];

		/* Ours (mesh.md 1.3): no correct node has an address twice in its path. */
		if (strcmp(vectors_name(v), "duplicate_interior_entry") == 0)
			want = "ancestry_invalid";
		vectors_exact(v, "link_pubkey_x", xonly, sizeof xonly);
		fips_tree_peer_up(&t, 3, &peer);
		if (!json_is_null(json_object_get(v, "stored_seq"))) {
			t.peers[3].sequence = vectors_u64(v, "stored_seq");
			fips_treepath_single(&t.peers[3].way.path, &peer);
		}
		got = receive(&t, vectors_bytes(v, "message"), xonly);
		ck_assert_msg(strcmp(got, want) == 0, "%s: %s, not %s", vectors_name(v), got, want);
		fips_tree_close(&t);
	}
	ck_assert_uint_ge(i, 30);
}
END_TEST

/* --- who becomes parent ----------------------------------------------------------------------- */

static const json_t *costs_now;

struct sim {
	struct fips_tree t;
	unsigned         n; /* slots taken */
	uint64_t         sequence;
};

static bool cost_of(void *self, unsigned peer, double *cost)
{
	const struct sim *s = self;
	char text[FIPS_ADDR_TEXT];
	const json_t *v;

	fips_addr_text(&s->t.peers[peer].addr, text);
	v = json_object_get(costs_now, text);
	*cost = json_number_value(v);
	return v != NULL;
}

/* The slot of a peer; its link comes up when it is first spoken of. */
static unsigned slot(struct sim *s, const struct fips_addr *addr)
{
	for (unsigned i = 0; i < s->n; i++)
		if (fips_addr_eq(&s->t.peers[i].addr, addr))
			return i;
	fips_tree_peer_up(&s->t, s->n, addr);
	return s->n++;
}

static struct fips_tree_outcome announced(struct sim *s, unsigned peer, const json_t *step,
                                          const struct fips_tree_clocks *at)
{
	uint8_t entries[32 * FIPS_TREE_ENTRY] = { 0 };
	const json_t *path = vectors_get(step, "coords"), *e;
	struct fips_tree_announce a = { .n = (unsigned)json_array_size(path), .entries = entries };
	size_t i;

	json_array_foreach(path, i, e) {
		struct fips_addr node = address_text(e);

		memcpy(entries + i * FIPS_TREE_ENTRY, node.b, sizeof node.b);
	}
	a.says.node = fips_addr_at(entries);
	a.says.parent = fips_addr_at(fips_tree_entry(entries, a.n > 1));
	a.says.sequence = ++s->sequence;
	ck_assert_int_eq(fips_tree_check(&s->t, peer, &a), FIPS_TREE_ACCEPTED);
	ck_assert(fips_tree_credible(&a));
	return fips_tree_accept(&s->t, peer, &a, at);
}

static struct fips_tree_outcome do_step(struct sim *s, const json_t *step, uint64_t ms)
{
	struct fips_tree_clocks at = { .now = ms * MR_NS_PER_MS, .unix_ms = ms };
	const char *op = vectors_text(step, "op");
	struct fips_tree_outcome out;
	struct fips_addr addr;
	unsigned peer;

	if (strcmp(op, "periodic") == 0)
		return fips_tree_reevaluate(&s->t, &at);
	addr = address(step, "peer");
	peer = slot(s, &addr);
	if (strcmp(op, "announce") == 0)
		return announced(s, peer, step, &at);
	ck_assert_str_eq(op, "remove");
	out = fips_tree_peer_down(&s->t, peer, &at);
	fips_tree_peer_up(&s->t, peer, &addr); /* its cost stays in the list */
	return out;
}

static void check_after(const struct sim *s, const json_t *after, const char *where)
{
	const struct fips_tree *t = &s->t;
	struct fips_addr parent = address(after, "parent");
	const json_t *path = vectors_get(after, "coords"), *e;
	size_t i;

	ck_assert_msg(fips_addr_eq(&t->says.parent, &parent), "%s: parent", where);
	ck_assert_msg(t->says.sequence == vectors_u64(after, "seq"), "%s: sequence", where);
	ck_assert_msg(fips_tree_is_root(t) == json_is_true(vectors_get(after, "is_root")),
	              "%s: root", where);
	ck_assert_msg(fips_tree_path(t)->n == json_array_size(path), "%s: depth", where);
	json_array_foreach(path, i, e) {
		struct fips_addr a = address_text(e);

		ck_assert_msg(fips_addr_eq(&fips_tree_path(t)->a[i], &a), "%s: path", where);
	}
	ck_assert(fips_tree_is_root(t) ||
	          fips_addr_eq(&t->peers[t->parent].addr, &t->says.parent));
}

static void check_step(struct sim *s, const json_t *step, const char *where)
{
	uint64_t ms = vectors_u64(step, "t_ms");
	const char *want = vectors_text(step, "decision"), *got;
	bool announce = json_is_true(vectors_get(step, "announce"));
	struct fips_tree_outcome out;
	const json_t *cost;
	const char *key;

	costs_now = vectors_get(step, "costs");
	json_object_foreach((json_t *)(uintptr_t)costs_now, key, cost) {
		struct bytes b = vectors_hex(key);
		struct fips_addr addr = fips_addr_at(b.at);

		slot(s, &addr);
	}
	for (unsigned i = 0; i < s->n; i++)
		fips_tree_sent(&s->t, i, ms * MR_NS_PER_MS);
	ck_assert_msg(fips_tree_flap_vetoes(&s->t.flap, ms * MR_NS_PER_MS) ==
	                      json_is_true(vectors_get(step, "switch_suppressed_before")),
	              "%s: veto", where);
	out = do_step(s, step, ms);
	got = fips_tree_decision_name(out.decision);
	if (out.decision == FIPS_TREE_NO_CHANGE && strcmp(want, "none") == 0)
		want = got;
	ck_assert_msg(strcmp(got, want) == 0, "%s: %s, not %s", where, got, want);
	ck_assert_msg(out.announce == announce, "%s: announce", where);
	for (unsigned i = 0; announce && i < s->n; i++)
		ck_assert_msg(s->t.peers[i].pending, "%s: peer %u is not told", where, i);
	check_after(s, vectors_get(step, "after"), where);
}

START_TEST(parents)
{
	const json_t *sims = vectors_get(vectors_get(root, "parent_selection"), "sims"), *v, *step;
	size_t i, j, steps = 0;

	json_array_foreach(sims, i, v) {
		struct fips_tree_settings settings = fips_tree_settings_default();
		struct fips_addr me = address(v, "self");
		const json_t *flap = vectors_get(v, "flap");
		struct sim s = { 0 };
		char where[64];

		settings.strict_costs = true;
		settings.hysteresis = json_number_value(vectors_get(v, "hysteresis"));
		settings.hold_down = (uint32_t)vectors_u64(v, "hold_down_ms");
		settings.flap_threshold = (uint32_t)vectors_u64(flap, "threshold");
		settings.flap_window = (uint32_t)vectors_u64(flap, "window_ms");
		settings.flap_dampening = (uint32_t)vectors_u64(flap, "dampening_ms");
		s.t = open_tree(&me, &settings, (struct fips_tree_costs){ cost_of, &s });
		json_array_foreach(vectors_get(v, "steps"), j, step) {
			snprintf(where, sizeof where, "simulation %zu, step %zu", i, j);
			check_step(&s, step, where);
			steps++;
		}
		fips_tree_close(&s.t);
	}
	ck_assert_uint_eq(i, 24);
	ck_assert_uint_eq(steps, 709);
}
END_TEST

START_TEST(flapping)
{
	const json_t *v = vectors_get(root, "flap_dampening"), *e;
	struct fips_tree_flap f = {
		.threshold = (unsigned)vectors_u64(v, "threshold"),
		.window = vectors_u64(v, "window_ms") * MR_NS_PER_MS,
		.dampening = vectors_u64(v, "dampening_ms") * MR_NS_PER_MS,
	};
	size_t i;

	json_array_foreach(vectors_get(v, "events"), i, e) {
		uint64_t now = vectors_u64(e, "t_ms") * MR_NS_PER_MS;

		if (strcmp(vectors_text(e, "op"), "switch") == 0)
			ck_assert_msg(fips_tree_flap_chose(&f, true, now) ==
			                      json_is_true(vectors_get(e, "engaged")),
			              "event %zu: engaged", i);
		ck_assert_msg(fips_tree_flap_dampened(&f, now) ==
		                      json_is_true(vectors_get(e, "dampened")),
		              "event %zu: dampened", i);
		ck_assert(fips_tree_flap_vetoes(&f, now) == fips_tree_flap_dampened(&f, now));
	}
	ck_assert_uint_eq(i, 19);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mesh_vectors: tree");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, sections_are_run_or_skipped);
	tcase_add_test(t, signing);
	tcase_add_test(t, announcements);
	tcase_add_test(t, received);
	tcase_add_test(t, parents);
	tcase_add_test(t, flapping);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
