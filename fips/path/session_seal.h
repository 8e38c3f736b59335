/* session_seal.h - sealing for a session and the envelope in front, in place (session.md 6.1).
 *
 *     ip - 45      ip - 25         ip + 11     ip + 23     ip + 29  ip + 33  ip + 40      ip + len
 *     | (link, 20) | envelope (36) | FSP (12)  | inner (6) | ports  | shim   | payload ... | tag |
 *
 * The IPv6 header is overwritten from behind and the payload never moves.  What comes out is a
 * link message from its type byte on: envelope and FSP message.
 *
 * Sizes: FIPS_IPV6_HEADROOM (45) bytes in front of a packet and FIPS_IPV6_TAILROOM (32) behind it
 * serve both layers of sealing.  Data never carries coordinates.
 *
 * fips_number first, then one operation a message, the provider's seal, and fips_sent_run with
 * fips_session_counted bytes a message, under one key pointer in one process() call (N2).
 */
#ifndef FIPS_PATH_SESSION_SEAL_H
#define FIPS_PATH_SESSION_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/noise/address.h"
#include "fips/path/key.h"
#include "fips/path/link_seal.h"
#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/shim.h"

/* What this layer needs around an IPv6 packet: 25 bytes in front, 16 behind. */
#define FIPS_SESSION_FRONT (FIPS_IPV6_HEADROOM - FIPS_LINK_FRONT)
#define FIPS_SESSION_BACK  FIPS_TAG

/* Before and behind a message of control's (type byte and body), session layer only. */
#define FIPS_SESSION_BODY_FRONT (FIPS_DATAGRAM_HEAD + FIPS_FSP_HEAD + FIPS_FSP_INNER - 1) /* 53 */
#define FIPS_SESSION_BODY_BACK  (FIPS_FSP_INNER + FIPS_TAG)                               /* 22 */

/* What the envelope says; ttl is always FIPS_DATAGRAM_TTL. */
struct fips_envelope {
	struct fips_addr src;      /* ourselves                                    */
	struct fips_addr dest;     /* the session's peer                           */
	uint16_t         path_mtu; /* link MTU of the first hop                    */
};

/* A sealed message in the making. */
struct fips_sealing {
	uint8_t *at;    /* link message, from its type byte                          */
	size_t   len;   /* of it, tag included                                       */
	uint32_t count; /* bytes that session.md 4.2 counts as sent: text and tag    */
};

/* An IPv6 packet of len bytes at ip, of which fips_shim_fits has said that it can be compressed
 * (len <= 65535).  Writes everything but the tag and fills the operation. */
struct fips_sealing fips_session_seal_ip(const struct fips_send_key *key, unsigned worker,
                                         uint64_t counter, uint64_t now,
                                         const struct fips_envelope *envelope, uint8_t *ip,
                                         size_t len, struct mr_aead_op *op);

/* A message of control's: view is its type byte and body, len bytes (1 <= len <= 65000), with
 * FIPS_SESSION_BODY_FRONT bytes free before and FIPS_SESSION_BODY_BACK behind.  What follows the
 * type byte of CoordsWarmup is its two coordinate lists, which travel in clear with CP set; its
 * body is empty. */
struct fips_sealing fips_session_seal_body(const struct fips_send_key *key, unsigned worker,
                                           uint64_t counter, uint64_t now,
                                           const struct fips_envelope *envelope, uint8_t *view,
                                           size_t len, struct mr_aead_op *op);

#endif
