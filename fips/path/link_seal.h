/* link_seal.h - sealing for a link, in place (link.md 3.4).
 *
 *     message - 20         message - 4   message                   message + n
 *     | header, clear (16)  | stamp (4)   | link message ...         | tag (16) |
 *
 * fips_number first, then one operation a frame, then the provider's seal, then fips_sent_run where
 * the frames leave.  All four happen under one key pointer in one process() call (N2).
 */
#ifndef FIPS_PATH_LINK_SEAL_H
#define FIPS_PATH_LINK_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/path/key.h"
#include "fips/wire/link.h"

#define FIPS_LINK_FRONT (FIPS_LINK_HEAD + FIPS_LINK_STAMP) /* 20 bytes before the message */
#define FIPS_LINK_BACK  FIPS_TAG                           /* 16 bytes behind it          */

/* Longest link message, type byte included, in a frame of at most mtu bytes. */
static inline size_t fips_link_message_max(uint16_t mtu)
{
	return mtu > FIPS_LINK_OVERHEAD ? (size_t)mtu - FIPS_LINK_OVERHEAD : 0;
}

/* Write header and timestamp in front of a link message of n bytes, type byte included
 * (1 <= n <= 65531), and fill the operation that seals it.  ce sets the CE flag: only for what is
 * forwarded.  The spin bit is 0.  FIPS_LINK_FRONT bytes before and FIPS_LINK_BACK behind the
 * message are the caller's.  Returns the frame, n + FIPS_LINK_OVERHEAD bytes from message -
 * FIPS_LINK_FRONT on.  Worker `worker` only; counter is one that fips_number gave out. */
uint8_t *fips_link_seal_op(const struct fips_send_key *key, unsigned worker, uint64_t counter,
                           bool ce, uint64_t now, uint8_t *message, size_t n,
                           struct mr_aead_op *op);

#endif
