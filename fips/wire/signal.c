/* signal.c - error signals in clear. */
#include "fips/wire/signal.h"

#include <assert.h>
#include <string.h>

#include "core/wire.h"
#include "fips/wire/fsp.h"

static_assert(FIPS_SIGNAL_PATH_BROKEN_LEN(0) == 40, "the sizes of session.md 2.9");

bool fips_signal_parse(const uint8_t *bytes, size_t n, struct fips_signal *out)
{
	struct mr_wire in = mr_wire_read(bytes, n);
	struct fips_signal got = { 0 };

	if (fips_fsp_check(bytes, n) != FIPS_FSP_SIGNAL)
		return false;
	mr_get_view(&in, FIPS_FSP_PREFIX);
	got.type = mr_get_u8(&in);
	mr_get_u8(&in);
	mr_get_bytes(&in, got.dest.b, FIPS_ADDR_LEN);
	mr_get_bytes(&in, got.reporter.b, FIPS_ADDR_LEN);
	switch (got.type) {
	case FIPS_SIGNAL_COORDS_REQUIRED: break;
	case FIPS_SIGNAL_PATH_BROKEN:     fips_coords_get(&in, 0, &got.coords); break;
	case FIPS_SIGNAL_MTU_EXCEEDED:    got.mtu = mr_get_le16(&in); break;
	default:                          return false;
	}
	if (mr_wire_ok(&in))
		*out = got;
	return mr_wire_ok(&in);
}

/* Bytes of the whole message. */
static size_t length(const struct fips_signal *signal)
{
	switch (signal->type) {
	case FIPS_SIGNAL_COORDS_REQUIRED: break;
	case FIPS_SIGNAL_PATH_BROKEN:     return FIPS_SIGNAL_PATH_BROKEN_LEN(signal->coords.count);
	case FIPS_SIGNAL_MTU_EXCEEDED:    return FIPS_SIGNAL_MTU_EXCEEDED_LEN;
	}
	return FIPS_SIGNAL_COORDS_REQUIRED_LEN;
}

size_t fips_signal_build(uint8_t *out, size_t room, const struct fips_signal *signal)
{
	struct mr_wire to = mr_wire_write(out, room);
	size_t len = length(signal);

	if (room < len || signal->coords.count > FIPS_COORDS_MAX)
		return 0;
	mr_put_u8(&to, 0);
	mr_put_u8(&to, FIPS_FSP_U);
	mr_put_le16(&to, (uint16_t)(len - FIPS_FSP_PREFIX));
	mr_put_u8(&to, (uint8_t)signal->type);
	mr_put_u8(&to, 0);
	mr_put_bytes(&to, signal->dest.b, FIPS_ADDR_LEN);
	mr_put_bytes(&to, signal->reporter.b, FIPS_ADDR_LEN);
	if (signal->type == FIPS_SIGNAL_PATH_BROKEN)
		fips_coords_put(&to, &signal->coords);
	if (signal->type == FIPS_SIGNAL_MTU_EXCEEDED)
		mr_put_le16(&to, signal->mtu);
	assert(mr_wire_ok(&to) && to.at == out + len);
	return len;
}
