/* test_vectors_envelope.c - session_vectors.json: reports, signals, envelopes, the IPv6 shim and
 * what all of it leaves of an MTU, each built from its fields and parsed back into them. */
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/report.h"
#include "fips/wire/shim.h"
#include "fips/wire/signal.h"
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
		vectors_same_member(v, "dest", s.dest.b, 16);
		vectors_same_member(v, "reporter", s.reporter.b, 16);
		if (json_object_get(v, "coords"))
			list = vectors_concat(vectors_get(v, "coords"));
		vectors_same_coords("coords", &s.coords, &list);
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
		vectors_same_member(v, "src", d.src.b, 16);
		vectors_same_member(v, "dest", d.dest.b, 16);
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
			vectors_same_member(v, "compressed", ip.at + FIPS_SHIM_SAVED,
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
	Suite *s = suite_create("envelope_vectors");
	TCase *t = tcase_create("sections");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_file, close_file);
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
