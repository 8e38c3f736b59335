/* fsp.h - FSP, what two endpoints say to each other through any number of hops (session.md 2).
 *
 *     prefix      version << 4 | phase (1) | flags (1) | payload_len (2)
 *     encrypted   prefix | counter (8) | [source list | destination list] | sealed | tag
 *       sealed    timestamp (4) | type (1) | inner flags (1) | body
 *     setup, ack  prefix | flags (1) | source list | destination list | noise_len (2) | Noise
 *     msg3        prefix | 0 (1) | noise_len (2) | Noise
 *     signal      prefix with U | body in clear (signal.h)
 *
 * All integers are little-endian.  The 12 header bytes of an encrypted message are its associated
 * data; the coordinate lists, there when CP is set, lie outside and anyone on the way may alter
 * them.  payload_len is sent exactly and never compared on receipt.  The datagram's end is the
 * message's end; what follows the last field is ignored.
 *
 * There is no session index: the datagram's src finds the session.
 */
#ifndef FIPS_WIRE_FSP_H
#define FIPS_WIRE_FSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/noise/xk.h"
#include "fips/wire/coords.h"
#include "fips/wire/link.h"

#define FIPS_FSP_PREFIX    4
#define FIPS_FSP_HEAD      12 /* encrypted: clear header, associated data         */
#define FIPS_FSP_INNER     6  /* timestamp, type, inner flags                     */
#define FIPS_FSP_MIN       28 /* shortest encrypted message that is looked at     */
#define FIPS_FSP_OVERHEAD  (FIPS_FSP_HEAD + FIPS_FSP_INNER + FIPS_TAG) /* 34 around a body */
#define FIPS_FSP_PORTS     4  /* source and destination port of a DataPacket      */
#define FIPS_FSP_MSG3_LEN  (FIPS_FSP_PREFIX + 3 + FIPS_XK_MSG3)        /* 80 */
#define FIPS_FSP_PATH_MTU_LEN 2 /* body of PathMtuNotification                    */
#define FIPS_PATH_MTU_MIN  256  /* a smaller claim is not believed                */
#define FIPS_PORT_IPV6     256  /* both ports of the IPv6 shim                    */

/* Bytes of a SessionSetup and a SessionAck with n source and m destination entries. */
#define FIPS_FSP_SETUP_LEN(n, m) \
	(FIPS_FSP_PREFIX + 1 + FIPS_COORDS_LEN(n) + FIPS_COORDS_LEN(m) + 2 + FIPS_XK_MSG1)
#define FIPS_FSP_ACK_LEN(n, m) \
	(FIPS_FSP_PREFIX + 1 + FIPS_COORDS_LEN(n) + FIPS_COORDS_LEN(m) + 2 + FIPS_XK_MSG2)

/* Flags.  K is bit 1 here and bit 0 in link frames.  Others are sent 0 and ignored. */
enum {
	FIPS_FSP_CP = 0x01, /* coordinate lists in clear                             */
	FIPS_FSP_K  = 0x02, /* sender's key epoch; a hint, never a reason to drop    */
	FIPS_FSP_U  = 0x04, /* payload is plaintext                                  */
};

/* What an FSP message is, from its prefix.  The first five are good. */
enum fips_fsp {
	FIPS_FSP_ENCRYPTED,
	FIPS_FSP_SIGNAL,
	FIPS_FSP_SETUP,
	FIPS_FSP_ACK,
	FIPS_FSP_MSG3,
	FIPS_FSP_SHORT,   /* less than a prefix, or encrypted and below 28 bytes */
	FIPS_FSP_VERSION, /* version nibble is not 0                             */
	FIPS_FSP_PHASE,   /* phase above 3                                       */
};

/* Types of encrypted messages.  0x20 to 0x22 are signals and never encrypted. */
enum fips_fsp_type {
	FIPS_FSP_DATA            = 0x10,
	FIPS_FSP_SENDER_REPORT   = 0x11,
	FIPS_FSP_RECEIVER_REPORT = 0x12,
	FIPS_FSP_PATH_MTU        = 0x13,
	FIPS_FSP_COORDS_WARMUP   = 0x14,
};

/* An encrypted message before it is opened.  Sealed bytes: from sealed on, sealed_len of them, the
 * last 16 the tag; associated data: the first FIPS_FSP_HEAD bytes of the message. */
struct fips_fsp_sealed {
	uint8_t            flags;
	uint16_t           payload_len; /* as sent; not checked                    */
	uint64_t           counter;     /* AEAD nonce and replay counter           */
	struct fips_coords src, dest;   /* empty without CP; not authenticated     */
	const uint8_t     *sealed;      /* borrowed                                */
	size_t             sealed_len;  /* at least FIPS_TAG                       */
};

/* Its plaintext. */
struct fips_fsp_text {
	uint32_t       timestamp;   /* ms of the sender's session clock            */
	uint8_t        type;        /* enum fips_fsp_type, or unknown              */
	uint8_t        inner_flags; /* bit 0 spin: sent 0, ignored                 */
	const uint8_t *body;        /* borrowed                                    */
	size_t         len;         /* of body                                     */
};

/* SessionSetup and SessionAck. */
struct fips_fsp_setup {
	uint8_t            flags;     /* sent 0, ignored                           */
	struct fips_coords src, dest; /* at least one entry each                   */
	const uint8_t     *noise;     /* FIPS_XK_MSG1 or FIPS_XK_MSG2 bytes, borrowed */
};

/* Classify n bytes of an FSP message. */
enum fips_fsp fips_fsp_check(const uint8_t *bytes, size_t n);

/* The message's own parser, after fips_fsp_check said which.  False: malformed, drop. */
bool fips_fsp_sealed_parse(const uint8_t *bytes, size_t n, struct fips_fsp_sealed *out);
bool fips_fsp_setup_parse(const uint8_t *bytes, size_t n, struct fips_fsp_setup *out);
bool fips_fsp_ack_parse(const uint8_t *bytes, size_t n, struct fips_fsp_setup *out);
/* Returns FIPS_XK_MSG3 borrowed Noise bytes, or NULL. */
const uint8_t *fips_fsp_msg3_parse(const uint8_t *bytes, size_t n);

/* Build into room bytes at out.  Returns the length, or 0 when it does not fit or a list is empty
 * or too long. */
size_t fips_fsp_setup_build(uint8_t *out, size_t room, const struct fips_fsp_setup *setup);
size_t fips_fsp_ack_build(uint8_t *out, size_t room, const struct fips_fsp_setup *ack);
void   fips_fsp_msg3_build(uint8_t out[FIPS_FSP_MSG3_LEN], const uint8_t noise[FIPS_XK_MSG3]);

/* Clear header of an encrypted message whose body has body_len bytes; CP and K in flags. */
void fips_fsp_head_build(uint8_t out[FIPS_FSP_HEAD], uint8_t flags, size_t body_len,
                         uint64_t counter);

/* Inner header, and the plaintext taken apart.  False below 6 bytes: drop. */
void fips_fsp_inner_build(uint8_t out[FIPS_FSP_INNER], uint32_t timestamp, uint8_t type,
                          uint8_t inner_flags);
bool fips_fsp_text_parse(const uint8_t *text, size_t n, struct fips_fsp_text *out);

/* Bytes the body of this type needs at least; 0 for an unknown type.  A longer one is fine. */
size_t fips_fsp_body_min(uint8_t type);

/* The four bytes in front of a DataPacket's service payload. */
void fips_fsp_ports_build(uint8_t out[FIPS_FSP_PORTS], uint16_t src, uint16_t dest);
bool fips_fsp_ports_parse(const uint8_t *body, size_t n, uint16_t *src, uint16_t *dest);

/* PathMtuNotification body.  Parse is false below two bytes. */
void fips_fsp_path_mtu_build(uint8_t out[FIPS_FSP_PATH_MTU_LEN], uint16_t mtu);
bool fips_fsp_path_mtu_parse(const uint8_t *body, size_t n, uint16_t *mtu);

#endif
