/* link.c - link frames and the small link messages. */
#include "fips/wire/link.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/datagram.h"
#include "fips/wire/report.h"

enum {
	PHASE_ESTABLISHED = 0,
	PHASE_MSG1        = 1,
	PHASE_MSG2        = 2,
};
static_assert(FIPS_LINK_OVERHEAD == 36 && FIPS_MSG1_LEN == 114 && FIPS_MSG2_LEN == 69,
              "the sizes of link.md 3.1");

/* A handshake packet has one size and no flags. */
static enum fips_frame check_handshake(const uint8_t *bytes, size_t n, size_t want,
                                       enum fips_frame good)
{
	if (n != want || mr_le16(bytes + 2) != want - FIPS_LINK_PREFIX)
		return FIPS_FRAME_LENGTH;
	return bytes[1] ? FIPS_FRAME_FLAGS : good;
}

enum fips_frame fips_frame_check(const uint8_t *bytes, size_t n)
{
	if (n < FIPS_LINK_PREFIX)
		return FIPS_FRAME_SHORT;
	if (memcmp(bytes, "NPTC", 4) == 0 || memcmp(bytes, "NPTA", 4) == 0)
		return FIPS_FRAME_PUNCH;
	if (bytes[0] >> 4)
		return FIPS_FRAME_VERSION;
	switch (bytes[0]) {
	case PHASE_ESTABLISHED:
		if (n < FIPS_LINK_MIN)
			return FIPS_FRAME_SHORT;
		if (n != (size_t)FIPS_LINK_MIN + mr_le16(bytes + 2))
			return FIPS_FRAME_LENGTH;
		return FIPS_FRAME_ESTABLISHED;
	case PHASE_MSG1: return check_handshake(bytes, n, FIPS_MSG1_LEN, FIPS_FRAME_MSG1);
	case PHASE_MSG2: return check_handshake(bytes, n, FIPS_MSG2_LEN, FIPS_FRAME_MSG2);
	default:         return FIPS_FRAME_PHASE;
	}
}

const char *fips_frame_name(enum fips_frame frame)
{
	switch (frame) {
	case FIPS_FRAME_ESTABLISHED: return "established";
	case FIPS_FRAME_MSG1:        return "msg1";
	case FIPS_FRAME_MSG2:        return "msg2";
	case FIPS_FRAME_SHORT:       return "short";
	case FIPS_FRAME_PUNCH:       return "punch";
	case FIPS_FRAME_VERSION:     return "version";
	case FIPS_FRAME_PHASE:       return "phase";
	case FIPS_FRAME_LENGTH:      return "length";
	case FIPS_FRAME_FLAGS:       return "flags";
	}
	return "unknown";
}

void fips_link_head_parse(const uint8_t *bytes, struct fips_link_head *head)
{
	head->flags = bytes[1];
	head->payload_len = mr_le16(bytes + 2);
	head->receiver_idx = mr_le32(bytes + 4);
	head->counter = mr_le64(bytes + 8);
}

void fips_link_head_build(uint8_t *out, const struct fips_link_head *head)
{
	out[0] = PHASE_ESTABLISHED;
	out[1] = head->flags;
	mr_to_le16(out + 2, head->payload_len);
	mr_to_le32(out + 4, head->receiver_idx);
	mr_to_le64(out + 8, head->counter);
}

void fips_msg1_parse(const uint8_t bytes[FIPS_MSG1_LEN], struct fips_msg1 *msg)
{
	msg->sender_idx = mr_le32(bytes + 4);
	msg->noise = bytes + 8;
}

void fips_msg2_parse(const uint8_t bytes[FIPS_MSG2_LEN], struct fips_msg2 *msg)
{
	msg->sender_idx = mr_le32(bytes + 4);
	msg->receiver_idx = mr_le32(bytes + 8);
	msg->noise = bytes + 12;
}

static void handshake_prefix(uint8_t *out, uint8_t phase, uint16_t len)
{
	out[0] = phase;
	out[1] = 0;
	mr_to_le16(out + 2, (uint16_t)(len - FIPS_LINK_PREFIX));
}

void fips_msg1_build(uint8_t out[FIPS_MSG1_LEN], const struct fips_msg1 *msg)
{
	handshake_prefix(out, PHASE_MSG1, FIPS_MSG1_LEN);
	mr_to_le32(out + 4, msg->sender_idx);
	if (msg->noise != out + 8)
		memcpy(out + 8, msg->noise, FIPS_IK_MSG1);
}

void fips_msg2_build(uint8_t out[FIPS_MSG2_LEN], const struct fips_msg2 *msg)
{
	handshake_prefix(out, PHASE_MSG2, FIPS_MSG2_LEN);
	mr_to_le32(out + 4, msg->sender_idx);
	mr_to_le32(out + 8, msg->receiver_idx);
	if (msg->noise != out + 12)
		memcpy(out + 12, msg->noise, FIPS_IK_MSG2);
}

bool fips_link_text_parse(const uint8_t *text, size_t n, struct fips_link_text *out)
{
	if (n < FIPS_LINK_STAMP + 1)
		return false;
	out->timestamp = mr_le32(text);
	out->message = text + FIPS_LINK_STAMP;
	out->len = n - FIPS_LINK_STAMP;
	return true;
}

size_t fips_link_message_min(uint8_t type)
{
	switch (type) {
	case FIPS_LINK_DATAGRAM:        return FIPS_DATAGRAM_HEAD;
	case FIPS_LINK_SENDER_REPORT:   return FIPS_LINK_SENDER_LEN;
	case FIPS_LINK_RECEIVER_REPORT: return FIPS_LINK_RECEIVER_LEN;
	case FIPS_LINK_DISCONNECT:      return FIPS_DISCONNECT_LEN;
	default:                        return 1;
	}
}

bool fips_disconnect_parse(const uint8_t *message, size_t n, enum fips_disconnect *reason)
{
	if (n < FIPS_DISCONNECT_LEN || message[0] != FIPS_LINK_DISCONNECT)
		return false;
	*reason = message[1] <= FIPS_DISCONNECT_TIMEOUT ? (enum fips_disconnect)message[1]
	                                                : FIPS_DISCONNECT_OTHER;
	return true;
}

void fips_disconnect_build(uint8_t out[FIPS_DISCONNECT_LEN], enum fips_disconnect reason)
{
	out[0] = FIPS_LINK_DISCONNECT;
	out[1] = (uint8_t)reason;
}

const char *fips_disconnect_name(enum fips_disconnect reason)
{
	switch (reason) {
	case FIPS_DISCONNECT_SHUTDOWN:  return "shutdown";
	case FIPS_DISCONNECT_RESTART:   return "restart";
	case FIPS_DISCONNECT_PROTOCOL:  return "protocol error";
	case FIPS_DISCONNECT_TRANSPORT: return "transport failure";
	case FIPS_DISCONNECT_RESOURCES: return "resource exhaustion";
	case FIPS_DISCONNECT_POLICY:    return "security policy";
	case FIPS_DISCONNECT_CONFIG:    return "configuration change";
	case FIPS_DISCONNECT_TIMEOUT:   return "timeout";
	case FIPS_DISCONNECT_OTHER:     break;
	}
	return "other";
}

void fips_heartbeat_build(uint8_t out[FIPS_HEARTBEAT_LEN])
{
	out[0] = FIPS_LINK_HEARTBEAT;
}
