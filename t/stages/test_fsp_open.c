/* fsp-open, alone: what becomes of datagrams to us, and what control is told of them.  Which key
 * opens them is the matter of test_fsp_open_keys.c.
 *
 * Messages are made by hand from session.md 2.5 or are the stored ones.  The stage runs with every
 * AEAD provider that this machine can run. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/ip.h"
#include "fips/wire/shim.h"
#include "stages/lib/mesh.h"
#include "stages/lib/nudge.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/fsp_bench.h"

extern const struct mr_kind mr_kind_fsp_open;

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 };

/* ---- what goes to control as it came ---- */

static void same_as_fed(struct fsp_bench *b, const uint8_t *datagram, size_t n)
{
	struct mr_pkt *p = rig_out(b->rig, "control");

	ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
	ck_assert_uint_eq(p->len, n);
	ck_assert_mem_eq(p->data, datagram, n);
}

START_TEST(handshakes_and_signals_go_to_control)
{
	static const char *const sections[] = { "handshake_messages", "signals" };
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct fsp_bench b;
	size_t at;

	ck_assert(fsp_bench_plain(&b, 0));
	for (size_t i = 0; i < COUNT(sections); i++) {
		json_array_foreach(vectors_get(root, sections[i]), at, v) {
			struct bytes fsp = vectors_bytes(v, "fsp");
			uint8_t datagram[VECTORS_BYTES_MAX];
			size_t n = craft_datagram(datagram, &craft_t, &craft_b, 1280, fsp.at,
			                          fsp.n);

			fsp_bench_feed(&b, datagram, n);
			ck_assert_str_eq(rig_run(b.rig), "control");
			same_as_fed(&b, datagram, n);
		}
		ck_assert_uint_ge(at, 3);
	}
	craft_silent(b.rig);
	fsp_bench_close(&b);
	json_decref(root);
}
END_TEST

/* A sealed message of a session whose handshake is under way waits with control. */
START_TEST(expected_sessions_wait_with_control)
{
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	ck_assert(fsp_bench_plain(&b, 0));
	craft_session(b.rig, &craft_a, NULL, NULL, 0);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 0, 0, fsp_bench_note,
			 sizeof fsp_bench_note);
	fsp_bench_feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "control");
	same_as_fed(&b, datagram, n);
	craft_session(b.rig, &craft_a, NULL, &b.recv, 1472);
	fsp_bench_install(&b, 0, secret);
	fsp_bench_feed(&b, datagram, n); /* given back by control */
	ck_assert_str_eq(rig_run(b.rig), "control");
	ck_assert_uint_eq(rig_out(b.rig, "control")->mark, MR_SHAPE_BODY);
	fsp_bench_close(&b);
}
END_TEST

/* What control looks at is limited an endpoint, and so is what waits with control for its key (R7).
 */
START_TEST(talk_is_limited)
{
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	ck_assert(fsp_bench_plain(&b, 0));
	craft_session(b.rig, &craft_a, NULL, NULL, 0);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 9999, 0, fsp_bench_note,
			 sizeof fsp_bench_note);
	for (unsigned i = 0; i < 100; i++) {
		fsp_bench_feed(&b, datagram, n);
		ck_assert_str_eq(rig_run(b.rig), i < 64 ? "control" : "over-rate");
	}
	craft_session(b.rig, &craft_a, NULL, &b.recv, 1472);
	fsp_bench_install(&b, 0, secret);
	for (unsigned i = 0; i < 900; i++) {
		fsp_bench_text(&b, secret, i, 0, fsp_bench_note, sizeof fsp_bench_note);
		ck_assert_str_eq(rig_run(b.rig), i < FIPS_TALK_BURST ? "control" : "over-rate");
	}
	ck_assert_uint_eq(fips_word_get(&b.recv.frames), 900);
	rig_at(b.rig, 2 * MR_NS_PER_S);
	fsp_bench_text(&b, secret, 900, 0, fsp_bench_note, sizeof fsp_bench_note);
	ck_assert_str_eq(rig_run(b.rig), "control");
	fsp_bench_close(&b);
}
END_TEST

/* ---- drops ---- */

START_TEST(strangers_are_told_of)
{
	struct mr_event event;
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	ck_assert(fsp_bench_plain(&b, 0));
	n = craft_sealed(datagram, &craft_t, &craft_b, secret, 0, 0, fsp_bench_note,
			 sizeof fsp_bench_note);
	fsp_bench_feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "no-session");
	ck_assert(rig_event(b.rig, &event));
	ck_assert_uint_eq(event.kind, MR_EV_NO_SESSION);
	ck_assert_mem_eq(event.bytes, craft_t.b, 16);
	craft_silent(b.rig);
	n = craft_sealed(datagram, &craft_b, &craft_b, secret, 0, 0, fsp_bench_note,
			 sizeof fsp_bench_note);
	fsp_bench_feed(&b, datagram, n);
	ck_assert_str_eq(rig_run(b.rig), "own-source");
	craft_silent(b.rig);
	fsp_bench_close(&b);
}
END_TEST

/* However many messages there are: one in 100 ms is told of. */
START_TEST(strangers_are_told_of_now_and_then)
{
	struct mr_event event;
	uint8_t datagram[256];
	unsigned told = 0;
	struct fsp_bench b;

	ck_assert(fsp_bench_plain(&b, 0));
	for (uint64_t i = 0; i < 201; i++) {
		size_t n = craft_sealed(datagram, &craft_t, &craft_b, secret, i, 0, fsp_bench_note,
		                        sizeof fsp_bench_note);

		rig_at(b.rig, MR_NS_PER_S + i * MR_NS_PER_MS);
		fsp_bench_feed(&b, datagram, n);
		ck_assert_str_eq(rig_run(b.rig), "no-session");
		while (rig_event(b.rig, &event))
			told++;
	}
	ck_assert_uint_eq(told, 3);
	fsp_bench_close(&b);
}
END_TEST

/* Envelopes and messages cut short, and link messages of other types. */
START_TEST(short_datagrams_are_malformed)
{
	uint8_t datagram[256];
	struct fsp_bench b;
	size_t n;

	ck_assert(fsp_bench_plain(&b, 0));
	fsp_bench_install(&b, 0, secret);
	n = craft_sealed(datagram, &craft_a, &craft_b, secret, 0, 0, NULL, 0);
	ck_assert_uint_eq(n, FIPS_DATAGRAM_HEAD + FIPS_FSP_MIN);
	for (size_t cut = 0; cut < n; cut++)
		fsp_bench_feed(&b, datagram, cut);
	datagram[0] = FIPS_LINK_HEARTBEAT;
	fsp_bench_feed(&b, datagram, n);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fsp_open, "malformed", n + 1);
	fsp_bench_close(&b);
}
END_TEST

/* What an authentic text of this many bytes and these first ones is: R17 asks for 4 to 11. */
static const struct {
	uint8_t     type, port_low, format;
	size_t      from, to; /* bytes of text */
	const char *went;
} texts[] = {
	{ FIPS_FSP_DATA, 0, 0, 0, 5, "short" },            /* no inner header        */
	{ FIPS_FSP_DATA, 0, 0, 6, 9, "short" },            /* no ports               */
	{ FIPS_FSP_DATA, 0, 0, 10, 16, "bad-shim" },       /* no shim                */
	{ FIPS_FSP_DATA, 0, 0, 17, 20, "ip" },             /* an IPv6 header alone   */
	{ FIPS_FSP_DATA, 0, 1, 17, 20, "bad-shim" },       /* format 01              */
	{ FIPS_FSP_DATA, 7, 0, 10, 30, "unknown-port" },
	{ FIPS_FSP_SENDER_REPORT, 0, 0, 6, 51, "short" },
	{ FIPS_FSP_SENDER_REPORT, 0, 0, 52, 54, "control" },
	{ FIPS_FSP_RECEIVER_REPORT, 0, 0, 6, 71, "short" },
	{ FIPS_FSP_RECEIVER_REPORT, 0, 0, 72, 72, "control" },
	{ FIPS_FSP_PATH_MTU, 0, 0, 6, 7, "short" },
	{ FIPS_FSP_PATH_MTU, 0, 0, 8, 9, "control" },
	{ FIPS_FSP_COORDS_WARMUP, 0, 0, 6, 11, "control" },
	{ 0x20, 0, 0, 6, 11, "unknown-type" },
	{ 0xff, 0, 0, 6, 60, "unknown-type" },
};

START_TEST(texts_by_length)
{
	uint8_t text[80] = { 0 };
	struct fsp_bench b;

	if (!fsp_bench_plain(&b, _i))
		return;
	fsp_bench_install(&b, 0, secret);
	for (size_t i = 0, counter = 0; i < COUNT(texts); i++) {
		for (size_t n = texts[i].from; n <= texts[i].to; n++) {
			memset(text, 0, sizeof text);
			text[4] = texts[i].type;
			mr_to_le16(text + 6, FIPS_PORT_IPV6);
			mr_to_le16(text + 8, (uint16_t)(FIPS_PORT_IPV6 | texts[i].port_low));
			if (texts[i].type == FIPS_FSP_DATA)
				text[10] = texts[i].format;
			fsp_bench_text(&b, secret, counter++, 0, text, n);
			ck_assert_str_eq(rig_run(b.rig), texts[i].went);
		}
	}
	ck_assert_uint_eq(b.keys[0]->recv.window.highest, rig_count(b.rig, "in") - 1);
	fsp_bench_close(&b);
}
END_TEST

/* ---- coordinates in clear ---- */

/* session.md 2.5: what is in front of a sealed text is believed when that has opened, and not
 * before; we are left out of it, and the same is no news.
 * Whatever it says, the message goes on. */
static const struct {
	bool        theirs; /* sealed by who it says          */
	uint8_t     flags;
	uint64_t    counter;
	unsigned    cut;    /* bytes of the lists left out    */
	const char *went;
	unsigned    told;
} clear[] = {
	{ false, FIPS_FSP_CP, 7, 0, "forged", 0 },
	{ true, FIPS_FSP_CP, 7, 1, "malformed", 0 },
	{ true, 0, 6, 0, "control", 0 },
	{ true, FIPS_FSP_CP, 6, 0, "duplicate", 0 },
	{ true, FIPS_FSP_CP, 7, 0, "control", 1 },
	{ true, FIPS_FSP_CP, 8, 0, "control", 0 },
};

START_TEST(coordinates_are_told)
{
	const struct fips_addr path[2] = { craft_a, craft_t };
	struct fips_coords theirs = fips_coords_of(path, 2), us = fips_coords_of(&craft_b, 1);
	uint8_t lists[FIPS_COORDS_LEN(2) + FIPS_COORDS_LEN(1)], datagram[256];
	struct mr_wire w = mr_wire_write(lists, sizeof lists);
	static const uint8_t other[MR_AEAD_KEY] = { 1 };
	struct fsp_bench b;
	struct mr_pkt *p;

	fips_coords_put(&w, &theirs);
	fips_coords_put(&w, &us);
	ck_assert(mr_wire_ok(&w));
	ck_assert(fsp_bench_plain(&b, 0));
	fsp_bench_install(&b, 0, secret);
	for (size_t i = 0; i < COUNT(clear); i++) {
		size_t n = craft_message(datagram + FIPS_DATAGRAM_HEAD,
		                         clear[i].theirs ? secret : other, clear[i].counter,
		                         clear[i].flags, lists, clear[i].flags ? sizeof lists : 0,
		                         fsp_bench_note, sizeof fsp_bench_note);

		if (clear[i].cut)
			n = FIPS_FSP_HEAD + sizeof lists - clear[i].cut;
		n = craft_datagram(datagram, &craft_a, &craft_b, 1472,
		                   datagram + FIPS_DATAGRAM_HEAD, n);
		fsp_bench_feed(&b, datagram, n);
		ck_assert_str_eq(rig_run(b.rig), clear[i].went);
		p = rig_out(b.rig, "control");
		if (clear[i].told) {
			ck_assert_uint_eq(p->mark, MR_SHAPE_LEARNED);
			ck_assert_uint_eq(p->len, FIPS_ADDR_LEN + FIPS_COORDS_LEN(2));
			ck_assert_mem_eq(p->data, craft_a.b, FIPS_ADDR_LEN);
			ck_assert_mem_eq(p->data + FIPS_ADDR_LEN, lists, FIPS_COORDS_LEN(2));
			p = rig_out(b.rig, "control");
		}
		ck_assert(!p || p->mark == MR_SHAPE_BODY);
		ck_assert_int_eq(p != NULL, strcmp(clear[i].went, "control") == 0);
	}
	ck_assert_uint_eq(rig_count(b.rig, "learned"), 1);
	ck_assert_uint_eq(rig_count(b.rig, "warm-malformed-packets"), 1);
	fsp_bench_close(&b);
}
END_TEST

/* ---- what the IPv6 packet looks like ---- */

/* The plaintext of a DataPacket with this IPv6 packet. */
static struct bytes data_of(const struct bytes *ip)
{
	struct bytes text = { .n = 10 + ip->n - 33 };

	ck_assert_uint_ge(ip->n, 40);
	text.at[4] = FIPS_FSP_DATA;
	mr_to_le16(text.at + 6, FIPS_PORT_IPV6);
	mr_to_le16(text.at + 8, FIPS_PORT_IPV6);
	memcpy(text.at + 11, ip->at, 4);
	text.at[15] = ip->at[6];
	text.at[16] = ip->at[7];
	memcpy(text.at + 17, ip->at + 40, ip->n - 40);
	return text;
}

/* CE on the last link is told to the packet (R4, session.md 5.7). */
START_TEST(congestion_reaches_the_packet)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct fsp_bench b;
	size_t at;

	if (fsp_bench_plain(&b, _i)) {
		fsp_bench_install(&b, 0, secret);
		json_array_foreach(vectors_get(root, "ecn_mark"), at, v) {
			struct bytes in = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");
			struct bytes text = data_of(&in);
			uint8_t datagram[VECTORS_BYTES_MAX];
			size_t n;

			for (unsigned ce = 0; ce < 2; ce++) {
				struct mr_pkt *p;

				n = craft_sealed(datagram, &craft_a, &craft_b, secret, 2 * at + ce,
				                 0, text.at, text.n);
				p = fsp_bench_feed(&b, datagram, n);
				p->flags = ce ? MR_FLAG_CE : 0;
				ck_assert_str_eq(rig_run(b.rig), "ip");
				p = rig_out(b.rig, "ip");
				mr_to_be16(in.at + 4, (uint16_t)(in.n - 40));
				mr_to_be16(want.at + 4, (uint16_t)(want.n - 40));
				vectors_same(vectors_name(v), p->data, p->len, ce ? want.at : in.at,
				             in.n);
			}
		}
		ck_assert_uint_eq(b.keys[0]->recv.received.ce, at);
		ck_assert_uint_eq(rig_count(b.rig, "ce-received"), at);
		fsp_bench_close(&b);
	}
	json_decref(root);
}
END_TEST

/* A SYN that comes in is clamped to what fits the way back (session.md 5.6). */
START_TEST(segments_are_clamped)
{
	json_t *root = vectors_load("session_vectors");
	const json_t *v;
	struct fsp_bench b;
	size_t at;

	ck_assert(fsp_bench_open(&b, 0, CRAFT_NODE(CRAFT_B, "{\"bind_addr\":\"127.0.0.1:0\","
	                                                "\"mtu\":9000}")));
	fsp_bench_install(&b, 0, secret);
	json_array_foreach(vectors_get(root, "tcp_mss"), at, v) {
		struct bytes in = vectors_bytes(v, "in"), want = vectors_bytes(v, "out");
		struct bytes text = data_of(&in);
		uint16_t mss = (uint16_t)vectors_u64(v, "max_mss");
		struct mr_pkt *p;

		if (mss == 0)
			continue; /* no path has that limit */
		craft_session(b.rig, &craft_a, NULL, &b.recv,
		              (uint16_t)(mss + FIPS_IPV6_OVERHEAD + 60));
		fsp_bench_text(&b, secret, at, 0, text.at, text.n);
		ck_assert_str_eq(rig_run(b.rig), "ip");
		p = rig_out(b.rig, "ip");
		fips_addr_to_ipv6(&craft_a, want.at + 8); /* some are stored the other way round */
		fips_addr_to_ipv6(&craft_b, want.at + 24);
		vectors_same(vectors_name(v), p->data, p->len, want.at, want.n);
	}
	fsp_bench_close(&b);
	json_decref(root);
}
END_TEST

/* ---- figures ---- */

START_TEST(reports_are_filled_in_by_order)
{
	static const uint64_t counter[] = { 0, 2, 3, 6 };
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SESSION_REPORT } };
	struct fsp_bench b;

	ck_assert(fsp_bench_plain(&b, 0));
	snapshot.order.p = &b.recv;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	fsp_bench_install(&b, 0, secret);
	for (unsigned i = 0; i < COUNT(counter); i++)
		fsp_bench_text(&b, secret, counter[i], 0, fsp_bench_note, sizeof fsp_bench_note);
	rig_run(b.rig);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.receiver.highest, 6);
	ck_assert_uint_eq(snapshot.receiver.frames, 4);
	ck_assert_uint_eq(snapshot.receiver.bytes, 4 * sizeof fsp_bench_note);
	ck_assert_uint_eq(snapshot.receiver.bursts, 2);
	ck_assert_uint_eq(snapshot.receiver.echo, 1000);
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	fsp_bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fsp-open");
	TCase *tc = tcase_create("fsp-open");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, texts_by_length, 0, keys_providers());
	tcase_add_loop_test(tc, congestion_reaches_the_packet, 0, keys_providers());
	tcase_add_test(tc, handshakes_and_signals_go_to_control);
	tcase_add_test(tc, expected_sessions_wait_with_control);
	tcase_add_test(tc, talk_is_limited);
	tcase_add_test(tc, strangers_are_told_of);
	tcase_add_test(tc, strangers_are_told_of_now_and_then);
	tcase_add_test(tc, short_datagrams_are_malformed);
	tcase_add_test(tc, coordinates_are_told);
	tcase_add_test(tc, segments_are_clamped);
	tcase_add_test(tc, reports_are_filled_in_by_order);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
