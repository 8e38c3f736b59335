/* test_noise.c - both handshakes against a hostile wire: every single-bit flip, wrong keys,
 * replays, and reads that have to leave the object as it was.
 *
 * Bytes the protocol does not authenticate are in a table of their own at the end, each with what
 * altering it does. */
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "core/rand.h"
#include "fips/noise/ik.h"
#include "fips/noise/xk.h"

static struct fips_curve curve;
static struct fips_identity alice, bob, eve; /* odd y, even y, a stranger */
static struct mr_rand_state seed;
static struct mr_rand draw;
static const uint8_t epoch_a[8] = "epoch A", epoch_b[8] = "epoch B";

/* The identity whose secret is this byte 32 times. */
static void make(struct fips_identity *id, uint8_t byte)
{
	uint8_t secret[32];

	memset(secret, byte, sizeof secret);
	ck_assert_ptr_null(fips_identity_of_secret(id, &curve, secret));
}

static void open_curve(void)
{
	curve = fips_curve_secp256k1();
	seed = (struct mr_rand_state){ .seed = 2 };
	draw = mr_rand_seeded(&seed);
	make(&alice, 1);
	make(&bob, 2);
	make(&eve, 3);
	ck_assert_uint_eq(alice.pub[0], 3);
	ck_assert_uint_eq(bob.pub[0], 2);
}

static void close_curve(void)
{
	fips_curve_close(&curve);
}

static void ik_dial(struct fips_ik *ik, const struct fips_identity *me,
                    const struct fips_identity *peer)
{
	uint8_t ephemeral[32];

	mr_rand_bytes(&draw, ephemeral, sizeof ephemeral);
	fips_ik_init_initiator(ik, &curve, me, peer->pub, ephemeral, epoch_a);
}

static void ik_answer(struct fips_ik *ik, const struct fips_identity *me)
{
	uint8_t ephemeral[32];

	mr_rand_bytes(&draw, ephemeral, sizeof ephemeral);
	fips_ik_init_responder(ik, &curve, me, ephemeral, epoch_b);
}

static void xk_dial(struct fips_xk *xk, const struct fips_identity *me,
                    const struct fips_identity *peer)
{
	uint8_t ephemeral[32];

	mr_rand_bytes(&draw, ephemeral, sizeof ephemeral);
	fips_xk_init_initiator(xk, &curve, me, peer->pub, ephemeral, epoch_a);
}

static void xk_answer(struct fips_xk *xk, const struct fips_identity *me)
{
	uint8_t ephemeral[32];

	mr_rand_bytes(&draw, ephemeral, sizeof ephemeral);
	fips_xk_init_responder(xk, &curve, me, ephemeral, epoch_b);
}

static void ik_same_keys(const struct fips_ik *i, const struct fips_ik *r)
{
	uint8_t i_send[32], i_recv[32], r_send[32], r_recv[32];

	fips_ik_split(i, i_send, i_recv);
	fips_ik_split(r, r_send, r_recv);
	ck_assert_mem_eq(i_send, r_recv, 32);
	ck_assert_mem_eq(i_recv, r_send, 32);
	ck_assert_mem_ne(i_send, i_recv, 32);
}

static void xk_same_keys(const struct fips_xk *i, const struct fips_xk *r)
{
	uint8_t i_send[32], i_recv[32], r_send[32], r_recv[32];

	fips_xk_split(i, i_send, i_recv);
	fips_xk_split(r, r_send, r_recv);
	ck_assert_mem_eq(i_send, r_recv, 32);
	ck_assert_mem_eq(i_recv, r_send, 32);
	ck_assert_mem_ne(i_send, i_recv, 32);
}

static bool is_zero(const void *at, size_t n)
{
	const uint8_t *p = at;

	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void flip(uint8_t *bytes, size_t bit)
{
	bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* The bit that tells 02 from 03, the parity of an ephemeral key at the start of a message. */
#define PARITY_BIT 0

START_TEST(ik_message_1_survives_no_flip)
{
	struct fips_ik i, r, before;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2];

	ik_dial(&i, &alice, &bob);
	ik_answer(&r, &bob);
	before = r;
	ck_assert(fips_ik_write1(&i, msg1));
	for (size_t bit = PARITY_BIT + 1; bit < 8 * sizeof msg1; bit++) {
		flip(msg1, bit);
		ck_assert_msg(!fips_ik_read1(&r, msg1), "bit %zu", bit);
		ck_assert_mem_eq(&r, &before, sizeof r);
		flip(msg1, bit);
	}
	ck_assert(fips_ik_read1(&r, msg1));
	ck_assert_mem_eq(r.remote_pub, alice.pub, 33);
	ck_assert_mem_eq(r.remote_epoch, epoch_a, 8);
	ck_assert(fips_ik_write2(&r, msg2));
	ck_assert(fips_ik_read2(&i, msg2));
	ik_same_keys(&i, &r);
	ck_assert(is_zero(i.es, 32) && is_zero(i.ephemeral, 32));
	ck_assert(is_zero(r.es, 32) && is_zero(r.ephemeral, 32));
}
END_TEST

START_TEST(ik_message_2_survives_no_flip)
{
	struct fips_ik i, r, before;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2];

	ik_dial(&i, &bob, &alice);
	ik_answer(&r, &alice);
	ck_assert(fips_ik_write1(&i, msg1));
	ck_assert(fips_ik_read1(&r, msg1));
	ck_assert(fips_ik_write2(&r, msg2));
	before = i;
	for (size_t bit = PARITY_BIT + 1; bit < 8 * sizeof msg2; bit++) {
		flip(msg2, bit);
		ck_assert_msg(!fips_ik_read2(&i, msg2), "bit %zu", bit);
		ck_assert_mem_eq(&i, &before, sizeof i);
		flip(msg2, bit);
	}
	ck_assert(fips_ik_read2(&i, msg2));
	ck_assert_mem_eq(i.remote_epoch, epoch_b, 8);
	ik_same_keys(&i, &r);
}
END_TEST

START_TEST(ik_with_the_wrong_keys)
{
	struct fips_ik i, r, stranger;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2];

	/* A message 1 for somebody else does not open. */
	ik_dial(&i, &alice, &eve);
	ik_answer(&r, &bob);
	ck_assert(fips_ik_write1(&i, msg1));
	ck_assert(!fips_ik_read1(&r, msg1));

	/* An answer to another message 1 does not open, nor does one by a stranger. */
	ik_dial(&i, &alice, &bob);
	ik_dial(&stranger, &alice, &bob);
	ck_assert(fips_ik_write1(&i, msg1));
	ck_assert(fips_ik_read1(&r, msg1));
	ck_assert(fips_ik_write1(&stranger, msg1));
	ck_assert(fips_ik_write2(&r, msg2));
	ck_assert(!fips_ik_read2(&stranger, msg2));
	ck_assert(fips_ik_read2(&i, msg2));
}
END_TEST

/* Message 1 has no freshness: link.md 6.5 and 7.6 live with it. */
START_TEST(ik_message_1_can_be_replayed)
{
	struct fips_ik i, first, second;
	uint8_t msg1[FIPS_IK_MSG1], one[FIPS_IK_MSG2], two[FIPS_IK_MSG2];

	ik_dial(&i, &alice, &bob);
	ik_answer(&first, &bob);
	ik_answer(&second, &bob);
	ck_assert(fips_ik_write1(&i, msg1));
	ck_assert(fips_ik_read1(&first, msg1));
	ck_assert(fips_ik_read1(&second, msg1));
	ck_assert(fips_ik_write2(&first, one));
	ck_assert(fips_ik_write2(&second, two));
	ck_assert_mem_ne(one, two, sizeof one);
	ck_assert(fips_ik_read2(&i, two));
	ik_same_keys(&i, &second);
}
END_TEST

START_TEST(xk_messages_survive_no_flip)
{
	struct fips_xk i, r, before;
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3];

	xk_dial(&i, &alice, &bob);
	xk_answer(&r, &bob);
	ck_assert(fips_xk_write1(&i, msg1));
	ck_assert(fips_xk_read1(&r, msg1));
	ck_assert(fips_xk_write2(&r, msg2));
	before = i;
	for (size_t bit = PARITY_BIT + 1; bit < 8 * sizeof msg2; bit++) {
		flip(msg2, bit);
		ck_assert_msg(!fips_xk_read2(&i, msg2), "bit %zu", bit);
		ck_assert_mem_eq(&i, &before, sizeof i);
		flip(msg2, bit);
	}
	ck_assert(fips_xk_read2(&i, msg2));
	ck_assert_mem_eq(i.remote_epoch, epoch_b, 8);
	ck_assert(fips_xk_write3(&i, msg3));
	before = r;
	for (size_t bit = 0; bit < 8 * sizeof msg3; bit++) {
		flip(msg3, bit);
		ck_assert_msg(!fips_xk_read3(&r, msg3), "bit %zu", bit);
		ck_assert_mem_eq(&r, &before, sizeof r);
		flip(msg3, bit);
	}
	ck_assert(fips_xk_read3(&r, msg3));
	ck_assert_mem_eq(r.remote_pub, alice.pub, 33);
	ck_assert_mem_eq(r.remote_epoch, epoch_a, 8);
	xk_same_keys(&i, &r);
	ck_assert(is_zero(i.ephemeral, 32) && is_zero(r.ephemeral, 32));
}
END_TEST

START_TEST(xk_with_the_wrong_keys)
{
	struct fips_xk i, r, other;
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3];

	/* A stranger who got message 1 cannot answer it. */
	xk_dial(&i, &alice, &bob);
	xk_answer(&r, &eve);
	ck_assert(fips_xk_write1(&i, msg1));
	ck_assert(fips_xk_read1(&r, msg1));
	ck_assert(fips_xk_write2(&r, msg2));
	ck_assert(!fips_xk_read2(&i, msg2));

	/* The genuine answer still opens; message 3 fits this responder alone. */
	xk_answer(&r, &bob);
	xk_answer(&other, &bob);
	ck_assert(fips_xk_read1(&r, msg1) && fips_xk_read1(&other, msg1));
	ck_assert(fips_xk_write2(&r, msg2));
	ck_assert(fips_xk_read2(&i, msg2));
	ck_assert(fips_xk_write2(&other, msg2));
	ck_assert(fips_xk_write3(&i, msg3));
	ck_assert(!fips_xk_read3(&other, msg3));
	ck_assert(fips_xk_read3(&r, msg3));
	xk_same_keys(&i, &r);
}
END_TEST

START_TEST(ephemeral_secrets_out_of_range)
{
	uint8_t bad[2][32] = { { 0 } }, msg[FIPS_IK_MSG1];

	memset(bad[1], 0xff, 32);
	for (unsigned n = 0; n < 2; n++) {
		struct fips_ik ik, ik_before;
		struct fips_xk xk, xk_before;

		fips_ik_init_initiator(&ik, &curve, &alice, bob.pub, bad[n], epoch_a);
		fips_xk_init_initiator(&xk, &curve, &alice, bob.pub, bad[n], epoch_a);
		ik_before = ik;
		xk_before = xk;
		ck_assert(!fips_ik_write1(&ik, msg));
		ck_assert(!fips_xk_write1(&xk, msg));
		ck_assert_mem_eq(&ik, &ik_before, sizeof ik);
		ck_assert_mem_eq(&xk, &xk_before, sizeof xk);
		fips_ik_wipe(&ik);
		fips_xk_wipe(&xk);
		ck_assert(is_zero(&ik, sizeof ik) && is_zero(&xk, sizeof xk));
	}
}
END_TEST

/* A responder's ephemeral secret is looked at when message 2 is written. */
START_TEST(responder_ephemeral_out_of_range)
{
	const uint8_t zero[32] = { 0 };
	uint8_t ik1[FIPS_IK_MSG1], ik2[FIPS_IK_MSG2], xk1[FIPS_XK_MSG1], xk2[FIPS_XK_MSG2];
	struct fips_ik i, r;
	struct fips_xk a, b;

	ik_dial(&i, &alice, &bob);
	ck_assert(fips_ik_write1(&i, ik1));
	fips_ik_init_responder(&r, &curve, &bob, zero, epoch_b);
	ck_assert(fips_ik_read1(&r, ik1));
	ck_assert(!fips_ik_write2(&r, ik2));
	ck_assert_int_eq(r.step, FIPS_IK_WRITE2);

	xk_dial(&a, &alice, &bob);
	ck_assert(fips_xk_write1(&a, xk1));
	fips_xk_init_responder(&b, &curve, &bob, zero, epoch_b);
	ck_assert(fips_xk_read1(&b, xk1));
	ck_assert(!fips_xk_write2(&b, xk2));
	ck_assert_int_eq(b.step, FIPS_XK_WRITE2);
}
END_TEST

/* A peer key that is no point: an npub would have refused it, a message may carry anything. */
START_TEST(peer_key_that_is_no_point)
{
	uint8_t off[33] = { 2 }, ephemeral[32] = { 1 }, ik1[FIPS_IK_MSG1], xk1[FIPS_XK_MSG1];
	struct fips_ik ik;
	struct fips_xk xk, xk_before;

	off[32] = 5;
	fips_ik_init_initiator(&ik, &curve, &alice, off, ephemeral, epoch_a);
	ck_assert(!fips_ik_write1(&ik, ik1));
	fips_xk_init_initiator(&xk, &curve, &alice, off, ephemeral, epoch_a);
	ck_assert(!fips_xk_write1(&xk, xk1));
	xk_answer(&xk, &bob);
	xk_before = xk;
	ck_assert(!fips_xk_read1(&xk, off));
	ck_assert_mem_eq(&xk, &xk_before, sizeof xk);
}
END_TEST

START_TEST(static_key_parity_makes_no_difference)
{
	struct fips_identity lifted = alice; /* as somebody knows it from its npub */
	struct fips_ik i, r;
	struct fips_xk a, b;
	uint8_t ik1[FIPS_IK_MSG1], ik2[FIPS_IK_MSG2];
	uint8_t xk1[FIPS_XK_MSG1], xk2[FIPS_XK_MSG2], xk3[FIPS_XK_MSG3];

	lifted.pub[0] = 2;
	ik_dial(&i, &bob, &lifted);
	ik_answer(&r, &alice);
	ck_assert(fips_ik_write1(&i, ik1) && fips_ik_read1(&r, ik1));
	ck_assert(fips_ik_write2(&r, ik2) && fips_ik_read2(&i, ik2));
	ik_same_keys(&i, &r);
	ck_assert_mem_eq(i.sym.h, r.sym.h, 32);
	xk_dial(&a, &bob, &lifted);
	xk_answer(&b, &alice);
	ck_assert(fips_xk_write1(&a, xk1) && fips_xk_read1(&b, xk1));
	ck_assert(fips_xk_write2(&b, xk2) && fips_xk_read2(&a, xk2));
	ck_assert(fips_xk_write3(&a, xk3) && fips_xk_read3(&b, xk3));
	xk_same_keys(&a, &b);
	ck_assert_mem_eq(a.sym.h, b.sym.h, 32);
}
END_TEST

/* What the handshakes leave open, and what altering it does. */

static void ik_parity_of_message_1(void)
{
	struct fips_ik i, r;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2];

	ik_dial(&i, &alice, &bob);
	ik_answer(&r, &bob);
	ck_assert(fips_ik_write1(&i, msg1));
	flip(msg1, PARITY_BIT);
	ck_assert(fips_ik_read1(&r, msg1));
	ck_assert(fips_ik_write2(&r, msg2));
	ck_assert(fips_ik_read2(&i, msg2));
	ik_same_keys(&i, &r);
	ck_assert_mem_ne(i.sym.h, r.sym.h, 32);
}

static void ik_parity_of_message_2(void)
{
	struct fips_ik i, r;
	uint8_t msg1[FIPS_IK_MSG1], msg2[FIPS_IK_MSG2];

	ik_dial(&i, &alice, &bob);
	ik_answer(&r, &bob);
	ck_assert(fips_ik_write1(&i, msg1));
	ck_assert(fips_ik_read1(&r, msg1));
	ck_assert(fips_ik_write2(&r, msg2));
	flip(msg2, PARITY_BIT);
	ck_assert(fips_ik_read2(&i, msg2));
	ik_same_keys(&i, &r);
	ck_assert_mem_ne(i.sym.h, r.sym.h, 32);
}

static void xk_parities(void)
{
	struct fips_xk i, r;
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2], msg3[FIPS_XK_MSG3];

	xk_dial(&i, &alice, &bob);
	xk_answer(&r, &bob);
	ck_assert(fips_xk_write1(&i, msg1));
	flip(msg1, PARITY_BIT);
	ck_assert(fips_xk_read1(&r, msg1));
	ck_assert(fips_xk_write2(&r, msg2));
	flip(msg2, PARITY_BIT);
	ck_assert(fips_xk_read2(&i, msg2));
	ck_assert(fips_xk_write3(&i, msg3));
	ck_assert(fips_xk_read3(&r, msg3));
	xk_same_keys(&i, &r);
}

/* Any other bit of message 1 gives either no point, refused at once, or another key, for which
 * the responder writes a message 2 that the initiator refuses. */
static void xk_message_1(void)
{
	struct fips_xk i, r, before;
	uint8_t msg1[FIPS_XK_MSG1], msg2[FIPS_XK_MSG2];
	unsigned refused = 0, answered = 0;

	xk_dial(&i, &alice, &bob);
	ck_assert(fips_xk_write1(&i, msg1));
	before = i;
	for (size_t bit = PARITY_BIT + 1; bit < 8 * sizeof msg1; bit++) {
		xk_answer(&r, &bob);
		flip(msg1, bit);
		if (fips_xk_read1(&r, msg1)) {
			answered++;
			ck_assert(fips_xk_write2(&r, msg2));
			ck_assert(!fips_xk_read2(&i, msg2));
			ck_assert_mem_eq(&i, &before, sizeof i);
		} else {
			refused++;
		}
		flip(msg1, bit);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(answered, 0);
	xk_answer(&r, &bob);
	ck_assert(fips_xk_read1(&r, msg1));
	ck_assert(fips_xk_write2(&r, msg2));
	ck_assert(fips_xk_read2(&i, msg2));
}

static const struct { const char *bytes, *effect; void (*check)(void); } open_bytes[] = {
	{ "IK message 1, parity of E_i", "same keys, h differs", ik_parity_of_message_1 },
	{ "IK message 2, parity of E_r", "same keys, h differs", ik_parity_of_message_2 },
	{ "XK messages 1 and 2, parity of E_i and E_r", "same keys, h differs", xk_parities },
	{ "XK message 1, any other bit",
	  "refused at once, or answered by a message 2 that is refused",
	  xk_message_1 },
};

START_TEST(bytes_nothing_authenticates)
{
	printf("not authenticated: %s: %s\n", open_bytes[_i].bytes, open_bytes[_i].effect);
	fflush(stdout);
	open_bytes[_i].check();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("noise");
	TCase *t = tcase_create("handshakes");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_curve, close_curve);
	tcase_add_test(t, ik_message_1_survives_no_flip);
	tcase_add_test(t, ik_message_2_survives_no_flip);
	tcase_add_test(t, ik_with_the_wrong_keys);
	tcase_add_test(t, ik_message_1_can_be_replayed);
	tcase_add_test(t, xk_messages_survive_no_flip);
	tcase_add_test(t, xk_with_the_wrong_keys);
	tcase_add_test(t, ephemeral_secrets_out_of_range);
	tcase_add_test(t, responder_ephemeral_out_of_range);
	tcase_add_test(t, peer_key_that_is_no_point);
	tcase_add_test(t, static_key_parity_makes_no_difference);
	tcase_add_loop_test(t, bytes_nothing_authenticates, 0,
	                    (int)(sizeof open_bytes / sizeof open_bytes[0]));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
