/* A datagram on its way through us: only ttl and path_mtu may change, and only downwards.  The
 * first two bytes are the MTU of the link out. */
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "fips/path/transit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fips_datagram before, after;
	uint8_t *d;

	if (n < 2 || !fips_datagram_parse(data + 2, n - 2, &before))
		return 0;
	n -= 2;
	d = malloc(n);
	if (!d)
		abort();
	memcpy(d, data + 2, n);
	if (fips_transit_ttl(d) == FIPS_TRANSIT_FORWARD)
		fips_transit_mtu(d, n, mr_le16(data));
	fips_transit_answerable(d, n);
	if (!fips_datagram_parse(d, n, &after) || after.ttl > before.ttl ||
	    after.path_mtu > before.path_mtu || memcmp(d + 4, data + 6, n - 4) != 0)
		abort();
	free(d);
	return 0;
}
