/* The four cryptographic stages and route in a chain, each on a rig of its own:
 *
 *     A: fsp-seal -> fmp-seal ~~> T: fmp-open -> route -> fmp-seal ~~> B: fmp-open -> fsp-open
 *
 * Between stages of one node a packet keeps what it carries, and the room it has; on the wire (~~>)
 * only its bytes go.  Keys and table entries are made here; the chain runs with every AEAD
 * provider, and with frames that arrive in packets of their own and as slices. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/shim.h"
#include "stages/lib/mesh.h"
#include "stages/lib/words.h"
#include "t/lib/vectors.h"
#include "t/stages/chain_bench.h"

/* ---- one hop ---- */

/* What a sends by near and far goes to b, by a link and a session between the two. */
struct hop {
	struct sender   a;
	struct receiver b;
	struct way      link, session;
	uint64_t        near, far;
};

static void hop_open(struct hop *h, const struct mr_aead *p)
{
	rig_aead(p);
	h->a = sender_open(NODE_A);
	h->b = receiver_open(NODE_B);
	way_open(&h->link, p, 1, 70);
	way_open(&h->session, p, 2, 0);
	h->near = craft_link(h->a.fmp, &craft_b, &h->link.keys->send, &via_b, 1472);
	h->far = craft_session(h->a.fsp, &craft_b, &h->session.keys->send, NULL, 1472);
	craft_index(h->b.fmp, 70, &craft_a, 5, &h->link.link, &h->link.keys->recv);
	craft_session(h->b.fsp, &craft_a, NULL, &h->session.session, 1472);
}

static void hop_close(struct hop *h)
{
	rig_close(h->a.fsp);
	rig_close(h->a.fmp);
	rig_close(h->b.fmp);
	rig_close(h->b.fsp);
	keys_close(h->link.keys);
	keys_close(h->session.keys);
}

/* Packets of every size come out as they went in, in order, counters on the wire consecutive. */
START_TEST(packets_come_out_byte_for_byte)
{
	const struct mr_aead *p = keys_provider(_i);
	struct hop h;
	uint8_t ip[1400];

	if (!p)
		return;
	hop_open(&h, p);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 64; i++)
			send_ip(&h.a, h.near, h.far, ip,
			        craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, 48 + 21 * i));
		rig_run(h.a.fsp);
		ck_assert_uint_eq(inside(h.a.fsp, "out", h.a.fmp, "own"), 64);
		for (unsigned i = 0; i < 64; i++) {
			struct mr_pkt *frame = rig_out(h.a.fmp, "out");

			ck_assert_uint_eq(mr_le64(frame->data + 8), 64 * round + i);
			ck_assert_mem_eq(mr_pkt_via(frame), &via_b, sizeof via_b);
			arrive(h.b.fmp, frame, &via_a);
		}
		rig_run(h.b.fmp);
		ck_assert_uint_eq(inside(h.b.fmp, "session", h.b.fsp, "datagrams"), 64);
		for (unsigned i = 0; i < 64; i++)
			same_packet("ip", rig_out(h.b.fsp, "ip"), ip,
			            craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, 48 + 21 * i));
	}
	ck_assert_uint_eq(h.session.keys->recv.window.highest, 255);
	craft_drops(h.b.fmp, &mr_kind_fmp_open, NULL, 0);
	craft_drops(h.b.fsp, &mr_kind_fsp_open, NULL, 0);
	ck_assert_uint_eq(rig_count(h.b.fsp, "keys-retried"), 0); /* R3: the first key was it */
	hop_close(&h);
}
END_TEST

/* R1: vectors to B, T, B, T, T: every packet by its own link and session to its own node. */
START_TEST(mixed_targets)
{
	static const uint8_t to_t[] = { 0, 1, 0, 1, 1 };
	const struct mr_aead *p = keys_provider(_i);
	uint64_t near[2], far[2];
	struct way link[2], session[2];
	struct receiver end[2];
	struct sender a;
	struct mr_pkt *frame;
	uint8_t ip[200];

	if (!p)
		return;
	rig_aead(p);
	a = sender_open(NODE_A);
	for (unsigned i = 0; i < 2; i++) {
		const struct fips_addr *peer = i ? &craft_t : &craft_b;

		end[i] = receiver_open(i ? NODE_T : NODE_B);
		way_open(&link[i], p, (uint8_t)(1 + i), 70 + i);
		way_open(&session[i], p, (uint8_t)(3 + i), 0);
		near[i] = craft_link(a.fmp, peer, &link[i].keys->send, i ? &via_t : &via_b, 1472);
		far[i] = craft_session(a.fsp, peer, &session[i].keys->send, NULL, 1472);
		craft_index(end[i].fmp, 70 + i, &craft_a, 5, &link[i].link, &link[i].keys->recv);
		craft_session(end[i].fsp, &craft_a, NULL, &session[i].session, 1472);
	}
	for (unsigned i = 0; i < 60; i++) {
		unsigned t = to_t[i % COUNT(to_t)];

		send_ip(&a, near[t], far[t], ip,
		        craft_ip(ip, &craft_a, t ? &craft_t : &craft_b, (uint8_t)i, 100));
	}
	rig_run(a.fsp);
	inside(a.fsp, "out", a.fmp, "own");
	for (unsigned i = 0; (frame = rig_out(a.fmp, "out")); i++) {
		unsigned t = to_t[i % COUNT(to_t)];

		ck_assert(fips_via_eq(mr_pkt_via(frame), t ? &via_t : &via_b));
		arrive(end[t].fmp, frame, &via_a);
	}
	for (unsigned t = 0; t < 2; t++) {
		rig_run(end[t].fmp);
		ck_assert_uint_eq(inside(end[t].fmp, "session", end[t].fsp, "datagrams"),
		                  t ? 36 : 24);
		for (unsigned i = 0; i < 60; i++) {
			if (to_t[i % COUNT(to_t)] != t)
				continue;
			craft_ip(ip, &craft_a, t ? &craft_t : &craft_b, (uint8_t)i, 100);
			same_packet("ip", rig_out(end[t].fsp, "ip"), ip, 100);
		}
		craft_drops(end[t].fmp, &mr_kind_fmp_open, NULL, 0);
		craft_drops(end[t].fsp, &mr_kind_fsp_open, NULL, 0);
		rig_close(end[t].fmp);
		rig_close(end[t].fsp);
		keys_close(link[t].keys);
		keys_close(session[t].keys);
	}
	rig_close(a.fsp);
	rig_close(a.fmp);
}
END_TEST

/* A wire that loses, doubles, turns round: each packet that arrived comes out once. */
START_TEST(a_bad_wire)
{
	const struct mr_aead *p = keys_provider(_i);
	uint8_t frame[64][200], ip[100];
	struct hop h;
	size_t n = 0;

	if (!p)
		return;
	hop_open(&h, p);
	for (unsigned i = 0; i < 64; i++)
		send_ip(&h.a, h.near, h.far, ip,
		        craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, sizeof ip));
	rig_run(h.a.fsp);
	inside(h.a.fsp, "out", h.a.fmp, "own");
	for (unsigned i = 0; i < 64; i++) {
		struct mr_pkt *q = rig_out(h.a.fmp, "out");

		n = q->len;
		memcpy(frame[i], q->data, n);
	}
	for (unsigned round = 0; round < 2; round++) { /* the second round is all duplicates */
		for (unsigned i = 64; i-- > 0;) {
			if (i % 8 == 3)
				continue; /* lost */
			feed_frame(h.b.fmp, frame[i], n);
			if (i % 5 == 0)
				feed_frame(h.b.fmp, frame[i], n);
		}
		rig_run(h.b.fmp);
	}
	inside(h.b.fmp, "session", h.b.fsp, "datagrams");
	for (unsigned i = 64; i-- > 0;) {
		if (i % 8 == 3)
			continue;
		craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, sizeof ip);
		same_packet("ip", rig_out(h.b.fsp, "ip"), ip, sizeof ip);
	}
	ck_assert_ptr_null(rig_out(h.b.fsp, "ip"));
	craft_drops(h.b.fmp, &mr_kind_fmp_open, "duplicate", rig_count(h.b.fmp, "in") - 56);
	hop_close(&h);
}
END_TEST

/* ---- one provider call a vector ---- */

static struct {
	const struct mr_aead *by;
	unsigned              seals, opens, ops;
} counted;

static void counted_seal(struct mr_aead_op *ops, unsigned n)
{
	counted.seals++;
	counted.ops += n;
	counted.by->seal(ops, n);
}

static unsigned counted_open(struct mr_aead_op *ops, unsigned n)
{
	counted.opens++;
	counted.ops += n;
	return counted.by->open(ops, n);
}

/* Packets of two senders for two targets each take turns; each stage has all those of its vector
 * sealed or opened in one call, whatever their keys. */
START_TEST(a_vector_is_one_call)
{
	static struct mr_aead aead;
	struct way link[4], session[4]; /* 0, 1: from A to B and T; 2, 3: from T and A to B */
	const struct fips_addr *peer[2] = { &craft_b, &craft_t };
	struct sender a;
	struct receiver b;
	uint64_t near[2], far[2];
	uint8_t ip[200], frame[300];
	size_t n;

	aead = mr_aead_mbedtls;
	aead.seal = counted_seal;
	aead.open = counted_open;
	counted.by = &mr_aead_mbedtls;
	rig_aead(&aead);
	a = sender_open(NODE_A);
	b = receiver_open(NODE_B);
	for (uint8_t i = 0; i < 4; i++) {
		way_open(&link[i], &aead, (uint8_t)(1 + i), 70u + i);
		way_open(&session[i], &aead, (uint8_t)(10 + i), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		near[i] = craft_link(a.fmp, peer[i], &link[i].keys->send, &via_b, 1472);
		far[i] = craft_session(a.fsp, peer[i], &session[i].keys->send, NULL, 1472);
		craft_index(b.fmp, 72 + i, i ? &craft_a : &craft_t, 5, &link[2 + i].link,
		            &link[2 + i].keys->recv);
		craft_session(b.fsp, i ? &craft_a : &craft_t, NULL, &session[2 + i].session, 1472);
	}
	for (unsigned i = 0; i < 60; i++)
		send_ip(&a, near[i % 2], far[i % 2], ip,
		        craft_ip(ip, &craft_a, peer[i % 2], (uint8_t)i, 100));
	rig_run(a.fsp);
	ck_assert_uint_eq(inside(a.fsp, "out", a.fmp, "own"), 60);
	ck_assert_uint_eq(counted.seals, 2);
	ck_assert_uint_eq(counted.ops, 120);

	for (unsigned i = 0; i < 60; i++) {
		uint8_t text[200] = { 0 }, datagram[300] = { 0 }, key[MR_AEAD_KEY];
		const struct fips_addr *from = i % 2 ? &craft_a : &craft_t;

		text[4] = FIPS_FSP_DATA;
		memset(key, 0, sizeof key);
		key[0] = (uint8_t)(12 + i % 2);
		n = craft_sealed(datagram + 4, from, &craft_b, key, i, 0, text, 100);
		key[0] = (uint8_t)(3 + i % 2);
		n = craft_frame(frame, key, 72 + i % 2, i, 0, datagram, n + 4);
		feed_frame(b.fmp, frame, n);
	}
	rig_run(b.fmp);
	ck_assert_uint_eq(inside(b.fmp, "session", b.fsp, "datagrams"), 60);
	ck_assert_uint_eq(counted.opens, 2);
	ck_assert_uint_eq(counted.ops, 240);
	craft_drops(b.fsp, &mr_kind_fsp_open, "unknown-port", 60);

	rig_close(a.fsp);
	rig_close(a.fmp);
	rig_close(b.fmp);
	rig_close(b.fsp);
	for (unsigned i = 0; i < 4; i++) {
		keys_close(link[i].keys);
		keys_close(session[i].keys);
	}
}
END_TEST

/* ---- two hops ---- */

/* The same frame, but its sender has set CE: sealed anew under way_open's key for `secret`. */
static void arrive_congested(struct rig *to, const struct mr_pkt *p, uint8_t secret)
{
	uint8_t text[800], frame[900], key[MR_AEAD_KEY] = { secret };
	uint64_t counter = mr_le64(p->data + 8);
	size_t n = p->len - 32;

	ck_assert(mr_aead_open_one(key, counter, p->data, 16, p->data + 16, p->len - 16, text));
	n = craft_frame(frame, key, mr_le32(p->data + 4), counter, FIPS_LINK_CE, text, n);
	feed_frame(to, frame, n);
	rig_run(to);
}

/* Through T: envelope changed as session.md 1.3 says, CE of the first hop told to the packet (R4),
 * payload untouched. */
START_TEST(through_a_node_in_between)
{
	const struct mr_aead *p = keys_provider(_i);
	struct rig *open, *route, *seal;
	struct way at, tb, session;
	struct receiver b;
	struct sender a;
	uint8_t ip[600], ce[600];
	uint64_t near, far;

	if (!p)
		return;
	rig_aead(p);
	a = sender_open(NODE_A);
	open = rig_open(&mr_kind_fmp_open, "{}", NODE_T);
	route = rig_open(&mr_kind_route, "{}", NODE_T);
	seal = rig_open(&mr_kind_fmp_seal, "{}", NODE_T);
	b = receiver_open(NODE_B);
	way_open(&at, p, 1, 70);
	way_open(&tb, p, 2, 71);
	way_open(&session, p, 3, 0);
	near = craft_link(a.fmp, &craft_t, &at.keys->send, &via_t, 1472);
	far = craft_session(a.fsp, &craft_b, &session.keys->send, NULL, 1472);
	craft_index(open, 70, &craft_a, 5, &at.link, &at.keys->recv);
	craft_link(route, &craft_b, &tb.keys->send, &via_b, 1300);
	craft_link(seal, &craft_b, &tb.keys->send, &via_b, 1300);
	craft_index(b.fmp, 71, &craft_t, 6, &tb.link, &tb.keys->recv);
	craft_session(b.fsp, &craft_a, NULL, &session.session, 1472);

	for (unsigned i = 0; i < 2; i++) {
		craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, sizeof ip);
		ip[1] = 0x20; /* ECT(0) */
		send_ip(&a, near, far, ip, sizeof ip);
	}
	rig_run(a.fsp);
	/* the second one meets congestion on its way to T: its frame is one that says so */
	inside(a.fsp, "out", a.fmp, "own");
	arrive(open, rig_out(a.fmp, "out"), &via_a);
	rig_run(open);
	arrive_congested(open, rig_out(a.fmp, "out"), 1);
	ck_assert_uint_eq(inside(open, "transit", route, "transit"), 2);
	ck_assert_uint_eq(inside(route, "forward", seal, "transit"), 2);
	ck_assert_uint_eq(wire(seal, b.fmp, &via_t), 2);
	ck_assert_uint_eq(inside(b.fmp, "session", b.fsp, "datagrams"), 2);
	ck_assert_uint_eq(fips_word_get(&session.session.path_mtu), 1300);
	for (unsigned i = 0; i < 2; i++) {
		craft_ip(ce, &craft_a, &craft_b, (uint8_t)i, sizeof ce);
		ce[1] = i ? 0x30 : 0x20;
		same_packet(i ? "with CE" : "without CE", rig_out(b.fsp, "ip"), ce, sizeof ce);
	}
	rig_close(a.fsp);
	rig_close(a.fmp);
	rig_close(open);
	rig_close(route);
	rig_close(seal);
	rig_close(b.fmp);
	rig_close(b.fsp);
	keys_close(at.keys);
	keys_close(tb.keys);
	keys_close(session.keys);
}
END_TEST

/* ---- the stored stack ---- */

/* The UDP packet of ipv6_shim. */
static struct bytes stored_packet(const json_t *root)
{
	const json_t *pairs = vectors_get(vectors_get(root, "ipv6_shim"), "pairs");

	return vectors_bytes(json_array_get(pairs, 0), "ipv6");
}

static void seal_stack(const struct mr_aead *p, const json_t *v, const struct bytes *ip,
                       const uint8_t session_key[MR_AEAD_KEY])
{
	struct bytes want = vectors_bytes(v, "udp_payload"), fsp = vectors_bytes(v, "fsp_frame");
	struct keys *session = keys_open(p, session_key, 1, 0), *link;
	uint8_t link_key[MR_AEAD_KEY];
	struct sender a = sender_open(NODE_A);
	struct mr_pkt *q;

	vectors_exact(v, "fmp_key", link_key, sizeof link_key);
	link = keys_open(p, link_key, 2, (uint32_t)vectors_u64(v, "fmp_receiver_idx"));
	rig_at(a.fsp, 5 * MR_NS_PER_S);
	fips_send_key_start(&session->send, 0, 5 * MR_NS_PER_S);
	fips_send_key_start(&link->send, 0,
	                    5 * MR_NS_PER_S - vectors_u64(v, "fmp_timestamp_ms") * MR_NS_PER_MS);
	atomic_store(&link->send.next, vectors_u64(v, "fmp_counter"));
	send_ip(&a, craft_link(a.fmp, &craft_b, &link->send, &via_b, 1472),
	        craft_session(a.fsp, &craft_b, &session->send, NULL, 1472), ip->at, ip->n);
	rig_run(a.fsp);
	q = rig_out(a.fsp, "out");
	ck_assert_uint_eq(q->len, vectors_u64(v, "session_datagram_len"));
	vectors_same("FSP message", q->data + 36, q->len - 36, fsp.at, fsp.n);
	rig_feed(a.fmp, "own", q->data, q->len)->near = q->near;
	ck_assert_str_eq(rig_run(a.fmp), "out");
	q = rig_out(a.fmp, "out");
	vectors_same("UDP payload", q->data, q->len, want.at, want.n);
	ck_assert_uint_eq(q->len, ip->n + vectors_u64(v, "overhead"));
	rig_close(a.fsp);
	rig_close(a.fmp);
	keys_close(session);
	keys_close(link);
}

static void open_stack(const struct mr_aead *p, const json_t *v, const struct bytes *ip,
                       const uint8_t session_key[MR_AEAD_KEY])
{
	struct bytes frame = vectors_bytes(v, "udp_payload");
	struct keys *session = keys_open(p, session_key, 1, 0), *link;
	uint8_t link_key[MR_AEAD_KEY];
	struct receiver b = receiver_open(NODE_B);
	struct way link_way, session_way;

	vectors_exact(v, "fmp_key", link_key, sizeof link_key);
	link = keys_open(p, link_key, 2, 0);
	fips_link_recv_init(&link_way.link, &via_a);
	fips_session_recv_init(&session_way.session);
	fips_session_install(&session_way.session, &session->recv, 0);
	craft_index(b.fmp, (uint32_t)vectors_u64(v, "fmp_receiver_idx"), &craft_a, 5,
	            &link_way.link, &link->recv);
	craft_session(b.fsp, &craft_a, NULL, &session_way.session, 1472);
	feed_frame(b.fmp, frame.at, frame.n);
	rig_run(b.fmp);
	ck_assert_uint_eq(inside(b.fmp, "session", b.fsp, "datagrams"), 1);
	same_packet(vectors_name(v), rig_out(b.fsp, "ip"), ip->at, ip->n);
	rig_close(b.fmp);
	rig_close(b.fsp);
	keys_close(session);
	keys_close(link);
}

/* Without coordinates byte for byte in both directions; with them, which we never send on data,
 * opened. */
START_TEST(stored_stack)
{
	const struct mr_aead *p = keys_provider(_i);
	json_t *root = vectors_load("session_vectors");
	const json_t *stack = vectors_get(root, "full_stack"), *v;
	struct bytes ip = stored_packet(root);
	uint8_t key[MR_AEAD_KEY];
	size_t at;

	vectors_exact(json_array_get(vectors_get(root, "fsp_frames"), 0), "key", key, sizeof key);
	if (p) {
		rig_aead(p);
		json_array_foreach(stack, at, v) {
			if (vectors_u64(v, "overhead") == FIPS_IPV6_OVERHEAD)
				seal_stack(p, v, &ip, key);
			open_stack(p, v, &ip, key);
		}
		ck_assert_uint_eq(at, 2);
	}
	json_decref(root);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chain");
	TCase *both[] = { tcase_create("chain"), tcase_create("chain of slices") };
	SRunner *sr;
	int failed, n = keys_providers();

	tcase_add_checked_fixture(both[1], as_slices, NULL);
	for (unsigned i = 0; i < COUNT(both); i++) {
		TCase *tc = both[i];

		tcase_add_loop_test(tc, packets_come_out_byte_for_byte, 0, n);
		tcase_add_loop_test(tc, mixed_targets, 0, n);
		tcase_add_loop_test(tc, a_bad_wire, 0, n);
		tcase_add_test(tc, a_vector_is_one_call);
		tcase_add_loop_test(tc, through_a_node_in_between, 0, n);
		tcase_add_loop_test(tc, stored_stack, 0, n);
		suite_add_tcase(s, tc);
	}
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
