/* stream.h - where packets begin and end in a stream of bytes (operations.md 2.2).
 *
 * Over TCP, FMP packets follow one another with nothing between them.  The four bytes that all
 * begin with say how long each is:
 *
 *     00  established   4 + 12 + payload_len + 16, at most the connection's MTU
 *     01  message 1     114, and payload_len says so
 *     02  message 2     69, likewise
 *
 * Whatever else comes is no packet, and there is no way to find the next one behind it: the
 * connection is of no more use.
 */
#ifndef FIPS_WIRE_STREAM_H
#define FIPS_WIRE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define FIPS_STREAM_MORE  0        /* not said by these bytes alone */
#define FIPS_STREAM_WRONG SIZE_MAX /* no packet begins so           */

/* Bytes of the packet that begins with these n, which may have come in part; FIPS_STREAM_MORE or
 * FIPS_STREAM_WRONG.  A wrong one is known by its first wrong byte;
 * of n bytes no others are read. */
size_t fips_stream_packet(const uint8_t *bytes, size_t n, uint16_t mtu);

#endif
