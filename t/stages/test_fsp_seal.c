/* fsp-seal, alone: who numbers and seals what under which key, and what never gets a number.
 *
 * What comes out is opened again with the AEAD itself and the layouts of session.md 1.1 and 2.5. */

#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fsp_seal;

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 }, other[MR_AEAD_KEY] = { 9 };

/* Node A with a session with B under `secret`. */
struct bench {
	struct rig  *rig;
	struct keys *keys;
	uint64_t     session;
};

static bool bench_open(struct bench *b, int provider)
{
	const struct mr_aead *p = keys_provider(provider);

	if (!p)
		return false;
	rig_aead(p);
	b->rig = rig_open(&mr_kind_fsp_seal, "{}", CRAFT_NODE(CRAFT_A, CRAFT_UDP));
	b->keys = keys_open(p, secret, 1, 0);
	b->session = craft_session(b->rig, &craft_b, &b->keys->send, NULL, 1472);
	return true;
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	keys_close(b->keys);
}

static struct mr_pkt *feed(struct bench *b, uint64_t session, enum mr_shape shape,
                           const void *bytes, size_t n)
{
	struct mr_pkt *p = rig_feed(b->rig, "bodies", bytes, n);

	p->far = session;
	p->near = 4711;
	p->mark = (uint8_t)shape;
	p->limit = 1400;
	return p;
}

/* What a sealed datagram said. */
struct opened {
	uint64_t     counter;
	uint8_t      flags;
	struct bytes coords, text;
};

/* Take a packet of `out` apart and assert everything about it that does not depend on the text. */
static struct opened open_packet(const struct mr_pkt *p, const struct fips_addr *dest,
                                 const uint8_t key[MR_AEAD_KEY], size_t n_coords)
{
	const uint8_t *fsp = p->data + 36;
	size_t sealed = p->len - 36 - 12 - n_coords;
	struct opened o;

	ck_assert_uint_eq(p->data[0], 0);
	ck_assert_uint_eq(p->data[1], 64);
	ck_assert_uint_eq(mr_le16(p->data + 2), 1400);
	ck_assert_mem_eq(p->data + 4, craft_a.b, 16);
	ck_assert_mem_eq(p->data + 20, dest->b, 16);
	ck_assert_uint_eq(fsp[0], 0);
	ck_assert_uint_eq(mr_le16(fsp + 2), sealed - 16);
	ck_assert_uint_eq(p->near, 4711);
	o.flags = fsp[1];
	o.counter = mr_le64(fsp + 4);
	o.coords.n = n_coords;
	memcpy(o.coords.at, fsp + 12, n_coords);
	o.text.n = sealed - 16;
	ck_assert(mr_aead_open_one(key, o.counter, fsp, 12, fsp + 12 + n_coords, sealed,
	                           o.text.at));
	return o;
}

/* An IPv6 packet becomes ports, shim and payload, and its counters follow one another. */
START_TEST(packets_are_sealed)
{
	static const size_t sizes[] = { 48, 49, 63, 64, 65, 576, 1280, 1395 };
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	fips_send_key_start(&b.keys->send, 1, MR_NS_PER_S / 2);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t ip[1400];
		struct opened o;
		size_t n = craft_ip(ip, &craft_a, &craft_b, (uint8_t)i, sizes[i]);

		feed(&b, b.session, MR_SHAPE_IP, ip, n);
		ck_assert_str_eq(rig_run(b.rig), "out");
		o = open_packet(rig_out(b.rig, "out"), &craft_b, secret, 0);
		ck_assert_uint_eq(o.counter, i);
		ck_assert_uint_eq(o.flags, FIPS_FSP_K);
		ck_assert_uint_eq(mr_le32(o.text.at), 500);
		ck_assert_uint_eq(o.text.at[4], FIPS_FSP_DATA);
		ck_assert_uint_eq(o.text.at[5], 0);
		ck_assert_uint_eq(mr_le16(o.text.at + 6), FIPS_PORT_IPV6);
		ck_assert_uint_eq(mr_le16(o.text.at + 8), FIPS_PORT_IPV6);
		ck_assert_uint_eq(o.text.at[10], 0);
		ck_assert_mem_eq(o.text.at + 11, ip, 4);
		ck_assert_mem_eq(o.text.at + 15, ip + 6, 2);
		ck_assert_uint_eq(o.text.n, n - 40 + 17);
		ck_assert_mem_eq(o.text.at + 17, ip + 40, n - 40);
	}
	bench_close(&b);
}
END_TEST

/* Messages of control's: the body under the tag, but for CoordsWarmup, whose lists go in clear. */
static const struct {
	uint8_t type;
	size_t  body;
} bodies[] = {
	{ FIPS_FSP_SENDER_REPORT, 46 }, { FIPS_FSP_RECEIVER_REPORT, 66 }, { FIPS_FSP_PATH_MTU, 2 },
	{ FIPS_FSP_COORDS_WARMUP, 2 + 3 * 16 + 2 + 2 * 16 }, { FIPS_FSP_COORDS_WARMUP, 4 },
};

START_TEST(bodies_are_sealed)
{
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		bool warmup = bodies[i].type == FIPS_FSP_COORDS_WARMUP;
		uint8_t view[200];
		struct opened o;

		memset(view, (int)i + 1, sizeof view);
		view[0] = bodies[i].type;
		feed(&b, b.session, MR_SHAPE_BODY, view, 1 + bodies[i].body);
		ck_assert_str_eq(rig_run(b.rig), "out");
		o = open_packet(rig_out(b.rig, "out"), &craft_b, secret,
		                warmup ? bodies[i].body : 0);
		ck_assert_uint_eq(o.counter, i);
		ck_assert_uint_eq(o.flags, warmup ? FIPS_FSP_CP : 0);
		ck_assert_uint_eq(o.text.at[4], bodies[i].type);
		ck_assert_uint_eq(o.text.n, 6 + (warmup ? 0 : bodies[i].body));
		if (warmup)
			ck_assert_mem_eq(o.coords.at, view + 1, bodies[i].body);
		else
			ck_assert_mem_eq(o.text.at + 6, view + 1, bodies[i].body);
	}
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.data_at), 0);
	bench_close(&b);
}
END_TEST

/* R1: one vector to B, T, B, and a dead session between: each under the key of its own session, in
 * order, counters of each key consecutive. */
START_TEST(mixed_sessions_keep_their_keys)
{
	uint64_t handle[2], counter[2] = { 0 };
	struct keys *keys;
	uint8_t ip[100];
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	keys = keys_open(b.keys->provider, other, 2, 0);
	atomic_store(&keys->send.next, 1000);
	counter[1] = 1000;
	handle[0] = b.session;
	handle[1] = craft_session(b.rig, &craft_t, &keys->send, NULL, 1472);
	for (unsigned i = 0; i < 40; i++) {
		bool t = i % 3 == 1;

		craft_ip(ip, &craft_a, t ? &craft_t : &craft_b, (uint8_t)i, sizeof ip);
		feed(&b, i == 20 ? MR_NO_HANDLE : handle[t], MR_SHAPE_IP, ip, sizeof ip);
	}
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	craft_drops(b.rig, &mr_kind_fsp_seal, "no-session", 1);
	for (unsigned i = 0; i < 40; i++) {
		bool t = i % 3 == 1;
		struct opened o;

		if (i == 20)
			continue;
		o = open_packet(rig_out(b.rig, "out"), t ? &craft_t : &craft_b,
		                t ? other : secret, 0);
		ck_assert_uint_eq(o.counter, counter[t]++);
		ck_assert_uint_eq(o.text.at[17 + 8], (uint8_t)(i + 7 * 48));
	}
	ck_assert_uint_eq(fips_numbered(&b.keys->send), counter[0]);
	ck_assert_uint_eq(fips_numbered(&keys->send), counter[1]);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* What has no key never gets a counter. */
static uint64_t none(struct bench *b)
{
	(void)b;
	return MR_NO_HANDLE;
}

static uint64_t expected(struct bench *b)
{
	return craft_session(b->rig, &craft_t, NULL, NULL, 0);
}

static uint64_t without_send_key(struct bench *b)
{
	static struct fips_session_recv recv;

	return craft_session(b->rig, &craft_t, NULL, &recv, 0);
}

static uint64_t removed(struct bench *b)
{
	craft_session_gone(b->rig, &craft_b);
	return b->session;
}

/* The address has a session again, but the handle was that of the old one. */
static uint64_t stale(struct bench *b)
{
	craft_session_gone(b->rig, &craft_b);
	ck_assert_uint_ne(craft_session(b->rig, &craft_b, &b->keys->send, NULL, 1472), b->session);
	return b->session;
}

static const struct {
	const char *name;
	uint64_t (*session)(struct bench *b);
} sessionless[] = {
	{ "no handle", none },        { "expected", expected }, { "no send key", without_send_key },
	{ "removed", removed },       { "stale handle", stale },
};

START_TEST(without_a_session_nothing_is_numbered)
{
	uint8_t ip[100];
	uint64_t handle;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	handle = sessionless[_i].session(&b);
	craft_ip(ip, &craft_a, &craft_b, 0, sizeof ip);
	feed(&b, handle, MR_SHAPE_IP, ip, sizeof ip);
	ck_assert_str_eq(rig_run(b.rig), "no-session");
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 0);
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.packets), 0);
	bench_close(&b);
}
END_TEST

/* A replaced entry keeps the handle: the next packet is sealed under the new key, from 0. */
START_TEST(a_rekey_keeps_the_handle)
{
	uint8_t ip[100];
	struct keys *keys;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	keys = keys_open(b.keys->provider, other, 2, 0);
	craft_ip(ip, &craft_a, &craft_b, 0, sizeof ip);
	feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	rig_run(b.rig);
	open_packet(rig_out(b.rig, "out"), &craft_b, secret, 0);
	fips_send_key_start(&keys->send, 1, 0);
	ck_assert_uint_eq(craft_session(b.rig, &craft_b, &keys->send, NULL, 1472), b.session);
	feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	rig_run(b.rig);
	ck_assert_uint_eq(open_packet(rig_out(b.rig, "out"), &craft_b, other, 0).counter, 0);
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 1);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* The last counter before 2^62 is used; a run that does not fit whole is refused whole. */
START_TEST(keys_are_used_up)
{
	uint8_t ip[100];
	struct bench b;

	ck_assert(bench_open(&b, 0));
	craft_ip(ip, &craft_a, &craft_b, 0, sizeof ip);
	atomic_store(&b.keys->send.next, FIPS_COUNTER_END - 1);
	feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	ck_assert_str_eq(rig_run(b.rig), "out");
	ck_assert_uint_eq(open_packet(rig_out(b.rig, "out"), &craft_b, secret, 0).counter,
	                  FIPS_COUNTER_END - 1);
	for (unsigned i = 0; i < 3; i++)
		feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	ck_assert_str_eq(rig_run(b.rig), "key-used-up");
	craft_drops(b.rig, &mr_kind_fsp_seal, "key-used-up", 3);
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.packets), 1);
	bench_close(&b);
}
END_TEST

/* What was sent, counted where it was sealed: texts and tags (session.md 4.2). */
START_TEST(figures_and_reports)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SENT_REPORT } };
	static const uint8_t note[3] = { FIPS_FSP_PATH_MTU, 0, 5 };
	uint8_t ip[100];
	struct bench b;

	ck_assert(bench_open(&b, 0));
	snapshot.order.p = &b.keys->send;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	feed(&b, b.session, MR_SHAPE_BODY, note, sizeof note);
	rig_run(b.rig);
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.data_at), 0); /* not data */
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.bytes), 6 + 2 + 16);
	rig_at(b.rig, 3 * MR_NS_PER_S);
	craft_ip(ip, &craft_a, &craft_b, 0, sizeof ip);
	feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	feed(&b, b.session, MR_SHAPE_IP, ip, sizeof ip);
	rig_run(b.rig);
	ck_assert_uint_eq(fips_word_get(&b.keys->send.sent.data_at), 3 * MR_NS_PER_S);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.sender.first, 0);
	ck_assert_uint_eq(snapshot.sender.last, 2);
	ck_assert_uint_eq(snapshot.sender.first_timestamp, 1000);
	ck_assert_uint_eq(snapshot.sender.last_timestamp, 3000);
	ck_assert_uint_eq(snapshot.sender.frames, 3);
	ck_assert_uint_eq(snapshot.sender.bytes, 24 + 2 * (100 - 33 + 10 + 16));
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fsp-seal");
	TCase *tc = tcase_create("fsp-seal");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, packets_are_sealed, 0, keys_providers());
	tcase_add_loop_test(tc, bodies_are_sealed, 0, keys_providers());
	tcase_add_loop_test(tc, mixed_sessions_keep_their_keys, 0, keys_providers());
	tcase_add_loop_test(tc, without_a_session_nothing_is_numbered, 0, (int)COUNT(sessionless));
	tcase_add_test(tc, a_rekey_keeps_the_handle);
	tcase_add_test(tc, keys_are_used_up);
	tcase_add_test(tc, figures_and_reports);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
