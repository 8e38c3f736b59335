/* written.h - sealing what was numbered elsewhere: the operations, read from the bytes.
 *
 * Numbering (link_seal.h, session_seal.h) writes all of a frame but the two seals: clear headers
 * with their counters, plaintext in its place, room for the tags.  That is everything an operation
 * needs besides the key, so whoever seals later needs nothing else.
 *
 *     | link header (16) | stamp (4) | envelope (36) | FSP header (12) | text | tag | tag |
 *                                                     `---- aad ----'  `-- session --'
 *     `----- aad -----'  `------------------------- link -----------------------'
 *
 * The session first, then the link.
 */
#ifndef FIPS_PATH_WRITTEN_H
#define FIPS_PATH_WRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/aead.h"
#include "fips/path/key.h"

/* The operation that seals the link layer of a frame of n bytes, as fips_link_seal_op left it.
 * Worker `worker` only.  False: these bytes are no such frame. */
bool fips_link_written_op(const struct fips_send_key *key, unsigned worker, uint8_t *frame,
                          size_t n, struct mr_aead_op *op);

/* The same for the session layer inside it, of a frame whose message is a SessionDatagram of our
 * own. */
bool fips_session_written_op(const struct fips_send_key *key, unsigned worker, uint8_t *frame,
                             size_t n, struct mr_aead_op *op);

#endif
