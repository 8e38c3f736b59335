/* stream.c - lengths of packets in a stream; see stream.h. */

#include "fips/wire/stream.h"

#include "core/wire.h"
#include "fips/wire/link.h"

enum { ESTABLISHED, MSG1, MSG2, KINDS }; /* first bytes: version 0 and the phase */

size_t fips_stream_packet(const uint8_t *bytes, size_t n, uint16_t mtu)
{
	static const size_t handshake[] = { [MSG1] = FIPS_MSG1_LEN, [MSG2] = FIPS_MSG2_LEN };
	size_t len;

	if (n && bytes[0] >= KINDS)
		return FIPS_STREAM_WRONG;
	if (n < FIPS_LINK_PREFIX)
		return FIPS_STREAM_MORE;
	len = mr_le16(bytes + 2);
	if (bytes[0] != ESTABLISHED)
		return FIPS_LINK_PREFIX + len == handshake[bytes[0]] ? FIPS_LINK_PREFIX + len :
		                                                       FIPS_STREAM_WRONG;
	len += FIPS_LINK_HEAD + FIPS_TAG;
	return len <= mtu ? len : FIPS_STREAM_WRONG;
}
