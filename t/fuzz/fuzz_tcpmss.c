/* The MSS clamp over any packet: it changes the option and the checksum or nothing, and what it
 * left once it leaves for good.  The first two bytes are the limit. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/mss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *packet, *before;
	unsigned changed = 0;

	if (n < 2)
		return 0;
	packet = malloc(n - 2 ? n - 2 : 1);
	before = malloc(n - 2 ? n - 2 : 1);
	if (!packet || !before)
		abort();
	memcpy(packet, data + 2, n - 2);
	memcpy(before, data + 2, n - 2);
	if (!fips_mss_clamp(packet, n - 2, mr_le16(data)) &&
	    memcmp(packet, before, n - 2) != 0)
		abort();
	for (size_t i = 0; i < n - 2; i++)
		changed += packet[i] != before[i];
	if (changed > 4 || fips_mss_clamp(packet, n - 2, mr_le16(data)))
		abort();
	free(packet);
	free(before);
	return 0;
}
