/* What numbering leaves in a frame is all that sealing needs: the operations read from the bytes
 * are those that numbering filled in, for every sort of message,
 * and nothing else passes for one. */
#include "fips/path/written.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/wire.h"
#include "fips/path/link_seal.h"
#include "fips/path/session_seal.h"
#include "t/lib/keys.h"
#include "t/lib/vectors.h"

#define AT     128  /* of what is sealed, in a buffer */
#define ROOM   1700
#define BEFORE (FIPS_LINK_FRONT + FIPS_DATAGRAM_HEAD) /* a frame's bytes before the FSP message */

static const uint8_t link_secret[MR_AEAD_KEY] = { 1 }, session_secret[MR_AEAD_KEY] = { 2 };
static const struct fips_envelope envelope = { .src = { { 1 } }, .dest = { { 2 } },
	                                       .path_mtu = 1400 };

/* A frame as it is after numbering, and the operations that would have sealed it at once. */
struct numbered {
	uint8_t           bytes[ROOM];
	uint8_t          *frame;
	size_t            n;
	bool              own; /* its session's message is to be sealed too */
	struct mr_aead_op session, link;
};

static struct keys *link_keys, *session_keys;

static void set_up(void)
{
	link_keys = keys_open(&mr_aead_mbedtls, link_secret, 1, 0xa1b2c3d4);
	session_keys = keys_open(&mr_aead_mbedtls, session_secret, 2, 0);
	fips_send_key_start(&link_keys->send, 1, 0);
	fips_send_key_start(&session_keys->send, 1, 0);
}

static void tear_down(void)
{
	keys_close(link_keys);
	keys_close(session_keys);
}

/* Two coordinate lists of so many entries, behind their counts. */
static size_t put_lists(uint8_t *out, uint16_t a, uint16_t b)
{
	uint8_t *at = out;

	mr_to_le16(at, a);
	memset(at + 2, 0x11, 16u * a);
	at += 2 + 16u * a;
	mr_to_le16(at, b);
	memset(at + 2, 0x22, 16u * b);
	return (size_t)(at + 2 + 16u * b - out);
}

enum shape { IP, BODY, WARMUP, TRANSIT, MESSAGE };

static const struct {
	const char *name;
	enum shape  shape;
	uint8_t     type;  /* of a body or message                      */
	size_t      n;     /* bytes of packet, body or message          */
	uint64_t    counter;
	bool        ce;
} rows[] = {
	{ "smallest packet", IP, 0, 40, 0, false },
	{ "packet", IP, 0, 1280, 1, false },
	{ "largest packet of Ethernet", IP, 0, 1395, 0x123456789abcdef0, false },
	{ "report", BODY, FIPS_FSP_SENDER_REPORT, 47, 7, false },
	{ "path MTU", BODY, FIPS_FSP_PATH_MTU, 3, 8, false },
	{ "type alone", BODY, FIPS_FSP_PATH_MTU, 1, 9, false },
	{ "warm-up", WARMUP, FIPS_FSP_COORDS_WARMUP, 3, 10, false },
	{ "warm-up of empty lists", WARMUP, FIPS_FSP_COORDS_WARMUP, 0, 11, false },
	{ "datagram of others", TRANSIT, 0, 500, 12, true },
	{ "heartbeat", MESSAGE, FIPS_LINK_HEARTBEAT, 1, 13, false },
	{ "message", MESSAGE, 0x10, 300, FIPS_COUNTER_END - 1, false },
};

/* The session layer's part; returns the link message. */
static uint8_t *number_session(struct numbered *f, size_t i, size_t *len)
{
	uint8_t *at = f->bytes + AT;
	struct fips_sealing s;

	f->own = rows[i].shape <= WARMUP;
	*len = rows[i].n;
	memset(f->bytes, 0x5a, sizeof f->bytes);
	switch (rows[i].shape) {
	case IP:
		at[0] = 0x60;
		s = fips_session_seal_ip(&session_keys->send, 0, rows[i].counter + 5, 1000,
		                         &envelope, at, *len, &f->session);
		break;
	case WARMUP:
		*len = 1 + put_lists(at + 1, (uint16_t)rows[i].n, (uint16_t)(rows[i].n / 2));
		/* fall through */
	case BODY:
		at[0] = rows[i].type;
		s = fips_session_seal_body(&session_keys->send, 0, rows[i].counter + 5, 1000,
		                           &envelope, at, *len, &f->session);
		break;
	default:
		at[0] = rows[i].shape == TRANSIT ? FIPS_LINK_DATAGRAM : rows[i].type;
		return at;
	}
	*len = s.len;
	return s.at;
}

static void number(struct numbered *f, size_t i)
{
	size_t len;
	uint8_t *message = number_session(f, i, &len);

	f->frame = fips_link_seal_op(&link_keys->send, 0, rows[i].counter, rows[i].ce, 2000,
	                             message, len, &f->link);
	f->n = len + FIPS_LINK_OVERHEAD;
}

static void same_op(const struct mr_aead_op *a, const struct mr_aead_op *b, const char *name)
{
	ck_assert_msg(a->ctx == b->ctx && a->counter == b->counter && a->aad == b->aad &&
	                      a->aad_len == b->aad_len && a->src[0].at == b->src[0].at &&
	                      a->src[0].len == b->src[0].len && a->src[1].len == 0 &&
	                      a->dst == b->dst, "%s: another operation", name);
}

START_TEST(operations_are_those_of_numbering)
{
	static struct numbered f;
	struct mr_aead_op op;

	number(&f, (size_t)_i);
	if (f.own) {
		ck_assert(fips_session_written_op(&session_keys->send, 0, f.frame, f.n, &op));
		same_op(&op, &f.session, rows[_i].name);
		keys_seal(session_keys, &op);
	}
	ck_assert(fips_link_written_op(&link_keys->send, 0, f.frame, f.n, &op));
	same_op(&op, &f.link, rows[_i].name);
}
END_TEST

/* Either function on a copy that ends where the allocation does. */
static bool passes(const uint8_t *frame, size_t n, bool session)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct mr_aead_op op;
	bool ok;

	memcpy(copy, frame, n);
	ok = session ? fips_session_written_op(&session_keys->send, 0, copy, n, &op) :
	               fips_link_written_op(&link_keys->send, 0, copy, n, &op);
	if (ok) /* and no operation leaves the frame */
		ck_assert(op.aad >= copy && op.aad + op.aad_len <= op.src[0].at &&
		          op.src[0].at + op.src[0].len + FIPS_TAG <= copy + n);
	free(copy);
	return ok;
}

/* Every truncation, and one byte more: no frame of that length was numbered. */
START_TEST(no_other_length_passes)
{
	static struct numbered f;

	number(&f, (size_t)_i);
	for (size_t n = 0; n <= f.n + 1; n++) {
		ck_assert_msg(passes(f.frame, n, false) == (n == f.n), "%s: %zu bytes",
		              rows[_i].name, n);
		ck_assert_msg(passes(f.frame, n, true) == (n == f.n && f.own), "%s: %zu bytes",
		              rows[_i].name, n);
	}
}
END_TEST

/* A byte of a good packet's frame set to something else. */
static const struct {
	const char *name;
	size_t      at;
	uint8_t     to;
	bool        link, session; /* does it still pass? */
} broken[] = {
	{ "as it was", BEFORE + 1, FIPS_FSP_K, true, true },
	{ "link version", 0, 0x10, false, true },
	{ "link phase", 0, 1, false, true },
	{ "link length", 2, 0, false, true },
	{ "link length, high", 3, 0xff, false, true },
	{ "message type", FIPS_LINK_FRONT, 0x10, true, false },
	{ "session version", BEFORE, 0x10, true, false },
	{ "session phase", BEFORE, 1, true, false },
	{ "a signal", BEFORE + 1, FIPS_FSP_U, true, false },
	{ "lists where there are none", BEFORE + 1, FIPS_FSP_CP, true, false },
	{ "session length", BEFORE + 2, 0, true, false },
	{ "session length, high", BEFORE + 3, 0xff, true, false },
};

START_TEST(broken_fields_do_not_pass)
{
	static struct numbered f;

	number(&f, 1);
	f.frame[broken[_i].at] = broken[_i].to;
	ck_assert_msg(passes(f.frame, f.n, false) == broken[_i].link, "%s", broken[_i].name);
	ck_assert_msg(passes(f.frame, f.n, true) == broken[_i].session, "%s", broken[_i].name);
}
END_TEST

/* Lists that say they are longer than the message. */
START_TEST(lists_stay_inside)
{
	static struct numbered f;

	number(&f, 6);
	ck_assert(passes(f.frame, f.n, true));
	for (unsigned count = 0; count < 0x10000; count += count < 32 ? 1 : 997) {
		mr_to_le16(f.frame + BEFORE + FIPS_FSP_HEAD, (uint16_t)count);
		ck_assert_uint_eq(passes(f.frame, f.n, true), count == 3);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("written");
	TCase *tc = tcase_create("written");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, operations_are_those_of_numbering, 0, (int)COUNT(rows));
	tcase_add_loop_test(tc, no_other_length_passes, 0, (int)COUNT(rows));
	tcase_add_loop_test(tc, broken_fields_do_not_pass, 0, (int)COUNT(broken));
	tcase_add_test(tc, lists_stay_inside);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
