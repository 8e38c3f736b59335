/* mock_seal.h - frames of both layers, authenticated but not encrypted.
 *
 * Layout and sizes are those of the protocol; the tag is a hash of the key, the header and the
 * text.  Simulations of hours need no more: who holds which key decides what opens.
 */
#ifndef T_LIB_MOCK_SEAL_H
#define T_LIB_MOCK_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fips/wire/datagram.h"
#include "fips/wire/fsp.h"
#include "fips/wire/link.h"

#define MOCK_FRAME_MAX 2048

/* A link frame around a link message.  Returns its length. */
size_t mock_link_seal(uint8_t out[MOCK_FRAME_MAX], const uint8_t key[32], uint32_t index,
                      uint64_t counter, uint8_t flags, uint32_t stamp, const uint8_t *message,
                      size_t n);

/* Does an established frame open under key?  The text is at frame + FIPS_LINK_HEAD. */
bool mock_link_open(const uint8_t *frame, size_t n, const uint8_t key[32]);

/* A SessionDatagram around a message: view is its type byte and body, as fips_session_seal_body
 * takes them (lists behind the type byte of CoordsWarmup). */
size_t mock_session_seal(uint8_t out[MOCK_FRAME_MAX], const uint8_t key[32],
                         const struct fips_addr *src, const struct fips_addr *dest,
                         uint64_t counter, uint8_t k, uint32_t stamp, const uint8_t *view,
                         size_t n);

/* Does an encrypted FSP message open under key?  The text is at m->sealed. */
bool mock_session_open(const uint8_t *fsp, const struct fips_fsp_sealed *m, const uint8_t key[32]);

#endif
