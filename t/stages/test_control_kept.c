/* Frames and messages that overtake the handshake of their key: few are kept, and not for long. */

#include <check.h>

#include "core/wire.h"
#include "fips/path/entry.h"
#include "fips/path/link_seal.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"
#include "t/lib/whole.h"

/* A heartbeat of b to a, sealed by hand: b itself says nothing before it has heard from a, but
 * other nodes do. */
static void b_talks_early(void)
{
	const struct fips_link_entry *e =
		mr_table_find(whole_mesh(1)->links, whole_mesh(0)->me.addr.b);
	uint8_t frame[FIPS_LINK_OVERHEAD + FIPS_HEARTBEAT_LEN];
	struct fips_via via = via_of(air.host[0]);
	struct mr_aead_op op;
	uint64_t counter;

	ck_assert_ptr_nonnull(e);
	ck_assert(fips_number(e->send, 1, &counter));
	fips_heartbeat_build(frame + FIPS_LINK_FRONT);
	fips_link_seal_op(e->send, whole_data(1)->index, counter, false, air.now,
	                  frame + FIPS_LINK_FRONT, FIPS_HEARTBEAT_LEN, &op);
	node[1].engine->aead->seal(&op, 1);
	air_send(1, &via, frame, sizeof frame);
}

/* Message 2 takes its time, and the first frame overtakes it. */
static uint64_t msg2_late(const struct flight *f)
{
	return f->len == FIPS_MSG2_LEN ? 100 * MS : MS;
}

START_TEST(a_frame_before_its_key_is_kept)
{
	char peers[512];

	whole_reset();
	air.fate = msg2_late;
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	whole_run(10);
	b_talks_early();
	whole_run(40);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 1);
	ck_assert_uint_eq(whole_word(0, &mr_kind_fmp_open, MR_W_IN), 0);
	whole_run(100);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_uint_ge(whole_word(0, &mr_kind_fmp_open, MR_W_IN), 1);
	ck_assert_uint_eq(control_drop(0, "kept-late"), 0);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	whole_close_all();
}
END_TEST

/* Message 2 comes together with the second frame; the first one was kept. */
static uint64_t msg2_due;
static unsigned frames_sent;
static uint32_t announced; /* index of the last message 1 */

static uint64_t msg2_with_the_second(const struct flight *f)
{
	if (f->len == FIPS_MSG1_LEN)
		announced = mr_le32(f->bytes + FIPS_LINK_PREFIX);
	else if (f->len == FIPS_MSG2_LEN)
		msg2_due = air.now + 100 * MS;
	if (f->len == FIPS_MSG2_LEN || (f->to == 0 && frames_sent++ == 1))
		return msg2_due - air.now;
	return MS;
}

START_TEST(kept_frames_stay_in_order)
{
	const struct fips_index_entry *e;
	uint8_t index[4];
	char peers[512];

	whole_reset();
	frames_sent = 0;
	air.fate = msg2_with_the_second;
	whole_open(0, "", whole_dial(1, peers));
	whole_open(1, "", "");
	whole_run(10);
	b_talks_early();
	whole_run(10);
	b_talks_early();
	whole_run(50);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 1);
	ck_assert_uint_eq(frames_sent, 2);
	whole_run(50);
	ck_assert_int_eq(whole_peer_state(0), FIPS_PEER_UP);
	mr_to_le32(index, announced);
	e = mr_table_find(whole_mesh(0)->index, index);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_ge(e->key->received.seen, 2);
	ck_assert_uint_eq(e->key->received.reordered, 0);
	whole_close_all();
}
END_TEST

/* Somebody knows the index we announced and sends frames for it. */
static void forge_frames(unsigned to, uint32_t index, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct fips_link_head head = { .payload_len = 5, .receiver_idx = index,
			                       .counter = i };
		uint8_t frame[FIPS_LINK_MIN + 5] = { 0 };
		struct fips_via via = via_of(air.host[to]);

		fips_link_head_build(frame, &head);
		air_send(!to, &via, frame, sizeof frame);
	}
}

static uint64_t note_index(const struct flight *f)
{
	if (f->len == FIPS_MSG1_LEN)
		announced = mr_le32(f->bytes + FIPS_LINK_PREFIX);
	return f->len == FIPS_MSG1_LEN ? MR_NEVER : MS;
}

START_TEST(few_are_kept_and_not_for_long)
{
	char peers[512];

	whole_reset();
	air.fate = note_index;
	whole_open(0, "", whole_dial(1, peers));
	whole_run(10);
	forge_frames(0, announced, 6);
	whole_run(10);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 4);
	ck_assert_uint_eq(control_drop(0, "kept-over"), 2);
	whole_run(1000);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 0);
	ck_assert_uint_eq(control_drop(0, "kept-late"), 4);
	whole_close_all();
}
END_TEST

/* The dial ends: its index goes, and what waited for it. */
START_TEST(kept_frames_go_with_their_handshake)
{
	char peers[512];

	whole_reset();
	air.fate = note_index;
	whole_open(0, ",\"rate_limit\":{\"handshake_timeout_secs\":1}", whole_dial(1, peers));
	whole_run(900);
	forge_frames(0, announced, 1);
	whole_run(20);
	ck_assert_uint_eq(control_word(0, MR_W_HELD), 1);
	whole_run(100);
	ck_assert_uint_eq(control_drop(0, "no-key"), 1);
	ck_assert_uint_eq(mr_table_count(whole_mesh(0)->index), 0);
	whole_close_all();
}
END_TEST

/* Message 3 of the session takes its time, and data overtakes it. */
static uint64_t msg3_late(const struct flight *f)
{
	uint32_t msg3 = FIPS_LINK_OVERHEAD + FIPS_DATAGRAM_HEAD + FIPS_FSP_MSG3_LEN;

	return f->len == msg3 ? 100 * MS : MS;
}

START_TEST(a_message_before_its_key_is_kept)
{
	whole_link_up();
	air.fate = msg3_late;
	whole_say(0, &whole_mesh(1)->me.addr, 200, 9);
	whole_run(60);
	ck_assert_uint_eq(air.got[1], 0);
	ck_assert_uint_ge(control_word(1, MR_W_HELD), 1);
	whole_run(100);
	ck_assert_uint_eq(air.got[1], 1);
	ck_assert_uint_eq(control_word(1, MR_W_HELD), 0);
	whole_close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control kept");
	TCase *tc = tcase_create("kept");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_frame_before_its_key_is_kept);
	tcase_add_test(tc, kept_frames_stay_in_order);
	tcase_add_test(tc, few_are_kept_and_not_for_long);
	tcase_add_test(tc, kept_frames_go_with_their_handshake);
	tcase_add_test(tc, a_message_before_its_key_is_kept);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
