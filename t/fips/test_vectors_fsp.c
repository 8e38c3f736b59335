/* test_vectors_fsp.c - session_vectors.json: encrypted messages, built from their fields and parsed
 * back into them, sealed and opened with every AEAD provider, and refused after every flip of a bit
 * that is authenticated. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"
#include "fips/wire/signal.h"
#include "t/lib/provider.h"
#include "t/lib/vectors.h"
#include "t/lib/vectors_coords.h"

static json_t *root;

static void open_file(void)
{
	root = vectors_load("session_vectors");
}

static void close_file(void)
{
	json_decref(root);
}

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
	struct fips_coords lists[2] = { vectors_coords(&src), vectors_coords(&dest) };
	uint8_t flags = (uint8_t)vectors_u64(v, "flags"), text[VECTORS_BYTES_MAX];
	uint64_t counter = vectors_u64(v, "counter");
	struct mr_wire w = mr_wire_write(out, VECTORS_BYTES_MAX);
	uint8_t *head = mr_put_room(&w, FIPS_FSP_HEAD);

	fips_fsp_head_build(head, flags, body.n, counter);
	vectors_same_member(v, "header_aad", head, FIPS_FSP_HEAD);
	if (flags & FIPS_FSP_CP) {
		fips_coords_put(&w, &lists[0]);
		fips_coords_put(&w, &lists[1]);
	}
	fips_fsp_inner_build(text, (uint32_t)vectors_u64(v, "timestamp_ms"),
	                     (uint8_t)vectors_u64(v, "msg_type"),
	                     (uint8_t)vectors_u64(v, "inner_flags"));
	memcpy(text + FIPS_FSP_INNER, body.at, body.n);
	vectors_same_member(v, "plaintext", text, FIPS_FSP_INNER + body.n);
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
	vectors_same_coords("source list", &m.src, &src);
	vectors_same_coords("destination list", &m.dest, &dest);
	len = open_message(p, key, want.at, want.n, text);
	ck_assert_int_ge(len, 0);
	vectors_same_member(v, "plaintext", text, (size_t)len);
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

int main(void)
{
	Suite *s = suite_create("fsp_vectors");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, fsp_frames);
	tcase_add_test(t, fsp_bad_frames);
	tcase_add_test(t, fsp_unauthenticated_coords);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
