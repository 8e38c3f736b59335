/* An opened text of a session, taken apart down to the IPv6 packet: a packet lies inside the room
 * of the headers and the text, and fits its length field.  The first two bytes are the MSS limit;
 * the third says whether the link frame carried CE. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/ip.h"
#include "fips/wire/shim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fips_addr peer = { { 1 } }, own = { { 2 } };
	struct fips_delivered out;
	uint8_t *buffer;

	if (n < 3)
		return 0;
	buffer = malloc(FIPS_SHIM_SAVED + n - 3);
	if (!buffer)
		abort();
	memcpy(buffer + FIPS_SHIM_SAVED, data + 3, n - 3);
	if (fips_ip_deliver(buffer + FIPS_SHIM_SAVED, n - 3, &peer, &own, data[2] & 1,
	                    mr_le16(data), &out) == FIPS_DELIVER_IP &&
	    (out.ip < buffer || out.ip + out.len != buffer + FIPS_SHIM_SAVED + n - 3 ||
	     mr_be16(out.ip + 4) != out.len - FIPS_IPV6_HEAD || out.ip[0] >> 4 != 6))
		abort();
	free(buffer);
	return 0;
}
