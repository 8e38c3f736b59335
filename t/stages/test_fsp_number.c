/* fsp-number, alone: messages in clear with their counters, the handle of the key beside each, and
 * the books of what is sent.  That the bytes are those of fsp-seal is shown in test_seal.c. */

#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fsp_number;

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 }, other[MR_AEAD_KEY] = { 9 };

/* Node A with a session with B under a key whose handle is 4711. */
struct bench {
	struct rig  *rig;
	struct keys *keys;
	uint64_t     session;
};

static void bench_open(struct bench *b)
{
	rig_aead(NULL);
	b->rig = rig_open(&mr_kind_fsp_number, "{}", CRAFT_NODE(CRAFT_A, CRAFT_UDP));
	b->keys = keys_open(&mr_aead_mbedtls, secret, 1, 0);
	b->keys->send.handle = 4711;
	b->session = craft_session(b->rig, &craft_b, &b->keys->send, NULL, 1472);
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	keys_close(b->keys);
}

static void feed(struct bench *b, uint64_t session, uint8_t seed)
{
	uint8_t ip[100];
	struct mr_pkt *p;

	craft_ip(ip, &craft_a, &craft_b, seed, sizeof ip);
	p = rig_feed(b->rig, "bodies", ip, sizeof ip);
	p->far = session;
	p->near = 12;
	p->mark = MR_SHAPE_IP;
	p->limit = 1400;
}

/* Headers, text and room for a tag, the handle of the key, and nothing of the session left. */
START_TEST(messages_are_whole_but_for_the_seal)
{
	struct bench b;
	uint8_t ip[100];
	struct mr_pkt *p;

	bench_open(&b);
	craft_ip(ip, &craft_a, &craft_b, 3, sizeof ip);
	fips_send_key_start(&b.keys->send, 1, MR_NS_PER_S / 2);
	feed(&b, b.session, 3);
	ck_assert_str_eq(rig_run(b.rig), "out");
	p = rig_out(b.rig, "out");
	ck_assert_uint_eq(p->len, 36 + 12 + 17 + 60 + 16);
	ck_assert_mem_eq(p->data + 4, craft_a.b, 16);
	ck_assert_mem_eq(p->data + 20, craft_b.b, 16);
	ck_assert_uint_eq(p->data[37], FIPS_FSP_K);
	ck_assert_uint_eq(mr_le64(p->data + 40), 0);
	ck_assert_uint_eq(mr_le32(p->data + 48), 500);
	ck_assert_mem_eq(p->data + 65, ip + 40, 60);
	ck_assert_uint_eq(p->far, 4711);
	ck_assert_uint_eq(p->near, 12);
	ck_assert_uint_eq(p->mark, MR_SHAPE_DATAGRAM);
	bench_close(&b);
}
END_TEST

/* Two sessions and a dead one in a vector: order stays, each key's counters follow one another,
 * each packet has its own key's handle. */
START_TEST(mixed_sessions_have_their_handles)
{
	uint64_t handle[2], counter[2] = { 0, 1000 };
	struct keys *keys;
	struct bench b;

	bench_open(&b);
	keys = keys_open(&mr_aead_mbedtls, other, 2, 0);
	keys->send.handle = 4712;
	atomic_store(&keys->send.next, 1000);
	handle[0] = b.session;
	handle[1] = craft_session(b.rig, &craft_t, &keys->send, NULL, 1472);
	for (unsigned i = 0; i < 60; i++)
		feed(&b, i % 10 == 4 ? MR_NO_HANDLE : handle[i % 3 == 1], (uint8_t)i);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	craft_drops(b.rig, &mr_kind_fsp_number, "no-session", 6);
	for (unsigned i = 0; i < 60; i++) {
		unsigned t = i % 3 == 1;
		struct mr_pkt *p;

		if (i % 10 == 4)
			continue;
		p = rig_out(b.rig, "out");
		ck_assert_uint_eq(p->far, 4711 + t);
		ck_assert_uint_eq(mr_le64(p->data + 40), counter[t]++);
		ck_assert_uint_eq(p->data[65 + 8], (uint8_t)(i + 7 * 48));
	}
	bench_close(&b);
	keys_close(keys);
}
END_TEST

START_TEST(keys_are_used_up)
{
	struct bench b;

	bench_open(&b);
	atomic_store(&b.keys->send.next, FIPS_COUNTER_END - 1);
	feed(&b, b.session, 1);
	ck_assert_str_eq(rig_run(b.rig), "out");
	feed(&b, b.session, 1);
	feed(&b, b.session, 1);
	ck_assert_str_eq(rig_run(b.rig), "key-used-up");
	craft_drops(b.rig, &mr_kind_fsp_number, "key-used-up", 2);
	bench_close(&b);
}
END_TEST

/* What was sent is counted here, as fsp-seal counts it. */
START_TEST(figures_and_reports)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SENT_REPORT } };
	struct bench b;

	bench_open(&b);
	snapshot.order.p = &b.keys->send;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	for (unsigned i = 0; i < 5; i++)
		feed(&b, b.session, (uint8_t)i);
	rig_run(b.rig);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.sender.first, 0);
	ck_assert_uint_eq(snapshot.sender.last, 4);
	ck_assert_uint_eq(snapshot.sender.frames, 5);
	ck_assert_uint_eq(snapshot.sender.bytes, 5 * (17 + 60 + 16));
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fsp-number");
	TCase *tc = tcase_create("fsp-number");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, messages_are_whole_but_for_the_seal);
	tcase_add_test(tc, mixed_sessions_have_their_handles);
	tcase_add_test(tc, keys_are_used_up);
	tcase_add_test(tc, figures_and_reports);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
