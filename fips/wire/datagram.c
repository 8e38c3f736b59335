/* datagram.c - the end-to-end envelope. */
#include "fips/wire/datagram.h"

#include "core/wire.h"
#include "fips/wire/link.h"

bool fips_datagram_parse(const uint8_t *message, size_t n, struct fips_datagram *out)
{
	if (n < FIPS_DATAGRAM_HEAD || message[0] != FIPS_LINK_DATAGRAM)
		return false;
	out->ttl = message[FIPS_DATAGRAM_AT_TTL];
	out->path_mtu = mr_le16(message + FIPS_DATAGRAM_AT_PATH_MTU);
	out->src = fips_addr_at(message + FIPS_DATAGRAM_AT_SRC);
	out->dest = fips_addr_at(message + FIPS_DATAGRAM_AT_DEST);
	out->payload = message + FIPS_DATAGRAM_HEAD;
	out->payload_len = n - FIPS_DATAGRAM_HEAD;
	return true;
}

void fips_datagram_build(uint8_t out[FIPS_DATAGRAM_HEAD], const struct fips_datagram *d)
{
	out[0] = FIPS_LINK_DATAGRAM;
	out[FIPS_DATAGRAM_AT_TTL] = d->ttl;
	mr_to_le16(out + FIPS_DATAGRAM_AT_PATH_MTU, d->path_mtu);
	memcpy(out + FIPS_DATAGRAM_AT_SRC, d->src.b, FIPS_ADDR_LEN);
	memcpy(out + FIPS_DATAGRAM_AT_DEST, d->dest.b, FIPS_ADDR_LEN);
}
