/* fmp-number, alone: frames in clear with their counters, what each says of its keys, and what
 * never gets a number.  That the bytes are those of fmp-seal is shown in test_seal.c. */

#include <check.h>
#include <string.h>

#include "core/wire.h"
#include "stages/lib/mesh.h"
#include "stages/lib/snapshot.h"
#include "stages/lib/words.h"
#include "t/lib/craft.h"
#include "t/lib/vectors.h"

extern const struct mr_kind mr_kind_fmp_number;

#define INDEX 0x11223344u

static const uint8_t secret[MR_AEAD_KEY] = { 5, 6, 7 };
static const struct fips_via home = { .len = 16, .sock = { 2, 0, 8, 73, 10 } };

/* Node A with neighbour B under a key whose handle is 88, largest frame 200 bytes. */
struct bench {
	struct rig  *rig;
	struct keys *keys;
	uint64_t     link;
};

static void bench_open(struct bench *b)
{
	rig_aead(NULL);
	b->rig = rig_open(&mr_kind_fmp_number, "{}", CRAFT_NODE(CRAFT_A, CRAFT_UDP));
	b->keys = keys_open(&mr_aead_mbedtls, secret, 1, INDEX);
	b->keys->send.handle = 88;
	b->link = craft_link(b->rig, &craft_b, &b->keys->send, &home, 200);
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
	p->far = 4711;
	p->mark = MR_SHAPE_DATAGRAM;
	return p;
}

/* Only what fsp-number made has a session's seal to come, under the key it names; whatever else is
 * in far means nothing. */
static const struct {
	const char *input;
	bool        ce;
	uint8_t     flags, mark;
	uint64_t    far;
} inputs[] = {
	{ "own", false, 0, MR_SHAPE_CLEAR, 4711 },
	{ "own", true, 0, MR_SHAPE_CLEAR, 4711 },
	{ "control", true, 0, MR_SHAPE_FRAME, MR_NO_HANDLE },
	{ "transit", false, 0, MR_SHAPE_FRAME, MR_NO_HANDLE },
	{ "transit", true, FIPS_LINK_CE, MR_SHAPE_FRAME, MR_NO_HANDLE },
};

START_TEST(frames_are_whole_but_for_the_seal)
{
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(inputs); i++) {
		struct mr_pkt *p = feed(&b, inputs[i].input, b.link, (uint8_t)i, 40);

		p->flags = inputs[i].ce ? MR_FLAG_CE : 0;
		ck_assert_str_eq(rig_run(b.rig), "out");
		p = rig_out(b.rig, "out");
		ck_assert_uint_eq(p->len, 40 + 36);
		ck_assert_uint_eq(p->data[1], inputs[i].flags);
		ck_assert_uint_eq(mr_le16(p->data + 2), 44);
		ck_assert_uint_eq(mr_le32(p->data + 4), INDEX);
		ck_assert_uint_eq(mr_le64(p->data + 8), i);
		ck_assert_uint_eq(mr_le32(p->data + 16), 1000);
		ck_assert_uint_eq(p->data[20], i);
		ck_assert_uint_eq(p->near, 88);
		ck_assert_uint_eq(p->far, inputs[i].far);
		ck_assert_uint_eq(p->mark, inputs[i].mark);
		ck_assert_mem_eq(mr_pkt_via(p), &home, sizeof home);
	}
	bench_close(&b);
}
END_TEST

/* R25: what is too big, or for nobody, is dropped before it has a counter. */
START_TEST(what_is_dropped_has_no_number)
{
	static const size_t sizes[] = { 165, 164, 300, 1, 165, 164 };
	uint64_t counter = 0;
	struct bench b;

	bench_open(&b);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		feed(&b, "own", b.link, (uint8_t)i, sizes[i]);
		feed(&b, "own", MR_NO_HANDLE, (uint8_t)i, 20);
	}
	rig_run(b.rig);
	ck_assert_uint_eq(rig_count(b.rig, "too-big"), 3);
	ck_assert_uint_eq(rig_count(b.rig, "no-link"), 6);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct mr_pkt *p;

		if (sizes[i] > 164)
			continue;
		p = rig_out(b.rig, "out");
		ck_assert_uint_eq(mr_le64(p->data + 8), counter++);
		ck_assert_uint_eq(p->data[20], i);
		ck_assert_uint_eq(p->near, 88);
	}
	ck_assert_ptr_null(rig_out(b.rig, "out"));
	ck_assert_uint_eq(fips_numbered(&b.keys->send), 3);
	atomic_store(&b.keys->send.next, FIPS_COUNTER_END);
	feed(&b, "control", b.link, 1, 20);
	ck_assert_str_eq(rig_run(b.rig), "key-used-up");
	bench_close(&b);
}
END_TEST

START_TEST(figures_and_reports)
{
	struct mr_fips_snapshot snapshot = { .order = { .kind = MR_ORD_SENT_REPORT } };
	struct bench b;

	bench_open(&b);
	snapshot.order.p = &b.keys->send;
	feed(&b, "own", b.link, 1, 60);
	feed(&b, "own", b.link, 1, 300); /* too big: counts nowhere */
	feed(&b, "control", b.link, 1, 1);
	rig_run(b.rig);
	rig_order(b.rig, &snapshot.order);
	ck_assert(snapshot.due);
	ck_assert_uint_eq(snapshot.sender.last, 1);
	ck_assert_uint_eq(snapshot.sender.frames, 2);
	ck_assert_uint_eq(snapshot.sender.bytes, 60 + 1 + 2 * 36);
	bench_close(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmp-number");
	TCase *tc = tcase_create("fmp-number");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, frames_are_whole_but_for_the_seal);
	tcase_add_test(tc, what_is_dropped_has_no_number);
	tcase_add_test(tc, figures_and_reports);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
