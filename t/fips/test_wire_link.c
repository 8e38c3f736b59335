/* test_wire_link.c - framing of links: what a datagram is, every size it can have, every bit of a
 * handshake packet's clear part, and the small link messages. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/link.h"
#include "fips/wire/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Verdicts by length, the rest of the datagram being as it should be. */
static const struct { uint8_t head[4]; size_t n; enum fips_frame verdict; } frames[] = {
	{ { 0, 0, 0, 0 }, 0, FIPS_FRAME_SHORT },
	{ { 0, 0, 0, 0 }, 3, FIPS_FRAME_SHORT },
	{ { 0, 0, 0, 0 }, 4, FIPS_FRAME_SHORT },
	{ { 0, 0, 0, 0 }, 31, FIPS_FRAME_SHORT },
	{ { 0, 0, 0, 0 }, 32, FIPS_FRAME_ESTABLISHED },
	{ { 0, 0, 0, 0 }, 33, FIPS_FRAME_LENGTH },
	{ { 0, 0xff, 5, 0 }, 37, FIPS_FRAME_ESTABLISHED },
	{ { 0, 0, 5, 0 }, 36, FIPS_FRAME_LENGTH },
	{ { 0, 0, 0xa0, 0x05 }, 1472, FIPS_FRAME_ESTABLISHED },
	{ { 0, 0, 0xef, 0xff }, 65519 + 32, FIPS_FRAME_ESTABLISHED },
	{ { 0, 0, 0xff, 0xff }, 65535 + 32, FIPS_FRAME_ESTABLISHED },
	{ { 1, 0, 110, 0 }, 114, FIPS_FRAME_MSG1 },
	{ { 1, 0, 110, 0 }, 113, FIPS_FRAME_LENGTH },
	{ { 1, 0, 110, 0 }, 115, FIPS_FRAME_LENGTH },
	{ { 1, 0, 111, 0 }, 115, FIPS_FRAME_LENGTH }, /* consistent, and still no message 1 */
	{ { 1, 0, 110, 1 }, 114, FIPS_FRAME_LENGTH },
	{ { 1, 4, 110, 0 }, 114, FIPS_FRAME_FLAGS },
	{ { 1, 0, 0, 0 }, 4, FIPS_FRAME_LENGTH },
	{ { 2, 0, 65, 0 }, 69, FIPS_FRAME_MSG2 },
	{ { 2, 0, 65, 0 }, 68, FIPS_FRAME_LENGTH },
	{ { 2, 0, 65, 0 }, 70, FIPS_FRAME_LENGTH },
	{ { 2, 0x80, 65, 0 }, 69, FIPS_FRAME_FLAGS },
	{ { 2, 0, 110, 0 }, 114, FIPS_FRAME_LENGTH },
	{ { 3, 0, 110, 0 }, 114, FIPS_FRAME_PHASE },
	{ { 15, 0, 0, 0 }, 32, FIPS_FRAME_PHASE },
	{ { 0x10, 0, 0, 0 }, 32, FIPS_FRAME_VERSION },
	{ { 0xf1, 0, 110, 0 }, 114, FIPS_FRAME_VERSION },
	{ { 'N', 'P', 'T', 'C' }, 4, FIPS_FRAME_PUNCH },
	{ { 'N', 'P', 'T', 'A' }, 40, FIPS_FRAME_PUNCH },
	{ { 'N', 'P', 'T', 'B' }, 40, FIPS_FRAME_VERSION },
	{ { 'N', 'P', 'T', 'C' }, 3, FIPS_FRAME_SHORT },
};

START_TEST(verdict_of_a_datagram)
{
	static uint8_t bytes[65535 + 64];
	enum fips_frame got;

	memset(bytes, 0x33, sizeof bytes);
	memcpy(bytes, frames[_i].head, 4);
	got = fips_frame_check(bytes, frames[_i].n);
	ck_assert_msg(got == frames[_i].verdict, "%zu bytes %02x %02x %02x %02x: %s", frames[_i].n,
	              bytes[0], bytes[1], bytes[2], bytes[3], fips_frame_name(got));
}
END_TEST

START_TEST(names_differ)
{
	for (int a = FIPS_FRAME_ESTABLISHED; a <= FIPS_FRAME_FLAGS; a++)
		for (int b = a + 1; b <= FIPS_FRAME_FLAGS + 1; b++)
			ck_assert_str_ne(fips_frame_name((enum fips_frame)a),
			                 fips_frame_name((enum fips_frame)b));
}
END_TEST

START_TEST(header_layout)
{
	const struct fips_link_head head = { .flags = FIPS_LINK_CE | FIPS_LINK_K,
					     .payload_len = 0x0102,
					     .receiver_idx = 0x11223344,
					     .counter = UINT64_C(0x0807060504030201) };
	const uint8_t want[FIPS_LINK_HEAD] = { 0, 3, 2, 1, 0x44, 0x33, 0x22, 0x11,
		                               1, 2, 3, 4, 5, 6, 7, 8 };
	struct fips_link_head back;
	uint8_t out[FIPS_LINK_HEAD];

	fips_link_head_build(out, &head);
	ck_assert_mem_eq(out, want, sizeof want);
	fips_link_head_parse(out, &back);
	ck_assert_uint_eq(back.flags, head.flags);
	ck_assert_uint_eq(back.payload_len, head.payload_len);
	ck_assert_uint_eq(back.receiver_idx, head.receiver_idx);
	ck_assert_uint_eq(back.counter, head.counter);
}
END_TEST

static const uint32_t indices[] = { 0, 1, 0x11223344, UINT32_MAX };

START_TEST(handshake_packets_come_back)
{
	uint8_t noise[FIPS_IK_MSG1], one[FIPS_MSG1_LEN], two[FIPS_MSG2_LEN];
	struct fips_msg1 m1 = { .sender_idx = indices[_i], .noise = noise };
	struct fips_msg2 m2 = { .sender_idx = indices[_i], .receiver_idx = ~indices[_i],
		                .noise = noise };

	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(i + 1);
	fips_msg1_build(one, &m1);
	ck_assert_int_eq(fips_frame_check(one, sizeof one), FIPS_FRAME_MSG1);
	fips_msg1_parse(one, &m1);
	ck_assert_uint_eq(m1.sender_idx, indices[_i]);
	ck_assert_mem_eq(m1.noise, noise, FIPS_IK_MSG1);
	fips_msg2_build(two, &m2);
	ck_assert_int_eq(fips_frame_check(two, sizeof two), FIPS_FRAME_MSG2);
	fips_msg2_parse(two, &m2);
	ck_assert_uint_eq(m2.sender_idx, indices[_i]);
	ck_assert_uint_eq(m2.receiver_idx, ~indices[_i]);
	ck_assert_mem_eq(m2.noise, noise, FIPS_IK_MSG2);
}
END_TEST

/* Of the clear part of a handshake packet, the prefix is checked bit by bit, and the indices are
 * open: altering one names another index and leaves the Noise message whole.  The handshake then
 * completes with the same keys and the frames go where nobody accepts them. */
static void check_clear_part(uint8_t *packet, size_t n, enum fips_frame kind, size_t noise_at)
{
	for (size_t bit = 0; bit < 8 * noise_at; bit++) {
		bool index = bit / 8 >= FIPS_LINK_PREFIX;

		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg((fips_frame_check(packet, n) == kind) == index, "bit %zu", bit);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < n; len++)
		ck_assert_int_ne(fips_frame_check(packet, len), kind);
}

START_TEST(clear_part_of_handshake_packets)
{
	uint8_t noise[FIPS_IK_MSG1] = { 2 }, one[FIPS_MSG1_LEN], two[FIPS_MSG2_LEN];

	printf("not authenticated: indices of link handshake packets: another index is named\n");
	fflush(stdout);
	fips_msg1_build(one, &(struct fips_msg1){ .sender_idx = 7, .noise = noise });
	fips_msg2_build(two, &(struct fips_msg2){ 7, 8, noise });
	check_clear_part(one, sizeof one, FIPS_FRAME_MSG1, 8);
	check_clear_part(two, sizeof two, FIPS_FRAME_MSG2, 12);
}
END_TEST

START_TEST(altered_indices_do_not_reach_the_keys)
{
	struct fips_curve curve = fips_curve_secp256k1();
	const uint8_t e_i[32] = { 1 }, e_r[32] = { 2 }, epoch[8] = { 3 };
	uint8_t one[FIPS_MSG1_LEN], two[FIPS_MSG2_LEN], send[32], recv[32];
	struct fips_identity a, b;
	struct fips_ik i, r;
	struct fips_msg1 m1;
	struct fips_msg2 m2;

	ck_assert_ptr_null(fips_identity_of_secret(&a, &curve, (const uint8_t[32]){ 4 }));
	ck_assert_ptr_null(fips_identity_of_secret(&b, &curve, (const uint8_t[32]){ 5 }));
	fips_ik_init_initiator(&i, &curve, &a, b.pub, e_i, epoch);
	fips_ik_init_responder(&r, &curve, &b, e_r, epoch);
	ck_assert(fips_ik_write1(&i, one + 8));
	fips_msg1_build(one, &(struct fips_msg1){ .sender_idx = 7, .noise = one + 8 });
	one[4] ^= 0x80;
	fips_msg1_parse(one, &m1);
	ck_assert_uint_eq(m1.sender_idx, 7 ^ 0x80);
	ck_assert(fips_ik_read1(&r, m1.noise));
	ck_assert(fips_ik_write2(&r, two + 12));
	fips_msg2_build(two, &(struct fips_msg2){ 9, m1.sender_idx, two + 12 });
	two[4] ^= 0x01; /* the initiator will address index 8 */
	two[8] ^= 0x80; /* and find its own again            */
	fips_msg2_parse(two, &m2);
	ck_assert_uint_eq(m2.sender_idx, 8);
	ck_assert_uint_eq(m2.receiver_idx, 7);
	ck_assert(fips_ik_read2(&i, m2.noise));
	fips_ik_split(&i, send, recv);
	fips_ik_split(&r, two, two + 32);
	ck_assert_mem_eq(two, recv, 32);
	ck_assert_mem_eq(two + 32, send, 32);
	fips_curve_close(&curve);
}
END_TEST

START_TEST(plaintext_needs_a_type_byte)
{
	const uint8_t text[] = { 0x78, 0x56, 0x34, 0x12, FIPS_LINK_HEARTBEAT, 9 };
	struct fips_link_text out = { 0 };

	for (size_t n = 0; n < 5; n++)
		ck_assert(!fips_link_text_parse(text, n, &out));
	ck_assert_ptr_null(out.message);
	ck_assert(fips_link_text_parse(text, 5, &out));
	ck_assert_uint_eq(out.timestamp, 0x12345678);
	ck_assert_uint_eq(out.message[0], FIPS_LINK_HEARTBEAT);
	ck_assert_uint_eq(out.len, 1);
	ck_assert(fips_link_text_parse(text, 6, &out));
	ck_assert_uint_eq(out.len, 2);
}
END_TEST

/* link.md 4: the body after the type byte. */
START_TEST(least_length_of_a_message)
{
	for (unsigned type = 0; type < 256; type++) {
		size_t body = type == 0x00   ? 35
		              : type == 0x01 ? 47
		              : type == 0x02 ? 67
		              : type == 0x50 ? 1
		                             : 0;

		ck_assert_uint_eq(fips_link_message_min((uint8_t)type), 1 + body);
	}
}
END_TEST

START_TEST(disconnect)
{
	enum fips_disconnect reason = FIPS_DISCONNECT_POLICY;
	uint8_t message[3] = { FIPS_LINK_DISCONNECT, 0, 0x77 };

	ck_assert(!fips_disconnect_parse(message, 0, &reason));
	ck_assert(!fips_disconnect_parse(message, 1, &reason));
	message[0] = FIPS_LINK_HEARTBEAT;
	ck_assert(!fips_disconnect_parse(message, 2, &reason));
	ck_assert_int_eq(reason, FIPS_DISCONNECT_POLICY);
	for (unsigned code = 0; code < 256; code++) {
		message[0] = FIPS_LINK_DISCONNECT;
		message[1] = (uint8_t)code;
		ck_assert(fips_disconnect_parse(message, 3, &reason));
		ck_assert_uint_eq(reason, code <= 7 ? code : 0xff);
		if (code <= 7)
			ck_assert_str_ne(fips_disconnect_name(reason), "other");
		fips_disconnect_build(message, reason);
		ck_assert_uint_eq(message[0], 0x50);
		ck_assert_uint_eq(message[1], reason);
	}
	ck_assert_str_eq(fips_disconnect_name(FIPS_DISCONNECT_OTHER), "other");
	fips_heartbeat_build(message);
	ck_assert_uint_eq(message[0], 0x51);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire link");
	TCase *t = tcase_create("frames");
	SRunner *r = srunner_create(s);

	tcase_add_loop_test(t, verdict_of_a_datagram, 0, (int)COUNT(frames));
	tcase_add_test(t, names_differ);
	tcase_add_test(t, header_layout);
	tcase_add_loop_test(t, handshake_packets_come_back, 0, (int)COUNT(indices));
	tcase_add_test(t, clear_part_of_handshake_packets);
	tcase_add_test(t, altered_indices_do_not_reach_the_keys);
	tcase_add_test(t, plaintext_needs_a_type_byte);
	tcase_add_test(t, least_length_of_a_message);
	tcase_add_test(t, disconnect);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
