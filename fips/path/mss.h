/* mss.h - lower the segment size a TCP SYN offers to what the path carries (session.md 5.6).
 *
 * Looks at packets whose next header is TCP and that have SYN set.  The option is never raised,
 * added or written as 0, and the checksum is adjusted by the difference (RFC 1624): one that was
 * wrong stays wrong.
 */
#ifndef FIPS_PATH_MSS_H
#define FIPS_PATH_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clamp in place an IPv6 packet of n bytes, any bytes.  limit 0: leave it alone.  True when the
 * packet was changed. */
bool fips_mss_clamp(uint8_t *ip, size_t n, uint16_t limit);

#endif
