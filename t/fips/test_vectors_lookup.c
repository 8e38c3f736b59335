/* test_vectors_lookup.c - lookup_vectors.json: lookup messages and proofs, a node's decisions on
 * requests that come one after the other, error signals and their limiter,
 * and what a passing payload teaches. */
#include <string.h>

#include <check.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/wire.h"
#include "fips/node/lookup.h"
#include "fips/node/signals.h"
#include "fips/path/learn.h"
#include "fips/wire/fsp.h"
#include "t/lib/vectors.h"

static const struct vectors_account account[] = {
	{ "lookup_request", NULL },
	{ "lookup_response", NULL },
	{ "lookup_request_timeline", NULL },
	{ "error_signals", NULL },
	{ "error_signal_limiter", NULL },
	{ "coord_cache_warming", NULL },
};

static json_t *root;
static struct mr_rand_state seed = { .seed = 1 };

static void open_file(void)
{
	root = vectors_load("lookup_vectors");
}

static void close_file(void)
{
	json_decref(root);
}

START_TEST(sections_are_run_or_skipped)
{
	vectors_account("lookup_vectors", root, account, COUNT(account));
}
END_TEST

static struct fips_addr addr_of(const json_t *v, const char *key)
{
	struct fips_addr a;

	vectors_exact(v, key, a.b, sizeof a.b);
	return a;
}

static struct fips_coords list_of(const json_t *v, const char *key, struct bytes *hold)
{
	const json_t *list = json_object_get(v, key);

	*hold = json_is_array(list) ? vectors_concat(list) : (struct bytes){ 0 };
	return (struct fips_coords){ .at = hold->n ? hold->at : NULL,
		                     .count = (unsigned)(hold->n / FIPS_ADDR_LEN) };
}

static void same_list(const json_t *v, const char *key, const struct fips_coords *got)
{
	struct bytes want;

	list_of(v, key, &want);
	vectors_same(key, got->count ? (const void *)got->at : "",
	             (size_t)got->count * FIPS_ADDR_LEN, want.at, want.n);
}

START_TEST(requests)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "lookup_request"), index, v) {
		struct bytes m = vectors_bytes(v, "message");
		bool ok = json_is_true(vectors_get(v, "ok"));
		struct fips_lookup_request r;
		struct fips_addr target, origin;
		uint8_t out[256];
		size_t len;

		ck_assert_msg(fips_lookup_request_parse(m.at, m.n, &r) == ok, "%s",
		              vectors_name(v));
		if (!ok)
			continue;
		len = fips_lookup_request_build(out, sizeof out, &r);
		ck_assert_uint_le(len, m.n); /* what was behind the list is not sent on */
		vectors_same(vectors_name(v), out, len, m.at, len);
		v = vectors_get(v, "decoded");
		target = addr_of(v, "target");
		origin = addr_of(v, "origin");
		ck_assert_uint_eq(r.id, vectors_u64(v, "request_id"));
		ck_assert(fips_addr_eq(&r.target, &target) && fips_addr_eq(&r.origin, &origin));
		ck_assert_uint_eq(r.ttl, vectors_u64(v, "ttl"));
		ck_assert_uint_eq(r.min_mtu, vectors_u64(v, "min_mtu"));
		same_list(v, "origin_coords", &r.coords);
	}
	ck_assert_uint_eq(index, 10);
}
END_TEST

static void response(const struct fips_curve *curve, const json_t *v)
{
	struct bytes m = vectors_bytes(v, "message"), signed_bytes;
	const char *expect = vectors_text(v, "expect");
	uint8_t key[32], digest[32], want[32], out[512];
	struct fips_lookup_response r;
	struct fips_addr target;
	bool ok = fips_lookup_response_parse(m.at, m.n, &r);
	size_t len;

	ck_assert_msg(ok == (strcmp(expect, "decode_error") != 0), "%s", vectors_name(v));
	if (!ok)
		return;
	signed_bytes = vectors_bytes(v, "proof_bytes");
	mr_sha256(signed_bytes.at, signed_bytes.n, want);
	fips_lookup_digest(&r, digest);
	vectors_same("digest", digest, 32, want, 32);
	vectors_exact(v, "proof_digest", want, 32);
	vectors_same("proof_digest", digest, 32, want, 32);
	vectors_exact(v, "target_pubkey_x", key, 32);
	ck_assert_msg(curve->verify(curve->self, key, digest, r.proof) ==
	                      (strcmp(expect, "verified") == 0),
	              "%s", vectors_name(v));
	len = fips_lookup_response_build(out, sizeof out, &r);
	ck_assert_uint_le(len, m.n);
	vectors_same(vectors_name(v), out, len, m.at, len);
	v = vectors_get(v, "decoded");
	target = addr_of(v, "target");
	ck_assert_uint_eq(r.id, vectors_u64(v, "request_id"));
	ck_assert(fips_addr_eq(&r.target, &target));
	ck_assert_uint_eq(r.path_mtu, vectors_u64(v, "path_mtu"));
	same_list(v, "target_coords", &r.coords);
}

START_TEST(responses)
{
	struct fips_curve curve = fips_curve_secp256k1();
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "lookup_response"), index, v)
		response(&curve, v);
	ck_assert_uint_eq(index, 14);
	fips_curve_close(&curve);
}
END_TEST

/* ---- requests one after the other ---- */

/* "me", "x", "p" ... as an address. */
static struct fips_addr named(const char *name)
{
	struct fips_addr a = { { 0 } };

	memcpy(a.b, name, strlen(name));
	return a;
}

/* Neighbours 0 and 1 ask, 2 is a tree peer whose filter contains everybody. */
static bool contains(const void *self, unsigned peer, const struct fips_addr *target)
{
	(void)self;
	(void)target;
	return peer == 2;
}

static bool tree(const void *self, unsigned peer)
{
	(void)self;
	return peer == 2;
}

static const char *decide(struct fips_lookups *l, const json_t *v)
{
	const struct fips_lookup_filters f = { .n_peers = 3, .contains = contains, .tree = tree };
	struct fips_addr me = named("me"), self = named("p");
	struct fips_lookup_request r = {
		.id = vectors_u64(v, "request_id"),
		.target = named(vectors_text(v, "target")),
		.ttl = (uint8_t)vectors_u64(v, "ttl"),
		.coords = fips_coords_of(&self, 1),
	};
	unsigned from = vectors_text(v, "from")[0] == 'p' ? 0 : 1;
	uint64_t before[FIPS_LOOKUP_COUNTS];
	struct fips_lookup_ways ways;

	memcpy(before, l->counts, sizeof before);
	switch (fips_lookups_request(l, from, &r, &me, &f,
	                             vectors_u64(v, "t_ms") * MR_NS_PER_MS, &ways)) {
	case FIPS_LOOKUP_FORWARD:
		ck_assert(ways.n == 1 && ways.peer[0] == 2);
		return "forward";
	case FIPS_LOOKUP_RESPOND: return "respond";
	case FIPS_LOOKUP_OWN: return "own";
	case FIPS_LOOKUP_DROP: break;
	}
	if (l->counts[FIPS_LOOKUP_REQ_DUPLICATE] > before[FIPS_LOOKUP_REQ_DUPLICATE])
		return "duplicate";
	if (l->counts[FIPS_LOOKUP_REQ_TTL_EXHAUSTED] > before[FIPS_LOOKUP_REQ_TTL_EXHAUSTED])
		return "ttl_exhausted";
	if (l->counts[FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED] >
	    before[FIPS_LOOKUP_REQ_FORWARD_RATE_LIMITED])
		return "rate_limited";
	return "dropped";
}

START_TEST(requests_in_time)
{
	const json_t *events = vectors_get(vectors_get(root, "lookup_request_timeline"), "events"),
		     *v;
	struct fips_lookup_config config = fips_lookup_config_default();
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct fips_lookups l;
	size_t index;

	ck_assert(fips_lookups_open(&l, &config, 3, &rand));
	fips_lookups_peer_up(&l, 0, 0);
	fips_lookups_peer_up(&l, 1, 0);
	json_array_foreach(events, index, v) ck_assert_msg(
		strcmp(decide(&l, v), vectors_text(v, "result")) == 0, "event %zu", index);
	ck_assert_uint_eq(index, 14);
	fips_lookups_close(&l);
}
END_TEST

/* ---- signals ---- */

START_TEST(signals)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "error_signals"), index, v) {
		struct bytes want = vectors_bytes(v, "datagram"), payload = vectors_bytes(v, "payload");
		struct fips_addr me = addr_of(v, "reporter");
		struct fips_datagram failed = { .src = addr_of(v, "toward"), .dest = addr_of(v, "dest") };
		struct bytes hold;
		struct fips_coords known = list_of(v, "coords", &hold);
		uint16_t mtu = json_object_get(v, "mtu") ? (uint16_t)vectors_u64(v, "mtu") : 0;
		struct fips_signal s;
		uint8_t out[512];
		size_t len = fips_signals_build(out, sizeof out, &failed, &me, mtu, &known);

		ck_assert(fips_signal_parse(payload.at, payload.n, &s));
		ck_assert(fips_addr_eq(&s.dest, &failed.dest) && fips_addr_eq(&s.reporter, &me));
		ck_assert_uint_eq(s.mtu, mtu);
		same_list(v, "coords", &s.coords);
		/* a broken path is one that was known: without coordinates we ask for them
		 * instead */
		if (strcmp(vectors_name(v), "path_broken_no_coords") == 0)
			continue;
		vectors_same(vectors_name(v), out, len, want.at, want.n);
		ck_assert_uint_eq(fips_signals_build(out, len - 1, &failed, &me, mtu, &known), 0);
	}
	ck_assert_uint_eq(index, 4);
}
END_TEST

START_TEST(signals_in_time)
{
	const json_t *events = vectors_get(vectors_get(root, "error_signal_limiter"), "events"), *v;
	struct mr_rand rand = mr_rand_seeded(&seed);
	struct fips_addr me = named("me");
	struct fips_signals s;
	size_t index;

	ck_assert(fips_signals_open(&s, &rand));
	json_array_foreach(events, index, v) {
		static const uint8_t sealed[FIPS_FSP_MIN];
		struct fips_datagram failed = { .src = named("src"),
			                        .dest = named(vectors_text(v, "dest")),
			                        .payload = sealed,
			                        .payload_len = sizeof sealed };

		ck_assert_msg(fips_signals_admit(&s, &failed, &me,
		                                 vectors_u64(v, "t_ms") * MR_NS_PER_MS) ==
		                      json_is_true(vectors_get(v, "allowed")),
		              "event %zu", index);
	}
	ck_assert_uint_eq(index, 9);
	fips_signals_close(&s);
}
END_TEST

/* ---- learning ---- */

START_TEST(learning)
{
	const json_t *cases = vectors_get(vectors_get(root, "coord_cache_warming"), "cases"), *v;
	size_t index;

	json_array_foreach(cases, index, v) {
		struct bytes p = vectors_bytes(v, "payload");
		struct fips_learned got;
		enum fips_learn learn = fips_learn(p.at, p.n, &got);

		same_list(v, "cached_src", &got.src);
		same_list(v, "cached_dst", &got.dest);
		ck_assert_msg((learn == FIPS_LEARN_LISTS) == (got.src.count || got.dest.count), "%s",
		              vectors_name(v));
	}
	ck_assert_uint_eq(index, 14);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lookup_vectors");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, sections_are_run_or_skipped);
	tcase_add_test(t, requests);
	tcase_add_test(t, responses);
	tcase_add_test(t, requests_in_time);
	tcase_add_test(t, signals);
	tcase_add_test(t, signals_in_time);
	tcase_add_test(t, learning);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
