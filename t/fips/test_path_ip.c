/* The IPv6 adapter: MTU arithmetic, ECN, what enters a session and what comes out of one. */
#include "fips/path/ecn.h"
#include "fips/path/ip.h"
#include "fips/path/mtu.h"
#include "fips/path/session_recv.h"

#include <string.h>

#include <check.h>

#include "t/lib/vectors.h"

static json_t *root;

static void set_up(void)
{
	root = vectors_load("session_vectors");
}

static void tear_down(void)
{
	json_decref(root);
}

START_TEST(pmtu_table)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "pmtu_table"), index, v) {
		uint16_t mtu = (uint16_t)vectors_u64(v, "transport_mtu");

		ck_assert_uint_eq(fips_mtu_ipv6(mtu), vectors_u64(v, "max_ipv6_packet"));
		ck_assert_uint_eq(fips_mtu_mss(mtu), vectors_u64(v, "tcp_mss_ceiling"));
		ck_assert_uint_eq(fips_mtu_native(mtu), vectors_u64(v, "native_max_payload"));
		ck_assert_int_eq(fips_mtu_credible(mtu),
		                 json_is_true(vectors_get(v, "actionable_from_remote")));
	}
	ck_assert_uint_eq(index, 19);
	ck_assert_uint_eq(FIPS_IPV6_OVERHEAD, 77);
	ck_assert_uint_eq(FIPS_DATA_OVERHEAD, 110);
}
END_TEST

/* Our transports' MTU, what is known of the path (0: nothing): largest packet, MSS, device. */
static const struct {
	uint16_t node, path, packet, mss, tun;
} mtus[] = {
	{ 1280, FIPS_PATH_MTU_UNKNOWN, 1203, 1143, 1280 },
	{ 1472, FIPS_PATH_MTU_UNKNOWN, 1395, 1335, 1395 },
	{ 1472, 1280, 1203, 1143, 1395 },
	{ 1472, 1400, 1323, 1263, 1395 },
	{ 1357, 1500, 1280, 1220, 1280 },
	{ 1472, 137, 60, 1143, 1395 }, /* no segment fits: as if nothing were known */
	{ 1472, 0, 0, 1143, 1395 },
	{ 300, 0, 0, 163, 1280 },
};

START_TEST(mtu_decisions)
{
	for (size_t i = 0; i < COUNT(mtus); i++) {
		ck_assert_uint_eq(fips_mtu_packet(mtus[i].node, mtus[i].path), mtus[i].packet);
		ck_assert_uint_eq(fips_mss_limit(mtus[i].node, mtus[i].path), mtus[i].mss);
		ck_assert_uint_eq(fips_mtu_tun(mtus[i].node), mtus[i].tun);
	}
}
END_TEST

START_TEST(ecn_mark)
{
	const json_t *v;
	size_t index;

	json_array_foreach(vectors_get(root, "ecn_mark"), index, v) {
		struct bytes ip = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");

		fips_ecn_mark(ip.at);
		vectors_same(vectors_name(v), ip.at, ip.n, want.at, want.n);
	}
	ck_assert_uint_eq(index, 5);
}
END_TEST

static const uint8_t own_ip[FIPS_IPV6_LEN] = { 0xfd, 1 };

/* First byte, first two bytes of source and destination, length. */
static const struct {
	const char  *why;
	size_t       n;
	uint8_t      version, src[2], dst[2];
	enum fips_ip verdict;
} outbound[] = {
	{ "to the mesh", 40, 0x60, { 0xfd, 1 }, { 0xfd, 2 }, FIPS_IP_MESH },
	{ "with a class", 60, 0x6f, { 0xfd, 1 }, { 0xfd, 2 }, FIPS_IP_MESH },
	{ "to ourselves", 60, 0x60, { 0xfd, 1 }, { 0xfd, 1 }, FIPS_IP_SELF },
	{ "of somebody else", 60, 0x60, { 0xfd, 3 }, { 0xfd, 2 }, FIPS_IP_FOREIGN },
	{ "link-local source", 60, 0x60, { 0xfe, 0x80 }, { 0xfd, 2 }, FIPS_IP_FOREIGN },
	{ "outside", 60, 0x60, { 0xfd, 1 }, { 0x20, 1 }, FIPS_IP_OUTSIDE },
	{ "fc00::/8", 60, 0x60, { 0xfd, 1 }, { 0xfc, 1 }, FIPS_IP_OUTSIDE },
	{ "a group", 60, 0x60, { 0xfd, 1 }, { 0xff, 2 }, FIPS_IP_OUTSIDE },
	{ "39 bytes", 39, 0x60, { 0xfd, 1 }, { 0xfd, 2 }, FIPS_IP_NOT_IPV6 },
	{ "nothing", 0, 0x60, { 0xfd, 1 }, { 0xfd, 2 }, FIPS_IP_NOT_IPV6 },
	{ "IPv4", 60, 0x45, { 0xfd, 1 }, { 0xfd, 2 }, FIPS_IP_NOT_IPV6 },
};

START_TEST(outbound_checks)
{
	for (size_t i = 0; i < COUNT(outbound); i++) {
		uint8_t ip[60] = { outbound[i].version };

		memcpy(ip + 8, outbound[i].src, 2);
		memcpy(ip + 24, outbound[i].dst, 2);
		ck_assert_msg(fips_ip_check(ip, outbound[i].n, own_ip) == outbound[i].verdict, "%s",
		              outbound[i].why);
		ck_assert_ptr_eq(fips_ip_dest_key(ip), ip + 25);
	}
}
END_TEST

/* ---- texts of a session ---- */

static const struct fips_addr peer = { { 0x11 } }, self = { { 0x22 } };

static enum fips_delivery deliver(uint8_t *buffer, const char *hex, bool ce, uint16_t mss,
                                  struct fips_delivered *out)
{
	struct bytes text = vectors_hex(hex);

	memset(buffer, 0xa5, 64);
	memcpy(buffer + 64, text.at, text.n);
	return fips_ip_deliver(buffer + 64, text.n, &peer, &self, ce, mss, out);
}

#define DATA "000000001000"

static const struct {
	const char        *why, *text;
	enum fips_delivery verdict;
} texts[] = {
	{ "nothing", "", FIPS_DELIVER_SHORT },
	{ "5 bytes", "0000000010", FIPS_DELIVER_SHORT },
	{ "no ports", DATA, FIPS_DELIVER_SHORT },
	{ "half the ports", DATA "000100", FIPS_DELIVER_SHORT },
	{ "keep-alive", DATA "00000000", FIPS_DELIVER_NATIVE },
	{ "native port", DATA "00c0921001", FIPS_DELIVER_NATIVE },
	{ "source port is not looked at", DATA "34120001" "00600000003b40", FIPS_DELIVER_IP },
	{ "no shim", DATA "00010001", FIPS_DELIVER_BAD_SHIM },
	{ "6 bytes of shim", DATA "00010001" "00600000003b", FIPS_DELIVER_BAD_SHIM },
	{ "format 1", DATA "00010001" "01600000003b40", FIPS_DELIVER_BAD_SHIM },
	{ "empty packet", DATA "00010001" "00600000003b40", FIPS_DELIVER_IP },
	{ "sender report cut", "000000001100" "0000", FIPS_DELIVER_SHORT },
	{ "path MTU", "000000001300" "0005", FIPS_DELIVER_CONTROL },
	{ "path MTU, longer", "000000001300" "000599", FIPS_DELIVER_CONTROL },
	{ "path MTU cut", "000000001300" "00", FIPS_DELIVER_SHORT },
	{ "warm-up", "000000001400", FIPS_DELIVER_CONTROL },
	{ "a signal is never sealed", "000000002000", FIPS_DELIVER_UNKNOWN },
	{ "unknown", "00000000ff00", FIPS_DELIVER_UNKNOWN },
};

START_TEST(deliveries)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		uint8_t buffer[64 + 256];
		struct fips_delivered out;

		ck_assert_msg(deliver(buffer, texts[i].text, false, 0, &out) == texts[i].verdict,
		              "%s", texts[i].why);
		if (texts[i].verdict != FIPS_DELIVER_IP)
			ck_assert_ptr_null(out.ip);
	}
}
END_TEST

/* The shim pairs, as they come out of a session. */
START_TEST(packets)
{
	const json_t *shim = vectors_get(root, "ipv6_shim"), *v;
	const json_t *ids = vectors_get(root, "identities");
	struct fips_addr src, dest;
	size_t index;

	vectors_exact(vectors_get(ids, "A"), "node_addr", src.b, 16);
	vectors_exact(vectors_get(ids, "B"), "node_addr", dest.b, 16);
	json_array_foreach(vectors_get(shim, "pairs"), index, v) {
		struct bytes ip = vectors_bytes(v, "ipv6"), body = vectors_bytes(v, "compressed");
		uint8_t text[VECTORS_BYTES_MAX];
		struct fips_delivered out;

		fips_fsp_inner_build(text + 64, 5, FIPS_FSP_DATA, 0);
		fips_fsp_ports_build(text + 70, FIPS_PORT_IPV6, FIPS_PORT_IPV6);
		memcpy(text + 74, body.at, body.n);
		ck_assert_int_eq(fips_ip_deliver(text + 64, 10 + body.n, &src, &dest, false, 0,
		                                 &out),
		                 FIPS_DELIVER_IP);
		vectors_same(vectors_name(v), out.ip, out.len, ip.at, ip.n);
		ck_assert_uint_eq(out.text.timestamp, 5);
	}
	ck_assert_uint_ge(index, 7);
}
END_TEST

/* CE marks the packet of a sender that announced ECN; a SYN is clamped on its way in. */
START_TEST(marked_and_clamped)
{
	static const char syn[] = DATA "00010001" "00" "60200000" "06" "40"
		"01bb9c41" "00000009" "00000000" "6002ffff" "00000000" "020405a0";
	uint8_t buffer[64 + 256];
	struct fips_delivered out;

	ck_assert_int_eq(deliver(buffer, syn, false, 0, &out), FIPS_DELIVER_IP);
	ck_assert_uint_eq(out.ip[1], 0x20);
	ck_assert_uint_eq(out.len, 64);
	ck_assert_uint_eq(out.ip[62] * 256u + out.ip[63], 1440);
	ck_assert_int_eq(deliver(buffer, syn, true, 1143, &out), FIPS_DELIVER_IP);
	ck_assert_uint_eq(out.ip[1], 0x30);
	ck_assert_uint_eq(out.ip[62] * 256u + out.ip[63], 1143);
}
END_TEST

/* Two packets that differ in one byte are of one flow, or of two. */
static const struct {
	unsigned at;      /* byte of the packet that differs                  */
	uint8_t  next;    /* what follows the IPv6 header                     */
	size_t   len;
	bool     another;
} flows[] = {
	{ 0, 17, 60, false }, { 7, 17, 60, false },  /* traffic class, hop limit    */
	{ 4, 6, 60, false },                         /* length                      */
	{ 8, 17, 60, true }, { 23, 17, 60, true },   /* source                      */
	{ 24, 6, 60, true }, { 39, 6, 60, true },    /* destination                 */
	{ 40, 6, 60, true }, { 43, 6, 60, true },    /* ports of TCP                */
	{ 40, 17, 60, true }, { 43, 17, 44, true },  /* ... of UDP                  */
	{ 44, 6, 60, false },                        /* behind the ports            */
	{ 40, 58, 60, false }, { 40, 44, 60, false }, /* ICMPv6, a fragment: no ports */
	{ 40, 17, 43, false },                       /* cut off                     */
	{ 6, 58, 60, true },                         /* protocol                    */
};

START_TEST(flows_by_what_they_show)
{
	for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++) {
		uint8_t a[60] = { 0x60 }, b[60];

		for (unsigned n = 8; n < sizeof a; n++)
			a[n] = (uint8_t)(n * 37);
		a[6] = flows[i].next;
		memcpy(b, a, sizeof b);
		b[flows[i].at] ^= 1;
		ck_assert_msg((fips_ip_flow(a, flows[i].len) != fips_ip_flow(b, flows[i].len)) ==
		              flows[i].another, "row %zu", i);
	}
	ck_assert_uint_eq(fips_ip_flow((const uint8_t[40]){ 0x45 }, 40), 0);
	ck_assert_uint_eq(fips_ip_flow((const uint8_t[40]){ 0x60, [8] = 1 }, 39), 0);
}
END_TEST

/* Connections of two hosts that differ in one port only spread over any number of replicas. */
START_TEST(flows_spread)
{
	for (unsigned replicas = 2; replicas <= 16; replicas++) {
		unsigned hit[16] = { 0 };
		uint8_t ip[44] = { 0x60, [6] = 17 };

		for (unsigned port = 0; port < 4096; port++) {
			ip[40] = (uint8_t)(port >> 8);
			ip[41] = (uint8_t)port;
			hit[fips_ip_flow(ip, sizeof ip) % replicas]++;
		}
		for (unsigned i = 0; i < replicas; i++)
			ck_assert_uint_gt(hit[i], 4096 / replicas / 2);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fips/path/ip");
	TCase *t = tcase_create("ip");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, pmtu_table);
	tcase_add_test(t, mtu_decisions);
	tcase_add_test(t, ecn_mark);
	tcase_add_test(t, outbound_checks);
	tcase_add_test(t, deliveries);
	tcase_add_test(t, packets);
	tcase_add_test(t, marked_and_clamped);
	tcase_add_test(t, flows_by_what_they_show);
	tcase_add_test(t, flows_spread);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
