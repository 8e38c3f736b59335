/* coords.c - coordinate lists. */
#include "fips/wire/coords.h"

void fips_coords_get(struct mr_wire *in, unsigned min, struct fips_coords *c)
{
	unsigned count = mr_get_le16(in);

	*c = (struct fips_coords){ 0 };
	if (count < min || count > FIPS_COORDS_MAX) {
		in->bad = true;
		return;
	}
	const uint8_t *at = mr_get_view(in, (size_t)FIPS_ADDR_LEN * count);
	if (at && count)
		*c = (struct fips_coords){ .at = at, .count = count };
}

void fips_coords_put(struct mr_wire *out, const struct fips_coords *c)
{
	if (c->count > FIPS_COORDS_MAX) {
		out->bad = true;
		return;
	}
	mr_put_le16(out, (uint16_t)c->count);
	mr_put_bytes(out, c->at, (size_t)FIPS_ADDR_LEN * c->count);
}
