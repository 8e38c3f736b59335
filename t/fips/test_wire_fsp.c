/* test_wire_fsp.c - session messages: every truncation, every rule of the lists and lengths, and
 * the coordinates that nothing authenticates.  Envelopes, lists and signals are here too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/aead.h"
#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/report.h"
#include "fips/wire/signal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fips_addr list[FIPS_COORDS_MAX + 1];
static uint8_t noise[FIPS_XK_MSG3];

static void fill(void)
{
	for (size_t i = 0; i < COUNT(list); i++)
		for (size_t k = 0; k < FIPS_ADDR_LEN; k++)
			list[i].b[k] = (uint8_t)(31 * i + k + 1);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(0xc0 + i);
}

/* Verdict of a prefix at a length. */
static const struct { uint8_t head[4]; size_t n; enum fips_fsp verdict; } messages[] = {
	{ { 0, 0, 0, 0 }, 0, FIPS_FSP_SHORT },
	{ { 0, 0, 0, 0 }, 3, FIPS_FSP_SHORT },
	{ { 0, 0, 0, 0 }, 27, FIPS_FSP_SHORT },
	{ { 0, 0, 0, 0 }, 28, FIPS_FSP_ENCRYPTED },
	{ { 0, 3, 0, 0 }, 28, FIPS_FSP_ENCRYPTED },
	{ { 0, 0xf8, 0, 0 }, 28, FIPS_FSP_ENCRYPTED },
	{ { 0, 0, 9, 9 }, 28, FIPS_FSP_ENCRYPTED }, /* payload_len is not compared */
	{ { 0, 4, 0, 0 }, 4, FIPS_FSP_SIGNAL },
	{ { 0, 7, 0, 0 }, 28, FIPS_FSP_SIGNAL },
	{ { 1, 0, 0, 0 }, 4, FIPS_FSP_SETUP },
	{ { 2, 0, 0, 0 }, 4, FIPS_FSP_ACK },
	{ { 3, 0, 0, 0 }, 4, FIPS_FSP_MSG3 },
	{ { 4, 0, 0, 0 }, 28, FIPS_FSP_PHASE },
	{ { 15, 4, 0, 0 }, 28, FIPS_FSP_PHASE },
	{ { 0x10, 0, 0, 0 }, 28, FIPS_FSP_VERSION },
	{ { 0x10, 4, 0, 0 }, 28, FIPS_FSP_VERSION },
	{ { 0xf1, 0, 0, 0 }, 28, FIPS_FSP_VERSION },
};

START_TEST(verdict_of_a_message)
{
	uint8_t bytes[64] = { 0 };
	enum fips_fsp got;

	memcpy(bytes, messages[_i].head, 4);
	got = fips_fsp_check(bytes, messages[_i].n);
	ck_assert_msg(got == messages[_i].verdict, "%d, not %d", got, messages[_i].verdict);
}
END_TEST

static size_t build(bool ack, uint8_t *out, size_t room, unsigned n, unsigned m)
{
	struct fips_fsp_setup s = { .src = fips_coords_of(list, n),
				    .dest = fips_coords_of(list + 1, m),
				    .noise = noise };

	return ack ? fips_fsp_ack_build(out, room, &s) : fips_fsp_setup_build(out, room, &s);
}

static bool parse(bool ack, const uint8_t *bytes, size_t n, struct fips_fsp_setup *out)
{
	return ack ? fips_fsp_ack_parse(bytes, n, out) : fips_fsp_setup_parse(bytes, n, out);
}

/* Parse from memory that ends where the message does, so that a read past it is seen. */
static bool parse_tight(bool ack, const uint8_t *bytes, size_t n)
{
	uint8_t *tight = malloc(n ? n : 1);
	struct fips_fsp_setup out;
	bool ok;

	memcpy(tight, bytes, n);
	ok = parse(ack, tight, n, &out);
	free(tight);
	return ok;
}

static const struct { bool ack; unsigned n, m; bool fits; } setups[] = {
	{ false, 1, 1, true },    { true, 1, 1, true },    { false, 3, 2, true },
	{ true, 2, 3, true },     { false, 255, 255, true }, { true, 255, 255, true },
	{ false, 0, 1, false },   { true, 0, 1, false },   { false, 1, 0, false },
	{ true, 1, 0, false },    { false, 256, 1, false }, { true, 1, 256, false },
};

START_TEST(setup_and_ack)
{
	static uint8_t out[16384];
	unsigned n = setups[_i].n, m = setups[_i].m;
	bool ack = setups[_i].ack;
	struct fips_fsp_setup back;
	size_t len = build(ack, out, sizeof out, n, m);

	if (!setups[_i].fits) {
		ck_assert_uint_eq(len, 0);
		return;
	}
	ck_assert_uint_eq(len, (ack ? 68u : 44u) + 16 * (n + m));
	ck_assert_uint_eq(mr_le16(out + 2), len - 4);
	ck_assert_uint_eq(build(ack, out, len - 1, n, m), 0);
	ck_assert(parse(ack, out, len, &back));
	ck_assert(!parse(!ack, out, len, &back));
	ck_assert_uint_eq(back.src.count, n);
	ck_assert_uint_eq(back.dest.count, m);
	for (unsigned i = 0; i < n; i++) {
		struct fips_addr a = fips_coords_entry(&back.src, i);

		ck_assert(fips_addr_eq(&a, &list[i]));
	}
	ck_assert_mem_eq(back.dest.at, list[1].b, 16 * (size_t)m);
	ck_assert_mem_eq(back.noise, noise, ack ? FIPS_XK_MSG2 : FIPS_XK_MSG1);
	ck_assert(parse(ack, out, len + 1, &back)); /* bytes behind the last field are ignored */
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_msg(!parse_tight(ack, out, cut), "%zu of %zu bytes", cut, len);
}
END_TEST

/* A field of a good SessionSetup with one source and two destination entries overwritten. */
static const struct { size_t at; uint16_t value; const char *why; } bad_setups[] = {
	{ 5, 0, "no source entry" },
	{ 5, 2, "source list reaches into the next" },
	{ 5, 256, "more entries than accepted" },
	{ 5, 65535, "source list past the end" },
	{ 23, 0, "no destination entry" },
	{ 23, 1, "destination list ends early" },
	{ 23, 3, "destination list reaches into Noise" },
	{ 23, 65535, "destination list past the end" },
	{ 57, 32, "Noise one byte short" },
	{ 57, 34, "Noise one byte long" },
	{ 57, 57, "Noise of the other message" },
	{ 57, 0, "no Noise" },
};

START_TEST(bad_setup)
{
	uint8_t out[256];
	struct fips_fsp_setup back;
	size_t len = build(false, out, sizeof out, 1, 2);

	memset(out + len, 0, sizeof out - len);
	ck_assert(parse(false, out, sizeof out, &back));
	mr_to_le16(out + bad_setups[_i].at, bad_setups[_i].value);
	ck_assert_msg(!parse(false, out, sizeof out, &back), "%s", bad_setups[_i].why);
}
END_TEST

/* Lists of any length, written without asking: whole messages, and still not all are accepted. */
START_TEST(setup_with_lists_of_any_length)
{
	static const unsigned counts[] = { 0, 1, 2, 254, 255, 256, 257 };
	static uint8_t out[16384];
	struct fips_fsp_setup back;

	for (size_t i = 0; i < COUNT(counts) * COUNT(counts); i++) {
		unsigned n = counts[i / COUNT(counts)], m = counts[i % COUNT(counts)];
		struct mr_wire w = mr_wire_write(out, sizeof out);

		mr_put_le32(&w, 1);
		mr_put_u8(&w, 0);
		mr_put_le16(&w, (uint16_t)n);
		mr_put_room(&w, FIPS_ADDR_LEN * (size_t)n);
		mr_put_le16(&w, (uint16_t)m);
		mr_put_room(&w, FIPS_ADDR_LEN * (size_t)m);
		mr_put_le16(&w, FIPS_XK_MSG1);
		mr_put_room(&w, FIPS_XK_MSG1);
		ck_assert(mr_wire_ok(&w));
		ck_assert_msg(parse(false, out, (size_t)(w.at - out), &back) ==
		                      (n >= 1 && n <= 255 && m >= 1 && m <= 255),
		              "%u and %u entries", n, m);
	}
}
END_TEST

START_TEST(msg3)
{
	uint8_t out[FIPS_FSP_MSG3_LEN + 1] = { 0 };

	fips_fsp_msg3_build(out, noise);
	ck_assert_uint_eq(out[0], 3);
	ck_assert_uint_eq(mr_le16(out + 2), 76);
	ck_assert_mem_eq(fips_fsp_msg3_parse(out, FIPS_FSP_MSG3_LEN), noise, FIPS_XK_MSG3);
	ck_assert_ptr_nonnull(fips_fsp_msg3_parse(out, sizeof out));
	for (size_t cut = 0; cut < FIPS_FSP_MSG3_LEN; cut++)
		ck_assert_ptr_null(fips_fsp_msg3_parse(out, cut));
	for (uint16_t n = 0; n < 200; n++) {
		mr_to_le16(out + 5, n);
		ck_assert_int_eq(fips_fsp_msg3_parse(out, sizeof out) != NULL, n == FIPS_XK_MSG3);
	}
}
END_TEST

/* An encrypted message with lists of n and m entries and a body of 5 bytes. */
static size_t seal(uint8_t *out, const uint8_t key[32], uint8_t flags, unsigned n, unsigned m)
{
	struct fips_coords src = fips_coords_of(list, n), dest = fips_coords_of(list + 1, m);
	struct mr_wire w = mr_wire_write(out, 16384);
	uint8_t text[FIPS_FSP_INNER + 5] = { 0 };

	fips_fsp_head_build(mr_put_room(&w, FIPS_FSP_HEAD), flags, 5, UINT64_C(0x1122334455667788));
	if (flags & FIPS_FSP_CP) {
		fips_coords_put(&w, &src);
		fips_coords_put(&w, &dest);
	}
	fips_fsp_inner_build(text, 77, FIPS_FSP_DATA, 0);
	mr_aead_seal_one(key, UINT64_C(0x1122334455667788), out, FIPS_FSP_HEAD, text, sizeof text,
	                 w.at);
	return (size_t)(w.at - out) + sizeof text + FIPS_TAG;
}

static const struct { uint8_t flags; unsigned n, m; } sealings[] = {
	{ 0, 0, 0 },
	{ FIPS_FSP_K, 0, 0 },
	{ FIPS_FSP_CP, 0, 0 },
	{ FIPS_FSP_CP, 1, 0 },
	{ FIPS_FSP_CP | FIPS_FSP_K, 3, 2 },
	{ FIPS_FSP_CP, 255, 255 },
};

START_TEST(sealed_message)
{
	static uint8_t out[16384];
	const uint8_t key[32] = { 1 };
	uint8_t text[64];
	struct fips_fsp_sealed m;
	struct fips_fsp_text inner;
	size_t len = seal(out, key, sealings[_i].flags, sealings[_i].n, sealings[_i].m);

	ck_assert(fips_fsp_sealed_parse(out, len, &m));
	ck_assert_uint_eq(m.flags, sealings[_i].flags);
	ck_assert_uint_eq(m.counter, UINT64_C(0x1122334455667788));
	ck_assert_uint_eq(m.payload_len, 11);
	ck_assert_uint_eq(m.src.count, sealings[_i].n);
	ck_assert_uint_eq(m.dest.count, sealings[_i].m);
	ck_assert_uint_eq(m.sealed_len, 11 + FIPS_TAG);
	ck_assert(
		mr_aead_open_one(key, m.counter, out, FIPS_FSP_HEAD, m.sealed, m.sealed_len, text));
	ck_assert(fips_fsp_text_parse(text, 11, &inner));
	ck_assert_uint_eq(inner.timestamp, 77);
	ck_assert_uint_eq(inner.type, FIPS_FSP_DATA);
	ck_assert_uint_eq(inner.len, 5);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *tight = malloc(cut ? cut : 1);

		memcpy(tight, out, cut);
		if (fips_fsp_sealed_parse(tight, cut, &m)) {
			ck_assert_uint_ge(m.sealed_len, FIPS_TAG);
			ck_assert_ptr_eq(m.sealed + m.sealed_len, tight + cut);
			ck_assert(!mr_aead_open_one(key, m.counter, tight, FIPS_FSP_HEAD, m.sealed,
			                            m.sealed_len, text));
		}
		free(tight);
	}
}
END_TEST

START_TEST(lists_of_a_sealed_message_past_the_end)
{
	const uint8_t key[32] = { 1 };
	uint8_t out[16384];
	struct fips_fsp_sealed m;
	size_t len = seal(out, key, FIPS_FSP_CP, 1, 1);

	for (unsigned count = 0; count < 65536; count++) {
		/* 1 source entry before: 11 sealed bytes, the tag, and the other list behind it. */
		size_t room = len - FIPS_FSP_HEAD - 2;

		mr_to_le16(out + FIPS_FSP_HEAD, (uint16_t)count);
		if (16 * (size_t)count + 2 + FIPS_TAG > room)
			ck_assert_msg(!fips_fsp_sealed_parse(out, len, &m), "%u entries", count);
	}
}
END_TEST

/* What session messages leave open. */

static void setup_coordinates(void)
{
	uint8_t out[256];
	struct fips_fsp_setup back;
	size_t len = build(false, out, sizeof out, 2, 1);

	for (size_t i = 7; i < 7 + 32; i++) {
		out[i] ^= 0xff;
		ck_assert(parse(false, out, len, &back));
		ck_assert_uint_eq(back.src.at[i - 7], out[i]);
		ck_assert_mem_eq(back.noise, noise, FIPS_XK_MSG1);
		out[i] ^= 0xff;
	}
	for (size_t i = 41; i < 41 + 16; i++) {
		out[i] ^= 0xff;
		ck_assert(parse(false, out, len, &back));
		ck_assert_uint_eq(back.dest.at[i - 41], out[i]);
		ck_assert_mem_eq(back.noise, noise, FIPS_XK_MSG1);
		out[i] ^= 0xff;
	}
}

static void setup_clear_fields(void)
{
	uint8_t out[256];
	struct fips_fsp_setup back;
	size_t len = build(false, out, sizeof out, 1, 1);

	for (unsigned bit = 0; bit < 32; bit++) {
		size_t at = 1 + bit / 8; /* prefix flags, payload_len, session flags */

		out[at] ^= (uint8_t)(1 << bit % 8);
		ck_assert(parse(false, out, len, &back));
		ck_assert_mem_eq(back.noise, noise, FIPS_XK_MSG1);
		out[at] ^= (uint8_t)(1 << bit % 8);
	}
}

static void cp_coordinates(void)
{
	const uint8_t key[32] = { 1 };
	uint8_t out[16384], text[64];
	struct fips_fsp_sealed m;
	size_t len = seal(out, key, FIPS_FSP_CP, 1, 1);

	for (size_t i = 0; i < 16; i++) {
		out[14 + i] ^= 0xff;
		out[32 + i] ^= 0xff;
		ck_assert(fips_fsp_sealed_parse(out, len, &m));
		ck_assert_uint_eq(m.src.at[i], out[14 + i]);
		ck_assert_uint_eq(m.dest.at[i], out[32 + i]);
		ck_assert(mr_aead_open_one(key, m.counter, out, FIPS_FSP_HEAD, m.sealed,
					   m.sealed_len, text));
	}
}

/* Both lists taken out of a message, and counts swapped between them: it opens just the same. */
static void cp_counts(void)
{
	const uint8_t key[32] = { 1 };
	uint8_t out[16384], text[64];
	struct fips_fsp_sealed m;
	size_t len = seal(out, key, FIPS_FSP_CP, 2, 0);

	memset(out + 12, 0, 4);
	memmove(out + 16, out + 48, len - 48);
	ck_assert(fips_fsp_sealed_parse(out, len - 32, &m));
	ck_assert_uint_eq(m.src.count + m.dest.count, 0);
	ck_assert(
		mr_aead_open_one(key, m.counter, out, FIPS_FSP_HEAD, m.sealed, m.sealed_len, text));
}

static void signal_fields(void)
{
	struct fips_signal s = { .type = FIPS_SIGNAL_MTU_EXCEEDED, .dest = list[0],
		                 .reporter = list[1], .mtu = 1280 }, back;
	uint8_t out[64];
	size_t len = fips_signal_build(out, sizeof out, &s);

	for (size_t bit = 8 * 6; bit < 8 * len; bit++) {
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(fips_signal_parse(out, len, &back));
		ck_assert(!fips_addr_eq(&back.dest, &s.dest) || back.mtu != s.mtu ||
		          !fips_addr_eq(&back.reporter, &s.reporter));
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void envelope_fields(void)
{
	struct fips_datagram d = { .ttl = 64, .path_mtu = 1280, .src = list[0], .dest = list[1] };
	struct fips_datagram back;
	uint8_t out[FIPS_DATAGRAM_HEAD];

	fips_datagram_build(out, &d);
	for (size_t bit = 8; bit < 8 * sizeof out; bit++) {
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(fips_datagram_parse(out, sizeof out, &back));
		ck_assert(back.ttl != d.ttl || back.path_mtu != d.path_mtu ||
		          !fips_addr_eq(&back.src, &d.src) || !fips_addr_eq(&back.dest, &d.dest));
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static const struct { const char *bytes, *effect; void (*check)(void); } open_bytes[] = {
	{ "coordinates of SessionSetup and SessionAck",
	  "other coordinates are read, Noise is whole",
	  setup_coordinates },
	{ "flags, payload_len and session flags of a handshake message", "nothing",
	  setup_clear_fields },
	{ "coordinates of an encrypted message", "other coordinates are read, the message opens",
	  cp_coordinates },
	{ "number of coordinates of an encrypted message", "lists removed whole: the message opens",
	  cp_counts },
	{ "every field of an error signal", "another address or MTU is read", signal_fields },
	{ "envelope, by the nodes on the way",
	  "another ttl, path MTU, source or destination is read",
	  envelope_fields },
};

START_TEST(bytes_nothing_authenticates)
{
	printf("not authenticated: %s: %s\n", open_bytes[_i].bytes, open_bytes[_i].effect);
	fflush(stdout);
	open_bytes[_i].check();
}
END_TEST

START_TEST(inner_parts)
{
	const uint8_t text[] = { 4, 3, 2, 1, FIPS_FSP_PATH_MTU, 1, 0x05, 0x00, 9 };
	uint8_t out[FIPS_FSP_INNER];
	struct fips_fsp_text inner;
	uint16_t a = 0, b = 0;

	for (size_t n = 0; n < FIPS_FSP_INNER; n++)
		ck_assert(!fips_fsp_text_parse(text, n, &inner));
	ck_assert(fips_fsp_text_parse(text, sizeof text, &inner));
	ck_assert_uint_eq(inner.timestamp, 0x01020304);
	ck_assert_uint_eq(inner.inner_flags, 1);
	ck_assert_uint_eq(inner.len, 3);
	fips_fsp_inner_build(out, inner.timestamp, inner.type, inner.inner_flags);
	ck_assert_mem_eq(out, text, sizeof out);

	ck_assert(!fips_fsp_path_mtu_parse(inner.body, 1, &a));
	ck_assert(fips_fsp_path_mtu_parse(inner.body, 3, &a));
	ck_assert_uint_eq(a, 5);
	fips_fsp_path_mtu_build(out, 1280);
	ck_assert_uint_eq(mr_le16(out), 1280);

	for (size_t n = 0; n < FIPS_FSP_PORTS; n++)
		ck_assert(!fips_fsp_ports_parse(text, n, &a, &b));
	fips_fsp_ports_build(out, FIPS_PORT_IPV6, 0x1234);
	ck_assert(fips_fsp_ports_parse(out, 4, &a, &b));
	ck_assert_uint_eq(a, 256);
	ck_assert_uint_eq(b, 0x1234);
	ck_assert_mem_eq(out, ((uint8_t[]){ 0, 1, 0x34, 0x12 }), 4);
}
END_TEST

/* session.md 2.6 */
START_TEST(least_length_of_a_body)
{
	for (unsigned type = 0; type < 256; type++) {
		size_t want = type == 0x10   ? 4
		              : type == 0x11 ? 46
		              : type == 0x12 ? 66
		              : type == 0x13 ? 2
		                             : 0;

		ck_assert_uint_eq(fips_fsp_body_min((uint8_t)type), want);
	}
}
END_TEST

START_TEST(envelope_truncated_or_of_another_type)
{
	uint8_t out[FIPS_DATAGRAM_HEAD + 1] = { 0 };
	struct fips_datagram d;

	for (size_t n = 0; n < FIPS_DATAGRAM_HEAD; n++)
		ck_assert(!fips_datagram_parse(out, n, &d));
	ck_assert(fips_datagram_parse(out, FIPS_DATAGRAM_HEAD, &d));
	ck_assert_uint_eq(d.payload_len, 0);
	ck_assert(fips_datagram_parse(out, FIPS_DATAGRAM_HEAD + 1, &d));
	ck_assert_uint_eq(d.payload_len, 1);
	for (unsigned type = 1; type < 256; type++) {
		out[0] = (uint8_t)type;
		ck_assert(!fips_datagram_parse(out, sizeof out, &d));
	}
}
END_TEST

static const struct { enum fips_signal_type type; unsigned coords; size_t len; } signals[] = {
	{ FIPS_SIGNAL_COORDS_REQUIRED, 0, 38 },
	{ FIPS_SIGNAL_PATH_BROKEN, 0, 40 },
	{ FIPS_SIGNAL_PATH_BROKEN, 4, 104 },
	{ FIPS_SIGNAL_PATH_BROKEN, 255, 40 + 16 * 255 },
	{ FIPS_SIGNAL_MTU_EXCEEDED, 0, 40 },
};

START_TEST(signal)
{
	static uint8_t out[8192];
	struct fips_signal s = { .type = signals[_i].type, .dest = list[3], .reporter = list[4],
		                 .coords = fips_coords_of(list, signals[_i].coords) }, back;

	if (s.type == FIPS_SIGNAL_MTU_EXCEEDED)
		s.mtu = 1400;
	ck_assert_uint_eq(fips_signal_build(out, signals[_i].len - 1, &s), 0);
	ck_assert_uint_eq(fips_signal_build(out, sizeof out, &s), signals[_i].len);
	ck_assert_uint_eq(mr_le16(out + 2), signals[_i].len - 4);
	ck_assert_int_eq(fips_fsp_check(out, signals[_i].len), FIPS_FSP_SIGNAL);
	ck_assert(fips_signal_parse(out, signals[_i].len + 3, &back));
	ck_assert_int_eq(back.type, s.type);
	ck_assert(fips_addr_eq(&back.dest, &s.dest) && fips_addr_eq(&back.reporter, &s.reporter));
	ck_assert_uint_eq(back.coords.count, s.coords.count);
	ck_assert_uint_eq(back.mtu, s.mtu);
	for (size_t cut = 0; cut < signals[_i].len; cut++)
		ck_assert_msg(!fips_signal_parse(out, cut, &back), "%zu bytes", cut);
	for (unsigned type = 0; type < 256; type++) {
		out[4] = (uint8_t)type;
		if (type < 0x20 || type > 0x22)
			ck_assert(!fips_signal_parse(out, signals[_i].len, &back));
	}
	out[4] = (uint8_t)s.type;
	out[1] = 0;
	ck_assert(!fips_signal_parse(out, signals[_i].len, &back));
}
END_TEST

START_TEST(signal_with_too_many_coordinates)
{
	static uint8_t out[8192];
	struct fips_signal s = { .type = FIPS_SIGNAL_PATH_BROKEN,
				 .coords = fips_coords_of(list, 256) };

	ck_assert_uint_eq(fips_signal_build(out, sizeof out, &s), 0);
}
END_TEST

START_TEST(coordinate_lists)
{
	static uint8_t out[8192];

	for (unsigned count = 0; count <= 256; count++) {
		struct fips_coords c = fips_coords_of(list, count), back;
		struct mr_wire w = mr_wire_write(out, sizeof out), r;

		fips_coords_put(&w, &c);
		ck_assert_int_eq(mr_wire_ok(&w), count <= FIPS_COORDS_MAX);
		if (!mr_wire_ok(&w))
			continue;
		ck_assert_uint_eq((size_t)(w.at - out), FIPS_COORDS_LEN(count));
		for (unsigned min = 0; min < 2; min++) {
			r = mr_wire_read(out, FIPS_COORDS_LEN(count));
			fips_coords_get(&r, min, &back);
			ck_assert_int_eq(mr_wire_ok(&r), count >= min);
			ck_assert_uint_eq(back.count, count);
		}
		r = mr_wire_read(out, FIPS_COORDS_LEN(count) - 1);
		fips_coords_get(&r, 0, &back);
		ck_assert(!mr_wire_ok(&r));
		ck_assert_uint_eq(back.count, 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire fsp");
	TCase *t = tcase_create("messages");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, fill, NULL);
	tcase_add_loop_test(t, verdict_of_a_message, 0, (int)COUNT(messages));
	tcase_add_loop_test(t, setup_and_ack, 0, (int)COUNT(setups));
	tcase_add_loop_test(t, bad_setup, 0, (int)COUNT(bad_setups));
	tcase_add_test(t, setup_with_lists_of_any_length);
	tcase_add_test(t, msg3);
	tcase_add_loop_test(t, sealed_message, 0, (int)COUNT(sealings));
	tcase_add_test(t, lists_of_a_sealed_message_past_the_end);
	tcase_add_loop_test(t, bytes_nothing_authenticates, 0, (int)COUNT(open_bytes));
	tcase_add_test(t, inner_parts);
	tcase_add_test(t, least_length_of_a_body);
	tcase_add_test(t, envelope_truncated_or_of_another_type);
	tcase_add_loop_test(t, signal, 0, (int)COUNT(signals));
	tcase_add_test(t, signal_with_too_many_coordinates);
	tcase_add_test(t, coordinate_lists);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
