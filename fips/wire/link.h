/* link.h - FMP, what two neighbours say to each other: framing and link messages (link.md 3, 4).
 *
 * One datagram carries one packet.  All integers are little-endian.
 *
 *     prefix        version << 4 | phase (1) | flags (1) | payload_len (2)
 *     established   prefix | receiver_idx (4) | counter (8) | sealed: timestamp (4), message | tag
 *     message 1     prefix | sender_idx (4) | Noise (106)
 *     message 2     prefix | sender_idx (4) | receiver_idx (4) | Noise (57)
 *
 * The 16 header bytes of an established frame are its associated data.  payload_len counts the
 * sealed text without the tag in an established frame and everything after the prefix in a
 * handshake packet; it is exact.  A link message begins with its type byte.
 *
 * Nothing here looks at more than one packet, and nothing refused here deserves an answer.
 */
#ifndef FIPS_WIRE_LINK_H
#define FIPS_WIRE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/ik.h"

#define FIPS_TAG           16 /* Poly1305 tag behind every sealed text           */
#define FIPS_LINK_PREFIX   4
#define FIPS_LINK_HEAD     16 /* established frame: clear header, associated data */
#define FIPS_LINK_STAMP    4  /* timestamp in front of the link message          */
#define FIPS_LINK_MIN      (FIPS_LINK_HEAD + FIPS_TAG)
#define FIPS_LINK_OVERHEAD (FIPS_LINK_HEAD + FIPS_LINK_STAMP + FIPS_TAG) /* 36 around a message */
#define FIPS_MSG1_LEN      (FIPS_LINK_PREFIX + 4 + FIPS_IK_MSG1)         /* 114 */
#define FIPS_MSG2_LEN      (FIPS_LINK_PREFIX + 8 + FIPS_IK_MSG2)         /* 69  */
#define FIPS_UDP_MTU       1280 /* never send more to a peer unless told to      */

/* Flags of an established frame.  The other bits are sent 0 and ignored. */
enum {
	FIPS_LINK_K  = 0x01, /* key epoch                                         */
	FIPS_LINK_CE = 0x02, /* congestion met on the way; stays set once set     */
	FIPS_LINK_SP = 0x04, /* spin bit; always sent 0, received bits ignored    */
};

/* What a datagram is, before any cryptography.  The first three are good. */
enum fips_frame {
	FIPS_FRAME_ESTABLISHED,
	FIPS_FRAME_MSG1,
	FIPS_FRAME_MSG2,
	FIPS_FRAME_SHORT,   /* less than a prefix, or less than its phase needs  */
	FIPS_FRAME_PUNCH,   /* a NAT-punch probe; discarded below this layer     */
	FIPS_FRAME_VERSION, /* version nibble is not 0                           */
	FIPS_FRAME_PHASE,   /* phase is none of 0, 1, 2                          */
	FIPS_FRAME_LENGTH,  /* payload_len and the datagram's size disagree      */
	FIPS_FRAME_FLAGS,   /* flags set in a handshake packet                   */
};

struct fips_link_head {
	uint8_t  flags;
	uint16_t payload_len;  /* timestamp and message, without the tag      */
	uint32_t receiver_idx; /* chosen by the receiver of the frame         */
	uint64_t counter;      /* AEAD nonce and replay counter               */
};

struct fips_msg1 {
	uint32_t       sender_idx; /* index the initiator wants to receive on   */
	const uint8_t *noise;      /* FIPS_IK_MSG1 bytes, borrowed              */
};

struct fips_msg2 {
	uint32_t       sender_idx;   /* index the responder wants to receive on */
	uint32_t       receiver_idx; /* sender_idx of the message 1 it answers  */
	const uint8_t *noise;        /* FIPS_IK_MSG2 bytes, borrowed            */
};

/* Types of link messages.  Unknown ones are ignored, and still count as a sign of life. */
enum fips_link_type {
	FIPS_LINK_DATAGRAM        = 0x00,
	FIPS_LINK_SENDER_REPORT   = 0x01,
	FIPS_LINK_RECEIVER_REPORT = 0x02,
	FIPS_LINK_TREE_ANNOUNCE   = 0x10,
	FIPS_LINK_FILTER_ANNOUNCE = 0x20,
	FIPS_LINK_LOOKUP_REQUEST  = 0x30,
	FIPS_LINK_LOOKUP_RESPONSE = 0x31,
	FIPS_LINK_DISCONNECT      = 0x50,
	FIPS_LINK_HEARTBEAT       = 0x51,
};

#define FIPS_DISCONNECT_LEN 2 /* whole message, type byte included */
#define FIPS_HEARTBEAT_LEN  1

/* Why a peer leaves (link.md 4.1).  Whatever the code, the receiver removes the peer. */
enum fips_disconnect {
	FIPS_DISCONNECT_SHUTDOWN  = 0x00,
	FIPS_DISCONNECT_RESTART   = 0x01,
	FIPS_DISCONNECT_PROTOCOL  = 0x02,
	FIPS_DISCONNECT_TRANSPORT = 0x03,
	FIPS_DISCONNECT_RESOURCES = 0x04,
	FIPS_DISCONNECT_POLICY    = 0x05,
	FIPS_DISCONNECT_CONFIG    = 0x06,
	FIPS_DISCONNECT_TIMEOUT   = 0x07,
	FIPS_DISCONNECT_OTHER     = 0xff,
};

/* Plaintext of an established frame. */
struct fips_link_text {
	uint32_t       timestamp; /* ms of the sender's session clock            */
	const uint8_t *message;   /* from its type byte on, borrowed             */
	size_t         len;       /* of message, at least 1                      */
};

/* Classify n bytes of one datagram.  The fields of a good one may then be read without further
 * checks of its length. */
enum fips_frame fips_frame_check(const uint8_t *bytes, size_t n);

/* "established", "msg1", ..., or the drop's name: "short", "punch", "version", ... */
const char *fips_frame_name(enum fips_frame frame);

/* Clear header of an established frame.  Parse wants FIPS_LINK_HEAD bytes that passed
 * fips_frame_check; build writes FIPS_LINK_HEAD bytes. */
void fips_link_head_parse(const uint8_t *bytes, struct fips_link_head *head);
void fips_link_head_build(uint8_t *out, const struct fips_link_head *head);

/* Handshake packets.  Parse wants bytes that passed fips_frame_check. */
void fips_msg1_parse(const uint8_t bytes[FIPS_MSG1_LEN], struct fips_msg1 *msg);
void fips_msg2_parse(const uint8_t bytes[FIPS_MSG2_LEN], struct fips_msg2 *msg);

/* Write everything in front of the Noise bytes, which msg1.noise or msg2.noise may already hold in
 * place (out + 8, out + 12); otherwise they are copied there. */
void fips_msg1_build(uint8_t out[FIPS_MSG1_LEN], const struct fips_msg1 *msg);
void fips_msg2_build(uint8_t out[FIPS_MSG2_LEN], const struct fips_msg2 *msg);

/* Take the plaintext of an opened frame apart.  False when it has no type byte (below 5 bytes):
 * drop. */
bool fips_link_text_parse(const uint8_t *text, size_t n, struct fips_link_text *out);

/* Bytes a link message of this type needs at least, type byte included; 1 for a type unknown or
 * of the mesh layer. */
size_t fips_link_message_min(uint8_t type);

/* Disconnect, from its type byte.  False without a reason byte (ignore); unknown codes read as
 * FIPS_DISCONNECT_OTHER. */
bool fips_disconnect_parse(const uint8_t *message, size_t n, enum fips_disconnect *reason);
void fips_disconnect_build(uint8_t out[FIPS_DISCONNECT_LEN], enum fips_disconnect reason);
const char *fips_disconnect_name(enum fips_disconnect reason);

/* Heartbeat: a type byte and nothing else; a body, if present, is ignored. */
void fips_heartbeat_build(uint8_t out[FIPS_HEARTBEAT_LEN]);

#endif
