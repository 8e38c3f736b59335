/* fsp.c - session messages: the prefix, the handshake's three, the encrypted one. */
#include "fips/wire/fsp.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/report.h"

enum {
	PHASE_ENCRYPTED = 0, /* or, with U, a signal */
	PHASE_SETUP     = 1,
	PHASE_ACK       = 2,
	PHASE_MSG3      = 3,
	AT_COUNTER      = FIPS_FSP_PREFIX,
};
static_assert(FIPS_FSP_MIN == FIPS_FSP_HEAD + FIPS_TAG, "an encrypted message has head and tag");
static_assert(FIPS_FSP_SETUP_LEN(0, 0) == 44 && FIPS_FSP_ACK_LEN(0, 0) == 68 &&
                      FIPS_FSP_MSG3_LEN == 80,
              "the sizes of session.md 2.3 and 2.4");

enum fips_fsp fips_fsp_check(const uint8_t *bytes, size_t n)
{
	if (n < FIPS_FSP_PREFIX)
		return FIPS_FSP_SHORT;
	if (bytes[0] >> 4)
		return FIPS_FSP_VERSION;
	switch (bytes[0]) {
	case PHASE_ENCRYPTED:
		if (bytes[1] & FIPS_FSP_U)
			return FIPS_FSP_SIGNAL;
		return n < FIPS_FSP_MIN ? FIPS_FSP_SHORT : FIPS_FSP_ENCRYPTED;
	case PHASE_SETUP: return FIPS_FSP_SETUP;
	case PHASE_ACK:   return FIPS_FSP_ACK;
	case PHASE_MSG3:  return FIPS_FSP_MSG3;
	default:          return FIPS_FSP_PHASE;
	}
}

/* The prefix of a handshake message, which has no flags. */
static void build_prefix(uint8_t out[FIPS_FSP_PREFIX], uint8_t phase, size_t len)
{
	assert(len >= FIPS_FSP_PREFIX && len - FIPS_FSP_PREFIX <= UINT16_MAX);
	out[0] = phase;
	out[1] = 0;
	mr_to_le16(out + 2, (uint16_t)(len - FIPS_FSP_PREFIX));
}

/* A Noise message behind its length, which has to be this one. */
static const uint8_t *get_noise(struct mr_wire *in, uint16_t want)
{
	if (mr_get_le16(in) != want)
		in->bad = true;
	return mr_get_view(in, want);
}

/* SessionSetup and SessionAck differ in phase and Noise length only. */
static bool parse_setup(const uint8_t *bytes, size_t n, enum fips_fsp is, uint16_t noise_len,
                        struct fips_fsp_setup *out)
{
	struct mr_wire in = mr_wire_read(bytes, n);
	struct fips_fsp_setup got;

	if (fips_fsp_check(bytes, n) != is)
		return false;
	mr_get_view(&in, FIPS_FSP_PREFIX);
	got.flags = mr_get_u8(&in);
	fips_coords_get(&in, 1, &got.src);
	fips_coords_get(&in, 1, &got.dest);
	got.noise = get_noise(&in, noise_len);
	if (mr_wire_ok(&in))
		*out = got;
	return mr_wire_ok(&in);
}

bool fips_fsp_setup_parse(const uint8_t *bytes, size_t n, struct fips_fsp_setup *out)
{
	return parse_setup(bytes, n, FIPS_FSP_SETUP, FIPS_XK_MSG1, out);
}

bool fips_fsp_ack_parse(const uint8_t *bytes, size_t n, struct fips_fsp_setup *out)
{
	return parse_setup(bytes, n, FIPS_FSP_ACK, FIPS_XK_MSG2, out);
}

static size_t build_setup(uint8_t *to, size_t room, uint8_t phase, uint16_t noise_len,
                          const struct fips_fsp_setup *setup)
{
	struct mr_wire out = mr_wire_write(to, room);
	size_t len = FIPS_FSP_SETUP_LEN(setup->src.count, setup->dest.count) - FIPS_XK_MSG1 +
	             noise_len;

	if (!setup->src.count || setup->src.count > FIPS_COORDS_MAX || !setup->dest.count ||
	    setup->dest.count > FIPS_COORDS_MAX || room < len)
		return 0;
	build_prefix(mr_put_room(&out, FIPS_FSP_PREFIX), phase, len);
	mr_put_u8(&out, setup->flags);
	fips_coords_put(&out, &setup->src);
	fips_coords_put(&out, &setup->dest);
	mr_put_le16(&out, noise_len);
	mr_put_bytes(&out, setup->noise, noise_len);
	assert(mr_wire_ok(&out) && out.at == to + len);
	return len;
}

size_t fips_fsp_setup_build(uint8_t *out, size_t room, const struct fips_fsp_setup *setup)
{
	return build_setup(out, room, PHASE_SETUP, FIPS_XK_MSG1, setup);
}

size_t fips_fsp_ack_build(uint8_t *out, size_t room, const struct fips_fsp_setup *ack)
{
	return build_setup(out, room, PHASE_ACK, FIPS_XK_MSG2, ack);
}

const uint8_t *fips_fsp_msg3_parse(const uint8_t *bytes, size_t n)
{
	struct mr_wire in = mr_wire_read(bytes, n);
	const uint8_t *noise;

	if (fips_fsp_check(bytes, n) != FIPS_FSP_MSG3)
		return NULL;
	mr_get_view(&in, FIPS_FSP_PREFIX + 1);
	noise = get_noise(&in, FIPS_XK_MSG3);
	return mr_wire_ok(&in) ? noise : NULL;
}

void fips_fsp_msg3_build(uint8_t out[FIPS_FSP_MSG3_LEN], const uint8_t noise[FIPS_XK_MSG3])
{
	build_prefix(out, PHASE_MSG3, FIPS_FSP_MSG3_LEN);
	out[4] = 0;
	mr_to_le16(out + 5, FIPS_XK_MSG3);
	memcpy(out + 7, noise, FIPS_XK_MSG3);
}

bool fips_fsp_sealed_parse(const uint8_t *bytes, size_t n, struct fips_fsp_sealed *out)
{
	struct mr_wire in = mr_wire_read(bytes, n);
	struct fips_fsp_sealed got = { 0 };

	if (fips_fsp_check(bytes, n) != FIPS_FSP_ENCRYPTED)
		return false;
	got.flags = bytes[1];
	got.payload_len = mr_le16(bytes + 2);
	got.counter = mr_le64(bytes + AT_COUNTER);
	mr_get_view(&in, FIPS_FSP_HEAD);
	if (got.flags & FIPS_FSP_CP) {
		fips_coords_get(&in, 0, &got.src);
		fips_coords_get(&in, 0, &got.dest);
	}
	got.sealed_len = mr_wire_left(&in);
	got.sealed = mr_get_view(&in, got.sealed_len);
	if (!mr_wire_ok(&in) || got.sealed_len < FIPS_TAG)
		return false;
	*out = got;
	return true;
}

void fips_fsp_head_build(uint8_t out[FIPS_FSP_HEAD], uint8_t flags, size_t body_len,
                         uint64_t counter)
{
	assert(body_len <= UINT16_MAX - FIPS_FSP_INNER);
	out[0] = PHASE_ENCRYPTED;
	out[1] = flags;
	mr_to_le16(out + 2, (uint16_t)(body_len + FIPS_FSP_INNER));
	mr_to_le64(out + AT_COUNTER, counter);
}

void fips_fsp_inner_build(uint8_t out[FIPS_FSP_INNER], uint32_t timestamp, uint8_t type,
                          uint8_t inner_flags)
{
	mr_to_le32(out, timestamp);
	out[4] = type;
	out[5] = inner_flags;
}

bool fips_fsp_text_parse(const uint8_t *text, size_t n, struct fips_fsp_text *out)
{
	if (n < FIPS_FSP_INNER)
		return false;
	out->timestamp = mr_le32(text);
	out->type = text[4];
	out->inner_flags = text[5];
	out->body = text + FIPS_FSP_INNER;
	out->len = n - FIPS_FSP_INNER;
	return true;
}

size_t fips_fsp_body_min(uint8_t type)
{
	switch (type) {
	case FIPS_FSP_DATA:            return FIPS_FSP_PORTS;
	case FIPS_FSP_SENDER_REPORT:   return FIPS_SESSION_SENDER_LEN;
	case FIPS_FSP_RECEIVER_REPORT: return FIPS_SESSION_RECEIVER_LEN;
	case FIPS_FSP_PATH_MTU:        return FIPS_FSP_PATH_MTU_LEN;
	default:                       return 0;
	}
}

void fips_fsp_ports_build(uint8_t out[FIPS_FSP_PORTS], uint16_t src, uint16_t dest)
{
	mr_to_le16(out, src);
	mr_to_le16(out + 2, dest);
}

bool fips_fsp_ports_parse(const uint8_t *body, size_t n, uint16_t *src, uint16_t *dest)
{
	if (n < FIPS_FSP_PORTS)
		return false;
	*src = mr_le16(body);
	*dest = mr_le16(body + 2);
	return true;
}

void fips_fsp_path_mtu_build(uint8_t out[FIPS_FSP_PATH_MTU_LEN], uint16_t mtu)
{
	mr_to_le16(out, mtu);
}

bool fips_fsp_path_mtu_parse(const uint8_t *body, size_t n, uint16_t *mtu)
{
	if (n < FIPS_FSP_PATH_MTU_LEN)
		return false;
	*mtu = mr_le16(body);
	return true;
}
