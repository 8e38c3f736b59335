/* fmp-seal, alone: who numbers and seals what for which neighbour, and what never gets a number.
 *
 * What comes out is opened again with the AEAD itself and the layout of link.md 3.4. */

#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fmp_seal;

#define INDEX 0x11223344u

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 }, other[MR_AEAD_KEY] = { 9 };
static const struct fips_via home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };
static const struct fips_via away = { .instance = 1, .len = 28, .sock = { 10, 0, 8, 73, 11 } };

/* Node A with neighbour B under `secret`, largest frame 200 bytes. */
struct bench {
	struct rig  *rig;
	struct keys *keys;
	uint64_t     link;
};

static bool bench_open(struct bench *b, int provider)
{
	const struct mr_aead *p = keys_provider(provider);

	if (!p)
		return false;
	rig_aead(p);
	b->rig = rig_open(&mr_kind_fmp_seal, "{}", CRAFT_NODE(CRAFT_A, CRAFT_UDP));
	b->keys = keys_open(p, secret, 1, INDEX);
	b->link = craft_link(b->rig, &craft_b, &b->keys->send, &home, 200);
	return true;
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	keys_close(b->keys);
}

static struct mr_pkt *feed(struct bench *b, const char *input, uint64_t link, uint8_t fill,
                           size_t n)
{
	uint8_t message[300];
	struct mr_pkt *p;

	memset(message, fill, sizeof message);
	p = rig_feed(b->rig, input, message, n);
	p->near = link;
	p->mark = MR_SHAPE_DATAGRAM;
	return p;
}

struct opened {
	uint64_t     counter;
	uint32_t     index;
	uint8_t      flags;
	struct bytes text;
};

static struct opened open_packet(const struct mr_pkt *p, const uint8_t key[MR_AEAD_KEY],
                                 const struct fips_via *via)
{
	struct opened o = { .counter = mr_le64(p->data + 8), .index = mr_le32(p->data + 4),
		            .flags = p->data[1], .text.n = p->len - 32 };

	ck_assert_uint_eq(p->data[0], 0);
	ck_assert_uint_eq(mr_le16(p->data + 2), p->len - 32);
	ck_assert_uint_eq(p->mark, MR_SHAPE_FRAME);
	ck_assert(mr_aead_open_one(key, o.counter, p->data, 16, p->data + 16, p->len - 16,
	                           o.text.at));
	ck_assert_mem_eq(mr_pkt_via(p), via, sizeof *via);
	return o;
}

/* Every input ends in a frame; only what is forwarded carries CE on, K is the key's, SP is 0. */
static const struct {
	const char *input;
	bool        ce, k;
	uint8_t     flags;
} inputs[] = {
	{ "own", false, false, 0 },        { "own", true, true, FIPS_LINK_K },
	{ "control", true, false, 0 },     { "transit", false, true, FIPS_LINK_K },
	{ "transit", true, false, FIPS_LINK_CE },
	{ "transit", true, true, FIPS_LINK_CE | FIPS_LINK_K },
};

START_TEST(messages_are_sealed)
{
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	for (size_t i = 0; i < COUNT(inputs); i++) {
		struct mr_pkt *p;
		struct opened o;

		fips_send_key_start(&b.keys->send, inputs[i].k, MR_NS_PER_S / 4);
		p = feed(&b, inputs[i].input, b.link, (uint8_t)i, 1 + 30 * i);
		p->flags = inputs[i].ce ? MR_FLAG_CE : 0;
		ck_assert_str_eq(rig_run(b.rig), "out");
		o = open_packet(rig_out(b.rig, "out"), secret, &home);
		ck_assert_uint_eq(o.counter, i);
		ck_assert_uint_eq(o.index, INDEX);
		ck_assert_uint_eq(o.flags, inputs[i].flags);
		ck_assert_uint_eq(mr_le32(o.text.at), 750);
		ck_assert_uint_eq(o.text.n, 4 + 1 + 30 * i);
		for (size_t k = 4; k < o.text.n; k++)
			ck_assert_uint_eq(o.text.at[k], i);
	}
	bench_close(&b);
}
END_TEST

/* R1: one vector to B, T, B and to nobody: each under its link's key, with its link's address and
 * index, counters of each key consecutive. */
START_TEST(mixed_links_keep_their_keys)
{
	uint64_t handle[2], counter[2] = { 0, 500 };
	struct keys *keys;
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	keys = keys_open(b.keys->provider, other, 2, INDEX + 1);
	atomic_store(&keys->send.next, 500);
	handle[0] = b.link;
	handle[1] = craft_link(b.rig, &craft_t, &keys->send, &away, 200);
	for (unsigned i = 0; i < 40; i++)
		feed(&b, "own", i == 20 ? MR_NO_HANDLE : handle[i % 3 == 1], (uint8_t)i, 60);
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "vectors"), 1);
	craft_drops(b.rig, &mr_kind_fmp_seal, "no-link", 1);
	for (unsigned i = 0; i < 40; i++) {
		bool t = i % 3 == 1;
		struct opened o;

		if (i == 20)
			continue;
		o = open_packet(rig_out(b.rig, "out"), t ? other : secret, t ? &away : &home);
		ck_assert_uint_eq(o.counter, counter[t]++);
		ck_assert_uint_eq(o.index, INDEX + t);
		ck_assert_uint_eq(o.text.at[4], i);
	}
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* R25: what is too big is dropped before it has a counter; the rest of its run goes on without a
 * gap.  A frame of exactly the link's MTU goes. */
START_TEST(too_big_is_never_numbered)
{
	static const size_t sizes[] = { 165, 164, 300, 1, 165, 164, 200 };
	uint64_t counter = 0;
	struct bench b;

	if (!bench_open(&b, _i))
		return;
	for (size_t i = 0; i < COUNT(sizes); i++)
		feed(&b, "own", b.link, (uint8_t)i, sizes[i]);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_seal, "too-big", 4);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct mr_pkt *p;

		if (sizes[i] > 164)
			continue;
		p = rig_out(b.rig, "out");
		ck_assert_uint_eq(p->len, sizes[i] + 36);
		ck_assert_uint_eq(open_packet(p, secret, &home).counter, counter++);
	}
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 3);
	feed(&b, "transit", b.link, 0, 165);
	ck_assert_str_eq(rig_run(b.rig), "too-big");
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 3);
	bench_close(&b);
}
END_TEST

static uint64_t none(struct bench *b)
{
	(void)b;
	return MR_NO_HANDLE;
}

static uint64_t without_send_key(struct bench *b)
{
	return craft_link(b->rig, &craft_t, NULL, &home, 200);
}

static uint64_t removed(struct bench *b)
{
	craft_link_gone(b->rig, &craft_b);
	return b->link;
}

static uint64_t stale(struct bench *b)
{
	craft_link_gone(b->rig, &craft_b);
	ck_assert_uint_ne(craft_link(b->rig, &craft_b, &b->keys->send, &home, 200), b->link);
	return b->link;
}

static const struct {
	const char *name;
	uint64_t (*link)(struct bench *b);
} linkless[] = {
	{ "no handle", none }, { "no send key", without_send_key }, { "removed", removed },
	{ "stale handle", stale },
};

START_TEST(without_a_link_nothing_is_numbered)
{
	uint64_t handle;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	handle = linkless[_i].link(&b);
	feed(&b, "own", handle, 1, 60);
	feed(&b, "transit", handle, 1, 60);
	feed(&b, "control", handle, 1, 60);
	rig_run(b.rig);
	craft_drops(b.rig, &mr_kind_fmp_seal, "no-link", 3);
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 0);
	bench_close(&b);
}
END_TEST

START_TEST(keys_are_used_up)
{
	struct bench b;

	ck_assert(bench_open(&b, 0));
	atomic_store(&b.keys->send.next, FIPS_COUNTER_END - 1);
	feed(&b, "own", b.link, 1, 60);
	ck_assert_str_eq(rig_run(b.rig), "out");
	ck_assert_uint_eq(open_packet(rig_out(b.rig, "out"), secret, &home).counter,
	                  FIPS_COUNTER_END - 1);
	feed(&b, "own", b.link, 1, 60);
	feed(&b, "own", b.link, 1, 60);
	ck_assert_str_eq(rig_run(b.rig), "key-used-up");
	craft_drops(b.rig, &mr_kind_fmp_seal, "key-used-up", 2);
	bench_close(&b);
}
END_TEST

/* A rekey and a roamed peer replace the entry: the handle stays, key and address are new. */
START_TEST(a_rekey_keeps_the_handle)
{
	struct keys *keys;
	struct opened o;
	struct bench b;

	ck_assert(bench_open(&b, 0));
	keys = keys_open(b.keys->provider, other, 2, INDEX + 9);
	feed(&b, "own", b.link, 1, 60);
	rig_run(b.rig);
	open_packet(rig_out(b.rig, "out"), secret, &home);
	ck_assert_uint_eq(craft_link(b.rig, &craft_b, &keys->send, &away, 200), b.link);
	feed(&b, "own", b.link, 1, 60);
	rig_run(b.rig);
	o = open_packet(rig_out(b.rig, "out"), other, &away);
	ck_assert_uint_eq(o.counter, 0);
	ck_assert_uint_eq(o.index, INDEX + 9);
	bench_close(&b);
	keys_close(keys);
}
END_TEST

/* What was sent, counted where it was sealed: whole frames (link.md 8.2). */
START_TEST(figures_and_reports)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SENT_REPORT } };
	struct bench b;

	ck_assert(bench_open(&b, 0));
	snapshot.order.p = &b.keys->send;
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	feed(&b, "own", b.link, 1, 60);
	feed(&b, "own", b.link, 1, 300); /* too big: counts nowhere */
	feed(&b, "control", b.link, 1, 1);
	rig_run(b.rig);
	rig_at(b.rig, 2 * MR_NS_PER_S);
	feed(&b, "transit", b.link, 1, 100);
	rig_run(b.rig);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.sender.first, 0);
	ck_assert_uint_eq(snapshot.sender.last, 2);
	ck_assert_uint_eq(snapshot.sender.first_timestamp, 1000);
	ck_assert_uint_eq(snapshot.sender.last_timestamp, 2000);
	ck_assert_uint_eq(snapshot.sender.frames, 3);
	ck_assert_uint_eq(snapshot.sender.bytes, 60 + 1 + 100 + 3 * 36);
	ck_assert_uint_eq(snapshot.sender.interval_bytes, 60 + 1 + 100 + 3 * 36);
	rig_order(b.rig, &snapshot.order);
	ck_assert(!snapshot.due);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmp-seal");
	TCase *tc = tcase_create("fmp-seal");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, messages_are_sealed, 0, keys_providers());
	tcase_add_loop_test(tc, mixed_links_keep_their_keys, 0, keys_providers());
	tcase_add_loop_test(tc, too_big_is_never_numbered, 0, keys_providers());
	tcase_add_loop_test(tc, without_a_link_nothing_is_numbered, 0, (int)COUNT(linkless));
	tcase_add_test(tc, keys_are_used_up);
	tcase_add_test(tc, a_rekey_keeps_the_handle);
	tcase_add_test(tc, figures_and_reports);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
